"""The typed tree: what the analyser makes, the compiler turns into Python, and the deparser prints.

The shape follows PostgreSQL's Query and expression nodes, except that a column reference holds its range-table entry
itself instead of a number, so sub-trees can move without renumbering. Every expression has a type OID and typmod.
`walk` visits, `copy_tree` copies (a view's stored tree is copied before each use), `rewrite` rebuilds bottom-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Tree:
    """Base of all nodes: fields are the slots, absent ones take the class's defaults."""

    __slots__ = ()
    _defaults: dict[str, Any] = {}

    def __init__(self, **fields: Any) -> None:
        for name, value in self._defaults.items():
            setattr(self, name, value() if value in (list, dict, set) else value)
        for name, value in fields.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        shown = ", ".join(f"{k}={getattr(self, k, None)!r}" for k in all_slots(type(self)) if k not in ("location",))
        return f"{type(self).__name__}({shown})"


def all_slots(cls: type) -> tuple[str, ...]:
    cached = _slots.get(cls)
    if cached is None:
        names: list[str] = []
        for base in reversed(cls.__mro__):
            names.extend(getattr(base, "__slots__", ()))
        cached = _slots[cls] = tuple(names)
    return cached


_slots: dict[type, tuple[str, ...]] = {}


class Expr(Tree):
    __slots__ = ("collation", "location", "type", "typmod")
    _defaults: dict[str, Any] = {"type": 0, "typmod": -1, "location": -1, "collation": 0}
    type: int
    typmod: int
    location: int
    collation: int


def _expr(**defaults: Any) -> dict[str, Any]:
    return {**Expr._defaults, **defaults}


class Const(Expr):
    """A literal in engine form; None is NULL. `shown` keeps the text of an unknown literal for messages."""

    __slots__ = ("value",)
    value: Any
    _defaults = _expr(value=None)


class Param(Expr):
    """`$number`; kind "extern" from the client, "sql" for SQL-function arguments."""

    __slots__ = ("kind", "number")
    number: int
    kind: str
    _defaults = _expr(number=0, kind="extern")


class Var(Expr):
    """Column `attno` of a range-table entry: 0 is the whole row, negative ones are system columns.

    `levels` counts the queries between the reference and the entry's own. `old_new` is for RETURNING old./new.
    """

    __slots__ = ("attno", "levels", "name", "old_new", "rte")
    rte: RangeEntry
    attno: int
    levels: int
    name: str
    old_new: str
    _defaults = _expr(levels=0, name="", old_new="")


class FuncExpr(Expr):
    """A call. `form`: call, explicit (a cast), implicit, sql (special syntax such as EXTRACT)."""

    __slots__ = ("args", "form", "func", "variadic")
    func: Any
    args: list[Expr]
    form: str
    variadic: bool
    _defaults = _expr(args=list, form="call", variadic=False)


class OpExpr(Expr):
    __slots__ = ("args", "func", "op")
    op: Any
    func: Any
    args: list[Expr]
    _defaults = _expr(args=list)


class DistinctExpr(OpExpr):
    """IS DISTINCT FROM, by the `=` operator."""

    __slots__ = ()


class NullIfExpr(OpExpr):
    __slots__ = ()


class ScalarArrayOp(Expr):
    """expr op ANY/ALL (array). `any` is True for ANY."""

    __slots__ = ("any", "args", "func", "op")
    op: Any
    func: Any
    any: bool
    args: list[Expr]
    _defaults = _expr(args=list, any=True)


class BoolExpr(Expr):
    """op: and, or, not."""

    __slots__ = ("args", "op")
    op: str
    args: list[Expr]
    _defaults = _expr(args=list, type=16)


class SubLink(Expr):
    """kind: exists, any, all, expr, multiexpr, array. `test` holds the comparison for any/all with SubParams."""

    __slots__ = ("kind", "op_name", "query", "test", "test_left")
    kind: str
    query: Query
    test: Expr | None
    test_left: list[Expr]
    op_name: list[str]
    _defaults = _expr(test=None, test_left=list, op_name=list)


class SubParam(Expr):
    """Column `index` of the row that a SubLink's sub-query gave."""

    __slots__ = ("index",)
    index: int


class CaseExpr(Expr):
    __slots__ = ("arg", "default", "whens")
    arg: Expr | None
    whens: list[tuple[Expr, Expr]]
    default: Expr | None
    _defaults = _expr(arg=None, whens=list, default=None)


class CaseTest(Expr):
    """The value of CASE arg WHEN..., inside its whens."""

    __slots__ = ("case",)
    case: Any
    _defaults = _expr(case=None)


class Coalesce(Expr):
    __slots__ = ("args",)
    args: list[Expr]


class MinMax(Expr):
    """GREATEST or LEAST."""

    __slots__ = ("args", "greatest")
    args: list[Expr]
    greatest: bool


class NullTest(Expr):
    __slots__ = ("arg", "is_null", "row_format")
    arg: Expr
    is_null: bool
    row_format: bool
    _defaults = _expr(type=16, row_format=False)


class BooleanTest(Expr):
    """test: IS_TRUE, IS_NOT_TRUE, IS_FALSE, ..., IS_UNKNOWN, IS_NOT_UNKNOWN."""

    __slots__ = ("arg", "test")
    arg: Expr
    test: str
    _defaults = _expr(type=16)


class ArrayExpr(Expr):
    """ARRAY[...]; `multidims` when the elements are arrays themselves."""

    __slots__ = ("elements", "elemtype", "multidims")
    elements: list[Expr]
    elemtype: int
    multidims: bool
    _defaults = _expr(elements=list, multidims=False)


class RowExpr(Expr):
    """ROW(...). `form`: row or implicit."""

    __slots__ = ("args", "form", "names")
    args: list[Expr]
    names: list[str]
    form: str
    _defaults = _expr(args=list, names=list, form="row", type=2249)


class RowCompare(Expr):
    """(a, b) < (c, d): op is one of < <= > >=."""

    __slots__ = ("left", "op", "ops", "right")
    op: str
    ops: list[Any]
    left: list[Expr]
    right: list[Expr]
    _defaults = _expr(type=16)


class FieldSelect(Expr):
    """(composite).field: `index` counts from 0 in the value's tuple."""

    __slots__ = ("arg", "index", "name")
    arg: Expr
    index: int
    name: str


class FieldStore(Expr):
    """A composite value with some fields replaced (UPDATE t SET c.f = ...)."""

    __slots__ = ("arg", "fields", "width")
    arg: Expr
    fields: list[tuple[int, Expr]]
    width: int


class Subscript(Expr):
    """container[...]; `lower` is None for plain subscripts, else one per dimension. With `assign`, an assignment."""

    __slots__ = ("arg", "assign", "container", "elemtype", "lower", "upper")
    arg: Expr
    container: int
    elemtype: int
    lower: list[Expr | None] | None
    upper: list[Expr | None]
    assign: Expr | None
    _defaults = _expr(lower=None, assign=None)


class Relabel(Expr):
    """A binary-compatible cast. `form` as in FuncExpr."""

    __slots__ = ("arg", "form")
    arg: Expr
    form: str
    _defaults = _expr(form="implicit")


class CoerceViaIO(Expr):
    __slots__ = ("arg", "form")
    arg: Expr
    form: str
    _defaults = _expr(form="implicit")


class ArrayCoerce(Expr):
    """Element-wise coercion; `element` is an expression over a CaseTest."""

    __slots__ = ("arg", "element", "form", "test")
    arg: Expr
    element: Expr
    test: CaseTest
    form: str
    _defaults = _expr(form="implicit")


class RowCoerce(Expr):
    """record or composite to another composite: one expression per column over a CaseTest."""

    __slots__ = ("arg", "columns", "form", "test")
    arg: Expr
    columns: list[Expr]
    test: CaseTest
    form: str
    _defaults = _expr(form="implicit")


class CoerceToDomain(Expr):
    __slots__ = ("arg", "form")
    arg: Expr
    form: str
    _defaults = _expr(form="implicit")


class Collate(Expr):
    __slots__ = ("arg", "coll_name")
    arg: Expr
    coll_name: str


class Aggref(Expr):
    """An aggregate call. `direct` are the direct arguments of ordered-set ones."""

    __slots__ = ("args", "direct", "distinct", "filter", "func", "kind", "levels", "order", "slot", "star", "variadic")
    func: Any
    args: list[Expr]
    direct: list[Expr]
    order: list[SortItem]
    distinct: bool
    filter: Expr | None
    star: bool
    variadic: bool
    kind: str
    levels: int
    slot: int
    _defaults = _expr(
        args=list,
        direct=list,
        order=list,
        distinct=False,
        filter=None,
        star=False,
        variadic=False,
        kind="n",
        levels=0,
        slot=-1,
    )


class Grouping(Expr):
    """GROUPING(...)."""

    __slots__ = ("args", "levels")
    args: list[Expr]
    levels: int
    _defaults = _expr(type=23, levels=0)


class WindowFunc(Expr):
    __slots__ = ("aggregate", "args", "filter", "func", "slot", "star", "variadic", "window")
    func: Any
    args: list[Expr]
    filter: Expr | None
    star: bool
    variadic: bool
    aggregate: bool
    window: WindowClause
    slot: int
    _defaults = _expr(args=list, filter=None, star=False, aggregate=False, slot=-1, variadic=False)


class SqlValue(Expr):
    """CURRENT_DATE and its like; `op` is the grammar's SVFOP_ name."""

    __slots__ = ("op",)
    op: str


class NextValue(Expr):
    """nextval of an identity column's own sequence."""

    __slots__ = ("sequence",)
    sequence: int
    _defaults = _expr(type=20)


class Default(Expr):
    """DEFAULT in VALUES or SET, replaced before planning."""

    __slots__ = ()


class CurrentOf(Expr):
    __slots__ = ("cursor", "rte")
    cursor: str
    rte: RangeEntry
    _defaults = _expr(type=16)


class DomainValue(Expr):
    """VALUE in a domain's CHECK."""

    __slots__ = ()


class MergeAction(Expr):
    """MERGE_ACTION()."""

    __slots__ = ()
    _defaults = _expr(type=25)


class JsonConstructor(Expr):
    """JSON_OBJECT, JSON_ARRAY, IS JSON and the rest of SQL/JSON, lowered by name to a helper."""

    __slots__ = ("args", "name", "options")
    name: str
    args: list[Expr]
    options: dict[str, Any]
    _defaults = _expr(args=list, options=dict)


class GroupKey(Expr):
    """The value of group key `index`, where an aggregating query's output refers to a grouping expression."""

    __slots__ = ("expr", "index")
    index: int
    expr: Expr


# -- queries -------------------------------------------------------------------------------------------------


class SortItem(Tree):
    """One ORDER BY item."""

    __slots__ = ("descending", "expr", "location", "nulls_first", "op")
    expr: Expr
    descending: bool
    nulls_first: bool
    op: Any
    location: int
    _defaults = {"descending": False, "nulls_first": False, "op": None, "location": -1}


class Target(Tree):
    """One output column."""

    __slots__ = ("attno", "expr", "junk", "name", "orig_column", "orig_table")
    expr: Expr
    name: str
    junk: bool
    #: For INSERT and UPDATE: the column assigned to.
    attno: int
    orig_table: int
    orig_column: int
    _defaults = {"junk": False, "attno": 0, "orig_table": 0, "orig_column": 0}


class RangeEntry(Tree):
    """One range-table entry. kind: relation, subquery, function, values, cte, result, tablefunc."""

    __slots__ = (
        "alias", "alias_columns", "column_names", "columns", "cte", "cte_levels", "functions", "inh", "kind", "lateral",
        "lock_mode", "name", "nullable", "ordinality", "privileges", "query", "relation", "sample", "security",
        "self_reference", "values", "view",
    )  # fmt: skip
    kind: str
    #: Name that column references use, and whether it was written as an alias.
    name: str
    alias: str | None
    alias_columns: list[str]
    column_names: list[str]
    #: (type, typmod, collation) of each column.
    columns: list[tuple[int, int, int]]
    relation: Any
    query: Any
    view: Any
    functions: list[Any]
    ordinality: bool
    values: list[list[Expr]]
    cte: Any
    cte_levels: int
    self_reference: bool
    lateral: bool
    inh: bool
    #: On the nullable side of an outer join.
    nullable: bool
    lock_mode: int
    privileges: Any
    sample: Any
    security: Any
    _defaults = {
        "alias": None, "alias_columns": list, "column_names": list, "columns": list, "relation": None, "query": None,
        "view": None, "functions": list, "ordinality": False, "values": list, "cte": None, "cte_levels": 0,
        "self_reference": False, "lateral": False, "inh": True, "nullable": False, "lock_mode": 0, "privileges": None,
        "sample": None, "security": None,
    }  # fmt: skip


class RangeFunction(Tree):
    """One function of a FROM item: its expression and the columns it gives."""

    __slots__ = ("column_names", "column_types", "composite", "defined", "expr")
    expr: Expr
    column_names: list[str]
    column_types: list[tuple[int, int, int]]
    #: True when each value is a row that is spread over the columns.
    composite: bool
    defined: bool
    _defaults = {"composite": False, "defined": False}


class Join(Tree):
    """A join in FROM. kind: inner, left, right, full."""

    __slots__ = ("alias", "alias_columns", "kind", "left", "natural", "quals", "right", "using", "using_alias")
    kind: str
    left: Any
    right: Any
    quals: Expr | None
    using: list[str]
    natural: bool
    alias: str | None
    alias_columns: list[str]
    using_alias: str | None
    _defaults = {
        "quals": None,
        "using": list,
        "natural": False,
        "alias": None,
        "alias_columns": list,
        "using_alias": None,
    }


class WindowClause(Tree):
    """A window. `frame`: (mode, start, start_offset, end, end_offset, exclusion)."""

    __slots__ = ("frame", "name", "order", "partition", "refname")
    name: str | None
    refname: str | None
    partition: list[SortItem]
    order: list[SortItem]
    frame: Any
    _defaults = {"name": None, "refname": None, "partition": list, "order": list, "frame": None}


class SetOp(Tree):
    """A node of a set operation: op union/intersect/except; sides are SetOp or RangeEntry (subqueries)."""

    __slots__ = ("all", "columns", "left", "op", "right")
    op: str
    all: bool
    left: Any
    right: Any
    columns: list[tuple[int, int, int]]


class CommonTable(Tree):
    """One WITH query."""

    __slots__ = (
        "alias_columns",
        "column_names",
        "columns",
        "cycle",
        "location",
        "materialized",
        "modifying",
        "name",
        "query",
        "recursive",
        "references",
        "search",
    )  # fmt: skip
    name: str
    query: Any
    columns: list[tuple[int, int, int]]
    column_names: list[str]
    alias_columns: list[str]
    recursive: bool
    materialized: str
    modifying: bool
    references: int
    search: Any
    cycle: Any
    location: int
    _defaults = {
        "query": None, "columns": list, "column_names": list, "alias_columns": list, "recursive": False,
        "materialized": "default", "modifying": False, "references": 0, "search": None, "cycle": None, "location": -1,
    }  # fmt: skip


class RowMark(Tree):
    """FOR UPDATE and its like on one relation: strength 1 KEY SHARE .. 4 UPDATE; wait: block, skip, error."""

    __slots__ = ("pushed", "rte", "strength", "wait")
    rte: RangeEntry
    strength: int
    wait: str
    pushed: bool
    _defaults = {"pushed": False}


class OnConflict(Tree):
    """ON CONFLICT: arbiters are IndexInfo; `updates` and `where` for DO UPDATE, with the excluded row as an entry."""

    __slots__ = ("arbiters", "constraint", "do_update", "elements", "excluded", "infer_where", "updates", "where")
    do_update: bool
    arbiters: list[Any]
    updates: list[Target]
    where: Expr | None
    excluded: RangeEntry | None
    constraint: str | None
    elements: list[Expr]
    infer_where: Expr | None
    _defaults = {
        "do_update": False, "arbiters": list, "updates": list, "where": None, "excluded": None, "constraint": None,
        "elements": list, "infer_where": None,
    }  # fmt: skip


class MergeWhen(Tree):
    """One WHEN of a MERGE. match: matched, not_matched_source, not_matched; command: insert/update/delete/nothing."""

    __slots__ = ("command", "condition", "match", "override", "targets")
    match: str
    command: str
    condition: Expr | None
    targets: list[Target]
    override: str
    _defaults = {"condition": None, "targets": list, "override": ""}


class Query(Tree):
    """One analysed SELECT, INSERT, UPDATE, DELETE or MERGE."""

    __slots__ = (
        "aggregates",
        "check_options",
        "command",
        "ctes",
        "distinct",
        "distinct_on",
        "entries",
        "for_portion",
        "from_items",
        "group",
        "group_distinct",
        "grouping_sets",
        "has_aggs",
        "has_srf",
        "has_sublinks",
        "has_windows",
        "having",
        "into",
        "limit",
        "limit_ties",
        "merge",
        "merge_join",
        "offset",
        "on_conflict",
        "override",
        "parent",
        "query_location",
        "recursive",
        "result",
        "returning",
        "returning_new",
        "returning_old",
        "row_marks",
        "set_op",
        "sort",
        "source",
        "targets",
        "updatable_check",
        "values_lists",
        "where",
        "windows",
    )  # fmt: skip
    command: str
    entries: list[RangeEntry]
    from_items: list[Any]
    targets: list[Target]
    where: Expr | None
    group: list[Expr]
    grouping_sets: list[list[int]] | None
    group_distinct: bool
    having: Expr | None
    windows: list[WindowClause]
    sort: list[SortItem]
    distinct: bool
    distinct_on: list[SortItem]
    limit: Expr | None
    limit_ties: bool
    offset: Expr | None
    set_op: SetOp | None
    ctes: list[CommonTable]
    recursive: bool
    row_marks: list[RowMark]
    has_aggs: bool
    has_windows: bool
    has_srf: bool
    has_sublinks: bool
    aggregates: list[Aggref]
    into: Any
    parent: Any
    #: For data-modifying statements.
    result: RangeEntry | None
    source: Any
    values_lists: list[list[Expr]] | None
    on_conflict: OnConflict | None
    returning: list[Target]
    returning_old: str | None
    returning_new: str | None
    override: str
    merge: list[MergeWhen]
    merge_join: Any
    check_options: list[Any]
    _defaults = {
        "command": "select", "entries": list, "from_items": list, "targets": list, "where": None, "group": list,
        "grouping_sets": None, "group_distinct": False, "having": None, "windows": list, "sort": list,
        "distinct": False, "distinct_on": list, "limit": None, "limit_ties": False, "offset": None, "set_op": None,
        "ctes": list, "recursive": False, "row_marks": list, "has_aggs": False, "has_windows": False, "has_srf": False,
        "has_sublinks": False, "aggregates": list, "into": None, "parent": None, "result": None, "source": None,
        "values_lists": None, "on_conflict": None, "returning": list, "returning_old": None, "returning_new": None,
        "override": "", "merge": list, "merge_join": None, "check_options": list,
    }  # fmt: skip

    @property
    def visible_targets(self) -> list[Target]:
        return [t for t in self.targets if not t.junk]

    @property
    def outputs(self) -> list[Target]:
        """The columns that the statement returns."""
        return self.visible_targets if self.command == "select" else self.returning


# -- traversal -----------------------------------------------------------------------------------------------


def children(node: Tree) -> Iterator[Tree]:
    """Direct sub-expressions of an expression (not into sub-queries' own expressions)."""
    for name in all_slots(type(node)):
        value = getattr(node, name, None)
        if isinstance(value, Expr):
            yield value
        elif type(value) is list:
            for item in value:
                if isinstance(item, Expr):
                    yield item
                elif isinstance(item, SortItem):
                    yield item.expr
                elif type(item) is tuple:
                    for part in item:
                        if isinstance(part, Expr):
                            yield part


def walk(node: Any) -> Iterator[Expr]:
    """The expression and everything below it; a SubLink's query is not entered, nor a CaseTest's owner."""
    if node is None:
        return
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, (Var, Const, CaseTest)):
            stack.extend(children(current))


def query_expressions(query: Query) -> Iterator[Expr]:
    """Every top-level expression of a query, those of its FROM entries included (sub-queries are not entered)."""
    for target in query.targets:
        yield target.expr
    for target in query.returning:
        yield target.expr
    for expr in (query.where, query.having, query.limit, query.offset):
        if expr is not None:
            yield expr
    yield from query.group
    for sort in (*query.sort, *query.distinct_on):
        yield sort.expr
    for window in query.windows:
        for sort in (*window.partition, *window.order):
            yield sort.expr
        if window.frame:
            for part in window.frame:
                if isinstance(part, Expr):
                    yield part
    for item in query.from_items:
        yield from _join_quals(item)
    for entry in query.entries:
        for function in entry.functions:
            yield function.expr
        for row in entry.values:
            yield from row
    if query.values_lists:
        for row in query.values_lists:
            yield from row
    if query.on_conflict is not None:
        for target in query.on_conflict.updates:
            yield target.expr
        if query.on_conflict.where is not None:
            yield query.on_conflict.where
    for when in query.merge:
        if when.condition is not None:
            yield when.condition
        for target in when.targets:
            yield target.expr


def _join_quals(item: Any) -> Iterator[Expr]:
    if isinstance(item, Join):
        yield from _join_quals(item.left)
        yield from _join_quals(item.right)
        if item.quals is not None:
            yield item.quals


def sub_queries(query: Query) -> Iterator[Query]:
    """Queries directly below this one: in FROM, WITH and sub-links."""
    for entry in query.entries:
        if entry.query is not None and entry.kind == "subquery":
            yield entry.query
    for cte in query.ctes:
        yield cte.query
    if isinstance(query.source, Query):
        yield query.source
    for expr in query_expressions(query):
        for node in walk(expr):
            if isinstance(node, SubLink):
                yield node.query


def copy_tree(node: Any, memo: dict[int, Any] | None = None) -> Any:
    """A deep copy of tree nodes; catalog rows and relation descriptions in it are shared."""
    if memo is None:
        memo = {}
    if isinstance(node, Tree):
        known = memo.get(id(node))
        if known is not None:
            return known
        copy = type(node).__new__(type(node))
        memo[id(node)] = copy
        for name in all_slots(type(node)):
            if hasattr(node, name):
                setattr(copy, name, copy_tree(getattr(node, name), memo))
        return copy
    if type(node) is list:
        return [copy_tree(item, memo) for item in node]
    if type(node) is tuple:
        return tuple([copy_tree(item, memo) for item in node])
    return node


def rewrite(node: Any, change: Callable[[Expr], Expr | None]) -> Any:
    """Rebuild an expression: `change` may give a replacement for a node (not entered further), or None."""
    if isinstance(node, Expr):
        replaced = change(node)
        if replaced is not None:
            return replaced
        if isinstance(node, (Const, Var, Param, CaseTest)):
            return node
        copy = type(node).__new__(type(node))
        for name in all_slots(type(node)):
            if hasattr(node, name):
                value = getattr(node, name)
                if isinstance(value, (Expr, SortItem)) or type(value) in (list, tuple):
                    value = rewrite(value, change)
                setattr(copy, name, value)
        return copy
    if isinstance(node, SortItem):
        return SortItem(
            expr=rewrite(node.expr, change),
            descending=node.descending,
            nulls_first=node.nulls_first,
            op=node.op,
            location=node.location,
        )
    if type(node) is list:
        return [rewrite(item, change) for item in node]
    if type(node) is tuple and not hasattr(node, "_fields"):
        return tuple([rewrite(item, change) for item in node])
    return node


def equal(a: Any, b: Any) -> bool:
    """Structural equality of expressions, locations and display forms aside."""
    if a is b:
        return True
    if isinstance(a, Tree):
        if type(a) is not type(b):
            return False
        if isinstance(a, Var):
            return a.rte is b.rte and a.attno == b.attno and a.levels == b.levels and a.old_new == b.old_new
        if isinstance(a, SubLink):
            return False
        return all(
            equal(getattr(a, n, None), getattr(b, n, None))
            for n in all_slots(type(a))
            if n not in ("location", "form", "name", "slot", "names")
        )
    if type(a) in (list, tuple):
        return type(a) is type(b) and len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)
