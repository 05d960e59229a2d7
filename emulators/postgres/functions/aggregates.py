"""Aggregate functions: ordinary, ordered-set and hypothetical.

For the engine
--------------
`aggregate_for(name, declared, types, catalog) -> Aggregate | None`: `declared` are the typnames of the aggregate's
pg_proc row ("sum", ("int4",)), `types` the concrete OIDs of the call (argument types..., result type).

    state = agg.init()          (agg.init(ctx) when agg.ctx)
    state = agg.step(state, *args)
    value = agg.final(state)    None is SQL NULL; `final` may be called again after more steps (running windows)

* `agg.strict`: the caller leaves out rows with a NULL argument. Others get None.
* `agg.whole`: None, or a function (list of values) -> value equal to init/step.../final over a one-argument aggregate's
  non-NULL inputs (never called with an empty list unless `agg.empty_whole`).
* `agg.inverse`: None, or (state, *args) -> state taking the oldest row out again (moving frames); `final` of a state
  with nothing in it gives what an empty input gives.
* DISTINCT, ORDER BY and FILTER are the caller's.

Ordered-set aggregates: `ordered_set_for(name, declared, types, catalog)` gives a function (direct arguments as a tuple,
values as a list sorted by WITHIN GROUP's order, NULLs left out) -> value.
Hypothetical-set aggregates: `HYPOTHETICAL[name](before, peers, distinct_before, total)`: how many rows sort before the
hypothetical one, how many are its peers, how many distinct rows sort before, how many rows there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from emulators.postgres.functions.floats import add as add_floats
from emulators.postgres.functions.intervals import add as add_intervals
from emulators.postgres.functions.intervals import divide as divide_interval
from emulators.postgres.functions.intervals import multiply as multiply_interval
from emulators.postgres.functions.intervals import subtract as subtract_intervals
from emulators.postgres.functions.json_convert import base_info, key_text, to_json, to_jsonb
from emulators.postgres.functions.numeric import divide, divide_to_scale, division_scale, root_to_scale
from emulators.postgres.types.errors import (
    data_error,
    feature_not_supported,
    float_overflow,
    int8_overflow,
    invalid_parameter,
    null_not_allowed,
)
from emulators.postgres.types.floats import to_single
from emulators.postgres.types.json_io import make_object, quote
from emulators.postgres.types.numeric import EXACT, NAN
from emulators.postgres.types.ranges import normalize
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import Interval, PgArray, Range

ZERO: Final = Decimal(0)


@dataclass(slots=True)
class Aggregate:
    """See the module's docstring."""

    init: Callable[..., Any]
    step: Callable[..., Any]
    final: Callable[[Any], Any]
    strict: bool = True
    whole: Callable[[list[Any]], Any] | None = None
    inverse: Callable[..., Any] | None = None
    ctx: bool = False
    empty_whole: bool = False


Maker = Callable[[tuple[int, ...], Any], Aggregate]
AGGREGATES: dict[str, Maker] = {}


def aggregate(*signatures: str) -> Callable[[Maker], Maker]:
    def register(maker: Maker) -> Maker:
        for signature in signatures:
            AGGREGATES[signature] = maker
        return maker

    return register


def aggregate_for(name: str, declared: tuple[str, ...], types: tuple[int, ...], catalog: Any) -> Aggregate | None:
    """The implementation of an aggregate, None when there is none."""
    maker = AGGREGATES.get(f"{name}({','.join(declared)})")
    return None if maker is None else maker(types, catalog)


def _nothing() -> None:
    return None


def _same(state: Any) -> Any:
    return state


def _shared(entry: Aggregate, *signatures: str) -> None:
    AGGREGATES.update(dict.fromkeys(signatures, lambda types, catalog: entry))


# count
_shared(Aggregate(int, lambda n: n + 1, _same, False, inverse=lambda n: n - 1), "count()")
_shared(
    Aggregate(int, lambda n, _: n + 1, _same, True, len, lambda n, _: n - 1, empty_whole=True),
    "count(any)",
)


# Sums and averages of integers keep (count, sum).
def _count_step(state: tuple[int, Any], value: Any) -> tuple[int, Any]:
    return state[0] + 1, state[1] + value


def _count_inverse(state: tuple[int, Any], value: Any) -> tuple[int, Any]:
    return state[0] - 1, state[1] - value


def _int8_checked(value: int) -> int:
    return value if -(2**63) <= value < 2**63 else int8_overflow()


def _no_pairs() -> tuple[int, int]:
    return 0, 0


_shared(
    Aggregate(
        _no_pairs,
        _count_step,
        lambda state: _int8_checked(state[1]) if state[0] else None,
        True,
        lambda values: _int8_checked(sum(values)),
        _count_inverse,
    ),
    "sum(int2)",
    "sum(int4)",
)
_shared(
    Aggregate(
        _no_pairs,
        _count_step,
        lambda state: Decimal(state[1]) if state[0] else None,
        True,
        lambda values: Decimal(sum(values)),
        _count_inverse,
    ),
    "sum(int8)",
)
_shared(
    Aggregate(
        _no_pairs,
        _count_step,
        lambda state: _int8_checked(state[1]) if state[0] else None,
        True,
        lambda values: _int8_checked(sum(values)),
        _count_inverse,
    ),
    "sum(money)",
)
_shared(
    Aggregate(
        _no_pairs,
        _count_step,
        lambda state: divide(Decimal(state[1]), Decimal(state[0])) if state[0] else None,
        True,
        lambda values: divide(Decimal(sum(values)), Decimal(len(values))),
        _count_inverse,
    ),
    "avg(int2)",
    "avg(int4)",
    "avg(int8)",
)


# numeric: special values are counted, so that they can be taken out again.
class NumericSum:
    """Sum, sum of squares and counts of numeric input."""

    __slots__ = ("count", "minus_infinities", "nans", "plus_infinities", "squares", "total")

    def __init__(self) -> None:
        self.count = self.nans = self.plus_infinities = self.minus_infinities = 0
        self.total = self.squares = ZERO

    def special(self) -> Decimal | None:
        if self.nans or (self.plus_infinities and self.minus_infinities):
            return NAN
        if self.plus_infinities:
            return Decimal("Infinity")
        return Decimal("-Infinity") if self.minus_infinities else None


def _note_special(state: NumericSum, value: Decimal, change: int) -> bool:
    if value.is_finite():
        return False
    if value.is_nan():
        state.nans += change
    elif value > 0:
        state.plus_infinities += change
    else:
        state.minus_infinities += change
    return True


def _numeric_step(state: NumericSum, value: Decimal) -> NumericSum:
    state.count += 1
    if not _note_special(state, value, 1):
        state.total = EXACT.add(state.total, value)
    return state


def _numeric_squares_step(state: NumericSum, value: Decimal) -> NumericSum:
    state.count += 1
    if not _note_special(state, value, 1):
        state.total = EXACT.add(state.total, value)
        state.squares = EXACT.add(state.squares, EXACT.multiply(value, value))
    return state


def _numeric_sum(state: NumericSum) -> Decimal | None:
    if not state.count:
        return None
    special = state.special()
    if special is not None:
        return special
    return state.total if state.total else state.total.copy_abs()


def _numeric_average(state: NumericSum) -> Decimal | None:
    total = _numeric_sum(state)
    return None if total is None else divide(total, Decimal(state.count))


_shared(Aggregate(NumericSum, _numeric_step, _numeric_sum), "sum(numeric)")
_shared(Aggregate(NumericSum, _numeric_step, _numeric_average), "avg(numeric)")


def _numeric_spread(state: NumericSum, variance: bool, sample: bool) -> Decimal | None:
    count = state.count
    if count == 0 or (sample and count <= 1):
        return None
    if state.special() is not None:
        return NAN
    size = Decimal(count)
    numerator = EXACT.subtract(EXACT.multiply(size, state.squares), EXACT.multiply(state.total, state.total))
    if numerator <= 0:
        return ZERO
    denominator = Decimal(count * (count - 1 if sample else count))
    scale = division_scale(numerator, denominator)
    result = divide_to_scale(numerator, denominator, scale)
    return result if variance else root_to_scale(result, scale)


def _integer_squares_step(state: NumericSum, value: int) -> NumericSum:
    return _numeric_squares_step(state, Decimal(value))


# float8: Youngs and Cramer's updating of the sum of squared differences.
class FloatMoments:
    """Count, sum and sum of squared differences of float input."""

    __slots__ = ("count", "squares", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = self.squares = 0.0


def _float_step(state: FloatMoments, value: float) -> FloatMoments:
    old_total = state.total
    state.count += 1
    state.total += value
    if state.count > 1:
        deviation = value * state.count - state.total
        if not math.isinf(state.squares):
            state.squares += deviation * deviation / (state.count * (state.count - 1))
        if math.isinf(state.total) or math.isinf(state.squares):
            if not math.isinf(old_total) and not math.isinf(value):
                raise float_overflow()
            state.squares = math.nan
    elif math.isnan(value) or math.isinf(value):
        state.squares = math.nan
    return state


def _float_spread(state: FloatMoments, variance: bool, sample: bool) -> float | None:
    divisor = state.count - 1 if sample else state.count
    if divisor <= 0:
        return None
    result = state.squares / divisor
    return result if variance else math.sqrt(result) if result == result else result


_shared(
    Aggregate(FloatMoments, _float_step, lambda state: state.total / state.count if state.count else None),
    "avg(float8)",
    "avg(float4)",
)


def _register_spreads() -> None:
    def numeric_final(variance: bool, sample: bool) -> Callable[[Any], Any]:
        return lambda state: _numeric_spread(state, variance, sample)

    def float_final(variance: bool, sample: bool) -> Callable[[Any], Any]:
        return lambda state: _float_spread(state, variance, sample)

    for names, variance, sample in (
        (("var_samp", "variance"), True, True),
        (("var_pop",), True, False),
        (("stddev_samp", "stddev"), False, True),
        (("stddev_pop",), False, False),
    ):
        for name in names:
            exact, rough = numeric_final(variance, sample), float_final(variance, sample)
            _shared(
                Aggregate(NumericSum, _integer_squares_step, exact), f"{name}(int2)", f"{name}(int4)", f"{name}(int8)"
            )
            _shared(Aggregate(NumericSum, _numeric_squares_step, exact), f"{name}(numeric)")
            _shared(Aggregate(FloatMoments, _float_step, rough), f"{name}(float4)", f"{name}(float8)")


_register_spreads()


def _add_single(a: float, b: float) -> float:
    try:
        result = to_single(a + b)
    except OverflowError:
        raise float_overflow() from None
    if math.isinf(result) and not math.isinf(a) and not math.isinf(b):
        raise float_overflow()
    return result


def _first_or(combine: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda state, value: value if state is None else combine(state, value)


def _sum_floats(values: list[float]) -> float:
    total = values[0]
    for value in values[1:]:
        total += value
    if math.isinf(total) and not any(map(math.isinf, values)):
        raise float_overflow()
    return total


_shared(Aggregate(_nothing, _first_or(add_floats), _same, True, _sum_floats), "sum(float8)")
_shared(Aggregate(_nothing, _first_or(_add_single), _same), "sum(float4)")


# interval
class IntervalSum:
    """Count and sum of finite intervals, and counts of the infinite ones."""

    __slots__ = ("count", "minus", "plus", "total")

    def __init__(self) -> None:
        self.count = self.plus = self.minus = 0
        self.total = Interval(0, 0, 0)


def _interval_step(state: IntervalSum, value: Interval) -> IntervalSum:
    from emulators.postgres.types.values import INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY

    state.count += 1
    if value == INTERVAL_INFINITY:
        state.plus += 1
    elif value == INTERVAL_MINUS_INFINITY:
        state.minus += 1
    else:
        state.total = add_intervals(state.total, value)
    return state


def _interval_total(state: IntervalSum) -> Interval | None:
    from emulators.postgres.types.datetime_core import interval_out_of_range
    from emulators.postgres.types.values import INTERVAL_INFINITY, INTERVAL_MINUS_INFINITY

    if not state.count:
        return None
    if state.plus and state.minus:
        raise interval_out_of_range()
    if state.plus:
        return INTERVAL_INFINITY
    return INTERVAL_MINUS_INFINITY if state.minus else state.total


def _interval_average(state: IntervalSum) -> Interval | None:
    total = _interval_total(state)
    if total is None or state.plus or state.minus:
        return total
    return divide_interval(total, float(state.count))


_shared(Aggregate(IntervalSum, _interval_step, _interval_total), "sum(interval)")
_shared(Aggregate(IntervalSum, _interval_step, _interval_average), "avg(interval)")


# min and max
def _extreme(largest: bool) -> Maker:
    def make(types: tuple[int, ...], catalog: Any) -> Aggregate:
        key = type_io(types[0], catalog).sort_key
        whole: Callable[[list[Any]], Any]
        if key is None:
            whole = max if largest else min
            if largest:
                return Aggregate(_nothing, lambda s, v: v if s is None or v > s else s, _same, True, whole)
            return Aggregate(_nothing, lambda s, v: v if s is None or v < s else s, _same, True, whole)

        def step(state: Any, value: Any) -> Any:
            ranked = key(value)
            if state is None or (ranked > state[0] if largest else ranked < state[0]):
                return ranked, value
            return state

        def of_all(values: list[Any]) -> Any:
            return max(values, key=key) if largest else min(values, key=key)

        return Aggregate(_nothing, step, lambda state: None if state is None else state[1], True, of_all)

    return make


for _type in [
    "int2",
    "int4",
    "int8",
    "oid",
    "float4",
    "float8",
    "numeric",
    "money",
    "date",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "interval",
    "text",
    "bpchar",
    "inet",
    "pg_lsn",
    "tid",
    "xid8",
    "bytea",
    "record",
    "anyarray",
    "anyenum",
]:
    AGGREGATES[f"max({_type})"] = _extreme(True)
    AGGREGATES[f"min({_type})"] = _extreme(False)


# Booleans and bits
_shared(
    Aggregate(_nothing, lambda s, v: v if s is None else s and v, _same, True, all), "bool_and(bool)", "every(bool)"
)
_shared(Aggregate(_nothing, lambda s, v: v if s is None else s or v, _same, True, any), "bool_or(bool)")
for _type in ("int2", "int4", "int8"):
    _shared(Aggregate(_nothing, lambda s, v: v if s is None else s & v, _same), f"bit_and({_type})")
    _shared(Aggregate(_nothing, lambda s, v: v if s is None else s | v, _same), f"bit_or({_type})")
    _shared(Aggregate(_nothing, lambda s, v: v if s is None else s ^ v, _same), f"bit_xor({_type})")


def _bit_strings(name: str) -> Callable[[str | None, str], str]:
    from emulators.postgres.functions import bits

    function: Callable[[str, str], str] = {"bit_and": bits.bit_and, "bit_or": bits.bit_or, "bit_xor": bits.bit_xor}[
        name
    ]
    return _first_or(function)


for _name in ("bit_and", "bit_or", "bit_xor"):
    AGGREGATES[f"{_name}(bit)"] = lambda types, catalog, name=_name: Aggregate(  # type: ignore[misc]
        _nothing, _bit_strings(name), _same
    )


@aggregate("any_value(anyelement)")
def any_value(types: tuple[int, ...], catalog: Any) -> Aggregate:
    return Aggregate(
        _nothing, lambda state, value: value if state is None else state, _same, True, lambda values: values[0]
    )


# Collecting
def _append(state: list[Any], value: Any) -> list[Any]:
    state.append(value)
    return state


@aggregate("array_agg(anynonarray)")
def array_agg(types: tuple[int, ...], catalog: Any) -> Aggregate:
    return Aggregate(list, _append, lambda state: PgArray(list(state)) if state else None, False)


def _collect_array(state: list[PgArray], value: PgArray | None) -> list[PgArray]:
    if value is None:
        raise null_not_allowed("cannot accumulate null arrays")
    if not state and not value.dims:
        raise data_error("2202E", "cannot accumulate empty arrays")
    if state and (state[0].dims, state[0].lbounds) != (value.dims, value.lbounds):
        raise data_error("2202E", "cannot accumulate arrays of different dimensionality")
    state.append(value)
    return state


def _stack_arrays(state: list[PgArray]) -> PgArray | None:
    if not state:
        return None
    elements = [item for array in state for item in array.elements]
    return PgArray(elements, (len(state), *state[0].dims), (1, *state[0].lbounds))


@aggregate("array_agg(anyarray)")
def array_agg_arrays(types: tuple[int, ...], catalog: Any) -> Aggregate:
    return Aggregate(list, _collect_array, _stack_arrays, False)


def _string_step(state: list[Any], value: Any, delimiter: Any) -> list[Any]:
    if value is not None:
        if state and delimiter is not None:
            state.append(delimiter)
        state.append(value)
    return state


_shared(Aggregate(list, _string_step, lambda s: "".join(s) if s else None, False), "string_agg(text,text)")
_shared(Aggregate(list, _string_step, lambda s: b"".join(s) if s else None, False), "string_agg(bytea,bytea)")


# JSON
def _json_agg(skip_nulls: bool) -> Maker:
    def make(types: tuple[int, ...], catalog: Any) -> Aggregate:
        convert = to_json(types[0], catalog)
        info = base_info(types[0], catalog)
        structured = bool(info.element) or info.input == "record_in"

        def step(state: tuple[Any, list[str]], value: Any) -> tuple[Any, list[str]]:
            ctx, parts = state
            if value is None and skip_nulls:
                return state
            if parts:
                parts.append(", \n " if structured and value is not None else ", ")
            parts.append(convert(value, ctx))
            return state

        def final(state: tuple[Any, list[str]] | None) -> str | None:
            if state is None:
                return None
            return "[" + "".join(state[1]) + "]"

        return _started(lambda ctx: (ctx, []), step, final)

    return make


def _started(begin: Callable[[Any], Any], step: Callable[..., Any], final: Callable[[Any], Any]) -> Aggregate:
    """An aggregate whose result is NULL without rows but not when all rows were skipped."""

    def init(ctx: Any) -> list[Any]:
        return [False, begin(ctx)]

    def run(state: list[Any], *args: Any) -> list[Any]:
        state[0] = True
        state[1] = step(state[1], *args)
        return state

    return Aggregate(init, run, lambda state: final(state[1]) if state[0] else None, False, ctx=True)


AGGREGATES["json_agg(anyelement)"] = _json_agg(False)
AGGREGATES["json_agg_strict(anyelement)"] = _json_agg(True)


def _jsonb_agg(skip_nulls: bool) -> Maker:
    def make(types: tuple[int, ...], catalog: Any) -> Aggregate:
        convert = to_jsonb(types[0], catalog)

        def step(state: tuple[Any, list[Any]], value: Any) -> tuple[Any, list[Any]]:
            if value is not None or not skip_nulls:
                state[1].append(convert(value, state[0]))
            return state

        return _started(lambda ctx: (ctx, []), step, lambda state: list(state[1]))

    return make


AGGREGATES["jsonb_agg(anyelement)"] = _jsonb_agg(False)
AGGREGATES["jsonb_agg_strict(anyelement)"] = _jsonb_agg(True)


def _duplicate_key(key: str) -> Exception:
    return data_error("22030", f"duplicate JSON object key value: {quote(key)}")


def _json_object_agg(skip_nulls: bool, unique: bool) -> Maker:
    def make(types: tuple[int, ...], catalog: Any) -> Aggregate:
        key_of = key_text(types[0], catalog)
        convert = to_json(types[1], catalog)

        def step(state: tuple[Any, list[str], set[str]], key: Any, value: Any) -> Any:
            ctx, parts, seen = state
            if key is None:
                raise null_not_allowed("null value not allowed for object key")
            if value is None and skip_nulls:
                return state
            name = key_of(key, ctx)
            if unique:
                if name in seen:
                    raise _duplicate_key(name)
                seen.add(name)
            parts.append(f"{quote(name)} : {convert(value, ctx)}")
            return state

        return _started(lambda ctx: (ctx, [], set()), step, lambda state: "{ " + ", ".join(state[1]) + " }")

    return make


def _jsonb_object_agg(skip_nulls: bool, unique: bool) -> Maker:
    def make(types: tuple[int, ...], catalog: Any) -> Aggregate:
        key_of = key_text(types[0], catalog)
        convert = to_jsonb(types[1], catalog)

        def step(state: tuple[Any, list[tuple[str, Any]], set[str]], key: Any, value: Any) -> Any:
            ctx, pairs, seen = state
            if key is None:
                raise invalid_parameter("field name must not be null")
            name = key_of(key, ctx)
            if unique and (value is not None or not skip_nulls):
                if name in seen:
                    raise data_error("22030", "duplicate JSON object key value")
                seen.add(name)
            if value is None and skip_nulls:
                return state
            pairs.append((name, convert(value, ctx)))
            return state

        return _started(lambda ctx: (ctx, [], set()), step, lambda state: make_object(state[1]))

    return make


for _suffix, _skip, _unique in (
    ("", False, False),
    ("_strict", True, False),
    ("_unique", False, True),
    ("_unique_strict", True, True),
):
    AGGREGATES[f"json_object_agg{_suffix}(any,any)"] = _json_object_agg(_skip, _unique)
    AGGREGATES[f"jsonb_object_agg{_suffix}(any,any)"] = _jsonb_object_agg(_skip, _unique)


# Ranges
def _range_parts(oid: int, catalog: Any) -> tuple[Any, str, bool]:
    info = base_info(oid, catalog)
    is_multirange = info.typtype == "m"
    member = catalog.type_info(info.range_type) if is_multirange else info
    return type_io(member.range_subtype, catalog).sort_key, member.range_canonical, is_multirange


@aggregate("range_agg(anyrange)", "range_agg(anymultirange)")
def range_agg(types: tuple[int, ...], catalog: Any) -> Aggregate:
    key, canonical, is_multirange = _range_parts(types[0], catalog)

    def step(state: list[Range], value: Any) -> list[Range]:
        if is_multirange:
            state.extend(value)
        else:
            state.append(value)
        return state

    def run(state: list[Any], value: Any) -> list[Any]:
        return [True, step(state[1], value)]

    return Aggregate(lambda: [False, []], run, lambda state: normalize(state[1], key, canonical) if state[0] else None)


@aggregate("range_intersect_agg(anyrange)", "range_intersect_agg(anymultirange)")
def range_intersect_agg(types: tuple[int, ...], catalog: Any) -> Aggregate:
    from emulators.postgres.functions.ranges import intersect, intersect_multiranges

    key, canonical, is_multirange = _range_parts(types[0], catalog)
    if is_multirange:
        return Aggregate(_nothing, _first_or(lambda a, b: intersect_multiranges(a, b, key, canonical)), _same)
    return Aggregate(_nothing, _first_or(lambda a, b: intersect(a, b, key)), _same)


# Regression: count, sums and sums of products, updated as Youngs and Cramer do.
class Regression:
    """Moments of pairs (y, x)."""

    __slots__ = ("count", "sx", "sxx", "sxy", "sy", "syy")

    def __init__(self) -> None:
        self.count = 0
        self.sx = self.sxx = self.sy = self.syy = self.sxy = 0.0


def _regression_step(state: Regression, y: float, x: float) -> Regression:
    old_sx, old_sy = state.sx, state.sy
    state.count += 1
    count = state.count
    state.sx += x
    state.sy += y
    if count > 1:
        tx, ty = x * count - state.sx, y * count - state.sy
        scale = 1.0 / (count * (count - 1))
        state.sxx += tx * tx * scale
        state.syy += ty * ty * scale
        state.sxy += tx * ty * scale
        if any(map(math.isinf, (state.sx, state.sxx, state.sy, state.syy, state.sxy))):
            x_inf, y_inf = math.isinf(old_sx) or math.isinf(x), math.isinf(old_sy) or math.isinf(y)
            if (
                ((math.isinf(state.sx) or math.isinf(state.sxx)) and not x_inf)
                or ((math.isinf(state.sy) or math.isinf(state.syy)) and not y_inf)
                or (math.isinf(state.sxy) and not x_inf and not y_inf)
            ):
                raise float_overflow()
            if math.isinf(state.sxx):
                state.sxx = math.nan
            if math.isinf(state.syy):
                state.syy = math.nan
            if math.isinf(state.sxy):
                state.sxy = math.nan
    else:
        if not math.isfinite(x):
            state.sxx = state.sxy = math.nan
        if not math.isfinite(y):
            state.syy = state.sxy = math.nan
    return state


def _correlation(state: Regression) -> float | None:
    if not state.count or state.sxx == 0 or state.syy == 0:
        return None
    return state.sxy / math.sqrt(state.sxx * state.syy)


def _r2(state: Regression) -> float | None:
    if not state.count or state.sxx == 0:
        return None
    return 1.0 if state.syy == 0 else state.sxy * state.sxy / (state.sxx * state.syy)


def _intercept(state: Regression) -> float | None:
    if not state.count or state.sxx == 0:
        return None
    return (state.sy - state.sx * state.sxy / state.sxx) / state.count


_FINALS: Final[dict[str, Callable[[Regression], Any]]] = {
    "regr_count": lambda s: s.count,
    "regr_sxx": lambda s: s.sxx if s.count else None,
    "regr_syy": lambda s: s.syy if s.count else None,
    "regr_sxy": lambda s: s.sxy if s.count else None,
    "regr_avgx": lambda s: s.sx / s.count if s.count else None,
    "regr_avgy": lambda s: s.sy / s.count if s.count else None,
    "regr_r2": _r2,
    "regr_slope": lambda s: s.sxy / s.sxx if s.count and s.sxx != 0 else None,
    "regr_intercept": _intercept,
    "covar_pop": lambda s: s.sxy / s.count if s.count else None,
    "covar_samp": lambda s: s.sxy / (s.count - 1) if s.count > 1 else None,
    "corr": _correlation,
}
for _name, _final in _FINALS.items():
    _shared(Aggregate(Regression, _regression_step, _final), f"{_name}(float8,float8)")


# Ordered sets
OrderedSet = Callable[[tuple[Any, ...], list[Any]], Any]


def _fraction(value: float) -> float:
    if value != value or not 0 <= value <= 1:
        from emulators.postgres.types.floats import float8_text

        raise data_error("22003", f"percentile value {float8_text(value)} is not between 0 and 1")
    return value


def _discrete(values: list[Any], fraction: float) -> Any:
    place = math.ceil(_fraction(fraction) * len(values))
    return values[max(place, 1) - 1]


def _continuous_float(values: list[Any], fraction: float) -> float:
    place = _fraction(fraction) * (len(values) - 1)
    low, high = values[math.floor(place)], values[math.ceil(place)]
    part = place - math.floor(place)
    return low if math.floor(place) == math.ceil(place) else low + part * (high - low)  # type: ignore[no-any-return]


def _continuous_interval(values: list[Any], fraction: float) -> Interval:
    place = _fraction(fraction) * (len(values) - 1)
    low, high = values[math.floor(place)], values[math.ceil(place)]
    if math.floor(place) == math.ceil(place):
        return low  # type: ignore[no-any-return]
    return add_intervals(multiply_interval(subtract_intervals(high, low), place - math.floor(place)), low)


def _percentile(compute: Callable[[list[Any], float], Any]) -> OrderedSet:
    def run(direct: tuple[Any, ...], values: list[Any]) -> Any:
        if direct[0] is None:
            return None
        fraction = _fraction(direct[0])
        return compute(values, fraction) if values else None

    return run


def _percentiles(compute: Callable[[list[Any], float], Any]) -> OrderedSet:
    def run(direct: tuple[Any, ...], values: list[Any]) -> Any:
        fractions = direct[0]
        if fractions is None or not values:
            return None
        results = [None if each is None else compute(values, each) for each in fractions.elements]
        return PgArray(results, fractions.dims, fractions.lbounds)

    return run


def _mode(key: Callable[[Any], Any] | None) -> OrderedSet:
    def run(direct: tuple[Any, ...], values: list[Any]) -> Any:
        best, best_count = None, 0
        current: Any = None
        count = 0
        last: Any = object()
        for value in values:
            ranked = value if key is None else key(value)
            if count and ranked == last:
                count += 1
            else:
                last, current, count = ranked, value, 1
            if count > best_count:
                best, best_count = current, count
        return best

    return run


def ordered_set_for(name: str, declared: tuple[str, ...], types: tuple[int, ...], catalog: Any) -> OrderedSet | None:
    """An ordered-set aggregate; `types` are direct, then aggregated arguments' types, then the result's."""
    if name == "mode":
        return _mode(type_io(types[0], catalog).hash_key)
    if name == "percentile_disc":
        return (_percentiles if declared[0] == "_float8" else _percentile)(_discrete)
    if name == "percentile_cont":
        compute = _continuous_interval if declared[1] == "interval" else _continuous_float
        return (_percentiles if declared[0] == "_float8" else _percentile)(compute)
    return None


HYPOTHETICAL: Final[dict[str, Callable[[int, int, int, int], Any]]] = {
    "rank": lambda before, peers, distinct, total: before + 1,
    "dense_rank": lambda before, peers, distinct, total: distinct + 1,
    "percent_rank": lambda before, peers, distinct, total: before / total if total else 0.0,
    "cume_dist": lambda before, peers, distinct, total: (before + peers + 1) / (total + 1),
}


# The engine's call nodes: `func` (a pg_proc row), `args`, `direct`, `order`, `type`.
def _declared(catalog: Any, func: Any) -> tuple[str, ...]:
    return tuple(catalog.type_info(oid).name for oid in func.proargtypes)


def column_aggregate(catalog: Any, node: Any) -> tuple[Callable[[list[Any], Any], Any], bool]:
    """(function (values, ctx) -> value, whether rows with a NULL argument are to be left out) of an aggregate call.

    Values are bare for one argument and tuples for several; ORDER BY, DISTINCT and FILTER are done already.
    """
    types = (*(each.type for each in node.args), getattr(node, "type", 0))
    found = aggregate_for(node.func.proname, _declared(catalog, node.func), types, catalog)
    if found is None:
        raise feature_not_supported(f"aggregate function {node.func.proname} is not supported by the emulator")
    init, step, final, whole, single = found.init, found.step, found.final, found.whole, len(node.args) == 1
    takes_ctx = found.ctx

    def core(values: list[Any], ctx: Any) -> Any:
        if whole is not None and single and values:
            return whole(values)
        state = init(ctx) if takes_ctx else init()
        if single:
            for value in values:
                state = step(state, value)
        else:
            for row in values:
                state = step(state, *row)
        return final(state)

    return core, found.strict


def ordered_set_aggregate(catalog: Any, node: Any) -> Callable[[list[Any], Any, tuple[Any, ...]], Any]:
    """The function (rows, ctx, direct arguments) -> value of a WITHIN GROUP call.

    Rows are tuples: the aggregated arguments, then the values of `node.order`, in any order.
    """
    width = len(node.args)
    keys = [
        (width + index, type_io(item.expr.type, catalog).sort_key, item.descending, item.nulls_first)
        for index, item in enumerate(node.order)
    ]
    hypothetical = HYPOTHETICAL.get(node.func.proname) if node.kind == "h" else None
    if hypothetical is not None:
        return _hypothetical_call(hypothetical, keys)
    types = (*(each.type for each in node.args), getattr(node, "type", 0))
    compute = ordered_set_for(node.func.proname, _declared(catalog, node.func), types, catalog)
    if compute is None:
        raise feature_not_supported(f"aggregate function {node.func.proname} is not supported by the emulator")

    def run(rows: list[Any], ctx: Any, direct: tuple[Any, ...]) -> Any:
        kept = [row for row in rows if row[0] is not None]
        for place, key, descending, _ in reversed(keys):
            kept.sort(key=_sort_key(place, key), reverse=descending)
        return compute(direct, [row[0] for row in kept])

    return run


def _sort_key(place: int, key: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    return (lambda row: row[place]) if key is None else (lambda row: key(row[place]))


def _hypothetical_call(
    compute: Callable[[int, int, int, int], Any], keys: list[tuple[int, Any, bool, bool]]
) -> Callable[[list[Any], Any, tuple[Any, ...]], Any]:
    def order(left: Any, right: Any, key: Any, descending: bool, nulls_first: bool) -> int:
        """-1, 0 or 1 as left sorts before, with or after right."""
        if left is None or right is None:
            if left is right:
                return 0
            return -1 if (left is None) == nulls_first else 1
        a, b = (left, right) if key is None else (key(left), key(right))
        if a == b:
            return 0
        return -1 if (a < b) != descending else 1

    def run(rows: list[Any], ctx: Any, direct: tuple[Any, ...]) -> Any:
        wanted = direct[-len(keys) :]
        before = peers = 0
        distinct = set()
        for row in rows:
            result = 0
            for (place, key, descending, nulls_first), hypothesis in zip(keys, wanted, strict=True):
                result = order(row[place], hypothesis, key, descending, nulls_first)
                if result:
                    break
            if result < 0:
                before += 1
                distinct.add(tuple(_hashable(row[place], key) for place, key, _, _ in keys))
            elif result == 0:
                peers += 1
        return compute(before, peers, len(distinct), len(rows))

    return run


def _hashable(value: Any, key: Callable[[Any], Any] | None) -> Any:
    return value if value is None or key is None else key(value)


def implemented(name: str, declared: tuple[str, ...]) -> bool:
    """Whether an aggregate is known, for the coverage command."""
    return (
        f"{name}({','.join(declared)})" in AGGREGATES
        or name in ("mode", "percentile_disc", "percentile_cont")
        or (name in HYPOTHETICAL and declared == ("any",))
    )
