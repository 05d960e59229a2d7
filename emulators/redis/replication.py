"""Replication as a master sees it: its ID and offset, and the stream of effects that SYNC and PSYNC feed to replicas.

A replica first gets the whole data set as an RDB file (always: there is no partial resynchronisation), then every
change as a command (see `effects`). What one command, transaction or script changed stands between MULTI and EXEC if it
is more than one command. Nothing here costs anything while no replica is attached (`server.feeding`). Handlers need not
report anything; one whose effect cannot be read off its reply calls `propagate_as`.
Differs: this server does not copy another master. REPLICAOF to a port on which nothing can listen (0 or 1) makes it a
replica whose link is down, as a real one would be; any other is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import loading
from emulators.redis.effects import ALWAYS, rewritten
from emulators.redis.errors import RedisError
from emulators.redis.pauses import MAY_REPLICATE
from emulators.redis.resp import Reply

if TYPE_CHECKING:
    from emulators.kernel import Timer
    from emulators.redis.blocking import Waiter
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["Replication"]

Words = list[bytes]
#: Commands that come across many keys without changing any.
_APART = frozenset({"scan", "randomkey", "config|set"})


def _encode(words: Words) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


class Replication:
    """The replicas of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.replicas: list[RedisSession] = []
        self.replication_id = server.fresh_id()
        self.offset = 0
        self.backlog_active = False
        #: Host and port of the master of which this is a replica (with its link down), or None.
        self.master: tuple[bytes, int] | None = None
        self._batch: list[tuple[int, Words]] = []
        self._selected = -1
        self._instead: list[Words] | None = None
        #: Changes that are no effect of the command under way (keys whose time was over).
        self._aside = 0
        #: The command under way only looks: keys that go on the way do so one by one.
        self._apart = False
        self._ping_timer: Timer | None = None
        self._waits: list[tuple[Waiter, int, int]] = []

    def change_id(self) -> None:
        self.replication_id = self._server.fresh_id()

    # -- replicas --------------------------------------------------------------------------------------------

    def attach(self, session: RedisSession, announce: bool) -> None:
        """SYNC and PSYNC: send everything there is, and from now on every change."""
        server = self._server
        self.flush()
        if announce:
            session.send_encoded(b"+FULLRESYNC %b %d\r\n" % (self.replication_id.encode(), self.offset))
        payload = loading.to_rdb(server)
        session.send_encoded(b"$%d\r\n" % len(payload) + payload)
        session.replica = True
        self.replicas.append(session)
        self.backlog_active = True
        self._selected = -1
        server.stats.full_syncs += 1
        server.feeding = True
        server.instruments.settle()
        self._arm_ping()

    def drop(self, session: RedisSession) -> None:
        """A session is gone; it may have been a replica."""
        if session.replica and session in self.replicas:
            self.replicas.remove(session)
            self._server.feeding = bool(self.replicas)
            self._server.instruments.settle()

    def _arm_ping(self) -> None:
        """Say PING now and then, so that replicas do not take the link for dead."""
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        period_s = self._server.config["repl-ping-replica-period"]
        self._ping_timer = self._server.clock.call_later(period_s * 1_000_000, self._ping)

    def close(self) -> None:
        """The server is being taken down."""
        if self._ping_timer is not None:
            self._ping_timer.cancel()

    def _ping(self) -> None:
        self._ping_timer = None
        if self.replicas:
            self._send(_encode([b"PING"]))
            self._arm_ping()

    def good_replicas(self) -> int:
        """Replicas that are near enough for min-replicas-to-write."""
        return len(self.replicas)

    # -- collecting effects ----------------------------------------------------------------------------------

    def propagate_as(self, *commands: Words) -> None:
        """Let these stand for the command under way."""
        self._instead = [*(self._instead or ()), *commands]

    def begin(self) -> tuple[list[Words] | None, int]:
        outer = self._instead, self._aside
        self._instead, self._aside = None, 0
        return outer

    def end(
        self,
        outer: tuple[list[Words] | None, int],
        session: RedisSession,
        row: Command,
        args: Words,
        reply: Reply,
        changes: int,
    ) -> None:
        """A command is over; `changes` says how much it changed."""
        if row.name in _APART and not self._server.instruments.depth:
            self._apart = True
        instead, aside = self._instead, self._aside
        self._instead, self._aside = outer[0], outer[1] + aside
        if instead is not None:
            self._batch.extend((session.db.number, words) for words in instead)
        elif isinstance(reply, RedisError):
            # What a failing command changed before it failed cannot be told from its words.
            return
        changed = changes > aside and (row.writes or row.name in MAY_REPLICATE)
        if instead is None and session.blocked is None and (changed or row.name in ALWAYS):
            self._batch.extend((session.db.number, words) for words in rewritten(row, session.db, args, reply))

    def served(self, waiter: Waiter, reply: Reply, changes: int) -> None:
        """A waiting client got what it waited for."""
        if changes and not isinstance(reply, RedisError):
            row = self._server.find(waiter.command)
            self._batch.extend((waiter.db.number, words) for words in rewritten(row, waiter.db, waiter.command, reply))
            self.flush()

    def removed(self, db: Database, key: bytes, lazily: bool) -> None:
        """A key went by itself: its time was over, or memory was short."""
        self._aside += 1
        self._batch.append((db.number, [b"UNLINK" if lazily else b"DEL", key]))
        if not self._server.instruments.depth:
            self.flush()

    def feed(self, number: int, words: Words) -> None:
        """Pass on one command as it is."""
        if self.replicas:
            self._batch.append((number, words))
            self.flush()

    # -- sending ---------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Send what has been collected; as a transaction when it is more than one command."""
        if not self._batch:
            self._apart = False
            return
        if self._apart:
            self._apart = False
            batch, self._batch = self._batch, []
            for single in batch:
                self._batch = [single]
                self.flush()
            return
        batch, self._batch = self._batch, []
        parts: list[bytes] = []
        first = batch[0][0]
        if first != self._selected:
            parts.append(_encode([b"SELECT", b"%d" % first]))
            self._selected = first
        if len(batch) > 1:
            parts.append(_encode([b"MULTI"]))
        for number, words in batch:
            if number != self._selected:
                parts.append(_encode([b"SELECT", b"%d" % number]))
                self._selected = number
            parts.append(_encode(words))
        if len(batch) > 1:
            parts.append(_encode([b"EXEC"]))
        self._send(b"".join(parts))

    def _send(self, data: bytes) -> None:
        self.offset += len(data)
        self._server.stats.repl_output_bytes += len(data) * len(self.replicas)
        for replica in list(self.replicas):
            replica.write(data)
            self._server.limits.check(replica)

    # -- WAIT ------------------------------------------------------------------------------------------------

    def acknowledged_by(self, offset: int) -> int:
        return sum(1 for replica in self.replicas if replica.acknowledged >= offset)

    def acknowledge(self, session: RedisSession, offset: int) -> None:
        """REPLCONF ACK: a replica says how far it has come."""
        session.acknowledged = max(session.acknowledged, offset)
        for wait in list(self._waits):
            waiter, wanted, needed = wait
            count = self.acknowledged_by(needed)
            if waiter.session.blocked is not waiter:
                self._waits.remove(wait)
            elif count >= wanted:
                self._waits.remove(wait)
                self._server.blocking.end(waiter, count)
            else:
                waiter.expired = count

    def wait(self, session: RedisSession, wanted: int, timeout_ms: int) -> Reply:
        """WAIT: how many replicas have what was written so far; asks them, and waits for their answers."""
        count = self.acknowledged_by(self.offset)
        if count >= wanted or not session.may_block:
            return count
        needed = self.offset
        reply = self._server.blocking.wait(session, [], _never, timeout_ms, count)
        waiter = session.blocked
        assert waiter is not None
        self._waits.append((waiter, wanted, needed))
        if self.replicas:
            self._send(_encode([b"REPLCONF", b"GETACK", b"*"]))
        return reply


def _never(key: bytes) -> Reply:
    raise AssertionError("a client that waits for replicas waits for no key")
