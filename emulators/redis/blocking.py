"""Clients that wait for keys: BLPOP and its family, XREAD BLOCK, WAIT. Waiting is data, not a thread.

A handler that finds nothing to take returns `server.blocking.wait(...)`. When a key comes into being or goes (or a stream grows),
it is marked; after the command, script or transaction is over, `serve` offers marked keys, in the order in which they were
marked, to their waiters, in the order in which they began to wait. What serving marks (BLMOVE pushes) has its turn after
that. Timeouts are timers of the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulators.redis.errors import UNBLOCKED_BY_CLIENT, RedisError
from emulators.redis.resp import NO_REPLY, Reply

if TYPE_CHECKING:
    from emulators.kernel import Timer
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

__all__ = ["Blocking", "Waiter"]

Attempt = Callable[[bytes], Reply]


class Waiter:
    """One blocked client.

    attempt   called with a key that is there; returns the reply, or NO_REPLY to go on waiting
    expired   the reply when the time is over
    on_delete called with a key that is gone; returns a reply that ends the wait, or NO_REPLY (readers of groups need it)
    """

    __slots__ = ("attempt", "command", "db", "expired", "keys", "on_delete", "session", "timer")

    def __init__(
        self,
        session: RedisSession,
        db: Database,
        keys: list[bytes],
        attempt: Attempt,
        expired: Reply,
        on_delete: Attempt | None,
    ) -> None:
        self.session = session
        self.db = db
        self.keys = list(dict.fromkeys(keys))
        self.attempt = attempt
        self.expired = expired
        self.on_delete = on_delete
        self.timer: Timer | None = None
        self.command = session.current_args


class Blocking:
    """All waiters of a server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self._by_key: dict[tuple[int, bytes], dict[Waiter, None]] = {}
        self._ready: dict[tuple[int, bytes], None] = {}
        self._waiters: dict[Waiter, None] = {}

    def __len__(self) -> int:
        return len(self._waiters)

    def key_count(self) -> int:
        """How many keys somebody waits for."""
        return len(self._by_key)

    def wait(
        self,
        session: RedisSession,
        keys: list[bytes],
        attempt: Attempt,
        timeout_ms: int,
        expired: Reply,
        on_delete: Attempt | None = None,
    ) -> Reply:
        """Let the session wait for the keys of its database; `timeout_ms` 0 is for ever. Returns NO_REPLY."""
        waiter = Waiter(session, session.db, keys, attempt, expired, on_delete)
        self._waiters[waiter] = None
        for key in waiter.keys:
            self._by_key.setdefault((waiter.db.number, key), {})[waiter] = None
        if timeout_ms:
            waiter.timer = self._server.clock.call_later(timeout_ms * 1000, lambda: self._time_out(waiter))
        session.blocked = waiter
        self._server.waiting = True
        return NO_REPLY

    # -- what the keyspace reports ---------------------------------------------------------------------------

    def created(self, db: Database, key: bytes) -> None:
        """The key has come into being, or something a waiter may want was added to it."""
        place = (db.number, key)
        if place in self._by_key:
            self._ready[place] = None
            self._server.pending = True

    #: The key is gone.
    deleted = created

    def all_ready(self, db: Database) -> None:
        """Any key of the database may have come or gone (SWAPDB, a restored snapshot)."""
        for number, key in self._by_key:
            if number == db.number:
                self._ready[(number, key)] = None
                self._server.pending = True

    # -- serving ---------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Offer what is ready to those who wait. Serving may make other keys ready (BLMOVE); go on until nothing is."""
        if self._ready and self._server.feeding:
            # What the command itself changed is passed on before, and apart from, what serving changes.
            self._server.replication.flush()
        while self._ready:
            ready, self._ready = self._ready, {}
            for place in ready:
                number, key = place
                for waiter in list(self._by_key.get(place, ())):
                    there = key in self._server.databases[number]
                    attempt = waiter.attempt if there else waiter.on_delete
                    if attempt is not None and waiter in self._waiters:
                        self._offer(waiter, attempt, key)

    def _offer(self, waiter: Waiter, attempt: Attempt, key: bytes) -> None:
        dirty = self._server.dirty
        try:
            reply = attempt(key)
        except RedisError as error:
            reply = error
        if reply is not NO_REPLY:
            if self._server.feeding:
                self._server.replication.served(waiter, reply, self._server.dirty - dirty)
            self.end(waiter, reply)

    def end(self, waiter: Waiter, reply: Reply) -> None:
        """Stop waiting, answer, and let the session go on with what it sent meanwhile."""
        self.forget(waiter)
        session = waiter.session
        session.send_reply(reply)
        if isinstance(reply, RedisError):
            self._server.find(waiter.command).failed += 1
            self._server.count_error(reply)
        if self._server.instrumented:
            self._server.instruments.timed(session, self._server.find(waiter.command), waiter.command, 0)
        self._server.unblocked.append(session)
        self._server.pending = True

    def unblock(self, waiter: Waiter, *, with_error: bool = False) -> None:
        """CLIENT UNBLOCK: end the wait as if its time were over, or with an error."""
        self.end(waiter, UNBLOCKED_BY_CLIENT if with_error else waiter.expired)

    def forget(self, waiter: Waiter) -> None:
        """Stop waiting without an answer (the client is gone)."""
        if self._waiters.pop(waiter, waiter) is not None:
            return
        for key in waiter.keys:
            place = (waiter.db.number, key)
            others = self._by_key.get(place)
            if others is not None:
                others.pop(waiter, None)
                if not others:
                    del self._by_key[place]
        if waiter.timer is not None:
            waiter.timer.cancel()
        waiter.session.blocked = None
        self._server.waiting = bool(self._waiters)

    def _time_out(self, waiter: Waiter) -> None:
        self.end(waiter, waiter.expired)
        self._server.after_command()
        self._server.resume_unblocked()
