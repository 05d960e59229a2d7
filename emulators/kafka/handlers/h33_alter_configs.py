"""AlterConfigs (33): replace all settings of a resource (the legacy way; what is not named goes back to its default).

Errors as in IncrementalAlterConfigs (44).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.configs import BROKER, GROUP, TOPIC, rows
from emulators.kafka.handlers.h44_incremental_alter_configs import checked, store, target
from emulators.kafka.topics import TopicError

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    asked = [(one.resource_type, one.resource_name) for one in request.body.resources]
    responses = []
    for one in request.body.resources:
        row = {"resource_type": one.resource_type, "resource_name": one.resource_name}
        try:
            if asked.count((one.resource_type, one.resource_name)) > 1:
                raise TopicError(errors.INVALID_REQUEST, "Each resource must appear at most once.")
            _replace(broker, request, one)
        except TopicError as error:
            responses.append(row | {"error_code": error.code, "error_message": error.message})
        else:
            responses.append(row | {"error_code": 0, "error_message": None})
    return {"responses": responses}


def _replace(broker: KafkaEmulator, request: Request, wanted: Any) -> None:
    kind, name = wanted.resource_type, wanted.resource_name
    target(broker, request, kind, name)
    scope = {TOPIC: "topic", BROKER: "broker", GROUP: "group"}[kind]
    values = {}
    for config in wanted.configs:
        row = rows(kind).get(config.name)
        if row is None:
            raise TopicError(errors.INVALID_CONFIG, errors.config_unknown(config.name, scope))
        if row.read_only:
            raise TopicError(errors.INVALID_REQUEST, f"Cannot update these configs dynamically: {config.name}")
        if config.value is None:
            raise TopicError(errors.INVALID_REQUEST, f"Null value not supported for : {config.name}")
        values[config.name] = checked(row, config.value)
    if not request.body.validate_only:
        store(broker, kind, name, values)
