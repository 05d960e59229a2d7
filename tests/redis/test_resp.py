"""The RESP reader and encoder: any bytes at any split are requests, "need more", or the protocol's own error."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulators.kernel import Environment, MemoryLink
from emulators.redis import RedisEmulator
from emulators.redis.errors import RedisError
from emulators.redis.resp import (
    NULL_ARRAY,
    OK,
    BigNumber,
    Encoder,
    Pairs,
    ProtocolError,
    Push,
    Reader,
    SetReply,
    Verbatim,
    _ExactReader,
    format_double,
    split_words,
)

Outcome = tuple[list[list[bytes]], str | None]


def encode(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def read(reader: Reader, pieces: list[bytes]) -> Outcome:
    """All requests, and the error that ended them, if any."""
    requests: list[list[bytes]] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while batch := reader.take():
                requests += batch
    except ProtocolError as error:
        return requests, str(error)
    return requests, None


def read_exactly(data: bytes) -> Outcome:
    """The same by the exact reader alone."""
    reader = _ExactReader(Reader())
    reader.feed(data)
    requests: list[list[bytes]] = []
    try:
        while (request := reader.next()) is not None:
            requests.append(request)
    except ProtocolError as error:
        return requests, str(error)
    return requests, None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


WORDS = st.lists(st.binary(max_size=12), min_size=1, max_size=5)
# Bytes that look like the protocol, so that the strange corners are met often.
FRAGMENTS = st.lists(
    st.one_of(
        WORDS.map(lambda words: encode(*words)),
        st.sampled_from(
            [
                b"*1\r\n",
                b"*2\r\n",
                b"*0\r\n",
                b"*-1\r\n",
                b"$3\r\nGET\r\n",
                b"$-1\r\n",
                b":5\r\n",
                b"+OK\r\n",
                b"PING\r\n",
                b"*1\r\n$4\r\nPI",
                b"NG\r\n",
                b"\r\n",
                b"\n",
                b"*x\r\n",
                b"$999999999999\r\n",
                b'set a "b c"\r\n',
                b'"',
                b"'",
                b"*1\r\n*1\r\n$1\r\na\r\n",
                b"*3000000000\r\n",
                b"%1\r\n+a\r\n+b\r\n",
                b"_\r\n",
                b"#t\r\n",
                b"$03\r\nabc\r\n",
                b"\x00",
            ]
        ),
        st.binary(max_size=8),
    ),
    max_size=8,
).map(b"".join)
PLACES = st.lists(st.integers(0, 10_000), max_size=6)


@given(st.lists(WORDS, max_size=6), PLACES)
def test_well_formed_requests_come_out_whole_at_any_split(requests: list[list[bytes]], places: list[int]) -> None:
    data = b"".join(encode(*words) for words in requests)
    assert read(Reader(), cut(data, places)) == (requests, None)


@settings(max_examples=400)
@given(FRAGMENTS, PLACES)
def test_the_fast_road_gives_what_the_exact_reader_gives(data: bytes, places: list[int]) -> None:
    assert read(Reader(), cut(data, places)) == read_exactly(data)


@example(b"*1\r\n$0\r\n\r\n*2\r\n*1\r\n$0\r\n\r\n")
@given(FRAGMENTS)
def test_a_byte_at_a_time_equals_all_at_once(data: bytes) -> None:
    assert read(Reader(), [data[i : i + 1] for i in range(len(data))]) == read(Reader(), [data])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"*3000000000\r\n", "invalid multibulk length"),
        (b"*abc\r\n", "invalid multibulk length"),
        (b"*1\r\n$abc\r\n", "invalid bulk length"),
        (b"*1\r\n$-5\r\n", "invalid bulk length"),
        (b"*1\r\n$2000000000\r\n", "invalid bulk length"),
        (b"*1\r\nfoo\r\n", "expected '$', got 'f'"),
        (b"*2\r\n$3\r\nGET\r\n:5\r\n", "expected '$', got ':'"),
        (b"*1\r\n+PING\r\n", "expected '$', got '+'"),
        (b'set x "unbalanced\r\n', "unbalanced quotes in request"),
        (b"x" * 70_000, "too big inline request"),
        (b"*" + b"1" * 70_000, "too big mbulk count string"),
        (b"*1\r\n$" + b"1" * 70_000, "too big bulk count string"),
    ],
)
def test_what_breaks_the_protocol_is_refused_in_the_server_s_words(data: bytes, error: str) -> None:
    assert read(Reader(), [data]) == ([], error)
    assert read(Reader(), cut(data, [3, 7]))[1] == error


def test_limits_are_tighter_before_a_login() -> None:
    reader = Reader()
    reader.authenticated = False
    assert read(reader, [b"*11\r\n"]) == ([], "unauthenticated multibulk length")
    reader = Reader()
    reader.authenticated = False
    assert read(reader, [b"*1\r\n$20000\r\n"]) == ([], "unauthenticated bulk length")


def test_a_stream_that_is_never_complete_is_not_kept_whole() -> None:
    reader = Reader()
    piece = encode(b"SET", b"k", b"v" * 100) * 100
    tail = b""
    for _ in range(200):
        data = tail + piece
        reader.feed(data[:-7])
        while reader.take():
            pass
        assert sum(map(len, reader._kept)) < 1000
        tail = data[-7:]


@settings(max_examples=60, deadline=None)
@given(st.lists(FRAGMENTS, max_size=5), PLACES)
def test_hostile_bytes_reach_the_engine_and_others_go_on(fragments: list[bytes], places: list[int]) -> None:
    emulator = RedisEmulator(Environment.alone("redis"))
    link = MemoryLink()
    hostile = emulator.open_session(link, 1, "main")
    for piece in cut(b"".join(fragments), places):
        hostile.receive(piece)
    other = MemoryLink()
    emulator.open_session(other, 2, "main").receive(encode(b"PING"))
    assert other.take() == b"+PONG\r\n"
    emulator.check()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"set a b", [b"set", b"a", b"b"]),
        (b"  \"a b\"\t'c d' ", [b"a b", b"c d"]),
        (rb'"\x41\n\r\t\b\a\"\\\q"', [b'A\n\r\t\b\x07"\\q']),
        (rb"'it\'s \n'", [rb"it's \n"]),
        (b'"a"b', None),
        (b"'a", None),
        (b"", []),
    ],
)
def test_words_are_split_as_redis_cli_does(line: bytes, words: list[bytes] | None) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize(
    ("value", "resp2", "resp3"),
    [
        (b"x", b"$1\r\nx\r\n", b"$1\r\nx\r\n"),
        (None, b"$-1\r\n", b"_\r\n"),
        (NULL_ARRAY, b"*-1\r\n", b"_\r\n"),
        (-7, b":-7\r\n", b":-7\r\n"),
        (OK, b"+OK\r\n", b"+OK\r\n"),
        (True, b":1\r\n", b"#t\r\n"),
        (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
        ({b"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        (SetReply([b"a"]), b"*1\r\n$1\r\na\r\n", b"~1\r\n$1\r\na\r\n"),
        (Pairs([(b"a", 1)]), b"*2\r\n$1\r\na\r\n:1\r\n", b"*1\r\n*2\r\n$1\r\na\r\n:1\r\n"),
        (Push([b"m"]), b"*1\r\n$1\r\nm\r\n", b">1\r\n$1\r\nm\r\n"),
        (Verbatim(b"x"), b"$1\r\nx\r\n", b"=5\r\ntxt:x\r\n"),
        (BigNumber(12), b"$2\r\n12\r\n", b"(12\r\n"),
        (RedisError("ERR two\r\nlines"), b"-ERR two  lines\r\n", b"-ERR two  lines\r\n"),
        ([b"a", [1, None]], b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n", b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n_\r\n"),
    ],
)
def test_replies_in_both_protocols(value: object, resp2: bytes, resp3: bytes) -> None:
    assert (Encoder(2, True).encode(value), Encoder(3, True).encode(value)) == (resp2, resp3)


@pytest.mark.parametrize(
    ("value", "shortest", "long"),
    [
        (0.1, b"0.1", b"0.10000000000000001"),
        (3.0, b"3", b"3"),
        (-0.0, b"-0", b"-0"),
        (float("inf"), b"inf", b"inf"),
        (1e21, b"1e+21", b"1e+21"),
        (1.5e-9, b"1.5e-09", b"1.5e-09"),
    ],
)
def test_doubles_print_by_version(value: float, shortest: bytes, long: bytes) -> None:
    assert (format_double(value), format_double(value, shortest=False)) == (shortest, long)
