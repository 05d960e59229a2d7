"""All groups of the cluster: finding, making, converting and deleting them, and what happens to their offsets over
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.groups.base import Group

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.groups.classic import ClassicGroup
    from emulators.kafka.groups.consumer import ConsumerGroup
    from emulators.kafka.groups.share import ShareGroup
    from emulators.kafka.request import Request
    from emulators.kafka.topics import Topic

__all__ = ["GroupManager"]


class GroupManager:
    """The groups by id. A group has one kind; an empty classic group becomes a consumer group when one joins it, and
    back.
    """

    def __init__(self, broker: KafkaEmulator) -> None:
        self.broker = broker
        self.groups: dict[str, Group] = {}

    # -- finding ---------------------------------------------------------------------------------------------

    def misplaced(self, request: Request, group_id: str, kind: int = 0) -> int:
        """Common to all group requests: 24 for no id, 15/16 when another node coordinates it, faults."""
        node = self.broker.coordinator(kind, group_id)
        code = self.broker.deny(request, group=group_id)
        if code:
            return code
        if node != request.node:
            return errors.NOT_COORDINATOR if node >= 0 else errors.COORDINATOR_NOT_AVAILABLE
        return errors.NONE

    def classic(self, group_id: str, create: bool) -> ClassicGroup | None:
        """The classic group of that id; an empty consumer group turns into one. None: there is none, or another kind is
        in use.
        """
        from emulators.kafka.groups.classic import ClassicGroup

        group = self.groups.get(group_id)
        if isinstance(group, ClassicGroup):
            return group
        if not create or (group is not None and not (group.empty and group.kind == "consumer")):
            return None
        fresh = ClassicGroup(self.broker, group_id)
        self._install(fresh, group)
        return fresh

    def consumer(self, group_id: str, create: bool) -> ConsumerGroup | None:
        """The KIP-848 group of that id; an empty classic group turns into one."""
        from emulators.kafka.groups.consumer import ConsumerGroup

        group = self.groups.get(group_id)
        if isinstance(group, ConsumerGroup):
            return group
        if not create or (group is not None and not (group.empty and group.kind == "classic")):
            return None
        fresh = ConsumerGroup(self.broker, group_id)
        self._install(fresh, group)
        return fresh

    def share(self, group_id: str, create: bool) -> ShareGroup | None:
        """The share group of that id."""
        from emulators.kafka.groups.share import ShareGroup

        group = self.groups.get(group_id)
        if isinstance(group, ShareGroup):
            return group
        if not create or group is not None:
            return None
        fresh = ShareGroup(self.broker, group_id)
        self._install(fresh, None)
        return fresh

    def _install(self, fresh: Group, old: Group | None) -> None:
        if old is not None:
            old.let_go()
            fresh.committed, fresh.pending = old.committed, old.pending
        self.groups[fresh.id] = fresh

    # -- deleting --------------------------------------------------------------------------------------------

    def delete(self, group_id: str) -> int:
        group = self.groups.get(group_id)
        if group is None:
            return errors.GROUP_ID_NOT_FOUND
        if not group.empty:
            return errors.NON_EMPTY_GROUP
        group.let_go()
        del self.groups[group_id]
        return errors.NONE

    def topic_deleted(self, topic: Topic) -> None:
        for group in self.groups.values():
            group.forget_topic(topic)

    def topics_changed(self) -> None:
        for group in self.groups.values():
            group.topics_changed()

    def expire_offsets(self, now_ms: int) -> None:
        """Drop offsets past their retention, and groups of which nothing is left."""
        retention_ms = self.broker.configs.broker_int("offsets.retention.minutes") * 60_000
        for group in list(self.groups.values()):
            if group.kind == "share":
                continue
            had = bool(group.committed)
            group.expire(now_ms, retention_ms)
            if group.empty and not group.committed and not group.pending and had:
                group.let_go()
                del self.groups[group.id]

    # -- states ----------------------------------------------------------------------------------------------

    def let_go(self) -> None:
        for group in self.groups.values():
            group.let_go()

    def plain(self) -> list[Any]:
        return [self.groups[group_id].plain() for group_id in sorted(self.groups)]

    def take(self, rows: list[Any]) -> None:
        """Have the groups of `plain`; those of now are let go."""
        self.let_go()
        self.groups = {}
        for row in rows:
            kind, group_id = row[0], row[1]
            group: Any
            if kind == "classic":
                group = self.classic(group_id, True)
            elif kind == "consumer":
                group = self.consumer(group_id, True)
            else:
                group = self.share(group_id, True)
            group.take(row)
