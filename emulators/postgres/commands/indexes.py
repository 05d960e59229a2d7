"""CREATE INDEX: plain, unique, partial, on expressions, with INCLUDE; REINDEX and the like are no-ops."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.expressions import transform_in
from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.analyze.tree import Expr, Var, walk
from emulators.postgres.analyze.typenames import collation_oid
from emulators.postgres.catalog import store
from emulators.postgres.catalog.access import NodeTree
from emulators.postgres.catalog.relations import Relation
from emulators.postgres.commands import command
from emulators.postgres.commands.objects import (
    ColumnSpec,
    array_of,
    choose_relation_name,
    create_relation,
    depend,
    depend_on_expression,
    table_condition,
    table_state,
    truncate_name,
)
from emulators.postgres.errors import PgError
from emulators.postgres.parse.node import name_of

_AMS = {"btree": 403, "hash": 405, "gist": 783, "gin": 2742, "spgist": 4000, "brin": 3580}


def create_index_rows(
    backend: Any,
    relation: Relation,
    *,
    name: str,
    keys: list[Any],
    including: list[int] | None = None,
    unique: bool = False,
    primary: bool = False,
    immediate: bool = True,
    nulls_not_distinct: bool = False,
    predicate: Expr | None = None,
    options: list[int] | None = None,
    opclasses: list[int] | None = None,
    collations: list[int] | None = None,
    am: int = oids.BTREE_AM,
    constraint: bool = False,
    reloptions: Any = None,
    column_names: list[str] | None = None,
) -> int:
    """pg_class, pg_attribute and pg_index rows. `keys` are column numbers or expressions."""
    catalog = backend.catalog
    including = including or []
    specs: list[ColumnSpec] = []
    numbers: list[int] = []
    expressions: list[Expr] = []
    classes: list[int] = []
    colls: list[int] = []
    for position, key in enumerate([*keys, *including]):
        if isinstance(key, int):
            column = relation.columns[key - 1]
            spec = ColumnSpec(column.name, column.type, column.typmod, column.collation)
            numbers.append(key)
            oid = column.type
            collation = column.collation
        else:
            label = (column_names or [])[position : position + 1] or ["expr"]
            spec = ColumnSpec(label[0] or "expr", key.type, key.typmod)
            numbers.append(0)
            expressions.append(key)
            oid = key.type
            collation = catalog.type_row(oid).typcollation
        existing = {s.name for s in specs}
        base_name = spec.name
        suffix = 1
        while spec.name in existing:
            spec.name = f"{base_name}{suffix}"
            suffix += 1
        specs.append(spec)
        if position < len(keys):
            opclass = (opclasses or [0] * len(keys))[position]
            if not opclass:
                found = catalog.default_opclass(oid, am)
                if found is None:
                    method = next(n for n, v in _AMS.items() if v == am)
                    raise PgError(
                        "42704",
                        f'data type {catalog.format_type(oid)} has no default operator class for access method "{method}"',
                        hint="You must specify an operator class for the index or define a default operator class "
                        "for the data type.",
                    )
                opclass = found.oid
            classes.append(opclass)
            colls.append((collations or [0] * len(keys))[position] or collation)
    index = create_relation(
        backend,
        name,
        relation.schema,
        "i",
        specs,
        persistence=relation.persistence,
        owner=relation.owner,
        am=am,
        with_type=False,
        options=reloptions,
    )
    catalog.insert(
        "pg_index",
        indexrelid=index,
        indrelid=relation.oid,
        indnatts=len(numbers),
        indnkeyatts=len(keys),
        indisunique=unique,
        indnullsnotdistinct=nulls_not_distinct,
        indisprimary=primary,
        indisexclusion=False,
        indimmediate=immediate,
        indisclustered=False,
        indisvalid=True,
        indcheckxmin=False,
        indisready=True,
        indislive=True,
        indisreplident=False,
        indkey=store.vector(numbers),
        indcollation=store.vector(colls),
        indclass=store.vector(classes),
        indoption=store.vector(options or [0] * len(keys)),
        indexprs=NodeTree.of(expressions) if expressions else None,
        indpred=NodeTree.of(predicate) if predicate is not None else None,
    )
    obj = (oids.PG_CLASS, index, 0)
    if not constraint:
        columns = {k for k in numbers if k}
        for key in columns:
            depend(backend, obj, (oids.PG_CLASS, relation.oid, key), "a")
        if not columns:
            depend(backend, obj, (oids.PG_CLASS, relation.oid, 0), "a")
    for expr in expressions:
        depend_on_expression(backend, obj, expr, own=relation.oid, auto="a")
    if predicate is not None:
        depend_on_expression(backend, obj, predicate, own=relation.oid, auto="a")
    if not catalog.relation_row(relation.oid).relhasindex:
        catalog.update("pg_class", {"oid": relation.oid}, relhasindex=True)
    return index


def check_unique_rows(backend: Any, relation: Relation, index_oid: int) -> None:
    """23505 when the rows that exist do not satisfy a new unique index."""
    from emulators.postgres.commands.constraints import live_versions
    from emulators.postgres.execute.modify import index_key
    from emulators.postgres.execute.rows import index_key_text

    index = next(i for i in relation.indexes if i.oid == index_oid)
    key = index_key(backend.catalog, relation, index, backend.context)
    seen: set[Any] = set()
    for version in live_versions(backend, relation):
        values = key(version.data)
        if values is None or (None in values and not index.nulls_not_distinct):
            continue
        if values in seen:
            text = index_key_text(backend, relation, index, backend.context, version.data)
            raise PgError(
                "23505",
                f'could not create unique index "{index.name}"',
                detail=f"{text} is duplicated.",
                schema=relation.schema_name,
                table=relation.name,
                constraint=index.name,
            )
        seen.add(values)


@command("IndexStmt")
def create_index(backend: Any, node: Any, text: str) -> str:
    from emulators.postgres.privileges import check_owner

    catalog = backend.catalog
    if node.concurrent and backend.in_block:
        raise PgError("25001", "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
    names = range_var_names(node.relation)
    oid = find_relation_oid(catalog, names, None)
    assert oid is not None
    relation = catalog.relation(oid)
    if relation.kind not in "rmp":
        what = {"v": "views", "S": "sequences", "i": "indexes", "c": "composite types"}.get(relation.kind, "it")
        raise PgError(
            "42809",
            f'cannot create index on relation "{relation.name}"',
            detail=f"This operation is not supported for {what}.",
        )
    check_owner(backend, relation.owner, f"table {relation.name}")
    from emulators.postgres.locks import lock_relation

    lock_relation(backend, oid, 4 if node.concurrent else 5)
    method = node.accessMethod or "btree"
    am = _AMS.get(method)
    if am is None:
        raise PgError("42704", f'access method "{method}" does not exist')
    if node.unique and am != oids.BTREE_AM:
        raise PgError("0A000", f'access method "{method}" does not support unique indexes')
    keys: list[Any] = []
    options: list[int] = []
    opclasses: list[int] = []
    collations: list[int] = []
    labels: list[str] = []
    for element in node.indexParams:
        ordering, nulls = element.ordering, element.nulls_ordering
        if am not in (oids.BTREE_AM,) and ordering != "SORTBY_DEFAULT":
            raise PgError("0A000", f'access method "{method}" does not support ASC/DESC options')
        descending = ordering == "SORTBY_DESC"
        first = descending if nulls == "SORTBY_NULLS_DEFAULT" else nulls == "SORTBY_NULLS_FIRST"
        options.append((1 if descending else 0) | (2 if first else 0))
        collations.append(collation_oid(catalog, name_of(element.collation)) if element.collation else 0)
        if element.name:
            column = relation.column(element.name)
            if column is None:
                raise PgError("42703", f'column "{element.name}" does not exist')
            keys.append(column.num)
            labels.append(column.name)
            key_type = column.type
        else:
            state, _ = table_state(backend, relation)
            expr = transform_in(state, element.expr, "index expr")
            if isinstance(expr, Var) and expr.attno > 0:
                keys.append(expr.attno)
            else:
                _check_immutable(expr, "index expression")
                keys.append(expr)
            from emulators.postgres.analyze.targets import column_name

            label = column_name(element.expr)
            labels.append("expr" if label == "?column?" else label)
            key_type = expr.type
        opclasses.append(_opclass(backend, element.opclass, am, method, key_type))
        _ = element.opclassopts, element.indexcolname
    including = []
    for element in node.indexIncludingParams or ():
        if element.expr is not None:
            raise PgError("0A000", "expressions are not supported in included columns")
        column = relation.column(element.name)
        if column is None:
            raise PgError("42703", f'column "{element.name}" does not exist')
        _ = element.ordering, element.nulls_ordering
        including.append(column.num)
        labels.append(column.name)
    predicate = None
    if node.whereClause is not None:
        predicate = table_condition(backend, relation, node.whereClause, "index predicate", "WHERE")
        _check_immutable(predicate, "index predicate")
    name = truncate_name(node.idxname) if node.idxname else None
    if name is None:
        joined = "_".join(labels[: len(keys)])
        name = choose_relation_name(backend, relation.name, joined, "idx", relation.schema)
    elif catalog.relid_by_name(relation.schema, name) is not None:
        if node.if_not_exists:
            backend.notice(PgError("42P07", f'relation "{name}" already exists, skipping', severity="NOTICE"))
            node.mark_read()
            return "CREATE INDEX"
        raise PgError("42P07", f'relation "{name}" already exists')
    reloptions = None
    if node.options:
        reloptions = array_of([f"{o.defname}={_option_text(o.arg)}" for o in node.options])
    _ = node.tableSpace, node.if_not_exists
    node.mark_read()
    index = create_index_rows(
        backend,
        relation,
        name=name,
        keys=keys,
        including=including,
        unique=bool(node.unique),
        nulls_not_distinct=bool(node.nulls_not_distinct),
        predicate=predicate,
        options=options,
        opclasses=opclasses,
        collations=collations,
        am=am,
        reloptions=reloptions,
        column_names=labels,
    )
    if node.unique:
        check_unique_rows(backend, catalog.relation(relation.oid), index)
    return "CREATE INDEX"


def _option_text(arg: Any) -> str:
    if arg is None:
        return "true"
    if arg.kind == "Integer":
        return str(arg.ival or 0)
    if arg.kind == "Float":
        return str(arg.fval)
    if arg.kind == "TypeName":
        return str(name_of(arg.names)[-1])
    return str(arg.sval)


def _opclass(backend: Any, name: Any, am: int, method: str, key_type: int) -> int:
    if not name:
        return 0
    names = name_of(name)
    for row in backend.catalog.many("pg_opclass", opcmethod=am):
        if row.opcname == names[-1]:
            return int(row.oid)
    raise PgError("42704", f'operator class "{".".join(names)}" does not exist for access method "{method}"')


def _check_immutable(expr: Expr, what: str) -> None:
    for n in walk(expr):
        func = getattr(n, "func", None)
        if (func is not None and func.provolatile != "i") or type(n).__name__ == "SqlValue":
            raise PgError("42P17", f"functions in {what} must be marked IMMUTABLE")


@command("ReindexStmt")
def reindex(backend: Any, node: Any, text: str) -> str:
    node.mark_read()
    return "REINDEX"
