"""Keys whatever they hold (redis.io group `generic`), and whole databases: DEL to MOVE, SWAPDB, FLUSHALL, WAIT.

UNLINK is DEL: nothing here is freed in the background. MIGRATE has nowhere to connect to, since an emulator opens no
connections of its own, and answers as a server does that cannot reach the target. WAIT counts the replicas that SYNC attached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.glob import compile_glob
from emulators.redis.resp import NO_REPLY, OK, Reply, Status
from emulators.redis.stream import StreamValue
from emulators.redis.table import command
from emulators.redis.values import Value, type_name

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


_LAZY_ELEMENTS = 64


def _is_large(value: object) -> bool:
    """Whether UNLINK would leave freeing the value to a thread."""
    if value is None or isinstance(value, bytes):
        return False
    if isinstance(value, StreamValue):
        pending = sum(1 + len(group.pending) for _, group in value.sorted_groups())
        return value.radix_nodes() + pending > _LAZY_ELEMENTS
    return isinstance(value, Value) and len(value) > _LAZY_ELEMENTS


@command("del", "unlink")
def delete(client: RedisSession, args: list[bytes]) -> Reply:
    db = client.db
    count = 0
    for key in args[1:]:
        if len(args[0]) == 6 and _is_large(db.data.get(key)):
            client.server.stats.lazyfreed_objects += 1
        if db.delete(key):
            db.changed(key)
            db.event("g", b"del", key)
            count += 1
    return count


@command("exists")
def exists(client: RedisSession, args: list[bytes]) -> Reply:
    peek = client.db.peek
    return sum(peek(key) is not None for key in args[1:])


@command("touch")
def touch(client: RedisSession, args: list[bytes]) -> Reply:
    get = client.db.get
    return sum(get(key) is not None for key in args[1:])


@command("type")
def type_(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.peek(args[1])
    return Status(b"none" if value is None else type_name(value))


@command("keys")
def keys(client: RedisSession, args: list[bytes]) -> Reply:
    db = client.db
    found = list(db.data)
    if args[1] != b"*":
        matches = compile_glob(args[1]).fullmatch
        found = [key for key in found if matches(key)]
    if db.lazy:
        now_ms = client.clock.now_ms()
        found = [key for key in found if db.expires.get(key, now_ms + 1) > now_ms]
    return found


@command("randomkey")
def randomkey(client: RedisSession, args: list[bytes]) -> Reply:
    db = client.db
    while db.data:
        key = db.scan_index().pick(client.server.random)
        # With active expiry off, looking at a key may be its end.
        if db.peek(key) is not None:
            return key
    return None


@command("dbsize")
def dbsize(client: RedisSession, args: list[bytes]) -> Reply:
    return len(client.db.data)


# -- other places --------------------------------------------------------------------------------------------


def _rename(client: RedisSession, args: list[bytes], only_new: bool) -> bool:
    db, key, new_key = client.db, args[1], args[2]
    if db.get(key) is None:
        raise errors.NO_SUCH_KEY
    if key == new_key:
        return not only_new
    if only_new and db.get(new_key) is not None:
        return False
    db.rename(key, db, new_key)
    db.changed(key)
    db.changed(new_key)
    client.server.dirty -= 1
    db.event("g", b"rename_from", key)
    db.event("g", b"rename_to", new_key)
    return True


@command("rename")
def rename(client: RedisSession, args: list[bytes]) -> Reply:
    _rename(client, args, only_new=False)
    return OK


@command("renamenx")
def renamenx(client: RedisSession, args: list[bytes]) -> Reply:
    return int(_rename(client, args, only_new=True))


def _database(client: RedisSession, word: bytes, error: errors.RedisError | None = None) -> Database:
    number = integer(word, error or errors.NOT_INTEGER)
    if not _INT_MIN <= number <= _INT_MAX:
        raise error or errors.INT_RANGE
    if not 0 <= number < len(client.server.databases):
        raise errors.DB_INDEX_RANGE
    return client.server.databases[number]


@command("move")
def move(client: RedisSession, args: list[bytes]) -> Reply:
    if client.server.cluster:
        raise errors.MOVE_IN_CLUSTER
    db, key = client.db, args[1]
    target = _database(client, args[2])
    if target is db:
        raise errors.SAME_OBJECT
    if db.get(key) is None or target.get(key) is not None:
        return 0
    db.rename(key, target, key)
    db.changed(key)
    target.changed(key)
    client.server.dirty -= 1
    db.event("g", b"move_from", key)
    target.event("g", b"move_to", key)
    return 1


@command("copy")
def copy(client: RedisSession, args: list[bytes]) -> Reply:
    db, key, new_key = client.db, args[1], args[2]
    target, replace = db, False
    position = 3
    while position < len(args):
        option = args[position].upper()
        if option == b"REPLACE":
            replace = True
        elif option == b"DB" and position + 1 < len(args):
            position += 1
            target = _database(client, args[position])
        else:
            raise errors.SYNTAX
        position += 1
    if client.server.cluster and (db.number or target.number):
        raise errors.COPY_IN_CLUSTER
    if target is db and key == new_key:
        raise errors.SAME_OBJECT
    value = db.get(key)
    if value is None:
        return 0
    if target.get(new_key) is not None:
        if not replace:
            return 0
        target.delete(new_key)
    target.add(new_key, value if isinstance(value, bytes) else value.copy())
    deadline = db.expires.get(key)
    if deadline is not None:
        target.set_deadline(new_key, deadline)
    if key in db.field_expires:
        target.field_expires[new_key] = None
    target.changed(new_key)
    target.event("g", b"copy_to", new_key)
    return 1


# -- whole databases -----------------------------------------------------------------------------------------


@command("swapdb")
def swapdb(client: RedisSession, args: list[bytes]) -> Reply:
    server = client.server
    if server.cluster:
        raise errors.SWAPDB_IN_CLUSTER
    first = integer(args[1], errors.FIRST_DB_INDEX, _INT_MIN, _INT_MAX)
    second = integer(args[2], errors.SECOND_DB_INDEX, _INT_MIN, _INT_MAX)
    if not (0 <= first < len(server.databases) and 0 <= second < len(server.databases)):
        raise errors.DB_INDEX_RANGE
    if first != second:
        one, two = server.databases[first], server.databases[second]
        for db, other in ((one, two), (two, one)):
            _break_watches(db, other)
        one.swap(two)
        server.blocking.all_ready(one)
        server.blocking.all_ready(two)
        server.flushed()
    server.dirty += 1
    return OK


def _break_watches(db: Database, other: Database | None = None) -> None:
    """What a client watches in a database is about to go, or to come from the other one."""
    for key, sessions in db.watchers.items():
        place = (db.number, key)
        here, there = key in db.data, other is not None and key in other.data
        over_there = other is not None and other.is_over(key)
        for session in sessions if here or there else ():
            if session.watched[place]:
                # It was over when WATCH was said: going, or being over in the other database too, changes nothing.
                if not there:
                    session.watched[place] = False
                    continue
                if over_there:
                    continue
            elif not here and over_there:
                session.watched[place] = True
                continue
            session.watch_broken = True


def flush(databases: list[Database]) -> None:
    """Empty databases, as FLUSHDB and FLUSHALL do."""
    for db in databases:
        db.server.dirty += len(db.data)
        _break_watches(db)
        if db.data:
            db.clear()
            db.server.blocking.all_ready(db)
    databases[0].server.flushed()


def _check_flush_option(args: list[bytes]) -> None:
    if len(args) > 2 or (len(args) == 2 and args[1].upper() not in (b"SYNC", b"ASYNC")):
        raise errors.SYNTAX


@command("flushdb")
def flushdb(client: RedisSession, args: list[bytes]) -> Reply:
    _check_flush_option(args)
    flush([client.db])
    return OK


@command("flushall")
def flushall(client: RedisSession, args: list[bytes]) -> Reply:
    _check_flush_option(args)
    flush(client.server.databases)
    return OK


# -- other servers -------------------------------------------------------------------------------------------


@command("wait")
def wait(client: RedisSession, args: list[bytes]) -> Reply:
    replicas = integer(args[1])
    timeout = _wait_timeout(args[2])
    return client.server.replication.wait(client, replicas, timeout)


@command("waitaof")
def waitaof(client: RedisSession, args: list[bytes]) -> Reply:
    local = integer(args[1], errors.LOCAL_RANGE, 0, 1)
    replicas = integer(args[2], errors.MUST_BE_POSITIVE, 0)
    timeout = _wait_timeout(args[3])
    if local:
        raise errors.WAITAOF_WITHOUT_AOF
    if replicas <= 0 or not client.may_block:
        return [0, 0]
    return client.server.blocking.wait(client, [], _never, timeout, [0, 0])


def _wait_timeout(word: bytes) -> int:
    timeout = integer(word, errors.TIMEOUT_NOT_INTEGER)
    if timeout < 0:
        raise errors.TIMEOUT_NEGATIVE
    return timeout


def _never(key: bytes) -> Reply:
    return NO_REPLY


def _migrate_keys(args: list[bytes]) -> list[int]:
    skip = {b"AUTH": 1, b"AUTH2": 2}
    position = 6
    while position < len(args):
        option = args[position].upper()
        if option == b"KEYS":
            return [] if args[3] else list(range(position + 1, len(args)))
        position += 1 + skip.get(option, 0)
    return [3] if len(args) > 3 else []


@command("migrate", keys=_migrate_keys)
def migrate(client: RedisSession, args: list[bytes]) -> Reply:
    position, names = 6, [args[3]]
    while position < len(args):
        option = args[position].upper()
        if option in (b"AUTH", b"AUTH2"):
            position += 1 if option == b"AUTH" else 2
            if position >= len(args):
                raise errors.SYNTAX
        elif option == b"KEYS":
            if args[3]:
                raise errors.MIGRATE_KEYS
            names = args[position + 1 :]
            break
        elif option not in (b"COPY", b"REPLACE"):
            raise errors.SYNTAX
        position += 1
    integer(args[5])
    integer(args[4])
    if all(client.db.get(name) is None for name in names):
        return Status(b"NOKEY")
    raise errors.MIGRATE_UNREACHABLE
