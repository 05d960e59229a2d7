"""When and how often keys are used: what OBJECT IDLETIME, OBJECT FREQ and eviction ask.

Reading a key is the dict's own `get` and records nothing. `RedisEmulator.track_access` (a maxmemory policy by recency or
frequency, or the first OBJECT IDLETIME) puts a recording `get` in its place. What happened before that is looked up
in the operation log. Frequencies are the server's logarithmic counters: 8 bits, growing ever more slowly, losing one per
`lfu_decay_time` minutes.
Differs from redis-server: times are exact, not rounded to the server's clock ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kernel.oplog import OPERATION

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.keyspace import Database

__all__ = ["Access"]

INITIAL_FREQUENCY = 5
MAX_FREQUENCY = 255
_MINUTE_US = 60_000_000

#: Commands that look at a key without counting as a use of it.
_NO_TOUCH = frozenset(
    {
        b"object",
        b"ttl",
        b"pttl",
        b"expiretime",
        b"pexpiretime",
        b"type",
        b"exists",
        b"memory",
        b"debug",
        b"watch",
        b"scan",
    }
)


class Access:
    """The uses of one database's keys since tracking began."""

    __slots__ = ("_database", "_frequencies", "_server", "_times")

    def __init__(self, server: RedisEmulator, database: Database) -> None:
        self._server = server
        self._database = database
        self._times: dict[bytes, int] = {}
        #: Counter, and the instant up to which its decay is worked in.
        self._frequencies: dict[bytes, tuple[int, int]] = {}

    def used(self, key: bytes) -> None:
        """A key that exists was read or written."""
        server = self._server
        now = server.clock.now_us()
        self._times[key] = now
        if server.counts_frequency:
            counter = self._decayed(key, now)
            if counter < MAX_FREQUENCY:
                above = max(0, counter - INITIAL_FREQUENCY)
                if server.random.random() < 1.0 / (above * server.lfu_log_factor + 1):
                    counter += 1
            self._frequencies[key] = counter, now

    def created(self, key: bytes) -> None:
        now = self._server.clock.now_us()
        self._times[key] = now
        if self._server.counts_frequency:
            self._frequencies[key] = INITIAL_FREQUENCY, now

    def forget(self, key: bytes) -> None:
        self._times.pop(key, None)
        self._frequencies.pop(key, None)

    def moved(self, key: bytes, new_key: bytes, target: Access) -> None:
        """The value at a key got another name: it keeps when it was used."""
        if key in self._times:
            target._times[new_key] = self._times[key]
        if key in self._frequencies:
            target._frequencies[new_key] = self._frequencies[key]

    def set_idle(self, key: bytes, idle_us: int) -> None:
        """Say since when a key is idle (RESTORE IDLETIME)."""
        self._times[key] = self._server.clock.now_us() - idle_us

    def set_frequency(self, key: bytes, counter: int) -> None:
        """Set a key's counter (RESTORE FREQ)."""
        self._frequencies[key] = counter, self._server.clock.now_us()

    def idle_us(self, key: bytes) -> int:
        """For how long a key that exists has not been used."""
        when = self._times.get(key)
        if when is None:
            when = self._times[key] = self._last_use_in_log(key)
        return max(0, self._server.clock.now_us() - when)

    def frequency(self, key: bytes) -> int:
        """The counter of a key that exists, decayed up to now."""
        return self._decayed(key, self._server.clock.now_us())

    def _decayed(self, key: bytes, now_us: int) -> int:
        counter, since_us = self._frequencies.get(key, (INITIAL_FREQUENCY, now_us))
        minutes = self._server.lfu_decay_time
        if not minutes:
            return counter
        return max(0, counter - (now_us - since_us) // (minutes * _MINUTE_US))

    def _last_use_in_log(self, key: bytes) -> int:
        """When a command last named the key; the start of the server, if none in the log did."""
        log = self._server.environment.log
        name = self._server.environment.name
        for kind, time_us, session, frame in reversed(log.records):
            if kind != OPERATION or log.service_of(session) != name or key not in frame:
                continue
            if frame[0].lower() not in _NO_TOUCH:
                client = self._server.sessions.get(session)
                if client is None or getattr(client, "db", self._database) is self._database:
                    return time_us
        return self._server.started_us
