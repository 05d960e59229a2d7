"""CREATE TYPE (enum, composite, range), CREATE DOMAIN, and their ALTER forms."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import ASSIGNMENT, coerce_to_boolean, coerce_to_target
from emulators.postgres.analyze.expressions import transform_in
from emulators.postgres.analyze.relations import range_var_names
from emulators.postgres.analyze.tree import DomainValue
from emulators.postgres.analyze.typenames import collation_oid, lookup_type, resolve_type
from emulators.postgres.commands import command
from emulators.postgres.commands.constraints import insert_constraint
from emulators.postgres.commands.objects import (
    ColumnSpec,
    array_type_name,
    check_relation_free,
    create_relation,
    creation_target,
    depend,
    insert_array_type,
    insert_type,
    make_object_name,
    table_state,
)
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import name_of


def _free(backend: Any, schema: int, name: str) -> None:
    row = backend.catalog.type_by_name(schema, name)
    if row is None:
        return
    if row.typelem and name.startswith("_"):
        backend.catalog.update("pg_type", {"oid": row.oid}, typname=array_type_name(backend, "_" + name, schema))
        return
    raise PgError("42710", f'type "{name}" already exists')


@command("CreateEnumStmt")
def create_enum(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    schema, name, _ = creation_target(backend, name_of(node.typeName))
    _free(backend, schema, name)
    oid, array = catalog.new_oid(), catalog.new_oid()
    insert_type(
        backend, oid=oid, name=name, schema=schema, typtype="e", category="E", length=4, by_value=True, array=array,
        io=("enum_in", "enum_out", "enum_recv", "enum_send"), align="i", storage="p",
    )  # fmt: skip
    insert_array_type(backend, array, oid, name, schema)
    depend(backend, (oids.PG_TYPE, oid, 0), (oids.PG_NAMESPACE, schema, 0))
    depend(backend, (oids.PG_TYPE, array, 0), (oids.PG_TYPE, oid, 0), "i")
    seen: set[str] = set()
    for position, value in enumerate(node.vals or (), 1):
        label = value.sval
        if len(label.encode()) > 63:
            raise PgError("42602", f'invalid enum label "{label}"', detail="Labels must be 63 bytes or less.")
        if label in seen:
            raise PgError("42710", f'enum label "{label}" used more than once')
        seen.add(label)
        catalog.insert("pg_enum", oid=catalog.new_oid(), enumtypid=oid, enumsortorder=float(position), enumlabel=label)
    return "CREATE TYPE"


@command("AlterEnumStmt")
def alter_enum(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    names = name_of(node.typeName)
    row = lookup_type(catalog, names)
    if row is None:
        raise PgError("42704", f'type "{".".join(names)}" does not exist')
    if row.typtype != "e":
        raise PgError("42809", f"{catalog.format_type(row.oid)} is not an enum")
    labels = sorted(catalog.find("pg_enum", enumtypid=row.oid), key=lambda r: r.enumsortorder)
    new = node.newVal
    if len(new.encode()) > 63:
        raise PgError("42602", f'invalid enum label "{new}"', detail="Labels must be 63 bytes or less.")
    if node.oldVal:
        found = [r for r in labels if r.enumlabel == node.oldVal]
        if not found:
            raise PgError("22023", f'"{node.oldVal}" is not an existing enum label')
        if any(r.enumlabel == new for r in labels):
            raise PgError("42710", f'enum label "{new}" already exists')
        catalog.update("pg_enum", {"oid": found[0].oid}, enumlabel=new)
        return "ALTER TYPE"
    if any(r.enumlabel == new for r in labels):
        if node.skipIfNewValExists:
            backend.notice(PgError("42710", f'enum label "{new}" already exists, skipping', severity="NOTICE"))
            _ = node.newValNeighbor, node.newValIsAfter
            return "ALTER TYPE"
        raise PgError("42710", f'enum label "{new}" already exists')
    _ = node.skipIfNewValExists
    neighbor = node.newValNeighbor
    if neighbor:
        position = next((i for i, r in enumerate(labels) if r.enumlabel == neighbor), None)
        if position is None:
            raise PgError("22023", f'"{neighbor}" is not an existing enum label')
        if node.newValIsAfter:
            low = labels[position].enumsortorder
            high = labels[position + 1].enumsortorder if position + 1 < len(labels) else low + 2
        else:
            high = labels[position].enumsortorder
            low = labels[position - 1].enumsortorder if position else high - 2
        order = (low + high) / 2
    else:
        order = labels[-1].enumsortorder + 1 if labels else 1.0
    catalog.insert("pg_enum", oid=catalog.new_oid(), enumtypid=row.oid, enumsortorder=float(order), enumlabel=new)
    return "ALTER TYPE"


@command("CompositeTypeStmt")
def create_composite(backend: Any, node: Any, text: str) -> str:
    names = range_var_names(node.typevar)
    schema, name, _ = creation_target(backend, names)
    check_relation_free(backend, schema, name)
    specs: list[ColumnSpec] = []
    for column in node.coldeflist or ():
        oid, typmod = resolve_type(backend.catalog, column.typeName)
        _ = column.is_local
        if any(s.name == column.colname for s in specs):
            raise PgError("42701", f'column "{column.colname}" specified more than once')
        if backend.catalog.type_row(oid).typtype == "p":
            raise PgError("42P16", f'column "{column.colname}" has pseudo-type {backend.catalog.format_type(oid)}')
        spec = ColumnSpec(column.colname, oid, typmod)
        if column.collClause is not None:
            spec.collation = collation_oid(backend.catalog, name_of(column.collClause.collname))
        specs.append(spec)
    create_relation(backend, name, schema, "c", specs)
    return "CREATE TYPE"


@command("CreateRangeStmt")
def create_range(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    schema, name, _ = creation_target(backend, name_of(node.typeName))
    _free(backend, schema, name)
    subtype = 0
    multirange_name = None
    diff = 0
    for option in node.params:
        key = option.defname
        if key == "subtype":
            subtype, _ = resolve_type(catalog, option.arg)
        elif key == "multirange_type_name":
            multirange_name = name_of(option.arg.names)[-1]
        elif key == "subtype_diff":
            names = name_of(option.arg.names)
            rows = catalog.many("pg_proc", proname=names[-1])
            diff = rows[0].oid if rows else 0
        elif key in ("subtype_opclass", "collation", "canonical"):
            raise unsupported(f"CREATE TYPE AS RANGE with {key}")
        else:
            raise PgError("42601", f'type attribute "{key}" not recognized')
    if not subtype:
        raise PgError("42601", 'type attribute "subtype" is required')
    opclass = catalog.default_opclass(subtype, oids.BTREE_AM)
    if opclass is None:
        raise PgError(
            "42704",
            f'data type {catalog.format_type(subtype)} has no default operator class for access method "btree"',
            hint="You must specify an operator class for the range type or define a default operator class for the subtype.",
        )
    if multirange_name is None:
        multirange_name = name.replace("range", "multirange", 1) if "range" in name else f"{name}_multirange"
    oid, array, multi, multi_array = (catalog.new_oid() for _ in range(4))
    align = "d" if catalog.type_row(subtype).typalign == "d" else "i"
    insert_type(
        backend, oid=oid, name=name, schema=schema, typtype="r", category="R", array=array, align=align,
        io=("range_in", "range_out", "range_recv", "range_send"),
    )  # fmt: skip
    insert_array_type(backend, array, oid, name, schema, align=align)
    insert_type(
        backend, oid=multi, name=multirange_name, schema=schema, typtype="m", category="R", array=multi_array, align=align,
        io=("multirange_in", "multirange_out", "multirange_recv", "multirange_send"),
    )  # fmt: skip
    insert_array_type(backend, multi_array, multi, multirange_name, schema, align=align)
    catalog.insert(
        "pg_range", rngtypid=oid, rngsubtype=subtype, rngmultitypid=multi,
        rngcollation=catalog.type_row(subtype).typcollation, rngsubopc=opclass.oid, rngcanonical=0, rngsubdiff=diff,
    )  # fmt: skip
    for one in (array, multi):
        depend(backend, (oids.PG_TYPE, one, 0), (oids.PG_TYPE, oid, 0), "i")
    depend(backend, (oids.PG_TYPE, multi_array, 0), (oids.PG_TYPE, multi, 0), "i")
    depend(backend, (oids.PG_TYPE, oid, 0), (oids.PG_NAMESPACE, schema, 0))
    _constructors(backend, name, schema, oid, subtype, multirange_name, multi)
    return "CREATE TYPE"


def _constructors(backend: Any, name: str, schema: int, oid: int, subtype: int, multi_name: str, multi: int) -> None:
    """Functions of the range's own name that make its values."""
    from emulators.postgres.commands.functions import insert_builtin

    for source, args in (
        ("range_constructor2", [subtype, subtype]),
        ("range_constructor3", [subtype, subtype, oids.TEXT]),
    ):
        insert_builtin(backend, name, schema, source, args, oid, strict=False)
    array = backend.catalog.type_row(oid).typarray
    insert_builtin(backend, multi_name, schema, "multirange_constructor0", [], multi, strict=True)
    insert_builtin(backend, multi_name, schema, "multirange_constructor1", [oid], multi, strict=True)
    insert_builtin(backend, multi_name, schema, "multirange_constructor2", [array], multi, strict=True, variadic=oid)


# -- domains -------------------------------------------------------------------------------------------------


def domain_check(backend: Any, domain: int, base: int, typmod: int, node: Any, name: str, schema: int) -> None:
    state, _ = table_state(backend, None)
    state.domain_value = DomainValue(type=base, typmod=typmod)
    expr = coerce_to_boolean(state, transform_in(state, node.raw_expr, "check"), "CHECK")
    given = node.conname
    existing = {c.conname for c in backend.catalog.find("pg_constraint", contypid=domain)}
    if given:
        if given in existing:
            raise PgError("42710", f'constraint "{given}" for domain "{name}" already exists')
        label = given
    else:
        number = 0
        label = make_object_name(name, None, "check")
        while label in existing:
            number += 1
            label = make_object_name(name, None, f"check{number}")
    skip = bool(node.skip_validation)
    oid = insert_constraint(
        backend, name=label, kind="c", relation=None, expr=expr, domain=domain, schema=schema, validated=not skip
    )
    depend(backend, (oids.PG_CONSTRAINT, oid, 0), (oids.PG_TYPE, domain, 0), "a")


@command("CreateDomainStmt")
def create_domain(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    schema, name, _ = creation_target(backend, name_of(node.domainname))
    _free(backend, schema, name)
    base, typmod = resolve_type(catalog, node.typeName)
    row = catalog.type_row(base)
    if row.typtype == "p":
        raise PgError("42804", f'"{catalog.format_type(base)}" is not a valid base type for a domain')
    oid, array = catalog.new_oid(), catalog.new_oid()
    notnull = False
    null_seen: bool | None = None
    default_tree = default_text = None
    checks = []
    for item in node.constraints or ():
        kind = item.contype
        if kind == "CONSTR_NOTNULL":
            if null_seen is False:
                raise PgError("42601", "conflicting NULL/NOT NULL constraints")
            notnull = null_seen = True
            _ = item.conname
        elif kind == "CONSTR_NULL":
            if null_seen is True:
                raise PgError("42601", "conflicting NULL/NOT NULL constraints")
            null_seen = False
        elif kind == "CONSTR_DEFAULT":
            if default_tree is not None:
                raise PgError("42601", "multiple default expressions")
            state, _ = table_state(backend, None)
            expr = transform_in(state, item.raw_expr, "default")
            default_tree = coerce_to_target(state, expr, expr.type, base, typmod, ASSIGNMENT, "implicit")
            if default_tree is None:
                raise PgError(
                    "42804",
                    f'column "{name}" is of type {catalog.format_type(base)} '
                    f"but default expression is of type {catalog.format_type(expr.type)}",
                )
            from emulators.postgres.deparse import expression_text

            default_text = expression_text(backend, default_tree)
        elif kind == "CONSTR_CHECK":
            checks.append(item)
        elif kind in ("CONSTR_UNIQUE", "CONSTR_PRIMARY", "CONSTR_EXCLUSION", "CONSTR_FOREIGN"):
            word = {"CONSTR_UNIQUE": "unique", "CONSTR_PRIMARY": "primary key", "CONSTR_EXCLUSION": "exclusion",
                    "CONSTR_FOREIGN": "foreign key"}[kind]  # fmt: skip
            raise PgError("42601", f"{word} constraints not possible for domains")
        else:
            raise PgError("0A000", "specifying constraint deferrability not supported for domains")
    collation = row.typcollation
    if node.collClause is not None:
        collation = collation_oid(catalog, name_of(node.collClause.collname))
    insert_type(
        backend, oid=oid, name=name, schema=schema, typtype="d", category=row.typcategory, length=row.typlen,
        by_value=row.typbyval, array=array, io=("domain_in", "", "domain_recv", ""), align=row.typalign,
        storage=row.typstorage, notnull=notnull, basetype=base, typmod=typmod, collation=collation,
        default=default_text, default_tree=default_tree, delimiter=row.typdelim,
    )  # fmt: skip
    catalog.update("pg_type", {"oid": oid}, typoutput=row.typoutput, typsend=row.typsend)
    insert_array_type(backend, array, oid, name, schema, align=row.typalign)
    depend(backend, (oids.PG_TYPE, oid, 0), (oids.PG_NAMESPACE, schema, 0))
    depend(backend, (oids.PG_TYPE, oid, 0), (oids.PG_TYPE, base, 0))
    depend(backend, (oids.PG_TYPE, array, 0), (oids.PG_TYPE, oid, 0), "i")
    if notnull:
        insert_constraint(
            backend, name=make_object_name(name, None, "not_null"), kind="n", relation=None, domain=oid, schema=schema
        )
    for item in checks:
        domain_check(backend, oid, base, typmod, item, name, schema)
    node.mark_read()
    return "CREATE DOMAIN"


@command("AlterDomainStmt")
def alter_domain(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    names = name_of(node.typeName)
    row = lookup_type(catalog, names)
    if row is None:
        raise PgError("42704", f'type "{".".join(names)}" does not exist')
    if row.typtype != "d":
        raise PgError("42809", f"{catalog.format_type(row.oid)} is not a domain")
    what = node.subtype
    base, typmod = catalog.base_type_and_mod(row.oid, -1)
    if what == "T":
        if node.def_ is None and node.field("def") is None:
            catalog.update("pg_type", {"oid": row.oid}, typdefault=None, typdefaultbin=None)
        else:
            from emulators.postgres.catalog.access import NodeTree
            from emulators.postgres.deparse import expression_text

            state, _ = table_state(backend, None)
            expr = transform_in(state, node.field("def"), "default")
            coerced = coerce_to_target(state, expr, expr.type, base, typmod, ASSIGNMENT, "implicit")
            catalog.update(
                "pg_type",
                {"oid": row.oid},
                typdefault=expression_text(backend, coerced),
                typdefaultbin=NodeTree.of(coerced),
            )
    elif what == "N":
        catalog.update("pg_type", {"oid": row.oid}, typnotnull=False)
        catalog.delete("pg_constraint", contypid=row.oid, contype="n")
    elif what == "O":
        _check_columns(backend, row, notnull=True)
        catalog.update("pg_type", {"oid": row.oid}, typnotnull=True)
    elif what == "C":
        constraint = node.field("def")
        if constraint.contype == "CONSTR_NOTNULL":
            catalog.update("pg_type", {"oid": row.oid}, typnotnull=True)
        else:
            domain_check(backend, row.oid, base, typmod, constraint, row.typname, row.typnamespace)
            if not constraint.skip_validation:
                _check_columns(backend, row)
        constraint.mark_read()
    elif what == "X":
        found = [c for c in catalog.find("pg_constraint", contypid=row.oid) if c.conname == node.name]
        if not found:
            if node.missing_ok:
                backend.notice(
                    PgError(
                        "00000",
                        f'constraint "{node.name}" of domain "{row.typname}" does not exist, skipping',
                        severity="NOTICE",
                    )
                )
                return "ALTER DOMAIN"
            raise PgError("42704", f'constraint "{node.name}" of domain "{row.typname}" does not exist')
        if found[0].contype == "n":
            catalog.update("pg_type", {"oid": row.oid}, typnotnull=False)
        catalog.delete("pg_constraint", oid=found[0].oid)
    elif what == "V":
        found = [c for c in catalog.find("pg_constraint", contypid=row.oid) if c.conname == node.name]
        if not found:
            raise PgError("42704", f'constraint "{node.name}" of domain "{row.typname}" does not exist')
        _check_columns(backend, row)
        catalog.update("pg_constraint", {"oid": found[0].oid}, convalidated=True)
    _ = node.behavior, node.missing_ok
    return "ALTER DOMAIN"


def _check_columns(backend: Any, domain: Any, notnull: bool = False) -> None:
    """A new domain constraint holds for the values that exist."""
    from emulators.postgres.commands.constraints import live_versions

    catalog = backend.catalog
    backend.catalog.forget_private()
    for attribute in catalog.find("pg_attribute", atttypid=domain.oid):
        row = catalog.one("pg_class", oid=attribute.attrelid)
        if row is None or row.relkind != "r" or attribute.attisdropped:
            continue
        relation = catalog.relation(row.oid)
        for version in live_versions(backend, relation):
            value = version.data[attribute.attnum - 1]
            if notnull:
                if value is None:
                    raise PgError(
                        "23502",
                        f'column "{attribute.attname}" of table "{relation.name}" contains null values',
                        schema=relation.schema_name, table=relation.name, column=attribute.attname,
                    )  # fmt: skip
                continue
            try:
                backend.context.check_domain(domain.oid, value)
            except PgError as error:
                if error.sqlstate != "23514":
                    raise
                raise PgError(
                    "23514",
                    f'column "{attribute.attname}" of table "{relation.name}" contains values that violate the '
                    "new constraint",
                    schema=relation.schema_name, table=relation.name, column=attribute.attname,
                ) from None  # fmt: skip


@command("DefineStmt")
def define(backend: Any, node: Any, text: str) -> str:
    kind = node.field("kind")
    raise unsupported(f"CREATE {kind.removeprefix('OBJECT_').replace('_', ' ')}")
