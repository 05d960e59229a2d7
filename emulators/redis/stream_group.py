"""Consumer groups of a stream: who was given which entry, and has not acknowledged it."""

from __future__ import annotations

from typing import Any

from sortedcontainers import SortedDict, SortedSet

__all__ = ["UNKNOWN", "Pending", "StreamConsumer", "StreamGroup"]

#: What `StreamGroup.entries_read` holds when the number is unknown.
UNKNOWN = -1

#: An entry of a group's pending list: the consumer's name, when it was delivered last (ms), how often it was delivered.
Pending = tuple[bytes, int, int]


class StreamConsumer:
    """A consumer of a group.

    seen_ms    when it last tried anything
    active_ms  when it last got or claimed something (7.2), -1 for never
    pending    the ids delivered to it and not acknowledged
    """

    __slots__ = ("active_ms", "name", "pending", "seen_ms")

    def __init__(self, name: bytes, seen_ms: int, active_ms: int = -1, pending: Any = ()) -> None:
        self.name = name
        self.seen_ms = seen_ms
        self.active_ms = active_ms
        self.pending: Any = SortedSet(pending)


class StreamGroup:
    """A consumer group. `entries_read` is -1 while unknown; `pending` maps ids, in order, to `Pending`."""

    __slots__ = ("consumers", "entries_read", "last_id", "owner", "pending")

    def __init__(self, last_id: int, entries_read: int, owner: object) -> None:
        self.last_id = last_id
        self.entries_read = entries_read
        self.pending: Any = SortedDict()
        self.consumers: dict[bytes, StreamConsumer] = {}
        self.owner = owner

    def copy(self, owner: object) -> StreamGroup:
        group = StreamGroup(self.last_id, self.entries_read, owner)
        group.pending = self.pending.copy()
        group.consumers = {
            name: StreamConsumer(name, one.seen_ms, one.active_ms, one.pending) for name, one in self.consumers.items()
        }
        return group

    def sorted_consumers(self) -> list[StreamConsumer]:
        """The consumers by name, as the server lists them."""
        return [self.consumers[name] for name in sorted(self.consumers)]

    def assign(self, number: int, consumer: StreamConsumer, delivered_ms: int, count: int) -> None:
        """Make an entry pending with a consumer, taking it from whoever had it."""
        old = self.pending.get(number)
        if old is not None and old[0] != consumer.name:
            self.consumers[old[0]].pending.discard(number)
        self.pending[number] = (consumer.name, delivered_ms, count)
        consumer.pending.add(number)

    def acknowledge(self, number: int) -> bool:
        """Take an entry off the pending list; False if it is not there."""
        old = self.pending.pop(number, None)
        if old is None:
            return False
        self.consumers[old[0]].pending.discard(number)
        return True

    def drop_consumer(self, consumer: StreamConsumer) -> int:
        """Remove a consumer with all that is pending with it; returns how many entries that were."""
        for number in consumer.pending:
            del self.pending[number]
        del self.consumers[consumer.name]
        return len(consumer.pending)
