"""Sets of rows behind system views: prepared statements, cursors, time zones, extensions, statistics counters."""

from __future__ import annotations

from typing import Any

from emulators.postgres.catalog import seed
from emulators.postgres.functions.registry import BUILTINS
from emulators.postgres.sysfuncs.catalog import define
from emulators.postgres.types.values import PgArray, Row


@define("pg_prepared_statement")
def pg_prepared_statement(ctx: Any) -> list[tuple[Any, ...]]:
    out = []
    for name, prepared in ctx.backend.prepared.items():
        if not name:
            continue
        results = PgArray([c[3] for c in prepared.plan.columns]) if prepared.plan is not None else None
        out.append(
            (name, prepared.text, prepared.prepared_at, PgArray(list(prepared.types)), results, prepared.from_sql, 0, 0)
        )
    return out


@define("pg_cursor")
def pg_cursor(ctx: Any) -> list[tuple[Any, ...]]:
    out = []
    for name, portal in ctx.backend.portals.items():
        if name and portal.text:
            out.append((name, portal.text, portal.hold, False, bool(portal.scroll), ctx.statement_timestamp))
    return out


@define("pg_prepared_xact")
def pg_prepared_xact(ctx: Any) -> list[Any]:
    return []


@define("pg_timezone_names")
def pg_timezone_names(ctx: Any) -> list[tuple[Any, ...]]:
    from emulators.postgres.types.values import Interval

    return [("UTC", "UTC", Interval(0, 0, 0), False)]


EXTENSIONS = {
    "plpgsql": ("1.0", "PL/pgSQL procedural language"),
    "citext": ("1.6", "case-insensitive character strings"),
    "hstore": ("1.8", "sets of key/value pairs"),
    "pgcrypto": ("1.4", "cryptographic functions"),
    "uuid-ossp": ("1.1", "universally unique identifiers"),
    "pg_trgm": ("1.6", "text similarity by trigrams"),
}


@define("pg_available_extensions")
def pg_available_extensions(ctx: Any) -> list[tuple[Any, ...]]:
    return [(name, version, comment) for name, (version, comment) in sorted(EXTENSIONS.items())]


@define("pg_get_keywords")
def pg_get_keywords(ctx: Any) -> list[Any]:
    return []


@define("pg_get_publication_tables", "pg_get_replication_slots", "pg_show_replication_origin_status", "pg_hba_file_rules",
        "show_all_file_settings", "pg_stat_get_progress_info", "pg_get_wait_events", "pg_config",
        "pg_stat_get_wal_senders", "pg_get_shmem_allocations", "pg_get_backend_memory_contexts")  # fmt: skip
def no_rows(ctx: Any, *args: Any) -> list[Any]:
    return []


for _name in ("pg_prepared_statement", "pg_cursor", "pg_prepared_xact", "pg_timezone_names", "pg_available_extensions",
              "pg_get_keywords", "pg_get_publication_tables", "pg_get_replication_slots",
              "pg_show_replication_origin_status", "pg_hba_file_rules", "show_all_file_settings",
              "pg_stat_get_progress_info", "pg_get_wait_events", "pg_config", "pg_stat_get_wal_senders",
              "pg_get_shmem_allocations", "pg_get_backend_memory_contexts", "pg_tablespace_databases",
              "pg_partition_ancestors"):  # fmt: skip
    if _name in BUILTINS:
        BUILTINS[_name].srf = True


def _counters() -> None:
    """Statistics are not collected: counters are 0, times and texts NULL."""
    numbers = {20, 21, 23, 701, 700, 26}
    for row in seed.rows("pg_proc"):
        name, source, kind, result = row[1], row[-6], row[9], row[18]
        if not str(source).startswith("pg_stat_get_") or source in BUILTINS or row[13]:
            continue
        _ = name, kind
        value: Any = 0 if result in numbers else None

        def run(ctx: Any, *args: Any, value: Any = value) -> Any:
            return value

        define(str(source))(run)


_counters()
_ = Row
