"""to_char of numbers and to_number.

Reference: PostgreSQL 18's numeric template patterns. The template is first summed up (digits before and after the
point, sign style, fill mode, …), then walked node by node writing or reading. The locale is C: "." and "," and no
currency symbol.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from emulators.postgres.functions.format_template import Node, ordinal_suffix, parse_number_template
from emulators.postgres.functions.numeric import multiply, power, round_numeric
from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.errors import data_error, feature_not_supported
from emulators.postgres.types.numeric import apply_typmod, numeric_text, parse_numeric


@dataclass(slots=True)
class Summary:
    """What a template asks for."""

    pre: int = 0
    post: int = 0
    lsign: str = ""
    pre_lsign: int = 0
    zero: bool = False
    zero_start: int = 0
    zero_end: int = 0
    decimal: bool = False
    fill: bool = False
    bracket: bool = False
    plus: bool = False
    minus: bool = False
    roman: bool = False
    multi: int = 0
    has_multi: bool = False
    scientific: bool = False
    blank: bool = False


def _syntax(message: str, detail: str | None = None) -> Exception:
    return data_error("42601", message, detail)


def summarize(nodes: tuple[Node, ...]) -> Summary:
    s = Summary()
    for node in nodes:
        if node.kind != "pattern":
            continue
        name = node.text
        if s.scientific and name != "EEEE":
            raise _syntax('"EEEE" must be the last pattern used')
        if name == "9":
            if s.bracket:
                raise _syntax('"9" must be ahead of "PR"')
            if s.has_multi:
                s.multi += 1
            elif s.decimal:
                s.post += 1
            else:
                s.pre += 1
        elif name == "0":
            if s.bracket:
                raise _syntax('"0" must be ahead of "PR"')
            if not s.zero and not s.decimal:
                s.zero, s.zero_start = True, s.pre + 1
            if s.decimal:
                s.post += 1
            else:
                s.pre += 1
            s.zero_end = s.pre + s.post
        elif name == "B":
            s.blank = s.blank or (not s.pre and not s.post and not s.zero)
        elif name in ("D", "."):
            if s.decimal:
                raise _syntax("multiple decimal points")
            if s.has_multi:
                raise _syntax('cannot use "V" and decimal point together')
            s.decimal = True
        elif name == "FM":
            s.fill = True
        elif name == "S":
            if s.lsign:
                raise _syntax('cannot use "S" twice')
            if s.plus or s.minus or s.bracket:
                raise _syntax('cannot use "S" and "PL"/"MI"/"SG"/"PR" together')
            s.lsign = "post" if s.decimal else "pre"
            if s.lsign == "pre":
                s.pre_lsign = s.pre
        elif name in ("MI", "PL", "SG"):
            if s.lsign:
                raise _syntax(f'cannot use "S" and "{name}" together')
            s.minus = s.minus or name != "PL"
            s.plus = s.plus or name != "MI"
        elif name == "PR":
            if s.lsign or s.plus or s.minus:
                raise _syntax('cannot use "PR" and "S"/"PL"/"MI"/"SG" together')
            s.bracket = True
        elif name in ("RN", "rn"):
            if s.roman:
                raise _syntax('cannot use "RN" twice')
            s.roman = True
        elif name == "V":
            if s.decimal:
                raise _syntax('cannot use "V" and decimal point together')
            s.has_multi = True
        elif name == "EEEE":
            if s.scientific:
                raise _syntax('cannot use "EEEE" twice')
            if s.blank or s.fill or s.lsign or s.bracket or s.minus or s.plus or s.roman or s.has_multi:
                raise _syntax(
                    '"EEEE" is incompatible with other formats',
                    '"EEEE" may only be used together with digit and decimal point patterns.',
                )
            s.scientific = True
    others = s.blank or s.lsign or s.bracket or s.minus or s.plus or s.has_multi or s.zero or s.decimal
    if s.roman and (others or s.scientific):
        raise _roman_error()
    return s


def _roman_error() -> Exception:
    return _syntax('"RN" is incompatible with other formats', '"RN" may only be used together with "FM".')


_ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def roman(number: int) -> str:
    if not 1 <= number <= 3999:
        return "#" * 15
    out = []
    for size, letters in _ROMAN:
        count, number = divmod(number, size)
        out.append(letters * count)
    return "".join(out)


class _Writer:
    """Walks the template writing a number whose digits, sign and padding are already known."""

    def __init__(self, nodes: tuple[Node, ...], summary: Summary, number: str, sign: str, spaces: int):
        self.nodes = nodes
        self.s = summary
        self.number = number
        self.sign = sign
        self.spaces = spaces
        self.at = 0
        self.out: list[str] = []
        self.digits_begun = False
        self.current = 0
        self.last_relevant: int | None = None

    def run(self) -> str:
        s = self.s
        if s.scientific:
            return self.number
        zero_start = s.zero_start - 1 if s.zero_start else 0
        lsign = s.lsign
        bracket, plus, minus = s.bracket, s.plus, s.minus
        if plus or minus:
            sign_written = not (plus and not minus)
        else:
            if self.sign != "-" and bracket and s.fill:
                bracket = False
            sign_written = self.sign == "+" and s.fill and not s.lsign
            if lsign == "pre" and s.pre == s.pre_lsign:
                lsign = "post"
        count = s.post + s.pre - 1
        if s.fill and s.decimal:
            self.last_relevant = self._last_relevant()
            if self.last_relevant is not None and s.zero_end > self.spaces:
                last_zero = min(len(self.number) - 1, s.zero_end - self.spaces)
                self.last_relevant = max(self.last_relevant, last_zero)
        if not sign_written and self.spaces == 0:
            count += 1
        self.sign_written = sign_written
        self.count = count
        self.zero_start = zero_start
        self.lsign = lsign
        self.bracket = bracket
        for node in self.nodes:
            if node.kind != "pattern":
                self.out.append(node.text)
            else:
                self.node(node.text)
        return "".join(self.out)

    def _last_relevant(self) -> int | None:
        point = self.number.find(".")
        if point < 0:
            return None
        place = point
        for index in range(point + 1, len(self.number)):
            if self.number[index] != "0":
                place = index
        return place

    def node(self, name: str) -> None:
        s, out = self.s, self.out
        if name in ("9", "0", ".", "D"):
            self.digit(name)
        elif name in (",", "G"):
            if self.digits_begun:
                out.append(",")
            elif not s.fill:
                out.append(" ")
        elif name == "L":
            out.append(" ")
        elif name in ("RN", "rn"):
            text = self.number if name == "RN" else self.number.lower()
            out.append(text if s.fill else text.rjust(15))
        elif name in ("TH", "th"):
            if s.roman or self.number[:1] == "#" or self.sign == "-" or s.decimal:
                return
            suffix = ordinal_suffix(self.number)
            out.append(suffix.upper() if name == "TH" else suffix)
        elif name == "MI":
            if self.sign == "-":
                out.append("-")
            elif not s.fill:
                out.append(" ")
        elif name == "PL":
            if self.sign == "+":
                out.append("+")
            elif not s.fill:
                out.append(" ")
        elif name == "SG":
            out.append(self.sign)

    def digit(self, name: str) -> None:
        s, out = self.s, self.out
        if s.roman:
            return
        self.digits_begun = False
        predec = (not s.zero) and self.at == 0 and self.number[:1] == "0" and s.post != 0
        relevant_point = self.last_relevant is not None and self.number[self.last_relevant] == "."
        if (
            not self.sign_written
            and (self.current >= self.spaces or (s.zero and self.zero_start == self.current))
            and (not predec or relevant_point)
        ):
            self.write_sign()
        if self.current < self.spaces and (self.zero_start > self.current or not s.zero):
            if not s.fill:
                out.append(" ")
        elif s.zero and self.current < self.spaces and self.zero_start <= self.current:
            out.append("0")
            self.digits_begun = True
        else:
            char = self.number[self.at : self.at + 1]
            if char == ".":
                if self.last_relevant is None or not relevant_point or s.fill:
                    out.append(".")
            elif self.last_relevant is not None and self.at > self.last_relevant and name != "0":
                pass
            elif predec:
                if not s.fill:
                    out.append(" ")
                elif relevant_point:
                    out.append("0")
            elif char:
                out.append(char)
                self.digits_begun = True
            if char:
                self.at += 1
        end = self.count + (1 if self.spaces else 0) + (1 if s.decimal else 0)
        if self.last_relevant is not None and self.last_relevant == self.at:
            end = self.current
        if self.current + 1 == end:
            if self.sign_written and self.bracket:
                out.append(">" if self.sign == "-" else " ")
            elif s.lsign and self.lsign == "post":
                out.append("-" if self.sign == "-" else "+")
        self.current += 1

    def write_sign(self) -> None:
        s, out = self.s, self.out
        if s.lsign:
            if self.lsign == "pre":
                out.append("-" if self.sign == "-" else "+")
                self.sign_written = True
        elif self.bracket:
            out.append("<" if self.sign == "-" else " ")
            self.sign_written = True
        elif self.sign == "+":
            if not s.fill:
                out.append(" ")
            self.sign_written = True
        elif self.sign == "-":
            out.append("-")
            self.sign_written = True


def _write(template: str, summary: Summary, digits: str, sign: str) -> str:
    """Lay out digits (no sign) by the template; too many of them become #."""
    nodes = parse_number_template(template)
    whole = digits.partition(".")[0]
    spaces = 0
    if not summary.scientific and not summary.roman:
        if len(whole) < summary.pre:
            spaces = summary.pre - len(whole)
        elif len(whole) > summary.pre:
            digits = "#" * summary.pre + "." + "#" * summary.post
    return _Writer(nodes, summary, digits, sign, spaces).run()


def _signed(text: str) -> tuple[str, str]:
    return ("-", text[1:]) if text[:1] == "-" else ("+", text)


def _scientific(mantissa: str) -> str:
    return mantissa if mantissa[0] == "-" else " " + mantissa


@builtin("int4_to_char", "int8_to_char")
def integer_to_char(value: int, template: str) -> str:
    if not template:
        return ""
    summary = summarize(parse_number_template(template))
    if summary.roman:
        return _write(template, summary, roman(value), "+")
    if summary.scientific:
        return _scientific(_exponent(Decimal(value), summary.post))
    if summary.has_multi:
        value *= 10**summary.multi
        summary.pre += summary.multi
    sign, digits = _signed(str(value))
    if summary.post:
        digits += "." + "0" * summary.post
    return _write(template, summary, digits, sign)


def _exponent(value: Decimal, digits: int) -> str:
    """d.ddde+XX with rounding half away from zero."""
    if not value:
        return f"{0:.{digits}f}e+00"
    from emulators.postgres.types.numeric import EXACT, round_to

    exponent = value.adjusted()
    mantissa = round_to(value.scaleb(-exponent, EXACT), digits)
    if abs(mantissa) >= 10:
        exponent += 1
        mantissa = round_to(value.scaleb(-exponent, EXACT), digits)
    return f"{mantissa:f}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


@builtin("numeric_to_char")
def numeric_to_char(value: Decimal, template: str) -> str:
    if not template:
        return ""
    summary = summarize(parse_number_template(template))
    if summary.roman:
        return _write(template, summary, roman(_roman_number(value)), "+")
    if summary.scientific:
        if not value.is_finite():
            return _sharps(summary)
        return _scientific(_exponent(value, summary.post))
    if summary.has_multi:
        value = multiply(value, power(Decimal(10), Decimal(summary.multi)))
        summary.pre += summary.multi
    sign, digits = _signed(numeric_text(round_numeric(value, summary.post)))
    return _write(template, summary, digits, sign)


def _roman_number(value: Decimal) -> int:
    if not value.is_finite():
        return 0
    rounded = round_numeric(value, 0)
    return int(rounded) if rounded.adjusted() < 6 else 0


def _sharps(summary: Summary) -> str:
    text = list("#" * (summary.pre + summary.post + 6))
    text[0] = " "
    if summary.pre + 1 < len(text):
        text[summary.pre + 1] = "."
    return "".join(text)


def _float_to_char(value: float, template: str, precision: int) -> str:
    if not template:
        return ""
    summary = summarize(parse_number_template(template))
    if summary.roman:
        number = round(value) if math.isfinite(value) and abs(value) < 2**31 else 0
        return _write(template, summary, roman(number), "+")
    if summary.scientific:
        if not math.isfinite(value):
            return _sharps(summary)
        return _scientific(f"{value:.{summary.post}e}")
    if summary.has_multi:
        value *= 10**summary.multi
        summary.pre += summary.multi
    special = None if math.isfinite(value) else "NaN" if value != value else "Infinity"
    whole = special or f"{abs(value):.0f}"
    if len(whole) >= precision:
        summary.post = 0
    elif len(whole) + summary.post > precision:
        summary.post = precision - len(whole)
    sign, digits = ("-" if value < 0 else "+", special) if special else _signed(f"{value:.{summary.post}f}")
    return _write(template, summary, digits, sign)


@builtin("float8_to_char")
def float8_to_char(value: float, template: str) -> str:
    return _float_to_char(value, template, 15)


@builtin("float4_to_char")
def float4_to_char(value: float, template: str) -> str:
    return _float_to_char(value, template, 6)


class _Scanner:
    """Walks the template reading a number."""

    def __init__(self, text: str, summary: Summary):
        self.text = text
        self.s = summary
        self.at = 0
        self.sign = " "
        self.digits = ""
        self.read_pre = 0
        self.read_post = 0
        self.read_point = False
        self.digits_begun = False

    def over(self) -> bool:
        return self.at >= len(self.text)

    def char(self, offset: int = 0) -> str:
        return self.text[self.at + offset : self.at + offset + 1]

    def skip_noise(self, count: int) -> None:
        """Step over up to `count` characters that are no part of a number."""
        while count > 0 and not self.over():
            if self.char() in "0123456789.,+-":
                break
            self.at += 1
            count -= 1

    def run(self, nodes: tuple[Node, ...]) -> str:
        for node in nodes:
            if self.over():
                break
            if node.kind != "pattern":
                self.at += 1
                continue
            name = node.text
            if name in ("9", "0", ".", "D"):
                self.digit(name)
                self.at += 1
            elif name in (",", "G"):
                if not self.digits_begun and self.s.fill:
                    continue
                if self.char() == ",":
                    self.at += 1
            elif name == "L":
                self.skip_noise(1)
            elif name in ("TH", "th"):
                if not self.s.decimal:
                    self.skip_noise(2)
            elif name in ("MI", "PL", "SG"):
                wanted = {"MI": "-", "PL": "+", "SG": "+-"}[name]
                if self.char() in wanted:
                    self.sign = self.char()
                    self.at += 1
                else:
                    self.skip_noise(1)
        return self.sign + self.digits.rstrip(".")

    def digit(self, name: str) -> None:
        s = self.s
        if self.char() == " ":
            self.at += 1
            if self.over():
                return
        if self.sign == " " and name in ("0", "9") and self.read_pre + self.read_post == 0:
            if s.lsign == "pre":
                if self.char() in ("-", "+"):
                    self.sign = self.char()
                    self.at += 1
            elif self.char() == "-" or (s.bracket and self.char() == "<"):
                self.sign = "-"
                self.at += 1
            elif self.char() == "+":
                self.sign = "+"
                self.at += 1
        if self.over():
            return
        is_read = False
        if self.char().isdigit():
            if self.read_point and self.read_post == s.post:
                return
            self.digits += self.char()
            if self.read_point:
                self.read_post += 1
            else:
                self.read_pre += 1
            is_read = True
        elif s.decimal and not self.read_point and self.char() == ".":
            self.digits += "."
            self.read_point = True
            is_read = True
        if self.over():
            return
        if self.sign == " " and self.read_pre + self.read_post > 0:
            if s.lsign and is_read and self.at + 1 < len(self.text) and not self.char(1).isdigit():
                if self.char(1) in ("-", "+"):
                    self.sign = self.char(1)
                    self.at += 1
            elif not is_read and not s.lsign and (s.plus or s.minus) and self.char() in ("-", "+"):
                self.sign = self.char()


_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def _read_roman(text: str) -> Decimal:
    letters = ""
    for char in text.lstrip(" \t\n\r\v\f"):
        if char.upper() not in _ROMAN_VALUES:
            break
        letters += char.upper()
    total = 0
    for index, letter in enumerate(letters):
        value = _ROMAN_VALUES[letter]
        total += -value if index + 1 < len(letters) and _ROMAN_VALUES[letters[index + 1]] > value else value
    if not letters or roman(total) != letters:
        raise data_error("22P02", "invalid Roman numeral")
    return Decimal(total)


@builtin("numeric_to_number")
def numeric_to_number(text: str, template: str) -> Decimal | None:
    if not template:
        return None
    nodes = parse_number_template(template)
    summary = summarize(nodes)
    if summary.scientific:
        raise feature_not_supported('"EEEE" not supported for input')
    if summary.roman:
        return _read_roman(text)
    scanner = _Scanner(text, summary)
    number = scanner.run(nodes)
    scale = scanner.read_post
    precision = summary.pre + summary.multi + scale
    result: Any = parse_numeric(number)
    result = apply_typmod(result, (precision << 16 | scale) + 4)
    if summary.has_multi:
        result = multiply(result, power(Decimal(10), Decimal(-summary.multi)))
    return result  # type: ignore[no-any-return]
