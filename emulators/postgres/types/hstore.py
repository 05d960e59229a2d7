"""hstore, the extension's key/value type: a dict of str to str or None, ordered by key length in bytes, then key.

Text is `"a"=>"1", "b"=>NULL`; of duplicate keys the first one stays on input, as upstream keeps it.
"""

from __future__ import annotations

import struct
from typing import Any

from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary
from emulators.postgres.types.json_io import key_order
from emulators.postgres.types.registry import HASH_KEYS, SORT_KEYS, binary_in, binary_out, text_in, text_out
from emulators.postgres.types.strings import decode_utf8

_SPACE = " \t\n\r\v\f"
Pairs = dict[str, str | None]


def make_hstore(pairs: list[tuple[str, str | None]]) -> Pairs:
    """An ordered hstore; the first of equal keys stays."""
    found: Pairs = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return {key: found[key] for key in sorted(found, key=key_order)}


def _syntax(text: str, position: int) -> Exception:
    if position >= len(text):
        return data_error("42601", "syntax error in hstore: unexpected end of string")
    return data_error("42601", f'syntax error in hstore, near "{text[position]}" at position {position}')


class _Parser:
    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def space(self) -> None:
        while self.text[self.at : self.at + 1] in tuple(_SPACE):
            self.at += 1

    def word(self, stops: str) -> tuple[str, bool]:
        """(text, whether it was quoted)"""
        text = self.text
        out: list[str] = []
        if text[self.at : self.at + 1] == '"':
            self.at += 1
            while True:
                char = text[self.at : self.at + 1]
                if not char:
                    raise _syntax(text, self.at)
                self.at += 1
                if char == '"':
                    return "".join(out), True
                if char == "\\":
                    char = text[self.at : self.at + 1]
                    if not char:
                        raise _syntax(text, self.at)
                    self.at += 1
                out.append(char)
        while self.at < len(text) and text[self.at] not in stops and text[self.at] not in _SPACE:
            char = text[self.at]
            if char == "\\":
                self.at += 1
                char = text[self.at : self.at + 1]
                if not char:
                    raise _syntax(text, self.at)
            out.append(char)
            self.at += 1
        if not out:
            raise _syntax(text, self.at)
        return "".join(out), False

    def run(self) -> Pairs:
        text = self.text
        pairs: list[tuple[str, str | None]] = []
        self.space()
        while self.at < len(text):
            key, _ = self.word("=")
            self.space()
            if text[self.at : self.at + 2] != "=>":
                raise _syntax(text, self.at + (1 if text[self.at : self.at + 1] == "=" else 0))
            self.at += 2
            self.space()
            value, quoted = self.word(",")
            pairs.append((key, None if not quoted and value.lower() == "null" else value))
            self.space()
            if self.at < len(text):
                if text[self.at] != ",":
                    raise _syntax(text, self.at)
                self.at += 1
                self.space()
        return make_hstore(pairs)


@text_in("hstore_in")
def hstore_in(value: str, typmod: int, ctx: Any) -> Pairs:
    return _Parser(value).run()


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@text_out("hstore_out")
def hstore_out(value: Pairs, ctx: Any) -> str:
    return ", ".join(f"{quote(key)}=>{'NULL' if item is None else quote(item)}" for key, item in value.items())


@binary_in("hstore_recv")
def hstore_recv(data: bytes, typmod: int, ctx: Any) -> Pairs:
    position = 0

    def number() -> int:
        nonlocal position
        if len(data) < position + 4:
            raise insufficient_data()
        (value,) = struct.unpack_from("!i", data, position)
        position += 4
        return int(value)

    def text(size: int) -> str:
        nonlocal position
        if size < 0 or len(data) < position + size:
            raise insufficient_data()
        position += size
        return decode_utf8(data[position - size : position])

    pairs: list[tuple[str, str | None]] = []
    for _ in range(max(number(), 0)):
        size = number()
        if size < 0:
            raise data_error("22004", "null value not allowed for hstore key")
        key = text(size)
        size = number()
        pairs.append((key, None if size < 0 else text(size)))
    if position != len(data):
        raise invalid_binary()
    return make_hstore(pairs)


@binary_out("hstore_send")
def hstore_send(value: Pairs, ctx: Any) -> bytes:
    out = [struct.pack("!i", len(value))]
    for key, item in value.items():
        data = key.encode()
        out.append(struct.pack("!i", len(data)) + data)
        if item is None:
            out.append(b"\xff\xff\xff\xff")
        else:
            data = item.encode()
            out.append(struct.pack("!i", len(data)) + data)
    return b"".join(out)


def hstore_key(value: Pairs) -> tuple[Any, ...]:
    return tuple((key, item is None, item or "") for key, item in value.items())


SORT_KEYS["hstore_in"] = HASH_KEYS["hstore_in"] = hstore_key
