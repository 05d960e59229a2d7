"""The clock: order of timers, timers set by timers, modes, and what `now` is while a timer runs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.kernel import Clock, parse_instant

SECOND = 1_000_000


def frozen() -> Clock:
    return Clock("frozen", start_us=0)


def test_timers_fire_in_order_of_deadline_then_creation() -> None:
    clock, fired = frozen(), []
    for name, delay in [("b1", 2), ("a", 1), ("b2", 2), ("c", 3)]:
        clock.call_later(delay * SECOND, lambda name=name: fired.append((name, clock.now_us())))  # type: ignore[misc]
    assert clock.advance(2) == 3
    assert fired == [("a", SECOND), ("b1", 2 * SECOND), ("b2", 2 * SECOND)]
    assert clock.now_us() == 2 * SECOND
    assert clock.next_deadline_us() == 3 * SECOND


def test_an_advance_fires_timers_set_by_timers() -> None:
    clock, fired = frozen(), []

    def again() -> None:
        fired.append(clock.now_us())
        clock.call_later(SECOND, again)

    clock.call_later(SECOND, again)
    clock.advance(3.5)
    assert fired == [SECOND, 2 * SECOND, 3 * SECOND]


def test_a_deadline_in_the_past_fires_at_the_next_move_without_turning_time_back() -> None:
    clock, fired = frozen(), []
    clock.advance(10)
    clock.call_at(SECOND, lambda: fired.append(clock.now_us()))
    assert fired == []
    clock.advance(0)
    assert fired == [10 * SECOND]


def test_cancelled_timers_do_not_fire_and_do_not_pile_up() -> None:
    clock = frozen()
    timers = [clock.call_later(SECOND, lambda: None) for _ in range(10_000)]
    for timer in timers:
        timer.cancel()
        timer.cancel()
    assert len(clock._heap) < 200
    assert clock.advance(2) == 0
    assert not timers[0].pending


def test_time_only_moves_forward() -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        frozen().advance(-1)


def test_a_real_clock_follows_time_only_when_synced() -> None:
    clock = Clock()
    before = clock.now_us()
    assert clock.wall_us() >= before
    assert clock.now_us() == before
    clock.sync()
    assert clock.now_us() >= before


def test_advance_shifts_a_real_clock_for_good() -> None:
    clock = Clock(start_us=0)
    clock.advance(3600)
    assert clock.sync() >= 3600 * SECOND


def test_freeze_and_resume() -> None:
    clock = Clock(start_us=0)
    clock.freeze()
    stopped = clock.now_us()
    assert clock.sync() == stopped
    assert clock.seconds_until_deadline() is None
    clock.resume(scale=1000)
    assert clock.mode == "scaled"
    assert clock.sync() >= stopped


def test_suspend_hides_timers_and_reinstate_brings_them_back_with_the_new_ones() -> None:
    clock, fired = frozen(), []
    clock.advance(100)
    clock.call_later(SECOND, lambda: fired.append("old"))
    state = clock.suspend(5 * SECOND)
    assert clock.now_us() == 5 * SECOND
    clock.call_later(SECOND, lambda: fired.append("replayed"))
    clock.advance_to(7 * SECOND)
    clock.call_at(200 * SECOND, lambda: fired.append("new"))
    clock.reinstate(state)
    assert clock.now_us() == 100 * SECOND
    assert fired == ["replayed"]
    clock.advance(100)
    assert fired == ["replayed", "old", "new"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01", 0),
        (1.5, 1_500_000),
        (datetime(1970, 1, 1, 0, 0, 2), 2 * SECOND),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=-1))), 3600 * SECOND),
    ],
)
def test_instants_are_read_in_all_usual_forms(value: object, expected: int) -> None:
    assert parse_instant(value) == expected


@pytest.mark.parametrize(("value", "error"), [("tomorrow", ValueError), (None, TypeError), (True, TypeError)])
def test_what_is_no_instant_is_refused(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_instant(value)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=30), st.lists(st.integers(0, 7), max_size=8))
def test_however_time_is_cut_the_same_timers_fire_in_the_same_order(
    timers: list[tuple[int, bool]], steps: list[int]
) -> None:
    def run(moves: list[int]) -> list[tuple[int, int]]:
        clock = frozen()
        fired: list[tuple[int, int]] = []
        for number, (delay, chained) in enumerate(timers):

            def fire(number: int = number, chained: bool = chained) -> None:
                fired.append((number, clock.now_us()))
                if chained:
                    clock.call_later(3 * SECOND, lambda: fired.append((1000 + number, clock.now_us())))

            clock.call_later(delay * SECOND, fire)
        for move in moves:
            clock.advance(move)
        return fired

    assert run([*steps, 0]) == run([sum(steps)])
