"""Aggregates over a whole column of collected arguments: NULL skipping, DISTINCT, ORDER BY, then the core function.

The core of an aggregate takes the list of its (non-NULL, for strict ones) arguments. The most used ones are here; the
others come from functions/aggregates.py.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import tree as t
from emulators.postgres.errors import PgError
from emulators.postgres.execute import helpers
from emulators.postgres.functions import registry as functions
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import PgArray

_EXACT = decimal.Context(prec=200000, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[])

Core = Callable[[list[Any], Any], Any]


def _sum_ints(values: list[Any], ctx: Any) -> Any:
    if not values:
        return None
    total = sum(values)
    if not -(2**63) <= total < 2**63:
        raise PgError("22003", "bigint out of range")
    return total


def _sum_bigints(values: list[Any], ctx: Any) -> Any:
    return decimal.Decimal(sum(values)) if values else None


def _sum_numeric(values: list[Any], ctx: Any) -> Any:
    if not values:
        return None
    total = values[0]
    add = _EXACT.add
    for value in values[1:]:
        total = add(total, value)
    return total


def _sum_floats(values: list[Any], ctx: Any) -> Any:
    if not values:
        return None
    total = 0.0
    for value in values:
        total += value
    return total


def _avg_exact(values: list[Any], ctx: Any) -> Any:
    if not values:
        return None
    total = _sum_numeric([v if isinstance(v, decimal.Decimal) else decimal.Decimal(v) for v in values], ctx)
    divide = functions.lookup("numeric_div")
    if divide is None:
        raise PgError("0A000", "function avg is not supported by this emulator")
    return divide.function(total, decimal.Decimal(len(values)))


def _avg_ints(values: list[Any], ctx: Any) -> Any:
    if not values:
        return None
    divide = functions.lookup("numeric_div")
    if divide is None:
        raise PgError("0A000", "function avg is not supported by this emulator")
    return divide.function(decimal.Decimal(sum(values)), decimal.Decimal(len(values)))


def _avg_floats(values: list[Any], ctx: Any) -> Any:
    return _sum_floats(values, ctx) / len(values) if values else None


def _string_agg(values: list[Any], ctx: Any) -> Any:
    """Arguments are (value, delimiter) pairs; the first delimiter is not used, NULL values are skipped."""
    present = [(v, d) for v, d in values if v is not None]
    if not present:
        return None
    empty: Any = b"" if isinstance(present[0][0], bytes) else ""
    parts = [present[0][0]]
    for value, delimiter in present[1:]:
        parts.append(delimiter if delimiter is not None else empty)
        parts.append(value)
    return empty.join(parts)


def _array_agg(values: list[Any], ctx: Any) -> Any:
    return PgArray(values) if values else None


def _array_agg_arrays(values: list[Any], ctx: Any) -> Any:
    if not values:
        return None
    if any(v is None for v in values):
        raise PgError("22004", "cannot accumulate null arrays")
    if any(not v.dims for v in values):
        raise PgError("2202E", "cannot accumulate empty arrays")
    if any(v.dims != values[0].dims for v in values):
        raise PgError("2202E", "cannot accumulate arrays of different dimensionality")
    return helpers.stack_arrays(values)


def _bool_and(values: list[Any], ctx: Any) -> Any:
    return all(values) if values else None


def _bool_or(values: list[Any], ctx: Any) -> Any:
    return any(values) if values else None


_CORES: dict[tuple[str, int], Core] = {
    ("sum", oids.INT2): _sum_ints,
    ("sum", oids.INT4): _sum_ints,
    ("sum", oids.INT8): _sum_bigints,
    ("sum", oids.NUMERIC): _sum_numeric,
    ("sum", oids.FLOAT8): _sum_floats,
    ("avg", oids.INT2): _avg_ints,
    ("avg", oids.INT4): _avg_ints,
    ("avg", oids.INT8): _avg_ints,
    ("avg", oids.NUMERIC): _avg_exact,
    ("avg", oids.FLOAT4): _avg_floats,
    ("avg", oids.FLOAT8): _avg_floats,
    ("bool_and", oids.BOOL): _bool_and,
    ("every", oids.BOOL): _bool_and,
    ("bool_or", oids.BOOL): _bool_or,
}


def _min_max(catalog: Any, node: t.Aggref, greatest: bool) -> Core:
    key = type_io(catalog.base_type(node.args[0].type), catalog).sort_key if node.args else None
    pick = max if greatest else min
    if key is None:
        return lambda values, ctx: pick(values) if values else None
    return lambda values, ctx: pick(values, key=key) if values else None


def core_of(catalog: Any, node: Any) -> tuple[Core, bool]:
    """(function of the argument list, whether NULL arguments are skipped)."""
    name = node.func.proname
    first = node.args[0].type if node.args else 0
    if node.func.oid < oids.FIRST_USER_OID:
        if name == "count":
            return (lambda values, ctx: len(values)), True
        if name in ("min", "max"):
            return _min_max(catalog, node, name == "max"), True
        core = _CORES.get((name, first))
        if core is not None:
            return core, True
        if name == "string_agg":
            return _string_agg, False
        if name == "array_agg":
            return (_array_agg_arrays if catalog.element_type(first) else _array_agg), False
    return _library_core(catalog, node)


def _declared(catalog: Any, func: Any) -> tuple[str, ...]:
    return tuple([catalog.type_row(o).typname for o in func.proargtypes.elements])


def _library_core(catalog: Any, node: Any) -> tuple[Core, bool]:
    """An aggregate of functions/aggregates.py over a whole list."""
    from emulators.postgres.functions import aggregates as library

    func = node.func
    types = tuple([a.type for a in node.args] + [node.type])
    found = library.aggregate_for(func.proname, _declared(catalog, func), types, catalog)
    if found is None:
        raise PgError("0A000", f"aggregate function {func.proname} is not supported by this emulator")
    aggregate = found
    single = len(node.args) == 1

    def core(values: list[Any], ctx: Any) -> Any:
        if aggregate.whole is not None and single and (values or aggregate.empty_whole):
            return aggregate.whole(values)
        state = aggregate.init(ctx) if aggregate.ctx else aggregate.init()
        step = aggregate.step
        if single:
            for value in values:
                state = step(state, value)
        else:
            for value in values:
                state = step(state, *value)
        return aggregate.final(state)

    return core, aggregate.strict


def _ordered_set(catalog: Any, node: t.Aggref) -> Callable[[list[Any], Any, tuple[Any, ...]], Any]:
    """percentile_*, mode and the hypothetical-set aggregates."""
    from emulators.postgres.functions import aggregates as library

    func = node.func
    width = len(node.args)
    keys = [
        (width + i, type_io(catalog.base_type(s.expr.type), catalog).sort_key, s.descending, s.nulls_first)
        for i, s in enumerate(node.order)
    ]
    if node.kind == "h":
        rank = library.HYPOTHETICAL.get(func.proname)
        if rank is None:
            raise PgError("0A000", f"aggregate function {func.proname} is not supported by this emulator")

        def hypothetical(collected: list[Any], ctx: Any, direct: tuple[Any, ...]) -> Any:
            mine = (*direct, *direct)
            rows = [(*c[:width], *c[width:], False) for c in collected]
            rows.append((*mine[:width], *mine[:width], True))
            helpers.sort_rows(rows, keys)
            at = next(i for i, r in enumerate(rows) if r[-1])
            me = rows[at][width : 2 * width]
            others = [r[width : 2 * width] for r in rows if not r[-1]]
            peers = sum(1 for r in others if r == me)
            ordered = [r[width : 2 * width] for r in rows]
            before = ordered.index(me)
            distinct = len({repr(r) for r in ordered[:before]})
            return rank(before, peers, distinct, len(others))

        return hypothetical
    types = tuple([d.type for d in node.direct] + [a.type for a in node.args] + [node.type])
    found = library.ordered_set_for(func.proname, _declared(catalog, func), types, catalog)
    if found is None:
        raise PgError("0A000", f"aggregate function {func.proname} is not supported by this emulator")
    function = found

    def run(collected: list[Any], ctx: Any, direct: tuple[Any, ...]) -> Any:
        rows = list(collected)
        helpers.sort_rows(rows, keys)
        return function(direct, [r[0] for r in rows if r[0] is not None])

    return run


def make_aggregate(catalog: Any, node: t.Aggref) -> Callable[[list[Any], Any, tuple[Any, ...]], Any]:
    """The finishing function of an aggregate call: (collected arguments, ctx, direct arguments) -> value."""
    if node.kind != "n":
        return _ordered_set(catalog, node)
    core, skip = core_of(catalog, node)
    width = len(node.args)
    order = [
        (
            width + i,
            type_io(catalog.base_type(s.expr.type), catalog).sort_key,
            s.descending,
            s.nulls_first,
        )
        for i, s in enumerate(node.order)
    ]
    single = width == 1
    hash_keys = [type_io(catalog.base_type(a.type), catalog).hash_key for a in node.args] if node.distinct else []
    distinct_sort = (
        [(i, type_io(catalog.base_type(a.type), catalog).sort_key, False, False) for i, a in enumerate(node.args)]
        if node.distinct
        else []
    )

    def run(collected: list[Any], ctx: Any, direct: tuple[Any, ...]) -> Any:
        values = collected
        if order:
            values = list(values)
            helpers.sort_rows(values, order)
            values = [v[0] for v in values] if single else [v[:width] for v in values]
        if skip and not node.star:
            if single:
                if None in values:
                    values = [v for v in values if v is not None]
            elif width > 1:
                values = [v for v in values if None not in v]
        if node.distinct:
            seen: dict[Any, Any] = {}
            for v in values:
                if single:
                    k = v if v is None or hash_keys[0] is None else hash_keys[0](v)
                else:
                    k = tuple([x if x is None or h is None else h(x) for x, h in zip(v, hash_keys, strict=True)])
                seen.setdefault(k, v)
            values = list(seen.values())
            if not order:
                # PostgreSQL removes duplicates by sorting, which users see in array_agg(DISTINCT ...).
                rows = [(v,) for v in values] if single else values
                helpers.sort_rows(rows, distinct_sort)
                values = [r[0] for r in rows] if single else rows
        return core(values, ctx)

    return run
