"""ShareFetch (78): acknowledge, and acquire records for a member of a share group; waits as Fetch does.

Sessions: epoch 0 begins one, -1 ends it (and frees what is locked), else it counts up: unknown 122, wrong 123. Bad
acknowledgements are 121 or 42 in the partition. Acknowledging in a session's first request is 42.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.groups.share import ShareGroup, ShareSession
from emulators.kafka.request import PARKED
from emulators.kafka.topics import Partition

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.groups.assignors import Slot
    from emulators.kafka.request import Reply, Request

_MAX_EPOCH = (1 << 31) - 1


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code, group = session_group(broker, request)
    if code or group is None:
        return {"error_code": code, "error_message": errors.name_of(code), "responses": []}
    body = request.body
    code, session = _session(group, request)
    if code or session is None:
        return {"error_code": code, "error_message": errors.name_of(code), "responses": []}
    acknowledged = acknowledge(broker, request, group)
    if body.share_session_epoch == -1:
        group.end_session(body.member_id)
        rows = [((topic, index), {"acknowledge_error_code": value}) for (topic, index), value in acknowledged.items()]
        return {"error_code": 0, "acquisition_lock_timeout_ms": lock_ms(broker, group), "responses": _by_topic(rows)}
    for topic in body.topics:
        for one in topic.partitions:
            session.slots[topic.topic_id, one.partition_index] = None
    for gone in body.forgotten_topics_data:
        for index in gone.partitions:
            session.slots.pop((gone.topic_id, index), None)
    return ShareWait(broker, request, group, list(session.slots), acknowledged).start()


def session_group(broker: KafkaEmulator, request: Request) -> tuple[int, ShareGroup | None]:
    """The share group of a fetch or acknowledgement, or the error for all of it."""
    body = request.body
    code = broker.security.refusal(request, security.READ, security.GROUP, body.group_id or "")
    code = code or broker.deny(request, group=body.group_id)
    if not code and (not body.group_id or not body.member_id):
        code = errors.INVALID_REQUEST
    group = broker.groups.share(body.group_id, create=False) if not code else None
    if not code and group is None:
        code = errors.GROUP_ID_NOT_FOUND
    return code, group


def _session(group: ShareGroup, request: Request) -> tuple[int, ShareSession | None]:
    body = request.body
    epoch = body.share_session_epoch
    if epoch == 0:
        if any(one.acknowledgement_batches for topic in body.topics for one in topic.partitions):
            return errors.INVALID_REQUEST, None
        group.end_session(body.member_id)
        session = group.sessions[body.member_id] = ShareSession()
        return 0, session
    return checked_session(group, body.member_id, epoch)


def checked_session(group: ShareGroup, member_id: str, epoch: int) -> tuple[int, ShareSession | None]:
    """The member's session when the epoch is the one expected, which then counts up; else 122 or 123."""
    session = group.sessions.get(member_id)
    if session is None:
        return errors.SHARE_SESSION_NOT_FOUND, None
    if epoch != -1:
        if epoch != session.epoch:
            return errors.INVALID_SHARE_SESSION_EPOCH, None
        session.epoch = session.epoch + 1 if session.epoch < _MAX_EPOCH else 1
    return 0, session


def acknowledge(broker: KafkaEmulator, request: Request, group: ShareGroup) -> dict[Slot, int]:
    """Carry out the acknowledgements of a request; the error (or 0) of each partition that has some."""
    found: dict[Slot, int] = {}
    for topic in request.body.topics:
        known = broker.topics_by_id.get(topic.topic_id)
        name = known.name if known is not None else ""
        for one in topic.partitions:
            slot = (topic.topic_id, one.partition_index)
            for batch in one.acknowledgement_batches:
                code = broker.deny(request, topic=name, partition=one.partition_index, group=group.id)
                window = group.partitions.get(slot)
                if not code and known is None:
                    code = errors.UNKNOWN_TOPIC_ID
                if not code and window is None:
                    code = errors.INVALID_RECORD_STATE
                if not code and window is not None:
                    code = window.acknowledge(
                        request.body.member_id, batch.first_offset, batch.last_offset, list(batch.acknowledge_types)
                    )
                found[slot] = found.get(slot, 0) or code
            if one.acknowledgement_batches:
                group.wake(slot)
    return found


def lock_ms(broker: KafkaEmulator, group: ShareGroup) -> int:
    return broker.configs.group_int("share.record.lock.duration.ms", group.id)


def _by_topic(rows: list[tuple[Slot, dict[str, Any]]]) -> list[dict[str, Any]]:
    topics: dict[bytes, list[dict[str, Any]]] = {}
    for (topic_id, index), row in rows:
        full = {
            "partition_index": index,
            "current_leader": {"leader_id": -1, "leader_epoch": -1},
            "records": b"",
            **row,
        }
        topics.setdefault(topic_id, []).append(full)
    return [{"topic_id": topic_id, "partitions": found} for topic_id, found in topics.items()]


class ShareWait:
    """A share fetch on its way; the counterpart of `fetching.FetchWait`."""

    def __init__(
        self,
        broker: KafkaEmulator,
        request: Request,
        group: ShareGroup,
        slots: list[Slot],
        acknowledged: dict[Slot, int],
    ) -> None:
        self.broker = broker
        self.request = request
        self.group = group
        self.slots = slots
        self.acknowledged = acknowledged
        self.partitions: list[Partition] = []
        self._timer: Any = None
        self._done = False

    def start(self) -> Reply:
        wait_ms = self.request.body.max_wait_ms
        # Acknowledgements are answered as soon as something can be said; an idle fetch waits.
        if wait_ms <= 0 or not self.slots or self.acknowledged or self._enough():
            return self._response()
        for slot in self.slots:
            found = self._partition(slot)
            if isinstance(found, Partition):
                found.parked.append(self)
                self.partitions.append(found)
        self.request.waiter = self
        self._timer = self.broker.later(wait_ms, self.finish)
        return PARKED

    def woken(self) -> None:
        if not self._done and self._enough():
            self.finish()

    def finish(self) -> None:
        if self._done:
            return
        self.abandon()
        self.request.reply(self._response())

    def abandon(self) -> None:
        """Stop waiting."""
        self._done = True
        if self._timer is not None:
            self._timer.cancel()
        for partition in self.partitions:
            if self in partition.parked:
                partition.parked.remove(self)
        self.broker.asleep(self)

    def _partition(self, slot: Slot) -> Partition | int:
        topic = self.broker.topics_by_id.get(slot[0])
        if topic is None:
            return errors.UNKNOWN_TOPIC_ID
        if not 0 <= slot[1] < len(topic.partitions):
            return errors.UNKNOWN_TOPIC_OR_PARTITION
        partition = topic.partitions[slot[1]]
        return partition if partition.leader == self.request.node else errors.NOT_LEADER_OR_FOLLOWER

    def _enough(self) -> bool:
        for slot in self.slots:
            found = self._partition(slot)
            if isinstance(found, int) or self.group.partition(slot, found).has_work(found):
                return True
        return False

    def _response(self) -> dict[str, Any]:
        body = self.request.body
        records, size = body.max_records, body.max_bytes
        rows: list[tuple[Slot, dict[str, Any]]] = []
        alive = body.member_id in self.group.sessions
        for slot in self.slots:
            found = self._partition(slot)
            row: dict[str, Any] = {"acknowledge_error_code": self.acknowledged.pop(slot, 0)}
            if isinstance(found, int):
                rows.append((slot, row | {"error_code": found}))
                continue
            code = self.broker.deny(self.request, topic=found.topic.name, partition=slot[1], group=self.group.id)
            code = code or self.broker.security.refusal(self.request, security.READ, security.TOPIC, found.topic.name)
            if code:
                rows.append((slot, row | {"error_code": code}))
                continue
            if records > 0 and alive:
                window = self.group.partition(slot, found)
                data, acquired = window.acquire(found, body.member_id, records, max(size, 0))
                records -= sum(last - first + 1 for first, last, _ in acquired)
                size -= sum(map(len, data))
                row["records"] = b"".join(data)
                row["acquired_records"] = [
                    {"first_offset": first, "last_offset": last, "delivery_count": count}
                    for first, last, count in acquired
                ]
            rows.append((slot, row))
        rows += [(slot, {"acknowledge_error_code": code}) for slot, code in self.acknowledged.items()]
        return {
            "error_code": 0,
            "acquisition_lock_timeout_ms": lock_ms(self.broker, self.group),
            "responses": _by_topic(rows),
        }
