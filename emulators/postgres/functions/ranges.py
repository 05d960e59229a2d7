"""Ranges and multiranges: constructors, bounds, comparison, set operations.

All of them are bound to the subtype's key. A multirange operation is done on the ordered tuple of its ranges.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import data_error, null_not_allowed
from emulators.postgres.types.numeric import EXACT
from emulators.postgres.types.ranges import (
    lower_key,
    make_range,
    normalize,
    overlaps,
    range_sort_key,
    touches,
    upper_key,
)
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import EMPTY_RANGE, PgArray, Range

Key = Callable[[Any], Any] | None
Multi = tuple[Range, ...]


def range_info(oid: int, catalog: Any) -> Any:
    """The range type of a range or multirange type."""
    info = catalog.type_info(oid)
    while info.typtype == "d":
        info = catalog.type_info(info.basetype)
    return catalog.type_info(info.range_type) if info.typtype == "m" else info


def _first_range(types: tuple[int, ...], catalog: Any) -> Any:
    for oid in types:
        info = catalog.type_info(oid)
        while info.typtype == "d":
            info = catalog.type_info(info.basetype)
        if info.typtype in ("r", "m"):
            return range_info(oid, catalog)
    raise KeyError("no range among the argument types")


def _bound_to_key(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function (key, canonical, *args) under names; key and canonical come from the range type."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def bind(types: tuple[int, ...], catalog: Any) -> Any:
            info = _first_range(types, catalog)
            key = type_io(info.range_subtype, catalog).sort_key
            canonical = info.range_canonical
            return lambda *args: function(key, canonical, *args)

        builtin(*names, bind=True)(bind)
        return function

    return register


# Constructors and accessors
@builtin("range_constructor2", "range_constructor3", bind=True)
def construct_range(types: tuple[int, ...], catalog: Any) -> Any:
    info = range_info(types[-1], catalog)
    key = type_io(info.range_subtype, catalog).sort_key
    canonical = info.range_canonical

    def run(lower: Any, upper: Any, flags: str | None = "[)") -> Range:
        if flags is None:
            raise data_error("22000", "range constructor flags argument must not be null")
        if len(flags) != 2 or flags[0] not in "[(" or flags[1] not in "])":
            raise data_error("42601", "invalid range bound flags", hint='Valid values are "[]", "[)", "(]", and "()".')
        return make_range(lower, upper, flags[0] == "[", flags[1] == "]", key, canonical)

    return run


@builtin("range_lower")
def range_lower(value: Range) -> Any:
    return value.lower


@builtin("range_upper")
def range_upper(value: Range) -> Any:
    return value.upper


@builtin("range_empty")
def range_empty(value: Range) -> bool:
    return value.empty


@builtin("range_lower_inc")
def range_lower_inc(value: Range) -> bool:
    return value.lower_inc


@builtin("range_upper_inc")
def range_upper_inc(value: Range) -> bool:
    return value.upper_inc


@builtin("range_lower_inf")
def range_lower_inf(value: Range) -> bool:
    return value.lower is None and not value.empty


@builtin("range_upper_inf")
def range_upper_inf(value: Range) -> bool:
    return value.upper is None and not value.empty


# Comparison
def _compare(prefix: str, key_of: Callable[[Key], Callable[[Any], Any]]) -> None:
    def register(name: str, operation: Callable[[Any, Any], Any]) -> None:
        def bind(types: tuple[int, ...], catalog: Any) -> Any:
            info = _first_range(types, catalog)
            order = key_of(type_io(info.range_subtype, catalog).sort_key)
            return lambda a, b: operation(order(a), order(b))

        builtin(name, bind=True)(bind)

    for suffix in ("eq", "ne", "lt", "le", "gt", "ge"):
        register(f"{prefix}_{suffix}", getattr(operator, suffix))
    register(f"{prefix}_cmp", lambda a, b: (a > b) - (a < b))


def _multirange_order(key: Key) -> Callable[[Multi], Any]:
    order = range_sort_key(key)
    return lambda value: tuple(order(each) for each in value)


_compare("range", range_sort_key)
_compare("multirange", _multirange_order)


# Relations of two ranges
def contains_element(value: Range, element: Any, key: Key) -> bool:
    if value.empty:
        return False
    point = element if key is None else key(element)
    if value.lower is not None:
        low = value.lower if key is None else key(value.lower)
        if point < low or (point == low and not value.lower_inc):
            return False
    if value.upper is not None:
        high = value.upper if key is None else key(value.upper)
        if point > high or (point == high and not value.upper_inc):
            return False
    return True


def contains(a: Range, b: Range, key: Key) -> bool:
    if b.empty:
        return True
    if a.empty:
        return False
    return lower_key(a, key) <= lower_key(b, key) and upper_key(a, key) >= upper_key(b, key)


def before(a: Range, b: Range, key: Key) -> bool:
    """All of a is left of all of b."""
    if a.empty or b.empty or a.upper is None or b.lower is None:
        return False
    high, low = (a.upper, b.lower) if key is None else (key(a.upper), key(b.lower))
    return bool(high < low or (high == low and not (a.upper_inc and b.lower_inc)))


def adjacent(a: Range, b: Range, key: Key, canonical: str) -> bool:
    if a.empty or b.empty:
        return False
    return touches(a, b, key, canonical) or touches(b, a, key, canonical)


def over_left(a: Range, b: Range, key: Key) -> bool:
    return not a.empty and not b.empty and upper_key(a, key) <= upper_key(b, key)


def over_right(a: Range, b: Range, key: Key) -> bool:
    return not a.empty and not b.empty and lower_key(a, key) >= lower_key(b, key)


def intersect(a: Range, b: Range, key: Key) -> Range:
    if a.empty or b.empty or not overlaps(a, b, key):
        return EMPTY_RANGE
    low = a if lower_key(a, key) >= lower_key(b, key) else b
    high = a if upper_key(a, key) <= upper_key(b, key) else b
    return Range(low.lower, high.upper, low.lower_inc, high.upper_inc, False)


def span(a: Range, b: Range, key: Key) -> Range:
    """The smallest range with both inside."""
    if a.empty:
        return b
    if b.empty:
        return a
    low = a if lower_key(a, key) <= lower_key(b, key) else b
    high = a if upper_key(a, key) >= upper_key(b, key) else b
    return Range(low.lower, high.upper, low.lower_inc, high.upper_inc, False)


def pieces_without(a: Range, b: Range, key: Key, canonical: str) -> list[Range]:
    """What is left of a when b is cut out, in order."""
    if a.empty:
        return []
    if b.empty or not overlaps(a, b, key):
        return [a]
    out = []
    if lower_key(a, key) < lower_key(b, key):
        out.append(make_range(a.lower, b.lower, a.lower_inc, not b.lower_inc, key, canonical))
    if upper_key(a, key) > upper_key(b, key):
        out.append(make_range(b.upper, a.upper, not b.upper_inc, a.upper_inc, key, canonical))
    return [each for each in out if not each.empty]


_bound_to_key("range_overlaps")(lambda key, canonical, a, b: overlaps(a, b, key))
_bound_to_key("range_contains_elem")(lambda key, canonical, a, b: contains_element(a, b, key))
_bound_to_key("elem_contained_by_range")(lambda key, canonical, a, b: contains_element(b, a, key))
_bound_to_key("range_contains")(lambda key, canonical, a, b: contains(a, b, key))
_bound_to_key("range_contained_by")(lambda key, canonical, a, b: contains(b, a, key))
_bound_to_key("range_adjacent")(lambda key, canonical, a, b: adjacent(a, b, key, canonical))
_bound_to_key("range_before")(lambda key, canonical, a, b: before(a, b, key))
_bound_to_key("range_after")(lambda key, canonical, a, b: before(b, a, key))
_bound_to_key("range_overleft")(lambda key, canonical, a, b: over_left(a, b, key))
_bound_to_key("range_overright")(lambda key, canonical, a, b: over_right(a, b, key))
_bound_to_key("range_intersect", "range_intersect_agg_transfn")(lambda key, canonical, a, b: intersect(a, b, key))
_bound_to_key("range_merge")(lambda key, canonical, a, b: span(a, b, key))


@_bound_to_key("range_union")
def union(key: Key, canonical: str, a: Range, b: Range) -> Range:
    if a.empty or b.empty:
        return b if a.empty else a
    if not overlaps(a, b, key) and not adjacent(a, b, key, canonical):
        raise data_error("22000", "result of range union would not be contiguous")
    return span(a, b, key)


@_bound_to_key("range_minus")
def minus(key: Key, canonical: str, a: Range, b: Range) -> Range:
    pieces = pieces_without(a, b, key, canonical)
    if len(pieces) > 1:
        raise data_error("22000", "result of range difference would not be contiguous")
    return pieces[0] if pieces else EMPTY_RANGE


# Differences for statistics; also callable.
@builtin("int4range_subdiff", "int8range_subdiff", "daterange_subdiff")
def integer_subdiff(a: int, b: int) -> float:
    return float(a) - float(b)


@builtin("numrange_subdiff")
def numeric_subdiff(a: Decimal, b: Decimal) -> float:
    return float(EXACT.subtract(a, b))


@builtin("tsrange_subdiff", "tstzrange_subdiff")
def timestamp_subdiff(a: int, b: int) -> float:
    return (a - b) / 1_000_000


@builtin("int4range_canonical", "int8range_canonical", "daterange_canonical", bind=True)
def canonical_form(types: tuple[int, ...], catalog: Any) -> Any:
    info = range_info(types[0], catalog)

    def run(value: Range) -> Range:
        if value.empty:
            return value
        return make_range(value.lower, value.upper, value.lower_inc, value.upper_inc, None, info.range_canonical)

    return run


# Multiranges
@builtin("multirange_constructor0")
def empty_multirange() -> Multi:
    return ()


@builtin("multirange_constructor1", bind=True)
def multirange_of_one(types: tuple[int, ...], catalog: Any) -> Any:
    return lambda value: () if value.empty else (value,)


@builtin("multirange_constructor2", bind=True)
def multirange_of_array(types: tuple[int, ...], catalog: Any) -> Any:
    info = range_info(types[-1], catalog)
    key = type_io(info.range_subtype, catalog).sort_key

    def run(ranges: PgArray) -> Multi:
        if len(ranges.dims) > 1:
            raise data_error("21000", "multiranges cannot be constructed from multidimensional arrays")
        if any(each is None for each in ranges.elements):
            raise null_not_allowed("multirange values cannot contain null members")
        return normalize(ranges.elements, key, info.range_canonical)

    return run


@builtin("multirange_lower")
def multirange_lower(value: Multi) -> Any:
    return value[0].lower if value else None


@builtin("multirange_upper")
def multirange_upper(value: Multi) -> Any:
    return value[-1].upper if value else None


@builtin("multirange_empty")
def multirange_empty(value: Multi) -> bool:
    return not value


@builtin("multirange_lower_inc")
def multirange_lower_inc(value: Multi) -> bool:
    return bool(value) and value[0].lower_inc


@builtin("multirange_upper_inc")
def multirange_upper_inc(value: Multi) -> bool:
    return bool(value) and value[-1].upper_inc


@builtin("multirange_lower_inf")
def multirange_lower_inf(value: Multi) -> bool:
    return bool(value) and value[0].lower is None


@builtin("multirange_upper_inf")
def multirange_upper_inf(value: Multi) -> bool:
    return bool(value) and value[-1].upper is None


@builtin("multirange_unnest", srf=True)
def multirange_unnest(value: Multi) -> Multi:
    return value


def hull(value: Multi) -> Range:
    """From the first range's lower bound to the last one's upper."""
    if not value:
        return EMPTY_RANGE
    return Range(value[0].lower, value[-1].upper, value[0].lower_inc, value[-1].upper_inc, False)


builtin("range_merge_from_multirange")(hull)


def _as_multi(value: Any) -> Multi:
    """A range or multirange as a tuple of ranges."""
    if isinstance(value, Range):
        return () if value.empty else (value,)
    return value  # type: ignore[no-any-return]


def any_overlap(a: Any, b: Any, key: Key) -> bool:
    return any(overlaps(x, y, key) for x in _as_multi(a) for y in _as_multi(b))


def multi_contains(a: Any, b: Any, key: Key) -> bool:
    return all(any(contains(x, y, key) for x in _as_multi(a)) for y in _as_multi(b))


def multi_before(a: Any, b: Any, key: Key) -> bool:
    left, right = _as_multi(a), _as_multi(b)
    return bool(left) and bool(right) and before(left[-1], right[0], key)


def multi_over_left(a: Any, b: Any, key: Key) -> bool:
    left, right = _as_multi(a), _as_multi(b)
    return bool(left) and bool(right) and upper_key(left[-1], key) <= upper_key(right[-1], key)


def multi_over_right(a: Any, b: Any, key: Key) -> bool:
    left, right = _as_multi(a), _as_multi(b)
    return bool(left) and bool(right) and lower_key(left[0], key) >= lower_key(right[0], key)


def multi_adjacent(a: Any, b: Any, key: Key, canonical: str) -> bool:
    left, right = _as_multi(a), _as_multi(b)
    if not left or not right:
        return False
    return touches(left[-1], right[0], key, canonical) or touches(right[-1], left[0], key, canonical)


def _register_mixed() -> None:
    for suffix in ("range_{}_multirange", "multirange_{}_range", "multirange_{}_multirange"):
        _bound_to_key(suffix.format("overlaps"))(lambda key, canonical, a, b: any_overlap(a, b, key))
        _bound_to_key(suffix.format("contains"))(lambda key, canonical, a, b: multi_contains(a, b, key))
        _bound_to_key(suffix.format("contained_by"))(lambda key, canonical, a, b: multi_contains(b, a, key))
        _bound_to_key(suffix.format("before"))(lambda key, canonical, a, b: multi_before(a, b, key))
        _bound_to_key(suffix.format("after"))(lambda key, canonical, a, b: multi_before(b, a, key))
        _bound_to_key(suffix.format("overleft"))(lambda key, canonical, a, b: multi_over_left(a, b, key))
        _bound_to_key(suffix.format("overright"))(lambda key, canonical, a, b: multi_over_right(a, b, key))
        _bound_to_key(suffix.format("adjacent"))(lambda key, canonical, a, b: multi_adjacent(a, b, key, canonical))


_register_mixed()
_bound_to_key("multirange_contains_elem")(
    lambda key, canonical, value, element: any(contains_element(each, element, key) for each in value)
)
_bound_to_key("elem_contained_by_multirange")(
    lambda key, canonical, element, value: any(contains_element(each, element, key) for each in value)
)


@_bound_to_key("multirange_union")
def multirange_union(key: Key, canonical: str, a: Multi, b: Multi) -> Multi:
    return normalize([*a, *b], key, canonical)


@_bound_to_key("multirange_minus")
def multirange_minus(key: Key, canonical: str, a: Multi, b: Multi) -> Multi:
    left = list(a)
    for cut in b:
        left = [piece for each in left for piece in pieces_without(each, cut, key, canonical)]
    return tuple(left)


def intersect_multiranges(a: Multi, b: Multi, key: Key, canonical: str) -> Multi:
    return normalize([intersect(x, y, key) for x in a for y in b], key, canonical)


_bound_to_key("multirange_intersect", "multirange_intersect_agg_transfn")(
    lambda key, canonical, a, b: intersect_multiranges(a, b, key, canonical)
)
