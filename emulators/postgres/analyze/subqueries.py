"""Sub-queries in expressions: EXISTS, IN, ANY/ALL, scalar and array sub-queries, and row comparisons with them."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.functions import make_operator
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import BoolExpr, Expr, RowExpr, SubLink, SubParam
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import Node, name_of

_SUBQUERY_TEXT = {
    "check": "cannot use subquery in check constraint",
    "default": "cannot use subquery in DEFAULT expression",
    "function default": "cannot use subquery in DEFAULT expression",
    "index expr": "cannot use subquery in index expression",
    "index predicate": "cannot use subquery in index predicate",
    "using": "cannot use subquery in transform expression",
    "execute": "cannot use subquery in EXECUTE parameter",
    "trigger when": "cannot use subquery in trigger WHEN condition",
    "partition": "cannot use subquery in partition key expression",
    "call": "cannot use subquery in CALL argument",
    "copy where": "cannot use subquery in COPY FROM WHERE condition",
    "generated": "cannot use subquery in column generation expression",
}


def sublink(ps: ParseState, node: Node) -> Expr:
    from emulators.postgres.analyze.expressions import transform
    from emulators.postgres.analyze.select import analyze_subquery

    refused = _SUBQUERY_TEXT.get(ps.clause)
    if refused:
        raise PgError("0A000", refused, location=node.location)
    kind = {
        "EXISTS_SUBLINK": "exists",
        "ANY_SUBLINK": "any",
        "ALL_SUBLINK": "all",
        "EXPR_SUBLINK": "expr",
        "ARRAY_SUBLINK": "array",
    }.get(node.subLinkType)
    if kind is None:
        raise unsupported(f"the sub-query form {node.subLinkType}", node.location)
    test_node = node.testexpr
    op_name = node.operName
    ps.query.has_sublinks = True
    query = analyze_subquery(ps, node.subselect, clause="sublink", resolve_unknowns=True)
    location = node.location
    if query.command != "select" or query.into is not None:
        raise PgError("XX000", "unexpected non-SELECT command in SubLink")
    if kind == "exists":
        return SubLink(kind=kind, query=query, type=oids.BOOL, location=location)
    targets = query.visible_targets
    if kind in ("expr", "array"):
        if len(targets) != 1:
            raise PgError("42601", "subquery must return only one column", location=location)
        inner = targets[0].expr
        if kind == "expr":
            return SubLink(kind=kind, query=query, type=inner.type, typmod=inner.typmod, location=location)
        array = ps.catalog.array_type(inner.type) if not ps.catalog.element_type(inner.type) else inner.type
        if not array:
            raise PgError(
                "42704",
                f"could not find array type for data type {ps.catalog.format_type(inner.type)}",
                location=location,
            )
        return SubLink(kind=kind, query=query, type=array, location=location)
    left = transform(ps, test_node)
    names = name_of(op_name) if op_name else ["="]
    lefts = list(left.args) if isinstance(left, RowExpr) else [left]
    result = SubLink(
        kind=kind, query=query, type=oids.BOOL, location=location, test_left=lefts, op_name=[] if not op_name else names
    )
    result.test = _comparison(ps, names, lefts, targets, location)
    return result


def _comparison(ps: ParseState, names: list[str], lefts: list[Expr], targets: list[Any], location: int) -> Expr:
    if len(lefts) < len(targets):
        raise PgError("42601", "subquery has too many columns", location=location)
    if len(lefts) > len(targets):
        raise PgError("42601", "subquery has too few columns", location=location)
    params: list[Expr] = [
        SubParam(index=i, type=t.expr.type, typmod=t.expr.typmod, location=location) for i, t in enumerate(targets)
    ]
    if len(lefts) == 1:
        comparison = make_operator(ps, names, lefts[0], params[0], location)
        if comparison.type != oids.BOOL:
            raise PgError(
                "42804",
                f"operator {names[-1]} must return type boolean, not type {ps.catalog.format_type(comparison.type)}",
                location=location,
            )
        return comparison
    from emulators.postgres.analyze.expressions import make_row_comparison

    return make_row_comparison(ps, names, lefts, params, location)


def row_compare_sublink(ps: ParseState, left_node: Node, names: list[str], node: Node, location: int) -> Expr:
    """ROW(...) op (SELECT ...): a comparison with the one row that the sub-query gives."""
    from emulators.postgres.analyze.expressions import transform
    from emulators.postgres.analyze.select import analyze_subquery

    left = transform(ps, left_node)
    assert isinstance(left, RowExpr)
    ps.query.has_sublinks = True
    query = analyze_subquery(ps, node.subselect, clause="sublink", resolve_unknowns=True)
    _ = node.subLinkType
    result = SubLink(
        kind="row", query=query, type=oids.BOOL, location=location, test_left=list(left.args), op_name=names
    )
    result.test = _comparison(ps, names, list(left.args), query.visible_targets, location)
    return result


__all__ = ["BoolExpr", "row_compare_sublink", "sublink"]
