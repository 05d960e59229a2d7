"""maxmemory: how much the keys take, and which go when it is too much.

While a limit is set, the sizes of all keys are kept up as keys change (`watching`), so that a check before each command is cheap.
Before a command runs, keys are evicted by the policy until the estimate fits: of a few sampled ones the one that was
used least recently or least often, or expires first, or any. The dice choose the samples. As in the server, buffers of
replicas do not count. Sizes are those of MEMORY USAGE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.redis.config import effect
from emulators.redis.memory import database_size, key_size, usage

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database

__all__ = ["Eviction"]

# How often a random key is drawn in search of one with a deadline, before all deadlines are listed.
_DRAWS = 64


class Eviction:
    """The memory limit of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        #: True while there is a limit: every change of a key has to be reported.
        self.watching = False
        self.due = False
        self._sizes: dict[tuple[int, bytes], int] = {}
        self._total = 0
        self._changed: dict[tuple[int, bytes], None] = {}

    def settle(self) -> None:
        """The limit or the policy has changed."""
        server = self._server
        policy = server.config["maxmemory-policy"]
        limited = bool(server.config["maxmemory"])
        if policy.endswith(b"lfu"):
            server.track_access(count_frequency=True)
        elif policy.endswith(b"lru") and limited:
            server.track_access(count_frequency=False)
        else:
            server.counts_frequency = False
        if limited != self.watching:
            self.watching = limited
            self.flushed()
            server.update_observed()
        server.update_special()

    # -- sizes -----------------------------------------------------------------------------------------------

    def key_changed(self, db: Database, key: bytes) -> None:
        self._changed[(db.number, key)] = None

    def flushed(self) -> None:
        """Measure everything anew."""
        self._sizes.clear()
        self._changed.clear()
        self._total = 0
        if self.watching:
            for db in self._server.databases:
                self._changed.update(((db.number, key), None) for key in db.data)

    def keys_bytes(self) -> int:
        """What all keys and values take."""
        if not self.watching:
            return sum(database_size(db) for db in self._server.databases if db.data)
        if self._changed:
            changed, self._changed = self._changed, {}
            for place in changed:
                number, key = place
                db = self._server.databases[number]
                value = db.data.get(key)
                size = 0 if value is None else key_size(db, key, value)
                self._total += size - self._sizes.pop(place, 0)
                if size:
                    self._sizes[place] = size
        return self._total

    def used(self) -> int:
        """What counts against the limit."""
        now = usage(self._server)
        return now.used - now.replicas - now.backlog

    # -- evicting --------------------------------------------------------------------------------------------

    def make_room(self) -> bool:
        """Evict until memory is within its limit; False if it cannot be."""
        server = self._server
        limit: int = server.config["maxmemory"]
        used = self.used()
        if used <= limit:
            return True
        policy = server.config["maxmemory-policy"].decode()
        if policy == "noeviction":
            return False
        scope, _, order = policy.partition("-")
        before = keys = self.keys_bytes()
        while used - (before - keys) > limit and self._evict_one(scope == "volatile", order):
            keys = self.keys_bytes()
        if keys != before and server.instrumented:
            # Who caches an evicted key hears of it before the answer to the command that needed the room.
            server.tracking.deliver()
        return used - (before - keys) <= limit

    def _evict_one(self, volatile: bool, order: str) -> bool:
        server = self._server
        best: tuple[Any, Database, bytes] | None = None
        samples = 1 if order == "random" else server.config["maxmemory-samples"]
        databases = [db for db in server.databases if (db.expires if volatile else db.data)]
        if order == "random" and databases:
            databases = [databases[server.random.randrange(len(databases))]]
        for db in databases:
            for _ in range(min(samples, len(db.data))):
                key = self._draw(db, volatile)
                rank = self._rank(db, key, order)
                if best is None or rank > best[0]:
                    best = rank, db, key
        if best is None:
            return False
        _, db, key = best
        db.delete(key)
        server.stats.evicted_keys += 1
        if server.feeding:
            server.replication.removed(db, key, server.config["lazyfree-lazy-eviction"])
        db.changed(key)
        db.event("e", b"evicted", key)
        return True

    def _draw(self, db: Database, volatile: bool) -> bytes:
        dice = self._server.random
        index = db.scan_index()
        if not volatile:
            return index.pick(dice)
        for _ in range(_DRAWS):
            key = index.pick(dice)
            if key in db.expires:
                return key
        keys = list(db.expires)
        return keys[dice.randrange(len(keys))]

    @staticmethod
    def _rank(db: Database, key: bytes, order: str) -> float:
        """Higher goes first."""
        if order == "ttl":
            return -db.expires[key]
        if db.access is not None and order == "lru":
            return db.access.idle_us(key)
        if db.access is not None and order == "lfu":
            return -db.access.frequency(key)
        return 0


@effect("maxmemory", "maxmemory-policy")
def _limit(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.eviction.settle()
    # Keys go when the command that set the limit is over, and the transaction that it may be part of.
    server.eviction.due = bool(values["maxmemory"])
    server.pending = True


@effect("lfu-log-factor", "lfu-decay-time")
def _lfu(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.lfu_log_factor = values["lfu-log-factor"]
    server.lfu_decay_time = values["lfu-decay-time"]


@effect("min-replicas-to-write")
def _replicas(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.update_special()
