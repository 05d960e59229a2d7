"""ConsumerGroupHeartbeat (68): join, stay in, and leave a KIP-848 group; the assignment comes with the answer.

v0 a member may come without id; v1 it brings one, and may subscribe by regular expression (128 when it is bad). Shape
errors are 42: no group, no member id, an epoch below -2, a join without subscription, rebalance timeout, or with owned
partitions. See `groups/consumer.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    wrong = _shape(request)
    if wrong is not None:
        return {"error_code": errors.INVALID_REQUEST, "error_message": wrong}
    group = broker.groups.consumer(body.group_id, create=body.member_epoch == 0)
    if group is None:
        if body.group_id in broker.groups.groups and body.member_epoch == 0:
            text = f"Group {body.group_id} is not a consumer group."
            return {"error_code": errors.GROUP_ID_NOT_FOUND, "error_message": text}
        text = f"Consumer group {body.group_id} not found."
        return {"error_code": errors.GROUP_ID_NOT_FOUND, "error_message": text}
    return group.heartbeat(request)


def _shape(request: Request) -> str | None:
    """What is wrong with the request, or None."""
    body: Any = request.body
    if not body.group_id:
        return "GroupId can't be empty."
    if body.instance_id == "":
        return "InstanceId can't be empty."
    if body.rack_id == "":
        return "RackId can't be empty."
    if not body.member_id and (body.member_epoch != 0 or request.version >= 1):
        return "MemberId can't be empty."
    if body.member_epoch < -2:
        return "MemberEpoch is invalid."
    if body.member_epoch == -2 and body.instance_id is None:
        return "InstanceId can't be null."
    if body.member_epoch == 0:
        if body.rebalance_timeout_ms == -1:
            return "RebalanceTimeoutMs must be provided in first request."
        if body.topic_partitions:
            return "TopicPartitions must be empty when (re-)joining."
        if not body.subscribed_topic_names and not body.subscribed_topic_regex:
            return "SubscribedTopicNames must be set in first request."
    return None
