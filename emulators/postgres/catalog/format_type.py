"""format_type: how PostgreSQL prints a type, in error messages, in catalogs' views and in its deparser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.postgres import oids
from emulators.postgres.types import registry

if TYPE_CHECKING:
    from emulators.postgres.catalog.access import Catalog

_SPECIAL = {
    oids.BOOL: "boolean",
    oids.INT2: "smallint",
    oids.INT4: "integer",
    oids.INT8: "bigint",
    oids.FLOAT4: "real",
    oids.FLOAT8: "double precision",
    oids.NUMERIC: "numeric",
    oids.BPCHAR: "character",
    oids.VARCHAR: "character varying",
    oids.BIT: "bit",
    oids.VARBIT: "bit varying",
    oids.INTERVAL: "interval",
    oids.TIME: "time without time zone",
    oids.TIMETZ: "time with time zone",
    oids.TIMESTAMP: "timestamp without time zone",
    oids.TIMESTAMPTZ: "timestamp with time zone",
    oids.JSON: "json",
}

_RESERVED = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "between",
        "bigint",
        "binary",
        "bit",
        "boolean",
        "both",
        "case",
        "cast",
        "char",
        "character",
        "check",
        "coalesce",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "dec",
        "decimal",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "exists",
        "extract",
        "false",
        "fetch",
        "float",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "greatest",
        "group",
        "grouping",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "inout",
        "int",
        "integer",
        "intersect",
        "interval",
        "into",
        "is",
        "isnull",
        "join",
        "json",
        "json_array",
        "json_arrayagg",
        "json_exists",
        "json_object",
        "json_objectagg",
        "json_query",
        "json_scalar",
        "json_serialize",
        "json_table",
        "json_value",
        "lateral",
        "leading",
        "least",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "merge_action",
        "national",
        "natural",
        "nchar",
        "none",
        "normalize",
        "not",
        "notnull",
        "null",
        "nullif",
        "numeric",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "out",
        "outer",
        "overlaps",
        "overlay",
        "placing",
        "position",
        "precision",
        "primary",
        "real",
        "references",
        "returning",
        "right",
        "row",
        "select",
        "session_user",
        "setof",
        "similar",
        "smallint",
        "some",
        "substring",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "then",
        "time",
        "timestamp",
        "to",
        "trailing",
        "treat",
        "trim",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "values",
        "varchar",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
        "xmlattributes",
        "xmlconcat",
        "xmlelement",
        "xmlexists",
        "xmlforest",
        "xmlnamespaces",
        "xmlparse",
        "xmlpi",
        "xmlroot",
        "xmlserialize",
        "xmltable",
    ]
)

_START = frozenset("abcdefghijklmnopqrstuvwxyz_")
_REST = _START | frozenset("0123456789")


def quote_identifier(name: str) -> str:
    """A name as PostgreSQL prints it: quoted only when it must be."""
    if name and name[0] in _START and all(c in _REST for c in name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """A string literal; E'' when there is a backslash in it."""
    escaped = value.replace("'", "''")
    if "\\" in escaped:
        return "E'" + escaped.replace("\\", "\\\\") + "'"
    return f"'{escaped}'"


def format_type(catalog: Catalog, oid: int, typmod: int = -1, *, qualified: bool = False, given: bool = False) -> str:
    """The type's SQL name with its modifier; `given`: a modifier was asked about, -1 meaning none."""
    if oid == 0:
        return "-"
    row = catalog.one("pg_type", oid=oid)
    if row is None:
        return "???"
    element = catalog.element_type(oid)
    suffix = ""
    if element and row.typstorage != "p":
        row = catalog.type_row(element)
        oid = element
        suffix = "[]"
    special = _SPECIAL.get(oid)
    if special is not None:
        return _with_typmod(catalog, row, oid, special, typmod, given) + suffix
    if oid == oids.CHAR:
        return '"char"' + suffix
    name = quote_identifier(row.typname)
    if qualified or not catalog.type_visible(row):
        name = f"{quote_identifier(catalog.schema_name(row.typnamespace) or '')}.{name}"
    if typmod >= 0:
        name += _typmod_text(catalog, row, typmod)
    return name + suffix


def _with_typmod(catalog: Catalog, row: object, oid: int, name: str, typmod: int, given: bool) -> str:
    if typmod < 0:
        # With an explicit "no modifier", plain `character` and `bit` would mean length 1.
        return {oids.BPCHAR: "bpchar", oids.BIT: '"bit"'}.get(oid, name) if given else name
    text = _typmod_text(catalog, row, typmod)
    if oid in (oids.TIME, oids.TIMETZ, oids.TIMESTAMP, oids.TIMESTAMPTZ):
        word, rest = name.split(" ", 1)
        return f"{word}{text} {rest}"
    return name + text


def _typmod_text(catalog: Catalog, row: object, typmod: int) -> str:
    modout: int = row.typmodout  # type: ignore[attr-defined]
    if not modout:
        return f"({typmod})"
    text = registry.typmod_out(catalog.prosrc(modout), typmod)
    return text.replace(" without time zone", "").replace(" with time zone", "")
