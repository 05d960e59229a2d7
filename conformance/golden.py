"""Goldens: what the real service answered, recorded with its version, so that cases can be compared without it.

One file a group, one block for each case and mode, one line for each step. A block carries the stamp of its script: when the
script has changed since, or the block is not there, that is an error and not a pass.

    #! redis-server 7.0.15
    == resp2 1a2b3c4d5e6f SET with every option
    +OK
"""

from __future__ import annotations

from pathlib import Path

from conformance.model import GOLDENS, Case

__all__ = ["GoldenError", "Goldens"]


class GoldenError(RuntimeError):
    """A golden is missing or stale."""


class Goldens:
    """The goldens of one group."""

    def __init__(self, service: str, group: str, folder: Path = GOLDENS) -> None:
        self.path = folder / service / f"{group}.golden"
        self.version = ""
        self.blocks: dict[tuple[str, str], tuple[str, list[str]]] = {}
        if self.path.exists():
            self._read(self.path.read_text(encoding="utf-8"))

    def find(self, case: Case, mode: str) -> list[str]:
        """The recorded outcomes; raises GoldenError with what to do."""
        block = self.blocks.get((mode, case.title))
        hint = f"record it: python -m conformance --service {case.service} --group {case.group} --record"
        if block is None:
            raise GoldenError(f"no golden for {case.id} [{mode}]; {hint}")
        if block[0] != case.stamp():
            raise GoldenError(f"the golden of {case.id} [{mode}] is stale; {hint}")
        return block[1]

    def put(self, case: Case, mode: str, outcomes: list[str]) -> None:
        self.blocks[(mode, case.title)] = (case.stamp(), outcomes)

    def save(self, cases: list[Case], version: str) -> None:
        """Write the file, in the order of the cases; blocks of cases that are gone are left out."""
        titles = {case.title: index for index, case in enumerate(cases)}
        keys = sorted((key for key in self.blocks if key[1] in titles), key=lambda key: (titles[key[1]], key[0]))
        lines = [f"#! {version}"]
        for key in keys:
            stamp, outcomes = self.blocks[key]
            lines += [f"== {key[0]} {stamp} {key[1]}", *outcomes]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _read(self, text: str) -> None:
        outcomes: list[str] = []
        for line in text.split("\n")[:-1]:
            if line.startswith("#! "):
                self.version = line[3:]
            elif line.startswith("== "):
                _, mode, stamp, title = line.split(" ", 3)
                outcomes = []
                self.blocks[(mode, title)] = (stamp, outcomes)
            else:
                outcomes.append(line)
