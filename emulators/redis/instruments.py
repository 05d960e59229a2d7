"""What looks at commands as they run: SLOWLOG, LATENCY, MONITOR, client tracking and the replication feed.

`Instruments.call` stands around a handler while any of them is on (`server.instrumented`); otherwise
`RedisSession.call` is all there is. Durations are read from the clock, so they are zero on a frozen one, except for
what a command says it slept. With slowlog-log-slower-than at its default of 10 ms, only commands that sleep are timed
(DEBUG SLEEP); setting the parameter to any other value times them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.redis.config import effect
from emulators.redis.errors import RedisError
from emulators.redis.keyspecs import found_keys
from emulators.redis.quoting import quoted
from emulators.redis.resp import Reply, Status

if TYPE_CHECKING:
    from typing import Any

    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession
    from emulators.redis.table import Command

__all__ = ["Instruments", "LatencyEvent", "SlowEntry"]

_MAX_WORDS = 32
_MAX_WORD = 128
_HISTORY = 160
_DEFAULT_SLOWER_THAN = 10_000


@dataclass(slots=True)
class SlowEntry:
    """One line of SLOWLOG GET."""

    number: int
    time_s: int
    duration_us: int
    words: list[bytes]
    peer: bytes
    name: bytes


@dataclass(slots=True)
class LatencyEvent:
    """The history of one kind of event: (second, milliseconds), newest last, and the highest ever."""

    samples: list[tuple[int, int]]
    highest_ms: int = 0


def _shortened(words: list[bytes]) -> list[bytes]:
    """As the slow log keeps them: 32 words, 128 bytes a word."""
    shown = []
    kept = words if len(words) <= _MAX_WORDS else words[: _MAX_WORDS - 1]
    for word in kept:
        if len(word) > _MAX_WORD:
            word = b"%b... (%d more bytes)" % (word[:_MAX_WORD], len(word) - _MAX_WORD)
        shown.append(word)
    if len(words) > _MAX_WORDS:
        shown.append(b"... (%d more arguments)" % (len(words) - _MAX_WORDS + 1))
    return shown


_REDACTED = b"(redacted)"


def redacted(server: RedisEmulator, row: Command, words: list[bytes]) -> list[bytes]:
    """The words of a command with its secrets hidden."""
    name = row.name
    shown = list(words)
    if name == "auth":
        shown[1:] = [_REDACTED] * (len(words) - 1)
    elif name == "acl|setuser" or name in ("acl|deluser", "acl|getuser", "acl|dryrun"):
        shown[2:] = [_REDACTED] * (len(words) - 2)
    elif name == "hello":
        for place, word in enumerate(words[:-2]):
            if word.upper() == b"AUTH":
                shown[place + 1 : place + 3] = [_REDACTED, _REDACTED]
    elif name == "config|set":
        for place in range(2, len(words) - 1, 2):
            parameter = server.config.row(words[place])
            if parameter is not None and "sensitive" in parameter.flags:
                shown[place + 1] = _REDACTED
    elif name == "migrate":
        for place, word in enumerate(words):
            if word.upper() == b"AUTH":
                shown[place + 1 : place + 2] = [_REDACTED]
            elif word.upper() == b"AUTH2":
                shown[place + 1 : place + 3] = [_REDACTED, _REDACTED]
    return shown


class Instruments:
    """The instruments of one server."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.slow_entries: list[SlowEntry] = []
        self.next_slow_number = 0
        self.latency: dict[str, LatencyEvent] = {}
        self.monitors: dict[RedisSession, None] = {}
        self.times_all = False
        self.depth = 0
        self._lines: list[Status] = []

    @property
    def on(self) -> bool:
        """Whether commands have to pass through here."""
        server = self._server
        return (
            self.times_all
            or bool(self.monitors)
            or bool(server.tracking.clients)
            or server.feeding
            or "m" in server.notify_flags
            or bool(server.config["latency-monitor-threshold"])
        )

    def settle(self) -> None:
        """Something that decides about `on` has changed."""
        self.times_all = self._server.config["slowlog-log-slower-than"] not in (-1, _DEFAULT_SLOWER_THAN)
        self._server.instrumented = self.on
        self._server.update_special()

    # -- around a command ------------------------------------------------------------------------------------

    def call(self, session: RedisSession, row: Command, args: list[bytes]) -> Reply:
        """Run a handler; errors are returned."""
        server = self._server
        handler = row.handler
        assert handler is not None
        if self.monitors and row.group == "scripting" and "skip_monitor" in row.flags:
            # A script shows before what it does.
            self._show(session, row, args)
        dirty = server.dirty
        feeding = server.feeding
        if feeding:
            override = server.replication.begin()
        clock = server.clock
        if "m" in server.notify_flags and "readonly" in row.flags:
            for position, _ in found_keys(row, args):
                if session.db.peek(args[position]) is None:
                    session.db.event("m", b"keymiss", args[position])
        start_us = clock.wall_us()
        row.calls += 1
        self.depth += 1
        reply: Reply
        try:
            reply = handler(session, args)
        except RedisError as error:
            row.failed += 1
            reply = error
        finally:
            self.depth -= 1
        duration_us = clock.wall_us() - start_us + session.slept_us
        row.usec += duration_us
        if feeding:
            server.replication.end(override, session, row, args, reply, server.dirty - dirty)
        if session.blocked is None:
            self.timed(session, row, args, duration_us)
        session.slept_us = 0
        if self.monitors and not (row.flags & {"skip_monitor", "admin"}):
            self._show(session, row, args)
        script = server.scripting.running
        client = session if script is None else script.caller
        reads = "readonly" in row.flags and row.group != "scripting"
        if reads and client.tracking is not None and type(reply) is not RedisError:
            if script is not None:
                # A script that reads has read all the keys that it declared.
                args = client.current_args
                row = server.find(args)
            server.tracking.remember(client, row, args)
        return reply

    def timed(self, session: RedisSession, row: Command, args: list[bytes], duration_us: int) -> None:
        """Note how long a command took, where that is asked for."""
        threshold_us = self._server.config["slowlog-log-slower-than"]
        if 0 <= threshold_us <= duration_us and "skip_slowlog" not in row.flags:
            self._log_slow(session, row, args, duration_us)
        self.sample("fast-command" if "fast" in row.flags else "command", duration_us // 1000)

    # -- SLOWLOG ---------------------------------------------------------------------------------------------

    def _log_slow(self, session: RedisSession, row: Command, args: list[bytes], duration_us: int) -> None:
        limit = self._server.config["slowlog-max-len"]
        entry = SlowEntry(
            self.next_slow_number,
            self._server.clock.now_us() // 1_000_000,
            duration_us,
            _shortened(redacted(self._server, row, args)),
            session.link.peer.encode(),
            session.name,
        )
        self.next_slow_number += 1
        self.slow_entries.insert(0, entry)
        del self.slow_entries[limit:]

    # -- LATENCY ---------------------------------------------------------------------------------------------

    def sample(self, event: str, milliseconds: int) -> None:
        """Note a latency, if it reaches the threshold."""
        threshold = self._server.config["latency-monitor-threshold"]
        if not threshold or milliseconds < threshold:
            return
        history = self.latency.setdefault(event, LatencyEvent([]))
        now_s = self._server.clock.now_us() // 1_000_000
        history.highest_ms = max(history.highest_ms, milliseconds)
        if history.samples and history.samples[-1][0] == now_s:
            history.samples[-1] = (now_s, max(history.samples[-1][1], milliseconds))
            return
        history.samples.append((now_s, milliseconds))
        del history.samples[:-_HISTORY]

    # -- MONITOR ---------------------------------------------------------------------------------------------

    def add_monitor(self, session: RedisSession) -> None:
        session.monitors = True
        self.monitors[session] = None
        self.settle()

    def drop_monitor(self, session: RedisSession) -> None:
        if session.monitors:
            session.monitors = False
            self.monitors.pop(session, None)
            self.settle()

    def _show(self, session: RedisSession, row: Command, args: list[bytes]) -> None:
        seconds, microseconds = divmod(self._server.clock.now_us(), 1_000_000)
        source = b"lua" if self._server.scripting.running else session.link.peer.encode()
        words = b" ".join(map(quoted, redacted(self._server, row, args)))
        line = Status(b"%d.%06d [%d %b] %b" % (seconds, microseconds, session.db.number, source, words))
        self._lines.append(line)
        self._server.pending = True

    def deliver(self) -> None:
        """Send MONITOR's lines: after the reply to what they show."""
        lines, self._lines = self._lines, []
        for line in lines:
            for monitor in list(self.monitors):
                monitor.send_reply(line)
                self._server.limits.check(monitor)


@effect("slowlog-log-slower-than", "latency-monitor-threshold")
def _timing(server: RedisEmulator, values: dict[str, Any]) -> None:
    server.instruments.settle()


@effect("slowlog-max-len")
def _slow_length(server: RedisEmulator, values: dict[str, Any]) -> None:
    del server.instruments.slow_entries[values["slowlog-max-len"] :]
