"""numeric arithmetic, comparison, rounding, conversions and mathematics, with PostgreSQL's result scales.

Reference: the scale rules of numeric division, square root, exp, ln, log and power (PostgreSQL 18): at least 16
significant digits, never fewer than the inputs' scales, at most 1000. Weights count groups of four digits there, so the
helpers here do too. Transcendental results are computed with spare digits, then rounded half away from zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import MAX_EMAX, MIN_EMIN, ROUND_05UP, ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Context, Decimal
from typing import Any

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.errors import data_error, division_by_zero, feature_not_supported
from emulators.postgres.types.floats import to_single
from emulators.postgres.types.numeric import (
    EXACT,
    INFINITY,
    MINUS_INFINITY,
    NAN,
    apply_typmod,
    checked,
    numeric_text,
    overflow,
    round_to,
    scale_of,
    unit,
)

ZERO = Decimal(0)
ONE = Decimal(1)
MIN_SIGNIFICANT = 16
MAX_DISPLAY_SCALE = 1000


def _context(precision: int) -> Context:
    return Context(prec=max(precision, 1), rounding=ROUND_05UP, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


def nan_key_compare(name: str, symbol: str) -> None:
    expression(name, template=f"(number_key({{0}}) {symbol} number_key({{1}}))")


for _suffix, _symbol in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    nan_key_compare(f"numeric_{_suffix}", _symbol)
expression(
    "numeric_cmp",
    template="((number_key({0}) > number_key({1})) - (number_key({0}) < number_key({1})))",
)
expression("numeric_larger", template="({0} if number_key({0}) > number_key({1}) else {1})")
expression("numeric_smaller", template="({0} if number_key({0}) < number_key({1}) else {1})")


@builtin("numeric_add")
def add(a: Decimal, b: Decimal) -> Decimal:
    result = EXACT.add(a, b)
    return result if -131000 < result.adjusted() < 131000 else checked(result)


@builtin("numeric_sub")
def subtract(a: Decimal, b: Decimal) -> Decimal:
    result = EXACT.subtract(a, b)
    return result if -131000 < result.adjusted() < 131000 else checked(result)


@builtin("numeric_mul")
def multiply(a: Decimal, b: Decimal) -> Decimal:
    return checked(EXACT.multiply(a, b))


def group_weight(value: Decimal) -> tuple[int, int]:
    """Weight and first digit of a finite value in base 10000; (0, 0) for zero."""
    if not value:
        return 0, 0
    weight = value.adjusted() // 4
    return weight, int(value.copy_abs().scaleb(-4 * weight, EXACT))


def division_scale(a: Decimal, b: Decimal) -> int:
    weight1, first1 = group_weight(a)
    weight2, first2 = group_weight(b)
    quotient_weight = weight1 - weight2 - (1 if first1 <= first2 else 0)
    scale = max(MIN_SIGNIFICANT - quotient_weight * 4, scale_of(a), scale_of(b), 0)
    return min(scale, MAX_DISPLAY_SCALE)


def divide_to_scale(a: Decimal, b: Decimal, scale: int) -> Decimal:
    """a / b rounded half away from zero at `scale`; b is not zero."""
    if not a:
        return unit(scale) * 0
    precision = a.adjusted() - b.adjusted() + scale + 3
    if precision < 1:
        return round_to(ZERO, scale)
    # ROUND_05UP keeps enough of the tail for the second rounding to be exact.
    return round_to(_context(precision).divide(a, b), scale)


@builtin("numeric_div")
def divide(a: Decimal, b: Decimal) -> Decimal:
    if a.is_finite() and b.is_finite():
        if not b:
            raise division_by_zero()
        return checked(divide_to_scale(a, b, division_scale(a, b)))
    if a.is_nan() or b.is_nan():
        return NAN
    if a.is_infinite():
        if b.is_infinite():
            return NAN
        if not b:
            raise division_by_zero()
        return INFINITY if a.is_signed() == b.is_signed() else MINUS_INFINITY
    return ZERO


@builtin("numeric_div_trunc")
def divide_truncated(a: Decimal, b: Decimal) -> Decimal:
    if a.is_finite() and b.is_finite():
        if not b:
            raise division_by_zero()
        if not a or a.adjusted() < b.adjusted():
            return ZERO
        quotient = _context(a.adjusted() - b.adjusted() + 5).divide(a, b)
        result = quotient.quantize(ONE, ROUND_DOWN, EXACT)
        return result if result else ZERO
    return divide(a, b)


@builtin("numeric_mod")
def modulo(a: Decimal, b: Decimal) -> Decimal:
    if a.is_finite() and b.is_finite():
        if not b:
            raise division_by_zero()
        scale = max(scale_of(a), scale_of(b))
        if not a:
            return round_to(ZERO, scale)
        precision = max(a.adjusted() - b.adjusted(), 0) + scale + abs(b.adjusted()) + abs(a.adjusted()) + 10
        return round_to(_context(precision).remainder(a, b), scale)
    if a.is_nan() or b.is_nan():
        return NAN
    if a.is_infinite():
        if not b:
            raise division_by_zero()
        return NAN
    return a


@builtin("numeric_uminus")
def negate(a: Decimal) -> Decimal:
    return a if not a or a.is_nan() else a.copy_negate()


@builtin("numeric_uplus")
def plus(a: Decimal) -> Decimal:
    return a


@builtin("numeric_abs")
def absolute(a: Decimal) -> Decimal:
    return a.copy_abs()


@builtin("numeric_inc")
def increment(a: Decimal) -> Decimal:
    return add(a, ONE)


@builtin("numeric_sign")
def sign(a: Decimal) -> Decimal:
    if a.is_nan():
        return NAN
    return ZERO if not a else (Decimal(-1) if a.is_signed() else ONE)


@builtin("numeric_round")
def round_numeric(a: Decimal, scale: int) -> Decimal:
    if not a.is_finite():
        return a
    # Rounding at the very first digit left of the number may still carry, so keep one more place than upstream's limits.
    scale = min(max(scale, -131073), 16383)
    return checked(round_to(a, scale))


@builtin("numeric_trunc")
def truncate_numeric(a: Decimal, scale: int) -> Decimal:
    if not a.is_finite():
        return a
    scale = min(max(scale, -131073), 16383)
    result = a.quantize(unit(scale), ROUND_DOWN, EXACT)
    if scale < 0:
        result = result.quantize(ONE, ROUND_DOWN, EXACT)
    return result if result else result.copy_abs()


@builtin("sql:round(numeric)")
def round_whole(a: Decimal) -> Decimal:
    return round_to(a, 0) if a.is_finite() else a


@builtin("sql:trunc(numeric)")
def truncate_whole(a: Decimal) -> Decimal:
    return truncate_numeric(a, 0)


@builtin("numeric_ceil")
def ceiling(a: Decimal) -> Decimal:
    if not a.is_finite():
        return a
    result = a.quantize(ONE, ROUND_CEILING, EXACT)
    return result if result else ZERO


@builtin("numeric_floor")
def floor(a: Decimal) -> Decimal:
    if not a.is_finite():
        return a
    result = a.quantize(ONE, ROUND_FLOOR, EXACT)
    return result if result else ZERO


@builtin("numeric")
def coerce_length(value: Decimal, typmod: int) -> Decimal:
    return apply_typmod(value, typmod)


@builtin("numeric_scale")
def display_scale(a: Decimal) -> int | None:
    return scale_of(a) if a.is_finite() else None


@builtin("numeric_min_scale")
def minimal_scale(a: Decimal) -> int | None:
    if not a.is_finite():
        return None
    return scale_of(a.normalize(EXACT)) if a else 0


@builtin("numeric_trim_scale")
def trim_scale(a: Decimal) -> Decimal:
    if not a.is_finite():
        return a
    return round_to(a, minimal_scale(a) or 0)


def _common_integers(a: Decimal, b: Decimal) -> tuple[int, int, int]:
    scale = max(scale_of(a), scale_of(b))
    return int(a.scaleb(scale, EXACT)), int(b.scaleb(scale, EXACT)), scale


@builtin("numeric_gcd")
def gcd(a: Decimal, b: Decimal) -> Decimal:
    if not a.is_finite() or not b.is_finite():
        return NAN
    x, y, scale = _common_integers(a, b)
    return Decimal(math.gcd(x, y)).scaleb(-scale, EXACT)


@builtin("numeric_lcm")
def lcm(a: Decimal, b: Decimal) -> Decimal:
    if not a.is_finite() or not b.is_finite():
        return NAN
    x, y, scale = _common_integers(a, b)
    return checked(Decimal(math.lcm(x, y)).scaleb(-scale, EXACT))


@builtin("numeric_fac")
def factorial(n: int) -> Decimal:
    if n < 0:
        raise data_error("22003", "factorial of a negative number is undefined")
    if n > 32177:
        raise overflow()
    return Decimal(math.factorial(n))


def _bounded_scale(*candidates: int) -> int:
    return min(max(*candidates, 0), MAX_DISPLAY_SCALE)


@builtin("numeric_sqrt")
def square_root(a: Decimal) -> Decimal:
    if a.is_nan() or a == INFINITY:
        return a
    if a < 0:
        raise data_error("2201F", "cannot take square root of a negative number")
    weight = group_weight(a)[0]
    root_weight = _c_divide((weight + 1) * 4, 2) - 1
    scale = _bounded_scale(MIN_SIGNIFICANT - root_weight, scale_of(a))
    return root_to_scale(a, scale)


def root_to_scale(a: Decimal, scale: int) -> Decimal:
    """Square root of a non-negative value, rounded at `scale`."""
    if not a:
        return round_to(ZERO, scale)
    # isqrt of the scaled integer truncates; one more digit than asked decides the rounding, exactly.
    digits = scale + 1
    scaled = a.scaleb(2 * digits, EXACT)
    root = math.isqrt(int(scaled.quantize(ONE, ROUND_DOWN, EXACT)))
    return round_to(Decimal(root).scaleb(-digits, EXACT), scale)


def _c_divide(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


@builtin("numeric_exp")
def exponential(a: Decimal) -> Decimal:
    if not a.is_finite():
        return ZERO if a == MINUS_INFINITY else a
    weight = int(max(min(float(a) * 0.434294481903252, 2000.0), -2000.0))
    scale = _bounded_scale(MIN_SIGNIFICANT - weight, scale_of(a))
    return exponential_to_scale(a, scale)


def exponential_to_scale(a: Decimal, scale: int) -> Decimal:
    estimate = float(a) * 0.434294481903252
    if abs(float(a)) >= 6000:
        if a > 0:
            raise overflow()
        return round_to(ZERO, scale)
    precision = int(estimate) + scale + 12
    if precision < 1:
        return round_to(ZERO, scale)
    return checked(round_to(_context(precision).exp(a), scale))


def ln_decimal_weight(a: Decimal) -> int:
    """Estimated weight of the leading digit of ln(a), the way upstream estimates it."""
    if a <= 0:
        return 0
    if Decimal("0.9") <= a <= Decimal("1.1"):
        difference = EXACT.subtract(a, ONE)
        if not difference:
            return 0
        weight, first = group_weight(difference)
        return weight * 4 + int(math.log10(first))
    weight, digits = group_weight(a)
    shift = weight * 4
    reduced = a.normalize(EXACT)
    if scale_of(reduced) > -shift or reduced.scaleb(-shift, EXACT) != digits:
        digits = int(a.scaleb(-shift + 4, EXACT))
        shift -= 4
    logarithm = math.log(digits) + shift * 2.302585092994046
    return int(math.log10(abs(logarithm)))


def _check_logarithm(a: Decimal) -> None:
    if a < 0:
        raise data_error("2201E", "cannot take logarithm of a negative number")
    if not a:
        raise data_error("2201E", "cannot take logarithm of zero")


def logarithm_to_scale(a: Decimal, scale: int) -> Decimal:
    precision = max(ln_decimal_weight(a), 0) + scale + 12
    if Decimal("0.9") <= a <= Decimal("1.1"):
        precision += 4
    return round_to(_context(precision).ln(a), scale)


@builtin("numeric_ln")
def natural_logarithm(a: Decimal) -> Decimal:
    if a.is_nan() or a == INFINITY:
        return a
    _check_logarithm(a)
    return logarithm_to_scale(a, _bounded_scale(MIN_SIGNIFICANT - ln_decimal_weight(a), scale_of(a)))


@builtin("numeric_log")
def logarithm(base: Decimal, number: Decimal) -> Decimal:
    if base.is_nan() or number.is_nan():
        return NAN
    if not base.is_finite() or not number.is_finite():
        if base < 0 or number < 0:
            raise data_error("2201E", "cannot take logarithm of a negative number")
        if not base or not number:
            raise data_error("2201E", "cannot take logarithm of zero")
        if base.is_infinite():
            return NAN if number.is_infinite() else ZERO
        return INFINITY
    _check_logarithm(base)
    _check_logarithm(number)
    base_weight, number_weight = ln_decimal_weight(base), ln_decimal_weight(number)
    result_weight = number_weight - base_weight
    scale = _bounded_scale(MIN_SIGNIFICANT - result_weight, scale_of(base), scale_of(number))
    precision = scale + abs(result_weight) + 20
    context = _context(precision)
    divisor = context.ln(base)
    if not divisor:
        raise division_by_zero()
    return checked(round_to(context.divide(context.ln(number), divisor), scale))


@builtin("sql:log(numeric)", "sql:log10(numeric)")
def logarithm_ten(number: Decimal) -> Decimal:
    return logarithm(Decimal(10), number)


@builtin("numeric_power")
def power(base: Decimal, exponent: Decimal) -> Decimal:
    if not base.is_finite() or not exponent.is_finite():
        return _special_power(base, exponent)
    if not base and exponent < 0:
        raise data_error("2201F", "zero raised to a negative power is undefined")
    integral = exponent == exponent.to_integral_value()
    if integral and -(2**31) <= exponent < 2**31:
        return _integer_power(base, int(exponent), scale_of(exponent))
    if not base:
        return round_to(ZERO, MIN_SIGNIFICANT)
    negative = False
    if base < 0:
        if not integral:
            raise data_error("2201F", "a negative number raised to a non-integer power yields a complex result")
        negative = int(exponent) % 2 == 1
        base = base.copy_abs()
    estimate_context = _context(30)
    estimate = float(estimate_context.multiply(estimate_context.ln(base), exponent))
    if abs(estimate) > 6020:
        if estimate > 0:
            raise overflow()
        return round_to(ZERO, MAX_DISPLAY_SCALE)
    weight = int(estimate * 0.434294481903252)
    scale = _bounded_scale(MIN_SIGNIFICANT - weight, scale_of(base), scale_of(exponent))
    context = _context(scale + abs(weight) + 20 + len(exponent.as_tuple().digits))
    value = context.exp(context.multiply(context.ln(base), exponent))
    result = checked(round_to(value, scale))
    return negate(result) if negative else result


def _integer_power(base: Decimal, exponent: int, exponent_scale: int) -> Decimal:
    if base:
        weight, _ = group_weight(base)
        mantissa = float(base.copy_abs().scaleb(-4 * weight, EXACT))
        estimate = exponent * (math.log10(mantissa) + 4 * weight)
    else:
        estimate = 0.0
    if estimate > (32767 + 1) * 4:
        raise overflow()
    if estimate + 1 < -MAX_DISPLAY_SCALE:
        return round_to(ZERO, MAX_DISPLAY_SCALE)
    scale = _bounded_scale(MIN_SIGNIFICANT - int(estimate), scale_of(base), exponent_scale)
    if exponent == 0:
        return round_to(ONE, scale)
    if exponent == 1:
        return round_to(base, scale)
    if not base:
        if exponent < 0:
            raise division_by_zero()
        return round_to(ZERO, scale)
    if exponent == -1:
        return checked(divide_to_scale(ONE, base, scale))
    if exponent == 2:
        return checked(round_to(EXACT.multiply(base, base), scale))
    precision = max(int(estimate) + scale + 20, 20)
    context = _context(precision + len(str(abs(exponent))))
    return checked(round_to(context.power(base, exponent), scale))


def _special_power(base: Decimal, exponent: Decimal) -> Decimal:
    if base.is_nan():
        return ONE if exponent.is_finite() and not exponent else NAN
    if exponent.is_nan():
        return ONE if base == 1 else NAN
    if not base and exponent < 0:
        raise data_error("2201F", "zero raised to a negative power is undefined")
    if base < 0 and exponent.is_finite() and exponent != exponent.to_integral_value():
        raise data_error("2201F", "a negative number raised to a non-integer power yields a complex result")
    if base == 1 or not exponent:
        return ONE
    if not base:
        return ZERO
    if exponent.is_infinite():
        if base == -1:
            return ONE
        return INFINITY if (base.copy_abs() > 1) == (exponent > 0) else ZERO
    if exponent < 0:
        return ZERO
    if base > 0:
        return INFINITY
    return MINUS_INFINITY if int(exponent) % 2 == 1 else INFINITY


# Conversions
def _to_integer(low: int, high: int, name: str) -> Any:
    def convert(value: Decimal) -> int:
        if not value.is_finite():
            what = "NaN" if value.is_nan() else "infinity"
            raise feature_not_supported(f"cannot convert {what} to {name}")
        result = int(value.quantize(ONE, "ROUND_HALF_UP", EXACT)) if value.adjusted() < 40 else high + 1
        if not low <= result <= high:
            raise data_error("22003", f"{name} out of range")
        return result

    return convert


numeric_to_int2 = builtin("numeric_int2")(_to_integer(-32768, 32767, "smallint"))
numeric_to_int4 = builtin("numeric_int4")(_to_integer(-(2**31), 2**31 - 1, "integer"))
numeric_to_int8 = builtin("numeric_int8")(_to_integer(-(2**63), 2**63 - 1, "bigint"))
expression("int2_numeric", "int4_numeric", "int8_numeric", template="Decimal({0})", arity=1)


@builtin("numeric_float8", "numeric_float8_no_overflow")
def numeric_to_float8(value: Decimal) -> float:
    result = float(value)
    if math.isinf(result) and value.is_finite():
        raise data_error("22003", f'"{numeric_text(value)}" is out of range for type double precision')
    if result == 0 and value:
        raise data_error("22003", f'"{numeric_text(value)}" is out of range for type double precision')
    return result


@builtin("numeric_float4")
def numeric_to_float4(value: Decimal) -> float:
    try:
        result = to_single(float(value))
    except OverflowError:
        result = math.inf
    if (math.isinf(result) and value.is_finite()) or (result == 0 and value):
        raise data_error("22003", f'"{numeric_text(value)}" is out of range for type real')
    return result


def _digits_decimal(value: float, digits: int) -> Decimal:
    if value != value:
        return NAN
    if math.isinf(value):
        return INFINITY if value > 0 else MINUS_INFINITY
    result = Decimal(f"{value:.{digits}g}")
    if result.as_tuple().exponent > 0:  # type: ignore[operator]
        result = result.quantize(ONE, context=EXACT)
    return result if result else result.copy_abs()


@builtin("float8_numeric")
def float8_to_numeric(value: float) -> Decimal:
    return _digits_decimal(value, 15)


@builtin("float4_numeric")
def float4_to_numeric(value: float) -> Decimal:
    return _digits_decimal(value, 6)


@builtin("width_bucket_numeric")
def width_bucket(operand: Decimal, low: Decimal, high: Decimal, count: int) -> int:
    if count <= 0:
        raise data_error("2201G", "count must be greater than zero")
    if operand.is_nan() or low.is_nan() or high.is_nan():
        raise data_error("2201G", "operand, lower bound, and upper bound cannot be NaN")
    if low.is_infinite() or high.is_infinite():
        raise data_error("2201G", "lower and upper bounds must be finite")
    if low == high:
        raise data_error("2201G", "lower bound cannot equal upper bound")
    if low < high:
        if operand < low:
            return 0
        above = operand >= high
    else:
        if operand > low:
            return 0
        above = operand <= high
    if above:
        result = count + 1
    else:
        part = EXACT.multiply(EXACT.subtract(operand, low).copy_abs(), Decimal(count))
        result = int(divide_truncated(part, EXACT.subtract(high, low).copy_abs())) + 1
    if result > 2147483647:
        raise data_error("22003", "integer out of range")
    return result


def _series(start: Decimal, stop: Decimal, step: Decimal) -> Iterator[Decimal]:
    for name, value in (("start", start), ("stop", stop), ("step size", step)):
        if value.is_nan():
            raise data_error(
                "22023", f"{name} value cannot be NaN" if name != "step size" else "step size cannot be NaN"
            )
        if value.is_infinite():
            raise data_error(
                "22023", f"{name} value cannot be infinity" if name != "step size" else "step size cannot be infinity"
            )
    if not step:
        raise data_error("22023", "step size cannot equal zero")
    current = start
    while current <= stop if step > 0 else current >= stop:
        yield current
        current = EXACT.add(current, step)


@builtin("generate_series_numeric", srf=True)
def generate_series(start: Decimal, stop: Decimal) -> Iterator[Decimal]:
    return _series(start, stop, ONE)


@builtin("generate_series_step_numeric", srf=True)
def generate_series_step(start: Decimal, stop: Decimal, step: Decimal) -> Iterator[Decimal]:
    return _series(start, stop, step)


@builtin("in_range_numeric_numeric")
def in_range(value: Decimal, base: Decimal, offset: Decimal, sub: bool, less: bool) -> bool:
    if offset.is_nan() or offset < 0:
        raise data_error("22013", "invalid preceding or following size in window function")
    if value.is_nan():
        return base.is_nan() or not less
    if base.is_nan():
        return less
    if offset.is_infinite() and base.is_infinite() and (base > 0) == sub:
        return True
    bound = EXACT.subtract(base, offset) if sub else EXACT.add(base, offset)
    return value <= bound if less else value >= bound
