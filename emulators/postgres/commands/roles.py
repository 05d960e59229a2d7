"""CREATE/ALTER/DROP ROLE, GRANT and REVOKE, ALTER ROLE/DATABASE SET."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.commands import command
from emulators.postgres.commands.objects import array_of
from emulators.postgres.commands.schemas import role_of
from emulators.postgres.commands.settings import _argument
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import name_of
from emulators.postgres.privileges import parse_acl_item, roles_of

_FLAGS = {
    "superuser": "rolsuper", "inherit": "rolinherit", "createrole": "rolcreaterole", "createdb": "rolcreatedb",
    "canlogin": "rolcanlogin", "isreplication": "rolreplication", "bypassrls": "rolbypassrls",
}  # fmt: skip


def _shared(backend: Any) -> None:
    backend.transaction.catalog_changed = "shared"


def _may_create(backend: Any) -> bool:
    row = backend.catalog.one("pg_authid", oid=backend.current_user)
    return row is not None and (row.rolsuper or row.rolcreaterole)


def _attributes(backend: Any, options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    changes: dict[str, Any] = {}
    lists: dict[str, Any] = {}
    seen: set[str] = set()
    for option in options or ():
        name = option.defname
        if name in seen:
            raise PgError("42601", "conflicting or redundant options", location=option.location)
        seen.add(name)
        if name in _FLAGS:
            changes[_FLAGS[name]] = bool(option.arg.boolval)
        elif name == "connectionlimit":
            changes["rolconnlimit"] = option.arg.ival or 0
        elif name == "password":
            password = option.arg.sval if option.arg is not None else None
            changes["rolpassword"] = _stored(backend, password)
        elif name == "validUntil":
            from emulators.postgres.types.registry import type_io

            changes["rolvaliduntil"] = type_io(oids.TIMESTAMPTZ, backend.catalog).text_in(
                option.arg.sval, -1, backend.context
            )
        elif name in ("rolemembers", "adminmembers", "addroleto"):
            lists[name] = option.arg
        elif name == "sysid":
            backend.notice(PgError("00000", "SYSID can no longer be specified", severity="NOTICE"))
            option.mark_read()
        else:
            raise unsupported(f"the role option {name}")
    return changes, lists


def _stored(backend: Any, password: str | None) -> str | None:
    if password is None or (password.startswith(("SCRAM-SHA-256$", "md5")) and len(password) > 30):
        return password
    if not password:
        backend.notice(PgError("00000", "empty string is not a valid password, clearing password", severity="NOTICE"))
        return None
    from emulators.postgres.passwords import scram_verifier

    return scram_verifier(password, backend.context.random_bytes(16))


@command("CreateRoleStmt")
def create_role(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    name = node.role
    changes, lists = _attributes(backend, node.options)
    if not _may_create(backend):
        raise PgError(
            "42501",
            "permission denied to create role",
            detail="Only roles with the CREATEROLE attribute may create roles.",
        )
    if changes.get("rolsuper") and not backend.is_superuser():
        raise PgError(
            "42501",
            "permission denied to create role",
            detail="Only roles with the SUPERUSER attribute may create roles with the SUPERUSER attribute.",
        )
    if name.startswith("pg_"):
        raise PgError("42939", f'role name "{name}" is reserved', detail='Role names starting with "pg_" are reserved.')
    if name in ("public", "none"):
        raise PgError("42939", f'role name "{name}" is reserved')
    if catalog.role_oid(name) is not None:
        raise PgError("42710", f'role "{name}" already exists')
    oid = catalog.new_oid()
    defaults: dict[str, Any] = {
        "rolsuper": False, "rolinherit": True, "rolcreaterole": False, "rolcreatedb": False,
        "rolcanlogin": node.stmt_type == "ROLESTMT_USER", "rolreplication": False, "rolbypassrls": False,
        "rolconnlimit": -1, "rolpassword": None, "rolvaliduntil": None,
    }  # fmt: skip
    catalog.insert("pg_authid", oid=oid, rolname=name, **(defaults | changes))
    _shared(backend)
    for role in lists.get("addroleto", ()):
        _grant_role(backend, role_of(backend, role), oid)
    for role in lists.get("rolemembers", ()):
        _grant_role(backend, oid, role_of(backend, role))
    for role in lists.get("adminmembers", ()):
        _grant_role(backend, oid, role_of(backend, role), admin=True)
    _shared(backend)
    return "CREATE ROLE"


def _target(backend: Any, spec: Any) -> Any:
    oid = role_of(backend, spec)
    return backend.catalog.one("pg_authid", oid=oid)


@command("AlterRoleStmt")
def alter_role(backend: Any, node: Any, text: str) -> str:
    row = _target(backend, node.role)
    changes, lists = _attributes(backend, node.options)
    own_password = row.oid == backend.current_user and set(changes) <= {"rolpassword"}
    if not _may_create(backend) and not own_password:
        raise PgError(
            "42501",
            "permission denied to alter role",
            detail=f'Only roles with the CREATEROLE attribute and the ADMIN option on role "{row.rolname}" may '
            "alter this role.",
        )
    if changes:
        backend.catalog.update("pg_authid", {"oid": row.oid}, **changes)
    for key in ("rolemembers",):
        for role in lists.get(key, ()):
            member = role_of(backend, role)
            if node.action == -1:
                backend.catalog.delete("pg_auth_members", roleid=row.oid, member=member)
            else:
                _grant_role(backend, row.oid, member)
    _ = node.action
    _shared(backend)
    return "ALTER ROLE"


@command("DropRoleStmt")
def drop_role(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    if not _may_create(backend):
        raise PgError(
            "42501",
            "permission denied to drop role",
            detail="Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.",
        )
    for spec in node.roles:
        if spec.roletype != "ROLESPEC_CSTRING":
            raise PgError("22023", "cannot use special role specifier in DROP ROLE")
        name = spec.rolename
        oid = catalog.role_oid(name)
        if oid is None:
            if node.missing_ok:
                backend.notice(PgError("00000", f'role "{name}" does not exist, skipping', severity="NOTICE"))
                continue
            raise PgError("42704", f'role "{name}" does not exist')
        if oid == backend.current_user:
            raise PgError("55006", "current user cannot be dropped")
        if oid == backend.session_user:
            raise PgError("55006", "session user cannot be dropped")
        owned = _owned_objects(backend, oid, name)
        if owned:
            raise PgError(
                "2BP01",
                f'role "{name}" cannot be dropped because some objects depend on it',
                detail="\n".join(owned),
            )
        catalog.delete("pg_authid", oid=oid)
        catalog.delete("pg_auth_members", roleid=oid)
        catalog.delete("pg_auth_members", member=oid)
    _ = node.missing_ok
    _shared(backend)
    return "DROP ROLE"


def _owned_objects(backend: Any, oid: int, name: str) -> list[str]:
    from emulators.postgres.catalog.describe import object_description

    catalog = backend.catalog
    out = []
    for row in catalog.find("pg_class", relowner=oid):
        if row.relkind in "rvSm":
            out.append(f"owner of {object_description(backend, (oids.PG_CLASS, row.oid, 0))}")
    for row in catalog.find("pg_namespace", nspowner=oid):
        out.append(f"owner of schema {row.nspname}")
    for row in catalog.find("pg_database", datdba=oid):
        out.append(f"owner of database {row.datname}")
    for row in catalog.find("pg_class"):
        if (
            row.relacl is not None
            and any(parse_acl_item(i)[0] == name for i in row.relacl.elements)
            and row.relowner != oid
        ):
            out.append(f"privileges for {object_description(backend, (oids.PG_CLASS, row.oid, 0))}")
    for row in catalog.find("pg_namespace"):
        if (
            row.nspacl is not None
            and any(parse_acl_item(i)[0] == name for i in row.nspacl.elements)
            and row.nspowner != oid
        ):
            out.append(f"privileges for schema {row.nspname}")
    return out


def _grant_role(backend: Any, role: int, member: int, *, admin: bool = False) -> None:
    catalog = backend.catalog
    if (role in roles_of(backend, member) and role == member) or member in roles_of(backend, role):
        raise PgError("0LP01", f'role "{catalog.role_name(role)}" is a member of role "{catalog.role_name(member)}"')
    existing = catalog.find("pg_auth_members", roleid=role, member=member)
    if existing:
        backend.notice(
            PgError(
                "00000",
                f'role "{catalog.role_name(member)}" has already been granted membership in role '
                f'"{catalog.role_name(role)}" by role "{catalog.role_name(backend.current_user)}"',
                severity="NOTICE",
            )
        )
        return
    catalog.insert(
        "pg_auth_members", oid=catalog.new_oid(), roleid=role, member=member, grantor=backend.current_user,
        admin_option=admin, inherit_option=True, set_option=True,
    )  # fmt: skip


@command("GrantRoleStmt")
def grant_role(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    admin = any(o.defname == "admin" and o.arg.boolval for o in node.opt or ())
    for item in node.granted_roles:
        role = catalog.role_oid(item.priv_name)
        if role is None:
            raise PgError("42704", f'role "{item.priv_name}" does not exist')
        for spec in node.grantee_roles:
            member = role_of(backend, spec)
            if node.is_grant:
                _grant_role(backend, role, member, admin=admin)
            elif not catalog.delete("pg_auth_members", roleid=role, member=member):
                backend.warning(
                    "01000",
                    f'role "{catalog.role_name(member)}" has not been granted membership in role '
                    f'"{catalog.role_name(role)}" by role "{catalog.role_name(backend.current_user)}"',
                )
    _ = node.behavior, node.grantor
    node.mark_read()
    _shared(backend)
    return "GRANT ROLE" if node.is_grant else "REVOKE ROLE"


# -- privileges ----------------------------------------------------------------------------------------------

_PRIVILEGES = {
    "select": "r", "insert": "a", "update": "w", "delete": "d", "truncate": "D", "references": "x", "trigger": "t",
    "maintain": "m", "usage": "U", "create": "C", "connect": "c", "temporary": "T", "temp": "T", "execute": "X",
}  # fmt: skip

# object type -> (relation, owner column, acl column, all privileges, PUBLIC's default, noun)
_OBJECTS: dict[str, tuple[str, str, str, str, str, str]] = {
    "OBJECT_TABLE": ("pg_class", "relowner", "relacl", "arwdDxtm", "", "table"),
    "OBJECT_SEQUENCE": ("pg_class", "relowner", "relacl", "rwU", "", "sequence"),
    "OBJECT_SCHEMA": ("pg_namespace", "nspowner", "nspacl", "UC", "", "schema"),
    "OBJECT_DATABASE": ("pg_database", "datdba", "datacl", "CTc", "Tc", "database"),
    "OBJECT_FUNCTION": ("pg_proc", "proowner", "proacl", "X", "X", "function"),
    "OBJECT_PROCEDURE": ("pg_proc", "proowner", "proacl", "X", "X", "procedure"),
    "OBJECT_ROUTINE": ("pg_proc", "proowner", "proacl", "X", "X", "routine"),
    "OBJECT_TYPE": ("pg_type", "typowner", "typacl", "U", "U", "type"),
    "OBJECT_DOMAIN": ("pg_type", "typowner", "typacl", "U", "U", "type"),
    "OBJECT_LANGUAGE": ("pg_language", "lanowner", "lanacl", "U", "U", "language"),
    "OBJECT_TABLESPACE": ("pg_tablespace", "spcowner", "spcacl", "C", "", "tablespace"),
}


def _find_objects(backend: Any, node: Any) -> list[Any]:
    catalog = backend.catalog
    kind = node.objtype
    out = []
    if node.targtype == "ACL_TARGET_ALL_IN_SCHEMA":
        for item in node.objects:
            schema = catalog.schema_oid(item.sval)
            if schema is None:
                raise PgError("3F000", f'schema "{item.sval}" does not exist')
            if kind in ("OBJECT_TABLE", "OBJECT_SEQUENCE"):
                kinds = "rvmp" if kind == "OBJECT_TABLE" else "S"
                out += [r for r in catalog.find("pg_class", relnamespace=schema) if r.relkind in kinds]
            else:
                out += list(catalog.find("pg_proc", pronamespace=schema))
        return out
    for item in node.objects:
        if kind in ("OBJECT_TABLE", "OBJECT_SEQUENCE"):
            oid = find_relation_oid(catalog, range_var_names(item), None)
            row = catalog.one("pg_class", oid=oid)
            if row.relkind in "iI":
                raise PgError("42809", f'"{row.relname}" is an index')
            out.append(row)
        elif kind == "OBJECT_SCHEMA":
            row = catalog.one("pg_namespace", nspname=item.sval)
            if row is None:
                raise PgError("3F000", f'schema "{item.sval}" does not exist')
            out.append(row)
        elif kind == "OBJECT_DATABASE":
            row = catalog.one("pg_database", datname=item.sval)
            if row is None:
                raise PgError("3D000", f'database "{item.sval}" does not exist')
            out.append(row)
        elif kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"):
            from emulators.postgres.commands.functions import find_function

            out.append(find_function(backend, item, kind.removeprefix("OBJECT_").lower()))
        elif kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
            from emulators.postgres.analyze.typenames import lookup_type

            row = lookup_type(catalog, name_of(item))
            if row is None:
                raise PgError("42704", f'type "{".".join(name_of(item))}" does not exist')
            out.append(row)
        elif kind == "OBJECT_LANGUAGE":
            row = catalog.one("pg_language", lanname=item.sval)
            if row is None:
                raise PgError("42704", f'language "{item.sval}" does not exist')
            out.append(row)
        else:
            raise unsupported(f"GRANT ON {kind.removeprefix('OBJECT_')}")
    return out


@command("GrantStmt")
def grant(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    kind = node.objtype
    if kind not in _OBJECTS:
        raise unsupported(f"GRANT ON {kind.removeprefix('OBJECT_')}")
    if node.targtype == "ACL_TARGET_DEFAULTS":
        raise unsupported("ALTER DEFAULT PRIVILEGES")
    relation, owner_column, acl_column, everything, public, noun = _OBJECTS[kind]
    is_grant = bool(node.is_grant)
    tag = "GRANT" if is_grant else "REVOKE"
    rows = _find_objects(backend, node)
    letters = ""
    columns: list[str] = []
    for item in node.privileges or ():
        name = item.priv_name
        letter = _PRIVILEGES.get(name or "")
        if name is None:
            columns += [c.sval for c in item.cols or ()]
            letters += "arwx"
            continue
        if letter is None:
            raise PgError("42601", f'unrecognized privilege type "{name}"')
        if item.cols:
            columns += [c.sval for c in item.cols]
        if letter not in everything and not (kind == "OBJECT_TABLE" and letter in "U"):
            raise PgError("0LP01", f"invalid privilege type {name.upper()} for {noun}")
        letters += letter
    grantees = [role_of(backend, g) for g in node.grantees]
    option = bool(node.grant_option)
    _ = node.behavior, node.grantor
    node.mark_read()
    for row in rows:
        allowed = everything
        if relation == "pg_class" and row.relkind == "S":
            allowed = "rwU"
        wanted = "".join([x for x in (letters or allowed) if x in allowed])
        owner = getattr(row, owner_column)
        if not backend.is_superuser() and owner not in roles_of(backend, backend.current_user):
            raise PgError("42501", f"permission denied for {_noun(row, noun)} {_name(row)}")
        if columns:
            _grant_columns(backend, row, columns, wanted, grantees, is_grant, option)
            continue
        acl = getattr(row, acl_column)
        new = change_acl(backend, acl, owner, allowed, public, wanted, grantees, is_grant, option)
        catalog.update(relation, {"oid": row.oid}, **{acl_column: new})
        if relation == "pg_database":
            _shared(backend)
    return tag


def _noun(row: Any, noun: str) -> str:
    kind = getattr(row, "relkind", "")
    return {"v": "view", "S": "sequence", "m": "materialized view"}.get(kind, noun)


def _name(row: Any) -> str:
    for column in ("relname", "nspname", "datname", "proname", "typname", "lanname"):
        if hasattr(row, column):
            return str(getattr(row, column))
    return ""


def change_acl(
    backend: Any,
    acl: Any,
    owner: int,
    everything: str,
    public: str,
    letters: str,
    grantees: list[int],
    add: bool,
    option: bool,
) -> Any:
    catalog = backend.catalog
    owner_name = catalog.role_name(owner)
    grantor = owner_name
    if acl is None:
        items: dict[str, str] = {}
        if public:
            items[""] = public
        items[owner_name] = everything
    else:
        items = {}
        for item in acl.elements:
            who, privileges, _ = parse_acl_item(item)
            items[who] = privileges
    for grantee in grantees:
        name = catalog.role_name(grantee) if grantee else ""
        current = _split(items.get(name, ""))
        for letter in letters:
            if add:
                current[letter] = current.get(letter, False) or option
            elif option:
                if letter in current:
                    current[letter] = False
            else:
                current.pop(letter, None)
        text = "".join([x + ("*" if current[x] else "") for x in "arwdDxtXUCTcsAm" if x in current])
        if text:
            items[name] = text
        else:
            items.pop(name, None)
    quoted = [f"{_quote(who)}={privileges}/{_quote(grantor)}" for who, privileges in items.items()]
    return array_of(quoted)


def _quote(name: str) -> str:
    return name if all(c.isalnum() or c == "_" for c in name) else f'"{name}"'


def _split(text: str) -> dict[str, bool]:
    out: dict[str, bool] = {}
    for i, letter in enumerate(text):
        if letter != "*":
            out[letter] = text[i + 1 : i + 2] == "*"
    return out


def _grant_columns(
    backend: Any, row: Any, columns: list[str], letters: str, grantees: list[int], add: bool, option: bool
) -> None:
    catalog = backend.catalog
    relation = catalog.relation(row.oid)
    for name in columns:
        column = relation.column(name)
        if column is None:
            raise PgError("42703", f'column "{name}" of relation "{relation.name}" does not exist')
        attribute = catalog.one("pg_attribute", attrelid=row.oid, attnum=column.num)
        base = attribute.attacl if attribute.attacl is not None else array_of([])
        new = change_acl(backend, base, row.relowner, "", "", letters, grantees, add, option)
        catalog.update(
            "pg_attribute", {"attrelid": row.oid, "attnum": column.num}, attacl=new if new.elements else None
        )


@command("AlterRoleSetStmt", "AlterDatabaseSetStmt")
def alter_set(backend: Any, node: Any, text: str) -> str:
    """Settings kept for a role or database: new sessions start with them."""
    catalog = backend.catalog
    role = database = 0
    if node.kind == "AlterRoleSetStmt":
        if node.role is not None:
            role = role_of(backend, node.role)
        if node.database:
            row = catalog.one("pg_database", datname=node.database)
            if row is None:
                raise PgError("3D000", f'database "{node.database}" does not exist')
            database = row.oid
        tag = "ALTER ROLE"
    else:
        row = catalog.one("pg_database", datname=node.dbname)
        if row is None:
            raise PgError("3D000", f'database "{node.dbname}" does not exist')
        database = row.oid
        tag = "ALTER DATABASE"
    setting = node.setstmt
    current = catalog.find("pg_db_role_setting", setdatabase=database, setrole=role)
    values = {i.partition("=")[0]: i for i in (current[0].setconfig.elements if current else [])}
    kind = setting.field("kind")
    name = setting.name
    if kind == "VAR_RESET_ALL":
        values = {}
    elif kind in ("VAR_RESET", "VAR_SET_DEFAULT"):
        values.pop(name, None)
    else:
        from emulators.postgres import guc

        definition = guc.definitions().get(name.lower())
        if definition is None and "." not in name:
            raise guc.unknown(name)
        value = ", ".join([_argument(a) for a in setting.args])
        if definition is not None:
            guc.canonical(definition, value)
        values[name] = f"{name}={value}"
    setting.mark_read()
    catalog.delete("pg_db_role_setting", setdatabase=database, setrole=role)
    if values:
        catalog.insert(
            "pg_db_role_setting", setdatabase=database, setrole=role, setconfig=array_of(list(values.values()))
        )
    _shared(backend)
    return tag


@command("ReassignOwnedStmt", "DropOwnedStmt")
def owned(backend: Any, node: Any, text: str) -> str:
    raise unsupported("REASSIGN OWNED" if node.kind == "ReassignOwnedStmt" else "DROP OWNED")
