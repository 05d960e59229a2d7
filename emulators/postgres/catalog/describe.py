"""How PostgreSQL names an object in messages about dependencies: `constraint c on table t`, `column a of table t`."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.catalog.format_type import quote_identifier

_KINDS = {
    "r": "table", "v": "view", "i": "index", "S": "sequence", "m": "materialized view", "c": "composite type",
    "p": "table", "t": "toast table", "f": "foreign table", "I": "index",
}  # fmt: skip


def relation_name(backend: Any, row: Any) -> str:
    """The name, qualified when it would not be found without its schema."""
    catalog = backend.catalog
    name = quote_identifier(row.relname)
    if catalog.relation_visible(row):
        return name
    return f"{quote_identifier(catalog.schema_name(row.relnamespace) or '')}.{name}"


def object_description(backend: Any, obj: tuple[int, int, int]) -> str:
    catalog = backend.catalog
    classid, oid, sub = obj
    if classid == oids.PG_CLASS:
        row = catalog.one("pg_class", oid=oid)
        if row is None:
            return f"relation {oid}"
        text = f"{_KINDS.get(row.relkind, 'relation')} {relation_name(backend, row)}"
        if sub:
            attribute = catalog.one("pg_attribute", attrelid=oid, attnum=sub)
            return f"column {quote_identifier(attribute.attname)} of {text}"
        return text
    if classid == oids.PG_CONSTRAINT:
        row = catalog.one("pg_constraint", oid=oid)
        if row is None:
            return f"constraint {oid}"
        name = quote_identifier(row.conname)
        if row.conrelid:
            return f"constraint {name} on {object_description(backend, (oids.PG_CLASS, row.conrelid, 0))}"
        return f"constraint {name}"
    if classid == oids.PG_TYPE:
        return f"type {catalog.format_type(oid)}"
    if classid == oids.PG_NAMESPACE:
        return f"schema {quote_identifier(catalog.schema_name(oid) or '')}"
    if classid == oids.PG_ATTRDEF:
        row = catalog.one("pg_attrdef", oid=oid)
        if row is None:
            return f"default value {oid}"
        return f"default value for {object_description(backend, (oids.PG_CLASS, row.adrelid, row.adnum))}"
    if classid == oids.PG_PROC:
        return f"function {function_text(backend, oid)}"
    if classid == oids.PG_REWRITE:
        row = catalog.one("pg_rewrite", oid=oid)
        return f"rule {row.rulename} on {object_description(backend, (oids.PG_CLASS, row.ev_class, 0))}"
    if classid == oids.PG_EXTENSION:
        row = catalog.one("pg_extension", oid=oid)
        return f"extension {row.extname}"
    return f"object {oid}"


def function_text(backend: Any, oid: int) -> str:
    """name(argument types), as regprocedure prints it."""
    catalog = backend.catalog
    row = catalog.one("pg_proc", oid=oid)
    if row is None:
        return str(oid)
    args = ",".join([catalog.format_type(a) for a in row.proargtypes.elements])
    name = quote_identifier(row.proname)
    if not any(r.oid == oid for r in _visible_functions(catalog, row.proname)):
        name = f"{quote_identifier(catalog.schema_name(row.pronamespace) or '')}.{name}"
    return f"{name}({args})"


def _visible_functions(catalog: Any, name: str) -> list[Any]:
    seen: set[tuple[int, ...]] = set()
    out = []
    rows = catalog.many("pg_proc", proname=name)
    for schema in catalog.search_path:
        for row in rows:
            key = tuple(row.proargtypes.elements)
            if row.pronamespace == schema and key not in seen:
                seen.add(key)
                out.append(row)
    return out
