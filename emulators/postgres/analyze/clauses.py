"""FROM, GROUP BY, ORDER BY, DISTINCT, LIMIT (PostgreSQL's parse_clause.c)."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import (
    IMPLICIT,
    coerce_to_boolean,
    coerce_to_common,
    coerce_to_specific,
    coerce_type,
    exposed_location,
    select_common_type,
)
from emulators.postgres.analyze.functions import binary_operator, equality_operator, make_operator, ordering_operator
from emulators.postgres.analyze.relations import (
    apply_alias,
    check_conflicts,
    entry_vars,
    find_relation_oid,
    namespace_item,
    range_var_names,
    relation_entry,
)
from emulators.postgres.analyze.state import NamespaceItem, ParseState
from emulators.postgres.analyze.tree import (
    BoolExpr,
    Coalesce,
    Const,
    Expr,
    Join,
    RangeEntry,
    RangeFunction,
    SortItem,
    Target,
    Var,
    equal,
    walk,
)
from emulators.postgres.analyze.typenames import resolve_type
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import Node, name_of

# -- FROM ----------------------------------------------------------------------------------------------------


def transform_from(ps: ParseState, nodes: list[Node]) -> None:
    """FROM items from left to right; LATERAL ones see those before them."""
    for node in nodes:
        item, namespace = from_item(ps, node)
        check_conflicts(ps.namespace, namespace)
        for entry in namespace:
            entry.lateral_only = True
            entry.lateral_ok = True
        ps.namespace.extend(namespace)
        ps.query.from_items.append(item)
    for entry in ps.namespace:
        entry.lateral_only = False
        entry.lateral_ok = True


def from_item(ps: ParseState, node: Node) -> tuple[Any, list[NamespaceItem]]:
    kind = node.kind
    if kind == "RangeVar":
        entry = range_var(ps, node)
        return entry, [namespace_item(entry)]
    if kind == "RangeSubselect":
        entry = _subselect(ps, node)
        item = namespace_item(entry)
        if entry.alias is None:
            item.name_visible = False
        return entry, [item]
    if kind == "RangeFunction":
        entry = _function(ps, node)
        return entry, [namespace_item(entry)]
    if kind == "JoinExpr":
        return _join(ps, node)
    raise unsupported(f"{kind} in FROM", node.location)


def range_var(ps: ParseState, node: Node) -> RangeEntry:
    """A table, view, sequence or WITH query by name."""
    names = range_var_names(node)
    alias = node.alias
    if len(names) == 1:
        entry = cte_reference(ps, names[0], alias, node.location)
        if entry is not None:
            return entry
    oid = find_relation_oid(ps.catalog, names, node.location, missing_ok=True)
    if oid is None:
        shown = ".".join(names)
        detail = hint = None
        if len(names) == 1 and any(c.name == names[0] for c in _future_ctes(ps)):
            detail = (
                f'There is a WITH item named "{names[0]}", but it cannot be referenced from this part of the query.'
            )
            hint = "Use WITH RECURSIVE, or re-order the WITH items to remove forward references."
        raise PgError("42P01", f'relation "{shown}" does not exist', detail=detail, hint=hint, location=node.location)
    relation = ps.catalog.relation(oid)
    if relation.kind in "iI":
        raise PgError(
            "42809",
            f'cannot open relation "{relation.name}"',
            detail="This operation is not supported for indexes.",
            location=node.location,
        )
    if relation.kind == "c":
        raise PgError(
            "42809",
            f'cannot open relation "{relation.name}"',
            detail="This operation is not supported for composite types.",
            location=node.location,
        )
    entry = relation_entry(relation, alias, inh=bool(node._fields.get("inh")))
    entry.privileges = "r"
    if relation.kind == "v":
        from emulators.postgres.views import view_query

        entry.kind = "subquery"
        entry.view = relation
        entry.query = view_query(ps.catalog, ps.context, relation.oid)
    ps.query.entries.append(entry)
    return entry


def _future_ctes(ps: ParseState) -> list[Any]:
    out: list[Any] = []
    state: ParseState | None = ps
    while state is not None:
        out.extend(getattr(state, "future_ctes", ()))
        state = state.parent
    return out


def cte_reference(ps: ParseState, name: str, alias: Node | None, location: int) -> RangeEntry | None:
    for cte in reversed(ps.ctes):
        if cte.name != name:
            continue
        cte.references += 1
        owner = ps.cte_levels.get(id(cte))
        if owner is None:
            return None
        level = 0
        state: ParseState | None = ps
        while state is not None and state is not owner:
            state = state.parent
            level += 1
        entry = RangeEntry(kind="cte", name=name, cte=cte, cte_levels=level)
        entry.self_reference = cte.query is None
        if cte.query is not None and cte.query.command != "select" and not cte.query.returning:
            raise PgError("0A000", f'WITH query "{name}" does not have a RETURNING clause', location=location)
        entry.column_names = list(cte.column_names)
        entry.columns = list(cte.columns)
        apply_alias(entry, alias, name)
        ps.query.entries.append(entry)
        return entry
    return None


def _subselect(ps: ParseState, node: Node) -> RangeEntry:
    from emulators.postgres.analyze.select import analyze_subquery

    lateral = bool(node.lateral)
    ps.lateral_active = lateral
    saved = ps.clause
    ps.clause = "from subselect"
    query = analyze_subquery(ps, node.subquery, clause="from", resolve_unknowns=True)
    ps.clause = saved
    ps.lateral_active = False
    alias = node.alias
    entry = subquery_entry(query, alias)
    entry.lateral = lateral
    ps.query.entries.append(entry)
    return entry


def subquery_entry(query: Any, alias: Node | None, name: str = "unnamed_subquery") -> RangeEntry:
    entry = RangeEntry(kind="subquery", name=name, query=query)
    entry.column_names = [t.name for t in query.outputs]
    entry.columns = [(t.expr.type, t.expr.typmod, t.expr.collation) for t in query.outputs]
    apply_alias(entry, alias, name)
    return entry


def _function(ps: ParseState, node: Node) -> RangeEntry:
    from emulators.postgres.analyze.expressions import record_fields, transform_in

    ps.lateral_active = True
    entry = RangeEntry(kind="function", name="")
    entry.ordinality = bool(node.ordinality)
    entry.lateral = bool(node.lateral)
    rows_from = bool(node.is_rowsfrom)
    functions = node.functions
    alias = node.alias
    coldefs = node.coldeflist
    multiple = len(functions) > 1
    pieces: list[tuple[Any, Any]] = []
    for item in functions:
        call, item_defs = item[0], item[1] if len(item) > 1 else None
        # unnest(a, b) in FROM is one unnest an argument.
        if (
            call.kind == "FuncCall"
            and name_of(call.funcname) in (["unnest"], ["pg_catalog", "unnest"])
            and len(call.args or ()) > 1
            and not call.agg_order
            and call.over is None
        ):
            for arg in call.args:
                pieces.append((call.with_fields(args=[arg], funcname=call.funcname), None))
            multiple = True
            continue
        pieces.append((call, item_defs if isinstance(item_defs, list) and item_defs else None))
    first_name: str | None = None
    for call, item_defs in pieces:
        defs = item_defs or (coldefs if not multiple else None)
        expr = transform_in(ps, call, "from function")
        from emulators.postgres.analyze.targets import column_name

        fname = column_name(call)
        if first_name is None:
            first_name = fname
        function = RangeFunction(expr=expr)
        base = ps.catalog.base_type(expr.type) if expr.type not in (oids.UNKNOWN, 0) else expr.type
        fields = record_fields(ps, expr) if expr.type == oids.RECORD else None
        if defs:
            if expr.type != oids.RECORD:
                raise PgError(
                    "42601",
                    'a column definition list is only allowed for functions returning "record"',
                    location=exposed_location(expr),
                )
            if fields is not None:
                raise PgError(
                    "42601",
                    "a column definition list is redundant for a function with OUT parameters",
                    location=exposed_location(expr),
                )
            function.column_names, function.column_types = [], []
            for d in defs:
                oid, typmod = resolve_type(ps.catalog, d.typeName)
                _ = d.is_local, d.collClause
                function.column_names.append(d.colname)
                function.column_types.append((oid, typmod, 0))
            function.composite = True
            function.defined = True
        elif fields is not None:
            function.column_names = [f[0] for f in fields]
            function.column_types = [(f[1], f[2], 0) for f in fields]
            function.composite = True
            function.defined = True
        elif expr.type == oids.RECORD:
            raise PgError(
                "42601",
                'a column definition list is required for functions returning "record"',
                location=exposed_location(expr),
            )
        elif ps.catalog.type_row(base).typtype == "c":
            relation = ps.catalog.relation(ps.catalog.type_row(base).typrelid)
            function.column_names = [c.name for c in relation.live]
            function.column_types = [(c.type, c.typmod, c.collation) for c in relation.live]
            function.composite = True
        else:
            scalar_name = fname
            modes = getattr(expr, "func", None)
            if modes is not None and modes.proargmodes is not None and modes.proargnames is not None:
                outs = [
                    n
                    for n, m in zip(modes.proargnames.elements, modes.proargmodes.elements, strict=False)
                    if m in "obt"
                ]
                if len(outs) == 1 and outs[0]:
                    scalar_name = outs[0]
            if alias is not None and not multiple:
                scalar_name = alias.aliasname if scalar_name == fname else scalar_name
                if not (modes is not None and modes.proargmodes is not None):
                    scalar_name = alias.aliasname
            function.column_names = [scalar_name]
            function.column_types = [(expr.type, expr.typmod, 0)]
        entry.functions.append(function)
        entry.column_names.extend(function.column_names)
        entry.columns.extend(function.column_types)
    if entry.ordinality:
        entry.column_names.append("ordinality")
        entry.columns.append((oids.INT8, -1, 0))
    _ = rows_from
    apply_alias(entry, alias, first_name or "")
    ps.lateral_active = False
    ps.query.entries.append(entry)
    return entry


def _join(ps: ParseState, node: Node) -> tuple[Any, list[NamespaceItem]]:
    kind = {"JOIN_INNER": "inner", "JOIN_LEFT": "left", "JOIN_RIGHT": "right", "JOIN_FULL": "full"}[node.jointype]
    left, left_names = from_item(ps, node.larg)
    # The right side may refer laterally to the left one.
    lateral_ok = kind in ("inner", "left")
    for item in left_names:
        item.lateral_only = True
        item.lateral_ok = lateral_ok
    check_conflicts(ps.namespace, left_names)
    saved = ps.namespace
    ps.namespace = saved + left_names
    right, right_names = from_item(ps, node.rarg)
    ps.namespace = saved
    check_conflicts(left_names, right_names)
    for item in left_names:
        item.lateral_only = False
        item.lateral_ok = True
    if kind in ("left", "full"):
        _mark_nullable(right)
    if kind in ("right", "full"):
        _mark_nullable(left)
    join = Join(kind=kind, left=left, right=right)
    left_columns = [c for i in left_names if i.columns_visible for c in i.columns]
    right_columns = [c for i in right_names if i.columns_visible for c in i.columns]
    using: list[str] = []
    if node.isNatural:
        join.natural = True
        right_set = [n for n, _ in right_columns]
        using = [n for n, _ in left_columns if n in right_set]
    elif node.usingClause:
        using = [s.sval for s in node.usingClause]
    merged: list[tuple[str, Expr]] = []
    quals: list[Expr] = []
    if using:
        seen: set[str] = set()
        for name in using:
            if name in seen:
                raise PgError("42701", f'column name "{name}" appears more than once in USING clause')
            seen.add(name)
            a = _using_column(left_columns, name, "left")
            b = _using_column(right_columns, name, "right")
            quals.append(make_operator(ps, ["="], a, b, -1))
            merged.append((name, _merged_column(ps, kind, a, b)))
        join.using = using
    alias = node.alias
    using_alias = node.join_using_alias
    namespace: list[NamespaceItem]
    columns = merged + [c for c in left_columns if c[0] not in using] + [c for c in right_columns if c[0] not in using]
    join.quals = None
    if quals:
        join.quals = quals[0] if len(quals) == 1 else BoolExpr(op="and", args=quals)
    elif node.quals is not None:
        saved = ps.namespace
        ps.namespace = (
            left_names + right_names
            if not any(i.lateral_only for i in saved)
            else (left_names + right_names + [i for i in saved if i.lateral_only])
        )
        from emulators.postgres.analyze.expressions import transform_in

        join.quals = coerce_to_boolean(ps, transform_in(ps, node.quals, "join on"), "JOIN/ON")
        ps.namespace = saved
    if using or alias is not None:
        names = [c[0] for c in columns]
        if alias is not None:
            join.alias = alias.aliasname
            given = [c.sval for c in alias.colnames or ()]
            if len(given) > len(names):
                raise PgError(
                    "42P10",
                    f'join expression "{join.alias}" has {len(names)} columns available '
                    f"but {len(given)} columns specified",
                )
            join.alias_columns = given
            names[: len(given)] = given
            columns = [(n, c[1]) for n, c in zip(names, columns, strict=True)]
            return join, [NamespaceItem(alias.aliasname, columns, None)]
        for item in left_names + right_names:
            item.columns_visible = False
        join_item = NamespaceItem("unnamed_join", columns, None)
        join_item.name_visible = False
        namespace = [*left_names, *right_names, join_item]
        if using_alias is not None:
            join.using_alias = using_alias.aliasname
            only = NamespaceItem(using_alias.aliasname, merged, None)
            only.columns_visible = False
            namespace.append(only)
        return join, namespace
    return join, left_names + right_names


def _mark_nullable(item: Any) -> None:
    if isinstance(item, Join):
        _mark_nullable(item.left)
        _mark_nullable(item.right)
    else:
        item.nullable = True


def _using_column(columns: list[tuple[str, Expr]], name: str, side: str) -> Expr:
    found = [e for n, e in columns if n == name]
    if len(found) > 1:
        raise PgError("42702", f'common column name "{name}" appears more than once in {side} table')
    if not found:
        raise PgError("42703", f'column "{name}" specified in USING clause does not exist in {side} table')
    return found[0]


def _merged_column(ps: ParseState, kind: str, a: Expr, b: Expr) -> Expr:
    common = select_common_type(ps, [a, b], "JOIN/USING")
    left = coerce_to_common(ps, a, common, "JOIN/USING")
    right = coerce_to_common(ps, b, common, "JOIN/USING")
    if kind in ("inner", "left"):
        return left
    if kind == "right":
        return right
    return Coalesce(args=[left, right], type=common, typmod=-1)


# -- sorting, grouping ---------------------------------------------------------------------------------------


def find_target_92(ps: ParseState, node: Node, targets: list[Target], clause: str) -> Target | None:
    """An output column by name or number, as ORDER BY, GROUP BY and DISTINCT ON allow; None if it is neither."""
    from emulators.postgres.analyze.relations import find_column

    if node.kind == "ColumnRef" and len(node.fields) == 1 and node.fields[0].kind == "String":
        name = node.fields[0].sval
        if clause == "GROUP BY" and find_column(ps, name, node.location) is not None:
            return None
        found: Target | None = None
        for target in targets:
            if not target.junk and target.name == name:
                if found is not None and not equal(found.expr, target.expr):
                    raise PgError("42702", f'{clause} "{name}" is ambiguous', location=node.location)
                if found is None:
                    found = target
        return found
    if node.kind == "A_Const":
        if node.isnull or node.ival is None:
            raise PgError("42601", f"non-integer constant in {clause}", location=node.location)
        position = node.ival.ival or 0
        visible = [t for t in targets if not t.junk]
        if not 1 <= position <= len(visible):
            raise PgError("42P10", f"{clause} position {position} is not in select list", location=node.location)
        return visible[position - 1]
    return None


def find_target_expr(ps: ParseState, node: Node, clause: str) -> Expr:
    from emulators.postgres.analyze.expressions import transform_in

    return transform_in(ps, node, clause)


def add_target(targets: list[Target], expr: Expr) -> Target:
    """The target with this expression, a junk one if there is none."""
    for target in targets:
        if equal(target.expr, expr):
            return target
    target = Target(expr=expr, name="?column?", junk=True)
    targets.append(target)
    return target


def sort_item_for(ps: ParseState, expr: Expr, node: Node) -> SortItem:
    """Direction, null order and operator of one ORDER BY item whose expression is known."""
    catalog = ps.catalog
    direction = node.sortby_dir
    nulls = node.sortby_nulls
    descending = direction == "SORTBY_DESC"
    op = None
    if direction == "SORTBY_USING":
        names = name_of(node.useOp)
        op = binary_operator(ps, names, expr.type, expr.type, node.location)
        strategy = [r for r in catalog.many("pg_amop", amopopr=op.oid) if r.amopmethod == oids.BTREE_AM]
        if not any(r.amopstrategy in (1, 5) for r in strategy):
            raise PgError(
                "42809",
                f"operator {'.'.join(names)} is not a valid ordering operator",
                hint='Ordering operators must be "<" or ">" members of btree operator families.',
                location=node.location,
            )
        descending = any(r.amopstrategy == 5 for r in strategy)
    elif expr.type != oids.UNKNOWN and ordering_operator(catalog, expr.type) is None:
        raise PgError(
            "42883",
            f"could not identify an ordering operator for type {catalog.format_type(expr.type)}",
            hint="Use an explicit ordering operator or modify the query.",
            location=exposed_location(expr),
        )
    nulls_first = descending if nulls == "SORTBY_NULLS_DEFAULT" else nulls == "SORTBY_NULLS_FIRST"
    return SortItem(expr=expr, descending=descending, nulls_first=nulls_first, op=op, location=node.location)


def sort_clause(ps: ParseState, nodes: list[Node], targets: list[Target], clause: str = "ORDER BY") -> list[SortItem]:
    items: list[SortItem] = []
    for node in nodes:
        target = find_target_92(ps, node.node, targets, clause)
        if target is None:
            expr = find_target_expr(ps, node.node, "order by")
            target = add_target(targets, expr)
        if target.expr.type == oids.UNKNOWN:
            target.expr = coerce_type(ps, target.expr, oids.UNKNOWN, oids.TEXT, -1, IMPLICIT, "implicit")
        item = sort_item_for(ps, target.expr, node)
        if not any(equal(i.expr, item.expr) for i in items):
            items.append(item)
    return items


def sort_by_list(ps: ParseState, nodes: list[Node], *, group: bool = False) -> list[SortItem]:
    """PARTITION BY and ORDER BY of a window: plain expressions."""
    from emulators.postgres.analyze.expressions import transform

    items = []
    for node in nodes:
        if group:
            expr = transform(ps, node)
            if expr.type == oids.UNKNOWN:
                expr = coerce_type(ps, expr, oids.UNKNOWN, oids.TEXT, -1, IMPLICIT, "implicit")
            if equality_operator(ps.catalog, expr.type) is None:
                raise _no_equality(ps, expr)
            items.append(SortItem(expr=expr, location=node.location))
        else:
            expr = transform(ps, node.node)
            if expr.type == oids.UNKNOWN:
                expr = coerce_type(ps, expr, oids.UNKNOWN, oids.TEXT, -1, IMPLICIT, "implicit")
            items.append(sort_item_for(ps, expr, node))
    return items


def _no_equality(ps: ParseState, expr: Expr) -> PgError:
    return PgError(
        "42883",
        f"could not identify an equality operator for type {ps.catalog.format_type(expr.type)}",
        location=exposed_location(expr),
    )


def group_clause(ps: ParseState, nodes: list[Node], targets: list[Target], distinct: bool) -> None:
    """GROUP BY, with grouping sets expanded to lists of key numbers."""
    query = ps.query
    query.group_distinct = distinct
    sets: list[list[list[int]]] = []
    simple = True
    for node in nodes:
        if node.kind == "GroupingSet":
            simple = False
            sets.append(_grouping_set(ps, node, targets))
        elif node.kind == "RowExpr" and node.row_format == "COERCE_IMPLICIT_CAST":
            keys = [_group_key(ps, n, targets) for n in node.args or ()]
            sets.append([keys])
        else:
            sets.append([[_group_key(ps, node, targets)]])
    if simple:
        return
    expanded: list[list[int]] = [[]]
    for choices in sets:
        expanded = [base + [k for k in choice if k not in base] for base in expanded for choice in choices]
    if distinct:
        unique: list[list[int]] = []
        for keys in expanded:
            if not any(set(keys) == set(u) for u in unique):
                unique.append(keys)
        expanded = unique
    if len(expanded) > 4096:
        raise PgError("54001", "too many grouping sets present (maximum 4096)")
    query.grouping_sets = expanded


def _group_key(ps: ParseState, node: Node, targets: list[Target]) -> int:
    target = find_target_92(ps, node, targets, "GROUP BY")
    if target is not None:
        expr = target.expr
        if expr.type == oids.UNKNOWN:
            expr = target.expr = coerce_type(ps, expr, oids.UNKNOWN, oids.TEXT, -1, IMPLICIT, "implicit")
    else:
        expr = find_target_expr(ps, node, "group by")
        if expr.type == oids.UNKNOWN:
            expr = coerce_type(ps, expr, oids.UNKNOWN, oids.TEXT, -1, IMPLICIT, "implicit")
    from emulators.postgres.analyze.tree import Aggref, WindowFunc

    for n in walk(expr):
        if isinstance(n, Aggref) and n.levels == 0:
            raise PgError("42803", "aggregate functions are not allowed in GROUP BY", location=n.location)
        if isinstance(n, WindowFunc):
            raise PgError("42P20", "window functions are not allowed in GROUP BY", location=n.location)
    for index, existing in enumerate(ps.query.group):
        if equal(existing, expr):
            return index
    if equality_operator(ps.catalog, expr.type) is None:
        raise _no_equality(ps, expr)
    ps.query.group.append(expr)
    return len(ps.query.group) - 1


def _grouping_set(ps: ParseState, node: Node, targets: list[Target]) -> list[list[int]]:
    kind = node.field("kind")
    content = node.content or []
    if kind == "GROUPING_SET_EMPTY":
        return [[]]
    if kind in ("GROUPING_SET_ROLLUP", "GROUPING_SET_CUBE"):
        parts: list[list[int]] = []
        for item in content:
            if item.kind == "RowExpr":
                _ = item.row_format
                parts.append([_group_key(ps, n, targets) for n in item.args or ()])
            else:
                parts.append([_group_key(ps, item, targets)])
        if kind == "GROUPING_SET_ROLLUP":
            out = []
            for length in range(len(parts), -1, -1):
                keys: list[int] = []
                for part in parts[:length]:
                    keys += [k for k in part if k not in keys]
                out.append(keys)
            return out
        if len(parts) > 12:
            raise PgError("54011", "CUBE is limited to 12 elements", location=node.location)
        out = []
        for mask in range((1 << len(parts)) - 1, -1, -1):
            keys = []
            for i, part in enumerate(parts):
                if mask & (1 << (len(parts) - 1 - i)):
                    keys += [k for k in part if k not in keys]
            out.append(keys)
        return out
    out = []
    for item in content:
        if item.kind == "GroupingSet":
            out.extend(_grouping_set(ps, item, targets))
        elif item.kind == "RowExpr":
            _ = item.row_format
            out.append([_group_key(ps, n, targets) for n in item.args or ()])
        else:
            out.append([_group_key(ps, item, targets)])
    return out


def distinct_clause(ps: ParseState, query: Any) -> None:
    """SELECT DISTINCT: every ORDER BY expression must be in the select list."""
    for item in query.sort:
        if not any(not t.junk and equal(t.expr, item.expr) for t in query.targets):
            raise PgError(
                "42P10",
                "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                location=exposed_location(item.expr),
            )
    for target in query.visible_targets:
        if equality_operator(ps.catalog, target.expr.type) is None:
            raise _no_equality(ps, target.expr)
    if not query.visible_targets:
        raise PgError("42601", "SELECT DISTINCT must have at least one column")
    query.distinct = True


def distinct_on_clause(ps: ParseState, nodes: list[Node], query: Any) -> None:
    """SELECT DISTINCT ON: its expressions must match the first ORDER BY ones."""
    exprs: list[tuple[Expr, int]] = []
    for node in nodes:
        target = find_target_92(ps, node, query.targets, "DISTINCT ON")
        if target is None:
            target = add_target(query.targets, find_target_expr(ps, node, "distinct on"))
        if target.expr.type == oids.UNKNOWN:
            target.expr = coerce_type(ps, target.expr, oids.UNKNOWN, oids.TEXT, -1, IMPLICIT, "implicit")
        if not any(equal(e, target.expr) for e, _ in exprs):
            exprs.append((target.expr, node.location))
    skipped = False
    out: list[SortItem] = []
    for item in query.sort:
        if any(equal(e, item.expr) for e, _ in exprs):
            if skipped:
                raise PgError(
                    "42P10",
                    "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
                    location=exposed_location(item.expr),
                )
            out.append(item)
        else:
            skipped = True
    for expr, location in exprs:
        if not any(equal(expr, i.expr) for i in out):
            if skipped:
                raise PgError(
                    "42P10",
                    "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
                    location=location,
                )
            out.append(SortItem(expr=expr))
    query.distinct_on = out


def limit_clause(ps: ParseState, node: Any, construct: str) -> Expr | None:
    from emulators.postgres.analyze.expressions import transform_in

    if node is None:
        return None
    expr = transform_in(ps, node, construct.lower())
    expr = coerce_to_specific(ps, expr, oids.INT8, construct)
    for n in walk(expr):
        if isinstance(n, Var) and n.levels == 0:
            raise PgError("42P10", f"argument of {construct} must not contain variables", location=n.location)
    if isinstance(expr, Const) and expr.value is None:
        return None
    return expr


__all__ = ["entry_vars", "from_item", "group_clause", "range_var", "sort_clause", "transform_from"]
