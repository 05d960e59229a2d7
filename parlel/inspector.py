"""Look into services without disturbing them: no TTL, LRU, lock or log is touched.

The shapes are JSON-able, and keys are camelCase as in the JavaScript API:

    redis     {"keyCount": 1, "keys": ["user:1"], "data": {"user:1": {"value": "alice", "type": "string", "ttl": None}}}
    postgres  {"tableCount": 1, "tables": {"users": {"columns": [...], "rowCount": 3, "sample": [...]}}}
    kafka     {"topicCount": 1, "topics": {"events": {"partitions": [...], ...}}}
"""

from __future__ import annotations

from typing import Any, NamedTuple

from emulators.kernel import Emulator, Host, HostError, Snapshot, diff_dumps
from parlel._aliases import CamelAliases

__all__ = ["Change", "StateInspector"]


class Change(NamedTuple):
    """One difference between two states: where (keys joined by `/`), and the value on either side (None if absent)."""

    path: str
    before: Any
    after: Any


class StateInspector(CamelAliases):
    """Dumps, counters and differences of the services of a context.

    >>> import parlel
    >>> with parlel.create_test_context(services=["redis"]) as ctx:
    ...     _ = ctx.redis.set("user:1", "alice")
    ...     ctx.inspector.dump("redis")["data"]
    {'user:1': {'value': 'alice', 'type': 'string', 'ttl': None}}
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def dump(self, service: str | None = None, *, at: Snapshot | str | int | None = None) -> dict[str, Any]:
        """The data of one service, or `{name: data}` of all; at present, or in a snapshot.

        HostError for a service that is not there or has crashed, SnapshotError for an unknown snapshot.
        """

        def read() -> dict[str, Any]:
            states = None if at is None else self._host.snapshots.get(at).states

            def one(name: str) -> dict[str, Any]:
                return running(self._host, name).dump(None if states is None else states[name])

            if service is not None:
                return one(service)
            return {name: one(name) for name in self._host.runtimes}

        return self._host.call(read)

    def diff(
        self, before: Snapshot | str | int, after: Snapshot | str | int | None = None, *, service: str | None = None
    ) -> list[Change]:
        """What changed between two snapshots, or between a snapshot and the present (`after=None`).

        Paths begin with the service's name unless one `service` is asked for.
        """

        def read() -> list[Change]:
            found = diff_dumps(self.dump(service, at=before), self.dump(service, at=after))
            return [Change(*difference) for difference in found]

        return self._host.call(read)

    def digest(self, service: str | None = None) -> str | dict[str, str]:
        """A hash of the state: equal digests mean equal data, in any process. One service's, or `{name: digest}`."""

        def read() -> str | dict[str, str]:
            if service is not None:
                return running(self._host, service).digest()
            return {name: running(self._host, name).digest() for name in self._host.runtimes}

        return self._host.call(read)

    def status(self, service: str) -> dict[str, Any]:
        """The counters of one service; an empty dict while it is down."""

        def read() -> dict[str, Any]:
            emulator = self._host.runtime(service).emulator
            return emulator.status() if emulator is not None else {}

        return self._host.call(read)

    def check(self) -> None:
        """Verify the invariants of every engine; InvariantError names what is broken (a bug of parlel)."""

        def read() -> None:
            for emulator in self._host.emulators().values():
                emulator.check()

        self._host.call(read)


def running(host: Host, name: str) -> Emulator:
    emulator = host.runtime(name).emulator
    if emulator is None:
        raise HostError(
            f"{name} has crashed and holds no state until it is recovered: recovery.force_recovery({name!r})"
        )
    return emulator
