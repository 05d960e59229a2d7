"""The grammar: libpg_query (PostgreSQL 18) from the wheel `postgast`, called through ctypes.

The library's JSON form is used rather than its protobuf: json and ctypes load in a few milliseconds where protobuf's
classes take fifty, parsing is as fast, and there is no recursion limit to lift. Text that nests too deeply raises
54001 as in PostgreSQL. Errors keep PostgreSQL's message and position; the SQLSTATE is 42601 but for a few messages.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import sys
from ctypes import POINTER, Structure, c_char_p, c_int, c_void_p
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from emulators.postgres.errors import PgError, out_of_stack
from emulators.postgres.parse.node import Node, build

# Beyond this many operator-like bytes in one statement the C parser itself could run out of stack.
_DEEP_TEXT = 200_000


class _Error(Structure):
    _fields_ = [
        ("message", c_char_p),
        ("funcname", c_char_p),
        ("filename", c_char_p),
        ("lineno", c_int),
        ("cursorpos", c_int),
        ("context", c_char_p),
    ]


class _ParseResult(Structure):
    _fields_ = [("parse_tree", c_void_p), ("stderr_buffer", c_void_p), ("error", POINTER(_Error))]


class _NormalizeResult(Structure):
    _fields_ = [("normalized_query", c_char_p), ("error", POINTER(_Error))]


def _load() -> ctypes.CDLL:
    spec = importlib.util.find_spec("postgast")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package 'postgast' is needed for the Postgres emulator: pip install postgast")
    name = {"darwin": "libpg_query.dylib", "win32": "pg_query.dll"}.get(sys.platform, "libpg_query.so")
    library = ctypes.CDLL(str(Path(spec.submodule_search_locations[0]) / name))
    library.pg_query_parse_opts.argtypes = [c_char_p, c_int]
    library.pg_query_parse_opts.restype = _ParseResult
    library.pg_query_free_parse_result.argtypes = [_ParseResult]
    library.pg_query_free_parse_result.restype = None
    return library


_library: ctypes.CDLL | None = None

MODE_STATEMENTS = 0
MODE_TYPE_NAME = 1
MODE_EXPRESSION = 2


class Statement(NamedTuple):
    """One statement of a text: its node, and the bytes of the text it stands in."""

    node: Node
    start: int
    length: int
    text: str


def parse(text: str, mode: int = MODE_STATEMENTS) -> list[Statement]:
    """The statements of a text, in order."""
    if "\0" in text:
        text = text[: text.index("\0")]
    data = text.encode("utf-8", "surrogateescape")
    if len(data) > _DEEP_TEXT:
        _guard(data)
    tree = _parse_json(data, mode)
    try:
        loaded = json.loads(tree)
        out = []
        for raw in loaded["stmts"]:
            start = raw.get("stmt_location", 0)
            length = raw.get("stmt_len", 0) or len(data) - start
            if "stmt" in raw:
                out.append(Statement(build(raw["stmt"]), start, length, text))
        return out
    except RecursionError:
        raise out_of_stack() from None


@lru_cache(maxsize=512)
def parse_cached(text: str) -> tuple[Statement, ...]:
    """Like `parse`, for texts that come again; the nodes are shared, so they must not be changed."""
    return tuple(parse(text))


def _parse_json(data: bytes, mode: int) -> bytes:
    global _library
    if _library is None:
        _library = _load()
    result: Any = _library.pg_query_parse_opts(data, mode)
    try:
        if result.error:
            error = result.error.contents
            message = error.message.decode("utf-8", "replace")
            raise PgError(
                _sqlstate(message),
                message,
                location=error.cursorpos - 1 if error.cursorpos > 0 else None,
                hint=_HINTS.get(message),
            )
        return ctypes.string_at(result.parse_tree)
    finally:
        _library.pg_query_free_parse_result(result)


_HINTS = {
    "WITH cannot be recursive and non-recursive": None,
}

_FEATURE = (
    "MATCH PARTIAL not yet implemented",
    "CREATE ASSERTION is not yet implemented",
    "current database cannot be changed",
    "a column list with SET",
    "constraints cannot be",
    "unlogged",
    "cannot be marked",
    "CREATE SCHEMA IF NOT EXISTS cannot include",
    "WITH CHECK OPTION not supported",
    "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported",
)


def _sqlstate(message: str) -> str:
    if any(part in message for part in _FEATURE) or message.endswith("not supported"):
        return "0A000"
    if "INTERVAL(" in message or message.startswith("precision for type float must be"):
        return "22023"
    if message.startswith("invalid Unicode escape") or "surrogate pair" in message:
        return "42601" if "value" not in message else "22025"
    if message == "stack depth limit exceeded":
        return "54001"
    return "42601"


def _guard(data: bytes) -> None:
    """Refuse texts so deep that the C parser would overrun its stack (about 25,000 levels)."""
    depth = deepest = 0
    for byte in data:
        if byte in b"([":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b")]":
            depth -= 1
    operators = sum(data.count(op) for op in (b"+", b"||", b" UNION ", b" union ", b" JOIN ", b" join "))
    if deepest > 5_000 or (operators > 20_000 and data.count(b",") < operators):
        raise out_of_stack()
