"""Expressions as Python source.

`value(e)` gives source whose result is the SQL value, None for NULL; `condition(e)` gives source that is truthy exactly
when the SQL value is true, which is what WHERE, ON and CASE need and spares most of the NULL handling. Strict built-ins
are guarded by `is None` tests on operands that can be NULL; templates that built-ins offer (`inline`) are expanded in
place. Operands used twice are bound to a local by `:=`.
"""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids, sysfuncs
from emulators.postgres.analyze import tree as t
from emulators.postgres.analyze.functions import equality_operator, ordering_operator
from emulators.postgres.catalog.access import Catalog
from emulators.postgres.compile.code import Function, Module, literal
from emulators.postgres.errors import PgError
from emulators.postgres.execute import helpers
from emulators.postgres.functions import registry as functions
from emulators.postgres.types.registry import type_io
from emulators.postgres.types.values import Row

# Types whose Python values compare and hash exactly as SQL says: no key functions are needed.
PLAIN = frozenset(
    {
        oids.BOOL, oids.BYTEA, oids.NAME, oids.INT8, oids.INT2, oids.INT4, oids.TEXT, oids.OID, oids.VARCHAR,
        oids.DATE, oids.TIME, oids.TIMESTAMP, oids.TIMESTAMPTZ, oids.UUID, oids.REGCLASS, oids.REGTYPE, oids.REGPROC,
        oids.REGNAMESPACE, oids.REGROLE, oids.XID, oids.CID, oids.XID8, oids.REGPROCEDURE, oids.REGOPER,
        oids.REGOPERATOR, oids.MONEY,
    }
)  # fmt: skip

# Comparison built-ins on plain types, by prosrc suffix.
_TEXT_TYPES = frozenset({oids.TEXT, oids.VARCHAR, oids.NAME, oids.BPCHAR, oids.UNKNOWN})


class Scope:
    """What names mean while one query is generated."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.groups: list[tuple[t.Expr, str]] = []
        self.aggregates: dict[int, str] = {}
        self.windows: dict[int, str] = {}
        self.sets: dict[int, str] = {}
        self.aggregated = False


class ExpressionCompiler:
    """Shared by all parts of the compiler: expression source, and the names of range-table entries' rows."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.module = Module()
        self.module.globals.update(functions.INLINE_GLOBALS)
        self.module.globals.update(
            {"Row": Row, "PgError": PgError, "helpers": helpers, "PgArray": helpers.PgArray, "NOROW": None}
        )
        functions.load()
        sysfuncs.load()
        self.module.globals.update(functions.INLINE_GLOBALS)
        self.function: Function = Function("run", "rt", None)
        #: id(call) -> the columns its query gives a function that returns record.
        self.record_columns: dict[int, list[tuple[str, int, int]]] = {}
        #: id(entry) -> name of the Python variable with its row tuple.
        self.rows: dict[int, str] = {}
        #: id(entry) -> name of the variable with its Version, where one is kept.
        self.versions: dict[int, str] = {}
        #: id(entry) -> targets of a sub-query that was merged into its parent.
        self.merged: dict[int, list[t.Target]] = {}
        self.old_rows: dict[str, str] = {}
        self.subparams: list[list[str]] = []
        self.casetests: dict[int, str] = {}
        self.scope = Scope()
        self.ctx_used = False
        self.domain_value: str | None = None
        self.params_used: set[int] = set()
        self.nonnull_rows: set[int] = set()
        self.subquery_hook: Any = None
        self.merge_action: str | None = None
        self.multi_links: dict[int, str] = {}

    # -- small things ----------------------------------------------------------------------------------------

    def temp(self) -> str:
        return self.module.fresh("t")

    def const(self, value: Any) -> str:
        return literal(self.module, value)

    def emit(self, line: str) -> None:
        self.function.emit(line)

    @staticmethod
    def is_atom(code: str) -> bool:
        return (
            code.isidentifier()
            or (code.endswith("]") and code.count("[") == 1 and code[:-1].replace("[", "").isalnum())
            or code.isdigit()
            or code in ("None", "True", "False")
        )

    def atom(self, code: str) -> tuple[str, str]:
        """(expression for the first use, expression for later uses)."""
        if self.is_atom(code):
            return code, code
        name = self.temp()
        return f"({name} := {code})", name

    def nullable(self, e: t.Expr) -> bool:
        """Can this be NULL? Errs on the side of yes."""
        if isinstance(e, t.Const):
            return e.value is None
        if isinstance(e, t.Var):
            if id(e.rte) in self.merged and e.attno > 0:
                return self.nullable(self.merged[id(e.rte)][e.attno - 1].expr)
            if e.rte.kind == "relation" and not e.rte.nullable and not e.old_new and id(e.rte) not in self.null_rows():
                if e.attno > 0:
                    return not e.rte.relation.columns[e.attno - 1].notnull
                return e.attno == 0
            return True
        if isinstance(e, (t.OpExpr, t.FuncExpr)) and type(e) in (t.OpExpr, t.FuncExpr):
            if e.func.proisstrict and self._never_null(e.func.prosrc):
                return any(self.nullable(a) for a in e.args)
            return True
        if isinstance(e, t.Relabel):
            return self.nullable(e.arg)
        if isinstance(e, (t.NullTest, t.BooleanTest, t.DistinctExpr, t.SqlValue, t.ArrayExpr, t.RowExpr)):
            return False
        if isinstance(e, t.BoolExpr):
            return any(self.nullable(a) for a in e.args)
        if isinstance(e, t.SubLink):
            return e.kind not in ("exists", "array")
        if isinstance(e, t.Coalesce):
            return all(self.nullable(a) for a in e.args)
        return True

    def null_rows(self) -> set[int]:
        return set()

    @staticmethod
    def _never_null(prosrc: str) -> bool:
        """Strict comparison and arithmetic built-ins never give NULL for values."""
        entry = functions.lookup(prosrc)
        return entry is not None and entry.inline is not None

    # -- conditions ------------------------------------------------------------------------------------------

    def condition(self, e: t.Expr) -> str:
        """Source that is truthy exactly when e is true."""
        if isinstance(e, t.Const):
            return "True" if e.value is True else "False"
        if isinstance(e, t.BoolExpr):
            if e.op == "and":
                return "(" + " and ".join([self.condition(a) for a in e.args]) + ")"
            if e.op == "or":
                return "(" + " or ".join([self.condition(a) for a in e.args]) + ")"
            return self.negated(e.args[0])
        if type(e) is t.OpExpr or (type(e) is t.FuncExpr and e.type == oids.BOOL):
            return self._call_condition(e)
        if isinstance(e, t.Relabel) and e.type == oids.BOOL:
            return self.condition(e.arg)
        if isinstance(e, t.BooleanTest):
            if e.test == "IS_TRUE":
                return self.condition(e.arg)
            if e.test == "IS_NOT_TRUE":
                return f"(not {self.condition(e.arg)})"
        if isinstance(e, t.ScalarArrayOp):
            return self._array_op(e, as_condition=True)
        if isinstance(e, t.CaseExpr):
            return f"({self.value(e)} is True)" if self.nullable(e) else self.value(e)
        if isinstance(e, (t.NullTest, t.DistinctExpr)):
            return self.value(e)
        code = self.value(e)
        return code if not self.nullable(e) else f"({code} is True)" if False else f"({code} or False)"

    def negated(self, e: t.Expr) -> str:
        """Source that is truthy exactly when e is false."""
        if isinstance(e, t.BoolExpr):
            if e.op == "not":
                return self.condition(e.args[0])
            if e.op == "and":
                return "(" + " or ".join([self.negated(a) for a in e.args]) + ")"
            return "(" + " and ".join([self.negated(a) for a in e.args]) + ")"
        if not self.nullable(e):
            return f"(not {self.condition(e)})"
        return f"({self.value(e)} is False)"

    def _call_condition(self, e: Any) -> str:
        func = e.func
        if func.proisstrict and not func.proretset:
            template = self._template(func, e)
            if template is not None:
                return self._strict(e.args, template, "False", " and ")
        code = self.value(e)
        return code if not self.nullable(e) else f"({code} is True)"

    # -- calls -----------------------------------------------------------------------------------------------

    def _template(self, func: Any, e: Any) -> str | None:
        """An inline template for a strict built-in, or None."""
        entry = functions.entry_of(func, self.catalog)
        if entry is not None and entry.inline is not None and not entry.ctx:
            return entry.inline
        return None

    def _strict(self, args: list[t.Expr], template: str, on_null: str, joiner: str) -> str:
        """`template` over the arguments, guarded against NULLs: `a is not None and ... and template`."""
        guards: list[str] = []
        atoms: list[str] = []
        for arg in args:
            code = self.value(arg)
            if self.is_atom(code) or isinstance(arg, t.Const):
                if self.nullable(arg):
                    guards.append(f"{code} is not None")
                atoms.append(code)
            else:
                name = self.temp()
                guards.append(f"({name} := {code}) is not None")
                atoms.append(name)
        body = template.format(*atoms, t=self.temp()) if "{t}" in template else template.format(*atoms)
        if on_null == "False":
            return "(" + joiner.join([*guards, f"({body})"]) + ")"
        if not guards:
            return f"({body})"
        return f"(({body}) if {' and '.join(guards)} else None)"

    def call(self, func: Any, args: list[t.Expr], result: int, variadic: bool = False, e: Any = None) -> str:
        """A call of a function as source."""
        entry = functions.entry_of(func, self.catalog)
        if func.oid >= oids.FIRST_USER_OID or (entry is None and func.prolang not in (12, 13)):
            return self._user_call(func, args, result, e)
        if entry is None:
            raise PgError(
                "0A000",
                f"function {func.proname} is not supported by this emulator",
                location=getattr(e, "location", None),
            )
        if func.proisstrict and entry.inline is not None and not entry.ctx:
            return self._strict(args, entry.inline, "None", " and ")
        types = tuple([a.type for a in args] + [result])
        any_variadic = entry.variadic_any
        if any_variadic and variadic:
            element = self.catalog.element_type(self.catalog.base_type(args[-1].type))
            types = (*[a.type for a in args[:-1]], element, result)
            target = entry.resolve(types, self.catalog, variadic_array=True)
        else:
            target = entry.resolve(types, self.catalog, columns=self.record_columns.get(id(e)))
        name = self.module.constant(target, "f")
        prefix = "ctx, " if entry.ctx else ""
        if any_variadic:
            fixed = func.pronargs - 1
            codes = [self.value(a) for a in args]
            if variadic:
                array = codes[-1]
                first, later = self.atom(array)
                inner = ", ".join([*codes[:-1], f"list({later}.elements)"])
                if func.proisstrict:
                    return self._strict_codes(args[:-1], codes[:-1], f"{name}({prefix}{inner})", (first, later))
                return f"(None if {first} is None else {name}({prefix}{inner}))"
            inner = ", ".join([*codes[:fixed], "[" + ", ".join(codes[fixed:]) + "]"])
            if func.proisstrict and fixed:
                return self._guarded(args[:fixed], codes, name, prefix, fixed)
            return f"{name}({prefix}{inner})"
        codes = [self.value(a) for a in args]
        if not func.proisstrict or not args:
            return f"{name}({prefix}{', '.join(codes)})"
        return self._guarded(args, codes, name, prefix, len(codes))

    def _strict_codes(self, args: list[t.Expr], codes: list[str], body: str, array: tuple[str, str]) -> str:
        guards = [f"({c}) is not None" for a, c in zip(args, codes, strict=True) if self.nullable(a)]
        guards.append(f"{array[0]} is not None")
        return f"({body} if {' and '.join(guards)} else None)"

    def _guarded(self, args: list[t.Expr], codes: list[str], name: str, prefix: str, fixed: int) -> str:
        guards: list[str] = []
        out: list[str] = []
        for arg, code in zip(args, codes, strict=False):
            if not self.nullable(arg):
                out.append(code)
            elif self.is_atom(code):
                guards.append(f"{code} is None")
                out.append(code)
            else:
                temp = self.temp()
                guards.append(f"({temp} := {code}) is None")
                out.append(temp)
        rest = codes[fixed:]
        if fixed < len(codes):
            out = [*out[:fixed], "[" + ", ".join(rest) + "]"]
        call = f"{name}({prefix}{', '.join(out)})"
        if not guards:
            return call
        return f"(None if {' or '.join(guards)} else {call})"

    def _user_call(self, func: Any, args: list[t.Expr], result: int, e: Any) -> str:
        if func.prolang == 12:
            entry = functions.lookup(func.prosrc)
            if entry is None:
                raise PgError("0A000", f"function {func.proname} is not supported by this emulator")
            target = self.module.constant(entry.resolve(tuple([a.type for a in args] + [result]), self.catalog), "f")
            prefix = "ctx, " if entry.ctx else ""
            codes = [self.value(a) for a in args]
            if func.proisstrict:
                return self._guarded(args, codes, target, prefix, len(codes))
            return f"{target}({prefix}{', '.join(codes)})"
        codes = [self.value(a) for a in args]
        types = self.const(tuple([a.type for a in args]))
        call = f"ctx.call_function({func.oid}, ({''.join(c + ', ' for c in codes)}), {types}, {result})"
        if func.proisstrict and args:
            name = self.temp()
            return (
                f"(None if None in ({name} := ({''.join(c + ', ' for c in codes)})) "
                f"else ctx.call_function({func.oid}, {name}, {types}, {result}))"
            )
        return call

    # -- values ----------------------------------------------------------------------------------------------

    def value(self, e: t.Expr) -> str:
        scope = self.scope
        if (scope.groups or scope.aggregated) and not isinstance(e, (t.Const, t.Param)):
            for group, name in scope.groups:
                if t.equal(group, e):
                    return name
        method = getattr(self, "_v_" + type(e).__name__, None)
        if method is None:
            raise PgError("0A000", f"{type(e).__name__} is not supported by this emulator", location=e.location)
        return method(e)  # type: ignore[no-any-return]

    def _v_Const(self, e: t.Const) -> str:
        return self.const(e.value)

    def _v_Param(self, e: t.Param) -> str:
        if e.kind == "sql":
            return f"args[{e.number - 1}]"
        self.params_used.add(e.number)
        return f"P{e.number}"

    def _v_Var(self, e: t.Var) -> str:
        entry = e.rte
        key = id(entry)
        if e.old_new:
            row = self.old_rows[e.old_new]
            if e.attno > 0:
                return f"{row}[{e.attno - 1}]"
            if e.attno == 0:
                return self._whole_row(entry, row, null_check=True)
        merged = self.merged.get(key)
        if merged is not None:
            if e.attno > 0:
                return self.value(merged[e.attno - 1].expr)
            return f"Row(({''.join(self.value(m.expr) + ', ' for m in merged if not m.junk)}))"
        outer = self._outer_scope_value(e)
        if outer is not None:
            return outer
        row = self.rows.get(key) or ""
        if not row:
            raise PgError("XX000", f"column {entry.name}.{e.name} is out of reach")
        if e.attno > 0:
            return f"{row}[{e.attno - 1}]"
        if e.attno == 0:
            return self._whole_row(entry, row, null_check=True)
        return self._system_column(entry, e)

    def _outer_scope_value(self, e: t.Var) -> str | None:
        """In a sub-query of an aggregating query, grouped columns of the outer query are its group keys."""
        scope = self.scope.parent
        while scope is not None:
            for group, name in scope.groups:
                if isinstance(group, t.Var) and group.rte is e.rte and group.attno == e.attno:
                    return name
            scope = scope.parent
        return None

    def _whole_row(self, entry: t.RangeEntry, row: str, *, null_check: bool) -> str:
        if entry.kind in ("relation", "excluded"):
            columns = entry.relation.columns
            names = [c.name for c in columns if not c.dropped]
            types = tuple([c.type for c in columns if not c.dropped])
            live = [i for i, c in enumerate(columns) if not c.dropped]
        else:
            names = list(entry.column_names)
            types = tuple([c[0] for c in entry.columns])
            live = list(range(len(names)))
        source = row if live == list(range(len(live))) else f"({''.join(f'{row}[{i}], ' for i in live)})"
        make = f"Row.of({source}, {self.const(types)}, {self.const(tuple(names))})"
        if not null_check:
            return make
        return f"(None if {row} is None or {row}.__class__ is NullRow else {make})"

    def _system_column(self, entry: t.RangeEntry, e: t.Var) -> str:
        if e.attno == -6:
            row = self.rows.get(id(entry)) or ""
            oid = entry.relation.oid
            return f"(None if {row}.__class__ is NullRow else {oid})"
        version = self.versions.get(id(entry))
        if version is None:
            raise PgError("0A000", f"the system column {e.name} is not supported here", location=e.location)
        if e.attno == -1:
            return f"(None if {version} is None else helpers.ctid({version}))"
        field = {-2: "xmin", -3: "cmin", -4: "xmax", -5: "cmax"}[e.attno]
        if field == "xmax":
            return f"(None if {version} is None else helpers.xmax_of({version}))"
        return f"(None if {version} is None else {version}.{field})"

    def _v_FuncExpr(self, e: t.FuncExpr) -> str:
        name = self.scope.sets.get(id(e))
        if name is not None:
            return name
        if e.func.proretset:
            raise PgError(
                "0A000", "set-valued function called in context that cannot accept a set", location=e.location
            )
        return self.call(e.func, e.args, e.type, e.variadic, e)

    def _v_OpExpr(self, e: t.OpExpr) -> str:
        return self.call(e.func, e.args, e.type, False, e)

    def _v_DistinctExpr(self, e: t.OpExpr) -> str:
        a, b = e.args
        if a.type in PLAIN and b.type in PLAIN:
            return f"({self.value(a)} != {self.value(b)})"
        x, y = self.temp(), self.temp()
        call = self._raw_call(e.func, e.args, [x, y], e.type)
        return (
            f"(True if (({x} := {self.value(a)}) is None) is not (({y} := {self.value(b)}) is None) "
            f"else False if {x} is None else not {call})"
        )

    def _v_NullIfExpr(self, e: t.OpExpr) -> str:
        x, y = self.temp(), self.temp()
        call = self._raw_call(e.func, e.args, [x, y], oids.BOOL)
        first = e.args[0]
        # The arguments were coerced for the operator; the result is the first one.
        return (
            f"({x} if (({x} := {self.value(first)}) is None) | (({y} := {self.value(e.args[1])}) is None) "
            f"or not {call} else None)"
        )

    def _raw_call(self, func: Any, args: list[t.Expr], names: list[str], result: int) -> str:
        """A call on values already in locals, none of them NULL."""
        entry = functions.entry_of(func, self.catalog)
        if entry is not None and entry.inline is not None and not entry.ctx:
            return (
                "("
                + (entry.inline.format(*names, t=self.temp()) if "{t}" in entry.inline else entry.inline.format(*names))
                + ")"
            )
        if entry is None:
            if func.prolang == 12:
                raise PgError("0A000", f"function {func.proname} is not supported by this emulator")
            types = self.const(tuple([a.type for a in args]))
            return f"ctx.call_function({func.oid}, ({''.join(n + ', ' for n in names)}), {types}, {result})"
        target = self.module.constant(entry.resolve(tuple([a.type for a in args] + [result]), self.catalog), "f")
        prefix = "ctx, " if entry.ctx else ""
        return f"{target}({prefix}{', '.join(names)})"

    def _v_BoolExpr(self, e: t.BoolExpr) -> str:
        if e.op == "not":
            arg = e.args[0]
            if not self.nullable(arg):
                return f"(not {self.condition(arg)})"
            name = self.temp()
            return f"(None if ({name} := {self.value(arg)}) is None else not {name})"
        if not any(self.nullable(a) for a in e.args):
            return "(" + f" {e.op} ".join([self.condition(a) for a in e.args]) + ")"
        stop = "False" if e.op == "and" else "True"
        names, parts = [], []
        for arg in e.args:
            name = self.temp()
            names.append(name)
            parts.append(f"({name} := {self.value(arg)}) is {stop}")
        test = " or ".join(parts)
        unknown = " or ".join([f"{n} is None" for n in names])
        other = "True" if e.op == "and" else "False"
        return f"({stop} if {test} else None if {unknown} else {other})"

    def _v_NullTest(self, e: t.NullTest) -> str:
        if e.row_format:
            return (
                f"helpers.row_is_null({self.value(e.arg)})"
                if e.is_null
                else f"helpers.row_is_not_null({self.value(e.arg)})"
            )
        return f"({self.value(e.arg)} is {'' if e.is_null else 'not '}None)"

    def _v_BooleanTest(self, e: t.BooleanTest) -> str:
        code = self.value(e.arg)
        word = e.test.rsplit("_", 1)[1]
        python = {"TRUE": "True", "FALSE": "False", "UNKNOWN": "None"}[word]
        return f"({code} is {'not ' if '_NOT_' in e.test else ''}{python})"

    def _v_CaseExpr(self, e: t.CaseExpr) -> str:
        prefix = ""
        if e.arg is not None:
            name = self.temp()
            for condition, _ in e.whens:
                for n in t.walk(condition):
                    if isinstance(n, t.CaseTest) and n.case is e:
                        self.casetests[id(n)] = name
            prefix = f"({name} := {self.value(e.arg)}, "
        parts = []
        for condition, result in e.whens:
            test = self.condition(condition)
            parts.append(f"{self.value(result)} if {test} else ")
        default = self.value(e.default) if e.default is not None else "None"
        body = f"({''.join(parts)}{default})"
        # Python evaluates `x if c else y` lazily, as CASE demands; the tested value is bound first.
        return f"{prefix}{body})[1]" if prefix else body

    def _v_CaseTest(self, e: t.CaseTest) -> str:
        return self.casetests[id(e)]

    def _v_SubParam(self, e: t.SubParam) -> str:
        return self.subparams[-1][e.index]

    def _v_Coalesce(self, e: t.Coalesce) -> str:
        code = self.value(e.args[-1])
        for arg in reversed(e.args[:-1]):
            first, later = self.atom(self.value(arg))
            code = f"({later} if {first} is not None else {code})"
        return code

    def _v_MinMax(self, e: t.MinMax) -> str:
        key = self.sort_key_function(e.type)
        items = ", ".join([self.value(a) for a in e.args])
        name = "greatest" if e.greatest else "least"
        return f"helpers.{name}(({items},), {key})"

    def _v_Relabel(self, e: t.Relabel) -> str:
        return self.value(e.arg)

    def _v_Collate(self, e: t.Collate) -> str:
        return self.value(e.arg)

    def _v_CoerceToDomain(self, e: t.CoerceToDomain) -> str:
        return f"ctx.check_domain({e.type}, {self.value(e.arg)})"

    def _v_DomainValue(self, e: t.DomainValue) -> str:
        return self.domain_value or "None"

    def _v_CoerceViaIO(self, e: t.CoerceViaIO) -> str:
        source, target = e.arg.type, e.type
        code = self.value(e.arg)
        base_source = source if source == oids.UNKNOWN else self.catalog.base_type(source)
        if base_source in (oids.TEXT, oids.VARCHAR, oids.NAME, oids.UNKNOWN, oids.CSTRING, oids.BPCHAR):
            out = None
        else:
            out = self.module.constant(type_io(base_source, self.catalog).text_out, "o")
        into = None
        if target not in (oids.TEXT, oids.VARCHAR):
            into = self.module.constant(type_io(target, self.catalog).text_in, "i")
        first, later = self.atom(code)
        body = later
        if base_source == oids.BPCHAR:
            body = f"{later}.rstrip(' ')" if target in _TEXT_TYPES else later
        if out is not None:
            body = f"{out}({body}, ctx)"
        if into is not None:
            body = f"{into}({body}, -1, ctx)"
        if body == later:
            return code
        if not self.nullable(e.arg) and self.is_atom(code):
            return body
        return f"(None if {first} is None else {body})"

    def _v_ArrayCoerce(self, e: t.ArrayCoerce) -> str:
        name = self.temp()
        self.casetests[id(e.test)] = name
        body = self.value(e.element)
        code = self.value(e.arg)
        if body == name:
            return code
        first, later = self.atom(code)
        fn = self.module.fresh("m")
        # A function of its own, since := inside a comprehension would leak into the caller's locals.
        self.function.early(f"def {fn}({name}):")
        self.function.early(f"return {body}", 2)
        return f"(None if {first} is None else helpers.map_array({fn}, {later}))"

    def _v_ArrayExpr(self, e: t.ArrayExpr) -> str:
        items = ", ".join([self.value(x) for x in e.elements])
        if e.multidims:
            return f"helpers.stack_arrays([{items}])"
        return f"PgArray([{items}])"

    def _v_RowExpr(self, e: t.RowExpr) -> str:
        types = tuple([a.type for a in e.args])
        items = "".join([self.value(a) + ", " for a in e.args])
        if e.type != oids.RECORD:
            relation = self.catalog.relation(self.catalog.type_row(self.catalog.base_type(e.type)).typrelid)
            names = tuple([c.name for c in relation.live])
        else:
            names = tuple(e.names)
        return f"Row.of(({items}), {self.const(types)}, {self.const(names)})"

    def _v_RowCompare(self, e: t.RowCompare) -> str:
        pairs = []
        for op, a, b in zip(e.ops, e.left, e.right, strict=True):
            key = self.sort_key_function(op.args[0].type)
            pairs.append(f"({self.value(a)}, {self.value(b)}, {key})")
        return f"helpers.row_compare({e.op!r}, ({', '.join(pairs)},))"

    def _v_FieldSelect(self, e: t.FieldSelect) -> str:
        if isinstance(e.arg, t.SubLink) and e.arg.kind == "multiexpr":
            return f"{self._multi_link(e.arg)}[{e.index}]"
        first, later = self.atom(self.value(e.arg))
        return f"(None if {first} is None else {later}[{e.index}])"

    def _multi_link(self, link: t.SubLink) -> str:
        name = self.multi_links.get(id(link))
        if name is None:
            raise PgError("0A000", "a multi-column sub-query is not supported here")
        return name

    def _v_FieldStore(self, e: t.FieldStore) -> str:
        changes = ", ".join([f"({i}, {self.value(x)})" for i, x in e.fields])
        return f"helpers.field_store({self.value(e.arg)}, {e.width}, ({changes},))"

    def _v_Subscript(self, e: t.Subscript) -> str:
        arg = self.value(e.arg)
        upper = "(" + "".join([(self.value(u) if u is not None else "helpers.OMITTED") + ", " for u in e.upper]) + ")"
        if e.container == oids.JSONB:
            if e.assign is not None:
                return f"helpers.json_assign({arg}, {upper}, {self.value(e.assign)})"
            return f"helpers.json_subscript({arg}, {upper})"
        if e.lower is not None:
            lower = (
                "(" + "".join([(self.value(x) if x is not None else "helpers.OMITTED") + ", " for x in e.lower]) + ")"
            )
            if e.assign is not None:
                return f"helpers.array_assign_slice({arg}, {lower}, {upper}, {self.value(e.assign)})"
            return f"helpers.array_slice({arg}, {lower}, {upper})"
        if e.assign is not None:
            return f"helpers.array_assign({arg}, {upper}, {self.value(e.assign)})"
        if e.container in (oids.NAME, oids.POINT):
            return f"helpers.fixed_get({arg}, {upper})"
        return f"helpers.array_get({arg}, {upper})"

    def _v_ScalarArrayOp(self, e: t.ScalarArrayOp) -> str:
        return self._array_op(e, as_condition=False)

    def _array_op(self, e: t.ScalarArrayOp, *, as_condition: bool) -> str:
        left, right = e.args
        name = e.op.oprname
        plain = left.type in PLAIN and (
            (isinstance(right, t.ArrayExpr) and not right.multidims) or self.catalog.element_type(right.type) in PLAIN
        )
        constants = isinstance(right, t.ArrayExpr) and all(isinstance(x, t.Const) for x in right.elements)
        if plain and name == "=" and e.any:
            if constants:
                values = [x.value for x in right.elements]  # type: ignore[attr-defined]
                has_null = None in values
                members = self.module.constant(frozenset(v for v in values if v is not None), "s")
                code = self.value(left)
                if as_condition:
                    return f"({code} in {members})"
                first, later = self.atom(code)
                miss = "None" if has_null else "False"
                return f"(None if {first} is None else True if {later} in {members} else {miss})"
            return f"helpers.any_equal({self.value(left)}, {self.value(right)}){' is True' if as_condition else ''}"
        x, y = self.temp(), self.temp()
        call = self._raw_call(e.func, [left, right], [x, y], oids.BOOL)
        fn = self.module.fresh("m")
        self.function.early(f"def {fn}({x}, {y}):")
        self.function.early(f"return {call}", 2)
        helper = "any_op" if e.any else "all_op"
        tail = " is True" if as_condition else ""
        return f"(helpers.{helper}({fn}, {self.value(left)}, {self.value(right)}){tail})"

    def _v_SqlValue(self, e: t.SqlValue) -> str:
        return f"ctx.sql_value({e.op!r}, {e.typmod})"

    def _v_NextValue(self, e: t.NextValue) -> str:
        return f"ctx.nextval({e.sequence})"

    def _v_MergeAction(self, e: t.MergeAction) -> str:
        return self.merge_action or "None"

    def _v_CurrentOf(self, e: t.CurrentOf) -> str:
        version = self.versions.get(id(e.rte))
        return f"ctx.current_of({e.cursor!r}, {e.rte.relation.oid}, {version})"

    def _v_Aggref(self, e: t.Aggref) -> str:
        scope: Scope | None = self.scope
        while scope is not None:
            name = scope.aggregates.get(id(e))
            if name is not None:
                return name
            scope = scope.parent
        raise PgError("XX000", "aggregate outside of its query")

    def _v_Grouping(self, e: t.Grouping) -> str:
        return self._v_Aggref(e)  # type: ignore[arg-type]

    def _v_WindowFunc(self, e: t.WindowFunc) -> str:
        return self.scope.windows[id(e)]

    def _v_SubLink(self, e: t.SubLink) -> str:
        return self.subquery_hook(e)  # type: ignore[no-any-return]

    # -- keys ------------------------------------------------------------------------------------------------

    def sort_key_function(self, oid: int) -> str:
        """Name of a function value -> sortable key, or "None" when values sort as they are."""
        base = self.catalog.base_type(oid) if oid else oid
        if base in PLAIN:
            return "None"
        key = type_io(base, self.catalog).sort_key
        return "None" if key is None else self.module.constant(key, "sk")

    def hash_key(self, oid: int, code: str) -> str:
        """Source of a hashable that is equal exactly when the SQL values are."""
        base = self.catalog.base_type(oid) if oid else oid
        if base in PLAIN:
            return code
        key = type_io(base, self.catalog).hash_key
        if key is None:
            return code
        name = self.module.constant(key, "hk")
        first, later = self.atom(code)
        return f"(None if {first} is None else {name}({later}))"

    def sort_key(self, oid: int, code: str) -> str:
        """Source of a sortable key for a value that is not NULL."""
        function = self.sort_key_function(oid)
        return code if function == "None" else f"{function}({code})"


__all__ = ["PLAIN", "ExpressionCompiler", "Scope", "equality_operator", "ordering_operator"]
