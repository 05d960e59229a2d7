"""Connection commands: PING, ECHO, SELECT, AUTH, HELLO, RESET, QUIT (redis.io group `connection`, without CLIENT)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, long_integer
from emulators.redis.commands.client import check_name
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, PONG, Reply, Status
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


@command("ping")
def ping(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 2:
        raise errors.wrong_arity("ping")
    if client.protocol == 2 and (client.channels or client.patterns or client.shards):
        return [b"pong", args[1] if len(args) == 2 else b""]
    return PONG if len(args) == 1 else args[1]


@command("echo")
def echo(client: RedisSession, args: list[bytes]) -> Reply:
    return args[1]


@command("select")
def select(client: RedisSession, args: list[bytes]) -> Reply:
    number = integer(args[1])
    if not -(2**31) <= number < 2**31:
        raise errors.INT_RANGE
    if not 0 <= number < len(client.server.databases):
        raise errors.DB_INDEX_RANGE
    client.db = client.server.databases[number]
    return OK


@command("quit")
def quit_(client: RedisSession, args: list[bytes]) -> Reply:
    client.quit()
    return OK


@command("auth")
def auth(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.SYNTAX
    acl = client.server.acl
    if len(args) == 2 and acl.default.no_password:
        raise errors.NO_PASSWORD_SET
    if not acl.authenticate(client, args[1] if len(args) == 3 else b"default", args[-1]):
        raise errors.WRONG_PASS
    return OK


@command("hello")
def hello(client: RedisSession, args: list[bytes]) -> Reply:
    position = 1
    protocol = client.protocol
    if len(args) > 1:
        wanted = long_integer(args[1])
        if wanted is None:
            raise errors.NOT_INTEGER_PROTO
        if wanted not in (2, 3):
            raise errors.NO_PROTO
        protocol, position = wanted, 2
    login: tuple[bytes, bytes] | None = None
    name: bytes | None = None
    while position < len(args):
        option = args[position].upper()
        left = len(args) - position - 1
        if option == b"AUTH" and left >= 2:
            login = (args[position + 1], args[position + 2])
            position += 3
        elif option == b"SETNAME" and left >= 1:
            name = args[position + 1]
            position += 2
        else:
            raise RedisError(b"ERR Syntax error in HELLO option '%b'" % args[position])
    if name is not None:
        check_name(name, "Client names")
    if login is not None and not client.server.acl.authenticate(client, *login):
        raise errors.WRONG_PASS
    if not client.authenticated:
        raise RedisError(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
            "<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
        )
    if name is not None:
        client.name = name
    client.set_protocol(protocol)
    return {
        b"server": b"redis",
        b"version": client.server.full_version.encode(),
        b"proto": protocol,
        b"id": client.id,
        b"mode": b"cluster" if client.server.cluster else b"standalone",
        b"role": b"master",
        b"modules": [],
    }


@command("reset")
def reset(client: RedisSession, args: list[bytes]) -> Reply:
    """Back to a fresh connection: no transaction, subscription, tracking, name; the default user; RESP2."""
    server = client.server
    server.instruments.drop_monitor(client)
    client.leave_multi()
    server.tracking.stop(client)
    server.pubsub.drop(client)
    client.db = server.databases[0]
    client.name = b""
    client.reply_mode = "on"
    client.reads_only = client.no_evict = client.no_touch = False
    server.acl.starts_as(client)
    client.reader.authenticated = client.authenticated
    client.set_protocol(2)
    return Status(b"RESET")
