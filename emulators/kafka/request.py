"""A request on its way through the broker, and the ways to answer it: at once, later (parked), or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from emulators.kafka.session import KafkaSession

__all__ = ["CLOSE", "NO_REPLY", "PARKED", "SKIPPED", "Marker", "Reply", "Request"]


class Marker:
    """What a handler returns instead of a response's fields."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


#: The handler has kept the request and will call `reply` later; the connection's next requests wait.
PARKED: Final = Marker("PARKED")
#: The protocol has no answer here (Produce with acks=0).
NO_REPLY: Final = Marker("NO_REPLY")
#: The connection is to be closed, as Kafka does where there is no other way to say no.
CLOSE: Final = Marker("CLOSE")

#: An error code inside the emulator only: the entity is passed over and answered with 0, for faults that skip.
SKIPPED: Final = 30_000

Reply = dict[str, Any] | Marker


class Request:
    """One decoded request. `body` has the attributes of every version of its message."""

    __slots__ = (
        "body",
        "client_id",
        "correlation_id",
        "forced",
        "hits",
        "key",
        "script",
        "session",
        "sites",
        "version",
        "waiter",
    )

    def __init__(
        self, session: KafkaSession, key: int, version: int, correlation_id: int, client_id: str, body: Any
    ) -> None:
        self.session = session
        self.key = key
        self.version = version
        self.correlation_id = correlation_id
        self.client_id = client_id
        self.body = body
        #: An error for every entity of this request (0: none), from a chaos rule.
        self.forced = 0
        #: Error sites passed so far, and what faults did at them, for the log.
        self.sites = 0
        self.hits: list[list[int]] = []
        #: What the log says that faults did, by site, while it is played back.
        self.script: dict[int, int] | None = None
        #: What a parked request waits in; its `abandon` is called when the client goes away.
        self.waiter: Any = None

    @property
    def node(self) -> int:
        """The id of the node that was asked."""
        return self.session.node_id

    @property
    def principal(self) -> str:
        return self.session.principal

    @property
    def alive(self) -> bool:
        """False when the client has gone, so that nobody waits for the answer."""
        return not self.session.closed

    def reply(self, fields: dict[str, Any]) -> None:
        """Answer a parked request."""
        self.session.finish(self, fields)
