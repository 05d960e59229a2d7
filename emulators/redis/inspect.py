"""A Redis state for people: the `dump` shape, and the canonical form behind digests.

Dump: `{keyCount, keys, data: {key: {value, type, ttl}}}` for database 0 and, where others hold keys, `databases:
{number: same}`. Bytes that are
not UTF-8 are shown with backslash escapes; `ttl` is in seconds (rounded up), None without a deadline.
"""

from __future__ import annotations

from typing import Any

from emulators.redis.keyspace import DatabaseState, Stored
from emulators.redis.values import readable, type_name

__all__ = ["canonical", "dump_databases", "readable"]


def dump_databases(state: dict[str, Any], now_ms: int) -> dict[str, Any]:
    empty = DatabaseState({}, {}, {})
    dbs: dict[int, DatabaseState] = state["dbs"]
    result = _dump_one(dbs.get(0, empty), now_ms)
    others = {str(number): _dump_one(content, now_ms) for number, content in sorted(dbs.items()) if number}
    if others:
        result["databases"] = others
    return result


def _dump_one(content: DatabaseState, now_ms: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in content.data.items():
        deadline = content.expires.get(key)
        data[readable(key)] = {
            "value": _plain(value),
            "type": type_name(value).decode(),
            "ttl": None if deadline is None else max(0, -(-(deadline - now_ms) // 1000)),
        }
    return {"keyCount": len(data), "keys": list(data), "data": data}


def _plain(value: Stored) -> Any:
    return readable(value) if isinstance(value, bytes) else value.plain()


def canonical(value: Stored) -> tuple[str, Any]:
    """Type and content in a form that does not depend on the order of insertion."""
    if isinstance(value, bytes):
        return "string", bytes(value)
    return value.type_name.decode(), value.canonical()
