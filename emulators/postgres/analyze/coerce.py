"""Type coercion by PostgreSQL's rules (its parse_coerce.c): pathways, common types, polymorphic types, domains.

`context` is what a cast may be used for: implicit, assignment, plpgsql or explicit, in rising order of licence; `form`
is how it was written (implicit, explicit, call), which only the deparser looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import (
    ArrayCoerce,
    CaseTest,
    CoerceToDomain,
    CoerceViaIO,
    Collate,
    Const,
    Expr,
    FieldSelect,
    FuncExpr,
    Param,
    Relabel,
    RowCoerce,
    RowExpr,
    Var,
)
from emulators.postgres.catalog.access import Catalog
from emulators.postgres.errors import PgError
from emulators.postgres.types.registry import type_io

IMPLICIT, ASSIGNMENT, EXPLICIT = 0, 1, 2

_POLY_ANY = {oids.ANYELEMENT, oids.ANYNONARRAY, oids.ANY, oids.ANYCOMPATIBLE, oids.ANYCOMPATIBLENONARRAY}
_POLY_STRUCT = {
    oids.ANYARRAY,
    oids.ANYENUM,
    oids.ANYRANGE,
    oids.ANYMULTIRANGE,
    oids.ANYCOMPATIBLEARRAY,
    oids.ANYCOMPATIBLERANGE,
    oids.ANYCOMPATIBLEMULTIRANGE,
}


def category(catalog: Catalog, oid: int) -> str:
    return catalog.type_row(oid).typcategory  # type: ignore[no-any-return]


def is_preferred(catalog: Catalog, wanted_category: str, oid: int) -> bool:
    row = catalog.type_row(oid)
    return bool(row.typcategory == wanted_category and row.typispreferred)


def is_binary_coercible(catalog: Catalog, source: int, target: int) -> bool:
    if source == target or target in (oids.ANY, oids.ANYELEMENT, oids.ANYCOMPATIBLE):
        return True
    source = catalog.base_type(source)
    if source == target:
        return True
    if target in (oids.ANYARRAY, oids.ANYCOMPATIBLEARRAY):
        return bool(catalog.element_type(source))
    if target in (oids.ANYNONARRAY, oids.ANYCOMPATIBLENONARRAY):
        return not catalog.element_type(source)
    row = catalog.type_row(source)
    if target == oids.ANYENUM:
        return bool(row.typtype == "e")
    if target in (oids.ANYRANGE, oids.ANYCOMPATIBLERANGE):
        return bool(row.typtype == "r")
    if target in (oids.ANYMULTIRANGE, oids.ANYCOMPATIBLEMULTIRANGE):
        return bool(row.typtype == "m")
    if target == oids.RECORD:
        return bool(row.typtype == "c")
    if target == oids.RECORDARRAY:
        element = catalog.element_type(source)
        return bool(element and catalog.type_row(element).typtype == "c")
    cast = catalog.one("pg_cast", castsource=source, casttarget=target)
    return cast is not None and cast.castmethod == "b" and cast.castcontext == "i"


def find_pathway(catalog: Catalog, target: int, source: int, context: int) -> tuple[str, int]:
    """How to get from source to target: (none | relabel | func | io | array, function OID)."""
    source = catalog.base_type(source)
    target = catalog.base_type(target)
    if source == target:
        return "relabel", 0
    cast = catalog.one("pg_cast", castsource=source, casttarget=target)
    if cast is not None:
        needed = {"i": IMPLICIT, "a": ASSIGNMENT, "e": EXPLICIT}[cast.castcontext]
        if context >= needed:
            if cast.castmethod == "f":
                return "func", cast.castfunc
            if cast.castmethod == "i":
                return "io", 0
            return "relabel", 0
        return "none", 0
    if target not in (oids.OIDVECTOR, oids.INT2VECTOR):
        target_element = catalog.element_type(target)
        source_element = catalog.element_type(source) if target_element else 0
        if target_element and source_element:
            path, function = find_pathway(catalog, target_element, source_element, context)
            if path != "none":
                return "array", function
    if context >= ASSIGNMENT and category(catalog, target) == "S":
        return "io", 0
    if context >= EXPLICIT and category(catalog, source) == "S":
        return "io", 0
    return "none", 0


def length_function(catalog: Catalog, oid: int) -> tuple[str, int]:
    """The function that enforces a type's length: (none | func | array, OID)."""
    path = "func"
    element = catalog.element_type(oid)
    if element:
        oid = element
        path = "array"
    cast = catalog.one("pg_cast", castsource=oid, casttarget=oid)
    if cast is None or not cast.castfunc:
        return "none", 0
    return path, cast.castfunc


def can_coerce(catalog: Catalog, sources: Sequence[int], targets: Sequence[int], context: int) -> bool:
    generic: list[tuple[int, int]] = []
    for source, target in zip(sources, targets, strict=True):
        if source == target or target == oids.ANY:
            continue
        if target in oids.POLYMORPHIC:
            generic.append((source, target))
            continue
        if source == oids.UNKNOWN:
            continue
        if find_pathway(catalog, target, source, context)[0] != "none":
            continue
        if source == oids.RECORD and _is_complex(catalog, target):
            continue
        if target == oids.RECORD and _is_complex(catalog, source):
            continue
        if target == oids.RECORDARRAY and _is_complex_array(catalog, source):
            continue
        return False
    if generic or any(t in oids.POLYMORPHIC for t in targets):
        pairs = [(s, t) for s, t in zip(sources, targets, strict=True)]
        return check_generic(catalog, [p[0] for p in pairs], [p[1] for p in pairs])
    return True


def _is_complex(catalog: Catalog, oid: int) -> bool:
    return bool(catalog.type_row(catalog.base_type(oid)).typtype == "c")


def _is_complex_array(catalog: Catalog, oid: int) -> bool:
    element = catalog.element_type(oid)
    return bool(element) and _is_complex(catalog, element)


def exposed_location(expr: Expr) -> int:
    """PostgreSQL's exprLocation: the leftmost known location of an expression."""
    location = expr.location
    if isinstance(expr, (Relabel, CoerceViaIO, ArrayCoerce, CoerceToDomain, RowCoerce)):
        inner = exposed_location(expr.arg)
        return _leftmost(location, inner)
    if isinstance(expr, Collate):
        return exposed_location(expr.arg)
    args = getattr(expr, "args", None)
    if args and type(expr).__name__ in (
        "OpExpr", "FuncExpr", "BoolExpr", "NullTest", "ScalarArrayOp", "DistinctExpr", "NullIfExpr",
    ):  # fmt: skip
        return _leftmost(location, exposed_location(args[0]))
    if type(expr).__name__ in ("NullTest", "BooleanTest", "FieldSelect"):
        return _leftmost(location, exposed_location(expr.arg))  # type: ignore[attr-defined]
    if type(expr).__name__ == "Subscript":
        return exposed_location(expr.arg)  # type: ignore[attr-defined]
    return location


def _leftmost(a: int, b: int) -> int:
    if a < 0:
        return b
    if b < 0:
        return a
    return min(a, b)


def coerce_to_target(
    ps: ParseState,
    expr: Expr,
    source: int,
    target: int,
    typmod: int,
    context: int,
    form: str,
    location: int = -1,
) -> Expr | None:
    """Coerce including the length; None when there is no way."""
    if not can_coerce(ps.catalog, [source], [target], context):
        return None
    collation: Collate | None = None
    if isinstance(expr, Collate):
        collation = expr
        expr = expr.arg
        while isinstance(expr, Collate):
            expr = expr.arg
    result = coerce_type(ps, expr, source, target, typmod, context, form, location)
    result = coerce_typmod(
        ps, result, target, typmod, context, form, location, hide=result is not expr and not isinstance(result, Const)
    )
    if collation is not None and ps.catalog.type_row(target).typcollation:
        result = Collate(
            arg=result,
            coll_name=collation.coll_name,
            type=result.type,
            typmod=result.typmod,
            location=collation.location,
        )
    return result


def coerce_type(
    ps: ParseState, expr: Expr, source: int, target: int, typmod: int, context: int, form: str, location: int = -1
) -> Expr:
    """Coerce to a type; the caller has checked that it can be done."""
    catalog = ps.catalog
    if target == source:
        return expr
    if target in _POLY_ANY:
        return expr
    if target in _POLY_STRUCT:
        if source != oids.UNKNOWN:
            base = catalog.base_type(source)
            if base != source:
                return Relabel(arg=expr, type=base, typmod=-1, location=location)
            return expr
        return expr
    if source == oids.UNKNOWN and isinstance(expr, Const):
        return _unknown_literal(ps, expr, target, typmod, context, form, location)
    if isinstance(expr, Param) and source == oids.UNKNOWN and expr.kind == "extern":
        resolved = _variable_parameter(ps, expr, target, location)
        if resolved is not None:
            return resolved
    if isinstance(expr, Collate):
        inner = coerce_type(ps, expr.arg, source, target, typmod, context, form, location)
        return Collate(
            arg=inner, coll_name=expr.coll_name, type=inner.type, typmod=inner.typmod, location=expr.location
        )
    path, function = find_pathway(catalog, target, source, context)
    if path != "none":
        if path != "relabel":
            base, base_typmod = catalog.base_type_and_mod(target, typmod)
            result = _build(ps, expr, path, function, base, base_typmod, context, form, location)
            if target != base:
                result = coerce_to_domain(ps, result, base, base_typmod, target, context, form, location, hide=True)
            return result
        result = coerce_to_domain(ps, expr, 0, -1, target, context, form, location, hide=False)
        if result is expr:
            relabel = Relabel(arg=expr, type=target, typmod=-1, form=form, location=location)
            if isinstance(expr, Const):
                return Const(value=expr.value, type=target, typmod=-1, location=expr.location)
            return relabel
        return result
    if source == oids.RECORD and _is_complex(catalog, target):
        return _record_to_complex(ps, expr, target, context, form, location)
    if target == oids.RECORD and _is_complex(catalog, source):
        return expr
    if target == oids.RECORDARRAY and _is_complex_array(catalog, source):
        return expr
    if source == oids.UNKNOWN:
        return CoerceViaIO(arg=expr, type=target, typmod=-1, form=form, location=location)
    raise PgError(
        "XX000",
        f"failed to find conversion function from {catalog.format_type(source)} to {catalog.format_type(target)}",
    )


def _unknown_literal(
    ps: ParseState, expr: Const, target: int, typmod: int, context: int, form: str, location: int
) -> Expr:
    catalog = ps.catalog
    base, base_typmod = catalog.base_type_and_mod(target, typmod)
    input_typmod = base_typmod if base == oids.INTERVAL else -1
    value = expr.value
    if value is not None:
        try:
            value = type_io(base, catalog).text_in(value, input_typmod, ps.context)
        except PgError as error:
            raise error.at(expr.location) from None
    result: Expr = Const(value=value, type=base, typmod=input_typmod, location=expr.location)
    if target != base:
        result = coerce_to_domain(ps, result, base, base_typmod, target, context, form, location, hide=False)
    return result


def _variable_parameter(ps: ParseState, param: Param, target: int, location: int) -> Expr | None:
    parameters = ps.parameters
    if not parameters.variable:
        return None
    known = parameters.types[param.number - 1]
    if known == oids.UNKNOWN:
        parameters.types[param.number - 1] = target
    elif known != target:
        raise PgError(
            "42P08",
            f"inconsistent types deduced for parameter ${param.number}",
            detail=f"{ps.catalog.format_type(known)} versus {ps.catalog.format_type(target)}",
            location=param.location,
        )
    param.type = target
    param.typmod = -1
    if location >= 0 and (param.location < 0 or param.location > location):
        param.location = location
    return param


def _build(
    ps: ParseState,
    expr: Expr,
    path: str,
    function: int,
    target: int,
    typmod: int,
    context: int,
    form: str,
    location: int,
) -> Expr:
    catalog = ps.catalog
    if path == "func":
        func = catalog.proc(function)
        args = [expr]
        if func.pronargs >= 2:
            args.append(Const(value=typmod, type=oids.INT4))
        if func.pronargs == 3:
            args.append(Const(value=context >= EXPLICIT, type=oids.BOOL))
        return FuncExpr(func=func, args=args, type=target, typmod=-1, form=form, location=location)
    if path == "array":
        source_element = catalog.element_type(catalog.base_type(expr.type))
        target_element = catalog.element_type(target)
        source_typmod = expr.typmod
        test = CaseTest(type=source_element, typmod=source_typmod)
        element = coerce_to_target(ps, test, source_element, target_element, typmod, context, form, location)
        if element is None:
            raise PgError("XX000", f"failed to coerce array element type {source_element} to {target_element}")
        return ArrayCoerce(
            arg=expr, element=element, test=test, type=target, typmod=typmod, form=form, location=location
        )
    if path == "io":
        return CoerceViaIO(arg=expr, type=target, typmod=-1, form=form, location=location)
    raise PgError("XX000", f"unsupported pathtype {path}")


def coerce_typmod(
    ps: ParseState,
    expr: Expr,
    target: int,
    typmod: int,
    context: int,
    form: str,
    location: int,
    *,
    hide: bool,
) -> Expr:
    """Enforce a length, where the type has one and the value does not have it already."""
    if typmod == expr.typmod and not (isinstance(expr, (Relabel,)) and typmod >= 0 and expr.arg.typmod != typmod):
        return expr
    if typmod < 0:
        return Relabel(arg=expr, type=target, typmod=-1, form=form, location=location) if False else expr
    path, function = length_function(ps.catalog, target)
    if path == "none":
        if expr.typmod != typmod:
            return Relabel(arg=expr, type=target, typmod=typmod, form=form, location=location)
        return expr
    if path == "array":
        element_type = ps.catalog.element_type(target)
        test = CaseTest(type=element_type, typmod=expr.typmod)
        element = coerce_typmod(ps, test, element_type, typmod, context, form, location, hide=False)
        return ArrayCoerce(
            arg=expr, element=element, test=test, type=target, typmod=typmod, form=form, location=location
        )
    func = ps.catalog.proc(function)
    args = [expr, Const(value=typmod, type=oids.INT4)]
    if func.pronargs == 3:
        args.append(Const(value=context >= EXPLICIT, type=oids.BOOL))
    return FuncExpr(func=func, args=args, type=target, typmod=typmod, form=form, location=location)


def coerce_to_domain(
    ps: ParseState,
    expr: Expr,
    base: int,
    base_typmod: int,
    target: int,
    context: int,
    form: str,
    location: int,
    *,
    hide: bool,
) -> Expr:
    if not base:
        base, base_typmod = ps.catalog.base_type_and_mod(target, base_typmod)
    if target == base:
        return expr
    result = coerce_typmod(ps, expr, base, base_typmod, context, "implicit", location, hide=False)
    return CoerceToDomain(arg=result, type=target, typmod=-1, form=form, location=location)


def _record_to_complex(ps: ParseState, expr: Expr, target: int, context: int, form: str, location: int) -> Expr:
    catalog = ps.catalog
    base, base_typmod = catalog.base_type_and_mod(target, -1)
    relation = catalog.relation(catalog.type_row(base).typrelid)
    columns: list[Expr]
    if isinstance(expr, RowExpr):
        given: list[Expr] = list(expr.args)
    elif isinstance(expr, Var) and expr.attno == 0:
        entry = expr.rte
        given = [
            Var(rte=entry, attno=i, levels=expr.levels, type=t, typmod=m, name=n)
            for i, ((t, m, _), n) in enumerate(zip(entry.columns, entry.column_names, strict=True), 1)
        ]
    else:
        raise PgError(
            "42846",
            f"cannot cast type {catalog.format_type(oids.RECORD)} to {catalog.format_type(target)}",
            location=location,
        )
    columns = []
    live = relation.live
    for i, column in enumerate(live):
        if i >= len(given):
            raise PgError(
                "42846",
                f"cannot cast type {catalog.format_type(oids.RECORD)} to {catalog.format_type(target)}",
                detail="Input has too few columns.",
                location=location,
            )
        coerced = coerce_to_target(ps, given[i], given[i].type, column.type, column.typmod, context, "implicit", -1)
        if coerced is None:
            raise PgError(
                "42846",
                f"cannot cast type {catalog.format_type(oids.RECORD)} to {catalog.format_type(target)}",
                detail=f"Cannot cast type {catalog.format_type(given[i].type)} to {catalog.format_type(column.type)} "
                f"in column {i + 1}.",
                location=exposed_location(given[i]),
            )
        columns.append(coerced)
    if len(given) > len(live):
        raise PgError(
            "42846",
            f"cannot cast type {catalog.format_type(oids.RECORD)} to {catalog.format_type(target)}",
            detail="Input has too many columns.",
            location=location,
        )
    row = RowExpr(args=columns, type=base, typmod=-1, form=form, location=location, names=[c.name for c in live])
    if target != base:
        return coerce_to_domain(ps, row, base, base_typmod, target, context, form, location, hide=False)
    return row


def coerce_to_boolean(ps: ParseState, expr: Expr, construct: str) -> Expr:
    result = expr
    if expr.type != oids.BOOL:
        coerced = coerce_to_target(ps, expr, expr.type, oids.BOOL, -1, ASSIGNMENT, "implicit")
        if coerced is None:
            raise PgError(
                "42804",
                f"argument of {construct} must be type boolean, not type {ps.catalog.format_type(expr.type)}",
                location=exposed_location(expr),
            )
        result = coerced
    if returns_set(result):
        raise PgError("42804", f"argument of {construct} must not return a set", location=exposed_location(expr))
    return result


def returns_set(expr: Expr) -> bool:
    from emulators.postgres.analyze.tree import walk

    return any(isinstance(n, FuncExpr) and n.func.proretset for n in walk(expr))


def coerce_to_specific(ps: ParseState, expr: Expr, target: int, construct: str, typmod: int = -1) -> Expr:
    result = expr
    if expr.type != target:
        coerced = coerce_to_target(ps, expr, expr.type, target, typmod, ASSIGNMENT, "implicit")
        if coerced is None:
            raise PgError(
                "42804",
                f"argument of {construct} must be type {ps.catalog.format_type(target)}, "
                f"not type {ps.catalog.format_type(expr.type)}",
                location=exposed_location(expr),
            )
        result = coerced
    if returns_set(result):
        raise PgError("42804", f"argument of {construct} must not return a set", location=exposed_location(expr))
    return result


def select_common_type(ps: ParseState, exprs: Sequence[Expr], construct: str | None) -> int:
    """UNION/CASE/array resolution; 0 when there is none and `construct` is None."""
    catalog = ps.catalog
    chosen = exprs[0]
    chosen_type = chosen.type
    if chosen_type != oids.UNKNOWN and all(e.type == chosen_type for e in exprs[1:]):
        return chosen_type
    chosen_type = catalog.base_type(chosen_type)
    row = catalog.type_row(chosen_type)
    chosen_category, preferred = row.typcategory, row.typispreferred
    for expr in exprs[1:]:
        new = catalog.base_type(expr.type)
        if new == oids.UNKNOWN or new == chosen_type:
            continue
        new_row = catalog.type_row(new)
        if chosen_type == oids.UNKNOWN:
            chosen, chosen_type, chosen_category, preferred = expr, new, new_row.typcategory, new_row.typispreferred
        elif new_row.typcategory != chosen_category:
            if construct is None:
                return 0
            raise PgError(
                "42804",
                f"{construct} types {catalog.format_type(chosen_type)} and {catalog.format_type(new)} cannot be matched",
                location=exposed_location(expr),
            )
        elif (
            not preferred
            and can_coerce(catalog, [chosen_type], [new], IMPLICIT)
            and not can_coerce(catalog, [new], [chosen_type], IMPLICIT)
        ):
            chosen, chosen_type, chosen_category, preferred = expr, new, new_row.typcategory, new_row.typispreferred
    return oids.TEXT if chosen_type == oids.UNKNOWN else chosen_type


def select_common_typmod(exprs: Sequence[Expr], common: int) -> int:
    typmod: int | None = None
    for expr in exprs:
        if expr.type != common:
            return -1
        if typmod is None:
            typmod = expr.typmod
        elif typmod != expr.typmod:
            return -1
    return -1 if typmod is None else typmod


def coerce_to_common(ps: ParseState, expr: Expr, target: int, construct: str) -> Expr:
    if expr.type == target:
        return expr
    if can_coerce(ps.catalog, [expr.type], [target], IMPLICIT):
        return coerce_type(ps, expr, expr.type, target, -1, IMPLICIT, "implicit")
    raise PgError(
        "42846",
        f"{construct} could not convert type {ps.catalog.format_type(expr.type)} to {ps.catalog.format_type(target)}",
        location=exposed_location(expr),
    )


# -- polymorphic types ---------------------------------------------------------------------------------------


def _common_of_types(catalog: Catalog, types: list[int], *, required: bool) -> int:
    chosen = 0
    for oid in types:
        if oid in (0, oids.UNKNOWN):
            continue
        base = catalog.base_type(oid)
        if not chosen:
            chosen = base
            continue
        if base == chosen:
            continue
        chosen_row, row = catalog.type_row(chosen), catalog.type_row(base)
        if row.typcategory != chosen_row.typcategory:
            if required:
                raise PgError(
                    "42804",
                    "arguments of anycompatible family cannot be cast to a common type",
                )
            return 0
        if (
            not chosen_row.typispreferred
            and can_coerce(catalog, [chosen], [base], IMPLICIT)
            and not can_coerce(catalog, [base], [chosen], IMPLICIT)
        ):
            chosen = base
    return chosen or oids.TEXT


def check_generic(catalog: Catalog, actual: Sequence[int], declared: Sequence[int]) -> bool:
    """Can these argument types satisfy the polymorphic parameters at all?"""
    try:
        return resolve_generic(catalog, list(actual), list(declared), 0, strict=False) is not None
    except PgError:
        return False


def resolve_generic(
    catalog: Catalog, actual: list[int], declared: list[int], result: int, *, strict: bool = True
) -> tuple[list[int], int] | None:
    """PostgreSQL's enforce_generic_type_consistency: concrete parameter types and result type.

    With `strict` off only the check is made (unknown arguments are let through), and None means "does not fit".
    """
    element = array = range_ = multirange = 0
    have_anyelement = have_nonarray = have_enum = False
    compatible: list[int] = []
    compatible_array = compatible_nonarray = False
    compatible_range = compatible_multirange = 0
    any_used = compat_used = False

    def mismatch(kind: str, a: int, b: int) -> PgError:
        return PgError(
            "42804",
            f"arguments declared {kind} are not all alike",
            detail=f"{catalog.format_type(a)} versus {catalog.format_type(b)}",
        )

    for given, wanted in zip(actual, declared, strict=True):
        if wanted in oids.ANY_FAMILY:
            any_used = True
        if wanted in oids.ANY_COMPATIBLE_FAMILY:
            compat_used = True
        if wanted in (oids.ANYELEMENT, oids.ANYNONARRAY, oids.ANYENUM):
            have_anyelement = True
            have_nonarray |= wanted == oids.ANYNONARRAY
            have_enum |= wanted == oids.ANYENUM
            if given == oids.UNKNOWN:
                continue
            if element and given != element:
                if not strict:
                    return None
                raise mismatch('"anyelement"', element, given)
            element = given
        elif wanted == oids.ANYARRAY:
            if given == oids.UNKNOWN:
                continue
            given = catalog.base_type(given)
            if array and given != array:
                if not strict:
                    return None
                raise mismatch('"anyarray"', array, given)
            array = given
        elif wanted == oids.ANYRANGE:
            if given == oids.UNKNOWN:
                continue
            given = catalog.base_type(given)
            if range_ and given != range_:
                if not strict:
                    return None
                raise mismatch('"anyrange"', range_, given)
            range_ = given
        elif wanted == oids.ANYMULTIRANGE:
            if given == oids.UNKNOWN:
                continue
            given = catalog.base_type(given)
            if multirange and given != multirange:
                if not strict:
                    return None
                raise mismatch('"anymultirange"', multirange, given)
            multirange = given
        elif wanted in (oids.ANYCOMPATIBLE, oids.ANYCOMPATIBLENONARRAY):
            compatible_nonarray |= wanted == oids.ANYCOMPATIBLENONARRAY
            if given != oids.UNKNOWN:
                compatible.append(given)
        elif wanted == oids.ANYCOMPATIBLEARRAY:
            compatible_array = True
            if given == oids.UNKNOWN:
                continue
            inner = catalog.element_type(catalog.base_type(given))
            if not inner:
                if not strict:
                    return None
                raise PgError(
                    "42804",
                    f"argument declared anycompatiblearray is not an array but type {catalog.format_type(given)}",
                )
            compatible.append(inner)
        elif wanted == oids.ANYCOMPATIBLERANGE:
            if given == oids.UNKNOWN:
                continue
            given = catalog.base_type(given)
            row = catalog.one("pg_range", rngtypid=given)
            if row is None or (compatible_range and compatible_range != given):
                if not strict:
                    return None
                raise mismatch("anycompatiblerange", compatible_range or given, given)
            compatible_range = given
            compatible.append(row.rngsubtype)
        elif wanted == oids.ANYCOMPATIBLEMULTIRANGE:
            if given == oids.UNKNOWN:
                continue
            given = catalog.base_type(given)
            row = catalog.one("pg_range", rngmultitypid=given)
            if row is None or (compatible_multirange and compatible_multirange != given):
                if not strict:
                    return None
                raise mismatch("anycompatiblemultirange", compatible_multirange or given, given)
            compatible_multirange = given
            compatible.append(row.rngsubtype)

    if array:
        if array == oids.ANYARRAY:
            inner = oids.ANYELEMENT
        else:
            inner = catalog.element_type(array)
            if not inner:
                if not strict:
                    return None
                raise PgError(
                    "42804", f"argument declared anyarray is not an array but type {catalog.format_type(array)}"
                )
        if not element or (not have_anyelement):
            element = element or inner
        elif inner != element and inner != oids.ANYELEMENT:
            if not strict:
                return None
            raise PgError(
                "42804",
                "argument declared anyarray is not consistent with argument declared anyelement",
                detail=f"{catalog.format_type(array)} versus {catalog.format_type(element)}",
            )
    if multirange:
        row = catalog.one("pg_range", rngmultitypid=multirange)
        if row is None:
            if not strict:
                return None
            raise PgError(
                "42804",
                f"argument declared anymultirange is not a multirange type but type {catalog.format_type(multirange)}",
            )
        if range_ and row.rngtypid != range_:
            if not strict:
                return None
            raise PgError(
                "42804",
                "argument declared anymultirange is not consistent with argument declared anyrange",
                detail=f"{catalog.format_type(multirange)} versus {catalog.format_type(range_)}",
            )
        range_ = row.rngtypid
    if range_:
        row = catalog.one("pg_range", rngtypid=range_)
        if row is None:
            if not strict:
                return None
            raise PgError(
                "42804", f"argument declared anyrange is not a range type but type {catalog.format_type(range_)}"
            )
        if not element:
            element = row.rngsubtype
        elif element != row.rngsubtype:
            if not strict:
                return None
            raise PgError(
                "42804",
                "argument declared anyrange is not consistent with argument declared anyelement",
                detail=f"{catalog.format_type(range_)} versus {catalog.format_type(element)}",
            )
    if any_used and not element:
        if not strict:
            return actual, 0
        if all(g == oids.UNKNOWN for g, w in zip(actual, declared, strict=True) if w in oids.ANY_FAMILY):
            raise PgError("42804", "could not determine polymorphic type because input has type unknown")
    if have_nonarray and element and catalog.element_type(catalog.base_type(element)):
        if not strict:
            return None
        raise PgError("42804", f"type matched to anynonarray is an array type: {catalog.format_type(element)}")
    if have_enum and element and catalog.type_row(element).typtype != "e":
        if not strict:
            return None
        raise PgError("42804", f"type matched to anyenum is not an enum type: {catalog.format_type(element)}")

    common = 0
    if compat_used:
        if compatible:
            common = _common_of_types(catalog, compatible, required=strict)
            if not common:
                return None
        else:
            common = oids.TEXT if strict else 0
        if compatible_range:
            common = catalog.one("pg_range", rngtypid=compatible_range).rngsubtype
        elif compatible_multirange:
            common = catalog.one("pg_range", rngmultitypid=compatible_multirange).rngsubtype
        if common and compatible_nonarray and catalog.element_type(catalog.base_type(common)):
            if not strict:
                return None
            raise PgError(
                "42804", f"type matched to anycompatiblenonarray is an array type: {catalog.format_type(common)}"
            )
        if common and not strict and any(not can_coerce(catalog, [t], [common], IMPLICIT) for t in compatible):
            return None
    if not strict:
        return actual, 0

    def concrete(wanted: int) -> int:
        if wanted in (oids.ANYELEMENT, oids.ANYNONARRAY, oids.ANYENUM):
            return element
        if wanted == oids.ANYARRAY:
            if array:
                return array
            found = catalog.array_type(element)
            if not found:
                raise PgError("42704", f"could not find array type for data type {catalog.format_type(element)}")
            return found
        if wanted == oids.ANYRANGE:
            if range_:
                return range_
            raise PgError("42804", "could not determine polymorphic type anyrange because input has type unknown")
        if wanted == oids.ANYMULTIRANGE:
            if multirange:
                return multirange
            if range_:
                return int(catalog.one("pg_range", rngtypid=range_).rngmultitypid)
            raise PgError("42804", "could not determine polymorphic type anymultirange because input has type unknown")
        if wanted in (oids.ANYCOMPATIBLE, oids.ANYCOMPATIBLENONARRAY):
            return common
        if wanted == oids.ANYCOMPATIBLEARRAY:
            found = catalog.array_type(common)
            if not found:
                raise PgError("42704", f"could not find array type for data type {catalog.format_type(common)}")
            return found
        if wanted == oids.ANYCOMPATIBLERANGE:
            if compatible_range:
                return compatible_range
            raise PgError(
                "42804", "could not determine polymorphic type anycompatiblerange because input has type unknown"
            )
        if wanted == oids.ANYCOMPATIBLEMULTIRANGE:
            if compatible_multirange:
                return compatible_multirange
            if compatible_range:
                return int(catalog.one("pg_range", rngtypid=compatible_range).rngmultitypid)
            raise PgError(
                "42804", "could not determine polymorphic type anycompatiblemultirange because input has type unknown"
            )
        return wanted

    final = [concrete(w) for w in declared]
    _ = compatible_array
    return final, concrete(result)


def field_of_row(expr: Expr, index: int, oid: int, typmod: int, name: str) -> Any:
    return FieldSelect(arg=expr, index=index, name=name, type=oid, typmod=typmod, location=expr.location)
