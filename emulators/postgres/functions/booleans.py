"""boolean operators and casts, and the transition functions of bool_and/bool_or."""

from __future__ import annotations

from emulators.postgres.functions.registry import builtin, expression

for _name, _symbol in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    expression(f"bool{_name}", template=f"({{0}} {_symbol} {{1}})")
expression("btboolcmp", template="({0} - {1})")
expression("booland_statefunc", template="({0} and {1})")
expression("boolor_statefunc", template="({0} or {1})")


@builtin("booltext")
def bool_to_text(value: bool) -> str:
    return "true" if value else "false"
