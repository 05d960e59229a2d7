"""CLIENT PAUSE, and DEBUG SLEEP where the clock runs by itself: commands that are kept back until the clock says so.

A command that a pause holds stands in `session.postponed`; its session reads nothing further. When the pause is over, the kept
commands run in the order in which they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis.errors import RedisError
from emulators.redis.resp import NO_REPLY, OK, Reply

if TYPE_CHECKING:
    from emulators.kernel import Timer
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["MAY_REPLICATE", "Pauses"]

#: Commands that change nothing here and yet are passed on to replicas.
MAY_REPLICATE = frozenset({"eval", "evalsha", "fcall", "pfcount", "publish", "spublish"})


def _may_write(session: RedisSession, row: Command, args: list[bytes]) -> bool:
    if row.name == "eval" and args[1].startswith(b"#!"):
        # A script that declares that it writes nothing is held to it.
        return b"no-writes" not in args[1].split(b"\n", 1)[0]
    if row.name in ("evalsha", "fcall"):
        scripting = session.server.scripting
        try:
            flags = (scripting.scripts if row.name == "evalsha" else scripting.functions).find(args[1]).flags
        except RedisError:
            return True
        return not flags.no_writes
    return row.writes or row.name in MAY_REPLICATE


class Pauses:
    """The pause of one server. `kind` is "" (none), "write" or "all"."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.kind = ""
        self.until_us = 0
        self.asleep_until_us = 0
        self._timer: Timer | None = None
        self._waiting: dict[RedisSession, None] = {}

    @property
    def active(self) -> bool:
        return bool(self.kind) or bool(self.asleep_until_us)

    def pause(self, kind: str, duration_ms: int) -> None:
        """CLIENT PAUSE; of two pauses the longer and the stricter holds."""
        until_us = self._server.clock.now_us() + duration_ms * 1000
        if self.kind:
            kind = "all" if "all" in (kind, self.kind) else kind
            until_us = max(until_us, self.until_us)
        self.kind, self.until_us = kind, until_us
        self._server.paused_expiry(True)
        self._arm()

    def unpause(self) -> None:
        self.kind = ""
        self._arm()

    def sleep(self, session: RedisSession, duration_us: int) -> Reply:
        """Let every client wait, and answer this one when it is over."""
        session.slept_us = duration_us
        session.held = True
        self.fall_asleep(duration_us)

        def wake() -> None:
            if session.closed:
                return
            session.held = False
            session.send_reply(OK)
            session.link.resume_reading()
            session.process()

        self._server.clock.call_at(self.asleep_until_us, wake)
        return NO_REPLY

    def fall_asleep(self, duration_us: int) -> None:
        """Let every client wait for a while."""
        self.asleep_until_us = max(self.asleep_until_us, self._server.clock.now_us() + duration_us)
        self._arm()

    def holds(self, session: RedisSession, row: Command, args: list[bytes]) -> bool:
        """Whether the command has to wait."""
        if session.replica:
            return False
        if self.asleep_until_us or self.kind == "all":
            return True
        if self.kind != "write":
            return False
        if row.name == "exec" and session.queue is not None:
            return any(_may_write(session, queued, words) for queued, words in session.queue)
        return _may_write(session, row, args)

    def postpone(self, session: RedisSession, args: list[bytes]) -> None:
        session.postponed = args
        session.held = True
        self._waiting[session] = None

    def forget(self, session: RedisSession) -> None:
        """The session is gone, or goes on at once."""
        self._waiting.pop(session, None)
        session.postponed = None

    def close(self) -> None:
        """The server is being taken down."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._server.update_special()
        now_us = self._server.clock.now_us()
        if self.asleep_until_us and self.asleep_until_us <= now_us:
            self.asleep_until_us = 0
        if self.kind and self.until_us <= now_us:
            self.kind = ""
        ends = [end for end in (self.asleep_until_us, self.until_us if self.kind else 0) if end]
        if not self.kind:
            self._server.paused_expiry(False)
        if ends:
            self._timer = self._server.clock.call_at(min(ends), self._arm)
        self._server.update_special()
        self._resume()

    def _resume(self) -> None:
        """Run what may run now; what still has to wait puts itself back."""
        for session in list(self._waiting):
            args = session.postponed
            self.forget(session)
            session.held = False
            if session.closed or args is None:
                continue
            session.execute(args)
            if not session.held and session.blocked is None:
                session.link.resume_reading()
                session.process()
