"""SLOWLOG (redis.io group `server`). What is logged, and when, stands in `emulators.redis.instruments`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_BAD_COUNT = RedisError("ERR count should be greater than or equal to -1")


@command("slowlog|get")
def get(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.wrong_subcommand(args)
    count = integer(args[2], _BAD_COUNT, -1) if len(args) == 3 else 10
    entries = client.server.instruments.slow_entries
    chosen = entries if count == -1 else entries[:count]
    return [
        [entry.number, entry.time_s, entry.duration_us, list(entry.words), entry.peer, entry.name] for entry in chosen
    ]


@command("slowlog|len")
def len_(client: RedisSession, args: list[bytes]) -> Reply:
    return len(client.server.instruments.slow_entries)


@command("slowlog|reset")
def reset(client: RedisSession, args: list[bytes]) -> Reply:
    client.server.instruments.slow_entries.clear()
    return OK
