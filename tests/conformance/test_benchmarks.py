"""The benchmarks' tables: medians, ratios to the real service, turns that alternate."""

from __future__ import annotations

from benchmarks.tables import Table, interleave


def test_medians_and_the_ratio_to_the_real_service() -> None:
    table = Table("Latency", "microseconds", "less", ["emulator", "redis-server", "fakeredis"])
    for value in (30.0, 10.0, 20.0):
        table.add("GET", "emulator", value)
        table.add("GET", "redis-server", value * 2)
    table.add("GET", "fakeredis", None)
    assert table.median("GET", "emulator") == 20.0
    text = table.markdown()
    assert "| microseconds | emulator | redis-server | emulator / real |" in text
    assert "| GET | 20.0 | 40.0 | 0.50 × |" in text


def test_what_could_not_be_measured_is_a_dash() -> None:
    table = Table("Throughput", "a second", "more", ["emulator", "redis-server"])
    table.add("SET", "emulator", 12345.6)
    table.add("GET", "redis-server", 2.0)
    text = table.markdown()
    assert "| SET | 12,346 | – |  |" in text
    assert "| GET | – | 2.00 |  |" in text


def test_rounds_begin_with_another_peer_each_time() -> None:
    seen: list[str] = []
    interleave(3, ["a", "b"], seen.append)
    assert seen == ["a", "b", "b", "a", "a", "b"]
