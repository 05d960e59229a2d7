"""Aggregates in generated code: a group collects the arguments in a list, and one call finishes the whole column.

`Plan` writes the collecting line and the finishing call of one aggregate. Strict aggregates do not collect NULLs.
"""

from __future__ import annotations

from typing import Any

from emulators.postgres.analyze import tree as t
from emulators.postgres.execute.aggregates import make_aggregate


class Plan:
    """One distinct aggregate call of a query."""

    __slots__ = ("keep", "node", "skip_none", "star")

    def __init__(self, node: t.Aggref) -> None:
        self.node = node
        self.star = not node.args and not node.direct
        self.skip_none = False

    def argument(self, compiler: Any) -> str:
        """The collected value of one row, for grouping sets: a 1-tuple or () where FILTER leaves the row out."""
        code = self._cell(compiler)
        if self.node.filter is not None:
            return f"(({code},) if {compiler.condition(self.node.filter)} else ())"
        return f"({code},)"

    def _cell(self, compiler: Any) -> str:
        node = self.node
        if not node.args:
            return "True"
        if len(node.args) == 1 and not node.order:
            return str(compiler.value(node.args[0]))
        cells = [compiler.value(a) for a in node.args] + [compiler.value(s.expr) for s in node.order]
        return "(" + ", ".join(cells) + ",)"

    def collect(self, compiler: Any, target: str) -> None:
        """Emit the line that adds the present row's arguments to the list `target`."""
        code = self._cell(compiler)
        if self.node.filter is not None:
            compiler.emit(f"if {compiler.condition(self.node.filter)}: {target}.append({code})")
        else:
            compiler.emit(f"{target}.append({code})")

    def finish(self, compiler: Any, name: str, source: str) -> None:
        """Emit `name = aggregate of the list source`."""
        node = self.node
        function = make_aggregate(compiler.catalog, node)
        constant = compiler.module.constant(function, "agg")
        if node.direct:
            direct = "(" + "".join([compiler.value(d) + ", " for d in node.direct]) + ")"
            compiler.emit(f"{name} = {constant}({source}, ctx, {direct})")
        else:
            compiler.emit(f"{name} = {constant}({source}, ctx, ())")
