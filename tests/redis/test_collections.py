"""The values behind the collections: held to plain models, and to the promise that a snapshot never changes afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.redis import listpack
from emulators.redis.config import Thresholds
from emulators.redis.stream import StreamValue, format_id, make_id
from emulators.redis.values import ListValue, SetValue, SortedSet
from tests.redis.helpers import Lab

ITEMS = st.sampled_from([b"a", b"b", b"1", b"-70000", b"x" * 70])


# -- lists against a plain list ------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40), st.integers(0, 40), ITEMS), max_size=60))
def test_a_list_behaves_like_a_list(steps: list[tuple[int, int, int, bytes]]) -> None:
    value, model = ListValue(), list[bytes]()
    for kind, first, second, item in steps:
        size = len(model)
        start, stop = sorted((min(first, size), min(second, size)))
        if kind <= 1:
            value.push_left([item, b"second"])
            model[:0] = [b"second", item]
        elif kind == 2:
            value.push_right([item, b"second"])
            model += [item, b"second"]
        elif kind == 3 and model:
            assert value.pop_left() == model.pop(0)
        elif kind == 4 and model:
            assert value.pop_right() == model.pop()
        elif kind == 5:
            value.insert(start, item)
            model.insert(start, item)
        elif kind == 6 and start < size:
            value.replace(start, item)
            model[start] = item
        elif kind == 7:
            assert value.slice(start, stop) == model[start:stop]
            assert [value.at(place) for place in range(start, stop)] == model[start:stop]
        elif kind == 8:
            found = [place for place, other in enumerate(model) if other == item]
            assert list(value.find(item)) == found
            assert list(value.find(item, from_tail=True)) == found[::-1]
            value.remove(found)
            model = [other for other in model if other != item]
        elif kind == 9 and first % 4 == 0:
            value.keep(start, stop)
            model = model[start:stop]
        elif kind == 9:
            popped = value.pop_many(second, left=bool(first % 2))
            expected = model[:second] if first % 2 else model[::-1][:second]
            model = model[second:] if first % 2 else model[: max(size - second, 0)]
            assert popped == expected
        if first == 7:
            value.listpack_bytes()
        assert value.items == model
        size_kept, value.size = value.size, -1
        assert size_kept in (-1, value.listpack_bytes())


@pytest.mark.parametrize(
    ("item", "size"),
    [
        *[(b"0", 2), (b"127", 2), (b"128", 3), (b"-1", 3), (b"4095", 3), (b"-4097", 4), (b"32768", 5), (b"8388608", 6)],
        *[(b"2147483648", 10), (b"9223372036854775808", 21), (b"01", 4), (b"-", 3), (b"", 2), (b"x" * 63, 65)],
        *[(b"x" * 64, 67), (b"x" * 125, 128), (b"x" * 126, 130), (b"x" * 4095, 4099), (b"x" * 4096, 4103)],
    ],
)
def test_sizes_of_listpack_entries(item: bytes, size: int) -> None:
    assert listpack.entry_bytes(item) == size


def test_a_long_list_is_worked_on_at_both_ends_without_growing_slow() -> None:
    lab = Lab()
    lab("RPUSH", "l", *range(100_000))
    assert lab("LINDEX l 50000") == '"50000"'
    assert lab("LPOP l 3") == '["0", "1", "2"]'
    assert lab("LREM l 1 99999") == "1"
    assert lab("LRANGE l 99990 -1") == '["99993", "99994", "99995", "99996", "99997", "99998"]'


# -- streams against a dict ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_stream_behaves_like_a_dict_in_order(seed: int) -> None:
    dice = random.Random(seed)
    limits = Thresholds(stream_node_entries=dice.choice([0, 3, 100]), stream_node_bytes=dice.choice([0, 80, 4096]))
    stream, model = StreamValue(), dict[int, list[bytes]]()
    number = 0
    for _ in range(600):
        kind = dice.randrange(10)
        if kind < 6:
            number += dice.choice([1, 5, 1 << 64])
            items = [b"f", b"%d" % number] if dice.random() < 0.7 else [b"g", b"1", b"h", b"2"]
            stream.append(number, items, limits)
            model[number] = items
        elif kind < 8 and model:
            victims = [*dice.sample(list(model), min(3, len(model))), number + 1]
            assert stream.delete(victims) == len(victims) - 1
            for victim in victims[:-1]:
                del model[victim]
        elif kind == 8:
            keep = dice.randrange(60)
            dropped = max(0, len(model) - keep)
            if dice.random() < 0.5:
                assert stream.trim(max_length=keep) == dropped
                model = dict(list(model.items())[dropped:])
            else:
                assert stream.trim(max_length=keep, approximate=True) <= dropped
                model = {one: model[one] for one, _ in stream.iterate()}
        else:
            low, high = sorted(dice.randrange(number + 2) for _ in range(2))
            expected = [(one, items) for one, items in model.items() if low <= one <= high]
            assert list(stream.iterate(low, high)) == expected
            assert list(stream.iterate_back(low, high)) == expected[::-1]
        assert stream.check() is None
        assert list(stream.iterate()) == list(model.items())
        assert stream.length == len(model)
        assert stream.last_id == number
    again = StreamValue.load(msgpack.unpackb(msgpack.packb(stream.export()), strict_map_key=False))
    assert again.canonical() == stream.canonical()
    assert format_id(make_id(5, 7)) == b"5-7"


def test_an_id_can_come_again_after_xsetid_went_back_behind_it() -> None:
    Lab().run(
        """
        XADD s 1-0 a 1 => "1-0"
        XADD s 5-0 a 5 => "5-0"
        XADD s 6-0 a 6 => "6-0"
        XDEL s 5-0 6-0 => 2
        XSETID s 2-0 => OK
        XADD s 5-0 b 5 => "5-0"
        XRANGE s - + => [["1-0", ["a", "1"]], ["5-0", ["b", "5"]]]
        XDEL s 5-0 => 1
        XRANGE s - + => [["1-0", ["a", "1"]]]
        """
    )


# -- forms ---------------------------------------------------------------------------------------------------------


def test_lists_change_form_in_both_directions_from_7_2_on() -> None:
    Lab("7.2").run(
        """
        RPUSH l a b c => 3
        OBJECT ENCODING l => "listpack"
        CONFIG SET list-max-listpack-size 4 => OK
        RPUSH l d => 4
        OBJECT ENCODING l => "listpack"
        RPUSH l e => 5
        OBJECT ENCODING l => "quicklist"
        LPOP l => "a"
        OBJECT ENCODING l => "quicklist"
        LTRIM l 0 1 => OK
        OBJECT ENCODING l => "listpack"
        LINSERT l BEFORE b x => 3
        LSET l 0 y => OK
        LRANGE l 0 -1 => ["y", "b", "c"]
        """
    )
    lab = Lab("7.2")
    lab("RPUSH", "l", "x" * 8000)
    assert lab("OBJECT ENCODING l") == '"listpack"'
    lab("RPUSH", "l", "x" * 400)
    assert lab("OBJECT ENCODING l") == '"quicklist"'
    lab("LPOP l")
    assert lab("OBJECT ENCODING l") == '"listpack"'
    assert Lab("7.0")("RPUSH l a") == "1"


def test_before_7_2_every_list_is_a_quicklist() -> None:
    Lab("7.0").run('RPUSH l a => 1\nOBJECT ENCODING l => "quicklist"')


def test_sets_have_a_third_form_from_7_2_on() -> None:
    Lab("7.2").run(
        """
        SADD s 3 1 2 => 3
        OBJECT ENCODING s => "intset"
        SADD s word => 1
        OBJECT ENCODING s => "listpack"
        SMEMBERS s => ["1", "2", "3", "word"]
        CONFIG SET set-max-listpack-entries 5 => OK
        SADD s a => 1
        OBJECT ENCODING s => "listpack"
        SADD s b => 1
        OBJECT ENCODING s => "hashtable"
        SADD many a b c d e f => 6
        OBJECT ENCODING many => "hashtable"
        """
    )


def test_rank_with_score_from_7_2_on() -> None:
    Lab("7.2").run(
        """
        ZADD z 1 a 2.5 b => 2
        ZRANK z b WITHSCORE => [1, "2.5"]
        ZREVRANK z b WITHSCORE => [0, "2.5"]
        ZRANK z nothing WITHSCORE => nil-array
        ZRANK z b BOGUS => !ERR syntax error
        ZRANK z b WITHSCORE x => !ERR syntax error
        """
    )
    assert Lab("7.0")("ZRANK z b WITHSCORE") == "!ERR wrong number of arguments for 'zrank' command"


def test_consumers_are_known_from_their_first_attempt_from_7_2_on() -> None:
    script = """
        XGROUP CREATE s g 0 MKSTREAM => OK
        XADD s 1-1 f v => "1-1"
        XREADGROUP GROUP g a STREAMS s > => [["s", [["1-1", ["f", "v"]]]]]
        XREADGROUP GROUP g late STREAMS s > => nil-array
        XAUTOCLAIM s g slow 100000 0 => ["0-0", [], []]
        @advance 2
        XINFO CONSUMERS s g => {}
    """
    Lab("7.0").run(script.replace("{}", '[["name", "a", "pending", 1, "idle", 2000]]'))
    shown = ['["name", "a", "pending", 1, "idle", 2000, "inactive", 2000]']
    shown += [f'["name", "{name}", "pending", 0, "idle", 2000, "inactive", -1]' for name in ("late", "slow")]
    Lab("7.2").run(script.replace("{}", f"[{', '.join(shown)}]"))


def test_the_last_entry_can_be_asked_for_from_7_4_on() -> None:
    Lab("7.4").run(
        """
        XREAD STREAMS s + => nil-array
        XADD s 1-1 f v => "1-1"
        XADD s 2-1 f v => "2-1"
        XREAD STREAMS s + => [["s", [["2-1", ["f", "v"]]]]]
        XDEL s 2-1 => 1
        XREAD COUNT 5 STREAMS s + => [["s", [["1-1", ["f", "v"]]]]]
        """
    )
    assert Lab("7.2")("XREAD STREAMS s +") == "!ERR Invalid stream ID specified as stream command argument"


# -- time ----------------------------------------------------------------------------------------------------------


def test_streams_take_their_ids_and_idle_times_from_the_clock() -> None:
    Lab().run(
        """
        XADD s * f v => "1767225600000-0"
        XADD s * f v => "1767225600000-1"
        @advance 0.25
        XADD s * f v => "1767225600250-0"
        XGROUP CREATE s g 0 => OK
        XREADGROUP GROUP g a COUNT 1 STREAMS s > => [["s", [["1767225600000-0", ["f", "v"]]]]]
        @advance 3
        XPENDING s g - + 10 => [["1767225600000-0", "a", 3000, 1]]
        XPENDING s g IDLE 3001 - + 10 => []
        XAUTOCLAIM s g b 3001 0 => ["0-0", [], []]
        XCLAIM s g b 3000 1767225600000-0 IDLE 500 JUSTID => ["1767225600000-0"]
        XPENDING s g - + 10 => [["1767225600000-0", "b", 500, 1]]
        """
    )


# -- chance --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("kind", ["SET", "HASH", "ZSET"])
def test_random_members_are_members_differ_when_asked_and_are_all_drawn(kind: str, large: bool) -> None:
    lab = Lab(seed=3)
    names = [f"m{n}" if large else str(n) for n in range(600 if large else 20)]
    add, command = {"SET": ("SADD", "SRANDMEMBER"), "HASH": ("HSET", "HRANDFIELD"), "ZSET": ("ZADD", "ZRANDMEMBER")}[
        kind
    ]
    for name in names:
        lab(*({"SADD": [add, "k", name], "HSET": [add, "k", name, 1], "ZADD": [add, "k", 1, name]}[add]))
    drawn: set[str] = set()
    for count in (1, 3, len(names) // 2, len(names) - 1):
        chosen = lab(command, "k", count).strip("[]").split(", ")
        assert len(chosen) == len(set(chosen)) == count
        drawn.update(chosen)
    for _ in range(60):
        drawn.update(lab(command, "k", -50).strip("[]").split(", "))
        drawn.add(lab(command, "k"))
    assert drawn <= {f'"{name}"' for name in names}
    assert len(drawn) > 0.95 * len(names)
    assert Lab(seed=3).server.random.random() == Lab(seed=3).server.random.random()


def test_popping_takes_what_it_returns() -> None:
    lab = Lab()
    lab("SADD", "s", *[f"m{n}" for n in range(1000)])
    seen: set[str] = set()
    while int(lab("SCARD s")):
        seen.update(lab("SPOP s 7").strip("~[]").split(", "))
        lab("SPOP s")
    assert len(seen) >= 875
    assert lab("EXISTS s") == "0"


# -- snapshots -----------------------------------------------------------------------------------------------------


def _commands(dice: random.Random) -> list[Callable[[], list[Any]]]:
    def key(kind: str) -> str:
        return f"{kind}{dice.randrange(2)}"

    def word() -> str:
        return dice.choice(["a", "b", "c", "1", "2", "x" * 70])

    def entry() -> str:
        return f"{dice.randrange(1, 12)}-{dice.randrange(3)}"

    return [
        lambda: [dice.choice(["LPUSH", "RPUSH"]), key("l"), word(), word()],
        lambda: [dice.choice(["LPOP", "RPOP"]), key("l"), dice.randrange(3)],
        lambda: ["LSET", key("l"), dice.randrange(3), word()],
        lambda: ["LINSERT", key("l"), "BEFORE", word(), word()],
        lambda: ["LREM", key("l"), dice.randrange(-2, 3), word()],
        lambda: ["LTRIM", key("l"), dice.randrange(2), -1],
        lambda: ["LMOVE", key("l"), key("l"), "LEFT", "RIGHT"],
        lambda: ["HSET", key("h"), word(), word()],
        lambda: ["HDEL", key("h"), word(), word()],
        lambda: ["HINCRBY", key("h"), "n", 1],
        lambda: ["HEXPIRE", key("h"), dice.randrange(3), "FIELDS", 1, word()],
        lambda: ["HPERSIST", key("h"), "FIELDS", 1, word()],
        lambda: ["SADD", key("s"), word(), word()],
        lambda: ["SREM", key("s"), word()],
        lambda: ["SPOP", key("s")],
        lambda: ["SMOVE", key("s"), key("s"), word()],
        lambda: ["SUNIONSTORE", key("s"), key("s"), key("s")],
        lambda: ["ZADD", key("z"), dice.randrange(5), word(), dice.randrange(5), word()],
        lambda: ["ZINCRBY", key("z"), 1, word()],
        lambda: ["ZREM", key("z"), word()],
        lambda: ["ZPOPMIN", key("z"), dice.randrange(3)],
        lambda: ["ZREMRANGEBYSCORE", key("z"), 1, 2],
        lambda: ["ZRANGESTORE", key("z"), key("z"), 0, 2],
        lambda: ["XADD", key("x"), "MAXLEN", dice.choice(["~", "="]), dice.randrange(12), "*", word(), word()],
        lambda: ["XADD", key("x"), "*", word(), word()],
        lambda: ["XDEL", key("x"), entry(), entry()],
        lambda: ["XGROUP", "CREATE", key("x"), "g", 0, "MKSTREAM"],
        lambda: ["XREADGROUP", "GROUP", "g", word(), "COUNT", 2, "STREAMS", key("x"), ">"],
        lambda: ["XREADGROUP", "GROUP", "g", word(), "STREAMS", key("x"), 0],
        lambda: ["XAUTOCLAIM", key("x"), "g", word(), 0, 0, "COUNT", 1],
        lambda: ["XGROUP", "DELCONSUMER", key("x"), "g", word()],
        lambda: ["XGROUP", "DESTROY", key("x"), "g"],
        lambda: ["COPY", key("x"), key("x"), "REPLACE"],
        lambda: ["RENAME", key("z"), key("z")],
        lambda: ["DEL", dice.choice("lhszx") + "0"],
    ]


@pytest.mark.parametrize("seed", range(8))
def test_a_snapshot_never_changes_and_can_be_gone_back_to(seed: int) -> None:
    dice = random.Random(seed)
    lab = Lab("7.4", seed=seed)
    lab("CONFIG SET stream-node-max-entries 3")
    makers = _commands(dice)
    kept: list[tuple[Any, bytes, str]] = []
    for _ in range(700):
        lab(*dice.choice(makers)())
        chance = dice.random()
        if chance < 0.04:
            lab.clock.advance(0.7)
        if chance < 0.06:
            state = lab.server.snapshot()
            kept.append((state, msgpack.packb(lab.server.export_state(state)), lab.server.digest(state)))
        elif chance < 0.08 and kept:
            state, exported, digest = dice.choice(kept)
            lab.server.restore(state)
            assert lab.server.digest() == digest
        if chance < 0.2:
            lab.server.check()
    assert len(kept) > 10
    for state, exported, digest in kept:
        assert msgpack.packb(lab.server.export_state(state)) == exported
        assert lab.server.digest(state) == digest
        again = lab.server.import_state(msgpack.unpackb(exported, strict_map_key=False))
        assert lab.server.digest(again) == digest
        assert lab.server.dump(again) == lab.server.dump(state)


def test_invariants_are_noticed_when_they_break() -> None:
    stream = StreamValue()
    stream.append(5, [b"f", b"v"], Thresholds())
    stream.length = 2
    assert stream.check() is not None
    assert SetValue({b"word": None}, SetValue.INTSET).check() is not None
    assert SortedSet({}).check() is not None
    zset = SortedSet({b"a": 1.0})
    assert len(zset.order) == 1
    zset.scores[b"b"] = 2.0
    assert zset.check() is not None
