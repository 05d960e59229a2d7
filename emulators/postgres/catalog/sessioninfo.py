"""CURRENT_DATE, CURRENT_USER and the other SQL value functions."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.functions import registry as functions
from emulators.postgres.types.registry import type_io


def sql_value(backend: Any, op: str, typmod: int) -> Any:
    catalog = backend.catalog
    context = backend.context
    if op in ("SVFOP_CURRENT_USER", "SVFOP_USER", "SVFOP_CURRENT_ROLE"):
        return catalog.role_name(backend.current_user)
    if op == "SVFOP_SESSION_USER":
        return catalog.role_name(backend.session_user)
    if op == "SVFOP_CURRENT_CATALOG":
        return catalog.database.name
    if op == "SVFOP_CURRENT_SCHEMA":
        return current_schema(backend)
    now = context.transaction_timestamp
    if typmod >= 0:
        unit = 10 ** (6 - typmod)
        now = (now + unit // 2) // unit * unit
    if op.startswith("SVFOP_CURRENT_TIMESTAMP"):
        return now
    # The others are what a cast of now() gives in the session's time zone.
    target = {
        "SVFOP_CURRENT_DATE": oids.DATE,
        "SVFOP_LOCALTIMESTAMP": oids.TIMESTAMP,
        "SVFOP_LOCALTIME": oids.TIME,
        "SVFOP_CURRENT_TIME": oids.TIMETZ,
    }[op.removesuffix("_N")]
    cast = catalog.cast_function(oids.TIMESTAMPTZ, target)
    entry = functions.lookup(cast[1]) if cast else None
    if entry is not None:
        function = entry.resolve((oids.TIMESTAMPTZ, target), catalog)
        return function(context, now) if entry.ctx else function(now)
    text = type_io(oids.TIMESTAMPTZ, catalog).text_out(now, context)
    return type_io(target, catalog).text_in(text, -1, context)


def current_schema(backend: Any) -> str | None:
    for oid in backend.catalog.search_path:
        if oid in (oids.PG_CATALOG, backend.temp_schema):
            continue
        return backend.catalog.schema_name(oid)  # type: ignore[no-any-return]
    return None
