"""jsonpath execution: jsonb_path_exists/match/query and friends, @? and @@.

Lax mode unwraps arrays before member access and methods, wraps single items for subscripts, and forgives missing
members; strict mode raises. Predicates are three-valued (None is unknown): an error inside one makes it unknown.
Date/time items compare across types only where the zone is known (the _tz functions) or not needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from emulators.postgres.errors import PgError
from emulators.postgres.functions.json_convert import date_text, timestamp_text
from emulators.postgres.functions.jsonb import type_name
from emulators.postgres.functions.numeric import (
    add,
    ceiling,
    divide,
    floor,
    modulo,
    multiply,
    negate,
    subtract,
)
from emulators.postgres.functions.regex_translate import compile_regex
from emulators.postgres.functions.registry import builtin
from emulators.postgres.types.datetime_core import from_local, to_local, zone_offset
from emulators.postgres.types.datetime_io import clock_text, offset_text
from emulators.postgres.types.errors import data_error
from emulators.postgres.types.floats import float8_text
from emulators.postgres.types.json_io import jsonb_text, make_object
from emulators.postgres.types.jsonpath_io import PREDICATES, JsonPath, PathNode, regex_flags
from emulators.postgres.types.numeric import apply_typmod, numeric_text, parse_numeric
from emulators.postgres.types.registry import TEXT_IN
from emulators.postgres.types.values import JSON_NULL, TimeTz


class PathError(PgError):
    """An error that silent mode and predicates swallow."""


def _error(sqlstate: str, message: str, detail: str | None = None) -> PathError:
    return PathError(sqlstate, message, detail=detail)


@dataclass(frozen=True, slots=True)
class DateTimeItem:
    """A date/time inside a path. kind: date time timetz timestamp timestamptz; `east` is the zone of a timestamptz."""

    kind: str
    value: Any
    east: int = 0

    def text(self) -> str:
        if self.kind == "date":
            return date_text(self.value)
        if self.kind == "time":
            return clock_text(self.value)
        if self.kind == "timetz":
            return clock_text(self.value.us) + _zone_text(-self.value.zone)
        if self.kind == "timestamp":
            return timestamp_text(self.value)
        return timestamp_text(self.value + self.east * 1_000_000, self.east)


def _zone_text(east: int) -> str:
    text = offset_text(east)
    return text if ":" in text else text + ":00"


_TYPE_NAMES = {
    "date": "date",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
}


def _item_type(item: Any) -> str:
    return _TYPE_NAMES[item.kind] if isinstance(item, DateTimeItem) else type_name(item)


class _Executor:
    def __init__(self, path: JsonPath, root: Any, variables: Any, ctx: Any, zoned: bool):
        if not isinstance(variables, dict):
            raise data_error(
                "22023",
                '"vars" argument is not an object',
                'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
            )
        self.strict = path.strict
        self.path = path
        self.root = root
        self.variables = variables
        self.ctx = ctx
        self.zoned = zoned
        self.current: Any = root
        self.last: int | None = None
        self.ignore_structure = not path.strict
        self.ids = 0

    def run(self) -> Iterator[Any]:
        return self.items(self.path.root)

    # Items come one after another, so that what was found before an error is known.
    def items(self, node: PathNode) -> Iterator[Any]:
        kind = node.kind
        if kind in PREDICATES:
            result = self.test(node)
            yield JSON_NULL if result is None else result
        elif node.base is not None:
            if node.base.kind == "any" and self.strict:
                # After .** whatever does not fit is passed over, in strict mode too.
                yield from self.forgiving(node, self.items(node.base))
            else:
                yield from self.access(node, self.items(node.base))
        elif kind == "root":
            yield self.root
        elif kind == "current":
            yield self.current
        elif kind in ("string", "number"):
            yield node.value
        elif kind in ("true", "false"):
            yield kind == "true"
        elif kind == "null":
            yield JSON_NULL
        elif kind == "last":
            assert self.last is not None
            yield Decimal(self.last)
        elif kind == "variable":
            if node.value not in self.variables:
                raise data_error("42704", f'could not find jsonpath variable "{node.value}"')
            yield self.variables[node.value]
        elif node.right is None:
            yield from self.unary(node)
        else:
            yield self.binary(node)

    def forgiving(self, node: PathNode, bases: Iterator[Any]) -> Iterator[Any]:
        for base in bases:
            try:
                found = list(self.access(node, iter((base,))))
            except PathError:
                continue
            yield from found

    def unary(self, node: PathNode) -> Iterator[Any]:
        assert node.left is not None
        for item in self.unwrapped(self.items(node.left)):
            if not isinstance(item, Decimal):
                sign = "+" if node.kind == "plus" else "-"
                raise _error("2203B", f"operand of unary jsonpath operator {sign} is not a numeric value")
            yield item if node.kind == "plus" else negate(item)

    def operand(self, node: PathNode, side: str, operator: str) -> Decimal:
        found = list(self.unwrapped(self.items(node)))
        if len(found) != 1 or not isinstance(found[0], Decimal):
            raise _error("22038", f"{side} operand of jsonpath operator {operator} is not a single numeric value")
        return found[0]

    def binary(self, node: PathNode) -> Decimal:
        assert node.left is not None
        assert node.right is not None
        left = self.operand(node.left, "left", node.kind)
        right = self.operand(node.right, "right", node.kind)
        operation = {"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo}[node.kind]
        try:
            return operation(left, right)
        except PgError as error:
            raise _error(error.sqlstate, error.message) from None

    def unwrapped(self, items: Iterable[Any]) -> Iterator[Any]:
        """In lax mode, members of arrays instead of the arrays."""
        for item in items:
            if not self.strict and isinstance(item, list):
                yield from item
            else:
                yield item

    # Accessors
    def access(self, node: PathNode, bases: Iterator[Any]) -> Iterator[Any]:
        kind = node.kind
        if kind == "any":
            for base in bases:
                out: list[Any] = []
                self.descend(base, node.value[0], node.value[1], 0, out)
                yield from out
        elif kind == "anyarray":
            for base in bases:
                if isinstance(base, list):
                    yield from base
                elif self.strict:
                    raise _error("22039", "jsonpath wildcard array accessor can only be applied to an array")
                else:
                    yield base
        elif kind == "index":
            for base in bases:
                out = []
                self.subscript(node, base, out)
                yield from out
        elif kind == "method":
            name, arguments = node.value
            if name in ("type", "size"):
                for base in bases:
                    yield self.shape(name, base)
            else:
                for base in self.unwrapped(bases):
                    out = []
                    self.method(name, arguments, base, out)
                    yield from out
        elif kind == "filter":
            yield from self.filter(node, bases)
        else:
            for base in self.unwrapped(bases):
                yield from self.member(node, base)

    def member(self, node: PathNode, base: Any) -> Iterator[Any]:
        if node.kind == "anykey":
            if isinstance(base, dict):
                yield from base.values()
            elif self.strict:
                raise _error("2203C", "jsonpath wildcard member accessor can only be applied to an object")
        elif isinstance(base, dict):
            if node.value in base:
                yield base[node.value]
            elif self.strict:
                raise _error("2203A", f'JSON object does not contain key "{node.value}"')
        elif self.strict:
            raise _error("2203A", "jsonpath member accessor can only be applied to an object")

    def descend(self, item: Any, low: int | None, high: int | None, level: int, out: list[Any]) -> None:
        """.**: the item and everything inside it between two levels; None means the leaves' level."""
        children = item if isinstance(item, list) else list(item.values()) if isinstance(item, dict) else []
        if low is None:
            if not isinstance(item, (dict, list)):
                out.append(item)
        elif level >= low:
            out.append(item)
        if high is None or level < high:
            for child in children:
                self.descend(child, low, high, level + 1, out)

    def index(self, node: PathNode) -> int:
        found = list(self.items(node))
        if len(found) != 1 or not isinstance(found[0], Decimal):
            raise _error("22033", "jsonpath array subscript is not a single numeric value")
        if not -(2**31) <= found[0] < 2**31:
            raise _error("22033", "jsonpath array subscript is out of integer range")
        return int(found[0])

    def subscript(self, node: PathNode, base: Any, out: list[Any]) -> None:
        if not isinstance(base, list):
            if self.strict:
                raise _error("22039", "jsonpath array accessor can only be applied to an array")
            base = [base]
        saved, self.last = self.last, len(base) - 1
        for low_node, high_node in node.value:
            low = self.index(low_node)
            high = low if high_node is None else self.index(high_node)
            if self.strict and (low < 0 or low > high or high >= len(base)):
                raise _error("22033", "jsonpath array subscript is out of bounds")
            out.extend(base[max(low, 0) : max(high + 1, 0)])
        self.last = saved

    def filter(self, node: PathNode, bases: Iterator[Any]) -> Iterator[Any]:
        assert node.left is not None
        for base in self.unwrapped(bases):
            saved, self.current = self.current, base
            passed = self.test(node.left)
            self.current = saved
            if passed:
                yield base

    # Predicates
    def quiet(self, node: PathNode) -> list[Any] | None:
        """The items of an operand, None when evaluating it failed."""
        try:
            return list(self.items(node))
        except PathError:
            return None

    def any_item(self, node: PathNode) -> bool | None:
        """exists(): lax mode is content with the first item, strict mode wants all of them free of errors."""
        try:
            found = False
            for _ in self.items(node):
                if not self.strict:
                    return True
                found = True
        except PathError:
            return None
        return found

    def test(self, node: PathNode) -> bool | None:
        kind = node.kind
        assert node.left is not None
        if kind == "&&":
            assert node.right is not None
            left = self.test(node.left)
            if left is False:
                return False
            right = self.test(node.right)
            return right if left else (False if right is False else None)
        if kind == "||":
            assert node.right is not None
            left = self.test(node.left)
            if left:
                return True
            right = self.test(node.right)
            return True if right else (None if left is None or right is None else False)
        if kind == "!":
            result = self.test(node.left)
            return None if result is None else not result
        if kind == "is_unknown":
            return self.test(node.left) is None
        if kind == "exists":
            return self.any_item(node.left)
        left_items = self.quiet(node.left)
        if left_items is None:
            return None
        left_items = list(self.unwrapped(left_items))
        if kind == "like_regex":
            pattern = compile_regex(node.value[0], regex_flags(node.value[1]))[0]
            return self.any_of(
                [(item, None) for item in left_items],
                lambda item, _: None if not isinstance(item, str) else pattern.search(item) is not None,
            )
        assert node.right is not None
        right_items = self.quiet(node.right)
        if right_items is None:
            return None
        right_items = list(self.unwrapped(right_items)) if kind != "starts_with" else right_items
        pairs = [(left, right) for left in left_items for right in right_items]
        if kind == "starts_with":
            return self.any_of(
                pairs,
                lambda a, b: a.startswith(b) if isinstance(a, str) and isinstance(b, str) else None,
            )
        return self.any_of(pairs, lambda a, b: self.compare(kind, a, b))

    def any_of(self, pairs: list[tuple[Any, Any]], check: Callable[[Any, Any], bool | None]) -> bool | None:
        found = unknown = False
        for left, right in pairs:
            result = check(left, right)
            if result is None:
                if self.strict:
                    return None
                unknown = True
            elif result:
                if not self.strict:
                    return True
                found = True
        if found:
            return True
        return None if unknown else False

    def compare(self, operator: str, a: Any, b: Any) -> bool | None:
        if isinstance(a, DateTimeItem) or isinstance(b, DateTimeItem):
            if not (isinstance(a, DateTimeItem) and isinstance(b, DateTimeItem)):
                return operator == "!=" if a is JSON_NULL or b is JSON_NULL else None
            ordered = self.compare_datetimes(a, b)
            return None if ordered is None else _decide(operator, ordered)
        if type_name(a) != type_name(b):
            if a is JSON_NULL or b is JSON_NULL:
                return operator == "!="
            return None
        if isinstance(a, (dict, list)):
            return None
        if a is JSON_NULL:
            return _decide(operator, 0)
        return _decide(operator, (a > b) - (a < b))

    def compare_datetimes(self, a: DateTimeItem, b: DateTimeItem) -> int | None:
        times = ("time", "timetz")
        if (a.kind in times) != (b.kind in times):
            return None
        if a.kind == b.kind:
            if a.kind == "timetz":
                left: Any = (a.value.us + a.value.zone * 1_000_000, a.value.zone)
                right: Any = (b.value.us + b.value.zone * 1_000_000, b.value.zone)
            else:
                left, right = a.value, b.value
            return int(left > right) - int(left < right)
        needs_zone = {a.kind, b.kind} & {"timetz", "timestamptz"}
        if needs_zone:
            self.need_zone(a, b)
        if a.kind in times:
            x, y = self.as_timetz(a), self.as_timetz(b)
            left, right = (x.us + x.zone * 1_000_000, x.zone), (y.us + y.zone * 1_000_000, y.zone)
        elif needs_zone:
            left, right = self.as_timestamptz(a), self.as_timestamptz(b)
        else:
            left, right = _as_timestamp(a), _as_timestamp(b)
        return int(left > right) - int(left < right)

    def need_zone(self, a: DateTimeItem, b: DateTimeItem) -> None:
        if not self.zoned:
            first, second = _TYPE_NAMES[a.kind], _TYPE_NAMES[b.kind]
            if a.kind in ("timetz", "timestamptz"):
                first, second = second, first
            raise _zone_usage(first, second)

    def as_timetz(self, item: DateTimeItem) -> TimeTz:
        if item.kind == "timetz":
            return item.value  # type: ignore[no-any-return]
        return TimeTz(item.value, -zone_offset(self.ctx.transaction_timestamp, self.ctx.time_zone))

    def as_timestamptz(self, item: DateTimeItem) -> int:
        if item.kind == "timestamptz":
            return item.value  # type: ignore[no-any-return]
        return from_local(_as_timestamp(item), self.ctx.time_zone)

    # Methods
    def shape(self, name: str, base: Any) -> Any:
        if name == "type":
            return _item_type(base)
        if isinstance(base, list):
            return Decimal(len(base))
        if self.strict:
            raise _error("22039", "jsonpath item method .size() can only be applied to an array")
        return Decimal(1)

    def method(self, name: str, arguments: tuple[Any, ...], base: Any, out: list[Any]) -> None:
        if name in ("abs", "floor", "ceiling"):
            if not isinstance(base, Decimal):
                raise _error("22036", f"jsonpath item method .{name}() can only be applied to a numeric value")
            operation = {"abs": Decimal.copy_abs, "floor": floor, "ceiling": ceiling}[name]
            out.append(operation(base))
        elif name == "keyvalue":
            self.keyvalue(base, out)
        elif name in ("date", "time", "time_tz", "timestamp", "timestamp_tz", "datetime"):
            out.append(self.datetime(name, arguments, base))
        elif name == "string":
            out.append(self.to_string(base))
        elif name == "boolean":
            out.append(_to_boolean(base))
        else:
            out.append(_to_number(name, arguments, base))

    def keyvalue(self, base: Any, out: list[Any]) -> None:
        if not isinstance(base, dict):
            raise _error("2203C", "jsonpath item method .keyvalue() can only be applied to an object")
        for key, value in base.items():
            out.append(make_object([("key", key), ("value", value), ("id", Decimal(self.ids))]))

    def to_string(self, base: Any) -> str:
        if isinstance(base, str):
            return base
        if isinstance(base, DateTimeItem):
            if base.kind == "timestamptz" and not self.zoned:
                return base.text()
            return base.text()
        if isinstance(base, (bool, Decimal)):
            return jsonb_text(base)
        raise _error(
            "22031",
            "jsonpath item method .string() can only be applied to a boolean, string, numeric, or datetime value",
        )

    def datetime(self, name: str, arguments: tuple[Any, ...], base: Any) -> DateTimeItem:
        if not isinstance(base, str) and not isinstance(base, DateTimeItem):
            raise _error("22031", f"jsonpath item method .{name}() can only be applied to a string")
        if name == "datetime" and arguments:
            return self.by_template(base, arguments[0])
        item = base if isinstance(base, DateTimeItem) else self.parse_iso(name, base)
        if name == "datetime":
            return item
        return self.convert(name, item, arguments, base)

    def by_template(self, text: Any, template: str) -> DateTimeItem:
        from emulators.postgres.functions.format_dates import read_moment
        from emulators.postgres.functions.format_template import parse_date_template

        try:
            days, us, parsed = read_moment(text, template, self.ctx)
        except PgError as error:
            raise _error(error.sqlstate, error.message, error.detail) from None
        names = {node.text for node in parse_date_template(template) if node.kind == "pattern"}
        has_time = bool(names & {"HH24", "HH12", "HH", "MI", "SS", "MS", "US", "SSSS", "SSSSS"})
        has_date = bool(
            names
            - {"HH24", "HH12", "HH", "MI", "SS", "MS", "US", "SSSS", "SSSSS", "TZH", "TZM", "AM", "PM", "am", "pm"}
        )
        east = parsed.tzsign * (parsed.tzh * 3600 + parsed.tzm * 60)
        zoned = bool(names & {"TZH", "TZM", "TZ"})
        if has_date and has_time:
            local = days * 86_400_000_000 + us
            return (
                DateTimeItem("timestamptz", local - east * 1_000_000, east)
                if zoned
                else DateTimeItem("timestamp", local)
            )
        if has_date:
            return DateTimeItem("date", days)
        return DateTimeItem("timetz", TimeTz(us, -east)) if zoned else DateTimeItem("time", us)

    def parse_iso(self, name: str, text: str) -> DateTimeItem:
        found = _parse_iso(text)
        if found is not None:
            return found
        hint = "Use a datetime template argument to specify the input data format." if name == "datetime" else None
        kind = "datetime" if name == "datetime" else name
        error = _error("22031", f'{kind} format is not recognized: "{text}"')
        error.hint = hint
        raise error

    def convert(self, name: str, item: DateTimeItem, arguments: tuple[Any, ...], base: Any) -> DateTimeItem:
        from emulators.postgres.types.datetime_io import adjust_precision

        target = {"time_tz": "timetz", "timestamp_tz": "timestamptz"}.get(name, name)
        result = self.cast(name, item, target, base)
        if arguments and target != "date":
            precision = min(arguments[0], 6)
            value = result.value
            value = (
                TimeTz(adjust_precision(value.us, precision), value.zone)
                if target == "timetz"
                else adjust_precision(value, precision)
            )
            result = DateTimeItem(target, value, result.east)
        return result

    def cast(self, name: str, item: DateTimeItem, target: str, base: Any) -> DateTimeItem:
        kind, value = item.kind, item.value
        day = 86_400_000_000
        if kind == target:
            return item
        refused = _error(
            "22031", f'{name} format is not recognized: "{base if isinstance(base, str) else item.text()}"'
        )
        zone_needed = {kind, target} & {"timetz", "timestamptz"} and not {kind, target} <= {"timetz", "timestamptz"}
        if target == "date":
            if kind in ("time", "timetz"):
                raise refused
            if kind == "timestamptz":
                self.zone_or_fail(kind, target)
                value = to_local(value, self.ctx.time_zone)
            return DateTimeItem("date", value // day)
        if target in ("time", "timetz"):
            if kind == "date":
                raise refused
            if zone_needed:
                self.zone_or_fail(kind, target)
            if target == "time":
                if kind == "timetz":
                    return DateTimeItem("time", value.us)
                if kind == "timestamptz":
                    value = to_local(value, self.ctx.time_zone)
                return DateTimeItem("time", value % day)
            if kind == "timestamptz":
                return DateTimeItem("timetz", TimeTz((value + item.east * 1_000_000) % day, -item.east))
            if kind == "timestamp":
                raise refused
            return DateTimeItem("timetz", self.as_timetz(item))
        if kind in ("time", "timetz"):
            raise refused
        if target == "timestamp":
            if kind == "timestamptz":
                self.zone_or_fail(kind, target)
                return DateTimeItem("timestamp", to_local(value, self.ctx.time_zone))
            return DateTimeItem("timestamp", _as_timestamp(item))
        self.zone_or_fail(kind, target)
        moment = from_local(_as_timestamp(item), self.ctx.time_zone)
        return DateTimeItem("timestamptz", moment, zone_offset(moment, self.ctx.time_zone))

    def zone_or_fail(self, kind: str, target: str) -> None:
        if not self.zoned:
            raise _zone_usage(_TYPE_NAMES[kind], _TYPE_NAMES[target])


def _zone_usage(source: str, target: str) -> PgError:
    short = {
        "time without time zone": "time",
        "time with time zone": "timetz",
        "timestamp without time zone": "timestamp",
        "timestamp with time zone": "timestamptz",
    }
    return PgError(
        "0A000",
        f"cannot convert value from {short.get(source, source)} to {short.get(target, target)} without time zone usage",
        hint="Use *_tz() function for time zone support.",
    )


def _as_timestamp(item: DateTimeItem) -> int:
    value: int = item.value
    return value * 86_400_000_000 if item.kind == "date" else value


def _parse_iso(text: str) -> DateTimeItem | None:
    import re

    date = r"(?P<date>\d{4,7}-\d{2}-\d{2})"
    clock = r"(?P<clock>\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)"
    zone = r"(?P<zone> ?[+-]\d{1,2}(?::\d{2})?|[+-]\d{4}|Z)?"
    match = re.match(rf"\s*(?:{date}(?:[ T]{clock}{zone})?)\s*\Z", text) or re.match(rf"\s*{clock}{zone}\s*\Z", text)
    if match is None:
        return None
    from emulators.postgres.types.context import SessionDefaults

    groups = match.groupdict()
    defaults = SessionDefaults()
    east = None
    if groups.get("zone"):
        zone_text = groups["zone"].strip()
        if zone_text == "Z":
            east = 0
        else:
            sign = -1 if zone_text[0] == "-" else 1
            hours, colon, minutes = zone_text[1:].partition(":")
            if not colon and len(hours) == 4:
                hours, minutes = hours[:2], hours[2:]
            east = sign * (int(hours) * 3600 + int(minutes or 0) * 60)
    try:
        days = TEXT_IN["date_in"](groups["date"], -1, defaults) if groups.get("date") else None
        us = TEXT_IN["time_in"](groups["clock"], -1, defaults) if groups.get("clock") else None
    except PgError:
        return None
    if days is not None and us is not None:
        local = days * 86_400_000_000 + us
        return (
            DateTimeItem("timestamp", local)
            if east is None
            else DateTimeItem("timestamptz", local - east * 1_000_000, east)
        )
    if days is not None:
        return DateTimeItem("date", days)
    assert us is not None
    return DateTimeItem("time", us) if east is None else DateTimeItem("timetz", TimeTz(us, -east))


def _decide(operator: str, ordered: int) -> bool:
    return {
        "==": ordered == 0,
        "!=": ordered != 0,
        "<": ordered < 0,
        "<=": ordered <= 0,
        ">": ordered > 0,
        ">=": ordered >= 0,
    }[operator]


def _to_boolean(base: Any) -> bool:
    from emulators.postgres.types.scalars import BOOL_WORDS

    if isinstance(base, bool):
        return base
    if isinstance(base, Decimal):
        if base != base.to_integral_value():
            raise _error(
                "22036",
                f'argument "{numeric_text(base)}" of jsonpath item method .boolean() is invalid for type boolean',
            )
        return base != 0
    if isinstance(base, str):
        found = BOOL_WORDS.get(base.strip().lower())
        if found is None:
            raise _error("22036", f'argument "{base}" of jsonpath item method .boolean() is invalid for type boolean')
        return found
    raise _error("22036", "jsonpath item method .boolean() can only be applied to a boolean, string, or numeric value")


_NUMBER_TYPES = {
    "double": "double precision",
    "bigint": "bigint",
    "integer": "integer",
    "decimal": "numeric",
    "number": "numeric",
}
_RANGES = {"bigint": 2**63, "integer": 2**31}


def _to_number(name: str, arguments: tuple[Any, ...], base: Any) -> Decimal:
    target = _NUMBER_TYPES[name]
    if not isinstance(base, (Decimal, str)):
        raise _error("22036", f"jsonpath item method .{name}() can only be applied to a string or numeric value")
    text = base if isinstance(base, str) else numeric_text(base)
    invalid = _error("22036", f'argument "{text}" of jsonpath item method .{name}() is invalid for type {target}')
    if name == "double":
        try:
            value = TEXT_IN["float8in"](text, -1, None)
        except PgError:
            raise invalid from None
        if not math.isfinite(value):
            raise _error("22036", "NaN or Infinity is not allowed for jsonpath item method .double()")
        return base if isinstance(base, Decimal) else parse_numeric(float8_text(value))
    if name in _RANGES:
        if isinstance(base, str):
            try:
                return Decimal(TEXT_IN["int8in" if name == "bigint" else "int4in"](text, -1, None))
            except PgError:
                raise invalid from None
        from emulators.postgres.functions.numeric import round_numeric

        rounded = round_numeric(base, 0)
        if not -_RANGES[name] <= rounded < _RANGES[name]:
            raise invalid
        return rounded
    try:
        number = parse_numeric(text)
    except PgError:
        raise invalid from None
    if not number.is_finite():
        raise _error("22036", f"NaN or Infinity is not allowed for jsonpath item method .{name}()")
    if name == "decimal" and arguments:
        from emulators.postgres.types.registry import TYPMOD_IN

        typmod = TYPMOD_IN["numerictypmodin"]([str(each) for each in arguments])
        try:
            return apply_typmod(number, typmod)
        except PgError:
            raise invalid from None
    return number


# Functions
def execute(ctx: Any, value: Any, path: JsonPath, variables: Any, silent: bool, zoned: bool) -> list[Any]:
    """All items; in silent mode those found before an error."""
    found: list[Any] = []
    try:
        for item in _Executor(path, value, variables, ctx, zoned).run():
            found.append(item)
    except PathError:
        if not silent:
            raise
    return found


def execute_exists(ctx: Any, value: Any, path: JsonPath, variables: Any, silent: bool, zoned: bool) -> bool | None:
    """Whether there is an item; None when silent mode swallowed an error."""
    found = False
    try:
        for _ in _Executor(path, value, variables, ctx, zoned).run():
            if not path.strict:
                return True
            found = True
    except PathError:
        if not silent:
            raise
        return None
    return found


def _register(zoned: bool) -> None:
    tail = "_tz" if zoned else ""

    @builtin(f"jsonb_path_exists{tail}", ctx=True)
    def path_exists(ctx: Any, value: Any, path: JsonPath, variables: Any, silent: bool) -> bool | None:
        return execute_exists(ctx, value, path, variables, silent, zoned)

    @builtin(f"jsonb_path_match{tail}", ctx=True)
    def path_match(ctx: Any, value: Any, path: JsonPath, variables: Any, silent: bool) -> bool | None:
        found = execute(ctx, value, path, variables, silent, zoned)
        if len(found) == 1 and (isinstance(found[0], bool) or found[0] is JSON_NULL):
            return found[0] if isinstance(found[0], bool) else None
        if silent:
            return None
        raise data_error("22038", "single boolean result is expected")

    @builtin(f"jsonb_path_query{tail}", ctx=True, srf=True)
    def path_query(ctx: Any, value: Any, path: JsonPath, variables: Any, silent: bool) -> list[Any]:
        return _plain(execute(ctx, value, path, variables, silent, zoned))

    @builtin(f"jsonb_path_query_array{tail}", ctx=True)
    def path_query_array(ctx: Any, value: Any, path: JsonPath, variables: Any, silent: bool) -> list[Any]:
        return _plain(execute(ctx, value, path, variables, silent, zoned))

    @builtin(f"jsonb_path_query_first{tail}", ctx=True)
    def path_query_first(ctx: Any, value: Any, path: JsonPath, variables: Any, silent: bool) -> Any:
        found = _plain(execute(ctx, value, path, variables, silent, zoned))
        return found[0] if found else None


def _plain(items: list[Any]) -> list[Any]:
    """Date/time items leave as strings."""
    return [item.text() if isinstance(item, DateTimeItem) else item for item in items]


_register(False)
_register(True)


@builtin("jsonb_path_exists_opr", ctx=True)
def path_exists_operator(ctx: Any, value: Any, path: JsonPath) -> bool | None:
    return execute_exists(ctx, value, path, {}, True, False)


@builtin("jsonb_path_match_opr", ctx=True)
def path_match_operator(ctx: Any, value: Any, path: JsonPath) -> bool | None:
    found = execute(ctx, value, path, {}, True, False)
    if len(found) != 1 or not isinstance(found[0], bool):
        return None
    return found[0]
