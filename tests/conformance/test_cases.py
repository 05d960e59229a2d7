"""The cases in the repository: enough of them, over every command, and recorded."""

from __future__ import annotations

import re

import pytest

from conformance.golden import Goldens
from conformance.model import CASES, Case
from conformance.postgres.service import PostgresService
from conformance.redis.service import RedisService

# Not played: they would end or block the server under test for everyone, or need a second one.
NOT_PLAYED = {"BGREWRITEAOF", "RESTORE-ASKING"}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return RedisService().cases()


def test_there_are_enough_steps(cases: list[Case]) -> None:
    assert sum(len(case.steps) for case in cases if case.group != "command_info") >= 1500


def test_every_command_has_a_step(cases: list[Case]) -> None:
    played = {step.subject for case in cases for step in case.steps}
    played |= {subject.split()[0] for subject in played}
    named = set(
        re.findall(r"^COMMAND INFO ([a-z|_-]+)", (CASES / "redis" / "command_info.case").read_text(), re.MULTILINE)
    )
    commands = {name.upper() for name in named if "|" not in name}
    assert len(commands) > 230
    assert not commands - played - NOT_PLAYED


def test_there_are_enough_statements() -> None:
    found = PostgresService().cases()
    assert sum(len(case.steps) for case in found) >= 3000
    several = [case for case in found if len({step.action.session for step in case.steps}) > 1]
    assert sum(len(case.steps) for case in several) >= 300


@pytest.mark.parametrize("service", [RedisService(), PostgresService()], ids=lambda service: str(service.name))
def test_every_case_is_recorded_and_current(service: RedisService | PostgresService) -> None:
    stores: dict[str, Goldens] = {}
    for case in service.cases():
        store = stores.setdefault(case.group, Goldens(service.name, case.group))
        for mode in service.modes(case):
            outcomes = store.find(case, mode)
            assert len(outcomes) == len(case.steps) + 1, case.id
            assert "<timeout>" not in outcomes, f"{case.id}: the real server did not answer"
