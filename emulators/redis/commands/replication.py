"""Replication commands (redis.io group `server`): ROLE, REPLICAOF, FAILOVER, REPLCONF, SYNC, PSYNC.

What is fed to a replica stands in `emulators.redis.replication`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, long_integer
from emulators.redis.errors import RedisError
from emulators.redis.resp import NO_REPLY, OK, Reply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession


@command("role")
def role(client: RedisSession, args: list[bytes]) -> Reply:
    feed = client.server.replication
    if feed.master is not None:
        return [b"slave", feed.master[0], feed.master[1], b"connect", -1]
    replicas = []
    for replica in feed.replicas:
        host, _, port = replica.link.peer.rpartition(":")
        replicas.append(
            [
                host.encode(),
                b"%d" % (replica.replica_port or long_integer(port.encode()) or 0),
                b"%d" % replica.acknowledged,
            ]
        )
    return [b"master", feed.offset, replicas]


@command("replicaof", "slaveof")
def replicaof(client: RedisSession, args: list[bytes]) -> Reply:
    server = client.server
    if server.cluster:
        raise RedisError("ERR REPLICAOF not allowed in cluster mode.")
    host, port = args[1], args[2]
    if host.lower() == b"no" and port.lower() == b"one":
        if server.replication.master is not None:
            server.replication.change_id()
        server.replication.master = None
    else:
        number = integer(port, RedisError("ERR Invalid master port"), 0, 65535)
        if number > 1:
            raise RedisError("ERR parlel does not implement copying another Redis server (REPLICAOF host port)")
        server.replication.master = (host, number)
    server.update_special()
    return OK


@command("failover")
def failover(client: RedisSession, args: list[bytes]) -> Reply:
    position, options = 1, set()
    while position < len(args):
        option = args[position].upper()
        if option == b"TO" and position + 2 < len(args):
            integer(args[position + 2])
            position += 2
        elif option == b"TIMEOUT" and position + 1 < len(args):
            if integer(args[position + 1]) <= 0:
                raise RedisError("ERR FAILOVER timeout must be greater than 0")
            position += 1
        elif option not in (b"FORCE", b"ABORT"):
            raise errors.SYNTAX
        options.add(option)
        position += 1
    if b"ABORT" in options:
        if len(args) > 2:
            raise errors.SYNTAX
        raise RedisError("ERR No failover in progress.")
    if client.server.cluster:
        raise RedisError("ERR FAILOVER not allowed in cluster mode.")
    if not client.server.replication.replicas:
        raise RedisError("ERR FAILOVER requires connected replicas.")
    raise RedisError("ERR parlel does not implement handing over to a replica (FAILOVER)")


@command("replconf")
def replconf(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) % 2 == 0:
        raise errors.SYNTAX
    for option, value in zip(args[1::2], args[2::2], strict=True):
        match option.lower():
            case b"listening-port":
                client.replica_port = integer(value)
            case b"ack":
                offset = long_integer(value)
                if client.replica and offset is not None:
                    client.server.replication.acknowledge(client, offset)
                return NO_REPLY
            case b"getack":
                return NO_REPLY
            case b"ip-address" | b"capa" | b"rdb-only" | b"rdb-filter-only" | b"version":
                pass
            case _:
                raise RedisError(b"ERR Unrecognized REPLCONF option: %b" % option)
    return OK


def _attach(client: RedisSession, announce: bool) -> Reply:
    if client.replica:
        return NO_REPLY
    if client.deny_blocking:
        raise RedisError("ERR SYNC isn't allowed for DENY BLOCKING client")
    client.server.replication.attach(client, announce)
    client.update_special()
    return NO_REPLY


@command("sync")
def sync(client: RedisSession, args: list[bytes]) -> Reply:
    return _attach(client, announce=False)


@command("psync")
def psync(client: RedisSession, args: list[bytes]) -> Reply:
    integer(args[2])
    return _attach(client, announce=True)
