"""A PostgreSQL 18 server in memory: wire protocol 3, PostgreSQL's own catalogs, SQL on an MVCC engine, many sessions.

Module map (imports point downwards)

    emulator.py          `PostgresEmulator` on the kernel's contracts: sessions, snapshots, dumps, cancel
    session.py           one connection: start-up, simple and extended protocol, COPY; auth.py, passwords.py
    describe.py          frames as operations (verb, tables); export.py: states as data, dumps
    backend.py           one SQL session: transaction state, statements, `Runtime` (what plans run on)
    context.py guc.py    the session as types and functions see it; settings (settings_checks.py: the obeyed ones)
    commands/            utility statements, one handler a parse node (tables, alter, indexes, drop, types, copy, ...)
    sysfuncs/            built-in functions about catalog and session (pg_get_*, has_*_privilege, locks, settings)
    deparse.py views.py  typed trees back to canonical SQL; views' queries; sqlfunctions.py: functions in SQL
    compile/             typed trees to Python source: expressions, joins, select, plan (INSERT/UPDATE/DELETE/MERGE)
    execute/             run time of generated code: storing rows and constraints, foreign keys, windows, sequences
    locks.py waiting.py  heavyweight locks; parking a session's greenlet, deadlocks; execute/locking.py: row locks
    analyze/             parse trees to typed trees (tree.py) by PostgreSQL's rules
    catalog/             seeded catalogs (data/, written by scripts/dump_catalog.py), access, names, format_type
    storage/             versions, heaps, indexes, transactions and snapshots, history between parlel's snapshots
    parse/               libpg_query's grammar through ctypes, nodes that know what was read
    wire/                the protocol's messages, sans-IO; encode.py: result rows
    types/ functions/    type input and output; built-in functions by prosrc
    database.py          the cluster and its databases; errors.py oids.py notify.py privileges.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulators.postgres.emulator import PostgresEmulator

__all__ = ["PostgresEmulator"]


def __getattr__(name: str) -> Any:
    if name == "PostgresEmulator":
        from emulators.postgres.emulator import PostgresEmulator

        return PostgresEmulator
    raise AttributeError(name)
