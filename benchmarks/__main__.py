"""`python -m benchmarks`: see the package's docstring."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import kafka_bench, redis_bench
from benchmarks.tables import machine

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Written by `python -m benchmarks --write`; do not edit. The servers ran in processes of their own on one machine, their rounds
interleaved; the figures are medians. Read them as ratios: absolute figures belong to the machine.
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the emulators beside their peers."
    )
    parser.add_argument("--service", choices=["redis", "kafka"], action="append", help="only this service")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller data")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args(argv)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    parts = [_HEAD, f"Machine: {machine()}.{' Quick run.' if options.quick else ''}\n"]
    for name, measured in (("redis", redis_bench), ("kafka", kafka_bench)):
        if options.service and name not in options.service:
            continue
        parts.append(f"## {name.capitalize()}\n")
        tables, notes = measured.run(options.quick, say)
        parts += [table.markdown() for table in tables if table.rows]
        parts += [f"- {note}\n" for note in notes]
    page = "\n".join(parts)
    print(page)
    if options.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
        say(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
