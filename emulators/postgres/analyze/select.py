"""SELECT, VALUES, set operations and WITH (PostgreSQL's analyze.c and parse_cte.c)."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import aggregates
from emulators.postgres.analyze.clauses import (
    distinct_clause,
    distinct_on_clause,
    find_target_92,
    group_clause,
    limit_clause,
    sort_clause,
    sort_item_for,
    transform_from,
)
from emulators.postgres.analyze.coerce import (
    coerce_to_boolean,
    coerce_to_common,
    exposed_location,
    select_common_type,
    select_common_typmod,
)
from emulators.postgres.analyze.functions import equality_operator
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.targets import (
    expand_expressions,
    make_target,
    resolve_unknown_targets,
    target_list,
)
from emulators.postgres.analyze.tree import (
    CommonTable,
    Const,
    Default,
    Expr,
    FuncExpr,
    Query,
    RangeEntry,
    RowMark,
    SetOp,
    SortItem,
    Target,
    Var,
    walk,
)
from emulators.postgres.analyze.windows import define_windows
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import Node, leftmost

_STRENGTH = {"LCS_FORKEYSHARE": 1, "LCS_FORSHARE": 2, "LCS_FORNOKEYUPDATE": 3, "LCS_FORUPDATE": 4}
_STRENGTH_TEXT = {1: "FOR KEY SHARE", 2: "FOR SHARE", 3: "FOR NO KEY UPDATE", 4: "FOR UPDATE"}
_WAIT = {"LockWaitBlock": "block", "LockWaitSkip": "skip", "LockWaitError": "error"}


def analyze_subquery(ps: ParseState, node: Node, *, clause: str, resolve_unknowns: bool) -> Query:
    """A query below `ps`: a child state of its own."""
    child = ps.child()
    child.resolve_unknowns = resolve_unknowns
    if clause == "from":
        child.lateral_active = False
        parent_clause = ps.clause
        query = analyze_statement(child, node)
        ps.clause = parent_clause
        return query
    return analyze_statement(child, node)


def analyze_statement(ps: ParseState, node: Node) -> Query:
    """Any statement that gives a Query."""
    from emulators.postgres.analyze import dml

    kind = node.kind
    if kind in ("SelectStmt", None):
        return select_statement(ps, node)
    if kind == "InsertStmt":
        return dml.insert_statement(ps, node)
    if kind == "UpdateStmt":
        return dml.update_statement(ps, node)
    if kind == "DeleteStmt":
        return dml.delete_statement(ps, node)
    if kind == "MergeStmt":
        return dml.merge_statement(ps, node)
    raise unsupported(f"the statement {kind} here")


def select_statement(ps: ParseState, node: Node) -> Query:
    if node.op != "SETOP_NONE" and node.op is not None:
        return _set_operation_statement(ps, node)
    if node.valuesLists:
        return _values_statement(ps, node)
    return _plain_select(ps, node)


def _plain_select(ps: ParseState, node: Node) -> Query:
    query = ps.query
    query.command = "select"
    with_clause(ps, node.withClause)
    query.into = node.intoClause
    if query.into is not None and ps.parent is not None:
        raise PgError(
            "42601",
            "SELECT ... INTO is not allowed here",
            location=query.into.rel.location if query.into.rel else -1,
        )
    ps.window_definitions = node.windowClause or []
    transform_from(ps, node.fromClause or [])
    query.targets = target_list(ps, node.targetList or [])
    from emulators.postgres.analyze.expressions import transform_in

    if node.whereClause is not None:
        query.where = coerce_to_boolean(ps, transform_in(ps, node.whereClause, "where"), "WHERE")
    if node.havingClause is not None:
        query.having = coerce_to_boolean(ps, transform_in(ps, node.havingClause, "having"), "HAVING")
    query.sort = sort_clause(ps, node.sortClause or [], query.targets)
    if node.groupClause:
        group_clause(ps, node.groupClause, query.targets, bool(node.groupDistinct))
    distinct = node.distinctClause
    if distinct is not None:
        if distinct and not (len(distinct) == 1 and isinstance(distinct[0], Node) and distinct[0].kind is None):
            distinct_on_clause(ps, distinct, query)
        else:
            resolve_unknown_targets(ps, query.targets)
            distinct_clause(ps, query)
    query.offset = limit_clause(ps, node.limitOffset, "OFFSET")
    query.limit = limit_clause(ps, node.limitCount, "LIMIT")
    query.limit_ties = node.limitOption == "LIMIT_OPTION_WITH_TIES"
    if query.limit_ties and not query.sort:
        raise PgError("42601", "WITH TIES cannot be specified without ORDER BY clause")
    define_windows(ps, ps.window_definitions)
    if ps.resolve_unknowns:
        resolve_unknown_targets(ps, query.targets)
    if node.lockingClause:
        for lock in node.lockingClause:
            locking_clause(ps, query, lock)
    if query.has_aggs or query.group or query.grouping_sets is not None or query.having is not None:
        aggregates.check_ungrouped(ps, query)
    return query


# -- locking -------------------------------------------------------------------------------------------------


def locking_clause(ps: ParseState, query: Query, node: Node, pushed: bool = False) -> None:
    strength = _STRENGTH[node.strength]
    wait = _WAIT[node.waitPolicy or "LockWaitBlock"]
    text = _STRENGTH_TEXT[strength]
    _check_lockable(query, text)
    rels = node.lockedRels
    if not rels:
        for entry in _from_entries(query.from_items):
            _lock_entry(ps, query, entry, strength, wait, pushed=True, named=None, location=-1)
        return
    for rel in rels:
        name = rel.relname
        if rel.catalogname or rel.schemaname:
            raise PgError("42601", f"{text} must specify unqualified relation names", location=rel.location)
        for entry in _from_entries(query.from_items):
            if entry.name == name:
                _lock_entry(ps, query, entry, strength, wait, pushed=False, named=text, location=rel.location)
                break
        else:
            raise PgError(
                "42P01", f'relation "{name}" in {text} clause not found in FROM clause', location=rel.location
            )


def _from_entries(items: list[Any]) -> list[RangeEntry]:
    out: list[RangeEntry] = []
    for item in items:
        if isinstance(item, RangeEntry):
            out.append(item)
        else:
            out.extend(_from_entries([item.left, item.right]))
    return out


def _lock_entry(
    ps: ParseState,
    query: Query,
    entry: RangeEntry,
    strength: int,
    wait: str,
    *,
    pushed: bool,
    named: str | None,
    location: int,
) -> None:
    if entry.kind == "relation":
        if named and entry.nullable:
            pass
        for mark in query.row_marks:
            if mark.rte is entry:
                mark.strength = max(mark.strength, strength)
                order = ["block", "skip", "error"]
                mark.wait = order[max(order.index(mark.wait), order.index(wait))]
                return
        query.row_marks.append(RowMark(rte=entry, strength=strength, wait=wait))
        return
    if entry.kind == "subquery" and entry.query is not None:
        inner = entry.query
        if inner.command == "select" and inner.set_op is None:
            _check_lockable(inner, _STRENGTH_TEXT[strength])
            for sub in _from_entries(inner.from_items):
                _lock_entry(ps, inner, sub, strength, wait, pushed=True, named=None, location=-1)
        return
    if named is not None:
        what = {
            "function": "a function", "values": "VALUES", "cte": "a WITH query", "tablefunc": "a table function",
        }.get(entry.kind, entry.kind)  # fmt: skip
        raise PgError("0A000", f"{named} cannot be applied to {what}", location=location)


def _check_lockable(query: Query, text: str) -> None:
    problem = None
    if query.set_op is not None:
        problem = "UNION/INTERSECT/EXCEPT"
    elif query.distinct or query.distinct_on:
        problem = "DISTINCT clause"
    elif query.group or query.grouping_sets is not None:
        problem = "GROUP BY clause"
    elif query.having is not None:
        problem = "HAVING clause"
    elif query.has_aggs:
        problem = "aggregate functions"
    elif query.has_windows:
        problem = "window functions"
    elif any(isinstance(n, FuncExpr) and n.func.proretset for t in query.targets for n in walk(t.expr)):
        problem = "set-returning functions in the target list"
    if problem is not None:
        with_word = "with" if problem != "UNION/INTERSECT/EXCEPT" else "with"
        raise PgError("0A000", f"{text} is not allowed {with_word} {problem}")


# -- VALUES --------------------------------------------------------------------------------------------------


def values_rows(ps: ParseState, lists: list[list[Any]], *, allow_default: bool) -> list[list[Expr]]:
    """The rows of VALUES with all columns of one type."""
    rows: list[list[Expr]] = []
    width = -1
    saved = ps.clause
    ps.clause = "values"
    for items in lists:
        row = expand_expressions(ps, items)
        if width < 0:
            width = len(row)
        elif len(row) != width:
            location = exposed_location(row[0]) if row else -1
            raise PgError("42601", "VALUES lists must all be the same length", location=location)
        rows.append(row)
    ps.clause = saved
    if not allow_default:
        for row in rows:
            for expr in row:
                if isinstance(expr, Default):
                    raise PgError("42601", "DEFAULT is not allowed in this context", location=expr.location)
    return rows


def _values_statement(ps: ParseState, node: Node) -> Query:
    query = ps.query
    with_clause(ps, node.withClause)
    rows = values_rows(ps, node.valuesLists, allow_default=False)
    width = len(rows[0])
    columns = []
    for i in range(width):
        column = [row[i] for row in rows]
        common = select_common_type(ps, column, "VALUES")
        typmod = select_common_typmod(column, common)
        for row in rows:
            row[i] = coerce_to_common(ps, row[i], common, "VALUES")
        columns.append((common, typmod, 0))
    entry = RangeEntry(kind="values", name="*VALUES*", values=rows)
    entry.column_names = [f"column{i + 1}" for i in range(width)]
    entry.columns = columns
    query.entries.append(entry)
    query.from_items.append(entry)
    from emulators.postgres.analyze.relations import entry_vars, namespace_item

    query.targets = [make_target(v, n) for n, v in entry_vars(entry)]
    ps.namespace = [namespace_item(entry)]
    query.sort = sort_clause(ps, node.sortClause or [], query.targets)
    query.offset = limit_clause(ps, node.limitOffset, "OFFSET")
    query.limit = limit_clause(ps, node.limitCount, "LIMIT")
    query.limit_ties = node.limitOption == "LIMIT_OPTION_WITH_TIES"
    if node.lockingClause:
        text = _STRENGTH_TEXT[_STRENGTH[node.lockingClause[0].strength]]
        raise PgError("0A000", f"{text} cannot be applied to VALUES")
    return query


# -- set operations ------------------------------------------------------------------------------------------

_SETOPS = {"SETOP_UNION": "union", "SETOP_INTERSECT": "intersect", "SETOP_EXCEPT": "except"}


def _set_operation_statement(ps: ParseState, node: Node) -> Query:
    query = ps.query
    with_clause(ps, node.withClause)
    into = _leftmost_into(node)
    query.into = into
    sort_nodes = node.sortClause or []
    if node.lockingClause:
        text = _STRENGTH_TEXT[_STRENGTH[node.lockingClause[0].strength]]
        raise PgError("0A000", f"{text} is not allowed with UNION/INTERSECT/EXCEPT")
    limit_node, offset_node, option = node.limitCount, node.limitOffset, node.limitOption
    tree = _set_tree(ps, node, top=True)
    query.set_op = tree
    leftmost = tree
    while isinstance(leftmost, SetOp):
        leftmost = leftmost.left
    names = [t.name for t in leftmost.query.visible_targets]
    query.targets = []
    for i, ((oid, typmod, collation), name) in enumerate(zip(tree.columns, names, strict=True), 1):
        var = Var(rte=leftmost, attno=i, type=oid, typmod=typmod, collation=collation, name=name)
        target = Target(expr=var, name=name)
        query.targets.append(target)
    if sort_nodes:
        query.sort = _set_sort(ps, sort_nodes, query.targets)
    query.offset = limit_clause(ps, offset_node, "OFFSET")
    query.limit = limit_clause(ps, limit_node, "LIMIT")
    query.limit_ties = option == "LIMIT_OPTION_WITH_TIES"
    return query


def _leftmost_into(node: Node) -> Any:
    while node.op not in (None, "SETOP_NONE"):
        node = node.larg
    return node.intoClause


def _set_sort(ps: ParseState, nodes: list[Node], targets: list[Target]) -> list[SortItem]:
    items = []
    for item in nodes:
        target = find_target_92(ps, item.node, targets, "ORDER BY")
        if target is None:
            from emulators.postgres.analyze.clauses import find_target_expr
            from emulators.postgres.analyze.state import NamespaceItem

            # What is not an output column must at least be made of them.
            saved = ps.namespace
            ps.namespace = [NamespaceItem("*SELECT*", [(x.name, x.expr) for x in targets], None)]
            ps.namespace[0].name_visible = False
            find_target_expr(ps, item.node, "order by")
            ps.namespace = saved
            raise PgError(
                "0A000",
                "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
                detail="Only result column names can be used, not expressions or functions.",
                hint="Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
                location=leftmost(item.node),
            )
        items.append(sort_item_for(ps, target.expr, item))
    return items


def _set_tree(ps: ParseState, node: Node, top: bool = False) -> Any:
    is_leaf = node.op in (None, "SETOP_NONE") or (
        not top
        and bool(node.sortClause or node.limitCount or node.limitOffset or node.lockingClause or node.withClause)
    )
    if is_leaf:
        if not top and node.intoClause is not None and _not_leftmost(ps):
            raise PgError("42601", "INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT")
        query = analyze_subquery(ps, node, clause="setop", resolve_unknowns=False)
        query.into = None
        entry = RangeEntry(kind="subquery", name=f"*SELECT* {len(ps.query.entries) + 1}", query=query)
        entry.column_names = [t.name for t in query.visible_targets]
        entry.columns = [(t.expr.type, t.expr.typmod, 0) for t in query.visible_targets]
        ps.query.entries.append(entry)
        return entry
    op = _SETOPS[node.op]
    construct = op.upper()
    left = _set_tree(ps, node.larg)
    right = _set_tree(ps, node.rarg)
    left_columns, right_columns = left.columns, right.columns
    if len(left_columns) != len(right_columns):
        raise PgError(
            "42601",
            f"each {construct} query must have the same number of columns",
            location=_first_location(right),
        )
    result = SetOp(op=op, all=bool(node.all), left=left, right=right, columns=[])
    for i in range(len(left_columns)):
        a, b = _side_expr(left, i), _side_expr(right, i)
        common = select_common_type(ps, [a, b], construct)
        typmod = select_common_typmod([a, b], common)
        _coerce_side(ps, left, i, a, common, construct)
        _coerce_side(ps, right, i, b, common, construct)
        if not (op == "union" and result.all) and equality_operator(ps.catalog, common) is None:
            raise PgError(
                "42883",
                f"could not identify an equality operator for type {ps.catalog.format_type(common)}",
                location=exposed_location(a),
            )
        result.columns.append((common, typmod, 0))
    return result


def _not_leftmost(ps: ParseState) -> bool:
    return bool(ps.query.entries)


def _first_location(side: Any) -> int:
    while isinstance(side, SetOp):
        side = side.left
    targets = side.query.visible_targets
    return exposed_location(targets[0].expr) if targets else -1


def _side_expr(side: Any, index: int) -> Expr:
    if isinstance(side, SetOp):
        oid, typmod, _ = side.columns[index]
        leftmost = side
        while isinstance(leftmost, SetOp):
            leftmost = leftmost.left
        expr = leftmost.query.visible_targets[index].expr
        return Var(rte=leftmost, attno=index + 1, type=oid, typmod=typmod, location=exposed_location(expr))
    expr = side.query.visible_targets[index].expr
    if isinstance(expr, Const) and expr.type == oids.UNKNOWN:
        return expr  # type: ignore[no-any-return]
    oid, typmod, _ = side.columns[index]
    if expr.type == oids.UNKNOWN:
        return expr  # type: ignore[no-any-return]
    return Var(rte=side, attno=index + 1, type=oid, typmod=typmod, location=exposed_location(expr))


def _coerce_side(ps: ParseState, side: Any, index: int, expr: Expr, common: int, construct: str) -> None:
    """Make one side's column have the common type: unknown literals in place, others by a coercion on top."""
    if isinstance(side, SetOp):
        if expr.type != common:
            coerce_to_common(ps, expr, common, construct)
            oid = side.columns[index][0]
            if oid != common:
                _coerce_side(ps, side.left, index, _side_expr(side.left, index), common, construct)
                _coerce_side(ps, side.right, index, _side_expr(side.right, index), common, construct)
                side.columns[index] = (common, -1, 0)
        return
    target = side.query.visible_targets[index]
    if expr.type == oids.UNKNOWN:
        target.expr = coerce_to_common(ps, target.expr, common, construct)
        if side.query.set_op is not None:
            raise unsupported("an unknown literal in nested set operations")
        side.columns[index] = (common, -1, 0)
        return
    if expr.type != common:
        coerce_to_common(ps, expr, common, construct)
        # The conversion happens above the sub-query, so that its own DISTINCT or ORDER BY is not disturbed.
        conversions = getattr(side, "security", None) or {}
        conversions[index] = common
        side.security = conversions
        if side.query.set_op is None and not side.query.sort and not side.query.distinct and not side.query.distinct_on:
            target.expr = coerce_to_common(ps, target.expr, common, construct)
            side.security = None
            side.columns[index] = (common, -1, 0)
        else:
            _wrap_side(ps, side, index, common, construct)


def _wrap_side(ps: ParseState, side: RangeEntry, index: int, common: int, construct: str) -> None:
    inner = side.query
    side.security = None
    if getattr(inner, "for_portion", None) != "wrapped":
        outer = Query(command="select")
        entry = RangeEntry(kind="subquery", name="unnamed_subquery", query=inner)
        entry.column_names = [t.name for t in inner.visible_targets]
        entry.columns = [(t.expr.type, t.expr.typmod, 0) for t in inner.visible_targets]
        outer.entries.append(entry)
        outer.from_items.append(entry)
        outer.targets = [
            Target(expr=Var(rte=entry, attno=i, type=c[0], typmod=c[1], name=n), name=n)
            for i, (c, n) in enumerate(zip(entry.columns, entry.column_names, strict=True), 1)
        ]
        outer.parent = inner.parent
        outer.for_portion = "wrapped"
        _shift_outer(inner)
        side.query = outer
    target = side.query.targets[index]
    target.expr = coerce_to_common(ps, target.expr, common, construct)
    side.columns[index] = (common, -1, 0)


def _shift_outer(query: Query) -> None:
    """References from inside `query` to outer queries now cross one level more."""
    from emulators.postgres.analyze.tree import Aggref, Grouping, SubLink, query_expressions

    def visit(q: Query, depth: int) -> None:
        for expr in query_expressions(q):
            for n in walk(expr):
                if isinstance(n, (Var, Aggref, Grouping)) and n.levels > depth:
                    n.levels += 1
                if isinstance(n, SubLink):
                    visit(n.query, depth + 1)
        for entry in q.entries:
            if entry.kind == "subquery" and entry.query is not None:
                visit(entry.query, depth + 1)
            if entry.kind == "cte" and entry.cte_levels > depth:
                entry.cte_levels += 1
        for cte in q.ctes:
            if cte.query is not None:
                visit(cte.query, depth + 1)

    visit(query, 0)


# -- WITH ----------------------------------------------------------------------------------------------------


def with_clause(ps: ParseState, node: Node | None) -> None:
    if node is None:
        return
    query = ps.query
    recursive = bool(node.recursive)
    query.recursive = recursive
    nodes = node.ctes
    names: set[str] = set()
    for cte_node in nodes:
        if cte_node.ctename in names:
            raise PgError(
                "42712", f'WITH query name "{cte_node.ctename}" specified more than once', location=cte_node.location
            )
        names.add(cte_node.ctename)
        if cte_node.ctequery.kind != "SelectStmt" and ps.parent is not None:
            raise PgError(
                "0A000",
                "WITH clause containing a data-modifying statement must be at the top level",
                location=cte_node.location,
            )
    order = _dependency_order(nodes) if recursive else nodes
    if not recursive:
        ps.future_ctes = []  # type: ignore[attr-defined]
    pending = [CommonTable(name=n.ctename) for n in nodes]
    for cte_node in order:
        ps.future_ctes = [p for p in pending if p.name not in {c.name for c in query.ctes}]  # type: ignore[attr-defined]
        cte = CommonTable(name=cte_node.ctename, location=cte_node.location)
        cte.materialized = {
            "CTEMaterializeAlways": "always",
            "CTEMaterializeNever": "never",
        }.get(cte_node.ctematerialized, "default")
        cte.alias_columns = [c.sval for c in cte_node.aliascolnames or ()]
        if cte_node.search_clause is not None or cte_node.cycle_clause is not None:
            from emulators.postgres.analyze.search_cycle import rewrite_search_cycle

            cte_node = rewrite_search_cycle(ps, cte_node)
            cte.alias_columns = [c.sval for c in cte_node.aliascolnames or ()]
        if recursive and _mentions(cte_node.ctequery, cte.name):
            _recursive_cte(ps, cte, cte_node)
        else:
            child = ps.child()
            child.resolve_unknowns = True
            cte.query = analyze_statement(child, cte_node.ctequery)
            cte.modifying = cte.query.command != "select"
            _set_cte_columns(cte, cte.query.outputs, cte_node)
            query.ctes.append(cte)
            ps.ctes.append(cte)
            ps.cte_levels[id(cte)] = ps
    ps.future_ctes = []  # type: ignore[attr-defined]


def _set_cte_columns(cte: CommonTable, targets: list[Target], node: Node) -> None:
    cte.column_names = [t.name for t in targets]
    cte.columns = [(t.expr.type, t.expr.typmod, t.expr.collation) for t in targets]
    if len(cte.alias_columns) > len(cte.column_names):
        raise PgError(
            "42P10",
            f'WITH query "{cte.name}" has {len(cte.column_names)} columns available '
            f"but {len(cte.alias_columns)} columns specified",
            location=node.location,
        )
    cte.column_names[: len(cte.alias_columns)] = cte.alias_columns


def _mentions(node: Any, name: str) -> bool:
    """Does a parse tree name this relation? (Shadowing by inner WITH is rare enough to treat as a mention.)"""
    if isinstance(node, list):
        return any(_mentions(n, name) for n in node)
    if isinstance(node, Node):
        fields = node._fields
        if fields.get("relname") == name and "schemaname" not in fields:
            return True
        return any(_mentions(v, name) for v in fields.values() if isinstance(v, (list, Node)))
    return False


def _dependency_order(nodes: list[Node]) -> list[Node]:
    """WITH RECURSIVE items may refer forward: those a query needs come first."""
    remaining = list(nodes)
    order: list[Node] = []
    while remaining:
        for node in remaining:
            needs = [
                o for o in remaining if o is not node and _mentions(node._fields["ctequery"], o._fields["ctename"])
            ]
            if not needs:
                order.append(node)
                remaining.remove(node)
                break
        else:
            raise PgError(
                "0A000", "mutual recursion between WITH items is not implemented", location=remaining[0].location
            )
    return order


def _recursive_cte(ps: ParseState, cte: CommonTable, node: Node) -> None:
    body = node.ctequery
    if body.kind != "SelectStmt":
        raise PgError(
            "42P19", f'recursive query "{cte.name}" must not contain data-modifying statements', location=node.location
        )
    if body.op != "SETOP_UNION" or _mentions(body._fields.get("larg"), cte.name):
        raise PgError(
            "42P19",
            f'recursive query "{cte.name}" does not have the form non-recursive-term UNION [ALL] recursive-term'
            if body.op != "SETOP_UNION"
            else f'recursive reference to query "{cte.name}" must not appear within its non-recursive term',
            location=node.location if body.op != "SETOP_UNION" else _reference_location(body._fields["larg"], cte.name),
        )
    cte.recursive = True
    child = ps.child()
    with_clause(child, body.withClause)
    if body.sortClause:
        raise PgError(
            "0A000", "ORDER BY in a recursive query is not implemented", location=body.sortClause[0].node.location
        )
    if body.limitOffset is not None:
        raise PgError("0A000", "OFFSET in a recursive query is not implemented", location=body.limitOffset.location)
    if body.limitCount is not None:
        raise PgError("0A000", "LIMIT in a recursive query is not implemented", location=body.limitCount.location)
    if body.lockingClause:
        raise PgError("0A000", "FOR UPDATE/SHARE in a recursive query is not implemented")
    _ = body.limitOption
    left = analyze_subquery(child, body.larg, clause="setop", resolve_unknowns=True)
    _set_cte_columns(cte, left.visible_targets, node)
    child.ctes.append(cte)
    child.cte_levels[id(cte)] = ps
    right = analyze_subquery(child, body.rarg, clause="setop", resolve_unknowns=False)
    targets = right.visible_targets
    if len(targets) != len(cte.columns):
        raise PgError(
            "42601",
            "each UNION query must have the same number of columns",
            location=exposed_location(targets[0].expr) if targets else -1,
        )
    query = child.query
    sides = []
    for side_query in (left, right):
        entry = RangeEntry(kind="subquery", name=f"*SELECT* {len(query.entries) + 1}", query=side_query)
        entry.column_names = [t.name for t in side_query.visible_targets]
        entry.columns = [(t.expr.type, t.expr.typmod, 0) for t in side_query.visible_targets]
        query.entries.append(entry)
        sides.append(entry)
    for i, (oid, typmod, _) in enumerate(cte.columns):
        a = left.visible_targets[i].expr
        b = targets[i].expr
        common = select_common_type(child, [a, b], "UNION")
        if common != oid or (typmod >= 0 and select_common_typmod([a, b], common) != typmod):
            left_text = ps.catalog.format_type(oid, typmod)
            overall = ps.catalog.format_type(common, select_common_typmod([a, b], common))
            raise PgError(
                "42804",
                f'recursive query "{cte.name}" column {i + 1} has type {left_text} in non-recursive term '
                f"but type {overall} overall",
                hint="Cast the output of the non-recursive term to the correct type.",
                location=exposed_location(a),
            )
        targets[i].expr = coerce_to_common(child, b, common, "UNION")
    query.set_op = SetOp(op="union", all=bool(body.all), left=sides[0], right=sides[1], columns=list(cte.columns))
    query.targets = [
        Target(expr=Var(rte=sides[0], attno=i, type=c[0], typmod=c[1], name=n), name=n)
        for i, (c, n) in enumerate(zip(cte.columns, cte.column_names, strict=True), 1)
    ]
    if not query.set_op.all:
        for oid, _, _ in cte.columns:
            if equality_operator(ps.catalog, oid) is None:
                raise PgError(
                    "42883", f"could not identify an equality operator for type {ps.catalog.format_type(oid)}"
                )
    cte.query = query
    ps.query.ctes.append(cte)
    ps.ctes.append(cte)
    ps.cte_levels[id(cte)] = ps


def _reference_location(node: Any, name: str) -> int:
    if isinstance(node, list):
        for item in node:
            found = _reference_location(item, name)
            if found >= 0:
                return found
        return -1
    if isinstance(node, Node):
        if node._fields.get("relname") == name:
            return node.location
        for value in node._fields.values():
            if isinstance(value, (list, Node)):
                found = _reference_location(value, name)
                if found >= 0:
                    return found
    return -1
