"""Target lists: select lists with stars and column names, and the assignments of INSERT and UPDATE (parse_target.c)."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import ASSIGNMENT, coerce_to_target, coerce_type, exposed_location
from emulators.postgres.analyze.relations import entry_vars, find_star_entry, star_columns
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import (
    Const,
    Default,
    Expr,
    FieldSelect,
    FieldStore,
    RangeEntry,
    Subscript,
    Target,
    Var,
)
from emulators.postgres.errors import PgError
from emulators.postgres.parse.node import Node


def target_list(ps: ParseState, nodes: list[Node], clause: str = "select") -> list[Target]:
    """A select or RETURNING list, stars expanded."""
    from emulators.postgres.analyze.expressions import transform

    saved = ps.clause
    ps.clause = clause
    out: list[Target] = []
    for node in nodes:
        value = node.val
        name = node.name
        if isinstance(value, Node):
            if value.kind == "ColumnRef" and value.fields[-1].kind == "A_Star":
                out.extend(_expand_star(ps, value))
                continue
            if value.kind == "A_Indirection" and value.indirection[-1].kind == "A_Star":
                out.extend(_expand_row_star(ps, value))
                continue
        expr = transform(ps, value)
        out.append(make_target(expr, name or column_name(value)))
    ps.clause = saved
    return out


def make_target(expr: Expr, name: str, junk: bool = False) -> Target:
    target = Target(expr=expr, name=name, junk=junk)
    table, column = origin(expr)
    target.orig_table, target.orig_column = table, column
    return target


def origin(expr: Expr) -> tuple[int, int]:
    """Table OID and column number that a result column comes from, for RowDescription."""
    if not isinstance(expr, Var):
        return 0, 0
    entry = expr.rte
    if entry.view is not None:
        return entry.view.oid, expr.attno
    if entry.kind == "relation":
        return entry.relation.oid, expr.attno
    if entry.kind == "subquery" and entry.query is not None and expr.attno > 0:
        targets = entry.query.outputs
        if expr.attno <= len(targets):
            return targets[expr.attno - 1].orig_table, targets[expr.attno - 1].orig_column
    if entry.kind == "cte" and entry.cte.query is not None and not entry.self_reference and expr.attno > 0:
        targets = entry.cte.query.outputs
        if expr.attno <= len(targets):
            return targets[expr.attno - 1].orig_table, targets[expr.attno - 1].orig_column
    return 0, 0


def _expand_star(ps: ParseState, node: Node) -> list[Target]:
    fields = node.fields
    location = node.location
    if len(fields) == 1:
        out: list[Target] = []
        visible = [i for i in ps.namespace if i.columns_visible]
        for item in visible:
            if item.lateral_only:
                continue
            out.extend(make_target(expr, name) for name, expr in star_columns(ps, item, 0, location))
        if not visible and not ps.namespace:
            raise PgError("42601", "SELECT * with no tables specified is not valid", location=location)
        return out
    names = [f.sval for f in fields[:-1]]
    if ps.column_hook is not None:
        found = ps.column_hook(ps, names, node, True)
        if found is not None:
            return _expand_expression(ps, found, location)
    item, level = find_star_entry(ps, names, location)
    return [make_target(expr, name) for name, expr in star_columns(ps, item, level, location)]


def _expand_row_star(ps: ParseState, node: Node) -> list[Target]:
    from emulators.postgres.analyze.expressions import transform

    inner = node.with_fields(indirection=node.indirection[:-1])
    value = transform(ps, inner.arg) if not inner.indirection else transform(ps, inner)
    return _expand_expression(ps, value, node.location)


def _expand_expression(ps: ParseState, value: Expr, location: int) -> list[Target]:
    from emulators.postgres.analyze.expressions import record_fields

    catalog = ps.catalog
    if isinstance(value, Var) and value.attno == 0:
        return [make_target(expr, name) for name, expr in entry_vars(value.rte, value.levels, location)]
    if value.type != oids.RECORD:
        base = catalog.base_type(value.type)
        row = catalog.type_row(base)
        if row.typtype != "c":
            raise PgError("42809", f"type {catalog.format_type(value.type)} is not composite", location=location)
        columns = [(c.name, c.type, c.typmod) for c in catalog.relation(row.typrelid).live]
    else:
        found = record_fields(ps, value)
        if found is None:
            raise PgError("42804", "record type has not been registered", location=location)
        columns = found
    return [
        make_target(FieldSelect(arg=value, index=i, name=n, type=t, typmod=m, location=location), n)
        for i, (n, t, m) in enumerate(columns)
    ]


def expand_expressions(ps: ParseState, nodes: list[Any]) -> list[Expr]:
    """An expression list where `x.*` spreads out: ROW(...), VALUES."""
    from emulators.postgres.analyze.expressions import transform

    out: list[Expr] = []
    for node in nodes:
        if isinstance(node, Node) and node.kind == "ColumnRef" and node.fields[-1].kind == "A_Star":
            out.extend(t.expr for t in _expand_star(ps, node))
        elif isinstance(node, Node) and node.kind == "A_Indirection" and node.indirection[-1].kind == "A_Star":
            out.extend(t.expr for t in _expand_row_star(ps, node))
        elif isinstance(node, Node) and node.kind == "SetToDefault":
            _ = node.typeId
            out.append(Default(type=oids.UNKNOWN, location=node.location))
        else:
            out.append(transform(ps, node))
    return out


def resolve_unknown_targets(ps: ParseState, targets: list[Target]) -> None:
    """A select list's unknown literals become text."""
    for target in targets:
        if target.expr.type == oids.UNKNOWN:
            target.expr = coerce_type(ps, target.expr, oids.UNKNOWN, oids.TEXT, -1, 0, "implicit")


# -- column names --------------------------------------------------------------------------------------------

_SQL_VALUE_NAMES = {
    "SVFOP_CURRENT_DATE": "current_date", "SVFOP_CURRENT_TIME": "current_time", "SVFOP_CURRENT_TIME_N": "current_time",
    "SVFOP_CURRENT_TIMESTAMP": "current_timestamp", "SVFOP_CURRENT_TIMESTAMP_N": "current_timestamp",
    "SVFOP_LOCALTIME": "localtime", "SVFOP_LOCALTIME_N": "localtime", "SVFOP_LOCALTIMESTAMP": "localtimestamp",
    "SVFOP_LOCALTIMESTAMP_N": "localtimestamp", "SVFOP_CURRENT_ROLE": "current_role",
    "SVFOP_CURRENT_USER": "current_user", "SVFOP_USER": "user", "SVFOP_SESSION_USER": "session_user",
    "SVFOP_CURRENT_CATALOG": "current_catalog", "SVFOP_CURRENT_SCHEMA": "current_schema",
}  # fmt: skip

_JSON_NAMES = {
    "JsonParseExpr": "json", "JsonScalarExpr": "json_scalar", "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object", "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array", "JsonObjectAgg": "json_objectagg", "JsonArrayAgg": "json_arrayagg",
    "MergeSupportFunc": "merge_action",
}  # fmt: skip


def column_name(node: Any) -> str:
    """FigureColname: the name of an output column that was given none."""
    return _figure(node)[0] or "?column?"


def _figure(node: Any) -> tuple[str | None, int]:
    if not isinstance(node, Node):
        return None, 0
    kind = node.kind
    fields = node._fields
    if kind == "ColumnRef":
        names = [f._fields["sval"] for f in fields["fields"] if f.kind == "String"]
        return (names[-1], 2) if names else (None, 0)
    if kind == "A_Indirection":
        names = [i._fields["sval"] for i in fields["indirection"] if i.kind == "String"]
        if names:
            return names[-1], 2
        return _figure(fields["arg"])
    if kind == "FuncCall":
        return fields["funcname"][-1]._fields["sval"], 2
    if kind == "A_Expr":
        return ("nullif", 2) if fields.get("kind") == "AEXPR_NULLIF" else (None, 0)
    if kind == "TypeCast":
        name, strength = _figure(fields["arg"])
        if strength <= 1 and fields.get("typeName") is not None:
            names = fields["typeName"]._fields.get("names")
            if names:
                return names[-1]._fields["sval"], 1
        return name, strength
    if kind == "CollateClause":
        return _figure(fields["arg"])
    if kind == "GroupingFunc":
        return "grouping", 2
    if kind == "SubLink":
        link = fields["subLinkType"]
        if link == "EXISTS_SUBLINK":
            return "exists", 2
        if link == "ARRAY_SUBLINK":
            return "array", 2
        if link == "EXPR_SUBLINK":
            statement = fields["subselect"]
            while "targetList" not in statement._fields and "larg" in statement._fields:
                statement = statement._fields["larg"]
            targets = statement._fields.get("targetList")
            if targets:
                if targets[0]._fields.get("name"):
                    return targets[0]._fields["name"], 2
                return _figure(targets[0]._fields["val"])
            return None, 0
        return None, 0
    if kind == "CaseExpr":
        name, strength = _figure(fields.get("defresult"))
        return ("case", 1) if strength <= 1 else (name, strength)
    if kind == "A_ArrayExpr":
        return "array", 2
    if kind == "RowExpr":
        return "row", 2
    if kind == "CoalesceExpr":
        return "coalesce", 2
    if kind == "MinMaxExpr":
        return ("greatest" if fields["op"] == "IS_GREATEST" else "least"), 2
    if kind == "SQLValueFunction":
        return _SQL_VALUE_NAMES[fields["op"]], 2
    if kind == "XmlExpr":
        return {
            "IS_XMLCONCAT": "xmlconcat", "IS_XMLELEMENT": "xmlelement", "IS_XMLFOREST": "xmlforest",
            "IS_XMLPARSE": "xmlparse", "IS_XMLPI": "xmlpi", "IS_XMLROOT": "xmlroot",
        }.get(fields["op"]), 2  # fmt: skip
    if kind == "XmlSerialize":
        return "xmlserialize", 2
    if kind == "JsonFuncExpr":
        return {"JSON_EXISTS_OP": "json_exists", "JSON_QUERY_OP": "json_query", "JSON_VALUE_OP": "json_value"}[
            fields["op"]
        ], 2
    if kind in _JSON_NAMES:
        return _JSON_NAMES[kind], 2
    return None, 0


# -- assignments ---------------------------------------------------------------------------------------------


def assign(
    ps: ParseState, entry: RangeEntry, column: Any, expr: Expr, indirection: list[Node], location: int, *, insert: bool
) -> Expr:
    """transformAssignedExpr: an expression coerced to the column (or to the part of it) that it is assigned to."""
    catalog = ps.catalog
    if isinstance(expr, Default):
        expr.type, expr.typmod = column.type, column.typmod
        if indirection:
            if indirection[0].kind == "A_Indices":
                raise PgError("0A000", "cannot set an array element to DEFAULT", location=location)
            raise PgError("0A000", "cannot set a subfield to DEFAULT", location=location)
        return expr
    if indirection:
        current: Expr
        if insert:
            current = Const(value=None, type=column.type, typmod=column.typmod, location=location)
        else:
            current = Var(
                rte=entry, attno=column.num, type=column.type, typmod=column.typmod, name=column.name, location=location
            )
        return _assign_part(ps, current, column.name, column.type, column.typmod, indirection, expr, location)
    coerced = coerce_to_target(ps, expr, expr.type, column.type, column.typmod, ASSIGNMENT, "implicit")
    if coerced is None:
        raise PgError(
            "42804",
            f'column "{column.name}" is of type {catalog.format_type(column.type)} '
            f"but expression is of type {catalog.format_type(expr.type)}",
            hint="You will need to rewrite or cast the expression.",
            location=exposed_location(expr),
        )
    return coerced


def _assign_part(
    ps: ParseState, base: Expr, name: str, oid: int, typmod: int, steps: list[Node], value: Expr, location: int
) -> Expr:
    from emulators.postgres.analyze.expressions import subscript

    catalog = ps.catalog
    if not steps:
        coerced = coerce_to_target(ps, value, value.type, oid, typmod, ASSIGNMENT, "implicit")
        if coerced is None:
            raise PgError(
                "42804",
                f'subfield "{name}" is of type {catalog.format_type(oid)} '
                f"but expression is of type {catalog.format_type(value.type)}",
                hint="You will need to rewrite or cast the expression.",
                location=location,
            )
        return coerced
    step = steps[0]
    if step.kind == "A_Indices":
        indices = [step]
        rest = steps[1:]
        while rest and rest[0].kind == "A_Indices":
            indices.append(rest[0])
            rest = rest[1:]
        reference = subscript(ps, base, indices)
        assert isinstance(reference, Subscript)
        if reference.container == oids.JSONB:
            inner = coerce_to_target(ps, value, value.type, oids.JSONB, -1, ASSIGNMENT, "implicit")
        elif rest:
            inner = _assign_part(ps, reference, name, reference.elemtype, reference.typmod, rest, value, location)
        else:
            wanted = reference.container if reference.lower is not None else reference.elemtype
            inner = coerce_to_target(ps, value, value.type, wanted, reference.typmod, ASSIGNMENT, "implicit")
        if inner is None:
            wanted = reference.container if reference.lower is not None else reference.elemtype
            raise PgError(
                "42804",
                f'subscripted assignment to "{name}" requires type {catalog.format_type(wanted)} '
                f"but expression is of type {catalog.format_type(value.type)}",
                hint="You will need to rewrite or cast the expression.",
                location=location,
            )
        reference.assign = inner
        reference.type = reference.container
        if reference.type != oid:
            from emulators.postgres.analyze.coerce import coerce_to_domain

            return coerce_to_domain(
                ps, reference, reference.type, -1, oid, ASSIGNMENT, "implicit", location, hide=False
            )
        return reference
    field = step.sval
    base_type, base_typmod = catalog.base_type_and_mod(oid, typmod)
    row = catalog.type_row(base_type)
    if row.typtype != "c":
        raise PgError(
            "42804",
            f'cannot assign to field "{field}" of column "{name}" because its type '
            f"{catalog.format_type(oid)} is not a composite type",
            location=location,
        )
    relation = catalog.relation(row.typrelid)
    for index, column in enumerate(relation.live):
        if column.name == field:
            reference2 = FieldSelect(arg=base, index=index, name=field, type=column.type, typmod=column.typmod)
            inner = _assign_part(ps, reference2, field, column.type, column.typmod, steps[1:], value, location)
            store: Expr = FieldStore(
                arg=base, fields=[(index, inner)], width=len(relation.live), type=base_type, location=location
            )
            if base_type != oid:
                from emulators.postgres.analyze.coerce import coerce_to_domain

                store = coerce_to_domain(
                    ps, store, base_type, base_typmod, oid, ASSIGNMENT, "implicit", location, hide=False
                )
            return store
    raise PgError(
        "42703",
        f'cannot assign to field "{field}" of column "{name}" because there is no such column in data type '
        f"{catalog.format_type(oid)}",
        location=location,
    )
