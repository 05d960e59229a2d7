"""The fuzzer: grammars build, a planted mistake is found and shrinks to a case that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.fuzz.__main__ import search
from conformance.fuzz.grammar import build
from conformance.fuzz.redis_fuzz import Duel, canary, case_text, read_table
from conformance.fuzz.redis_grammar import GRAMMARS, KINDS
from conformance.redis.player import Client
from conformance.redis.resp import Reply
from conformance.redis.script import parse_text
from conformance.redis.service import EmulatedRedis

# What the fuzzer gets in CI to find the canary in; it needs about a second.
CANARY_BUDGET_S = 90.0


@pytest.fixture(scope="module")
def emulators() -> Iterator[tuple[EmulatedRedis, EmulatedRedis]]:
    left, right = EmulatedRedis(), EmulatedRedis()
    yield left, right
    left.close()
    right.close()


def test_a_planted_mistake_is_found_and_shrinks(emulators: tuple[EmulatedRedis, EmulatedRedis]) -> None:
    left, right = emulators
    client = Client(right.address)
    table = read_table(client)
    client.close()
    duel = Duel(left.address, right.address, canary)
    found, played = search(duel, table, CANARY_BUDGET_S, seed=1, limit=1, shrink_s=3.0)
    duel.close()
    assert played > 0
    assert [difference.signature[0] for difference in found] == ["STRLEN"]
    assert found[0].size[0] <= 5
    text = case_text(found[0], "Planted")
    case = parse_text(text, Path("planted.case"))[0]
    assert [list(step.action.args) for step in case.steps] == found[0].program[1][: found[0].at + 1]
    assert case.steps[-1].subject == "STRLEN"
    assert int(found[0].actual) == int(found[0].expected) + 1
    assert f"# real: {found[0].expected}\n# here: {found[0].actual}" in text


def test_the_emulator_does_not_differ_from_itself(emulators: tuple[EmulatedRedis, EmulatedRedis]) -> None:
    left, right = emulators
    client = Client(right.address)
    table = read_table(client)
    client.close()
    duel = Duel(left.address, right.address)
    found, played = search(duel, table, 2.0, seed=2)
    duel.close()
    assert played > 20
    assert [case_text(difference, "unexpected") for difference in found] == []


@given(st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_grammars_make_commands(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GRAMMARS)))
    args = data.draw(build(f"{name} {GRAMMARS[name]}", KINDS))
    assert args[0] == name.encode()


@pytest.mark.parametrize("grammar", ["[A", "A)", "(A|B", "nosuchkind", "A ]"])
def test_a_grammar_that_cannot_be_read_is_an_error(grammar: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        build(grammar, KINDS)


def test_the_canary_changes_one_reply_only() -> None:
    assert canary([b"STRLEN", b"k"], Reply(":", b"3")) == Reply(":", b"4")
    assert canary([b"STRLEN", b"k"], Reply(":", b"2")) == Reply(":", b"2")
    assert canary([b"LLEN", b"k"], Reply(":", b"3")) == Reply(":", b"3")
