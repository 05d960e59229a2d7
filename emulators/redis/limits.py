"""What a connection may cost: client-output-buffer-limit, `timeout`, and maxclients (checked in
`RedisEmulator.open_session`).

Output is looked at when something is sent that the client did not ask for just now: messages, MONITOR lines, the
replication stream; and after each command while a limit for normal clients is set. Who is over the hard limit is
dropped at once, who stays over the soft one for its seconds, when that time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.redis.config import effect, output_limits

if TYPE_CHECKING:
    from emulators.kernel import Timer
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession

__all__ = ["Limits"]

_NORMAL, _REPLICA, _PUBSUB = range(3)


class Limits:
    """The limits of one server's connections."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self._limits = output_limits(server.config["client-output-buffer-limit"])
        #: True when commands of normal clients have to be followed by a look at their output.
        self.normal = False
        self._over_since_us: dict[RedisSession, int] = {}
        self._idle_timer: Timer | None = None

    def settle(self) -> None:
        """The parameter has changed."""
        self._limits = output_limits(self._server.config["client-output-buffer-limit"])
        self.normal = any(self._limits[_NORMAL])
        self._server.update_special()

    def check(self, session: RedisSession) -> None:
        """Drop a client whose output has grown too much."""
        if session.closing:
            return
        if session.replica:
            kind = _REPLICA
        else:
            kind = _PUBSUB if session.subscriptions or session.shards else _NORMAL
        hard, soft, seconds = self._limits[kind]
        if not hard and not soft:
            return
        waiting = session.link.buffered() + session.unsent()
        if hard and waiting >= hard:
            self._drop(session)
        elif soft and waiting >= soft:
            now_us = self._server.clock.now_us()
            since_us = self._over_since_us.get(session)
            if since_us is None:
                self._over_since_us[session] = now_us
                # Without traffic nobody else would look again.
                self._server.clock.call_later(seconds * 1_000_000 + 1, lambda: self.check(session))
            elif now_us - since_us > seconds * 1_000_000:
                self._drop(session)
        else:
            self._over_since_us.pop(session, None)

    def _drop(self, session: RedisSession) -> None:
        self._over_since_us.pop(session, None)
        session.discard()
        session.closing = True
        session.link.abort()

    def close(self) -> None:
        """The server is being taken down."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def forget(self, session: RedisSession) -> None:
        self._over_since_us.pop(session, None)

    # -- idle clients ----------------------------------------------------------------------------------------

    def watch_idle(self) -> None:
        """Close clients that have said nothing for `timeout` seconds, with a look once a second."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        seconds = self._server.config["timeout"]
        if not seconds:
            return
        oldest_us = self._server.clock.now_us() - seconds * 1_000_000
        for session in self._server.clients():
            waits = session.blocked is not None or session.subscriptions or session.shards
            if session.last_used_us < oldest_us and not (waits or session.replica or session.monitors):
                session.kill()
        self._idle_timer = self._server.clock.call_later(1_000_000, self.watch_idle)


@effect("client-output-buffer-limit")
def _output(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.limits.settle()


@effect("timeout")
def _timeout(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.limits.watch_idle()
