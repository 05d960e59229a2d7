"""DUMP and RESTORE (redis.io group `generic`): values in the format of real servers, see `emulators.redis.rdb`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors, rdb
from emulators.redis.arguments import integer
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


@command("dump")
def dump(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.get(args[1])
    if value is None:
        return None
    try:
        return rdb.dump_payload(value, client.server.version, client.server.thresholds)
    except rdb.UnsupportedError as error:
        raise RedisError(f"ERR parlel cannot DUMP this key: {error}") from None


@command("restore", "restore-asking")
def restore(client: RedisSession, args: list[bytes]) -> Reply:
    replace = absolute = False
    idle: int | None = None
    frequency: int | None = None
    position = 4
    while position < len(args):
        option, more = args[position].upper(), position + 1 < len(args)
        if option == b"REPLACE":
            replace = True
        elif option == b"ABSTTL":
            absolute = True
        elif option == b"IDLETIME" and more and frequency is None:
            position += 1
            idle = integer(args[position])
            if idle < 0:
                raise errors.RESTORE_IDLE
        elif option == b"FREQ" and more and idle is None:
            position += 1
            frequency = integer(args[position])
            if not 0 <= frequency <= 255:
                raise errors.RESTORE_FREQUENCY
        else:
            raise errors.SYNTAX
        position += 1
    db, key, server = client.db, args[1], client.server
    if not replace and db.get(key) is not None:
        raise errors.BUSY_KEY
    deadline = integer(args[2])
    if deadline < 0:
        raise errors.RESTORE_TTL
    if not rdb.payload_is_sound(args[3], server.version):
        raise errors.BAD_PAYLOAD
    try:
        value = rdb.restore_payload(args[3], server.version, server.thresholds)
    except rdb.DamagedError:
        raise errors.BAD_FORMAT from None
    except rdb.UnsupportedError as error:
        raise RedisError(f"ERR parlel cannot RESTORE this payload: {error}") from None

    now_ms = client.clock.now_ms()
    if deadline and not absolute:
        deadline += now_ms
    deleted = replace and db.delete(key)
    if deadline and deadline <= now_ms:
        if deleted:
            db.changed(key)
            db.event("g", b"del", key)
        return OK
    db.add(key, value)
    if deadline:
        db.set_deadline(key, deadline)
    if idle is not None:
        server.track_access()
    if db.access is not None:
        if idle is not None:
            db.access.set_idle(key, idle * 1_000_000)
        if frequency is not None:
            db.access.set_frequency(key, frequency)
    db.changed(key)
    db.event("g", b"restore", key)
    return OK
