"""MEMORY (redis.io group `server`). Sizes are the estimates of `emulators.redis.memory`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer
from emulators.redis.memory import key_size, usage
from emulators.redis.resp import OK, Reply, Verbatim
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_EMPTY = "This instance is empty or is using very little memory, so there is nothing to find out about it.\n"
_FINE = "No memory issue was found in this instance.\n"


@command("memory|usage")
def usage_(client: RedisSession, args: list[bytes]) -> Reply:
    samples = 5
    position = 3
    while position < len(args):
        if args[position].upper() != b"SAMPLES" or position + 1 >= len(args):
            raise errors.SYNTAX
        samples = integer(args[position + 1])
        if samples < 0:
            raise errors.SYNTAX
        position += 2
    value = client.db.peek(args[2])
    return None if value is None else key_size(client.db, args[2], value, samples)


@command("memory|stats")
def stats(client: RedisSession, args: list[bytes]) -> Reply:
    server = client.server
    now = usage(server)
    peak = server.stats.peak_memory = max(server.stats.peak_memory, now.used)
    keys = sum(len(db.data) for db in server.databases)
    dataset = max(0, now.used - now.overhead)
    resident = now.used + (6 << 20)
    scripts = server.script_memory()
    shown: dict[bytes, object] = {
        b"peak.allocated": peak,
        b"total.allocated": now.used,
        b"startup.allocated": now.startup,
        b"replication.backlog": now.backlog,
        b"clients.slaves": now.replicas,
        b"clients.normal": now.clients,
        b"cluster.links": 0,
        b"aof.buffer": 0,
        b"lua.caches": scripts.eval_bytes,
        b"functions.caches": scripts.function_bytes,
    }
    for db in server.databases:
        if db.data:
            shown[b"db.%d" % db.number] = {
                b"overhead.hashtable.main": 72 * len(db.data),
                b"overhead.hashtable.expires": 32 * len(db.expires),
                b"overhead.hashtable.slot-to-keys": 16 * len(db.data) if server.cluster else 0,
            }
    shown |= {
        b"overhead.total": now.overhead,
        b"keys.count": keys,
        b"keys.bytes-per-key": (now.used - now.startup) // keys if keys else 0,
        b"dataset.bytes": dataset,
        b"dataset.percentage": dataset / max(1, now.used - now.startup) * 100,
        b"peak.percentage": now.used / peak * 100,
        b"allocator.allocated": now.used,
        b"allocator.active": now.used,
        b"allocator.resident": resident,
        b"allocator-fragmentation.ratio": 1.0,
        b"allocator-fragmentation.bytes": 0,
        b"allocator-rss.ratio": resident / now.used,
        b"allocator-rss.bytes": resident - now.used,
        b"rss-overhead.ratio": 1.0,
        b"rss-overhead.bytes": 0,
        b"fragmentation": resident / now.used,
        b"fragmentation.bytes": resident - now.used,
    }
    return shown


@command("memory|doctor")
def doctor(client: RedisSession, args: list[bytes]) -> Reply:
    return Verbatim((_EMPTY if usage(client.server).used < 5 << 20 else _FINE).encode())


@command("memory|purge")
def purge(client: RedisSession, args: list[bytes]) -> Reply:
    return OK


@command("memory|malloc-stats")
def malloc_stats(client: RedisSession, args: list[bytes]) -> Reply:
    used = usage(client.server).used
    return Verbatim(
        b"___ Begin jemalloc statistics ___\nAllocated: %d, active: %d\n--- End jemalloc statistics ---\n"
        % (used, used)
    )
