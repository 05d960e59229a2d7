"""Aggregates and window functions: finishing their calls, where they may stand, and the GROUP BY rules (parse_agg.c)."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import IMPLICIT, coerce_type, exposed_location, resolve_generic
from emulators.postgres.analyze.functions import Resolved, prepare_arguments
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import (
    Aggref,
    Expr,
    FuncExpr,
    Grouping,
    SortItem,
    SubLink,
    Tree,
    Var,
    WindowFunc,
    all_slots,
    query_expressions,
    walk,
)
from emulators.postgres.errors import PgError
from emulators.postgres.parse.node import Node

# Clause -> how "aggregate functions are not allowed in ..." goes on; None: allowed.
_AGGREGATE_TEXT: dict[str, str | None] = {
    "none": None, "select": None, "having": None, "order by": None, "distinct on": None, "window partition": None,
    "window order": None, "group by": "GROUP BY", "where": "WHERE", "join on": "JOIN conditions",
    "from function": "functions in FROM", "FILTER": "FILTER", "limit": "LIMIT", "offset": "OFFSET",
    "RETURNING": "RETURNING", "values": "VALUES", "insert target": None, "update source": "UPDATE",
    "check": "check constraints", "default": "DEFAULT expressions", "function default": "DEFAULT expressions",
    "index expr": "index expressions", "index predicate": "index predicates", "using": "transform expressions",
    "execute": "EXECUTE parameters", "policy": "policy expressions", "trigger when": "trigger WHEN conditions",
    "generated": "column generation expressions", "call": "CALL arguments", "copy where": "COPY FROM WHERE conditions",
    "merge when": "MERGE WHEN conditions", "window frame rows": "window ROWS", "window frame range": "window RANGE",
    "window frame groups": "window GROUPS", "partition": "partition key expressions", "cycle mark": "CYCLE",
    "on conflict": None, "values single": None, "from subselect": None,
}  # fmt: skip

_WINDOW_TEXT = dict(_AGGREGATE_TEXT) | {
    "having": "HAVING",
    "window partition": "window definitions",
    "window order": "window definitions",
    "window frame rows": "window definitions",
    "window frame range": "window definitions",
    "window frame groups": "window definitions",
    "distinct on": None,
}

_SRF_TEXT = dict(_AGGREGATE_TEXT) | {
    "having": "HAVING",
    "group by": None,
    "from function": None,
    "values": "VALUES",
    "window partition": None,
    "window order": None,
    "FILTER": "FILTER",
    "limit": "LIMIT",
    "offset": "OFFSET",
}


def _expression_level(exprs: list[Any], ps: ParseState) -> int:
    """The lowest query level (0 = here) of the columns in an aggregate's arguments; -1 when there are none."""
    lowest = -1

    def visit(node: Any, depth: int) -> None:
        nonlocal lowest
        for n in walk(node):
            if isinstance(n, (Var, Aggref)) and n.levels >= depth:
                level = n.levels - depth
                if lowest < 0 or level < lowest:
                    lowest = level
            if isinstance(n, SubLink):
                _visit_query(n.query, depth + 1, visit)

    for expr in exprs:
        if expr is not None:
            visit(expr, 0)
    return lowest


def _visit_query(query: Any, depth: int, visit: Any) -> None:
    for expr in query_expressions(query):
        visit(expr, depth)
    for entry in query.entries:
        if entry.kind == "subquery" and entry.query is not None:
            _visit_query(entry.query, depth + 1, visit)
    for cte in query.ctes:
        if cte.query is not None:
            _visit_query(cte.query, depth + 1, visit)


def _contains_aggregate(expr: Any, level: int = 0) -> Aggref | None:
    for n in walk(expr):
        if isinstance(n, Aggref) and n.levels == level:
            return n
    return None


def _contains_window(expr: Any) -> WindowFunc | None:
    for n in walk(expr):
        if isinstance(n, WindowFunc):
            return n
    return None


def finish_aggregate(
    ps: ParseState,
    node: Node,
    found: Resolved,
    names: list[str],
    args: list[Expr],
    ndirect: int,
    order: list[Node],
    filter_expr: Expr | None,
    star: bool,
    distinct: bool,
    within: bool,
    variadic: bool,
    over: Node | None,
) -> Expr:
    """The Aggref (or WindowFunc, with OVER) of a call that resolved to an aggregate."""
    location = node.location
    name = ".".join(names)
    row = found.row
    aggregate = ps.catalog.one("pg_aggregate", aggfnoid=row.oid)
    kind = aggregate.aggkind
    if kind == "n" and within:
        raise PgError(
            "42809", f"{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP", location=location
        )
    if kind != "n":
        if not within:
            raise PgError("42809", f"WITHIN GROUP is required for ordered-set aggregate {name}", location=location)
        if over is not None:
            raise PgError("0A000", f"OVER is not supported for ordered-set aggregate {name}", location=location)
        if distinct:
            raise PgError("42601", "cannot use DISTINCT with WITHIN GROUP", location=location)
    if not star and not args and not within and not (row.pronargs == 0):
        raise PgError("42809", f"{name}(*) must be used to call a parameterless aggregate function", location=location)
    if not args and not star and not within:
        raise PgError("42809", f"{name}(*) must be used to call a parameterless aggregate function", location=location)
    for arg in args:
        if isinstance(arg, FuncExpr) and False:
            raise PgError("0A000", "aggregate function calls cannot contain set-returning function calls")
    coerced, result, _ = _aggregate_arguments(ps, found, args, location, kind, ndirect)
    if over is not None:
        if distinct:
            raise PgError("0A000", "DISTINCT is not implemented for window functions", location=location)
        if order:
            raise PgError("0A000", "aggregate ORDER BY is not implemented for window functions", location=location)
        return _finish_window(ps, found.row, coerced, result, filter_expr, star, over, location, aggregate=True)
    aggref = Aggref(
        func=row,
        args=coerced[ndirect:] if kind != "n" else coerced,
        direct=coerced[:ndirect] if kind != "n" else [],
        distinct=distinct,
        filter=filter_expr,
        star=star,
        variadic=variadic,
        kind=kind,
        type=result,
        location=location,
    )
    if order:
        from emulators.postgres.analyze.clauses import sort_item_for

        if kind != "n":
            aggref.order = [sort_item_for(ps, expr, item) for expr, item in zip(aggref.args, order, strict=False)]
        else:
            aggref.order = _aggregate_order(ps, aggref, order)
    check_aggregate(ps, aggref, location)
    return aggref


def _aggregate_order(ps: ParseState, aggref: Aggref, order: list[Node]) -> list[SortItem]:
    from emulators.postgres.analyze.clauses import sort_item_for
    from emulators.postgres.analyze.expressions import transform_in
    from emulators.postgres.analyze.tree import Const, equal

    items = []
    for item in order:
        expr = transform_in(ps, item.node, "order by")
        if expr.type == oids.UNKNOWN:
            expr = coerce_type(ps, expr, oids.UNKNOWN, oids.TEXT, -1, IMPLICIT, "implicit")
        if aggref.distinct and not any(equal(expr, a) for a in aggref.args):
            # A coercion to the argument's own type does not count as another expression.
            matched = [a for a in aggref.args if isinstance(a, FuncExpr) and a.args and equal(a.args[0], expr)]
            if not matched or isinstance(expr, Const):
                raise PgError(
                    "42P10",
                    "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
                    location=exposed_location(expr),
                )
            expr = matched[0]
        items.append(sort_item_for(ps, expr, item))
    return items


def _aggregate_arguments(
    ps: ParseState, found: Resolved, args: list[Expr], location: int, kind: str, ndirect: int
) -> tuple[list[Expr], int, bool]:
    if kind == "h":
        # Hypothetical-set: the direct arguments and the ordered ones must agree in type, pair by pair.
        pairs = len(args) - ndirect
        if ndirect >= pairs:
            from emulators.postgres.analyze.coerce import coerce_to_common, select_common_type

            args = list(args)
            for i in range(pairs):
                d, a = ndirect - pairs + i, ndirect + i
                common = select_common_type(ps, [args[d], args[a]], "WITHIN GROUP")
                args[d] = coerce_to_common(ps, args[d], common, "WITHIN GROUP")
                args[a] = coerce_to_common(ps, args[a], common, "WITHIN GROUP")
            return args, found.row.prorettype, False
    if found.candidate is not None and found.candidate.variadic and found.row.provariadic == oids.ANY:
        declared = list(found.candidate.types)
        actual = list(found.types)
        resolved = resolve_generic(ps.catalog, actual, declared, found.row.prorettype)
        assert resolved is not None
        concrete, result = resolved
        return (
            [
                coerce_type(ps, a, t, w, -1, IMPLICIT, "implicit") if t != w else a
                for a, t, w in zip(args, actual, concrete, strict=True)
            ],
            result,
            False,
        )
    return prepare_arguments(ps, found, args, location)


def check_aggregate(ps: ParseState, aggref: Aggref | Grouping, location: int) -> None:
    """Find the query an aggregate belongs to, and whether it may stand where it does."""
    args = list(getattr(aggref, "direct", [])) + list(aggref.args)
    extra: list[Any] = [s.expr for s in getattr(aggref, "order", [])]
    filter_expr = getattr(aggref, "filter", None)
    exprs = args + extra + ([filter_expr] if filter_expr is not None else [])
    level = max(_expression_level(args + extra + ([filter_expr] if filter_expr is not None else []), ps), 0)
    if isinstance(aggref, Aggref):
        for expr in exprs:
            for n in walk(expr):
                if isinstance(n, Aggref) and n.levels == level:
                    raise PgError("42803", "aggregate function calls cannot be nested", location=n.location)
                if isinstance(n, WindowFunc):
                    raise PgError(
                        "42803", "aggregate function calls cannot contain window function calls", location=n.location
                    )
                if isinstance(n, FuncExpr) and n.func.proretset:
                    raise PgError(
                        "0A000",
                        "aggregate function calls cannot contain set-returning function calls",
                        hint="You might be able to move the set-returning function into a LATERAL FROM item.",
                        location=n.location,
                    )
    aggref.levels = level
    state: ParseState | None = ps
    for _ in range(level):
        assert state is not None
        state = state.parent
    assert state is not None
    text = _AGGREGATE_TEXT.get(state.clause, state.clause)
    noun = "grouping operations" if isinstance(aggref, Grouping) else "aggregate functions"
    if state.clause == "from subselect" or (state.clause == "none" and state.lateral_active):
        text = None
        if level > 0:
            raise PgError("42803", f"{noun} are not allowed in FROM clause of their own query level", location=location)
    if text is not None:
        raise PgError("42803", f"{noun} are not allowed in {text}", location=location)
    state.query.has_aggs = True


def grouping_call(ps: ParseState, node: Node) -> Expr:
    from emulators.postgres.analyze.expressions import transform

    args = [transform(ps, a) for a in node.args or ()]
    if len(args) > 31:
        raise PgError("54023", "GROUPING must have fewer than 32 arguments", location=node.location)
    result = Grouping(args=args, location=node.location)
    check_aggregate(ps, result, node.location)
    return result


def finish_window_function(
    ps: ParseState,
    node: Node,
    found: Resolved,
    names: list[str],
    args: list[Expr],
    filter_expr: Expr | None,
    star: bool,
    distinct: bool,
    order: list[Node],
    over: Node | None,
) -> Expr:
    location = node.location
    name = ".".join(names)
    if over is None:
        raise PgError("42809", f"window function {name} requires an OVER clause", location=location)
    if distinct:
        raise PgError("0A000", "DISTINCT is not implemented for window functions", location=location)
    if order:
        raise PgError("0A000", "aggregate ORDER BY is not implemented for window functions", location=location)
    if filter_expr is not None:
        raise PgError("0A000", "FILTER is not implemented for non-aggregate window functions", location=location)
    coerced, result, _ = prepare_arguments(ps, found, args, location)
    return _finish_window(ps, found.row, coerced, result, None, star, over, location, aggregate=False)


def _finish_window(
    ps: ParseState,
    row: Any,
    args: list[Expr],
    result: int,
    filter_expr: Expr | None,
    star: bool,
    over: Node,
    location: int,
    *,
    aggregate: bool,
) -> Expr:
    from emulators.postgres.analyze.windows import window_of

    for expr in [*args, *([filter_expr] if filter_expr is not None else [])]:
        nested = _contains_window(expr)
        if nested is not None:
            raise PgError("42P20", "window function calls cannot be nested", location=nested.location)
        for n in walk(expr):
            if isinstance(n, FuncExpr) and n.func.proretset:
                raise PgError(
                    "0A000",
                    "window function calls cannot contain set-returning function calls",
                    hint="You might be able to move the set-returning function into a LATERAL FROM item.",
                    location=n.location,
                )
    text = _WINDOW_TEXT.get(ps.clause, ps.clause)
    if text is not None:
        raise PgError("42P20", f"window functions are not allowed in {text}", location=location)
    ps.query.has_windows = True
    window = window_of(ps, over)
    return WindowFunc(
        func=row,
        args=args,
        filter=filter_expr,
        star=star,
        aggregate=aggregate,
        window=window,
        type=result,
        location=location,
    )


def check_srf(ps: ParseState, location: int) -> None:
    """Set-returning functions are for the select list, FROM and the like."""
    if ps.srf_forbidden:
        raise PgError("0A000", f"set-returning functions are not allowed in {ps.srf_forbidden}", location=location)
    text = _SRF_TEXT.get(ps.clause, ps.clause)
    if False:
        return
    if text is not None:
        raise PgError("0A000", f"set-returning functions are not allowed in {text}", location=location)
    ps.query.has_srf = True


# -- the GROUP BY rule ---------------------------------------------------------------------------------------


def check_ungrouped(ps: ParseState, query: Any) -> None:
    """Every column outside aggregates must be grouped, or depend on a grouped primary key."""
    group = query.group
    # Grouping sets: only expressions in every set determine other columns.
    if query.grouping_sets is not None:
        common = set(range(len(group)))
        for keys in query.grouping_sets:
            common &= set(keys)
        fixed = [group[i] for i in sorted(common)]
    else:
        fixed = list(group)
    dependent: dict[int, bool] = {}
    checks: list[Any] = [t.expr for t in query.targets]
    if query.having is not None:
        checks.append(query.having)
    for expr in checks:
        _check_expr(ps, query, expr, group, fixed, dependent, 0)
    for window in query.windows:
        for item in (*window.partition, *window.order):
            _check_expr(ps, query, item.expr, group, fixed, dependent, 0)


def _matches_group(expr: Any, group: list[Expr], depth: int) -> bool:
    from emulators.postgres.analyze.tree import equal

    if depth == 0:
        return any(equal(expr, g) for g in group)
    if isinstance(expr, Var):
        return any(
            isinstance(g, Var) and g.rte is expr.rte and g.attno == expr.attno and g.levels + depth == expr.levels
            for g in group
        )
    return False


def _check_expr(
    ps: ParseState, query: Any, expr: Any, group: list[Expr], fixed: list[Expr], dependent: dict[int, bool], depth: int
) -> None:
    if expr is None:
        return
    if isinstance(expr, Expr) and _matches_group(expr, group, depth):
        return
    if isinstance(expr, Aggref):
        if expr.levels == depth:
            for item in expr.direct:
                _check_expr(ps, query, item, group, fixed, dependent, depth)
            return
        if expr.levels > depth:
            return
    if isinstance(expr, Grouping):
        if expr.levels == depth:
            for arg in expr.args:
                if not _matches_group(arg, group, depth):
                    raise PgError(
                        "42803",
                        "arguments to GROUPING must be grouping expressions of the associated query level",
                        location=exposed_location(arg),
                    )
            return
        return
    if isinstance(expr, Var):
        if expr.levels != depth or not any(e is expr.rte for e in query.entries):
            return
        if _functionally_dependent(ps, expr, fixed, dependent):
            return
        name = f"{expr.rte.name}.{expr.name}" if expr.attno else f"{expr.rte.name}.*"
        if depth == 0:
            raise PgError(
                "42803",
                f'column "{name}" must appear in the GROUP BY clause or be used in an aggregate function',
                location=expr.location,
            )
        raise PgError("42803", f'subquery uses ungrouped column "{name}" from outer query', location=expr.location)
    if isinstance(expr, SubLink):
        for item in expr.test_left:
            _check_expr(ps, query, item, group, fixed, dependent, depth)
        _check_query(ps, query, expr.query, group, fixed, dependent, depth + 1)
        if expr.test is not None:
            _check_children(ps, query, expr.test, group, fixed, dependent, depth)
        return
    _check_children(ps, query, expr, group, fixed, dependent, depth)


def _check_children(
    ps: ParseState, query: Any, expr: Any, group: list[Expr], fixed: list[Expr], dependent: dict[int, bool], depth: int
) -> None:
    for name in all_slots(type(expr)):
        value = getattr(expr, name, None)
        items: Any = value if type(value) is list else (value,)
        for item in items:
            if isinstance(item, SortItem):
                item = item.expr
            if isinstance(item, Expr) and name not in ("test",):
                _check_expr(ps, query, item, group, fixed, dependent, depth)
            elif type(item) is tuple:
                for part in item:
                    if isinstance(part, Expr):
                        _check_expr(ps, query, part, group, fixed, dependent, depth)


def _check_query(
    ps: ParseState, query: Any, inner: Any, group: list[Expr], fixed: list[Expr], dependent: dict[int, bool], depth: int
) -> None:
    for expr in query_expressions(inner):
        _check_expr(ps, query, expr, group, fixed, dependent, depth)
    for entry in inner.entries:
        if entry.kind == "subquery" and entry.query is not None:
            _check_query(ps, query, entry.query, group, fixed, dependent, depth + 1)
    for cte in inner.ctes:
        if cte.query is not None:
            _check_query(ps, query, cte.query, group, fixed, dependent, depth + 1)


def _functionally_dependent(ps: ParseState, var: Var, fixed: list[Expr], known: dict[int, bool]) -> bool:
    entry = var.rte
    if entry.kind != "relation":
        return False
    answer = known.get(id(entry))
    if answer is None:
        answer = False
        primary = entry.relation.primary_key()
        if primary is not None and not (primary.constraint and primary.constraint.deferrable):
            grouped = {
                g.attno for g in fixed if (isinstance(g, Var) and g.rte is entry and g.levels == var.levels) or
                (isinstance(g, Var) and g.rte is entry)
            }  # fmt: skip
            answer = all(k in grouped for k in primary.keys[: primary.width])
        known[id(entry)] = answer
    return answer


__all__ = ["Tree", "check_aggregate", "check_srf", "check_ungrouped", "finish_aggregate", "finish_window_function"]
