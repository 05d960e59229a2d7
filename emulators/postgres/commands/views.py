"""CREATE VIEW: the analysed query is kept as a _RETURN rule."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import range_var_names
from emulators.postgres.catalog.access import NodeTree
from emulators.postgres.commands import command
from emulators.postgres.commands.objects import (
    ColumnSpec,
    check_relation_free,
    create_relation,
    creation_target,
    depend,
    depend_on_expression,
    insert_attribute,
)
from emulators.postgres.commands.tables import relation_options
from emulators.postgres.errors import PgError, unsupported


def _uses_temp(backend: Any, query: Any) -> bool:
    from emulators.postgres.analyze.tree import sub_queries

    return any(e.kind == "relation" and e.relation.persistence == "t" for e in query.entries) or any(
        _uses_temp(backend, q) for q in sub_queries(query)
    )


@command("ViewStmt")
def create_view(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    query_node = node.query
    if query_node.kind != "SelectStmt":
        raise unsupported("a view over something other than SELECT")
    from emulators.postgres.analyze.state import Parameters

    parameters = Parameters((), variable=False)
    query = backend.analyze(query_node, text, parameters)
    if query.into is not None:
        raise PgError("0A000", "views must not contain SELECT INTO")
    if any(c.modifying for c in query.ctes):
        raise PgError("0A000", "views must not contain data-modifying statements in WITH")
    aliases = [a.sval for a in node.aliases or ()]
    targets = query.visible_targets
    if len(aliases) > len(targets):
        raise PgError("42601", "CREATE VIEW specifies more column names than columns")
    for target, alias in zip(targets, aliases, strict=False):
        target.name = alias
    specs: list[ColumnSpec] = []
    for target in targets:
        if any(s.name == target.name for s in specs):
            raise PgError("42701", f'column "{target.name}" specified more than once')
        if catalog.type_row(target.expr.type).typtype == "p" and target.expr.type != oids.RECORD:
            raise PgError("42P16", f'column "{target.name}" has pseudo-type {catalog.format_type(target.expr.type)}')
        specs.append(ColumnSpec(target.name, target.expr.type, target.expr.typmod, target.expr.collation))
    if not specs:
        raise PgError("42P16", "view must have at least one column")
    persistence = node.view.relpersistence or "p"
    names = range_var_names(node.view)
    temp = _uses_temp(backend, query)
    if persistence == "p" and temp and len(names) == 1:
        backend.notice(PgError("00000", f'view "{names[-1]}" will be a temporary view', severity="NOTICE"))
        persistence = "t"
    schema, name, persistence = creation_target(backend, names, persistence)
    options = relation_options(node.options)
    check = node.withCheckOption
    if check not in (None, "NO_CHECK_OPTION"):
        from emulators.postgres.commands.objects import array_of

        extra = f"check_option={'local' if check == 'LOCAL_CHECK_OPTION' else 'cascaded'}"
        options = array_of([*(options.elements if options is not None else []), extra])
    query.parent = None
    existing = catalog.relid_by_name(schema, name)
    if existing is not None and node.replace:
        _replace(backend, existing, specs, query, options)
        return "CREATE VIEW"
    check_relation_free(backend, schema, name)
    relid = create_relation(backend, name, schema, "v", specs, persistence=persistence, options=options)
    store_rule(backend, relid, query)
    return "CREATE VIEW"


def store_rule(backend: Any, relid: int, query: Any) -> None:
    catalog = backend.catalog
    rule = catalog.new_oid()
    catalog.insert(
        "pg_rewrite",
        oid=rule,
        rulename="_RETURN",
        ev_class=relid,
        ev_type="1",
        ev_enabled="O",
        is_instead=True,
        ev_qual=NodeTree.of(None, "<>"),
        ev_action=NodeTree.of(query, "({QUERY})"),
    )
    obj = (oids.PG_REWRITE, rule, 0)
    depend(backend, obj, (oids.PG_CLASS, relid, 0), "i")
    depend_on_expression(backend, obj, query)


def _replace(backend: Any, relid: int, specs: list[ColumnSpec], query: Any, options: Any) -> None:
    catalog = backend.catalog
    relation = catalog.relation(relid)
    if relation.kind != "v":
        raise PgError("42809", f'"{relation.name}" is not a view')
    from emulators.postgres.privileges import check_owner

    check_owner(backend, relation.owner, f"view {relation.name}")
    old = relation.live
    if len(specs) < len(old):
        raise PgError("42P16", "cannot drop columns from view")
    for column, spec in zip(old, specs, strict=False):
        if column.name != spec.name:
            raise PgError(
                "42P16",
                f'cannot change name of view column "{column.name}" to "{spec.name}"',
                hint="Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
            )
        if column.type != spec.type or column.typmod != spec.typmod:
            raise PgError(
                "42P16",
                f'cannot change data type of view column "{column.name}" from '
                f"{catalog.format_type(column.type, column.typmod)} to {catalog.format_type(spec.type, spec.typmod)}",
            )
    for number, spec in enumerate(specs[len(old) :], len(old) + 1):
        insert_attribute(backend, relid, number, spec)
    catalog.update("pg_class", {"oid": relid}, relnatts=len(specs), reloptions=options)
    for rule in catalog.find("pg_rewrite", ev_class=relid):
        catalog.delete("pg_rewrite", oid=rule.oid)
        catalog.delete("pg_depend", classid=oids.PG_REWRITE, objid=rule.oid)
    store_rule(backend, relid, query)
