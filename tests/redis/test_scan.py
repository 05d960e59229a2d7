"""The promises of SCAN: it ends, it returns whatever is there from start to end, and a step costs what was asked for."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.redis.scan import ScanIndex
from tests.redis.helpers import Lab


def all_keys(lab: Lab, *options: object) -> list[str]:
    """Keys from a whole scan, repeats included."""
    found: list[str] = []
    cursor = "0"
    for _ in range(10_000):
        reply = lab("SCAN", cursor, *options)  # type: ignore[arg-type]
        head, _, tail = reply[1:-1].partition(", ")
        cursor = head.strip('"')
        found += [key.strip('"') for key in tail[1:-1].split(", ") if key]
        if cursor == "0":
            return found
    raise AssertionError("the scan does not end")


@pytest.mark.parametrize("count", [1, 7, 10, 1000])
def test_a_scan_returns_everything_once(count: int) -> None:
    lab = Lab()
    lab("MSET", *[word for number in range(300) for word in (f"k{number}", "v")])
    assert sorted(all_keys(lab, "COUNT", count)) == sorted(f"k{number}" for number in range(300))


def test_match_and_type_filter_what_a_step_found() -> None:
    lab = Lab()
    lab("MSET", *[word for number in range(100) for word in (f"k{number}", "v")])
    lab("RPUSH list a")
    assert sorted(all_keys(lab, "MATCH", "k1?")) == [f"k1{digit}" for digit in range(10)]
    assert all_keys(lab, "TYPE", "LIST") == ["list"]
    assert all_keys(lab, "TYPE", "stream") == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 20))
def test_what_stays_is_found_whatever_comes_and_goes(seed: int, size: int, count: int) -> None:
    dice = random.Random(seed)
    live = {b"stay%d" % number: None for number in range(size)}
    live.update({b"go%d" % number: None for number in range(size)})
    index = ScanIndex(live)
    cursor, found, steps = 0, set(), 0
    while True:
        cursor, keys = index.step(cursor, count)
        found.update(keys)
        steps += 1
        if not cursor:
            break
        for _ in range(dice.randrange(4)):
            key = b"go%d" % dice.randrange(size * 2)
            if key in live:
                del live[key]
            else:
                live[key] = None
                index.added(key)
        if dice.random() < 0.05:
            index = index.copy(live)
    assert {b"stay%d" % number for number in range(size)} <= found
    # New keys do not make it longer.
    assert steps <= 2 * size + 1


def test_additions_never_keep_a_scan_from_ending() -> None:
    lab = Lab()
    lab("MSET", *[word for number in range(50) for word in (f"k{number}", "v")])
    cursor, added = "0", 0
    for _ in range(100):
        cursor = lab("SCAN", cursor, "COUNT", 1).split('"')[1]
        if cursor == "0":
            break
        lab("MSET", *[word for number in range(10) for word in (f"new{added + number}", "v")])
        added += 10
    assert cursor == "0"


def test_the_index_forgets_what_is_gone() -> None:
    live: dict[bytes, None] = {}
    index = ScanIndex(live)
    for number in range(50_000):
        key = b"%d" % number
        live[key] = None
        index.added(key)
        del live[key]
    assert len(index._keys) < 1000
    cursor, keys = index.step(0, 100)
    assert (cursor, keys) == (0, [])


def test_a_step_does_not_cost_more_on_a_large_database() -> None:
    def seconds(size: int) -> float:
        live = dict.fromkeys(b"%d" % number for number in range(size))
        index = ScanIndex(live)
        cursor, _ = index.step(0, 10)
        best = 1.0
        for _ in range(200):
            start = time.perf_counter()
            index.step(cursor, 10)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(200_000) < 20 * seconds(2_000)


def test_compact_values_come_whole() -> None:
    lab = Lab()
    lab("HSET", "h", *[word for number in range(100) for word in (f"f{number}", number)])
    lab("SADD", "s", *range(100))
    lab("ZADD", "z", *[word for number in range(100) for word in (number, f"m{number}")])
    for name, key in (("HSCAN", "h"), ("SSCAN", "s"), ("ZSCAN", "z")):
        reply = lab(name, key, 0, "COUNT", 1)
        assert reply.startswith('["0", [')
        assert reply.count('"') == 2 + 2 * (100 if key == "s" else 200)


def test_large_values_come_in_steps() -> None:
    lab = Lab()
    lab("HSET", "h", *[word for number in range(2000) for word in (f"f{number}", number)])
    reply = lab("HSCAN", "h", 0, "COUNT", 5)
    assert not reply.startswith('["0", [')
    assert reply.count('"') == 2 + 2 * 10


def test_keys_that_are_over_are_not_shown_without_active_expiry() -> None:
    lab = Lab()
    lab("DEBUG SET-ACTIVE-EXPIRE 0")
    lab("PSETEX short 10 v")
    lab("SET long v")
    lab.clock.advance(1)
    assert lab("DBSIZE") == "2"
    assert lab("KEYS *") == '["long"]'
    assert all_keys(lab) == ["long"]
    assert lab("DBSIZE") == "1"
    lab("PSETEX short 10 v")
    lab.clock.advance(1)
    assert lab("RANDOMKEY") == '"long"'
    assert lab("GET short") == "nil"
