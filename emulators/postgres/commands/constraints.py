"""Table constraints: NOT NULL, CHECK, PRIMARY KEY, UNIQUE, FOREIGN KEY as catalog rows, indexes and checks of old rows."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import IMPLICIT, can_coerce
from emulators.postgres.analyze.tree import Expr, Var, walk
from emulators.postgres.catalog.access import NodeTree
from emulators.postgres.catalog.relations import Relation
from emulators.postgres.commands.objects import (
    array_of,
    choose_constraint_name,
    depend,
    depend_on_expression,
    table_condition,
)
from emulators.postgres.errors import PgError
from emulators.postgres.parse.node import Node


def insert_constraint(
    backend: Any,
    *,
    name: str,
    kind: str,
    relation: Relation | None,
    keys: list[int] | None = None,
    deferrable: bool = False,
    deferred: bool = False,
    validated: bool = True,
    enforced: bool = True,
    index: int = 0,
    expr: Expr | None = None,
    foreign: Relation | None = None,
    foreign_keys: list[int] | None = None,
    on_update: str = " ",
    on_delete: str = " ",
    match: str = " ",
    set_columns: list[int] | None = None,
    operators: list[int] | None = None,
    no_inherit: bool = False,
    domain: int = 0,
    schema: int | None = None,
) -> int:
    catalog = backend.catalog
    oid = catalog.new_oid()
    catalog.insert(
        "pg_constraint",
        oid=oid,
        conname=name,
        connamespace=schema if schema is not None else (relation.schema if relation is not None else 0),
        contype=kind,
        condeferrable=deferrable,
        condeferred=deferred,
        conenforced=enforced,
        convalidated=validated,
        conrelid=relation.oid if relation is not None else 0,
        contypid=domain,
        conindid=index,
        conparentid=0,
        confrelid=foreign.oid if foreign is not None else 0,
        confupdtype=on_update,
        confdeltype=on_delete,
        confmatchtype=match,
        conislocal=True,
        coninhcount=0,
        connoinherit=no_inherit,
        conperiod=False,
        conkey=array_of(keys) if keys else None,
        confkey=array_of(foreign_keys) if foreign_keys else None,
        conpfeqop=array_of(operators) if operators else None,
        conppeqop=array_of(operators) if operators else None,
        conffeqop=array_of(operators) if operators else None,
        confdelsetcols=array_of(set_columns) if set_columns else None,
        conexclop=None,
        conbin=NodeTree.of(expr) if expr is not None else None,
    )
    obj = (oids.PG_CONSTRAINT, oid, 0)
    if relation is not None:
        for key in keys or []:
            depend(backend, obj, (oids.PG_CLASS, relation.oid, key), "a")
        if not keys:
            depend(backend, obj, (oids.PG_CLASS, relation.oid, 0), "a")
    return int(oid)


def _column(relation: Relation, name: str, location: int | None = None) -> Any:
    column = relation.column(name)
    if column is None:
        raise PgError("42703", f'column "{name}" named in key does not exist', location=location)
    return column


def add_check(backend: Any, relation: Relation, node: Node, *, column: str | None = None, validate: bool) -> int:
    expr = table_condition(backend, relation, node.raw_expr, "check", "CHECK")
    from emulators.postgres.analyze.coerce import returns_set

    if returns_set(expr):
        raise PgError("0A000", "set-returning functions are not allowed in check constraints")
    used = sorted({n.attno for n in walk(expr) if isinstance(n, Var) and n.attno > 0})
    for n in walk(expr):
        if isinstance(n, Var) and n.attno < 0 and n.attno != -6:
            raise PgError(
                "42P10", f'system column "{n.name}" reference in check constraint is invalid', location=n.location
            )
    name = node.conname
    if name:
        _check_name_free(backend, relation, name)
    else:
        second = relation.columns[used[0] - 1].name if len(used) == 1 else None
        name = choose_constraint_name(backend, relation, second, "check", set())
    _ = node.initially_valid
    enforced = (node.is_enforced is not False and node.is_enforced is not None) or "is_enforced" not in node._fields
    skip = bool(node.skip_validation)
    oid = insert_constraint(
        backend,
        name=name,
        kind="c",
        relation=relation,
        keys=used,
        expr=expr,
        validated=not skip and enforced,
        enforced=enforced,
        no_inherit=bool(node.is_no_inherit),
    )
    depend_on_expression(backend, (oids.PG_CONSTRAINT, oid, 0), expr, own=relation.oid, auto="a")
    checks = backend.catalog.relation_row(relation.oid).relchecks
    backend.catalog.update("pg_class", {"oid": relation.oid}, relchecks=checks + 1)
    if validate and not skip and enforced:
        validate_check(backend, relation, name, expr)
    return oid


def validate_check(backend: Any, relation: Relation, name: str, expr: Expr) -> None:
    from emulators.postgres.compile.plan import row_function

    function = row_function(backend.catalog, expr)
    for version in live_versions(backend, relation):
        if function(backend.context, version.data) is False:
            raise PgError(
                "23514",
                f'check constraint "{name}" of relation "{relation.name}" is violated by some row',
                schema=relation.schema_name,
                table=relation.name,
                constraint=name,
            )


def live_versions(backend: Any, relation: Relation) -> list[Any]:
    from emulators.postgres.storage.transaction import Dirty

    heap = backend.database.heap(relation.filenode)
    visible = Dirty(backend.cluster.transactions, backend.transaction).visible
    return [v for v in heap.all() if not v.state or visible(v)]


def _check_name_free(backend: Any, relation: Relation, name: str) -> None:
    for row in backend.catalog.find("pg_constraint", conrelid=relation.oid):
        if row.conname == name:
            raise PgError("42710", f'constraint "{name}" for relation "{relation.name}" already exists')


def add_not_null(backend: Any, relation: Relation, column: Any, name: str | None = None, *, validate: bool = False,
                 no_inherit: bool = False) -> None:  # fmt: skip
    """attnotnull and, as PostgreSQL 18 keeps it, a pg_constraint row."""
    catalog = backend.catalog
    current = catalog.one("pg_attribute", attrelid=relation.oid, attnum=column.num)
    if validate and not current.attnotnull:
        for version in live_versions(backend, relation):
            if version.data[column.num - 1] is None:
                raise PgError(
                    "23502",
                    f'column "{column.name}" of relation "{relation.name}" contains null values',
                    schema=relation.schema_name,
                    table=relation.name,
                    column=column.name,
                )
    if not current.attnotnull:
        catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, attnotnull=True)
    for row in catalog.find("pg_constraint", conrelid=relation.oid):
        if row.contype == "n" and row.conkey.elements == [column.num]:
            if name and row.conname != name:
                raise PgError(
                    "55000",
                    f'cannot create not-null constraint "{name}" on column "{column.name}" of table "{relation.name}"',
                    detail=f'A not-null constraint named "{row.conname}" already exists for this column.',
                )
            return
    if name:
        _check_name_free(backend, relation, name)
    else:
        name = choose_constraint_name(backend, relation, column.name, "not_null", set())
    insert_constraint(backend, name=name, kind="n", relation=relation, keys=[column.num], no_inherit=no_inherit)


def add_key(backend: Any, relation: Relation, node: Node, columns: list[str], *, primary: bool, validate: bool) -> int:
    """PRIMARY KEY or UNIQUE: an index and its constraint."""
    from emulators.postgres.commands.indexes import create_index_rows

    catalog = backend.catalog
    if node.without_overlaps:
        raise PgError("0A000", "WITHOUT OVERLAPS is not supported by this emulator")
    deferrable, deferred = bool(node.deferrable), bool(node.initdeferred)
    if node.indexname:
        return _key_using_index(backend, relation, node, primary, deferrable, deferred)
    keys = []
    for name in columns:
        column = relation.column(name)
        if column is None:
            raise PgError("42703", f'column "{name}" named in key does not exist', location=node.location)
        if column.num in keys:
            what = "primary key" if primary else "unique"
            raise PgError("42701", f'column "{name}" appears twice in {what} constraint', location=node.location)
        if column.generated == "v":
            what = "primary key" if primary else "unique constraint"
            raise PgError("0A000", f"{what}s on virtual generated columns are not supported" if not primary
                          else "primary keys on virtual generated columns are not supported")  # fmt: skip
        keys.append(column.num)
    if primary and any(i.primary for i in relation.indexes):
        raise PgError(
            "42P16", f'multiple primary keys for table "{relation.name}" are not allowed', location=node.location
        )
    including = []
    for item in node.including or ():
        column = _column(relation, item.sval, node.location)
        including.append(column.num)
    name = node.conname
    if not name:
        from emulators.postgres.commands.objects import choose_relation_name

        if primary:
            name = choose_relation_name(backend, relation.name, None, "pkey", relation.schema)
        else:
            joined = "_".join(columns)
            name = choose_relation_name(backend, relation.name, joined, "key", relation.schema)
    else:
        _check_name_free(backend, relation, name)
        if catalog.relid_by_name(relation.schema, name) is not None:
            raise PgError("42P07", f'relation "{name}" already exists')
    if primary:
        for key in keys:
            column = relation.columns[key - 1]
            add_not_null(backend, relation, column, validate=validate)
        relation = catalog.relation(relation.oid)
    _ = node.options, node.indexspace, node.access_method
    index = create_index_rows(
        backend,
        relation,
        name=name,
        keys=keys,
        including=including,
        unique=True,
        primary=primary,
        immediate=not deferrable,
        nulls_not_distinct=bool(node.nulls_not_distinct),
        constraint=True,
    )
    oid = insert_constraint(
        backend,
        name=name,
        kind="p" if primary else "u",
        relation=relation,
        keys=keys,
        deferrable=deferrable,
        deferred=deferred,
        index=index,
        no_inherit=True,
    )
    depend(backend, (oids.PG_CLASS, index, 0), (oids.PG_CONSTRAINT, oid, 0), "i")
    from emulators.postgres.commands.indexes import check_unique_rows

    if validate:
        check_unique_rows(backend, catalog.relation(relation.oid), index)
    return oid


def _key_using_index(
    backend: Any, relation: Relation, node: Node, primary: bool, deferrable: bool, deferred: bool
) -> int:
    catalog = backend.catalog
    index = next((i for i in relation.indexes if i.name == node.indexname), None)
    if index is None:
        raise PgError("42704", f'index "{node.indexname}" does not exist', location=node.location)
    if not index.unique:
        raise PgError(
            "42809",
            f'"{index.name}" is not a unique index',
            detail="Cannot create a primary key or unique constraint using such an index.",
            location=node.location,
        )
    if index.predicate is not None or index.expressions:
        what = "a partial index" if index.predicate is not None else None
        message = f'"{index.name}" is {what}' if what else f'index "{index.name}" contains expressions'
        raise PgError(
            "42809",
            message,
            detail="Cannot create a primary key or unique constraint using such an index.",
            location=node.location,
        )
    name = node.conname or index.name
    if name != index.name:
        backend.notice(
            PgError(
                "00000",
                f'ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index "{index.name}" to "{name}"',
                severity="NOTICE",
            )
        )
        catalog.update("pg_class", {"oid": index.oid}, relname=name)
    keys = list(index.keys[: index.width])
    if primary:
        for key in keys:
            add_not_null(backend, relation, relation.columns[key - 1], validate=True)
    catalog.update("pg_index", {"indexrelid": index.oid}, indisprimary=primary, indimmediate=not deferrable)
    oid = insert_constraint(
        backend,
        name=name,
        kind="p" if primary else "u",
        relation=relation,
        keys=keys,
        deferrable=deferrable,
        deferred=deferred,
        index=index.oid,
        no_inherit=True,
    )
    catalog.delete("pg_depend", classid=oids.PG_CLASS, objid=index.oid, deptype="a")
    depend(backend, (oids.PG_CLASS, index.oid, 0), (oids.PG_CONSTRAINT, oid, 0), "i")
    return oid


def add_foreign_key(backend: Any, relation: Relation, node: Node, columns: list[str], *, validate: bool) -> int:
    """FOREIGN KEY ... REFERENCES."""
    from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
    from emulators.postgres.privileges import check_relation

    catalog = backend.catalog
    if node.fk_with_period or node.pk_with_period:
        raise PgError("0A000", "PERIOD in foreign keys is not supported by this emulator")
    parent_oid = find_relation_oid(catalog, range_var_names(node.pktable), None)
    assert parent_oid is not None
    parent = catalog.relation(parent_oid)
    if parent.kind not in "rp":
        raise PgError("42809", f'referenced relation "{parent.name}" is not a table')
    if relation.persistence == "p" and parent.persistence != "p":
        raise PgError("42P16", "constraints on permanent tables may reference only permanent tables")
    if relation.persistence == "t" and parent.persistence != "t":
        raise PgError("42P16", "constraints on temporary tables may reference only temporary tables")
    if parent.is_catalog:
        raise PgError("42501", f'permission denied: "{parent.name}" is a system catalog')
    check_relation(backend, parent, "x")
    keys = []
    for name in columns:
        column = relation.column(name)
        if column is None:
            raise PgError("42703", f'column "{name}" referenced in foreign key constraint does not exist')
        keys.append(column.num)
    named = [s.sval for s in node.pk_attrs or ()]
    if named:
        parent_keys = []
        for name in named:
            column = parent.column(name)
            if column is None:
                raise PgError("42703", f'column "{name}" referenced in foreign key constraint does not exist')
            parent_keys.append(column.num)
    else:
        primary = parent.primary_key()
        if primary is None:
            raise PgError("42704", f'there is no primary key for referenced table "{parent.name}"')
        if primary.constraint is not None and primary.constraint.deferrable:
            raise PgError("55000", f'cannot use a deferrable primary key for referenced table "{parent.name}"')
        parent_keys = list(primary.keys[: primary.width])
    if len(keys) != len(parent_keys):
        raise PgError("42830", "number of referencing and referenced columns for foreign key disagree")
    index = 0
    deferrable_only = False
    for candidate in parent.indexes:
        if (
            candidate.unique
            and candidate.predicate is None
            and not candidate.expressions
            and sorted(candidate.keys[: candidate.width]) == sorted(parent_keys)
        ):
            if not candidate.immediate:
                deferrable_only = True
                continue
            index = candidate.oid
            break
    if len(set(parent_keys)) != len(parent_keys):
        raise PgError("42830", "foreign key referenced-columns list must not contain duplicates")
    if not index:
        if deferrable_only:
            raise PgError("55000", f'cannot use a deferrable unique constraint for referenced table "{parent.name}"')
        raise PgError(
            "42830", f'there is no unique constraint matching given keys for referenced table "{parent.name}"'
        )
    name = node.conname
    if name:
        _check_name_free(backend, relation, name)
    else:
        name = choose_constraint_name(backend, relation, "_".join(columns), "fkey", set())
    operators = []
    for mine, theirs in zip(keys, parent_keys, strict=True):
        operators.append(_fk_operator(backend, relation.columns[mine - 1], parent.columns[theirs - 1], name))
    set_columns = []
    for item in node.fk_del_set_cols or ():
        column = relation.column(item.sval)
        if column is None:
            raise PgError("42703", f'column "{item.sval}" referenced in foreign key constraint does not exist')
        if column.num not in keys:
            raise PgError(
                "42P10",
                f'column "{item.sval}" referenced in ON DELETE SET action must be part of foreign key',
            )
        set_columns.append(column.num)
    actions = (node.fk_upd_action or "a", node.fk_del_action or "a")
    for key in keys:
        column = relation.columns[key - 1]
        if column.generated:
            for action, text in ((actions[0], "UPDATE"), (actions[1], "DELETE")):
                if action in ("n", "d") or (text == "UPDATE" and action == "c"):
                    raise PgError(
                        "42601",
                        f"invalid ON {text} action for foreign key constraint containing generated column",
                    )
    skip = bool(node.skip_validation)
    enforced = "is_enforced" not in node._fields or bool(node.is_enforced)
    _ = node.initially_valid, node.old_conpfeqop, node.old_pktable_oid
    oid = insert_constraint(
        backend,
        name=name,
        kind="f",
        relation=relation,
        keys=keys,
        deferrable=bool(node.deferrable),
        deferred=bool(node.initdeferred),
        validated=not skip and enforced,
        enforced=enforced,
        index=index,
        foreign=parent,
        foreign_keys=parent_keys,
        on_update=actions[0],
        on_delete=actions[1],
        match=node.fk_matchtype or "s",
        set_columns=set_columns,
        operators=operators,
        no_inherit=True,
    )
    obj = (oids.PG_CONSTRAINT, oid, 0)
    for key in parent_keys:
        depend(backend, obj, (oids.PG_CLASS, parent.oid, key))
    depend(backend, obj, (oids.PG_CLASS, index, 0))
    for one in {relation.oid, parent.oid}:
        catalog.update("pg_class", {"oid": one}, relhastriggers=True)
    if validate and not skip and enforced:
        validate_foreign_key(backend, relation.oid, oid)
    return oid


def _fk_operator(backend: Any, mine: Any, theirs: Any, name: str) -> int:
    """The equality operator between parent and child columns; 42804 when the types do not fit."""
    catalog = backend.catalog
    opclass = catalog.default_opclass(theirs.type, oids.BTREE_AM)
    found = 0
    if opclass is not None:
        base_mine = catalog.base_type(mine.type)
        found = catalog.opfamily_operator(opclass.opcfamily, opclass.opcintype, base_mine, 3)
        if not found and can_coerce(catalog, [base_mine], [opclass.opcintype], IMPLICIT):
            found = catalog.opfamily_operator(opclass.opcfamily, opclass.opcintype, opclass.opcintype, 3)
    if not found:
        raise PgError(
            "42804",
            f'foreign key constraint "{name}" cannot be implemented',
            detail=f'Key columns "{mine.name}" of the referencing table and "{theirs.name}" of the referenced table '
            f"are of incompatible types: {catalog.format_type(mine.type)} and {catalog.format_type(theirs.type)}.",
        )
    return int(found)


def validate_foreign_key(backend: Any, relid: int, oid: int) -> None:
    relation = backend.catalog.relation(relid)
    constraint = next(c for c in relation.foreign_keys if c.oid == oid)
    for version in live_versions(backend, relation):
        backend.foreign_keys._check_child(relid, version, constraint)


__all__ = ["NodeTree", "add_check", "add_foreign_key", "add_key", "add_not_null", "insert_constraint", "live_versions"]
