"""KNOWN_DIFFERENCES.toml holds: entries are complete, their errors are in the emulators, and steps name only what is there."""

from __future__ import annotations

import tomllib

import pytest

from conformance import ledger
from conformance.model import ROOT, Case
from conformance.postgres.service import PostgresService
from conformance.redis.service import RedisService

ENTRIES = tomllib.loads(ledger.LEDGER.read_text(encoding="utf-8"))["difference"]


def all_cases() -> list[Case]:
    return [*RedisService().cases(), *PostgresService().cases()]


def test_the_ledger_can_be_read() -> None:
    assert len(ledger.load()) == len(ENTRIES)


def test_steps_name_only_known_differences() -> None:
    named = {step.differs for case in all_cases() for step in case.steps if step.differs}
    assert named <= set(ledger.load())


@pytest.mark.parametrize("entry", [e for e in ENTRIES if "error" in e], ids=lambda entry: str(entry["id"]))
def test_the_error_of_an_entry_is_in_the_source(entry: dict[str, str]) -> None:
    sources = (ROOT / "emulators" / entry["service"]).rglob("*.py")
    # A text with a name in it is matched up to the name.
    wanted = entry["error"].split("{")[0].strip()
    assert wanted
    assert any(wanted in path.read_text(encoding="utf-8") for path in sources)
