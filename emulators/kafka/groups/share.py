"""Share groups (KIP-932): members share partitions, records are locked, acknowledged one by one, and come again when
they are not.

Reference: group-coordinator's ShareGroup and core's SharePartition. A share partition has a window [start, end) of
offsets in flight; each is available, acquired (locked by a member until a deadline), acknowledged, or archived (given
up: rejected, or delivered too often). The start moves over what is settled. An acquired record that is neither
acknowledged nor released is available again when its lock expires.

Differs from Kafka: state lives with the group, not in a `__share_group_state` topic; whole batches are acquired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from emulators.kafka import errors
from emulators.kafka.groups.assignors import Slot
from emulators.kafka.groups.base import Group

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Request
    from emulators.kafka.topics import Partition
    from emulators.kernel.clock import Timer

__all__ = ["Acquired", "ShareGroup", "SharePartition"]

AVAILABLE, ACQUIRED, ACKNOWLEDGED, ARCHIVED = range(4)
#: Acknowledgement types of the protocol.
GAP, ACCEPT, RELEASE, REJECT = range(4)


class InFlight:
    """One offset of the window."""

    __slots__ = ("count", "deadline_ms", "member", "state")

    def __init__(self) -> None:
        self.state = AVAILABLE
        self.count = 0
        self.member = ""
        self.deadline_ms = 0


#: (first offset, last offset, delivery count)
Acquired = tuple[int, int, int]


class SharePartition:
    """What a share group has of one partition."""

    def __init__(self, group: ShareGroup, slot: Slot, start: int) -> None:
        self.group = group
        self.slot = slot
        self.start = start
        self.end = start
        self.flight: dict[int, InFlight] = {}
        self.timer: Timer | None = None

    def acquire(
        self, partition: Partition, member: str, max_records: int, max_bytes: int
    ) -> tuple[list[bytes], list[Acquired]]:
        """Lock records for a member: what is available again first, then new ones. The batches they are in, and their
        offsets.
        """
        log = partition.log
        configs = self.group.broker.configs
        if self.start < log.start:
            self._skip_to(log.start)
        upper = log.upper(configs.group("share.isolation.level", self.group.id).value == "read_committed")
        window = configs.broker_int("group.share.partition.max.record.locks")
        deadline = self.group.broker.now_ms() + configs.group_int("share.record.lock.duration.ms", self.group.id)
        data: list[bytes] = []
        taken: list[tuple[int, int]] = []
        size = 0
        for batch in log.batches[log.find(self.start) :]:
            if batch.base >= upper or len(taken) >= max_records or (data and size + batch.size > max_bytes):
                break
            if batch.last >= self.start + window and data:
                break
            first = max(batch.base, self.start)
            found = [offset for offset in range(first, batch.last + 1) if self._free(offset)]
            if not found:
                continue
            for offset in found:
                row = self.flight.setdefault(offset, InFlight())
                row.state, row.member, row.deadline_ms = ACQUIRED, member, deadline
                row.count += 1
                taken.append((offset, row.count))
            self.end = max(self.end, batch.last + 1)
            data.append(batch.data)
            size += batch.size
        self._arm()
        return data, _runs(taken)

    def has_work(self, partition: Partition) -> bool:
        """Whether an acquire would find something."""
        log = partition.log
        upper = log.upper(
            self.group.broker.configs.group("share.isolation.level", self.group.id).value == "read_committed"
        )
        if upper > max(self.end, log.start):
            return True
        return any(row.state == AVAILABLE for row in self.flight.values())

    def _free(self, offset: int) -> bool:
        row = self.flight.get(offset)
        return offset >= self.end if row is None else row.state == AVAILABLE

    def acknowledge(self, member: str, first: int, last: int, types: list[int]) -> int:
        """Settle a range: one type for all of it, or one for each offset. 0, or the error (then nothing is changed)."""
        count = last - first + 1
        if (
            count <= 0
            or len(types) not in (1, count)
            or any(one not in (GAP, ACCEPT, RELEASE, REJECT) for one in types)
        ):
            return errors.INVALID_REQUEST
        if count > 1_000_000:
            return errors.INVALID_REQUEST
        kinds = types * count if len(types) == 1 else types
        rows: list[tuple[InFlight, int]] = []
        for offset, kind in zip(range(first, last + 1), kinds, strict=True):
            row = self.flight.get(offset)
            if row is None or row.state != ACQUIRED or row.member != member:
                return errors.INVALID_RECORD_STATE
            rows.append((row, kind))
        for row, kind in rows:
            self._settle(row, kind)
        self._advance()
        self._arm()
        return errors.NONE

    def _settle(self, row: InFlight, kind: int) -> None:
        if kind == ACCEPT:
            row.state = ACKNOWLEDGED
        elif kind == RELEASE:
            limit = self.group.broker.configs.broker_int("group.share.delivery.count.limit")
            row.state = ARCHIVED if row.count >= limit else AVAILABLE
        else:
            row.state = ARCHIVED
        row.member = ""

    def release(self, member: str) -> None:
        """Give back everything that a member has locked."""
        for row in self.flight.values():
            if row.state == ACQUIRED and row.member == member:
                self._settle(row, RELEASE)
        self._advance()
        self._arm()

    def _advance(self) -> None:
        while self.start < self.end:
            row = self.flight.get(self.start)
            if row is not None and row.state not in (ACKNOWLEDGED, ARCHIVED):
                break
            self.flight.pop(self.start, None)
            self.start += 1

    def _skip_to(self, offset: int) -> None:
        for gone in [one for one in self.flight if one < offset]:
            del self.flight[gone]
        self.start = offset
        self.end = max(self.end, offset)

    def _arm(self) -> None:
        """Set the timer for the next lock that expires."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        locks = [row.deadline_ms for row in self.flight.values() if row.state == ACQUIRED]
        if locks:
            self.timer = self.group.broker.later(min(locks) - self.group.broker.now_ms(), self._expire)

    def _expire(self) -> None:
        now = self.group.broker.now_ms()
        for row in self.flight.values():
            if row.state == ACQUIRED and row.deadline_ms <= now:
                self._settle(row, RELEASE)
        self._advance()
        self._arm()
        self.group.wake(self.slot)

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class ShareMember:
    """One member of a share group."""

    def __init__(self, member_id: str) -> None:
        self.id = member_id
        self.rack_id: str | None = None
        self.client_id = ""
        self.host = ""
        self.names: list[str] = []
        self.epoch = 0
        self.assigned: set[Slot] = set()
        self.told: set[Slot] | None = None
        self.timer: Timer | None = None


class ShareSession:
    """What a member's fetches are about; its epoch counts requests."""

    def __init__(self) -> None:
        self.epoch = 1
        self.slots: dict[Slot, None] = {}


class ShareGroup(Group):
    """See the module's text."""

    kind: ClassVar[str] = "share"
    protocol_type = "share"

    def __init__(self, broker: KafkaEmulator, group_id: str) -> None:
        super().__init__(broker, group_id)
        self.epoch = 0
        self.members: dict[str, ShareMember] = {}
        self.partitions: dict[Slot, SharePartition] = {}
        self.sessions: dict[str, ShareSession] = {}

    @property
    def state(self) -> str:
        return "Stable" if self.members else "Empty"

    @property
    def empty(self) -> bool:
        return not self.members

    # -- membership ------------------------------------------------------------------------------------------

    def heartbeat(self, request: Request) -> dict[str, Any]:
        body = request.body
        member = self.members.get(body.member_id)
        if body.member_epoch == -1:
            if member is None:
                return {"error_code": errors.UNKNOWN_MEMBER_ID}
            self._fence(member)
            return {"error_code": 0, "member_id": body.member_id, "member_epoch": -1}
        if member is None:
            if body.member_epoch != 0:
                return {"error_code": errors.UNKNOWN_MEMBER_ID}
            if len(self.members) >= self.broker.configs.broker_int("group.share.max.size"):
                return {"error_code": errors.GROUP_MAX_SIZE_REACHED}
            member = self.members[body.member_id] = ShareMember(body.member_id)
            self.epoch += 1
        elif body.member_epoch > member.epoch:
            return {"error_code": errors.FENCED_MEMBER_EPOCH}
        member.client_id, member.host = request.client_id, "/" + request.session.host
        if body.rack_id is not None:
            member.rack_id = body.rack_id
        names = member.names if body.subscribed_topic_names is None else sorted(set(body.subscribed_topic_names))
        if names != member.names:
            member.names = names
            self.epoch += 1
        self._assign()
        member.epoch = self.epoch
        self._alive(member)
        fields: dict[str, Any] = {
            "error_code": 0,
            "member_id": member.id,
            "member_epoch": member.epoch,
            "heartbeat_interval_ms": self.broker.configs.group_int("share.heartbeat.interval.ms", self.id),
            "assignment": None,
        }
        if body.member_epoch == 0 or member.told != member.assigned:
            from emulators.kafka.groups.consumer import topic_rows

            fields["assignment"] = {"topic_partitions": topic_rows(member.assigned)}
            member.told = set(member.assigned)
        return fields

    def _assign(self) -> None:
        """Spread the partitions over those who read them; with more members than partitions, several share one."""
        for member in self.members.values():
            member.assigned = set()
        for topic in self.broker.topics.values():
            able = [self.members[one] for one in sorted(self.members) if topic.name in self.members[one].names]
            if not able:
                continue
            count = len(topic.partitions)
            for position in range(max(count, len(able))):
                able[position % len(able)].assigned.add((topic.id, position % count))
            for partition in topic.partitions:
                self.partition((topic.id, partition.index), partition)

    def partition(self, slot: Slot, partition: Partition) -> SharePartition:
        """The group's window on a partition; a new one begins where `share.auto.offset.reset` says."""
        found = self.partitions.get(slot)
        if found is None:
            earliest = self.broker.configs.group("share.auto.offset.reset", self.id).value == "earliest"
            start = partition.log.start if earliest else partition.log.end
            found = self.partitions[slot] = SharePartition(self, slot, start)
        return found

    def _fence(self, member: ShareMember) -> None:
        if self.members.get(member.id) is not member:
            return
        if member.timer is not None:
            member.timer.cancel()
        del self.members[member.id]
        self.end_session(member.id)
        self.epoch += 1
        self._assign()
        if not self.members:
            self.empty_since_ms = self.broker.now_ms()

    def _alive(self, member: ShareMember) -> None:
        if member.timer is not None:
            member.timer.cancel()
        timeout = self.broker.configs.group_int("share.session.timeout.ms", self.id)
        member.timer = self.broker.later(timeout, lambda: self._fence(member))

    def end_session(self, member_id: str) -> None:
        """The member fetches no more: what it has locked is free."""
        self.sessions.pop(member_id, None)
        for slot, found in self.partitions.items():
            found.release(member_id)
            self.wake(slot)

    def wake(self, slot: Slot) -> None:
        topic = self.broker.topics_by_id.get(slot[0])
        if topic is not None and slot[1] < len(topic.partitions):
            self.broker.wake(topic.partitions[slot[1]])

    # -- what others ask -------------------------------------------------------------------------------------

    def subscribes(self, topic: str) -> bool:
        return any(topic in member.names for member in self.members.values())

    def forget_topic(self, topic: Any) -> None:
        for slot in [slot for slot in self.partitions if slot[0] == topic.id]:
            self.partitions.pop(slot).stop()

    def describe(self) -> list[dict[str, Any]]:
        rows = []
        for member in self.members.values():
            assignment: dict[str, list[int]] = {}
            for topic_id, index in sorted(member.assigned):
                topic = self.broker.topics_by_id.get(topic_id)
                assignment.setdefault(topic.name if topic else topic_id.hex(), []).append(index)
            rows.append(
                {
                    "member_id": member.id,
                    "client_id": member.client_id,
                    "host": member.host,
                    "instance_id": None,
                    "assignment": assignment,
                }
            )
        return rows

    # -- states ----------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        for member in self.members.values():
            if member.timer is not None:
                member.timer.cancel()
        for found in self.partitions.values():
            found.stop()

    def members_plain(self) -> Any:
        return [
            self.epoch,
            [
                [one.id, one.rack_id, one.client_id, one.host, list(one.names), one.epoch]
                for one in self.members.values()
            ],
            [
                [
                    list(slot),
                    found.start,
                    found.end,
                    [[offset, row.state, row.count, row.member] for offset, row in sorted(found.flight.items())],
                ]
                for slot, found in sorted(self.partitions.items())
            ],
        ]

    def take_members(self, plain: Any) -> None:
        self.epoch, members, partitions = plain
        for member_id, rack_id, client_id, host, names, epoch in members:
            member = ShareMember(member_id)
            member.rack_id, member.client_id, member.host, member.names, member.epoch = (
                rack_id,
                client_id,
                host,
                names,
                epoch,
            )
            self.members[member_id] = member
            self._alive(member)
        now = self.broker.now_ms()
        lock_ms = self.broker.configs.group_int("share.record.lock.duration.ms", self.id)
        for (topic_id, index), start, end, flight in partitions:
            slot = (bytes(topic_id), index)
            found = self.partitions[slot] = SharePartition(self, slot, start)
            found.end = end
            for offset, state, count, member_id in flight:
                row = found.flight[offset] = InFlight()
                row.state, row.count, row.member, row.deadline_ms = state, count, member_id, now + lock_ms
            found._arm()
        self._assign()


def _runs(taken: list[tuple[int, int]]) -> list[Acquired]:
    """Offsets with delivery counts as ranges of equal count."""
    found: list[Acquired] = []
    for offset, count in taken:
        if found and found[-1][1] == offset - 1 and found[-1][2] == count:
            found[-1] = (found[-1][0], offset, count)
        else:
            found.append((offset, offset, count))
    return found
