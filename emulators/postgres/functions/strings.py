"""text, varchar, bpchar, name and "char": comparison, concatenation and everyday functions.

Collation is C (code points; what C.UTF-8 gives), so Python's own string order is PostgreSQL's. Case mapping follows
Unicode's simple mappings, as the builtin C.UTF-8 provider does.
"""

from __future__ import annotations

from emulators.postgres.functions.registry import expression

_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
for _suffix, _symbol in (("eq", "=="), ("ne", "!=")):
    expression(f"text{_suffix}", template=f"({{0}} {_symbol} {{1}})")
for _suffix in ("lt", "le", "gt", "ge"):
    expression(f"text_{_suffix}", f"text_pattern_{_suffix}", template=f"({{0}} {_COMPARE[_suffix]} {{1}})")
for _suffix, _symbol in _COMPARE.items():
    expression(
        f"name{_suffix}",
        f"name{_suffix}text",
        f"text{_suffix}name",
        f"char{_suffix}",
        template=f"({{0}} {_symbol} {{1}})",
    )
    expression(f"bpchar{_suffix}", template=f"({{0}}.rstrip(' ') {_symbol} {{1}}.rstrip(' '))")
expression("textcat", template="({0} + {1})")
expression("textlen", template="len({0})", arity=1)
