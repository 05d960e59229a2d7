"""The clock of a context, as other threads may use it.

Every TTL, timeout, `now()` and log timestamp of all services of a context reads this one clock. Units: seconds (float) where a
person calls, microseconds since the Unix epoch in names ending `_us`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from emulators.kernel import Clock, Host, parse_instant
from emulators.kernel.oplog import CLOCK
from parlel._aliases import CamelAliases
from parlel.errors import ConfigError

__all__ = ["ClockControl", "make_clock"]

_T = TypeVar("_T")


def make_clock(clock: object) -> Clock:
    """The clock for a `clock=` argument.

    `"real"` follows the machine's clock; `"frozen"` stands still (at 2026-01-01T00:00:00Z) until it is advanced; an instant
    (ISO-8601 text, a datetime, seconds since the epoch) is frozen there; `"x10"` runs ten times as fast; a `Clock` is used as
    it is.
    """
    if isinstance(clock, Clock):
        return clock
    if clock is None or clock == "real":
        return Clock()
    if clock == "frozen":
        return Clock("frozen")
    if isinstance(clock, str) and clock[:1] == "x":
        try:
            return Clock("scaled", scale=float(clock[1:]))
        except ValueError as error:
            raise ConfigError(f"clock={clock!r} is no speed: write x10 for ten times as fast") from error
    try:
        return Clock("frozen", start_us=parse_instant(clock))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"clock={clock!r}: use 'real', 'frozen', 'x10' or an instant ({error})") from error


class ClockControl(CamelAliases):
    """Read and move the clock of a context, from any thread.

    >>> import parlel
    >>> with parlel.emulate("redis", clock="frozen") as redis:
    ...     redis.clock.advance(60)
    ...     redis.clock.datetime.isoformat()
    0
    '2026-01-01T00:01:00+00:00'
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def now(self) -> float:
        """The present instant in seconds since the Unix epoch."""
        return self.now_us() / 1_000_000

    def now_us(self) -> int:
        """The present instant in microseconds since the Unix epoch."""
        return self._host.call(self._host.clock.now_us)

    @property
    def datetime(self) -> datetime:
        """The present instant as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    @property
    def mode(self) -> str:
        """`real`, `frozen` or `scaled`."""
        return self._host.clock.mode

    @property
    def frozen(self) -> bool:
        return self._host.clock.frozen

    @property
    def scale(self) -> float:
        """How many seconds of this clock pass in one second."""
        return self._host.clock.scale

    def advance(self, seconds: float) -> int:
        """Move forward and fire everything that becomes due on the way, in order; returns how many timers fired.

        Works in every mode. ValueError for a negative number: a clock only moves forward.
        """
        return self._move(lambda: self._host.clock.advance(seconds))

    def advance_to(self, instant: object) -> int:
        """Move forward to an instant (ISO-8601 text, datetime, seconds since the epoch); ValueError if it has passed."""
        instant_us = parse_instant(instant)

        def move() -> int:
            clock = self._host.clock
            if instant_us < clock.now_us():
                raise ValueError(f"a clock only moves forward: {instant!r} has passed")
            return clock.advance_to(instant_us)

        return self._move(move)

    def freeze(self) -> None:
        """Stand still from now on, until `advance` or `resume`."""
        self._move(self._host.clock.freeze)

    def resume(self, scale: float = 1.0) -> None:
        """Run on from the present instant, `scale` times as fast as the machine's clock."""
        self._move(lambda: self._host.clock.resume(scale))

    def status(self) -> dict[str, Any]:
        """`{"mode", "scale", "now", "now_us"}`, `now` being ISO-8601 text."""
        now_us = self.now_us()
        now = datetime.fromtimestamp(now_us / 1_000_000, UTC)
        return {"mode": self.mode, "scale": self.scale, "now": now.isoformat(), "now_us": now_us}

    def __repr__(self) -> str:
        return f"<Clock {self.mode} at {self.datetime.isoformat()}>"

    def _move(self, move: Callable[[], _T]) -> _T:
        host = self._host

        def step() -> _T:
            result = move()
            # The record is what a log played back moves its clock by.
            clock = host.clock
            host.log.append((CLOCK, clock.now_us(), 0, [clock.mode, clock.scale]))
            return result

        return host.call(step)
