"""Expressions: parse nodes to typed expressions, by PostgreSQL's rules (its parse_expr.c).

`transform(ps, node)` dispatches on the node's kind. Which constructs a clause allows is decided where aggregates,
windows, sub-queries and set-returning functions are met, from `ps.clause`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import aggregates, subqueries
from emulators.postgres.analyze.coerce import (
    EXPLICIT,
    coerce_to_boolean,
    coerce_to_common,
    coerce_to_target,
    coerce_type,
    exposed_location,
    select_common_type,
    select_common_typmod,
)
from emulators.postgres.analyze.functions import (
    Resolved,
    function_ambiguous,
    function_not_found,
    get_function,
    make_operator,
    make_scalar_array_operator,
    prepare_arguments,
    signature,
)
from emulators.postgres.analyze.relations import column_reference, find_star_entry
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import (
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    CaseExpr,
    CaseTest,
    Coalesce,
    Collate,
    Const,
    CurrentOf,
    Default,
    DistinctExpr,
    Expr,
    FieldSelect,
    FuncExpr,
    MergeAction,
    MinMax,
    NullIfExpr,
    NullTest,
    OpExpr,
    Param,
    RowCompare,
    RowExpr,
    ScalarArrayOp,
    SqlValue,
    SubLink,
    Subscript,
    Var,
)
from emulators.postgres.analyze.typenames import collation_oid, resolve_type
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import Node, name_of

Handler = Callable[[ParseState, Node], Expr]
_HANDLERS: dict[str, Handler] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    def register(function: Handler) -> Handler:
        _HANDLERS[kind] = function
        return function

    return register


def transform(ps: ParseState, node: Any) -> Expr:
    """The typed expression for a parse node."""
    handler = _HANDLERS.get(node.kind)
    if handler is None:
        raise unsupported(f"the expression {node.kind}", node.location)
    return handler(ps, node)


def transform_in(ps: ParseState, node: Any, clause: str) -> Expr:
    """Transform as part of a clause, which messages name and which decides what is allowed."""
    saved = ps.clause
    ps.clause = clause
    try:
        return transform(ps, node)
    finally:
        ps.clause = saved


def analyze_text_expression(ps: ParseState, text: str) -> Expr:
    """An expression given as SQL text (built-in functions' argument defaults)."""
    from emulators.postgres.parse.parser import parse

    node = parse(f"SELECT {text}")[0].node.targetList[0].val
    inner = ParseState(ps.catalog, ps.context)
    inner.clause = "function default"
    return transform(inner, node)


# -- constants and references --------------------------------------------------------------------------------


@handles("A_Const")
def _constant(ps: ParseState, node: Node) -> Expr:
    location = node.location
    if node.isnull:
        return Const(value=None, type=oids.UNKNOWN, location=location)
    if node.ival is not None:
        return Const(value=node.ival.ival or 0, type=oids.INT4, location=location)
    if node.sval is not None:
        return Const(value=node.sval.sval or "", type=oids.UNKNOWN, location=location)
    if node.boolval is not None:
        return Const(value=bool(node.boolval.boolval), type=oids.BOOL, location=location)
    if node.fval is not None:
        return _float_constant(node.fval.fval, location)
    if node.bsval is not None:
        return _bit_constant(ps, node.bsval.bsval, location)
    raise unsupported("this constant", location)


def _float_constant(text: str, location: int) -> Expr:
    if text.isdigit():
        number = int(text)
        if number < 2**63:
            return Const(value=number, type=oids.INT8, location=location)
        return Const(value=Decimal(text), type=oids.NUMERIC, location=location)
    lower = text.lower().replace("_", "")
    if lower.startswith(("0x", "0o", "0b")):
        number = int(lower, 0)
        if number < 2**31:
            return Const(value=number, type=oids.INT4, location=location)
        if number < 2**63:
            return Const(value=number, type=oids.INT8, location=location)
        return Const(value=Decimal(number), type=oids.NUMERIC, location=location)
    value = Decimal(lower)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        value = Decimal(int(value))
    return Const(value=value, type=oids.NUMERIC, location=location)


def _bit_constant(ps: ParseState, text: str, location: int) -> Expr:
    from emulators.postgres.types.registry import type_io

    try:
        value = type_io(oids.BIT, ps.catalog).text_in(text, -1, ps.context)
    except PgError as error:
        raise error.at(location) from None
    return Const(value=value, type=oids.BIT, location=location)


@handles("ColumnRef")
def _column(ps: ParseState, node: Node) -> Expr:
    return column_reference(ps, node)


@handles("ParamRef")
def _param(ps: ParseState, node: Node) -> Expr:
    number = node.number or 0
    if ps.param_hook is not None:
        found = ps.param_hook(ps, node)
        if found is not None:
            return found  # type: ignore[no-any-return]
    parameters = ps.parameters
    if number <= 0 or number > 65535 or (not parameters.variable and number > len(parameters.types)):
        raise PgError("42P02", f"there is no parameter ${number}", location=node.location)
    while len(parameters.types) < number:
        parameters.types.append(0)
    if parameters.types[number - 1] == 0:
        parameters.types[number - 1] = oids.UNKNOWN
    param = Param(number=number, type=parameters.types[number - 1], location=node.location)
    parameters.uses.setdefault(number, []).append(param)
    return param


@handles("SetToDefault")
def _default(ps: ParseState, node: Node) -> Expr:
    raise PgError("42601", "DEFAULT is not allowed in this context", location=node.location)


@handles("CurrentOfExpr")
def _current_of(ps: ParseState, node: Node) -> Expr:
    if ps.query.result is None:
        raise PgError("42601", "WHERE CURRENT OF is not allowed here", location=node.location)
    return CurrentOf(cursor=node.cursor_name, rte=ps.query.result, location=node.location)


@handles("MergeSupportFunc")
def _merge_action(ps: ParseState, node: Node) -> Expr:
    ps.query  # noqa: B018
    _ = node.msftype
    if ps.query.command != "merge" or ps.clause != "RETURNING":
        raise PgError(
            "42601", "MERGE_ACTION() can only be used in the RETURNING list of a MERGE command", location=node.location
        )
    return MergeAction(location=node.location)


_SQL_VALUES = {
    "SVFOP_CURRENT_DATE": oids.DATE,
    "SVFOP_CURRENT_TIME": oids.TIMETZ,
    "SVFOP_CURRENT_TIME_N": oids.TIMETZ,
    "SVFOP_CURRENT_TIMESTAMP": oids.TIMESTAMPTZ,
    "SVFOP_CURRENT_TIMESTAMP_N": oids.TIMESTAMPTZ,
    "SVFOP_LOCALTIME": oids.TIME,
    "SVFOP_LOCALTIME_N": oids.TIME,
    "SVFOP_LOCALTIMESTAMP": oids.TIMESTAMP,
    "SVFOP_LOCALTIMESTAMP_N": oids.TIMESTAMP,
}


@handles("SQLValueFunction")
def _sql_value(ps: ParseState, node: Node) -> Expr:
    op = node.op
    typmod = node.typmod
    if typmod is None:
        typmod = 0 if op.endswith("_N") else -1
    if not op.endswith("_N"):
        typmod = -1
    return SqlValue(op=op, type=_SQL_VALUES.get(op, oids.NAME), typmod=min(typmod, 6), location=node.location)


# -- operators -----------------------------------------------------------------------------------------------


@handles("A_Expr")
def _a_expr(ps: ParseState, node: Node) -> Expr:
    kind = node.field("kind")
    if kind == "AEXPR_OP":
        return _operator(ps, node)
    if kind in ("AEXPR_OP_ANY", "AEXPR_OP_ALL"):
        left = transform(ps, node.lexpr)
        right = transform(ps, node.rexpr)
        return make_scalar_array_operator(ps, name_of(node.name), kind == "AEXPR_OP_ANY", left, right, node.location)
    if kind in ("AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"):
        return _distinct(ps, node, kind == "AEXPR_NOT_DISTINCT")
    if kind == "AEXPR_NULLIF":
        left = transform(ps, node.lexpr)
        right = transform(ps, node.rexpr)
        result = make_operator(ps, name_of(node.name), left, right, node.location, NullIfExpr)
        if result.type != oids.BOOL:
            raise PgError("42804", "NULLIF requires = operator to yield boolean", location=node.location)
        result.type = result.args[0].type
        result.typmod = result.args[0].typmod
        return result
    if kind == "AEXPR_IN":
        return _in_list(ps, node)
    if kind in ("AEXPR_LIKE", "AEXPR_ILIKE", "AEXPR_SIMILAR"):
        return _operator(ps, node)
    if kind in ("AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN", "AEXPR_BETWEEN_SYM", "AEXPR_NOT_BETWEEN_SYM"):
        return _between(ps, node, kind)
    raise unsupported(f"the operator form {kind}", node.location)


def _operator(ps: ParseState, node: Node) -> Expr:
    names = name_of(node.name)
    lexpr, rexpr = node.lexpr, node.rexpr
    location = node.location
    # ROW() op SELECT is a row sub-link, as the grammar leaves it.
    if isinstance(lexpr, Node) and lexpr.kind == "RowExpr" and isinstance(rexpr, Node):
        if rexpr.kind == "SubLink" and rexpr._fields.get("subLinkType") == "EXPR_SUBLINK":
            return subqueries.row_compare_sublink(ps, lexpr, names, rexpr, location)
        if rexpr.kind == "RowExpr":
            left_args = [transform(ps, a) for a in lexpr.args or ()]
            right_args = [transform(ps, a) for a in rexpr.args or ()]
            _ = lexpr.row_format, rexpr.row_format, lexpr.colnames, rexpr.colnames
            return make_row_comparison(ps, names, left_args, right_args, location)
    if lexpr is None:
        right = transform(ps, rexpr)
        if names in (["-"],) and isinstance(right, Const) and right.type in (oids.INT4, oids.INT8, oids.NUMERIC):
            folded = _negated_constant(right, location)
            if folded is not None:
                return folded
        return make_operator(ps, names, None, right, location)
    left = transform(ps, lexpr)
    right = transform(ps, rexpr)
    return make_operator(ps, names, left, right, location)


def _negated_constant(expr: Const, location: int) -> Expr | None:
    """libpg_query leaves `- 1` as an operator only where the grammar did not fold it; keep the operator then."""
    return None


def make_row_comparison(ps: ParseState, names: list[str], left: list[Expr], right: list[Expr], location: int) -> Expr:
    if len(left) != len(right):
        raise PgError("42601", "unequal number of entries in row expressions", location=location)
    if not left:
        raise PgError("0A000", "cannot compare rows of zero length", location=location)
    comparisons = []
    for a, b in zip(left, right, strict=True):
        comparison = make_operator(ps, names, a, b, location)
        if comparison.type != oids.BOOL:
            raise PgError(
                "42804",
                f"row comparison operator must yield type boolean, not type {ps.catalog.format_type(comparison.type)}",
                location=location,
            )
        comparisons.append(comparison)
    if len(comparisons) == 1:
        return comparisons[0]
    op = names[-1]
    if op == "=":
        return BoolExpr(op="and", args=comparisons, location=location)
    if op in ("<>", "!="):
        return BoolExpr(op="or", args=comparisons, location=location)
    if op not in ("<", "<=", ">", ">="):
        raise PgError(
            "0A000",
            f"could not determine interpretation of row comparison operator {op}",
            hint="Row comparison operators must be associated with btree operator families.",
            location=location,
        )
    return RowCompare(
        op=op, ops=comparisons, left=[c.args[0] for c in comparisons], right=[c.args[1] for c in comparisons],
        location=location,
    )  # fmt: skip


def _distinct(ps: ParseState, node: Node, negate: bool) -> Expr:
    location = node.location
    lexpr, rexpr = node.lexpr, node.rexpr
    for value, other in ((rexpr, lexpr), (lexpr, rexpr)):
        if isinstance(value, Node) and value.kind == "A_Const" and value.isnull:
            arg = transform(ps, other)
            name_of(node.name)
            return NullTest(arg=arg, is_null=negate, location=location)
    names = name_of(node.name)
    left, right = transform(ps, lexpr), transform(ps, rexpr)
    if isinstance(left, RowExpr) and isinstance(right, RowExpr):
        if len(left.args) != len(right.args):
            raise PgError("42601", "unequal number of entries in row expressions", location=location)
        parts: list[Expr] = [
            make_operator(ps, names, a, b, location, DistinctExpr) for a, b in zip(left.args, right.args, strict=True)
        ]
        result: Expr = parts[0] if len(parts) == 1 else BoolExpr(op="or", args=parts, location=location)
    else:
        result = make_operator(ps, names, left, right, location, DistinctExpr)
        if result.type != oids.BOOL:
            raise PgError("42804", "IS DISTINCT FROM requires = operator to yield boolean", location=location)
    if negate:
        result = BoolExpr(op="not", args=[result], location=location)
    return result


def _in_list(ps: ParseState, node: Node) -> Expr:
    names = name_of(node.name)
    use_or = names[-1] != "<>"
    location = node.location
    left = transform(ps, node.lexpr)
    rights = [transform(ps, item) for item in node.rexpr]
    constants = [r for r in rights if not _contains_vars(r)]
    others = [r for r in rights if _contains_vars(r)]
    result: Expr | None = None
    if len(constants) > 1 and not isinstance(left, RowExpr) and not any(isinstance(r, RowExpr) for r in constants):
        scalar = select_common_type(ps, [left, *constants], None)
        array = ps.catalog.array_type(scalar) if scalar and scalar != oids.RECORD else 0
        if array and _has_operator(ps, names, scalar):
            elements = [coerce_to_common(ps, c, scalar, "IN") for c in constants]
            right = ArrayExpr(elements=elements, elemtype=scalar, type=array, location=-1)
            result = make_scalar_array_operator(ps, names, use_or, left, right, location)
            remaining = others
        else:
            remaining = rights
    else:
        remaining = rights
    parts: list[Expr] = [result] if result is not None else []
    for right in remaining:
        if isinstance(left, RowExpr):
            if not isinstance(right, RowExpr):
                raise PgError("42601", "unequal number of entries in row expressions", location=location)
            comparison: Expr = make_row_comparison(ps, names, list(left.args), list(right.args), location)
        else:
            comparison = make_operator(ps, names, left, right, location)
        parts.append(coerce_to_boolean(ps, comparison, "IN"))
    if len(parts) == 1:
        return parts[0]
    return BoolExpr(op="or" if use_or else "and", args=parts, location=location)


def _has_operator(ps: ParseState, names: list[str], scalar: int) -> bool:
    return True


def _contains_vars(expr: Expr) -> bool:
    from emulators.postgres.analyze.tree import walk

    return any(isinstance(n, Var) and n.levels == 0 for n in walk(expr)) or any(
        isinstance(n, SubLink) for n in walk(expr)
    )


def _between(ps: ParseState, node: Node, kind: str) -> Expr:
    location = node.location
    name_of(node.name)
    value = node.lexpr
    low, high = node.rexpr

    def compare(op: str, bound: Any) -> Expr:
        return make_operator(ps, [op], transform(ps, value), transform(ps, bound), location)

    def both(op: str, parts: list[Expr]) -> Expr:
        return BoolExpr(op=op, args=parts, location=location)

    if kind == "AEXPR_BETWEEN":
        return both("and", [compare(">=", low), compare("<=", high)])
    if kind == "AEXPR_NOT_BETWEEN":
        return both("or", [compare("<", low), compare(">", high)])
    if kind == "AEXPR_BETWEEN_SYM":
        return both(
            "or",
            [
                both("and", [compare(">=", low), compare("<=", high)]),
                both("and", [compare(">=", high), compare("<=", low)]),
            ],
        )
    return both(
        "and",
        [both("or", [compare("<", low), compare(">", high)]), both("or", [compare("<", high), compare(">", low)])],
    )


@handles("BoolExpr")
def _boolean(ps: ParseState, node: Node) -> Expr:
    op = {"AND_EXPR": "and", "OR_EXPR": "or", "NOT_EXPR": "not"}[node.boolop]
    args = []
    for arg in node.args:
        expr = transform(ps, arg)
        args.append(coerce_to_boolean(ps, expr, op.upper()))
    return BoolExpr(op=op, args=args, location=node.location)


@handles("NullTest")
def _null_test(ps: ParseState, node: Node) -> Expr:
    arg = transform(ps, node.arg)
    row_format = arg.type == oids.RECORD or (
        arg.type not in (0, oids.UNKNOWN) and ps.catalog.type_row(ps.catalog.base_type(arg.type)).typtype == "c"
    )
    return NullTest(arg=arg, is_null=node.nulltesttype == "IS_NULL", row_format=row_format, location=node.location)


@handles("BooleanTest")
def _boolean_test(ps: ParseState, node: Node) -> Expr:
    test = node.booltesttype
    shown = test.replace("IS_", "IS ", 1).replace("NOT_", "NOT ")
    arg = coerce_to_boolean(ps, transform(ps, node.arg), shown)
    return BooleanTest(arg=arg, test=test, location=node.location)


# -- casts ---------------------------------------------------------------------------------------------------


@handles("TypeCast")
def _cast(ps: ParseState, node: Node) -> Expr:
    target, typmod = resolve_type(ps.catalog, node.typeName)
    arg = node.arg
    if arg.kind == "A_ArrayExpr":
        base, base_typmod = ps.catalog.base_type_and_mod(target, typmod)
        element = ps.catalog.element_type(base)
        if element:
            expr: Expr = _array_expression(ps, arg, base, element, base_typmod)
        else:
            expr = transform(ps, arg)
    else:
        expr = transform(ps, arg)
    location = node.location
    if location < 0:
        location = node.typeName.location
    result = coerce_to_target(ps, expr, expr.type, target, typmod, EXPLICIT, "explicit", location)
    if result is None:
        raise PgError(
            "42846",
            f"cannot cast type {ps.catalog.format_type(expr.type)} to {ps.catalog.format_type(target)}",
            location=_cast_location(expr, location),
        )
    return result


def _cast_location(expr: Expr, location: int) -> int:
    return location


@handles("CollateClause")
def _collate(ps: ParseState, node: Node) -> Expr:
    arg = transform(ps, node.arg)
    names = name_of(node.collname)
    if arg.type not in (oids.UNKNOWN, 0) and not ps.catalog.type_row(arg.type).typcollation:
        raise PgError(
            "42804",
            f"collations are not supported by type {ps.catalog.format_type(arg.type)}",
            location=node.location,
        )
    oid = collation_oid(ps.catalog, names, node.location)
    return Collate(
        arg=arg, coll_name=names[-1], type=arg.type, typmod=arg.typmod, collation=oid, location=node.location
    )


# -- conditional expressions ---------------------------------------------------------------------------------


@handles("CaseExpr")
def _case(ps: ParseState, node: Node) -> Expr:
    test: CaseTest | None = None
    arg: Expr | None = None
    if node.arg is not None:
        arg = transform(ps, node.arg)
        if arg.type == oids.UNKNOWN:
            arg = coerce_to_common(ps, arg, oids.TEXT, "CASE")
        test = CaseTest(type=arg.type, typmod=arg.typmod, location=-1)
    whens: list[tuple[Expr, Expr]] = []
    results: list[Expr] = []
    for when in node.args:
        condition = transform(ps, when.expr)
        if test is not None:
            condition = make_operator(ps, ["="], test, condition, when.location)
        condition = coerce_to_boolean(ps, condition, "CASE/WHEN")
        result = transform(ps, when.result)
        whens.append((condition, result))
        results.append(result)
    default = (
        transform(ps, node.defresult)
        if node.defresult is not None
        else Const(value=None, type=oids.UNKNOWN, location=-1)
    )
    common = select_common_type(ps, [default, *results], "CASE")
    typmod = select_common_typmod([default, *results], common)
    expr = CaseExpr(
        arg=arg,
        whens=[(c, coerce_to_common(ps, r, common, "CASE/WHEN")) for c, r in whens],
        default=coerce_to_common(ps, default, common, "CASE/ELSE"),
        type=common,
        typmod=typmod,
        location=node.location,
    )
    if test is not None:
        test.case = expr
    _forbid_sets(ps, expr, "CASE")
    return expr


def _forbid_sets(ps: ParseState, expr: Expr, construct: str) -> None:
    from emulators.postgres.analyze.tree import walk

    for node in walk(expr):
        if isinstance(node, FuncExpr) and node.func.proretset:
            raise PgError(
                "0A000",
                f"set-returning functions are not allowed in {construct}",
                hint="You might be able to move the set-returning function into a LATERAL FROM item.",
                location=node.location,
            )


@handles("CoalesceExpr")
def _coalesce(ps: ParseState, node: Node) -> Expr:
    args = [transform(ps, a) for a in node.args]
    common = select_common_type(ps, args, "COALESCE")
    coerced = [coerce_to_common(ps, a, common, "COALESCE") for a in args]
    expr = Coalesce(args=coerced, type=common, typmod=select_common_typmod(args, common), location=node.location)
    _forbid_sets(ps, expr, "COALESCE")
    return expr


@handles("MinMaxExpr")
def _min_max(ps: ParseState, node: Node) -> Expr:
    greatest = node.op == "IS_GREATEST"
    construct = "GREATEST" if greatest else "LEAST"
    args = [transform(ps, a) for a in node.args]
    common = select_common_type(ps, args, construct)
    coerced = [coerce_to_common(ps, a, common, construct) for a in args]
    from emulators.postgres.analyze.functions import ordering_operator

    if ordering_operator(ps.catalog, common) is None:
        raise PgError(
            "42883",
            f"could not identify a comparison function for type {ps.catalog.format_type(common)}",
            location=node.location,
        )
    return MinMax(
        args=coerced, greatest=greatest, type=common, typmod=select_common_typmod(args, common), location=node.location
    )


# -- arrays, rows, subscripts --------------------------------------------------------------------------------


@handles("A_ArrayExpr")
def _array(ps: ParseState, node: Node) -> Expr:
    return _array_expression(ps, node, 0, 0, -1)


def _array_expression(ps: ParseState, node: Node, array_type: int, element_type: int, typmod: int) -> Expr:
    catalog = ps.catalog
    elements: list[Expr] = []
    multidims = False
    for item in node.elements or ():
        if item.kind == "A_ArrayExpr":
            element: Expr = _array_expression(ps, item, array_type, element_type, typmod)
            multidims = True
        else:
            element = transform(ps, item)
            if not multidims and element.type not in (oids.INT2VECTOR, oids.OIDVECTOR) and element.type != oids.UNKNOWN:
                multidims = bool(catalog.element_type(element.type))
        elements.append(element)
    hard = False
    if array_type:
        coerce_to = array_type if multidims else element_type
        hard = True
    else:
        if not elements:
            raise PgError(
                "42P18",
                "cannot determine type of empty array",
                hint="Explicitly cast to the desired type, for example ARRAY[]::integer[].",
                location=node.location,
            )
        coerce_to = select_common_type(ps, elements, "ARRAY")
        if multidims:
            array_type = coerce_to
            element_type = catalog.element_type(array_type)
            if not element_type:
                raise PgError(
                    "42704",
                    f"could not find element type for data type {catalog.format_type(array_type)}",
                    location=node.location,
                )
        else:
            element_type = coerce_to
            array_type = catalog.array_type(element_type)
            if not array_type:
                raise PgError(
                    "42704",
                    f"could not find array type for data type {catalog.format_type(element_type)}",
                    location=node.location,
                )
    coerced: list[Expr] = []
    for element in elements:
        if hard:
            new = coerce_to_target(ps, element, element.type, coerce_to, typmod, EXPLICIT, "explicit", -1)
            if new is None:
                raise PgError(
                    "42846",
                    f"cannot cast type {catalog.format_type(element.type)} to {catalog.format_type(coerce_to)}",
                    location=exposed_location(element),
                )
            coerced.append(new)
        else:
            coerced.append(coerce_to_common(ps, element, coerce_to, "ARRAY"))
    return ArrayExpr(
        elements=coerced, elemtype=element_type, multidims=multidims, type=array_type, typmod=-1, location=node.location
    )


@handles("RowExpr")
def _row(ps: ParseState, node: Node) -> Expr:
    from emulators.postgres.analyze.targets import expand_expressions

    args = expand_expressions(ps, node.args or [])
    _ = node.colnames
    form = "implicit" if node.row_format == "COERCE_IMPLICIT_CAST" else "row"
    return RowExpr(args=args, names=[f"f{i}" for i in range(1, len(args) + 1)], form=form, location=node.location)


@handles("A_Indirection")
def _indirection(ps: ParseState, node: Node) -> Expr:
    result = transform(ps, node.arg)
    pending: list[Node] = []
    location = exposed_location(result)
    for step in node.indirection:
        if step.kind == "A_Indices":
            pending.append(step)
            continue
        if step.kind == "A_Star":
            raise PgError("0A000", 'row expansion via "*" is not supported here', location=location)
        if pending:
            result = subscript(ps, result, pending)
            pending = []
        result = select_field(ps, result, step.sval, location)
    if pending:
        result = subscript(ps, result, pending)
    return result


def subscript(ps: ParseState, container: Expr, indices: list[Node], assign: Expr | None = None) -> Expr:
    """container[...] for arrays and jsonb."""
    catalog = ps.catalog
    container_type, typmod = catalog.base_type_and_mod(container.type, container.typmod)
    if container_type != container.type:
        from emulators.postgres.analyze.tree import Relabel

        container = Relabel(arg=container, type=container_type, typmod=typmod, location=container.location)
    row = catalog.type_row(container_type)
    handler = catalog.prosrc(row.typsubscript) if row.typsubscript else ""
    slices = any(i.is_slice for i in indices)
    if handler == "jsonb_subscript_handler":
        uppers: list[Expr | None] = []
        for index in indices:
            if slices:
                raise PgError(
                    "42804",
                    "jsonb subscript does not support slices",
                    location=exposed_location(transform(ps, index.uidx or index.lidx))
                    if (index.uidx or index.lidx)
                    else -1,
                )
            expr = transform(ps, index.uidx)
            uppers.append(_json_subscript(ps, expr))
        return Subscript(
            arg=container,
            container=oids.JSONB,
            elemtype=oids.JSONB,
            upper=uppers,
            type=oids.JSONB,
            location=container.location,
        )
    if handler not in ("array_subscript_handler", "raw_array_subscript_handler"):
        raise PgError(
            "42804",
            f"cannot subscript type {catalog.format_type(container.type)} because it does not support subscripting",
            location=exposed_location(container),
        )
    element = row.typelem
    upper: list[Expr | None] = []
    lower: list[Expr | None] = []
    for index in indices:
        if slices:
            if index.is_slice:
                lower.append(_array_index(ps, index.lidx) if index.lidx is not None else None)
            else:
                lower.append(Const(value=1, type=oids.INT4))
        if index.uidx is not None:
            upper.append(_array_index(ps, index.uidx))
        else:
            upper.append(None)
    if len(upper) > 6:
        raise PgError(
            "54000", f"number of array dimensions ({len(upper)}) exceeds the maximum allowed (6)",
            location=exposed_location(container),
        )  # fmt: skip
    result_type = container_type if slices else element
    return Subscript(
        arg=container,
        container=container_type,
        elemtype=element,
        lower=lower if slices else None,
        upper=upper,
        type=result_type,
        typmod=typmod,
        location=container.location,
    )


def _json_subscript(ps: ParseState, expr: Expr) -> Expr:
    if expr.type == oids.UNKNOWN:
        return coerce_type(ps, expr, oids.UNKNOWN, oids.TEXT, -1, 0, "implicit")
    for target in (oids.INT4, oids.TEXT):
        found = coerce_to_target(ps, expr, expr.type, target, -1, 0, "implicit")
        if found is not None:
            return found
    raise PgError(
        "42804",
        f"subscript type {ps.catalog.format_type(expr.type)} is not supported",
        hint="jsonb subscript must be coercible to either integer or text.",
        location=exposed_location(expr),
    )


def _array_index(ps: ParseState, node: Node) -> Expr:
    expr = transform(ps, node)
    coerced = coerce_to_target(ps, expr, expr.type, oids.INT4, -1, 1, "implicit")
    if coerced is None:
        raise PgError("42804", "array subscript must have type integer", location=exposed_location(expr))
    return coerced


def select_field(ps: ParseState, expr: Expr, name: str, location: int) -> Expr:
    """(expr).name: a field of a composite, or a function in disguise."""
    catalog = ps.catalog
    field = composite_field(ps, expr, name)
    if field is not None:
        return field
    # column.function notation
    if expr.type != oids.UNKNOWN and expr.type != oids.RECORD:
        found = get_function(ps, [name], [expr], [expr.type], [], expand=True, location=location)
        if isinstance(found, Resolved) and found.kind == "f":
            args, result, variadic = prepare_arguments(ps, found, [expr], location)
            return FuncExpr(func=found.row, args=args, type=result, variadic=variadic, location=location)
    if isinstance(expr, Var) and expr.attno == 0:
        raise PgError("42703", f"column {expr.rte.name}.{name} does not exist", location=location)
    if expr.type == oids.RECORD:
        raise PgError("42703", f'could not identify column "{name}" in record data type', location=location)
    if expr.type != oids.UNKNOWN and catalog.type_row(catalog.base_type(expr.type)).typtype == "c":
        raise PgError(
            "42703", f'column "{name}" not found in data type {catalog.format_type(expr.type)}', location=location
        )
    raise PgError(
        "42809",
        f"column notation .{name} applied to type {catalog.format_type(expr.type)}, which is not a composite type",
        location=location,
    )


def composite_field(ps: ParseState, expr: Expr, name: str) -> Expr | None:
    catalog = ps.catalog
    if isinstance(expr, Var) and expr.attno == 0:
        entry = expr.rte
        for i, (column, (oid, typmod, _)) in enumerate(zip(entry.column_names, entry.columns, strict=True), 1):
            if column == name:
                return Var(
                    rte=entry, attno=i, levels=expr.levels, type=oid, typmod=typmod, name=name, location=expr.location
                )
    if isinstance(expr, RowExpr) and expr.type == oids.RECORD:
        if name in expr.names:
            index = expr.names.index(name)
            arg = expr.args[index]
            return FieldSelect(
                arg=expr, index=index, name=name, type=arg.type, typmod=arg.typmod, location=expr.location
            )
        return None
    if expr.type in (oids.UNKNOWN, 0):
        return None
    base = catalog.base_type(expr.type)
    row = catalog.type_row(base)
    if row.typtype == "c":
        relation = catalog.relation(row.typrelid)
        for index, found in enumerate(relation.live):
            if found.name == name:
                return FieldSelect(
                    arg=expr, index=index, name=name, type=found.type, typmod=found.typmod, location=expr.location
                )
        return None
    fields = record_fields(ps, expr)
    if fields is not None:
        for index, (column, oid, typmod) in enumerate(fields):
            if column == name:
                return FieldSelect(arg=expr, index=index, name=name, type=oid, typmod=typmod, location=expr.location)
    return None


def record_fields(ps: ParseState, expr: Expr) -> list[tuple[str, int, int]] | None:
    """Columns of an expression of type record, when they can be known."""
    if isinstance(expr, RowExpr):
        return [(n, a.type, a.typmod) for n, a in zip(expr.names, expr.args, strict=True)]
    if isinstance(expr, FuncExpr) and expr.func.proallargtypes is not None:
        modes = expr.func.proargmodes.elements
        names = expr.func.proargnames.elements if expr.func.proargnames is not None else []
        out = []
        for i, (mode, oid) in enumerate(zip(modes, expr.func.proallargtypes.elements, strict=True)):
            if mode in "obt":
                out.append(((names[i] if i < len(names) and names[i] else f"column{len(out) + 1}"), oid, -1))
        return out
    if isinstance(expr, SubLink) and expr.kind == "expr":
        return record_fields(ps, expr.query.visible_targets[0].expr)
    if isinstance(expr, Var) and expr.attno > 0 and expr.rte.kind == "subquery":
        targets = expr.rte.query.outputs
        return record_fields(ps, targets[expr.attno - 1].expr)
    if isinstance(expr, Var) and expr.attno > 0 and expr.rte.kind == "cte" and expr.rte.cte.query is not None:
        targets = expr.rte.cte.query.outputs
        return record_fields(ps, targets[expr.attno - 1].expr)
    if isinstance(expr, Var) and expr.attno == 0:
        return [(n, t, m) for n, (t, m, _) in zip(expr.rte.column_names, expr.rte.columns, strict=True)]
    if isinstance(expr, Var) and expr.attno > 0 and expr.rte.kind == "values":
        return record_fields(ps, expr.rte.values[0][expr.attno - 1])
    return None


# -- functions -----------------------------------------------------------------------------------------------


@handles("NamedArgExpr")
def _named_arg(ps: ParseState, node: Node) -> Expr:
    return transform(ps, node.arg)


@handles("FuncCall")
def _function(ps: ParseState, node: Node) -> Expr:
    return function_call(ps, node)


def function_call(ps: ParseState, node: Node, *, procedure: bool = False) -> Expr:
    """ParseFuncOrColumn: a call of a function, aggregate, window function, or a column in function notation."""
    names = name_of(node.funcname)
    location = node.location
    args: list[Expr] = []
    arg_names: list[str] = []
    seen_named = False
    # Aggregates may not nest in their arguments; the level check happens when they are finished.
    for arg in node.args or ():
        if arg.kind == "NamedArgExpr":
            if arg.name in arg_names:
                raise PgError("42601", f'argument name "{arg.name}" used more than once', location=arg.location)
            arg_names.append(arg.name)
            _ = arg.argnumber
            seen_named = True
        elif seen_named:
            raise PgError("42601", "positional argument cannot follow named argument", location=arg.location)
        args.append(transform(ps, arg))
    star = bool(node.agg_star)
    distinct = bool(node.agg_distinct)
    within = bool(node.agg_within_group)
    variadic = bool(node.func_variadic)
    order = node.agg_order or []
    over = node.over
    agg_filter = node.agg_filter
    form = node._fields.get("funcformat", "COERCE_EXPLICIT_CALL")
    filter_expr = None
    if agg_filter is not None:
        filter_expr = coerce_to_boolean(ps, transform_in(ps, agg_filter, "FILTER"), "FILTER")
    direct = list(args)
    if within:
        # The ORDER BY of WITHIN GROUP gives further arguments.
        if len(args) and False:
            raise PgError("42601", "VARIADIC is not allowed here", location=location)
        for item in order:
            args.append(transform_in(ps, item.node, "order by"))
    types = [a.type for a in args]
    if not (star or distinct or within or order or over or filter_expr is not None or arg_names) and len(args) == 1:
        # (composite).column written as a function
        if len(names) == 1 and args[0].type not in (oids.UNKNOWN,) and _is_row_type(ps, args[0].type):
            field = composite_field(ps, args[0], names[0])
            if field is not None:
                return field
    found = get_function(ps, names, args, types, arg_names, expand=not variadic, location=location)
    if isinstance(found, str):
        if found == "multiple":
            raise function_ambiguous(ps, names, types, arg_names, location)
        if within:
            raise _no_ordered_set(ps, names, types, location)
        error = function_not_found(ps, names, types, arg_names, location)
        if procedure:
            error.message = error.message.replace("function", "procedure", 1)
            error.hint = (error.hint or "").replace("No function", "No procedure")
        raise error
    shown = signature(ps.catalog, names, types, arg_names)
    if found.kind == "cast":
        if over is not None or star or distinct or order or filter_expr is not None:
            raise _not_aggregate(names, star, distinct, within, bool(order), filter_expr is not None, location)
        return coerce_type(ps, args[0], types[0], found.cast_type, -1, EXPLICIT, "call", location)
    if procedure and found.kind != "p":
        raise PgError(
            "42809",
            f"{shown} is not a procedure",
            hint="To call a function, use SELECT.",
            location=location,
        )
    if found.kind == "p" and not procedure:
        raise PgError("42809", f"{shown} is a procedure", hint="To call a procedure, use CALL.", location=location)
    if found.kind == "a":
        return aggregates.finish_aggregate(
            ps, node, found, names, args, len(direct), order, filter_expr, star, distinct, within, variadic, over
        )
    if within:
        raise PgError(
            "42809", f"{names[-1]} is not an ordered-set aggregate, so it cannot have WITHIN GROUP", location=location
        )
    if found.kind == "w":
        return aggregates.finish_window_function(ps, node, found, names, args, filter_expr, star, distinct, order, over)
    if star or distinct or order or filter_expr is not None:
        raise _not_aggregate(names, star, distinct, within, bool(order), filter_expr is not None, location)
    if over is not None:
        raise PgError(
            "42809",
            f"OVER specified, but {'.'.join(names)} is not a window function nor an aggregate function",
            location=location,
        )
    coerced, result, packed = prepare_arguments(ps, found, args, location)
    if variadic and coerced and found.row.provariadic == oids.ANY:
        if not ps.catalog.element_type(ps.catalog.base_type(coerced[-1].type)) and coerced[-1].type != oids.UNKNOWN:
            raise PgError("42804", "VARIADIC argument must be an array", location=exposed_location(coerced[-1]))
    if found.row.proretset:
        aggregates.check_srf(ps, location)
    call_form = "sql" if form == "COERCE_SQL_SYNTAX" else "call"
    return FuncExpr(
        func=found.row, args=coerced, type=result, variadic=packed or variadic, form=call_form, location=location
    )


def _is_row_type(ps: ParseState, oid: int) -> bool:
    return oid == oids.RECORD or bool(ps.catalog.type_row(ps.catalog.base_type(oid)).typtype == "c")


def _no_ordered_set(ps: ParseState, names: list[str], types: list[int], location: int) -> PgError:
    return PgError(
        "42883",
        f"function {signature(ps.catalog, names, types, [])} does not exist",
        hint="No function matches the given name and argument types. You might need to add explicit type casts.",
        location=location,
    )


def _not_aggregate(
    names: list[str], star: bool, distinct: bool, within: bool, order: bool, filtered: bool, location: int
) -> PgError:
    name = ".".join(names)
    if star:
        text = f"{name}(*) specified, but {name} is not an aggregate function"
    elif distinct:
        text = f"DISTINCT specified, but {name} is not an aggregate function"
    elif within:
        text = f"WITHIN GROUP specified, but {name} is not an aggregate function"
    elif order:
        text = f"ORDER BY specified, but {name} is not an aggregate function"
    else:
        text = f"FILTER specified, but {name} is not an aggregate function"
    return PgError("42809", text, location=location)


@handles("GroupingFunc")
def _grouping(ps: ParseState, node: Node) -> Expr:
    return aggregates.grouping_call(ps, node)


@handles("SubLink")
def _sublink(ps: ParseState, node: Node) -> Expr:
    return subqueries.sublink(ps, node)


@handles("MultiAssignRef")
def _multi_assign(ps: ParseState, node: Node) -> Expr:
    raise unsupported("a multi-column assignment here", node.location)


__all__ = [
    "Default",
    "OpExpr",
    "ScalarArrayOp",
    "analyze_text_expression",
    "composite_field",
    "find_star_entry",
    "function_call",
    "make_row_comparison",
    "record_fields",
    "transform",
    "transform_in",
]
