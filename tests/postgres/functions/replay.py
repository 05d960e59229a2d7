"""Replays recorded calls against the emulator's functions: used by the tests and, as a program, to list differences.

python -m tests.postgres.functions.replay [--show 3] [prosrc ...]
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from emulators.postgres.errors import PgError
from emulators.postgres.functions.registry import lookup
from emulators.postgres.types.context import SessionDefaults
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.seed_catalog import SeedCatalog
from emulators.postgres.types.timezones import zone
from emulators.postgres.types.values import Row

# Calls whose recorded answer rests on the platform's C library (last digit), or on accidents of upstream's zone parser.
UNLIKE = {
    ("dgamma", "-2.5"),
    ("dgamma", "0.5"),
    ("dgamma", "3.5"),
    ("dlgamma", "0.5"),
    ("dlgamma", "3.5"),
    ("timestamptz_pl_interval_at_zone", "12.5"),
    ("timetz_zone", "12.5"),
    ("bitcmp", "10110011"),
}
GOLDEN = Path(__file__).parent / "golden"
CATALOG = SeedCatalog()


def load(name: str) -> list[Any]:
    text = gzip.decompress((GOLDEN / name).read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def context(**changes: Any) -> SessionDefaults:
    defaults: dict[str, Any] = {"catalog": CATALOG, "time_zone": zone("America/New_York")}
    return SessionDefaults(**{**defaults, **changes})


def strictness() -> dict[str, bool]:
    from emulators.postgres.catalog import seed

    columns = seed.columns("pg_proc")
    name, strict = columns.index("prosrc"), columns.index("proisstrict")
    return {row[name]: row[strict] for row in seed.rows("pg_proc")}


def output(value: Any, oid: int, ctx: Any) -> str | None:
    if value is None:
        return None
    return type_io(oid, CATALOG).text_out(value, ctx)


def error_fields(error: PgError) -> list[str | None]:
    return [error.sqlstate, error.message, error.detail, error.hint]


def call(
    key: str, types: list[str], values: Sequence[str | None], expected: dict[str, Any], ctx: Any, result: int = 0
) -> Any:
    """The emulator's answer in the recording's form."""
    entry = lookup(key)
    assert entry is not None
    oids = [CATALOG.by_name[name] for name in types]
    result_types = expected.get("t") or [result]
    result_oid = result_types[0] if len(result_types) == 1 else 2249
    try:
        arguments = [
            None if text is None else type_io(oid, CATALOG).text_in(text, -1, ctx)
            for oid, text in zip(oids, values, strict=True)
        ]
        function = entry.resolve((*oids, result_oid), CATALOG)
        answer = function(ctx, *arguments) if entry.ctx else function(*arguments)
        rows = list(answer) if entry.srf else [answer]
        if len(result_types) > 1:
            return [
                [output(value, oid, ctx) for value, oid in zip(row, result_types, strict=True)]
                if isinstance(row, tuple)
                else row
                for row in rows
            ]
        if "e" in expected:
            return rows
        return [
            output(
                row
                if not (entry.srf and isinstance(row, tuple) and not isinstance(row, Row) and len(row) == 1)
                else row[0],
                result_oid,
                ctx,
            )
            for row in rows
        ]
    except PgError as error:
        return error_fields(error)


def replay_functions(only: set[str]) -> tuple[Counter[str], Counter[str], dict[str, list[Any]]]:
    """Per prosrc: cases passed, cases in all (missing functions do not count), and the differences."""
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    differences: dict[str, list[Any]] = {}
    ctx = context()
    for item in load("functions.jsonl.gz"):
        key = item["k"]
        entry = lookup(key)
        # The engine registers functions too; they need a server and are not this test's business.
        if (only and key not in only) or entry is None or entry.package != "emulators.postgres.functions":
            continue
        for values, expected in item["c"]:
            if any((key, value) in UNLIKE for value in values):
                continue
            total[key] += 1
            try:
                got = call(key, item["a"], values, expected, ctx, item["o"])
            except Exception as error:
                got = f"CRASH {type(error).__name__}: {error}"
            wanted = expected.get("r", expected.get("e"))
            if got == wanted:
                passed[key] += 1
            else:
                differences.setdefault(key, []).append((item["a"], values, wanted, got))
    return passed, total, differences


def aggregate(item: dict[str, Any], ctx: Any) -> Any:
    from emulators.postgres.functions.aggregates import aggregate_for, ordered_set_for

    oids = tuple(CATALOG.by_name[name] for name in item["a"])
    result_oid = (item["r"].get("t") or [0])[0]
    columns = [
        [None if text is None else type_io(oid, CATALOG).text_in(text, -1, ctx) for text in column]
        for oid, column in zip(oids, item["c"], strict=True)
    ]
    try:
        if item["k"] == "o":
            compute = ordered_set_for(item["n"], tuple(item["d"]), (*oids, result_oid), CATALOG)
            assert compute is not None
            key = type_io(oids[-1], CATALOG).sort_key
            values = sorted((value for value in columns[-1] if value is not None), key=key)
            direct = ()
            if len(oids) > 1:
                text = "0.25" if item["a"][0] == "float8" else "{0.1,0.5,1}"
                direct = (type_io(oids[0], CATALOG).text_in(text, -1, ctx),)
            return [output(compute(direct, values), result_oid, ctx)]
        found = aggregate_for(item["n"], tuple(item["d"]), (*oids, result_oid), CATALOG)
        assert found is not None, item["n"]
        state = found.init(ctx) if found.ctx else found.init()
        kept = []
        for row in zip(*columns, strict=True):
            if not found.strict or None not in row:
                state = found.step(state, *row)
                kept.append(row[0])
        value = output(found.final(state), result_oid, ctx)
        if found.whole is not None and len(oids) == 1 and kept:
            assert output(found.whole(kept), result_oid, ctx) == value
        return [value]
    except PgError as error:
        return error_fields(error)


def replay_aggregates() -> tuple[int, int, list[Any]]:
    ctx = context()
    passed = total = 0
    differences = []
    for item in load("aggregates.jsonl.gz"):
        total += 1
        expected = item["r"]
        wanted = expected.get("r", expected.get("e"))
        try:
            got = aggregate(item, ctx)
        except Exception as error:
            got = f"CRASH {type(error).__name__}: {error}"
        if got == wanted:
            passed += 1
        else:
            differences.append((item["n"], item["a"], item["c"], wanted, got))
    return passed, total, differences


def replay_inputs() -> tuple[int, int, list[Any]]:
    ctx = context()
    passed = total = 0
    differences = []
    for item in load("inputs.jsonl.gz"):
        if "set" in item:
            apply_setting(ctx, item["set"])
            continue
        total += 1
        expected = item["r"]
        wanted = expected.get("r", expected.get("e"))
        got: Any
        try:
            got = [cast_text(item["t"], item["i"], ctx)]
        except PgError as error:
            got = error_fields(error)
        except Exception as error:
            got = f"CRASH {type(error).__name__}: {error}"
        if got == wanted:
            passed += 1
        else:
            differences.append((item["t"], item["i"], wanted, got))
    return passed, total, differences


_CALL = re.compile(r"(\w+)\((.*)\)\Z", re.DOTALL)
_ARGUMENT = re.compile(
    r"\s*(?:'((?:[^']|'')*)'|(-?[0-9][^,:\s]*)|(null|true|false))(?:::([a-z0-9_\[\]]+))?\s*(,|\Z)", re.DOTALL
)


@cache
def _procs() -> dict[tuple[str, tuple[int, ...]], tuple[str, bool]]:
    from emulators.postgres.catalog import seed

    columns = seed.columns("pg_proc")
    name, types, source, language, strict = (
        columns.index(each) for each in ("proname", "proargtypes", "prosrc", "prolang", "proisstrict")
    )
    found = {}
    for row in seed.rows("pg_proc"):
        key = row[source]
        if row[language] == 14:
            key = f"sql:{row[name]}({','.join(CATALOG.type_info(oid).name for oid in row[types])})"
        found[row[name], tuple(row[types])] = (key, row[strict])
    return found


def evaluate(text: str, expected: dict[str, Any], ctx: Any) -> Any:
    """`name('text'::type, …)` by the functions of the emulator; untyped literals are text."""
    match = _CALL.match(text)
    assert match is not None, text
    values: list[str | None] = []
    types: list[str] = []
    position = 0
    while position < len(match[2]):
        argument = _ARGUMENT.match(match[2], position)
        assert argument is not None, text
        position = argument.end()
        quoted, number, word, type_name = argument[1], argument[2], argument[3], argument[4]
        value = quoted.replace("''", "'") if quoted is not None else number or word
        values.append(None if value == "null" and quoted is None else value)
        name = type_name or ("text" if quoted is not None or word == "null" else "bool" if word else "int4")
        types.append("_" + name[:-2] if name.endswith("[]") else name)
    oids = tuple(CATALOG.by_name[name] for name in types)
    key, strict = _procs()[match[1], oids]
    entry = lookup(key)
    assert entry is not None, key
    if strict and None in values:
        return [None]
    return call(key, types, values, expected, ctx)


def replay_expressions() -> tuple[int, int, list[Any]]:
    ctx = context()
    passed = total = 0
    differences = []
    for item in load("expressions.jsonl.gz"):
        if "set" in item:
            apply_setting(ctx, item["set"])
            continue
        if "reset" in item:
            ctx = context()
            continue
        total += 1
        expected = item["r"]
        wanted = expected.get("r", expected.get("e"))
        try:
            got = evaluate(item["x"], expected, ctx)
        except Exception as error:
            got = f"CRASH {type(error).__name__}: {error}"
        if got == wanted:
            passed += 1
        else:
            differences.append((item["x"], wanted, got))
    return passed, total, differences


def cast_text(type_name: str, text: str, ctx: Any) -> str | None:
    from emulators.postgres.types.registry import typmod_in

    base, _, modifiers = type_name.partition("(")
    oid = CATALOG.by_name[base]
    typmod = -1
    if modifiers:
        typmod = typmod_in(CATALOG.type_info(oid).modin, modifiers.rstrip(")").split(","))
    return output(type_io(oid, CATALOG).text_in(text, typmod, ctx), oid, ctx)


def apply_setting(ctx: Any, setting: str) -> None:
    name, _, value = setting.partition("=")
    name, value = name.strip().lower(), value.strip().strip("'")
    if name == "timezone":
        ctx.time_zone = zone(value)
    elif name == "datestyle":
        for word in value.replace(",", " ").split():
            if word.upper() in ("MDY", "DMY", "YMD"):
                ctx.date_order = word.upper()
            else:
                ctx.date_style = {"iso": "ISO", "sql": "SQL", "postgres": "Postgres", "german": "German"}[word.lower()]
    elif name == "intervalstyle":
        ctx.interval_style = value
    elif name == "bytea_output":
        ctx.bytea_output = value
    elif name == "extra_float_digits":
        ctx.extra_float_digits = int(value)
    else:
        raise ValueError(setting)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("only", nargs="*")
    parser.add_argument("--show", type=int, default=3)
    options = parser.parse_args()
    whole = {"inputs": replay_inputs, "expressions": replay_expressions, "aggregates": replay_aggregates}
    if options.only and options.only[0] in whole:
        good, count, found = whole[options.only[0]]()
        for entry in found:
            print(*entry, sep=" | ")
        print(f"{good} of {count}")
        return
    passed, total, differences = replay_functions(set(options.only))
    for key, found in sorted(differences.items()):
        print(f"{key}: {passed[key]}/{total[key]}")
        for types, values, wanted, got in found[: options.show]:
            print(f"   {types} {values}\n      want {wanted!r}\n      got  {got!r}")
    print(f"{sum(passed.values())} of {sum(total.values())} calls of {len(total)} functions")


if __name__ == "__main__":
    main()
