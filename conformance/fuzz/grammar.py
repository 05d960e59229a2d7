"""Grammars of arguments, as strategies.

A grammar is a line like `key value [NX|XX] [EX seconds|PX milliseconds]`: capitals are sent as they are, small words are kinds
of values, `[...]` may be left out, `|` separates choices, `(...)` groups, and `...` behind a part repeats it one to three times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = ["Arguments", "build"]

Arguments = SearchStrategy[list[bytes]]
_TOKEN = re.compile(r"\.\.\.|[\[\]()|]|[^\s\[\]()|.]+(?:\.(?!\.)[^\s\[\]()|.]*)*")


def build(grammar: str, kinds: Mapping[str, SearchStrategy[bytes]]) -> Arguments:
    """The strategy of a grammar; raises ValueError for one that cannot be read."""
    parser = _Parser(_TOKEN.findall(grammar), kinds)
    strategy = parser.choices()
    if parser.tokens:
        raise ValueError(f"cannot read {grammar!r} from {parser.tokens[0]!r} on")
    return strategy


class _Parser:
    def __init__(self, tokens: list[str], kinds: Mapping[str, SearchStrategy[bytes]]) -> None:
        self.tokens = tokens
        self.kinds = kinds

    def choices(self) -> Arguments:
        options = [self.sequence()]
        while self.tokens and self.tokens[0] == "|":
            self.tokens.pop(0)
            options.append(self.sequence())
        return options[0] if len(options) == 1 else st.one_of(options)

    def sequence(self) -> Arguments:
        parts: list[Arguments] = []
        while self.tokens and self.tokens[0] not in ("|", "]", ")"):
            part = self.part()
            if self.tokens and self.tokens[0] == "...":
                self.tokens.pop(0)
                part = st.lists(part, min_size=1, max_size=3).map(_joined)
            parts.append(part)
        return st.tuples(*parts).map(lambda lists: _joined(list(lists)))

    def part(self) -> Arguments:
        token = self.tokens.pop(0)
        if token in "[(":
            inner = self.choices()
            closing = self.tokens.pop(0) if self.tokens else "the end"
            if closing != {"[": "]", "(": ")"}[token]:
                raise ValueError(f"{token} is followed by {closing}")
            return st.one_of(st.just([]), inner) if token == "[" else inner
        if token in self.kinds:
            return self.kinds[token].map(lambda value: [value])
        if token.islower():
            raise ValueError(f"no kind of value is called {token!r}")
        return st.just([token.encode()])


def _joined(lists: list[list[bytes]]) -> list[bytes]:
    return reduce(lambda a, b: a + b, lists, [])
