"""SET, SHOW, RESET, DISCARD."""

from __future__ import annotations

from typing import Any

from emulators.postgres import guc, oids
from emulators.postgres.catalog.format_type import quote_identifier
from emulators.postgres.commands import command
from emulators.postgres.errors import PgError


def _argument(node: Any) -> str:
    if node.kind == "A_Const":
        if node.sval is not None:
            return str(node.sval.sval)
        if node.ival is not None:
            return str(node.ival.ival or 0)
        if node.fval is not None:
            return str(node.fval.fval)
        if node.boolval is not None:
            return "true" if node.boolval.boolval else "false"
    if node.kind == "TypeCast":
        _ = node.typeName
        node.typeName.mark_read()
        return _argument(node.arg)
    raise PgError("0A000", f"a {node.kind} as setting is not supported by this emulator")


def list_text(args: list[Any]) -> str:
    """The text of SET name = a, b, c for list settings: quoted where it must be."""
    return ", ".join([quote_identifier(_argument(a)) for a in args])


_LISTS = {"search_path", "datestyle", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"}


@command("VariableSetStmt")
def set_variable(backend: Any, node: Any, text: str) -> str:
    kind = node.field("kind")
    name = node.name or ""
    local = bool(node.is_local)
    key = name.lower()
    _ = node.jumble_args
    if kind == "VAR_RESET_ALL":
        backend.settings.reset_all()
        return "RESET"
    if kind == "VAR_RESET":
        if key == "transaction_isolation":
            raise PgError("0A000", f'parameter "{name}" cannot be reset')
        if guc.definitions().get(key) is None and key not in backend.settings.values and "." not in key:
            raise guc.unknown(name)
        if key == "session_authorization":
            return _set_authorization(backend, None)
        backend.settings.set(name, None)
        return "RESET"
    if kind == "VAR_SET_MULTI":
        return _set_multi(backend, node, name, local)
    if local and not backend.in_block and not backend.implicit_block:
        backend.warning("25P01", "SET LOCAL can only be used in transaction blocks")
    if kind == "VAR_SET_DEFAULT":
        if key == "session_authorization":
            return _set_authorization(backend, None)
        backend.settings.set(name, None, local=local)
        return "SET"
    if kind == "VAR_SET_CURRENT":
        value = backend.show_setting(name)
        if value is None:
            raise guc.unknown(name)
        backend.settings.set(name, value, local=local)
        return "SET"
    args = node.args or []
    if key == "timezone" and args and args[0].kind == "A_Const" and args[0].sval is None and args[0]._fields:
        return _numeric_zone(backend, args[0], local)
    if key == "timezone" and args and args[0].kind == "TypeCast":
        return _interval_zone(backend, args[0], local)
    if key == "session_authorization":
        return _set_authorization(backend, _argument(args[0]))
    if len(args) > 1 and key not in _LISTS:
        raise PgError("22023", f"SET {backend.settings.display_name(name)} takes only one argument")
    if key in _LISTS and args:
        value = list_text(args) if key == "search_path" or len(args) > 1 else _argument(args[0])
    else:
        value = _argument(args[0])
    if key == "role":
        return _set_role(backend, value, local)
    backend.settings.set(name, value, local=local)
    return "SET"


def _set_role(backend: Any, value: str, local: bool) -> str:
    if value != "none":
        role = backend.catalog.role_oid(value)
        if role is None:
            raise PgError("22023", f'role "{value}" does not exist')
        from emulators.postgres.privileges import roles_of

        session = backend.catalog.one("pg_authid", oid=backend.session_user)
        if not session.rolsuper and role not in roles_of(backend, backend.session_user):
            raise PgError("42501", f'permission denied to set role "{value}"')
    backend.settings.set("role", value, local=local)
    return "SET"


def _set_authorization(backend: Any, value: str | None) -> str:
    if value is None:
        role = backend.authenticated_user
    else:
        role = backend.catalog.role_oid(value)
        if role is None:
            raise PgError("22023", f'role "{value}" does not exist')
    old = backend.session_user, backend.current_user

    def undo() -> None:
        backend.session_user, backend.current_user = old

    backend.transaction.undo_with(undo)
    backend.session_user = backend.current_user = role
    backend.update_search_path()
    backend.status("session_authorization", backend.catalog.role_name(role))
    backend.status("is_superuser", "on" if backend.is_superuser() else "off")
    return "SET" if value is not None else "RESET"


def _numeric_zone(backend: Any, node: Any, local: bool) -> str:
    hours = float(_argument(node))
    seconds = round(hours * 3600)
    sign = "-" if seconds >= 0 else "+"
    h, rest = divmod(abs(seconds), 3600)
    text = f"<{'+' if seconds >= 0 else '-'}{h:02d}{f':{rest // 60:02d}' if rest else ''}>{sign}{h:02d}"
    if rest:
        text += f":{rest // 60:02d}"
    backend.settings.set("timezone", text, local=local)
    return "SET"


def _interval_zone(backend: Any, node: Any, local: bool) -> str:
    from emulators.postgres.types.registry import type_io

    node.typeName.mark_read()
    _ = node.location
    value = type_io(oids.INTERVAL, backend.catalog).text_in(_argument(node.arg), -1, backend.context)
    hours = value.us // 3_600_000_000
    backend.settings.set("timezone", f"<{'+' if hours >= 0 else '-'}{abs(hours):02d}>{-hours:+03d}", local=local)
    return "SET"


def _set_multi(backend: Any, node: Any, name: str, local: bool) -> str:
    from emulators.postgres.commands.transactions import _options, _truth

    if name == "TRANSACTION":
        if not backend.in_block and not backend.implicit_block:
            backend.warning("25P01", "SET TRANSACTION can only be used in transaction blocks")
        _options(backend, node.args)
        return "SET"
    if name == "SESSION CHARACTERISTICS":
        for option in node.args:
            value = option.arg
            if option.defname == "transaction_isolation":
                backend.settings.set("default_transaction_isolation", value.sval.sval)
            else:
                backend.settings.set(f"default_{option.defname}", "on" if _truth(value) else "off")
        return "SET"
    if name == "TRANSACTION SNAPSHOT":
        raise PgError("22023", f'invalid snapshot identifier: "{_argument(node.args[0])}"')
    raise PgError("0A000", f"SET {name} is not supported by this emulator")


@command("VariableShowStmt")
def show_variable(backend: Any, node: Any, text: str) -> Any:
    from emulators.postgres.backend import Result

    name = node.name
    if name == "all":
        rows = []
        for key in sorted(guc.definitions()):
            definition = guc.definitions()[key]
            rows.append((definition.name, backend.show_setting(key) or "", ""))
        columns = [(n, 0, 0, oids.TEXT, -1) for n in ("name", "setting", "description")]
        return Result("SHOW", columns, rows)
    value = backend.show_setting(name)
    if value is None:
        raise guc.unknown(name)
    return Result("SHOW", [(show_name(backend, name), 0, 0, oids.TEXT, -1)], [(value,)])


def show_name(backend: Any, name: str) -> str:
    return str(backend.settings.display_name(name))


@command("DiscardStmt")
def discard(backend: Any, node: Any, text: str) -> str:
    target = node.target
    if target == "DISCARD_ALL":
        if backend.in_block:
            raise PgError("25001", "DISCARD ALL cannot run inside a transaction block")
        backend.close_portals(commit=False)
        backend.portals.clear()
        backend.prepared.clear()
        backend.settings.reset_all()
        backend.listening.clear()
        from emulators.postgres.locks import release_all

        release_all(backend, session=True)
        backend.sequences.current.clear()
        backend.sequences.last = None
        backend.session_user = backend.current_user = backend.authenticated_user
        _drop_temp(backend)
        return "DISCARD ALL"
    if target == "DISCARD_SEQUENCES":
        backend.sequences.current.clear()
        backend.sequences.last = None
        return "DISCARD SEQUENCES"
    if target == "DISCARD_TEMP":
        _drop_temp(backend)
        return "DISCARD TEMP"
    return "DISCARD PLANS"


def _drop_temp(backend: Any) -> None:
    from emulators.postgres.commands.temp import drop_temp_objects

    drop_temp_objects(backend)
