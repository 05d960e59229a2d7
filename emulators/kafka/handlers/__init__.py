"""One row per API: key, versions, and the module that handles it. ApiVersions, dispatch and the coverage page read
these rows.

A module `hNN_name` has `handle(broker, request) -> Reply` for all versions, and is imported when its API is first asked
for. `PROFILES` says what an older Kafka offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from emulators.kafka.wire.schema import API_NAMES

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

__all__ = ["APIS", "PROFILES", "Api", "Handler", "apis_of", "handler"]

Handler = Callable[["KafkaEmulator", "Request"], "Reply"]


@dataclass(frozen=True, slots=True)
class Api:
    """One API: the versions that are answered. `controller` marks those that only change metadata."""

    key: int
    low: int
    high: int

    @property
    def name(self) -> str:
        return API_NAMES[self.key]

    @property
    def module(self) -> str:
        return f"emulators.kafka.handlers.h{self.key:02d}_{self.name}"


APIS: dict[int, Api] = {
    key: Api(key, low, high)
    for key, low, high in (
        (0, 3, 13),
        (1, 4, 18),
        (2, 1, 10),
        (3, 0, 13),
        (8, 2, 10),
        (9, 1, 10),
        (10, 0, 6),
        (11, 0, 9),
        (12, 0, 4),
        (13, 0, 5),
        (14, 0, 5),
        (15, 0, 6),
        (16, 0, 5),
        (17, 0, 1),
        (18, 0, 4),
        (19, 2, 7),
        (20, 1, 6),
        (21, 0, 2),
        (22, 0, 5),
        (23, 2, 4),
        (24, 0, 5),
        (25, 0, 4),
        (26, 0, 5),
        (27, 1, 2),
        (28, 0, 5),
        (29, 1, 3),
        (30, 1, 3),
        (31, 1, 3),
        (32, 1, 4),
        (33, 0, 2),
        (34, 1, 2),
        (35, 1, 4),
        (36, 0, 2),
        (37, 0, 3),
        (42, 0, 2),
        (43, 0, 2),
        (44, 0, 1),
        (45, 0, 1),
        (46, 0, 0),
        (47, 0, 0),
        (48, 0, 1),
        (49, 0, 1),
        (50, 0, 0),
        (51, 0, 0),
        (55, 0, 2),
        (57, 0, 2),
        (60, 0, 2),
        (61, 0, 0),
        (65, 0, 0),
        (66, 0, 2),
        (68, 0, 1),
        (69, 0, 1),
        (74, 0, 1),
        (75, 0, 0),
        (76, 1, 1),
        (77, 1, 1),
        (78, 1, 1),
        (79, 1, 1),
        (90, 0, 0),
        (91, 0, 0),
        (92, 0, 0),
    )
}

#: What is advertised as the lowest version where that differs from what is answered: librdkafka before 2.8 compresses
#: only
#: for brokers that say they know Produce 0.
ADVERTISED_LOW = {0: 0}

#: Highest versions by Kafka version; -1 is an API that it did not have.
PROFILES: dict[str, dict[int, int]] = {
    "4.1": {},
    "4.0": {
        0: 12,
        1: 17,
        8: 9,
        9: 9,
        66: 1,
        74: -1,
        **dict.fromkeys((76, 77, 78, 79, 90, 91, 92), -1),
    },
    "3.9": {
        0: 11,
        1: 17,
        2: 9,
        3: 12,
        8: 9,
        9: 9,
        10: 5,
        15: 5,
        26: 4,
        28: 4,
        57: 1,
        60: 1,
        66: 1,
        68: 0,
        69: 0,
        74: -1,
        **dict.fromkeys((76, 77, 78, 79, 90, 91, 92), -1),
    },
}


@cache
def apis_of(version: str) -> dict[int, Api]:
    """The APIs of a Kafka version by key."""
    caps = PROFILES[version]
    found = {}
    for key, api in APIS.items():
        high = min(api.high, caps.get(key, api.high))
        if high >= api.low:
            found[key] = Api(key, api.low, high)
    return found


@cache
def handler(key: int) -> Handler:
    """The function that answers an API; its module is imported now if it was not."""
    found: Handler = import_module(APIS[key].module).handle
    return found
