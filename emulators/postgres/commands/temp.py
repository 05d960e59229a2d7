"""Temporary objects: the session's pg_temp schema, and dropping it."""

from __future__ import annotations

from typing import Any


def ensure_temp_schema(backend: Any) -> int:
    """OID of the session's temporary schema, made on first use."""
    if backend.temp_schema is not None:
        return int(backend.temp_schema)
    name = f"pg_temp_{backend.pid}"
    oid = backend.catalog.schema_oid(name)
    if oid is None:
        oid = backend.catalog.new_oid()
        backend.catalog.insert("pg_namespace", oid=oid, nspname=name, nspowner=10, nspacl=None)

        def undo() -> None:
            backend.temp_schema = None

        backend.transaction.undo_with(undo)
    backend.temp_schema = oid
    backend.update_search_path()
    return int(oid)


def drop_temp_objects(backend: Any) -> None:
    if backend.temp_schema is None:
        return
    from emulators.postgres.commands.drop import drop_schema_contents

    drop_schema_contents(backend, backend.temp_schema)
