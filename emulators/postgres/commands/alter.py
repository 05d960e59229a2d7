"""ALTER TABLE and its relatives: columns, types, defaults, constraints, owners, options. Rewrites go to a new heap."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import ASSIGNMENT, coerce_to_target
from emulators.postgres.analyze.expressions import transform_in
from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.analyze.typenames import collation_oid, resolve_type
from emulators.postgres.catalog.relations import Relation
from emulators.postgres.commands import command, constraints
from emulators.postgres.commands.drop import drop_objects
from emulators.postgres.commands.objects import (
    array_of,
    default_expression,
    insert_attribute,
    store_default,
    table_state,
)
from emulators.postgres.commands.schemas import role_of
from emulators.postgres.commands.tables import TableBuilder, add_constraint, relation_options
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import name_of

_WORDS = {
    "OBJECT_TABLE": ("table", "ALTER TABLE"), "OBJECT_VIEW": ("view", "ALTER VIEW"),
    "OBJECT_INDEX": ("index", "ALTER INDEX"), "OBJECT_SEQUENCE": ("sequence", "ALTER SEQUENCE"),
    "OBJECT_TYPE": ("type", "ALTER TYPE"), "OBJECT_MATVIEW": ("materialized view", "ALTER MATERIALIZED VIEW"),
}  # fmt: skip


@command("AlterTableStmt")
def alter_table(backend: Any, node: Any, text: str) -> str:
    from emulators.postgres.locks import lock_relation
    from emulators.postgres.privileges import check_owner

    catalog = backend.catalog
    word, tag = _WORDS.get(node.objtype or "OBJECT_TABLE", ("table", "ALTER TABLE"))
    names = range_var_names(node.relation)
    oid = find_relation_oid(catalog, names, None, missing_ok=bool(node.missing_ok))
    if oid is None:
        backend.notice(PgError("00000", f'relation "{names[-1]}" does not exist, skipping', severity="NOTICE"))
        node.mark_read()
        return tag
    relation = catalog.relation(oid)
    if relation.is_catalog:
        raise PgError("42501", f'permission denied: "{relation.name}" is a system catalog')
    allowed = {"table": "rpvSmic", "view": "v", "index": "i", "sequence": "S", "type": "c"}.get(word, "r")
    if relation.kind not in allowed:
        article = "an" if word[0] in "aeiou" else "a"
        raise PgError("42809", f'"{relation.name}" is not {article} {word}')
    check_owner(backend, relation.owner, f"{'table' if relation.kind == 'r' else word} {relation.name}")
    lock_relation(backend, oid, 8)
    commands = list(node.cmds)
    # Drops come first, constraints last, as PostgreSQL's passes order them.
    order = {"AT_DropColumn": 0, "AT_DropConstraint": 0, "AT_AlterColumnType": 1, "AT_AddConstraint": 4, "AT_AddIndex": 4,
             "AT_AddColumn": 2, "AT_ColumnDefault": 3, "AT_SetNotNull": 4, "AT_ValidateConstraint": 5}  # fmt: skip
    for item in sorted(commands, key=lambda c: order.get(c.subtype, 3)):
        _one(backend, oid, item)
        _ = item.behavior, item.missing_ok, item.recurse, item.num
    return tag


def _column(relation: Relation, name: str) -> Any:
    column = relation.column(name)
    if column is None:
        raise PgError("42703", f'column "{name}" of relation "{relation.name}" does not exist')
    return column


def _one(backend: Any, oid: int, node: Any) -> None:
    catalog = backend.catalog
    relation = catalog.relation(oid)
    kind = node.subtype
    name = node.name
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise unsupported(f"ALTER TABLE {kind.removeprefix('AT_')}")
    handler(backend, relation, node, name)


def _add_column(backend: Any, relation: Relation, node: Any, name: Any) -> None:
    definition = node.field("def")
    if relation.kind not in "rc":
        raise PgError(
            "42809",
            f'ALTER action ADD COLUMN cannot be performed on relation "{relation.name}"',
            detail=f"This operation is not supported for {'views' if relation.kind == 'v' else 'this kind of relation'}.",
        )
    if relation.column(definition.colname) is not None:
        message = f'column "{definition.colname}" of relation "{relation.name}" already exists'
        if node.missing_ok:
            backend.notice(PgError("42701", f"{message}, skipping", severity="NOTICE"))
            definition.mark_read()
            return
        raise PgError("42701", message)
    builder = TableBuilder(backend)
    builder.table_name = relation.name
    spec = builder.column(definition)
    sequences = builder.apply_serials([relation.name], relation.schema, relation.persistence)
    number = len(relation.columns) + 1
    insert_attribute(backend, relation.oid, number, spec)
    backend.catalog.update("pg_class", {"oid": relation.oid}, relnatts=number)
    # Defaults first, then the rows get their values, then the constraints see them.
    pending, builder.constraints = builder.constraints, []
    not_nulls, builder.not_nulls = builder.not_nulls, []
    builder.finish(relation.oid, sequences, first=number)
    if relation.kind == "r":
        rewrite_rows(backend, relation.oid, fill=number)
    builder.columns = [spec]
    builder.defaults, builder.serials, builder.copied_defaults = [], [], []
    builder.constraints, builder.not_nulls = pending, not_nulls
    builder.finish(relation.oid, [], first=number, validate=True)
    definition.mark_read()


def rewrite_rows(backend: Any, relid: int, *, fill: int = 0, compute: Any = None) -> None:
    """Copy the live rows to a new heap: with a new column's values, or with one column recomputed."""
    from emulators.postgres.commands.constraints import live_versions
    from emulators.postgres.compile.plan import row_function

    catalog = backend.catalog
    relation = catalog.relation(relid)
    versions = live_versions(backend, relation)
    filenode = catalog.new_oid()
    catalog.update("pg_class", {"oid": relid}, relfilenode=filenode)
    if not versions:
        return
    relation = catalog.relation(relid)
    heap = backend.database.heap(filenode)
    transaction = backend.transaction
    context = backend.context
    width = len(relation.columns)
    default: Any = None
    column = relation.columns[fill - 1] if fill else None
    if column is not None:
        tree = getattr(column.default, "tree", None)
        if column.identity:
            sequence = backend.sequences.owned(relid, column.num)

            def default(_: Any) -> Any:
                return backend.sequences.nextval(sequence)

        elif tree is not None:
            function = row_function(catalog, tree)

            def default(row: Any) -> Any:
                return function(context, row)

        elif catalog.type_row(column.type).typtype == "d":
            domain_tree = getattr(catalog.type_row(column.type).typdefaultbin, "tree", None)
            function = row_function(catalog, domain_tree) if domain_tree is not None else None

            def default(row: Any) -> Any:
                return context.check_domain(column.type, function(context, row) if function else None)

    for version in versions:
        row = version.data
        if fill:
            row = (*row, *([None] * (width - len(row))))
            if default is not None:
                cells = list(row)
                cells[fill - 1] = default(row)
                row = tuple(cells)
        if compute is not None:
            row = compute(row)
        transaction.insert(heap, row)
    transaction.cid += 1


def _drop_column(backend: Any, relation: Relation, node: Any, name: str) -> None:
    column = relation.column(name)
    if column is None:
        if node.missing_ok:
            backend.notice(
                PgError(
                    "00000",
                    f'column "{name}" of relation "{relation.name}" does not exist, skipping',
                    severity="NOTICE",
                )
            )
            return
        raise PgError("42703", f'column "{name}" of relation "{relation.name}" does not exist')
    cascade = node.behavior == "DROP_CASCADE"
    drop_objects(backend, [(oids.PG_CLASS, relation.oid, column.num)], cascade=cascade)


def _column_default(backend: Any, relation: Relation, node: Any, name: str) -> None:
    column = _column(relation, name)
    definition = node.field("def")
    if column.identity:
        hint = "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead." if definition is None else None
        raise PgError("42601", f'column "{name}" of relation "{relation.name}" is an identity column', hint=hint)
    if column.generated:
        hint = (
            "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead."
            if definition is None
            else ("Use ALTER TABLE ... ALTER COLUMN ... SET EXPRESSION instead.")
        )
        raise PgError("42601", f'column "{name}" of relation "{relation.name}" is a generated column', hint=hint)
    for row in backend.catalog.find("pg_attrdef", adrelid=relation.oid, adnum=column.num):
        backend.catalog.delete("pg_attrdef", oid=row.oid)
        backend.catalog.delete("pg_depend", classid=oids.PG_ATTRDEF, objid=row.oid)
    backend.catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, atthasdef=False)
    if definition is not None:
        expr = default_expression(backend, relation, column, definition)
        if not (type(expr).__name__ == "Const" and expr.value is None):  # type: ignore[attr-defined]
            store_default(backend, relation, column.num, expr)


def _set_not_null(backend: Any, relation: Relation, node: Any, name: str) -> None:
    constraints.add_not_null(backend, relation, _column(relation, name), validate=True)


def _drop_not_null(backend: Any, relation: Relation, node: Any, name: str) -> None:
    column = _column(relation, name)
    if column.identity:
        raise PgError("42601", f'column "{name}" of relation "{relation.name}" is an identity column')
    primary = relation.primary_key()
    if primary is not None and column.num in primary.keys[: primary.width]:
        raise PgError("42P16", f'column "{name}" is in a primary key')
    catalog = backend.catalog
    for row in catalog.find("pg_constraint", conrelid=relation.oid):
        if row.contype == "n" and row.conkey.elements == [column.num]:
            catalog.delete("pg_constraint", oid=row.oid)
            catalog.delete("pg_depend", classid=oids.PG_CONSTRAINT, objid=row.oid)
    catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, attnotnull=False)


def _alter_type(backend: Any, relation: Relation, node: Any, name: str) -> None:
    """ALTER COLUMN TYPE: rows, defaults, indexes and constraints follow."""
    from emulators.postgres.compile.plan import row_function

    catalog = backend.catalog
    definition = node.field("def")
    column = _column(relation, name)
    oid, typmod = resolve_type(catalog, definition.typeName)
    if catalog.type_row(oid).typtype == "p":
        raise PgError("42P16", f'column "{name}" has pseudo-type {catalog.format_type(oid)}')
    collation = catalog.type_row(oid).typcollation
    if definition.collClause is not None:
        collation = collation_oid(catalog, name_of(definition.collClause.collname))
    if column.generated and definition.raw_default is not None:
        raise PgError("42611", "cannot specify USING when altering type of generated column", detail=f'Column "{name}" is a generated column.')  # fmt: skip
    state, entry = table_state(backend, relation)
    from emulators.postgres.analyze.tree import Var

    if definition.raw_default is not None:
        expr = transform_in(state, definition.raw_default, "using")
        using = True
    else:
        expr = Var(rte=entry, attno=column.num, type=column.type, typmod=column.typmod, name=name)
        using = False
    coerced = coerce_to_target(state, expr, expr.type, oid, typmod, ASSIGNMENT, "implicit")
    if coerced is None:
        if using:
            raise PgError(
                "42804",
                f'result of USING clause for column "{name}" cannot be cast automatically to type '
                f"{catalog.format_type(oid)}",
                hint="You might need to add an explicit cast.",
            )
        raise PgError(
            "42804",
            f'column "{name}" cannot be cast automatically to type {catalog.format_type(oid)}',
            hint=f'You might need to specify "USING {name}::{catalog.format_type(oid, typmod)}".',
        )
    default_tree = None
    for row in catalog.find("pg_attrdef", adrelid=relation.oid, adnum=column.num):
        tree = row.adbin.tree
        default_tree = coerce_to_target(state, tree, tree.type, oid, typmod, ASSIGNMENT, "implicit")
        if default_tree is None:
            what = "generation expression" if column.generated else "default"
            raise PgError(
                "42804", f'{what} for column "{name}" cannot be cast automatically to type {catalog.format_type(oid)}'
            )
    for row in catalog.find("pg_depend", refobjid=relation.oid, refobjsubid=column.num):
        if row.classid == oids.PG_REWRITE:
            rule = catalog.one("pg_rewrite", oid=row.objid)
            view = catalog.one("pg_class", oid=rule.ev_class)
            raise PgError(
                "0A000",
                "cannot alter type of a column used by a view or rule",
                detail=f'rule _RETURN on view {view.relname} depends on column "{name}"',
            )
    function = row_function(catalog, coerced)
    new_type = catalog.type_row(oid)
    catalog.update(
        "pg_attribute",
        {"attrelid": relation.oid, "attnum": column.num},
        atttypid=oid,
        atttypmod=typmod,
        attlen=new_type.typlen,
        attbyval=new_type.typbyval,
        attalign=new_type.typalign,
        attstorage=new_type.typstorage,
        attcollation=collation,
    )
    context = backend.context
    position = column.num - 1

    def compute(row: Any) -> Any:
        cells = list(row)
        cells[position] = function(context, row)
        return tuple(cells)

    if relation.kind == "r":
        rewrite_rows(backend, relation.oid, compute=compute)
    if default_tree is not None:
        store_default(backend, catalog.relation(relation.oid), column.num, default_tree)
    _retarget_indexes(backend, relation.oid, column.num)
    _rebuild_expressions(backend, relation.oid, column.num)
    definition.mark_read()


def _retarget_indexes(backend: Any, relid: int, number: int) -> None:
    """Operator classes of indexes on a column whose type changed."""
    from emulators.postgres.catalog import store
    from emulators.postgres.commands.indexes import check_unique_rows

    catalog = backend.catalog
    relation = catalog.relation(relid)
    column = relation.columns[number - 1]
    for index in relation.indexes:
        if number not in index.keys:
            continue
        classes = list(index.opclasses)
        for i, key in enumerate(index.keys[: index.width]):
            if key == number:
                opclass = catalog.default_opclass(column.type, index.am)
                if opclass is None:
                    raise PgError(
                        "42704",
                        f"data type {catalog.format_type(column.type)} has no default operator class for access method "
                        '"btree"',
                        hint="You must specify an operator class for the index or define a default operator class for "
                        "the data type.",
                    )
                classes[i] = opclass.oid
        catalog.update("pg_index", {"indexrelid": index.oid}, indclass=store.vector(classes))
        if index.unique:
            check_unique_rows(backend, catalog.relation(relid), index.oid)


def _rebuild_expressions(backend: Any, relid: int, number: int) -> None:
    """CHECK constraints that mention the column are analysed again from their text."""
    from emulators.postgres.analyze.tree import Var, walk
    from emulators.postgres.catalog.access import NodeTree
    from emulators.postgres.commands.objects import table_condition
    from emulators.postgres.deparse import Deparser
    from emulators.postgres.parse.parser import parse

    catalog = backend.catalog
    relation = catalog.relation(relid)
    for check in relation.checks:
        if check.expr is None or not any(isinstance(n, Var) and n.attno == number for n in walk(check.expr)):
            continue
        text = Deparser(backend).expr(check.expr)
        node = parse(f"SELECT {text}")[0].node.targetList[0].val
        expr = table_condition(backend, relation, node, "check", "CHECK")
        catalog.update("pg_constraint", {"oid": check.oid}, conbin=NodeTree.of(expr))
        if check.enforced:
            constraints.validate_check(backend, catalog.relation(relid), check.name, expr)


def _add_constraint(backend: Any, relation: Relation, node: Any, name: Any) -> None:
    definition = node.field("def")
    if relation.kind != "r":
        raise PgError(
            "42809",
            f'ALTER action ADD CONSTRAINT cannot be performed on relation "{relation.name}"',
            detail="This operation is not supported for views.",
        )
    add_constraint(backend, relation, definition, None, validate=True)
    definition.mark_read()


def _drop_constraint(backend: Any, relation: Relation, node: Any, name: str) -> None:
    rows = [r for r in backend.catalog.find("pg_constraint", conrelid=relation.oid) if r.conname == name]
    if not rows:
        if node.missing_ok:
            backend.notice(
                PgError(
                    "00000",
                    f'constraint "{name}" of relation "{relation.name}" does not exist, skipping',
                    severity="NOTICE",
                )
            )
            return
        raise PgError("42704", f'constraint "{name}" of relation "{relation.name}" does not exist')
    if rows[0].contype == "n":
        primary = relation.primary_key()
        for key in rows[0].conkey.elements:
            if primary is not None and key in primary.keys[: primary.width]:
                raise PgError("42P16", f'column "{relation.columns[key - 1].name}" is in a primary key')
    drop_objects(backend, [(oids.PG_CONSTRAINT, rows[0].oid, 0)], cascade=node.behavior == "DROP_CASCADE")


def _validate_constraint(backend: Any, relation: Relation, node: Any, name: str) -> None:
    found = next((c for c in relation.constraints if c.name == name), None)
    if found is None:
        raise PgError("42704", f'constraint "{name}" of relation "{relation.name}" does not exist')
    if found.kind not in "cfn":
        raise PgError(
            "42809",
            f'constraint "{name}" of relation "{relation.name}" is not a foreign key, check, or not-null constraint',
        )
    if found.validated:
        return
    if found.kind == "c":
        constraints.validate_check(backend, relation, name, found.expr)
    elif found.kind == "f":
        constraints.validate_foreign_key(backend, relation.oid, found.oid)
    backend.catalog.update("pg_constraint", {"oid": found.oid}, convalidated=True)


def _alter_constraint(backend: Any, relation: Relation, node: Any, name: Any) -> None:
    definition = node.field("def")
    found = next((c for c in relation.constraints if c.name == definition.conname), None)
    if found is None:
        raise PgError("42704", f'constraint "{definition.conname}" of relation "{relation.name}" does not exist')
    if found.kind != "f" and definition.alterDeferrability:
        raise PgError(
            "42809", f'constraint "{found.name}" of relation "{relation.name}" is not a foreign key constraint'
        )
    changes: dict[str, Any] = {}
    if definition.alterDeferrability:
        changes = {"condeferrable": bool(definition.deferrable), "condeferred": bool(definition.initdeferred)}
    if definition.alterEnforceability:
        changes["conenforced"] = bool(definition.is_enforced)
    if changes:
        backend.catalog.update("pg_constraint", {"oid": found.oid}, **changes)
    definition.mark_read()


def _change_owner(backend: Any, relation: Relation, node: Any, name: Any) -> None:
    owner = role_of(backend, node.newowner)
    catalog = backend.catalog
    catalog.update("pg_class", {"oid": relation.oid}, relowner=owner)
    if relation.reltype:
        catalog.update("pg_type", {"oid": relation.reltype}, typowner=owner)
    for index in relation.indexes:
        catalog.update("pg_class", {"oid": index.oid}, relowner=owner)
    for row in catalog.find("pg_depend", refobjid=relation.oid):
        if row.classid == oids.PG_CLASS and row.deptype in "ai":
            found = catalog.one("pg_class", oid=row.objid)
            if found is not None and found.relkind == "S":
                catalog.update("pg_class", {"oid": found.oid}, relowner=owner)


def _set_options(backend: Any, relation: Relation, node: Any, name: Any) -> None:
    options = relation_options(node.field("def"))
    current = backend.catalog.relation_row(relation.oid).reloptions
    merged = {o.partition("=")[0]: o for o in (current.elements if current is not None else [])}
    for option in options.elements if options is not None else []:
        merged[option.partition("=")[0]] = option
    backend.catalog.update(
        "pg_class", {"oid": relation.oid}, reloptions=array_of(list(merged.values())) if merged else None
    )


def _reset_options(backend: Any, relation: Relation, node: Any, name: Any) -> None:
    gone = {o.defname for o in node.field("def")}
    current = backend.catalog.relation_row(relation.oid).reloptions
    kept = [o for o in (current.elements if current is not None else []) if o.partition("=")[0] not in gone]
    backend.catalog.update("pg_class", {"oid": relation.oid}, reloptions=array_of(kept) if kept else None)


def _set_attribute(**columns: Any) -> Any:
    def run(backend: Any, relation: Relation, node: Any, name: str) -> None:
        column = _column(relation, name)
        definition = node.field("def")
        if definition is not None:
            definition.mark_read() if hasattr(definition, "mark_read") else None
        if columns:
            backend.catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, **columns)

    return run


def _set_storage(backend: Any, relation: Relation, node: Any, name: str) -> None:
    column = _column(relation, name)
    word = node.field("def").sval.lower()
    letter = {"plain": "p", "external": "e", "extended": "x", "main": "m"}.get(word)
    if letter is None:
        if word != "default":
            raise PgError("22023", f'invalid storage type "{node.field("def").sval}"')
        letter = backend.catalog.type_row(column.type).typstorage
    backend.catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, attstorage=letter)


def _add_identity(backend: Any, relation: Relation, node: Any, name: str) -> None:
    column = _column(relation, name)
    definition = node.field("def")
    if not column.notnull:
        raise PgError(
            "55000",
            f'column "{name}" of relation "{relation.name}" must be declared NOT NULL before identity can be added',
        )
    if column.identity:
        raise PgError("55000", f'column "{name}" of relation "{relation.name}" is already an identity column')
    if column.has_default:
        raise PgError("55000", f'column "{name}" of relation "{relation.name}" already has a default value')
    builder = TableBuilder(backend)
    from emulators.postgres.commands.objects import ColumnSpec, depend

    spec = ColumnSpec(name, column.type, column.typmod)
    spec.identity = definition.generated_when
    builder.columns.append(spec)
    builder.serials.append((spec, definition.options or []))
    ((_, sequence),) = builder.apply_serials([relation.name], relation.schema, relation.persistence)
    depend(backend, (oids.PG_CLASS, sequence, 0), (oids.PG_CLASS, relation.oid, column.num), "i")
    backend.catalog.update(
        "pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, attidentity=definition.generated_when
    )
    definition.mark_read()


def _set_identity(backend: Any, relation: Relation, node: Any, name: str) -> None:
    from emulators.postgres.commands.sequences import change_sequence

    column = _column(relation, name)
    if not column.identity:
        raise PgError("55000", f'column "{name}" of relation "{relation.name}" is not an identity column')
    rest = []
    for option in node.field("def"):
        if option.defname == "generated":
            letter = chr(option.arg.ival) if option.arg.ival else "d"
            backend.catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, attidentity=letter)
        else:
            rest.append(option)
    if rest:
        change_sequence(backend, backend.sequences.owned(relation.oid, column.num), rest)


def _drop_identity(backend: Any, relation: Relation, node: Any, name: str) -> None:
    column = _column(relation, name)
    if not column.identity:
        message = f'column "{name}" of relation "{relation.name}" is not an identity column'
        if node.missing_ok:
            backend.notice(PgError("00000", f"{message}, skipping", severity="NOTICE"))
            return
        raise PgError("55000", message)
    sequence = backend.sequences.owned(relation.oid, column.num)
    catalog = backend.catalog
    catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, attidentity="")
    catalog.delete("pg_depend", classid=oids.PG_CLASS, objid=sequence, deptype="i")
    drop_objects(backend, [(oids.PG_CLASS, sequence, 0)], cascade=False)


def _drop_expression(backend: Any, relation: Relation, node: Any, name: str) -> None:
    column = _column(relation, name)
    if not column.generated:
        message = f'column "{name}" of relation "{relation.name}" is not a generated column'
        if node.missing_ok:
            backend.notice(PgError("00000", f"{message}, skipping", severity="NOTICE"))
            return
        raise PgError("55000", message)
    catalog = backend.catalog
    for row in catalog.find("pg_attrdef", adrelid=relation.oid, adnum=column.num):
        catalog.delete("pg_attrdef", oid=row.oid)
        catalog.delete("pg_depend", classid=oids.PG_ATTRDEF, objid=row.oid)
    catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": column.num}, attgenerated="", atthasdef=False)


def _nothing(backend: Any, relation: Relation, node: Any, name: Any) -> None:
    """Accepted because nothing observable hangs on it here: clustering, statistics targets, triggers' firing."""
    definition = node.field("def")
    if hasattr(definition, "mark_read"):
        definition.mark_read()
    _ = node.newowner


def _row_security(**columns: Any) -> Any:
    def run(backend: Any, relation: Relation, node: Any, name: Any) -> None:
        raise unsupported("row-level security")

    return run


def _set_logged(letter: str) -> Any:
    def run(backend: Any, relation: Relation, node: Any, name: Any) -> None:
        backend.catalog.update("pg_class", {"oid": relation.oid}, relpersistence=letter)

    return run


_HANDLERS: dict[str, Any] = {
    "AT_AddColumn": _add_column,
    "AT_DropColumn": _drop_column,
    "AT_ColumnDefault": _column_default,
    "AT_SetNotNull": _set_not_null,
    "AT_DropNotNull": _drop_not_null,
    "AT_AlterColumnType": _alter_type,
    "AT_AddConstraint": _add_constraint,
    "AT_DropConstraint": _drop_constraint,
    "AT_ValidateConstraint": _validate_constraint,
    "AT_AlterConstraint": _alter_constraint,
    "AT_ChangeOwner": _change_owner,
    "AT_SetRelOptions": _set_options,
    "AT_ResetRelOptions": _reset_options,
    "AT_SetStatistics": _set_attribute(),
    "AT_SetOptions": _set_attribute(),
    "AT_ResetOptions": _set_attribute(),
    "AT_SetStorage": _set_storage,
    "AT_SetCompression": _set_attribute(),
    "AT_AddIdentity": _add_identity,
    "AT_SetIdentity": _set_identity,
    "AT_DropIdentity": _drop_identity,
    "AT_DropExpression": _drop_expression,
    "AT_SetLogged": _set_logged("p"),
    "AT_SetUnLogged": _set_logged("u"),
    "AT_ClusterOn": _nothing,
    "AT_DropCluster": _nothing,
    "AT_ReplicaIdentity": _nothing,
    "AT_EnableTrigAll": _nothing,
    "AT_DisableTrigAll": _nothing,
    "AT_EnableTrigUser": _nothing,
    "AT_DisableTrigUser": _nothing,
    "AT_SetAccessMethod": _nothing,
    "AT_SetTableSpace": _nothing,
    "AT_EnableRowSecurity": _row_security(),
    "AT_DisableRowSecurity": _nothing,
}
