"""CREATE DATABASE (TEMPLATE shares rows until either side writes), DROP and ALTER DATABASE, extensions, tablespaces."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.commands import command
from emulators.postgres.errors import PgError, unsupported


def _text(arg: Any) -> str:
    if arg is None:
        return ""
    if arg.kind == "TypeName":
        from emulators.postgres.parse.node import name_of

        return name_of(arg.names)[-1]
    return str(arg.sval if arg.sval is not None else arg.ival)


def _outside(backend: Any, what: str) -> None:
    if backend.in_block or backend.implicit_block:
        raise PgError("25001", f"{what} cannot run inside a transaction block")


@command("CreatedbStmt")
def create_database(backend: Any, node: Any, text: str) -> str:
    _outside(backend, "CREATE DATABASE")
    catalog = backend.catalog
    name = node.dbname
    options: dict[str, Any] = {}
    for option in node.options or ():
        if option.defname in options:
            raise PgError("42601", "conflicting or redundant options", location=option.location)
        options[option.defname] = _text(option.arg)
        option.mark_read()
    known = {"template", "owner", "encoding", "locale", "lc_collate", "lc_ctype", "tablespace", "allow_connections",
             "connection_limit", "is_template", "locale_provider", "strategy", "oid", "builtin_locale", "icu_locale",
             "icu_rules", "collation_version"}  # fmt: skip
    for key in options:
        if key not in known:
            raise PgError("42601", f'option "{key}" not recognized')
    role = catalog.one("pg_authid", oid=backend.current_user)
    if not (role.rolsuper or role.rolcreatedb):
        raise PgError("42501", "permission denied to create database")
    owner = backend.current_user
    if options.get("owner"):
        owner = catalog.role_oid(options["owner"])
        if owner is None:
            raise PgError("42704", f'role "{options["owner"]}" does not exist')
    if options.get("encoding") and options["encoding"].upper().replace("-", "") not in ("UTF8", "UNICODE", "6"):
        raise unsupported(f"the encoding {options['encoding']}")
    if catalog.one("pg_database", datname=name) is not None:
        raise PgError("42P04", f'database "{name}" already exists')
    template = options.get("template") or "template1"
    source = catalog.one("pg_database", datname=template)
    if source is None:
        raise PgError("3D000", f'template database "{template}" does not exist')
    others = [b for b in backend.cluster.backends.values() if b.database.oid == source.oid and b is not backend]
    if others:
        count = len(others)
        noun = "other session" if count == 1 else "other sessions"
        verb = "is" if count == 1 else "are"
        raise PgError(
            "55006",
            f'source database "{template}" is being accessed by other users',
            detail=f"There {verb} {count} {noun} using the database.",
        )
    oid = catalog.new_oid()
    row = source._asdict() | {
        "oid": oid, "datname": name, "datdba": owner, "datistemplate": False, "datallowconn": True, "datacl": None,
        "datconnlimit": -1,
    }  # fmt: skip
    catalog.insert("pg_database", **row)
    cluster = backend.cluster
    cluster.databases[oid] = cluster.databases[source.oid].clone(oid, name)
    databases = cluster.databases
    made = databases[oid]

    def undo() -> None:
        databases.pop(oid, None)

    def redo() -> None:
        databases[oid] = made

    backend.transaction.undo_with(undo)
    backend.cluster.history.note(undo, redo)
    backend.transaction.catalog_changed = "shared"
    return "CREATE DATABASE"


@command("DropdbStmt")
def drop_database(backend: Any, node: Any, text: str) -> str:
    _outside(backend, "DROP DATABASE")
    catalog = backend.catalog
    name = node.dbname
    force = any(o.defname == "force" for o in node.options or ())
    row = catalog.one("pg_database", datname=name)
    if row is None:
        if node.missing_ok:
            backend.notice(PgError("00000", f'database "{name}" does not exist, skipping', severity="NOTICE"))
            return "DROP DATABASE"
        raise PgError("3D000", f'database "{name}" does not exist')
    _ = node.missing_ok
    from emulators.postgres.privileges import check_owner

    check_owner(backend, row.datdba, f"database {name}")
    if row.oid == backend.database.oid:
        raise PgError("55006", "cannot drop the currently open database")
    if row.datistemplate:
        raise PgError("42809", "cannot drop a template database")
    others = [b for b in backend.cluster.backends.values() if b.database.oid == row.oid]
    if others and force:
        for other in others:
            backend.cluster.emulator.interrupt(other.pid, "terminate")
    elif others:
        count = len(others)
        raise PgError(
            "55006",
            f'database "{name}" is being accessed by other users',
            detail=f"There {'is' if count == 1 else 'are'} {count} other session{'' if count == 1 else 's'} "
            "using the database.",
        )
    catalog.delete("pg_database", oid=row.oid)
    databases = backend.cluster.databases
    gone = databases.pop(row.oid)

    def undo() -> None:
        databases[row.oid] = gone

    def redo() -> None:
        databases.pop(row.oid, None)

    backend.transaction.undo_with(undo)
    backend.cluster.history.note(undo, redo)
    backend.transaction.catalog_changed = "shared"
    return "DROP DATABASE"


@command("AlterDatabaseStmt")
def alter_database(backend: Any, node: Any, text: str) -> str:
    row = backend.catalog.one("pg_database", datname=node.dbname)
    if row is None:
        raise PgError("3D000", f'database "{node.dbname}" does not exist')
    columns = {"is_template": "datistemplate", "allow_connections": "datallowconn", "connection_limit": "datconnlimit"}
    changes: dict[str, Any] = {}
    for option in node.options or ():
        column = columns.get(option.defname)
        if column is None:
            raise unsupported(f"ALTER DATABASE {option.defname}")
        changes[column] = option.arg.ival or 0 if column == "datconnlimit" else bool(option.arg.boolval)
    backend.catalog.update("pg_database", {"oid": row.oid}, **changes)
    backend.transaction.catalog_changed = "shared"
    return "ALTER DATABASE"


@command("CreateExtensionStmt")
def create_extension(backend: Any, node: Any, text: str) -> str:
    from emulators.postgres.sysfuncs.info import EXTENSIONS

    catalog = backend.catalog
    name = node.extname
    if catalog.one("pg_extension", extname=name) is not None:
        if node.if_not_exists:
            backend.notice(PgError("42710", f'extension "{name}" already exists, skipping', severity="NOTICE"))
            node.mark_read()
            return "CREATE EXTENSION"
        raise PgError("42710", f'extension "{name}" already exists')
    if name not in EXTENSIONS:
        raise PgError(
            "0A000",
            f'extension "{name}" is not available',
            hint="The extension must first be installed on the system where PostgreSQL is running.",
        )
    node.mark_read()
    raise unsupported(f"the extension {name}")


@command("AlterExtensionStmt", "AlterExtensionContentsStmt")
def alter_extension(backend: Any, node: Any, text: str) -> str:
    raise unsupported("ALTER EXTENSION")


@command("CreateTableSpaceStmt", "DropTableSpaceStmt", "AlterTableSpaceOptionsStmt")
def tablespaces(backend: Any, node: Any, text: str) -> str:
    raise unsupported("tablespaces")


_ = oids
