"""What every kind of group has: an id, committed offsets, offsets that wait for a transaction, and a time since which
it is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from emulators.kafka import errors

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.topics import Topic

__all__ = ["Committed", "Group", "Key"]

Key = tuple[str, int]


class Committed(NamedTuple):
    """A committed offset. `timestamp` is when, in milliseconds; `expires_ms` -1 follows the group's retention."""

    offset: int
    leader_epoch: int
    metadata: str
    timestamp: int
    topic_id: bytes
    expires_ms: int = -1


class Group:
    """Base of all groups. Subclasses say who the members are."""

    #: As ListGroups calls it.
    kind: ClassVar[str] = "classic"
    #: For DescribeGroups and ListGroups.
    protocol_type: str = ""

    def __init__(self, broker: KafkaEmulator, group_id: str) -> None:
        self.broker = broker
        self.id = group_id
        self.committed: dict[Key, Committed] = {}
        #: Offsets of open transactions by producer id: invisible until the transaction commits.
        self.pending: dict[int, dict[Key, Committed]] = {}
        self.empty_since_ms = broker.now_ms()

    # -- for the subclasses ----------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        return "Empty"

    @property
    def empty(self) -> bool:
        return True

    def subscribes(self, topic: str) -> bool:
        """Whether some member reads this topic."""
        return False

    def check_commit(self, member_id: str, instance_id: str | None, generation: int, version: int, txn: bool) -> int:
        """0, or why this member may not commit offsets."""
        return errors.NONE

    def check_fetch(self, member_id: str | None, member_epoch: int) -> int:
        """0, or why this member may not fetch offsets (KIP-848 only)."""
        return errors.NONE

    def committed_by(self, member_id: str) -> None:
        """A member has committed: it is alive."""

    def topics_changed(self) -> None:
        """Topics or partitions came or went."""

    def let_go(self) -> None:
        """Cancel timers and answer what is parked: the group's state is about to be replaced."""

    def members_plain(self) -> Any:
        """Members and generation as plain data."""
        return None

    def take_members(self, plain: Any) -> None:
        """Be as `members_plain` said, with fresh timers."""

    def describe(self) -> list[dict[str, Any]]:
        """Members for people: id, client, assignment."""
        return []

    # -- offsets ---------------------------------------------------------------------------------------------

    def commit(self, key: Key, value: Committed, producer_id: int = -1) -> None:
        """Set an offset, or keep it for a transaction's end."""
        if producer_id >= 0:
            self.pending.setdefault(producer_id, {})[key] = value
        else:
            self.committed[key] = value

    def end_transaction(self, producer_id: int, committed: bool) -> None:
        """A transaction has ended: its offsets become visible, or vanish."""
        rows = self.pending.pop(producer_id, None)
        if rows and committed:
            self.committed.update(rows)

    def unstable(self, key: Key) -> bool:
        return any(key in rows for rows in self.pending.values())

    def forget_topic(self, topic: Topic) -> None:
        for rows in (self.committed, *self.pending.values()):
            for key in [key for key in rows if key[0] == topic.name]:
                del rows[key]

    def expire(self, now_ms: int, retention_ms: int) -> None:
        """Drop offsets that nobody has needed for the retention time: since the group became empty, or since they were
        committed where the group never had members or no longer reads the topic."""
        for key, value in list(self.committed.items()):
            if any(key in rows for rows in self.pending.values()):
                continue
            if self.empty:
                base = max(self.empty_since_ms, value.timestamp) if self.protocol_type else value.timestamp
            elif self.subscribes(key[0]):
                continue
            else:
                base = value.timestamp
            if value.expires_ms >= 0:
                gone = now_ms >= value.expires_ms
            else:
                gone = now_ms - base >= retention_ms
            if gone:
                del self.committed[key]

    # -- states ----------------------------------------------------------------------------------------------

    def plain(self) -> list[Any]:
        """The group as plain data."""
        return [
            self.kind,
            self.id,
            self.empty_since_ms,
            [[*key, *self.committed[key]] for key in sorted(self.committed)],
            [[pid, [[*key, *rows[key]] for key in sorted(rows)]] for pid, rows in sorted(self.pending.items())],
            self.members_plain(),
        ]

    def take(self, plain: list[Any]) -> None:
        """Be as `plain` said."""
        _, _, self.empty_since_ms, committed, pending, members = plain
        self.committed = {(topic, index): _committed(rest) for topic, index, *rest in committed}
        self.pending = {
            pid: {(topic, index): _committed(rest) for topic, index, *rest in rows} for pid, rows in pending
        }
        self.take_members(members)


def _committed(values: list[Any]) -> Committed:
    offset, epoch, metadata, timestamp, topic_id, expires = values
    return Committed(offset, epoch, metadata, timestamp, bytes(topic_id), expires)
