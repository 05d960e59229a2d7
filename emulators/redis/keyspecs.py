"""Which arguments are keys, and what happens to them: the key specifications of the command table, evaluated.

ACL rules (%R~ and %W~), cluster slots, client tracking and COMMAND GETKEYSANDFLAGS read it. `found_keys` gives `(position, flags)`;
the flags of a few commands depend on their arguments (SET with GET, BITFIELD that only reads, SORT with STORE).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from emulators.redis.arguments import long_integer
from emulators.redis.table import Command, command_keys

__all__ = ["Found", "found_keys"]

Found = tuple[int, tuple[str, ...]]


class _Unusable(Exception):
    """The arguments are too wrong to say."""


class _Unknown(Exception):
    """The specifications do not say; a function has to."""


def _begin(spec: dict[str, Any], args: list[bytes]) -> int | None:
    begin = spec["begin_search"]
    if begin["type"] == "index":
        return int(begin["spec"]["index"])
    if begin["type"] != "keyword":
        raise _Unknown
    wanted = begin["spec"]["keyword"].upper().encode()
    start = begin["spec"]["startfrom"]
    if start > 0:
        places: Any = range(start, len(args) - 1)
    else:
        places = range(len(args) + start, 0, -1)
    for place in places:
        if place < len(args) and args[place].upper() == wanted:
            return int(place) + 1
    return None


def _evaluate(spec: dict[str, Any], args: list[bytes]) -> Iterator[int]:
    first = _begin(spec, args)
    if first is None:
        return
    find = spec["find_keys"]
    details = find["spec"]
    if find["type"] == "range":
        step, last, limit = details["keystep"], details["lastkey"], details["limit"]
        if last >= 0:
            end = first + last
        elif limit <= 1:
            end = len(args) + last
        else:
            end = first + (len(args) - first) // limit + last
        positions = range(first, end + 1, step)
    elif find["type"] == "keynum":
        place = first + details["keynumidx"]
        count = long_integer(args[place]) if place < len(args) else None
        if count is None or count < 0:
            raise _Unusable
        start, step = first + details["firstkey"], details["keystep"]
        positions = range(start, start + count * step, step)
    else:
        raise _Unknown
    for position in positions:
        if position >= len(args):
            raise _Unusable
        yield position


def found_keys(row: Command, args: list[bytes]) -> list[Found]:
    """Keys with their flags (RO RW OW RM, access update insert delete, ...), in the order of the specifications."""
    special = _SPECIAL.get(row.name)
    if special is not None:
        return special(row, args)
    found: list[Found] = []
    try:
        for spec in row.key_specs:
            flags = tuple(spec["flags"])
            if "not_key" in flags:
                continue
            if "incomplete" in flags:
                raise _Unknown
            found.extend((position, flags) for position in _evaluate(spec, args))
    except _Unusable:
        return []
    except _Unknown:
        if row.find_keys is None:
            return []
        flags = tuple(row.key_specs[0]["flags"]) if row.key_specs else ("RW", "access", "update")
        return [(position, flags) for position in command_keys(row, args)]
    return found


def _set(row: Command, args: list[bytes]) -> list[Found]:
    if any(word.upper() == b"GET" for word in args[3:]):
        return [(1, ("RW", "access", "update"))]
    return [(1, ("OW", "update"))]


def _bitfield(row: Command, args: list[bytes]) -> list[Found]:
    position, writes = 2, False
    while position < len(args):
        word = args[position].upper()
        if word == b"GET" and len(args) - position > 2:
            position += 3
        elif word == b"OVERFLOW" and len(args) - position > 1:
            position += 2
        else:
            writes = True
            break
    return [(1, ("RW", "access", "update") if writes else ("RO", "access"))]


def _sort(row: Command, args: list[bytes]) -> list[Found]:
    found: list[Found] = [(1, ("RO", "access"))]
    skip = {b"LIMIT": 2, b"GET": 1, b"BY": 1}
    position, store = 2, 0
    while position < len(args):
        word = args[position].upper()
        if word in skip:
            position += skip[word]
        elif word == b"STORE" and position + 1 < len(args):
            store = position + 1
        position += 1
    if store:
        found.append((store, ("OW", "update")))
    return found


def _sort_ro(row: Command, args: list[bytes]) -> list[Found]:
    return [(1, ("RO", "access"))]


def _georadius(row: Command, args: list[bytes]) -> list[Found]:
    found: list[Found] = [(1, ("RO", "access"))]
    store = 0
    for position in range(5, len(args) - 1):
        if args[position].upper() in (b"STORE", b"STOREDIST"):
            store = position + 1
    if store:
        found.append((store, ("OW", "update")))
    return found


_SPECIAL: dict[str, Callable[[Command, list[bytes]], list[Found]]] = {
    "set": _set,
    "bitfield": _bitfield,
    "sort": _sort,
    "sort_ro": _sort_ro,
    "georadius": _georadius,
    "georadiusbymember": _georadius,
}
