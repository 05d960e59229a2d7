"""The classic group protocol: join, sync, heartbeat, leave, with static members and everything that depends on time.

Reference: group-coordinator's ClassicGroup and GroupMetadataManager. States: Empty, PreparingRebalance (members join),
CompletingRebalance (the leader assigns), Stable, Dead. A join that waits is the member's `join`; a sync that waits its
`sync`; both are answered by whoever completes the phase. Timers: one for each member's session, one for the phase
(rebalance or sync), one for each id handed out with 79.

Differs from Kafka: `group.initial.rebalance.delay.ms` is 0 by default; joins are answered within the step that
completes them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from emulators.kafka import errors
from emulators.kafka.groups.base import Group
from emulators.kafka.request import PARKED
from emulators.kafka.wire.codec import DecodeError, decoder

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request
    from emulators.kernel.clock import Timer

__all__ = ["ClassicGroup", "Member"]

EMPTY, PREPARING, COMPLETING, STABLE, DEAD = (
    "Empty",
    "PreparingRebalance",
    "CompletingRebalance",
    "Stable",
    "Dead",
)
#: A member that has not got its first answer may be this long without a heartbeat.
_NEW_MEMBER_MS = 300_000


class Member:
    """One member. `protocols` is what it offers, best first: (name, metadata)."""

    def __init__(self, member_id: str, instance_id: str | None, request: Request | None) -> None:
        self.id = member_id
        self.instance_id = instance_id
        self.client_id = request.client_id if request is not None else ""
        self.host = "/" + request.session.host if request is not None else ""
        self.session_timeout_ms = 0
        self.rebalance_timeout_ms = 0
        self.protocols: list[tuple[str, bytes]] = []
        self.assignment = b""
        self.join: Request | None = None
        self.sync: Request | None = None
        self.timer: Timer | None = None

    def offer(self, body: Any) -> None:
        """Take over what a join says."""
        self.session_timeout_ms = body.session_timeout_ms
        # v0 has no rebalance timeout: there the session's stands for both.
        self.rebalance_timeout_ms = (
            body.rebalance_timeout_ms if body.rebalance_timeout_ms >= 0 else body.session_timeout_ms
        )
        self.protocols = [(one.name, one.metadata) for one in body.protocols]

    def metadata_for(self, protocol: str | None) -> bytes:
        return next((metadata for name, metadata in self.protocols if name == protocol), b"")


class ClassicGroup(Group):
    """See the module's text."""

    kind: ClassVar[str] = "classic"

    def __init__(self, broker: KafkaEmulator, group_id: str) -> None:
        super().__init__(broker, group_id)
        self.phase = EMPTY
        self.generation = 0
        self.protocol_type = ""
        self.protocol: str | None = None
        self.leader: str | None = None
        self.members: dict[str, Member] = {}
        self.static: dict[str, str] = {}
        #: Ids handed out with 79 whose owners have not joined with them yet.
        self.promised: dict[str, Timer] = {}
        self._phase_timer: Timer | None = None
        self._initial_until_ms: int | None = None

    @property
    def state(self) -> str:
        return self.phase

    @property
    def empty(self) -> bool:
        return not self.members

    # -- join ------------------------------------------------------------------------------------------------

    def join(self, request: Request) -> Reply:
        """A JoinGroup request; the group's id and the session timeout are checked already."""
        body = request.body
        if self.phase == DEAD:
            return self._refuse_join(request, errors.COORDINATOR_NOT_AVAILABLE)
        code = self._check_protocols(body)
        if code:
            return self._refuse_join(request, code)
        if body.member_id == "":
            return self._join_unknown(request)
        return self._join_known(request)

    def _refuse_join(self, request: Request, code: int, member_id: str | None = None) -> dict[str, Any]:
        return {
            "error_code": code,
            "generation_id": -1,
            "protocol_name": None if request.version >= 7 else "",
            "leader": "",
            "member_id": request.body.member_id if member_id is None else member_id,
            "members": [],
        }

    def _check_protocols(self, body: Any) -> int:
        offered = {one.name for one in body.protocols}
        if not self.members:
            return errors.NONE if body.protocol_type and offered else errors.INCONSISTENT_GROUP_PROTOCOL
        if body.protocol_type != self.protocol_type:
            return errors.INCONSISTENT_GROUP_PROTOCOL
        others = [member for member in self.members.values() if member.id != body.member_id]
        if body.group_instance_id is not None:
            replaced = self.static.get(body.group_instance_id)
            others = [member for member in others if member.id != replaced]
        for member in others:
            offered &= {name for name, _ in member.protocols}
        return errors.NONE if offered else errors.INCONSISTENT_GROUP_PROTOCOL

    def _full(self) -> bool:
        limit = self.broker.configs.broker_int("group.max.size")
        return len(self.members) + len(self.promised) >= limit

    def _join_unknown(self, request: Request) -> Reply:
        body = request.body
        instance = body.group_instance_id
        if instance is not None:
            member_id = f"{instance}-{self._uuid()}"
            if instance in self.static:
                return self._replace_static(request, instance, member_id)
            if self._full():
                return self._refuse_join(request, errors.GROUP_MAX_SIZE_REACHED)
            return self._add(request, member_id)
        if self._full():
            return self._refuse_join(request, errors.GROUP_MAX_SIZE_REACHED)
        member_id = f"{request.client_id}-{self._uuid()}"
        if request.version >= 4:
            self.promised[member_id] = self.broker.later(
                body.session_timeout_ms, lambda: self._promise_expired(member_id)
            )
            return self._refuse_join(request, errors.MEMBER_ID_REQUIRED, member_id)
        return self._add(request, member_id)

    def _join_known(self, request: Request) -> Reply:
        body = request.body
        member_id = body.member_id
        promise = self.promised.pop(member_id, None)
        if promise is not None:
            promise.cancel()
            return self._add(request, member_id)
        code = self._check_member(member_id, body.group_instance_id)
        if code:
            return self._refuse_join(request, code)
        member = self.members[member_id]
        unchanged = member.protocols == [(one.name, one.metadata) for one in body.protocols]
        if self.phase == COMPLETING and unchanged:
            # Its last answer was lost: give it again.
            return self._joined(member, request.version)
        if self.phase == STABLE and unchanged and member_id != self.leader:
            self._alive(member)
            return self._joined(member, request.version, bare=True)
        if member.join is not None:
            member.join.reply(self._refuse_join(member.join, errors.REBALANCE_IN_PROGRESS))
        member.offer(body)
        member.join = request
        self._stop_session(member)
        return self._rebalance(request)

    def _add(self, request: Request, member_id: str) -> Reply:
        body = request.body
        member = Member(member_id, body.group_instance_id, request)
        member.offer(body)
        member.join = request
        first = not self.members
        self.members[member_id] = member
        if member.instance_id is not None:
            self.static[member.instance_id] = member_id
        if first:
            self.protocol_type = body.protocol_type
        if self.leader is None:
            self.leader = member_id
        if self.phase == PREPARING and self._initial_until_ms is not None:
            self._extend_initial()
        member.timer = self.broker.later(_NEW_MEMBER_MS, lambda: self._session_expired(member))
        return self._rebalance(request)

    def _replace_static(self, request: Request, instance: str, member_id: str) -> Reply:
        """A static member is back under a new id: the old id is fenced, its assignment stays."""
        old = self.members.pop(self.static[instance])
        self._stop_session(old)
        for waiting in (old.join, old.sync):
            if waiting is not None:
                waiting.reply(
                    self._refuse_join(waiting, errors.FENCED_INSTANCE_ID)
                    if waiting is old.join
                    else {"error_code": errors.FENCED_INSTANCE_ID}
                )
        body = request.body
        member = Member(member_id, instance, request)
        member.assignment = old.assignment
        old_metadata = old.metadata_for(self.protocol)
        member.offer(body)
        self.members[member_id] = member
        self.static[instance] = member_id
        was_leader = self.leader == old.id
        if was_leader:
            self.leader = member_id
        if self.phase == STABLE and self._select() == self.protocol:
            # The same subscription: it goes on with what it had. A leader that can skip assigning (v9) is told so; an
            # older
            # one must not think that it leads, so it is told the id that led before.
            self._alive(member)
            same = old_metadata == member.metadata_for(self.protocol)
            if same:
                fields = self._joined(member, request.version, bare=True)
                if was_leader:
                    if request.version >= 9:
                        fields |= {"leader": member_id, "skip_assignment": True, "members": self._member_rows()}
                    else:
                        fields["leader"] = old.id
                return fields
        member.join = request
        return self._rebalance(request)

    # -- the rebalance ---------------------------------------------------------------------------------------

    def _rebalance(self, request: Request | None) -> Reply:
        """Prepare a rebalance if none runs; completes at once when everybody is there."""
        if self.phase != PREPARING:
            self._prepare()
        answer: list[Reply] = []
        self._try_complete(request, answer)
        return answer[0] if answer else PARKED

    def _prepare(self) -> None:
        if self.phase == COMPLETING:
            self._fail_syncs(errors.REBALANCE_IN_PROGRESS)
        delay_ms = self.broker.configs.broker_int("group.initial.rebalance.delay.ms")
        was_empty = self.phase == EMPTY
        self.phase = PREPARING
        self._cancel_phase_timer()
        self._initial_until_ms = None
        if was_empty and delay_ms > 0:
            now = self.broker.now_ms()
            self._initial_until_ms = now + self._rebalance_timeout_ms()
            self._phase_timer = self.broker.later(delay_ms, self._initial_over)
        else:
            self._phase_timer = self.broker.later(self._rebalance_timeout_ms(), self._rebalance_expired)

    def _extend_initial(self) -> None:
        """Another member came during the first wait: wait once more, but not beyond the rebalance timeout."""
        assert self._initial_until_ms is not None
        delay_ms = self.broker.configs.broker_int("group.initial.rebalance.delay.ms")
        left_ms = self._initial_until_ms - self.broker.now_ms()
        self._cancel_phase_timer()
        self._phase_timer = self.broker.later(max(0, min(delay_ms, left_ms)), self._initial_over)

    def _initial_over(self) -> None:
        self._initial_until_ms = None
        self._phase_timer = self.broker.later(self._rebalance_timeout_ms(), self._rebalance_expired)
        self._try_complete(None, [])

    def _rebalance_timeout_ms(self) -> int:
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def _try_complete(self, request: Request | None, answer: list[Reply]) -> None:
        if self.phase != PREPARING or self._initial_until_ms is not None or self.promised:
            return
        if all(member.join is not None for member in self.members.values()):
            self._complete(request, answer)

    def _rebalance_expired(self) -> None:
        """Whoever has not joined by now is out, unless it is static."""
        if self.phase != PREPARING:
            return
        for timer in self.promised.values():
            timer.cancel()
        self.promised.clear()
        for member in list(self.members.values()):
            if member.join is None and member.instance_id is None:
                self._remove(member)
        if self.members and not any(member.join is not None for member in self.members.values()):
            # Only static members are left, and none came: wait once more for them.
            self._phase_timer = self.broker.later(self._rebalance_timeout_ms(), self._rebalance_expired)
            return
        self._complete(None, [])

    def _complete(self, request: Request | None, answer: list[Reply]) -> None:
        """Everybody is there: a new generation begins. The one whose request runs now is answered through `answer`."""
        self._cancel_phase_timer()
        self.generation += 1
        if not self.members:
            self._became_empty()
            return
        if self.leader not in self.members or self.members[self.leader].join is None:
            joined = [member.id for member in self.members.values() if member.join is not None]
            self.leader = joined[0] if joined else next(iter(self.members))
        self.protocol = self._select()
        self.phase = COMPLETING
        waited = self._rebalance_timeout_ms()
        self._phase_timer = self.broker.later(waited, self._sync_expired)
        for member in list(self.members.values()):
            waiting, member.join = member.join, None
            self._alive(member)
            if waiting is None:
                continue
            fields = self._joined(member, waiting.version)
            if waiting is request:
                answer.append(fields)
            else:
                waiting.reply(fields)

    def _became_empty(self) -> None:
        self.phase = EMPTY
        self.protocol = self.leader = None
        self.empty_since_ms = self.broker.now_ms()

    def _select(self) -> str | None:
        """The protocol that all members know and most of them like best."""
        common = set.intersection(*({name for name, _ in member.protocols} for member in self.members.values()))
        votes = Counter(
            next(name for name, _ in member.protocols if name in common) for member in self.members.values() if common
        )
        if not votes:
            return None
        most = max(votes.values())
        return next(name for name in votes if votes[name] == most)

    def _joined(self, member: Member, version: int, bare: bool = False) -> dict[str, Any]:
        return {
            "error_code": 0,
            "generation_id": self.generation,
            "protocol_type": self.protocol_type,
            "protocol_name": self.protocol,
            "leader": self.leader,
            "member_id": member.id,
            "members": self._member_rows() if member.id == self.leader and not bare else [],
        }

    def _member_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "member_id": member.id,
                "group_instance_id": member.instance_id,
                "metadata": member.metadata_for(self.protocol),
            }
            for member in self.members.values()
        ]

    # -- sync ------------------------------------------------------------------------------------------------

    def sync(self, request: Request) -> Reply:
        body = request.body
        code = self._check_member(body.member_id, body.group_instance_id)
        if code:
            return {"error_code": code}
        if body.generation_id != self.generation:
            return {"error_code": errors.ILLEGAL_GENERATION}
        if (body.protocol_type is not None and body.protocol_type != self.protocol_type) or (
            body.protocol_name is not None and body.protocol_name != self.protocol
        ):
            return {"error_code": errors.INCONSISTENT_GROUP_PROTOCOL}
        if self.phase == PREPARING:
            return {"error_code": errors.REBALANCE_IN_PROGRESS}
        member = self.members[body.member_id]
        self._alive(member)
        if self.phase == STABLE:
            return self._assigned(member)
        if self.phase != COMPLETING:
            return {"error_code": errors.UNKNOWN_MEMBER_ID}
        if member.id != self.leader:
            member.sync = request
            return PARKED
        given = {one.member_id: one.assignment for one in body.assignments}
        for other in self.members.values():
            other.assignment = given.get(other.id, b"")
        self.phase = STABLE
        self._cancel_phase_timer()
        for other in self.members.values():
            waiting, other.sync = other.sync, None
            if waiting is not None:
                self._alive(other)
                waiting.reply(self._assigned(other))
        return self._assigned(member)

    def _assigned(self, member: Member) -> dict[str, Any]:
        return {
            "error_code": 0,
            "protocol_type": self.protocol_type,
            "protocol_name": self.protocol,
            "assignment": member.assignment,
        }

    def _fail_syncs(self, code: int) -> None:
        for member in self.members.values():
            waiting, member.sync = member.sync, None
            member.assignment = b""
            if waiting is not None:
                waiting.reply({"error_code": code})

    def _sync_expired(self) -> None:
        """The leader has not assigned in time, or someone has not asked for it: those are out, and the group starts
        over.
        """
        if self.phase != COMPLETING:
            return
        for member in list(self.members.values()):
            if member.sync is None:
                self._remove(member)
        self._rebalance(None)

    # -- heartbeat, leave ------------------------------------------------------------------------------------

    def heartbeat(self, request: Request) -> int:
        body = request.body
        code = self._check_member(body.member_id, body.group_instance_id)
        if code:
            return code
        if body.generation_id != self.generation:
            return errors.ILLEGAL_GENERATION
        if self.phase in (EMPTY, DEAD):
            return errors.UNKNOWN_MEMBER_ID
        self._alive(self.members[body.member_id])
        return errors.REBALANCE_IN_PROGRESS if self.phase == PREPARING else errors.NONE

    def leave(self, member_id: str, instance_id: str | None) -> int:
        if instance_id is not None:
            known = self.static.get(instance_id)
            if known is None:
                return errors.UNKNOWN_MEMBER_ID
            if member_id not in ("", known):
                return errors.FENCED_INSTANCE_ID
            member_id = known
        promise = self.promised.pop(member_id, None)
        if promise is not None:
            promise.cancel()
            self._after_removal()
            return errors.NONE
        if member_id not in self.members:
            return errors.UNKNOWN_MEMBER_ID
        self._remove(self.members[member_id])
        self._after_removal()
        return errors.NONE

    def _remove(self, member: Member) -> None:
        self._stop_session(member)
        for waiting in (member.join, member.sync):
            if waiting is not None:
                waiting.reply(
                    self._refuse_join(waiting, errors.UNKNOWN_MEMBER_ID)
                    if waiting is member.join
                    else {"error_code": errors.UNKNOWN_MEMBER_ID}
                )
        member.join = member.sync = None
        self.members.pop(member.id, None)
        if member.instance_id is not None and self.static.get(member.instance_id) == member.id:
            del self.static[member.instance_id]
        if self.leader == member.id:
            self.leader = next(iter(self.members), None)

    def _after_removal(self) -> None:
        if self.phase in (STABLE, COMPLETING):
            self._rebalance(None)
        elif self.phase == PREPARING:
            self._try_complete(None, [])

    # -- time ------------------------------------------------------------------------------------------------

    def _alive(self, member: Member) -> None:
        self._stop_session(member)
        member.timer = self.broker.later(member.session_timeout_ms, lambda: self._session_expired(member))

    def _stop_session(self, member: Member) -> None:
        if member.timer is not None:
            member.timer.cancel()
            member.timer = None

    def _session_expired(self, member: Member) -> None:
        if self.members.get(member.id) is member and member.join is None:
            self._remove(member)
            self._after_removal()

    def _promise_expired(self, member_id: str) -> None:
        if self.promised.pop(member_id, None) is not None:
            self._after_removal()

    def _cancel_phase_timer(self) -> None:
        if self._phase_timer is not None:
            self._phase_timer.cancel()
            self._phase_timer = None

    def _uuid(self) -> str:
        raw = self.broker.uuid().hex()
        return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"

    # -- what others ask -------------------------------------------------------------------------------------

    def _check_member(self, member_id: str, instance_id: str | None) -> int:
        if instance_id is not None:
            known = self.static.get(instance_id)
            if known is None:
                return errors.UNKNOWN_MEMBER_ID
            if known != member_id:
                return errors.FENCED_INSTANCE_ID
        return errors.NONE if member_id in self.members else errors.UNKNOWN_MEMBER_ID

    def check_commit(self, member_id: str, instance_id: str | None, generation: int, version: int, txn: bool) -> int:
        if generation < 0 and self.phase == EMPTY:
            return errors.NONE
        if generation >= 0 or member_id or instance_id is not None:
            code = self._check_member(member_id, instance_id)
            if code:
                return code
            if generation != self.generation:
                return errors.ILLEGAL_GENERATION
        elif not txn and self.phase != EMPTY:
            return errors.UNKNOWN_MEMBER_ID
        if not txn and self.phase == COMPLETING:
            return errors.REBALANCE_IN_PROGRESS
        return errors.NONE

    def committed_by(self, member_id: str) -> None:
        member = self.members.get(member_id)
        if member is not None and member.join is None:
            self._alive(member)

    def subscribes(self, topic: str) -> bool:
        if self.protocol_type != "consumer":
            return False
        # What cannot be read may be anything, so it counts as reading the topic.
        read = [self._subscription(member) for member in self.members.values()]
        return any(topics is None or topic in topics for topics in read)

    def _subscription(self, member: Member) -> list[str] | None:
        metadata = member.metadata_for(self.protocol) or (member.protocols[0][1] if member.protocols else b"")
        if len(metadata) < 2:
            return None
        version = min(max(int.from_bytes(metadata[:2], "big"), 0), 3)
        try:
            return list(decoder("consumer_protocol_subscription.data", version)(metadata, 2)[0].topics)
        except DecodeError:
            return None

    def describe(self) -> list[dict[str, Any]]:
        return [
            {
                "member_id": member.id,
                "client_id": member.client_id,
                "host": member.host,
                "instance_id": member.instance_id,
                "assignment": assigned_partitions(member.assignment) if self.protocol_type == "consumer" else None,
            }
            for member in self.members.values()
        ]

    # -- states ----------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        for timer in self.promised.values():
            timer.cancel()
        self.promised.clear()
        self._cancel_phase_timer()
        for member in self.members.values():
            self._stop_session(member)
            join, sync, member.join, member.sync = member.join, member.sync, None, None
            if join is not None:
                # Retriable for every client, with the member id it has.
                join.reply(self._refuse_join(join, errors.COORDINATOR_LOAD_IN_PROGRESS))
            if sync is not None:
                sync.reply({"error_code": errors.REBALANCE_IN_PROGRESS})

    def members_plain(self) -> Any:
        return [
            self.phase,
            self.generation,
            self.protocol_type,
            self.protocol,
            self.leader,
            [
                [
                    one.id,
                    one.instance_id,
                    one.client_id,
                    one.host,
                    one.session_timeout_ms,
                    one.rebalance_timeout_ms,
                    [list(pair) for pair in one.protocols],
                    one.assignment,
                ]
                for one in self.members.values()
            ],
        ]

    def take_members(self, plain: Any) -> None:
        self.phase, self.generation, self.protocol_type, self.protocol, self.leader, rows = plain
        for member_id, instance_id, client_id, host, session_ms, rebalance_ms, protocols, assignment in rows:
            member = Member(member_id, instance_id, None)
            member.client_id, member.host = client_id, host
            member.session_timeout_ms, member.rebalance_timeout_ms = session_ms, rebalance_ms
            member.protocols = [(name, bytes(metadata)) for name, metadata in protocols]
            member.assignment = bytes(assignment)
            self.members[member_id] = member
            if instance_id is not None:
                self.static[instance_id] = member_id
            self._alive(member)
        # Nobody's request is parked any more: who was about to join or sync has a whole timeout to come again.
        if self.phase == PREPARING:
            self._phase_timer = self.broker.later(self._rebalance_timeout_ms(), self._rebalance_expired)
        elif self.phase == COMPLETING:
            self._phase_timer = self.broker.later(self._rebalance_timeout_ms(), self._sync_expired)


def assigned_partitions(assignment: bytes) -> dict[str, list[int]] | None:
    """Topics and partitions of a consumer's assignment; None where it cannot be read."""
    if len(assignment) < 2:
        return {}
    version = min(max(int.from_bytes(assignment[:2], "big"), 0), 3)
    try:
        body, _ = decoder("consumer_protocol_assignment.data", version)(assignment, 2)
    except DecodeError:
        return None
    return {row.topic: list(row.partitions) for row in body.assigned_partitions}
