"""What the runner knows of every service: cases made of steps, servers they are played on, and how two outcomes compare.

The outcome of a step is one line of text, so goldens and reports need no knowledge of a protocol.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

__all__ = ["CASES", "GOLDENS", "ROOT", "Case", "CaseError", "Missing", "Outcome", "Server", "Service", "Step"]

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "conformance" / "cases"
GOLDENS = ROOT / "conformance" / "goldens"


class Missing(RuntimeError):
    """The real service cannot be started on this machine; the text says what is missing."""


class CaseError(ValueError):
    """A case file that cannot be read: names the file and the line."""


@dataclass(frozen=True)
class Step:
    """One line of a case."""

    line: int
    #: The line as written.
    text: str
    #: What the step is counted under on the scoreboard: a command, an SQL area, an API.
    subject: str
    #: What the service's player made of it.
    action: Any = None
    #: Names of normalisations declared at the step itself.
    normalise: tuple[str, ...] = ()
    #: The id of the ledger entry that says why this step differs.
    differs: str | None = None


@dataclass
class Case:
    """A script for one or several sessions."""

    service: str
    group: str
    title: str
    path: Path
    line: int
    steps: list[Step] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.service}/{self.group}/{self.title}"

    def stamp(self) -> str:
        """Changes when the script changes: a golden with another stamp is stale."""
        text = "\n".join([*sorted(f"{k}={v}" for k, v in self.options.items()), *(step.text for step in self.steps)])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Outcome:
    """How one step of one case ended in one mode."""

    case: Case
    mode: str
    step: Step
    expected: str
    actual: str
    same: bool

    @property
    def by_ledger(self) -> bool:
        return not self.same and self.step.differs is not None


class Server(Protocol):
    """A running service."""

    version: str

    def problems(self) -> list[str]:
        """What went wrong inside since the last call (tracebacks of an emulator); empty for a real service."""


class Service(Protocol):
    """One service under test."""

    name: str

    def cases(self) -> list[Case]: ...

    def modes(self, case: Case) -> list[str]:
        """The ways a case is played, as `resp2` and `resp3`."""

    def reference(self) -> AbstractContextManager[Server]:
        """Starts the real service; raises `Missing`."""

    def emulator(self) -> AbstractContextManager[Server]: ...

    def play(self, case: Case, mode: str, server: Server) -> Iterator[str]:
        """The outcome of every step, in order."""

    def compare(self, step: Step, expected: str, actual: str) -> tuple[str, str]:
        """Both outcomes with what is free to differ evened out; the step is the same when they are equal."""

    def reduce(self, step: Step, outcome: str) -> str:
        """The outcome as a golden keeps it: what is never compared may be left out."""
