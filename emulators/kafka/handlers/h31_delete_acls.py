"""DeleteAcls (31): remove the bindings that filters select, and tell which they were. Needs ALTER on the cluster (31);
without an authorizer 54.
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
    found = []
    for wanted in request.body.filters:
        if code:
            text = errors.SECURITY_OFF if code == errors.SECURITY_DISABLED else errors.name_of(code)
            found.append({"error_code": code, "error_message": text, "matching_acls": []})
            continue
        gone = broker.security.matching(wanted)
        broker.security.acls = tuple(acl for acl in broker.security.acls if acl not in gone)
        rows: list[dict[str, Any]] = [
            {
                "error_code": 0,
                "resource_type": acl.resource_type,
                "resource_name": acl.resource_name,
                "pattern_type": acl.pattern_type,
                "principal": acl.principal,
                "host": acl.host,
                "operation": acl.operation,
                "permission_type": acl.permission,
            }
            for acl in gone
        ]
        found.append({"error_code": 0, "matching_acls": rows})
    return {"filter_results": found}
