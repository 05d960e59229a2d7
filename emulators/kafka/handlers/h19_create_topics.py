"""CreateTopics (19): new topics with partitions, replicas and configs.

v4 lets -1 stand for the broker's default; v5 answers with the configs; v7 with the topic's id. Errors per topic: bad
name 17, exists 36, partitions 37, replication factor 38, assignment 39, config 40, named twice 42, not allowed 29.
`validate_only` checks and changes nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.configs import TOPIC, ConfigError, rows
from emulators.kafka.topics import TopicError, validate_name

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    named = Counter(wanted.name for wanted in body.topics)
    found = []
    done: set[str] = set()
    for wanted in body.topics:
        if wanted.name in done:
            continue
        done.add(wanted.name)
        row: dict[str, Any] = {
            "name": wanted.name,
            "num_partitions": -1,
            "replication_factor": -1,
            "topic_config_error_code": 0,
        }
        try:
            if named[wanted.name] > 1:
                raise TopicError(errors.INVALID_REQUEST, errors.DUPLICATE_TOPIC)
            _create(broker, request, wanted, row)
        except TopicError as error:
            row["error_code"], row["error_message"] = error.code, error.message
        found.append(row)
    return {"topics": found}


def _create(broker: KafkaEmulator, request: Request, wanted: Any, row: dict[str, Any]) -> None:
    name = wanted.name
    allowed = broker.security.allowed(
        request, security.CREATE, security.CLUSTER, security.CLUSTER_NAME
    ) or broker.security.allowed(request, security.CREATE, security.TOPIC, name)
    if not allowed:
        raise TopicError(errors.TOPIC_AUTHORIZATION_FAILED, "Authorization failed.")
    code = broker.deny(request, topic=name)
    if code:
        raise TopicError(code, errors.name_of(code))
    validate_name(name)
    if name in broker.topics:
        raise TopicError(errors.TOPIC_ALREADY_EXISTS, errors.topic_exists(name))
    folded = name.replace(".", "_")
    for other in broker.topics:
        if other.replace(".", "_") == folded:
            raise TopicError(errors.INVALID_TOPIC_EXCEPTION, errors.topic_collides(name, other))
    assignment = _assignment(broker, wanted)
    count, factor = wanted.num_partitions, wanted.replication_factor
    if assignment is None:
        if count == 0 or count < -1:
            raise TopicError(errors.INVALID_PARTITIONS, errors.PARTITIONS_NOT_POSITIVE)
        if factor == 0 or factor < -1:
            raise TopicError(errors.INVALID_REPLICATION_FACTOR, errors.REPLICATION_NOT_POSITIVE)
        if factor > len(broker.nodes):
            text = errors.replication_too_large(factor, len(broker.nodes))
            raise TopicError(errors.INVALID_REPLICATION_FACTOR, text)
        if count == -1:
            count = broker.configs.broker_int("num.partitions")
        if factor == -1:
            factor = min(broker.configs.broker_int("default.replication.factor"), len(broker.nodes))
    else:
        count, factor = len(assignment), len(assignment[0])
    configs = validated(wanted.configs)
    if not request.body.validate_only:
        topic = broker.create_topic(name, count, factor, configs, assignment)
        row["topic_id"] = topic.id
        code = broker.deny_after(request, topic=name)
        if code:
            raise TopicError(code, errors.name_of(code))
    row["num_partitions"], row["replication_factor"] = count, factor
    values = [broker.configs.topic(setting, configs) for setting in rows(TOPIC)]
    row["configs"] = [
        {
            "name": value.row.name,
            "value": value.value,
            "read_only": False,
            "config_source": value.source,
            "is_sensitive": False,
        }
        for value in values
    ]


def validated(configs: Any) -> dict[str, str]:
    """The topic configs of a request; TopicError 40 for one that is not there or has a bad value."""
    found = {}
    for config in configs or ():
        row = rows(TOPIC).get(config.name)
        if row is None:
            raise TopicError(errors.INVALID_CONFIG, errors.config_unknown(config.name, "topic"))
        if config.value is None:
            raise TopicError(errors.INVALID_CONFIG, f"Null value not supported for topic configs: {config.name}")
        try:
            row.validate(config.value)
        except ConfigError as error:
            text = errors.config_invalid(config.name, config.value, str(error))
            raise TopicError(errors.INVALID_CONFIG, text) from error
        found[config.name] = config.value
    return found


def _assignment(broker: KafkaEmulator, wanted: Any) -> dict[int, list[int]] | None:
    if not wanted.assignments:
        return None
    if wanted.num_partitions != -1:
        raise TopicError(errors.INVALID_REQUEST, errors.ASSIGNMENT_WITH_COUNTS)
    if wanted.replication_factor != -1:
        raise TopicError(errors.INVALID_REQUEST, errors.ASSIGNMENT_WITH_FACTOR)
    found = {one.partition_index: list(one.broker_ids) for one in wanted.assignments}
    if sorted(found) != list(range(len(wanted.assignments))):
        raise TopicError(errors.INVALID_REPLICA_ASSIGNMENT, "partition assignments are not 0, 1, ... without gaps")
    sizes = {len(replicas) for replicas in found.values()}
    for replicas in found.values():
        if not replicas or len(set(replicas)) != len(replicas) or len(sizes) != 1:
            raise TopicError(
                errors.INVALID_REPLICA_ASSIGNMENT, "every partition has the same number of different replicas"
            )
        unknown = [node for node in replicas if node not in broker.nodes]
        if unknown:
            text = f"The manual partition assignment includes broker {unknown[0]}, but no such broker is registered."
            raise TopicError(errors.INVALID_REPLICA_ASSIGNMENT, text)
    return found
