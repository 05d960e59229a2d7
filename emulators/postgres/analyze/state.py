"""What the analyser carries along: one `ParseState` a query level, and the parameters of the whole statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres import oids
from emulators.postgres.analyze.tree import CommonTable, Expr, Query, RangeEntry
from emulators.postgres.errors import PgError

if TYPE_CHECKING:
    from emulators.postgres.catalog.access import Catalog


class Parameters:
    """`$n` types: given ones are fixed, the others are found out by how they are used."""

    def __init__(self, types: tuple[int, ...] = (), variable: bool = True) -> None:
        self.types: list[int] = list(types)
        self.variable = variable
        self.uses: dict[int, list[Any]] = {}

    def final(self) -> tuple[int, ...]:
        """All types, when the statement is analysed; 42P18 where nothing said which."""
        for number, oid in enumerate(self.types, 1):
            if oid in (0, oids.UNKNOWN):
                if oid == 0 and not self.uses.get(number):
                    raise PgError("42P18", f"could not determine data type of parameter ${number}")
                location = self.uses[number][0].location if self.uses.get(number) else None
                raise PgError("42P18", f"could not determine data type of parameter ${number}", location=location)
        return tuple(self.types)


class NamespaceItem:
    """A name that column references may use: a table, an alias, or a join's merged columns."""

    __slots__ = ("columns", "columns_visible", "entry", "lateral_ok", "lateral_only", "name", "name_visible", "old_new")

    def __init__(self, name: str, columns: list[tuple[str, Expr]], entry: RangeEntry | None) -> None:
        self.name = name
        self.columns = columns
        self.entry = entry
        self.name_visible = True
        self.columns_visible = True
        self.lateral_only = False
        self.lateral_ok = True
        self.old_new = ""


class ParseState:
    """One query level."""

    def __init__(self, catalog: Catalog, context: Any, parent: ParseState | None = None) -> None:
        self.catalog = catalog
        #: The session's Context, for input functions at analysis time.
        self.context = context
        self.parent = parent
        self.text: str = parent.text if parent is not None else ""
        self.parameters: Parameters = parent.parameters if parent is not None else Parameters()
        self.namespace: list[NamespaceItem] = []
        self.query = Query()
        self.query.parent = parent.query if parent is not None else None
        #: WITH queries visible here, innermost last.
        self.ctes: list[CommonTable] = list(parent.ctes) if parent is not None else []
        self.cte_levels: dict[int, ParseState] = parent.cte_levels if parent is not None else {}
        #: Which clause is being analysed (for messages and for what is allowed in it).
        self.clause = "none"
        self.lateral_active = False
        #: A name that DEFAULT, RETURNING etc. resolve against is in the namespace; hooks see the rest.
        self.column_hook: Any = parent.column_hook if parent is not None else None
        self.param_hook: Any = parent.param_hook if parent is not None else None
        self.window_definitions: list[Any] = []
        self.locked_from_parent = False
        self.resolve_unknowns = True
        self.domain_value: Expr | None = None
        self.srf_forbidden: str | None = None
        self.value_row: Any = None

    def child(self) -> ParseState:
        return ParseState(self.catalog, self.context, self)

    def position_error(self, *args: Any, **kwargs: Any) -> PgError:
        return PgError(*args, **kwargs)
