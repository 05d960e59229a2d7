"""Where faults enter the pipeline: between the log and the engine, once per operation.

The kernel knows no kinds of rules. It asks each armed `Judge` in order; the first `Decision` wins, is written to the log as
its own record, and the session carries it out with `Session.admit` (kernel) and `Session.send_fault` (the service's protocol).
While nothing is armed the only cost is one attribute test per operation, and not a byte differs.

When a log is played back, decisions are not drawn again: `script` holds them by sequence number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from emulators.kernel.operation import Operation

__all__ = ["Action", "Decision", "Interceptor", "Judge"]

Action = Literal["drop_connection", "error", "delay", "slow", "corrupt", "skip"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one operation.

    drop_connection  the socket is reset; the operation is not executed
    error            the operation is not executed; `error` (text in the protocol's form, or None for a default) is the answer
    delay            executed at once, answered `delay_us` later
    slow             executed (and answered) only `delay_us` later; the session's later operations wait behind it
    corrupt          executed; the answer is cut in half and the connection closed after it
    skip             not executed; no answer at all, or an empty success where `reply` is "empty"
    """

    action: Action
    rule: str
    delay_us: int = 0
    error: str | None = None
    reply: Literal["none", "empty"] = "none"

    def to_record(self) -> list[Any]:
        return [self.action, self.rule, self.delay_us, self.error, self.reply]

    @classmethod
    def from_record(cls, record: list[Any]) -> Decision:
        return cls(*record)


class Judge(Protocol):
    """Decides about operations, for instance a chaos rule."""

    def decide(self, operation: Operation) -> Decision | None: ...


class Interceptor:
    """The armed judges of a host."""

    def __init__(self) -> None:
        self.judges: tuple[Judge, ...] = ()
        #: Decisions by sequence number while a log is played back; None otherwise.
        self.script: dict[int, Decision] | None = None
        #: True when `decide` has to be asked. Read on every operation, so it is a plain attribute.
        self.armed = False
        #: Told of every operation that was looked at, with its decision or None.
        self.observer: Callable[[Operation, Decision | None], object] | None = None

    def arm(self, judges: tuple[Judge, ...]) -> None:
        self.judges = judges
        self.armed = bool(judges) or self.script is not None

    def play(self, script: dict[int, Decision] | None) -> None:
        """Take decisions from a log (None: back to the judges)."""
        self.script = script
        self.armed = bool(self.judges) or script is not None

    def decide(self, operation: Operation) -> Decision | None:
        if self.script is not None:
            return self.script.get(operation.sequence)
        decision: Decision | None = None
        for judge in self.judges:
            decision = judge.decide(operation)
            if decision is not None:
                break
        if self.observer is not None:
            self.observer(operation, decision)
        return decision
