"""Declarative faults: which requests, which entity in them, which error, how often. They strike where the broker's own
errors arise.

A fault on one partition leaves the others of the same request alone, and a faulted produce appends nothing, unless the
fault comes `after` the work: the append happened and the acknowledgement is lost, which is what REQUEST_TIMED_OUT and
NOT_ENOUGH_REPLICAS_AFTER_APPEND mean.

    fault = broker.faults.add(error="NOT_LEADER_OR_FOLLOWER", keys=["produce"], topic="orders", partitions=[0], count=2)
    fault.wait(2); fault.hits; fault.remove()

What a fault did is written to the operation log, so that playing the log back needs no faults.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.wire.schema import API_KEYS, API_NAMES

if TYPE_CHECKING:
    from emulators.kafka.request import Request

__all__ = ["AFTER_THE_WORK", "Fault", "Faults", "api_key"]

#: Errors that by their meaning come after the work is done.
AFTER_THE_WORK = frozenset({errors.REQUEST_TIMED_OUT, errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND})


def api_key(api: int | str) -> int:
    """The key of an API by number or by name, however it is written: `Produce`, `PRODUCE`, `init_producer_id`,
    `InitProducerId`.
    """
    if isinstance(api, int):
        if api in API_NAMES:
            return api
        raise ValueError(f"there is no Kafka API with key {api}")
    folded = api.replace("_", "").replace("-", "").replace(" ", "").lower()
    for name, key in API_KEYS.items():
        if name.replace("_", "") == folded:
            return key
    raise ValueError(f"there is no Kafka API {api!r}; there are: {', '.join(API_KEYS)}")


class Fault:
    """One fault, and the handle on it. Times it struck: `hits`; block until it has: `wait`; take it away: `remove`."""

    def __init__(
        self,
        faults: Faults,
        error: int,
        *,
        keys: Iterable[int | str] | None,
        nodes: Iterable[int] | None,
        topic: str | None,
        partitions: Iterable[int] | None,
        group: str | None,
        transactional_id: str | None,
        count: int,
        when: Callable[[Request], bool] | None,
        observe: bool,
        after: bool,
    ) -> None:
        self._faults = faults
        self.error = error
        self.keys = None if keys is None else frozenset(api_key(key) for key in keys)
        self.nodes = None if nodes is None else frozenset(nodes)
        self.topic = topic
        self.partitions = None if partitions is None else frozenset(partitions)
        self.group = group
        self.transactional_id = transactional_id
        self.count = count
        self.when = when
        self.observe = observe
        self.after = after
        self.hits = 0
        self._changed = threading.Condition()

    def __repr__(self) -> str:
        what = "observe" if self.observe else errors.name_of(self.error)
        return f"<Fault {what} hits={self.hits}>"

    @property
    def active(self) -> bool:
        """False once it struck `count` times or was removed."""
        return self in self._faults.active

    def wait(self, hits: int = 1, timeout: float = 10.0) -> None:
        """Block until it has struck `hits` times. TimeoutError after `timeout` seconds of real time. Not for the host's
        thread.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.hits >= hits, timeout):
                raise TimeoutError(
                    f"{self!r} struck {self.hits} times in {timeout} s, not {hits}; does any request match it?"
                )

    def remove(self) -> None:
        """Take it away; what it did stays done. Idempotent."""
        self._faults.remove(self)

    def matches(self, request: Request, site: dict[str, Any]) -> bool:
        if self.keys is not None and request.key not in self.keys:
            return False
        if self.nodes is not None and request.node not in self.nodes:
            return False
        if self.topic is not None and site.get("topic") != self.topic:
            return False
        if self.partitions is not None and site.get("partition") not in self.partitions:
            return False
        if self.group is not None and site.get("group") != self.group:
            return False
        if self.transactional_id is not None and site.get("transactional_id") != self.transactional_id:
            return False
        return self.when is None or bool(self.when(request))

    def strike(self) -> None:
        with self._changed:
            self.hits += 1
            self._changed.notify_all()
        if self.count > 0 and self.hits >= self.count:
            self.remove()


class Faults:
    """The faults of an emulator, asked in the order in which they were added."""

    def __init__(self) -> None:
        self.active: tuple[Fault, ...] = ()

    def add(
        self,
        *,
        error: int | str = errors.UNKNOWN_SERVER_ERROR,
        keys: Iterable[int | str] | None = None,
        nodes: Iterable[int] | None = None,
        topic: str | None = None,
        partitions: Iterable[int] | None = None,
        group: str | None = None,
        transactional_id: str | None = None,
        count: int = 1,
        when: Callable[[Request], bool] | None = None,
        observe: bool = False,
        after: bool | None = None,
    ) -> Fault:
        """Add one. A condition that is left out matches everything; `count` -1 stays until removed; `observe` only
        counts.
        """
        if count == 0:
            raise ValueError("count 0 would never strike; leave it out for once, or give -1 for always")
        code = errors.code_of(error)
        fault = Fault(
            self,
            code,
            keys=keys,
            nodes=nodes,
            topic=topic,
            partitions=partitions,
            group=group,
            transactional_id=transactional_id,
            count=count,
            when=when,
            observe=observe,
            after=code in AFTER_THE_WORK if after is None else after,
        )
        self.active = (*self.active, fault)
        return fault

    def remove(self, fault: Fault) -> None:
        self.active = tuple(one for one in self.active if one is not fault)

    def clear(self) -> None:
        self.active = ()

    def at(self, request: Request, site: dict[str, Any], after: bool) -> int:
        """The error for one entity of a request, or 0."""
        for fault in self.active:
            if fault.after == after and fault.matches(request, site):
                fault.strike()
                if not fault.observe:
                    return fault.error
        return 0
