"""RDB: payloads and files of every type and version come back as they were; damaged ones are refused, never anything else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.redis import crc64, lzf, packed, rdb
from emulators.redis.config import Thresholds
from emulators.redis.rdb_server import load_server, save_server
from emulators.redis.rdb_values import read_value
from emulators.redis.rdb_wire import RdbReader, RdbWriter
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet, Value
from tests.redis.helpers import Lab

VERSIONS = ["7.0", "7.2", "7.4"]

FILL = [
    "SET int 12345",
    "SET negative -2147483649",
    'SET text "hello hello hello hello hello hello"',
    "SET empty ''",
    "RPUSH list a 1 -1 200 -5000 40000 9000000 3000000000 -9223372036854775808 text",
    "HSET hash field value number 42",
    "SADD ints 1 -70000 5000000000",
    "SADD words one two 3",
    "ZADD zset 1.5 a -3 b inf c 0.1 d",
    "XADD stream 1-1 f v g w",
    "XADD stream 1-2 f x g y",
    "XADD stream 5-0 other z",
    "XDEL stream 1-2",
    "XGROUP CREATE stream group 0",
    "XREADGROUP GROUP group alice COUNT 1 STREAMS stream >",
]


def filled(version: str) -> Lab:
    lab = Lab(version)
    for line in FILL:
        assert not lab(line).startswith("!"), line
    lab("RPUSH", "long list", *[f"element {number}" for number in range(3000)])
    lab("HSET", "large hash", *[word for number in range(600) for word in (f"f{number}", number)])
    lab("HSET", "wide hash", "field", "x" * 100)
    lab("SADD", "large set", *[f"m{number}" for number in range(600)])
    lab("SADD", "many ints", *range(600))
    lab("ZADD", "large zset", *[word for number in range(200) for word in (number / 7, f"m{number}")])
    if version != "7.0":
        # When a consumer was last active, as opposed to seen, is not in 7.0's form.
        assert lab("XGROUP CREATECONSUMER stream group bob") == "1"
    if version == "7.4":
        lab("HSET hot a 1 b 2 c 3")
        assert lab("HPEXPIREAT hot 9999999999999 FIELDS 1 a") == "[1]"
    return lab


def digest(lab: Lab) -> str:
    return lab.server.digest()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_value_survives_dump_and_restore(version: str) -> None:
    lab = filled(version)
    other = Lab(version)
    for key in list(lab.server.databases[0].data):
        payload = lab.first.bulk("DUMP", key)
        assert other("RESTORE", key, 0, payload) == "OK"
        assert other("OBJECT", "ENCODING", key) == lab("OBJECT", "ENCODING", key)
        assert other.first.bulk("DUMP", key) == payload
    assert digest(other) == digest(lab)
    other.server.check()


def rows_of(lab: Lab) -> list[rdb.Row]:
    return [
        rdb.Row(db.number, key, value, db.expires.get(key))
        for db in lab.server.databases
        for key, value in db.data.items()
    ]


def file_of(lab: Lab) -> bytes:
    server = lab.server
    return rdb.save(
        rows_of(lab),
        version=server.version,
        thresholds=server.thresholds,
        full_version=server.full_version,
        now_ms=lab.clock.now_ms(),
        functions=[b"#!lua name=lib"],
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_holds_databases_deadlines_and_functions(version: str) -> None:
    lab = filled(version)
    lab("EXPIREAT text 9999999999")
    lab("SELECT 3")
    lab("SET three 3")
    data = file_of(lab)
    assert data.startswith(b"REDIS00" + {"7.0": b"10", "7.2": b"11", "7.4": b"12"}[version])
    loaded = rdb.load(data, version=lab.server.version, thresholds=lab.server.thresholds)
    assert loaded.functions == [b"#!lua name=lib"]
    assert loaded.about[b"redis-ver"] == lab.server.full_version.encode()
    found = {(row.database, row.key): row for row in loaded.rows}
    assert found.keys() == {(row.database, row.key) for row in rows_of(lab)}
    assert found[0, b"text"].deadline == 9_999_999_999_000
    assert found[3, b"three"].value == b"3"


def test_damage_to_a_file_is_found_by_its_checksum() -> None:
    data = bytearray(file_of(filled("7.0")))
    data[200] ^= 1
    lab = Lab()
    with pytest.raises((rdb.DamagedError, rdb.UnsupportedError)):
        rdb.load(bytes(data), version=lab.server.version, thresholds=lab.server.thresholds)


@pytest.mark.parametrize("data", [b"", b"REDIS", b"REDIS00x1", b"REDIS0099\xff", b"PARLSNAP", b"REDIS0010\xfe"])
def test_what_is_no_file_is_refused(data: bytes) -> None:
    with pytest.raises(rdb.DamagedError):
        rdb.load(data, version=(7, 0), thresholds=Thresholds())


def test_a_payload_of_a_newer_server_is_refused() -> None:
    payload = Lab("7.2").first
    payload("SET a 1")
    newer = payload.bulk("DUMP", "a")
    assert Lab("7.0")("RESTORE", "a", 0, newer) == "!ERR DUMP payload version or checksum are wrong"
    assert Lab("7.4")("RESTORE", "a", 0, newer) == "OK"


def test_random_damage_never_gives_anything_but_a_value_or_the_protocols_own_error() -> None:
    dice = random.Random(7)
    lab = filled("7.2")
    payloads = [lab.first.bulk("DUMP", key) for key in list(lab.server.databases[0].data)]
    target = Lab("7.2")
    refused = 0
    for _ in range(1500):
        payload = bytearray(dice.choice(payloads)[:-8])
        if len(payload) > 400:
            continue
        for _ in range(dice.randrange(1, 4)):
            payload[dice.randrange(len(payload) - 2)] = dice.randrange(256)
        whole = bytes(payload) + crc64.crc64(bytes(payload)).to_bytes(8, "little")
        reply = target("RESTORE", "k", 0, whole, "REPLACE")
        assert reply in ("OK", "!ERR Bad data format") or reply.startswith("!ERR parlel cannot RESTORE this payload")
        refused += reply != "OK"
        if reply == "OK":
            target("OBJECT", "ENCODING", "k")
            target.first.raw("DUMP", "k")
    assert refused > 100


# -- restoring -----------------------------------------------------------------------------------------------


def test_restore_sets_deadline_idle_time_and_serves_who_waits() -> None:
    lab = Lab()
    lab("RPUSH l a")
    payload = lab.first.bulk("DUMP", "l")
    assert lab("RESTORE", "l", 0, payload) == "!BUSYKEY Target key name already exists."
    assert lab("RESTORE", "l", 5000, payload, "REPLACE") == "OK"
    assert lab("PTTL l") == "5000"
    assert lab("RESTORE", "old", 1, payload, "ABSTTL") == "OK"
    assert lab("EXISTS old") == "0"
    assert lab("RESTORE", "idle", 0, payload, "IDLETIME", 77) == "OK"
    assert lab("OBJECT IDLETIME idle") == "77"
    waiting = lab.client()
    assert waiting("BLPOP w 0") == ""
    assert lab("RESTORE", "w", 0, payload) == "OK"
    assert waiting.link.take() == b"*2\r\n$1\r\nw\r\n$1\r\na\r\n"


# -- forms of old servers ------------------------------------------------------------------------------------


def read(kind: int, write: object, version: tuple[int, int] = (7, 2)) -> object:
    writer = RdbWriter()
    write(writer)  # type: ignore[operator]
    return read_value(RdbReader(bytes(writer.out)), kind, version, Thresholds())


def ziplist(*entries: bytes) -> bytes:
    body = b"".join(entries)
    size = 10 + len(body) + 1
    return size.to_bytes(4, "little") + bytes(4) + len(entries).to_bytes(2, "little") + body + b"\xff"


# Each entry: the length of the one before it, an encoding, the data.
ZIPLIST = ziplist(
    b"\x00\x01a", b"\x03\xf1", b"\x02\xfe\x80", b"\x03\xc0\x10\x27", b"\x04\xf0\x01\x00\x80", b"\x05\x40\x02bc"
)


def test_a_ziplist_is_read() -> None:
    assert packed.read_ziplist(ZIPLIST) == [b"a", b"0", b"-128", b"10000", b"-8388607", b"bc"]


def test_old_forms_of_every_type_are_read() -> None:
    def strings(*texts: bytes) -> object:
        return lambda writer: [writer.string(text) for text in texts]

    as_list = read(10, strings(ZIPLIST))
    assert isinstance(as_list, ListValue)
    assert list(as_list.items) == [b"a", b"0", b"-128", b"10000", b"-8388607", b"bc"]
    as_hash = read(13, strings(ZIPLIST))
    assert isinstance(as_hash, Hash)
    assert as_hash.fields == {b"a": b"0", b"-128": b"10000", b"-8388607": b"bc"}
    zipmap = read(9, strings(b"\x01\x01a\x02\x00bc\xff"))
    assert isinstance(zipmap, Hash)
    assert zipmap.fields == {b"a": b"bc"}
    scored = read(12, strings(ziplist(b"\x00\x01a", b"\x03\xf2")))
    assert isinstance(scored, SortedSet)
    assert scored.scores == {b"a": 1.0}
    plain_list = read(1, lambda w: (w.length(2), w.string(b"x"), w.string(b"7")))
    assert isinstance(plain_list, ListValue)
    assert list(plain_list.items) == [b"x", b"7"]
    old_scores = read(3, lambda w: (w.length(2), w.string(b"x"), w.raw(b"\x031.5"), w.string(b"y"), w.raw(b"\xff")))
    assert isinstance(old_scores, SortedSet)
    assert old_scores.scores == {b"x": 1.5, b"y": float("-inf")}
    quicklist = read(14, lambda w: (w.length(1), w.string(ZIPLIST)))
    assert isinstance(quicklist, ListValue)
    assert len(quicklist) == 6


def test_thresholds_decide_the_encoding_of_what_is_read() -> None:
    small = read(4, lambda w: (w.length(1), w.string(b"f"), w.string(b"v")))
    assert isinstance(small, Value)
    assert small.encoding() == b"listpack"
    wide = read(4, lambda w: (w.length(1), w.string(b"f"), w.string(b"v" * 65)))
    assert isinstance(wide, Value)
    assert wide.encoding() == b"hashtable"
    ints = read(2, lambda w: (w.length(2), w.string(b"1"), w.string(b"2")))
    assert isinstance(ints, SetValue)
    assert ints.encoding() == b"intset"


def test_a_module_value_is_named_in_the_refusal() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    number = 0
    for letter in "ReJSON-RL":
        number = number << 6 | letters.index(letter)
    with pytest.raises(rdb.UnsupportedError, match="ReJSON-RL"):
        read(7, lambda w: w.length(number << 10 | 3))


# -- parts ---------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=200), st.integers(-(2**63), 2**63 - 1).map(lambda n: b"%d" % n))))
def test_a_listpack_gives_back_what_was_put_in(items: list[bytes]) -> None:
    data = packed.listpack_of(items)
    assert packed.read_listpack(data) == items
    assert int.from_bytes(data[:4], "little") == len(data)


@settings(max_examples=150, deadline=None)
@given(st.sets(st.integers(-(2**63), 2**63 - 1)))
def test_an_intset_gives_back_what_was_put_in(numbers: set[int]) -> None:
    assert packed.read_intset(packed.intset_of(sorted(numbers))) == sorted(numbers)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=600), st.lists(st.sampled_from([b"ab", b"abc", b"x"]), max_size=300).map(b"".join)))
def test_lzf_gives_back_what_was_compressed(data: bytes) -> None:
    compressed = lzf.compress(data, len(data))
    if compressed is not None:
        assert len(compressed) <= len(data)
        assert lzf.decompress(compressed, len(data)) == data


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 100))
def test_damaged_lzf_raises_nothing_but_value_error(data: bytes, size: int) -> None:
    try:
        assert len(lzf.decompress(data, size)) == size
    except ValueError:
        pass


@pytest.mark.parametrize("reader", [packed.read_listpack, packed.read_ziplist, packed.read_zipmap, packed.read_intset])
def test_compact_forms_cut_short_are_refused(reader: object) -> None:
    whole = {
        packed.read_listpack: packed.listpack_of([b"a", b"1000", b"b" * 70]),
        packed.read_ziplist: ZIPLIST,
        packed.read_zipmap: b"\x01\x01a\x02\x00bc\xff",
        packed.read_intset: packed.intset_of([1, 2, 70000]),
    }[reader]  # type: ignore[index]
    for cut in range(len(whole)):
        with pytest.raises((ValueError, IndexError)):
            reader(whole[:cut])  # type: ignore[operator]


@pytest.mark.parametrize("number", [0, 63, 64, 16383, 16384, 2**32 - 1, 2**32, 2**64 - 1])
def test_lengths(number: int) -> None:
    writer = RdbWriter()
    writer.length(number)
    assert RdbReader(bytes(writer.out)).length() == number


def test_checksum() -> None:
    assert crc64.crc64(b"123456789") == 0xE9C6D914C4B8D9CA
    data = bytes(range(256)) * 300
    assert crc64.crc64(data) == crc64.crc64(data[100:], crc64.crc64(data[:100]))


# -- whole servers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_loads_what_another_saved(version: str) -> None:
    lab = filled(version)
    lab.run("""
        SELECT 2 => OK
        SET soon v PX 500 => OK
        SET later v PX 5000 => OK
        FUNCTION LOAD "#!lua name=lib\\nredis.register_function('f', function() return 7 end)" => "lib"
    """)
    data = save_server(lab.server)
    other = Lab(version)
    other.clock.advance(1)
    waiting = other.client()
    waiting("BLPOP list 0")
    assert load_server(other.server, data) == len(rows_of(lab)) - 1
    assert waiting.link.take().endswith(b"$4\r\nlist\r\n$1\r\na\r\n")
    other.run("""
        FCALL f 0 => 7
        SELECT 2 => OK
        KEYS * => ["later"]
        PTTL later => 4000
        @advance 4
        DBSIZE => 0
    """)
    other("RPUSH list back")
    if version == "7.4":
        other.clock.advance(0)
        assert other("SELECT 0") == "OK"
        assert other("HPEXPIRETIME hot FIELDS 2 a b") == "[9999999999999, -1]"


def test_a_file_that_does_not_fit_changes_nothing() -> None:
    lab = Lab(databases=20)
    lab("SET a 1")
    lab("SELECT 17")
    lab("SET b 2")
    other = Lab()
    with pytest.raises(rdb.UnsupportedError, match="database 17"):
        load_server(other.server, save_server(lab.server))
    assert other("DBSIZE") == "0"
