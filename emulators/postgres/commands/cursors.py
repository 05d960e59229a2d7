"""DECLARE, FETCH, MOVE, CLOSE, PREPARE, EXECUTE, DEALLOCATE."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import ASSIGNMENT, coerce_to_target, exposed_location
from emulators.postgres.analyze.expressions import transform_in
from emulators.postgres.commands import command
from emulators.postgres.commands.objects import table_state
from emulators.postgres.errors import PgError, unsupported

_BINARY, _SCROLL, _NO_SCROLL, _INSENSITIVE, _ASENSITIVE, _HOLD = 1, 2, 4, 8, 16, 32


@command("DeclareCursorStmt")
def declare(backend: Any, node: Any, text: str) -> Any:
    from emulators.postgres.session import Portal

    options = node.options or 0
    hold = bool(options & _HOLD)
    if not hold and not backend.in_block and not backend.implicit_block:
        raise PgError("25P01", "DECLARE CURSOR can only be used in transaction blocks")
    name = node.portalname
    if not name:
        raise PgError("34000", "invalid cursor name: must not be empty")
    if options & _SCROLL and options & _NO_SCROLL:
        raise PgError("42P11", "cannot specify both SCROLL and NO SCROLL")
    query = node.query
    if query.kind != "SelectStmt":
        raise PgError("42P11", "DECLARE CURSOR must not contain data-modifying statements in WITH")
    plan = backend.plan(query, text)
    if plan.query.into is not None:
        raise PgError("42P11", "SELECT INTO is not allowed in DECLARE CURSOR")
    if plan.modifies:
        raise PgError("0A000", "DECLARE CURSOR must not contain data-modifying statements in WITH")
    if plan.locks and hold:
        raise PgError(
            "0A000",
            "DECLARE CURSOR WITH HOLD ... FOR UPDATE is not supported",
            detail="Holdable cursors must be READ ONLY.",
        )
    if name in backend.portals:
        raise PgError("42P03", f'cursor "{name}" already exists')
    portal = Portal(name, None, (), ())
    result = backend.run_plan(plan, ())
    portal.columns = result.columns
    portal.rows = result.rows
    portal.tag = result.tag
    portal.hold = hold
    simple = _scans_backward(plan.query) and not plan.locks
    portal.scroll = True if options & _SCROLL else False if options & _NO_SCROLL else simple
    portal.text = text.strip().rstrip(";")
    portal.formats = (1 if options & _BINARY else 0,) * len(result.columns)
    backend.portals[name] = portal
    return "DECLARE CURSOR"


def _scans_backward(query: Any) -> bool:
    """Would PostgreSQL's plan of this query run backwards without SCROLL? Plain scans and sorts do."""
    if query.sort:
        return True
    if query.set_op is not None or query.has_aggs or query.group or query.has_windows or query.has_srf:
        return False
    if query.distinct or len(query.from_items) != 1:
        return False
    item = query.from_items[0]
    if getattr(item, "kind", "") == "subquery" and item.query is not None:
        return _scans_backward(item.query)
    return getattr(item, "kind", "") in ("relation", "function", "values", "cte")


def _portal(backend: Any, name: str) -> Any:
    portal = backend.portals.get(name)
    if portal is None or portal.columns is None:
        raise PgError("34000", f'cursor "{name}" does not exist')
    return portal


def fetch_rows(portal: Any, direction: str, count: int) -> list[Any]:
    """Move the cursor as FETCH does and give the rows passed. Position 0 is before the first row."""
    rows = portal.rows
    total = len(rows)
    position = portal.position

    def need_scroll() -> None:
        if portal.scroll is False:
            raise PgError(
                "55000", "cursor can only scan forward", hint="Declare it with SCROLL option to enable backward scan."
            )

    if direction == "absolute":
        wanted = count if count >= 0 else total + 1 + count
        if wanted < position or (wanted == position and count >= 0 and position):
            need_scroll()
        if count == 0 or wanted <= 0:
            portal.position = 0
            return []
        if wanted > total:
            portal.position = total + 1
            return []
        portal.position = wanted
        return [rows[wanted - 1]]
    if direction == "relative":
        wanted = position + count
        if (count < 0 or (count == 0 and 1 <= position <= total)) and count < 0:
            need_scroll()
        if wanted < 1:
            portal.position = 0
            return []
        if wanted > total:
            portal.position = total + 1
            return []
        portal.position = wanted
        return [rows[wanted - 1]]
    if direction == "backward":
        need_scroll()
        start = min(position, total + 1)
        end = max(start - count, 0)
        out = [rows[i - 1] for i in range(start - 1, max(end, 1) - 1, -1)][:count]
        portal.position = start - len(out) if len(out) == count and count else 0
        if len(out) == count:
            portal.position = start - count
        return out
    start = min(position, total)
    out = rows[start : start + count]
    portal.position = start + len(out) if len(out) == count else total + 1
    return list(out)


@command("FetchStmt")
def fetch(backend: Any, node: Any, text: str) -> Any:
    from emulators.postgres.backend import Result

    portal = _portal(backend, node.portalname)
    direction = {
        "FETCH_FORWARD": "forward", "FETCH_BACKWARD": "backward", "FETCH_ABSOLUTE": "absolute", "FETCH_RELATIVE": "relative",
    }[node.direction]  # fmt: skip
    _ = node.direction_keyword, node.location
    many = node.howMany or 0
    if direction in ("forward", "backward"):
        if many >= 2**31 - 1:
            many = 2**62
        if many < 0:
            many = -many
            direction = "backward" if direction == "forward" else "forward"
        if many == 0:
            rows = fetch_rows(portal, "relative", 0)
        else:
            rows = fetch_rows(portal, direction, many)
    else:
        rows = fetch_rows(portal, direction, many)
    if node.ismove:
        return Result(f"MOVE {len(rows)}")
    return Result(f"FETCH {len(rows)}", portal.columns, rows)


@command("ClosePortalStmt")
def close(backend: Any, node: Any, text: str) -> str:
    name = node.portalname
    if not name:
        for portal in list(backend.portals):
            if portal:
                del backend.portals[portal]
        return "CLOSE CURSOR ALL"
    _portal(backend, name)
    del backend.portals[name]
    return "CLOSE CURSOR"


@command("PrepareStmt")
def prepare(backend: Any, node: Any, text: str) -> str:
    from emulators.postgres.analyze.typenames import resolve_type
    from emulators.postgres.session import Prepared

    name = node.name
    if not name:
        raise PgError("42P14", "invalid statement name: must not be empty")
    if name in backend.prepared:
        raise PgError("42P05", f'prepared statement "{name}" already exists')
    types = tuple([resolve_type(backend.catalog, a)[0] for a in node.argtypes or ()])
    query = node.query
    if query.kind not in ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"):
        raise unsupported(f"PREPARE of {query.kind.removesuffix('Stmt')}")
    prepared = Prepared(name, text.strip().rstrip(";") + ";", query, types)
    prepared.from_sql = True
    prepared.prepared_at = backend.context.statement_timestamp
    _plan(backend, prepared)
    query.mark_read()
    backend.prepared[name] = prepared
    return "PREPARE"


def _plan(backend: Any, prepared: Any) -> Any:
    from emulators.postgres.analyze.state import Parameters

    key = backend.plan_key()
    if prepared.plan is not None and prepared.key == key and backend.catalog.version is not None:
        return prepared.plan
    parameters = Parameters(prepared.types)
    plan = backend.plan(prepared.node, prepared.text, parameters)
    types = [c[3] for c in plan.columns]
    if prepared.result_types is not None and prepared.result_types != types:
        raise PgError("0A000", "cached plan must not change result type")
    prepared.plan, prepared.key, prepared.result_types = plan, key, types
    prepared.types = parameters.final()
    return plan


@command("ExecuteStmt")
def execute(backend: Any, node: Any, text: str) -> Any:
    from emulators.postgres.compile.plan import row_function

    name = node.name
    prepared = backend.prepared.get(name)
    if prepared is None:
        raise PgError("26000", f'prepared statement "{name}" does not exist')
    args = node.params or []
    if prepared.plan is None:
        raise unsupported("EXECUTE of this statement")
    plan = _plan(backend, prepared)
    if len(args) != len(prepared.types):
        raise PgError(
            "42601",
            f'wrong number of parameters for prepared statement "{name}"',
            detail=f"Expected {len(prepared.types)} parameters but got {len(args)}.",
        )
    values = []
    for number, (arg, oid) in enumerate(zip(args, prepared.types, strict=True), 1):
        state, _ = table_state(backend, None)
        expr = transform_in(state, arg, "execute")
        coerced = coerce_to_target(state, expr, expr.type, oid, -1, ASSIGNMENT, "implicit")
        if coerced is None:
            raise PgError(
                "42804",
                f"parameter ${number} of type {backend.catalog.format_type(expr.type)} cannot be coerced to the "
                f"expected type {backend.catalog.format_type(oid)}",
                hint="You will need to rewrite or cast the expression.",
                location=exposed_location(expr),
            )
        values.append(row_function(backend.catalog, coerced)(backend.context, ()))
    return backend.run_plan(plan, tuple(values))


@command("DeallocateStmt")
def deallocate(backend: Any, node: Any, text: str) -> str:
    _ = node.isall
    name = node.name
    if not name:
        backend.prepared.clear()
        return "DEALLOCATE ALL"
    if name not in backend.prepared:
        raise PgError("26000", f'prepared statement "{name}" does not exist')
    del backend.prepared[name]
    return "DEALLOCATE"


_ = oids
