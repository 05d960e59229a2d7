"""ShareGroupHeartbeat (76): join, stay in, and leave a share group. Shape errors 42; a group of another kind 69. See
`groups/share.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.READ, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    if code:
        return {"error_code": code}
    wrong = None
    if not body.group_id:
        wrong = "GroupId can't be empty."
    elif not body.member_id:
        wrong = "MemberId can't be empty."
    elif body.rack_id == "":
        wrong = "RackId can't be empty."
    elif body.member_epoch < -1:
        wrong = "MemberEpoch is invalid."
    elif body.member_epoch == 0 and not body.subscribed_topic_names:
        wrong = "SubscribedTopicNames must be set in first request."
    if wrong is not None:
        return {"error_code": errors.INVALID_REQUEST, "error_message": wrong}
    group = broker.groups.share(body.group_id, create=body.member_epoch == 0)
    if group is None:
        text = f"Group {body.group_id} is not a share group."
        return {"error_code": errors.GROUP_ID_NOT_FOUND, "error_message": text}
    return group.heartbeat(request)
