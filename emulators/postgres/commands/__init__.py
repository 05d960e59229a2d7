"""Utility statements: one function a parse node, registered by kind; `execute` runs one and gives its Result."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import unread

Handler = Callable[[Any, Any, str], Any]
HANDLERS: dict[str, Handler] = {}

_MODULES = (
    "transactions",
    "settings",
    "tables",
    "alter",
    "indexes",
    "drop",
    "types",
    "schemas",
    "roles",
    "sequences",
    "views",
    "functions",
    "cursors",
    "databases",
    "copy",
    "explain",
    "misc",
)

# Statements that a read-only transaction refuses, by their tag.
READ_ONLY_REFUSED = frozenset(
    {
        "CreateStmt": "CREATE TABLE", "IndexStmt": "CREATE INDEX", "ViewStmt": "CREATE VIEW", "DropStmt": "DROP TABLE",
        "AlterTableStmt": "ALTER TABLE", "CreateSeqStmt": "CREATE SEQUENCE", "CreateSchemaStmt": "CREATE SCHEMA",
        "TruncateStmt": "TRUNCATE TABLE", "RenameStmt": "ALTER TABLE", "CreateEnumStmt": "CREATE TYPE",
        "CreateDomainStmt": "CREATE DOMAIN", "CompositeTypeStmt": "CREATE TYPE", "GrantStmt": "GRANT",
        "CreateFunctionStmt": "CREATE FUNCTION", "CommentStmt": "COMMENT", "CreateRoleStmt": "CREATE ROLE",
        "CreateTableAsStmt": "CREATE TABLE AS", "AlterSeqStmt": "ALTER SEQUENCE", "CreateExtensionStmt": "CREATE EXTENSION",
    }.items()
)  # fmt: skip

_READ_ONLY = dict(READ_ONLY_REFUSED)


def command(*kinds: str) -> Callable[[Handler], Handler]:
    """Register the handler of a statement kind."""

    def register(function: Handler) -> Handler:
        for kind in kinds:
            HANDLERS[kind] = function
        return function

    return register


_loaded = False


def load() -> None:
    global _loaded
    if not _loaded:
        _loaded = True
        for module in _MODULES:
            import_module(f"emulators.postgres.commands.{module}")


def execute(backend: Any, node: Any, text: str) -> Any:
    """Run a utility statement."""
    from emulators.postgres.backend import Result

    load()
    handler = HANDLERS.get(node.kind)
    if handler is None:
        raise unsupported(f"the statement {node.kind.removesuffix('Stmt')}")
    if backend.read_only and node.kind in _READ_ONLY:
        relation = node._fields.get("relation")
        temporary = relation is not None and relation._fields.get("relpersistence") == "t"
        if not temporary:
            raise PgError("25006", f"cannot execute {_READ_ONLY[node.kind]} in a read-only transaction")
    result = handler(backend, node, text)
    missed = unread(node)
    if missed is not None and node.kind not in ("TransactionStmt",):
        raise unsupported(missed)
    if isinstance(result, str):
        return Result(result)
    return result
