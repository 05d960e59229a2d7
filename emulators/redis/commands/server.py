"""Server commands: INFO, TIME, LOLWUT, SAVE and its relatives, SHUTDOWN, MODULE (redis.io group `server`).

Saving: the emulator's data is kept by its operation log and snapshots, so SAVE, BGSAVE and BGREWRITEAOF write nothing here; they
answer, and move LASTSAVE and INFO persistence, as the server does when it is done at once.
SHUTDOWN closes all connections; what happens to the listener is up to the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.errors import RedisError
from emulators.redis.info import render
from emulators.redis.resp import NO_REPLY, OK, Reply, Status, Verbatim
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


@command("info")
def info(client: RedisSession, args: list[bytes]) -> Reply:
    wanted = [word.decode("utf-8", "replace").lower() for word in args[1:]] or ["default"]
    own = client.server.find(args)
    # A command counts when it is over, so not this one.
    own.calls -= 1
    try:
        return Verbatim(render(client.server, wanted))
    finally:
        own.calls += 1


@command("time")
def time_(client: RedisSession, args: list[bytes]) -> Reply:
    seconds, microseconds = divmod(client.clock.now_us(), 1_000_000)
    return [b"%d" % seconds, b"%d" % microseconds]


@command("lolwut")
def lolwut(client: RedisSession, args: list[bytes]) -> Reply:
    """The real one draws generative art for some versions; here a plain mosaic, drawn by the dice."""
    words = args[1:]
    if len(words) >= 2 and words[0].upper() == b"VERSION":
        integer(words[1])
        words = words[2:]
    numbers = [integer(word) for word in words[:2]]
    columns = min(max(numbers[0], 1), 1000) if numbers else 40
    rows = min(max(numbers[1], 1), 1000) if len(numbers) > 1 else 8
    dice = client.server.random
    picture = "".join("".join(dice.choice(" ░▒▓█") for _ in range(columns)) + "\n" for _ in range(rows))
    return Verbatim(f"{picture}Redis ver. {client.server.full_version}\n".encode())


@command("save")
def save(client: RedisSession, args: list[bytes]) -> Reply:
    client.server.saved(client)
    return OK


@command("bgsave")
def bgsave(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 2 or (len(args) == 2 and args[1].upper() != b"SCHEDULE"):
        raise errors.SYNTAX
    client.server.saved(client)
    return Status(b"Background saving scheduled" if client.deny_blocking else b"Background saving started")


@command("bgrewriteaof")
def bgrewriteaof(client: RedisSession, args: list[bytes]) -> Reply:
    client.server.stats.rewrites += 1
    client.server.stats.last_rewrite_duration_s = 0
    # Inside a transaction nothing is forked before its end.
    when = b"scheduled" if client.deny_blocking else b"started"
    return Status(b"Background append only file rewriting " + when)


@command("lastsave")
def lastsave(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.stats.last_save_s


@command("shutdown")
def shutdown(client: RedisSession, args: list[bytes]) -> Reply:
    flags = {word.upper() for word in args[1:]}
    if not flags <= {b"NOSAVE", b"SAVE", b"NOW", b"FORCE", b"ABORT"}:
        raise errors.SYNTAX
    if (b"ABORT" in flags and len(args) > 2) or {b"NOSAVE", b"SAVE"} <= flags:
        raise errors.SYNTAX
    if b"ABORT" in flags:
        raise RedisError("ERR No shutdown in progress.")
    if client.deny_blocking:
        raise (
            errors.SYNTAX
            if client.queue is not None
            else RedisError("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client")
        )
    client.server.shut_down()
    return NO_REPLY


@command("monitor")
def monitor(client: RedisSession, args: list[bytes]) -> Reply:
    if client.deny_blocking:
        raise RedisError("ERR MONITOR isn't allowed for DENY BLOCKING client")
    if client.monitors:
        return NO_REPLY
    client.server.instruments.add_monitor(client)
    return OK


_NO_MODULES = "ERR Error loading the extension. Please check the server logs."


@command("module|list")
def module_list(client: RedisSession, args: list[bytes]) -> Reply:
    return []


@command("module|load", "module|loadex", "module|unload")
def module_load(client: RedisSession, args: list[bytes]) -> Reply:
    if args[1].lower() == b"unload":
        raise RedisError("ERR Error unloading module: no such module with that name")
    raise RedisError(_NO_MODULES)
