"""CREATE TABLE (columns, constraints, serial, identity, LIKE), CREATE TABLE AS, SELECT INTO, TRUNCATE."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.analyze.tree import copy_tree
from emulators.postgres.analyze.typenames import collation_oid, resolve_type
from emulators.postgres.catalog.relations import Relation
from emulators.postgres.commands import command, constraints
from emulators.postgres.commands.objects import (
    ColumnSpec,
    array_of,
    check_relation_free,
    create_relation,
    creation_target,
    default_expression,
    depend,
    store_default,
    truncate_name,
)
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import Node, name_of

_SERIALS = {
    "serial": oids.INT4, "serial4": oids.INT4, "bigserial": oids.INT8, "serial8": oids.INT8, "smallserial": oids.INT2,
    "serial2": oids.INT2,
}  # fmt: skip

_SYSTEM_NAMES = frozenset({"ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"})


class TableBuilder:
    """What CREATE TABLE and ALTER TABLE ADD COLUMN collect before they act."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.columns: list[ColumnSpec] = []
        #: (column name, constraint node) of checks, keys and foreign keys.
        self.constraints: list[tuple[str | None, Node]] = []
        self.serials: list[tuple[ColumnSpec, Any]] = []
        self.defaults: list[tuple[ColumnSpec, Node, bool]] = []
        self.copied_defaults: list[tuple[ColumnSpec, Any]] = []
        self.not_nulls: list[tuple[ColumnSpec, str | None, bool]] = []
        self.comments: list[Any] = []
        self.like: list[tuple[Relation, int]] = []
        self.table_name = ""

    def column(self, node: Node) -> ColumnSpec:
        backend = self.backend
        catalog = backend.catalog
        name = truncate_name(node.colname)
        if name in _SYSTEM_NAMES:
            raise PgError("42701", f'column name "{name}" conflicts with a system column name')
        type_node = node.typeName
        names = name_of(type_node.names or [])
        serial = _SERIALS.get(names[-1]) if len(names) == 1 and not type_node.pct_type else None
        if serial is not None and catalog.one("pg_type", typname=names[0], typnamespace=oids.PUBLIC) is None:
            if type_node.arrayBounds:
                raise PgError("0A000", "array of serial is not implemented", location=type_node.location)
            spec = ColumnSpec(name, serial, -1)
            self.serials.append((spec, None))
            self.not_nulls.append((spec, None, False))
            _ = type_node.typmods
        else:
            oid, typmod = resolve_type(catalog, type_node)
            row = catalog.type_row(oid)
            if row.typtype == "p":
                raise PgError("42P16", f'column "{name}" has pseudo-type {catalog.format_type(oid)}')
            spec = ColumnSpec(name, oid, typmod)
        if node.collClause is not None:
            spec.collation = collation_oid(catalog, name_of(node.collClause.collname), node.collClause.location)
            if not catalog.type_row(spec.type).typcollation:
                raise PgError(
                    "42804",
                    f"collations are not supported by type {catalog.format_type(spec.type)}",
                    location=node.collClause.location,
                )
        if node.compression:
            spec.compression = {"pglz": "p", "lz4": "l"}.get(node.compression, "")
        if node.storage_name:
            spec.storage = {"plain": "p", "external": "e", "extended": "x", "main": "m"}.get(node.storage_name.lower())
        _ = node.is_local, node.fdwoptions
        if any(c.name == name for c in self.columns):
            raise PgError("42701", f'column "{name}" specified more than once')
        self._column_constraints(node, spec)
        self.columns.append(spec)
        return spec

    def _column_constraints(self, node: Node, spec: ColumnSpec) -> None:
        seen_null: bool | None = None
        last: Node | None = None
        has_default = any(s is spec for s, _ in self.serials)
        items = list(node.constraints or ())
        for item in items:
            kind = item.contype
            if kind == "CONSTR_NOTNULL":
                if seen_null is False:
                    raise PgError(
                        "42601",
                        f'conflicting NULL/NOT NULL declarations for column "{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                seen_null = True
                _ = item.keys
                if not any(s is spec for s, _, _ in self.not_nulls) or item.conname:
                    self.not_nulls.append((spec, item.conname, bool(item.is_no_inherit)))
            elif kind == "CONSTR_NULL":
                if seen_null or any(s is spec for s, _, _ in self.not_nulls):
                    raise PgError(
                        "42601",
                        f'conflicting NULL/NOT NULL declarations for column "{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                seen_null = False
            elif kind == "CONSTR_DEFAULT":
                if has_default:
                    raise PgError(
                        "42601",
                        f'multiple default values specified for column "{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                has_default = True
                self.defaults.append((spec, item.raw_expr, False))
            elif kind == "CONSTR_IDENTITY":
                if spec.identity:
                    raise PgError(
                        "42601",
                        f'multiple identity specifications for column "{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                if has_default:
                    raise PgError(
                        "42601",
                        f'both default and identity specified for column "{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                if self.backend.catalog.base_type(spec.type) not in (oids.INT2, oids.INT4, oids.INT8):
                    raise PgError("22023", "identity column type must be smallint, integer, or bigint")
                spec.identity = item.generated_when
                if seen_null is False:
                    raise PgError(
                        "42601",
                        f'conflicting NULL/NOT NULL declarations for column "{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                self.serials.append((spec, item.options or []))
                if not any(s is spec for s, _, _ in self.not_nulls):
                    self.not_nulls.append((spec, None, False))
            elif kind == "CONSTR_GENERATED":
                if spec.generated:
                    raise PgError(
                        "42601",
                        f'multiple generation clauses specified for column "{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                if has_default:
                    raise PgError(
                        "42601",
                        "both default and generation expression specified for column "
                        f'"{spec.name}" of table "{self.table_name}"',
                        location=item.location,
                    )
                _ = item.generated_when
                spec.generated = item.generated_kind or "v"
                self.defaults.append((spec, item.raw_expr, True))
            elif kind in ("CONSTR_CHECK", "CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_FOREIGN"):
                self.constraints.append((spec.name, item))
                last = item
            elif kind in (
                "CONSTR_ATTR_DEFERRABLE", "CONSTR_ATTR_NOT_DEFERRABLE", "CONSTR_ATTR_DEFERRED", "CONSTR_ATTR_IMMEDIATE",
                "CONSTR_ATTR_ENFORCED", "CONSTR_ATTR_NOT_ENFORCED",
            ):  # fmt: skip
                if last is None:
                    raise PgError("42601", "misplaced DEFERRABLE clause", location=item.location)
                if kind == "CONSTR_ATTR_DEFERRABLE":
                    last._fields["deferrable"] = True
                elif kind == "CONSTR_ATTR_DEFERRED":
                    last._fields["deferrable"] = last._fields["initdeferred"] = True
                elif kind == "CONSTR_ATTR_NOT_ENFORCED":
                    last._fields["is_enforced"] = False
            else:
                raise unsupported(f"the constraint {kind}", item.location)
        if spec.identity and spec.generated:
            raise PgError(
                "42601",
                f'both identity and generation expression specified for column "{spec.name}" '
                f'of table "{self.table_name}"',
            )

    def apply_serials(self, relation_name: list[str], schema: int, persistence: str) -> list[tuple[ColumnSpec, int]]:
        """Create the sequences of serial and identity columns."""
        from emulators.postgres.commands.objects import choose_relation_name
        from emulators.postgres.commands.sequences import create_sequence

        made = []
        for spec, options in self.serials:
            options = list(options) if options is not None else None
            name = choose_relation_name(self.backend, relation_name[-1], spec.name, "seq", schema)
            sequence_schema = schema
            for option in list(options or []):
                if option.defname == "sequence_name":
                    given = name_of(option.arg)
                    name = given[-1]
                    if len(given) > 1:
                        sequence_schema = self.backend.catalog.schema_oid(given[0])
                    options.remove(option)  # type: ignore[union-attr]
            oid = create_sequence(
                self.backend, name, sequence_schema, options or [], data_type=spec.type, persistence=persistence
            )
            made.append((spec, oid))
        return made

    def finish(
        self, relid: int, sequences: list[tuple[ColumnSpec, int]], first: int = 1, *, validate: bool = False
    ) -> None:
        """Defaults, NOT NULL and the other constraints, once the relation and its columns exist."""
        from emulators.postgres.analyze.tree import Const, FuncExpr

        backend = self.backend
        catalog = backend.catalog
        number_of = {id(spec): first + i for i, spec in enumerate(self.columns)}
        for spec, oid in sequences:
            number = number_of[id(spec)]
            if spec.identity:
                depend(backend, (oids.PG_CLASS, oid, 0), (oids.PG_CLASS, relid, number), "i")
                continue
            depend(backend, (oids.PG_CLASS, oid, 0), (oids.PG_CLASS, relid, number), "a")
            function = next(r for r in catalog.many("pg_proc", proname="nextval") if r.pronamespace == oids.PG_CATALOG)
            call: Any = FuncExpr(func=function, args=[Const(value=oid, type=oids.REGCLASS)], type=oids.INT8)
            if spec.type != oids.INT8:
                cast = catalog.one("pg_cast", castsource=oids.INT8, casttarget=spec.type)
                call = FuncExpr(func=catalog.proc(cast.castfunc), args=[call], type=spec.type, form="implicit")
            store_default(backend, catalog.relation(relid), number, call)
        for spec, node, generated in self.defaults:
            relation = catalog.relation(relid)
            column = relation.columns[number_of[id(spec)] - 1]
            expr = default_expression(backend, relation, column, node, generated=generated)
            if type(expr).__name__ == "Const" and expr.value is None and not generated:  # type: ignore[attr-defined]
                continue
            store_default(backend, relation, column.num, expr)
        for spec, tree in self.copied_defaults:
            relation = catalog.relation(relid)
            store_default(backend, relation, number_of[id(spec)], tree)
        for spec, name, no_inherit in self.not_nulls:
            relation = catalog.relation(relid)
            constraints.add_not_null(
                backend,
                relation,
                relation.columns[number_of[id(spec)] - 1],
                name,
                validate=validate,
                no_inherit=no_inherit,
            )
        order = {"CONSTR_CHECK": 0, "CONSTR_NOTNULL": 0, "CONSTR_PRIMARY": 1, "CONSTR_UNIQUE": 2, "CONSTR_FOREIGN": 3}
        for column_name, node in sorted(self.constraints, key=lambda c: order.get(c[1].contype, 4)):
            add_constraint(backend, catalog.relation(relid), node, column_name, validate=validate)


def add_constraint(backend: Any, relation: Relation, node: Node, column: str | None, *, validate: bool) -> int:
    kind = node.contype
    if node.conname:
        node._fields["conname"] = truncate_name(node.conname)
    if kind == "CONSTR_CHECK":
        return constraints.add_check(backend, relation, node, column=column, validate=validate)
    if kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"):
        keys = [column] if column is not None else [k.sval for k in node.keys or ()]
        return constraints.add_key(backend, relation, node, keys, primary=kind == "CONSTR_PRIMARY", validate=validate)
    if kind == "CONSTR_FOREIGN":
        keys = [column] if column is not None else [k.sval for k in node.fk_attrs or ()]
        return constraints.add_foreign_key(backend, relation, node, keys, validate=validate)
    if kind == "CONSTR_NOTNULL":
        name = column or node.keys[0].sval
        found = relation.column(name)
        if found is None:
            raise PgError("42703", f'column "{name}" of relation "{relation.name}" does not exist')
        constraints.add_not_null(
            backend, relation, found, node.conname, validate=validate, no_inherit=bool(node.is_no_inherit)
        )
        return 0
    if kind == "CONSTR_EXCLUSION":
        raise unsupported("EXCLUDE", node.location)
    raise unsupported(f"the constraint {kind}", node.location)


def relation_options(options: Any) -> Any:
    from emulators.postgres.commands.indexes import _option_text

    if not options:
        return None
    known = {
        "fillfactor", "autovacuum_enabled", "toast_tuple_target", "parallel_workers", "user_catalog_table",
        "vacuum_index_cleanup", "vacuum_truncate", "security_barrier", "security_invoker", "check_option", "log_autovacuum_min_duration",
    }  # fmt: skip
    out = []
    for option in options:
        name = option.defname
        _ = option.defnamespace, option.defaction
        if name == "oids":
            if _option_text(option.arg) in ("true", "on", "1"):
                raise PgError("0A000", "tables declared WITH OIDS are not supported")
            continue
        if name not in known and not name.startswith("autovacuum") and option.defnamespace is None:
            raise PgError("22023", f'unrecognized parameter "{name}"')
        out.append(f"{name}={_option_text(option.arg)}")
    return array_of(out) if out else None


@command("CreateStmt")
def create_table(backend: Any, node: Any, text: str) -> str:
    relation_node = node.relation
    persistence = relation_node.relpersistence or "p"
    names = range_var_names(relation_node)
    schema, name, persistence = creation_target(backend, names, persistence)
    if node.inhRelations:
        raise unsupported("INHERITS" if node.partbound is None else "PARTITION OF", relation_node.location)
    if node.partspec is not None:
        raise unsupported("PARTITION BY", relation_node.location)
    on_commit = node.oncommit
    if on_commit not in (None, "ONCOMMIT_NOOP") and persistence != "t":
        raise PgError("42P16", "ON COMMIT can only be used on temporary tables")
    catalog = backend.catalog
    if node.if_not_exists and catalog.relid_by_name(schema, name) is not None:
        backend.notice(PgError("42P07", f'relation "{name}" already exists, skipping', severity="NOTICE"))
        node.mark_read()
        return "CREATE TABLE"
    check_relation_free(backend, schema, name)
    builder = TableBuilder(backend)
    builder.table_name = name
    likes: list[tuple[Relation, int]] = []
    of_type = 0
    if node.ofTypename is not None:
        of_type, _ = resolve_type(catalog, node.ofTypename)
        row = catalog.type_row(of_type)
        if row.typtype != "c":
            raise PgError("42809", f"type {catalog.format_type(of_type)} is not a composite type")
        for column in catalog.relation(row.typrelid).live:
            builder.columns.append(ColumnSpec(column.name, column.type, column.typmod, column.collation))
    for element in node.tableElts or ():
        if element.kind == "ColumnDef":
            builder.column(element)
        elif element.kind == "Constraint":
            if element.contype == "CONSTR_NOTNULL":
                builder.constraints.append((None, element))
            else:
                builder.constraints.append((None, element))
        elif element.kind == "TableLikeClause":
            likes.append(_like(backend, builder, element))
    for item in node.constraints or ():
        builder.constraints.append((None, item))
    if len(builder.columns) > 1600:
        raise PgError("54011", "tables can have at most 1600 columns")
    options = relation_options(node.options)
    if node.accessMethod and node.accessMethod != "heap":
        raise PgError("42704", f'access method "{node.accessMethod}" does not exist')
    sequences = builder.apply_serials([name], schema, persistence)
    relid = create_relation(backend, name, schema, "r", builder.columns, persistence=persistence, options=options)
    if of_type:
        catalog.update("pg_class", {"oid": relid}, reloftype=of_type)
    builder.finish(relid, sequences)
    for source, what in likes:
        _like_finish(backend, relid, source, what)
    if persistence == "t":
        backend.temp_tables[relid] = {
            "ONCOMMIT_DELETE_ROWS": "delete", "ONCOMMIT_DROP": "drop",
        }.get(on_commit, "")  # fmt: skip
        if on_commit in ("ONCOMMIT_DELETE_ROWS", "ONCOMMIT_DROP"):
            _register_on_commit(backend, relid)
    _ = node.tablespacename, relation_node.alias
    _mark_constraints(node)
    return "CREATE TABLE"


def _mark_constraints(node: Any) -> None:
    for element in node.tableElts or ():
        element.mark_read()


def _register_on_commit(backend: Any, relid: int) -> None:
    """ON COMMIT DROP / DELETE ROWS of a temporary table."""
    action = backend.temp_tables[relid]

    def run() -> None:
        row = backend.catalog.one("pg_class", oid=relid)
        if row is None:
            return
        if action == "drop":
            from emulators.postgres.commands.drop import drop_objects

            drop_objects(backend, [(oids.PG_CLASS, relid, 0)], cascade=True, quiet=True)
        else:
            truncate_relation(backend, backend.catalog.relation(relid))

    if action == "drop":
        backend.transaction.on_commit.append(run)
    else:
        backend.on_commit_delete.append(run)


def _like(backend: Any, builder: TableBuilder, node: Node) -> tuple[Relation, int]:
    names = range_var_names(node.relation)
    oid = find_relation_oid(backend.catalog, names, node.relation.location)
    assert oid is not None
    source = backend.catalog.relation(oid)
    options = node.options or 0
    _ = node.relationOid
    if source.kind not in "rvmcfp":
        raise PgError("42809", f'relation "{source.name}" is invalid in LIKE clause')
    for column in source.live:
        if any(c.name == column.name for c in builder.columns):
            raise PgError("42701", f'column "{column.name}" specified more than once')
        spec = ColumnSpec(column.name, column.type, column.typmod, column.collation)
        builder.columns.append(spec)
        if column.notnull:
            builder.not_nulls.append((spec, None, False))
        tree = getattr(column.default, "tree", None)
        if column.generated:
            if options & 16 and tree is not None:  # GENERATED
                spec.generated = column.generated
                builder.copied_defaults.append((spec, copy_tree(tree)))
        elif tree is not None and options & 8:  # DEFAULTS
            builder.copied_defaults.append((spec, copy_tree(tree)))
        if column.identity and options & 32:  # IDENTITY
            spec.identity = column.identity
            builder.serials.append((spec, []))
    return source, options


def _like_finish(backend: Any, relid: int, source: Relation, options: int) -> None:
    """INCLUDING CONSTRAINTS, INDEXES and COMMENTS."""
    from emulators.postgres.analyze.dml import rebind
    from emulators.postgres.analyze.relations import relation_entry
    from emulators.postgres.analyze.tree import Var, rewrite, walk
    from emulators.postgres.commands.indexes import create_index_rows
    from emulators.postgres.commands.objects import choose_relation_name, depend_on_expression

    catalog = backend.catalog
    relation = catalog.relation(relid)
    number = {c.num: relation.column(c.name).num for c in source.live if relation.column(c.name)}

    def moved(expr: Any) -> Any:
        entry = relation_entry(relation, None)

        def change(node: Any) -> Any:
            if isinstance(node, Var) and node.attno > 0:
                return Var(rte=entry, attno=number[node.attno], type=node.type, typmod=node.typmod, name=node.name)
            return None

        return rewrite(copy_tree(expr), change)

    if options & 4:  # CONSTRAINTS
        for check in source.checks:
            expr = moved(check.expr)
            keys = sorted({n.attno for n in walk(expr) if isinstance(n, Var) and n.attno > 0})
            oid = constraints.insert_constraint(
                backend, name=check.name, kind="c", relation=relation, keys=keys, expr=expr, enforced=check.enforced,
                validated=check.enforced,
            )  # fmt: skip
            depend_on_expression(backend, (oids.PG_CONSTRAINT, oid, 0), expr, own=relid, auto="a")
    if options & 64:  # INDEXES
        for index in source.indexes:
            relation = catalog.relation(relid)
            keys = []
            expressions = list(index.expressions)
            for k in index.keys[: index.width]:
                keys.append(number[k] if k else moved(expressions.pop(0)))
            including = [number[k] for k in index.keys[index.width :]]
            names = "_".join([relation.columns[k - 1].name if isinstance(k, int) else "expr" for k in keys])
            if index.constraint is not None:
                label = "pkey" if index.primary else "key"
                name = choose_relation_name(
                    backend, relation.name, None if index.primary else names, label, relation.schema
                )
            else:
                name = choose_relation_name(backend, relation.name, names, "idx", relation.schema)
            made = create_index_rows(
                backend,
                relation,
                name=name,
                keys=keys,
                including=including,
                unique=index.unique,
                primary=index.primary,
                immediate=index.immediate,
                nulls_not_distinct=index.nulls_not_distinct,
                predicate=moved(index.predicate) if index.predicate is not None else None,
                options=list(index.options),
                opclasses=list(index.opclasses),
                am=index.am,
                constraint=index.constraint is not None,
            )
            if index.constraint is not None:
                oid = constraints.insert_constraint(
                    backend,
                    name=name,
                    kind="p" if index.primary else "u",
                    relation=relation,
                    keys=[k for k in keys if isinstance(k, int)],
                    deferrable=index.constraint.deferrable,
                    deferred=index.constraint.deferred,
                    index=made,
                    no_inherit=True,
                )
                depend(backend, (oids.PG_CLASS, made, 0), (oids.PG_CONSTRAINT, oid, 0), "i")
    if options & 1:  # COMMENTS
        for row in catalog.find("pg_description", objoid=source.oid):
            if row.objsubid in number:
                catalog.insert(
                    "pg_description", objoid=relid, classoid=oids.PG_CLASS, objsubid=number[row.objsubid],
                    description=row.description,
                )  # fmt: skip
    _ = rebind


# -- CREATE TABLE AS -----------------------------------------------------------------------------------------


@command("CreateTableAsStmt")
def create_table_as(backend: Any, node: Any, text: str) -> Any:
    if node.objtype == "OBJECT_MATVIEW":
        raise unsupported("CREATE MATERIALIZED VIEW")
    into = node.into
    query = node.query
    if query.kind == "ExecuteStmt":
        raise unsupported("CREATE TABLE AS EXECUTE")
    _ = node.is_select_into
    return make_table_as(backend, into, query, text, bool(node.if_not_exists))


@command("SelectStmt")
def select_into(backend: Any, node: Any, text: str) -> Any:
    """SELECT ... INTO: CREATE TABLE AS in another form."""
    holder = node
    while holder.op not in (None, "SETOP_NONE"):
        holder = holder.larg
    into = holder.intoClause
    fields = holder._fields
    saved = fields.pop("intoClause")
    try:
        return make_table_as(backend, into, node, text, False)
    finally:
        fields["intoClause"] = saved


def make_table_as(backend: Any, into: Any, query_node: Any, text: str, if_not_exists: bool) -> Any:
    from emulators.postgres.analyze.tree import Target
    from emulators.postgres.backend import Result

    names = range_var_names(into.rel)
    schema, name, persistence = creation_target(backend, names, into.rel.relpersistence or "p")
    catalog = backend.catalog
    if if_not_exists and catalog.relid_by_name(schema, name) is not None:
        backend.notice(PgError("42P07", f'relation "{name}" already exists, skipping', severity="NOTICE"))
        query_node.mark_read()
        into.mark_read()
        return "CREATE TABLE AS"
    plan = backend.plan(query_node, text)
    check_relation_free(backend, schema, name)
    given = [c.sval for c in into.colNames or ()]
    if len(given) > len(plan.columns):
        raise PgError("42601", "too many column names were specified")
    specs = []
    for i, (column, _, _, oid, typmod) in enumerate(plan.columns):
        label = given[i] if i < len(given) else column
        if catalog.type_row(oid).typtype == "p":
            raise PgError("42P16", f'column "{label}" has pseudo-type {catalog.format_type(oid)}')
        if any(s.name == label for s in specs):
            raise PgError("42701", f'column "{label}" specified more than once')
        specs.append(ColumnSpec(label, oid, typmod))
    options = relation_options(into.options)
    on_commit = into.onCommit
    skip = bool(into.skipData)
    _ = into.tableSpaceName, into.accessMethod
    into.mark_read()
    result = None
    if not skip:
        result = backend.run_plan(plan, ())
    relid = create_relation(backend, name, schema, "r", specs, persistence=persistence, options=options)
    if persistence == "t" and on_commit in ("ONCOMMIT_DELETE_ROWS", "ONCOMMIT_DROP"):
        backend.temp_tables[relid] = "drop" if on_commit == "ONCOMMIT_DROP" else "delete"
        _register_on_commit(backend, relid)
    count = 0
    if result is not None:
        heap = backend.database.heap(catalog.relation(relid).filenode)
        transaction = backend.transaction
        for row in result.rows:
            transaction.insert(heap, tuple(row))
            count += 1
        transaction.cid += 1
    _ = Target
    return Result("CREATE TABLE AS" if skip else f"SELECT {count}")


# -- TRUNCATE ------------------------------------------------------------------------------------------------


def truncate_relation(backend: Any, relation: Relation) -> None:
    """Give the table an empty heap; ROLLBACK gives the old one back."""
    filenode = backend.catalog.new_oid()
    backend.catalog.update("pg_class", {"oid": relation.oid}, relfilenode=filenode)


@command("TruncateStmt")
def truncate(backend: Any, node: Any, text: str) -> str:
    from emulators.postgres.locks import lock_relation
    from emulators.postgres.privileges import check_relation

    catalog = backend.catalog
    relids: list[int] = []
    cascade = node.behavior == "DROP_CASCADE"
    for item in node.relations:
        oid = find_relation_oid(catalog, range_var_names(item), None)
        assert oid is not None
        if oid not in relids:
            relids.append(oid)
    for oid in relids:
        relation = catalog.relation(oid)
        if relation.kind not in "rp":
            raise PgError("42809", f'"{relation.name}" is not a table')
        if relation.is_catalog:
            raise PgError("42501", f'permission denied: "{relation.name}" is a system catalog')
        check_relation(backend, relation, "D")
        lock_relation(backend, oid, 8)
    position = 0
    while position < len(relids):
        relation = catalog.relation(relids[position])
        position += 1
        for constraint in relation.referenced_by:
            if constraint.relid in relids:
                continue
            child = catalog.relation(constraint.relid)
            if not cascade:
                raise PgError(
                    "0A000",
                    "cannot truncate a table referenced in a foreign key constraint",
                    detail=f'Table "{child.name}" references "{relation.name}".',
                    hint=f'Truncate table "{child.name}" at the same time, or use TRUNCATE ... CASCADE.',
                )
            backend.notice(PgError("00000", f'truncate cascades to table "{child.name}"', severity="NOTICE"))
            lock_relation(backend, child.oid, 8)
            relids.append(child.oid)
    for oid in relids:
        relation = catalog.relation(oid)
        if node.restart_seqs:
            for column in relation.live:
                for row in catalog.find("pg_depend", refobjid=oid, refobjsubid=column.num):
                    if row.classid == oids.PG_CLASS and row.deptype in "ai":
                        parameters = catalog.one("pg_sequence", seqrelid=row.objid)
                        if parameters is not None:
                            backend.sequences.restart(row.objid, parameters.seqstart)
        truncate_relation(backend, relation)
    _ = node.restart_seqs
    return "TRUNCATE TABLE"
