"""FCALL and FUNCTION (redis.io group `scripting`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.redis import errors
from emulators.redis.arguments import long_integer
from emulators.redis.commands.scripting import key_positions
from emulators.redis.errors import RedisError
from emulators.redis.glob import glob_match
from emulators.redis.rdb import dump_functions, load_functions
from emulators.redis.resp import OK, Reply, SetReply, Status
from emulators.redis.scripting.functions import Library
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


def _call(client: RedisSession, args: list[bytes], read_only: bool) -> Reply:
    functions = client.server.scripting.functions
    functions.find(args[1])
    count = long_integer(args[2])
    if count is None:
        raise RedisError("ERR Bad number of keys provided")
    if count > len(args) - 3:
        raise RedisError("ERR Number of keys can't be greater than number of args")
    if count < 0:
        raise RedisError("ERR Number of keys can't be negative")
    return functions.call(client, args[1], args[3 : 3 + count], args[3 + count :], read_only)


@command("fcall", keys=key_positions)
def fcall(client: RedisSession, args: list[bytes]) -> Reply:
    return _call(client, args, read_only=False)


@command("fcall_ro", keys=key_positions)
def fcall_ro(client: RedisSession, args: list[bytes]) -> Reply:
    return _call(client, args, read_only=True)


@command("function|load")
def function_load(client: RedisSession, args: list[bytes]) -> Reply:
    replace = False
    for option in args[2:-1]:
        if option.upper() != b"REPLACE":
            raise RedisError(b"ERR Unknown option given: " + option)
        replace = True
    if len(args) == 3 and args[2].upper() == b"REPLACE":
        raise RedisError("ERR Function code is missing")
    return client.server.scripting.functions.load(args[-1], replace).encode()


@command("function|delete")
def function_delete(client: RedisSession, args: list[bytes]) -> Reply:
    client.server.scripting.functions.delete(args[2].decode("utf-8", "replace"))
    client.server.dirty += 1
    return OK


@command("function|flush")
def function_flush(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.subcommand_syntax(args)
    if len(args) == 3 and args[2].upper() not in (b"SYNC", b"ASYNC"):
        raise RedisError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
    client.server.scripting.functions.flush()
    client.server.dirty += 1
    return OK


def _described(library: Library, with_code: bool) -> dict[bytes, Any]:
    functions = [
        {
            b"name": function.name.encode(),
            b"description": None if function.description is None else function.description.encode(),
            b"flags": SetReply(Status(flag.encode()) for flag in function.flags.names),
        }
        for function in library.functions.values()
    ]
    described: dict[bytes, Any] = {
        b"library_name": library.name.encode(),
        b"engine": b"LUA",
        b"functions": functions,
    }
    if with_code:
        described[b"library_code"] = library.code
    return described


@command("function|list")
def function_list(client: RedisSession, args: list[bytes]) -> Reply:
    pattern: bytes | None = None
    with_code = False
    position = 2
    while position < len(args):
        option = args[position].upper()
        if option == b"WITHCODE" and not with_code:
            with_code = True
        elif option == b"LIBRARYNAME" and pattern is None:
            position += 1
            if position >= len(args):
                raise RedisError("ERR library name argument was not given")
            pattern = args[position]
        else:
            raise RedisError(b"ERR Unknown argument " + args[position])
        position += 1
    return [
        _described(library, with_code)
        for library in client.server.scripting.functions.libraries.values()
        if pattern is None or glob_match(pattern, library.name.encode(), ignore_case=True)
    ]


@command("function|stats")
def function_stats(client: RedisSession, args: list[bytes]) -> Reply:
    scripting = client.server.scripting
    run = scripting.running
    running: Any = None
    if run is not None:
        if not run.is_function:
            raise scripting.busy_error(run)
        running = {
            b"name": run.name.encode(),
            b"command": run.words,
            b"duration_ms": (client.clock.wall_us() - run.started_us) // 1000,
        }
    functions = scripting.functions
    counts = {b"libraries_count": len(functions.libraries), b"functions_count": len(functions.functions)}
    return {b"running_script": running, b"engines": {b"LUA": counts}}


@command("function|kill")
def function_kill(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.scripting.kill(is_function=True)


@command("function|dump")
def function_dump(client: RedisSession, args: list[bytes]) -> Reply:
    server = client.server
    return dump_functions([library.code for library in server.scripting.functions.libraries.values()], server.version)


@command("function|restore")
def function_restore(client: RedisSession, args: list[bytes]) -> Reply:
    policy = args[3].upper() if len(args) > 3 else b"APPEND"
    if len(args) > 4:
        raise errors.subcommand_syntax(args)
    if policy not in (b"FLUSH", b"APPEND", b"REPLACE"):
        raise RedisError("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
    codes = load_functions(args[2], client.server.version)
    functions = client.server.scripting.functions
    before = functions.capture()
    try:
        if policy == b"FLUSH":
            functions.flush()
        for code in codes:
            _restore_one(client, code, policy)
    except RedisError:
        functions.put_back(before)
        raise
    client.server.dirty += 1
    return OK


def _restore_one(client: RedisSession, code: bytes, policy: bytes) -> None:
    try:
        client.server.scripting.functions.load(code, replace=policy == b"REPLACE")
    except RedisError as error:
        # FUNCTION RESTORE words this one without quotes.
        raise RedisError(error.line.replace(b"Library '", b"Library ").replace(b"' already", b" already")) from None
