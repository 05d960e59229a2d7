"""Parse-tree nodes that remember which of their fields were read.

libpg_query prints its tree as JSON; `build` turns that into `Node` objects, once per text. A node has PostgreSQL's node
name in `kind` (None where the grammar's field type says it: a RangeVar in `InsertStmt.relation` has no tag) and its
non-default fields as attributes; an absent field reads as None. `unread` is the AST coverage rule: whatever the
analyser did not look at is reported, so that syntax is never silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Fields that carry no meaning of their own, or only repeat what another field says.
_FREE = frozenset(
    {
        "location", "stmt_location", "stmt_len", "name_location", "inh", "funcformat", "initially_valid",
        "list_start", "list_end", "rexpr_list_start", "rexpr_list_end", "relpersistence", "typemod", "accessMethod",
        "skip_validation", "isall", "queryId",
    }
)  # fmt: skip

# Fields that are understood as a whole once they are read.
_WHOLE = frozenset({"arrayBounds", "distinctClause"})

# Enumeration values that say "nothing was written here".
_DEFAULTS = frozenset(
    {
        "SETOP_NONE", "LIMIT_OPTION_DEFAULT", "OVERRIDING_NOT_SET", "COERCE_EXPLICIT_CALL", "COERCE_EXPLICIT_CAST",
        "COERCE_IMPLICIT_CAST", "SORTBY_DEFAULT", "SORTBY_NULLS_DEFAULT", "ONCOMMIT_NOOP", "DROP_RESTRICT",
        "JOIN_INNER", "CTEMaterializeDefault", "ONCONFLICT_NONE", "DEFELEM_UNSPEC", "NORMAL", "OBJECT_TABLE",
        "FUNC_PARAM_DEFAULT", "PARTITION_STRATEGY_UNDEFINED",
    }
)  # fmt: skip


class Node:
    """One node of the parse tree."""

    __slots__ = ("_fields", "_read", "kind")

    kind: str | None
    _fields: dict[str, Any]
    _read: set[str]

    def __init__(self, kind: str | None, fields: dict[str, Any]) -> None:
        self.kind = kind
        self._fields = fields
        self._read = set()

    def __getattr__(self, name: str) -> Any:
        self._read.add(name)
        return self._fields.get(name)

    def field(self, name: str) -> Any:
        """A field whose name is taken by an attribute of this class (`kind`)."""
        self._read.add(name)
        return self._fields.get(name)

    @property
    def location(self) -> int:
        """Byte offset in the statement's text; -1 when unknown."""
        value: int = self._fields.get("location", 0)
        return value

    def __repr__(self) -> str:
        return f"{self.kind or 'Node'}({', '.join(f'{k}={v!r}' for k, v in self._fields.items())})"

    def with_fields(self, **changes: Any) -> Node:
        """A copy with some fields replaced; it shares the record of what was read."""
        copy = Node(self.kind, {**self._fields, **changes})
        copy._read = self._read
        return copy

    def children(self) -> Iterator[Any]:
        return iter(self._fields.values())

    def mark_read(self) -> None:
        """Count the whole subtree as read: the caller keeps it and will analyse it later."""
        self._read.update(self._fields)
        for value in self._fields.values():
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, Node):
                    item.mark_read()


def build(value: Any) -> Any:
    """Nodes from libpg_query's JSON: `{"Tag": {...}}` is a tagged node, `{...}` an untagged one."""
    if type(value) is dict:
        if len(value) == 1:
            (key,) = value
            if key[0].isupper():
                inner = value[key]
                if key == "String":
                    return Node("String", {"sval": inner.get("sval", "")})
                if key == "List":
                    return [build(item) for item in inner.get("items", ())]
                return Node(key, {k: build(v) for k, v in inner.items()})
        return Node(None, {k: build(v) for k, v in value.items()})
    if type(value) is list:
        return [build(item) for item in value]
    return value


def unread(node: Any, path: str = "") -> str | None:
    """The name of the first field that nobody read, as `Kind.field`, or None."""
    if isinstance(node, list):
        for item in node:
            found = unread(item, path)
            if found:
                return found
        return None
    if not isinstance(node, Node):
        return None
    label = node.kind or path
    read = node._read
    for name, value in node._fields.items():
        if name not in read:
            if name in _FREE or value in ((), "") or value is False:
                continue
            if isinstance(value, str) and value in _DEFAULTS:
                continue
            return f"{label}.{name}"
        if name in _WHOLE:
            continue
        found = unread(value, f"{label}.{name}")
        if found:
            return found
    return None


def leftmost(node: Any) -> int:
    """Where an expression begins: the grammar locates operators at the operator itself."""
    if not isinstance(node, Node):
        return -1
    fields = node._fields
    for inner in ("lexpr", "arg"):
        if (
            node.kind in ("A_Expr", "TypeCast", "CollateClause", "NullTest", "BooleanTest", "A_Indirection")
            and inner in fields
        ):
            below = leftmost(fields[inner])
            if below >= 0:
                return min(below, node.location) if node.location >= 0 else below
    if node.kind == "BoolExpr" and fields.get("args"):
        below = leftmost(fields["args"][0])
        if below >= 0:
            return min(below, node.location) if node.location >= 0 else below
    return node.location


def name_of(strings: list[Node]) -> list[str]:
    """The parts of a qualified name given as String nodes."""
    return [s.sval for s in strings]
