"""Time limits of single hash fields (7.4), on a frozen clock that stands at a whole second."""

from __future__ import annotations

import re

import pytest

from tests.redis.helpers import Lab

NOW_S = 1_767_225_600


@pytest.fixture
def lab() -> Lab:
    lab = Lab("7.4")
    lab("HSET h a 1 b 2 c 3")
    return lab


def test_setting_and_telling(lab: Lab) -> None:
    lab.run(
        f"""
        HEXPIRE h 10 FIELDS 2 a nothing => [1, -2]
        HPEXPIRE h 1500 FIELDS 1 b => [1]
        HTTL h FIELDS 4 a b c nothing => [10, 2, -1, -2]
        HPTTL h FIELDS 2 a b => [10000, 1500]
        HEXPIRETIME h FIELDS 3 a b c => [{NOW_S + 10}, {NOW_S + 2}, -1]
        HPEXPIRETIME h FIELDS 1 b => [{NOW_S * 1000 + 1500}]
        HEXPIREAT h {NOW_S + 20} FIELDS 1 a => [1]
        HPEXPIREAT h {NOW_S * 1000 + 25000} FIELDS 1 b => [1]
        HTTL h FIELDS 2 a b => [20, 25]
        HPERSIST h FIELDS 3 a c nothing => [1, -1, -2]
        HTTL h FIELDS 1 a => [-1]
        HTTL nokey FIELDS 2 a b => [-2, -2]
        HPERSIST nokey FIELDS 1 a => [-2]
        HEXPIRE nokey 10 FIELDS 1 a => [-2]
        OBJECT ENCODING h => "listpackex"
        """
    )


def test_fields_go_when_their_time_has_come_and_the_hash_with_the_last(lab: Lab) -> None:
    lab("CONFIG SET notify-keyspace-events KEA")
    watcher = lab.client()
    watcher("PSUBSCRIBE __keyevent@0__:*")
    lab.run("HEXPIRE h 1 FIELDS 2 a b => [1, 1]\nHEXPIRE h 5 FIELDS 1 c => [1]")
    lab.clock.advance(1)
    assert lab("HGETALL h") == '["c", "3"]'
    lab.clock.advance(4)
    assert lab("EXISTS h") == "0"
    assert re.findall(rb"__keyevent@0__:(\w+)", watcher.link.take()) == [
        *[b"hexpire", b"hexpire"],
        *[b"hexpired", b"hexpired", b"del"],
    ]
    assert lab.server.expired_fields == 3
    lab.server.check()


def test_writing_a_field_ends_its_limit_and_counting_keeps_it(lab: Lab) -> None:
    lab.run(
        """
        HEXPIRE h 10 FIELDS 2 a b => [1, 1]
        HSET h a x => 0
        HINCRBY h b 5 => 7
        HTTL h FIELDS 2 a b => [-1, 10]
        HINCRBYFLOAT h b 0.5 => "7.5"
        HTTL h FIELDS 1 b => [10]
        HDEL h b => 1
        HSET h b new => 1
        HTTL h FIELDS 1 b => [-1]
        @advance 11
        HLEN h => 3
        """
    )


def test_conditions(lab: Lab) -> None:
    lab.run(
        """
        HEXPIRE h 10 XX FIELDS 1 a => [0]
        HEXPIRE h 10 GT FIELDS 1 a => [0]
        HEXPIRE h 10 NX FIELDS 1 a => [1]
        HEXPIRE h 20 NX FIELDS 1 a => [0]
        HEXPIRE h 5 GT FIELDS 1 a => [0]
        HEXPIRE h 20 GT FIELDS 1 a => [1]
        HEXPIRE h 30 LT FIELDS 1 a => [0]
        HEXPIRE h 5 LT FIELDS 2 a b => [1, 1]
        HTTL h FIELDS 3 a b c => [5, 5, -1]
        """
    )


def test_a_past_deadline_removes_at_once(lab: Lab) -> None:
    lab.run(
        """
        HEXPIRE h 0 FIELDS 1 a => [2]
        HEXPIREAT h 1 FIELDS 1 b => [2]
        HGETALL h => ["c", "3"]
        HPEXPIREAT h 1 FIELDS 1 c => [2]
        EXISTS h => 0
        """
    )


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("HEXPIRE h x FIELDS 1 a", "!ERR value is not an integer or out of range"),
        ("HEXPIRE h -1 FIELDS 1 a", "!ERR invalid expire time, must be >= 0"),
        ("HEXPIRE h 99999999999999 FIELDS 1 a", "!ERR invalid expire time in 'hexpire' command"),
        ("HEXPIRE h 1 FIELDS x a", "!ERR Parameter `numFields` should be greater than 0"),
        ("HEXPIRE h 1 NX XX FIELDS 1 a", "!ERR Mandatory argument FIELDS is missing or not at the right position"),
        ("HPEXPIREAT h 70368744177664 FIELDS 1 a", "!ERR invalid expire time in 'hpexpireat' command"),
        ("HEXPIREAT h 70368744178 FIELDS 1 a", "!ERR invalid expire time in 'hexpireat' command"),
        ("HEXPIRE str abc FIELDS 1 a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("HPEXPIREAT h 70368744177663 FIELDS 1 a", "[1]"),
        ("HEXPIRE h 1 FIELDS 2 a", "!ERR The `numfields` parameter must match the number of arguments"),
        ("HEXPIRE h 1 BOGUS 1 a", "!ERR Mandatory argument FIELDS is missing or not at the right position"),
        ("HTTL h BOGUS 1 a", "!ERR Mandatory argument FIELDS is missing or not at the right position"),
        ("HTTL h FIELDS 0 a", "!ERR Number of fields must be a positive integer"),
        ("HEXPIRE h 1", "!ERR wrong number of arguments for 'hexpire' command"),
        ("HTTL str FIELDS 1 a", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
    ],
)
def test_what_is_refused_and_where_that_begins(lab: Lab, command: str, reply: str) -> None:
    lab("SET str x")
    assert lab(command) == reply


def test_limits_move_with_the_hash_and_survive_snapshots(lab: Lab) -> None:
    lab("HEXPIRE h 10 FIELDS 1 a")
    lab("RENAME h moved")
    lab("COPY moved copied")
    state = lab.server.snapshot()
    saved = lab.server.export_state(state)
    lab("FLUSHALL")
    lab.server.restore(lab.server.import_state(saved))
    assert lab("HTTL moved FIELDS 1 a") == lab("HTTL copied FIELDS 1 a") == "[10]"
    lab.clock.advance(10)
    assert lab("HLEN moved") == lab("HLEN copied") == "2"
    lab.server.check()
    assert lab.server.digest(lab.server.import_state(saved)) == lab.server.digest(state)


def test_earlier_versions_do_not_know_them() -> None:
    assert Lab("7.2")("HEXPIRE h 1 FIELDS 1 a").startswith("!ERR unknown command")
