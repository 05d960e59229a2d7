"""Views: their stored queries, for reading through them."""

from __future__ import annotations

from typing import Any

from emulators.postgres.analyze.tree import Query, copy_tree


def view_rule(catalog: Any, oid: int) -> Any:
    """The _RETURN rule of a view."""
    for row in catalog.many("pg_rewrite", ev_class=oid):
        if row.ev_type == "1":
            return row
    return None


def view_query(catalog: Any, context: Any, oid: int) -> Query:
    """A fresh copy of a view's query. System views are SQL text, analysed against pg_catalog alone."""
    rule = view_rule(catalog, oid)
    tree = getattr(rule.ev_action, "tree", None)
    if tree is None:
        cache = catalog.cache
        key = ("view", oid)
        tree = cache.get(key)
        if tree is None:
            tree = cache[key] = _analyze(catalog, context, str(rule.ev_action))
    copy: Query = copy_tree(tree)
    _refresh(catalog, copy)
    return copy


def _refresh(catalog: Any, query: Query) -> None:
    """Stored trees may hold descriptions of relations as they were: take the present ones."""
    from emulators.postgres.analyze.tree import SubLink, query_expressions, walk

    for entry in query.entries:
        if entry.kind == "relation":
            entry.relation = catalog.relation(entry.relation.oid)
        elif entry.kind == "subquery" and entry.view is not None:
            entry.view = catalog.relation(entry.view.oid)
            entry.query = view_query(catalog, None, entry.view.oid)
        elif entry.kind == "subquery" and entry.query is not None:
            _refresh(catalog, entry.query)
    for cte in query.ctes:
        if cte.query is not None:
            _refresh(catalog, cte.query)
    for expr in query_expressions(query):
        for node in walk(expr):
            if isinstance(node, SubLink):
                _refresh(catalog, node.query)


def _analyze(catalog: Any, context: Any, text: str) -> Query:
    from emulators.postgres import oids
    from emulators.postgres.analyze.select import analyze_statement
    from emulators.postgres.analyze.state import ParseState
    from emulators.postgres.parse.parser import parse

    saved = catalog.search_path
    catalog.search_path = (oids.PG_CATALOG,)
    try:
        state = ParseState(catalog, context or catalog.context)
        state.text = text
        return analyze_statement(state, parse(text.rstrip().rstrip(";"))[0].node)
    finally:
        catalog.search_path = saved
