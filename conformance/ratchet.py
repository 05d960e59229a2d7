"""The ratchet: how many steps of each group may differ, so that fidelity can only grow unseen, never fall.

`ratchet.toml` holds a number per service and group; a group without one may not differ at all. `--ratchet` makes the runner fail
only when a group differs in more steps than its number; `--tighten` writes the numbers of the present run.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

from conformance.runner import Result

__all__ = ["exceeded", "tighten"]

FILE = Path(__file__).parent / "ratchet.toml"


def exceeded(results: list[Result]) -> list[str]:
    """One line for each group that differs in more steps than it may."""
    allowed = tomllib.loads(FILE.read_text())
    lines = []
    for result in results:
        for group, count in sorted(_different(result).items()):
            limit = allowed.get(result.service, {}).get(group, 0)
            if count > limit:
                lines.append(f"{result.service} {group}: {count} steps differ, {limit} may")
        lines += [f"{result.service}: {error}" for error in result.errors]
    return lines


def tighten(results: list[Result]) -> None:
    """Write the present numbers."""
    allowed = tomllib.loads(FILE.read_text()) if FILE.exists() else {}
    for result in results:
        allowed[result.service] = dict(sorted(_different(result).items()))
    text = "# Steps that may differ, by service and group; written by `python -m conformance --tighten`.\n"
    for service, groups in sorted(allowed.items()):
        text += f"\n[{service}]\n" + "".join(f"{group} = {count}\n" for group, count in groups.items())
    FILE.write_text(text)


def _different(result: Result) -> Counter[str]:
    return Counter(outcome.case.group for outcome in result.failed)
