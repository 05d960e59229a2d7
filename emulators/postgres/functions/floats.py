"""float4 and float8: arithmetic with range errors, comparison, mathematics, trigonometry, conversions.

A finite operation giving infinity is 22003 "value out of range: overflow", one giving zero from non-zero "underflow".
NaN equals NaN and is larger than anything. float4 results are rounded to single precision. Degree functions are exact
at the angles where people expect it, as upstream makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.errors import data_error, division_by_zero, float_overflow, float_underflow
from emulators.postgres.types.floats import to_single

INF = math.inf
isinf = math.isinf


def _single(value: float) -> float:
    try:
        return to_single(value)
    except OverflowError:
        return math.copysign(INF, value)


def add(a: float, b: float) -> float:
    result = a + b
    if isinf(result) and not isinf(a) and not isinf(b):
        raise float_overflow()
    return result


def subtract(a: float, b: float) -> float:
    result = a - b
    if isinf(result) and not isinf(a) and not isinf(b):
        raise float_overflow()
    return result


def multiply(a: float, b: float) -> float:
    result = a * b
    if isinf(result) and not isinf(a) and not isinf(b):
        raise float_overflow()
    if result == 0 and a != 0 and b != 0:
        raise float_underflow()
    return result


def divide(a: float, b: float) -> float:
    if b == 0 and a == a:
        raise division_by_zero()
    if b == 0:
        return a
    result = a / b
    if isinf(result) and not isinf(a):
        raise float_overflow()
    if result == 0 and a != 0 and not isinf(b):
        raise float_underflow()
    return result


def _single_version(function: Callable[[float, float], float], name: str) -> Callable[[float, float], float]:
    def operate(a: float, b: float) -> float:
        wide = function(a, b)
        result = _single(wide)
        if isinf(result) and not isinf(a) and not isinf(b):
            raise float_overflow()
        if result == 0 and name in ("mul", "div") and a != 0 and (name == "div" or b != 0) and not isinf(b):
            raise float_underflow()
        return result

    return operate


for _name, _function in (("pl", add), ("mi", subtract), ("mul", multiply), ("div", divide)):
    builtin(f"float8{_name}", f"float48{_name}", f"float84{_name}")(_function)
    builtin(f"float4{_name}")(_single_version(_function, _name))

for _suffix, _symbol in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    expression(
        *(f"{tag}{_suffix}" for tag in ("float4", "float8", "float48", "float84")),
        template=f"(number_key({{0}}) {_symbol} number_key({{1}}))",
    )
expression(
    *(f"bt{tag}cmp" for tag in ("float4", "float8", "float48", "float84")),
    template="((number_key({0}) > number_key({1})) - (number_key({0}) < number_key({1})))",
)
expression("float4larger", "float8larger", template="({0} if number_key({0}) > number_key({1}) else {1})")
expression("float4smaller", "float8smaller", template="({0} if number_key({0}) < number_key({1}) else {1})")
expression("float4um", "float8um", template="(-{0})", arity=1)
expression("float4up", "float8up", template="{0}", arity=1)
expression("float4abs", "float8abs", template="abs({0})", arity=1)


# Conversions
def _to_integer(low: int, high: int, name: str) -> Callable[[float], int]:
    def convert(value: float) -> int:
        # rint: half to even, which is what Python's round does.
        if value != value or isinf(value) or not low <= (result := round(value)) <= high:
            raise data_error("22003", f"{name} out of range")
        return result

    return convert


builtin("dtoi2", "ftoi2")(_to_integer(-32768, 32767, "smallint"))
builtin("dtoi4", "ftoi4")(_to_integer(-(2**31), 2**31 - 1, "integer"))
builtin("dtoi8", "ftoi8")(_to_integer(-(2**63), 2**63 - 1, "bigint"))
expression("i2tod", "i4tod", "i8tod", "ftod", template="float({0})", arity=1)


@builtin("i2tof", "i4tof", "i8tof")
def integer_to_single(value: int) -> float:
    return to_single(float(value))


@builtin("dtof")
def double_to_single(value: float) -> float:
    result = _single(value)
    if isinf(result) and not isinf(value):
        raise float_overflow()
    if result == 0 and value != 0:
        raise float_underflow()
    return result


# Rounding
@builtin("dround")
def round_half_even(value: float) -> float:
    if value != value or abs(value) >= 2**52:
        return value
    return math.copysign(float(round(value)), value)


@builtin("dtrunc")
def truncate(value: float) -> float:
    if value != value or isinf(value):
        return value
    return math.copysign(float(math.trunc(value)), value)


@builtin("dceil")
def ceiling(value: float) -> float:
    if value != value or isinf(value):
        return value
    return math.copysign(float(math.ceil(value)), value) if -1 < value <= 0 else float(math.ceil(value))


@builtin("dfloor")
def floor(value: float) -> float:
    if value != value or isinf(value):
        return value
    return value if value == 0 else float(math.floor(value))


@builtin("dsign")
def sign(value: float) -> float:
    return 1.0 if value > 0 else -1.0 if value < 0 else 0.0


# Powers and logarithms
@builtin("dsqrt")
def square_root(value: float) -> float:
    if value < 0:
        raise data_error("2201F", "cannot take square root of a negative number")
    return math.sqrt(value)


@builtin("dcbrt")
def cube_root(value: float) -> float:
    return math.cbrt(value)


@builtin("dpow")
def power(base: float, exponent: float) -> float:
    if base == 0 and exponent < 0:
        raise data_error("2201F", "zero raised to a negative power is undefined")
    if base < 0 and math.isfinite(base) and math.isfinite(exponent) and exponent != math.floor(exponent):
        raise data_error("2201F", "a negative number raised to a non-integer power yields a complex result")
    if base == -INF and not isinf(exponent) and exponent == exponent and exponent != math.floor(exponent):
        raise data_error("2201F", "a negative number raised to a non-integer power yields a complex result")
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        raise float_overflow() from None
    if result == 0 and base != 0 and not isinf(base) and not isinf(exponent):
        raise float_underflow()
    return result


@builtin("dexp")
def exponential(value: float) -> float:
    try:
        result = math.exp(value)
    except OverflowError:
        raise float_overflow() from None
    if result == 0 and not isinf(value):
        raise float_underflow()
    return result


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    def take(value: float) -> float:
        if value == 0:
            raise data_error("2201E", "cannot take logarithm of zero")
        if value < 0:
            raise data_error("2201E", "cannot take logarithm of a negative number")
        return function(value)

    return take


builtin("dlog1")(_logarithm(math.log))
builtin("dlog10")(_logarithm(math.log10))


# Trigonometry
def input_out_of_range() -> Exception:
    return data_error("22003", "input is out of range")


def _finite_only(name: str, function: Callable[[float], float]) -> None:
    def call(value: float) -> float:
        if isinf(value):
            raise input_out_of_range()
        return function(value)

    builtin(name)(call)


def _in_unit_interval(name: str, function: Callable[[float], float]) -> None:
    def call(value: float) -> float:
        if value < -1 or value > 1:
            raise input_out_of_range()
        return function(value)

    builtin(name)(call)


_finite_only("dsin", math.sin)
_finite_only("dcos", math.cos)
_finite_only("dtan", math.tan)
_in_unit_interval("dasin", math.asin)
_in_unit_interval("dacos", math.acos)
builtin("datan")(math.atan)


@builtin("dcot")
def cotangent(value: float) -> float:
    if isinf(value):
        raise input_out_of_range()
    tangent = math.tan(value)
    return math.copysign(INF, tangent) if tangent == 0 else 1.0 / tangent


@builtin("datan2")
def arctangent2(y: float, x: float) -> float:
    return math.nan if y != y or x != x else math.atan2(y, x)


@builtin("dsinh")
def hyperbolic_sine(value: float) -> float:
    try:
        return math.sinh(value)
    except OverflowError:
        return math.copysign(INF, value)


@builtin("dcosh")
def hyperbolic_cosine(value: float) -> float:
    try:
        return math.cosh(value)
    except OverflowError:
        return INF


builtin("dtanh")(math.tanh)
builtin("dasinh")(math.asinh)


@builtin("dacosh")
def inverse_hyperbolic_cosine(value: float) -> float:
    if value < 1:
        raise input_out_of_range()
    return math.acosh(value)


@builtin("datanh")
def inverse_hyperbolic_tangent(value: float) -> float:
    if value < -1 or value > 1:
        raise input_out_of_range()
    if value in (-1.0, 1.0):
        return value * INF
    return math.atanh(value)


_RADIANS_PER_DEGREE = 0.0174532925199432957692


@builtin("degrees")
def degrees(value: float) -> float:
    return divide(value, _RADIANS_PER_DEGREE)


@builtin("radians")
def radians(value: float) -> float:
    return multiply(value, _RADIANS_PER_DEGREE)


@builtin("dpi")
def pi() -> float:
    return math.pi


# Degree-based trigonometry: reduced to the first quadrant and scaled so that 0, 30, 45, 60 and 90 degrees are exact.
_SIN_30 = math.sin(30.0 * _RADIANS_PER_DEGREE)
_ONE_MINUS_COS_60 = 1.0 - math.cos(60.0 * _RADIANS_PER_DEGREE)
_ASIN_HALF = math.asin(0.5)
_ACOS_HALF = math.acos(0.5)


def _sin_to_30(value: float) -> float:
    return math.sin(value * _RADIANS_PER_DEGREE) / _SIN_30 / 2.0


def _cos_to_60(value: float) -> float:
    return 1.0 - (1.0 - math.cos(value * _RADIANS_PER_DEGREE)) / _ONE_MINUS_COS_60 / 2.0


def _sin_quadrant(value: float) -> float:
    return _sin_to_30(value) if value <= 30.0 else _cos_to_60(90.0 - value)


def _cos_quadrant(value: float) -> float:
    return _cos_to_60(value) if value <= 60.0 else _sin_to_30(90.0 - value)


_TAN_45 = _sin_quadrant(45.0) / _cos_quadrant(45.0)
_COT_45 = _cos_quadrant(45.0) / _sin_quadrant(45.0)


def _degree_argument(value: float) -> float:
    if isinf(value):
        raise input_out_of_range()
    return math.fmod(value, 360.0)


@builtin("dsind")
def sine_of_degrees(value: float) -> float:
    if value != value:
        return value
    value = _degree_argument(value)
    factor = 1.0
    if value < 0:
        value, factor = -value, -factor
    if value > 180.0:
        value, factor = 360.0 - value, -factor
    if value > 90.0:
        value = 180.0 - value
    return factor * _sin_quadrant(value)


@builtin("dcosd")
def cosine_of_degrees(value: float) -> float:
    if value != value:
        return value
    value = abs(_degree_argument(value))
    factor = 1.0
    if value > 180.0:
        value = 360.0 - value
    if value > 90.0:
        value, factor = 180.0 - value, -factor
    return factor * _cos_quadrant(value)


def _fold_tangent(value: float) -> tuple[float, float]:
    value = _degree_argument(value)
    factor = 1.0
    if value < 0:
        value, factor = -value, -factor
    if value > 180.0:
        value, factor = 360.0 - value, -factor
    if value > 90.0:
        value, factor = 180.0 - value, -factor
    return value, factor


@builtin("dtand")
def tangent_of_degrees(value: float) -> float:
    if value != value:
        return value
    value, factor = _fold_tangent(value)
    cosine = _cos_quadrant(value)
    ratio = _sin_quadrant(value) / cosine if cosine else INF
    result = factor * (ratio / _TAN_45)
    return 0.0 if result == 0 else result


@builtin("dcotd")
def cotangent_of_degrees(value: float) -> float:
    if value != value:
        return value
    value, factor = _fold_tangent(value)
    sine = _sin_quadrant(value)
    ratio = _cos_quadrant(value) / sine if sine else math.copysign(INF, sine)
    result = factor * (ratio / _COT_45)
    return 0.0 if result == 0 else result


def _asin_quadrant(value: float) -> float:
    if value <= 0.5:
        return math.asin(value) / _ASIN_HALF * 30.0
    return 90.0 - math.acos(value) / _ACOS_HALF * 60.0


def _acos_quadrant(value: float) -> float:
    if value <= 0.5:
        return 90.0 - math.asin(value) / _ASIN_HALF * 30.0
    return math.acos(value) / _ACOS_HALF * 60.0


@builtin("dasind")
def arcsine_degrees(value: float) -> float:
    if value != value:
        return value
    if not -1 <= value <= 1:
        raise input_out_of_range()
    return _asin_quadrant(value) if value >= 0 else -_asin_quadrant(-value)


@builtin("dacosd")
def arccosine_degrees(value: float) -> float:
    if value != value:
        return value
    if not -1 <= value <= 1:
        raise input_out_of_range()
    return _acos_quadrant(value) if value >= 0 else 90.0 + _asin_quadrant(-value)


_ATAN_1 = math.atan(1.0)


@builtin("datand")
def arctangent_degrees(value: float) -> float:
    return math.atan(value) / _ATAN_1 * 45.0


@builtin("datan2d")
def arctangent2_degrees(y: float, x: float) -> float:
    return arctangent2(y, x) / _ATAN_1 * 45.0


# Special functions
@builtin("derf")
def error_function(value: float) -> float:
    return math.erf(value)


@builtin("derfc")
def complementary_error_function(value: float) -> float:
    return math.erfc(value)


@builtin("dgamma")
def gamma(value: float) -> float:
    if value == -INF:
        raise float_overflow()
    if value != value or isinf(value):
        return value
    try:
        result = math.gamma(value)
    except (OverflowError, ValueError):
        raise float_overflow() from None
    if result == 0:
        raise float_underflow()
    return result


@builtin("dlgamma")
def log_gamma(value: float) -> float:
    try:
        return math.lgamma(value)
    except (OverflowError, ValueError):
        raise float_overflow() from None


@builtin("width_bucket_float8")
def width_bucket(operand: float, low: float, high: float, count: int) -> int:
    if count <= 0:
        raise data_error("2201G", "count must be greater than zero")
    if operand != operand or low != low or high != high:
        raise data_error("2201G", "operand, lower bound, and upper bound cannot be NaN")
    if isinf(low) or isinf(high):
        raise data_error("2201G", "lower and upper bounds must be finite")
    if low == high:
        raise data_error("2201G", "lower bound cannot equal upper bound")
    descending = low > high
    if (operand > low) if descending else (operand < low):
        return 0
    if (operand <= high) if descending else (operand >= high):
        result = count + 1
    else:
        span = high - low
        if isinf(span):
            fraction = (operand / 2 - low / 2) / (high / 2 - low / 2)
        else:
            fraction = (operand - low) / span
        result = min(int(count * fraction), count - 1) + 1
    if result > 2147483647:
        raise data_error("22003", "integer out of range")
    return result


@builtin("in_range_float8_float8", "in_range_float4_float8")
def in_range(value: float, base: float, offset: float, sub: bool, less: bool) -> bool:
    if offset != offset or offset < 0:
        raise data_error("22013", "invalid preceding or following size in window function")
    if value != value:
        return base != base or not less
    if base != base:
        return less
    if isinf(offset) and isinf(base) and (base > 0) == sub:
        return True
    bound = base - offset if sub else base + offset
    return value <= bound if less else value >= bound
