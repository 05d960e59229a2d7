"""Result rows as DataRow messages: one generated function for each combination of column types and formats."""

from __future__ import annotations

import struct
from typing import Any

from emulators.postgres import oids
from emulators.postgres.compile.code import Module
from emulators.postgres.types.registry import type_io

_int32 = struct.Struct("!i").pack
_row = struct.Struct("!cIH").pack
_PACKED = {
    oids.INT4: struct.Struct("!ii").pack,
    oids.OID: struct.Struct("!iI").pack,
    oids.INT2: struct.Struct("!ih").pack,
    oids.INT8: struct.Struct("!iq").pack,
}
_SIZES = {oids.INT4: 4, oids.OID: 4, oids.INT2: 2, oids.INT8: 8}
_TEXT = frozenset({oids.TEXT, oids.VARCHAR, oids.NAME, oids.BPCHAR, oids.UNKNOWN, oids.JSON, oids.CSTRING})


def make_encoder(catalog: Any, types: tuple[int, ...], formats: tuple[int, ...]) -> Any:
    """A function (rows, ctx) -> bytes of all DataRow messages."""
    module = Module()
    module.globals.update({"i4": _int32, "head": _row, "NULL": b"\xff\xff\xff\xff"})
    lines = ["def encode(rows, ctx):", "    out = []", "    add = out.append", "    for r in rows:"]
    names = []
    if len(types) == 1:
        lines.append("        v0, = r")
    elif types:
        lines.append(f"        {', '.join(f'v{i}' for i in range(len(types)))} = r")
    for i, (oid, code) in enumerate(zip(types, formats, strict=True)):
        v, name = f"v{i}", f"p{i}"
        names.append(name)
        base = oid if oid in (0, oids.UNKNOWN) else catalog.base_type(oid)
        lines.append(f"        if {v} is None: {name} = NULL")
        if code == 1 and base in _PACKED:
            pack = module.constant(_PACKED[base], "k")
            lines.append(f"        else: {name} = {pack}({_SIZES[base]}, {v})")
            continue
        if base in _TEXT:
            expr = f"{v}.encode()"
        elif code == 1:
            expr = f"{module.constant(type_io(base, catalog).binary_out, 'b')}({v}, ctx)"
        elif base in (oids.INT2, oids.INT4, oids.INT8, oids.OID):
            expr = f"b'%d' % {v}"
        elif base == oids.BOOL:
            expr = f"(b't' if {v} else b'f')"
        else:
            expr = f"{module.constant(type_io(base, catalog).text_out, 'o')}({v}, ctx).encode()"
        lines.append("        else:")
        lines.append(f"            b = {expr}")
        lines.append(f"            {name} = i4(len(b)) + b")
    body = " + ".join(names) or "b''"
    lines.append(f"        b = {body}")
    lines.append(f"        add(head(b'D', len(b) + 6, {len(types)}) + b)")
    lines.append("    return b''.join(out)")
    namespace = module.globals
    exec(compile("\n".join(lines), "<parlel rows>", "exec"), namespace)
    return namespace["encode"]
