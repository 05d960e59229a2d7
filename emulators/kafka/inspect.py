"""Looking into a cluster without disturbing it: the `dump("kafka")` dict, for people and assertions.

    {"topicCount": 1, "groupCount": 1,
     "topics": {"orders": {"id": "…", "partitionCount": 1, "configs": {}, "recordCount": 2,
                "partitions": [{"partition": 0, "leader": 1, "startOffset": 0, "endOffset": 2, "stableOffset": 2}],
                "sample": [{"partition": 0, "offset": 1, "timestamp": …, "key": "k", "value": {"a": 1}, "headers": [["h", "1"]]}]}},
     "groups": {"g": {"type": "classic", "state": "Stable", "members": […],
                "offsets": {"orders": {"0": {"offset": 1, "endOffset": 2, "lag": 1, "metadata": ""}}}, "lag": 1}}}

Keys and values are shown as JSON where they are JSON, as text where they are UTF-8, else as `{"base64": …}`.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from emulators.kafka.log import PartitionLog
from emulators.kafka.wire.records import Record, RecordError

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.state import ClusterState
    from emulators.kafka.topics import Topic

__all__ = ["dump", "dump_state", "lag", "readable", "wait_state"]

#: Newest records shown per topic.
SAMPLE = 10


def readable(raw: bytes | None, *, parse: bool = True) -> Any:
    """Bytes as something that reads well and is JSON."""
    if raw is None:
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}
    if parse and text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def dump(broker: KafkaEmulator) -> dict[str, Any]:
    """Everything, as plain data."""
    topics = {topic.name: _topic(broker, topic) for topic in sorted(broker.topics.values(), key=lambda one: one.name)}
    groups = {}
    if "groups" in broker.__dict__:
        for group_id in sorted(broker.groups.groups):
            groups[group_id] = _group(broker, group_id)
    return {"topicCount": len(topics), "topics": topics, "groupCount": len(groups), "groups": groups}


def _topic(broker: KafkaEmulator, topic: Topic) -> dict[str, Any]:
    rows = [
        {
            "partition": one.index,
            "leader": one.leader,
            "startOffset": one.log.start,
            "endOffset": one.log.end,
            "stableOffset": one.log.stable,
        }
        for one in topic.partitions
    ]
    newest: list[tuple[int, Record]] = []
    for one in topic.partitions:
        newest += [(one.index, record) for record in _last(one.log, SAMPLE)]
    newest.sort(key=lambda pair: (pair[1].timestamp, pair[0], pair[1].offset))
    return {
        "id": base64.urlsafe_b64encode(topic.id).decode().rstrip("="),
        "partitionCount": len(rows),
        "replicationFactor": topic.replication_factor,
        "configs": dict(sorted(topic.configs.items())),
        "recordCount": sum(batch.count for one in topic.partitions for batch in one.log.batches if not batch.control),
        "partitions": rows,
        "sample": [_record(index, record) for index, record in newest[-SAMPLE:]],
    }


def _last(log: PartitionLog, count: int) -> list[Record]:
    """The last records of a log, oldest first; damaged batches are passed over."""
    found: list[Record] = []
    for batch in reversed(log.batches):
        if batch.control:
            continue
        try:
            rows = [row for row in batch.records() if row.offset >= log.start]
        except RecordError:
            continue
        found = rows[-count:] + found
        if len(found) >= count:
            break
    return found[-count:]


def _record(index: int, record: Record) -> dict[str, Any]:
    return {
        "partition": index,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": readable(record.key, parse=False),
        "value": readable(record.value),
        "headers": [[name, readable(value, parse=False)] for name, value in record.headers],
    }


def _group(broker: KafkaEmulator, group_id: str) -> dict[str, Any]:
    group = broker.groups.groups[group_id]
    topics: dict[str, dict[str, Any]] = {}
    total = 0
    for (topic, index), value in sorted(group.committed.items()):
        partition = broker.find_partition(topic, index)
        end = partition.log.end if partition is not None else value.offset
        behind = max(0, end - value.offset)
        total += behind
        topics.setdefault(topic, {})[str(index)] = {
            "offset": value.offset,
            "endOffset": end,
            "lag": behind,
            "metadata": value.metadata,
        }
    return {
        "type": group.kind,
        "state": group.state,
        "protocolType": group.protocol_type,
        "members": group.describe(),
        "offsets": topics,
        "lag": total,
    }


def dump_state(broker: KafkaEmulator, state: ClusterState) -> dict[str, Any]:
    """The same for a state that was taken earlier."""
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.state import put_back
    from emulators.kernel.emulator import Environment

    # A cluster of its own, on a clock of its own, so that nothing of the live one is touched.
    other = KafkaEmulator(Environment.alone(broker.environment.name), nodes=len(broker.nodes), version=broker.version)
    try:
        put_back(other, state)
        return dump(other)
    finally:
        other.close()


def lag(broker: KafkaEmulator, group_id: str) -> dict[tuple[str, int], int]:
    """Records that a group has not committed yet, by partition; of partitions it has committed to or is assigned."""
    group = broker.groups.groups.get(group_id)
    if group is None:
        return {}
    keys = set(group.committed)
    for member in group.describe():
        for topic, indexes in (member["assignment"] or {}).items():
            keys |= {(topic, index) for index in indexes}
    found = {}
    for topic, index in sorted(keys):
        partition = broker.find_partition(topic, index)
        if partition is not None:
            value = group.committed.get((topic, index))
            found[topic, index] = partition.log.end - (value.offset if value is not None else partition.log.start)
    return found


def wait_state(broker: KafkaEmulator, group_id: str) -> tuple[str, int]:
    """(state, number of members) of a group; ("Dead", 0) when there is none."""
    group = broker.groups.groups.get(group_id) if "groups" in broker.__dict__ else None
    return ("Dead", 0) if group is None else (group.state, len(group.describe()))
