"""Window clauses: OVER (...), named windows, frames."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import coerce_to_specific
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import Expr, WindowClause, equal
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import Node

NONDEFAULT, RANGE, ROWS, GROUPS, BETWEEN = 0x1, 0x2, 0x4, 0x8, 0x10
START_UNBOUNDED_PRECEDING, END_UNBOUNDED_PRECEDING = 0x20, 0x40
START_UNBOUNDED_FOLLOWING, END_UNBOUNDED_FOLLOWING = 0x80, 0x100
START_CURRENT, END_CURRENT = 0x200, 0x400
START_PRECEDING, END_PRECEDING, START_FOLLOWING, END_FOLLOWING = 0x800, 0x1000, 0x2000, 0x4000
EXCLUDE_CURRENT, EXCLUDE_GROUP, EXCLUDE_TIES = 0x8000, 0x10000, 0x20000

DEFAULT_FRAME = RANGE | START_UNBOUNDED_PRECEDING | END_CURRENT


def window_of(ps: ParseState, over: Node) -> WindowClause:
    """The window an OVER means; equal anonymous windows are shared."""
    name = over.name
    query = ps.query
    if name and not _has_definition(over):
        for window in query.windows:
            if window.name == name:
                return window
        for definition in ps.window_definitions:
            if definition.name == name:
                return _define(ps, definition, name)
        raise PgError("42704", f'window "{name}" does not exist', location=over.location)
    window = _build(ps, over, None)
    for existing in query.windows:
        if existing.name is None and _same(existing, window):
            return existing
    query.windows.append(window)
    return window


def _has_definition(over: Node) -> bool:
    return False


def _same(a: WindowClause, b: WindowClause) -> bool:
    return (
        a.refname == b.refname
        and equal(a.partition, b.partition)
        and equal(a.order, b.order)
        and equal(a.frame, b.frame)
    )


def define_windows(ps: ParseState, definitions: list[Node]) -> None:
    """WINDOW name AS (...), in order."""
    seen: set[str] = set()
    for definition in definitions:
        if definition.name in seen:
            raise PgError("42P20", f'window "{definition.name}" is already defined', location=definition.location)
        seen.add(definition.name)
        if not any(w.name == definition.name for w in ps.query.windows):
            _define(ps, definition, definition.name)


def _define(ps: ParseState, definition: Node, name: str) -> WindowClause:
    window = _build(ps, definition, name)
    ps.query.windows.append(window)
    return window


def _build(ps: ParseState, node: Node, name: str | None) -> WindowClause:
    from emulators.postgres.analyze.clauses import sort_by_list

    refname = node.refname
    partition_nodes = node.partitionClause or []
    order_nodes = node.orderClause or []
    options = node.frameOptions or DEFAULT_FRAME
    base: WindowClause | None = None
    if refname:
        for window in ps.query.windows:
            if window.name == refname:
                base = window
        if base is None:
            for definition in ps.window_definitions:
                if definition.name == refname:
                    base = _define(ps, definition, refname)
                    break
        if base is None:
            raise PgError("42704", f'window "{refname}" does not exist', location=node.location)
    saved = ps.clause
    ps.clause = "window partition"
    partition = sort_by_list(ps, partition_nodes, group=True)
    ps.clause = "window order"
    order = sort_by_list(ps, order_nodes)
    ps.clause = saved
    if base is not None:
        if partition:
            raise PgError("42P20", f'cannot override PARTITION BY clause of window "{refname}"', location=node.location)
        if order and base.order:
            raise PgError("42P20", f'cannot override ORDER BY clause of window "{refname}"', location=node.location)
        if base.frame[0] & NONDEFAULT:
            if order or options & NONDEFAULT:
                raise PgError(
                    "42P20", f'cannot copy window "{refname}" because it has a frame clause', location=node.location
                )
            raise PgError(
                "42P20",
                f'cannot copy window "{refname}" because it has a frame clause',
                hint="Omit the parentheses in this OVER clause.",
                location=node.location,
            )
        partition = base.partition
        if not order:
            order = base.order
    if (
        options & RANGE
        and options & (START_PRECEDING | START_FOLLOWING | END_PRECEDING | END_FOLLOWING)
        and len(order) != 1
    ):
        raise PgError(
            "42P20",
            "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column",
            location=node.location,
        )
    if options & GROUPS and not order:
        raise PgError("42P20", "GROUPS mode requires an ORDER BY clause", location=node.location)
    start = _frame_offset(ps, options, node.startOffset, order)
    end = _frame_offset(ps, options, node.endOffset, order)
    return WindowClause(name=name, refname=refname, partition=partition, order=order, frame=(options, start, end))


def _frame_offset(ps: ParseState, options: int, node: Any, order: list[Any]) -> Expr | None:
    from emulators.postgres.analyze.coerce import IMPLICIT, can_coerce, coerce_to_target, exposed_location
    from emulators.postgres.analyze.expressions import transform_in
    from emulators.postgres.analyze.tree import Var, walk

    if node is None:
        return None
    if options & ROWS:
        construct = "ROWS"
    elif options & GROUPS:
        construct = "GROUPS"
    else:
        construct = "RANGE"
    expr = transform_in(ps, node, f"window frame {construct.lower()}")
    if construct != "RANGE":
        result = coerce_to_specific(ps, expr, oids.INT8, construct)
    else:
        wanted = _range_offset_type(ps, order[0].expr.type, expr, can_coerce, exposed_location)
        coerced = coerce_to_target(ps, expr, expr.type, wanted, -1, IMPLICIT, "implicit")
        if coerced is None:
            raise unsupported("this RANGE offset type", exposed_location(expr))
        result = coerced
    for n in walk(result):
        if isinstance(n, Var) and n.levels == 0:
            raise PgError("42P10", f"argument of {construct} must not contain variables", location=n.location)
    return result


def _range_offset_type(ps: ParseState, order_type: int, expr: Expr, can_coerce: Any, exposed_location: Any) -> int:
    """The in_range support function's offset type for this ordering column."""
    catalog = ps.catalog
    opclass = catalog.default_opclass(order_type, oids.BTREE_AM)
    candidates = []
    if opclass is not None:
        for row in catalog.many("pg_amproc", amprocfamily=opclass.opcfamily):
            if row.amprocnum == 3 and row.amproclefttype == opclass.opcintype:
                candidates.append(row.amprocrighttype)
    if not candidates:
        raise PgError(
            "0A000",
            f"RANGE with offset PRECEDING/FOLLOWING is not supported for column type {catalog.format_type(order_type)}",
            location=exposed_location(expr),
        )
    if expr.type in candidates:
        return int(expr.type)
    if expr.type == oids.UNKNOWN and order_type in candidates:
        return order_type
    fitting = [c for c in candidates if can_coerce(catalog, [expr.type], [c], 0)]
    if not fitting:
        raise PgError(
            "0A000",
            "RANGE with offset PRECEDING/FOLLOWING is not supported for column type "
            f"{catalog.format_type(order_type)} and offset type {catalog.format_type(expr.type)}",
            hint="Cast the offset value to an appropriate type.",
            location=exposed_location(expr),
        )
    if len(fitting) > 1:
        raise PgError(
            "0A000",
            "RANGE with offset PRECEDING/FOLLOWING has multiple interpretations for column type "
            f"{catalog.format_type(order_type)} and offset type {catalog.format_type(expr.type)}",
            hint="Cast the offset value to the exact intended type.",
            location=exposed_location(expr),
        )
    return int(fitting[0])
