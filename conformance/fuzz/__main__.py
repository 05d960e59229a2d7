"""`python -m conformance.fuzz`: looks for differences until the time is over, shrinks each and prints it as a case."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky, FlakyFailure
from hypothesis.strategies import SearchStrategy

from conformance.fuzz.redis_fuzz import Difference, Duel, Program, canary, case_text, minimise, programs, read_table
from conformance.model import Missing
from conformance.redis.player import Client
from conformance.redis.service import EmulatedRedis, RealRedis

__all__ = ["main", "search"]

_EXAMPLES = 300


class _TimeUp(KeyboardInterrupt):
    """Ends Hypothesis's run at once; it lets a KeyboardInterrupt through."""


class _Found(AssertionError):
    """A program on which the servers differ."""


class _Round:
    """One run of Hypothesis: stops at the first new difference and shrinks it."""

    def __init__(self, duel: Duel, known: set[tuple[str, str, str]], stop: float, shrink_s: float) -> None:
        self.shrink_s = shrink_s
        self.duel = duel
        self.known = known
        self.stop = stop
        self.played = 0
        self.smallest: Difference | None = None

    def attempt(self, program: Program) -> None:
        if time.monotonic() > self.stop:
            raise _TimeUp
        self.played += 1
        difference = self.duel.play(program)
        if difference is None or difference.signature in self.known:
            return
        if self.smallest is None:
            self.stop = time.monotonic() + self.shrink_s
        elif difference.signature != self.smallest.signature:
            return  # shrinking must not slip to another difference; a later round finds that one
        if self.smallest is None or difference.size < self.smallest.size:
            self.smallest = difference
        raise _Found


def _hypothesis(this: _Round, strategy: SearchStrategy[Program], configure: settings, seed: int) -> None:
    @seeded(seed)
    @configure
    @given(strategy)
    def play(program: Program) -> None:
        this.attempt(program)

    play()


def search(
    duel: Duel,
    table: list[tuple[str, int, int, int, int]],
    seconds: float,
    seed: int,
    report: Callable[[Difference], None] = lambda difference: None,
    limit: int = 50,
    shrink_s: float = 15.0,
) -> tuple[list[Difference], int]:
    """Differences found within `seconds`, one for each signature, each as small as it got; and how many programs were played."""
    found: list[Difference] = []
    known: set[tuple[str, str, str]] = set()
    played = rounds = 0
    stop = time.monotonic() + seconds
    strategy = programs(table)
    configure = settings(
        max_examples=_EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
    )
    while time.monotonic() < stop and len(found) < limit:
        this = _Round(duel, known, stop, shrink_s)

        with contextlib.suppress(_Found, _TimeUp, Flaky, FlakyFailure):
            _hypothesis(this, strategy, configure, seed + rounds)
        rounds += 1
        played += this.played
        if this.smallest is not None:
            difference = minimise(duel, this.smallest)
            known.add(difference.signature)
            found.append(difference)
            report(difference)
    return found, played


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.fuzz", description="Look for differences from the real service."
    )
    parser.add_argument("--service", choices=["redis"], default="redis")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=50, help="stop after this many differences")
    parser.add_argument("--canary", action="store_true", help="plant a wrong reply, which has to be found")
    parser.add_argument(
        "--self", dest="itself", action="store_true", help="compare the emulator with itself, to test the fuzzer"
    )
    parser.add_argument("--write", metavar="FILE", help="append the cases to FILE")
    options = parser.parse_args(argv)
    logging.getLogger("parlel").setLevel(logging.CRITICAL + 1)
    with ExitStack() as stack:
        try:
            reference = EmulatedRedis() if options.itself else RealRedis()
        except Missing as missing:
            print(f"skipped: {missing}", file=sys.stderr)
            return 2
        stack.callback(reference.close)
        emulator = EmulatedRedis()
        stack.callback(emulator.close)
        with_table = Client(emulator.address)
        table = read_table(with_table)
        with_table.close()
        duel = (
            Duel(reference.address, emulator.address, canary)
            if options.canary
            else Duel(reference.address, emulator.address)
        )
        stack.callback(duel.close)
        texts: list[str] = []

        def report(difference: Difference) -> None:
            text = case_text(difference, f"Fuzzed {options.seed}-{len(texts) + 1}")
            texts.append(text)
            print(text + "\n", flush=True)

        print(
            f"{reference.version} and {emulator.version}, seed {options.seed}, {len(table)} commands in the table\n",
            flush=True,
        )
        found, played = search(duel, table, options.seconds, options.seed, report, options.limit)
        problems = emulator.problems()
        for problem in problems[:5]:
            print(problem)
        if options.write and texts:
            with open(options.write, "a", encoding="utf-8") as out:
                out.write("\n\n".join(texts) + "\n")
    print(f"{played} programs played, {len(found)} differences, {len(problems)} exceptions inside the emulator")
    return 1 if found or problems else 0


if __name__ == "__main__":
    sys.exit(main())
