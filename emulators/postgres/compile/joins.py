"""FROM and WHERE as nested Python loops: access paths, join order, hash joins, outer joins.

Inner joins and WHERE are taken apart into units (range-table entries, outer joins) and conditions; simple sub-queries
and views are merged into their parent. Units are taken greedily: what an index reaches from the rows bound so far comes
first, then hash joins, then nested loops over lists that were filtered once. A condition is tested as soon as
everything it mentions is bound. Hash tables and filtered lists are built in the function's prologue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import tree as t
from emulators.postgres.compile.expressions import PLAIN, ExpressionCompiler
from emulators.postgres.errors import PgError
from emulators.postgres.execute import helpers


class Condition:
    """One ANDed condition with the entries it mentions; `used` once it is tested or implied by an access path."""

    __slots__ = ("entries", "expr", "used", "volatile")

    def __init__(self, expr: t.Expr, entries: set[int]) -> None:
        self.expr = expr
        self.entries = entries
        self.used = False
        self.volatile = False


class Access:
    """How a relation is reached: cost class and what is needed to write the loop."""

    __slots__ = ("conditions", "cost", "index", "keys", "kind", "range")

    def __init__(self, kind: str, cost: int) -> None:
        self.kind = kind
        self.cost = cost
        self.index: Any = None
        self.keys: list[t.Expr] = []
        self.conditions: list[Condition] = []
        self.range: Any = None


class JoinCompiler(ExpressionCompiler):
    """Produces the loops over a query's FROM."""

    def __init__(self, catalog: Any) -> None:
        super().__init__(catalog)
        self.need_version: set[int] = set()
        self.cte_functions: dict[int, str] = {}
        self.loop_depth = 0
        self.root = self.function
        self.excluded_from_index: set[int] = set()

    # -- taking FROM apart -----------------------------------------------------------------------------------

    def units(self, items: list[Any], conditions: list[t.Expr]) -> list[Any]:
        """Leaves of the inner-join tree; join conditions are added to `conditions`."""
        out: list[Any] = []
        for item in items:
            if isinstance(item, t.Join):
                if item.kind == "inner":
                    out.extend(self.units([item.left, item.right], conditions))
                    if item.quals is not None:
                        conditions.extend(_ands(item.quals))
                else:
                    out.append(item)
            elif item.kind == "subquery" and not item.nullable and self._mergeable(item.query, item):
                self.merged[id(item)] = item.query.targets
                inner: list[t.Expr] = []
                out.extend(self.units(item.query.from_items, inner))
                if item.query.where is not None:
                    inner.extend(_ands(item.query.where))
                conditions.extend(inner)
            else:
                out.append(item)
        return out

    def _mergeable(self, query: t.Query, entry: t.RangeEntry) -> bool:
        if (
            query.command != "select" or query.set_op is not None or query.has_aggs or query.group
            or query.grouping_sets is not None or query.having is not None or query.has_windows or query.distinct
            or query.distinct_on or query.limit is not None or query.offset is not None or query.ctes
            or query.row_marks or query.has_srf or not query.from_items
        ):  # fmt: skip
            return False
        if query.sort:
            return False
        for target in query.targets:
            for node in t.walk(target.expr):
                if isinstance(node, t.FuncExpr) and (node.func.provolatile == "v" or node.func.proretset):
                    return False
                if isinstance(node, t.SubLink):
                    return False
        return True

    def entries_of(self, expr: Any) -> set[int]:
        """Ids of all range-table entries an expression mentions, through merged sub-queries and into sub-links."""
        found: set[int] = set()
        self._collect(expr, found)
        return found

    def _collect(self, expr: Any, found: set[int]) -> None:
        for node in t.walk(expr):
            if isinstance(node, t.Var):
                merged = self.merged.get(id(node.rte))
                if merged is not None:
                    if node.attno > 0:
                        self._collect(merged[node.attno - 1].expr, found)
                    else:
                        for target in merged:
                            self._collect(target.expr, found)
                else:
                    found.add(id(node.rte))
            elif isinstance(node, t.SubLink):
                self.collect_query(node.query, found)
            elif isinstance(node, t.CurrentOf):
                found.add(id(node.rte))

    def collect_query(self, query: t.Query, found: set[int]) -> None:
        for expr in t.query_expressions(query):
            self._collect(expr, found)
        for entry in query.entries:
            if entry.kind == "subquery" and entry.query is not None:
                self.collect_query(entry.query, found)
        for cte in query.ctes:
            if cte.query is not None:
                self.collect_query(cte.query, found)

    def unit_entries(self, unit: Any) -> set[int]:
        if isinstance(unit, t.Join):
            return self.unit_entries(unit.left) | self.unit_entries(unit.right)
        if id(unit) in self.merged:
            found: set[int] = set()
            for item in unit.query.from_items:
                found |= self.unit_entries(item)
            return found
        return {id(unit)}

    def unit_needs(self, unit: Any) -> set[int]:
        """Entries that a LATERAL unit refers to."""
        found: set[int] = set()
        if isinstance(unit, t.Join):
            found |= self.unit_needs(unit.left) | self.unit_needs(unit.right)
            if unit.quals is not None:
                self._collect(unit.quals, found)
            return found - self.unit_entries(unit)
        if unit.kind == "subquery":
            self.collect_query(unit.query, found)
        elif unit.kind == "function":
            for function in unit.functions:
                self._collect(function.expr, found)
        elif unit.kind == "values":
            for row in unit.values:
                for expr in row:
                    self._collect(expr, found)
        return found

    # -- loops -----------------------------------------------------------------------------------------------

    def produce(self, items: list[Any], where: t.Expr | None, consume: Callable[[], None]) -> None:
        """Write the loops over FROM items with their conditions, and `consume` in the innermost place."""
        exprs: list[t.Expr] = []
        units = self.units(items, exprs)
        if where is not None:
            exprs.extend(_ands(where))
        conditions = [Condition(e, self.entries_of(e)) for e in exprs]
        self.produce_units(units, conditions, set(), consume)

    def produce_units(
        self, units: list[Any], conditions: list[Condition], bound: set[int], consume: Callable[[], None]
    ) -> None:
        local: set[int] = set()
        for unit in units:
            local |= self.unit_entries(unit)
        for condition in conditions:
            condition.entries &= local | bound
        function = self.function
        indent, depth = function.indent, self.loop_depth
        self._test(conditions, bound)
        remaining = list(units)
        while remaining:
            unit, access = self._choose(remaining, conditions, bound, local)
            remaining.remove(unit)
            self._open(unit, access, conditions, bound, local)
            bound = bound | self.unit_entries(unit)
            self._test(conditions, bound)
        consume()
        function.indent, self.loop_depth = indent, depth

    def _test(self, conditions: list[Condition], bound: set[int]) -> None:
        """Emit the tests that can be made now."""
        tests = []
        for condition in conditions:
            if not condition.used and condition.entries <= bound:
                condition.used = True
                code = self.condition(condition.expr)
                if code != "True":
                    tests.append(code)
        if tests:
            self.test(" and ".join(tests))

    def test(self, code: str) -> None:
        function = self.function
        if self.loop_depth:
            function.emit(f"if not ({code}): continue")
        else:
            function.emit(f"if {code}:")
            function.indent += 1

    def loop(self, head: str) -> None:
        self.function.emit(f"for {head}:")
        self.function.indent += 1
        self.loop_depth += 1

    def _choose(
        self, remaining: list[Any], conditions: list[Condition], bound: set[int], local: set[int]
    ) -> tuple[Any, Access]:
        best: tuple[int, int, Any, Access] | None = None
        for position, unit in enumerate(remaining):
            needs = self.unit_needs(unit) & local
            if not needs <= bound:
                continue
            access = self._access(unit, conditions, bound, local)
            rank = (access.cost, position)
            if best is None or rank < best[:2]:
                best = (access.cost, position, unit, access)
        if best is None:
            # LATERAL references that only an outer query satisfies.
            return remaining[0], Access("scan", 9)
        return best[2], best[3]

    def _access(self, unit: Any, conditions: list[Condition], bound: set[int], local: set[int]) -> Access:
        if isinstance(unit, t.Join):
            return Access("join", 6 if not bound else 5)
        if unit.kind != "relation":
            if bound and unit.kind in ("subquery", "cte", "values", "function") and not self.unit_needs(unit) & local:
                keys = self._equalities(unit, conditions, bound)
                if keys:
                    access = Access("hash", 4)
                    access.conditions = [c for c, _, _ in keys]
                    access.keys = [other for _, _, other in keys]
                    return access
            return Access("scan", 5)
        equalities = self._equalities(unit, conditions, bound)
        by_column = {var.attno: (condition, other) for condition, var, other in equalities if isinstance(var, t.Var)}
        best: Access | None = None
        if id(unit) not in self.excluded_from_index and unit.relation.kind in "rm":
            for index in unit.relation.indexes:
                if not index.valid or index.am not in (oids.BTREE_AM, oids.HASH_AM):
                    continue
                if index.predicate is not None and not self._implied(index.predicate, unit, conditions):
                    continue
                width = 0
                while width < index.width and index.keys[width] in by_column and index.keys[width]:
                    width += 1
                if not width:
                    continue
                full = width == index.width and index.unique
                access = Access("index", 0 if full else 1)
                access.index = (index, width)
                access.keys = [by_column[k][1] for k in index.keys[:width]]
                access.conditions = [by_column[k][0] for k in index.keys[:width]]
                if best is None or (access.cost, -width) < (best.cost, -best.index[1]):
                    best = access
            if best is None:
                best = self._range_access(unit, conditions, bound)
        if best is not None:
            return best
        if equalities and bound & local:
            access = Access("hash", 4)
            access.conditions = [c for c, _, _ in equalities]
            access.keys = [other for _, _, other in equalities]
            return access
        return Access("scan", 3 if any(c.entries == {id(unit)} for c in conditions) and not bound & local else 5)

    def _implied(self, predicate: t.Expr, unit: t.RangeEntry, conditions: list[Condition]) -> bool:
        from emulators.postgres.analyze.dml import implies, rebind

        wanted = rebind(predicate, unit)
        parts = _ands(wanted)
        return all(any(implies(c.expr, p) for c in conditions) for p in parts)

    def _equalities(
        self, unit: t.RangeEntry, conditions: list[Condition], bound: set[int]
    ) -> list[tuple[Condition, t.Expr, t.Expr]]:
        """Conditions `expression of unit = expression of bound things`, usable for lookups."""
        out = []
        key = id(unit)
        for condition in conditions:
            e = condition.expr
            if (
                condition.used
                or type(e) is not t.OpExpr
                or len(e.args) != 2
                or e.op.oprname != "="
                or not e.op.oprcanhash
            ):
                continue
            for mine, other in ((e.args[0], e.args[1]), (e.args[1], e.args[0])):
                mine_plain = _strip(mine)
                if unit.kind == "relation" and not (isinstance(mine_plain, t.Var) and mine_plain.rte is unit):
                    resolved = self._resolve(mine_plain)
                    if not (isinstance(resolved, t.Var) and resolved.rte is unit):
                        continue
                    mine_plain = resolved
                mine_entries = self.entries_of(mine)
                if mine_entries != {key}:
                    continue
                other_entries = self.entries_of(other)
                if not other_entries & condition.entries <= bound or key in other_entries:
                    continue
                if not self._same_keys(mine_plain.type, other.type):
                    continue
                if isinstance(mine_plain, t.Var) and mine_plain.attno <= 0:
                    continue
                out.append((condition, mine_plain, other))
                break
        return out

    def _resolve(self, expr: t.Expr) -> t.Expr:
        while isinstance(expr, t.Var) and expr.attno > 0 and id(expr.rte) in self.merged:
            expr = _strip(self.merged[id(expr.rte)][expr.attno - 1].expr)
        return expr

    def _same_keys(self, a: int, b: int) -> bool:
        a, b = self.catalog.base_type(a), self.catalog.base_type(b)
        if a == b:
            return True
        return a in PLAIN and b in PLAIN

    def _range_access(self, unit: t.RangeEntry, conditions: list[Condition], bound: set[int]) -> Access | None:
        """An ordered index on a column that has bounds."""
        bounds: dict[int, dict[str, tuple[t.Expr, bool]]] = {}
        for condition in conditions:
            e = condition.expr
            if condition.used or type(e) is not t.OpExpr or len(e.args) != 2:
                continue
            for mine, other, flip in ((e.args[0], e.args[1], False), (e.args[1], e.args[0], True)):
                column = _strip(mine)
                if not (isinstance(column, t.Var) and column.rte is unit and column.attno > 0):
                    continue
                op = e.op.oprname
                if op not in ("<", "<=", ">", ">="):
                    continue
                if not self.entries_of(other) & condition.entries <= bound or not self._same_keys(
                    column.type, other.type
                ):
                    continue
                if self.sort_key_function(column.type) != "None":
                    continue
                if flip:
                    op = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
                side = "low" if op in (">", ">=") else "high"
                bounds.setdefault(column.attno, {}).setdefault(side, (other, op.endswith("=")))
                break
        for index in unit.relation.indexes:
            if index.am == oids.BTREE_AM and index.valid and index.keys[0] in bounds and index.predicate is None:
                access = Access("range", 2)
                access.index = (index, 1)
                access.range = bounds[index.keys[0]]
                return access
        return None

    # -- opening one unit ------------------------------------------------------------------------------------

    def _open(self, unit: Any, access: Access, conditions: list[Condition], bound: set[int], local: set[int]) -> None:
        if isinstance(unit, t.Join):
            self._open_join(unit, conditions, bound)
            return
        own = [c for c in conditions if not c.used and c.entries == {id(unit)} and not self._has_sublink(c.expr)]
        name = self.module.fresh("r")
        self.rows[id(unit)] = name
        if unit.kind == "relation":
            self._open_relation(unit, access, conditions, own, bound, local, name)
            return
        source = self._source(unit, bool(self.unit_needs(unit) & local))
        if access.kind == "hash":
            self._hash(unit, access, own, name, source)
        else:
            if self.loop_depth and not self.unit_needs(unit) & local:
                # Inside other loops the rows are filtered once.
                listed = self.module.fresh("l")
                self.function.early(f"{listed} = {source}")
                tests = self._take(own)
                if tests:
                    self.function.early(f"{listed} = [{name} for {name} in {listed} if {tests}]")
                source = listed
            self.loop(f"{name} in {source}")

    def _has_sublink(self, expr: t.Expr) -> bool:
        return any(isinstance(n, t.SubLink) for n in t.walk(expr))

    def _take(self, own: list[Condition]) -> str:
        codes = []
        for condition in own:
            condition.used = True
            codes.append(self.condition(condition.expr))
        return " and ".join(codes)

    def heap_name(self, unit: t.RangeEntry) -> str:
        name = self.module.fresh("h")
        relation = unit.relation
        if relation.kind == "S":
            self.function.early(f"{name} = rt.sequence_heap({relation.oid})")
        else:
            self.function.early(f"{name} = rt.heap({relation.oid}, {relation.filenode})")
        return name

    def _open_relation(
        self,
        unit: t.RangeEntry,
        access: Access,
        conditions: list[Condition],
        own: list[Condition],
        bound: set[int],
        local: set[int],
        name: str,
    ) -> None:
        relation = unit.relation
        if relation.kind not in "rmtS":
            raise PgError("0A000", f"reading {relation.name} (kind {relation.kind}) is not supported by this emulator")
        needs_version = id(unit) in self.need_version
        heap = self.heap_name(unit)
        version = ""
        if needs_version or access.kind in ("index", "range"):
            version = self.module.fresh("v")
            if needs_version:
                self.versions[id(unit)] = version
        if access.kind in ("index", "range"):
            index, width = access.index
            index_name = self.module.fresh("x")
            constant = self.module.constant(index, "ix")
            self.function.early(f"{index_name} = rt.index({self.module.constant(relation, 'rel')}, {constant})")
            if access.kind == "index":
                getter = self.module.fresh("g")
                self.function.early(f"{getter} = {index_name}.prefix_map({width}).get")
                parts = []
                checks = []
                for key_expr, attno in zip(access.keys, index.keys, strict=False):
                    code = self.hash_key(relation.columns[attno - 1].type, self.value(key_expr))
                    if self.nullable(key_expr):
                        if not self.is_atom(code):
                            temp = self.temp()
                            self.emit(f"{temp} = {code}")
                            code = temp
                        checks.append(f"{code} is not None")
                    parts.append(code)
                if checks:
                    self.test(" and ".join(checks))
                key = parts[0] if width == 1 else "(" + ", ".join(parts) + ",)"
                self.loop(f"{version} in {getter}({key}, ())")
                for condition in access.conditions:
                    condition.used = True
            else:
                low = access.range.get("low")
                high = access.range.get("high")
                codes = []
                checks = []
                for part in (low, high):
                    if part is None:
                        codes.append("None, True")
                        continue
                    code = self.value(part[0])
                    if self.nullable(part[0]):
                        if not self.is_atom(code):
                            temp = self.temp()
                            self.emit(f"{temp} = {code}")
                            code = temp
                        checks.append(f"{code} is not None")
                    codes.append(f"{code}, {part[1]}")
                if checks:
                    self.test(" and ".join(checks))
                self.loop(f"{version} in {index_name}.between({', '.join(codes)})")
            self.function.emit(f"if {version}.state and not visible({version}): continue")
            self.function.emit(f"{name} = {version}.data")
            return
        if access.kind == "hash":
            source = f"{heap}.visible(snap)" if needs_version else f"{heap}.rows(snap)"
            self._hash(unit, access, own, name, source, version if needs_version else "")
            return
        if self.loop_depth:
            listed = self.module.fresh("l")
            if needs_version:
                self.function.early(f"{listed} = {heap}.visible(snap)")
            else:
                tests = self._take(own)
                rows = f"{heap}.rows(snap)"
                self.function.early(
                    f"{listed} = [{name} for {name} in {rows} if {tests}]" if tests else f"{listed} = {rows}"
                )
            if needs_version:
                self.loop(f"{version} in {listed}")
                self.function.emit(f"{name} = {version}.data")
            else:
                self.loop(f"{name} in {listed}")
            return
        if needs_version:
            self.loop(f"{version} in {heap}.visible(snap)")
            self.function.emit(f"{name} = {version}.data")
        else:
            self.loop(f"{name} in {heap}.rows(snap)")

    def _hash(
        self, unit: t.RangeEntry, access: Access, own: list[Condition], name: str, source: str, version: str = ""
    ) -> None:
        """A hash table over the unit's rows, built in the prologue, probed with the bound side."""
        function = self.function
        table = self.module.fresh("d")
        mine: list[str] = []
        probe: list[str] = []
        used = []
        for condition, other in zip(access.conditions, access.keys, strict=True):
            e = condition.expr
            assert isinstance(e, t.OpExpr)
            my_side = e.args[0] if e.args[1] is other else e.args[1]
            mine.append(self.hash_key(my_side.type, self.value(my_side)))
            probe.append(self.hash_key(other.type, self.value(other)))
            used.append(condition)
        own = [c for c in own if c not in used]
        tests = self._take(own)
        function.early(f"{table} = {{}}")
        function.early(f"for {version or name} in {source}:")
        if version:
            function.early(f"{name} = {version}.data", 2)
        if tests:
            function.early(f"if not ({tests}): continue", 2)
        key_names = []
        for code in mine:
            temp = self.temp()
            function.early(f"{temp} = {code}", 2)
            function.early(f"if {temp} is None: continue", 2)
            key_names.append(temp)
        key = key_names[0] if len(key_names) == 1 else "(" + ", ".join(key_names) + ")"
        entry = self.temp()
        function.early(f"{entry} = {table}.get({key})", 2)
        function.early(f"if {entry} is None: {table}[{key}] = [{version or name}]", 2)
        function.early(f"else: {entry}.append({version or name})", 2)
        for condition in used:
            condition.used = True
        probe_key = probe[0] if len(probe) == 1 else "(" + ", ".join(probe) + ")"
        self.loop(f"{version or name} in {table}.get({probe_key}, ())")
        if version:
            function.emit(f"{name} = {version}.data")

    def _source(self, unit: t.RangeEntry, lateral: bool) -> str:
        """Rows of a unit that is not a relation, as source of an iterable of tuples."""
        kind = unit.kind
        if kind == "subquery":
            return f"{self.subquery_function(unit.query)}()"
        if kind == "cte":
            return self.cte_rows(unit)
        if kind == "values":
            rows = ", ".join(["(" + "".join([self.value(x) + ", " for x in row]) + ")" for row in unit.values])
            return f"({rows},)"
        if kind == "function":
            return self._function_rows(unit)
        raise PgError("0A000", f"{kind} in FROM is not supported by this emulator")

    def subquery_function(self, query: t.Query) -> str:
        raise NotImplementedError

    def cte_rows(self, unit: t.RangeEntry) -> str:
        raise NotImplementedError

    def _function_rows(self, unit: t.RangeEntry) -> str:
        sources = []
        for function in unit.functions:
            width = len(function.column_names)
            expr = function.expr
            inner = expr
            saved = None
            if function.composite and expr.type == oids.RECORD:
                kinds = [
                    (name, kind[0], kind[1])
                    for name, kind in zip(function.column_names, function.column_types, strict=True)
                ]
                self.record_columns[id(expr)] = kinds
            if isinstance(inner, t.FuncExpr) and inner.func.proretset:
                code = self.call_set(inner)
                if function.composite:
                    sources.append(f"helpers.srf_rows({code}, {width})")
                else:
                    sources.append(f"helpers.one_column({code})")
            else:
                code = self.value(expr)
                if function.composite:
                    sources.append(f"({code} or {(None,) * width!r},)")
                else:
                    sources.append(f"(({code},),)")
            _ = saved
        if len(sources) == 1 and not unit.ordinality:
            return sources[0]
        widths = tuple([len(f.column_names) for f in unit.functions])
        return f"helpers_rows_from(({', '.join(sources)},), {widths!r}, {unit.ordinality})"

    def call_set(self, e: t.FuncExpr) -> str:
        """A set-returning call as an iterable of values, None for a strict one with a NULL argument."""
        return self.call(e.func, e.args, e.type, e.variadic, e)

    # -- outer joins -----------------------------------------------------------------------------------------

    def _variables(self, unit: Any) -> list[str]:
        """Loop variables of a unit: versions where kept, else rows."""
        out: list[str] = []
        if isinstance(unit, t.Join):
            return self._variables(unit.left) + self._variables(unit.right)
        if id(unit) in self.merged:
            for item in unit.query.from_items:
                out.extend(self._variables(item))
            return out
        return [self.versions.get(id(unit)) or self.rows[id(unit)]]

    def _leaves(self, unit: Any) -> list[t.RangeEntry]:
        if isinstance(unit, t.Join):
            return self._leaves(unit.left) + self._leaves(unit.right)
        if id(unit) in self.merged:
            out: list[t.RangeEntry] = []
            for item in unit.query.from_items:
                out.extend(self._leaves(item))
            return out
        return [unit]

    def _bind_versions(self, unit: Any) -> None:
        """After a loop over saved variables: rows of the entries whose versions were saved."""
        for leaf in self._leaves(unit):
            version = self.versions.get(id(leaf))
            if version:
                null = self.module.constant(helpers.null_row(len(leaf.columns)), "n")
                self.function.emit(f"{self.rows[id(leaf)]} = {version}.data if {version} is not None else {null}")

    def _nulls(self, unit: Any) -> str:
        parts = []
        for leaf in self._leaves(unit):
            if id(leaf) in self.versions:
                parts.append("None")
            else:
                parts.append(self.module.constant(helpers.null_row(len(leaf.columns)), "n"))
        return parts[0] if len(parts) == 1 else "(" + ", ".join(parts) + ")"

    def _open_join(self, join: t.Join, conditions: list[Condition], bound: set[int]) -> None:
        """An outer join as one unit: its loops are opened, its variables bound."""
        if join.kind == "right":
            join = t.Join(kind="left", left=join.right, right=join.left, quals=join.quals)
        quals = _ands(join.quals) if join.quals is not None else []
        if join.kind == "full":
            self._open_full(join, quals, bound)
            return
        inner: list[t.Expr] = []
        left_units = self.units([join.left], inner)
        left_conditions = [Condition(e, self.entries_of(e)) for e in inner]
        left_entries = self.unit_entries(join.left)
        for condition in conditions:
            # WHERE conditions on the left side alone can be tested before the join.
            if not condition.used and condition.entries <= left_entries | bound and condition.entries & left_entries:
                left_conditions.append(condition)
        self._open_units(left_units, left_conditions, bound)
        bound = bound | left_entries
        matches = self.module.fresh("m")
        self.function.emit(f"{matches} = []")
        indent, depth = self.function.indent, self.loop_depth
        right_exprs: list[t.Expr] = list(quals)
        right_units = self.units([join.right], right_exprs)
        right_conditions = [Condition(e, self.entries_of(e)) for e in right_exprs]
        if depth == 0:
            # `continue` has nothing to continue here: give the tests a loop of one turn.
            self.loop("_ in (0,)")
        self._open_units(right_units, right_conditions, bound)
        names = self._variables(join.right)
        joined = names[0] if len(names) == 1 else "(" + ", ".join(names) + ")"
        self.function.emit(f"{matches}.append({joined})")
        self.function.indent, self.loop_depth = indent, depth
        nulls = self._nulls(join.right)
        self.loop(f"{joined} in {matches} or ({nulls},)")
        self._bind_versions(join.right)

    def _open_units(self, units: list[Any], conditions: list[Condition], bound: set[int]) -> None:
        """Like produce_units, leaving the loops open."""
        local: set[int] = set()
        for unit in units:
            local |= self.unit_entries(unit)
        for condition in conditions:
            condition.entries = condition.entries & (local | bound)
        self._test(conditions, bound)
        remaining = list(units)
        while remaining:
            unit, access = self._choose(remaining, conditions, bound, local)
            remaining.remove(unit)
            self._open(unit, access, conditions, bound, local)
            bound = bound | self.unit_entries(unit)
            self._test(conditions, bound)

    def _open_full(self, join: t.Join, quals: list[t.Expr], bound: set[int]) -> None:
        """FULL JOIN: all pairs into a list, then the right rows nobody matched."""
        pairs, rights, seen = self.module.fresh("m"), self.module.fresh("m"), self.module.fresh("m")
        emit = self.function.emit
        emit(f"{pairs} = []; {rights} = []; {seen} = set()")
        indent, depth = self.function.indent, self.loop_depth
        inner: list[t.Expr] = []
        right_units = self.units([join.right], inner)
        self.loop("_ in (0,)")
        self._open_units(right_units, [Condition(e, self.entries_of(e)) for e in inner], bound)
        right_names = self._variables(join.right)
        right_joined = "(" + ", ".join(right_names) + ",)"
        self.function.emit(f"{rights}.append({right_joined})")
        self.function.indent, self.loop_depth = indent, depth
        inner = []
        left_units = self.units([join.left], inner)
        self.loop("_ in (0,)")
        self._open_units(left_units, [Condition(e, self.entries_of(e)) for e in inner], bound)
        left_names = self._variables(join.left)
        left_joined = "(" + ", ".join(left_names) + ",)"
        number, matched = self.temp(), self.temp()
        self.function.emit(f"{matched} = False")
        inner_indent, inner_depth = self.function.indent, self.loop_depth
        # Equalities make a hash table of the right rows; without them every pair is tried.
        right_entries = self.unit_entries(join.right)
        left_entries = self.unit_entries(join.left)
        keys = []
        for e in quals:
            if type(e) is t.OpExpr and e.op.oprname == "=" and e.op.oprcanhash and len(e.args) == 2:
                for a, b in ((e.args[0], e.args[1]), (e.args[1], e.args[0])):
                    if (
                        self.entries_of(a) <= left_entries
                        and self.entries_of(b)
                        and self.entries_of(b) <= right_entries
                        and self._same_keys(a.type, b.type)
                    ):
                        keys.append((a, b))
                        break
        candidates = f"enumerate({rights})"
        if keys:
            table = self.module.fresh("d")
            probe = "(" + "".join([self.hash_key(a.type, self.value(a)) + ", " for a, _ in keys]) + ")"
            saved = self.function.body
            # The table is built just before the left loop, where the right rows are complete.
            build: list[str] = []
            self.function.body = build
            keep = self.function.indent
            self.function.indent = indent
            self.function.emit(f"{table} = {{}}")
            self.function.emit(f"for {number}, {right_joined} in enumerate({rights}):")
            self.function.indent += 1
            self._bind_versions(join.right)
            own = "(" + "".join([self.hash_key(b.type, self.value(b)) + ", " for _, b in keys]) + ")"
            self.function.emit(f"{table}.setdefault({own}, []).append(({number}, {right_joined}))")
            self.function.indent = keep
            self.function.body = saved
            position = self._find_line(saved, f"{rights}.append({right_joined})") + 1
            saved[position:position] = build
            candidates = f"{table}.get({probe}, ())"
        self.loop(f"{number}, {right_joined} in {candidates}")
        self._bind_versions(join.right)
        if quals:
            self.function.emit(f"if not ({' and '.join([self.condition(q) for q in quals])}): continue")
        self.function.emit(f"{matched} = True; {seen}.add({number}); {pairs}.append({left_joined} + {right_joined})")
        self.function.indent, self.loop_depth = inner_indent, inner_depth
        self.function.emit(f"if not {matched}: {pairs}.append({left_joined} + {self._null_tuple(join.right)})")
        self.function.indent, self.loop_depth = indent, depth
        emit(f"for {number}, {right_joined} in enumerate({rights}):")
        emit(f"    if {number} not in {seen}: {pairs}.append({self._null_tuple(join.left)} + {right_joined})")
        names = left_names + right_names
        self.loop(f"({', '.join(names)},) in {pairs}")
        self._bind_versions(join.left)
        self._bind_versions(join.right)

    @staticmethod
    def _find_line(lines: list[str], text: str) -> int:
        for i in range(len(lines) - 1, -1, -1):
            if lines[i].strip() == text:
                return i
        raise AssertionError(text)

    def _null_tuple(self, unit: Any) -> str:
        code = self._nulls(unit)
        return code if len(self._leaves(unit)) > 1 else f"({code},)"


def _ands(expr: t.Expr) -> list[t.Expr]:
    if isinstance(expr, t.BoolExpr) and expr.op == "and":
        return [x for a in expr.args for x in _ands(a)]
    return [expr]


def _strip(expr: t.Expr) -> t.Expr:
    while isinstance(expr, t.Relabel):
        expr = expr.arg
    return expr
