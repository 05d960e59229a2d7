"""CREATE SCHEMA, COMMENT, and renaming or moving objects."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.analyze.typenames import lookup_typename
from emulators.postgres.commands import command
from emulators.postgres.commands.objects import truncate_name
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import name_of


def role_of(backend: Any, node: Any) -> int:
    """OID of a RoleSpec."""
    kind = node.roletype
    if kind == "ROLESPEC_CURRENT_USER" or kind == "ROLESPEC_CURRENT_ROLE":
        return int(backend.current_user)
    if kind == "ROLESPEC_SESSION_USER":
        return int(backend.session_user)
    if kind == "ROLESPEC_PUBLIC":
        return 0
    found = backend.catalog.role_oid(node.rolename)
    if found is None:
        raise PgError("42704", f'role "{node.rolename}" does not exist')
    return int(found)


@command("CreateSchemaStmt")
def create_schema(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    owner = role_of(backend, node.authrole) if node.authrole is not None else backend.current_user
    name = truncate_name(node.schemaname or catalog.role_name(owner))
    if name.startswith("pg_"):
        raise PgError(
            "42939", f'unacceptable schema name "{name}"', detail='The prefix "pg_" is reserved for system schemas.'
        )
    from emulators.postgres.privileges import has_privilege

    database = catalog.one("pg_database", oid=backend.database.oid)
    if not has_privilege(backend, backend.current_user, database.datdba, database.datacl, "C"):
        raise PgError("42501", f"permission denied for database {backend.database.name}")
    if catalog.schema_oid(name) is not None:
        if node.if_not_exists:
            backend.notice(PgError("42P06", f'schema "{name}" already exists, skipping', severity="NOTICE"))
            return "CREATE SCHEMA"
        raise PgError("42P06", f'schema "{name}" already exists')
    oid = catalog.new_oid()
    catalog.insert("pg_namespace", oid=oid, nspname=name, nspowner=owner, nspacl=None)
    backend.update_search_path()
    if node.schemaElts:
        from emulators.postgres import commands

        saved = backend.settings.get("search_path")
        mark = backend.settings.mark()
        backend.settings.set("search_path", f'"{name}", {saved}', local=True)
        for element in node.schemaElts:
            commands.execute(backend, element, text)
        backend.settings.rollback_to(mark)
    return "CREATE SCHEMA"


_COMMENT_RELATIONS = {
    "OBJECT_TABLE": ("rp", "a table"), "OBJECT_VIEW": ("v", "a view"), "OBJECT_INDEX": ("iI", "an index"),
    "OBJECT_SEQUENCE": ("S", "a sequence"), "OBJECT_MATVIEW": ("m", "a materialized view"),
}  # fmt: skip


@command("CommentStmt")
def comment(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    kind = node.objtype
    sub = 0
    if kind in _COMMENT_RELATIONS:
        names = name_of(node.object)
        oid = find_relation_oid(catalog, names)
        row = catalog.one("pg_class", oid=oid)
        kinds, article = _COMMENT_RELATIONS[kind]
        if row.relkind not in kinds:
            raise PgError("42809", f'"{row.relname}" is not {article}')
        classid = oids.PG_CLASS
    elif kind == "OBJECT_COLUMN":
        names = name_of(node.object)
        oid = find_relation_oid(catalog, names[:-1])
        relation = catalog.relation(oid)
        column = relation.column(names[-1])
        if column is None:
            raise PgError("42703", f'column "{names[-1]}" of relation "{relation.name}" does not exist')
        sub = column.num
        classid = oids.PG_CLASS
    elif kind == "OBJECT_SCHEMA":
        oid = catalog.schema_oid(node.object.sval)
        if oid is None:
            raise PgError("3F000", f'schema "{node.object.sval}" does not exist')
        classid = oids.PG_NAMESPACE
    elif kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        row = lookup_typename(catalog, node.object)
        if row is None:
            raise PgError("42704", f'type "{".".join(name_of(node.object.names))}" does not exist')
        oid, classid = row.oid, oids.PG_TYPE
    elif kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_AGGREGATE", "OBJECT_ROUTINE"):
        from emulators.postgres.commands.functions import find_function

        row = find_function(backend, node.object, kind.removeprefix("OBJECT_").lower())
        oid, classid = row.oid, oids.PG_PROC
    elif kind in ("OBJECT_TABCONSTRAINT", "OBJECT_DOMCONSTRAINT"):
        if kind == "OBJECT_TABCONSTRAINT":
            names = name_of(node.object)
            relid = find_relation_oid(catalog, names[:-1])
            rows = [r for r in catalog.find("pg_constraint", conrelid=relid) if r.conname == names[-1]]
            if not rows:
                raise PgError("42704", f'constraint "{names[-1]}" for table "{names[-2]}" does not exist')
            oid = rows[0].oid
        else:
            raise unsupported("COMMENT ON a domain's constraint")
        classid = oids.PG_CONSTRAINT
    elif kind == "OBJECT_DATABASE":
        row = catalog.one("pg_database", datname=node.object.sval)
        if row is None:
            raise PgError("3D000", f'database "{node.object.sval}" does not exist')
        _shared_comment(backend, row.oid, oids.PG_DATABASE, node.comment)
        return "COMMENT"
    elif kind == "OBJECT_ROLE":
        found = catalog.role_oid(node.object.sval)
        if found is None:
            raise PgError("42704", f'role "{node.object.sval}" does not exist')
        _shared_comment(backend, found, oids.PG_AUTHID, node.comment)
        return "COMMENT"
    elif kind == "OBJECT_EXTENSION":
        row = catalog.one("pg_extension", extname=node.object.sval)
        if row is None:
            raise PgError("42704", f'extension "{node.object.sval}" does not exist')
        oid, classid = row.oid, oids.PG_EXTENSION
    else:
        raise unsupported(f"COMMENT ON {kind.removeprefix('OBJECT_')}")
    catalog.delete("pg_description", objoid=oid, classoid=classid, objsubid=sub)
    if node.comment:
        catalog.insert("pg_description", objoid=oid, classoid=classid, objsubid=sub, description=node.comment)
    return "COMMENT"


def _shared_comment(backend: Any, oid: int, classid: int, text: str | None) -> None:
    backend.catalog.delete("pg_shdescription", objoid=oid, classoid=classid)
    if text:
        backend.catalog.insert("pg_shdescription", objoid=oid, classoid=classid, description=text)


# -- RENAME --------------------------------------------------------------------------------------------------

_RELATION_WORDS = {
    "OBJECT_TABLE": ("table", "ALTER TABLE"), "OBJECT_VIEW": ("view", "ALTER VIEW"),
    "OBJECT_INDEX": ("index", "ALTER INDEX"), "OBJECT_SEQUENCE": ("sequence", "ALTER SEQUENCE"),
    "OBJECT_MATVIEW": ("materialized view", "ALTER MATERIALIZED VIEW"),
}  # fmt: skip


@command("RenameStmt")
def rename(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    kind = node.renameType
    new = truncate_name(node.newname)
    _ = node.behavior
    if kind in _RELATION_WORDS:
        word, tag = _RELATION_WORDS[kind]
        oid = find_relation_oid(catalog, range_var_names(node.relation), None, missing_ok=bool(node.missing_ok))
        if oid is None:
            backend.notice(
                PgError("00000", f'relation "{node.relation.relname}" does not exist, skipping', severity="NOTICE")
            )
            return tag
        _rename_relation(backend, oid, new)
        return tag
    if kind in ("OBJECT_COLUMN", "OBJECT_ATTRIBUTE"):
        oid = find_relation_oid(catalog, range_var_names(node.relation), None, missing_ok=bool(node.missing_ok))
        _ = node.relationType
        if oid is None:
            backend.notice(
                PgError("00000", f'relation "{node.relation.relname}" does not exist, skipping', severity="NOTICE")
            )
            return "ALTER TABLE"
        relation = catalog.relation(oid)
        column = relation.column(node.subname)
        if column is None:
            raise PgError("42703", f'column "{node.subname}" does not exist')
        if relation.column(new) is not None:
            raise PgError("42701", f'column "{new}" of relation "{relation.name}" already exists')
        from emulators.postgres.privileges import check_owner

        check_owner(backend, relation.owner, f"table {relation.name}")
        catalog.update("pg_attribute", {"attrelid": oid, "attnum": column.num}, attname=new)
        for index in relation.indexes:
            for position, key in enumerate(index.keys, 1):
                if key == column.num:
                    current = catalog.one("pg_attribute", attrelid=index.oid, attnum=position)
                    if current is not None and current.attname == column.name:
                        catalog.update("pg_attribute", {"attrelid": index.oid, "attnum": position}, attname=new)
        return {"v": "ALTER VIEW", "c": "ALTER TYPE"}.get(relation.kind, "ALTER TABLE")
    if kind == "OBJECT_TABCONSTRAINT":
        oid = find_relation_oid(catalog, range_var_names(node.relation), None)
        relation = catalog.relation(oid)
        rows = [r for r in catalog.find("pg_constraint", conrelid=oid) if r.conname == node.subname]
        if not rows:
            raise PgError("42704", f'constraint "{node.subname}" for table "{relation.name}" does not exist')
        if any(r.conname == new for r in catalog.find("pg_constraint", conrelid=oid)):
            raise PgError("42710", f'constraint "{new}" for relation "{relation.name}" already exists')
        catalog.update("pg_constraint", {"oid": rows[0].oid}, conname=new)
        if rows[0].conindid and rows[0].contype in "pux":
            _rename_relation(backend, rows[0].conindid, new)
        return "ALTER TABLE"
    if kind == "OBJECT_SCHEMA":
        oid = catalog.schema_oid(node.subname)
        if oid is None:
            raise PgError("3F000", f'schema "{node.subname}" does not exist')
        if catalog.schema_oid(new) is not None:
            raise PgError("42P06", f'schema "{new}" already exists')
        catalog.update("pg_namespace", {"oid": oid}, nspname=new)
        backend.update_search_path()
        return "ALTER SCHEMA"
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        from emulators.postgres.analyze.typenames import lookup_type

        names = name_of(node.object)
        row = lookup_type(catalog, names)
        if row is None:
            raise PgError("42704", f'type "{".".join(names)}" does not exist')
        if catalog.type_by_name(row.typnamespace, new) is not None:
            raise PgError("42710", f'type "{new}" already exists')
        catalog.update("pg_type", {"oid": row.oid}, typname=new)
        if row.typarray:
            catalog.update("pg_type", {"oid": row.typarray}, typname=truncate_name("_" + new))
        if row.typrelid:
            catalog.update("pg_class", {"oid": row.typrelid}, relname=new)
        return "ALTER TYPE" if kind == "OBJECT_TYPE" else "ALTER DOMAIN"
    if kind == "OBJECT_ROLE":
        found = catalog.role_oid(node.subname)
        if found is None:
            raise PgError("42704", f'role "{node.subname}" does not exist')
        catalog.update("pg_authid", {"oid": found}, rolname=new)
        backend.transaction.catalog_changed = "shared"
        return "ALTER ROLE"
    if kind == "OBJECT_DATABASE":
        row = catalog.one("pg_database", datname=node.subname)
        if row is None:
            raise PgError("3D000", f'database "{node.subname}" does not exist')
        catalog.update("pg_database", {"oid": row.oid}, datname=new)
        backend.cluster.databases[row.oid].name = new
        return "ALTER DATABASE"
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"):
        from emulators.postgres.commands.functions import find_function

        word = kind.removeprefix("OBJECT_").lower()
        row = find_function(backend, node.object, word)
        catalog.update("pg_proc", {"oid": row.oid}, proname=new)
        return f"ALTER {word.upper()}"
    if kind == "OBJECT_DOMCONSTRAINT":
        from emulators.postgres.analyze.typenames import lookup_type

        row = lookup_type(catalog, name_of(node.object))
        rows = [r for r in catalog.find("pg_constraint", contypid=row.oid) if r.conname == node.subname]
        if not rows:
            raise PgError("42704", f'constraint "{node.subname}" for domain {row.typname} does not exist')
        catalog.update("pg_constraint", {"oid": rows[0].oid}, conname=new)
        return "ALTER DOMAIN"
    raise unsupported(f"RENAME of {kind.removeprefix('OBJECT_')}")


def _rename_relation(backend: Any, oid: int, new: str) -> None:
    from emulators.postgres.locks import lock_relation
    from emulators.postgres.privileges import check_owner

    catalog = backend.catalog
    row = catalog.one("pg_class", oid=oid)
    check_owner(backend, row.relowner, f"relation {row.relname}")
    lock_relation(backend, oid, 8)
    if catalog.relid_by_name(row.relnamespace, new) is not None:
        raise PgError("42P07", f'relation "{new}" already exists')
    catalog.update("pg_class", {"oid": oid}, relname=new)
    if row.reltype:
        catalog.update("pg_type", {"oid": row.reltype}, typname=new)
        array = catalog.type_row(row.reltype).typarray
        if array:
            catalog.update("pg_type", {"oid": array}, typname=truncate_name("_" + new))
    if row.relkind == "i":
        for constraint in catalog.find("pg_constraint", conindid=oid):
            if constraint.contype in "pux":
                catalog.update("pg_constraint", {"oid": constraint.oid}, conname=new)


@command("AlterObjectSchemaStmt")
def alter_schema(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    kind = node.objectType
    schema = catalog.schema_oid(node.newschema)
    if schema is None:
        raise PgError("3F000", f'schema "{node.newschema}" does not exist')
    if kind in _RELATION_WORDS:
        oid = find_relation_oid(catalog, range_var_names(node.relation), None, missing_ok=bool(node.missing_ok))
        if oid is None:
            backend.notice(
                PgError("00000", f'relation "{node.relation.relname}" does not exist, skipping', severity="NOTICE")
            )
            return _RELATION_WORDS[kind][1]
        move_relation(backend, oid, schema)
        return _RELATION_WORDS[kind][1]
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        from emulators.postgres.analyze.typenames import lookup_type

        row = lookup_type(catalog, name_of(node.object))
        if row is None:
            raise PgError("42704", f'type "{".".join(name_of(node.object))}" does not exist')
        catalog.update("pg_type", {"oid": row.oid}, typnamespace=schema)
        if row.typarray:
            catalog.update("pg_type", {"oid": row.typarray}, typnamespace=schema)
        if row.typrelid:
            catalog.update("pg_class", {"oid": row.typrelid}, relnamespace=schema)
        return "ALTER TYPE" if kind == "OBJECT_TYPE" else "ALTER DOMAIN"
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"):
        from emulators.postgres.commands.functions import find_function

        word = kind.removeprefix("OBJECT_").lower()
        row = find_function(backend, node.object, word)
        catalog.update("pg_proc", {"oid": row.oid}, pronamespace=schema)
        return f"ALTER {word.upper()}"
    raise unsupported(f"SET SCHEMA of {kind.removeprefix('OBJECT_')}")


def move_relation(backend: Any, oid: int, schema: int) -> None:
    catalog = backend.catalog
    row = catalog.one("pg_class", oid=oid)
    if catalog.relid_by_name(schema, row.relname) is not None and row.relnamespace != schema:
        raise PgError("42P07", f'relation "{row.relname}" already exists in schema "{catalog.schema_name(schema)}"')
    catalog.update("pg_class", {"oid": oid}, relnamespace=schema)
    if row.reltype:
        catalog.update("pg_type", {"oid": row.reltype}, typnamespace=schema)
        array = catalog.type_row(row.reltype).typarray
        if array:
            catalog.update("pg_type", {"oid": array}, typnamespace=schema)
    for index in catalog.find("pg_index", indrelid=oid):
        catalog.update("pg_class", {"oid": index.indexrelid}, relnamespace=schema)
    for constraint in catalog.find("pg_constraint", conrelid=oid):
        catalog.update("pg_constraint", {"oid": constraint.oid}, connamespace=schema)
    for depend in catalog.find("pg_depend", refobjid=oid):
        if depend.classid == oids.PG_CLASS and depend.deptype in "ai":
            found = catalog.one("pg_class", oid=depend.objid)
            if found is not None and found.relkind == "S":
                catalog.update("pg_class", {"oid": found.oid}, relnamespace=schema)


@command("AlterOwnerStmt")
def alter_owner(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    kind = node.objectType
    owner = role_of(backend, node.newowner)
    if kind == "OBJECT_SCHEMA":
        oid = catalog.schema_oid(node.object.sval)
        if oid is None:
            raise PgError("3F000", f'schema "{node.object.sval}" does not exist')
        catalog.update("pg_namespace", {"oid": oid}, nspowner=owner)
        return "ALTER SCHEMA"
    if kind == "OBJECT_DATABASE":
        row = catalog.one("pg_database", datname=node.object.sval)
        if row is None:
            raise PgError("3D000", f'database "{node.object.sval}" does not exist')
        catalog.update("pg_database", {"oid": row.oid}, datdba=owner)
        return "ALTER DATABASE"
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        from emulators.postgres.analyze.typenames import lookup_type

        row = lookup_type(catalog, name_of(node.object))
        if row is None:
            raise PgError("42704", f'type "{".".join(name_of(node.object))}" does not exist')
        catalog.update("pg_type", {"oid": row.oid}, typowner=owner)
        return "ALTER TYPE" if kind == "OBJECT_TYPE" else "ALTER DOMAIN"
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        from emulators.postgres.commands.functions import find_function

        word = kind.removeprefix("OBJECT_").lower()
        row = find_function(backend, node.object, word)
        catalog.update("pg_proc", {"oid": row.oid}, proowner=owner)
        return f"ALTER {word.upper()}"
    raise unsupported(f"OWNER TO for {kind.removeprefix('OBJECT_')}")
