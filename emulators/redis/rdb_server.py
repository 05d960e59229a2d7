"""A whole server to and from an RDB file: `parlel seed redis --file dump.rdb`, SAVE, snapshots as RDB.

Loading adds to what is there: keys of the same name are replaced, those whose time was over are left out, function
libraries replace those of the same name. Clients that wait for a key that comes are served.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from emulators.redis import rdb
from emulators.redis.errors import RedisError

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database

__all__ = ["load_server", "save_server", "write_dump"]


def write_dump(server: RedisEmulator) -> None:
    """Write `dir`/`dbfilename`, as a whole or not at all; the server's bare `ERR` when that fails."""
    target = Path(server.config["dir"].decode(), server.config["dbfilename"].decode())
    temporary = target.with_name(f"temp-{target.name}")
    try:
        temporary.write_bytes(save_server(server))
        temporary.replace(target)
    except (OSError, rdb.UnsupportedError):
        raise RedisError("ERR") from None


def save_server(server: RedisEmulator) -> bytes:
    """Everything the server holds, as a file that redis-server of the same version loads.

    UnsupportedError when a key holds a value of a module.
    """
    rows = [
        rdb.Row(db.number, key, value, db.expires.get(key)) for db in server.databases for key, value in db.data.items()
    ]
    return rdb.save(
        rows,
        version=server.version,
        thresholds=server.thresholds,
        full_version=server.full_version,
        now_ms=server.clock.now_ms(),
        functions=server.function_codes(),
    )


def load_server(server: RedisEmulator, data: bytes) -> int:
    """Take in a file's content; returns how many keys were loaded. DamagedError or UnsupportedError before anything changes."""
    loaded = rdb.load(data, version=server.version, thresholds=server.thresholds)
    count = len(server.databases)
    for row in loaded.rows:
        if row.database >= count:
            raise rdb.UnsupportedError(f"the file has a database {row.database}, the server has {count} databases")
    for code in loaded.functions:
        server.scripting.functions.load(code, replace=True)
    now_ms = server.clock.now_ms()
    kept = [row for row in loaded.rows if row.deadline is None or row.deadline > now_ms]
    for row in kept:
        _put(server.databases[row.database], row)
    if server.pending:
        server.after_command()
        server.resume_unblocked()
    return len(kept)


def _put(db: Database, row: rdb.Row) -> None:
    db.delete(row.key)
    db.add(row.key, row.value)
    if row.deadline is not None:
        db.set_deadline(row.key, row.deadline)
    if db.access is not None:
        if row.idle_s is not None:
            db.access.set_idle(row.key, row.idle_s * 1_000_000)
        if row.frequency is not None:
            db.access.set_frequency(row.key, row.frequency)
    db.changed(row.key)
