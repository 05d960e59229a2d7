"""Client-side caching (CLIENT TRACKING): which client has read what, and who is told when it changes.

Default mode: the table remembers, per key, who read it; a change tells them once, and forgets. BCAST: clients name
prefixes and hear of every change under them, once per command. Messages go to the client itself (a push in RESP3) or to
the client it redirects to (a push, or in RESP2 a message of the channel `__redis__:invalidate` while that one is
subscribed). They leave after the reply to the command that changed the key. As in the server, key names count whatever
their database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.redis.config import effect
from emulators.redis.keyspecs import found_keys
from emulators.redis.resp import Push

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["TrackedClient", "Tracking"]

_CHANNEL = b"__redis__:invalidate"


@dataclass(slots=True)
class TrackedClient:
    """How one client wants to be told.

    redirect  another client's number, or 0
    caching   what CLIENT CACHING said for the next command
    """

    redirect: int = 0
    broadcast: bool = False
    opt_in: bool = False
    opt_out: bool = False
    no_loop: bool = False
    prefixes: dict[bytes, None] = field(default_factory=dict)
    caching: bool = False
    broken_redirect: bool = False

    def export(self) -> list[Any]:
        """As plain data; `load` reads it back."""
        flags = [self.broadcast, self.opt_in, self.opt_out, self.no_loop, self.caching, self.broken_redirect]
        return [self.redirect, flags, list(self.prefixes)]

    @classmethod
    def load(cls, data: list[Any]) -> TrackedClient:
        redirect, (broadcast, opt_in, opt_out, no_loop, caching, broken), prefixes = data
        return cls(redirect, broadcast, opt_in, opt_out, no_loop, dict.fromkeys(prefixes), caching, broken)


class Tracking:
    """The tracking table of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.clients: dict[RedisSession, None] = {}
        self._readers: dict[bytes, dict[int, None]] = {}
        #: Keys changed by the present command: for the default mode who is to hear, for BCAST who changed it.
        self._changed: dict[bytes, RedisSession | None] = {}
        self._pending: list[tuple[RedisSession, bytes]] = []
        self._flushed = False

    # -- who takes part --------------------------------------------------------------------------------------

    def start(self, session: RedisSession, how: TrackedClient) -> None:
        if session.tracking is not None:
            how.prefixes = {**session.tracking.prefixes, **how.prefixes}
        session.tracking = how
        self.clients[session] = None
        self._settle(session)

    def stop(self, session: RedisSession) -> None:
        if session.tracking is not None:
            session.tracking = None
            del self.clients[session]
            self._settle(session)

    def _settle(self, session: RedisSession) -> None:
        if not self.clients:
            self._readers.clear()
        self._server.update_observed()
        self._server.instruments.settle()
        session.update_special()

    # -- what was read ---------------------------------------------------------------------------------------

    def remember(self, session: RedisSession, row: Command, args: list[bytes]) -> None:
        """The client has run a reading command."""
        how = session.tracking
        if how is None or how.broadcast:
            return
        if (how.opt_in and not how.caching) or (how.opt_out and how.caching):
            return
        for position, _ in found_keys(row, args):
            self._readers.setdefault(args[position], {})[session.id] = None
        self._limit()

    def command_over(self, session: RedisSession, row: Command) -> None:
        """CLIENT CACHING counts for one command."""
        how = session.tracking
        if how is not None and how.caching and session.queue is None and not row.name.startswith("client|"):
            how.caching = False

    def _limit(self) -> None:
        limit = self._server.config["tracking-table-max-keys"]
        while limit and len(self._readers) > limit:
            keys = list(self._readers)
            self._tell(keys[self._server.random.randrange(len(keys))], None, at_once=True)

    # -- what changed ----------------------------------------------------------------------------------------

    def key_changed(self, key: bytes) -> None:
        server = self._server
        by = server.current_session
        if any(session.tracking is not None and session.tracking.broadcast for session in self.clients):
            # Whoever changed it last counts, for NOLOOP.
            self._changed[key] = by
            server.pending = True
        if key in self._readers:
            self._tell(key, by)

    def _tell(self, key: bytes, by: RedisSession | None, at_once: bool = False) -> None:
        for number in self._readers.pop(key):
            session = self._server.sessions.get(number)
            how = getattr(session, "tracking", None)
            if session is None or how is None or how.broadcast or (how.no_loop and session is by):
                continue
            if at_once:
                self._send(session, [key])  # type: ignore[arg-type]
            else:
                self._pending.append((session, key))  # type: ignore[arg-type]
                self._server.pending = True

    def flushed(self) -> None:
        """Everything is gone at once."""
        if self.clients:
            self._readers.clear()
            self._flushed = True
            self._server.pending = True

    def deliver(self) -> None:
        """Send what has come up; called after each command."""
        if self._flushed:
            self._flushed = False
            for session in list(self.clients):
                self._send(session, None)
        if self._pending:
            pending, self._pending = self._pending, []
            for session, key in pending:
                if session.tracking is not None and not session.closed:
                    self._send(session, [key])
        if self._changed:
            changed, self._changed = self._changed, {}
            for session in list(self.clients):
                how = session.tracking
                if how is None or not how.broadcast:
                    continue
                for prefix in how.prefixes:
                    keys = [
                        key
                        for key, by in changed.items()
                        if key.startswith(prefix) and not (how.no_loop and by is session)
                    ]
                    if keys:
                        self._send(session, keys)

    def _send(self, session: RedisSession, keys: list[bytes] | None) -> None:
        how = session.tracking
        assert how is not None
        target = session
        if how.redirect:
            other: Any = self._server.sessions.get(how.redirect)
            if other is None or other.closed or other.closing:
                how.broken_redirect = True
                if session.protocol == 3:
                    session.send_reply(Push([b"tracking-redir-broken", how.redirect]))
                return
            target = other
        if target.protocol == 3:
            target.send_reply(Push([b"invalidate", keys]))
        elif how.redirect and (target.channels or target.patterns or target.shards):
            target.send_reply(Push([b"message", _CHANNEL, keys]))

    # -- figures ---------------------------------------------------------------------------------------------

    def key_count(self) -> int:
        return len(self._readers)

    def item_count(self) -> int:
        return sum(map(len, self._readers.values()))

    def prefix_count(self) -> int:
        return len({prefix for session in self.clients if session.tracking for prefix in session.tracking.prefixes})

    def memory_bytes(self) -> int:
        return sum(64 + len(key) for key in self._readers) + 16 * self.item_count()


@effect("tracking-table-max-keys")
def _limit(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.tracking._limit()
