"""LISTEN/NOTIFY, and maintenance commands that have nothing to do here but must be accepted as PostgreSQL accepts them."""

from __future__ import annotations

from typing import Any

from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.commands import command
from emulators.postgres.errors import PgError, unsupported


@command("ListenStmt")
def listen(backend: Any, node: Any, text: str) -> str:
    backend.pending_listens.append(("listen", node.conditionname))
    return "LISTEN"


@command("UnlistenStmt")
def unlisten(backend: Any, node: Any, text: str) -> str:
    backend.pending_listens.append(("unlisten", node.conditionname or "*"))
    return "UNLISTEN"


@command("NotifyStmt")
def notify(backend: Any, node: Any, text: str) -> str:
    from emulators.postgres.sysfuncs.session import notify as send

    send(backend, node.conditionname, node.payload or "")
    return "NOTIFY"


@command("VacuumStmt")
def vacuum(backend: Any, node: Any, text: str) -> str:
    is_vacuum = bool(node.is_vacuumcmd)
    if is_vacuum and (backend.in_block or backend.implicit_block):
        raise PgError("25001", "VACUUM cannot run inside a transaction block")
    for item in node.rels or ():
        relation_node = item.relation
        if relation_node is not None:
            oid = find_relation_oid(backend.catalog, range_var_names(relation_node), None)
            relation = backend.catalog.relation(oid)
            for column in item.va_cols or ():
                if relation.column(column.sval) is None:
                    raise PgError("42703", f'column "{column.sval}" of relation "{relation.name}" does not exist')
            if True:
                heap = backend.database.heap(relation.filenode)
                backend.catalog.update(
                    "pg_class",
                    {"oid": oid},
                    reltuples=float(len(heap.versions)),
                    relpages=(len(heap.versions) + 225) // 226,
                )
    node.mark_read()
    return "VACUUM" if is_vacuum else "ANALYZE"


@command("CheckPointStmt")
def checkpoint(backend: Any, node: Any, text: str) -> str:
    return "CHECKPOINT"


@command("ClusterStmt")
def cluster(backend: Any, node: Any, text: str) -> str:
    node.mark_read()
    return "CLUSTER"


@command("LoadStmt")
def load_library(backend: Any, node: Any, text: str) -> str:
    raise PgError("58P01", f'could not access file "{node.filename}": No such file or directory')


@command("AlterSystemStmt")
def alter_system(backend: Any, node: Any, text: str) -> str:
    raise unsupported("ALTER SYSTEM")


@command("DoStmt")
def do(backend: Any, node: Any, text: str) -> str:
    raise unsupported("DO")


@command("CreateTrigStmt")
def create_trigger(backend: Any, node: Any, text: str) -> str:
    raise unsupported("CREATE TRIGGER")


@command("RuleStmt")
def create_rule(backend: Any, node: Any, text: str) -> str:
    raise unsupported("CREATE RULE")
