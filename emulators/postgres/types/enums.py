"""enum types: labels as str, ordered by the type's own list."""

from __future__ import annotations

from typing import Any

from emulators.postgres.types.context import Catalog, TypeInfo
from emulators.postgres.types.errors import data_error
from emulators.postgres.types.registry import TypeIO, container
from emulators.postgres.types.strings import decode_utf8


@container("enum_in")
def enum_io(info: TypeInfo, catalog: Catalog) -> TypeIO:
    positions = {label: index for index, label in enumerate(info.enum_labels)}

    def read(value: str, typmod: int, ctx: Any) -> str:
        if value not in positions:
            raise data_error("22P02", f'invalid input value for enum {info.display}: "{value}"')
        return value

    def write(value: str, ctx: Any) -> str:
        return value

    def receive(data: bytes, typmod: int, ctx: Any) -> str:
        return read(decode_utf8(data), typmod, ctx)

    def send(value: str, ctx: Any) -> bytes:
        return value.encode()

    return TypeIO(info.oid, info, read, write, receive, send, positions.__getitem__, None, "{0}", False)
