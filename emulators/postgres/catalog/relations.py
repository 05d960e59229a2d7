"""In-memory descriptions of relations, built from catalog rows: what the analyser, planner and DML work with.

A stored row is a tuple with one value per attribute number, dropped columns included (they hold None), so a column's
value stands at `num - 1`. Descriptions are immutable and belong to one catalog version; DDL makes new ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulators.postgres import oids


@dataclass(slots=True, eq=False)
class Column:
    """One row of pg_attribute (attnum > 0)."""

    name: str
    num: int
    type: int
    typmod: int
    notnull: bool
    has_default: bool
    identity: str
    generated: str
    dropped: bool
    collation: int
    default: Any = None


@dataclass(slots=True, eq=False)
class IndexInfo:
    """One row of pg_index with its pg_class row. `keys` are attribute numbers, 0 for an expression."""

    oid: int
    name: str
    unique: bool
    primary: bool
    nulls_not_distinct: bool
    immediate: bool
    valid: bool
    keys: tuple[int, ...]
    width: int
    options: tuple[int, ...]
    expressions: tuple[Any, ...]
    predicate: Any
    opclasses: tuple[int, ...]
    collations: tuple[int, ...]
    am: int
    exclusion: bool = False
    constraint: ConstraintInfo | None = None


@dataclass(slots=True, eq=False)
class ConstraintInfo:
    """One row of pg_constraint."""

    oid: int
    name: str
    kind: str
    relid: int
    keys: tuple[int, ...]
    deferrable: bool
    deferred: bool
    validated: bool
    enforced: bool
    index: int
    expr: Any
    foreign_relid: int
    foreign_keys: tuple[int, ...]
    on_update: str
    on_delete: str
    match: str
    delete_set_columns: tuple[int, ...]
    no_inherit: bool = False
    pf_eq: tuple[int, ...] = ()


@dataclass(slots=True, eq=False)
class Relation:
    """One row of pg_class with everything that hangs on it."""

    oid: int
    name: str
    schema: int
    schema_name: str
    kind: str
    persistence: str
    owner: int
    filenode: int
    reltype: int
    acl: Any
    columns: list[Column]
    row_security: bool = False
    oftype: int = 0
    indexes: list[IndexInfo] = field(default_factory=list)
    checks: list[ConstraintInfo] = field(default_factory=list)
    foreign_keys: list[ConstraintInfo] = field(default_factory=list)
    referenced_by: list[ConstraintInfo] = field(default_factory=list)
    constraints: list[ConstraintInfo] = field(default_factory=list)
    has_rules: bool = False
    options: Any = None
    #: Generated programs for storing rows, made when first needed (see compile/dml.py).
    programs: dict[str, Any] = field(default_factory=dict)

    @property
    def is_catalog(self) -> bool:
        return self.oid < oids.FIRST_USER_OID

    def column(self, name: str) -> Column | None:
        for column in self.columns:
            if column.name == name and not column.dropped:
                return column
        return None

    @property
    def live(self) -> list[Column]:
        """The columns that have not been dropped."""
        return [c for c in self.columns if not c.dropped]

    def primary_key(self) -> IndexInfo | None:
        for index in self.indexes:
            if index.primary:
                return index
        return None
