"""Records what a real PostgreSQL 18 answers, as golden data of the function and type tests.

    python tests/postgres/functions/record.py --dsn "host=localhost port=5432 user=postgres" [--only prosrc ...]

For every immutable or stable pg_proc row of pg_catalog whose argument types have a pool, a seeded sample of argument
combinations is called; besides, the expressions listed in cases/*.sql are evaluated. Writes golden/*.json.gz.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from tests.postgres.functions.pools import POLYMORPHIC, POOLS

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
PER_FUNCTION = 8
SETTINGS = (
    "set timezone = 'America/New_York'; set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; "
    "set lc_messages = 'C'; set statement_timeout='3s'"
)
SKIPPED = re.compile(
    r"^(bpcharcmp|bitcmp|varbitcmp|uuid_cmp|network_cmp|byteacmp|pg_(?!size_|lsn)|has_|txid|current_|currt|session_user|inet_(client|server)|lo_|"
    r"current|getdatabaseencoding|version|ri_|binary_upgrade|gin|gist|brin|spg|bt|hash_array_test|ts_|to_ts|plainto|phraseto|"
    r"websearch|numnode|query|setweight|strip|tsvector|tsquery|xml|xpath|table_to|schema_to|database_to|cursor_to|"
    r"amvalidate|fmgr|plpgsql|postgresql_fdw|set_config|row_security|obj_desc|col_desc|shobj|format_type|regexp_test|"
    r"RI_|unique_key|satisfies|to_reg|nextval|currval|lastval|setval|now$|transaction_t|statement_t|mxid_age|age$x|icu_|json.*_to_record|json.*populate|suppress|generate_series$x|array_shuffle|array_sample|unicode_version|make_acl|acl|oidvectortypes|width_bucket$x|pg_get|convert|.*recv$|regclass$|anytextcat$|textanycat$|like_escape$x)"
)


def text_of(result: Any) -> Any:
    """A result as JSON data: {"rows": [...]} with the type, or {"error": [...]}."""
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        rows = []
        for row in range(result.ntuples):
            values = [result.get_value(row, column) for column in range(result.nfields)]
            values = [value.decode() if value is not None else None for value in values]
            rows.append(values[0] if len(values) == 1 else values)
        return {"t": [result.ftype(column) for column in range(result.nfields)], "r": rows}
    fields = [
        result.error_field(field)
        for field in (
            pq.DiagnosticField.SQLSTATE,
            pq.DiagnosticField.MESSAGE_PRIMARY,
            pq.DiagnosticField.MESSAGE_DETAIL,
            pq.DiagnosticField.MESSAGE_HINT,
        )
    ]
    return {"e": [field.decode() if field is not None else None for field in fields]}


def literal(text: str, type_name: str) -> str:
    quoted = text.replace("'", "''")
    # The E-less literal is taken verbatim: standard_conforming_strings is on.
    return f"'{quoted}'::pg_catalog.\"{type_name}\""


def combinations(types: list[str], generator: random.Random, count: int) -> list[tuple[str, ...]]:
    pools = [POOLS[name] for name in types]
    total = 1
    for pool in pools:
        total *= len(pool)
    if total <= count:
        return list(itertools.product(*pools))
    chosen = {tuple(generator.choice(pool) for pool in pools) for _ in range(count)}
    return sorted(chosen)


def functions(connection: Any) -> list[tuple[Any, ...]]:
    return connection.execute(
        """
        select p.oid::int, proname, prosrc, prorettype::int, proretset, provariadic::int, lanname,
               coalesce((select array_agg(typname::text order by o) from unnest(proargtypes::oid[]) with ordinality u(t, o)
                 join pg_type on pg_type.oid = u.t), '{}')
        from pg_proc p join pg_language l on l.oid = prolang
        where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f' and provolatile <> 'v'
        order by 1"""
    ).fetchall()


def run(pgconn: Any, sql: str) -> Any:
    return text_of(pgconn.exec_(sql.encode()))


def record_functions(connection: Any, only: set[str]) -> list[Any]:
    out = []
    for oid, name, prosrc, result_type, srf, variadic, language, types in functions(connection):
        key = prosrc if language != "sql" else f"sql:{name}({','.join(types)})"
        if only and key not in only:
            continue
        if key.startswith("sql:age("):
            continue
        if not only and SKIPPED.match(name):
            continue
        generator = random.Random(f"{oid}")
        rounds = POLYMORPHIC if any(name_ in POLYMORPHIC[0] for name_ in types) else [{}]
        for mapping in rounds:
            actual = [mapping.get(type_name, type_name) for type_name in types]
            if not all(type_name in POOLS for type_name in actual):
                continue
            if variadic:
                continue
            cases = []
            for values in combinations(actual, generator, PER_FUNCTION):
                arguments = ", ".join(literal(v, t) for v, t in zip(values, actual, strict=True))
                source = (
                    f'select * from pg_catalog."{name}"({arguments})'
                    if srf
                    else f'select pg_catalog."{name}"({arguments})'
                )
                if key.startswith("generate_series") and any("infinity" in v.lower() for v in values):
                    continue
                result = run(connection.pgconn, source)
                if len(json.dumps(result)) > 3000 or "57014" in str(result) or "XX000" in str(result):
                    continue
                cases.append([list(values), result])
            out.append({"k": key, "a": actual, "o": result_type, "c": cases})
    return out


def record_aggregates(connection: Any) -> list[Any]:
    """Every aggregate over seeded samples of its argument types, NULLs among them; ordered-set ones by fraction."""
    rows = connection.execute(
        """
        select p.oid::int, proname, aggkind::text,
               coalesce((select array_agg(typname::text order by o) from unnest(proargtypes::oid[]) with ordinality u(t, o)
                 join pg_type on pg_type.oid = u.t), '{}')
        from pg_proc p join pg_aggregate a on a.aggfnoid = p.oid order by 1"""
    ).fetchall()
    out: list[Any] = []
    for oid, name, kind, types in rows:
        rounds = POLYMORPHIC if any(each in POLYMORPHIC[0] for each in types) else [{}]
        for mapping in rounds:
            actual = [mapping.get(each, each) for each in types]
            if not types or kind == "h" or not all(each in POOLS for each in actual):
                continue
            generator = random.Random(f"{oid}{actual}")
            for size in (0, 1, 3, 6):
                columns = [[generator.choice([*POOLS[each], None]) for _ in range(size)] for each in actual]
                if kind == "o" and len(actual) > 1:
                    columns[0] = ["0.25"] * size if actual[0] == "float8" else ["{0.1,0.5,1}"] * size
                result = run(connection.pgconn, aggregate_query(name, kind, actual, columns))
                if "XX000" not in str(result):
                    out.append({"n": name, "k": kind, "d": types, "a": actual, "c": columns, "r": result})
    return out


def aggregate_query(name: str, kind: str, types: list[str], columns: list[list[str | None]]) -> str:
    def cell(text: str | None, type_name: str) -> str:
        return f'null::pg_catalog."{type_name}"' if text is None else literal(text, type_name)

    if columns[0]:
        rows = ["(" + ", ".join(map(cell, row, types)) + ")" for row in zip(*columns, strict=True)]
        source = f"(values {', '.join(rows)})"
    else:
        source = f"(select {', '.join(cell(None, each) for each in types)} where false)"
    names = [f"c{index}" for index in range(len(types))]
    if kind == "o":
        if len(types) == 1:
            call = f"{name}() within group (order by c0)"
        else:
            fraction = cell("0.25" if types[0] == "float8" else "{0.1,0.5,1}", types[0])
            call = f"{name}({fraction}) within group (order by c1)"
    else:
        call = f'pg_catalog."{name}"({", ".join(names)})'
    return f"select {call} from {source} v({', '.join(names)})"


def record_inputs(connection: Any) -> list[Any]:
    """inputs.txt: lines of `type<TAB>text`, the texts with \\n and \\t escapes; a line `# set …` changes settings."""
    out: list[Any] = []
    for path in sorted((HERE.parent / "types" / "cases").glob("*.txt")):
        for line in path.read_text().splitlines():
            if line.startswith("#set "):
                connection.pgconn.exec_(("set " + line[5:]).encode())
                out.append({"set": line[5:]})
                continue
            if not line or line.startswith("#"):
                continue
            type_name, _, text = line.partition("\t")
            text = text.replace("\\n", "\n").replace("\\t", "\t")
            quoted = text.replace("'", "''")
            if "(" in type_name:
                # An assignment: an explicit cast would cut instead of complain.
                run(connection.pgconn, f"create temp table assigned (c {type_name})")
                result = run(connection.pgconn, f"insert into assigned values ('{quoted}') returning c")
                run(connection.pgconn, "drop table assigned")
            else:
                shown = '"char"' if type_name == "char" else type_name
                result = run(connection.pgconn, f"select '{quoted}'::{shown}")
            out.append({"t": type_name, "i": text, "r": result})
        connection.pgconn.exec_(SETTINGS.encode())
    return out


def record_expressions(connection: Any) -> list[Any]:
    """cases/*.sql: one call per line, `set …` lines change settings."""
    out: list[Any] = []
    for path in sorted((HERE / "cases").glob("*.sql")):
        connection.pgconn.exec_(SETTINGS.encode())
        for line in path.read_text().splitlines():
            line = line.strip().rstrip(";")
            if not line or line.startswith("--"):
                continue
            if line.lower().startswith("set "):
                connection.pgconn.exec_(line.encode())
                out.append({"set": line[4:]})
                continue
            out.append({"x": line, "r": run(connection.pgconn, f"select {line}")})
        out.append({"reset": path.name})
    return out


def write(name: str, data: Any) -> None:
    GOLDEN.mkdir(exist_ok=True)
    lines = "\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in data)
    (GOLDEN / name).write_bytes(gzip.compress(lines.encode(), 9, mtime=0))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--what", default="functions,aggregates,inputs,expressions")
    options = parser.parse_args()
    with psycopg.connect(options.dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        what = options.what.split(",")
        if "functions" in what:
            write("functions.jsonl.gz", record_functions(connection, set(options.only)))
        if "aggregates" in what:
            write("aggregates.jsonl.gz", record_aggregates(connection))
        if "inputs" in what:
            write("inputs.jsonl.gz", record_inputs(connection))
        if "expressions" in what:
            write("expressions.jsonl.gz", record_expressions(connection))


if __name__ == "__main__":
    main()
