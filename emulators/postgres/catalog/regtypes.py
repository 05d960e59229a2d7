"""regclass, regtype, regproc and their kin: names to OIDs and back."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import find_relation_oid
from emulators.postgres.analyze.typenames import parse_type_text
from emulators.postgres.catalog.describe import function_text
from emulators.postgres.catalog.format_type import quote_identifier
from emulators.postgres.errors import PgError


def split_name(text: str) -> list[str]:
    """A possibly qualified identifier: quotes removed, the rest folded to lower case."""
    parts: list[str] = []
    i, n = 0, len(text)
    while True:
        while i < n and text[i].isspace():
            i += 1
        if i < n and text[i] == '"':
            j = i + 1
            part = ""
            while True:
                if j >= n:
                    raise PgError("42602", "invalid name syntax")
                if text[j] == '"':
                    if text[j + 1 : j + 2] == '"':
                        part += '"'
                        j += 2
                        continue
                    break
                part += text[j]
                j += 1
            parts.append(part)
            i = j + 1
        else:
            j = i
            while j < n and (text[j].isalnum() or text[j] in "_$" or ord(text[j]) > 127):
                j += 1
            if j == i:
                raise PgError("42602", "invalid name syntax")
            parts.append(text[i:j].lower())
            i = j
        while i < n and text[i].isspace():
            i += 1
        if i >= n:
            return parts
        if text[i] != ".":
            raise PgError("42602", "invalid name syntax")
        i += 1


def reg_in(backend: Any, kind: str, text: str) -> int:
    text = text.strip()
    if text == "-":
        return 0
    if text.isdigit():
        value = int(text)
        if value > 4294967295:
            raise PgError("22003", f'value "{text}" is out of range for type oid')
        return value
    catalog = backend.catalog
    if kind == "regclass":
        oid = find_relation_oid(catalog, split_name(text))
        assert oid is not None
        return oid
    if kind == "regtype":
        return parse_type_text(catalog, text)[0]
    if kind == "regnamespace":
        (name,) = split_name(text)
        found = catalog.schema_oid(name)
        if found is None:
            raise PgError("3F000", f'schema "{name}" does not exist')
        return int(found)
    if kind == "regrole":
        (name,) = split_name(text)
        found = catalog.role_oid(name)
        if found is None:
            raise PgError("42704", f'role "{name}" does not exist')
        return int(found)
    if kind == "regproc":
        names = split_name(text)
        rows = _functions(catalog, names)
        if not rows:
            raise PgError("42883", f'function "{text}" does not exist')
        if len(rows) > 1:
            raise PgError("42725", f'more than one function named "{text}"')
        return int(rows[0].oid)
    if kind == "regprocedure":
        name, _, rest = text.partition("(")
        rows = _functions(catalog, split_name(name))
        wanted = [parse_type_text(catalog, a)[0] for a in rest.rstrip(")").split(",") if a.strip()]
        for row in rows:
            if list(row.proargtypes.elements) == wanted:
                return int(row.oid)
        raise PgError("42883", f'function "{text}" does not exist')
    if kind in ("regoper", "regoperator"):
        name, _, rest = text.partition("(")
        name = name.strip()
        schema = None
        if "." in name:
            schema_name, name = name.rsplit(".", 1)
            schema = catalog.schema_oid(schema_name)
        rows = [r for r in catalog.many("pg_operator", oprname=name) if schema is None or r.oprnamespace == schema]
        if kind == "regoperator":
            args = [a.strip() for a in rest.rstrip(")").split(",")]
            wanted = [0 if a.lower() == "none" else parse_type_text(catalog, a)[0] for a in args]
            rows = [r for r in rows if [r.oprleft, r.oprright] == wanted]
        if not rows:
            raise PgError("42883", f"operator does not exist: {text}")
        if len(rows) > 1:
            raise PgError("42725", f"more than one operator named {text}")
        return int(rows[0].oid)
    if kind == "regcollation":
        names = split_name(text)
        for row in catalog.many("pg_collation", collname=names[-1]):
            return int(row.oid)
        raise PgError("42704", f'collation "{text}" for encoding "UTF8" does not exist')
    relation = {"regconfig": ("pg_ts_config", "cfgname", "text search configuration"),
                "regdictionary": ("pg_ts_dict", "dictname", "text search dictionary")}[kind]  # fmt: skip
    names = split_name(text)
    row = catalog.one(relation[0], **{relation[1]: names[-1]})
    if row is None:
        raise PgError("42704", f'{relation[2]} "{text}" does not exist')
    return int(row.oid)


def _functions(catalog: Any, names: list[str]) -> list[Any]:
    schemas = list(catalog.search_path) if len(names) == 1 else [catalog.schema_oid(names[-2])]
    rows = [r for r in catalog.many("pg_proc", proname=names[-1]) if r.pronamespace in schemas]
    seen: dict[tuple[int, ...], Any] = {}
    for schema in schemas:
        for row in rows:
            if row.pronamespace == schema:
                seen.setdefault(tuple(row.proargtypes.elements), row)
    return list(seen.values())


def reg_out(backend: Any, kind: str, oid: int) -> str:
    if oid == 0:
        return "-"
    catalog = backend.catalog
    if kind == "regclass":
        row = catalog.one("pg_class", oid=oid)
        if row is None:
            return str(oid)
        name = quote_identifier(row.relname)
        if catalog.relation_visible(row):
            return name
        return f"{quote_identifier(catalog.schema_name(row.relnamespace) or '')}.{name}"
    if kind == "regtype":
        text: str = catalog.format_type(oid)
        return str(oid) if text == "???" else text
    if kind == "regnamespace":
        name = catalog.schema_name(oid)
        return quote_identifier(name) if name else str(oid)
    if kind == "regrole":
        row = catalog.one("pg_authid", oid=oid)
        return quote_identifier(row.rolname) if row is not None else str(oid)
    if kind == "regproc":
        row = catalog.one("pg_proc", oid=oid)
        if row is None:
            return str(oid)
        rows = _functions(catalog, [row.proname])
        name = quote_identifier(row.proname)
        if len(rows) == 1 and rows[0].oid == oid:
            return name
        return f"{quote_identifier(catalog.schema_name(row.pronamespace) or '')}.{name}"
    if kind == "regprocedure":
        return function_text(backend, oid)
    if kind in ("regoper", "regoperator"):
        row = catalog.operator(oid)
        if row is None:
            return str(oid)
        name = row.oprname
        if kind == "regoperator":
            left = catalog.format_type(row.oprleft) if row.oprleft else "NONE"
            return f"{name}({left},{catalog.format_type(row.oprright)})"
        if len(catalog.many("pg_operator", oprname=name)) > 1:
            return f"{catalog.schema_name(row.oprnamespace)}.{name}"
        return str(name)
    relation = {"regcollation": ("pg_collation", "collname"), "regconfig": ("pg_ts_config", "cfgname"),
                "regdictionary": ("pg_ts_dict", "dictname")}[kind]  # fmt: skip
    row = catalog.one(relation[0], oid=oid)
    return quote_identifier(getattr(row, relation[1])) if row is not None else str(oid)


__all__ = ["oids", "reg_in", "reg_out", "split_name"]
