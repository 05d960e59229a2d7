"""Names: relations by search path, range-table entries, and column references (PostgreSQL's parse_relation.c)."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.state import NamespaceItem, ParseState
from emulators.postgres.analyze.tree import Expr, RangeEntry, Var
from emulators.postgres.catalog.access import Catalog
from emulators.postgres.catalog.relations import Relation
from emulators.postgres.errors import PgError
from emulators.postgres.parse.node import Node

SYSTEM_COLUMNS: dict[str, tuple[int, int]] = {
    "ctid": (-1, oids.TID),
    "xmin": (-2, oids.XID),
    "cmin": (-3, oids.CID),
    "xmax": (-4, oids.XID),
    "cmax": (-5, oids.CID),
    "tableoid": (-6, oids.OID),
}


def find_relation_oid(
    catalog: Catalog, names: list[str], location: int | None = None, *, missing_ok: bool = False
) -> int | None:
    """OID of a possibly qualified relation name."""
    if len(names) == 3:
        if names[0] != catalog.database.name:
            raise PgError(
                "0A000", f'cross-database references are not implemented: "{".".join(names)}"', location=location
            )
        names = names[1:]
    if len(names) == 2:
        schema = temp_schema(catalog) if names[0] == "pg_temp" else catalog.schema_oid(names[0])
        if schema is None:
            if missing_ok:
                return None
            raise PgError("42P01", f'relation "{names[0]}.{names[1]}" does not exist', location=location)
        found = catalog.relid_by_name(schema, names[1])
        if found is None and not missing_ok:
            raise PgError("42P01", f'relation "{names[0]}.{names[1]}" does not exist', location=location)
        return found
    for schema in catalog.search_path:
        found = catalog.relid_by_name(schema, names[0])
        if found is not None:
            return found
    if missing_ok:
        return None
    raise PgError("42P01", f'relation "{names[0]}" does not exist', location=location)


def temp_schema(catalog: Catalog) -> int | None:
    return getattr(catalog, "temp_schema", None)


def find_relation(catalog: Catalog, names: list[str], location: int | None = None) -> Relation:
    oid = find_relation_oid(catalog, names, location)
    assert oid is not None
    return catalog.relation(oid)


def range_var_names(node: Node) -> list[str]:
    """The qualified name of a RangeVar."""
    parts = []
    if node.catalogname:
        parts.append(node.catalogname)
    if node.schemaname:
        parts.append(node.schemaname)
    parts.append(node.relname)
    return parts


def relation_entry(relation: Relation, alias: Node | None, *, inh: bool = True) -> RangeEntry:
    """A range-table entry over a relation; dropped columns keep their number under an empty name."""
    entry = RangeEntry(kind="relation", name=relation.name, relation=relation, inh=inh)
    entry.column_names = ["" if c.dropped else c.name for c in relation.columns]
    entry.columns = [(c.type, c.typmod, c.collation) for c in relation.columns]
    apply_alias(entry, alias, relation.name)
    return entry


def apply_alias(entry: RangeEntry, alias: Node | None, fallback: str | None) -> None:
    """Take over `AS name(columns)`; 42P10 when it names too many columns."""
    if alias is None:
        if fallback is not None:
            entry.name = fallback
        return
    entry.name = alias.aliasname
    entry.alias = alias.aliasname
    names = [c.sval for c in alias.colnames or ()]
    if names:
        live = [i for i, n in enumerate(entry.column_names) if n != ""]
        if len(names) > len(live):
            kind = "table"
            raise PgError(
                "42P10",
                f'{kind} "{entry.name}" has {len(live)} columns available but {len(names)} columns specified',
            )
        entry.alias_columns = names
        for index, name in zip(live, names, strict=False):
            entry.column_names[index] = name


def entry_vars(entry: RangeEntry, levels: int = 0, location: int = -1) -> list[tuple[str, Expr]]:
    """The live columns of an entry as (name, reference)."""
    out: list[tuple[str, Expr]] = []
    for attno, (name, (oid, typmod, collation)) in enumerate(zip(entry.column_names, entry.columns, strict=True), 1):
        if name == "" and entry.kind == "relation":
            continue
        out.append(
            (
                name,
                Var(
                    rte=entry, attno=attno, levels=levels, type=oid, typmod=typmod, collation=collation, name=name,
                    location=location,
                ),
            )
        )  # fmt: skip
    return out


def namespace_item(entry: RangeEntry) -> NamespaceItem:
    return NamespaceItem(entry.name, entry_vars(entry), entry)


def check_conflicts(items: list[NamespaceItem], new: list[NamespaceItem]) -> None:
    """42712 when two entries of one FROM have the same name."""
    for item in new:
        if not item.name_visible:
            continue
        for other in items:
            if not other.name_visible or other.name != item.name:
                continue
            if (
                item.entry is not None
                and other.entry is not None
                and item.entry.kind == "relation"
                and other.entry.kind == "relation"
                and item.entry.alias is None
                and other.entry.alias is None
                and item.entry.relation.oid != other.entry.relation.oid
            ):
                continue
            raise PgError("42712", f'table name "{item.name}" specified more than once')


def _shift(expr: Expr, levels: int, location: int) -> Expr:
    """A namespace column as seen from `levels` queries further in."""
    if isinstance(expr, Var):
        return Var(
            rte=expr.rte, attno=expr.attno, levels=expr.levels + levels, type=expr.type, typmod=expr.typmod,
            collation=expr.collation, name=expr.name, old_new=expr.old_new, location=location,
        )  # fmt: skip
    from emulators.postgres.analyze.tree import rewrite

    def change(node: Expr) -> Expr | None:
        return _shift(node, levels, location) if isinstance(node, Var) else None

    shifted: Expr = rewrite(expr, change)
    shifted.location = location
    return shifted


def _lateral_error(item: NamespaceItem, location: int) -> PgError:
    return PgError(
        "42P01",
        f'invalid reference to FROM-clause entry for table "{item.name}"',
        detail="The combining JOIN type must be INNER or LEFT for a LATERAL reference." if item.lateral_only else None,
        location=location,
    )


def _usable(ps: ParseState, item: NamespaceItem) -> bool:
    return not item.lateral_only or ps.lateral_active


def find_column(ps: ParseState, name: str, location: int) -> Expr | None:
    """colNameToVar: an unqualified column, innermost query first."""
    level = 0
    state: ParseState | None = ps
    while state is not None:
        found: Expr | None = None
        for item in state.namespace:
            if not item.columns_visible or not _usable(state, item):
                continue
            for column, expr in item.columns:
                if column == name:
                    if found is not None:
                        raise PgError("42702", f'column reference "{name}" is ambiguous', location=location)
                    if item.lateral_only and not item.lateral_ok:
                        raise _lateral_error(item, location)
                    found = expr
        if found is None:
            for item in state.namespace:
                if (
                    item.columns_visible
                    and item.entry is not None
                    and item.entry.kind == "relation"
                    and _usable(state, item)
                    and name in SYSTEM_COLUMNS
                    and not item.old_new
                ):
                    if found is not None:
                        raise PgError("42702", f'column reference "{name}" is ambiguous', location=location)
                    attno, oid = SYSTEM_COLUMNS[name]
                    found = Var(rte=item.entry, attno=attno, type=oid, name=name)
        if found is not None:
            return _shift(found, level, location)
        state = state.parent
        level += 1
    return None


def find_item(ps: ParseState, name: str, schema: int | None, location: int) -> tuple[NamespaceItem, int] | None:
    """refnameNamespaceItem: a table name, innermost query first."""
    level = 0
    state: ParseState | None = ps
    while state is not None:
        found: NamespaceItem | None = None
        for item in state.namespace:
            if not item.name_visible or item.name != name or not _usable(state, item):
                continue
            if schema is not None and (
                item.entry is None
                or item.entry.kind != "relation"
                or item.entry.alias is not None
                or item.entry.relation.schema != schema
            ):
                continue
            if found is not None:
                raise PgError("42P09", f'table reference "{name}" is ambiguous', location=location)
            if item.lateral_only and not item.lateral_ok:
                raise _lateral_error(item, location)
            found = item
        if found is not None:
            return found, level
        state = state.parent
        level += 1
    return None


def missing_entry(ps: ParseState, name: str, schema: str | None, location: int) -> PgError:
    """errorMissingRTE, with its hints."""
    for state, entry in _all_entries(ps):
        if entry.name == name:
            detail = hint = None
            if any(i.entry is entry and i.lateral_only for i in state.namespace) or True:
                detail = (
                    f'There is an entry for table "{name}", but it cannot be referenced from this part of the query.'
                )
            if _could_be_lateral(ps, entry):
                hint = "To reference that table, you must mark this subquery with LATERAL."
            return PgError(
                "42P01",
                f'invalid reference to FROM-clause entry for table "{name}"',
                detail=detail,
                hint=hint,
                location=location,
            )
        if entry.kind == "relation" and entry.alias is not None and entry.relation.name == name:
            return PgError(
                "42P01",
                f'invalid reference to FROM-clause entry for table "{name}"',
                hint=f'Perhaps you meant to reference the table alias "{entry.alias}".',
                location=location,
            )
    shown = f"{schema}.{name}" if schema else name
    return PgError("42P01", f'missing FROM-clause entry for table "{shown}"', location=location)


def _could_be_lateral(ps: ParseState, entry: RangeEntry) -> bool:
    state: ParseState | None = ps
    while state is not None:
        for item in state.namespace:
            if item.entry is entry and item.lateral_only and not state.lateral_active:
                return True
        state = state.parent
    return False


def _all_entries(ps: ParseState) -> list[tuple[ParseState, RangeEntry]]:
    out = []
    state: ParseState | None = ps
    while state is not None:
        out.extend([(state, e) for e in state.query.entries])
        state = state.parent
    return out


def missing_column(ps: ParseState, table: str | None, name: str, location: int) -> PgError:
    """errorMissingColumn, with the near-miss hint."""
    from emulators.postgres.analyze.fuzzy import closest_columns

    if table is not None:
        message = f"column {table}.{name} does not exist"
    else:
        message = f'column "{name}" does not exist'
    hint, detail = closest_columns(ps, table, name, _all_entries(ps))
    return PgError("42703", message, hint=hint, detail=detail, location=location)


def column_of_item(ps: ParseState, item: NamespaceItem, level: int, name: str, location: int) -> Expr | None:
    found: Expr | None = None
    for column, expr in item.columns:
        if column == name:
            if found is not None:
                raise PgError("42702", f'column reference "{name}" is ambiguous', location=location)
            found = _shift(expr, level, location)
    if found is None and item.entry is not None and item.entry.kind == "relation" and name in SYSTEM_COLUMNS:
        attno, oid = SYSTEM_COLUMNS[name]
        return Var(
            rte=item.entry, attno=attno, levels=level, type=oid, name=name, location=location, old_new=item.old_new
        )
    return found


def whole_row(ps: ParseState, item: NamespaceItem, level: int, location: int) -> Expr:
    entry = item.entry
    if entry is None:
        from emulators.postgres.analyze.tree import RowExpr

        return RowExpr(
            args=[_shift(e, level, location) for _, e in item.columns],
            names=[n for n, _ in item.columns],
            location=location,
        )
    oid = oids.RECORD
    if entry.kind == "relation" and entry.relation.reltype:
        oid = entry.relation.reltype
    elif entry.kind == "function" and len(entry.functions) == 1 and not entry.ordinality:
        function = entry.functions[0]
        if not function.composite:
            # The whole row of a scalar function's entry is its value.
            column = entry.columns[0]
            return Var(
                rte=entry, attno=1, levels=level, type=column[0], typmod=column[1], name=entry.name, location=location
            )
        if not function.defined and function.expr.type != oids.RECORD:
            oid = function.expr.type
    elif entry.view is not None:
        oid = entry.view.reltype
    return Var(rte=entry, attno=0, levels=level, type=oid, name=entry.name, location=location, old_new=item.old_new)


def column_reference(ps: ParseState, node: Node) -> Expr:
    """transformColumnRef."""
    fields = node.fields
    location = node.location
    if fields[-1].kind == "A_Star":
        raise PgError("42601", 'row expansion via "*" is not supported here', location=location)
    names = [f.sval for f in fields]
    if ps.column_hook is not None:
        found = ps.column_hook(ps, names, node, True)
        if found is not None:
            return found  # type: ignore[no-any-return]
    if len(names) == 1:
        name = names[0]
        column = find_column(ps, name, location)
        if column is not None:
            return column
        if ps.domain_value is not None and name == "value":
            return ps.domain_value
        item = find_item(ps, name, None, location)
        if item is not None:
            return whole_row(ps, item[0], item[1], location)
        if ps.column_hook is not None:
            found = ps.column_hook(ps, names, node, False)
            if found is not None:
                return found  # type: ignore[no-any-return]
        raise missing_column(ps, None, name, location)
    schema: int | None = None
    schema_name: str | None = None
    if len(names) == 2:
        table, name = names
    elif len(names) == 3:
        schema_name, table, name = names
        schema = ps.catalog.schema_oid(schema_name)
    elif len(names) == 4:
        if names[0] != ps.catalog.database.name:
            raise PgError(
                "0A000", f"cross-database references are not implemented: {'.'.join(names)}", location=location
            )
        _, schema_name, table, name = names
        schema = ps.catalog.schema_oid(schema_name)
    else:
        raise PgError("42601", f"improper qualified name (too many dotted names): {'.'.join(names)}", location=location)
    item = None if schema_name is not None and schema is None else find_item(ps, table, schema, location)
    if item is None:
        if ps.column_hook is not None:
            found = ps.column_hook(ps, names, node, False)
            if found is not None:
                return found  # type: ignore[no-any-return]
        raise missing_entry(ps, table, schema_name, location)
    column = column_of_item(ps, item[0], item[1], name, location)
    if column is not None:
        return column
    row = whole_row(ps, item[0], item[1], location)
    from emulators.postgres.analyze.functions import Resolved, get_function, prepare_arguments
    from emulators.postgres.analyze.tree import FuncExpr

    if row.type != oids.RECORD:
        function = get_function(ps, [name], [row], [row.type], [], expand=True, location=location)
        if isinstance(function, Resolved) and function.kind == "f":
            args, result, variadic = prepare_arguments(ps, function, [row], location)
            return FuncExpr(func=function.row, args=args, type=result, variadic=variadic, location=location)
    raise missing_column(ps, table, name, location)


def find_star_entry(ps: ParseState, names: list[str], location: int) -> tuple[NamespaceItem, int]:
    """The entry that `name.*` means."""
    schema: int | None = None
    schema_name = None
    if len(names) >= 2:
        schema_name = names[-2]
        schema = ps.catalog.schema_oid(schema_name)
        if schema is None:
            raise missing_entry(ps, names[-1], schema_name, location)
    item = find_item(ps, names[-1], schema, location)
    if item is None:
        raise missing_entry(ps, names[-1], schema_name, location)
    return item


def star_columns(ps: ParseState, item: NamespaceItem, level: int, location: int) -> list[tuple[str, Expr]]:
    return [(name, _shift(expr, level, location)) for name, expr in item.columns]


def is_relation_kind(relation: Any, kinds: str) -> bool:
    return relation.kind in kinds
