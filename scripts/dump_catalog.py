"""Dump PostgreSQL 18's own catalog rows as data files for the emulator.

usage: dump_catalog.py DSN [OUTDIR]

Reads a freshly initialised server (its `postgres` database) and writes one compressed msgpack file per system
relation: rows as tuples in attribute order. int2vector/oidvector and arrays are lists; what PostgreSQL keeps as a
parse tree is written as the SQL text that its own deparser prints for it (view definitions, argument defaults), since
the emulator has its own trees. Facts only: object descriptions and the prose of pg_settings stay out.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

import msgpack
import psycopg

# Relations that describe one running cluster rather than the version, or that hold nothing after initdb.
LEFT_OUT = {
    "pg_statistic", "pg_statistic_ext_data", "pg_largeobject", "pg_largeobject_metadata", "pg_database",
    "pg_subscription", "pg_replication_origin", "pg_shdepend", "pg_db_role_setting", "pg_description",
    "pg_shdescription",
}  # fmt: skip

KEPT_COLLATIONS = (
    "oid < 12000 or collname in "
    "('C.utf8', 'en_US.utf8', 'en-x-icu', 'und-x-icu', 'de-x-icu', 'en-US-x-icu', 'sv-x-icu')"
)

# Columns whose text must come from a function, by relation.
EXPRESSIONS = {
    ("pg_rewrite", "ev_action"): "pg_get_viewdef(t.ev_class)",
    ("pg_rewrite", "ev_qual"): "''",
    ("pg_proc", "proargdefaults"): "(select array_agg(pg_get_function_arg_default(t.oid, i)) from "
    "generate_series(t.pronargs - t.pronargdefaults + 1, t.pronargs) i)",
    ("pg_proc", "prosqlbody"): "pg_get_function_sqlbody(t.oid)",
    ("pg_constraint", "conbin"): "pg_get_expr(t.conbin, t.conrelid)",
    ("pg_attrdef", "adbin"): "pg_get_expr(t.adbin, t.adrelid)",
    ("pg_type", "typdefaultbin"): "null::text",
}


def plain(value: Any) -> Any:
    """A value msgpack can hold: vectors and arrays as lists, everything else as is."""
    if isinstance(value, tuple):
        return list(value)
    return value


def column_sql(relation: str, name: str, typname: str, category: str) -> str:
    given = EXPRESSIONS.get((relation, name))
    if given is not None:
        return given
    if typname in ("int2vector", "oidvector"):
        element = "int2" if typname == "int2vector" else "oid"
        return f"string_to_array(t.{name}::text, ' ')::{element}[]"
    if typname in ("_aclitem", "_text", "_name", "_char", "_regtype"):
        return f"t.{name}::text[]"
    if typname == "anyarray":
        return f"t.{name}::text"
    if typname in ("regproc", "regtype", "regclass", "regoper"):
        return f"t.{name}::oid::int8"
    if typname in ("oid", "xid", "int8", "int2", "int4"):
        return f"t.{name}::text::int8"
    if typname in ("bool", "float4", "float8") or category == "A":
        return f"t.{name}"
    return f"t.{name}::text"


def write(path: Path, payload: Any) -> None:
    data = msgpack.packb(payload, use_bin_type=True)
    path.write_bytes(zlib.compress(data, 9))


def main() -> None:
    dsn = sys.argv[1]
    out = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent.parent / "emulators/postgres/catalog/data")
    out.mkdir(parents=True, exist_ok=True)
    with psycopg.connect(dsn) as conn:
        conn.execute("set search_path to ''")
        relations = conn.execute(
            "select c.oid, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where c.relkind = 'r' and n.nspname in ('pg_catalog', 'information_schema') order by 1"
        ).fetchall()
        for oid, schema, name in relations:
            if name in LEFT_OUT:
                continue
            columns = conn.execute(
                "select attname, t.typname, t.typcategory from pg_attribute a join pg_type t on t.oid = a.atttypid "
                "where attrelid = %s and attnum > 0 order by attnum",
                (oid,),
            ).fetchall()
            where = ""
            if name == "pg_collation":
                where = f"where {KEPT_COLLATIONS}"
            elif name == "pg_authid":
                where = "where oid < 16384"
            order = "order by t.oid" if any(c[0] == "oid" for c in columns) else "order by t.ctid"
            sql = ", ".join(column_sql(name, *c) for c in columns)
            rows = conn.execute(f"select {sql} from {schema}.{name} t {where} {order}").fetchall()
            write(out / f"{name}.bin", [[plain(v) for v in row] for row in rows])
            print(f"{name}: {len(rows)}")
        rows = conn.execute(
            "select name, setting, unit, category, context, vartype, min_val, max_val, enumvals, boot_val "
            "from pg_settings order by lower(name)"
        ).fetchall()
        write(out / "guc.bin", [[plain(v) for v in row] for row in rows])


if __name__ == "__main__":
    main()
