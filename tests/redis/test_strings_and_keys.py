"""What recorded cases cannot say about strings, keys and deadlines: time, limits, versions, snapshots, who is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.redis import floats
from emulators.redis.hll import DENSE, Sketch, estimate, hash_element, highest, histogram
from tests.redis.helpers import Lab, run, show

# -- 80-bit floats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        (b"3.0", b"1.1", b"4.1"),
        (b"0.1", b"0.2", b"0.3"),
        (b"1e400", b"0", b"1" + b"0" * 11),
        (b"-0", b"0", b"0"),
        (b"0x1p3", b".5", b"8.5"),
        (b"1", b"-1.00000000000000001", b"-0.00000000000000001"),
        (b"18446744073709551615", b"1", b"18446744073709551616"),
        (b"inf", b"1", b"inf"),
        (b"-infinity", b"1", b"-inf"),
    ],
)
def test_sums(left: bytes, right: bytes, total: bytes) -> None:
    one, two = floats.parse(left), floats.parse(right)
    assert one is not None
    assert two is not None
    result = floats.add(one, two)
    assert result is not None
    assert floats.format_human(result).startswith(total)


@pytest.mark.parametrize(
    "word", [b"", b" 1", b"1 ", b"1x", b"nan", b"1e5000", b"1e-5000", b"0x", b"1_0", b".", b"e1", b"\x001"]
)
def test_what_is_no_number(word: bytes) -> None:
    assert floats.parse(word) is None


def test_opposite_infinities_have_no_sum() -> None:
    assert floats.add((1, None), (-1, None)) is None


@settings(max_examples=200, deadline=None)
@given(st.integers(-(2**63), 2**63), st.integers(-(2**63), 2**63))
def test_whole_numbers_of_63_bits_are_exact(one: int, two: int) -> None:
    left, right = floats.parse(b"%d" % one), floats.parse(b"%d" % two)
    assert left is not None
    assert right is not None
    total = floats.add(left, right)
    assert total is not None
    if abs(one + two) < 2**64:
        assert floats.format_human(total) == b"%d" % (one + two)


# -- strings -------------------------------------------------------------------------------------------------


def test_encodings_tell_how_a_string_came_about() -> None:
    run("""
        SET a 12 => OK
        OBJECT ENCODING a => "int"
        APPEND a 3 => 3
        OBJECT ENCODING a => "raw"
        SET a 12 => OK
        OBJECT ENCODING a => "int"
        INCRBYFLOAT a 0 => "12"
        OBJECT ENCODING a => "embstr"
        INCR a => 13
        OBJECT ENCODING a => "int"
        SETRANGE a 0 1 => 2
        OBJECT ENCODING a => "raw"
    """)
    lab = Lab()
    for size, encoding in ((44, '"embstr"'), (45, '"raw"')):
        lab("SET", "k", "x" * size)
        assert lab("OBJECT ENCODING k") == encoding


def test_proto_max_bulk_len_limits_every_way_to_a_long_string() -> None:
    run("""
        CONFIG SET proto-max-bulk-len 1mb => OK
        SETRANGE a 1048575 x => 1048576
        SETRANGE a 1048576 x => !ERR string exceeds maximum allowed size (proto-max-bulk-len)
        APPEND a x => !ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETBIT b 8388607 1 => 0
        SETBIT b 8388608 1 => !ERR bit offset is not an integer or out of range
        STRLEN b => 1048576
        SET x aaaa => OK
        SETRANGE y 300000 z => 300001
        LCS x y LEN => !ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
    """)


def test_a_deadline_that_has_passed_hides_the_value_at_once() -> None:
    run("""
        MULTI => OK
        SET k v PXAT 1 => QUEUED
        GET k => QUEUED
        EXEC => [OK, nil]
        DBSIZE => 0
    """)


# -- time ----------------------------------------------------------------------------------------------------


def test_keys_expire_on_the_clock_in_order_of_their_deadlines() -> None:
    lab = Lab()
    listener = lab.client()
    listener("SUBSCRIBE __keyevent@0__:expired")
    lab.run("""
        CONFIG SET notify-keyspace-events Ex => OK
        SET late v PX 300 => OK
        SET early v PX 100 => OK
        SET moved v PX 50 => OK
        PERSIST moved => 1
        SET again v PX 10 => OK
        PEXPIRE again 200 => 1
        @advance 1
        KEYS * => ["moved"]
    """)
    told = show(listener.link.take())
    assert [word for word in ("early", "again", "late", "moved") if word in told] == ["early", "again", "late"]
    assert told.index("early") < told.index("again") < told.index("late")


def test_ttl_rounds_and_expiretime_is_absolute() -> None:
    run("""
        SET a v PX 1499 => OK
        TTL a => 1
        PTTL a => 1499
        SET a v PX 1500 => OK
        TTL a => 2
        @advance 0.6
        TTL a => 1
        EXPIRETIME a => 1767225602
        PEXPIRETIME a => 1767225601500
        COPY a b => 1
        RENAME a c => OK
        @advance 1
        EXISTS b c => 0
    """)


def test_many_deadlines_set_over_and_over_cost_no_memory() -> None:
    lab = Lab()
    for number in range(3000):
        lab("SET", f"k{number % 10}", "v", "PX", 1000 + number)
    assert len(lab.server.databases[0]._heap) < 1500
    lab.clock.advance(10)
    assert lab("DBSIZE") == "0"


def test_idle_time_is_known_for_what_happened_before_anybody_asked() -> None:
    run("""
        SET a v => OK
        SET b v => OK
        @advance 10
        GET b => "v"
        @advance 5
        OBJECT IDLETIME a => 15
        OBJECT IDLETIME b => 5
        TTL a => -1
        TYPE a => string
        EXISTS a => 1
        @advance 3
        OBJECT IDLETIME a => 18
        TOUCH a => 1
        OBJECT IDLETIME a => 0
        @advance 2
        SET a w => OK
        OBJECT IDLETIME a => 0
        @advance 7
        OBJECT IDLETIME a => 7
        RENAME a c => OK
        OBJECT IDLETIME c => 0
    """)


def test_frequencies_need_a_policy_that_counts_them() -> None:
    lab = Lab()
    lab("SET a v")
    assert lab("OBJECT FREQ a").startswith("!ERR An LFU maxmemory policy is not selected")
    lab.run("""
        CONFIG SET maxmemory-policy allkeys-lfu => OK
        SET b v => OK
        OBJECT FREQ b => 5
    """)
    assert lab("OBJECT IDLETIME a").startswith("!ERR An LFU maxmemory policy is selected")
    for _ in range(200):
        lab("GET b")
    risen = int(lab("OBJECT FREQ b"))
    assert 5 < risen < 60
    lab.clock.advance(180)
    assert int(lab("OBJECT FREQ b")) == risen - 3


# -- snapshots and other places ------------------------------------------------------------------------------


def test_renamed_and_moved_values_do_not_leak_into_snapshots() -> None:
    lab = Lab()
    lab("RPUSH l a")
    state = lab.server.snapshot()
    lab.run("""
        RENAME l m => OK
        RPUSH m b => 2
        MOVE m 1 => 1
        SELECT 1 => OK
        RPUSH m c => 3
    """)
    lab.server.restore(state)
    lab.run("""
        SELECT 0 => OK
        LRANGE l 0 -1 => ["a"]
        EXISTS m => 0
    """)


@pytest.mark.parametrize(
    "change",
    [
        "SET k 2",
        "DEL k",
        "EXPIRE k 100",
        "RENAME k other",
        "MOVE k 3",
        "APPEND k x",
        "SETBIT k 0 1",
        "FLUSHDB",
        "FLUSHALL",
        "SWAPDB 0 1",
        "COPY x k REPLACE",
        "PFADD h",
    ],
)
def test_watch_sees_changes_of_its_key_only(change: str) -> None:
    lab = Lab()
    lab("MSET k 1 x 1")
    lab("WATCH k")
    other = lab.client()
    assert not other(change).startswith("!")
    lab("MULTI")
    lab("PING")
    assert lab("EXEC") == ("[PONG]" if change == "PFADD h" else "nil-array")


@pytest.mark.parametrize(
    "change", ["RENAME src q", "COPY src q", "SORT src STORE q", "SWAPDB 0 2", "MOVE"], ids=lambda text: text.split()[0]
)
def test_keys_that_come_into_being_serve_blocked_clients(change: str) -> None:
    lab = Lab()
    lab("RPUSH src 5")
    lab("SELECT 2")
    lab("RPUSH q 5")
    lab("SELECT 0")
    waiting = lab.client()
    assert waiting("BLPOP q 0") == ""
    if change == "MOVE":
        lab("SELECT 2")
        assert lab("MOVE q 0") == "1"
    else:
        assert not lab(change).startswith("!")
    assert waiting.link.take() == b"*2\r\n$1\r\nq\r\n$1\r\n5\r\n"


def test_wait_is_over_when_its_time_is() -> None:
    run("""
        SET a 1 => OK
        WAIT 0 0 => 0
        MULTI => OK
        WAIT 1 1000 => QUEUED
        EXEC => [0]
        @client b
        WAIT 1 1000 =>
        @advance 2
        @pushed => 0
    """)


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("SORT a BY w_* GET # STORE b STORE c", '["a", "c"]'),
        ("SORT a BY STORE LIMIT 0 STORE", '["a"]'),
        ("SORT_RO a", '["a"]'),
        ('MIGRATE h 1 "" 0 10 AUTH2 u KEYS KEYS a b', '["a", "b"]'),
        ("MIGRATE h 1 k 0 10 COPY", '["k"]'),
        ("GEORADIUS a 1 1 1 m STORE b STOREDIST c", '["a", "c"]'),
        ("BITOP AND d a b", '["d", "a", "b"]'),
        ("LCS a b LEN", '["a", "b"]'),
        ("OBJECT ENCODING a", '["a"]'),
    ],
)
def test_keys_of_commands_whose_positions_depend_on_arguments(line: str, keys: str) -> None:
    assert Lab()("COMMAND GETKEYS " + line) == keys


# -- versions ------------------------------------------------------------------------------------------------


def test_later_versions() -> None:
    run(
        """
        BITCOUNT none x y => !ERR value is not an integer or out of range
        WAITAOF 1 0 0 => !ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
        WAITAOF 2 0 0 => !ERR value is out of range, value must between 0 and 1
        WAITAOF 0 0 0 => [0, 0]
        RPUSH src 2 1 => 2
        SORT src STORE dst => 2
        OBJECT ENCODING dst => "listpack"
        HSET h f v => 1
    """,
        "7.2",
    )
    run('HSET h f v => 1\nHSCAN h 0 NOVALUES => ["0", ["f"]]', "7.4")
    run("HSET h f v => 1\nHSCAN h 0 NOVALUES => !ERR syntax error", "7.0")


# -- HyperLogLog ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 10, 1000, 20_000])
def test_cardinalities_are_near_the_truth_in_both_forms(size: int) -> None:
    elements = [b"element %d" % number for number in range(size)]
    sparse, dense = Sketch(), Sketch()
    dense.to_dense()
    sparse.add_all(elements, 3000)
    dense.add_all(elements, 3000)
    assert sparse.count() == dense.count()
    assert abs(sparse.count() - size) <= max(1, size * 0.03)
    assert (sparse.encoding == DENSE) == (size > 1500)


def test_elements_one_by_one_give_the_same_string_as_all_at_once() -> None:
    elements = [b"%d" % number for number in range(700)]
    one, many = Sketch(), Sketch()
    for element in elements:
        one.set(*hash_element(element), 3000)
    many.add_all(elements, 3000)
    many.mark_stale()
    assert one.data == many.data


def test_registers_keep_their_values_and_unions_take_the_greater() -> None:
    sketch, other = Sketch(), Sketch()
    for index in range(0, 16_384, 97):
        sketch.set(index, index % 50 + 1, 3000)
        other.set(index + 1 if index < 16_383 else 0, 3, 3000)
    registers = sketch.registers()
    assert all(registers[index] == index % 50 + 1 for index in range(0, 16_384, 97))
    union = highest(registers, other.registers())
    assert union == bytes(map(max, registers, other.registers()))
    assert sum(histogram(union)) == 16_384
    assert estimate(histogram(bytes(16_384))) == 0


def test_pfselftest_passes() -> None:
    assert Lab()("PFSELFTEST") == "OK"


# -- refusals ------------------------------------------------------------------------------------------------


def test_sort_by_other_keys_needs_permission_for_all_keys() -> None:
    run("""
        ACL SETUSER u on nopass ~list +sort +rpush => OK
        AUTH u x => OK
        RPUSH list 2 1 => 2
        SORT list => ["1", "2"]
        SORT list BY nosort => ["2", "1"]
        SORT list BY w_* => !ERR BY option of SORT denied due to insufficient ACL permissions.
        SORT list GET # => !ERR GET option of SORT denied due to insufficient ACL permissions.
    """)


def test_a_cluster_has_one_database() -> None:
    lab = Lab(cluster=True)
    lab.run("""
        RPUSH k 2 1 => 2
        SORT k BY w_* => !ERR BY option of SORT denied in Cluster mode.
        SORT k GET # => !ERR GET option of SORT denied in Cluster mode.
        MOVE k 1 => !ERR MOVE is not allowed in cluster mode
        SWAPDB 0 1 => !ERR SWAPDB is not allowed in cluster mode
        COPY k {k}2 => 1
    """)


def test_saved_states_keep_encodings() -> None:
    lab = Lab()
    lab.run("""
        SET int 1 => OK
        APPEND int 2 => 2
        INCRBYFLOAT text 3 => "3"
        SET plain 4 => OK
    """)
    state = lab.server.import_state(lab.server.export_state(lab.server.snapshot()))
    other = Lab()
    other.server.restore(state)
    other.run("""
        OBJECT ENCODING int => "raw"
        OBJECT ENCODING text => "embstr"
        OBJECT ENCODING plain => "int"
    """)
    assert other.server.digest() == lab.server.digest()
