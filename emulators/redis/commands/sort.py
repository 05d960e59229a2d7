"""SORT and SORT_RO (redis.io group `generic`): by weight or text, with weights and results from other keys.

Elements of equal weight come in the order of their bytes; elements of equal text taken BY other keys keep their order. A set
that is not to be sorted is sorted all the same when the result is stored, so that it is always the same, as the server
does it.
Differs from redis-server: text is compared byte by byte, whatever LC_COLLATE says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, parse_double
from emulators.redis.errors import RedisError
from emulators.redis.resp import Reply
from emulators.redis.table import command
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

Lookup = Callable[[bytes], bytes | None]


@dataclass(slots=True)
class _Options:
    descending: bool = False
    alpha: bool = False
    start: int = 0
    count: int = -1
    by: bytes | None = None
    store: bytes | None = None
    gets: list[bytes] = field(default_factory=list)


def _check_other_keys(client: RedisSession, args: list[bytes], option: str) -> None:
    """BY and GET read keys that are not named; a cluster's node may not have them, a user not be allowed to."""
    server = client.server
    if server.cluster:
        raise errors.sort_option_in_cluster(option)
    if not server.acl.reads_everything(client.user, server.find(args), args):
        raise errors.sort_option_forbidden(option)


def _parse(client: RedisSession, args: list[bytes], may_store: bool) -> _Options:
    options = _Options()
    position = 2
    while position < len(args):
        option, left = args[position].upper(), len(args) - position - 1
        if option in (b"ASC", b"DESC"):
            options.descending = option == b"DESC"
        elif option == b"ALPHA":
            options.alpha = True
        elif option == b"LIMIT" and left >= 2:
            options.start, options.count = integer(args[position + 1]), integer(args[position + 2])
            position += 2
        elif option == b"STORE" and left and may_store:
            position += 1
            options.store = args[position]
        elif option == b"BY" and left:
            position += 1
            options.by = args[position]
            if b"*" in options.by:
                _check_other_keys(client, args, "BY")
        elif option == b"GET" and left:
            _check_other_keys(client, args, "GET")
            position += 1
            options.gets.append(args[position])
        else:
            raise errors.SYNTAX
        position += 1
    return options


def _lookup(db: Database, pattern: bytes) -> Lookup:
    """What a BY or GET pattern gives for an element: `#` itself, `*` a string key, `*->field` a field of a hash."""
    if pattern == b"#":
        return lambda element: element
    before, star, after = pattern.partition(b"*")
    if not star:
        return lambda element: None
    after, arrow, name = after.partition(b"->")
    if not name:
        after += arrow

    def look(element: bytes) -> bytes | None:
        value = db.get(before + element + after)
        if name:
            return value.fields.get(name) if isinstance(value, Hash) else None
        return value if isinstance(value, bytes) else None

    return look


def _weight(text: bytes | None) -> float:
    """A weight as strtod reads it: nothing is zero, spaces before the number are allowed."""
    if not text:
        return 0.0
    weight = parse_double(text.partition(b"\0")[0].lstrip())
    if weight is None or math.isnan(weight) or (math.isinf(weight) and b"n" not in text.lower()):
        raise errors.SORT_SCORES
    return weight


def _sorted(db: Database, elements: list[bytes], options: _Options) -> list[bytes]:
    find = None if options.by is None else _lookup(db, options.by)
    if options.alpha:
        if find is None:
            return sorted(elements, reverse=options.descending)
        # Elements without a text come first; they and those of equal text stay in order.
        texts = [(text is not None, text or b"") for text in map(find, elements)]
        places = sorted(range(len(elements)), key=texts.__getitem__, reverse=options.descending)
        return [elements[place] for place in places]
    weights = [(_weight(element if find is None else find(element)), element) for element in elements]
    weights.sort(reverse=options.descending)
    return [element for _, element in weights]


def _elements(client: RedisSession, key: bytes, options: _Options) -> tuple[list[bytes], bool]:
    """The elements in their own order, and whether they need sorting."""
    value = client.db.get(key)
    keep_order = options.by is not None and b"*" not in options.by
    if value is None:
        return [], False
    if isinstance(value, ListValue):
        elements = list(value.items)
    elif isinstance(value, SetValue):
        elements = value.ordered()
        if keep_order and (options.store is not None or client.in_script):
            options.alpha, options.by, keep_order = True, None, False
    elif isinstance(value, SortedSet):
        if not value.large:
            # The server turns what it sorts into a skiplist, and leaves it so.
            value = client.db.write_zset(key)
            assert value is not None
            value.large = True
        elements = [member for _, member in value.order]
    else:
        raise errors.WRONG_TYPE
    if keep_order and options.descending and not isinstance(value, SetValue):
        elements.reverse()
    return elements, not keep_order


def _check_patterns(client: RedisSession, args: list[bytes], options: _Options) -> None:
    """BY and GET read keys that nobody can tell beforehand: not in a cluster, nor for users who may not read all."""
    for word, used in ((b"BY", options.by is not None and b"*" in options.by), (b"GET", bool(options.gets))):
        if not used:
            continue
        if client.server.cluster:
            raise RedisError(b"ERR %b option of SORT denied in cluster mode." % word)
        row = client.server.find(args)
        if client.user.restricted and not client.server.acl.reads_everything(client.user, row, args):
            raise RedisError(b"ERR %b option of SORT denied due to insufficient ACL permissions." % word)


def _sort(client: RedisSession, args: list[bytes], may_store: bool) -> Reply:
    options = _parse(client, args, may_store)
    _check_patterns(client, args, options)
    db = client.db
    elements, to_sort = _elements(client, args[1], options)
    if to_sort:
        elements = _sorted(db, elements, options)
    start = max(0, options.start)
    chosen = elements[start:] if options.count < 0 else elements[start : start + options.count]
    result: list[bytes | None]
    if options.gets:
        finders = [_lookup(db, pattern) for pattern in options.gets]
        result = [find(element) for element in chosen for find in finders]
    else:
        result = list(chosen)
    if options.store is None:
        return result
    _store(client, options.store, [item or b"" for item in result])
    return len(result)


def _store(client: RedisSession, key: bytes, items: list[bytes]) -> None:
    db, server = client.db, client.server
    if items:
        small = server.version >= (7, 2)
        db.put(key, ListValue.small(items, server.thresholds) if small else ListValue(items))
        db.changed(key)
        server.dirty += len(items) - 1
        db.event("l", b"sortstore", key)
    elif db.delete(key):
        db.changed(key)
        db.event("g", b"del", key)


def _sort_keys(args: list[bytes]) -> list[int]:
    found = [1] if len(args) > 1 else []
    skip = {b"LIMIT": 2, b"GET": 1, b"BY": 1}
    store = 0
    position = 2
    while position < len(args):
        option = args[position].upper()
        if option == b"STORE" and position + 1 < len(args):
            # The last one counts, and its key may itself be an option's name.
            store = position + 1
        position += 1 + skip.get(option, 0)
    return [*found, store] if store else found


@command("sort", keys=_sort_keys)
def sort(client: RedisSession, args: list[bytes]) -> Reply:
    return _sort(client, args, may_store=True)


@command("sort_ro", keys=lambda args: [1] if len(args) > 1 else [])
def sort_ro(client: RedisSession, args: list[bytes]) -> Reply:
    return _sort(client, args, may_store=False)
