"""Cluster commands (redis.io group `cluster`): a cluster of one node, or the refusal of a server without cluster mode.

With `cluster=True` this node owns all slots; what concerns other nodes (MEET, FAILOVER, REPLICATE, SETSLOT ...) answers with an
error. SLOTS, SHARDS and NODES name the address that clients came to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.redis.arguments import integer
from emulators.redis.cluster import SLOTS, key_slot
from emulators.redis.commands.usage import usage_lines
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply, Verbatim
from emulators.redis.table import command

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.redis.session import RedisSession

_DISABLED = RedisError("ERR This instance has cluster support disabled")
_HOST = b"127.0.0.1"


def _in_cluster(*names: str) -> Callable[[Any], Any]:
    """Tie a handler that works in cluster mode only."""

    def tie(handler: Callable[[RedisSession, list[bytes]], Reply]) -> Any:
        def guarded(client: RedisSession, args: list[bytes]) -> Reply:
            if not client.server.cluster:
                raise _DISABLED
            return handler(client, args)

        command(*names)(guarded)
        return handler

    return tie


def _myself(client: RedisSession) -> bytes:
    return client.server.run_id.encode()


def _port(client: RedisSession) -> int:
    return int(client.server.config["port"])


@_in_cluster("cluster|info")
def info(client: RedisSession, args: list[bytes]) -> Reply:
    fields = {
        "cluster_state": "ok",
        "cluster_slots_assigned": SLOTS,
        "cluster_slots_ok": SLOTS,
        "cluster_slots_pfail": 0,
        "cluster_slots_fail": 0,
        "cluster_known_nodes": 1,
        "cluster_size": 1,
        "cluster_current_epoch": 1,
        "cluster_my_epoch": 1,
        "cluster_stats_messages_sent": 0,
        "cluster_stats_messages_received": 0,
        "total_cluster_links_buffer_limit_exceeded": 0,
    }
    return Verbatim("".join(f"{name}:{value}\r\n" for name, value in fields.items()).encode())


@_in_cluster("cluster|help")
def help_(client: RedisSession, args: list[bytes]) -> Reply:
    return usage_lines(client.server, "cluster")


@_in_cluster("cluster|slots")
def slots(client: RedisSession, args: list[bytes]) -> Reply:
    return [[0, SLOTS - 1, [_HOST, _port(client), _myself(client), []]]]


@_in_cluster("cluster|shards")
def shards(client: RedisSession, args: list[bytes]) -> Reply:
    node = {
        b"id": _myself(client),
        b"port": _port(client),
        b"ip": _HOST,
        b"endpoint": _HOST,
        b"role": b"master",
        b"replication-offset": client.server.replication.offset,
        b"health": b"online",
    }
    return [{b"slots": [0, SLOTS - 1], b"nodes": [node]}]


def _node_line(client: RedisSession) -> bytes:
    port = _port(client)
    return b"%b %b:%d@%d myself,master - 0 0 1 connected 0-%d\n" % (
        _myself(client),
        _HOST,
        port,
        port + 10_000,
        SLOTS - 1,
    )


@_in_cluster("cluster|nodes")
def nodes(client: RedisSession, args: list[bytes]) -> Reply:
    return Verbatim(_node_line(client))


@_in_cluster("cluster|myid")
def myid(client: RedisSession, args: list[bytes]) -> Reply:
    return _myself(client)


@_in_cluster("cluster|keyslot")
def keyslot(client: RedisSession, args: list[bytes]) -> Reply:
    return key_slot(args[2])


def _slot(word: bytes) -> int:
    number = integer(word)
    if not 0 <= number < SLOTS:
        raise RedisError("ERR Invalid slot")
    return number


@_in_cluster("cluster|countkeysinslot")
def countkeysinslot(client: RedisSession, args: list[bytes]) -> Reply:
    number = _slot(args[2])
    return sum(key_slot(key) == number for key in client.db.data)


@_in_cluster("cluster|getkeysinslot")
def getkeysinslot(client: RedisSession, args: list[bytes]) -> Reply:
    number, limit = integer(args[2]), integer(args[3])
    if not 0 <= number < SLOTS or limit < 0:
        raise RedisError("ERR Invalid slot or number of keys")
    found: list[bytes] = []
    for key in client.db.data:
        if len(found) >= limit:
            break
        if key_slot(key) == number:
            found.append(key)
    return found


@_in_cluster("cluster|replicas", "cluster|slaves")
def replicas(client: RedisSession, args: list[bytes]) -> Reply:
    if args[2] != _myself(client):
        raise RedisError(b"ERR Unknown node %b" % args[2])
    return []


@_in_cluster("cluster|links")
def links(client: RedisSession, args: list[bytes]) -> Reply:
    return []


@_in_cluster("cluster|count-failure-reports")
def count_failure_reports(client: RedisSession, args: list[bytes]) -> Reply:
    if args[2] != _myself(client):
        raise RedisError(b"ERR Unknown node %b" % args[2])
    return 0


@_in_cluster("cluster|saveconfig", "cluster|bumpepoch")
def saveconfig(client: RedisSession, args: list[bytes]) -> Reply:
    return OK


@_in_cluster(
    "cluster|addslots",
    "cluster|addslotsrange",
    "cluster|delslots",
    "cluster|delslotsrange",
    "cluster|failover",
    "cluster|flushslots",
    "cluster|forget",
    "cluster|meet",
    "cluster|replicate",
    "cluster|reset",
    "cluster|set-config-epoch",
    "cluster|setslot",
)
def of_several_nodes(client: RedisSession, args: list[bytes]) -> Reply:
    raise RedisError(b"ERR parlel's cluster has one node; it does not implement CLUSTER %b" % args[1].upper())


@_in_cluster("readonly")
def readonly(client: RedisSession, args: list[bytes]) -> Reply:
    client.reads_only = True
    return OK


@_in_cluster("readwrite")
def readwrite(client: RedisSession, args: list[bytes]) -> Reply:
    client.reads_only = False
    return OK


@_in_cluster("asking")
def asking(client: RedisSession, args: list[bytes]) -> Reply:
    return OK
