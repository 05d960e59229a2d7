"""What a frame of the log says, for rules and readers: the SQL verb, the tables it names, the text.

A Query frame carries its SQL. Of the extended protocol's messages the Execute is the operation: the session puts the
statement's text behind its payload when it logs it. The other messages are named after themselves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from emulators.kernel.operation import Description
from emulators.postgres.parse.node import Node

_MESSAGES = {
    "P": "PARSE", "B": "BIND", "D": "DESCRIBE", "E": "EXECUTE", "C": "CLOSE", "S": "SYNC", "H": "FLUSH", "X": "TERMINATE",
    "F": "FUNCTIONCALL", "d": "COPYDATA", "c": "COPYDONE", "f": "COPYFAIL", "p": "PASSWORD", "startup": "STARTUP",
    "ssl": "SSLREQUEST", "gssenc": "GSSENCREQUEST", "cancel": "CANCEL",
}  # fmt: skip

_VERBS = {
    "SelectStmt": "SELECT", "InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE", "MergeStmt": "MERGE",
    "CopyStmt": "COPY", "TruncateStmt": "TRUNCATE", "CallStmt": "CALL", "ExplainStmt": "EXPLAIN", "LockStmt": "LOCK",
    "VariableSetStmt": "SET", "VariableShowStmt": "SHOW", "PrepareStmt": "PREPARE", "ExecuteStmt": "EXECUTE",
    "DeallocateStmt": "DEALLOCATE", "DeclareCursorStmt": "DECLARE", "FetchStmt": "FETCH", "ClosePortalStmt": "CLOSE",
    "ListenStmt": "LISTEN", "NotifyStmt": "NOTIFY", "UnlistenStmt": "UNLISTEN", "VacuumStmt": "VACUUM", "DoStmt": "DO",
    "CommentStmt": "COMMENT", "GrantStmt": "GRANT", "RenameStmt": "ALTER", "DropStmt": "DROP",
}  # fmt: skip


def describe_frame(frame: Any) -> Description:
    """Never raises, whatever the decoder gave."""
    code = frame[0]
    payload = bytes(frame[1]) if len(frame) > 1 else b""
    name = _MESSAGES.get(code, str(code).upper())
    if code == "Q":
        text = payload.rstrip(b"\0").decode("utf-8", "replace")
        verb, tables = describe_sql(text)
        return Description(verb, tables, text)
    if code == "E" and len(frame) > 2 and frame[2]:
        verb, tables = describe_sql(frame[2])
        return Description(verb, tables, frame[2])
    if code == "P":
        parts = payload.split(b"\0", 2)
        return Description(name, (), parts[1].decode("utf-8", "replace") if len(parts) > 1 else "")
    return Description(name, (), name)


@lru_cache(maxsize=1024)
def describe_sql(text: str) -> tuple[str, tuple[str, ...]]:
    """(verb of the first statement, tables named anywhere), by the grammar; by the first word where it does not parse."""
    from emulators.postgres.parse.parser import parse

    try:
        statements = parse(text)
    except Exception:
        words = text.split(None, 1)
        return (words[0].upper().rstrip(";") if words else "EMPTY"), ()
    if not statements:
        return "EMPTY", ()
    node = statements[0].node
    kind = node.kind or ""
    if kind == "TransactionStmt":
        verb = node._fields.get("kind", "").removeprefix("TRANS_STMT_").replace("_", " ")
        verb = {"START": "BEGIN", "ROLLBACK TO": "ROLLBACK"}.get(verb, verb)
    else:
        verb = _VERBS.get(kind) or text.lstrip("( \t\r\n").split(None, 1)[0].upper().rstrip(";")
    tables: dict[str, None] = {}
    for statement in statements:
        _tables(statement.node, tables, frozenset())
    return verb, tuple(tables)


def _tables(value: Any, out: dict[str, None], hidden: frozenset[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _tables(item, out, hidden)
    elif isinstance(value, Node):
        fields = value._fields
        clause = fields.get("withClause")
        if isinstance(clause, Node):
            hidden = hidden | {c._fields["ctename"] for c in clause._fields.get("ctes", ())}
        name = fields.get("relname")
        if isinstance(name, str) and (name not in hidden or "schemaname" in fields):
            schema = fields.get("schemaname")
            out[f"{schema}.{name}" if schema and schema != "public" else name] = None
        if value.kind == "DropStmt" and fields.get("removeType") in ("OBJECT_TABLE", "OBJECT_VIEW"):
            for item in fields.get("objects", ()):
                parts = [s._fields.get("sval", "") for s in (item if isinstance(item, list) else [])]
                if parts:
                    out[parts[-1]] = None
        for item in fields.values():
            if isinstance(item, (list, Node)):
                _tables(item, out, hidden)
