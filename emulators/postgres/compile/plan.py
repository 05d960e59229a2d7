"""Plans: an analysed statement compiled to one Python function, with what the protocol wants to know of its result.

INSERT, UPDATE, DELETE and MERGE collect their rows with the SELECT machinery and hand them to execute/modify.py together
with small compiled functions: the new row, the re-check after a lock wait, the RETURNING row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import tree as t
from emulators.postgres.compile.code import Function
from emulators.postgres.compile.select import SelectCompiler
from emulators.postgres.errors import PgError


class Plan:
    """A compiled statement. `run(rt)` gives rows for SELECT, (count, rows) for the others."""

    __slots__ = (
        "columns",
        "command",
        "locks",
        "modifies",
        "query",
        "returns_rows",
        "run",
        "table_locks",
        "tag",
        "volatile",
    )

    def __init__(self, query: t.Query, run: Any) -> None:
        self.query = query
        self.run = run
        self.command = query.command
        self.columns = [(x.name, x.orig_table, x.orig_column, x.expr.type, x.expr.typmod) for x in query.outputs]
        self.returns_rows = query.command == "select" or bool(query.returning)
        self.modifies = query.command != "select" or any(c.modifying for c in query.ctes)
        self.locks = bool(query.row_marks)
        #: (relation, mode) of the table locks the statement takes; worked out at its first run.
        self.table_locks: Any = None


def compile_plan(catalog: Any, query: t.Query) -> Plan:
    compiler = PlanCompiler(catalog)
    return Plan(query, compiler.statement(query))


class PlanCompiler(SelectCompiler):
    """Compiles whole statements."""

    def statement(self, query: t.Query) -> Any:
        root = self.function
        self._modifying_ctes(query)
        self._any_command(query, "result")
        self.emit("return result")
        root.prologue[:0] = self._header()
        return self.module.compile(root)

    def _header(self) -> list[str]:
        lines = [
            "    snap = rt.snapshot",
            "    visible = snap.visible",
            "    ctx = rt.context",
            "    params = rt.params",
            "    args = rt.arguments",
            "    modified = {}",
        ]
        lines += [f"    P{n} = params[{n - 1}]" for n in sorted(self.params_used)]
        return lines

    def _any_command(self, query: t.Query, result: str) -> None:
        if query.command == "select":
            out = self.rows_of(query)
            self.emit(f"{result} = {out}")
        elif query.command == "insert":
            self._insert(query, result)
        elif query.command == "update":
            self._update(query, result)
        elif query.command == "delete":
            self._delete(query, result)
        else:
            self._merge(query, result)

    def _modifying_ctes(self, query: t.Query) -> None:
        """Data-modifying WITH queries run once, in order, before the main statement, on the same snapshot."""
        for cte in query.ctes:
            if not cte.modifying:
                self._define_cte(cte)
                continue
            key = self.module.fresh("mod")
            self.modifying_ctes[id(cte)] = key
            function = self.module.fresh("q")

            def write(inner: t.Query = cte.query) -> None:
                self._any_command(inner, "result")
                self.emit("return result[1]")

            self.nested(function, "", write)
            self.function.early(f"modified[{key!r}] = {function}()")

    def define_ctes(self, query: t.Query) -> None:
        for cte in query.ctes:
            if not cte.modifying and id(cte) not in self.cte_functions:
                self._define_cte(cte)

    # -- small functions -------------------------------------------------------------------------------------

    def local_function(self, parameters: str, write: Callable[[], None]) -> str:
        """A function in the body of the present one, so that it sees everything defined so far."""
        name = self.module.fresh("fn")
        outer, depth = self.function, self.loop_depth
        inner = Function(name, parameters, outer)
        self.function, self.loop_depth = inner, 0
        write()
        self.function, self.loop_depth = outer, depth
        for line in inner.lines():
            outer.body.append("    " * outer.indent + line)
        return name

    def _default(self, relation: Any, column: Any) -> str:
        """Source of a column's default value."""
        if column.identity:
            return f"ctx.nextval_identity({relation.oid}, {column.num})"
        tree = getattr(column.default, "tree", None)
        if column.has_default and tree is not None and not column.generated:
            return self.value(tree)
        base = self.catalog.type_row(column.type)
        if base.typtype == "d":
            found = self._domain_default(column.type)
            code = self.value(found) if found is not None else "None"
            return f"ctx.check_domain({column.type}, {code})"
        return "None"

    def _domain_default(self, oid: int) -> Any:
        row = self.catalog.type_row(oid)
        while row.typtype == "d":
            tree = getattr(row.typdefaultbin, "tree", None)
            if tree is not None:
                return tree
            row = self.catalog.type_row(row.typbasetype)
        return None

    def _new_row(self, relation: Any, given: dict[int, t.Expr]) -> str:
        """The full row tuple of an INSERT."""
        cells = []
        for column in relation.columns:
            expr = given.get(column.num)
            if column.dropped or column.generated:
                cells.append("None")
            elif expr is None or isinstance(expr, t.Default):
                cells.append(self._default(relation, column))
            else:
                cells.append(self.value(expr))
        return "(" + "".join([c + ", " for c in cells]) + ")"

    def _check_insert_columns(
        self, query: t.Query, relation: Any, targets: list[t.Target], rows: Any
    ) -> dict[int, bool]:
        """GENERATED columns take only DEFAULT; OVERRIDING USER VALUE drops what was given for identity columns."""
        dropped: dict[int, bool] = {}
        for position, target in enumerate(targets):
            column = relation.columns[target.attno - 1]
            values = [r[position] for r in rows] if rows is not None else [target.expr]
            all_default = all(isinstance(v, t.Default) for v in values)
            if column.generated and not all_default:
                raise PgError(
                    "428C9",
                    f'cannot insert a non-DEFAULT value into column "{column.name}"',
                    detail=f'Column "{column.name}" is a generated column.',
                )
            if column.identity == "a" and not all_default:
                if query.override == "user":
                    dropped[column.num] = True
                elif query.override != "system":
                    raise PgError(
                        "428C9",
                        f'cannot insert a non-DEFAULT value into column "{column.name}"',
                        detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.',
                        hint="Use OVERRIDING SYSTEM VALUE to override.",
                    )
            if column.identity == "d" and query.override == "user":
                dropped[column.num] = True
        return dropped

    def _returning(self, query: t.Query, parameters: str) -> str:
        """The RETURNING row as a function, or None."""
        if not query.returning:
            return "None"
        entry = query.result

        def write() -> None:
            self.old_rows = {"old": "r_old", "new": "r_new"}
            self.emit(f"row = ({''.join(self.value(x.expr) + ', ' for x in query.returning)})")
            self.emit("return row")
            self.old_rows = {}

        saved_row = self.rows.get(id(entry))
        saved_version = self.versions.get(id(entry))
        self.rows[id(entry)] = "r_row"
        self.versions[id(entry)] = "v_row"
        name = self.local_function(f"v_row, r_row, r_old, r_new{parameters}", write)
        if saved_row is not None:
            self.rows[id(entry)] = saved_row
        if saved_version is not None:
            self.versions[id(entry)] = saved_version
        return name

    # -- INSERT ----------------------------------------------------------------------------------------------

    def _insert(self, query: t.Query, result: str) -> None:
        entry = query.result
        assert entry is not None
        relation = entry.relation
        self._check_target(relation, "insert into")
        self.define_ctes(query)
        targets = query.targets
        rows = self.module.fresh("o")
        dropped = self._check_insert_columns(
            query, relation, targets, query.values_lists if query.source is None else None
        )
        if query.source is not None:
            source_entry = query.from_items[0]
            function = self.subquery_function(query.source)
            name = self.module.fresh("r")
            self.rows[id(source_entry)] = name
            given = {x.attno: x.expr for x in targets if x.attno not in dropped}
            self.emit(f"{rows} = [{self._new_row(relation, given)} for {name} in {function}()]")
        else:
            lists = query.values_lists or [[]]
            if len(lists) == 1:
                given = {x.attno: v for x, v in zip(targets, lists[0], strict=True) if x.attno not in dropped}
                self.emit(f"{rows} = ({self._new_row(relation, given)},)")
            else:
                self.emit(f"{rows} = []")
                for values in lists:
                    given = {x.attno: v for x, v in zip(targets, values, strict=True) if x.attno not in dropped}
                    self.emit(f"{rows}.append({self._new_row(relation, given)})")
        conflict = "None"
        if query.on_conflict is not None:
            conflict = self._on_conflict(query)
        returning = self._returning(query, "")
        constant = self.module.constant(relation, "rel")
        self.emit(f"{result} = rt.insert({constant}, {rows}, {conflict}, {returning})")

    def _on_conflict(self, query: t.Query) -> str:
        clause = query.on_conflict
        assert clause is not None
        assert query.result is not None
        relation = query.result.relation
        arbiters = self.module.constant(tuple(clause.arbiters), "arb")
        if not clause.do_update:
            return f"({arbiters}, None, None)"
        self.rows[id(query.result)] = "r_cur"
        self.versions[id(query.result)] = "v_cur"
        self.rows[id(clause.excluded)] = "r_exc"
        update = self._assignments(relation, clause.updates, "r_cur")

        def write() -> None:
            if clause.where is not None:
                self.emit(f"if not ({self.condition(clause.where)}): return None")
            self.emit(f"row = {update}")
            self.emit("return row")

        name = self.local_function("v_cur, r_cur, r_exc", write)
        return f"({arbiters}, {name}, {tuple(x.attno for x in clause.updates)!r})"

    def _assignments(self, relation: Any, targets: list[t.Target], row: str) -> str:
        """The new row of an UPDATE."""
        given = {x.attno: x.expr for x in targets}
        cells = []
        for column in relation.columns:
            expr = given.get(column.num)
            if expr is None:
                cells.append(f"{row}[{column.num - 1}]")
                continue
            if column.generated and not isinstance(expr, t.Default):
                raise PgError(
                    "428C9",
                    f'column "{column.name}" can only be updated to DEFAULT',
                    detail=f'Column "{column.name}" is a generated column.',
                )
            if column.identity == "a" and not isinstance(expr, t.Default):
                raise PgError(
                    "428C9",
                    f'column "{column.name}" can only be updated to DEFAULT',
                    detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.',
                )
            if isinstance(expr, t.Default):
                cells.append("None" if column.generated else self._default(relation, column))
            else:
                cells.append(self.value(expr))
        return "(" + "".join([c + ", " for c in cells]) + ")"

    def _check_target(self, relation: Any, what: str) -> None:
        if relation.kind == "v":
            raise PgError("0A000", f'cannot {what} view "{relation.name}": not supported by this emulator')
        if relation.kind not in "r":
            raise PgError("0A000", f"{relation.name} (kind {relation.kind}) cannot be changed in this emulator")

    # -- UPDATE and DELETE -----------------------------------------------------------------------------------

    def _candidates(self, query: t.Query) -> tuple[str, list[str], list[Any]]:
        """Collect the rows to change: name of the list, row variables, FROM items."""
        entry = query.result
        self.define_ctes(query)
        self._mark_versions(query)
        self.need_version.add(id(entry))
        rows = self.module.fresh("o")
        self.emit(f"{rows} = []")
        items = [entry, *query.from_items]
        names: list[str] = []

        def consume() -> None:
            for item in items:
                names.extend(self._variables(item))
            self.emit(f"{rows}.append(({''.join(n + ', ' for n in names)}))")

        saved = self.function.indent, self.loop_depth
        self.produce(items, query.where, consume)
        self.function.indent, self.loop_depth = saved
        # The target's version stands first.
        first = self.versions[id(entry)]
        if names[0] != first:
            raise AssertionError("the target must be the first variable")
        return rows, names, items

    def _update(self, query: t.Query, result: str) -> None:
        entry = query.result
        assert entry is not None
        relation = entry.relation
        self._check_target(relation, "update")
        rows, names, items = self._candidates(query)
        parameters = ", ".join(names)

        def write() -> None:
            for item in items:
                self._bind_versions(item)
            for link in self._multi_links_of(query.targets):
                name = self.module.fresh("ml")
                self.multi_links[id(link)] = name
                function = self._scalar_function(link.query)
                self.emit(f"{name} = {function}()")
            row = self._assignments(relation, query.targets, self.rows[id(entry)])
            self.emit(f"row = {row}")
            self.emit("return row")

        new_row = self.local_function(parameters, write)
        recheck = self.recheck_function(items, query.where, [], names) if self._needs_recheck(query) else "None"
        returning = self._returning_with_sources(query, names, items)
        changed = tuple([x.attno for x in query.targets])
        constant = self.module.constant(relation, "rel")
        self.emit(f"{result} = rt.update({constant}, {rows}, {new_row}, {recheck}, {returning}, {changed!r})")

    @staticmethod
    def _multi_links_of(targets: list[t.Target]) -> list[t.SubLink]:
        found: list[t.SubLink] = []
        for target in targets:
            for node in t.walk(target.expr):
                if isinstance(node, t.SubLink) and node.kind == "multiexpr" and not any(n is node for n in found):
                    found.append(node)
        return found

    @staticmethod
    def _needs_recheck(query: t.Query) -> bool:
        return True

    def _returning_with_sources(self, query: t.Query, names: list[str], items: list[Any]) -> str:
        if not query.returning:
            return "None"
        entry = query.result
        others = names[1:]

        def write() -> None:
            for item in items[1:]:
                self._bind_versions(item)
            self.old_rows = {"old": "r_old", "new": "r_new"}
            self.emit(f"row = ({''.join(self.value(x.expr) + ', ' for x in query.returning)})")
            self.emit("return row")
            self.old_rows = {}

        saved = self.rows[id(entry)], self.versions[id(entry)]
        self.rows[id(entry)], self.versions[id(entry)] = "r_row", "v_row"
        name = self.local_function("v_row, r_row, r_old, r_new" + "".join([", " + n for n in others]), write)
        self.rows[id(entry)], self.versions[id(entry)] = saved
        return name

    def _delete(self, query: t.Query, result: str) -> None:
        entry = query.result
        assert entry is not None
        relation = entry.relation
        self._check_target(relation, "delete from")
        rows, names, items = self._candidates(query)
        recheck = self.recheck_function(items, query.where, [], names)
        returning = self._returning_with_sources(query, names, items)
        constant = self.module.constant(relation, "rel")
        self.emit(f"{result} = rt.delete({constant}, {rows}, {recheck}, {returning})")

    # -- MERGE -----------------------------------------------------------------------------------------------

    def _merge(self, query: t.Query, result: str) -> None:
        """Join the source to the target, then take the first WHEN that fits each row."""
        entry = query.result
        assert entry is not None
        relation = entry.relation
        self._check_target(relation, "merge into")
        self.define_ctes(query)
        self._mark_versions(query)
        self.need_version.add(id(entry))
        source = query.from_items[0]
        by_source = any(x.match == "not_matched_source" for x in query.merge)
        join = t.Join(kind="full" if by_source else "left", left=source, right=entry, quals=query.merge_join)
        entry.nullable = True
        rows = self.module.fresh("o")
        self.emit(f"{rows} = []")
        names: list[str] = []

        def consume() -> None:
            names.extend(self._variables(source))
            names.append(self.versions[id(entry)])
            self.emit(f"{rows}.append(({''.join(n + ', ' for n in names)}))")

        saved = self.function.indent, self.loop_depth
        self.produce([join], None, consume)
        self.function.indent, self.loop_depth = saved
        parameters = ", ".join(names)
        actions = []
        for action in query.merge:

            def write(action: t.MergeWhen = action) -> None:
                self._bind_versions(source)
                self._bind_versions(entry)
                if action.condition is not None:
                    self.emit(f"if not ({self.condition(action.condition)}): return None")
                if action.command == "update":
                    self.emit(f"row = {self._assignments(relation, action.targets, self.rows[id(entry)])}")
                elif action.command == "insert":
                    dropped = (
                        self._check_insert_columns(query, relation, action.targets, None) if not action.override else {}
                    )
                    given = {x.attno: x.expr for x in action.targets if x.attno not in dropped}
                    self.emit(f"row = {self._new_row(relation, given)}")
                else:
                    self.emit("row = ()")
                self.emit("return row")

            function = self.local_function(parameters, write)
            changed = tuple([x.attno for x in action.targets])
            actions.append(f"({action.match!r}, {action.command!r}, {function}, {changed!r})")

        def qualifies() -> None:
            self._bind_versions(source)
            self._bind_versions(entry)
            self.emit(f"return {self.condition(query.merge_join)}")

        recheck = self.local_function(parameters, qualifies)
        self.merge_action = "r_action"
        returning = "None"
        if query.returning:

            def write_returning() -> None:
                self._bind_versions(source)
                self.old_rows = {"old": "r_old", "new": "r_new"}
                self.emit(f"row = ({''.join(self.value(x.expr) + ', ' for x in query.returning)})")
                self.emit("return row")
                self.old_rows = {}

            saved_names = self.rows[id(entry)], self.versions[id(entry)]
            self.rows[id(entry)], self.versions[id(entry)] = "r_row", "v_row"
            others = "".join([", " + n for n in names[:-1]])
            returning = self.local_function(f"v_row, r_row, r_old, r_new, r_action{others}", write_returning)
            self.rows[id(entry)], self.versions[id(entry)] = saved_names
        constant = self.module.constant(relation, "rel")
        self.emit(f"{result} = rt.merge({constant}, {rows}, ({', '.join(actions)},), {recheck}, {returning})")


def row_function(catalog: Any, expr: t.Expr, *, condition: bool = False) -> Any:
    """A stored expression (check, index, generated column) as a function (ctx, row)."""
    compiler = SelectCompiler(catalog)
    compiler.function = Function("run", "ctx, r", None)
    compiler.root = compiler.function
    for node in t.walk(expr):
        if isinstance(node, t.Var):
            compiler.rows[id(node.rte)] = "r"
    compiler.emit(f"return {compiler.value(expr)}")
    return compiler.module.compile(compiler.function)


def value_function(catalog: Any, expr: t.Expr, parameter: str = "value") -> Any:
    """A domain check as a function (ctx, value)."""
    compiler = SelectCompiler(catalog)
    compiler.function = Function("run", f"ctx, {parameter}", None)
    compiler.root = compiler.function
    compiler.domain_value = parameter
    compiler.emit(f"return {compiler.value(expr)}")
    return compiler.module.compile(compiler.function)


__all__ = ["Plan", "compile_plan", "oids", "row_function", "value_function"]
