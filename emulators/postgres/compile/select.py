"""SELECT as Python: rows into lists, grouping, windows, set-returning columns, DISTINCT, ORDER BY, LIMIT, set operations.

Each query becomes one Python function returning a list of tuples (sub-queries are functions nested in it, so outer
columns are plain closure variables). A sub-query that mentions nothing of the query around it is run once per call of
that query and remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import tree as t
from emulators.postgres.compile import aggregates
from emulators.postgres.compile.code import Function
from emulators.postgres.compile.expressions import PLAIN, Scope
from emulators.postgres.compile.joins import JoinCompiler
from emulators.postgres.errors import PgError
from emulators.postgres.execute import helpers, windows


class SelectCompiler(JoinCompiler):
    """Compiles queries; `rows_of` writes a query's code into the present function and names its result list."""

    def __init__(self, catalog: Any) -> None:
        super().__init__(catalog)
        self.subquery_hook = self.sublink
        self.module.globals["helpers_rows_from"] = windows.rows_from
        self.module.globals["windows"] = windows
        self.module.globals["NullRow"] = helpers.NullRow
        self.recursive_tables: dict[int, str] = {}
        self.query_functions: dict[int, str] = {}
        self.modifying_ctes: dict[int, str] = {}

    # -- functions -------------------------------------------------------------------------------------------

    def nested(self, name: str, parameters: str, write: Callable[[], None]) -> None:
        """A function inside the present one, placed in its prologue."""
        outer = self.function
        depth = self.loop_depth
        inner = Function(name, parameters, outer)
        self.function = inner
        self.loop_depth = 0
        scope = self.scope
        self.scope = Scope(scope)
        write()
        self.scope = scope
        self.function = outer
        self.loop_depth = depth
        for line in inner.lines():
            outer.early(line)

    def subquery_function(self, query: t.Query) -> str:
        """A function giving the rows of a sub-query, remembered when it depends on nothing around it."""
        name = self.module.fresh("q")
        memo = "" if self.is_correlated(query) or self._volatile(query) else self.module.fresh("c")
        if memo:
            self.function.early(f"{memo} = []")

        def write() -> None:
            if memo:
                self.function.early(f"if {memo}: return {memo}[0]")
            out = self.rows_of(query)
            if memo:
                self.emit(f"{memo}.append({out})")
            self.emit(f"return {out}")

        self.nested(name, "", write)
        return name

    def is_correlated(self, query: t.Query) -> bool:
        """Does the sub-query mention rows of the queries that are being generated around it?"""
        found: set[int] = set()
        self.collect_query(query, found)
        own: set[int] = set()
        self._own_entries(query, own)
        return (
            bool({k for k in found if k not in own} & set(self.rows))
            or self._has_outer_aggregate(query, 1)
            or bool(found - own - set(self.rows))
        )

    def _own_entries(self, query: t.Query, out: set[int]) -> None:
        for entry in query.entries:
            out.add(id(entry))
            if entry.kind == "subquery" and entry.query is not None:
                self._own_entries(entry.query, out)
        if query.set_op is not None:
            pass
        for cte in query.ctes:
            if cte.query is not None:
                self._own_entries(cte.query, out)
        for expr in t.query_expressions(query):
            for node in t.walk(expr):
                if isinstance(node, t.SubLink):
                    self._own_entries(node.query, out)

    def _has_outer_aggregate(self, query: t.Query, depth: int) -> bool:
        for expr in t.query_expressions(query):
            for node in t.walk(expr):
                if isinstance(node, (t.Aggref, t.Grouping)) and node.levels >= depth:
                    return True
                if isinstance(node, t.SubLink) and self._has_outer_aggregate(node.query, depth + 1):
                    return True
        return any(
            entry.kind == "subquery" and entry.query is not None and self._has_outer_aggregate(entry.query, depth + 1)
            for entry in query.entries
        )

    def _volatile(self, query: t.Query) -> bool:
        """An uncorrelated volatile sub-query is still run once (an InitPlan), so nothing here is volatile."""
        return False

    # -- WITH ------------------------------------------------------------------------------------------------

    def define_ctes(self, query: t.Query) -> None:
        for cte in query.ctes:
            if cte.modifying:
                continue
            self._define_cte(cte)

    def _define_cte(self, cte: t.CommonTable) -> None:
        name = self.module.fresh("w")
        memo = self.module.fresh("c")
        self.cte_functions[id(cte)] = name
        self.function.early(f"{memo} = []")

        def write() -> None:
            self.function.early(f"if {memo}: return {memo}[0]")
            out = self._recursive(cte) if cte.recursive else self.rows_of(cte.query)
            self.emit(f"{memo}.append({out})")
            self.emit(f"return {out}")

        self.nested(name, "", write)

    def _recursive(self, cte: t.CommonTable) -> str:
        """Work-table iteration: the recursive term sees only the rows that the last round gave."""
        query = cte.query
        self.define_ctes(query)
        left = self.rows_of(query.set_op.left.query)
        out, work, seen = self.module.fresh("o"), self.module.fresh("k"), self.module.fresh("m")
        union_all = query.set_op.all
        key = self.row_key(query.set_op.columns)
        if union_all:
            self.emit(f"{work} = {left}; {out} = list({work})")
        else:
            self.emit(f"{out}, {seen} = windows.distinct_rows({left}, {key}, set())")
            self.emit(f"{work} = {out}; {out} = list({out})")
        self.recursive_tables[id(cte)] = work
        step = self.module.fresh("q")

        def write() -> None:
            rows = self.rows_of(query.set_op.right.query)
            self.emit(f"return {rows}")

        # The step reads the work table as a closure variable, so it sees each round's value.
        self.nested(step, "", write)
        self.emit(f"while {work}:")
        self.emit("    ctx.check_interrupts()")
        self.emit(f"    {work} = {step}()")
        if not union_all:
            self.emit(f"    {work}, {seen} = windows.distinct_rows({work}, {key}, {seen})")
        self.emit(f"    {out}.extend({work})")
        return out

    def cte_rows(self, unit: t.RangeEntry) -> str:
        cte = unit.cte
        if unit.self_reference:
            return self.recursive_tables[id(cte)]
        if cte.modifying:
            return f"modified[{self.modifying_ctes[id(cte)]!r}]"
        name = self.cte_functions.get(id(cte))
        if name is None:
            raise PgError("XX000", f"WITH query {cte.name} is out of reach")
        return f"{name}()"

    def row_key(self, columns: list[tuple[int, int, int]]) -> str:
        """Name of a function row -> hashable, or None when rows hash as they are."""
        if all(self.catalog.base_type(c[0]) in PLAIN for c in columns):
            return "None"
        codes = [self.hash_key(c[0], f"r[{i}]") for i, c in enumerate(columns)]
        name = self.module.fresh("rk")
        self.function.early(f"def {name}(r): return ({''.join(c + ', ' for c in codes)})")
        return name

    # -- one query -------------------------------------------------------------------------------------------

    def rows_of(self, query: t.Query) -> str:
        """Write the code of a query; returns the name of the list with its visible columns' rows."""
        if query.command != "select":
            raise PgError("0A000", f"{query.command.upper()} is not supported here")
        self.define_ctes(query)
        if query.set_op is not None:
            return self._set_operation(query)
        out = self.module.fresh("o")
        self.emit(f"{out} = []")
        self._mark_versions(query)
        limit, offset = self._limit_names(query)
        visible = len(query.visible_targets)
        targets = list(query.targets)
        # ORDER BY and DISTINCT ON refer to targets by equality; their positions in the row:
        sort_positions = [self._position(targets, item.expr) for item in query.sort]
        on_positions = [self._position(targets, item.expr) for item in query.distinct_on]
        plain_limit = bool(
            limit and not query.sort and not query.distinct and not query.distinct_on and not query.row_marks
        )
        locking = bool(query.row_marks)

        def emit_row() -> None:
            self._emit_targets(query, targets, out, locking, limit if plain_limit else "", offset)

        if plain_limit:
            self.emit(f"if {limit} == 0: return {out}" if self._returns_list() else f"if {limit} != 0:")
            if not self._returns_list():
                self.function.indent += 1
        base_indent = self.function.indent
        if plain_limit:
            # Early exit needs a function of its own to return from.
            step = self.module.fresh("q")

            def write() -> None:
                self._query_body(query, emit_row)

            self.nested_here(step, write)
            self.emit(f"{step}()")
        else:
            self._query_body(query, emit_row)
        self.function.indent = base_indent
        if plain_limit:
            self.function.indent = 1 if self.function.indent < 1 else self.function.indent
        if query.sort:
            self._sort(out, query.sort, sort_positions)
        if query.distinct_on:
            keys = "".join([self.hash_key(targets[p].expr.type, f"r[{p}]") + ", " for p in on_positions])
            self.emit(f"{out} = windows.distinct_on({out}, lambda r: ({keys}))")
        elif query.distinct:
            key = self.row_key([(x.expr.type, x.expr.typmod, 0) for x in targets[:visible]])
            if any(x.junk for x in targets):
                key_function = key if key != "None" else f"(lambda r: r[:{visible}])"
                self.emit(f"{out} = windows.distinct_rows({out}, {key_function}, set())[0]")
            else:
                self.emit(f"{out} = windows.distinct_rows({out}, {key}, set())[0]")
        if locking:
            return self._lock_rows(query, out, limit, offset, visible)
        if not plain_limit:
            if query.limit_ties and limit:
                positions = ", ".join([str(p) for p in sort_positions])
                key = "".join([self.hash_key(targets[p].expr.type, f"r[{p}]") + ", " for p in sort_positions])
                _ = positions
                self.emit(f"{out} = windows.limit_ties({out}, {limit}, {offset or 'None'}, lambda r: ({key}))")
            elif limit or offset:
                self.emit(f"{out} = windows.limited({out}, {limit or 'None'}, {offset or 'None'})")
        if len(targets) > visible:
            self.emit(f"{out} = [r[:{visible}] for r in {out}]")
        return out

    def _returns_list(self) -> bool:
        return False

    def nested_here(self, name: str, write: Callable[[], None]) -> None:
        """A nested function that shares the present scope (it is part of the same query)."""
        outer = self.function
        depth = self.loop_depth
        inner = Function(name, "", outer)
        self.function = inner
        self.loop_depth = 0
        write()
        self.function = outer
        self.loop_depth = depth
        pad = self.function.indent
        for line in inner.lines():
            self.function.body.append("    " * pad + line)

    def _mark_versions(self, query: t.Query) -> None:
        """Which entries' loops must keep the row version: system columns, locked rows."""
        for expr in t.query_expressions(query):
            for node in t.walk(expr):
                if isinstance(node, t.Var) and -6 < node.attno < 0:
                    self.need_version.add(id(node.rte))
                if isinstance(node, t.SubLink):
                    self._mark_outer_versions(node.query)
        for mark in query.row_marks:
            self.need_version.add(id(mark.rte))
        for entry in query.entries:
            if entry.kind == "subquery" and entry.query is not None:
                for expr in t.query_expressions(entry.query):
                    for node in t.walk(expr):
                        if isinstance(node, t.Var) and -6 < node.attno < 0:
                            self.need_version.add(id(node.rte))

    def _mark_outer_versions(self, query: t.Query) -> None:
        for expr in t.query_expressions(query):
            for node in t.walk(expr):
                if isinstance(node, t.Var) and -6 < node.attno < 0:
                    self.need_version.add(id(node.rte))
                if isinstance(node, t.SubLink):
                    self._mark_outer_versions(node.query)

    def _limit_names(self, query: t.Query) -> tuple[str, str]:
        limit = offset = ""
        if query.limit is not None:
            limit = self.module.fresh("lim")
            self.emit(f"{limit} = helpers.limit_count({self.value(query.limit)}, 'LIMIT')")
        if query.offset is not None:
            offset = self.module.fresh("off")
            self.emit(f"{offset} = helpers.limit_count({self.value(query.offset)}, 'OFFSET')")
        return limit, offset

    @staticmethod
    def _position(targets: list[t.Target], expr: t.Expr) -> int:
        for i, target in enumerate(targets):
            if target.expr is expr:
                return i
        for i, target in enumerate(targets):
            if t.equal(target.expr, expr):
                return i
        targets.append(t.Target(expr=expr, name="?column?", junk=True))
        return len(targets) - 1

    def _sort(self, out: str, items: list[t.SortItem], positions: list[int]) -> None:
        keys = []
        for item, position in zip(items, positions, strict=True):
            key = self.sort_key_function(item.expr.type)
            keys.append(f"({position}, {key}, {item.descending}, {item.nulls_first})")
        if (
            len(items) == 1
            and not self.nullable(items[0].expr)
            and self.sort_key_function(items[0].expr.type) == "None"
        ):
            self.emit(f"{out}.sort(key=windows.itemgetter({positions[0]}), reverse={items[0].descending})")
            return
        self.emit(f"helpers.sort_rows({out}, ({', '.join(keys)},))")

    def _query_body(self, query: t.Query, emit_row: Callable[[], None]) -> None:
        aggs = self._aggregates_of(query)
        if aggs or query.group or query.grouping_sets is not None or query.having is not None:
            self._grouped(query, aggs, lambda: self._windowed(query, emit_row))
        elif query.has_windows:
            self._windowed(query, emit_row, source=True)
        else:
            self.produce(query.from_items, query.where, emit_row)

    def _emit_targets(
        self, query: t.Query, targets: list[t.Target], out: str, locking: bool, limit: str, offset: str
    ) -> None:
        sets = self._set_nodes(targets) if query.has_srf else []
        if sets:
            self._expand_sets(sets)
        codes = [self.value(x.expr) for x in targets]
        row = "(" + "".join([c + ", " for c in codes]) + ")"
        if locking:
            names = self._row_variables(query)
            row = f"({row}, ({''.join(n + ', ' for n in names)}))"
        if limit:
            if offset:
                counter = self.module.fresh("n")
                self.function.early(f"{counter} = 0")
                self.emit(f"{counter} += 1")
                if self.loop_depth:
                    self.emit(f"if {offset} is not None and {counter} <= {offset}: continue")
                else:
                    self.emit(f"if {offset} is None or {counter} > {offset}:")
                    self.function.indent += 1
            self.emit(f"{out}.append({row})")
            self.emit(f"if {limit} is not None and len({out}) >= {limit}: return")
        else:
            self.emit(f"{out}.append({row})")

    def _row_variables(self, query: t.Query) -> list[str]:
        names: list[str] = []
        for item in query.from_items:
            names.extend(self._variables(item))
        return names

    # -- set-returning columns -------------------------------------------------------------------------------

    def _set_nodes(self, targets: list[t.Target]) -> list[t.FuncExpr]:
        found: list[t.FuncExpr] = []

        def visit(node: t.Expr) -> None:
            if isinstance(node, t.FuncExpr) and node.func.proretset:
                for existing in found:
                    if existing is node:
                        return
                found.append(node)
                return
            if isinstance(node, (t.Var, t.Const, t.CaseTest, t.SubLink)):
                return
            for child in t.children(node):
                visit(child)

        for target in targets:
            visit(target.expr)
        return found

    def _expand_sets(self, sets: list[t.FuncExpr]) -> None:
        """One loop over the row sets of the outermost calls, which advance together; inner calls loop outside."""
        inner: list[t.FuncExpr] = []
        for node in sets:
            for child in t.children(node):
                for n in t.walk(child):
                    if isinstance(n, t.FuncExpr) and n.func.proretset:
                        inner.append(n)
        if inner:
            self._expand_sets([n for n in inner if not any(n is not m and self._contains(m, n) for m in inner)])
        codes = []
        for node in sets:
            code = self.call_set(node)
            codes.append(code)
        if len(codes) == 1:
            name = self.module.fresh("s")
            self.loop(f"{name} in {codes[0]} or ()")
            self.scope.sets[id(sets[0])] = name
            return
        names = [self.module.fresh("s") for _ in codes]
        self.loop(f"({', '.join(names)},) in helpers.lockstep(({', '.join(codes)},))")
        for node, name in zip(sets, names, strict=True):
            self.scope.sets[id(node)] = name

    @staticmethod
    def _contains(outer: t.Expr, inner: t.Expr) -> bool:
        return any(n is inner for c in t.children(outer) for n in t.walk(c))

    # -- grouping --------------------------------------------------------------------------------------------

    def _aggregates_of(self, query: t.Query) -> list[Any]:
        """Aggregates and GROUPING calls that belong to this query, sub-links' arguments included."""
        found: list[Any] = []

        def visit(expr: Any, depth: int) -> None:
            for node in t.walk(expr):
                if isinstance(node, (t.Aggref, t.Grouping)) and node.levels == depth:
                    if not any(n is node for n in found):
                        found.append(node)
                if isinstance(node, t.SubLink):
                    visit_query(node.query, depth + 1)

        def visit_query(inner: t.Query, depth: int) -> None:
            for expr in t.query_expressions(inner):
                visit(expr, depth)
            for entry in inner.entries:
                if entry.kind == "subquery" and entry.query is not None:
                    visit_query(entry.query, depth + 1)

        for target in query.targets:
            visit(target.expr, 0)
        if query.having is not None:
            visit(query.having, 0)
        for window in query.windows:
            for item in (*window.partition, *window.order):
                visit(item.expr, 0)
        for item in (*query.sort, *query.distinct_on):
            visit(item.expr, 0)
        return found

    def _grouped(self, query: t.Query, aggs: list[Any], consume: Callable[[], None]) -> None:
        """Collect each group's arguments in lists, then finish group by group."""
        plans: list[aggregates.Plan] = []
        by_node: list[tuple[Any, int]] = []
        for node in aggs:
            if isinstance(node, t.Grouping):
                continue
            for i, plan in enumerate(plans):
                if t.equal(plan.node, node):
                    by_node.append((node, i))
                    break
            else:
                by_node.append((node, len(plans)))
                plans.append(aggregates.Plan(node))
        keys = query.group
        key_names = [self.module.fresh("gk") for _ in keys]
        groups = self.module.fresh("groups")
        row_vars: list[str] = []
        slots = len(plans)
        sets = query.grouping_sets
        dependent = self._dependent_rows(query)
        emit = self.function.emit
        make_lists = ", ".join(["[]"] * slots)
        if sets is not None:
            source = self.module.fresh("gs")
            emit(f"{source} = []")

            def gather() -> None:
                cells = [self.value(k) for k in keys]
                hashed = [self.hash_key(k.type, self.value(k)) for k in keys]
                arguments = [plan.argument(self) for plan in plans]
                rows = self._row_tuple(query, row_vars, dependent)
                self.emit(
                    f"{source}.append((({''.join(c + ', ' for c in cells)}), ({''.join(h + ', ' for h in hashed)}), "
                    f"({''.join(a + ', ' for a in arguments)}), {rows}))"
                )

            saved = self.function.indent, self.loop_depth
            self.produce(query.from_items, query.where, gather)
            self.function.indent, self.loop_depth = saved
            skips = tuple([plan.skip_none for plan in plans])
            emit(f"{groups} = windows.grouping_sets({source}, {sets!r}, {len(keys)}, {skips!r})")
            which = self.module.fresh("gset")
            lists = self.module.fresh("ga")
            self.loop(f"({which}, ({''.join(k + ', ' for k in key_names)}), {lists}, gr) in {groups}")
            for node in aggs:
                if isinstance(node, t.Grouping):
                    numbers = []
                    for arg in node.args:
                        numbers.append(next(i for i, k in enumerate(keys) if t.equal(k, arg)))
                    self.scope.aggregates[id(node)] = f"windows.grouping_mask({which}, {tuple(numbers)!r})"
        elif keys:
            lists = self.module.fresh("ga")
            emit(f"{groups} = {{}}")

            def accumulate() -> None:
                hashed = []
                for k, name in zip(keys, key_names, strict=True):
                    code = self.value(k)
                    self.emit(f"{name} = {code}")
                    hashed.append(self.hash_key(k.type, name))
                key = hashed[0] if len(hashed) == 1 else "(" + ", ".join(hashed) + ")"
                temp = self.temp()
                self.emit(f"{temp} = {key}")
                self.emit(f"{lists} = {groups}.get({temp})")
                rows = self._row_tuple(query, row_vars, dependent)
                inner = f"[({''.join(n + ', ' for n in key_names)}), {rows}{', ' + make_lists if make_lists else ''}]"
                self.emit(f"if {lists} is None: {lists} = {groups}[{temp}] = {inner}")
                for i, plan in enumerate(plans):
                    plan.collect(self, f"{lists}[{i + 2}]")

            saved = self.function.indent, self.loop_depth
            self.produce(query.from_items, query.where, accumulate)
            self.function.indent, self.loop_depth = saved
            self.loop(f"{lists} in {groups}.values()")
            self.emit(f"({''.join(n + ', ' for n in key_names)}), gr, *{lists} = {lists}")
            for node in aggs:
                if isinstance(node, t.Grouping):
                    self.scope.aggregates[id(node)] = "0"
        else:
            columns = [self.module.fresh("ac") for _ in plans]
            for column in columns:
                emit(f"{column} = []")

            def append() -> None:
                for plan, column in zip(plans, columns, strict=True):
                    plan.collect(self, column)
                if not plans:
                    self.emit("pass")

            saved = self.function.indent, self.loop_depth
            self.produce(query.from_items, query.where, append)
            self.function.indent, self.loop_depth = saved
            lists = self.module.fresh("ga")
            emit(f"{lists} = ({''.join(c + ', ' for c in columns)})")
            for node in aggs:
                if isinstance(node, t.Grouping):
                    self.scope.aggregates[id(node)] = "0"
        if dependent and keys:
            self.emit(f"({''.join(v + ', ' for v in row_vars)}) = gr")
            for item in query.from_items:
                self._bind_versions(item)
        # From here on, group keys and aggregates are names.
        self.scope.aggregated = True
        self.scope.groups = list(zip(keys, key_names, strict=True))
        names = []
        for i, plan in enumerate(plans):
            name = self.module.fresh("a")
            names.append(name)
            plan.finish(self, name, f"{lists}[{i}]")
        for node, i in by_node:
            self.scope.aggregates[id(node)] = names[i]
        if query.having is not None:
            self.test(self.condition(query.having))
        consume()
        self.scope.groups = []
        self.scope.aggregated = False

    def _row_tuple(self, query: t.Query, row_vars: list[str], dependent: bool) -> str:
        if not dependent:
            return "None"
        row_vars[:] = self._row_variables(query)
        return f"({''.join(v + ', ' for v in row_vars)})"

    def _dependent_rows(self, query: t.Query) -> bool:
        """Are columns used outside aggregates that are not group keys themselves (functional dependency)?"""

        def visit(expr: Any) -> bool:
            if any(t.equal(expr, k) for k in query.group):
                return False
            if isinstance(expr, (t.Aggref, t.Grouping)) and expr.levels == 0:
                return False
            if isinstance(expr, t.Var):
                return expr.levels == 0
            if isinstance(expr, t.SubLink):
                found: set[int] = set()
                self.collect_query(expr.query, found)
                return bool(found & {id(e) for e in query.entries}) or any(visit(x) for x in expr.test_left)
            return any(visit(c) for c in t.children(expr))

        exprs: list[Any] = [x.expr for x in query.targets]
        if query.having is not None:
            exprs.append(query.having)
        for window in query.windows:
            exprs.extend([i.expr for i in (*window.partition, *window.order)])
        return bool(query.group) and any(visit(e) for e in exprs)

    # -- windows ---------------------------------------------------------------------------------------------

    def _windowed(self, query: t.Query, consume: Callable[[], None], source: bool = False) -> None:
        """Collect the rows with what the window functions need, compute their columns, go on row by row."""
        if not query.has_windows:
            consume()
            return
        nodes: list[t.WindowFunc] = []
        for expr in [x.expr for x in query.targets] + [i.expr for i in (*query.sort, *query.distinct_on)]:
            for node in t.walk(expr):
                if isinstance(node, t.WindowFunc) and not any(n is node for n in nodes):
                    nodes.append(node)
        base_indent, base_depth = (1, 0)
        rows = self.module.fresh("wr")
        variables: list[str] = []
        names: dict[int, str] = {}
        self.function.early(f"{rows} = []")
        specs: list[str] = []

        def gather() -> None:
            if source:
                variables.extend(self._row_variables(query))
            else:
                variables.extend([n for _, n in self.scope.groups])
                variables.extend(sorted(set(self.scope.aggregates.values()) & self._assigned()))
                if self._dependent_rows(query):
                    variables.extend(self._row_variables(query))
            cells = []
            for node in nodes:
                w = node.window
                part = "".join([self.hash_key(i.expr.type, self.value(i.expr)) + ", " for i in w.partition])
                order = "".join([self.value(i.expr) + ", " for i in w.order])
                args = "".join([self.value(a) + ", " for a in node.args])
                keep = self.condition(node.filter) if node.filter is not None else "True"
                cells.append(f"(({part}), ({order}), ({args}), {keep})")
            self.emit(
                f"{rows}.append((({''.join(v + ', ' for v in variables)}), ({''.join(c + ', ' for c in cells)})))"
            )

        saved = self.function.indent, self.loop_depth
        if source:
            self.produce(query.from_items, query.where, gather)
            self.function.indent, self.loop_depth = saved
        else:
            gather()
            self.function.indent, self.loop_depth = base_indent, base_depth
        for node in nodes:
            name = self.module.fresh("wc")
            names[id(node)] = name
            specs.append(name)
        for i, node in enumerate(nodes):
            w = node.window
            order_keys = ", ".join(
                [f"({self.sort_key_function(x.expr.type)}, {x.descending}, {x.nulls_first})" for x in w.order]
            )
            options, start, end = w.frame
            start_code = self.value(start) if start is not None else "None"
            end_code = self.value(end) if end is not None else "None"
            function = self.module.constant(windows.window_function(self.catalog, node), "wf")
            self.emit(
                f"{specs[i]} = windows.compute({rows}, {i}, ({order_keys}{',' if w.order else ''}), {options}, "
                f"{start_code}, {end_code}, {function}, ctx)"
            )
        columns = "".join([s + ", " for s in specs])
        targets = "".join([f"{self.module.fresh('wv')}, " for _ in specs])
        values = [x.strip() for x in targets.split(",") if x.strip()]
        order_index = self.module.fresh("wo")
        self.emit(f"{order_index} = windows.output_order({rows}, ({columns}))")
        row_vars = f"({''.join(v + ', ' for v in variables)})" if variables else "_"
        self.loop(f"{row_vars}, ({targets}) in {order_index}")
        if source or self._dependent_rows(query):
            for item in query.from_items:
                self._bind_versions(item)
        for node, value in zip(nodes, values, strict=True):
            self.scope.windows[id(node)] = value
        consume()

    def _assigned(self) -> set[str]:
        return {n for n in self.scope.aggregates.values() if n.isidentifier()}

    # -- set operations --------------------------------------------------------------------------------------

    def _set_operation(self, query: t.Query) -> str:
        limit, offset = self._limit_names(query)
        tree = query.set_op
        assert tree is not None
        out = self._set_node(tree)
        if query.sort:
            positions = [self._position(list(query.targets), i.expr) for i in query.sort]
            fresh = self.module.fresh("o")
            self.emit(f"{fresh} = list({out})")
            out = fresh
            keys = []
            for item, position in zip(query.sort, positions, strict=True):
                key = self.sort_key_function(item.expr.type)
                keys.append(f"({position}, {key}, {item.descending}, {item.nulls_first})")
            self.emit(f"helpers.sort_rows({out}, ({', '.join(keys)},))")
        if limit or offset:
            if query.limit_ties and limit:
                positions = [self._position(list(query.targets), i.expr) for i in query.sort]
                key = "".join([self.hash_key(query.targets[p].expr.type, f"r[{p}]") + ", " for p in positions])
                self.emit(f"{out} = windows.limit_ties({out}, {limit}, {offset or 'None'}, lambda r: ({key}))")
            else:
                self.emit(f"{out} = windows.limited({out}, {limit or 'None'}, {offset or 'None'})")
        return out

    def _set_node(self, node: Any) -> str:
        if isinstance(node, t.RangeEntry):
            name = self.subquery_function(node.query)
            out = self.module.fresh("o")
            self.emit(f"{out} = {name}()")
            return out
        left = self._set_node(node.left)
        right = self._set_node(node.right)
        out = self.module.fresh("o")
        key = self.row_key(node.columns)
        if node.op == "union":
            if node.all:
                self.emit(f"{out} = [*{left}, *{right}]")
            else:
                self.emit(f"{out} = windows.distinct_rows([*{left}, *{right}], {key}, set())[0]")
        else:
            identity = key if key != "None" else "windows.identity"
            self.emit(f"{out} = helpers.set_difference({left}, {right}, {identity}, {node.op!r}, {node.all})")
        return out

    # -- sub-queries in expressions --------------------------------------------------------------------------

    def sublink(self, e: t.SubLink) -> str:
        name = self.query_functions.get(id(e))
        if e.kind == "exists":
            if name is None:
                name = self._exists_function(e.query)
            return f"{name}()"
        if e.kind == "expr" or e.kind == "row":
            if name is None:
                name = self._scalar_function(e.query)
            if e.kind == "expr":
                return f"{name}()[0]"
            return self._row_sublink(e, name)
        if e.kind == "array":
            name = self.subquery_function(e.query)
            is_array = bool(self.catalog.element_type(e.query.visible_targets[0].expr.type))
            return f"helpers.array_of([r[0] for r in {name}()], {is_array})"
        if e.kind in ("any", "all"):
            return self._quantified(e)
        raise PgError("0A000", f"a {e.kind} sub-query is not supported here", location=e.location)

    def _simple(self, query: t.Query) -> bool:
        return (
            query.set_op is None
            and not query.sort
            and not query.distinct
            and not query.distinct_on
            and query.limit is None
            and query.offset is None
            and not query.has_windows
            and not query.has_srf
            and not query.row_marks
            and not query.ctes
            and not self._aggregates_of(query)
            and not query.group
            and query.having is None
            and query.grouping_sets is None
        )

    def _exists_function(self, query: t.Query) -> str:
        name = self.module.fresh("q")
        correlated = self.is_correlated(query)
        memo = "" if correlated else self.module.fresh("c")
        if memo:
            self.function.early(f"{memo} = []")
        simple = self._simple(query)

        def write() -> None:
            self._mark_versions(query)
            if memo:
                self.function.early(f"if {memo}: return {memo}[0]")
            if simple:

                def found() -> None:
                    if memo:
                        self.emit(f"{memo}.append(True)")
                    self.emit("return True")

                self.produce(query.from_items, query.where, found)
                self.function.indent = 1
                if memo:
                    self.emit(f"{memo}.append(False)")
                self.emit("return False")
            else:
                out = self.rows_of(query)
                if memo:
                    self.emit(f"{memo}.append(bool({out}))")
                self.emit(f"return bool({out})")

        self.nested(name, "", write)
        return name

    def _scalar_function(self, query: t.Query) -> str:
        """A function giving the one row of a sub-query as a tuple, (None, ...) when there is none."""
        name = self.module.fresh("q")
        memo = "" if self.is_correlated(query) else self.module.fresh("c")
        if memo:
            self.function.early(f"{memo} = []")
        width = len(query.visible_targets)

        def write() -> None:
            if memo:
                self.function.early(f"if {memo}: return {memo}[0]")
            out = self.rows_of(query)
            self.emit(f"if len({out}) > 1: helpers.more_than_one_row()")
            self.emit(f"{out} = {out}[0] if {out} else {(None,) * width!r}")
            if memo:
                self.emit(f"{memo}.append({out})")
            self.emit(f"return {out}")

        self.nested(name, "", write)
        return name

    def _row_sublink(self, e: t.SubLink, name: str) -> str:
        row = self.temp()
        width = len(e.query.visible_targets)
        self.subparams.append([f"{row}[{i}]" for i in range(width)])
        assert e.test is not None
        code = self.value(e.test)
        self.subparams.pop()
        return f"(({row} := {name}()), {code})[1]"

    def _quantified(self, e: t.SubLink) -> str:
        """x op ANY/ALL (SELECT ...): a set for plain equality, else a loop in a function."""
        test = e.test
        assert test is not None
        correlated = self.is_correlated(e.query)
        column = e.query.visible_targets[0].expr.type
        is_equality = (
            type(test) is t.OpExpr
            and test.op.oprname == "="
            and isinstance(test.args[1], t.SubParam)
            and test.op.oprcanhash
            and self._same_keys(test.args[0].type, column)
        )
        negated_all = (
            e.kind == "all"
            and type(test) is t.OpExpr
            and test.op.oprname == "<>"
            and isinstance(test.args[1], t.SubParam)
            and self._same_keys(test.args[0].type, column)
        )
        name = self.subquery_function(e.query)
        if (is_equality and e.kind == "any") or negated_all:
            members = self.module.fresh("c")
            holder = self.module.fresh("q")
            key = self.hash_key(column, "r[0]")
            self.function.early(f"{members} = []")
            self.function.early(f"def {holder}():")
            if not correlated:
                self.function.early(f"if {members}: return {members}[0]", 2)
            self.function.early(f"s = {{{key} for r in {name}()}}", 2)
            self.function.early("n = None in s", 2)
            self.function.early("s.discard(None)", 2)
            if not correlated:
                self.function.early(f"{members}.append((s, n))", 2)
            self.function.early("return s, n", 2)
            left = self.hash_key(column, self.value(test.args[0]))  # type: ignore[attr-defined]
            helper = "in_set" if e.kind == "any" else "not_in_set"
            return f"windows.{helper}({left}, *{holder}())"
        row = self.temp()
        width = len(e.query.visible_targets)
        function = self.module.fresh("q")
        outer = self

        def write() -> None:
            outer.subparams.append([f"{row}[{i}]" for i in range(width)])
            code = outer.value(test)
            outer.subparams.pop()
            outer.emit("unknown = False")
            outer.emit(f"for {row} in {name}():")
            outer.emit(f"    found = {code}")
            outer.emit("    if found is None: unknown = True")
            if e.kind == "any":
                outer.emit("    elif found: return True")
                outer.emit("return None if unknown else False")
            else:
                outer.emit("    elif not found: return False")
                outer.emit("return None if unknown else True")

        scope = self.scope
        self.nested(function, "", write)
        self.scope = scope
        return f"{function}()"

    # -- row locks -------------------------------------------------------------------------------------------

    def recheck_function(
        self, query_items: list[Any], where: t.Expr | None, targets: list[t.Target], names: list[str]
    ) -> str:
        """A function of the row variables giving the output row, or None if the rows no longer qualify."""
        function = self.module.fresh("recheck")
        quals: list[t.Expr] = []

        def collect(item: Any) -> None:
            if isinstance(item, t.Join):
                collect(item.left)
                collect(item.right)
                if item.kind == "inner" and item.quals is not None:
                    quals.append(item.quals)
            elif id(item) in self.merged:
                for sub in item.query.from_items:
                    collect(sub)
                if item.query.where is not None:
                    quals.append(item.query.where)

        for item in query_items:
            collect(item)
        if where is not None:
            quals.append(where)
        outer = self.function
        inner = Function(function, ", ".join(names), outer)
        depth = self.loop_depth
        self.function = inner
        self.loop_depth = 0
        for item in query_items:
            self._bind_versions(item)
        if quals:
            self.emit(f"if not ({' and '.join([self.condition(q) for q in quals])}): return None")
        row = "(" + "".join([self.value(x.expr) + ", " for x in targets]) + ")"
        self.emit(f"return {row}")
        self.function = outer
        self.loop_depth = depth
        pad = 1
        for line in inner.lines():
            outer.body.append("    " * pad + line)
        return function

    def _lock_rows(self, query: t.Query, out: str, limit: str, offset: str, visible: int) -> str:
        """FOR UPDATE and its like: rows are locked in output order, LIMIT counts those that were locked."""
        names = self._row_variables(query)
        recheck = self.recheck_function(query.from_items, query.where, query.targets, names)
        marks = []
        for mark in query.row_marks:
            version = self.versions.get(id(mark.rte))
            if version is None or version not in names:
                continue
            relation = self.module.constant(mark.rte.relation, "rel")
            marks.append(f"({names.index(version)}, {relation}, {mark.strength}, {mark.wait!r})")
        result = self.module.fresh("o")
        self.emit(
            f"{result} = rt.lock_rows({out}, ({', '.join(marks)}{',' if marks else ''}), {recheck}, "
            f"{limit or 'None'}, {offset or 'None'}, {visible})"
        )
        return result


__all__ = ["SelectCompiler", "oids"]
