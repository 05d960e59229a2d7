"""Rows and keys as they are printed in DETAIL lines of constraint errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.catalog.relations import IndexInfo, Relation
from emulators.postgres.types.registry import type_io

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend

_MAX_FIELD = 64


def value_text(backend: Backend, value: Any, oid: int) -> str:
    if value is None:
        return "null"
    return type_io(oid, backend.catalog).text_out(value, backend.context)


def failing_row(backend: Backend, relation: Relation, row: Any) -> str:
    """`Failing row contains (...)`: long values are cut to 64 bytes."""
    cells = []
    for column in relation.columns:
        if column.dropped:
            continue
        if column.generated == "v":
            cells.append("virtual")
            continue
        text = value_text(backend, row[column.num - 1], column.type)
        encoded = text.encode()
        if len(encoded) > _MAX_FIELD:
            text = encoded[:_MAX_FIELD].decode("utf-8", "ignore") + "..."
        cells.append(text)
    return f"Failing row contains ({', '.join(cells)})."


def key_text(backend: Backend, relation: Relation, keys: Any, values: Any) -> str:
    """`Key (a, b)=(1, 2)` for column numbers and values."""
    names = ", ".join([relation.columns[k - 1].name for k in keys])
    shown = ", ".join([value_text(backend, v, relation.columns[k - 1].type) for k, v in zip(keys, values, strict=True)])
    return f"Key ({names})=({shown})"


def index_key_text(backend: Backend, relation: Relation, index: IndexInfo, ctx: Any, row: Any) -> str:
    from emulators.postgres.deparse import index_column_texts
    from emulators.postgres.execute.modify import index_values

    names = index_column_texts(backend.catalog, relation, index)[: index.width]
    values = index_values(backend.catalog, relation, index, ctx, row)
    shown = ", ".join([value_text(backend, v, oid) for v, oid in values])
    return f"Key ({', '.join(names)})=({shown})"
