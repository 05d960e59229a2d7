"""RESP, the wire protocol of Redis: bytes to requests, reply values to bytes. Sans-IO.

Requests: arrays of bulk strings, or inline commands (a line of words with quotes). The C parser of `hiredis` takes the common
path; anything it would take differently from a real server goes to the exact reader written here, from the start of the request.
A reader returns a request (a list of bytes), None for "need more", or raises `ProtocolError` with the server's own words.

Replies are Python values, written as RESP2 or RESP3 (see `Encoder`):
    bytes bulk string | int integer | None null | list array | float double | dict map | bool boolean
    Status simple string | RedisError error | SetReply set | Pairs member-score pairs | Verbatim | Push | NULL_ARRAY |
    Encoded | NO_REPLY
Differs from redis-server: none known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, Final

import hiredis

from emulators.redis.errors import RedisError

__all__ = [
    "NO_REPLY",
    "NULL_ARRAY",
    "OK",
    "PONG",
    "QUEUED",
    "BigNumber",
    "Encoded",
    "Encoder",
    "Pairs",
    "ProtocolError",
    "Push",
    "Reader",
    "Reply",
    "SetReply",
    "Status",
    "Verbatim",
    "format_double",
    "split_words",
]

Reply = Any

MAX_INLINE = 64 * 1024
MAX_MULTIBULK = 2**31 - 1  # redis 7: INT_MAX for authenticated clients
MAX_UNAUTHENTICATED_MULTIBULK = 10
MAX_UNAUTHENTICATED_BULK = 16_384
# What hiredis takes though a server does not, or what costs it memory to believe: an element that begins like a simple string,
# verbatim text or big number, and a count of five digits or more. All may also be part of a value; then only speed is lost.
_ODD = re.compile(rb"\n[+=(]|[%~>|][0-9]{5}")
_MANY = re.compile(rb"\*[0-9][0-9][0-9][0-9][0-9]")


def _looks_odd(data: bytes) -> bool:
    # Looking for single bytes first is an order of magnitude cheaper than the expression.
    if 43 in data or 61 in data or 40 in data or 37 in data or 126 in data or 62 in data or 124 in data:
        return _ODD.search(data) is not None or _MANY.search(data) is not None
    return _MANY.search(data) is not None


class ProtocolError(Exception):
    """The request breaks the protocol; the text is what the server answers before it closes the connection."""


class Status(bytes):
    """A simple string (`+OK`)."""

    __slots__ = ()


class _Sentinel:
    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


class SetReply(list[Any]):
    """A set in RESP3, an array in RESP2."""


class Push(list[Any]):
    """An out-of-band message: push type in RESP3, an array in RESP2."""


class Pairs(list[tuple[Any, Any]]):
    """Pairs: nested arrays in RESP3, one flat array in RESP2 (WITHSCORES and the like)."""


class Verbatim(bytes):
    """Verbatim text in RESP3 (format `txt`), a bulk string in RESP2."""


class BigNumber(int):
    """A big number in RESP3, a bulk string in RESP2."""


class Encoded:
    """A reply that is encoded already, per protocol."""

    __slots__ = ("resp2", "resp3")

    def __init__(self, resp2: bytes, resp3: bytes) -> None:
        self.resp2 = resp2
        self.resp3 = resp3


OK: Final = Status(b"OK")
PONG: Final = Status(b"PONG")
QUEUED: Final = Status(b"QUEUED")
NULL_ARRAY: Final = _Sentinel("NULL_ARRAY")
NO_REPLY: Final = _Sentinel("NO_REPLY")


def format_double(value: float, shortest: bool = True) -> bytes:
    """A double as Redis prints it: `%.17g` up to 7.0, the shortest text that reads back the same from 7.2 on."""
    if value != value:
        return b"nan"
    if value in (float("inf"), float("-inf")):
        return b"inf" if value > 0 else b"-inf"
    if value == int(value) and abs(value) < 1e17:
        # -0.0 prints as "-0" in both.
        return b"-0" if value == 0 and str(value)[0] == "-" else b"%d" % int(value)
    if not shortest:
        return b"%.17g" % value
    text = repr(value)
    if "e" in text:
        mantissa, exponent = text.split("e")
        sign = exponent[0] if exponent[0] in "+-" else "+"
        text = f"{mantissa}e{sign}{exponent.lstrip('+-').zfill(2)}"
    return text.encode()


class Encoder:
    """Writes reply values for one protocol and one server version. `encode(value)` returns the bytes."""

    def __init__(self, protocol: int, shortest_doubles: bool) -> None:
        self.protocol = protocol
        self._shortest = shortest_doubles
        table: dict[type, Callable[[Any], bytes]] = {
            bytes: _bulk,
            int: lambda value: b":%d\r\n" % value,
            list: self._array,
            tuple: self._array,
            Status: lambda value: b"+%b\r\n" % value,
            Push: self._push,
        }
        if protocol == 3:
            table.update(
                {
                    type(None): lambda value: b"_\r\n",
                    bool: lambda value: b"#t\r\n" if value else b"#f\r\n",
                    float: lambda value: b",%b\r\n" % format_double(value, self._shortest),
                    dict: self._map3,
                    SetReply: lambda value: self._many(b"~%d\r\n" % len(value), value),
                    Pairs: lambda value: self._many(b"*%d\r\n" % len(value), value),
                    Verbatim: lambda value: b"=%d\r\ntxt:%b\r\n" % (len(value) + 4, value),
                    BigNumber: lambda value: b"(%d\r\n" % value,
                    Encoded: lambda value: value.resp3,
                }
            )
        else:
            table.update(
                {
                    type(None): lambda value: b"$-1\r\n",
                    bool: lambda value: b":1\r\n" if value else b":0\r\n",
                    float: lambda value: _bulk(format_double(value, self._shortest)),
                    dict: self._map2,
                    SetReply: self._array,
                    Pairs: self._pairs2,
                    Verbatim: _bulk,
                    BigNumber: lambda value: _bulk(b"%d" % value),
                    Encoded: lambda value: value.resp2,
                }
            )
        self._table = table

    def encode(self, value: Reply) -> bytes:
        writer = self._table.get(type(value))
        if writer is not None:
            return writer(value)
        if isinstance(value, RedisError):
            return b"-%b\r\n" % value.line
        if value is NULL_ARRAY:
            return b"_\r\n" if self.protocol == 3 else b"*-1\r\n"
        if value is NO_REPLY:
            return b""
        for kind, writer in self._table.items():
            if isinstance(value, kind):
                # Remember the subclass (a raw string, say), so that the next one is found at once.
                self._table[type(value)] = writer
                return writer(value)
        raise TypeError(f"not a reply value: {type(value).__name__}")

    def _many(self, head: bytes, values: Iterable[Any]) -> bytes:
        encode = self.encode
        return head + b"".join([b"$%d\r\n%b\r\n" % (len(v), v) if type(v) is bytes else encode(v) for v in values])

    def _array(self, values: Any) -> bytes:
        return self._many(b"*%d\r\n" % len(values), values)

    def _push(self, values: Any) -> bytes:
        return self._many((b">%d\r\n" if self.protocol == 3 else b"*%d\r\n") % len(values), values)

    def _map3(self, value: dict[Any, Any]) -> bytes:
        return self._many(b"%%%d\r\n" % len(value), [item for pair in value.items() for item in pair])

    def _map2(self, value: dict[Any, Any]) -> bytes:
        return self._many(b"*%d\r\n" % (2 * len(value)), [item for pair in value.items() for item in pair])

    def _pairs2(self, value: Pairs) -> bytes:
        return self._many(b"*%d\r\n" % (2 * len(value)), [item for pair in value for item in pair])


def _bulk(value: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value)


class Reader:
    """Requests from a stream of bytes. `feed` takes bytes in, `take` gives the requests that are complete.

    `authenticated` False applies the tighter limits that a server sets for clients that have not logged in.

    hiredis does the work while the bytes look like what clients send. It does not say where a request ended, so the bytes fed to it
    are kept (`_kept`, from the beginning of a request on) until what follows shows that they were whole; when something is odd,
    the exact reader starts again from there and skips what was given out already.
    """

    def __init__(self, max_bulk: int = 512 * 1024 * 1024) -> None:
        self.max_bulk = max_bulk
        self.authenticated = True
        #: Requests decoded but not given out yet.
        self.ready: list[list[bytes]] = []
        self._fast = hiredis.Reader()
        self._kept: list[bytes] = []
        #: How many requests of `_kept` were decoded already; True in `_settled` when nothing seems to follow them.
        self._decoded = 0
        self._settled = True
        #: While a request is incomplete: look at it again when this many bytes are there.
        self._look_at = 0
        self._failure: ProtocolError | None = None
        #: The exact reader while it is in charge; None while hiredis is.
        self._slow: _ExactReader | None = None

    def feed(self, data: bytes) -> None:
        slow = self._slow
        if slow is not None:
            slow.feed(data)
            return
        if not data:
            return
        if not self.authenticated or _looks_odd(data) or (self._settled and data[:1] != b"*"):
            self._fall_back().feed(data)
            return
        if self._settled:
            previous, decoded = self._kept, self._decoded
            self._kept, self._decoded, self._settled = [data], 0, False
            if not self._decode(data):
                # Perhaps what was there before was not whole after all.
                self._kept, self._decoded = [*previous, data], decoded
                self._fall_back()
            return
        self._kept.append(data)
        if not self._decode(data):
            self._fall_back()

    def take(self) -> list[list[bytes]]:
        """All requests that are decoded already, or the next one; empty when more bytes are needed. Raises ProtocolError."""
        if self.ready:
            ready, self.ready = self.ready, []
            return ready
        slow = self._slow
        if slow is not None:
            request = slow.next()
            if request is None and slow.empty:
                self._slow = None
            return [] if request is None else [request]
        if self._failure is not None:
            raise self._failure
        return []

    def _decode(self, data: bytes) -> bool:
        """Feed hiredis and take every whole request out of it; False when it met what a server takes differently."""
        self._fast.feed(data)
        gets = self._fast.gets
        requests: list[Any] = []
        try:
            while (request := gets()) is not False:
                requests.append(request)
            # One pass in C over all words: anything that is not bytes raises TypeError.
            b"".join(chain.from_iterable(requests))
        except (hiredis.ProtocolError, hiredis.ReplyError, TypeError):
            return False
        for request in requests:
            if type(request) is not list or not request:
                return False
        if requests:
            # hiredis may be in the middle of a request and hold no bytes of it, so only counting tells.
            self._settled = not self._fast.has_data() and sum(map(_wire_size, requests)) == sum(map(len, self._kept))
            self._decoded += len(requests)
            self.ready += requests
        if not self._settled:
            return self._incomplete(requests)
        return True

    def _incomplete(self, requests: list[list[bytes]]) -> bool:
        """Keep only the bytes of the unfinished request, and refuse absurd lengths in it now, not later."""
        if requests:
            pending = b"".join(self._kept)
            start = sum(map(_wire_size, requests))
            if start == len(pending):
                self._settled = True
                return True
            if pending[start - 2 : start + 1] != b"\r\n*":
                # Written in an unusual way (leading zeros, say): the exact reader finds the place.
                self._fall_back()
                return True
            self._kept, self._decoded, self._look_at = [pending[start:]], 0, 0
        total = sum(map(len, self._kept))
        if total >= self._look_at:
            probe = _ExactReader(self)
            probe.feed(b"".join(self._kept))
            try:
                probe.next()
            except ProtocolError as error:
                self._failure = error
                return True
            if probe.in_header:
                # A length that is not all there must not reach hiredis, which would believe any number.
                self._fall_back()
                return True
            self._look_at = total + probe.missing
        return True

    def _fall_back(self) -> _ExactReader:
        """Put the exact reader in charge, with all bytes that no request was made of."""
        slow = self._slow = _ExactReader(self)
        slow.feed(b"".join(self._kept))
        for _ in range(self._decoded):
            slow.next()
        self._fast = hiredis.Reader()
        self._kept, self._decoded, self._settled, self._look_at = [], 0, True, 0
        return slow


def _wire_size(request: list[bytes]) -> int:
    """Bytes of a request as clients write it."""
    size = len(str(len(request))) + 3
    for word in request:
        length = len(word)
        size += len(str(length)) + 5 + length
    return size


class _ExactReader:
    """Reads requests exactly as the server does, errors included. Slower; used where hiredis would differ."""

    def __init__(self, owner: Reader) -> None:
        self._owner = owner
        self._buffer = bytearray()
        self._position = 0
        self._arguments: list[bytes] | None = None
        self._missing = 0
        self._bulk_length = -1

    @property
    def empty(self) -> bool:
        return self._position == len(self._buffer) and self._arguments is None

    @property
    def in_header(self) -> bool:
        """True when it waits for the end of a line that holds a length."""
        return self._bulk_length < 0 and self._position < len(self._buffer)

    @property
    def missing(self) -> int:
        """How many bytes have to come at least before it makes sense to look again."""
        return max(1, self._position + max(self._bulk_length, 0) + 2 - len(self._buffer))

    def feed(self, data: bytes) -> None:
        if self._position:
            del self._buffer[: self._position]
            self._position = 0
        self._buffer += data

    def next(self) -> list[bytes] | None:
        while True:
            if self._arguments is not None:
                return self._bulks()
            if self._position >= len(self._buffer):
                return None
            if self._buffer[self._position] == 0x2A:  # *
                line = self._line("too big mbulk count string")
                if line is None:
                    return None
                count = _integer(line[1:])
                limit = MAX_MULTIBULK if self._owner.authenticated else MAX_UNAUTHENTICATED_MULTIBULK
                if count is None or count > MAX_MULTIBULK:
                    raise ProtocolError("invalid multibulk length")
                if count > limit:
                    raise ProtocolError("unauthenticated multibulk length")
                if count <= 0:
                    continue
                self._arguments, self._missing, self._bulk_length = [], count, -1
                continue
            words = self._inline()
            if words is None:
                return None
            if words:
                return words

    def _bulks(self) -> list[bytes] | None:
        arguments = self._arguments
        assert arguments is not None
        while self._missing:
            if self._bulk_length < 0:
                if self._position >= len(self._buffer):
                    return None
                line = self._line("too big bulk count string")
                if line is None:
                    return None
                if line[:1] != b"$":
                    shown = chr(line[0]) if line else " "
                    raise ProtocolError(f"expected '$', got '{shown}'")
                length = _integer(line[1:])
                if length is None or length < 0 or length > self._owner.max_bulk:
                    raise ProtocolError("invalid bulk length")
                if length > MAX_UNAUTHENTICATED_BULK and not self._owner.authenticated:
                    raise ProtocolError("unauthenticated bulk length")
                self._bulk_length = length
            end = self._position + self._bulk_length
            if len(self._buffer) < end + 2:
                return None
            arguments.append(bytes(self._buffer[self._position : end]))
            self._position = end + 2
            self._bulk_length = -1
            self._missing -= 1
        self._arguments = None
        return arguments

    def _line(self, too_long: str) -> bytes | None:
        """Up to CR (the byte after it is skipped unread, as the server does), or None if it is not there yet."""
        end = self._buffer.find(b"\r", self._position)
        if end < 0 or end + 1 >= len(self._buffer):
            if (len(self._buffer) if end < 0 else end) - self._position > MAX_INLINE:
                raise ProtocolError(too_long)
            return None
        line = bytes(self._buffer[self._position : end])
        self._position = end + 2
        return line

    def _inline(self) -> list[bytes] | None:
        end = self._buffer.find(b"\n", self._position)
        if end < 0:
            if len(self._buffer) - self._position > MAX_INLINE:
                raise ProtocolError("too big inline request")
            return None
        line = bytes(self._buffer[self._position : end])
        self._position = end + 1
        if line.endswith(b"\r"):
            line = line[:-1]
        words = split_words(line)
        if words is None:
            raise ProtocolError("unbalanced quotes in request")
        return words


def _integer(text: bytes) -> int | None:
    """An integer in the strict form that the server reads: no spaces, no plus sign, no leading zeros, 64 bits."""
    if not text or len(text) > 20:
        return None
    digits = text[1:] if text[:1] == b"-" else text
    if not digits.isdigit() or (digits[:1] == b"0" and len(text) > 1):
        return None
    value = int(text)
    return value if -(2**63) <= value < 2**63 else None


_ESCAPES = {0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x62: 0x08, 0x61: 0x07}
_SPACES = b" \t\n\r\v\f\0"


def split_words(line: bytes) -> list[bytes] | None:
    r"""Words of a line by redis-cli's rules: "..." with \n \r \t \b \a \xHH escapes, '...' with \' only. None if unbalanced."""
    words: list[bytes] = []
    position, size = 0, len(line)
    while True:
        while position < size and line[position] in _SPACES:
            position += 1
        if position >= size:
            return words
        word = bytearray()
        quote = 0
        while True:
            if position >= size:
                if quote:
                    return None
                break
            byte = line[position]
            if quote == 0x22:
                if byte == 0x5C and position + 1 < size:
                    follower = line[position + 1]
                    pair = line[position + 2 : position + 4]
                    if follower == 0x78 and len(pair) == 2 and _is_hex(pair):
                        word.append(int(pair, 16))
                        position += 3
                    else:
                        word.append(_ESCAPES.get(follower, follower))
                        position += 1
                elif byte == 0x22:
                    if position + 1 < size and line[position + 1] not in _SPACES:
                        return None
                    position += 1
                    break
                else:
                    word.append(byte)
            elif quote == 0x27:
                if byte == 0x5C and line[position + 1 : position + 2] == b"'":
                    word.append(0x27)
                    position += 1
                elif byte == 0x27:
                    if position + 1 < size and line[position + 1] not in _SPACES:
                        return None
                    position += 1
                    break
                else:
                    word.append(byte)
            elif byte in _SPACES:
                break
            elif byte in (0x22, 0x27):
                quote = byte
            else:
                word.append(byte)
            position += 1
        words.append(bytes(word))


def _is_hex(pair: bytes) -> bool:
    return all(byte in b"0123456789abcdefABCDEF" for byte in pair)
