"""TxnOffsetCommit (28): a group's offsets as part of a transaction: visible when it commits, until then 88 for
`require_stable` readers.

v3 checks the member (22, 25, 82); v5 (TV2) adds the group to the transaction by itself; before, a group that was not
added is 120 (v4) or 48. A fenced producer is 47, an unknown one 49.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.kafka import errors, security
from emulators.kafka.groups.base import Group
from emulators.kafka.handlers.h08_offset_commit import commit_topics

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    body = request.body
    code = broker.security.refusal(request, security.WRITE, security.TRANSACTIONAL_ID, body.transactional_id)
    code = code or broker.security.refusal(request, security.READ, security.GROUP, body.group_id)
    code = code or broker.groups.misplaced(request, body.group_id)
    code = code or broker.deny(request, transactional_id=body.transactional_id, group=body.group_id)
    group: Group | None = None
    if not code:
        group = broker.groups.groups.get(body.group_id) or broker.groups.classic(body.group_id, create=True)
        assert group is not None
        code = group.check_commit(body.member_id, body.group_instance_id, body.generation_id, request.version, True)
    code = code or _in_transaction(broker, request)
    return {"topics": commit_topics(broker, request, group, code, body.producer_id)}


def _in_transaction(broker: KafkaEmulator, request: Request) -> int:
    body = request.body
    coordinator = broker.transactions
    code = coordinator.check(body.transactional_id, body.producer_id, body.producer_epoch)
    if code == errors.PRODUCER_FENCED:
        return errors.INVALID_PRODUCER_EPOCH
    if code:
        return code
    found = coordinator.transactions[body.transactional_id]
    if body.group_id in found.groups and found.state == "Ongoing":
        return errors.NONE
    if request.version >= 5:
        return coordinator.add(body.transactional_id, body.producer_id, body.producer_epoch, set(), body.group_id)
    return errors.TRANSACTION_ABORTABLE if request.version >= 4 else errors.INVALID_TXN_STATE
