"""Plays cases on the emulator and compares with the real service, or with what it answered when it was recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from conformance.golden import GoldenError, Goldens
from conformance.model import Case, Missing, Outcome, Server, Service, Step

__all__ = ["END", "Result", "record", "run"]

#: Stands for what no step read: it has to be the same too.
END = Step(0, "(what nobody read)", "(delivery)")


@dataclass
class Result:
    """What a run found."""

    service: str
    outcomes: list[Outcome] = field(default_factory=list)
    #: What is no outcome of a step: goldens, ledger, crashes inside the emulator.
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: What the emulator was compared with, as `redis-server 7.0.15`, and whether that was recorded.
    reference: str = ""

    @property
    def failed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.same and not outcome.by_ledger]


def run(
    service: Service,
    cases: list[Case],
    ledger: set[str],
    *,
    real: bool | None = None,
    modes: set[str] | None = None,
    each: Callable[[Outcome], None] = lambda outcome: None,
) -> Result:
    """Play `cases`. `real`: True insists on the real service, False uses goldens, None prefers the real one."""
    result = Result(service.name)
    with contextlib.ExitStack() as stack:
        reference: Server | None = None
        if real is not False:
            try:
                reference = stack.enter_context(service.reference())
                result.reference = reference.version
            except Missing as missing:
                if real:
                    raise
                result.notes.append(f"{service.name}: {missing}; comparing with recorded goldens")
        emulator = stack.enter_context(service.emulator())
        goldens: dict[str, Goldens] = {}
        for case in cases:
            for mode in service.modes(case):
                if modes and mode not in modes:
                    continue
                if reference is not None:
                    expected = list(service.play(case, mode, reference))
                else:
                    store = goldens.setdefault(case.group, Goldens(service.name, case.group))
                    result.reference = f"{store.version}, recorded" if store.version else result.reference
                    try:
                        expected = store.find(case, mode)
                    except GoldenError as error:
                        result.errors.append(str(error))
                        continue
                for outcome in _play(service, case, mode, emulator, expected):
                    result.outcomes.append(outcome)
                    each(outcome)
                result.errors += [f"{case.id} [{mode}]: the emulator raised\n{text}" for text in emulator.problems()]
    result.errors += _check_ledger(result.outcomes, ledger)
    return result


def _play(service: Service, case: Case, mode: str, emulator: Server, expected: list[str]) -> Iterator[Outcome]:
    steps = [*case.steps, END]
    actual: list[str] = []
    try:
        actual += service.play(case, mode, emulator)
    except (OSError, ConnectionError) as error:
        actual.append(f"<{type(error).__name__}: {error}>")
    for step, wanted, got in zip(steps, expected, actual + ["<not played>"] * len(steps), strict=False):
        left, right = service.compare(step, wanted, got)
        yield Outcome(case, mode, step, wanted, got, left == right)


def _check_ledger(outcomes: list[Outcome], ledger: set[str]) -> list[str]:
    """Entries that a step names and nobody wrote, and steps that are said to differ and no longer do in any mode."""
    errors = []
    told = [outcome for outcome in outcomes if outcome.step.differs is not None]
    for name in sorted({str(o.step.differs) for o in told} - ledger):
        errors.append(f"a step names {name!r}, which is not in KNOWN_DIFFERENCES.toml")
    differing = {(o.case.id, o.step.line) for o in told if not o.same}
    for outcome in told:
        key = (outcome.case.id, outcome.step.line)
        if key not in differing:
            differing.add(key)
            errors.append(
                f"{outcome.case.path.name}:{outcome.step.line} is said to differ ({outcome.step.differs}) and does not: "
                "take the note away, and the entry if nothing else names it"
            )
    return errors


def _settled(service: Service, case: Case, mode: str, outcomes: list[str], store: Goldens) -> list[str]:
    """What to record: outcomes that compare equal to those recorded before stay as they were, so that files change little."""
    try:
        before = store.find(case, mode)
    except GoldenError:
        before = []
    settled = []
    for at, (step, outcome) in enumerate(zip([*case.steps, END], outcomes, strict=False)):
        old = before[at] if at < len(before) else None
        left, right = service.compare(step, old, outcome) if old is not None else ("", "-")
        settled.append(old if old is not None and left == right else service.reduce(step, outcome))
    return settled


def record(service: Service, cases: list[Case], say: Callable[[str], None]) -> None:
    """Play `cases` on the real service and write their goldens. Blocks of cases not played stay as they are."""
    with service.reference() as reference:
        for group in sorted({case.group for case in cases}):
            store = Goldens(service.name, group)
            played = [case for case in cases if case.group == group]
            for case in played:
                for mode in service.modes(case):
                    outcomes = list(service.play(case, mode, reference))
                    store.put(case, mode, _settled(service, case, mode, outcomes, store))
            store.save([case for case in service.cases() if case.group == group], reference.version)
            say(f"{store.path.name}: {len(played)} cases recorded from {reference.version}")
