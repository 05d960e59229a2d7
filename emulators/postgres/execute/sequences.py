"""Sequences: nextval, currval, lastval, setval, and the sequences of identity and serial columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.catalog.relations import Relation
from emulators.postgres.database import Sequence
from emulators.postgres.errors import PgError

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend


class Sequences:
    """One session's view of sequences: the shared states, and what currval and lastval remember."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.current: dict[int, int] = {}
        self.last: int | None = None

    def state(self, oid: int) -> Sequence:
        backend = self.backend
        row = backend.catalog.one("pg_class", oid=oid)
        filenode = row.relfilenode if row is not None else oid
        state = backend.database.sequences.get(filenode)
        if state is None:
            parameters = backend.catalog.one("pg_sequence", seqrelid=oid)
            state = backend.database.sequences[filenode] = Sequence(parameters.seqstart)
        return state

    def _relation(self, oid: int) -> Relation:
        relation = self.backend.catalog.relation(oid)
        if relation.kind != "S":
            raise PgError("42809", f'"{relation.name}" is not a sequence')
        return relation

    def nextval(self, oid: int) -> int:
        backend = self.backend
        relation = self._relation(oid)
        if backend.read_only and relation.persistence != "t":
            raise PgError("25006", "cannot execute nextval() in a read-only transaction")
        parameters = backend.catalog.one("pg_sequence", seqrelid=oid)
        state = self.state(oid)
        old = (state.last_value, state.is_called)
        if not state.is_called:
            value = state.last_value
        else:
            value = state.last_value + parameters.seqincrement
            if parameters.seqincrement > 0 and value > parameters.seqmax:
                if not parameters.seqcycle:
                    raise PgError(
                        "2200H",
                        f'nextval: reached maximum value of sequence "{relation.name}" ({parameters.seqmax})',
                    )
                value = parameters.seqmin
            elif parameters.seqincrement < 0 and value < parameters.seqmin:
                if not parameters.seqcycle:
                    raise PgError(
                        "2200H",
                        f'nextval: reached minimum value of sequence "{relation.name}" ({parameters.seqmin})',
                    )
                value = parameters.seqmax
        self._move(state, value, True, old)
        self.current[oid] = value
        self.last = oid
        return int(value)

    def _move(self, state: Sequence, value: int, called: bool, old: tuple[int, bool]) -> None:
        state.last_value, state.is_called = value, called

        def undo() -> None:
            state.last_value, state.is_called = old

        def redo() -> None:
            state.last_value, state.is_called = value, called

        self.backend.cluster.history.note(undo, redo)

    def nextval_identity(self, relid: int, attnum: int) -> int:
        return self.nextval(self.owned(relid, attnum))

    def owned(self, relid: int, attnum: int) -> int:
        """The sequence that an identity (or serial) column owns."""
        from emulators.postgres import oids

        for row in self.backend.catalog.many("pg_depend", refobjid=relid):
            if (
                row.refclassid == oids.PG_CLASS
                and row.refobjsubid == attnum
                and row.classid == oids.PG_CLASS
                and row.deptype in "ia"
            ):
                found = self.backend.catalog.one("pg_class", oid=row.objid)
                if found is not None and found.relkind == "S":
                    return int(row.objid)
        raise PgError("XX000", "no owned sequence found")

    def currval(self, oid: int) -> int:
        relation = self._relation(oid)
        if oid not in self.current:
            raise PgError("55000", f'currval of sequence "{relation.name}" is not yet defined in this session')
        return self.current[oid]

    def lastval(self) -> int:
        if self.last is None or self.last not in self.current:
            raise PgError("55000", "lastval is not yet defined in this session")
        return self.current[self.last]

    def setval(self, oid: int, value: int, called: bool = True) -> int:
        backend = self.backend
        relation = self._relation(oid)
        if backend.read_only and relation.persistence != "t":
            raise PgError("25006", "cannot execute setval() in a read-only transaction")
        parameters = backend.catalog.one("pg_sequence", seqrelid=oid)
        if not parameters.seqmin <= value <= parameters.seqmax:
            raise PgError(
                "22003",
                f'setval: value {value} is out of bounds for sequence "{relation.name}" '
                f"({parameters.seqmin}..{parameters.seqmax})",
            )
        state = self.state(oid)
        self._move(state, value, called, (state.last_value, state.is_called))
        if called:
            self.current[oid] = value
        return value

    def restart(self, oid: int, value: int) -> None:
        """ALTER SEQUENCE RESTART and TRUNCATE RESTART IDENTITY: undone by ROLLBACK, unlike nextval."""
        state = self.state(oid)
        old: tuple[int, bool] = (state.last_value, state.is_called)
        self._move(state, value, False, old)

        def undo() -> None:
            state.last_value, state.is_called = old

        self.backend.transaction.undo_with(undo)


def describe(row: Any) -> str:
    return str(row.relname)
