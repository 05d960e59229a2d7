"""What the DDL commands share: names, dependencies, storing expressions, making relations and their row types."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import ASSIGNMENT, coerce_to_boolean, coerce_to_target, exposed_location
from emulators.postgres.analyze.expressions import transform_in
from emulators.postgres.analyze.relations import namespace_item, relation_entry
from emulators.postgres.analyze.state import ParseState
from emulators.postgres.analyze.tree import Expr, FuncExpr, SubLink, Var, walk
from emulators.postgres.catalog.access import NodeTree
from emulators.postgres.catalog.relations import Relation
from emulators.postgres.errors import PgError
from emulators.postgres.parse.node import Node
from emulators.postgres.types.values import PgArray

MAX_NAME = 63


def truncate_name(name: str) -> str:
    data = name.encode()
    return name if len(data) <= MAX_NAME else data[:MAX_NAME].decode("utf-8", "ignore")


def make_object_name(first: str, second: str | None, label: str) -> str:
    """PostgreSQL's makeObjectName: first_second_label, the longer part cut until it fits."""
    overhead = len(label.encode()) + 1 + (1 if second else 0)
    a, b = first, second or ""
    while len(a.encode()) + len(b.encode()) + overhead > MAX_NAME:
        if len(a.encode()) > len(b.encode()):
            a = a[:-1]
        else:
            b = b[:-1]
    return f"{a}_{b}_{label}" if second else f"{a}_{label}"


def choose_relation_name(backend: Any, first: str, second: str | None, label: str, schema: int) -> str:
    number = 0
    while True:
        name = make_object_name(first, second, label + (str(number) if number else ""))
        if backend.catalog.relid_by_name(schema, name) is None and not _constraint_named(backend, schema, name):
            return name
        number += 1


def _constraint_named(backend: Any, schema: int, name: str) -> bool:
    return any(c.connamespace == schema for c in backend.catalog.find("pg_constraint", conname=name))


def choose_constraint_name(backend: Any, relation: Relation, second: str | None, label: str, taken: set[str]) -> str:
    number = 0
    existing = {c.conname for c in backend.catalog.find("pg_constraint", conrelid=relation.oid)}
    while True:
        name = make_object_name(relation.name, second, label + (str(number) if number else ""))
        if (
            name not in existing
            and name not in taken
            and not any(c.connamespace == relation.schema for c in backend.catalog.find("pg_constraint", conname=name))
        ):
            return name
        number += 1


# -- dependencies --------------------------------------------------------------------------------------------


def depend(backend: Any, obj: tuple[int, int, int], ref: tuple[int, int, int], kind: str = "n") -> None:
    """Record that `obj` (classid, oid, column) depends on `ref`; built-in objects are pinned and not recorded."""
    if ref[1] < oids.FIRST_USER_OID and ref[0] != oids.PG_NAMESPACE:
        return
    if ref[1] < oids.FIRST_USER_OID and ref[1] != oids.PUBLIC:
        return
    backend.catalog.insert(
        "pg_depend",
        classid=obj[0],
        objid=obj[1],
        objsubid=obj[2],
        refclassid=ref[0],
        refobjid=ref[1],
        refobjsubid=ref[2],
        deptype=kind,
    )


def expression_references(expr: Any) -> set[tuple[int, int, int]]:
    """Objects that an expression or query mentions."""
    from emulators.postgres.analyze.tree import Query, query_expressions

    found: set[tuple[int, int, int]] = set()

    def visit_query(query: Query) -> None:
        for entry in query.entries:
            if entry.kind == "relation":
                found.add((oids.PG_CLASS, entry.relation.oid, 0))
            if entry.view is not None:
                found.add((oids.PG_CLASS, entry.view.oid, 0))
            elif entry.kind == "subquery" and entry.query is not None:
                visit_query(entry.query)
        for cte in query.ctes:
            if cte.query is not None:
                visit_query(cte.query)
        for e in query_expressions(query):
            visit(e)

    def visit(e: Any) -> None:
        for node in walk(e):
            if isinstance(node, Var) and node.rte.kind == "relation" and node.attno > 0:
                found.add((oids.PG_CLASS, node.rte.relation.oid, node.attno))
            elif isinstance(node, Var) and node.rte.view is not None and node.attno > 0:
                found.add((oids.PG_CLASS, node.rte.view.oid, node.attno))
            func = getattr(node, "func", None)
            if func is not None and func.oid >= oids.FIRST_USER_OID:
                found.add((oids.PG_PROC, func.oid, 0))
            if node.type >= oids.FIRST_USER_OID:
                found.add((oids.PG_TYPE, node.type, 0))
            if isinstance(node, SubLink):
                visit_query(node.query)
            if isinstance(node, FuncExpr) and node.func.proname in ("nextval", "currval", "setval") and node.args:
                arg = node.args[0]
                value = getattr(arg, "value", None)
                if isinstance(value, int) and arg.type == oids.REGCLASS:
                    found.add((oids.PG_CLASS, value, 0))

    if isinstance(expr, Query):
        visit_query(expr)
    else:
        visit(expr)
    return found


def depend_on_expression(backend: Any, obj: tuple[int, int, int], expr: Any, *, own: int = 0, auto: str = "n") -> None:
    """Dependencies of a stored expression; columns of the object's own table get kind `auto`."""
    for ref in expression_references(expr):
        if ref[0] == oids.PG_CLASS and ref[1] == own:
            if ref[2]:
                depend(backend, obj, ref, auto)
            continue
        depend(backend, obj, ref)


# -- expressions over a table --------------------------------------------------------------------------------


def table_state(backend: Any, relation: Relation | None) -> tuple[ParseState, Any]:
    state = ParseState(backend.catalog, backend.context)
    state.parameters.variable = False
    state.text = backend.query_text
    entry = None
    if relation is not None:
        entry = relation_entry(relation, None)
        state.namespace = [namespace_item(entry)]
        state.query.entries.append(entry)
    return state, entry


def table_condition(backend: Any, relation: Relation, node: Node, clause: str, construct: str) -> Expr:
    """A boolean expression over a table's row: CHECK, index predicate."""
    state, _ = table_state(backend, relation)
    return coerce_to_boolean(state, transform_in(state, node, clause), construct)


def default_expression(backend: Any, relation: Relation, column: Any, node: Node, *, generated: bool = False) -> Expr:
    """A DEFAULT or generation expression, coerced to its column."""
    if generated:
        state, _ = table_state(backend, relation)
        expr = transform_in(state, node, "generated")
        for n in walk(expr):
            if isinstance(n, Var):
                other = relation.columns[n.attno - 1] if n.attno > 0 else None
                if other is not None and other.generated:
                    raise PgError(
                        "42P17",
                        f'cannot use generated column "{other.name}" in column generation expression',
                        detail="A generated column cannot reference another generated column."
                        if other.num != column.num
                        else "This would cause the generated column to depend on its own value.",
                        location=n.location,
                    )
                if n.attno == 0:
                    raise PgError(
                        "42P17",
                        "cannot use whole-row variable in column generation expression",
                        detail="This would cause the generated column to depend on its own value.",
                        location=n.location,
                    )
                if n.attno < 0 and n.attno != -6:
                    raise PgError(
                        "42P10",
                        f'cannot use system column "{n.name}" in column generation expression',
                        location=n.location,
                    )
            func = getattr(n, "func", None)
            if func is not None and func.provolatile != "i":
                raise PgError("42P17", "generation expression is not immutable")
            if type(n).__name__ in ("SqlValue", "NextValue"):
                raise PgError("42P17", "generation expression is not immutable")
    else:
        state, _ = table_state(backend, None)
        state.column_hook = _no_columns
        expr = transform_in(state, node, "default")
    coerced = coerce_to_target(state, expr, expr.type, column.type, column.typmod, ASSIGNMENT, "implicit")
    if coerced is None:
        what = "generation expression" if generated else "default expression"
        raise PgError(
            "42804",
            f'column "{column.name}" is of type {backend.catalog.format_type(column.type)} '
            f"but {what} is of type {backend.catalog.format_type(expr.type)}",
            hint="You will need to rewrite or cast the expression.",
        )
    _ = exposed_location
    return coerced


def _no_columns(state: Any, names: list[str], node: Any, before: bool) -> None:
    if before:
        raise PgError("0A000", "cannot use column reference in DEFAULT expression", location=node.location)


def store_default(backend: Any, relation: Relation, attnum: int, expr: Expr) -> int:
    """A pg_attrdef row with its dependencies."""
    catalog = backend.catalog
    catalog.delete("pg_attrdef", adrelid=relation.oid, adnum=attnum)
    oid = catalog.new_oid()
    catalog.insert("pg_attrdef", oid=oid, adrelid=relation.oid, adnum=attnum, adbin=NodeTree.of(expr))
    catalog.update("pg_attribute", {"attrelid": relation.oid, "attnum": attnum}, atthasdef=True)
    obj = (oids.PG_ATTRDEF, oid, 0)
    depend(backend, obj, (oids.PG_CLASS, relation.oid, attnum), "a")
    depend_on_expression(backend, obj, expr, own=relation.oid)
    return int(oid)


# -- relations -----------------------------------------------------------------------------------------------


class ColumnSpec:
    """A column that is about to be created."""

    __slots__ = ("collation", "compression", "default", "generated", "identity", "name", "notnull", "storage", "type",
                 "typmod")  # fmt: skip

    def __init__(self, name: str, oid: int, typmod: int, collation: int = 0) -> None:
        self.name = name
        self.type = oid
        self.typmod = typmod
        self.collation = collation
        self.notnull = False
        self.default: Any = None
        self.identity = ""
        self.generated = ""
        self.storage: str | None = None
        self.compression = ""


def insert_attribute(backend: Any, relid: int, attnum: int, spec: ColumnSpec) -> None:
    catalog = backend.catalog
    row = catalog.type_row(spec.type)
    dims = 1 if catalog.element_type(spec.type) else 0
    catalog.insert(
        "pg_attribute",
        attrelid=relid,
        attname=spec.name,
        atttypid=spec.type,
        attlen=row.typlen,
        attnum=attnum,
        atttypmod=spec.typmod,
        attndims=dims,
        attbyval=row.typbyval,
        attalign=row.typalign,
        attstorage=spec.storage or row.typstorage,
        attcompression=spec.compression,
        attnotnull=spec.notnull,
        atthasdef=False,
        atthasmissing=False,
        attidentity=spec.identity,
        attgenerated=spec.generated,
        attisdropped=False,
        attislocal=True,
        attinhcount=0,
        attcollation=spec.collation or row.typcollation,
        attstattarget=None,
        attacl=None,
        attoptions=None,
        attfdwoptions=None,
        attmissingval=None,
    )
    if spec.type >= oids.FIRST_USER_OID:
        depend(backend, (oids.PG_CLASS, relid, attnum), (oids.PG_TYPE, spec.type, 0))


_SYSTEM = (
    ("ctid", -1, 27, 6, False, "s"), ("xmin", -2, 28, 4, True, "i"), ("cmin", -3, 29, 4, True, "i"),
    ("xmax", -4, 28, 4, True, "i"), ("cmax", -5, 29, 4, True, "i"), ("tableoid", -6, 26, 4, True, "i"),
)  # fmt: skip


def create_relation(
    backend: Any,
    name: str,
    schema: int,
    kind: str,
    columns: list[ColumnSpec],
    *,
    persistence: str = "p",
    owner: int | None = None,
    options: Any = None,
    am: int = 0,
    with_type: bool = True,
    relid: int | None = None,
) -> int:
    """pg_class, pg_attribute and (for tables and views) pg_type rows of a new relation; returns its OID."""
    catalog = backend.catalog
    owner = owner if owner is not None else backend.current_user
    oid = relid or catalog.new_oid()
    type_oid = 0
    if with_type:
        type_oid, array_oid = catalog.new_oid(), catalog.new_oid()
        insert_type(
            backend,
            oid=type_oid,
            name=name,
            schema=schema,
            typtype="c",
            category="C",
            relid=oid,
            array=array_oid,
            length=-1,
            io=("record_in", "record_out", "record_recv", "record_send"),
            align="d",
            owner=owner,
        )
        insert_array_type(backend, array_oid, type_oid, name, schema, align="d", owner=owner)
        dependent = (oids.PG_TYPE, type_oid, 0)
        if kind == "c":
            depend(backend, (oids.PG_CLASS, oid, 0), dependent, "i")
        else:
            depend(backend, dependent, (oids.PG_CLASS, oid, 0), "i")
        depend(backend, (oids.PG_TYPE, array_oid, 0), dependent, "i")
    catalog.insert(
        "pg_class",
        oid=oid,
        relname=name,
        relnamespace=schema,
        reltype=type_oid,
        reloftype=0,
        relowner=owner,
        relam=am or (oids.HEAP_AM if kind in "rmt" else 0),
        relfilenode=oid if kind in "rmitS" else 0,
        reltablespace=0,
        relpages=0,
        reltuples=-1.0,
        relallvisible=0,
        relallfrozen=0,
        reltoastrelid=0,
        relhasindex=False,
        relisshared=False,
        relpersistence=persistence,
        relkind=kind,
        relnatts=len(columns),
        relchecks=0,
        relhasrules=kind == "v",
        relhastriggers=False,
        relhassubclass=False,
        relrowsecurity=False,
        relforcerowsecurity=False,
        relispopulated=True,
        relreplident="d" if kind in "rm" else "n",
        relispartition=False,
        relrewrite=0,
        relfrozenxid=731 if kind in "rm" else 0,
        relminmxid=1 if kind in "rm" else 0,
        relacl=None,
        reloptions=options,
        relpartbound=None,
    )
    for number, spec in enumerate(columns, 1):
        insert_attribute(backend, oid, number, spec)
    if kind in "rm":
        for system_name, number, type_, length, by_value, align in _SYSTEM:
            catalog.insert(
                "pg_attribute", attrelid=oid, attname=system_name, atttypid=type_, attlen=length, attnum=number,
                atttypmod=-1, attndims=0, attbyval=by_value, attalign=align, attstorage="p", attcompression="",
                attnotnull=True, atthasdef=False, atthasmissing=False, attidentity="", attgenerated="",
                attisdropped=False, attislocal=True, attinhcount=0, attcollation=0, attstattarget=None, attacl=None,
                attoptions=None, attfdwoptions=None, attmissingval=None,
            )  # fmt: skip
    if kind != "i":
        depend(backend, (oids.PG_CLASS, oid, 0), (oids.PG_NAMESPACE, schema, 0))
    return int(oid)


def proc_named(backend: Any, name: str) -> int:
    rows = [r for r in backend.catalog.many("pg_proc", proname=name) if r.pronamespace == oids.PG_CATALOG]
    return int(rows[0].oid) if rows else 0


def insert_type(
    backend: Any,
    *,
    oid: int,
    name: str,
    schema: int,
    typtype: str,
    category: str,
    length: int = -1,
    by_value: bool = False,
    relid: int = 0,
    element: int = 0,
    array: int = 0,
    io: tuple[str, str, str, str] = ("", "", "", ""),
    subscript: str = "",
    align: str = "i",
    storage: str = "x",
    notnull: bool = False,
    basetype: int = 0,
    typmod: int = -1,
    collation: int = 0,
    default: str | None = None,
    default_tree: Any = None,
    owner: int | None = None,
    delimiter: str = ",",
    modin: int = 0,
    modout: int = 0,
    dims: int = 0,
    preferred: bool = False,
) -> None:
    functions = [proc_named(backend, f) if f else 0 for f in io]
    backend.catalog.insert(
        "pg_type",
        oid=oid,
        typname=name,
        typnamespace=schema,
        typowner=owner if owner is not None else backend.current_user,
        typlen=length,
        typbyval=by_value,
        typtype=typtype,
        typcategory=category,
        typispreferred=preferred,
        typisdefined=True,
        typdelim=delimiter,
        typrelid=relid,
        typsubscript=proc_named(backend, subscript) if subscript else 0,
        typelem=element,
        typarray=array,
        typinput=functions[0],
        typoutput=functions[1],
        typreceive=functions[2],
        typsend=functions[3],
        typmodin=modin,
        typmodout=modout,
        typanalyze=0,
        typalign=align,
        typstorage=storage,
        typnotnull=notnull,
        typbasetype=basetype,
        typtypmod=typmod,
        typndims=dims,
        typcollation=collation,
        typdefaultbin=NodeTree.of(default_tree) if default_tree is not None else None,
        typdefault=default,
        typacl=None,
    )


def array_type_name(backend: Any, name: str, schema: int) -> str:
    candidate = "_" + name
    while True:
        candidate = truncate_name(candidate)
        if backend.catalog.type_by_name(schema, candidate) is None:
            return candidate
        candidate = "_" + candidate


def insert_array_type(
    backend: Any, oid: int, element: int, name: str, schema: int, *, align: str = "i", owner: int | None = None,
    collation: int = 0, delimiter: str = ",", modin: int = 0, modout: int = 0,
) -> None:  # fmt: skip
    insert_type(
        backend,
        oid=oid,
        name=array_type_name(backend, name, schema),
        schema=schema,
        typtype="b",
        category="A",
        element=element,
        io=("array_in", "array_out", "array_recv", "array_send"),
        subscript="array_subscript_handler",
        align="d" if align == "d" else "i",
        owner=owner,
        collation=collation,
        delimiter=delimiter,
        modin=modin,
        modout=modout,
    )


def array_of(values: list[Any]) -> PgArray:
    return PgArray(values)


def creation_target(backend: Any, names: list[str], persistence: str = "p") -> tuple[int, str, str]:
    """(schema OID, name, persistence) for CREATE of a possibly qualified name."""
    from emulators.postgres.commands.temp import ensure_temp_schema
    from emulators.postgres.privileges import has_privilege
    from emulators.postgres.settings_checks import creation_schema

    catalog = backend.catalog
    name = truncate_name(names[-1])
    if len(names) > 1:
        if names[-2] == "pg_temp":
            return ensure_temp_schema(backend), name, "t"
        schema = catalog.schema_oid(names[-2])
        if schema is None:
            raise PgError("3F000", f'schema "{names[-2]}" does not exist')
        if persistence == "t" and schema != backend.temp_schema:
            raise PgError("42P16", "cannot create temporary relation in non-temporary schema")
    elif persistence == "t":
        return ensure_temp_schema(backend), name, "t"
    else:
        schema = creation_schema(backend)
        if schema == backend.temp_schema:
            persistence = "t"
    row = catalog.one("pg_namespace", oid=schema)
    if schema == oids.PG_CATALOG and not backend.settings.get("allow_system_table_mods") == "on":
        raise PgError(
            "42501",
            f'permission denied to create "pg_catalog.{name}"',
            detail="System catalog modifications are currently disallowed.",
        )
    if not has_privilege(backend, backend.current_user, row.nspowner, row.nspacl, "C"):
        raise PgError("42501", f"permission denied for schema {row.nspname}")
    return schema, name, persistence


def check_relation_free(backend: Any, schema: int, name: str) -> None:
    """42P07 when a relation of that name exists (42710 when a type does)."""
    catalog = backend.catalog
    if catalog.relid_by_name(schema, name) is not None:
        raise PgError("42P07", f'relation "{name}" already exists')
    row = catalog.type_by_name(schema, name)
    if row is not None and row.typarray is not None:
        element = row.typelem
        if element and row.typname.startswith("_"):
            # An array type that only got this name by chance steps aside.
            catalog.update("pg_type", {"oid": row.oid}, typname=array_type_name(backend, "_" + name, schema))
            return
        raise PgError(
            "42710",
            f'type "{name}" already exists',
            hint="A relation has an associated type of the same name, so you must use a name that doesn't conflict "
            "with any existing type.",
        )
