"""ParlelMachine: examples start the same, chance and faults shrink, invariants of the engines are checked."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from parlel.clients.resp import ReplyError
from parlel.hypothesis import ChaosRules, ClockRules, ParlelMachine

QUICK = settings(max_examples=15, stateful_step_count=10, deadline=None, database=None)


class Counter(ParlelMachine, ClockRules):
    """Counts beside the server, over a deadline that the clock decides."""

    def __init__(self) -> None:
        super().__init__()
        self.expected = 100

    @classmethod
    def prepare(cls, ctx) -> None:  # type: ignore[no-untyped-def]
        ctx.redis.set("n", "100")

    @rule()
    def incr(self) -> None:
        self.expected += 1
        assert self.ctx.redis.incr("n") == self.expected

    @invariant()
    def agrees(self) -> None:
        assert self.ctx.redis.get("n") == str(self.expected)


def test_examples_start_from_what_was_prepared() -> None:
    run_state_machine_as_test(Counter, settings=QUICK)


class Faulty(ParlelMachine, ChaosRules):
    fault_actions = ("error",)

    @rule(n=st.integers(0, 9))
    def write(self, n: int) -> None:
        # Wrong on purpose: it believes that writes never fail.
        self.ctx.redis.set("k", str(n))


def test_a_fault_that_is_to_blame_is_found_and_shrunk_to() -> None:
    with pytest.raises(ReplyError) as caught:
        run_state_machine_as_test(Faulty, settings=settings(QUICK, max_examples=100))
    notes = "\n".join(getattr(caught.value, "__notes__", []))
    assert "inject_faults" in notes
    assert notes.count("state.write(") == 1
    assert "parlel replay" in notes
