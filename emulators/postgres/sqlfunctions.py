"""Calling functions written in SQL."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import ASSIGNMENT, coerce_to_target
from emulators.postgres.analyze.state import Parameters, ParseState
from emulators.postgres.analyze.tree import Param
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.types.values import Row

_MAX_DEPTH = 60


def body_statements(row: Any) -> Any:
    """The statements of an SQL function's body."""
    from emulators.postgres.parse.parser import parse

    stored = getattr(row.prosqlbody, "tree", None)
    if stored is not None:
        return stored
    return [s.node for s in parse(row.prosrc)]


def argument_names(row: Any) -> list[str]:
    if row.proargnames is None:
        return []
    modes = row.proargmodes.elements if row.proargmodes is not None else ["i"] * row.pronargs
    return [n or "" for n, m in zip(row.proargnames.elements, modes, strict=False) if m in "ibv"]


def function_state(backend: Any, row: Any, types: tuple[int, ...]) -> ParseState:
    """A parse state in which $n and the argument names mean the function's arguments."""
    state = ParseState(backend.catalog, backend.context)
    names = argument_names(row)
    state.parameters = Parameters(types, variable=False)

    def param(ps: Any, node: Any) -> Any:
        number = node.number or 0
        if not 1 <= number <= len(types):
            raise PgError("42P02", f"there is no parameter ${number}", location=node.location)
        return Param(number=number, type=types[number - 1], kind="sql", location=node.location)

    def column(ps: Any, parts: list[str], node: Any, before: bool) -> Any:
        if before:
            return None
        name = parts[-1]
        if len(parts) > 1 and parts[0] != row.proname:
            return None
        if name in names:
            number = names.index(name) + 1
            return Param(number=number, type=types[number - 1], kind="sql", location=node.location)
        return None

    state.param_hook = param
    state.column_hook = column
    return state


def plans_of(backend: Any, row: Any, types: tuple[int, ...], result: int) -> list[Any]:
    from emulators.postgres.analyze.select import analyze_statement
    from emulators.postgres.compile.plan import compile_plan

    catalog = backend.catalog
    key = ("sqlfunction", row.oid, types, result, backend.plan_key())
    cache = catalog.cache
    found = cache.get(key)
    if found is not None:
        return found  # type: ignore[no-any-return]
    plans: list[Any] = []
    nodes = body_statements(row)
    for number, node in enumerate(nodes):
        if node.kind not in ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"):
            plans.append(node)
            continue
        state = function_state(backend, row, types)
        state.text = row.prosrc
        try:
            query = analyze_statement(state, node)
        except PgError as error:
            backend.locate(error, row.prosrc)
            if error.position is not None:
                error.internal_position, error.position = error.position, None
                error.internal_query = row.prosrc
            raise
        if number == len(nodes) - 1 and result not in (oids.VOID, oids.RECORD):
            outputs = query.outputs
            composite = catalog.type_row(catalog.base_type(result)).typtype == "c"
            if len(outputs) == 1 and not (composite and outputs[0].expr.type != result):
                target = outputs[0]
                coerced = coerce_to_target(state, target.expr, target.expr.type, result, -1, ASSIGNMENT, "implicit")
                if coerced is not None:
                    target.expr = coerced
        plans.append(compile_plan(catalog, query))
    cache[key] = plans
    return plans


def call(backend: Any, oid: int, args: tuple[Any, ...], types: tuple[int, ...], result: int) -> Any:
    """Run an SQL function; a set-returning one gives a list of its rows."""
    catalog = backend.catalog
    row = catalog.proc(oid)
    if row.prolang != oids.SQL_LANGUAGE:
        language = catalog.one("pg_language", oid=row.prolang)
        raise unsupported(f"the function {row.proname} in language {language.lanname if language else row.prolang}")
    if backend.function_depth >= _MAX_DEPTH:
        from emulators.postgres.errors import out_of_stack

        raise out_of_stack()
    plans = plans_of(backend, row, types, result)
    backend.function_depth += 1
    try:
        rows: Any = None
        for number, plan in enumerate(plans, 1):
            try:
                rows = _run(backend, plan, args, row)
            except PgError as error:
                error.add_where(f'SQL function "{row.proname}" statement {number}')
                raise
    finally:
        backend.function_depth -= 1
    composite = result == oids.RECORD or catalog.type_row(catalog.base_type(result)).typtype == "c"
    if row.proretset:
        if rows is None:
            return []
        return [_one(r, composite, result, catalog) for r in rows]
    if result == oids.VOID or not rows:
        return None
    return _one(rows[0], composite, result, catalog)


def _one(row: Any, composite: bool, result: int, catalog: Any) -> Any:
    if not composite:
        return row[0]
    if len(row) == 1 and isinstance(row[0], Row):
        return row[0]
    return Row.of(row)


def _run(backend: Any, plan: Any, args: tuple[Any, ...], row: Any) -> Any:
    from emulators.postgres.backend import Runtime

    if not hasattr(plan, "run"):
        from emulators.postgres import commands

        commands.execute(backend, plan, row.prosrc)
        return None
    manager = backend.cluster.transactions
    if row.provolatile == "v":
        backend.transaction.cid += 1
    snapshot = backend.take_snapshot()
    manager.hold(snapshot)
    try:
        outcome = plan.run(Runtime(backend, snapshot, (), args))
        if plan.command != "select":
            backend.foreign_keys.end_of_statement()
            return outcome[1]
        return outcome
    finally:
        manager.release(snapshot)
