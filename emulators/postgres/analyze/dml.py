"""INSERT, UPDATE, DELETE and MERGE (PostgreSQL's analyze.c and parse_merge.c)."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.clauses import transform_from
from emulators.postgres.analyze.coerce import coerce_to_boolean, exposed_location
from emulators.postgres.analyze.relations import (
    find_relation_oid,
    namespace_item,
    range_var_names,
    relation_entry,
)
from emulators.postgres.analyze.select import analyze_statement, values_rows, with_clause
from emulators.postgres.analyze.state import NamespaceItem, ParseState
from emulators.postgres.analyze.targets import assign, target_list
from emulators.postgres.analyze.tree import (
    Default,
    Expr,
    MergeWhen,
    OnConflict,
    Query,
    RangeEntry,
    RowExpr,
    SubLink,
    Target,
    Var,
    equal,
)
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import Node


def _result_relation(ps: ParseState, node: Node, privilege: str) -> RangeEntry:
    names = range_var_names(node)
    oid = find_relation_oid(ps.catalog, names, node.location, missing_ok=True)
    if len(names) == 1:
        for cte in ps.ctes:
            if cte.name == names[0] and oid is None:
                raise PgError(
                    "42P01",
                    f'relation "{names[0]}" cannot be the target of a modifying statement',
                    detail="",
                    location=node.location,
                )
    if oid is None:
        raise PgError("42P01", f'relation "{".".join(names)}" does not exist', location=node.location)
    relation = ps.catalog.relation(oid)
    if relation.kind in "iI":
        raise PgError(
            "42809",
            f'cannot open relation "{relation.name}"',
            detail="This operation is not supported for indexes.",
            location=node.location,
        )
    if relation.kind == "c":
        raise PgError(
            "42809",
            f'cannot open relation "{relation.name}"',
            detail="This operation is not supported for composite types.",
            location=node.location,
        )
    if relation.kind == "S":
        raise PgError("42809", f'cannot change sequence "{relation.name}"')
    if relation.kind == "m":
        raise PgError("42809", f'cannot change materialized view "{relation.name}"')
    entry = relation_entry(relation, node.alias, inh=bool(node._fields.get("inh")))
    entry.privileges = privilege
    ps.query.entries.append(entry)
    ps.query.result = entry
    return entry


def _check_columns(ps: ParseState, entry: RangeEntry, nodes: list[Node] | None) -> list[tuple[Any, list[Node], int]]:
    """The INSERT column list as (column, indirection, location)."""
    relation = entry.relation
    if not nodes:
        return [(c, [], -1) for c in relation.live]
    out: list[tuple[Any, list[Node], int]] = []
    whole: set[int] = set()
    partial: set[int] = set()
    for node in nodes:
        column = relation.column(node.name)
        if column is None:
            raise PgError(
                "42703",
                f'column "{node.name}" of relation "{relation.name}" does not exist',
                location=node.location,
            )
        indirection = node.indirection or []
        if (not indirection and column.num in whole | partial) or (indirection and column.num in whole):
            raise PgError("42701", f'column "{node.name}" specified more than once', location=node.location)
        (partial if indirection else whole).add(column.num)
        out.append((column, indirection, node.location))
    return out


def insert_statement(ps: ParseState, node: Node) -> Query:
    query = ps.query
    query.command = "insert"
    with_clause(ps, node.withClause)
    override = node.override
    query.override = {"OVERRIDING_USER_VALUE": "user", "OVERRIDING_SYSTEM_VALUE": "system"}.get(override, "")
    select = node.selectStmt
    on_conflict = node.onConflictClause
    entry = _result_relation(ps, node.relation, "a")
    columns = _check_columns(ps, entry, node.cols)
    explicit = bool(node.cols)
    if select is None:
        query.values_lists = [[]]
        query.targets = []
    elif _is_values(select):
        _insert_values(ps, query, entry, columns, explicit, select)
    else:
        _insert_select(ps, query, entry, columns, explicit, select)
    returning_clause = node.returningClause
    item = namespace_item(entry)
    if on_conflict is not None:
        ps.namespace = [item]
        query.on_conflict = _on_conflict(ps, entry, on_conflict)
    if returning_clause is not None:
        ps.namespace = [namespace_item(entry)]
        _returning(ps, query, returning_clause)
    return query


def _is_values(select: Node) -> bool:
    fields = select._fields
    return bool(fields.get("valuesLists")) and not any(
        fields.get(k) for k in ("sortClause", "limitOffset", "limitCount", "lockingClause", "withClause")
    )


def _insert_values(
    ps: ParseState, query: Query, entry: RangeEntry, columns: list[Any], explicit: bool, select: Node
) -> None:
    _ = select.op, select.limitOption
    rows = values_rows(ps, select.valuesLists, allow_default=True)
    used: list[tuple[Any, list[Node], int]] = []
    for number, row in enumerate(rows):
        used = _check_width(row, columns, explicit, entry)
        prepared: list[Expr] = []
        for expr, (column, indirection, location) in zip(row, used, strict=True):
            prepared.append(assign(ps, entry, column, expr, indirection, location, insert=True))
        rows[number] = prepared
    query.values_lists = rows
    query.targets = [Target(expr=rows[0][i], name=c.name, attno=c.num) for i, (c, _, _) in enumerate(used)]
    _merge_partial(query)


def _merge_partial(query: Query) -> None:
    """Several assignments to parts of one column become one nested assignment."""
    seen: dict[int, int] = {}
    rows = query.values_lists
    assert rows is not None
    keep: list[int] = []
    for i, target in enumerate(query.targets):
        if target.attno in seen:
            first = seen[target.attno]
            for row in rows:
                row[first] = _nest(row[first], row[i])
        else:
            seen[target.attno] = i
            keep.append(i)
    if len(keep) != len(query.targets):
        query.targets = [query.targets[i] for i in keep]
        query.values_lists = [[row[i] for i in keep] for row in rows]


def _nest(inner: Expr, outer: Expr) -> Expr:
    """Let a second partial assignment work on the first one's result."""
    from emulators.postgres.analyze.tree import FieldStore, Relabel, Subscript

    holder: Any = outer
    while True:
        arg = holder.arg
        if isinstance(holder, (FieldStore, Subscript)) and not isinstance(arg, (FieldStore, Subscript, Relabel)):
            holder.arg = inner
            return outer
        holder = arg


def _check_width(row: list[Expr], columns: list[Any], explicit: bool, entry: RangeEntry) -> list[Any]:
    if len(row) > len(columns):
        hint = None
        raise PgError(
            "42601",
            "INSERT has more expressions than target columns",
            hint=hint,
            location=exposed_location(row[len(columns)]),
        )
    if explicit and len(row) < len(columns):
        hint = None
        if len(row) == 1 and isinstance(row[0], RowExpr) and len(row[0].args) == len(columns):
            hint = (
                "The insertion source is a row expression containing the same number of columns "
                "expected by the INSERT. Did you accidentally use extra parentheses?"
            )
        raise PgError(
            "42601",
            "INSERT has more target columns than expressions",
            hint=hint,
            location=columns[len(row)][2],
        )
    return columns[: len(row)]


def _insert_select(
    ps: ParseState, query: Query, entry: RangeEntry, columns: list[Any], explicit: bool, select: Node
) -> None:
    child = ps.child()
    # Unknown literals of the select list are coerced to the columns' types instead of text.
    child.resolve_unknowns = False
    child.namespace = []
    source = analyze_statement(child, select)
    if source.into is not None:
        raise PgError("42601", "SELECT ... INTO is not allowed here")
    source_entry = RangeEntry(kind="subquery", name="*SELECT*", query=source)
    source_entry.column_names = [t.name for t in source.outputs]
    source_entry.columns = [(t.expr.type, t.expr.typmod, 0) for t in source.outputs]
    row: list[Expr] = []
    for i, target in enumerate(source.outputs, 1):
        expr = target.expr
        if expr.type == oids.UNKNOWN and source.set_op is None and type(expr).__name__ in ("Const", "Param"):
            row.append(expr)
        else:
            row.append(
                Var(
                    rte=source_entry,
                    attno=i,
                    type=expr.type,
                    typmod=expr.typmod,
                    name=target.name,
                    location=exposed_location(expr),
                )
            )
    used = _check_width(row, columns, explicit, entry)
    query.targets = []
    for expr, (column, indirection, location) in zip(row, used, strict=True):
        query.targets.append(
            Target(
                expr=assign(ps, entry, column, expr, indirection, location, insert=True),
                name=column.name,
                attno=column.num,
            )
        )
    query.source = source
    query.from_items = [source_entry]


# -- ON CONFLICT ---------------------------------------------------------------------------------------------


def _on_conflict(ps: ParseState, entry: RangeEntry, node: Node) -> OnConflict:
    from emulators.postgres.analyze.expressions import transform_in

    do_update = node.action == "ONCONFLICT_UPDATE"
    result = OnConflict(do_update=do_update)
    infer = node.infer
    if do_update and infer is None:
        raise PgError(
            "42601",
            "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            hint="For example, ON CONFLICT (column_name).",
            location=node.location,
        )
    if entry.relation.is_catalog:
        raise PgError("0A000", "ON CONFLICT is not supported with system catalog tables", location=node.location)
    if infer is not None:
        _infer_arbiters(ps, entry, infer, result)
    if do_update:
        excluded = RangeEntry(kind="excluded", name="excluded", relation=entry.relation)
        excluded.column_names = list(entry.column_names)
        relation = entry.relation
        excluded.column_names = ["" if c.dropped else c.name for c in relation.columns]
        excluded.columns = list(entry.columns)
        result.excluded = excluded
        item = NamespaceItem(
            "excluded",
            [
                (c.name, Var(rte=excluded, attno=c.num, type=c.type, typmod=c.typmod, name=c.name))
                for c in relation.live
            ],
            excluded,
        )
        target_item = namespace_item(entry)
        item.columns_visible = False
        ps.query.entries.append(excluded)
        ps.namespace = [target_item, item]
        result.updates = _update_targets(ps, entry, node.targetList)
        if node.whereClause is not None:
            result.where = coerce_to_boolean(ps, transform_in(ps, node.whereClause, "where"), "WHERE")
    return result


def _infer_arbiters(ps: ParseState, entry: RangeEntry, infer: Node, result: OnConflict) -> None:
    from emulators.postgres.analyze.expressions import transform_in

    relation = entry.relation
    if infer.conname:
        result.constraint = infer.conname
        for constraint in relation.constraints:
            if constraint.name == infer.conname:
                index = next((i for i in relation.indexes if i.oid == constraint.index), None)
                if index is None or (index.exclusion and result.do_update):
                    if index is not None:
                        raise PgError("42809", "ON CONFLICT DO UPDATE not supported with exclusion constraints")
                    raise PgError("42809", "constraint in ON CONFLICT clause has no associated index")
                if not index.immediate:
                    raise PgError(
                        "55000",
                        "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters",
                    )
                result.arbiters = [index]
                return
        raise PgError(
            "42704", f'constraint "{infer.conname}" for table "{relation.name}" does not exist', location=infer.location
        )
    columns: set[int] = set()
    expressions: list[Expr] = []
    for element in infer.indexElems:
        if element.ordering not in (None, "SORTBY_DEFAULT"):
            raise PgError("42P10", "ASC/DESC is not allowed in ON CONFLICT clause", location=infer.location)
        if element.nulls_ordering not in (None, "SORTBY_NULLS_DEFAULT"):
            raise PgError("42P10", "NULLS FIRST/LAST is not allowed in ON CONFLICT clause", location=infer.location)
        _ = element.collation, element.opclass
        if element.name:
            column = relation.column(element.name)
            if column is None:
                from emulators.postgres.analyze.relations import missing_column

                raise missing_column(ps, None, element.name, infer.location)
            columns.add(column.num)
            result.elements.append(
                Var(rte=entry, attno=column.num, type=column.type, typmod=column.typmod, name=column.name)
            )
        else:
            expr = transform_in(ps, element.expr, "index expr")
            if isinstance(expr, Var) and expr.attno > 0:
                columns.add(expr.attno)
            else:
                expressions.append(expr)
            result.elements.append(expr)
    predicate = None
    if infer.whereClause is not None:
        predicate = coerce_to_boolean(ps, transform_in(ps, infer.whereClause, "index predicate"), "WHERE")
        result.infer_where = predicate
    for index in relation.indexes:
        if not index.unique or not index.valid:
            continue
        keys = {k for k in index.keys[: index.width] if k}
        if keys != columns:
            continue
        stored = [rebind(e, entry) for e in index.expressions]
        if len(stored) != len(expressions) or not all(any(equal(s, e) for e in expressions) for s in stored):
            continue
        if index.predicate is not None and (
            predicate is None or not implies(predicate, rebind(index.predicate, entry))
        ):
            continue
        if not index.immediate:
            continue
        result.arbiters.append(index)
    if not result.arbiters:
        raise PgError("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification")


def rebind(expr: Any, entry: RangeEntry) -> Any:
    """An index or check expression, stored over its table's own entry, over this entry instead."""
    from emulators.postgres.analyze.tree import rewrite

    def change(node: Expr) -> Expr | None:
        if isinstance(node, Var) and node.levels == 0:
            return Var(
                rte=entry, attno=node.attno, type=node.type, typmod=node.typmod, name=node.name, location=node.location
            )
        return None

    return rewrite(expr, change)


def implies(given: Expr, wanted: Expr) -> bool:
    """A small proof that rows of `given` satisfy `wanted`: equal, or among its ANDed parts."""
    from emulators.postgres.analyze.tree import BoolExpr

    if equal(given, wanted):
        return True
    if isinstance(wanted, BoolExpr) and wanted.op == "and":
        return all(implies(given, w) for w in wanted.args)
    if isinstance(given, BoolExpr) and given.op == "and":
        return any(implies(g, wanted) for g in given.args)
    if isinstance(wanted, BoolExpr) and wanted.op == "or":
        return any(implies(given, w) for w in wanted.args)
    from emulators.postgres.analyze.tree import NullTest, OpExpr, walk

    if isinstance(wanted, NullTest) and not wanted.is_null and isinstance(given, OpExpr) and given.func.proisstrict:
        return any(equal(n, wanted.arg) for a in given.args for n in walk(a))
    return False


# -- UPDATE, DELETE ------------------------------------------------------------------------------------------


def _update_targets(ps: ParseState, entry: RangeEntry, nodes: list[Node]) -> list[Target]:
    from emulators.postgres.analyze.expressions import transform_in
    from emulators.postgres.analyze.select import analyze_subquery

    relation = entry.relation
    targets: list[Target] = []
    rows: dict[int, list[Expr]] = {}
    for node in nodes:
        value = node.val
        column = relation.column(node.name)
        location = node.location
        if column is None:
            hint = None
            from emulators.postgres.analyze.relations import SYSTEM_COLUMNS

            if node.name in SYSTEM_COLUMNS:
                raise PgError("0A000", f'cannot assign to system column "{node.name}"', location=location)
            if node.name == entry.name and node.indirection:
                hint = "SET target columns cannot be qualified with the relation name."
            raise PgError(
                "42703",
                f'column "{node.name}" of relation "{relation.name}" does not exist',
                hint=hint,
                location=location,
            )
        if isinstance(value, Node) and value.kind == "MultiAssignRef":
            source = value.source
            exprs = rows.get(id(source))
            if exprs is None:
                if source.kind == "RowExpr":
                    from emulators.postgres.analyze.targets import expand_expressions

                    saved = ps.clause
                    ps.clause = "update source"
                    exprs = expand_expressions(ps, source.args or [])
                    _ = source.row_format
                    ps.clause = saved
                elif source.kind == "SubLink" and source.subLinkType == "EXPR_SUBLINK":
                    query = analyze_subquery(ps, source.subselect, clause="sublink", resolve_unknowns=True)
                    ps.query.has_sublinks = True
                    link = SubLink(kind="multiexpr", query=query, type=oids.RECORD, location=source.location)
                    from emulators.postgres.analyze.tree import FieldSelect

                    exprs = [
                        FieldSelect(arg=link, index=i, name=t.name, type=t.expr.type, typmod=t.expr.typmod)
                        for i, t in enumerate(query.visible_targets)
                    ]
                else:
                    raise PgError(
                        "0A000",
                        "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
                        location=source.location,
                    )
                if len(exprs) != value.ncolumns:
                    raise PgError(
                        "42601", "number of columns does not match number of values", location=source.location
                    )
                rows[id(source)] = exprs
            expr: Expr = exprs[(value.colno or 1) - 1]
            _ = value.ncolumns
        elif isinstance(value, Node) and value.kind == "SetToDefault":
            expr = Default(type=oids.UNKNOWN, location=value.location)
        else:
            expr = transform_in(ps, value, "update source")
        indirection = node.indirection or []
        assigned = assign(ps, entry, column, expr, indirection, location, insert=False)
        for existing in targets:
            if existing.attno == column.num:
                if not indirection:
                    raise PgError("42601", f'multiple assignments to same column "{column.name}"')
                existing.expr = _nest(existing.expr, assigned)
                break
        else:
            targets.append(Target(expr=assigned, name=column.name, attno=column.num))
    return targets


def update_statement(ps: ParseState, node: Node) -> Query:
    from emulators.postgres.analyze.expressions import transform_in

    query = ps.query
    query.command = "update"
    with_clause(ps, node.withClause)
    entry = _result_relation(ps, node.relation, "w")
    item = namespace_item(entry)
    item.lateral_only = True
    item.lateral_ok = False
    ps.namespace = [item]
    transform_from(ps, node.fromClause or [])
    if node.whereClause is not None:
        query.where = coerce_to_boolean(ps, transform_in(ps, node.whereClause, "where"), "WHERE")
    query.targets = _update_targets(ps, entry, node.targetList)
    if node.returningClause is not None:
        _returning(ps, query, node.returningClause)
    return query


def delete_statement(ps: ParseState, node: Node) -> Query:
    from emulators.postgres.analyze.expressions import transform_in

    query = ps.query
    query.command = "delete"
    with_clause(ps, node.withClause)
    entry = _result_relation(ps, node.relation, "d")
    item = namespace_item(entry)
    item.lateral_only = True
    item.lateral_ok = False
    ps.namespace = [item]
    transform_from(ps, node.usingClause or [])
    if node.whereClause is not None:
        query.where = coerce_to_boolean(ps, transform_in(ps, node.whereClause, "where"), "WHERE")
    if node.returningClause is not None:
        _returning(ps, query, node.returningClause)
    return query


# -- RETURNING -----------------------------------------------------------------------------------------------


def _returning(ps: ParseState, query: Query, clause: Node) -> None:
    old_name, new_name = "old", "new"
    for option in clause.options or ():
        if option.option == "RETURNING_OPTION_OLD":
            old_name = option.value
        else:
            new_name = option.value
    taken = {i.name for i in ps.namespace if i.name_visible}
    entry = query.result
    assert entry is not None
    for name, which in ((old_name, "old"), (new_name, "new")):
        if name in taken:
            if name not in ("old", "new"):
                raise PgError("42712", f'table name "{name}" specified more than once')
            continue
        columns: list[tuple[str, Expr]] = []
        for c_name, expr in namespace_item(entry).columns:
            assert isinstance(expr, Var)
            expr.old_new = which
            columns.append((c_name, expr))
        item = NamespaceItem(name, columns, entry)
        item.columns_visible = False
        item.old_new = which
        ps.namespace.append(item)
    query.returning_old, query.returning_new = old_name, new_name
    query.returning = target_list(ps, clause.exprs, "RETURNING")
    if not query.returning:
        raise PgError("42601", "RETURNING must have at least one column")
    from emulators.postgres.analyze.targets import resolve_unknown_targets

    resolve_unknown_targets(ps, query.returning)


# -- MERGE ---------------------------------------------------------------------------------------------------


def merge_statement(ps: ParseState, node: Node) -> Query:
    from emulators.postgres.analyze.clauses import from_item
    from emulators.postgres.analyze.expressions import transform_in

    query = ps.query
    query.command = "merge"
    with_clause(ps, node.withClause)
    if query.recursive and node.withClause is not None:
        raise PgError("42601", "WITH RECURSIVE is not supported for MERGE statement")
    entry = _result_relation(ps, node.relation, "m")
    if entry.relation.kind not in "rpv":
        raise PgError("42809", f'cannot execute MERGE on relation "{entry.relation.name}"')
    source, source_names = from_item(ps, node.sourceRelation)
    target_item = namespace_item(entry)
    if any(i.name_visible and i.name == entry.name for i in source_names):
        raise PgError(
            "42712",
            f'name "{entry.name}" specified more than once',
            detail="The name is used both as MERGE target table and data source.",
        )
    ps.namespace = [target_item, *source_names]
    join = coerce_to_boolean(ps, transform_in(ps, node.joinCondition, "join on"), "JOIN/ON")
    query.from_items = [source]
    query.merge_join = join
    seen_unconditional: set[str] = set()
    for when in node.mergeWhenClauses:
        match = {
            "MERGE_WHEN_MATCHED": "matched",
            "MERGE_WHEN_NOT_MATCHED_BY_SOURCE": "not_matched_source",
            "MERGE_WHEN_NOT_MATCHED_BY_TARGET": "not_matched",
        }[when.matchKind]
        if match in seen_unconditional:
            raise PgError("42601", "unreachable WHEN clause specified after unconditional WHEN clause")
        command = {
            "CMD_UPDATE": "update",
            "CMD_DELETE": "delete",
            "CMD_INSERT": "insert",
            "CMD_NOTHING": "nothing",
        }[when.commandType]
        visible = {
            "matched": [target_item, *source_names],
            "not_matched_source": [target_item],
            "not_matched": source_names,
        }[match]
        ps.namespace = visible
        action = MergeWhen(match=match, command=command)
        action.override = {"OVERRIDING_USER_VALUE": "user", "OVERRIDING_SYSTEM_VALUE": "system"}.get(when.override, "")
        if when.condition is None:
            seen_unconditional.add(match)
        else:
            action.condition = coerce_to_boolean(ps, transform_in(ps, when.condition, "merge when"), "WHEN")
        if command == "update":
            action.targets = _update_targets(ps, entry, when.targetList)
        elif command == "insert":
            columns = _check_columns(ps, entry, when.targetList)
            explicit = bool(when.targetList)
            values = when.values
            if values is None:
                action.targets = []
            else:
                rows = values_rows(ps, [values], allow_default=True)
                used = _check_width(rows[0], columns, explicit, entry)
                action.targets = [
                    Target(expr=assign(ps, entry, c, e, ind, loc, insert=True), name=c.name, attno=c.num)
                    for e, (c, ind, loc) in zip(rows[0], used, strict=True)
                ]
        else:
            _ = when.targetList, when.values
        query.merge.append(action)
    if node.returningClause is not None:
        ps.namespace = [target_item, *source_names]
        ps.query.command = "merge"
        _returning(ps, query, node.returningClause)
    return query


__all__ = ["delete_statement", "insert_statement", "merge_statement", "unsupported", "update_statement"]
