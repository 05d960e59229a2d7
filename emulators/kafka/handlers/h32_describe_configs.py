"""DescribeConfigs (32): settings of topics (2), brokers (4), broker loggers (8) and groups (32), with where each value
comes from.

v1 sources and synonyms; v3 types and documentation (none is given). No keys, or null, means all. Unknown topic 3,
unknown broker 42. Passwords have no value. A broker's settings are told by the broker itself, or for the name "" as
cluster-wide defaults.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emulators.kafka import configs, errors, security
from emulators.kafka.configs import BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC, TYPES, Value, rows

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    return {"results": [_describe(broker, request, one) for one in request.body.resources]}


def _describe(broker: KafkaEmulator, request: Request, asked: Any) -> dict[str, Any]:
    kind, name = asked.resource_type, asked.resource_name
    row: dict[str, Any] = {"resource_type": kind, "resource_name": name, "configs": []}
    code, text, values = _values(broker, request, kind, name)
    if code:
        return row | {"error_code": code, "error_message": text or errors.name_of(code)}
    wanted = set(asked.configuration_keys or ())
    row["configs"] = [_config(request, value) for value in values if not wanted or value.row.name in wanted]
    return row | {"error_code": 0, "error_message": None}


def _values(broker: KafkaEmulator, request: Request, kind: int, name: str) -> tuple[int, str | None, Iterable[Value]]:
    settings = broker.configs
    if kind == TOPIC:
        code = broker.security.refusal(request, security.DESCRIBE_CONFIGS, security.TOPIC, name)
        code = code or broker.deny(request, topic=name)
        topic = broker.topics.get(name)
        if not code and topic is None:
            code = errors.UNKNOWN_TOPIC_OR_PARTITION
        if code or topic is None:
            return code, None, ()
        return 0, None, [settings.topic(setting, topic.configs) for setting in rows(TOPIC)]
    if kind == GROUP:
        code = broker.security.refusal(request, security.DESCRIBE_CONFIGS, security.GROUP, name)
        if not code and not name:
            return errors.INVALID_REQUEST, "Group name must not be empty.", ()
        return code, None, [settings.group(setting, name) for setting in rows(GROUP)]
    code = broker.security.refusal(request, security.DESCRIBE_CONFIGS, security.CLUSTER, security.CLUSTER_NAME)
    if code:
        return code, None, ()
    if kind == BROKER:
        if name == "":
            dynamic = settings.dynamic.get("", {})
            return 0, None, [settings.broker(setting) for setting in rows(BROKER) if setting in dynamic]
        if name != str(request.node):
            text = f"Unexpected broker id, expected {request.node} or empty string, but received {name}"
            return errors.INVALID_REQUEST, text, ()
        return 0, None, [identity(broker, setting, name) for setting in rows(BROKER)]
    if kind in (BROKER_LOGGER, CLIENT_METRICS):
        return 0, None, ()
    return errors.INVALID_REQUEST, f"Unsupported resource type: {kind}", ()


def identity(broker: KafkaEmulator, setting: str, node: str) -> Value:
    """A broker's setting; the ones that say who it is are not in any table."""
    value = broker.configs.broker(setting, node)
    own = {"node.id": node, "broker.id": node, "broker.rack": broker.nodes[int(node)].rack}
    if setting in own and own[setting] is not None:
        link = (setting, own[setting], configs.SOURCE_STATIC)
        return Value(value.row, own[setting], configs.SOURCE_STATIC, (link, *value.synonyms))
    return value


def _config(request: Request, value: Value) -> dict[str, Any]:
    row = value.row
    fields: dict[str, Any] = {
        "name": row.name,
        "value": None if row.sensitive else value.value,
        "read_only": row.read_only,
        "config_source": value.source,
        "is_sensitive": row.sensitive,
        "config_type": TYPES[row.type],
        "documentation": None,
        "synonyms": [],
    }
    if request.body.include_synonyms:
        fields["synonyms"] = [
            {"name": name, "value": None if row.sensitive else found, "source": source}
            for name, found, source in value.synonyms
        ]
    return fields
