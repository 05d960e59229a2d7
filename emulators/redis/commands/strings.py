"""String commands (redis.io group `string`).

SET and GET in their plain form, MSET, INCR and their kin are on the hot path of most programs, so they do the least that is
right. A value that the server would have changed in place is stored as `RawString`, one that it would have written as text
whatever it spells as `TextString`, because OBJECT ENCODING tells them apart. LCS needs the whole table of its dynamic
programme, and is limited by proto-max-bulk-len as the server's is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors, floats
from emulators.redis.arguments import deadline_ms, integer, long_integer
from emulators.redis.resp import OK, Reply
from emulators.redis.table import command
from emulators.redis.values import RawString, TextString

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

#: Milliseconds per unit, and whether the number is an instant.
_EXPIRY_OPTIONS = {b"EX": (1000, False), b"PX": (1, False), b"EXAT": (1000, True), b"PXAT": (1, True)}


@command("get")
def get(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.get(args[1])
    if type(value) is bytes or value is None or isinstance(value, bytes):
        return value
    raise errors.WRONG_TYPE


@command("set")
def set_(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    if len(args) == 3:
        # The plain form, by far the most frequent one.
        db.put_string(key, args[2], b"set")
        return OK
    expiry: tuple[int, bool] | None = None
    if len(args) == 5 and (expiry := _EXPIRY_OPTIONS.get(args[3].upper())) is not None:
        # With a deadline and nothing else: the next in frequency.
        _store(client, key, args[2], _deadline(client, args[4], expiry, "set"))
        return OK
    expiry_name = expiry_word = b""
    keep = get_old = only_new = only_old = False
    position = 3
    while position < len(args):
        option = args[position].upper()
        if option == b"NX" and not only_old:
            only_new = True
        elif option == b"XX" and not only_new:
            only_old = True
        elif option == b"GET":
            get_old = True
        elif option == b"KEEPTTL" and expiry is None:
            keep = True
        elif option in _EXPIRY_OPTIONS and expiry_name in (b"", option) and not keep and position + 1 < len(args):
            expiry, expiry_name = _EXPIRY_OPTIONS[option], option
            position += 1
            expiry_word = args[position]
        else:
            raise errors.SYNTAX
        position += 1
    deadline = None if expiry is None else _deadline(client, expiry_word, expiry, "set")
    old = db.string(key) if get_old else db.get(key)
    if (only_new and old is not None) or (only_old and old is None):
        return old if get_old else None
    _store(client, key, args[2], deadline, keep)
    return old if get_old else OK


def _deadline(client: RedisSession, word: bytes, expiry: tuple[int, bool], name: str) -> int:
    unit_ms, absolute = expiry
    return deadline_ms(word, now_ms=client.clock.now_ms(), unit_ms=unit_ms, absolute=absolute, command=name)


def _store(client: RedisSession, key: bytes, value: bytes, deadline: int | None, keep: bool = False) -> None:
    db = client.db
    db.put(key, value, keep_deadline=keep)
    if deadline is not None:
        db.set_deadline(key, deadline)
    db.changed(key)
    db.event("$", b"set", key)
    if deadline is not None:
        db.event("g", b"expire", key)
        if deadline <= client.clock.now_ms():
            # Given as an instant that has passed: nobody may see the value.
            db.expire_now(key)


@command("setnx")
def setnx(client: RedisSession, args: list[bytes]) -> Reply:
    if client.db.get(args[1]) is not None:
        return 0
    _store(client, args[1], args[2], None)
    return 1


@command("setex", "psetex")
def setex(client: RedisSession, args: list[bytes]) -> Reply:
    milliseconds = args[0][:1] in b"pP"
    expiry = _EXPIRY_OPTIONS[b"PX" if milliseconds else b"EX"]
    deadline = _deadline(client, args[2], expiry, "psetex" if milliseconds else "setex")
    _store(client, args[1], args[3], deadline)
    return OK


@command("getset")
def getset(client: RedisSession, args: list[bytes]) -> Reply:
    old = client.db.string(args[1])
    _store(client, args[1], args[2], None)
    return old


@command("getdel")
def getdel(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    old = db.string(key)
    if old is not None:
        _remove(db, key)
    return old


def _remove(db: Database, key: bytes) -> None:
    db.delete(key)
    db.changed(key)
    db.event("g", b"del", key)


@command("getex")
def getex(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    chosen = expiry_word = b""
    position = 2
    while position < len(args):
        option = args[position].upper()
        if chosen not in (b"", option):
            raise errors.SYNTAX
        if option in _EXPIRY_OPTIONS and position + 1 < len(args):
            position += 1
            expiry_word = args[position]
        elif option != b"PERSIST":
            raise errors.SYNTAX
        chosen = option
        position += 1
    value = db.string(key)
    if value is None:
        return None
    if chosen == b"PERSIST":
        if db.drop_deadline(key):
            db.changed(key)
            db.event("g", b"persist", key)
    elif chosen:
        expiry = _EXPIRY_OPTIONS[chosen]
        deadline = _deadline(client, expiry_word, expiry, "getex")
        if deadline <= client.clock.now_ms():
            _remove(db, key)
        else:
            db.set_deadline(key, deadline)
            db.changed(key)
            db.event("g", b"expire", key)
    return value


# -- several keys at once ------------------------------------------------------------------------------------


@command("mget")
def mget(client: RedisSession, args: list[bytes]) -> Reply:
    get = client.db.get
    return [value if isinstance(value, bytes) else None for value in map(get, args[1:])]


@command("mset")
def mset(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) % 2 == 0:
        raise errors.wrong_arity("mset")
    _set_many(client.db, args)
    return OK


@command("msetnx")
def msetnx(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) % 2 == 0:
        raise errors.wrong_arity("msetnx")
    get = client.db.get
    if any(get(key) is not None for key in args[1::2]):
        return 0
    _set_many(client.db, args)
    return 1


def _set_many(db: Database, args: list[bytes]) -> None:
    put, changed, event = db.put, db.changed, db.event
    for position in range(1, len(args), 2):
        key = args[position]
        put(key, args[position + 1])
        changed(key)
        event("$", b"set", key)


# -- numbers -------------------------------------------------------------------------------------------------


def _add(client: RedisSession, key: bytes, amount: int) -> Reply:
    db = client.db
    old = db.string(key)
    if old is None:
        value = amount
    else:
        number = long_integer(old)
        if number is None:
            raise errors.NOT_INTEGER
        value = number + amount
    if not -(2**63) <= value < 2**63:
        raise errors.OVERFLOW
    db.put(key, b"%d" % value, keep_deadline=True)
    db.changed(key)
    db.event("$", b"incrby", key)
    return value


@command("incr")
def incr(client: RedisSession, args: list[bytes]) -> Reply:
    return _add(client, args[1], 1)


@command("decr")
def decr(client: RedisSession, args: list[bytes]) -> Reply:
    return _add(client, args[1], -1)


@command("incrby")
def incrby(client: RedisSession, args: list[bytes]) -> Reply:
    return _add(client, args[1], integer(args[2]))


@command("decrby")
def decrby(client: RedisSession, args: list[bytes]) -> Reply:
    amount = integer(args[2])
    if amount == -(2**63):
        raise errors.DECREMENT_OVERFLOW
    return _add(client, args[1], -amount)


@command("incrbyfloat")
def incrbyfloat(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    old = db.string(key)
    value = floats.parse(old) if old is not None else (0, 0)
    increment = floats.parse(args[2])
    if value is None or increment is None:
        raise errors.NOT_FLOAT
    total = floats.add(value, increment)
    if total is None or total[1] is None:
        raise errors.NAN_OR_INFINITY
    text = TextString(floats.format_human(total))
    db.put(key, text, keep_deadline=True)
    db.changed(key)
    db.event("$", b"incrbyfloat", key)
    return text


# -- parts of strings ----------------------------------------------------------------------------------------


@command("append")
def append(client: RedisSession, args: list[bytes]) -> Reply:
    db, key, tail = client.db, args[1], args[2]
    old = db.string(key)
    if old is None:
        value = tail
    else:
        check_length(client, len(old) + len(tail))
        value = RawString(old + tail)
    db.put(key, value, keep_deadline=True)
    db.changed(key)
    db.event("$", b"append", key)
    return len(value)


def check_length(client: RedisSession, size: int) -> None:
    """Raise the server's error for a string that would be longer than proto-max-bulk-len."""
    if size > client.server.max_bulk:
        raise errors.STRING_TOO_LONG


@command("strlen")
def strlen(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.string(args[1])
    return 0 if value is None else len(value)


@command("setrange")
def setrange(client: RedisSession, args: list[bytes]) -> Reply:
    db, key, part = client.db, args[1], args[3]
    offset = integer(args[2])
    if offset < 0:
        raise errors.OFFSET_RANGE
    old = db.string(key)
    if not part:
        return 0 if old is None else len(old)
    check_length(client, offset + len(part))
    old = old or b""
    if offset > len(old):
        value = RawString(old + bytes(offset - len(old)) + part)
    else:
        value = RawString(old[:offset] + part + old[offset + len(part) :])
    db.put(key, value, keep_deadline=True)
    db.changed(key)
    db.event("$", b"setrange", key)
    return len(value)


@command("getrange", "substr")
def getrange(client: RedisSession, args: list[bytes]) -> Reply:
    start, end = integer(args[2]), integer(args[3])
    value = client.db.string(args[1])
    if not value or (start < 0 and end < 0 and start > end):
        return b""
    size = len(value)
    start = max(0, start + size if start < 0 else start)
    end = max(0, end + size if end < 0 else end)
    return value[start : end + 1]


# -- longest common subsequence ------------------------------------------------------------------------------


@command("lcs")
def lcs(client: RedisSession, args: list[bytes]) -> Reply:
    one, two = client.db.get(args[1]), client.db.get(args[2])
    if not isinstance(one, (bytes, type(None))) or not isinstance(two, (bytes, type(None))):
        raise errors.LCS_STRINGS
    one, two = one or b"", two or b""
    as_length = as_ranges = with_lengths = False
    shortest = 0
    position = 3
    while position < len(args):
        option = args[position].upper()
        if option == b"IDX":
            as_ranges = True
        elif option == b"LEN":
            as_length = True
        elif option == b"WITHMATCHLEN":
            with_lengths = True
        elif option == b"MINMATCHLEN" and position + 1 < len(args):
            position += 1
            shortest = max(0, integer(args[position]))
        else:
            raise errors.SYNTAX
        position += 1
    if as_length and as_ranges:
        raise errors.LCS_BOTH
    if (len(one) + 1) * (len(two) + 1) * 4 > client.server.max_bulk:
        raise errors.LCS_MEMORY
    table = _lcs_table(one, two)
    if as_length:
        return table[-1][-1]
    text, ranges = _lcs_walk(one, two, table)
    if not as_ranges:
        return text
    matches: list[Reply] = []
    for first, last, other_first, other_last in ranges:
        length = last - first + 1
        if length >= shortest:
            match: list[Reply] = [[first, last], [other_first, other_last]]
            matches.append([*match, length] if with_lengths else match)
    return {b"matches": matches, b"len": table[-1][-1]}


def _lcs_table(one: bytes, two: bytes) -> list[list[int]]:
    """`table[i][j]` is the length for the first i and j bytes."""
    above = [0] * (len(two) + 1)
    table = [above]
    for byte in one:
        row = [0]
        left = 0
        for column, other in enumerate(two):
            if byte == other:
                left = above[column] + 1
            else:
                up = above[column + 1]
                if up > left:
                    left = up
            row.append(left)
        table.append(row)
        above = row
    return table


def _lcs_walk(one: bytes, two: bytes, table: list[list[int]]) -> tuple[bytes, list[tuple[int, int, int, int]]]:
    """The subsequence, and its ranges `(first, last)` in both, from the last range to the first."""
    found = bytearray()
    ranges: list[tuple[int, int, int, int]] = []
    i, j = len(one), len(two)
    # The range under way: where it starts in both, and its length.
    start = other_start = length = 0
    while i and j:
        if one[i - 1] == two[j - 1]:
            found.append(one[i - 1])
            if length and (start, other_start) != (i, j):
                ranges.append((start, start + length - 1, other_start, other_start + length - 1))
                length = 0
            start, other_start, length = i - 1, j - 1, length + 1
            i -= 1
            j -= 1
        else:
            if length:
                ranges.append((start, start + length - 1, other_start, other_start + length - 1))
                length = 0
            if table[i - 1][j] > table[i][j - 1]:
                i -= 1
            else:
                j -= 1
    if length:
        ranges.append((start, start + length - 1, other_start, other_start + length - 1))
    found.reverse()
    return bytes(found), ranges
