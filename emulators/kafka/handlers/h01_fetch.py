"""Fetch (1): batches out of partitions, whole and as they were produced.

v4 isolation level and aborted transactions; v7 sessions; v9 the client's leader epoch (74, 75); v12 its last epoch and
divergence; v13 topic ids (100); v16 the new leader's address. An offset outside the log is error 1 at once. `max_bytes`
is soft: the first batch comes whole. See `fetching.py` for waiting and sessions. Differs from Kafka: no rack-aware
replica, no tiered storage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka.fetching import FetchWait
from emulators.kafka.request import PARKED

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code, session, entries, incremental = broker.fetch_sessions.resolve(request)
    if code:
        return {"error_code": code, "responses": []}
    fields = FetchWait(broker, request, session, entries, incremental).start()
    return PARKED if fields is None else fields
