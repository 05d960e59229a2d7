"""CONFIG GET, SET, RESETSTAT, REWRITE. The parameters and their checks are in `emulators.redis.config`.

Differs: REWRITE changes no file; without a configuration file it answers as the server does without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


@command("config|get")
def config_get(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.config.matching(args[2:])


@command("config|set")
def config_set(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) % 2:
        raise errors.SYNTAX
    client.server.config.set_many([(args[i], args[i + 1]) for i in range(2, len(args), 2)])
    return OK


@command("config|resetstat")
def config_resetstat(client: RedisSession, args: list[bytes]) -> Reply:
    client.server.reset_statistics()
    # This call itself counts again.
    client.server.find(args).calls = 1
    return OK


@command("config|rewrite")
def config_rewrite(client: RedisSession, args: list[bytes]) -> Reply:
    if not client.server.config.file:
        raise RedisError("ERR The server is running without a config file")
    client.server.rewrite_config()
    return OK
