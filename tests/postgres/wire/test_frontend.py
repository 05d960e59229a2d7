"""The decoder: byte-by-byte feeding, every message, and hostile bytes that end in PgError and nothing else."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.postgres.errors import PgError
from emulators.postgres.wire import backend, frontend


def msg(code: str, body: bytes) -> bytes:
    return code.encode() + struct.pack("!I", len(body) + 4) + body


def startup(**parameters: str) -> bytes:
    body = struct.pack("!I", frontend.PROTOCOL_3_0)
    body += b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in parameters.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def frames(data: bytes, chunk: int) -> list[frontend.Frame]:
    decoder = frontend.Decoder()
    out = []
    for at in range(0, len(data), chunk):
        decoder.feed(data[at : at + chunk])
        while (frame := decoder.next()) is not None:
            out.append(frame)
    return out


STREAM = (
    struct.pack("!II", 8, frontend.SSL_REQUEST)
    + startup(user="u", database="d")
    + msg("Q", b"select 1\0")
    + msg("P", b"s\0select $1\0\0\1\0\0\0\x17")
    + msg("B", b"\0s\0\0\1\0\1\0\1\0\0\0\4\0\0\0\7\0\1\0\0")
    + msg("E", b"\0\0\0\0\5")
    + msg("S", b"")
)


@pytest.mark.parametrize("chunk", [1, 2, 7, 1000])
def test_any_chunking_gives_the_same_frames(chunk: int) -> None:
    got = frames(STREAM, chunk)
    assert [code for code, _ in got] == ["ssl", "startup", "Q", "P", "B", "E", "S"]
    assert frontend.parse_startup(got[1][1]) == (196608, {"user": "u", "database": "d"})
    assert frontend.parse_string(got[2][1]) == "select 1"
    assert frontend.parse_parse(got[3][1]) == ("s", "select $1", (23,))
    assert frontend.parse_bind(got[4][1]) == ("", "s", (1,), [b"\0\0\0\7"], (0,))
    assert frontend.parse_execute(got[5][1]) == ("", 5)


@pytest.mark.parametrize(
    ("parse", "payload", "sqlstate"),
    [
        (frontend.parse_parse, b"s\0select", "08P01"),
        (frontend.parse_parse, b"s\0select 1\0\0\2\0\0\0\1", "08P01"),
        (frontend.parse_bind, b"\0s\0\0\0\0\1\0\0\0\x09abc", "08P01"),
        (frontend.parse_bind, b"\0s\0\0\0\0\1\xff\xff\xff\xf0\0\0", "08P01"),
        (frontend.parse_bind, b"\0s\0\0\0\0\0\0\0extra", "08P01"),
        (frontend.parse_execute, b"p\0\0\0", "08P01"),
        (frontend.parse_target, b"", "08P01"),
        (frontend.parse_string, b"\xff\xfe\0", "22021"),
    ],
)
def test_malformed_payloads_are_protocol_errors(parse, payload: bytes, sqlstate: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PgError) as caught:
        parse(payload)
    assert caught.value.sqlstate == sqlstate


def test_unknown_message_type_is_fatal_at_its_first_byte() -> None:
    decoder = frontend.Decoder()
    decoder.started = True
    decoder.feed(b"\x01")
    with pytest.raises(frontend.Fatal, match="invalid frontend message type 1"):
        decoder.next()


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_frames_or_the_protocols_own_error(data: bytes, started: bool) -> None:
    decoder = frontend.Decoder()
    decoder.started = started
    decoder.feed(data)
    parsers = {"P": frontend.parse_parse, "B": frontend.parse_bind, "E": frontend.parse_execute,
               "C": frontend.parse_target, "D": frontend.parse_target, "Q": frontend.parse_string,
               "startup": frontend.parse_startup, "cancel": frontend.parse_cancel}  # fmt: skip
    error = None
    try:
        while (frame := decoder.next()) is not None:
            parser = parsers.get(frame[0])
            if parser is not None:
                parser(frame[1])
    except PgError as raised:
        error = raised
    assert error is None or error.sqlstate in {"08P01", "0A000", "22021"}


def test_rows_and_errors_are_framed_with_their_own_length() -> None:
    for data in (
        backend.data_row([b"a", None, b""]),
        backend.error_response(PgError("42601", "x", position=3)),
        backend.row_description([backend.Field("a", 1, 2, 23, 4, -1)]),
        backend.command_complete("SELECT 1"),
    ):
        assert struct.unpack_from("!I", data, 1)[0] == len(data) - 1
