"""What a run prints, and the scoreboard it can write."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from conformance.ledger import Difference
from conformance.model import ROOT, Outcome
from conformance.runner import Result

__all__ = ["SCOREBOARD", "differences_text", "scoreboard", "summary"]

SCOREBOARD = ROOT / "docs" / "conformance.md"
_LONG = 2000


def difference_text(outcome: Outcome, context: int = 0) -> str:
    """The case, the step, both replies, and the command that plays just this again."""
    case = outcome.case
    command = f"python -m conformance --case {shlex.quote(case.id)} --mode {outcome.mode}"
    where = f"{case.path.relative_to(ROOT)}:{outcome.step.line or case.line}"
    return (
        f"{case.id} [{outcome.mode}]  {where}\n"
        f"    step  {outcome.step.text[:_LONG]}\n"
        f"    real  {outcome.expected[:_LONG]}\n"
        f"    here  {outcome.actual[:_LONG]}\n"
        f"    run   {command}"
    )


def differences_text(outcomes: Iterable[Outcome]) -> str:
    return "\n\n".join(map(difference_text, outcomes))


def summary(result: Result, ledger: dict[str, Difference]) -> str:
    """A line a group, the differences that were expected, and the closing line."""
    lines = []
    groups: dict[str, list[Outcome]] = {}
    for outcome in result.outcomes:
        groups.setdefault(outcome.case.group, []).append(outcome)
    width = max(map(len, groups), default=0)
    for group, outcomes in groups.items():
        same = sum(o.same for o in outcomes)
        known = sum(o.by_ledger for o in outcomes)
        share = 100 * same / len(outcomes)
        more = f", {known} by ledger" if known else ""
        cases = len({o.case.id for o in outcomes})
        lines.append(
            f"{result.service} {group:{width}}  {cases:4} cases {len(outcomes):6} steps {share:6.2f}% the same"
            f"{more}{_missing(len(outcomes) - same - known)}"
        )
    for name, count in sorted(Counter(str(o.step.differs) for o in result.outcomes if o.by_ledger).items()):
        entry = ledger.get(name)
        lines.append(f"by ledger  {name} ({count}x): {entry.reason if entry else 'no such entry'}")
    lines += [f"ERROR {error}" for error in result.errors]
    lines += result.notes
    failed = len(result.failed) + len(result.errors)
    passed = len(result.outcomes) - len(result.failed)
    lines.append(f"{result.service}: compared with {result.reference or 'nothing'}")
    lines.append(f"{passed} passed, {failed} failed")
    return "\n".join(lines)


def _missing(count: int) -> str:
    return f", {count} different" if count else ""


def scoreboard(results: list[Result], ledger: dict[str, Difference]) -> str:
    """The page `docs/conformance.md`."""
    lines = [
        "# Conformance",
        "",
        "Each case is played on the emulator and on the real service, and every reply is compared byte for byte, apart from the",
        "normalisations declared in `conformance/cases/*/normalise.toml`. This page is written by",
        "`python -m conformance --scoreboard`; do not edit it.",
        "",
        "| service | group | compared with | cases | steps | same | different by ledger | different |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for result in results:
        groups: dict[str, list[Outcome]] = {}
        for outcome in result.outcomes:
            groups.setdefault(outcome.case.group, []).append(outcome)
        for group, outcomes in groups.items():
            lines.append(f"| {result.service} | {group} | {result.reference} | {_row(outcomes)} |")
        lines.append(f"| **{result.service}** | **all** | {result.reference} | {_row(result.outcomes)} |")
    for result in results:
        by_subject: dict[str, list[Outcome]] = {}
        for outcome in result.outcomes:
            by_subject.setdefault(outcome.step.subject, []).append(outcome)
        lines += [
            "",
            f"## {result.service}: by {_SUBJECT.get(result.service, 'subject')}",
            "",
            "| | cases | steps | same | different by ledger | different |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        lines += [f"| {subject} | {_row(outcomes)} |" for subject, outcomes in sorted(by_subject.items())]
    if ledger:
        lines += ["", "## Known differences", "", "| id | area | what a user sees | why |", "|---|---|---|---|"]
        for entry in ledger.values():
            cells = (entry.id, f"{entry.service}: {entry.area}", entry.seen, entry.reason)
            lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


_SUBJECT = {"redis": "command", "postgres": "SQL area", "kafka": "API"}


def _row(outcomes: list[Outcome]) -> str:
    same = sum(o.same for o in outcomes)
    known = sum(o.by_ledger for o in outcomes)
    cases = len({o.case.id for o in outcomes})
    # Rounded down: 100% means all of them.
    share = f"{1000 * same // len(outcomes) / 10:.1f}%" if outcomes else "-"
    return f"{cases} | {len(outcomes)} | {same} ({share}) | {known} | {len(outcomes) - same - known}"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
