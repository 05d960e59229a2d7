"""json and jsonb: input, output, binary forms, keys, and the JSON parser behind every json function.

json keeps its text; jsonb is plain Python: dict (keys ordered by UTF-8 length, then bytes; the last duplicate wins),
list, str, Decimal, bool and JSON_NULL. The fast path is Python's C scanner; whatever it refuses, or might read
differently (escapes, nulls), goes through the parser here, which words errors as PostgreSQL does, with the excerpt
in CONTEXT.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

from emulators.postgres.errors import PgError
from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary
from emulators.postgres.types.numeric import numeric_text, parse_numeric
from emulators.postgres.types.registry import HASH_KEYS, SORT_KEYS, binary_in, binary_out, text_in, text_out
from emulators.postgres.types.strings import decode_utf8
from emulators.postgres.types.values import JSON_NULL

_SPACE: Final = " \t\n\r"
_TOKEN = re.compile(
    r"""[ \t\n\r]*(?:
      (?P<punctuation>[{}\[\],:])
    | (?P<string>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")
    | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.+\-\x80-\U0010ffff])
    | (?P<word>true|false|null)(?![A-Za-z0-9_\x80-\U0010ffff])
    )""",
    re.VERBOSE,
)
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9_\x80-\U0010ffff]+")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SIMPLE_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_INVALID = "invalid input syntax for type json"


def stack_depth_exceeded() -> PgError:
    return PgError(
        "54001",
        "stack depth limit exceeded",
        hint='Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the '
        "platform's stack depth limit is adequate.",
    )


class JsonNode:
    """A piece of JSON text with its place: `kind` is object array string number true false null."""

    __slots__ = ("end", "items", "kind", "start")

    def __init__(self, kind: str, start: int, end: int, items: Any = None):
        self.kind = kind
        self.start = start
        self.end = end
        self.items = items
        """list of (key, node) for objects, of nodes for arrays, the decoded text for strings (if asked for)"""


class JsonParser:
    """Parses one JSON text into nodes. `decode` also decodes strings, with checks that plain json skips."""

    def __init__(self, text: str, decode: bool = True, unique_keys: bool = False):
        self.text = text
        self.decode = decode
        self.unique_keys = unique_keys
        self.kind = ""
        self.token_start = 0
        self.token_end = 0
        self.position = 0

    def parse(self) -> JsonNode:
        try:
            self.advance()
            node = self.value()
        except RecursionError:
            raise stack_depth_exceeded() from None
        if self.kind != "end":
            raise self.unexpected("Expected end of input")
        return node

    # Lexing
    def advance(self) -> None:
        """Move to the next token: sets kind ({ } [ ] , : string number true false null end) and its bounds."""
        match = _TOKEN.match(self.text, self.position)
        if match is None:
            self._bad_token()
            return
        group = match.lastgroup
        self.token_end = self.position = match.end()
        self.token_start = match.start(group or "punctuation")
        if group in ("punctuation", "word"):
            self.kind = match[group]
        else:
            self.kind = group or ""

    def _bad_token(self) -> None:
        text, size = self.text, len(self.text)
        start = self.position
        while start < size and text[start] in _SPACE:
            start += 1
        self.token_start = start
        if start >= size:
            self.kind = "end"
            self.token_end = self.position = size
            return
        char = text[start]
        if char == '"':
            raise self._bad_string(start)
        if char == "-" or char.isdigit():
            end = start + 1 if char == "-" else start
            end = self._number_end(end)
            rest = _ALPHANUMERIC.match(text, end)
            self.token_end = rest.end() if rest else end
            raise self.error(f'Token "{text[start : self.token_end]}" is invalid.')
        word = _ALPHANUMERIC.match(text, start)
        self.token_end = word.end() if word else start + 1
        raise self.error(f'Token "{text[start : self.token_end]}" is invalid.')

    def _number_end(self, position: int) -> int:
        """How far upstream reads before it notices that a number is wrong."""
        text, size = self.text, len(self.text)

        def digits(at: int) -> int:
            while at < size and text[at] in "0123456789":
                at += 1
            return at

        if text[position : position + 1] == "0":
            position += 1
        elif text[position : position + 1] in tuple("123456789"):
            position = digits(position)
        else:
            return position
        if text[position : position + 1] == ".":
            after = digits(position + 1)
            if after == position + 1:
                return after
            position = after
        if text[position : position + 1] in ("e", "E"):
            position += 1
            if text[position : position + 1] in ("+", "-"):
                position += 1
            position = digits(position)
        return position

    def _bad_string(self, start: int) -> PgError:
        text, size = self.text, len(self.text)
        position = start + 1
        while True:
            if position >= size:
                self.token_end = size
                return self.error(f'Token "{text[start:]}" is invalid.')
            char = text[position]
            if char == "\\":
                following = text[position + 1 : position + 2]
                if following == "":
                    self.token_end = size
                    return self.error(f'Token "{text[start:]}" is invalid.')
                if following == "u":
                    for offset in range(2, 6):
                        if position + offset >= size:
                            self.token_end = size
                            return self.error(f'Token "{text[start:]}" is invalid.')
                        if text[position + offset] not in "0123456789abcdefABCDEF":
                            self.token_end = position + offset + 1
                            return self.error('"\\u" must be followed by four hexadecimal digits.')
                    position += 6
                    continue
                if following not in _SIMPLE_ESCAPES:
                    self.token_end = position + 2
                    return self.error(f'Escape sequence "\\{following}" is invalid.')
                position += 2
                continue
            if ord(char) < 32:
                self.token_end = position
                return self.error(f"Character with value 0x{ord(char):02x} must be escaped.")
            position += 1

    def string_value(self) -> str:
        """The current string token, decoded."""
        start = self.token_start
        raw = self.text[start + 1 : self.token_end - 1]
        if "\\" not in raw:
            return raw
        out: list[str] = []
        high = 0
        position = 0
        for match in _ESCAPE.finditer(raw):
            if match.start() > position:
                out.append(raw[position : match.start()])
                if high:
                    raise self._surrogate(start, match.start(), "low")
            position = match.end()
            escape = match[1]
            if escape[0] != "u":
                if high:
                    raise self._surrogate(start, match.end() - 1, "low")
                out.append(_SIMPLE_ESCAPES[escape])
                continue
            code = int(escape[1:], 16)
            if code == 0:
                self.token_end = start + 1 + match.end()
                raise self.error("\\u0000 cannot be converted to text.", "22P05", "unsupported Unicode escape sequence")
            if 0xD800 <= code < 0xDC00:
                if high:
                    raise self._surrogate(start, match.end(), "high")
                high = code
                continue
            if 0xDC00 <= code < 0xE000:
                if not high:
                    raise self._surrogate(start, match.end(), "low")
                code = 0x10000 + (high - 0xD800 << 10) + (code - 0xDC00)
                high = 0
            elif high:
                raise self._surrogate(start, match.end(), "low")
            out.append(chr(code))
        if high:
            raise self._surrogate(start, len(raw) if position == len(raw) else position, "low")
        out.append(raw[position:])
        return "".join(out)

    def _surrogate(self, start: int, end: int, which: str) -> PgError:
        self.token_end = start + 1 + end
        if which == "high":
            return self.error("Unicode high surrogate must not follow a high surrogate.")
        return self.error("Unicode low surrogate must follow a high surrogate.")

    # Grammar
    def value(self) -> JsonNode:
        kind, start, end = self.kind, self.token_start, self.token_end
        if kind == "string":
            decoded = self.string_value() if self.decode else None
            self.advance()
            return JsonNode(kind, start, end, decoded)
        if kind in ("number", "true", "false", "null"):
            self.advance()
            return JsonNode(kind, start, end)
        if kind == "{":
            return self._object(start)
        if kind == "[":
            return self._array(start)
        raise self.unexpected("Expected JSON value")

    def _object(self, start: int) -> JsonNode:
        items: list[tuple[str, JsonNode]] = []
        seen: set[str] = set()
        self.advance()
        if self.kind == "}":
            end = self.token_end
            self.advance()
            return JsonNode("object", start, end, items)
        if self.kind != "string":
            raise self.unexpected('Expected string or "}"')
        while True:
            if self.kind != "string":
                raise self.unexpected("Expected string")
            if self.decode or self.unique_keys:
                key = self.string_value()
            else:
                key = self.text[self.token_start + 1 : self.token_end - 1]
            if self.unique_keys:
                if key in seen:
                    raise data_error("22030", "duplicate JSON object key value")
                seen.add(key)
            self.advance()
            if self.kind != ":":
                raise self.unexpected('Expected ":"')
            self.advance()
            items.append((key, self.value()))
            if self.kind == ",":
                self.advance()
                continue
            if self.kind == "}":
                end = self.token_end
                self.advance()
                return JsonNode("object", start, end, items)
            raise self.unexpected('Expected "," or "}"')

    def _array(self, start: int) -> JsonNode:
        items: list[JsonNode] = []
        self.advance()
        if self.kind == "]":
            end = self.token_end
            self.advance()
            return JsonNode("array", start, end, items)
        while True:
            if not items and self.kind in ("}", ",", ":", "end"):
                raise self.unexpected('Expected array element or "]"' if self.kind != "," else "Expected JSON value")
            items.append(self.value())
            if self.kind == ",":
                self.advance()
                continue
            if self.kind == "]":
                end = self.token_end
                self.advance()
                return JsonNode("array", start, end, items)
            raise self.unexpected('Expected "," or "]"')

    # Errors
    def unexpected(self, expected: str) -> PgError:
        if self.kind == "end":
            return self.error("The input string ended unexpectedly.")
        return self.error(f'{expected}, but found "{self.text[self.token_start : self.token_end]}".')

    def error(self, detail: str, sqlstate: str = "22P02", message: str = _INVALID) -> PgError:
        text = self.text
        end = self.token_end
        before = text[: self.token_start]
        line = before.count("\n") + 1
        line_start = before.rfind("\n") + 1
        start = line_start
        while len(text[start:end].encode()) >= 50:
            start += 1
        if start - line_start <= 3:
            start = line_start
        prefix = "..." if start > line_start else ""
        suffix = "..." if self.kind != "end" and end < len(text) and text[end] not in "\n\r" else ""
        return PgError(
            sqlstate, message, detail=detail, where=f"JSON data, line {line}: {prefix}{text[start:end]}{suffix}"
        )


def _refuse(text: str) -> Any:
    raise ValueError(text)


_VALIDATOR = json.JSONDecoder(
    strict=True, parse_float=lambda text: None, parse_int=lambda text: None, parse_constant=_refuse
)


@text_in("json_in")
def json_in(value: str, typmod: int, ctx: Any) -> str:
    try:
        _VALIDATOR.decode(value)
    except (ValueError, RecursionError):
        JsonParser(value, decode=False).parse()
    return value


@text_out("json_out", inline="{0}")
def json_out(value: str, ctx: Any) -> str:
    return value


@binary_in("json_recv")
def json_recv(data: bytes, typmod: int, ctx: Any) -> str:
    return json_in(decode_utf8(data), typmod, ctx)


@binary_out("json_send")
def json_send(value: str, ctx: Any) -> bytes:
    return value.encode()


# jsonb
def key_order(key: str) -> tuple[int, str]:
    """jsonb orders an object's keys by length in bytes, then by bytes."""
    return len(key) if key.isascii() else len(key.encode()), key


def make_object(pairs: Any) -> dict[str, Any]:
    """A jsonb object of (key, value) pairs: ordered keys, last duplicate wins."""
    found = dict(pairs)
    if len(found) < 2:
        return found
    return {key: found[key] for key in sorted(found, key=key_order)}


_JSONB = json.JSONDecoder(
    strict=True,
    parse_float=parse_numeric,
    parse_int=parse_numeric,
    parse_constant=_refuse,
    object_pairs_hook=make_object,
)


def _with_nulls(value: Any) -> Any:
    if value is None:
        return JSON_NULL
    if isinstance(value, dict):
        return {key: _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nulls(item) for item in value]
    return value


def from_node(node: JsonNode, text: str) -> Any:
    """The jsonb value of a parsed node (strings decoded)."""
    kind = node.kind
    if kind == "object":
        return make_object([(key, from_node(item, text)) for key, item in node.items])
    if kind == "array":
        return [from_node(item, text) for item in node.items]
    if kind == "string":
        return node.items
    if kind == "number":
        return parse_numeric(text[node.start : node.end])
    return {"true": True, "false": False, "null": JSON_NULL}[kind]


def parse_jsonb(text: str, unique_keys: bool = False) -> Any:
    """A jsonb value of JSON text."""
    if "\\u" not in text and not unique_keys:
        try:
            value = _JSONB.decode(text)
        except (ValueError, RecursionError):
            pass
        else:
            return _with_nulls(value) if "null" in text else value
    return from_node(JsonParser(text, True, unique_keys).parse(), text)


@text_in("jsonb_in")
def jsonb_in(value: str, typmod: int, ctx: Any) -> Any:
    return parse_jsonb(value)


def quote(text: str) -> str:
    """A JSON string literal."""
    return encode_basestring(text)


def jsonb_text(value: Any) -> str:
    """jsonb output: one blank after colons and commas."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Decimal):
        return numeric_text(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{encode_basestring(key)}: {jsonb_text(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([jsonb_text(item) for item in value]) + "]"
    if value is JSON_NULL:
        return "null"
    return _datetime_text(value)


def _datetime_text(value: Any) -> str:
    """jsonpath's datetime items, the only other thing that can be inside."""
    return encode_basestring(value.text())


@text_out("jsonb_out")
def jsonb_out(value: Any, ctx: Any) -> str:
    return jsonb_text(value)


@binary_in("jsonb_recv")
def jsonb_recv(data: bytes, typmod: int, ctx: Any) -> Any:
    if not data:
        raise insufficient_data()
    if data[0] != 1:
        raise invalid_binary(f"unsupported jsonb version number {data[0]}")
    return parse_jsonb(decode_utf8(data[1:]))


@binary_out("jsonb_send")
def jsonb_send(value: Any, ctx: Any) -> bytes:
    return b"\1" + jsonb_text(value).encode()


def jsonb_sort_key(value: Any, top: bool = True) -> tuple[Any, ...]:
    """Object > Array > Boolean > Number > String > Null; containers by size, then member by member.

    An empty top-level array sorts below every scalar: upstream keeps scalars as one-element arrays, and compares
    sizes before contents there.
    """
    if isinstance(value, dict):
        pairs: list[Any] = []
        for key, item in value.items():
            pairs.append((key, jsonb_sort_key(item, False)))
        return 6, len(pairs), tuple(pairs)
    if isinstance(value, list):
        members = tuple(jsonb_sort_key(item, False) for item in value)
        if top and not value:
            return (-1,)
        return 5, len(members), members
    if value is JSON_NULL:
        return (0,)
    if isinstance(value, str):
        return 1, value
    if isinstance(value, bool):
        return 3, value
    return 2, value


def jsonb_hash_key(value: Any) -> Any:
    if isinstance(value, dict):
        return "o", tuple((key, jsonb_hash_key(item)) for key, item in value.items())
    if isinstance(value, list):
        return "a", tuple(jsonb_hash_key(item) for item in value)
    if value is JSON_NULL:
        return ("n",)
    if isinstance(value, bool):
        return "b", value
    return value if isinstance(value, str) else ("d", value)


SORT_KEYS["jsonb_in"] = jsonb_sort_key
HASH_KEYS["jsonb_in"] = jsonb_hash_key
