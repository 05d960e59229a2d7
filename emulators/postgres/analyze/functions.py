"""Which function or operator a call means: candidates by name, then PostgreSQL's rules (parse_func.c, parse_oper.c).

A candidate is a (row, argument types in call order, defaults used, variadic) record; named and mixed notation reorder
the arguments. Errors carry PostgreSQL's texts and hints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import (
    IMPLICIT,
    can_coerce,
    category,
    coerce_type,
    exposed_location,
    find_pathway,
    is_binary_coercible,
    is_preferred,
    resolve_generic,
)
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import ArrayExpr, Const, Expr, FuncExpr, OpExpr, ScalarArrayOp
from emulators.postgres.catalog.access import Catalog
from emulators.postgres.errors import PgError, undefined_schema

MAX_ARGUMENTS = 100


class Candidate:
    """One function that could be meant, with its parameter types in the order of the call's arguments."""

    __slots__ = ("defaults", "ndefaults", "order", "path", "row", "types", "variadic")

    def __init__(self, row: Any, types: list[int], path: int) -> None:
        self.row = row
        self.types = types
        self.path = path
        self.variadic = 0
        self.ndefaults = 0
        self.order: list[int] | None = None


def proc_types(row: Any) -> list[int]:
    return list(row.proargtypes.elements)


def function_candidates(
    catalog: Catalog, name: list[str], nargs: int, names: list[str], *, expand: bool = True, location: int = -1
) -> list[Candidate]:
    """FuncnameGetCandidates: every visible function of that name that takes this many arguments."""
    if len(name) > 1:
        schema = catalog.schema_oid(name[-2])
        if schema is None:
            raise undefined_schema(name[-2], location)
        path = [schema]
    else:
        path = list(catalog.search_path)
    found: list[Candidate] = []
    seen: dict[tuple[int, ...], Candidate] = {}
    for row in catalog.many("pg_proc", proname=name[-1]):
        if row.pronamespace not in path:
            continue
        position = path.index(row.pronamespace)
        types = proc_types(row)
        pronargs = row.pronargs
        candidate: Candidate | None = None
        if names:
            order = _match_named(row, nargs, names)
            if order is None:
                continue
            if False:
                continue
            candidate = Candidate(row, [types[i] for i in order], position)
            candidate.order = order
            candidate.ndefaults = pronargs - nargs
        elif nargs == -1:
            candidate = Candidate(row, types, position)
        else:
            if expand and row.provariadic and nargs >= pronargs - 1 and nargs >= 0:
                fixed = types[: pronargs - 1]
                if nargs >= pronargs or (nargs == pronargs - 1 and False):
                    candidate = Candidate(row, fixed + [row.provariadic] * (nargs - pronargs + 1), position)
                    candidate.variadic = nargs - pronargs + 1
            if candidate is None:
                if nargs > pronargs or nargs < pronargs - row.pronargdefaults:
                    continue
                candidate = Candidate(row, types[:nargs], position)
                candidate.ndefaults = pronargs - nargs
        key = tuple(candidate.types)
        previous = seen.get(key)
        if previous is not None:
            if previous.path == candidate.path:
                # Prefer what needs no expansion and fewer defaults.
                if candidate.variadic and not previous.variadic:
                    continue
                if not candidate.variadic and previous.variadic:
                    found.remove(previous)
                elif candidate.ndefaults > previous.ndefaults:
                    continue
                elif candidate.ndefaults < previous.ndefaults:
                    found.remove(previous)
            elif previous.path < candidate.path:
                continue
            else:
                found.remove(previous)
        seen[key] = candidate
        found.append(candidate)
    return found


def _match_named(row: Any, nargs: int, names: list[str]) -> list[int] | None:
    if row.proargnames is None or nargs > row.pronargs or nargs < row.pronargs - row.pronargdefaults:
        return None
    modes = row.proargmodes.elements if row.proargmodes is not None else ["i"] * row.pronargs
    inputs = [n for n, m in zip(row.proargnames.elements, modes, strict=False) if m in "ibv"]
    positional = nargs - len(names)
    order = list(range(positional))
    for name in names:
        if name not in inputs:
            return None
        index = inputs.index(name)
        if index in order:
            return None
        order.append(index)
    # What is not given must have a default.
    first_default = row.pronargs - row.pronargdefaults
    for index in range(row.pronargs):
        if index not in order and index < first_default:
            return None
    return order


def signature(catalog: Catalog, name: list[str], types: Sequence[int], names: list[str]) -> str:
    parts = []
    positional = len(types) - len(names)
    for i, oid in enumerate(types):
        text = catalog.format_type(oid)
        parts.append(f"{names[i - positional]} => {text}" if i >= positional else text)
    return f"{'.'.join(name)}({', '.join(parts)})"


class Resolved:
    """What a call turned out to mean: a function (or aggregate, window function, procedure), or a cast."""

    __slots__ = ("candidate", "cast_type", "kind", "result", "row", "types")

    def __init__(self, kind: str, row: Any, types: list[int], candidate: Candidate | None, cast_type: int = 0) -> None:
        self.kind = kind
        self.row = row
        self.types = types
        self.candidate = candidate
        self.cast_type = cast_type


def get_function(
    ps: ParseState,
    name: list[str],
    args: list[Expr],
    types: list[int],
    names: list[str],
    *,
    expand: bool,
    location: int,
) -> Resolved | str:
    """func_get_detail: the function meant, or "notfound" / "multiple"."""
    catalog = ps.catalog
    candidates = function_candidates(catalog, name, len(types), names, expand=expand, location=location)
    best: Candidate | None = None
    for candidate in candidates:
        if candidate.types == types:
            best = candidate
            break
    if best is None:
        if len(types) == 1 and args and not names:
            cast = _cast_by_name(catalog, name, types[0], args[0])
            if cast:
                return Resolved("cast", None, types, None, cast)
        if candidates:
            fitting = [c for c in candidates if can_coerce(catalog, types, c.types, IMPLICIT)]
            if len(fitting) == 1:
                best = fitting[0]
            elif len(fitting) > 1:
                chosen = select_candidate(catalog, types, [c.types for c in fitting])
                if chosen is None:
                    return "multiple"
                best = fitting[chosen]
    if best is None:
        return "notfound"
    return Resolved(best.row.prokind, best.row, types, best)


def _cast_by_name(catalog: Catalog, name: list[str], source: int, arg: Expr) -> int:
    """`typename(x)` as a cast, where it is one that PostgreSQL allows in function notation."""
    row = None
    if len(name) == 1:
        for schema in catalog.search_path:
            row = catalog.type_by_name(schema, name[0])
            if row is not None:
                break
    else:
        schema_oid = catalog.schema_oid(name[-2])
        row = catalog.type_by_name(schema_oid, name[-1]) if schema_oid else None
    if row is None or (row.typtype == "c" and source != oids.UNKNOWN) or catalog.element_type(row.oid):
        return 0
    target = row.oid
    if source == oids.UNKNOWN and isinstance(arg, Const):
        return int(target)
    path, _ = find_pathway(catalog, target, source, 2)
    if path == "relabel":
        return int(target)
    if path == "io" and not (
        (source == oids.RECORD or catalog.type_row(source).typtype == "c")
        and catalog.type_row(target).typcategory == "S"
    ):
        return int(target)
    return 0


def select_candidate(catalog: Catalog, inputs: list[int], candidates: list[list[int]]) -> int | None:
    """func_select_candidate: the index of the best of several, or None when it stays ambiguous."""
    count = len(inputs)
    base = [t if t == oids.UNKNOWN else catalog.base_type(t) for t in inputs]
    unknowns = sum(1 for t in inputs if t == oids.UNKNOWN)
    remaining = list(range(len(candidates)))

    def keep_best(score: Any) -> None:
        nonlocal remaining
        scores = {i: score(candidates[i]) for i in remaining}
        best = max(scores.values())
        remaining = [i for i in remaining if scores[i] == best]

    keep_best(lambda c: sum(1 for i in range(count) if base[i] != oids.UNKNOWN and c[i] == base[i]))
    if len(remaining) == 1:
        return remaining[0]
    slots = [t if t == oids.UNKNOWN else category(catalog, t) for t in base]
    keep_best(
        lambda c: sum(
            1
            for i in range(count)
            if base[i] != oids.UNKNOWN and (c[i] == base[i] or is_preferred(catalog, str(slots[i]), c[i]))
        )
    )
    if len(remaining) == 1:
        return remaining[0]
    if not unknowns:
        return None
    # Categories of the unknown positions.
    resolved = False
    slot_categories: dict[int, tuple[str, bool]] = {}
    for i in range(count):
        if base[i] != oids.UNKNOWN:
            continue
        have_string = False
        current: str | None = None
        preferred = False
        conflict = False
        for index in remaining:
            row = catalog.type_row(candidates[index][i])
            if row.typcategory == "S":
                have_string = True
            if current is None:
                current, preferred = row.typcategory, row.typispreferred
            elif row.typcategory == current:
                preferred |= row.typispreferred
            else:
                conflict = True
        if have_string:
            slot_categories[i] = (
                "S",
                any(
                    catalog.type_row(candidates[x][i]).typispreferred
                    for x in remaining
                    if catalog.type_row(candidates[x][i]).typcategory == "S"
                ),
            )
        elif conflict or current is None:
            slot_categories = {}
            resolved = False
            break
        else:
            slot_categories[i] = (current, preferred)
        resolved = True
    if resolved:
        kept = []
        for index in remaining:
            keep = True
            for i, (wanted, preferred) in slot_categories.items():
                row = catalog.type_row(candidates[index][i])
                if row.typcategory != wanted or (preferred and not row.typispreferred):
                    keep = False
                    break
            if keep:
                kept.append(index)
        if kept:
            remaining = kept
            if len(remaining) == 1:
                return remaining[0]
    # All known inputs of one type: try it for the unknown ones.
    if unknowns < count:
        known = {t for t in base if t != oids.UNKNOWN}
        if len(known) == 1:
            only = known.pop()
            fitting = [i for i in remaining if can_coerce(catalog, [only] * count, candidates[i], IMPLICIT)]
            if len(fitting) == 1:
                return fitting[0]
    return None


def function_not_found(ps: ParseState, name: list[str], types: list[int], names: list[str], location: int) -> PgError:
    return PgError(
        "42883",
        f"function {signature(ps.catalog, name, types, names)} does not exist",
        hint="No function matches the given name and argument types. You might need to add explicit type casts.",
        location=location,
    )


def function_ambiguous(ps: ParseState, name: list[str], types: list[int], names: list[str], location: int) -> PgError:
    return PgError(
        "42725",
        f"function {signature(ps.catalog, name, types, names)} is not unique",
        hint="Could not choose a best candidate function. You might need to add explicit type casts.",
        location=location,
    )


def prepare_arguments(ps: ParseState, found: Resolved, args: list[Expr], location: int) -> tuple[list[Expr], int, bool]:
    """Coerce the arguments of a resolved call, add defaults, collect VARIADIC ones: (args, result type, variadic)."""
    catalog = ps.catalog
    row, candidate = found.row, found.candidate
    assert candidate is not None
    declared = list(candidate.types)
    actual = list(found.types)
    args = list(args)
    if candidate.ndefaults:
        defaults = default_arguments(ps, row)
        all_types = proc_types(row)
        given = candidate.order if candidate.order is not None else list(range(len(args)))
        first_default = row.pronargs - len(defaults)
        full: list[Expr | None] = [None] * row.pronargs
        for position, arg in zip(given, args, strict=True):
            full[position] = arg
        for i in range(row.pronargs):
            if full[i] is None:
                full[i] = defaults[i - first_default]
        args = [a for a in full if a is not None]
        declared = all_types
        actual = [a.type for a in args]
    elif candidate.order is not None:
        ordered: list[Any] = [None] * len(args)
        for position, arg in zip(candidate.order, args, strict=True):
            ordered[position] = arg
        args = ordered
        declared = proc_types(row)
        actual = [a.type for a in args]
    try:
        resolved = resolve_generic(catalog, actual, declared, row.prorettype)
    except PgError as error:
        raise error from None
    assert resolved is not None
    concrete, result = resolved
    coerced = [
        coerce_type(ps, arg, given_type, wanted, -1, IMPLICIT, "implicit") if given_type != wanted else arg
        for arg, given_type, wanted in zip(args, actual, concrete, strict=True)
    ]
    variadic = False
    if candidate.variadic and row.provariadic != oids.ANY:
        fixed = len(coerced) - candidate.variadic
        elements = coerced[fixed:]
        element_type = elements[0].type if elements else row.provariadic
        array = catalog.array_type(element_type)
        coerced = [
            *coerced[:fixed],
            ArrayExpr(elements=elements, elemtype=element_type, type=array, location=exposed_location(elements[0])),
        ]
        variadic = True
    return coerced, result, variadic


def default_arguments(ps: ParseState, row: Any) -> list[Expr]:
    """The default expressions of a function's last parameters, analysed."""
    from emulators.postgres.analyze.expressions import analyze_text_expression
    from emulators.postgres.analyze.tree import copy_tree

    stored = row.proargdefaults
    if stored is None:
        return []
    trees = getattr(stored, "tree", None)
    if trees is not None:
        return [copy_tree(t) for t in trees]
    return [analyze_text_expression(ps, text) for text in stored.elements]


# -- operators -----------------------------------------------------------------------------------------------


def operator_text(name: list[str]) -> str:
    return ".".join(name)


def operator_candidates(catalog: Catalog, name: list[str], kind: str, location: int) -> list[Any]:
    """Visible operators of a name: kind b (infix) or l (prefix)."""
    if len(name) > 1:
        schema = catalog.schema_oid(name[-2])
        if schema is None:
            raise undefined_schema(name[-2], location)
        return [
            r for r in catalog.many("pg_operator", oprname=name[-1]) if r.oprkind == kind and r.oprnamespace == schema
        ]
    path = catalog.search_path
    seen: dict[tuple[int, int], tuple[int, Any]] = {}
    for row in catalog.many("pg_operator", oprname=name[-1]):
        if row.oprkind != kind or row.oprnamespace not in path:
            continue
        position = path.index(row.oprnamespace)
        key = (row.oprleft, row.oprright)
        if key not in seen or seen[key][0] > position:
            seen[key] = (position, row)
    return [row for _, row in seen.values()]


def binary_operator(
    ps: ParseState, name: list[str], left: int, right: int, location: int, *, missing_ok: bool = False
) -> Any:
    """oper(): the infix operator for these input types."""
    catalog = ps.catalog
    cache = catalog.cache
    key = ("oper", tuple(name), left, right, catalog.search_path)
    found = cache.get(key)
    if found is None:
        found = _binary_operator(catalog, name, left, right, location)
        if not isinstance(found, str):
            cache[key] = found
    if isinstance(found, str):
        if missing_ok:
            return None
        raise _operator_error(ps, found, name, left, right, location)
    return found


def _binary_operator(catalog: Catalog, name: list[str], left: int, right: int, location: int) -> Any:
    candidates = operator_candidates(catalog, name, "b", location)
    if not candidates:
        return "notfound"
    exact_left = left if left != oids.UNKNOWN else right
    exact_right = right if right != oids.UNKNOWN else left
    for row in candidates:
        if row.oprleft == exact_left and row.oprright == exact_right:
            return row
    if left == oids.UNKNOWN or right == oids.UNKNOWN:
        base = catalog.base_type(exact_left)
        if base != exact_left:
            for row in candidates:
                if row.oprleft == base and row.oprright == base:
                    return row
    fitting = [r for r in candidates if can_coerce(catalog, [left, right], [r.oprleft, r.oprright], IMPLICIT)]
    if not fitting:
        return "notfound"
    if len(fitting) == 1:
        return fitting[0]
    chosen = select_candidate(catalog, [left, right], [[r.oprleft, r.oprright] for r in fitting])
    return "multiple" if chosen is None else fitting[chosen]


def prefix_operator(ps: ParseState, name: list[str], right: int, location: int) -> Any:
    catalog = ps.catalog
    candidates = operator_candidates(catalog, name, "l", location)
    for row in candidates:
        if row.oprright == right:
            return row
    fitting = [r for r in candidates if can_coerce(catalog, [right], [r.oprright], IMPLICIT)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        chosen = select_candidate(catalog, [right], [[r.oprright] for r in fitting])
        if chosen is not None:
            return fitting[chosen]
        raise _operator_error(ps, "multiple", name, 0, right, location)
    raise _operator_error(ps, "notfound", name, 0, right, location)


def _operator_error(ps: ParseState, what: str, name: list[str], left: int, right: int, location: int) -> PgError:
    catalog = ps.catalog
    text = operator_text(name)
    shown = (
        f"{catalog.format_type(left)} {text} {catalog.format_type(right)}"
        if left
        else f"{text} {catalog.format_type(right)}"
    )
    if what == "multiple":
        return PgError(
            "42725",
            f"operator is not unique: {shown}",
            hint="Could not choose a best candidate operator. You might need to add explicit type casts.",
            location=location,
        )
    hint = "No operator matches the given name and argument types. You might need to add explicit type casts."
    if not left:
        hint = "No operator matches the given name and argument type. You might need to add an explicit type cast."
    return PgError("42883", f"operator does not exist: {shown}", hint=hint, location=location)


def make_operator(
    ps: ParseState, name: list[str], left: Expr | None, right: Expr, location: int, cls: type[OpExpr] = OpExpr
) -> OpExpr:
    """make_op: an operator call with its arguments coerced."""
    catalog = ps.catalog
    if left is None:
        row = prefix_operator(ps, name, right.type, location)
        args, actual, declared = [right], [right.type], [row.oprright]
    else:
        row = binary_operator(ps, name, left.type, right.type, location)
        args, actual, declared = [left, right], [left.type, right.type], [row.oprleft, row.oprright]
    if not row.oprcode:
        raise PgError("42883", f"operator is only a shell: {operator_text(name)}", location=location)
    func = catalog.proc(row.oprcode)
    resolved = resolve_generic(catalog, actual, declared, row.oprresult)
    assert resolved is not None
    concrete, result = resolved
    coerced = [
        coerce_type(ps, arg, given, wanted, -1, IMPLICIT, "implicit") if given != wanted else arg
        for arg, given, wanted in zip(args, actual, concrete, strict=True)
    ]
    return cls(op=row, func=func, args=coerced, type=result, location=location)


def make_scalar_array_operator(
    ps: ParseState, name: list[str], use_any: bool, left: Expr, right: Expr, location: int
) -> Expr:
    """make_scalar_array_op: expr op ANY/ALL (array)."""
    catalog = ps.catalog
    right_type = right.type
    if right_type == oids.UNKNOWN:
        element = oids.UNKNOWN
    else:
        element = catalog.element_type(catalog.base_type(right_type))
        if not element:
            raise PgError("42809", "op ANY/ALL (array) requires array on right side", location=location)
    row = binary_operator(ps, name, left.type, element, location)
    func = catalog.proc(row.oprcode)
    actual, declared = [left.type, element], [row.oprleft, row.oprright]
    resolved = resolve_generic(catalog, actual, declared, row.oprresult)
    assert resolved is not None
    concrete, result = resolved
    if result != oids.BOOL:
        raise PgError("42809", "op ANY/ALL (array) requires operator to yield boolean", location=location)
    if func.proretset:
        raise PgError("42809", "op ANY/ALL (array) requires operator not to return a set", location=location)
    array_type = catalog.array_type(concrete[1])
    if concrete[1] in oids.POLYMORPHIC:
        array_type = right_type
    if not array_type:
        raise PgError(
            "42704", f"could not find array type for data type {catalog.format_type(concrete[1])}", location=location
        )
    left = coerce_type(ps, left, left.type, concrete[0], -1, IMPLICIT, "implicit")
    right = coerce_type(ps, right, right_type, array_type, -1, IMPLICIT, "implicit")
    return ScalarArrayOp(op=row, func=func, any=use_any, args=[left, right], type=oids.BOOL, location=location)


def equality_operator(catalog: Catalog, oid: int) -> Any:
    """The `=` of a type's default btree (or hash) operator class, as a pg_operator row, or None."""
    for am, strategy in ((oids.BTREE_AM, 3), (oids.HASH_AM, 1)):
        opclass = catalog.default_opclass(oid, am)
        if opclass is not None:
            found = catalog.opfamily_operator(opclass.opcfamily, opclass.opcintype, opclass.opcintype, strategy)
            if found:
                return catalog.operator(found)
    return None


def ordering_operator(catalog: Catalog, oid: int, descending: bool = False) -> Any:
    """The `<` (or `>`) of a type's default btree operator class."""
    opclass = catalog.default_opclass(oid, oids.BTREE_AM)
    if opclass is None:
        return None
    found = catalog.opfamily_operator(opclass.opcfamily, opclass.opcintype, opclass.opcintype, 5 if descending else 1)
    return catalog.operator(found) if found else None


def is_func_call_cast(expr: Expr) -> bool:
    return isinstance(expr, FuncExpr) and expr.form != "call"


__all__ = [
    "Candidate",
    "Resolved",
    "binary_operator",
    "equality_operator",
    "function_ambiguous",
    "function_candidates",
    "function_not_found",
    "get_function",
    "is_binary_coercible",
    "make_operator",
    "make_scalar_array_operator",
    "ordering_operator",
    "prepare_arguments",
    "signature",
]
