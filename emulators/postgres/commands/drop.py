"""DROP: objects with everything that depends on them, through pg_depend, with PostgreSQL's messages."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import find_relation_oid
from emulators.postgres.analyze.typenames import lookup_typename
from emulators.postgres.catalog.describe import object_description
from emulators.postgres.commands import command
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import name_of

Object = tuple[int, int, int]

_RELKINDS = {
    "OBJECT_TABLE": ("rp", "table", "TABLE"),
    "OBJECT_VIEW": ("v", "view", "VIEW"),
    "OBJECT_INDEX": ("iI", "index", "INDEX"),
    "OBJECT_SEQUENCE": ("S", "sequence", "SEQUENCE"),
    "OBJECT_MATVIEW": ("m", "materialized view", "MATERIALIZED VIEW"),
    "OBJECT_FOREIGN_TABLE": ("f", "foreign table", "FOREIGN TABLE"),
}
_KIND_WORD = {
    "r": ("TABLE", "a table"), "v": ("VIEW", "a view"), "i": ("INDEX", "an index"), "S": ("SEQUENCE", "a sequence"),
    "m": ("MATERIALIZED VIEW", "a materialized view"), "c": ("TYPE", "a type"), "p": ("TABLE", "a table"),
}  # fmt: skip


def drop_objects(backend: Any, objects: list[Object], *, cascade: bool, quiet: bool = False) -> None:
    """performMultipleDeletions."""
    catalog = backend.catalog
    order: list[Object] = []
    seen: set[Object] = set()
    reasons: dict[Object, Object] = {}

    def visit(obj: Object, parent: Object | None, auto: bool) -> None:
        if obj in seen:
            return
        # An object that belongs to another one goes with its owner.
        if parent is None:
            for row in catalog.find("pg_depend", classid=obj[0], objid=obj[1]):
                if row.deptype == "i" and row.objsubid == obj[2]:
                    owner = (row.refclassid, row.refobjid, row.refobjsubid)
                    if owner not in seen and (owner[0], owner[1], 0) not in seen:
                        raise PgError(
                            "2BP01",
                            f"cannot drop {object_description(backend, obj)} because "
                            f"{object_description(backend, owner)} requires it",
                            hint=f"You can drop {object_description(backend, owner)} instead.",
                        )
        seen.add(obj)
        if parent is not None and not auto:
            reasons[obj] = parent
        dependents = catalog.find("pg_depend", refclassid=obj[0], refobjid=obj[1])
        # Newer objects first, as PostgreSQL sorts them.
        dependents.sort(key=lambda r: (-r.objid, r.objsubid))
        for row in dependents:
            if obj[2] and row.refobjsubid != obj[2]:
                continue
            child = (row.classid, row.objid, row.objsubid)
            if child == obj or (child[0] == obj[0] and child[1] == obj[1]):
                if obj[2] == 0 and child[2]:
                    continue
                if child == obj:
                    continue
            if (row.deptype == "i" and child[0] == oids.PG_REWRITE) or row.deptype in "ai":
                visit(child, obj, True)
            else:
                target = child
                # A dependency through a view's rule is the view's.
                if child[0] == oids.PG_REWRITE:
                    rule = catalog.one("pg_rewrite", oid=child[1])
                    if rule is not None:
                        target = (oids.PG_CLASS, rule.ev_class, 0)
                elif child[0] == oids.PG_ATTRDEF:
                    default = catalog.one("pg_attrdef", oid=child[1])
                    if default is not None and (oids.PG_CLASS, default.adrelid, 0) in seen:
                        continue
                if target[0] == oids.PG_CLASS and (target[0], target[1], 0) in seen:
                    continue
                if target in roots:
                    continue
                visit(target, obj, False)
        order.append(obj)

    roots = set(objects)
    for obj in objects:
        visit(obj, None, True)
    # Reported in the reverse of the order of deletion.
    reports = [(o, reasons[o]) for o in reversed(order) if o in reasons and o not in roots]
    if reports and not cascade:
        lines = [f"{object_description(backend, o)} depends on {object_description(backend, p)}" for o, p in reports]
        if len(objects) == 1:
            message = f"cannot drop {object_description(backend, objects[0])} because other objects depend on it"
        else:
            message = "cannot drop desired object(s) because other objects depend on them"
        raise PgError(
            "2BP01",
            message,
            detail="\n".join(lines),
            hint="Use DROP ... CASCADE to drop the dependent objects too.",
        )
    if reports and not quiet:
        shown = [f"drop cascades to {object_description(backend, o)}" for o, _ in reports]
        if len(shown) == 1:
            backend.notice(PgError("00000", shown[0], severity="NOTICE"))
        else:
            backend.notice(
                PgError(
                    "00000",
                    f"drop cascades to {len(shown)} other objects",
                    detail="\n".join(shown),
                    severity="NOTICE",
                )
            )
    for obj in order:
        delete_object(backend, obj)


def delete_object(backend: Any, obj: Object) -> None:
    """Remove one object's own catalog rows."""
    catalog = backend.catalog
    classid, oid, sub = obj
    if classid == oids.PG_CLASS and sub:
        _drop_column(backend, oid, sub)
    elif classid == oids.PG_CLASS:
        row = catalog.one("pg_class", oid=oid)
        if row is None:
            return
        from emulators.postgres.locks import lock_relation

        lock_relation(backend, oid, 8)
        catalog.delete("pg_class", oid=oid)
        catalog.delete("pg_attribute", attrelid=oid)
        catalog.delete("pg_index", indexrelid=oid)
        catalog.delete("pg_sequence", seqrelid=oid)
        catalog.delete("pg_inherits", inhrelid=oid)
        if row.relkind == "i":
            for heap in backend.database.heaps.values():
                if oid in heap.indexes:
                    break
        backend.temp_tables.pop(oid, None)
    elif classid == oids.PG_TYPE:
        catalog.delete("pg_type", oid=oid)
        catalog.delete("pg_enum", enumtypid=oid)
        catalog.delete("pg_range", rngtypid=oid)
    elif classid == oids.PG_CONSTRAINT:
        row = catalog.one("pg_constraint", oid=oid)
        if row is None:
            return
        catalog.delete("pg_constraint", oid=oid)
        if row.contype == "n" and row.conrelid and catalog.one("pg_class", oid=row.conrelid) is not None:
            for key in row.conkey.elements:
                attribute = catalog.one("pg_attribute", attrelid=row.conrelid, attnum=key)
                if attribute is not None and attribute.attnotnull:
                    catalog.update("pg_attribute", {"attrelid": row.conrelid, "attnum": key}, attnotnull=False)
    elif classid == oids.PG_ATTRDEF:
        row = catalog.one("pg_attrdef", oid=oid)
        if row is None:
            return
        catalog.delete("pg_attrdef", oid=oid)
        attribute = catalog.one("pg_attribute", attrelid=row.adrelid, attnum=row.adnum)
        if attribute is not None and attribute.atthasdef:
            catalog.update(
                "pg_attribute", {"attrelid": row.adrelid, "attnum": row.adnum}, atthasdef=False, attgenerated=""
            )
    elif classid == oids.PG_REWRITE:
        catalog.delete("pg_rewrite", oid=oid)
    elif classid == oids.PG_NAMESPACE:
        catalog.delete("pg_namespace", oid=oid)
    elif classid == oids.PG_PROC:
        catalog.delete("pg_proc", oid=oid)
        catalog.delete("pg_aggregate", aggfnoid=oid)
    elif classid == oids.PG_EXTENSION:
        catalog.delete("pg_extension", oid=oid)
    elif classid == oids.PG_CAST:
        catalog.delete("pg_cast", oid=oid)
    elif classid == oids.PG_OPERATOR:
        catalog.delete("pg_operator", oid=oid)
    catalog.delete("pg_depend", classid=classid, objid=oid, **({"objsubid": sub} if sub else {}))
    catalog.delete("pg_description", objoid=oid, classoid=classid, **({"objsubid": sub} if sub else {}))


def _drop_column(backend: Any, relid: int, number: int) -> None:
    catalog = backend.catalog
    catalog.update(
        "pg_attribute",
        {"attrelid": relid, "attnum": number},
        attname=f"........pg.dropped.{number}........",
        atttypid=0,
        attisdropped=True,
        attnotnull=False,
        atthasdef=False,
        attidentity="",
        attgenerated="",
    )


def _missing(backend: Any, word: str, name: str, names: list[str]) -> None:
    backend.notice(PgError("00000", f'{word} "{name}" does not exist, skipping', severity="NOTICE"))


@command("DropStmt")
def drop(backend: Any, node: Any, text: str) -> str:
    kind = node.removeType
    cascade = node.behavior == "DROP_CASCADE"
    objects: list[Object] = []
    missing_ok = bool(node.missing_ok)
    if node.concurrent and backend.in_block:
        raise PgError("25001", "DROP INDEX CONCURRENTLY cannot run inside a transaction block")
    tag = "DROP"
    for item in node.objects:
        if kind in _RELKINDS:
            kinds, word, upper = _RELKINDS[kind]
            tag = f"DROP {upper}"
            found = _find_relation(backend, name_of(item), kinds, word, upper, missing_ok)
        else:
            found, tag = _find_other(backend, kind, item, missing_ok)
        if found is not None and found not in objects:
            objects.append(found)
    if objects:
        drop_objects(backend, objects, cascade=cascade)
        backend.update_search_path()
    return tag


def _find_relation(
    backend: Any, names: list[str], kinds: str, word: str, upper: str, missing_ok: bool
) -> Object | None:
    from emulators.postgres.locks import lock_relation
    from emulators.postgres.privileges import check_owner

    catalog = backend.catalog
    shown = ".".join(names)
    if len(names) > 1 and names[0] != "pg_temp" and catalog.schema_oid(names[-2]) is None:
        if missing_ok:
            backend.notice(PgError("00000", f'schema "{names[-2]}" does not exist, skipping', severity="NOTICE"))
            return None
        raise PgError("3F000", f'schema "{names[-2]}" does not exist')
    oid = find_relation_oid(catalog, names, None, missing_ok=True)
    if oid is None:
        if missing_ok:
            _missing(backend, word, names[-1] if len(names) == 1 else shown, names)
            return None
        code = "42704" if word == "index" else "42P01"
        raise PgError(code, f'{word} "{shown}" does not exist')
    lock_relation(backend, oid, 8)
    row = catalog.one("pg_class", oid=oid)
    if row is None:
        raise PgError("42P01", f'{word} "{shown}" does not exist')
    if row.relkind not in kinds:
        right, _ = _KIND_WORD.get(row.relkind, ("TABLE", "a table"))
        article = "an" if word[0] in "aeiou" else "a"
        article_word = {"TABLE": "a table", "VIEW": "a view", "INDEX": "an index", "SEQUENCE": "a sequence",
                        "TYPE": "a type", "MATERIALIZED VIEW": "a materialized view"}[right]  # fmt: skip
        raise PgError(
            "42809",
            f'"{row.relname}" is not {article} {word}',
            hint=f"Use DROP {right} to remove {article_word}.",
        )
    if row.relnamespace == oids.PG_CATALOG:
        raise PgError("42501", f'permission denied: "{row.relname}" is a system catalog')
    check_owner(backend, row.relowner, f"{word} {row.relname}")
    return (oids.PG_CLASS, oid, 0)


def _find_other(backend: Any, kind: str, item: Any, missing_ok: bool) -> tuple[Object | None, str]:
    catalog = backend.catalog
    if kind == "OBJECT_SCHEMA":
        name = item.sval
        oid = catalog.schema_oid(name)
        if oid is None:
            if missing_ok:
                _missing(backend, "schema", name, [name])
                return None, "DROP SCHEMA"
            raise PgError("3F000", f'schema "{name}" does not exist')
        from emulators.postgres.privileges import check_owner

        check_owner(backend, catalog.one("pg_namespace", oid=oid).nspowner, f"schema {name}")
        if oid < oids.FIRST_USER_OID and oid != oids.PUBLIC:
            raise PgError("2BP01", f"cannot drop schema {name} because it is required by the database system")
        return (oids.PG_NAMESPACE, oid, 0), "DROP SCHEMA"
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        tag = "DROP TYPE" if kind == "OBJECT_TYPE" else "DROP DOMAIN"
        row = lookup_typename(catalog, item)
        if row is None:
            shown = ".".join(name_of(item.names))
            if missing_ok:
                backend.notice(PgError("00000", f'type "{shown}" does not exist, skipping', severity="NOTICE"))
                return None, tag
            raise PgError("42704", f'type "{shown}" does not exist')
        if kind == "OBJECT_DOMAIN" and row.typtype != "d":
            raise PgError("42809", f'"{row.typname}" is not a domain')
        from emulators.postgres.privileges import check_owner

        check_owner(backend, row.typowner, f"type {row.typname}")
        if row.oid < oids.FIRST_USER_OID:
            raise PgError(
                "2BP01",
                f"cannot drop type {catalog.format_type(row.oid)} because it is required by the database system",
            )
        return (oids.PG_TYPE, row.oid, 0), tag
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        from emulators.postgres.commands.functions import find_function

        word = {"OBJECT_FUNCTION": "function", "OBJECT_PROCEDURE": "procedure", "OBJECT_ROUTINE": "routine",
                "OBJECT_AGGREGATE": "aggregate"}[kind]  # fmt: skip
        row = find_function(backend, item, word, missing_ok=missing_ok)
        tag = f"DROP {word.upper()}"
        if row is None:
            return None, tag
        if row.oid < oids.FIRST_USER_OID:
            raise PgError(
                "2BP01",
                f"cannot drop {object_description(backend, (oids.PG_PROC, row.oid, 0))} because it is required by the "
                "database system",
            )
        return (oids.PG_PROC, row.oid, 0), tag
    if kind == "OBJECT_EXTENSION":
        name = item.sval
        row = catalog.one("pg_extension", extname=name)
        if row is None:
            if missing_ok:
                _missing(backend, "extension", name, [name])
                return None, "DROP EXTENSION"
            raise PgError("42704", f'extension "{name}" does not exist')
        return (oids.PG_EXTENSION, row.oid, 0), "DROP EXTENSION"
    if kind in ("OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY"):
        word = kind.removeprefix("OBJECT_").lower()
        names = name_of(item)
        oid = find_relation_oid(catalog, names[:-1], None, missing_ok=missing_ok)
        if oid is None:
            backend.notice(
                PgError("00000", f'relation "{".".join(names[:-1])}" does not exist, skipping', severity="NOTICE")
            )
            return None, f"DROP {word.upper()}"
        message = f'{word} "{names[-1]}" for {"table" if word != "rule" else "relation"} "{names[-2]}" does not exist'
        if missing_ok:
            shown = "relation" if word in ("trigger", "policy", "rule") else "table"
            backend.notice(
                PgError(
                    "00000",
                    f'{word} "{names[-1]}" for relation "{names[-2]}" does not exist, skipping',
                    severity="NOTICE",
                )
            )
            _ = shown
            return None, f"DROP {word.upper()}"
        raise PgError("42704", message)
    if missing_ok:
        raise unsupported(f"DROP {kind.removeprefix('OBJECT_').replace('_', ' ')} IF EXISTS")
    raise unsupported(f"DROP {kind.removeprefix('OBJECT_').replace('_', ' ')}")


def drop_schema_contents(backend: Any, schema: int) -> None:
    """Everything in a schema (temporary tables at the end of a session)."""
    catalog = backend.catalog
    objects: list[Object] = [
        (oids.PG_CLASS, r.oid, 0) for r in catalog.find("pg_class", relnamespace=schema) if r.relkind in "rvSm"
    ]
    for obj in objects:
        if catalog.one("pg_class", oid=obj[1]) is not None:
            owned = [
                d
                for d in catalog.find("pg_depend", classid=oids.PG_CLASS, objid=obj[1])
                if d.deptype in "ai" and d.refclassid == oids.PG_CLASS
            ]
            if not owned:
                drop_objects(backend, [obj], cascade=True, quiet=True)
