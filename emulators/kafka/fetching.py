"""Fetches that wait, and fetch sessions (KIP-227).

A fetch is answered at once when it has enough bytes, an error, or no time to wait; else it is a `FetchWait`, listed at
each of its partitions, woken by what changes there (appends, markers, leaders, deletion) and ended by a timer. It holds
no thread and no buffer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.topics import NO_ID, Partition

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Request

__all__ = ["Entry", "FetchSession", "FetchSessions", "FetchWait"]

_MAX_EPOCH = (1 << 31) - 1
#: Errors that come from looking at the partition: only then is the list of aborted transactions null.
_SEEN = {
    errors.OFFSET_OUT_OF_RANGE,
    errors.NOT_LEADER_OR_FOLLOWER,
    errors.FENCED_LEADER_EPOCH,
    errors.UNKNOWN_LEADER_EPOCH,
}


@dataclass(slots=True)
class Entry:
    """One partition of a fetch: what is asked, and (in a session) what was last told."""

    topic: str
    topic_id: bytes
    partition: int
    offset: int
    max_bytes: int
    leader_epoch: int
    last_epoch: int
    told: tuple[int, ...] | None = None


@dataclass(slots=True)
class FetchSession:
    """What a client does not have to repeat in each fetch."""

    id: int
    by_id: bool
    entries: dict[tuple[Any, int], Entry]
    epoch: int = 1


class FetchSessions:
    """The sessions of all clients. They are not part of a snapshot: a client whose session is gone starts a new one
    (70).
    """

    def __init__(self, broker: KafkaEmulator) -> None:
        self.broker = broker
        self.sessions: dict[int, FetchSession] = {}
        self._next_id = 1

    def clear(self) -> None:
        self.sessions.clear()

    def resolve(self, request: Request) -> tuple[int, FetchSession | None, list[Entry], bool]:
        """(error, session, entries, incremental) of a fetch request."""
        body = request.body
        by_id = request.version >= 13
        asked = {}
        for topic in body.topics:
            for one in topic.partitions:
                entry = Entry(
                    topic.topic,
                    topic.topic_id,
                    one.partition,
                    one.fetch_offset,
                    one.partition_max_bytes,
                    one.current_leader_epoch,
                    one.last_fetched_epoch,
                )
                asked[topic.topic_id if by_id else topic.topic, one.partition] = entry
        if body.session_epoch <= 0:
            if body.session_id:
                self.sessions.pop(body.session_id, None)
            if body.session_epoch < 0 or len(self.sessions) >= self._slots():
                return 0, None, list(asked.values()), False
            fresh = FetchSession(self._new_id(), by_id, asked)
            self.sessions[fresh.id] = fresh
            return 0, fresh, list(asked.values()), False
        session = self.sessions.get(body.session_id)
        if session is None:
            return errors.FETCH_SESSION_ID_NOT_FOUND, None, [], False
        if session.epoch != body.session_epoch:
            return errors.INVALID_FETCH_SESSION_EPOCH, None, [], False
        if session.by_id != by_id:
            return errors.FETCH_SESSION_TOPIC_ID_ERROR, None, [], False
        session.epoch = session.epoch + 1 if session.epoch < _MAX_EPOCH else 1
        for gone in body.forgotten_topics_data:
            for partition in gone.partitions:
                session.entries.pop((gone.topic_id if by_id else gone.topic, partition), None)
        for key, entry in asked.items():
            known = session.entries.get(key)
            if known is not None:
                entry.told = known.told
            session.entries[key] = entry
        return 0, session, list(session.entries.values()), True

    def _slots(self) -> int:
        return self.broker.configs.broker_int("max.incremental.fetch.session.cache.slots")

    def _new_id(self) -> int:
        session_id = self._next_id
        self._next_id = session_id % _MAX_EPOCH + 1
        return session_id


class FetchWait:
    """One fetch request on its way: `start` answers it or parks it."""

    __slots__ = ("_done", "_timer", "broker", "entries", "incremental", "partitions", "request", "session", "stopped")

    def __init__(
        self,
        broker: KafkaEmulator,
        request: Request,
        session: FetchSession | None,
        entries: list[Entry],
        incremental: bool,
    ) -> None:
        self.broker = broker
        self.request = request
        self.session = session
        self.entries = entries
        self.incremental = incremental
        self.partitions: list[Partition] = []
        self.stopped: dict[int, int] = {}
        self._timer: Any = None
        self._done = False

    def start(self) -> dict[str, Any] | None:
        """The response's fields, or None when the fetch was parked."""
        body = self.request.body
        # Faults and ACLs are asked once, when the request comes in.
        for position, entry in enumerate(self.entries):
            name = entry.topic or self._name(entry)
            code = self.broker.deny(self.request, topic=name, partition=entry.partition)
            code = code or self.broker.security.refusal(self.request, security.READ, security.TOPIC, name)
            if code:
                self.stopped[position] = code
        if body.max_wait_ms <= 0 or not self.entries or self.stopped or self._enough():
            return self._response()
        for entry in self.entries:
            partition = self._partition(entry)
            if isinstance(partition, Partition):
                partition.parked.append(self)
                self.partitions.append(partition)
        self.request.waiter = self
        self._timer = self.broker.later(body.max_wait_ms, self.finish)
        return None

    def woken(self) -> None:
        """Something changed at one of the partitions."""
        if not self._done and self._enough():
            self.finish()

    def finish(self) -> None:
        """Answer with what there is."""
        if self._done:
            return
        self.end()
        self.request.reply(self._response())

    def abandon(self) -> None:
        """The client has gone."""
        self.end()

    def end(self) -> None:
        """Stop waiting."""
        self._done = True
        if self._timer is not None:
            self._timer.cancel()
        for partition in self.partitions:
            if self in partition.parked:
                partition.parked.remove(self)
        self.broker.asleep(self)

    # -- looking ---------------------------------------------------------------------------------------------

    def _name(self, entry: Entry) -> str:
        topic = self.broker.topics_by_id.get(entry.topic_id)
        return topic.name if topic is not None else ""

    def _partition(self, entry: Entry) -> Partition | int:
        """The partition to read, or the error."""
        broker = self.broker
        if self.request.version >= 13:
            if entry.topic_id == NO_ID:
                return errors.UNKNOWN_TOPIC_ID
            topic = broker.topics_by_id.get(entry.topic_id)
            if topic is None:
                return errors.UNKNOWN_TOPIC_ID
        else:
            topic = broker.topics.get(entry.topic)
            if topic is None:
                return errors.UNKNOWN_TOPIC_OR_PARTITION
        if not 0 <= entry.partition < len(topic.partitions):
            return errors.UNKNOWN_TOPIC_OR_PARTITION
        partition = topic.partitions[entry.partition]
        if partition.leader != self.request.node:
            return errors.NOT_LEADER_OR_FOLLOWER
        if entry.leader_epoch >= 0 and entry.leader_epoch != partition.leader_epoch:
            fenced = entry.leader_epoch < partition.leader_epoch
            return errors.FENCED_LEADER_EPOCH if fenced else errors.UNKNOWN_LEADER_EPOCH
        return partition

    def _enough(self) -> bool:
        """Whether there is an error to tell, or as many bytes as the client wants."""
        body = self.request.body
        committed = body.isolation_level == 1
        total = 0
        for entry in self.entries:
            partition = self._partition(entry)
            if isinstance(partition, int):
                return True
            log = partition.log
            if not log.start <= entry.offset <= log.end or self._diverged(entry, partition) is not None:
                return True
            if entry.offset < log.end:
                # A single partition may not give more than it is allowed to.
                wanted = body.min_bytes - total
                found = log.readable(entry.offset, log.upper(committed), wanted)
                total += min(found, entry.max_bytes) if found else 0
            if total >= body.min_bytes:
                return True
        return bool(body.min_bytes <= 0)

    def _diverged(self, entry: Entry, partition: Partition) -> tuple[int, int] | None:
        """Where the client's last epoch ended, when its log cannot be ours any more (KIP-320)."""
        if entry.last_epoch < 0:
            return None
        epoch, end = partition.log.epoch_end(entry.last_epoch, partition.leader_epoch)
        if epoch < 0 or (end >= entry.offset and epoch >= entry.last_epoch):
            return None
        return epoch, end

    def _response(self) -> dict[str, Any]:
        body = self.request.body
        room = min(body.max_bytes, self.broker.configs.broker_int("fetch.max.bytes"))
        committed = body.isolation_level == 1
        topics: dict[Any, dict[str, Any]] = {}
        moved: list[Partition] = []
        taken = 0
        for position, entry in enumerate(self.entries):
            row = self._row(position, entry, committed, room - taken, taken == 0, moved)
            size = len(row["records"])
            taken += size
            told = (row["error_code"], row["high_watermark"], row["log_start_offset"], row["last_stable_offset"])
            if self.session is not None:
                unchanged = entry.told == told
                entry.told = told
                if self.incremental and unchanged and not size and not row["error_code"]:
                    continue
            key = entry.topic_id if self.request.version >= 13 else entry.topic
            topic = topics.setdefault(key, {"topic": entry.topic, "topic_id": entry.topic_id, "partitions": []})
            topic["partitions"].append(row)
        fields: dict[str, Any] = {
            "session_id": self.session.id if self.session is not None else 0,
            "responses": list(topics.values()),
        }
        if moved:
            from emulators.kafka.handlers.h00_produce import endpoints

            fields["node_endpoints"] = endpoints(self.broker, moved)
        return fields

    def _row(
        self, position: int, entry: Entry, committed: bool, room: int, first: bool, moved: list[Partition]
    ) -> dict[str, Any]:
        row: dict[str, Any] = {
            "partition_index": entry.partition,
            "error_code": 0,
            "high_watermark": -1,
            "last_stable_offset": -1,
            "log_start_offset": -1,
            "aborted_transactions": None,
            "preferred_read_replica": -1,
            "records": b"",
        }
        found = self.stopped.get(position) or self._partition(entry)
        if isinstance(found, int):
            row["error_code"] = found
            row["aborted_transactions"] = None if found in _SEEN else ()
            if found in (errors.NOT_LEADER_OR_FOLLOWER, errors.FENCED_LEADER_EPOCH):
                partition = self.broker.find_partition(entry.topic or self._name(entry), entry.partition)
                if partition is not None:
                    row["current_leader"] = {
                        "leader_id": partition.leader,
                        "leader_epoch": partition.leader_epoch,
                    }
                    moved.append(partition)
            return row
        log = found.log
        if not log.start <= entry.offset <= log.end:
            row["error_code"] = errors.OFFSET_OUT_OF_RANGE
            row["log_start_offset"] = -1
            return row
        row["high_watermark"] = log.end
        row["log_start_offset"] = log.start
        stable = row["last_stable_offset"] = log.stable
        diverged = self._diverged(entry, found)
        if diverged is not None:
            row["diverging_epoch"] = {"epoch": diverged[0], "end_offset": diverged[1]}
            return row
        upper = stable if committed else log.end
        if entry.offset < upper and (room > 0 or first):
            found_bytes = log.read(entry.offset, min(entry.max_bytes, max(room, 0)), upper, first)
            row["records"] = found_bytes[0] if len(found_bytes) == 1 else b"".join(found_bytes)
        if committed:
            row["aborted_transactions"] = []
            if row["records"]:
                row["aborted_transactions"] = [
                    {"producer_id": gone.producer_id, "first_offset": gone.first}
                    for gone in log.aborted_between(entry.offset, _end_of(found_bytes))
                ]
        return row


def _end_of(batches: list[bytes]) -> int:
    """The offset behind the last of these batches."""
    from emulators.kafka.wire.records import read_header

    header = read_header(batches[-1])
    return header.base_offset + header.last_offset_delta + 1
