"""The one clock of a host: every `now`, TTL, timeout and retention in every emulator is read from here.

A clock has a *logical instant* that moves only at defined points: when the host takes in a batch of bytes, when a
timer is due, or when a test says `advance`. Between two such points `now_us()` returns the same number, and every timer
whose deadline is not later than that number has already fired, in (deadline, creation) order, seeing its own deadline
as `now`. So the instants at which things happened are enough to play a log back exactly: timers need no records.

Modes: `real` follows the machine's clock, `scaled` runs `scale` times as fast, `frozen` moves only by `advance`.
Units: microseconds since the Unix epoch in names ending `_us`; seconds (float) where a person calls.
Not thread-safe: used on the host's thread only (other threads go through `Host.call`).
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

__all__ = ["DEFAULT_FROZEN_US", "Clock", "ClockMode", "Timer", "parse_instant"]

ClockMode = Literal["real", "frozen", "scaled"]

# Where a clock stands that is born frozen without an instant: fixed, so that two runs agree.
DEFAULT_FROZEN_US = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z

# Cancelled timers stay in the heap until they surface; past this many (and half the heap) it is rebuilt.
_COMPACT_MIN = 64


class Timer:
    """One pending call. `cancel()` is idempotent and may come after the timer fired."""

    __slots__ = ("_clock", "callback", "when_us")

    def __init__(self, clock: Clock, when_us: int, callback: Callable[[], object]) -> None:
        self._clock: Clock | None = clock
        self.when_us = when_us
        self.callback: Callable[[], object] | None = callback

    @property
    def pending(self) -> bool:
        """True until the timer has fired or was cancelled."""
        return self.callback is not None

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback = None
            clock, self._clock = self._clock, None
            if clock is not None:
                clock._cancelled()


class Clock:
    """A clock with timers. See the module's text for the rules it keeps.

    >>> clock = Clock("frozen", start_us=0)
    >>> fired = []
    >>> _ = clock.call_later(1_000_000, lambda: fired.append(clock.now_us()))
    >>> clock.advance(2.5)
    1
    >>> fired, clock.now_us()
    ([1000000], 2500000)
    """

    def __init__(self, mode: ClockMode = "real", *, start_us: int | None = None, scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError(f"scale must be greater than 0, not {scale!r}")
        self.mode: ClockMode = mode
        self.scale = float(scale) if mode == "scaled" else 1.0
        if start_us is None:
            start_us = DEFAULT_FROZEN_US if mode == "frozen" else time.time_ns() // 1000
        self._base_us = start_us
        self._base_monotonic_ns = time.monotonic_ns()
        self._now = start_us
        self._heap: list[tuple[int, int, Timer]] = []
        self._created = 0
        self._cancelled_count = 0
        self._firing = False
        #: While True, `sync` moves nothing: an operation is still running (see `Host._poll`).
        self.held = False
        #: Called when the earliest deadline may have changed; the host sets it to re-arm its wake-up.
        self.on_change: Callable[[], object] = _nothing

    # -- reading ---------------------------------------------------------------------------------------------

    def now_us(self) -> int:
        """The logical instant, in microseconds since the Unix epoch."""
        return self._now

    def now_ms(self) -> int:
        """The logical instant, in milliseconds since the Unix epoch."""
        return self._now // 1000

    def now(self) -> float:
        """The logical instant, in seconds since the Unix epoch."""
        return self._now / 1_000_000

    def wall_us(self) -> int:
        """What the instant would be if it were read anew: for measuring the length of one long operation only."""
        if self.mode == "frozen":
            return self._now
        elapsed_us = (time.monotonic_ns() - self._base_monotonic_ns) // 1000
        if self.scale != 1.0:
            elapsed_us = int(elapsed_us * self.scale)
        return self._base_us + elapsed_us

    @property
    def frozen(self) -> bool:
        return self.mode == "frozen"

    # -- timers ----------------------------------------------------------------------------------------------

    def call_at(self, when_us: int, callback: Callable[[], object]) -> Timer:
        """Call `callback()` when the clock reaches `when_us` (at the next point where it moves, if that has passed)."""
        timer = Timer(self, when_us, callback)
        self._created += 1
        heap = self._heap
        heapq.heappush(heap, (when_us, self._created, timer))
        if heap[0][2] is timer and not self._firing:
            self.on_change()
        return timer

    def call_later(self, delay_us: int, callback: Callable[[], object]) -> Timer:
        """Call `callback()` after `delay_us` microseconds of this clock."""
        return self.call_at(self._now + delay_us, callback)

    def next_deadline_us(self) -> int | None:
        """The earliest pending deadline, or None."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
            self._cancelled_count -= 1
        return heap[0][0] if heap else None

    def seconds_until_deadline(self) -> float | None:
        """Real seconds until the earliest deadline is due; None when there is none or the clock is frozen."""
        if self.mode == "frozen":
            return None
        deadline = self.next_deadline_us()
        if deadline is None:
            return None
        return max(0.0, (deadline - self.wall_us()) / 1_000_000 / self.scale)

    # -- moving ----------------------------------------------------------------------------------------------

    def sync(self) -> int:
        """Take in how far real time has moved, fire what is due, and return the new instant."""
        if self.mode == "frozen" or self._firing or self.held:
            return self._now
        now = self._base_us + (time.monotonic_ns() - self._base_monotonic_ns) // 1000
        if self.scale != 1.0:
            now = self.wall_us()
        heap = self._heap
        if heap and heap[0][0] <= now:
            self._fire_until(now)
        self._now = now
        return now

    def advance(self, seconds: float) -> int:
        """Move forward by `seconds` and fire everything due on the way, timers set by timers included.

        Returns how many timers fired.
        """
        if seconds < 0:
            raise ValueError(f"a clock only moves forward: advance({seconds!r})")
        self.sync()
        return self.advance_to(self._now + round(seconds * 1_000_000))

    def advance_to(self, instant_us: int) -> int:
        """Move forward to an instant (no effect if it has passed); returns how many timers fired."""
        if instant_us <= self._now:
            return self._fire_until(self._now)
        shift = instant_us - self._now
        fired = self._fire_until(instant_us)
        self._now = instant_us
        self._base_us += shift
        self.on_change()
        return fired

    def freeze(self) -> None:
        """Stop following real time; from here on only `advance` moves the clock."""
        self.sync()
        self.mode = "frozen"
        self.on_change()

    def resume(self, scale: float = 1.0) -> None:
        """Follow real time again from the present instant, `scale` times as fast."""
        if scale <= 0:
            raise ValueError(f"scale must be greater than 0, not {scale!r}")
        self.sync()
        self.mode = "real" if scale == 1.0 else "scaled"
        self.scale = scale
        self._base_us = self._now
        self._base_monotonic_ns = time.monotonic_ns()
        self.on_change()

    def set_frozen(self, instant_us: int) -> None:
        """Put a frozen clock on an instant, earlier ones included: what restoring a snapshot does."""
        if self.mode != "frozen":
            raise ValueError("only a frozen clock can be set; call freeze() first")
        self._now = instant_us

    # -- playing a log back ----------------------------------------------------------------------------------

    def suspend(self, instant_us: int) -> dict[str, Any]:
        """Freeze at `instant_us` with no timers, and return what `reinstate` needs to go on as before."""
        self.sync()
        state = {
            "mode": self.mode,
            "now": self._now,
            "heap": self._heap,
            "cancelled": self._cancelled_count,
            "firing": self._firing,
            "base": (self._base_us, self._base_monotonic_ns),
        }
        self.mode, self._now, self._heap, self._cancelled_count = "frozen", instant_us, [], 0
        self._firing = False
        return state

    def reinstate(self, state: dict[str, Any]) -> None:
        """Undo `suspend`; timers set meanwhile stay, and fire at the next move if they are due."""
        heap: list[tuple[int, int, Timer]] = state["heap"] + self._heap
        heapq.heapify(heap)
        self._heap = heap
        self._cancelled_count += state["cancelled"]
        self.mode = state["mode"]
        self._now = state["now"]
        self._firing = state["firing"]
        self._base_us, self._base_monotonic_ns = state["base"]
        self.on_change()

    # -- inside ----------------------------------------------------------------------------------------------

    def _fire_until(self, limit_us: int) -> int:
        if self._firing:
            return 0
        self._firing = True
        fired = 0
        heap = self._heap
        try:
            while heap and heap[0][0] <= limit_us:
                when_us, _, timer = heapq.heappop(heap)
                callback = timer.callback
                if callback is None:
                    self._cancelled_count -= 1
                    continue
                timer.callback = None
                # A deadline set in the past fires late but never moves time backwards.
                if when_us > self._now:
                    self._now = when_us
                fired += 1
                callback()
                heap = self._heap
        finally:
            self._firing = False
        return fired

    def _cancelled(self) -> None:
        self._cancelled_count += 1
        if self._cancelled_count > _COMPACT_MIN and self._cancelled_count * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled_count = 0


def parse_instant(value: object) -> int:
    """An instant in microseconds from ISO-8601 text, a datetime (naive means UTC) or seconds since the epoch."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1_000_000)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return round(value * 1_000_000)
    if isinstance(value, str):
        try:
            return parse_instant(datetime.fromisoformat(value))
        except ValueError as error:
            raise ValueError(
                f"cannot read {value!r} as an instant: use ISO-8601 text such as 2026-01-01T00:00:00Z"
            ) from error
    raise TypeError(f"an instant is ISO-8601 text, a datetime or seconds since the epoch, not {type(value).__name__}")


def _nothing() -> None:
    return None
