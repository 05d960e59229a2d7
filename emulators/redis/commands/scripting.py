"""EVAL and SCRIPT (redis.io group `scripting`). The sandbox and the engine are in `emulators/redis/scripting`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis.arguments import integer, long_integer
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply
from emulators.redis.scripting.scripts import Script
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


def split_keys(args: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Keys and other arguments from `name script numkeys key ... arg ...`."""
    count = integer(args[2])
    if count > len(args) - 3:
        raise RedisError("ERR Number of keys can't be greater than number of args")
    if count < 0:
        raise RedisError("ERR Number of keys can't be negative")
    return args[3 : 3 + count], args[3 + count :]


def key_positions(args: list[bytes]) -> list[int]:
    count = (long_integer(args[2]) if len(args) > 2 else None) or 0
    return list(range(3, min(3 + count, len(args))))


def _evaluate(client: RedisSession, args: list[bytes], script: Script | None, read_only: bool) -> Reply:
    keys, arguments = split_keys(args)
    cache = client.server.scripting.scripts
    if script is None:
        script = cache.load(args[1])
    reply = cache.run(client, script, keys, arguments, read_only)
    if type(reply) is RedisError:
        # Raised, so that it counts as a failed call.
        raise reply
    return reply


@command("eval", keys=key_positions)
def eval_(client: RedisSession, args: list[bytes]) -> Reply:
    return _evaluate(client, args, None, read_only=False)


@command("eval_ro", keys=key_positions)
def eval_ro(client: RedisSession, args: list[bytes]) -> Reply:
    return _evaluate(client, args, None, read_only=True)


@command("evalsha", keys=key_positions)
def evalsha(client: RedisSession, args: list[bytes]) -> Reply:
    return _evaluate(client, args, client.server.scripting.scripts.find(args[1]), read_only=False)


@command("evalsha_ro", keys=key_positions)
def evalsha_ro(client: RedisSession, args: list[bytes]) -> Reply:
    return _evaluate(client, args, client.server.scripting.scripts.find(args[1]), read_only=True)


@command("script|load")
def script_load(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.scripting.scripts.load(args[2]).sha.encode()


@command("script|exists")
def script_exists(client: RedisSession, args: list[bytes]) -> Reply:
    scripts = client.server.scripting.scripts
    return [int(sha.decode("latin-1").lower() in scripts) for sha in args[2:]]


@command("script|flush")
def script_flush(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3 or (len(args) == 3 and args[2].upper() not in (b"SYNC", b"ASYNC")):
        raise RedisError("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    client.server.scripting.scripts.flush()
    return OK


@command("script|kill")
def script_kill(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.scripting.kill(is_function=False)


@command("script|debug")
def script_debug(client: RedisSession, args: list[bytes]) -> Reply:
    mode = args[2].upper()
    if mode == b"NO":
        return OK
    if mode in (b"YES", b"SYNC"):
        raise RedisError("ERR parlel does not implement the Lua debugger (SCRIPT DEBUG YES|SYNC)")
    raise RedisError("ERR Use SCRIPT DEBUG YES/SYNC/NO")
