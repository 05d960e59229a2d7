"""EXPLAIN: a plausible plan tree of the analysed statement, as text or JSON. Costs are figures of shape, not measures."""

from __future__ import annotations

import json
from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze import tree as t
from emulators.postgres.commands import command
from emulators.postgres.deparse import Deparser
from emulators.postgres.errors import PgError


@command("ExplainStmt")
def explain(backend: Any, node: Any, text: str) -> Any:
    from emulators.postgres.backend import Result

    options: dict[str, Any] = {}
    locations: dict[str, int] = {}
    for option in node.options or ():
        value: Any = True
        if option.arg is not None:
            arg = option.arg
            value = arg.sval if arg.sval is not None else bool(arg.boolval if arg.boolval is not None else arg.ival)
            if isinstance(value, str) and option.defname != "format":
                value = value.lower() in ("on", "true", "1", "yes")
        options[option.defname] = value
        locations[option.defname] = option.location
    known = {"analyze", "verbose", "costs", "settings", "generic_plan", "buffers", "wal", "timing", "summary", "format",
             "memory", "serialize"}  # fmt: skip
    for key in options:
        if key not in known:
            raise PgError("42601", f'unrecognized EXPLAIN option "{key}"', location=locations[key])
    form = str(options.get("format", "text")).lower()
    if form not in ("text", "json", "yaml", "xml"):
        raise PgError(
            "22023", f'unrecognized value for EXPLAIN option "format": "{form}"', location=locations["format"]
        )
    query_node = node.query
    if query_node.kind == "ExecuteStmt":
        prepared = backend.prepared.get(query_node.name)
        if prepared is None:
            raise PgError("26000", f'prepared statement "{query_node.name}" does not exist')
        query_node.mark_read()
        plan = prepared.plan
    elif query_node.kind in ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"):
        plan = backend.plan(query_node, text)
    elif query_node.kind == "CreateTableAsStmt":
        plan = backend.plan(query_node.query, text)
        query_node.mark_read()
    else:
        return Result(
            "EXPLAIN", [("QUERY PLAN", 0, 0, oids.TEXT, -1)], [("Utility statements have no plan structure",)]
        )
    tree = Explainer(backend, bool(options.get("costs", True))).query(plan.query)
    actual = None
    if options.get("analyze"):
        result = backend.run_plan(plan, ())
        actual = len(result.rows or ())
    if form == "json":
        body = {"Plan": _json(tree, actual)}
        if actual is not None:
            body |= {"Planning Time": 0.05, "Execution Time": 0.05}
        return Result("EXPLAIN", [("QUERY PLAN", 0, 0, oids.JSON, -1)], [(json.dumps([body], indent=2),)])
    lines = _text(tree, 0, actual, bool(options.get("costs", True)))
    if actual is not None:
        lines += ["Planning Time: 0.050 ms", "Execution Time: 0.050 ms"]
    return Result("EXPLAIN", [("QUERY PLAN", 0, 0, oids.TEXT, -1)], [(x,) for x in lines])


class Explainer:
    """Turns a query into nested {"type", "on", "notes", "children", "rows"} dictionaries."""

    def __init__(self, backend: Any, costs: bool) -> None:
        self.backend = backend
        self.costs = costs

    def query(self, q: t.Query) -> dict[str, Any]:
        if q.command != "select":
            child = self._source(q)
            assert q.result is not None
            return {
                "type": q.command.capitalize(), "on": q.result.relation.name, "rows": 0, "notes": [],
                "children": [child] if child else [_node("Result", 1)],
            }  # fmt: skip
        if q.set_op is not None:
            node = self._set(q.set_op)
        else:
            node = self._source(q) or _node("Result", 1)
            if q.has_aggs or q.group:
                kind = "HashAggregate" if q.group else "Aggregate"
                notes = [f"Group Key: {self._list(q, q.group)}"] if q.group else []
                node = {"type": kind, "rows": 200 if q.group else 1, "notes": notes, "children": [node]}
            if q.has_windows:
                node = {"type": "WindowAgg", "rows": node["rows"], "notes": [], "children": [node]}
            if q.distinct or q.distinct_on:
                node = {"type": "Unique", "rows": node["rows"], "notes": [], "children": [node]}
        if q.sort:
            key = self._list(q, [s.expr for s in q.sort])
            node = {"type": "Sort", "rows": node["rows"], "notes": [f"Sort Key: {key}"], "children": [node]}
        if q.row_marks:
            node = {"type": "LockRows", "rows": node["rows"], "notes": [], "children": [node]}
        if q.limit is not None or q.offset is not None:
            node = {"type": "Limit", "rows": min(node["rows"], 10), "notes": [], "children": [node]}
        return node

    def _deparser(self, q: t.Query) -> Deparser:
        return Deparser(self.backend, prefix=len(q.entries) > 1)

    def _list(self, q: t.Query, exprs: list[t.Expr]) -> str:
        return ", ".join([self._deparser(q).expr(e) for e in exprs])

    def _set(self, node: Any) -> dict[str, Any]:
        if isinstance(node, t.RangeEntry):
            return self.query(node.query)
        children = [self._set(node.left), self._set(node.right)]
        rows = sum(c["rows"] for c in children)
        if node.op == "union":
            append = {"type": "Append", "rows": rows, "notes": [], "children": children}
            return append if node.all else {"type": "HashAggregate", "rows": rows, "notes": [], "children": [append]}
        return {"type": f"HashSetOp {node.op.capitalize()}", "rows": rows, "notes": [], "children": children}

    def _source(self, q: t.Query) -> dict[str, Any] | None:
        items = list(q.from_items)
        if q.command in ("update", "delete") and q.result is not None:
            items.insert(0, q.result)
        if not items:
            if q.command == "insert":
                return self.query(q.source) if isinstance(q.source, t.Query) else _node("Result", 1)
            return None
        node = self._item(q, items[0])
        for item in items[1:]:
            node = {"type": "Nested Loop", "rows": node["rows"], "notes": [], "children": [node, self._item(q, item)]}
        if q.where is not None:
            text = self._deparser(q).expr(q.where)
            index = self._index_for(q, items[0]) if len(items) == 1 and isinstance(items[0], t.RangeEntry) else None
            if index is not None:
                name, condition = index
                node["type"] = f"Index Scan using {name}"
                node["notes"] = [f"Index Cond: {condition}"]
                node["rows"] = 1
            else:
                node["notes"] = [*node["notes"], f"Filter: {text}"]
        return node

    def _index_for(self, q: t.Query, entry: t.RangeEntry) -> tuple[str, str] | None:
        if entry.kind != "relation":
            return None
        where = q.where
        parts = where.args if isinstance(where, t.BoolExpr) and where.op == "and" else [where]
        for part in parts:
            if isinstance(part, t.OpExpr) and part.op.oprname == "=" and len(part.args) == 2:
                column = part.args[0]
                if isinstance(column, t.Var) and column.rte is entry:
                    for index in entry.relation.indexes:
                        if index.keys[0] == column.attno and index.predicate is None:
                            return index.name, self._deparser(q).expr(part)
        return None

    def _item(self, q: t.Query, item: Any) -> dict[str, Any]:
        if isinstance(item, t.Join):
            kind = {
                "inner": "Hash Join",
                "left": "Hash Left Join",
                "right": "Hash Right Join",
                "full": "Hash Full Join",
            }
            left, right = self._item(q, item.left), self._item(q, item.right)
            notes = [f"Hash Cond: {self._deparser(q).expr(item.quals)}"] if item.quals is not None else []
            name = kind[item.kind] if item.quals is not None else "Nested Loop"
            hashed = {"type": "Hash", "rows": right["rows"], "notes": [], "children": [right]}
            return {"type": name, "rows": left["rows"], "notes": notes,
                    "children": [left, hashed if item.quals is not None else right]}  # fmt: skip
        if item.kind == "relation":
            label = item.relation.name
            if item.alias and item.alias != label:
                label += f" {item.alias}"
            heap = self.backend.database.heaps.get(item.relation.filenode)
            return {"type": "Seq Scan", "on": label, "rows": max(len(heap.versions) if heap else 1, 1), "notes": [],
                    "children": []}  # fmt: skip
        if item.kind == "subquery":
            inner = self.query(item.query)
            return {"type": "Subquery Scan", "on": item.name, "rows": inner["rows"], "notes": [], "children": [inner]}
        word = {"function": "Function Scan", "values": "Values Scan", "cte": "CTE Scan"}.get(item.kind, "Scan")
        return {"type": word, "on": item.name, "rows": 1, "notes": [], "children": []}


def _node(kind: str, rows: int) -> dict[str, Any]:
    return {"type": kind, "rows": rows, "notes": [], "children": []}


def _text(node: dict[str, Any], depth: int, actual: int | None, costs: bool) -> list[str]:
    label = node["type"] + (f" on {node['on']}" if "on" in node else "")
    if costs:
        label += f"  (cost=0.00..{node['rows'] * 0.01 + 0.01:.2f} rows={node['rows']} width=8)"
    if actual is not None:
        label += f" (actual time=0.010..0.010 rows={actual}.00 loops=1)"
    pad = "" if depth == 0 else " " * (6 * depth - 4) + "->  "
    lines = [pad + label]
    note_pad = " " * (6 * depth + 2)
    lines += [note_pad + n for n in node["notes"]]
    for child in node["children"]:
        lines += _text(child, depth + 1, actual, costs)
    return lines


def _json(node: dict[str, Any], actual: int | None) -> dict[str, Any]:
    out: dict[str, Any] = {
        "Node Type": node["type"].split(" using ")[0],
        "Parallel Aware": False,
        "Async Capable": False,
    }
    if "on" in node:
        out["Relation Name"] = node["on"].split()[0]
        out["Alias"] = node["on"].split()[-1]
    out |= {
        "Startup Cost": 0.0,
        "Total Cost": round(node["rows"] * 0.01 + 0.01, 2),
        "Plan Rows": node["rows"],
        "Plan Width": 8,
    }
    if actual is not None:
        out |= {"Actual Startup Time": 0.01, "Actual Total Time": 0.01, "Actual Rows": actual, "Actual Loops": 1}
    for note in node["notes"]:
        key, _, value = note.partition(": ")
        out[key] = value
    if node["children"]:
        out["Plans"] = [_json(c, actual) for c in node["children"]]
    return out
