"""What stands for a command in the replication stream: its effect, in a form that gives the same on every copy.

`rewritten` is asked after a command changed something, while a replica is attached. It reads the words, the reply and
the keyspace as it now is, so handlers need not care. Most commands stand for themselves. The forms are redis-server's:
random and relative ones become definite (SPOP as SREM, EXPIRE as PEXPIREAT), blocking ones become what they took,
scripts what they called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulators.redis.errors import RedisError
from emulators.redis.resp import Reply

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.table import Command

__all__ = ["ALWAYS", "rewritten"]

Words = list[bytes]
Rewrite = Callable[["Database", Words, Reply], "list[Words]"]

#: Commands that are passed on even when they changed nothing.
ALWAYS = frozenset({"flushall", "flushdb", "publish", "spublish", "function|flush", "function|load", "function|delete"})


def rewritten(row: Command, db: Database, args: Words, reply: Reply) -> list[Words]:
    """The commands that have the same effect; empty when there is none of its own to pass on."""
    rewrite = _REWRITES.get(row.name)
    if rewrite is not None:
        return rewrite(db, args, reply)
    return [args]


def _nothing(db: Database, args: Words, reply: Reply) -> list[Words]:
    return []


def _gone(db: Database, key: bytes) -> list[Words]:
    return [[b"DEL", key]]


def _spop(db: Database, args: Words, reply: Reply) -> list[Words]:
    if reply is None or isinstance(reply, RedisError):
        return []
    members = [reply] if isinstance(reply, bytes) else list(reply)
    if not members:
        return []
    if len(args) == 3 and args[1] not in db.data:
        return _gone(db, args[1])
    return [[b"SREM", args[1], *members]]


def _deadline(db: Database, args: Words, reply: Reply) -> list[Words]:
    when = db.expires.get(args[1])
    if when is None:
        return _gone(db, args[1])
    if args[0].lower() == b"pexpireat":
        return [args]
    return [[b"PEXPIREAT", args[1], b"%d" % when, *args[3:]]]


def _set(db: Database, args: Words, reply: Reply) -> list[Words]:
    options = [word.upper() for word in args[3:]]
    when = db.expires.get(args[1])
    if any(option in (b"EX", b"PX", b"EXAT", b"PXAT") for option in options):
        if when is None:
            return _gone(db, args[1])
        return [[b"SET", args[1], args[2], b"PXAT", b"%d" % when]]
    return [args[:3] + [word for word in args[3:] if word.upper() != b"GET"]]


def _setex(db: Database, args: Words, reply: Reply) -> list[Words]:
    when = db.expires.get(args[1])
    return _gone(db, args[1]) if when is None else [[b"SET", args[1], args[3], b"PXAT", b"%d" % when]]


def _getex(db: Database, args: Words, reply: Reply) -> list[Words]:
    if args[1] not in db.data:
        return _gone(db, args[1])
    when = db.expires.get(args[1])
    return [[b"PERSIST", args[1]]] if when is None else [[b"PEXPIREAT", args[1], b"%d" % when]]


def _getset(db: Database, args: Words, reply: Reply) -> list[Words]:
    return [[b"SET", args[1], args[2]]]


def _getdel(db: Database, args: Words, reply: Reply) -> list[Words]:
    return _gone(db, args[1])


def _incrbyfloat(db: Database, args: Words, reply: Reply) -> list[Words]:
    return [[b"SET", args[1], bytes(reply), b"KEEPTTL"]]


def _hincrbyfloat(db: Database, args: Words, reply: Reply) -> list[Words]:
    return [[b"HSET", args[1], args[2], bytes(reply)]]


def _exact_trim(db: Database, words: Words) -> Words:
    """An approximate trim as the exact one that it amounted to."""
    words = list(words)
    for place, word in enumerate(words[:-2]):
        if word.upper() in (b"MAXLEN", b"MINID") and words[place + 1] == b"~":
            words[place + 1] = b"="
            value = db.data.get(words[1])
            if word.upper() == b"MAXLEN" and value is not None:
                words[place + 2] = b"%d" % len(value)
            if place + 4 < len(words) and words[place + 3].upper() == b"LIMIT":
                del words[place + 3 : place + 5]
            break
    return words


def _xadd(db: Database, args: Words, reply: Reply) -> list[Words]:
    words = _exact_trim(db, args)
    position = 2
    while position < len(words):
        option = words[position].upper()
        if option == b"NOMKSTREAM":
            position += 1
        elif option in (b"MAXLEN", b"MINID"):
            position += 3 if words[position + 1] in (b"=", b"~") else 2
        elif option == b"LIMIT":
            position += 2
        else:
            break
    words[position] = bytes(reply)
    return [words]


def _xtrim(db: Database, args: Words, reply: Reply) -> list[Words]:
    return [_exact_trim(db, args)]


def _popped_from(word: bytes) -> Rewrite:
    """BLPOP and the like: the reply begins with the key."""

    def rewrite(db: Database, args: Words, reply: Reply) -> list[Words]:
        return [[word, reply[0]]]

    return rewrite


def _lmpop(db: Database, args: Words, reply: Reply) -> list[Words]:
    left = any(word.upper() == b"LEFT" for word in args)
    return [[b"LPOP" if left else b"RPOP", reply[0], b"%d" % len(reply[1])]]


def _zmpop(db: Database, args: Words, reply: Reply) -> list[Words]:
    lowest = any(word.upper() == b"MIN" for word in args)
    return [[b"ZPOPMIN" if lowest else b"ZPOPMAX", reply[0], b"%d" % len(reply[1])]]


def _blmove(db: Database, args: Words, reply: Reply) -> list[Words]:
    return [[b"LMOVE", *args[1:5]]]


def _brpoplpush(db: Database, args: Words, reply: Reply) -> list[Words]:
    return [[b"RPOPLPUSH", args[1], args[2]]]


def _xreadgroup(db: Database, args: Words, reply: Reply) -> list[Words]:
    """Each delivered entry as the XCLAIM that puts it into the group's list of pending ones."""
    options = [word.upper() for word in args]
    group, consumer = args[2], args[3]
    without_list = b"NOACK" in options[:-2]
    streams: list[tuple[bytes, list[list[bytes]]]] = list(reply.items() if isinstance(reply, dict) else reply or ())
    found: list[Words] = []
    now = b"%d" % db.server.clock.now_ms()
    for name, entries in streams:
        value = db.data.get(name)
        own = None if value is None else value.groups.get(group)  # type: ignore[union-attr]
        last = b"0-0" if own is None else _id_text(own.last_id)
        if without_list:
            found.append([b"XGROUP", b"SETID", name, group, last])
            continue
        for entry in entries:
            found.append(
                [
                    b"XCLAIM",
                    name,
                    group,
                    consumer,
                    b"0",
                    bytes(entry[0]),
                    b"TIME",
                    now,
                    b"RETRYCOUNT",
                    b"1",
                    b"FORCE",
                    b"JUSTID",
                    b"LASTID",
                    last,
                ]
            )
    return found


def _id_text(number: int) -> bytes:
    return b"%d-%d" % (number >> 64, number & (1 << 64) - 1)


def _xautoclaim(db: Database, args: Words, reply: Reply) -> list[Words]:
    entries = [entry if isinstance(entry, bytes) else entry[0] for entry in reply[1]]
    if not entries:
        return []
    return [[b"XCLAIM", args[1], args[2], args[3], b"0", *entries, b"FORCE", b"JUSTID"]]


def _restore(db: Database, args: Words, reply: Reply) -> list[Words]:
    when = db.expires.get(args[1])
    if when is None or any(word.upper() == b"ABSTTL" for word in args[4:]):
        return [args]
    return [[b"RESTORE", args[1], b"%d" % when, *args[3:], b"ABSTTL"]]


_REWRITES: dict[str, Rewrite] = {
    "spop": _spop,
    **dict.fromkeys(("expire", "pexpire", "expireat", "pexpireat"), _deadline),
    "set": _set,
    "setex": _setex,
    "psetex": _setex,
    "getex": _getex,
    "getset": _getset,
    "getdel": _getdel,
    "incrbyfloat": _incrbyfloat,
    "hincrbyfloat": _hincrbyfloat,
    "xadd": _xadd,
    "xtrim": _xtrim,
    "blpop": _popped_from(b"LPOP"),
    "brpop": _popped_from(b"RPOP"),
    "bzpopmin": _popped_from(b"ZPOPMIN"),
    "bzpopmax": _popped_from(b"ZPOPMAX"),
    "lmpop": _lmpop,
    "blmpop": _lmpop,
    "zmpop": _zmpop,
    "bzmpop": _zmpop,
    "blmove": _blmove,
    "brpoplpush": _brpoplpush,
    "xreadgroup": _xreadgroup,
    "xautoclaim": _xautoclaim,
    "restore": _restore,
    **dict.fromkeys(
        ("exec", "eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro", "script|flush", "script|load"),
        _nothing,
    ),
}
