"""Settings, sequences, transactions, sleeping, notifications: functions that act on or tell of the session."""

from __future__ import annotations

from typing import Any

from emulators.postgres import guc, oids
from emulators.postgres.catalog.sessioninfo import current_schema
from emulators.postgres.errors import PgError
from emulators.postgres.functions.registry import BUILTINS
from emulators.postgres.sysfuncs.catalog import define
from emulators.postgres.types.values import PgArray

VERSION = "PostgreSQL 18.4 on x86_64-pc-linux-gnu, compiled by parlel, 64-bit"


@define("show_config_by_name")
def current_setting(ctx: Any, name: str) -> str:
    value = ctx.backend.show_setting(name)
    if value is None:
        raise guc.unknown(name)
    return str(value)


@define("show_config_by_name_missing_ok")
def current_setting_missing_ok(ctx: Any, name: str, missing_ok: bool) -> str | None:
    value = ctx.backend.show_setting(name)
    if value is None and not missing_ok:
        raise guc.unknown(name)
    return value  # type: ignore[no-any-return]


@define("set_config_by_name")
def set_config(ctx: Any, name: str | None, value: str | None, local: bool | None) -> str | None:
    if name is None:
        raise PgError("22004", "SET requires parameter name")
    ctx.backend.settings.set(name, value, local=bool(local))
    return ctx.backend.show_setting(name)  # type: ignore[no-any-return]


@define("show_all_settings")
def show_all_settings(ctx: Any) -> list[tuple[Any, ...]]:
    out = []
    settings = ctx.backend.settings
    for key in sorted(guc.definitions()):
        d = guc.definitions()[key]
        value = ctx.backend._special_setting(key) or settings.get(key) or ""
        default = guc.default_value(d)
        enum = PgArray(list(d.enumvals)) if d.enumvals is not None else None
        source = "default" if value == default else settings.sources.get(key, "session")
        out.append(
            (
                d.name, value, d.unit, d.category, "", None, d.context, d.vartype, source, d.min_val, d.max_val, enum,
                d.boot_val, settings.reset_values.get(key, default), None, None, False,
            )
        )  # fmt: skip
    return out


BUILTINS["show_all_settings"].srf = True


@define("pgsql_version")
def version(ctx: Any) -> str:
    return VERSION


@define("current_database")
def current_database(ctx: Any) -> str:
    return str(ctx.backend.database.name)


@define("current_schema")
def current_schema_function(ctx: Any) -> str | None:
    return current_schema(ctx.backend)


@define("current_schemas")
def current_schemas(ctx: Any, implicit: bool) -> PgArray:
    backend = ctx.backend
    names = []
    for oid in backend.catalog.search_path:
        if not implicit and oid in (oids.PG_CATALOG, backend.temp_schema):
            continue
        names.append(backend.catalog.schema_name(oid))
    return PgArray(names)


@define("current_user")
def current_user(ctx: Any) -> str:
    return str(ctx.catalog.role_name(ctx.backend.current_user))


@define("session_user")
def session_user(ctx: Any) -> str:
    return str(ctx.catalog.role_name(ctx.backend.session_user))


@define("current_query")
def current_query(ctx: Any) -> str:
    return str(ctx.backend.query_text)


@define("nextval_oid")
def nextval(ctx: Any, oid: int) -> int:
    return int(ctx.backend.sequences.nextval(oid))


@define("currval_oid")
def currval(ctx: Any, oid: int) -> int:
    return int(ctx.backend.sequences.currval(oid))


@define("lastval")
def lastval(ctx: Any) -> int:
    return int(ctx.backend.sequences.lastval())


@define("setval_oid", "setval3_oid")
def setval(ctx: Any, oid: int, value: int, called: bool = True) -> int:
    return int(ctx.backend.sequences.setval(oid, value, called))


@define("pg_backend_pid")
def pg_backend_pid(ctx: Any) -> int:
    return int(ctx.backend.pid)


@define("pg_sleep")
def pg_sleep(ctx: Any, seconds: float) -> str:
    from emulators.postgres.waiting import sleep

    sleep(ctx.backend, seconds)
    return ""


@define("pg_notify")
def pg_notify(ctx: Any, channel: str | None, payload: str | None) -> str:
    notify(ctx.backend, channel or "", payload or "")
    return ""


def notify(backend: Any, channel: str, payload: str) -> None:
    if not channel:
        raise PgError("22023", "channel name cannot be empty")
    if len(channel.encode()) >= 64:
        raise PgError("22023", "channel name too long")
    if len(payload.encode()) >= 8000:
        raise PgError("22023", "payload string too long")
    item = (channel, payload)
    if item not in backend.pending_notifies:
        backend.pending_notifies.append(item)


@define("pg_listening_channels")
def pg_listening_channels(ctx: Any) -> list[str]:
    return sorted(ctx.backend.listening)


BUILTINS["pg_listening_channels"].srf = True


@define("pg_notification_queue_usage")
def pg_notification_queue_usage(ctx: Any) -> float:
    return 0.0


@define("pg_current_xact_id")
def pg_current_xact_id(ctx: Any) -> int:
    backend = ctx.backend
    return int(backend.transaction.xid or backend.transaction.begin_write())


@define("pg_current_xact_id_if_assigned")
def pg_current_xact_id_if_assigned(ctx: Any) -> int | None:
    return ctx.backend.transaction.xid or None


@define("pg_current_snapshot")
def pg_current_snapshot(ctx: Any) -> str:
    snapshot = ctx.backend.take_snapshot()
    running = ",".join([str(x) for x in sorted(snapshot.running)])
    return f"{snapshot.xmin}:{snapshot.xmax}:{running}"


@define("pg_xact_status")
def pg_xact_status(ctx: Any, xid: int) -> str | None:
    manager = ctx.backend.cluster.transactions
    if xid >= manager.next_xid:
        raise PgError("22023", f"transaction ID {xid} is in the future")
    if xid in manager.active:
        return "in progress"
    return "aborted" if xid in manager.aborted else "committed"


@define("pg_export_snapshot")
def pg_export_snapshot(ctx: Any) -> str:
    backend = ctx.backend
    return f"{backend.pid:08X}-{backend.transaction.begin_write():08X}-1"


@define("pg_is_in_recovery", "pg_is_wal_replay_paused", "pg_jit_available")
def never(ctx: Any) -> bool:
    return False


@define("pg_my_temp_schema")
def pg_my_temp_schema(ctx: Any) -> int:
    return ctx.backend.temp_schema or 0


@define("pg_is_other_temp_schema")
def pg_is_other_temp_schema(ctx: Any, oid: int) -> bool:
    name = ctx.catalog.schema_name(oid) or ""
    return name.startswith("pg_temp_") and oid != ctx.backend.temp_schema


@define("pg_postmaster_start_time", "pg_conf_load_time")
def pg_postmaster_start_time(ctx: Any) -> int:
    from emulators.postgres.context import timestamp_of

    return timestamp_of(ctx.backend.cluster.started_us)


@define("inet_client_addr", "inet_server_addr", "inet_client_port", "inet_server_port")
def inet_nothing(ctx: Any) -> None:
    return None


@define("getdatabaseencoding", "pg_client_encoding")
def encoding(ctx: Any) -> str:
    return "UTF8"


_ENCODINGS = ["SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL", "LATIN1"]


@define("PG_encoding_to_char")
def pg_encoding_to_char(ctx: Any, number: int) -> str:
    return _ENCODINGS[number] if 0 <= number < len(_ENCODINGS) else ""


@define("PG_char_to_encoding")
def pg_char_to_encoding(ctx: Any, name: str) -> int:
    upper = name.upper().replace("-", "")
    return _ENCODINGS.index(upper) if upper in _ENCODINGS else -1


@define("pg_encoding_max_length_sql")
def pg_encoding_max_length(ctx: Any, number: int) -> int | None:
    return 4 if number == 6 else 1


@define("pg_trigger_depth")
def pg_trigger_depth(ctx: Any) -> int:
    return 0


@define("pg_reload_conf", "pg_rotate_logfile")
def always(ctx: Any) -> bool:
    return True


@define("pg_stat_clear_snapshot", "pg_stat_force_next_flush", "pg_stat_reset")
def nothing(ctx: Any) -> str:
    return ""


@define("pg_current_wal_lsn", "pg_current_wal_insert_lsn", "pg_current_wal_flush_lsn")
def wal_lsn(ctx: Any) -> int:
    return 0x1800000 + int(ctx.backend.cluster.transactions.next_xid)


@define("row_security_active", "row_security_active_name")
def row_security_active(ctx: Any, relation: Any) -> bool:
    return False
