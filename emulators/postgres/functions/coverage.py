"""`python -m emulators.postgres.functions.coverage`: the share of PostgreSQL's catalogued functions that is implemented.

Counted are pg_proc rows of pg_catalog that SQL can call and whose types are in scope: rows that mention internal,
cstring, trigger and handler pseudo-types, geometry, text search or XML are left out. Functions, aggregates and window
functions are counted apart; with --missing the names that are not there are listed.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from importlib import import_module

from emulators.postgres.catalog import seed
from emulators.postgres.functions import aggregates, windows
from emulators.postgres.functions.registry import lookup

OUT_OF_SCOPE = frozenset(
    [
        "internal",
        "cstring",
        "point",
        "lseg",
        "path",
        "box",
        "polygon",
        "line",
        "circle",
        "tsvector",
        "tsquery",
        "gtsvector",
        "xml",
        "trigger",
        "event_trigger",
        "fdw_handler",
        "index_am_handler",
        "table_am_handler",
        "tsm_handler",
        "language_handler",
        "regconfig",
        "regdictionary",
        "_tsvector",
        "txid_snapshot",
        "pg_snapshot",
        "pg_ndistinct",
        "pg_dependencies",
        "pg_mcv_list",
        "pg_brin_bloom_summary",
        "pg_brin_minmax_multi_summary",
        "pg_ddl_command",
        "_xml",
        "_cstring",
        "aclitem",
        "_aclitem",
        "regoper",
        "regoperator",
        "pg_node_tree",
    ]
)
# Families that serve features beyond this emulator: large objects, replication, WAL, statistics collection, …
SERVER_ONLY = (
    "pg_stat_",
    "pg_ls_",
    "pg_replication",
    "pg_logical",
    "binary_upgrade",
    "pg_read_",
    "lo_",
    "pg_wal",
    "pg_walfile",
    "pg_backup",
    "pg_create_",
    "pg_drop_",
    "pg_copy_",
    "pg_event_trigger",
    "pg_get_replication",
    "pg_get_wal",
    "pg_control",
    "pg_restore_",
    "pg_clear_",
    "pg_get_shmem",
    "pg_get_aios",
    "pg_get_backend_memory",
    "pg_get_publication",
    "pg_sync_",
    "pg_show_replication",
    "pg_hba",
    "pg_ident",
    "pg_get_multixact",
    "pg_mcv",
    "pg_partition",
    "brin_",
    "gin_",
    "ts_",
    "pg_current_wal",
    "pg_last_",
    "pg_available_wal",
    "pg_switch",
    "pg_promote",
    "pg_import",
    "pg_split_wal",
    "loread",
    "lowrite",
    "fmgr_",
    "plpgsql_",
    "amvalidate",
    "pg_numa",
    "pg_xact_commit",
    "pg_get_loaded",
    "postgresql_fdw",
    "gist_",
    "be_lo",
)


@dataclass
class Count:
    """Implemented and catalogued rows of one kind."""

    done: int = 0
    total: int = 0
    missing: list[str] = field(default_factory=list)


def measure() -> dict[str, Count]:
    columns = seed.columns("pg_proc")
    at = {name: index for index, name in enumerate(columns)}
    types = {row[0]: row[1] for row in seed.rows("pg_type")}
    counts = {"function": Count(), "aggregate": Count(), "window": Count()}
    for row in seed.rows("pg_proc"):
        if row[at["pronamespace"]] != 11:
            continue
        name, source = row[at["proname"]], row[at["prosrc"]]
        arguments = tuple(types[oid] for oid in row[at["proargtypes"]])
        if OUT_OF_SCOPE & {*arguments, types[row[at["prorettype"]]]} or name.startswith(SERVER_ONLY):
            continue
        kind = row[at["prokind"]]
        if kind == "a":
            count, done = counts["aggregate"], aggregates.implemented(name, arguments)
        elif kind == "w":
            count, done = counts["window"], source in windows.WINDOWS
        else:
            count = counts["function"]
            key = f"sql:{name}({','.join(arguments)})" if row[at["prolang"]] == 14 else source
            done = lookup(key) is not None
        count.total += 1
        if done:
            count.done += 1
        else:
            count.missing.append(f"{name}({', '.join(arguments)})")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missing", action="store_true", help="list what is not implemented")
    parser.add_argument("--module", action="append", default=[], help="import this module first (it may register more)")
    options = parser.parse_args()
    for module in options.module:
        import_module(module)
    counts = measure()
    done = sum(count.done for count in counts.values())
    total = sum(count.total for count in counts.values())
    for kind, count in counts.items():
        print(f"{kind + 's':<12} {count.done:>5} of {count.total:>5}  {count.done / count.total:6.1%}")
    print(f"{'in all':<12} {done:>5} of {total:>5}  {done / total:6.1%}")
    if options.missing:
        for count in counts.values():
            for name in count.missing:
                print("  missing", name)


if __name__ == "__main__":
    main()
