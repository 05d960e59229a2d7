"""has_*_privilege, pg_has_role, acldefault, aclexplode."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.catalog.regtypes import reg_in
from emulators.postgres.errors import PgError
from emulators.postgres.functions.registry import BUILTINS
from emulators.postgres.privileges import has_privilege, parse_acl_item, roles_of
from emulators.postgres.sysfuncs.catalog import define
from emulators.postgres.types.values import PgArray

_LETTERS = {
    "SELECT": "r", "INSERT": "a", "UPDATE": "w", "DELETE": "d", "TRUNCATE": "D", "REFERENCES": "x", "TRIGGER": "t",
    "MAINTAIN": "m", "USAGE": "U", "CREATE": "C", "CONNECT": "c", "TEMPORARY": "T", "TEMP": "T", "EXECUTE": "X",
    "SET": "s", "ALTER SYSTEM": "A",
}  # fmt: skip


def _letters(text: str) -> list[str]:
    out = []
    for part in text.split(","):
        word = part.strip().upper()
        word = word.removesuffix(" WITH GRANT OPTION").strip()
        if word not in _LETTERS:
            raise PgError("22023", f'unrecognized privilege type: "{part.strip()}"')
        out.append(_LETTERS[word])
    return out


def _role(ctx: Any, who: Any) -> int:
    if isinstance(who, str):
        if who == "public":
            return 0
        found = ctx.catalog.role_oid(who)
        if found is None:
            raise PgError("42704", f'role "{who}" does not exist')
        return int(found)
    return int(who)


# kind -> (relation, owner column, acl column, regtype for names, privileges of PUBLIC by default)
_KINDS: dict[str, tuple[str, str, str, str, str]] = {
    "table": ("pg_class", "relowner", "relacl", "regclass", ""),
    "sequence": ("pg_class", "relowner", "relacl", "regclass", ""),
    "any_column": ("pg_class", "relowner", "relacl", "regclass", ""),
    "schema": ("pg_namespace", "nspowner", "nspacl", "regnamespace", ""),
    "database": ("pg_database", "datdba", "datacl", "database", "Tc"),
    "function": ("pg_proc", "proowner", "proacl", "regprocedure", "X"),
    "language": ("pg_language", "lanowner", "lanacl", "language", "U"),
    "type": ("pg_type", "typowner", "typacl", "regtype", "U"),
    "tablespace": ("pg_tablespace", "spcowner", "spcacl", "tablespace", ""),
}


def _object(ctx: Any, kind: str, what: Any) -> Any:
    relation, _, _, reg, _ = _KINDS[kind]
    catalog = ctx.catalog
    if isinstance(what, str):
        if reg in ("database", "language", "tablespace"):
            column = {"database": "datname", "language": "lanname", "tablespace": "spcname"}[reg]
            row = catalog.one(relation, **{column: what})
            if row is None:
                code = "3D000" if reg == "database" else "42704"
                raise PgError(code, f'{reg} "{what}" does not exist')
            return row
        what = reg_in(ctx.backend, reg, what)
    return catalog.one(relation, oid=what)


def _has(kind: str) -> Any:
    _, owner, acl, _, public = _KINDS[kind]

    def run(ctx: Any, *args: Any) -> bool | None:
        role = _role(ctx, args[0]) if len(args) == 3 else ctx.backend.current_user
        what, privilege = args[-2:]
        row = _object(ctx, kind, what)
        if row is None:
            return None
        default = public
        if kind in ("table", "any_column") and row.relnamespace == oids.PG_CATALOG:
            default = "r"
        return any(
            has_privilege(ctx.backend, role, getattr(row, owner), getattr(row, acl), letter, default)
            for letter in _letters(privilege)
        )

    return run


for _kind in _KINDS:
    for _suffix in ("name", "id", "name_name", "name_id", "id_name", "id_id"):
        define(f"has_{_kind}_privilege_{_suffix}")(_has(_kind))


def _has_column(ctx: Any, *args: Any) -> bool | None:
    return _has("table")(ctx, *args[:-2], args[-1])  # type: ignore[no-any-return]


for _suffix in (
    "id_name", "name_attnum", "id_attnum", "name_name", "name_id_name", "name_id_attnum", "name_name_name", "id_id_attnum",
    "id_id_name", "id_name_attnum", "name_name_attnum", "id_name_name",
):  # fmt: skip
    define(f"has_column_privilege_{_suffix}")(_has_column)


@define("has_parameter_privilege_name", "has_parameter_privilege_name_name", "has_parameter_privilege_id_name")
def has_parameter_privilege(ctx: Any, *args: Any) -> bool:
    return bool(ctx.backend.is_superuser())


def _has_role(ctx: Any, *args: Any) -> bool:
    member = _role(ctx, args[0]) if len(args) == 3 else ctx.backend.current_user
    role = _role(ctx, args[-2])
    row = ctx.catalog.one("pg_authid", oid=member)
    return (row is not None and row.rolsuper) or role in roles_of(ctx.backend, member)


for _suffix in ("name", "id", "name_name", "name_id", "id_name", "id_id"):
    define(f"pg_has_role_{_suffix}")(_has_role)


_DEFAULT_ACL = {
    "r": ("arwdDxtm", ""), "s": ("rwU", ""), "d": ("CTc", "Tc"), "f": ("X", "X"), "l": ("U", "U"), "n": ("UC", ""),
    "T": ("U", "U"), "t": ("C", ""), "L": ("rw", ""), "F": ("U", ""), "S": ("U", ""), "p": ("sA", ""), "c": ("", ""),
}  # fmt: skip


@define("acldefault_sql")
def acldefault(ctx: Any, kind: str, owner: int) -> PgArray:
    if kind not in _DEFAULT_ACL:
        raise PgError("22023", f'unrecognized object type abbreviation: "{kind}"')
    own, public = _DEFAULT_ACL[kind]
    name = ctx.catalog.role_name(owner)
    items = []
    if public:
        items.append(f"={public}/{name}")
    if own:
        items.append(f"{name}={own}/{name}")
    return PgArray(items)


_NAMES = {v: k for k, v in _LETTERS.items() if k != "TEMP"}


@define("aclexplode")
def aclexplode(ctx: Any, acl: PgArray | None) -> list[tuple[int, int, str, bool]]:
    out = []
    for item in acl.elements if acl is not None else ():
        grantee, privileges, grantor = parse_acl_item(item)
        who = ctx.catalog.role_oid(grantee) if grantee else 0
        by = ctx.catalog.role_oid(grantor) or 10
        for i, letter in enumerate(privileges):
            if letter == "*":
                continue
            grantable = privileges[i + 1 : i + 2] == "*"
            out.append((by, who or 0, _NAMES.get(letter, letter), grantable))
    return out


BUILTINS["aclexplode"].srf = True


@define("makeaclitem")
def makeaclitem(ctx: Any, grantee: int, grantor: int, privileges: str, grantable: bool) -> str:
    letters = "".join([letter + ("*" if grantable else "") for letter in _letters(privileges)])
    name = ctx.catalog.role_name(grantee) if grantee else ""
    return f"{name}={letters}/{ctx.catalog.role_name(grantor)}"


@define("aclitem_eq")
def aclitem_eq(ctx: Any, a: str, b: str) -> bool:
    return a == b


@define("aclcontains")
def aclcontains(ctx: Any, acl: PgArray, item: str) -> bool:
    return item in acl.elements
