"""RESP trees and their texts: nothing a client could see gets lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.redis.resp import (
    Parser,
    ProtocolError,
    Reply,
    encode_command,
    quote,
    read_replies,
    render,
    render_all,
    unquote,
)

_line = st.binary(max_size=12).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b""))
_scalar = st.one_of(
    st.builds(Reply, st.sampled_from("+-,(#"), _line.filter(bool)),
    st.builds(Reply, st.just(":"), st.integers(-(2**63), 2**63 - 1).map(lambda n: b"%d" % n)),
    st.builds(Reply, st.sampled_from("$!"), st.binary(max_size=12)),
    st.builds(Reply, st.just("="), st.binary(max_size=8).map(lambda b: b"txt:" + b)),
    st.sampled_from([Reply("$", None), Reply("*", None), Reply("_", None)]),
)
_reply = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.builds(Reply, st.sampled_from("*~>"), st.lists(inner, max_size=4)),
        st.builds(Reply, st.sampled_from("%|"), st.lists(inner, max_size=3).map(lambda items: items + items)),
    ),
    max_leaves=8,
)


def encode(reply: Reply) -> bytes:
    kind, value = reply.kind.encode(), reply.value
    if value is None:
        return b"_\r\n" if reply.kind == "_" else kind + b"-1\r\n"
    if isinstance(value, list):
        count = len(value) // 2 if reply.kind in "%|" else len(value)
        return kind + b"%d\r\n" % count + b"".join(map(encode, value))
    if reply.kind in "$!=":
        return kind + b"%d\r\n%b\r\n" % (len(value), value)
    return kind + value + b"\r\n"


@given(st.lists(_reply, max_size=3), st.integers(1, 7))
def test_replies_are_parsed_at_any_split(replies: list[Reply], size: int) -> None:
    data = b"".join(map(encode, replies))
    parser, seen = Parser(), []
    for at in range(0, len(data), size):
        parser.feed(data[at : at + size])
        while (reply := parser.next()) is not None:
            seen.append(reply)
    assert seen == replies
    assert not parser.buffer


@given(st.lists(_reply, max_size=3))
def test_a_rendered_line_is_read_back(replies: list[Reply]) -> None:
    line = render_all(replies)
    assert "\n" not in line
    assert read_replies(line) == replies


@given(st.binary(max_size=30))
def test_quoting_is_reversible(data: bytes) -> None:
    assert unquote(quote(data), 0) == (data, len(quote(data)))


@pytest.mark.parametrize("data", [b"?x\r\n", b"*abc\r\n", b"$x\r\n", b"$1\r\nabc"])
def test_what_is_no_resp_is_an_error(data: bytes) -> None:
    parser = Parser()
    parser.feed(data)
    with pytest.raises(ProtocolError):
        parser.next()


@pytest.mark.parametrize("text", ["[1", '"open', "$what", "1 2", "+"])
def test_texts_that_cannot_be_read_are_an_error(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        read_replies(text)


def test_nulls_and_strings_of_the_same_words_stay_apart() -> None:
    texts = {
        render(Reply(kind, value))
        for kind, value in [("$", None), ("*", None), ("_", None), ("$", b"OK"), ("+", b"OK"), ("$", b"")]
    }
    assert texts == {"$nil", "*nil", "_", '"OK"', "+OK", '""'}


def test_a_command_is_an_array_of_bulks() -> None:
    assert encode_command([b"GET", b"\x00"]) == b"*2\r\n$3\r\nGET\r\n$1\r\n\x00\r\n"
