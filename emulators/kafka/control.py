"""Changes of the cluster from inside the process (leader moves, nodes going down), as operations of the log.

Each is written as a connection of its own with one operation, so that playing the log back does the same at the same
place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kernel.emulator import MemoryLink, Session
from emulators.kernel.interceptor import Decision
from emulators.kernel.oplog import DISCONNECT, OPERATION

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator

__all__ = ["ControlSession", "run", "run_logged"]

#: No client has this number.
_SESSION = -1


class ControlSession(Session):
    """Runs control operations; it has no client."""

    emulator: KafkaEmulator
    result: Any = None

    def receive(self, data: bytes) -> None:
        return None

    def process(self) -> None:
        return None

    def execute(self, frame: Any) -> None:
        verb, *arguments = frame
        self.emulator.step(lambda: self._run(verb, arguments))

    def _run(self, verb: str, arguments: list[Any]) -> None:
        self.result = run(self.emulator, verb, arguments)

    def replay(self, frame: Any, sequence: int) -> None:
        self.execute(frame)

    def send_fault(self, frame: Any, decision: Decision) -> None:
        return None

    def lost(self) -> None:
        return None


def run_logged(broker: KafkaEmulator, verb: str, arguments: list[Any]) -> Any:
    """Run one control operation and write it to the log. ValueError for a verb or an argument that makes no sense."""
    if verb not in _VERBS:
        raise ValueError(f"there is no control verb {verb!r}; there are: {', '.join(_VERBS)}")
    environment = broker.environment
    now = broker.clock.now_us()
    environment.log.connected(now, _SESSION, environment.name, "control", "in-process")
    environment.log.append((OPERATION, now, _SESSION, [verb, *arguments]))
    environment.log.append((DISCONNECT, now, _SESSION, None))
    session = ControlSession(broker, MemoryLink("in-process", keep=False), _SESSION, "control")
    session.execute([verb, *arguments])
    return session.result


def run(broker: KafkaEmulator, verb: str, arguments: list[Any]) -> Any:
    return _VERBS[verb](broker, *arguments)


def _node(broker: KafkaEmulator, node: int) -> Any:
    if node not in broker.nodes:
        raise ValueError(f"there is no node {node}; there are: {', '.join(map(str, broker.nodes))}")
    return broker.nodes[node]


def _move_leader(broker: KafkaEmulator, topic: str, partition: int, node: int) -> None:
    found = broker.find_partition(topic, partition)
    if found is None:
        raise ValueError(f"there is no partition {topic}-{partition}")
    if not _node(broker, node).up:
        raise ValueError(f"node {node} is down, so it cannot lead")
    if node not in found.replicas:
        found.replicas.append(node)
    if node not in found.isr:
        found.isr.append(node)
    broker.elect(found, node)


def _node_down(broker: KafkaEmulator, node: int) -> None:
    """Close the node's listener and connections; its partitions are led by the next replica that is up."""
    found = _node(broker, node)
    if not found.up:
        return
    found.up = False
    broker.environment.close_endpoint(found.endpoint, True)
    for topic in broker.topics.values():
        for partition in topic.partitions:
            partition.isr = [one for one in partition.isr if one != node]
            if partition.leader == node:
                broker.elect(partition, partition.isr[0] if partition.isr else -1)


def _node_up(broker: KafkaEmulator, node: int) -> None:
    """Listen again on the node's port; partitions that had no leader get it."""
    found = _node(broker, node)
    if found.up:
        return
    found.up = True
    found.port = broker.environment.open_endpoint(found.endpoint, found.port) or found.port
    for topic in broker.topics.values():
        for partition in topic.partitions:
            if node in partition.replicas and node not in partition.isr:
                partition.isr.append(node)
            if partition.leader < 0 and node in partition.replicas:
                broker.elect(partition, node)


def _move_coordinator(broker: KafkaEmulator, kind: int, key: str, node: int) -> None:
    _node(broker, node)
    broker.coordinators[kind, key] = node


def _compact(broker: KafkaEmulator, topic: str | None = None) -> int:
    return broker.compact(topic)


def _retain(broker: KafkaEmulator, topic: str | None = None) -> int:
    return broker.apply_retention(topic)


_VERBS: dict[str, Any] = {
    "move_leader": _move_leader,
    "node_down": _node_down,
    "node_up": _node_up,
    "move_coordinator": _move_coordinator,
    "compact": _compact,
    "retain": _retain,
}
