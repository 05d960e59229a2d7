"""Privileges on tables: superusers and owners may do everything, others need a grant in relacl.

An acl is an array of texts `grantee=privileges/grantor` (grantee empty: PUBLIC).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.errors import PgError

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend
    from emulators.postgres.compile.plan import Plan

_COMMAND = {"insert": "a", "update": "w", "delete": "d", "select": "r", "merge": ""}
_KIND = {"r": "table", "v": "view", "S": "sequence", "m": "materialized view", "p": "table"}


def parse_acl_item(item: str) -> tuple[str, str, str]:
    """(grantee, privilege letters with * for grant option, grantor)."""
    if item.startswith('"'):
        end = item.index('"', 1)
        grantee, rest = item[1:end], item[end + 2 :]
    else:
        grantee, _, rest = item.partition("=")
    privileges, _, grantor = rest.partition("/")
    return grantee.strip('"'), privileges, grantor.strip('"')


def roles_of(backend: Backend, role: int) -> set[int]:
    """A role and every role whose privileges it has by membership."""
    catalog = backend.catalog
    found = {role}
    queue = [role]
    while queue:
        member = queue.pop()
        for row in catalog.many("pg_auth_members", member=member):
            if row.roleid not in found and row.inherit_option:
                found.add(row.roleid)
                queue.append(row.roleid)
    return found


def has_privilege(backend: Backend, role: int, owner: int, acl: Any, letter: str, default_public: str = "") -> bool:
    row = backend.catalog.one("pg_authid", oid=role)
    if row is not None and row.rolsuper:
        return True
    roles = roles_of(backend, role)
    if owner in roles:
        return True
    if acl is None:
        return letter in default_public
    names = {backend.catalog.role_name(r) for r in roles}
    for item in acl.elements:
        grantee, privileges, _ = parse_acl_item(item)
        if (grantee == "" or grantee in names) and letter in privileges:
            return True
    return False


def check_plan(backend: Backend, plan: Plan) -> None:
    """42501 where the current user lacks a privilege on a relation that the statement names."""
    if backend.is_superuser():
        return
    _check_query(backend, plan.query)


def _check_query(backend: Backend, query: Any) -> None:
    from emulators.postgres.analyze.tree import sub_queries

    for entry in query.entries:
        if entry.kind == "relation":
            letter = _COMMAND.get(query.command, "r") if entry is query.result else "r"
            if letter:
                check_relation(backend, entry.relation, letter)
        elif entry.view is not None:
            check_relation(backend, entry.view, "r")
    for sub in sub_queries(query):
        if not any(e.view is not None and e.query is sub for e in query.entries):
            _check_query(backend, sub)


def table_locks(query: Any) -> tuple[tuple[int, int], ...]:
    """The lock modes of a statement's user tables: 3 to change rows, 2 to lock them, 1 to read."""
    from emulators.postgres.analyze.tree import sub_queries

    modes: dict[int, int] = {}

    def visit(one: Any) -> None:
        for entry in one.entries:
            if entry.kind == "relation" and not entry.relation.is_catalog:
                changed = one.command != "select" and entry is one.result
                mode = 3 if changed else 2 if one.row_marks else 1
                modes[entry.relation.oid] = max(mode, modes.get(entry.relation.oid, 0))
        for sub in sub_queries(one):
            visit(sub)

    visit(query)
    return tuple(modes.items())


def check_relation(backend: Backend, relation: Any, letter: str) -> None:
    public = "r" if relation.is_catalog and relation.acl is None else ""
    from emulators.postgres import oids

    if relation.schema not in (oids.PG_CATALOG,):
        schema = backend.catalog.one("pg_namespace", oid=relation.schema)
        if schema is not None and not has_privilege(backend, backend.current_user, schema.nspowner, schema.nspacl, "U"):
            raise PgError("42501", f"permission denied for schema {schema.nspname}")
    if not has_privilege(backend, backend.current_user, relation.owner, relation.acl, letter, public):
        raise PgError("42501", f"permission denied for {_KIND.get(relation.kind, 'table')} {relation.name}")


def check_owner(backend: Backend, owner: int, what: str) -> None:
    if backend.is_superuser() or owner in roles_of(backend, backend.current_user):
        return
    raise PgError("42501", f"must be owner of {what}")
