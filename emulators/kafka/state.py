"""The cluster's state at an instant: taking it, going back to it, writing it out, and checking it.

Logs are taken by reference (`log.LogState`); an unchanged log gives the same object again, and going back to it does
nothing. Everything else is small and taken as plain data. Connections stay up over a restore: parked fetches look again
(an offset that is gone is error 1, and clients reset as they are told), parked joins and syncs get an error that makes
the client join again, members start with fresh sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulators.kafka.topics import TopicState, plain_topic, topic_from_plain, topic_state, topic_to

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator

__all__ = ["ClusterState", "capture", "check", "from_plain", "let_go", "put_back", "to_plain"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class ClusterState:
    """See the module's text. `small` is plain data."""

    topics: tuple[TopicState, ...]
    small: dict[str, Any]


def capture(broker: KafkaEmulator) -> ClusterState:
    """The state of now."""
    parts = broker.__dict__
    small: dict[str, Any] = {
        "topic_count": broker.topic_count,
        "next_producer_id": broker.next_producer_id,
        "coordinators": [[kind, key, node] for (kind, key), node in sorted(broker.coordinators.items())],
        "features": dict(broker.features),
        "quotas": [
            [[list(part) for part in entity], dict(values)]
            for entity, values in sorted(broker.quotas.items(), key=repr)
        ],
        "down": [node.id for node in broker.nodes.values() if not node.up],
        "dynamic": {node: dict(values) for node, values in broker.configs.dynamic.items()},
        "group_configs": {group: dict(values) for group, values in broker.configs.groups.items()},
        "acls": [list(acl) for acl in broker.security.acls],
        "scram": [[*key, *value] for key, value in sorted(broker.security.scram.items())],
        "groups": broker.groups.plain() if "groups" in parts else [],
        "transactions": broker.transactions.plain() if "transactions" in parts else [],
    }
    return ClusterState(tuple(topic_state(topic) for topic in broker.topics.values()), small)


def put_back(broker: KafkaEmulator, state: ClusterState) -> None:
    """Go to a state."""
    from emulators.kafka.control import run
    from emulators.kafka.security import Acl, ScramCredential

    small = state.small
    parts = broker.__dict__
    present = broker.topics_by_id
    waiting = [wait for topic in broker.topics.values() for one in topic.partitions for wait in one.parked]
    topics = [topic_to(row, present.get(row[1])) for row in state.topics]
    broker.topics = {topic.name: topic for topic in topics}
    broker.topics_by_id = {topic.id: topic for topic in topics}
    broker.topic_count = small["topic_count"]
    broker.next_producer_id = small["next_producer_id"]
    broker.coordinators = {(kind, key): node for kind, key, node in small["coordinators"]}
    broker.features = dict(small["features"])
    broker.quotas = {tuple((kind, name) for kind, name in entity): dict(values) for entity, values in small["quotas"]}
    broker.configs.dynamic = {node: dict(values) for node, values in small["dynamic"].items()}
    broker.configs.groups = {group: dict(values) for group, values in small["group_configs"].items()}
    broker.security.acls = tuple(Acl(*row) for row in small["acls"])
    broker.security.scram = {(row[0], row[1]): ScramCredential(row[2], *map(bytes, row[3:])) for row in small["scram"]}
    leaders = {
        (topic.name, one.index): (one.leader, one.leader_epoch, list(one.isr))
        for topic in topics
        for one in topic.partitions
    }
    for node in broker.nodes.values():
        if node.up == (node.id in small["down"]):
            run(broker, "node_down" if node.up else "node_up", [node.id])
    for topic in topics:
        for one in topic.partitions:
            one.leader, one.leader_epoch, one.isr = leaders[topic.name, one.index]
    if "fetch_sessions" in parts:
        broker.fetch_sessions.clear()
    if "transactions" in parts or small["transactions"]:
        broker.transactions.take(small["transactions"])
    if "groups" in parts or small["groups"]:
        broker.groups.take(small["groups"])
    broker.configs_changed()
    for wait in waiting:
        broker._woken[wait] = None


def let_go(broker: KafkaEmulator) -> None:
    """End everything that waits or ticks: the state is about to go."""
    parts = broker.__dict__
    if "groups" in parts:
        broker.groups.let_go()
        broker.groups.groups = {}
    if "transactions" in parts:
        broker.transactions.let_go()
        broker.transactions.transactions = {}
    if "fetch_sessions" in parts:
        broker.fetch_sessions.clear()
    for topic in broker.topics.values():
        for partition in topic.partitions:
            for wait in list(partition.parked):
                broker._woken[wait] = None


def to_plain(state: ClusterState) -> dict[str, Any]:
    return {"version": _VERSION, "topics": [plain_topic(row) for row in state.topics], **state.small}


def from_plain(data: dict[str, Any]) -> ClusterState:
    if data.get("version") != _VERSION:
        raise ValueError(f"this is a Kafka state of version {data.get('version')}; version {_VERSION} is read")
    small = {key: value for key, value in data.items() if key not in ("version", "topics")}
    return ClusterState(tuple(topic_from_plain(row) for row in data["topics"]), small)


def check(broker: KafkaEmulator) -> None:
    """Verify the invariants of logs, topics, groups and transactions."""
    from emulators.kernel.emulator import InvariantError

    try:
        assert {topic.id for topic in broker.topics.values()} == set(broker.topics_by_id), "names and ids disagree"
        for topic in broker.topics.values():
            assert [one.index for one in topic.partitions] == list(range(len(topic.partitions)))
            for one in topic.partitions:
                one.log.check()
                assert one.leader < 0 or broker.nodes[one.leader].up, f"{one.key} is led by a node that is down"
        if "transactions" in broker.__dict__:
            for found in broker.transactions.transactions.values():
                assert found.state == "Ongoing" or not found.partitions, f"{found.id} is not open but has partitions"
        if "groups" in broker.__dict__:
            for group in broker.groups.groups.values():
                if group.kind == "consumer":
                    seen: set[Any] = set()
                    for member in getattr(group, "members", {}).values():
                        assert not seen & member.assigned, f"{group.id}: a partition has two owners"
                        seen |= member.assigned
    except AssertionError as error:
        raise InvariantError(str(error)) from error
