"""IncrementalAlterConfigs (44): set (0), delete (1), append to (2) and subtract from (3) single settings.

Unknown topic 3; unknown setting, bad value, or appending to what is not a list 40; the same resource twice, a setting
twice or an unknown operation 42; a setting that a running broker cannot change 42; not allowed 29, 30 or 31.
`validate_only` changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security
from emulators.kafka.configs import BROKER, GROUP, TOPIC, ConfigError, rows
from emulators.kafka.topics import TopicError

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

SET, DELETE, APPEND, SUBTRACT = range(4)


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    asked = [(one.resource_type, one.resource_name) for one in request.body.resources]
    responses = []
    for one in request.body.resources:
        row = {"resource_type": one.resource_type, "resource_name": one.resource_name}
        try:
            if asked.count((one.resource_type, one.resource_name)) > 1:
                raise TopicError(errors.INVALID_REQUEST, "Each resource must appear at most once.")
            _alter(broker, request, one)
        except TopicError as error:
            responses.append(row | {"error_code": error.code, "error_message": error.message})
        else:
            responses.append(row | {"error_code": 0, "error_message": None})
    return {"responses": responses}


def _alter(broker: KafkaEmulator, request: Request, wanted: Any) -> None:
    kind, name = wanted.resource_type, wanted.resource_name
    present = target(broker, request, kind, name)
    changed = dict(present)
    seen: set[str] = set()
    for config in wanted.configs:
        if config.name in seen:
            raise TopicError(errors.INVALID_REQUEST, f"Error due to duplicate config keys: {config.name}")
        seen.add(config.name)
        _apply(broker, kind, name, changed, config)
    if not request.body.validate_only:
        store(broker, kind, name, changed)


def _apply(broker: KafkaEmulator, kind: int, name: str, changed: dict[str, str], config: Any) -> None:
    row = rows(kind).get(config.name)
    scope = {TOPIC: "topic", BROKER: "broker", GROUP: "group"}[kind]
    operation = config.config_operation
    if row is None:
        raise TopicError(errors.INVALID_CONFIG, errors.config_unknown(config.name, scope))
    if row.read_only:
        raise TopicError(errors.INVALID_REQUEST, f"Cannot update these configs dynamically: {config.name}")
    if operation == DELETE:
        changed.pop(config.name, None)
        return
    if operation not in (SET, APPEND, SUBTRACT):
        raise TopicError(errors.INVALID_REQUEST, f"Unknown operation type {operation}")
    if config.value is None:
        raise TopicError(errors.INVALID_REQUEST, f"Null value not supported for : {config.name}")
    value = config.value
    if operation != SET:
        if row.type != "list":
            word = "append" if operation == APPEND else "subtract"
            text = f"Config value {word} is not allowed for config key: {config.name}"
            raise TopicError(errors.INVALID_CONFIG, text)
        have = _present(broker, kind, name, changed, config.name)
        parts = [part for part in have.split(",") if part]
        given = [part for part in value.split(",") if part]
        if operation == APPEND:
            parts += [part for part in given if part not in parts]
        else:
            parts = [part for part in parts if part not in given]
        value = ",".join(parts)
    changed[config.name] = checked(row, value)


def _present(broker: KafkaEmulator, kind: int, name: str, changed: dict[str, str], setting: str) -> str:
    if setting in changed:
        return changed[setting]
    settings = broker.configs
    if kind == TOPIC:
        return settings.topic(setting, changed).value or ""
    if kind == GROUP:
        return settings.group(setting, name).value or ""
    return settings.broker(setting, name).value or ""


def checked(row: Any, value: str) -> str:
    """The value, or TopicError 40."""
    try:
        row.validate(value)
    except ConfigError as error:
        raise TopicError(errors.INVALID_CONFIG, errors.config_invalid(row.name, value, str(error))) from error
    return value


def target(broker: KafkaEmulator, request: Request, kind: int, name: str) -> dict[str, str]:
    """What a resource sets itself now; TopicError when it is not there or may not be changed."""
    if kind == TOPIC:
        code = broker.security.refusal(request, security.ALTER_CONFIGS, security.TOPIC, name)
        code = code or broker.deny(request, topic=name)
        topic = broker.topics.get(name)
        if code:
            raise TopicError(code, errors.name_of(code))
        if topic is None:
            raise TopicError(errors.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{name}' does not exist.")
        return topic.configs
    if kind == GROUP:
        code = broker.security.refusal(request, security.ALTER_CONFIGS, security.GROUP, name)
    else:
        code = broker.security.refusal(request, security.ALTER_CONFIGS, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request, group=name if kind == GROUP else None)
    if code:
        raise TopicError(code, errors.name_of(code))
    if kind == GROUP:
        if not name:
            raise TopicError(errors.INVALID_REQUEST, "Group name must not be empty.")
        return broker.configs.groups.get(name, {})
    if kind == BROKER:
        if name and not (name.isdigit() and int(name) in broker.nodes):
            raise TopicError(errors.INVALID_REQUEST, f"Unexpected broker id {name}")
        return broker.configs.dynamic.get(name, {})
    raise TopicError(errors.INVALID_REQUEST, f"Unsupported config resource type: {kind}")


def store(broker: KafkaEmulator, kind: int, name: str, values: dict[str, str]) -> None:
    """Make these the settings that a resource has itself."""
    if kind == TOPIC:
        broker.topics[name].configs = values
    elif kind == GROUP:
        broker.configs.groups[name] = values
    else:
        broker.configs.dynamic[name] = values
    broker.configs_changed()
