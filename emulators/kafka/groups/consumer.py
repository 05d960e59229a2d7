"""KIP-848 consumer groups: the broker assigns, and members follow by heartbeats.

Reference: group-coordinator's ConsumerGroup, CurrentAssignmentBuilder and GroupMetadataManager. Three epochs: the
group's (subscriptions or topics changed), the target assignment's, each member's. A member first gives up what its
target lacks (UNREVOKED), then takes what its target adds as the others release it (UNRELEASED), then is STABLE. A
partition belongs to one member at a time.

Differs from Kafka: classic members cannot join a group that has KIP-848 members (online migration), regular expressions
are Python's.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from emulators.kafka import errors
from emulators.kafka.groups.assignors import ASSIGNORS, Assignment, Slot
from emulators.kafka.groups.base import Group

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Request
    from emulators.kernel.clock import Timer

__all__ = ["ConsumerGroup", "ConsumerMember"]

STABLE, UNREVOKED, UNRELEASED = "stable", "unrevoked", "unreleased"
LEAVE, LEAVE_STATIC = -1, -2


class ConsumerMember:
    """One member. `assigned` is what it may read, `revoking` what it has been told to give up."""

    def __init__(self, member_id: str) -> None:
        self.id = member_id
        self.instance_id: str | None = None
        self.rack_id: str | None = None
        self.client_id = ""
        self.host = ""
        self.rebalance_timeout_ms = -1
        self.names: list[str] = []
        self.regex: str | None = None
        self.assignor: str | None = None
        self.epoch = 0
        self.previous_epoch = -1
        self.state = STABLE
        self.assigned: set[Slot] = set()
        self.revoking: set[Slot] = set()
        self.timer: Timer | None = None
        self.revoke_timer: Timer | None = None

    def stop(self) -> None:
        for timer in (self.timer, self.revoke_timer):
            if timer is not None:
                timer.cancel()
        self.timer = self.revoke_timer = None


class ConsumerGroup(Group):
    """See the module's text."""

    kind: ClassVar[str] = "consumer"
    protocol_type = "consumer"

    def __init__(self, broker: KafkaEmulator, group_id: str) -> None:
        super().__init__(broker, group_id)
        self.epoch = 0
        self.assignment_epoch = 0
        self.members: dict[str, ConsumerMember] = {}
        self.static: dict[str, str] = {}
        self.target: Assignment = {}
        self._sizes: dict[bytes, int] = {}

    @property
    def empty(self) -> bool:
        return not self.members

    @property
    def state(self) -> str:
        if not self.members:
            return "Empty"
        if self.epoch > self.assignment_epoch:
            return "Assigning"
        settled = all(one.state == STABLE and one.epoch == self.assignment_epoch for one in self.members.values())
        return "Stable" if settled else "Reconciling"

    # -- heartbeat -------------------------------------------------------------------------------------------

    def heartbeat(self, request: Request) -> dict[str, Any]:
        """Answer a heartbeat whose shape is checked already."""
        body = request.body
        if body.member_epoch in (LEAVE, LEAVE_STATIC):
            return self._leaves(body)
        if body.server_assignor is not None and body.server_assignor not in ASSIGNORS:
            return {
                "error_code": errors.UNSUPPORTED_ASSIGNOR,
                "error_message": f"there is no assignor {body.server_assignor}",
            }
        if body.subscribed_topic_regex:
            try:
                re.compile(body.subscribed_topic_regex)
            except re.error as error:
                return {
                    "error_code": errors.INVALID_REGULAR_EXPRESSION,
                    "error_message": f"bad regular expression: {error}",
                }
        member, code = self._member(request)
        if member is None:
            return {"error_code": code, "error_message": errors.name_of(code)}
        before = frozenset(member.assigned)
        epoch_before = member.epoch
        if self._subscribe(request, member) or self._sizes_changed():
            self.epoch += 1
        if self.epoch > self.assignment_epoch:
            self._assign()
        owned = None if body.topic_partitions is None else _slots(body.topic_partitions)
        self._reconcile(member, owned)
        self._alive(member)
        interval = self.broker.configs.group_int("consumer.heartbeat.interval.ms", self.id)
        fields: dict[str, Any] = {
            "error_code": 0,
            "member_id": member.id,
            "member_epoch": member.epoch,
            "heartbeat_interval_ms": interval,
            "assignment": None,
        }
        # Told when it may have changed for the client: a full request, or a difference since the last heartbeat.
        full = body.member_epoch == 0 or (body.subscribed_topic_names is not None and owned is not None)
        if full or before != member.assigned or (epoch_before == 0 and member.epoch):
            fields["assignment"] = {"topic_partitions": topic_rows(member.assigned)}
        return fields

    def _member(self, request: Request) -> tuple[ConsumerMember | None, int]:
        """The member that sends the heartbeat: known, joining, or coming back as a static one."""
        body = request.body
        instance = body.instance_id
        epoch = body.member_epoch
        known = self.members.get(body.member_id)
        if instance is not None:
            holder_id = self.static.get(instance)
            holder = self.members.get(holder_id) if holder_id is not None else None
            if epoch == 0:
                if holder is None:
                    return self._new_member(request)
                if holder.id == body.member_id:
                    return self._checked(holder, body)
                if holder.epoch != LEAVE_STATIC:
                    return None, errors.UNRELEASED_INSTANCE_ID
                return self._static_returns(request, holder), 0
            if holder is None:
                return None, errors.UNKNOWN_MEMBER_ID
            if holder.id != body.member_id:
                return None, errors.FENCED_INSTANCE_ID
            return self._checked(holder, body)
        if known is None:
            return self._new_member(request) if epoch == 0 else (None, errors.UNKNOWN_MEMBER_ID)
        return self._checked(known, body)

    def _checked(self, member: ConsumerMember, body: Any) -> tuple[ConsumerMember | None, int]:
        if body.member_epoch > member.epoch:
            return None, errors.FENCED_MEMBER_EPOCH
        if body.member_epoch < member.epoch:
            # The answer to its last heartbeat may have been lost: then it is one epoch behind and owns nothing new.
            owned = None if body.topic_partitions is None else _slots(body.topic_partitions)
            behind = body.member_epoch == member.previous_epoch and owned is not None and owned <= member.assigned
            if not behind:
                return None, errors.FENCED_MEMBER_EPOCH
        return member, 0

    def _new_member(self, request: Request) -> tuple[ConsumerMember | None, int]:
        if len(self.members) >= self.broker.configs.broker_int("group.consumer.max.size"):
            return None, errors.GROUP_MAX_SIZE_REACHED
        body = request.body
        member = ConsumerMember(body.member_id or self._fresh_id())
        member.instance_id = body.instance_id
        self.members[member.id] = member
        if member.instance_id is not None:
            self.static[member.instance_id] = member.id
        return member, 0

    def _fresh_id(self) -> str:
        raw = self.broker.uuid()
        import base64

        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def _static_returns(self, request: Request, old: ConsumerMember) -> ConsumerMember:
        """A static member is back under a new id and has what it had."""
        old.stop()
        del self.members[old.id]
        member = ConsumerMember(request.body.member_id or self._fresh_id())
        member.instance_id = old.instance_id
        member.names, member.regex, member.assignor = list(old.names), old.regex, old.assignor
        member.rebalance_timeout_ms, member.rack_id = old.rebalance_timeout_ms, old.rack_id
        member.assigned = set(old.assigned)
        self.members[member.id] = member
        assert old.instance_id is not None
        self.static[old.instance_id] = member.id
        self.target[member.id] = self.target.pop(old.id, set())
        return member

    def _subscribe(self, request: Request, member: ConsumerMember) -> bool:
        """Take over what the heartbeat says of the member; True when it changes what the group reads."""
        body = request.body
        new = member.epoch == 0 and member.previous_epoch < 0 and member.id not in self.target
        member.client_id = request.client_id
        member.host = "/" + request.session.host
        if body.rebalance_timeout_ms >= 0:
            member.rebalance_timeout_ms = body.rebalance_timeout_ms
        if body.rack_id is not None:
            member.rack_id = body.rack_id
        changed = new
        if body.subscribed_topic_names is not None:
            names = sorted(set(body.subscribed_topic_names))
            changed = changed or names != member.names
            member.names = names
        if body.subscribed_topic_regex is not None:
            regex = body.subscribed_topic_regex or None
            changed = changed or regex != member.regex
            member.regex = regex
        if body.server_assignor is not None and body.server_assignor != member.assignor:
            member.assignor = body.server_assignor
            changed = True
        return changed

    def _reads(self, member: ConsumerMember) -> set[bytes]:
        topics = self.broker.topics
        found = {topics[name].id for name in member.names if name in topics}
        if member.regex:
            pattern = re.compile(member.regex)
            found |= {topic.id for topic in topics.values() if pattern.fullmatch(topic.name)}
        return found

    def _sizes_now(self) -> dict[bytes, int]:
        read: set[bytes] = set()
        for member in self.members.values():
            read |= self._reads(member)
        return {topic.id: len(topic.partitions) for topic in self.broker.topics.values() if topic.id in read}

    def _sizes_changed(self) -> bool:
        return self._sizes_now() != self._sizes

    def _assign(self) -> None:
        """Compute the target for the group's present epoch."""
        self._sizes = self._sizes_now()
        votes = Counter(member.assignor for member in self.members.values() if member.assignor is not None)
        wanted = [
            name for name in (self.broker.configs.broker("group.consumer.assignors").value or "").split(",") if name
        ]
        name = votes.most_common(1)[0][0] if votes else next((one for one in wanted if one in ASSIGNORS), "uniform")
        assert name is not None
        order = sorted(self.members, key=lambda one: (self.members[one].instance_id or "", one))
        reads = {member.id: self._reads(member) for member in self.members.values()}
        self.target = ASSIGNORS[name](self._sizes, reads, self.target, order)
        self.assignment_epoch = self.epoch

    # -- reconciliation --------------------------------------------------------------------------------------

    def _reconcile(self, member: ConsumerMember, owned: set[Slot] | None) -> None:
        """Bring the member one step nearer to its target."""
        if member.state == UNREVOKED:
            if owned is None or owned & member.revoking:
                return
            member.revoking = set()
            if member.revoke_timer is not None:
                member.revoke_timer.cancel()
                member.revoke_timer = None
        elif member.state == STABLE and member.epoch == self.assignment_epoch:
            return
        target = self.target.get(member.id, set())
        kept = member.assigned & target
        revoking = member.assigned - target
        if revoking and owned is not None and member.epoch == 0:
            revoking = set()  # it comes (back) with nothing: there is nothing to wait for
        busy = self._busy(member)
        free = {slot for slot in target - kept if slot not in busy}
        unreleased = len(target - kept) > len(free)
        if revoking:
            member.state = UNREVOKED
            member.assigned, member.revoking = kept, revoking
            self._expect_revocation(member)
            return
        member.assigned = kept | free
        member.state = UNRELEASED if unreleased else STABLE
        if member.epoch != self.assignment_epoch:
            member.previous_epoch, member.epoch = member.epoch, self.assignment_epoch

    def _busy(self, member: ConsumerMember) -> set[Slot]:
        """What other members hold, or have not given up yet."""
        found: set[Slot] = set()
        for other in self.members.values():
            if other is not member:
                found |= other.assigned | other.revoking
        return found

    def _expect_revocation(self, member: ConsumerMember) -> None:
        if member.revoke_timer is not None:
            member.revoke_timer.cancel()
        wait_ms = member.rebalance_timeout_ms if member.rebalance_timeout_ms >= 0 else 300_000
        member.revoke_timer = self.broker.later(wait_ms, lambda: self._fence(member))

    # -- leaving ---------------------------------------------------------------------------------------------

    def _leaves(self, body: Any) -> dict[str, Any]:
        member = self.members.get(body.member_id)
        if body.instance_id is not None:
            holder_id = self.static.get(body.instance_id)
            if holder_id is None:
                return {"error_code": errors.UNKNOWN_MEMBER_ID}
            if holder_id != body.member_id:
                return {"error_code": errors.FENCED_INSTANCE_ID}
        if member is None:
            return {"error_code": errors.UNKNOWN_MEMBER_ID}
        if body.member_epoch == LEAVE_STATIC and member.instance_id is not None:
            # It will be back: nobody gets its partitions before its session ends.
            member.previous_epoch, member.epoch = member.epoch, LEAVE_STATIC
            member.revoking = set()
            member.state = STABLE
        else:
            self._fence(member)
        return {"error_code": 0, "member_id": body.member_id, "member_epoch": body.member_epoch}

    def leave(self, member_id: str, instance_id: str | None) -> int:
        """LeaveGroup, as an administrator removes members."""
        if instance_id is not None:
            known = self.static.get(instance_id)
            if known is None:
                return errors.UNKNOWN_MEMBER_ID
            if member_id not in ("", known):
                return errors.FENCED_INSTANCE_ID
            member_id = known
        if member_id not in self.members:
            return errors.UNKNOWN_MEMBER_ID
        self._fence(self.members[member_id])
        return errors.NONE

    def _fence(self, member: ConsumerMember) -> None:
        """The member is out; what it had is free."""
        if self.members.get(member.id) is not member:
            return
        member.stop()
        del self.members[member.id]
        self.target.pop(member.id, None)
        if member.instance_id is not None and self.static.get(member.instance_id) == member.id:
            del self.static[member.instance_id]
        self.epoch += 1
        if self.members:
            self._assign()
        else:
            self.empty_since_ms = self.broker.now_ms()
            self._sizes = {}

    def _alive(self, member: ConsumerMember) -> None:
        if member.timer is not None:
            member.timer.cancel()
        timeout = self.broker.configs.group_int("consumer.session.timeout.ms", self.id)
        member.timer = self.broker.later(timeout, lambda: self._fence(member))

    # -- what others ask -------------------------------------------------------------------------------------

    def check_commit(self, member_id: str, instance_id: str | None, generation: int, version: int, txn: bool) -> int:
        if generation < 0 and not self.members:
            return errors.NONE
        if txn and generation < 0 and not member_id:
            return errors.NONE
        member = self.members.get(member_id)
        if member is None:
            return errors.UNKNOWN_MEMBER_ID
        if generation != member.epoch:
            if version < 9 and not txn:
                return errors.UNSUPPORTED_VERSION
            return errors.ILLEGAL_GENERATION if txn else errors.STALE_MEMBER_EPOCH
        return errors.NONE

    def check_fetch(self, member_id: str | None, member_epoch: int) -> int:
        if member_id is None and member_epoch < 0:
            return errors.NONE
        member = self.members.get(member_id or "")
        if member is None:
            return errors.UNKNOWN_MEMBER_ID
        return errors.NONE if member.epoch == member_epoch else errors.STALE_MEMBER_EPOCH

    def subscribes(self, topic: str) -> bool:
        found = self.broker.topics.get(topic)
        return found is not None and any(found.id in self._reads(member) for member in self.members.values())

    def describe(self) -> list[dict[str, Any]]:
        return [
            {
                "member_id": member.id,
                "client_id": member.client_id,
                "host": member.host,
                "instance_id": member.instance_id,
                "assignment": self.by_name(member.assigned),
            }
            for member in self.members.values()
        ]

    def by_name(self, slots: set[Slot]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for topic_id, index in sorted(slots):
            topic = self.broker.topics_by_id.get(topic_id)
            found.setdefault(topic.name if topic else topic_id.hex(), []).append(index)
        return found

    # -- states ----------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        for member in self.members.values():
            member.stop()

    def members_plain(self) -> Any:
        return [
            self.epoch,
            self.assignment_epoch,
            [[topic, self._sizes[topic]] for topic in sorted(self._sizes)],
            [
                [
                    one.id,
                    one.instance_id,
                    one.rack_id,
                    one.client_id,
                    one.host,
                    one.rebalance_timeout_ms,
                    list(one.names),
                    one.regex,
                    one.assignor,
                    one.epoch,
                    one.previous_epoch,
                    one.state,
                    _plain(one.assigned),
                    _plain(one.revoking),
                    _plain(self.target.get(one.id, set())),
                ]
                for one in self.members.values()
            ],
        ]

    def take_members(self, plain: Any) -> None:
        self.epoch, self.assignment_epoch, sizes, rows = plain
        self._sizes = {bytes(topic): size for topic, size in sizes}
        for row in rows:
            member = ConsumerMember(row[0])
            member.instance_id, member.rack_id, member.client_id, member.host, member.rebalance_timeout_ms = row[1:6]
            member.names, member.regex, member.assignor = list(row[6]), row[7], row[8]
            member.epoch, member.previous_epoch, member.state = row[9:12]
            member.assigned, member.revoking = _set(row[12]), _set(row[13])
            self.target[member.id] = _set(row[14])
            self.members[member.id] = member
            if member.instance_id is not None:
                self.static[member.instance_id] = member.id
            self._alive(member)
            if member.state == UNREVOKED:
                self._expect_revocation(member)


def _slots(rows: Any) -> set[Slot]:
    return {(row.topic_id, index) for row in rows for index in row.partitions}


def topic_rows(slots: set[Slot]) -> list[dict[str, Any]]:
    """Slots as the protocol lists them."""
    found: dict[bytes, list[int]] = {}
    for topic_id, index in sorted(slots):
        found.setdefault(topic_id, []).append(index)
    return [{"topic_id": topic_id, "partitions": indexes} for topic_id, indexes in found.items()]


def _plain(slots: set[Slot]) -> list[list[Any]]:
    return [list(slot) for slot in sorted(slots)]


def _set(rows: list[list[Any]]) -> set[Slot]:
    return {(bytes(topic), index) for topic, index in rows}
