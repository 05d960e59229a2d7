"""ListPartitionReassignments (46): reassignments complete at once, so there are none in progress. Not allowed 31."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code = broker.security.refusal(request, security.DESCRIBE, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    fields: dict[str, Any] = {"error_code": code, "topics": []}
    return fields | {"error_message": None if code == errors.NONE else errors.name_of(code)}
