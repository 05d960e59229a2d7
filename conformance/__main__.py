"""`python -m conformance`: see the package's docstring."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable

from conformance import ledger as ledger_file
from conformance import ratchet
from conformance.model import Case, CaseError, Missing, Service
from conformance.report import SCOREBOARD, differences_text, scoreboard, summary, write
from conformance.runner import Result, record, run


def _redis() -> Service:
    from conformance.redis.service import RedisService

    return RedisService()


def _postgres() -> Service:
    from conformance.postgres.service import PostgresService

    return PostgresService()


def _kafka() -> Service:
    from conformance.kafka.service import KafkaService

    return KafkaService()


#: Imported only when asked for, so that one service's absence does not stop the others.
SERVICES: dict[str, Callable[[], Service]] = {"redis": _redis, "postgres": _postgres, "kafka": _kafka}


def main(argv: list[str] | None = None) -> int:
    options = _parse(argv)
    # The runner reports what an emulator raised with the case that made it do so.
    logging.getLogger("parlel").setLevel(logging.CRITICAL + 1)
    names = options.service or list(SERVICES)
    ledger = ledger_file.load()
    results: list[Result] = []
    for name in names:
        try:
            service = SERVICES[name]()
            cases = _select(service.cases(), options.group, options.case)
        except CaseError as error:
            print(error, file=sys.stderr)
            return 2
        if not cases:
            if options.service:
                print(f"no case of {name} was chosen", file=sys.stderr)
                return 2
            continue
        try:
            if options.record:
                record(service, cases, print)
                continue
            result = run(service, cases, set(ledger), real=options.real, modes=set(options.mode or ()))
        except Missing as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            return 2
        results.append(result)
        shown = [o for o in result.outcomes if not o.same] if options.all else result.failed
        if options.verbose:
            shown = result.outcomes
        if shown:
            print(differences_text(shown[: options.limit] if options.limit else shown))
            print()
        print(summary(result, ledger))
        if options.differences:
            write(options.differences.with_suffix(f".{name}.txt"), differences_text(result.failed) + "\n")
    if options.scoreboard:
        write(SCOREBOARD, scoreboard(results, ledger))
        print(f"wrote {SCOREBOARD}")
    if options.tighten:
        ratchet.tighten(results)
        print(f"wrote {ratchet.FILE}")
    if options.ratchet:
        worse = ratchet.exceeded(results)
        for line in worse:
            print(f"worse than before: {line}")
        # The closing line says how many groups hold what they held before.
        groups = {(result.service, outcome.case.group) for result in results for outcome in result.outcomes}
        print(f"ratchet: {len(groups) - len(worse)} passed, {len(worse)} failed")
        return 1 if worse else 0
    return 1 if any(result.failed or result.errors for result in results) else 0


def _parse(argv: list[str] | None) -> argparse.Namespace:
    from pathlib import Path

    parser = argparse.ArgumentParser(
        prog="python -m conformance", description="Compare the emulators with the real services."
    )
    parser.add_argument("--service", action="append", choices=sorted(SERVICES), help="only this service (repeatable)")
    parser.add_argument("--group", action="append", help="only this group of cases (repeatable)")
    parser.add_argument(
        "--case", action="append", help="only the case with this id, or ids beginning with it (repeatable)"
    )
    parser.add_argument("--mode", action="append", help="only this mode, as resp3 (repeatable)")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--real", dest="real", action="store_true", default=None, help="insist on the real service")
    source.add_argument("--golden", dest="real", action="store_false", help="compare with recorded goldens")
    parser.add_argument(
        "--record", action="store_true", help="record goldens from the real service, and compare nothing"
    )
    parser.add_argument("--scoreboard", action="store_true", help="write docs/conformance.md")
    parser.add_argument(
        "--ratchet", action="store_true", help="fail only where more steps differ than ratchet.toml allows"
    )
    parser.add_argument("--tighten", action="store_true", help="write the present numbers to ratchet.toml")
    parser.add_argument("--all", action="store_true", help="show the differences by ledger in full too")
    parser.add_argument("--verbose", action="store_true", help="show every step")
    parser.add_argument("--limit", type=int, default=0, help="show at most this many differences")
    parser.add_argument("--differences", type=Path, metavar="FILE", help="write all differences to FILE.<service>.txt")
    return parser.parse_args(argv)


def _select(cases: list[Case], groups: list[str] | None, wanted: list[str] | None) -> list[Case]:
    if groups:
        cases = [case for case in cases if case.group in groups]
    if wanted:
        exact = [case for case in cases if case.id in wanted]
        cases = exact or [case for case in cases if any(case.id.startswith(prefix) for prefix in wanted)]
    return cases


if __name__ == "__main__":
    sys.exit(main())
