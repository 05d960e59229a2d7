"""Reads the texts of `schemas.py` into trees of fields, one message at a time, when first asked for.

A field knows the versions that carry it, those in which it may be null, its tag and its default. Nothing here touches
bytes; `codec.py` compiles these trees.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from emulators.kafka.wire.schemas import API_NAMES, MESSAGES

__all__ = ["API_KEYS", "API_NAMES", "Field", "Message", "Span", "message"]

API_KEYS: dict[str, int] = {name: key for key, name in API_NAMES.items()}

Span = tuple[int, int]
_NEVER: Span = (1, 0)
_ZERO: dict[str, Any] = {"string": "", "bytes": b"", "records": b"", "bool": False, "float64": 0.0, "uuid": bytes(16)}


@dataclass(slots=True)
class Field:
    """One field: `type` is a primitive's name, `{}` (struct), `[]` (array of structs) or `[int32]` (array of
    primitives).
    """

    name: str
    type: str
    versions: Span
    null: Span = _NEVER
    tag: int | None = None
    default: Any = None
    has_default: bool = False
    children: list[Field] = field(default_factory=list)

    def within(self, version: int) -> bool:
        return self.versions[0] <= version <= self.versions[1]

    def nullable(self, version: int) -> bool:
        return self.null[0] <= version <= self.null[1]

    @property
    def array(self) -> bool:
        return self.type.startswith("[")

    @property
    def zero(self) -> Any:
        """What an absent field reads as: the schema's default, else the type's zero (an empty struct is None here)."""
        if self.has_default:
            return self.default
        if self.array:
            return ()
        return None if self.type == "{}" else _ZERO.get(self.type, 0)


@dataclass(slots=True)
class Message:
    """A request, response or data message over all its versions."""

    name: str
    versions: Span
    flexible_from: int
    fields: list[Field]

    def flexible(self, version: int) -> bool:
        return version >= self.flexible_from


@cache
def message(name: str) -> Message:
    """The message of that name, such as `fetch.request`; KeyError if there is none."""
    lines = MESSAGES[name].splitlines()
    versions, _, flexible = lines[0].split()
    low, high = map(int, versions.split("-"))
    roots: list[Field] = []
    stack: list[list[Field]] = [roots]
    for line in lines[1:]:
        depth = len(line) - len(line.lstrip())
        found = _field(line.split(maxsplit=3), high)
        del stack[depth + 1 :]
        stack[depth].append(found)
        stack.append(found.children)
    return Message(name, (low, high), 1 << 15 if flexible == "none" else int(flexible), roots)


def _field(words: list[str], highest: int) -> Field:
    found = Field(words[0], words[1], _span(words[2], highest))
    rest = words[3] if len(words) > 3 else ""
    before, equals, default = rest.partition("=")
    for flag in before.split():
        if flag[0] == "?":
            found.null = _span(flag[1:], highest)
        else:
            found.tag = int(flag[1:])
    if equals:
        found.has_default = True
        found.default = _literal(default, found.type)
    return found


def _literal(text: str, kind: str) -> Any:
    if text == "null":
        return None
    if text == "[]":
        return ()
    if text in ("true", "false"):
        return text == "true"
    value = ast.literal_eval(text)
    return bool(value) if kind == "bool" else value


def _span(text: str, highest: int) -> Span:
    if text.endswith("+"):
        return int(text[:-1]), highest
    low, dash, high = text.partition("-")
    return int(low), int(high if dash else low)
