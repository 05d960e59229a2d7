"""ShareAcknowledge (79): acknowledge records without fetching more. Sessions as in ShareFetch (122, 123; 0 is 123); bad
ranges 121 or 42.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.handlers.h78_share_fetch import acknowledge, checked_session, session_group

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code, group = session_group(broker, request)
    if not code and group is not None:
        code = errors.INVALID_SHARE_SESSION_EPOCH if body.share_session_epoch == 0 else 0
        code = code or checked_session(group, body.member_id, body.share_session_epoch)[0]
    if code or group is None:
        return {"error_code": code, "error_message": errors.name_of(code), "responses": []}
    topics: dict[bytes, list[dict[str, Any]]] = {}
    for (topic_id, index), row_code in acknowledge(broker, request, group).items():
        row = {
            "partition_index": index,
            "error_code": row_code,
            "current_leader": {"leader_id": -1, "leader_epoch": -1},
        }
        topics.setdefault(topic_id, []).append(row)
    if body.share_session_epoch == -1:
        group.end_session(body.member_id)
    return {
        "error_code": 0,
        "responses": [{"topic_id": topic_id, "partitions": rows} for topic_id, rows in topics.items()],
    }
