"""ListTransactions (66): transactional ids that this node coordinates.

Filters: states (unknown names are told back), producer ids, v1 how long it runs, v2 a pattern of the transactional id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request

_STATES = {
    *("Empty", "Ongoing", "PrepareCommit", "PrepareAbort"),
    *("CompleteCommit", "CompleteAbort", "Dead", "PrepareEpochFence"),
}


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.deny(request)
    pattern = None
    if body.transactional_id_pattern:
        try:
            pattern = re.compile(body.transactional_id_pattern)
        except re.error:
            code = code or errors.INVALID_REGULAR_EXPRESSION
    if code:
        return {"error_code": code}
    states = set(body.state_filters)
    now = broker.now_ms()
    found = []
    for one in broker.transactions.transactions.values():
        if broker.coordinator(1, one.id) != request.node or (states and one.state not in states):
            continue
        if body.producer_id_filters and one.producer_id not in body.producer_id_filters:
            continue
        if body.duration_filter >= 0 and (one.start_ms < 0 or now - one.start_ms <= body.duration_filter):
            continue
        if pattern is not None and not pattern.fullmatch(one.id):
            continue
        if broker.security.refusal(request, security.DESCRIBE, security.TRANSACTIONAL_ID, one.id):
            continue
        found.append({"transactional_id": one.id, "producer_id": one.producer_id, "transaction_state": one.state})
    unknown = sorted(states - _STATES)
    return {"error_code": 0, "unknown_state_filters": unknown, "transaction_states": found}
