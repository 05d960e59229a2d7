"""DescribeAcls (29): the ACLs that a filter selects, by resource. Needs DESCRIBE on the cluster (31); without an
authorizer 54.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.kafka import errors, security

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Reply, Request


def handle(broker: KafkaEmulator, request: Request) -> Reply:
    if not broker.security.acls_on:
        return {"error_code": errors.SECURITY_DISABLED, "error_message": errors.SECURITY_OFF}
    code = broker.security.refusal(request, security.DESCRIBE, security.CLUSTER, security.CLUSTER_NAME)
    code = code or broker.deny(request)
    if code:
        return {"error_code": code, "error_message": errors.name_of(code)}
    resources: dict[tuple[int, str, int], list[dict[str, Any]]] = {}
    for acl in broker.security.matching(request.body):
        resources.setdefault((acl.resource_type, acl.resource_name, acl.pattern_type), []).append(
            {
                "principal": acl.principal,
                "host": acl.host,
                "operation": acl.operation,
                "permission_type": acl.permission,
            }
        )
    return {
        "error_code": 0,
        "resources": [
            {"resource_type": kind, "resource_name": name, "pattern_type": pattern, "acls": rows}
            for (kind, name, pattern), rows in resources.items()
        ],
    }
