"""CreateAcls (30): add bindings. Needs ALTER on the cluster (31); without an authorizer 54; filters such as ANY in a
binding 42.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    code = 0 if broker.security.acls_on else errors.SECURITY_DISABLED
    code = code or broker.security.refusal(request, security.ALTER, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    return {"results": [_create(broker, one, code) for one in request.body.creations]}


def _create(broker: KafkaEmulator, wanted: Any, code: int) -> dict[str, Any]:
    if code:
        why = errors.SECURITY_OFF if code == errors.SECURITY_DISABLED else errors.name_of(code)
        return {"error_code": code, "error_message": why}
    text: str | None = None
    if wanted.resource_type not in security.OPERATIONS_OF and wanted.resource_type != security.USER:
        text = "the resource type is not one that an ACL can name"
    elif wanted.resource_pattern_type not in (security.LITERAL, security.PREFIXED):
        text = "the pattern type of an ACL is LITERAL or PREFIXED"
    elif not wanted.resource_name:
        text = "the resource name is empty"
    elif wanted.resource_type == security.CLUSTER and wanted.resource_name != security.CLUSTER_NAME:
        text = f"the only CLUSTER resource is {security.CLUSTER_NAME}"
    elif ":" not in wanted.principal:
        text = "a principal has the form type:name"
    elif wanted.operation <= security.ANY or wanted.permission_type not in (security.DENY, security.ALLOW):
        text = "the operation or permission type is not one that an ACL can have"
    if text is not None:
        return {"error_code": errors.INVALID_REQUEST, "error_message": text}
    acl = security.Acl(
        wanted.resource_type,
        wanted.resource_name,
        wanted.resource_pattern_type,
        wanted.principal,
        wanted.host,
        wanted.operation,
        wanted.permission_type,
    )
    if acl not in broker.security.acls:
        broker.security.acls = (*broker.security.acls, acl)
    return {"error_code": 0, "error_message": None}
