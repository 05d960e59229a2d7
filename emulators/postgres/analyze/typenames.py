"""Type names in SQL to type OIDs and typmods (PostgreSQL's parse_type.c)."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.catalog.access import Catalog
from emulators.postgres.errors import PgError, undefined_schema, unsupported
from emulators.postgres.parse.node import Node, name_of
from emulators.postgres.types import registry


def type_name_text(catalog: Catalog, node: Node) -> str:
    """How an unknown type is named in messages."""
    names = name_of(node.names or [])
    text = ".".join(names)
    if node.arrayBounds:
        text += "[]"
    return text


def lookup_type(catalog: Catalog, names: list[str], location: int = -1, *, missing_ok: bool = False) -> Any:
    """The pg_type row of a possibly qualified name (without array bounds), or None."""
    if len(names) > 1:
        if len(names) == 3 and names[0] != catalog.database.name:
            raise PgError(
                "0A000",
                f"cross-database references are not implemented: {'.'.join(names)}",
                location=location,
            )
        schema = catalog.schema_oid(names[-2])
        if schema is None:
            if missing_ok:
                return None
            raise undefined_schema(names[-2], location)
        return catalog.type_by_name(schema, names[-1])
    for schema in catalog.search_path:
        row = catalog.type_by_name(schema, names[0])
        if row is not None:
            return row
    return None


def resolve_type(catalog: Catalog, node: Node, *, allow_setof: bool = False, shell_ok: bool = False) -> tuple[int, int]:
    """(type OID, typmod) of a TypeName node."""
    if node.setof and not allow_setof:
        raise (
            PgError("42601", "type modifier SETOF is not allowed here", location=node.location)
            if False
            else unsupported("SETOF here", node.location)
        )
    if node.pct_type:
        return _percent_type(catalog, node)
    if not node.names:
        row = catalog.one("pg_type", oid=node.typeOid)
    else:
        row = lookup_type(catalog, name_of(node.names), node.location)
    if row is None:
        raise PgError("42704", f'type "{type_name_text(catalog, node)}" does not exist', location=node.location)
    if not row.typisdefined and not shell_ok:
        raise PgError("42704", f'type "{type_name_text(catalog, node)}" is only a shell', location=node.location)
    typmod = type_modifier(catalog, row, node)
    oid = row.oid
    if node.arrayBounds:
        array = row.typarray
        if not array and not catalog.element_type(oid):
            raise PgError(
                "42704", f"could not find array type for data type {catalog.format_type(oid)}", location=node.location
            )
        oid = array or oid
    return oid, typmod


def type_modifier(catalog: Catalog, row: Any, node: Node) -> int:
    given = node.typmods
    if not given:
        return -1
    if not row.typmodin:
        raise PgError(
            "42601",
            f'type modifier is not allowed for type "{type_name_text(catalog, node)}"',
            location=node.location,
        )
    values: list[str] = []
    for item in given:
        if item.kind == "A_Const":
            if item.ival is not None:
                values.append(str(item.ival.ival or 0))
            elif item.fval is not None:
                values.append(item.fval.fval)
            elif item.sval is not None:
                values.append(item.sval.sval)
            else:
                raise PgError("42601", "type modifiers must be simple constants or identifiers", location=node.location)
        elif item.kind == "ColumnRef" and len(item.fields) == 1 and item.fields[0].kind == "String":
            values.append(item.fields[0].sval)
        else:
            raise PgError("42601", "type modifiers must be simple constants or identifiers", location=node.location)
    try:
        return registry.typmod_in(catalog.prosrc(row.typmodin), values)
    except PgError as error:
        raise error.at(node.location) from None


def _percent_type(catalog: Catalog, node: Node) -> tuple[int, int]:
    from emulators.postgres.analyze.relations import find_relation

    names = name_of(node.names)
    relation = find_relation(catalog, names[:-1], node.location)
    column = relation.column(names[-1])
    if column is None:
        raise PgError(
            "42703",
            f'column "{names[-1]}" of relation "{relation.name}" does not exist',
            location=node.location,
        )
    return column.type, column.typmod


def parse_type_text(catalog: Catalog, text: str) -> tuple[int, int]:
    """A type written as text: regtype input, to_regtype, casts in configuration."""
    from emulators.postgres.parse.parser import MODE_TYPE_NAME, parse

    try:
        node: Any = parse(text, MODE_TYPE_NAME)[0].node
        while isinstance(node, list):
            node = node[0]
        return resolve_type(catalog, node, allow_setof=True)
    except PgError as error:
        error.position = error.location = None
        if error.sqlstate == "42601":
            error.where = f'invalid type name "{text}"'
        raise


def lookup_typename(catalog: Catalog, node: Node) -> Any:
    """The row of a TypeName, or None if the type does not exist (DROP TYPE IF EXISTS, and the like)."""
    row = lookup_type(catalog, name_of(node.names), node.location, missing_ok=True)
    if row is not None and node.arrayBounds:
        return catalog.one("pg_type", oid=row.typarray)
    return row


def collation_oid(catalog: Catalog, names: list[str], location: int = -1) -> int:
    """OID of a collation; 42704 when it does not exist."""
    schemas = catalog.search_path if len(names) == 1 else (catalog.schema_oid(names[-2]),)
    for schema in schemas:
        for row in catalog.many("pg_collation", collname=names[-1]):
            if row.collnamespace == schema:
                return int(row.oid)
    if len(names) > 1 and schemas[0] is None:
        raise undefined_schema(names[-2], location)
    raise PgError("42704", f'collation "{".".join(names)}" for encoding "UTF8" does not exist', location=location)


__all__ = ["collation_oid", "lookup_type", "lookup_typename", "oids", "parse_type_text", "resolve_type"]
