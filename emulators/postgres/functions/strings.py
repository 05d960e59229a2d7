"""text, varchar, bpchar, name and "char": comparison, concatenation, cutting, padding, casing, quoting.

Collation is C (code points; what C.UTF-8 gives), so Python's own string order is PostgreSQL's. Case mapping is
Unicode's simple, one-to-one mapping, as the builtin C.UTF-8 provider does: "ß" has no capital.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from emulators.postgres.functions.registry import builtin, expression
from emulators.postgres.types.errors import data_error, invalid_parameter, null_not_allowed
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.strings import bpchar_in, char_out, truncate_name, varchar_in
from emulators.postgres.types.values import PgArray

_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
for _suffix, _symbol in (("eq", "=="), ("ne", "!=")):
    expression(f"text{_suffix}", template=f"({{0}} {_symbol} {{1}})")
for _suffix in ("lt", "le", "gt", "ge"):
    expression(f"text_{_suffix}", f"text_pattern_{_suffix}", template=f"({{0}} {_COMPARE[_suffix]} {{1}})")
    expression(f"bpchar_pattern_{_suffix}", template=f"({{0}}.rstrip(' ') {_COMPARE[_suffix]} {{1}}.rstrip(' '))")
for _suffix, _symbol in _COMPARE.items():
    expression(
        f"name{_suffix}",
        f"name{_suffix}text",
        f"text{_suffix}name",
        f"char{_suffix}",
        template=f"({{0}} {_symbol} {{1}})",
    )
    expression(f"bpchar{_suffix}", template=f"({{0}}.rstrip(' ') {_symbol} {{1}}.rstrip(' '))")
expression(
    "bttextcmp",
    "btnamecmp",
    "btcharcmp",
    "btnametextcmp",
    "bttextnamecmp",
    "bttext_pattern_cmp",
    template="(({0} > {1}) - ({0} < {1}))",
)
expression(
    "bpcharcmp",
    "btbpchar_pattern_cmp",
    template="(({0}.rstrip(' ') > {1}.rstrip(' ')) - ({0}.rstrip(' ') < {1}.rstrip(' ')))",
)
expression("text_larger", template="({0} if {0} > {1} else {1})")
expression("text_smaller", template="({0} if {0} < {1} else {1})")
expression("bpchar_larger", template="({0} if {0}.rstrip(' ') >= {1}.rstrip(' ') else {1})")
expression("bpchar_smaller", template="({0} if {0}.rstrip(' ') <= {1}.rstrip(' ') else {1})")
expression("textcat", template="({0} + {1})")
expression("textlen", template="len({0})", arity=1)
expression("bpcharlen", template="len({0}.rstrip(' '))", arity=1)
expression("textoctetlen", "bpcharoctetlen", template="len({0}.encode())", arity=1)
expression("sql:bit_length(text)", template="(len({0}.encode()) * 8)", arity=1)
expression("text_starts_with", template="{0}.startswith({1})")


# Casts between the string types
@builtin("varchar")
def varchar_length(value: str, typmod: int, explicit: bool) -> str:
    limit = typmod - 4
    if typmod < 4 or len(value) <= limit:
        return value
    return value[:limit] if explicit else varchar_in(value, typmod, None)


@builtin("bpchar")
def bpchar_length(value: str, typmod: int, explicit: bool) -> str:
    limit = typmod - 4
    if typmod < 4:
        return value
    if len(value) <= limit:
        return value.ljust(limit)
    return value[:limit] if explicit else bpchar_in(value, typmod, None)


@builtin("bpchar_name")
def bpchar_to_name(value: str) -> str:
    return truncate_name(value).rstrip(" ")


builtin("text_name")(truncate_name)
expression("name_text", "name_bpchar", template="{0}", arity=1)
builtin("char_text", "char_bpchar")(lambda value: char_out(value, None))


@builtin("text_char")
def text_to_char(value: str) -> str:
    from emulators.postgres.types.strings import char_in

    return char_in(value, -1, None)


@builtin("chartoi4")
def char_to_int4(value: str) -> int:
    code = ord(value) if value else 0
    return code - 256 if code > 127 else code


@builtin("i4tochar")
def int4_to_char(value: int) -> str:
    if not -128 <= value <= 127:
        raise data_error("22003", '"char" out of range')
    return chr(value % 256) if value else ""


@builtin("nameconcatoid")
def name_concat_oid(name: str, oid: int) -> str:
    suffix = f"_{oid}"
    return name.encode()[: 63 - len(suffix)].decode(errors="ignore") + suffix


# Case
def _map_simple(text: str, method: str) -> str:
    out = []
    for char in text:
        mapped: str = getattr(char, method)()
        out.append(mapped if len(mapped) == 1 else char)
    return "".join(out)


@builtin("lower")
def lower(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _map_simple(text.replace("\u0130", "i"), "lower")


@builtin("upper")
def upper(text: str) -> str:
    return text.upper() if text.isascii() else _map_simple(text, "upper")


@builtin("casefold")
def casefold(text: str) -> str:
    return text.lower() if text.isascii() else _map_simple(text, "casefold")


@builtin("initcap")
def initcap(text: str) -> str:
    out = []
    in_word = False
    for char in text:
        mapped = (char.lower() if in_word else char.upper()) if char.isalnum() else char
        out.append(mapped if len(mapped) == 1 else char)
        in_word = char.isalnum()
    return "".join(out)


# Cutting
def _substring_bounds(start: int, length: int | None) -> tuple[int, int | None]:
    """Python slice bounds of SUBSTRING; 22011 for a negative length."""
    begin = start - 1
    if length is None:
        return max(begin, 0), None
    if length < 0:
        raise data_error("22011", "negative substring length not allowed")
    return max(begin, 0), max(begin + length, 0)


@builtin("text_substr")
def substring(text: str, start: int, length: int) -> str:
    if start > 0 and length >= 0:
        return text[start - 1 : start - 1 + length]
    begin, end = _substring_bounds(start, length)
    return text[begin:end]


@builtin("text_substr_no_len")
def substring_from(text: str, start: int) -> str:
    return text[max(start - 1, 0) :]


@builtin("text_left")
def left(text: str, count: int) -> str:
    return text[:count]


@builtin("text_right")
def right(text: str, count: int) -> str:
    if count >= 0:
        return text[-count:] if count and count < len(text) else (text if count else "")
    # -(-2147483648) does not fit upstream, where it stays negative and takes everything.
    return text[-count:] if count > -2147483648 else text


@builtin("textoverlay")
def overlay(text: str, replacement: str, start: int, length: int) -> str:
    if start <= 0:
        raise data_error("22011", "negative substring length not allowed")
    if start + length > 2147483647:
        raise data_error("22003", "integer out of range")
    return text[: start - 1] + replacement + substring_from(text, start + length)


@builtin("textoverlay_no_len")
def overlay_same(text: str, replacement: str, start: int) -> str:
    return overlay(text, replacement, start, len(replacement))


@builtin("btrim1")
def trim_blanks(text: str) -> str:
    return text.strip(" ")


@builtin("btrim")
def trim(text: str, characters: str) -> str:
    return text.strip(characters) if characters else text


@builtin("ltrim1")
def ltrim_blanks(text: str) -> str:
    return text.lstrip(" ")


@builtin("ltrim")
def ltrim(text: str, characters: str) -> str:
    return text.lstrip(characters) if characters else text


@builtin("rtrim1")
def rtrim_blanks(text: str) -> str:
    return text.rstrip(" ")


@builtin("rtrim")
def rtrim(text: str, characters: str) -> str:
    return text.rstrip(characters) if characters else text


@builtin("split_part")
def split_part(text: str, separator: str, field: int) -> str:
    if field == 0:
        raise invalid_parameter("field position must not be zero")
    if not text:
        return ""
    pieces = text.split(separator) if separator else [text]
    index = field - 1 if field > 0 else len(pieces) + field
    return pieces[index] if 0 <= index < len(pieces) else ""


# Searching and replacing
@builtin("textpos")
def position(text: str, wanted: str) -> int:
    return text.find(wanted) + 1


@builtin("replace_text")
def replace(text: str, wanted: str, replacement: str) -> str:
    return text.replace(wanted, replacement) if wanted else text


@builtin("translate")
def translate(text: str, source: str, target: str) -> str:
    table: dict[int, str | None] = {}
    for index, char in enumerate(source):
        table.setdefault(ord(char), target[index] if index < len(target) else None)
    return text.translate(table)


# Padding and repeating
_MAX_BYTES = 0x3FFFFFFF


@builtin("lpad")
def lpad(text: str, length: int, fill: str) -> str:
    size = len(text)
    length = max(length, 0)
    if size >= length or not fill:
        return text[:length]
    if length > _MAX_BYTES:
        raise data_error("54000", "requested length too large")
    missing = length - size
    return (fill * (missing // len(fill) + 1))[:missing] + text


@builtin("rpad")
def rpad(text: str, length: int, fill: str) -> str:
    size = len(text)
    length = max(length, 0)
    if size >= length or not fill:
        return text[:length]
    if length > _MAX_BYTES:
        raise data_error("54000", "requested length too large")
    missing = length - size
    return text + (fill * (missing // len(fill) + 1))[:missing]


@builtin("sql:lpad(text,int4)")
def lpad_blank(text: str, length: int) -> str:
    return lpad(text, length, " ")


@builtin("sql:rpad(text,int4)")
def rpad_blank(text: str, length: int) -> str:
    return rpad(text, length, " ")


@builtin("repeat")
def repeat(text: str, count: int) -> str:
    if count > 0 and len(text) * count > _MAX_BYTES:
        raise data_error("54000", "requested length too large")
    return text * count


@builtin("text_reverse")
def reverse(text: str) -> str:
    return text[::-1]


@builtin("ascii")
def ascii_code(text: str) -> int:
    return ord(text[0]) if text else 0


@builtin("chr")
def character(code: int) -> str:
    if code < 0:
        raise invalid_parameter("character number must be positive")
    if code == 0:
        raise data_error("54000", "null character not permitted")
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        message = (
            "requested character too large for encoding"
            if code > 0x10FFFF
            else "requested character not valid for encoding"
        )
        raise data_error("54000", f"{message}: {code}")
    return chr(code)


# Concatenation of anything
def _text_outputs(types: tuple[int, ...], catalog: Any) -> list[Any]:
    """For each type a function (value, ctx) -> text, as the output function or a cast to text shows it."""
    outputs = []
    for oid in types:
        outputs.append(type_io(oid, catalog).text_out)
    return outputs


def _variadic(types: tuple[int, ...], catalog: Any, array: bool, fixed: int) -> Any:
    """A function (values, ctx) -> texts (None for NULL) of a VARIADIC "any" list."""
    if array:
        info = catalog.type_info(types[fixed])
        element = type_io(info.element or info.oid, catalog).text_out

        def from_array(values: Any, ctx: Any) -> list[str | None]:
            items = values.elements if isinstance(values, PgArray) else values
            return [None if value is None else element(value, ctx) for value in items]

        return from_array
    outputs = _text_outputs(types[fixed:-1], catalog)

    def from_list(values: list[Any], ctx: Any) -> list[str | None]:
        return [None if value is None else out(value, ctx) for value, out in zip(values, outputs, strict=True)]

    return from_list


@builtin("text_concat", bind=True, ctx=True, variadic_any=True)
def concat(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
    texts = _variadic(types, catalog, array, 0)

    def run(ctx: Any, values: Any) -> str | None:
        if values is None:
            return None
        return "".join(text for text in texts(values, ctx) if text is not None)

    return run


@builtin("text_concat_ws", bind=True, ctx=True, variadic_any=True)
def concat_ws(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
    texts = _variadic(types, catalog, array, 1)

    def run(ctx: Any, separator: str | None, values: Any) -> str | None:
        if separator is None or values is None:
            return None
        return separator.join(text for text in texts(values, ctx) if text is not None)

    return run


_SPEC = re.compile(r"(?:([0-9]+)\$)?(-*)(?:([0-9]+)|(\*)(?:([0-9]+)\$)?)?(.)?", re.DOTALL)


def _format(template: str, texts: list[str | None], widths: list[int | None]) -> str:
    """format(): %s %I %L with positions, widths and the - flag."""
    out: list[str] = []
    position, size = 0, len(template)
    next_argument = 0
    while position < size:
        percent = template.find("%", position)
        if percent < 0:
            out.append(template[position:])
            break
        out.append(template[position:percent])
        position = percent + 1
        if position >= size:
            raise unterminated_format()
        if template[position] == "%":
            out.append("%")
            position += 1
            continue
        match = _SPEC.match(template, position)
        assert match is not None
        position = match.end()
        number, flags, width_text, star, star_number, kind = match.groups()
        if kind is None:
            raise unterminated_format()
        if number is not None and int(number) == 0:
            raise invalid_parameter("format specifies argument 0, but arguments are numbered from 1")
        width = int(width_text) if width_text else 0
        left_justify = bool(flags)
        if star:
            if star_number is not None:
                if int(star_number) == 0:
                    raise invalid_parameter("format specifies argument 0, but arguments are numbered from 1")
                width_index = int(star_number) - 1
                next_argument = width_index + 1
            else:
                width_index = next_argument
                next_argument += 1
            if width_index >= len(texts):
                raise invalid_parameter("too few arguments for format()")
            width = widths[width_index] or 0
            if width < 0:
                width, left_justify = -width, True
        if kind not in "sIL":
            raise data_error(
                "22023",
                f'unrecognized format() type specifier "{kind}"',
                hint='For a single "%" use "%%".',
            )
        index = int(number) - 1 if number is not None else next_argument
        next_argument = index + 1
        if index >= len(texts):
            raise invalid_parameter("too few arguments for format()")
        value = texts[index]
        if kind == "s":
            text = value or ""
        elif kind == "I":
            if value is None:
                raise null_not_allowed("null values cannot be formatted as an SQL identifier")
            text = quote_ident(value)
        else:
            text = "NULL" if value is None else quote_literal(value)
        out.append(text.ljust(width) if left_justify else text.rjust(width))
    return "".join(out)


def unterminated_format() -> Exception:
    return invalid_parameter("unterminated format() type specifier", hint='For a single "%" use "%%".')


@builtin("text_format", bind=True, ctx=True, variadic_any=True)
def format_text(types: tuple[int, ...], catalog: Any, array: bool) -> Any:
    texts = _variadic(types, catalog, array, 1)

    def run(ctx: Any, template: str | None, values: Any) -> str | None:
        if template is None:
            return None
        items = list(values.elements) if isinstance(values, PgArray) else list(values or [])
        shown = texts(values, ctx) if values is not None else []
        widths: list[int | None] = []
        for item in items:
            widths.append(
                item
                if isinstance(item, int)
                else int(item)
                if isinstance(item, str) and item.lstrip("-").isdigit()
                else None
            )
        return _format(template, shown, widths)

    return run


@builtin("text_format_nv")
def format_alone(template: str | None) -> str | None:
    return None if template is None else _format(template, [], [])


# Quoting
_PLAIN_IDENT = re.compile(r"[a-z_][a-z0-9_]*\Z")
_RESERVED_WORDS = (
    "all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both "
    "case cast char character check coalesce collate collation column concurrently constraint create cross "
    "current_catalog current_date current_role current_schema current_time current_timestamp current_user dec "
    "decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign "
    "freeze from full grant greatest group grouping having ilike in initially inner inout int integer "
    "intersect interval into is isnull join json json_array json_arrayagg json_exists json_object "
    "json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left "
    "like limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null "
    "nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real "
    "references returning right row select session_user setof similar smallint some substring symmetric "
    "system_user table tablesample then time timestamp to trailing treat trim true union unique user using "
    "values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists "
    "xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable "
)
RESERVED_FOR_QUOTING = frozenset(_RESERVED_WORDS.split())


@builtin("quote_ident")
def quote_ident(text: str) -> str:
    if _PLAIN_IDENT.match(text) and text not in RESERVED_FOR_QUOTING:
        return text
    return '"' + text.replace('"', '""') + '"'


@builtin("quote_literal")
def quote_literal(text: str) -> str:
    quoted = "'" + text.replace("'", "''") + "'"
    if "\\" in quoted:
        # An E-string, so that the result means the same whatever standard_conforming_strings is.
        return "E" + quoted.replace("\\", "\\\\")
    return quoted


@builtin("quote_nullable")
def quote_nullable(text: str | None) -> str:
    return "NULL" if text is None else quote_literal(text)


def _quote_any(function: Any) -> Any:
    def bind(types: tuple[int, ...], catalog: Any) -> Any:
        show = type_io(types[0], catalog).text_out

        def run(ctx: Any, value: Any) -> Any:
            return function(None if value is None else show(value, ctx))

        return run

    return bind


builtin("sql:quote_literal(anyelement)", bind=True, ctx=True)(_quote_any(quote_literal))
builtin("sql:quote_nullable(anyelement)", bind=True, ctx=True)(_quote_any(quote_nullable))


@builtin("sql:textanycat(text,anynonarray)", bind=True, ctx=True)
def text_any_concat(types: tuple[int, ...], catalog: Any) -> Any:
    show = type_io(types[1], catalog).text_out

    def run(ctx: Any, text: str, value: Any) -> str:
        return text + show(value, ctx)

    return run


@builtin("sql:anytextcat(anynonarray,text)", bind=True, ctx=True)
def any_text_concat(types: tuple[int, ...], catalog: Any) -> Any:
    show = type_io(types[0], catalog).text_out

    def run(ctx: Any, value: Any, text: str) -> str:
        return show(value, ctx) + text

    return run


# Unicode
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def _form(name: str) -> Any:
    upper_name = name.upper()
    if upper_name not in _FORMS:
        raise invalid_parameter(f"invalid normalization form: {name}")
    return upper_name


@builtin("unicode_normalize_func")
def normalize(text: str, form: str) -> str:
    return unicodedata.normalize(_form(form), text)


@builtin("unicode_is_normalized")
def is_normalized(text: str, form: str) -> bool:
    return unicodedata.is_normalized(_form(form), text)


@builtin("unicode_assigned")
def unicode_assigned(text: str) -> bool:
    return all(unicodedata.category(char) != "Cn" for char in text)


_UNISTR = re.compile(
    r"\\(?:(\\)|([0-9A-Fa-f]{4})|u([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6})|U([0-9A-Fa-f]{8})|(.?))", re.DOTALL
)


@builtin("unistr")
def unistr(text: str) -> str:
    out: list[str] = []
    high = 0
    position = 0
    for match in _UNISTR.finditer(text):
        between = text[position : match.start()]
        if high and between:
            raise data_error("42601", "invalid Unicode surrogate pair")
        out.append(between)
        position = match.end()
        if match[1]:
            if high:
                raise data_error("42601", "invalid Unicode surrogate pair")
            out.append("\\")
            continue
        digits = match[2] or match[3] or match[4] or match[5]
        if digits is None:
            raise data_error(
                "42601",
                "invalid Unicode escape",
                hint="Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.",
            )
        code = int(digits, 16)
        if high:
            if not 0xDC00 <= code < 0xE000:
                raise data_error("42601", "invalid Unicode surrogate pair")
            out.append(chr(0x10000 + (high - 0xD800 << 10) + code - 0xDC00))
            high = 0
        elif 0xD800 <= code < 0xDC00:
            high = code
        elif 0xDC00 <= code < 0xE000:
            raise data_error("42601", "invalid Unicode surrogate pair")
        elif code == 0 or code > 0x10FFFF:
            raise data_error("42601", f"invalid Unicode code point: {code:04X}")
        else:
            out.append(chr(code))
    if high:
        raise data_error("42601", "invalid Unicode surrogate pair")
    out.append(text[position:])
    return "".join(out)


# Lists in text
@builtin("text_to_array", "text_to_array_null")
def string_to_array(text: str | None, separator: str | None, null_text: str | None = None) -> PgArray | None:
    if text is None:
        return None
    return PgArray(list(_pieces(text, separator, null_text)))


@builtin("text_to_table", "text_to_table_null", srf=True)
def string_to_table(text: str | None, separator: str | None, null_text: str | None = None) -> list[str | None]:
    return [] if text is None else _pieces(text, separator, null_text)


def _pieces(text: str, separator: str | None, null_text: str | None) -> list[str | None]:
    if not text:
        return []
    pieces = list(text) if separator is None else text.split(separator) if separator else [text]
    return [None if null_text is not None and piece == null_text else piece for piece in pieces]


def _invalid_identifier(text: str, detail: str | None = None) -> Exception:
    return invalid_parameter(f"string is not a valid identifier: {quote_double(text)}", detail)


def quote_double(text: str) -> str:
    return f'"{text}"'


@builtin("parse_ident")
def parse_ident(text: str, strict: bool) -> PgArray:
    """An identifier chain as its parts."""
    parts: list[Any] = []
    position, size = 0, len(text)
    after_dot = False

    def skip() -> None:
        nonlocal position
        while position < size and text[position] in " \t\n\r\f\v":
            position += 1

    skip()
    while True:
        char = text[position : position + 1]
        missing = True
        if char == '"':
            out = []
            position += 1
            while True:
                end = text.find('"', position)
                if end < 0:
                    raise _invalid_identifier(text, "String has unclosed double quotes.")
                out.append(text[position:end])
                position = end + 1
                if text[position : position + 1] != '"':
                    break
                out.append('"')
                position += 1
            name = "".join(out)
            if not name:
                raise _invalid_identifier(text, "Quoted identifier must not be empty.")
            parts.append(name)
            missing = False
        elif char and (char.isalpha() or char == "_" or ord(char) > 127):
            start = position
            while position < size and (text[position].isalnum() or text[position] in "_$" or ord(text[position]) > 127):
                position += 1
            parts.append("".join(c.lower() if c.isascii() else c for c in text[start:position]))
            missing = False
        if missing:
            if char == ".":
                raise _invalid_identifier(text, 'No valid identifier before ".".')
            if after_dot:
                raise _invalid_identifier(text, 'No valid identifier after ".".')
            raise _invalid_identifier(text)
        skip()
        char = text[position : position + 1]
        if char == ".":
            after_dot = True
            position += 1
            skip()
            continue
        if char == "":
            break
        if strict:
            raise _invalid_identifier(text)
        break
    return PgArray(parts)
