"""jsonpath: parser, canonical text and binary form.

A path is an immutable tree of `PathNode`s: accessors hang on their `base`, operators have operands. The text form is
PostgreSQL's canonical one (keys quoted, operators bracketed by priority, `lax` left out).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from emulators.postgres.types.errors import data_error, insufficient_data, invalid_binary, invalid_syntax
from emulators.postgres.types.json_io import quote
from emulators.postgres.types.numeric import numeric_text, parse_numeric
from emulators.postgres.types.registry import binary_in, binary_out, text_in, text_out
from emulators.postgres.types.strings import decode_utf8


@dataclass(frozen=True, slots=True)
class PathNode:
    """One item.

    kind: root current variable string number true false null last (leaves, `value`), key anykey anyarray index any
    filter method (accessors, on `base`), + - * / % (binary: left, right; unary: plus minus with left), == != < <= > >=
    starts_with like_regex && || ! exists is_unknown (predicates).
    """

    kind: str
    value: Any = None
    base: PathNode | None = None
    left: PathNode | None = None
    right: PathNode | None = None


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed path."""

    root: PathNode
    strict: bool

    def text(self) -> str:
        return ("strict " if self.strict else "") + show(self.root, True)


METHODS: Final = frozenset(
    [
        "abs",
        "size",
        "type",
        "floor",
        "ceiling",
        "double",
        "keyvalue",
        "datetime",
        "bigint",
        "boolean",
        "date",
        "decimal",
        "integer",
        "number",
        "string",
        "time",
        "time_tz",
        "timestamp",
        "timestamp_tz",
    ]
)
PREDICATES: Final = frozenset(
    ["==", "!=", "<", "<=", ">", ">=", "starts_with", "like_regex", "&&", "||", "!", "exists", "is_unknown"]
)
_PRIORITY: Final = {
    "||": 0,
    "&&": 1,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "starts_with"), 2),
    "+": 3,
    "-": 3,
    "*": 4,
    "/": 4,
    "%": 4,
    "plus": 5,
    "minus": 5,
}


def _priority(node: PathNode) -> int:
    return _PRIORITY.get(node.kind, 6)


def show(node: PathNode, brackets: bool) -> str:
    """The canonical text of an item."""
    kind = node.kind
    if kind in _LEAVES:
        return _LEAVES[kind]
    if kind == "variable":
        return "$" + quote(node.value)
    if kind == "string":
        return quote(node.value)
    if kind == "number":
        return numeric_text(node.value)
    if node.base is not None:
        return _show_base(node.base) + _show_accessor(node)
    assert node.left is not None
    if node.right is not None:
        operator = "starts with" if kind == "starts_with" else kind
        mine = _priority(node)
        text = (
            f"{show(node.left, _priority(node.left) <= mine)} {operator} "
            f"{show(node.right, _priority(node.right) <= mine)}"
        )
        return f"({text})" if brackets else text
    if kind in ("plus", "minus"):
        text = ("+" if kind == "plus" else "-") + show(node.left, _priority(node.left) <= 5)
        return f"({text})" if brackets else text
    if kind == "like_regex":
        pattern, flags = node.value
        tail = f' flag "{flags}"' if flags else ""
        text = f"{show(node.left, _priority(node.left) <= 6)} like_regex {quote(pattern)}{tail}"
        return f"({text})" if brackets else text
    inner = show(node.left, False)
    if kind == "!":
        return f"!({inner})"
    return f"exists ({inner})" if kind == "exists" else f"({inner}) is unknown"


_LEAVES: Final = {"root": "$", "current": "@", "true": "true", "false": "false", "null": "null", "last": "last"}


def _show_base(base: PathNode) -> str:
    text = show(base, True)
    return f"({text})" if base.kind == "number" else text


def _show_accessor(node: PathNode) -> str:
    kind = node.kind
    if kind == "key":
        return "." + quote(node.value)
    if kind == "anykey":
        return ".*"
    if kind == "anyarray":
        return "[*]"
    if kind == "index":
        pieces = []
        for low, high in node.value:
            pieces.append(show(low, False) + (f" to {show(high, False)}" if high is not None else ""))
        return "[" + ",".join(pieces) + "]"
    if kind == "any":
        low, high = node.value
        if low == 0 and high is None:
            return ".**"
        first, last = ("last" if low is None else str(low)), ("last" if high is None else str(high))
        return f".**{{{first}}}" if first == last else f".**{{{first} to {last}}}"
    if kind == "filter":
        assert node.left is not None
        return f"?({show(node.left, False)})"
    name, arguments = node.value
    return f".{name}({','.join(arguments_text(arguments))})"


def arguments_text(arguments: tuple[Any, ...]) -> list[str]:
    return [quote(each) if isinstance(each, str) else str(each) for each in arguments]


_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n\r\f]+|/\*.*?\*/)
  | (?P<variable>\$(?:[A-Za-z_\x80-\U0010ffff$][A-Za-z0-9_\x80-\U0010ffff$]*|"(?:[^"\\]|\\.)*"))
  | (?P<number>0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[oO][0-7]+(?:_[0-7]+)*|0[bB][01]+(?:_[01]+)*
      |(?:(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<operator>\*\*|&&|\|\||==|!=|<>|<=|>=|[$@?.,(){}\[\]+\-*/%<>=!|&])
  | (?P<word>(?:[^\s?%$.\[\]{}()|&!=<>@\#,*:\-+/\\"]|\\u\{[0-9a-fA-F]+\}|\\.)+)
    """,
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS: Final = (
    frozenset(
        [
            "is",
            "to",
            "true",
            "false",
            "null",
            "last",
            "lax",
            "strict",
            "starts",
            "with",
            "like_regex",
            "flag",
            "exists",
            "unknown",
        ]
    )
    | METHODS
)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3]
        if digits:
            code = int(digits, 16)
            if code == 0:
                raise data_error("22P05", "unsupported Unicode escape sequence", "\\u0000 cannot be converted to text.")
            return chr(code)
        if match[4] in ("u", "x"):
            raise data_error(
                "22P02",
                "invalid Unicode escape sequence" if match[4] == "u" else "invalid hexadecimal character sequence",
            )
        return _ESCAPES.get(match[4], match[4])

    result = _ESCAPE.sub(replace, text)
    if any(0xD800 <= ord(char) < 0xE000 for char in result):
        result = result.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return result


class _Parser:
    def __init__(self, text: str):
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        self.index = 0
        self.filters = 0
        self.subscripts = 0
        self._lex()

    def _lex(self) -> None:
        position, size = 0, len(self.text)
        while position < size:
            match = _TOKEN.match(self.text, position)
            if match is None:
                rest = self.text[position:]
                if rest.startswith('"'):
                    raise data_error("42601", "unterminated quoted string at end of jsonpath input")
                raise data_error("42601", f'syntax error at or near "{rest[0]}" of jsonpath input')
            position = match.end()
            kind = str(match.lastgroup)
            if kind == "space":
                continue
            if kind == "number" and position < size and re.match(r"[A-Za-z_0-9\x80-\U0010ffff]", self.text[position]):
                raise data_error(
                    "42601",
                    f'trailing junk after numeric literal at or near "{match[0]}{self.text[position]}" of jsonpath input',
                )
            self.tokens.append((kind, match[0]))

    def peek(self, offset: int = 0) -> tuple[str, str]:
        place = self.index + offset
        return self.tokens[place] if place < len(self.tokens) else ("end", "")

    def at(self, text: str) -> bool:
        kind, found = self.peek()
        return found == text and kind in ("operator", "word")

    def at_word(self, word: str) -> bool:
        kind, found = self.peek()
        return kind == "word" and (
            found == word or (found.lower() == word and word in ("true", "false", "null") and found == word)
        )

    def take(self, text: str) -> bool:
        if self.at(text):
            self.index += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.error()

    def error(self) -> Exception:
        kind, found = self.peek()
        if kind == "end":
            return data_error("42601", "syntax error at end of jsonpath input")
        return data_error("42601", f'syntax error at or near "{found}" of jsonpath input')

    def run(self) -> JsonPath:
        strict = False
        if self.at_word("strict"):
            strict = True
            self.index += 1
        elif self.at_word("lax"):
            self.index += 1
        node = self.disjunction()
        if self.peek()[0] != "end":
            raise self.error()
        return JsonPath(node, strict)

    def disjunction(self) -> PathNode:
        node = self.conjunction()
        while self.at("||"):
            self.need_predicate(node)
            self.index += 1
            right = self.conjunction()
            self.need_predicate(right)
            node = PathNode("||", left=node, right=right)
        return node

    def conjunction(self) -> PathNode:
        node = self.comparison()
        while self.at("&&"):
            self.need_predicate(node)
            self.index += 1
            right = self.comparison()
            self.need_predicate(right)
            node = PathNode("&&", left=node, right=right)
        return node

    def need_predicate(self, node: PathNode) -> None:
        if node.kind not in PREDICATES:
            raise self.error()

    def comparison(self) -> PathNode:
        if self.at("!"):
            self.index += 1
            node = self.primary()
            self.need_predicate(node)
            return PathNode("!", left=node)
        left = self.sum()
        if left.kind in PREDICATES:
            return left
        kind, found = self.peek()
        if kind == "operator" and found in ("==", "=", "!=", "<>", "<", "<=", ">", ">="):
            self.index += 1
            right = self.sum()
            if right.kind in PREDICATES:
                raise self.error()
            return PathNode({"=": "==", "<>": "!="}.get(found, found), left=left, right=right)
        if self.at_word("starts"):
            self.index += 1
            self.expect("with")
            kind, found = self.peek()
            if kind not in ("string", "variable"):
                raise self.error()
            return PathNode("starts_with", left=left, right=self.leaf())
        if self.at_word("like_regex"):
            self.index += 1
            return self.like_regex(left)
        return left

    def like_regex(self, left: PathNode) -> PathNode:
        kind, found = self.peek()
        if kind != "string":
            raise self.error()
        self.index += 1
        pattern, flags = _unescape(found[1:-1]), ""
        if self.at_word("flag"):
            self.index += 1
            kind, found = self.peek()
            if kind != "string":
                raise self.error()
            self.index += 1
            flags = found[1:-1]
        for char in flags:
            if char == "x" and "q" not in flags:
                raise data_error("0A000", 'XQuery "x" flag (expanded regular expressions) is not implemented')
            if char not in "ismqx":
                raise data_error(
                    "42601",
                    "invalid input syntax for type jsonpath",
                    f'Unrecognized flag character "{char}" in LIKE_REGEX predicate.',
                )
        ordered = "".join(char for char in "ismxq" if char in flags)
        node = PathNode("like_regex", (pattern, ordered), left=left)
        from emulators.postgres.functions.regex_translate import compile_regex

        compile_regex(pattern, regex_flags(ordered))
        return node

    def sum(self) -> PathNode:
        node = self.product()
        while self.at("+") or self.at("-"):
            operator = self.peek()[1]
            self.index += 1
            node = PathNode(operator, left=self.need_value(node), right=self.need_value(self.product()))
        return node

    def product(self) -> PathNode:
        node = self.unary()
        while self.at("*") or self.at("/") or self.at("%"):
            operator = self.peek()[1]
            self.index += 1
            node = PathNode(operator, left=self.need_value(node), right=self.need_value(self.unary()))
        return node

    def need_value(self, node: PathNode) -> PathNode:
        if node.kind in PREDICATES:
            raise self.error()
        return node

    def unary(self) -> PathNode:
        if self.at("+") or self.at("-"):
            operator = self.peek()[1]
            self.index += 1
            node = self.need_value(self.unary())
            if node.kind == "number":
                # A signed literal is folded into a number.
                return (
                    node
                    if operator == "+"
                    else PathNode("number", node.value.copy_negate() if node.value else node.value)
                )
            return PathNode("plus" if operator == "+" else "minus", left=node)
        return self.primary()

    def primary(self) -> PathNode:
        if self.take("("):
            node = self.disjunction()
            self.expect(")")
            if node.kind in PREDICATES and self.at_word("is"):
                self.index += 1
                self.expect("unknown")
                return PathNode("is_unknown", left=node)
            return self.accessors(node)
        if self.at_word("exists"):
            self.index += 1
            self.expect("(")
            node = self.need_value(self.disjunction())
            self.expect(")")
            return PathNode("exists", left=node)
        return self.accessors(self.leaf())

    def leaf(self) -> PathNode:
        kind, found = self.peek()
        self.index += 1
        if kind == "number":
            return PathNode("number", _number(found))
        if kind == "string":
            return PathNode("string", _unescape(found[1:-1]))
        if kind == "variable":
            name = found[1:]
            return PathNode("variable", _unescape(name[1:-1]) if name[:1] == '"' else name)
        if kind == "operator" and found == "$":
            return PathNode("root")
        if kind == "operator" and found == "@":
            if not self.filters:
                raise data_error("42601", "@ is not allowed in root expressions")
            return PathNode("current")
        if kind == "word" and found in ("true", "false", "null"):
            return PathNode(found)
        if kind == "word" and found == "last":
            if not self.subscripts:
                raise data_error("42601", "LAST is allowed only in array subscripts")
            return PathNode("last")
        self.index -= 1
        raise self.error()

    def accessors(self, node: PathNode) -> PathNode:
        while True:
            if self.take("."):
                node = self.member(node)
            elif self.at("["):
                node = self.subscript(node)
            elif self.take("?"):
                self.expect("(")
                self.filters += 1
                condition = self.disjunction()
                self.need_predicate(condition)
                self.filters -= 1
                self.expect(")")
                node = PathNode("filter", base=node, left=condition)
            else:
                return node

    def member(self, node: PathNode) -> PathNode:
        kind, found = self.peek()
        self.index += 1
        if kind == "operator" and found == "*":
            return PathNode("anykey", base=node)
        if kind == "operator" and found == "**":
            return PathNode("any", self.levels(), base=node)
        if kind == "string":
            return PathNode("key", _unescape(found[1:-1]), base=node)
        if kind == "word":
            if found in METHODS and self.at("("):
                self.index += 1
                arguments = self.arguments(found)
                self.expect(")")
                return PathNode("method", (found, arguments), base=node)
            return PathNode("key", _unescape(found), base=node)
        self.index -= 1
        raise self.error()

    def arguments(self, method: str) -> tuple[Any, ...]:
        if self.at(")"):
            return ()
        if method == "datetime":
            kind, found = self.peek()
            if kind == "string":
                self.index += 1
                return (_unescape(found[1:-1]),)
            raise self.error()
        if method in ("time", "time_tz", "timestamp", "timestamp_tz"):
            return (self.integer(),)
        if method == "decimal":
            first = self.signed()
            if self.take(","):
                return first, self.signed()
            return (first,)
        raise self.error()

    def signed(self) -> int:
        sign = -1 if self.take("-") else 1
        if sign > 0:
            self.take("+")
        return sign * self.integer()

    def integer(self) -> int:
        kind, found = self.peek()
        if kind != "number" or not found.isdigit():
            raise self.error()
        self.index += 1
        return int(found)

    def levels(self) -> tuple[int | None, int | None]:
        if not self.take("{"):
            return 0, None
        low = self.level()
        high = low
        if self.take("to"):
            high = self.level()
        self.expect("}")
        return low, high

    def level(self) -> int | None:
        if self.take("last"):
            return None
        return self.integer()

    def subscript(self, node: PathNode) -> PathNode:
        self.expect("[")
        if self.at("*") and self.peek(1)[1] == "]":
            self.index += 2
            return PathNode("anyarray", base=node)
        self.subscripts += 1
        pieces: list[tuple[PathNode, PathNode | None]] = []
        while True:
            low = self.need_value(self.disjunction())
            high = None
            if self.take("to"):
                high = self.need_value(self.disjunction())
            pieces.append((low, high))
            if not self.take(","):
                break
        self.subscripts -= 1
        self.expect("]")
        return PathNode("index", tuple(pieces), base=node)


def _number(text: str) -> Decimal:
    return parse_numeric(text)


def regex_flags(flags: str) -> str:
    """XQuery's flags as those of the regular expression functions."""
    out = "q" if "q" in flags else ""
    if "i" in flags:
        out += "i"
    if "q" in flags:
        return out
    if "s" not in flags:
        out += "p" if "m" not in flags else "n"
    elif "m" in flags:
        out += "w"
    return out


@lru_cache(maxsize=500)
def parse_jsonpath(text: str) -> JsonPath:
    if not text.strip(" \t\n\r\f"):
        raise invalid_syntax("jsonpath", text)
    return _Parser(text).run()


@text_in("jsonpath_in")
def jsonpath_in(value: str, typmod: int, ctx: Any) -> JsonPath:
    return parse_jsonpath(value)


@text_out("jsonpath_out")
def jsonpath_out(value: JsonPath, ctx: Any) -> str:
    return value.text()


@binary_in("jsonpath_recv")
def jsonpath_recv(data: bytes, typmod: int, ctx: Any) -> JsonPath:
    if not data:
        raise insufficient_data()
    if data[0] != 1:
        raise invalid_binary(f"unsupported jsonpath version number: {data[0]}")
    return parse_jsonpath(decode_utf8(data[1:]))


@binary_out("jsonpath_send")
def jsonpath_send(value: JsonPath, ctx: Any) -> bytes:
    return b"\1" + value.text().encode()
