"""ApiVersions (18): what the broker answers, generated from the rows of `handlers.APIS`.

v0-2 lists, v3 adds the client's name and version and features, v4 may list features whose lowest level is 0. Below v4
such features are left out, because older clients cannot parse them (KAFKA-17492). A version that is too new is answered
in v0 with error 35. The client's name goes into the session, for `status`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.handlers import ADVERTISED_LOW
from emulators.kafka.wire.codec import encode

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_NAME = re.compile(r"^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$")

#: (name, lowest level, highest level, finalized level) by Kafka version.
FEATURES: dict[str, tuple[tuple[str, int, int, int], ...]] = {
    "4.1": (
        ("eligible.leader.replicas.version", 0, 1, 1),
        ("group.version", 0, 1, 1),
        ("metadata.version", 7, 27, 27),
        ("share.version", 0, 1, 1),
        ("streams.version", 0, 1, 0),
        ("transaction.version", 0, 2, 2),
    ),
    "4.0": (
        ("eligible.leader.replicas.version", 0, 1, 0),
        ("group.version", 0, 1, 1),
        ("metadata.version", 7, 25, 25),
        ("transaction.version", 0, 2, 2),
    ),
    "3.9": (
        ("group.version", 0, 1, 1),
        ("metadata.version", 1, 21, 21),
    ),
}


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    if request.version >= 3:
        if not (_NAME.match(body.client_software_name) and _NAME.match(body.client_software_version)):
            return {"error_code": errors.INVALID_REQUEST}
        request.session.software = (body.client_software_name, body.client_software_version)
    code = broker.deny(request)
    fields: dict[str, Any] = {"error_code": code, "api_keys": _keys(broker)}
    if request.version >= 3:
        supported = [row for row in FEATURES[broker.version] if request.version >= 4 or row[1] > 0]
        fields["supported_features"] = [
            {"name": name, "min_version": low, "max_version": high} for name, low, high, _ in supported
        ]
        fields["finalized_features_epoch"] = 1 + len(broker.features)
        fields["finalized_features"] = [
            {"name": name, "max_version_level": level, "min_version_level": level}
            for name, level in finalized(broker).items()
            if level > 0
        ]
    return fields


def finalized(broker: KafkaEmulator) -> dict[str, int]:
    """The level of every feature: the profile's, or what UpdateFeatures set."""
    return {name: broker.features.get(name, level) for name, _, _, level in FEATURES[broker.version]}


def _keys(broker: KafkaEmulator) -> list[dict[str, int]]:
    return [
        {"api_key": key, "min_version": ADVERTISED_LOW.get(key, api.low), "max_version": api.high}
        for key, api in broker.apis.items()
    ]


def refusal(broker: KafkaEmulator) -> bytes:
    """The answer to a version that is not known: v0, with the code that makes the client ask again."""
    rows = [row for row in _keys(broker) if row["api_key"] == 18]
    return encode("api_versions.response", 0, {"error_code": errors.UNSUPPORTED_VERSION, "api_keys": rows})
