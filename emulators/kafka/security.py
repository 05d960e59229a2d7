"""Who a client is and what it may do: SASL exchanges, SCRAM users, ACLs. Nothing is asked for unless the emulator was
told to.

Reference: the security module of Kafka (StandardAuthorizer, ScramSaslServer, PlainSaslServer). The exchanges themselves
are in `sasl.py`. A denied entity is answered with the code of its kind: topic 29, group 30, cluster 31, transactional
id 53.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from emulators.kafka import errors

if TYPE_CHECKING:
    from emulators.kafka.emulator import KafkaEmulator
    from emulators.kafka.request import Request

__all__ = ["Acl", "Security"]

# Resource types, operations and the rest by the protocol's numbers.
ANY_TYPE, TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID, DELEGATION_TOKEN, USER = 1, 2, 3, 4, 5, 6, 7
ANY, ALL, READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE = 1, 2, 3, 4, 5, 6, 7, 8
CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE = 9, 10, 11, 12
PATTERN_ANY, PATTERN_MATCH, LITERAL, PREFIXED = 1, 2, 3, 4
PERMISSION_ANY, DENY, ALLOW = 1, 2, 3
CLUSTER_NAME = "kafka-cluster"

_DENIED = {
    TOPIC: errors.TOPIC_AUTHORIZATION_FAILED,
    GROUP: errors.GROUP_AUTHORIZATION_FAILED,
    CLUSTER: errors.CLUSTER_AUTHORIZATION_FAILED,
    TRANSACTIONAL_ID: errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
# What else an operation's ALLOW implies, for the operation asked.
_IMPLIED_BY = {
    DESCRIBE: (READ, WRITE, DELETE, ALTER),
    DESCRIBE_CONFIGS: (ALTER_CONFIGS,),
}
#: Operations that mean something for each resource type, for KIP-430's bit fields.
OPERATIONS_OF = {
    TOPIC: (READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS),
    GROUP: (READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS),
    CLUSTER: (CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE),
    TRANSACTIONAL_ID: (WRITE, DESCRIBE),
}


class Acl(NamedTuple):
    """One binding, by the protocol's numbers."""

    resource_type: int
    resource_name: str
    pattern_type: int
    principal: str
    host: str
    operation: int
    permission: int


class ScramCredential(NamedTuple):
    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes


class Security:
    """Users, credentials and ACLs of a cluster."""

    def __init__(
        self,
        broker: KafkaEmulator,
        users: dict[str, str] | None,
        mechanisms: tuple[str, ...],
        acls: bool,
        super_users: tuple[str, ...],
    ) -> None:
        self.broker = broker
        self.users = dict(users or {})
        self.mechanisms = mechanisms
        self.sasl_required = users is not None
        self.acls_on = acls
        self.super_users = frozenset(super_users)
        self.reset()

    def reset(self) -> None:
        self.acls: tuple[Acl, ...] = ()
        #: (user, mechanism) -> credential, from AlterUserScramCredentials.
        self.scram: dict[tuple[str, str], ScramCredential] = {}

    def new_exchange(self) -> Any:
        """The state of authentication for a new connection; None when none is asked for."""
        if not self.sasl_required:
            return None
        from emulators.kafka.sasl import Exchange

        return Exchange(self)

    # -- authorization ---------------------------------------------------------------------------------------

    def allowed(self, request: Request, operation: int, kind: int, name: str) -> bool:
        """Whether the client may do `operation` on a resource."""
        if not self.acls_on or request.principal in self.super_users:
            return True
        matching = [acl for acl in self.acls if self._covers(acl, request, kind, name)]
        if any(acl.permission == DENY and acl.operation in (operation, ALL) for acl in matching):
            return False
        wanted = {operation, ALL, *_IMPLIED_BY.get(operation, ())}
        return any(acl.permission == ALLOW and acl.operation in wanted for acl in matching)

    def refusal(self, request: Request, operation: int, kind: int, name: str) -> int:
        """0, or the code of that kind of resource."""
        if not self.acls_on or self.allowed(request, operation, kind, name):
            return 0
        return _DENIED[kind]

    def operations(self, request: Request, kind: int, name: str) -> int:
        """The bit field of operations that the client may do (KIP-430)."""
        bits = 0
        for operation in OPERATIONS_OF[kind]:
            if self.allowed(request, operation, kind, name):
                bits |= 1 << operation
        return bits

    def _covers(self, acl: Acl, request: Request, kind: int, name: str) -> bool:
        if acl.resource_type != kind or acl.principal not in (request.principal, "User:*"):
            return False
        if acl.host not in ("*", request.session.host):
            return False
        if acl.pattern_type == PREFIXED:
            return name.startswith(acl.resource_name)
        return acl.resource_name in (name, "*")

    def matching(self, wanted: Any) -> list[Acl]:
        """ACLs that a filter (of DescribeAcls or DeleteAcls) selects."""
        return [acl for acl in self.acls if _selected(acl, wanted)]


def _selected(acl: Acl, wanted: Any) -> bool:
    if wanted.resource_type_filter not in (ANY_TYPE, acl.resource_type):
        return False
    if wanted.principal_filter not in (None, acl.principal) or wanted.host_filter not in (None, acl.host):
        return False
    if wanted.operation not in (ANY, acl.operation) or wanted.permission_type not in (PERMISSION_ANY, acl.permission):
        return False
    name, pattern = wanted.resource_name_filter, wanted.pattern_type_filter
    if pattern == PATTERN_MATCH:
        if name is None:
            return True
        if acl.pattern_type == PREFIXED:
            return bool(name.startswith(acl.resource_name))
        return acl.resource_name in (name, "*")
    if pattern not in (PATTERN_ANY, acl.pattern_type):
        return False
    return name is None or name == acl.resource_name
