"""Operation: what a client asked, in one form for all services. Built only when a rule, subscriber or reader wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Description", "Operation"]


@dataclass(frozen=True, slots=True)
class Description:
    """What a service says of one of its frames: see `Operation` for the fields."""

    verb: str
    keys: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of one client.

    service   the instance's name, such as `redis`
    session   number of the connection, unique on a host
    sequence  place in the host's operation log, counted from 0
    verb      Redis command, SQL verb or Kafka API name, in upper case (`SET`, `INSERT`, `PRODUCE`)
    keys      Redis keys, SQL tables or Kafka topics that it names
    text      one readable line: the command, the SQL, or the API and its main arguments
    frame     what the client sent, as its service's decoder gave it (plain data, see the service)
    time_us   logical instant, microseconds since the Unix epoch
    """

    service: str
    session: int
    sequence: int
    verb: str
    keys: tuple[str, ...]
    text: str
    frame: Any
    time_us: int

    @property
    def command(self) -> str:
        """The same as `verb`: the word that rules and users of Redis use."""
        return self.verb

    @property
    def tables(self) -> tuple[str, ...]:
        """The same as `keys`: the word for SQL."""
        return self.keys

    @property
    def topics(self) -> tuple[str, ...]:
        """The same as `keys`: the word for Kafka."""
        return self.keys
