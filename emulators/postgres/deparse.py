"""The canonical deparser: typed trees back to SQL as PostgreSQL's ruleutils prints it (pg_get_expr, pg_get_viewdef, ...).

Names are printed with the current names of tables and columns. `Deparser(pretty=True)` leaves out parentheses that
operator precedence makes needless and breaks SELECTs over lines; without it every operator is parenthesised.
"""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import tree as t
from emulators.postgres.analyze import windows as w
from emulators.postgres.catalog.format_type import format_type, quote_identifier, quote_literal
from emulators.postgres.catalog.relations import ConstraintInfo, IndexInfo, Relation
from emulators.postgres.types.registry import type_io

_SQL_VALUES = {
    "SVFOP_CURRENT_DATE": "CURRENT_DATE", "SVFOP_CURRENT_TIME": "CURRENT_TIME",
    "SVFOP_CURRENT_TIME_N": "CURRENT_TIME", "SVFOP_CURRENT_TIMESTAMP": "CURRENT_TIMESTAMP",
    "SVFOP_CURRENT_TIMESTAMP_N": "CURRENT_TIMESTAMP", "SVFOP_LOCALTIME": "LOCALTIME",
    "SVFOP_LOCALTIME_N": "LOCALTIME", "SVFOP_LOCALTIMESTAMP": "LOCALTIMESTAMP",
    "SVFOP_LOCALTIMESTAMP_N": "LOCALTIMESTAMP", "SVFOP_CURRENT_ROLE": "CURRENT_ROLE",
    "SVFOP_CURRENT_USER": "CURRENT_USER", "SVFOP_USER": "USER", "SVFOP_SESSION_USER": "SESSION_USER",
    "SVFOP_CURRENT_CATALOG": "CURRENT_CATALOG", "SVFOP_CURRENT_SCHEMA": "CURRENT_SCHEMA",
}  # fmt: skip

_BOOLEAN_TESTS = {
    "IS_TRUE": "IS TRUE", "IS_NOT_TRUE": "IS NOT TRUE", "IS_FALSE": "IS FALSE", "IS_NOT_FALSE": "IS NOT FALSE",
    "IS_UNKNOWN": "IS UNKNOWN", "IS_NOT_UNKNOWN": "IS NOT UNKNOWN",
}  # fmt: skip


class Deparser:
    """One deparse: `prefix` tells whether columns get their table's name."""

    def __init__(self, backend: Any, *, prefix: bool = False, pretty: bool = False) -> None:
        self.backend = backend
        self.catalog = backend.catalog
        self.prefix = prefix
        self.pretty = pretty
        self.indent = 0
        self.case_args: list[t.Expr] = []
        self.names: dict[int, str] = {}
        self.domain_value = "VALUE"

    # -- expressions -----------------------------------------------------------------------------------------

    def expr(self, e: Any) -> str:
        method = getattr(self, "_e_" + type(e).__name__, None)
        if method is None:
            return f"<{type(e).__name__}>"
        return method(e)  # type: ignore[no-any-return]

    def operand(self, e: Any) -> str:
        """As an operand: parenthesised by the operators themselves, except in pretty mode at the top."""
        return self.expr(e)

    def top(self, e: Any) -> str:
        """An expression at the top of a clause: the outermost parentheses stay only where PostgreSQL keeps them."""
        text = self.expr(e)
        if self.pretty and text.startswith("(") and text.endswith(")") and _balanced(text):
            return text[1:-1]
        return text

    def type_text(self, oid: int, typmod: int = -1) -> str:
        return format_type(self.catalog, oid, typmod, given=True)

    def _e_Const(self, e: t.Const) -> str:
        return self.constant(e)

    def constant(self, e: t.Const, show_type: bool = True) -> str:
        base = e.type
        if e.value is None:
            return f"NULL::{self.type_text(base, e.typmod)}" if show_type else "NULL"
        value = e.value
        if base == oids.UNKNOWN:
            return quote_literal(str(value)) + ("::unknown" if show_type else "")
        if base == oids.INT4:
            text = str(value)
            return f"'{text}'::integer" if value < 0 and show_type else text if value >= 0 else f"({text})"
        if base == oids.BOOL:
            return "true" if value else "false"
        text = type_io(base, self.catalog).text_out(value, self.backend.context)
        if base == oids.NUMERIC and text[:1].isdigit() and ("." in text or "e" in text) and e.typmod < 0:
            return text
        if base == oids.NUMERIC and text[:1].isdigit() and e.typmod < 0:
            return f"'{text}'::numeric"
        quoted = f"B{quote_literal(text)}" if base in (oids.BIT, oids.VARBIT) else quote_literal(text)
        return f"{quoted}::{self.type_text(base, e.typmod)}" if show_type else quoted

    def _e_Var(self, e: t.Var) -> str:
        entry = e.rte
        if entry.kind == "relation" and e.attno > 0:
            relation = self.catalog.relation(entry.relation.oid)
            name = entry.column_names[e.attno - 1] if entry.alias_columns else relation.columns[e.attno - 1].name
        elif e.attno > 0:
            name = entry.column_names[e.attno - 1]
        else:
            name = e.name
        if e.old_new:
            return f"{e.old_new}.{quote_identifier(name)}"
        if e.attno == 0:
            return f"{quote_identifier(self.entry_name(entry))}.*"
        if not self.prefix and e.levels == 0:
            return quote_identifier(name)
        label = self.entry_name(entry)
        return f"{quote_identifier(label)}.{quote_identifier(name)}" if label else quote_identifier(name)

    def entry_name(self, entry: t.RangeEntry) -> str:
        known = self.names.get(id(entry))
        if known is not None:
            return known
        if entry.alias:
            return entry.alias
        if entry.kind == "relation":
            return str(self.catalog.relation(entry.relation.oid).name)
        return entry.name

    def _e_Param(self, e: t.Param) -> str:
        return f"${e.number}"

    def _e_FuncExpr(self, e: t.FuncExpr) -> str:
        if e.form == "implicit":
            return self.expr(e.args[0])
        if e.form == "explicit":
            return self._cast(e.args[0], e.type, e.typmod)
        if e.form == "sql":
            special = self._sql_syntax(e)
            if special is not None:
                return special
        name = self.function_name(e.func)
        args = [self.expr(a) for a in e.args]
        if e.variadic and args:
            last = e.args[-1]
            if isinstance(last, t.ArrayExpr) and e.func.provariadic != oids.ANY:
                args[-1:] = [self.expr(x) for x in last.elements]
            else:
                args[-1] = f"VARIADIC {args[-1]}"
        return f"{name}({', '.join(args)})"

    def _sql_syntax(self, e: t.FuncExpr) -> str | None:
        name = e.func.proname
        args = [self.expr(a) for a in e.args]
        if name == "timezone" and len(args) == 2:
            return f"({args[1]} AT TIME ZONE {args[0]})"
        if name == "extract" and isinstance(e.args[0], t.Const):
            return f"EXTRACT({e.args[0].value} FROM {args[1]})"
        if name == "position":
            return f"POSITION(({args[1]}) IN ({args[0]}))"
        if name == "substring" and len(args) in (2, 3):
            text = f"SUBSTRING({args[0]} FROM {args[1]}"
            return text + (f" FOR {args[2]})" if len(args) == 3 else ")")
        if name in ("btrim", "ltrim", "rtrim"):
            word = {"btrim": "BOTH", "ltrim": "LEADING", "rtrim": "TRAILING"}[name]
            if len(args) == 2:
                return f"TRIM({word} {args[1]} FROM {args[0]})"
            return f"TRIM({word} FROM {args[0]})"
        if name == "overlay":
            text = f"OVERLAY({args[0]} PLACING {args[1]} FROM {args[2]}"
            return text + (f" FOR {args[3]})" if len(args) == 4 else ")")
        if name == "overlaps":
            return f"(({args[0]}, {args[1]}) OVERLAPS ({args[2]}, {args[3]}))"
        if name == "normalize":
            return f"NORMALIZE({args[0]}" + (f", {e.args[1].value})" if len(args) > 1 else ")")  # type: ignore[attr-defined]
        if name == "pg_collation_for":
            return f"COLLATION FOR ({args[0]})"
        return None

    def function_name(self, func: Any) -> str:
        catalog = self.catalog
        name = quote_identifier(func.proname)
        if func.pronamespace in catalog.search_path:
            first = next(
                (
                    s
                    for s in catalog.search_path
                    if any(
                        r.pronamespace == s and r.proargtypes.elements == func.proargtypes.elements
                        for r in catalog.many("pg_proc", proname=func.proname)
                    )
                ),
                None,
            )
            if first == func.pronamespace:
                return name
        return f"{quote_identifier(catalog.schema_name(func.pronamespace) or '')}.{name}"

    def _cast(self, arg: t.Expr, oid: int, typmod: int) -> str:
        if isinstance(arg, t.Const):
            value = arg.value
            if oid == arg.type or value is None:
                pass
        text = self.expr(arg)
        if not self._is_simple(arg):
            text = text if text.startswith("(") and _balanced(text) else f"({text})"
        return f"{text}::{self.type_text(oid, typmod)}"

    @staticmethod
    def _is_simple(e: t.Expr) -> bool:
        return isinstance(e, (t.Var, t.Const, t.Param, t.FuncExpr, t.Subscript, t.FieldSelect, t.Aggref, t.ArrayExpr, t.RowExpr,
                              t.CaseExpr, t.Coalesce, t.SqlValue, t.SubLink, t.MinMax, t.DomainValue, t.WindowFunc))  # fmt: skip

    def _parenthesised(self, text: str) -> str:
        return f"({text})"

    def _e_OpExpr(self, e: t.OpExpr) -> str:
        name = self.operator_name(e.op)
        if len(e.args) == 2:
            return f"({self.expr(e.args[0])} {name} {self.expr(e.args[1])})"
        return f"({name} {self.expr(e.args[0])})"

    def operator_name(self, op: Any) -> str:
        if op.oprnamespace in self.catalog.search_path:
            return str(op.oprname)
        return f"OPERATOR({quote_identifier(self.catalog.schema_name(op.oprnamespace) or '')}.{op.oprname})"

    def _e_DistinctExpr(self, e: t.OpExpr) -> str:
        return f"({self.expr(e.args[0])} IS DISTINCT FROM {self.expr(e.args[1])})"

    def _e_NullIfExpr(self, e: t.OpExpr) -> str:
        return f"NULLIF({self.expr(e.args[0])}, {self.expr(e.args[1])})"

    def _e_ScalarArrayOp(self, e: t.ScalarArrayOp) -> str:
        word = "ANY" if e.any else "ALL"
        right = self.expr(e.args[1])
        return f"({self.expr(e.args[0])} {self.operator_name(e.op)} {word} ({right}))"

    def _e_BoolExpr(self, e: t.BoolExpr) -> str:
        if e.op == "not":
            return f"(NOT {self.expr(e.args[0])})"
        args = []
        for a in e.args:
            args.append(self.expr(a))
        return "(" + f" {e.op.upper()} ".join(args) + ")"

    def _e_SubLink(self, e: t.SubLink) -> str:
        inner = Deparser(self.backend, prefix=True, pretty=self.pretty)
        inner.names = self.names
        query = inner.query(e.query).lstrip()
        if e.kind == "exists":
            return f"(EXISTS ( {query}))"
        if e.kind == "expr":
            return f"( {query})"
        if e.kind == "array":
            return f"ARRAY( {query})"
        left = [self.expr(x) for x in e.test_left]
        shown = left[0] if len(left) == 1 else f"({', '.join(left)})"
        if e.kind == "any" and not e.op_name:
            return f"({shown} IN ( {query}))"
        name = e.op_name[-1] if e.op_name else "="
        word = {"any": "ANY ", "all": "ALL "}.get(e.kind, "")
        return f"({shown} {name} {word}( {query}))"

    def _e_SubParam(self, e: t.SubParam) -> str:
        return f"$sub{e.index}"

    def _e_CaseExpr(self, e: t.CaseExpr) -> str:
        parts = ["CASE"]
        if e.arg is not None:
            parts[0] += f" {self.expr(e.arg)}"
        for condition, result in e.whens:
            if (
                e.arg is not None
                and isinstance(condition, t.OpExpr)
                and _strip(condition.args[0]).__class__ is t.CaseTest
            ):
                condition = condition.args[1]
            parts.append(f"WHEN {self.expr(condition)} THEN {self.expr(result)}")
        default = e.default if e.default is not None else t.Const(value=None, type=e.type)
        parts.append(f"ELSE {self.expr(default)}")
        if True:
            pad = "\n" + " " * (self.indent + 4)
            return parts[0] + "".join([pad + p for p in parts[1:]]) + "\n" + " " * self.indent + "END"
        return " ".join([*parts, "END"])

    def _e_CaseTest(self, e: t.CaseTest) -> str:
        return "CASE_TEST_EXPR"

    def _e_Coalesce(self, e: t.Coalesce) -> str:
        return f"COALESCE({', '.join([self.expr(a) for a in e.args])})"

    def _e_MinMax(self, e: t.MinMax) -> str:
        return f"{'GREATEST' if e.greatest else 'LEAST'}({', '.join([self.expr(a) for a in e.args])})"

    def _e_NullTest(self, e: t.NullTest) -> str:
        if e.row_format and not isinstance(e.arg, t.RowExpr):
            pass
        return f"({self.expr(e.arg)} IS {'' if e.is_null else 'NOT '}NULL)"

    def _e_BooleanTest(self, e: t.BooleanTest) -> str:
        return f"({self.expr(e.arg)} {_BOOLEAN_TESTS[e.test]})"

    def _e_ArrayExpr(self, e: t.ArrayExpr) -> str:
        text = f"ARRAY[{', '.join([self.expr(x) for x in e.elements])}]"
        return text if e.elements else f"{text}::{self.type_text(e.type)}"

    def _e_RowExpr(self, e: t.RowExpr) -> str:
        text = f"ROW({', '.join([self.expr(a) for a in e.args])})"
        if e.type != oids.RECORD and e.form == "explicit":
            text += f"::{self.type_text(e.type)}"
        return text

    def _e_RowCompare(self, e: t.RowCompare) -> str:
        left = ", ".join([self.expr(a) for a in e.left])
        right = ", ".join([self.expr(a) for a in e.right])
        return f"(ROW({left}) {e.op} ROW({right}))"

    def _e_FieldSelect(self, e: t.FieldSelect) -> str:
        return f"({self.expr(e.arg)}).{quote_identifier(e.name)}"

    def _e_FieldStore(self, e: t.FieldStore) -> str:
        return self.expr(e.fields[0][1])

    def _e_Subscript(self, e: t.Subscript) -> str:
        text = self.expr(e.arg)
        if not isinstance(e.arg, (t.Var, t.FieldSelect, t.Param)):
            text = text if text.startswith("(") and _balanced(text) else f"({text})"
        for i, upper in enumerate(e.upper):
            if e.lower is not None:
                low = e.lower[i]
                text += f"[{self.expr(low) if low is not None else ''}:{self.expr(upper) if upper is not None else ''}]"
            else:
                text += f"[{self.expr(upper)}]"
        return text

    def _e_Relabel(self, e: t.Relabel) -> str:
        if e.form == "implicit":
            return self.expr(e.arg)
        return self._cast(e.arg, e.type, e.typmod)

    _e_CoerceViaIO = _e_Relabel
    _e_ArrayCoerce = _e_Relabel
    _e_CoerceToDomain = _e_Relabel

    def _e_RowCoerce(self, e: t.RowCoerce) -> str:
        return self.expr(e.arg)

    def _e_Collate(self, e: t.Collate) -> str:
        return f"({self.expr(e.arg)} COLLATE {quote_identifier(e.coll_name)})"

    def _e_SqlValue(self, e: t.SqlValue) -> str:
        text = _SQL_VALUES[e.op]
        return f"{text}({e.typmod})" if e.op.endswith("_N") else text

    def _e_NextValue(self, e: t.NextValue) -> str:
        return f"nextval({e.sequence})"

    def _e_Default(self, e: t.Default) -> str:
        return "DEFAULT"

    def _e_DomainValue(self, e: t.DomainValue) -> str:
        return self.domain_value

    def _e_MergeAction(self, e: t.MergeAction) -> str:
        return "MERGE_ACTION()"

    def _e_Aggref(self, e: t.Aggref) -> str:
        name = self.function_name(e.func)
        if e.kind != "n":
            order = ", ".join([self.sort_item(s) for s in e.order])
            direct = ", ".join([self.expr(d) for d in e.direct])
            text = f"{name}({direct}) WITHIN GROUP (ORDER BY {order})"
        else:
            inner = "*" if e.star else ", ".join([self.expr(a) for a in e.args])
            if e.distinct:
                inner = "DISTINCT " + inner
            if e.order:
                inner += " ORDER BY " + ", ".join([self.sort_item(s) for s in e.order])
            text = f"{name}({inner})"
        if e.filter is not None:
            text += f" FILTER (WHERE {self.expr(e.filter)})"
        return text

    def _e_Grouping(self, e: t.Grouping) -> str:
        return f"GROUPING({', '.join([self.expr(a) for a in e.args])})"

    def _e_WindowFunc(self, e: t.WindowFunc) -> str:
        inner = "*" if e.star else ", ".join([self.expr(a) for a in e.args])
        text = f"{self.function_name(e.func)}({inner})"
        if e.filter is not None:
            text += f" FILTER (WHERE {self.expr(e.filter)})"
        if e.window.name:
            return f"{text} OVER {quote_identifier(e.window.name)}"
        return f"{text} OVER ({self.window(e.window)})"

    def window(self, window: t.WindowClause) -> str:
        parts = []
        if window.refname:
            parts.append(quote_identifier(window.refname))
        if window.partition and not window.refname:
            parts.append("PARTITION BY " + ", ".join([self.expr(i.expr) for i in window.partition]))
        if window.order:
            parts.append("ORDER BY " + ", ".join([self.sort_item(i) for i in window.order]))
        options, start, end = window.frame
        if options & w.NONDEFAULT:
            mode = "RANGE" if options & w.RANGE else "ROWS" if options & w.ROWS else "GROUPS"
            first = self._bound(
                options,
                start,
                (
                    w.START_UNBOUNDED_PRECEDING,
                    w.START_CURRENT,
                    w.START_PRECEDING,
                    w.START_FOLLOWING,
                    w.START_UNBOUNDED_FOLLOWING,
                ),
            )
            text = f"{mode} "
            if options & w.BETWEEN:
                last = self._bound(
                    options,
                    end,
                    (
                        w.END_UNBOUNDED_PRECEDING,
                        w.END_CURRENT,
                        w.END_PRECEDING,
                        w.END_FOLLOWING,
                        w.END_UNBOUNDED_FOLLOWING,
                    ),
                )
                text += f"BETWEEN {first} AND {last}"
            else:
                text += first
            for flag, word in (
                (w.EXCLUDE_CURRENT, "CURRENT ROW"),
                (w.EXCLUDE_GROUP, "GROUP"),
                (w.EXCLUDE_TIES, "TIES"),
            ):
                if options & flag:
                    text += f" EXCLUDE {word}"
            parts.append(text)
        return " ".join(parts)

    def _bound(self, options: int, offset: Any, flags: tuple[int, int, int, int, int]) -> str:
        if options & flags[0]:
            return "UNBOUNDED PRECEDING"
        if options & flags[1]:
            return "CURRENT ROW"
        if options & flags[4]:
            return "UNBOUNDED FOLLOWING"
        return f"{self.expr(offset)} {'PRECEDING' if options & flags[2] else 'FOLLOWING'}"

    def sort_item(self, item: t.SortItem) -> str:
        text = self.expr(item.expr)
        if isinstance(item.expr, t.Const):
            text = self.constant(item.expr)
        if item.descending:
            text += " DESC"
            if not item.nulls_first:
                text += " NULLS LAST"
        elif item.nulls_first:
            text += " NULLS FIRST"
        return text

    # -- queries ---------------------------------------------------------------------------------------------

    def query(self, query: t.Query) -> str:
        if query.command != "select":
            return f"<{query.command}>"
        self.prefix = (
            len(query.entries) > 1
            or any(e.kind in ("subquery", "function", "cte") for e in query.entries[:0])
            or (query.parent is not None and self.prefix)
        )
        parts: list[str] = []
        if query.ctes:
            parts.append(self._with(query))
        if query.set_op is not None:
            parts.append(self._set_op(query.set_op))
            if query.sort:
                names = []
                for item in query.sort:
                    position = next(
                        (i for i, x in enumerate(query.targets) if x.expr is item.expr or t.equal(x.expr, item.expr)), 0
                    )
                    text = str(position + 1)
                    copy = t.SortItem(expr=t.Const(value=0, type=oids.INT4), descending=item.descending,
                                      nulls_first=item.nulls_first)  # fmt: skip
                    names.append(text + self.sort_item(copy)[1:])
                parts.append("\n  ORDER BY " + ", ".join(names))
            parts.append(self._limit(query))
            return "".join(parts)
        if self._is_values(query):
            rows = [f"({', '.join([self.expr(x) for x in row])})" for row in query.entries[0].values]
            parts.append(" VALUES " + ", ".join(rows))
            return "".join(parts)
        parts.append(" SELECT")
        if query.distinct_on:
            parts.append(f" DISTINCT ON ({', '.join([self.expr(i.expr) for i in query.distinct_on])})")
        elif query.distinct:
            parts.append(" DISTINCT")
        columns = []
        for target in query.visible_targets:
            columns.append(self._target(target))
        parts.append(" " + (",\n    ".join(columns)))
        if query.from_items:
            parts.append("\n   FROM " + ",\n    ".join([self.from_item(i) for i in query.from_items]))
        if query.where is not None:
            parts.append(f"\n  WHERE {self.top(query.where)}")
        if query.grouping_sets is not None:
            sets = [f"({', '.join([self.expr(query.group[k]) for k in keys])})" for keys in query.grouping_sets]
            parts.append(f"\n  GROUP BY GROUPING SETS ({', '.join(sets)})")
        elif query.group:
            parts.append("\n  GROUP BY " + ", ".join([self.expr(g) for g in query.group]))
        if query.having is not None:
            parts.append(f"\n HAVING {self.top(query.having)}")
        named = [x for x in query.windows if x.name]
        if named:
            parts.append(
                "\n  WINDOW " + ", ".join([f"{quote_identifier(x.name or '')} AS ({self.window(x)})" for x in named])
            )
        if query.sort:
            parts.append("\n  ORDER BY " + ", ".join([self._parenthesise_sort(i) for i in query.sort]))
        parts.append(self._limit(query))
        for mark in query.row_marks:
            word = {1: "KEY SHARE", 2: "SHARE", 3: "NO KEY UPDATE", 4: "UPDATE"}[mark.strength]
            text = f"\n FOR {word} OF {quote_identifier(self.entry_name(mark.rte))}"
            parts.append(text + {"block": "", "skip": " SKIP LOCKED", "error": " NOWAIT"}[mark.wait])
        return "".join(parts)

    def _parenthesise_sort(self, item: t.SortItem) -> str:
        return self.sort_item(item)

    def _limit(self, query: t.Query) -> str:
        text = ""
        if query.offset is not None:
            text += f"\n OFFSET {self.expr(query.offset)}"
        if query.limit is not None:
            if query.limit_ties:
                text += f"\n FETCH FIRST {self.expr(query.limit)} ROWS WITH TIES"
            else:
                text += f"\n LIMIT {self.expr(query.limit)}"
        return text

    @staticmethod
    def _is_values(query: t.Query) -> bool:
        return len(query.entries) == 1 and query.entries[0].kind == "values" and query.entries[0].name == "*VALUES*"

    def _target(self, target: t.Target) -> str:
        expr = target.expr
        text = self.top(expr) if self.pretty else self.expr(expr)
        if isinstance(expr, t.Var):
            name = text.rsplit(".", 1)[-1]
            if name == quote_identifier(target.name):
                return text
        elif target.name == "?column?":
            return text if isinstance(expr, t.Const) and False else f'{text} AS "?column?"'
        return f"{text} AS {quote_identifier(target.name)}"

    def _with(self, query: t.Query) -> str:
        parts = []
        for cte in query.ctes:
            columns = f"({', '.join([quote_identifier(c) for c in cte.alias_columns])})" if cte.alias_columns else ""
            word = {"always": "MATERIALIZED ", "never": "NOT MATERIALIZED "}.get(cte.materialized, "")
            inner = Deparser(self.backend, prefix=False, pretty=self.pretty)
            inner.indent = self.indent + 8
            body = inner.query(cte.query).replace("\n", "\n        ")
            parts.append(f"{quote_identifier(cte.name)}{columns} AS {word}(\n        {body}\n        )")
        recursive = "RECURSIVE " if query.recursive else ""
        return f" WITH {recursive}" + ", ".join(parts) + "\n"

    def _set_op(self, node: Any) -> str:
        if isinstance(node, t.RangeEntry):
            inner = Deparser(self.backend, prefix=False, pretty=self.pretty)
            text = inner.query(node.query)
            if node.query.sort or node.query.limit is not None or node.query.set_op is not None:
                return f"({text})"
            return text
        left, right = self._set_op(node.left), self._set_op(node.right)
        if isinstance(node.right, t.SetOp):
            right = f"({right})"
        if isinstance(node.left, t.SetOp) and (node.left.op != node.op or node.left.all != node.all):
            left = f"({left})"
        return f"{left}\n{node.op.upper()}{' ALL' if node.all else ''}\n{right}"

    def from_item(self, item: Any) -> str:
        if isinstance(item, t.Join):
            left, right = self.from_item(item.left), self.from_item(item.right)
            word = {"inner": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN"}[item.kind]
            if item.kind == "inner" and item.quals is None:
                word = "CROSS JOIN"
            if isinstance(item.right, t.Join):
                right = right if right.startswith("(") else f"({right})"
            text = f"{left}\n     {word} {right}"
            if item.using:
                text += f" USING ({', '.join([quote_identifier(u) for u in item.using])})"
            elif item.quals is not None:
                quals = self.expr(item.quals)
                text += f" ON {self.top(item.quals) if self.pretty else quals}"
            if item.alias:
                return f"({text}) {quote_identifier(item.alias)}"
            return text if self.pretty else f"({text})"
        if item.view is not None or item.kind == "relation":
            source = item.view if item.view is not None else item.relation
            text = self.relation_name(source.oid)
            current = self.catalog.relation(source.oid).name
            if item.alias and item.alias != current:
                text += f" {quote_identifier(item.alias)}"
            if item.alias_columns:
                text += f"({', '.join([quote_identifier(c) for c in item.column_names if c])})"
            return text
        alias = quote_identifier(item.alias or item.name)
        columns = f"({', '.join([quote_identifier(c) for c in item.column_names])})" if item.alias_columns else ""
        lateral = "LATERAL " if item.lateral and item.kind == "subquery" else ""
        if item.kind == "subquery":
            inner = Deparser(self.backend, prefix=False, pretty=self.pretty)
            inner.names = self.names
            body = inner.query(item.query).replace("\n", "\n        ")
            return f"{lateral}({body}) {alias}{columns}"
        if item.kind == "values":
            rows = ", ".join([f"({', '.join([self.expr(x) for x in row])})" for row in item.values])
            return f"( VALUES {rows}) {alias}{columns}"
        if item.kind == "cte":
            name = quote_identifier(item.cte.name)
            return name if item.alias in (None, item.cte.name) else f"{name} {alias}{columns}"
        if item.kind == "function":
            texts = [self.expr(f.expr) for f in item.functions]
            text = texts[0] if len(texts) == 1 else f"ROWS FROM({', '.join(texts)})"
            if item.ordinality:
                text += " WITH ORDINALITY"
            names = ", ".join([quote_identifier(c) for c in item.column_names])
            return f"{lateral}{text} {alias}({names})"
        return f"<{item.kind}>"

    def relation_name(self, oid: int) -> str:
        row = self.catalog.one("pg_class", oid=oid)
        name = quote_identifier(row.relname)
        if self.catalog.relation_visible(row):
            return name
        return f"{quote_identifier(self.catalog.schema_name(row.relnamespace) or '')}.{name}"


def _strip(e: Any) -> Any:
    while isinstance(e, (t.Relabel, t.CoerceViaIO)):
        e = e.arg
    return e


def _balanced(text: str) -> bool:
    """Is the first parenthesis closed by the last character?"""
    depth = 0
    quote = ""
    for i, c in enumerate(text):
        if quote:
            if c == quote:
                quote = ""
            continue
        if c in "'\"":
            quote = c
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth == 0 and i < len(text) - 1:
                return False
    return True


# -- whole objects -------------------------------------------------------------------------------------------


def expression_text(backend: Any, expr: Any, *, pretty: bool = False, prefix: bool = False) -> str:
    """pg_get_expr."""
    return Deparser(backend, prefix=prefix, pretty=pretty).top(expr)


def index_column_texts(catalog: Any, relation: Relation, index: IndexInfo, backend: Any = None) -> list[str]:
    """Each key column as pg_get_indexdef prints it, without options."""
    expressions = list(index.expressions)
    out = []
    holder = backend or _Holder(catalog)
    for k in index.keys:
        if k:
            out.append(quote_identifier(catalog.relation(relation.oid).columns[k - 1].name))
            continue
        expr = expressions.pop(0)
        text = Deparser(holder).expr(expr)
        if isinstance(expr, t.FuncExpr) and expr.form == "call":
            out.append(text)
        else:
            out.append(text if text.startswith("(") and _balanced(text) else f"({text})")
    return out


class _Holder:
    """Enough of a backend for deparsing where only the catalog is at hand."""

    def __init__(self, catalog: Any) -> None:
        self.catalog = catalog
        self.context = _OutputContext(catalog)


class _OutputContext:
    def __init__(self, catalog: Any) -> None:
        from emulators.postgres.types.context import SessionDefaults

        self._defaults = SessionDefaults(catalog=catalog)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._defaults, name)


def index_definition(backend: Any, oid: int, column: int = 0, *, pretty: bool = False) -> str | None:
    """pg_get_indexdef."""
    catalog = backend.catalog
    row = catalog.one("pg_index", indexrelid=oid)
    if row is None:
        return None
    relation = catalog.relation(row.indrelid)
    index = next((i for i in relation.indexes if i.oid == oid), None)
    if index is None:
        return None
    texts = index_column_texts(catalog, relation, index, backend)
    if column:
        return texts[column - 1] if 1 <= column <= len(texts) else ""
    keys = []
    for i, text in enumerate(texts[: index.width]):
        option = index.options[i] if i < len(index.options) else 0
        oid_type = (
            relation.columns[index.keys[i] - 1].type
            if index.keys[i]
            else index.expressions[[k for k in range(index.width) if not index.keys[k]].index(i)].type
        )
        opclass = catalog.one("pg_opclass", oid=index.opclasses[i])
        default = catalog.default_opclass(oid_type, index.am)
        if opclass is not None and (default is None or default.oid != opclass.oid):
            text += f" {quote_identifier(opclass.opcname)}"
        if option & 1:
            text += " DESC" + ("" if option & 2 else " NULLS LAST")
        elif option & 2:
            text += " NULLS FIRST"
        keys.append(text)
    am = catalog.one("pg_am", oid=index.am).amname
    table = quote_identifier(relation.name)
    if not pretty or not catalog.relation_visible(catalog.one("pg_class", oid=relation.oid)):
        table = f"{quote_identifier(relation.schema_name)}.{table}"
    unique = "UNIQUE " if index.unique else ""
    text = f"CREATE {unique}INDEX {quote_identifier(index.name)} ON {table} USING {am} ({', '.join(keys)})"
    if len(texts) > index.width:
        text += f" INCLUDE ({', '.join(texts[index.width :])})"
    if index.nulls_not_distinct:
        text += " NULLS NOT DISTINCT"
    options = catalog.relation_row(oid).reloptions
    if options is not None:
        text += f" WITH ({', '.join([f'{k}={quote_literal(v)}' for k, _, v in [o.partition('=') for o in options.elements]])})"
    if index.predicate is not None:
        predicate = Deparser(backend, pretty=pretty).top(index.predicate)
        text += f" WHERE {predicate}"
    return text


def constraint_definition(backend: Any, oid: int, *, pretty: bool = False) -> str | None:
    """pg_get_constraintdef."""
    catalog = backend.catalog
    row = catalog.one("pg_constraint", oid=oid)
    if row is None:
        return None
    c: ConstraintInfo = catalog._constraint(row)
    if c.kind == "n":
        if not row.conrelid:
            return "NOT NULL"
        relation = catalog.relation(row.conrelid)
        text = f"NOT NULL {quote_identifier(relation.columns[c.keys[0] - 1].name)}"
        return text + (" NO INHERIT" if c.no_inherit else "")
    if c.kind == "c":
        if c.expr is None:
            return f"CHECK ({row.conbin})" if row.conbin else None
        body = Deparser(backend, pretty=pretty).expr(c.expr)
        if pretty:
            body = Deparser(backend, pretty=True).top(c.expr)
            text = f"CHECK ({body})"
        else:
            text = f"CHECK ({body})" if not (body.startswith("(") and _balanced(body)) else f"CHECK ({body})"
        if c.no_inherit:
            text += " NO INHERIT"
        if not c.enforced:
            text += " NOT ENFORCED"
        elif not c.validated:
            text += " NOT VALID"
        return text
    relation = catalog.relation(row.conrelid)

    def names(of: Relation, keys: Any) -> str:
        return ", ".join([quote_identifier(of.columns[k - 1].name) for k in keys])

    if c.kind in "pu":
        text = "PRIMARY KEY" if c.kind == "p" else "UNIQUE"
        index = next((i for i in relation.indexes if i.oid == c.index), None)
        if index is not None and index.nulls_not_distinct:
            text += " NULLS NOT DISTINCT"
        text += f" ({names(relation, c.keys)})"
        if index is not None and len(index.keys) > index.width:
            text += f" INCLUDE ({names(relation, index.keys[index.width :])})"
    elif c.kind == "f":
        parent = catalog.relation(c.foreign_relid)
        parent_row = catalog.one("pg_class", oid=parent.oid)
        name = quote_identifier(parent.name)
        if not catalog.relation_visible(parent_row):
            name = f"{quote_identifier(parent.schema_name)}.{name}"
        text = f"FOREIGN KEY ({names(relation, c.keys)}) REFERENCES {name}({names(parent, c.foreign_keys)})"
        if c.match == "f":
            text += " MATCH FULL"
        words = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
        if c.on_update in words:
            text += f" ON UPDATE {words[c.on_update]}"
        if c.on_delete in words:
            text += f" ON DELETE {words[c.on_delete]}"
            if c.delete_set_columns:
                text += f" ({names(relation, c.delete_set_columns)})"
    else:
        return None
    if c.deferrable:
        text += " DEFERRABLE"
    if c.deferred:
        text += " INITIALLY DEFERRED"
    if c.kind == "f":
        if not c.enforced:
            text += " NOT ENFORCED"
        elif not c.validated:
            text += " NOT VALID"
    return text


def view_definition(backend: Any, oid: int, *, pretty: bool = False) -> str | None:
    """pg_get_viewdef."""
    from emulators.postgres.views import view_rule

    rule = view_rule(backend.catalog, oid)
    if rule is None:
        return None
    tree = getattr(rule.ev_action, "tree", None)
    if tree is None:
        return str(rule.ev_action)
    return Deparser(backend, prefix=False, pretty=pretty).query(tree) + ";"
