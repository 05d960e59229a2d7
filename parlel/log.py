"""The operation log as tests and people read it: who asked what, when, and what else happened on the host.

`calls` and `assert_called` look at the operations; `tail` and `follow` show every kind of record. The newest 65,536 records are
kept in memory (`log_limit`). parlel's own health checks are left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any

from emulators.kernel import Host, Operation, oplog
from parlel._aliases import CamelAliases

__all__ = ["Log", "LogEntry", "entry_of"]

_logger = logging.getLogger("parlel")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record of the log.

    sequence  its number, counted from 0
    time_us   when, in microseconds since the Unix epoch
    kind      `operation`, `connect`, `disconnect`, `fault`, `clock`, `snapshot`, `restore`, `reset`, `crash`, `recovery`, ...
    service   name of the instance, or "" for what concerns all
    session   number of the connection, 0 for none
    text      one readable line
    """

    sequence: int
    time_us: int
    kind: str
    service: str
    session: int
    text: str

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.time_us / 1_000_000, UTC)
        who = f" {self.service}" if self.service else ""
        who += f" #{self.session}" if self.session else ""
        what = self.text if self.kind == "operation" else f"[{self.kind}] {self.text}".rstrip()
        return f"{self.sequence:>6} {moment:%H:%M:%S.%f}{who}  {what}"

    def to_dict(self) -> dict[str, Any]:
        """As a JSON-able dict."""
        return {name: getattr(self, name) for name in self.__slots__}


def entry_of(log: oplog.OperationLog, sequence: int, record: oplog.Record) -> LogEntry:
    """The readable form of a record. Call on the host's thread."""
    kind, time_us, session, payload = record
    name = oplog.kind_name(kind)
    service = log.service_of(session) if session else ""
    text = ""
    if kind == oplog.OPERATION:
        operation = log.operation(sequence, record)
        text = operation.text or " ".join((operation.verb, *operation.keys))
    elif kind == oplog.CONNECT:
        text = str(payload[2])
    elif kind == oplog.FAULT:
        text = f"{payload[1]} by rule {payload[2]!r} on operation {payload[0]}"
    elif kind == oplog.CLOCK:
        text = payload[0] if payload[0] != "scaled" else f"x{payload[1]:g}"
    elif kind in (oplog.SNAPSHOT, oplog.RESTORE):
        text = str(payload[1])
    elif kind in (oplog.RESET, oplog.CRASH):
        service = payload or ""
    elif kind == oplog.RECOVERY:
        service, text = payload[0], f"{payload[1]} operations replayed"
    elif kind in (oplog.NOTE, oplog.RESEED):
        text = str(payload)
    return LogEntry(sequence, time_us, name, service, session, text)


class Log(CamelAliases):
    """The log of a context, or of one of its services.

    >>> import parlel
    >>> with parlel.create_test_context(services=["redis"]) as ctx:
    ...     _ = ctx.redis.set("user:1", "alice")
    ...     _ = ctx.log.assert_called("SET", key="user:*")
    ...     [operation.text for operation in ctx.log.calls("SET")]
    ['SET user:1 alice']
    """

    def __init__(self, host: Host, hidden: Callable[[int], bool], service: str | None = None) -> None:
        self._host = host
        self._hidden = hidden
        self._service = service

    # -- assertions ------------------------------------------------------------------------------------------

    def calls(
        self,
        command: str | None = None,
        *,
        key: str | None = None,
        service: str | None = None,
        text: str | None = None,
        session: int | None = None,
        since: int = 0,
    ) -> list[Operation]:
        """The operations that clients asked for, oldest first.

        command  Redis command, SQL verb or Kafka API, in any case
        key      pattern (`user:*`) that one of its keys, tables or topics matches
        service  name of the instance
        text     part of its readable line, in any case
        session  number of the connection
        since    only from this sequence number on (see `mark`)
        """
        wanted = command.upper() if command is not None else None
        part = text.casefold() if text is not None else None
        only = service if service is not None else self._service

        def fits(operation: Operation) -> bool:
            return (
                operation.sequence >= since
                and (wanted is None or operation.verb == wanted)
                and (only is None or operation.service == only)
                and (key is None or any(fnmatchcase(name, key) for name in operation.keys))
                and (part is None or part in operation.text.casefold())
                and (session is None or operation.session == session)
                and not self._hidden(operation.session)
            )

        return self._host.call(lambda: [operation for operation in self._host.log.operations() if fits(operation)])

    def assert_called(
        self,
        command: str | None = None,
        *,
        key: str | None = None,
        service: str | None = None,
        text: str | None = None,
        session: int | None = None,
        since: int = 0,
        times: int | None = None,
    ) -> list[Operation]:
        """Fail unless a client has asked for this (`times` times exactly, if given); returns the operations found.

        The arguments are those of `calls`. The AssertionError shows what came close, the last operations and the seed.
        """
        found = self.calls(command, key=key, service=service, text=text, session=session, since=since)
        if (times is None and found) or len(found) == times:
            return found
        given = {"key": key, "service": service, "text": text, "session": session}
        about = ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)
        wanted = " with ".join(filter(None, (command or "any operation", about)))
        expected = "at least once" if times is None else f"{times} times"
        close = [] if found else self.calls(command, since=since)
        raise AssertionError(
            f"expected {wanted} {expected}, saw it {len(found)} times" + self._evidence(found or close, since)
        )

    def assert_not_called(
        self,
        command: str | None = None,
        *,
        key: str | None = None,
        service: str | None = None,
        text: str | None = None,
        session: int | None = None,
        since: int = 0,
    ) -> None:
        """Fail if a client has asked for this. The arguments are those of `calls`."""
        self.assert_called(command, key=key, service=service, text=text, session=session, since=since, times=0)

    def mark(self) -> int:
        """The sequence number that the next record gets: give it to `since=` later."""
        return self._host.call(lambda: self._host.log.next_sequence)

    # -- reading ---------------------------------------------------------------------------------------------

    def tail(self, count: int = 20) -> list[LogEntry]:
        """The last `count` entries of any kind, oldest first."""

        def read() -> list[LogEntry]:
            log = self._host.log
            found: list[LogEntry] = []
            for offset in range(len(log.records) - 1, -1, -1):
                if len(found) >= count:
                    break
                record = log.records[offset]
                if self._shows(record):
                    found.append(entry_of(log, log.base + offset, record))
            return found[::-1]

        return self._host.call(read)

    def follow(self, handler: Callable[[LogEntry], object]) -> Callable[[], None]:
        """Call `handler(entry)` for each entry from now on, on the host's thread; returns the function that ends it.

        An error in a handler is logged (logger `parlel`) and harms no client.
        """
        log = self._host.log

        def subscriber(sequence: int, record: oplog.Record) -> None:
            if not self._shows(record):
                return
            try:
                handler(entry_of(log, sequence, record))
            except Exception:
                _logger.exception("a handler that follows the log failed")

        end = self._host.call(log.subscribe, subscriber)
        return lambda: self._host.call(end) if self._host.running else None

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the log to a file from which `parlel.replay(path)` builds the same state again."""
        target = Path(path)
        self._host.save_log(target)
        return target

    def __len__(self) -> int:
        """How many records there were, dropped ones included."""
        return self.mark()

    def __repr__(self) -> str:
        return f"<Log of {len(self)} records>"

    def _shows(self, record: oplog.Record) -> bool:
        kind, _, session, payload = record
        if session:
            if self._hidden(session):
                return False
            return self._service is None or self._host.log.service_of(session) == self._service
        if self._service is None:
            return True
        if kind in (oplog.RESET, oplog.CRASH):
            return payload in (None, self._service)
        return kind != oplog.RECOVERY or payload[0] == self._service

    def _evidence(self, close: list[Operation], since: int) -> str:
        lines = ["."]
        if close:
            lines.append("Like it:")
            lines += [f"  {operation.sequence:>6} {operation.service} {operation.text}" for operation in close[-5:]]
        lines.append("The last operations:")
        last = self.calls(since=since)[-10:]
        lines += [f"  {operation.sequence:>6} {operation.service} {operation.text}" for operation in last] or ["  none"]
        dropped = self._host.log.base
        if dropped > since:
            lines.append(f"Records before number {dropped} were dropped; a larger log_limit= keeps more.")
        lines.append(f"The seed is {self._host.dice.seed}.")
        return "\n".join(lines)
