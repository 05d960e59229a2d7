r"""RESP replies as trees, and the trees as one-line texts that can be read back.

A reply is `Reply(kind, value)`: kind is the protocol's own type byte, so nothing a client could see is lost: `$nil`, `*nil` and
`_` are three different nulls, `+OK` is not `"OK"`, and a map is not an array. Numbers stay text, as they came.

    +OK  -"ERR no such key"  42  "bulk\x00"  $nil  *nil  _  ,1.5  #t  (123456789  =txt:"hello"
    [1, "a"]   ~["a"]   >["message", "c", "x"]   %{"k": "v"}
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "Parser",
    "ProtocolError",
    "Reply",
    "encode_command",
    "quote",
    "read_replies",
    "render",
    "render_all",
    "unquote",
]

AGGREGATES = "*~>%|"
_OPEN = {"*": ("[", "]"), "~": ("~[", "]"), ">": (">[", "]"), "%": ("%{", "}"), "|": ("|{", "}")}
_BARE = re.compile(rb"[A-Za-z0-9_.:@/-]+\Z")


class ProtocolError(ValueError):
    """The server sent bytes that are no RESP."""


class Reply(NamedTuple):
    """One reply. `value` is bytes for a scalar, a list of replies for an aggregate (a map is flat), None for a null."""

    kind: str
    value: bytes | list[Reply] | None

    @property
    def items(self) -> list[Reply]:
        """The members of an aggregate; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    @property
    def text(self) -> bytes:
        """The bytes of a scalar; none for anything else."""
        return self.value if isinstance(self.value, bytes) else b""


class Parser:
    """Feed bytes, take whole replies."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self.buffer += data

    def next(self) -> Reply | None:
        """The next whole reply, or None when more bytes are needed."""
        found = self._read(0)
        if found is None:
            return None
        reply, end = found
        del self.buffer[:end]
        return reply

    def _read(self, at: int) -> tuple[Reply, int] | None:
        stop = self.buffer.find(b"\r\n", at)
        if stop < 0:
            return None
        kind, head, at = chr(self.buffer[at]), bytes(self.buffer[at + 1 : stop]), stop + 2
        if kind in "+-:,#(":
            return Reply(kind, head), at
        if kind == "_":
            return Reply(kind, None), at
        if kind in "$=!":
            size = _size(kind, head)
            if size < 0:
                return Reply(kind, None), at
            if len(self.buffer) < at + size + 2:
                return None
            if self.buffer[at + size : at + size + 2] != b"\r\n":
                raise ProtocolError(f"a {kind} reply of {size} bytes does not end with CR LF")
            return Reply(kind, bytes(self.buffer[at : at + size])), at + size + 2
        if kind in AGGREGATES:
            count = _size(kind, head)
            if count < 0:
                return Reply(kind, None), at
            members: list[Reply] = []
            for _ in range(count * 2 if kind in "%|" else count):
                found = self._read(at)
                if found is None:
                    return None
                members.append(found[0])
                at = found[1]
            return Reply(kind, members), at
        raise ProtocolError(f"no RESP type begins with {kind!r} (then {head[:60]!r})")


def _size(kind: str, head: bytes) -> int:
    try:
        return int(head)
    except ValueError:
        raise ProtocolError(f"{kind}{head!r} is no length") from None


def encode_command(args: list[bytes]) -> bytes:
    """A command as an array of bulk strings."""
    return b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%b\r\n" % (len(arg), arg) for arg in args)


# -- texts ---------------------------------------------------------------------------------------------------

_ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\"}
_UNESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "a": b"\a", "b": b"\b"}


def quote(data: bytes) -> str:
    """Bytes in double quotes, with the escapes of redis-cli."""
    return '"' + "".join(_ESCAPES.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data) + '"'


def unquote(text: str, at: int) -> tuple[bytes, int]:
    """The bytes of the double-quoted text that begins at `at`, and the position after it."""
    out = bytearray()
    at += 1
    while at < len(text):
        char = text[at]
        if char == '"':
            return bytes(out), at + 1
        if char == "\\" and at + 1 < len(text):
            escape = text[at + 1]
            if escape == "x" and re.match(r"[0-9a-fA-F]{2}", text[at + 2 : at + 4]):
                out.append(int(text[at + 2 : at + 4], 16))
                at += 4
                continue
            out += _UNESCAPES.get(escape, escape.encode())
            at += 2
            continue
        out += char.encode()
        at += 1
    raise ValueError(f"a quote is not closed: {text}")


def render(reply: Reply) -> str:
    """One reply as text; `read_replies` reads it back."""
    kind, value = reply
    if value is None:
        return "_" if kind == "_" else kind + "nil"
    if isinstance(value, list):
        opening, closing = _OPEN[kind]
        parts = [render(member) for member in value]
        if kind in "%|":
            parts = [f"{key}: {item}" for key, item in zip(parts[::2], parts[1::2], strict=True)]
        return opening + ", ".join(parts) + closing
    if kind == "<":  # not a reply: what the player saw instead of one, as <closed>
        return value.decode()
    if kind == "$":
        return quote(value)
    if kind == "=":
        return f"={value[:3].decode('latin-1')}:{quote(value[4:])}"
    if kind == ":":
        return value.decode("latin-1") if re.fullmatch(rb"-?\d+", value) else ":" + quote(value)
    if kind in "+,#(" and _BARE.match(value):
        return kind + value.decode()
    return kind + quote(value)


def render_all(replies: list[Reply]) -> str:
    """Several replies as one line."""
    return " ; ".join(map(render, replies))


def read_replies(text: str) -> list[Reply]:
    """The replies of a line that `render_all` wrote."""
    replies: list[Reply] = []
    at = 0
    while at < len(text):
        reply, at = _read_one(text, at)
        replies.append(reply)
        if text.startswith(" ; ", at):
            at += 3
        elif at < len(text):
            raise ValueError(f"unexpected text at {at}: {text[at : at + 40]!r}")
    return replies


_TOKEN = re.compile(r"[A-Za-z0-9_.:@/-]+")


def _read_one(text: str, at: int) -> tuple[Reply, int]:
    char = text[at]
    if char == '"':
        data, at = unquote(text, at)
        return Reply("$", data), at
    if char == "[":
        return _read_members("*", text, at + 1)
    if char in "~>%|":
        return _read_members(char, text, at + 2)
    if text.startswith("<", at):
        stop = text.index(">", at) + 1
        return Reply("<", text[at:stop].encode()), stop
    if text.startswith(("$nil", "*nil", "~nil", "%nil"), at):
        return Reply(char, None), at + 4
    if char == "_":
        return Reply("_", None), at + 1
    if char == "=":
        data, stop = unquote(text, at + 5)
        return Reply("=", text[at + 1 : at + 5].encode("latin-1") + data), stop
    kind, start = (char, at + 1) if char in "+-,#(:!" and not re.match(r"-\d", text[at : at + 2]) else (":", at)
    if text.startswith('"', start):
        data, stop = unquote(text, start)
        return Reply(kind, data), stop
    token = _TOKEN.match(text, start)
    if token is None:
        raise ValueError(f"no reply at {at}: {text[at : at + 40]!r}")
    word = token.group()
    if kind == ":":
        number = re.match(r"-?\d+", word)
        word = number.group() if number else word
    # A map's key is followed by ": ", which the token must not swallow.
    elif word.endswith(":") and text.startswith(" ", start + len(word)):
        word = word[:-1]
    return Reply(kind, word.encode()), start + len(word)


def _read_members(kind: str, text: str, at: int) -> tuple[Reply, int]:
    members: list[Reply] = []
    closing = "}" if kind in "%|" else "]"
    while text[at] != closing:
        member, at = _read_one(text, at)
        members.append(member)
        if text.startswith((", ", ": "), at):
            at += 2
    return Reply(kind, members), at + 1
