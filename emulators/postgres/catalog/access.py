"""The catalog as one session sees it: lookups (cached by catalog version), writes through the session's transaction.

`Catalog` implements what types and functions ask for (types/context.py) and what the analyser asks for: relations,
types, functions, operators, casts by name or OID under a search path. A cached answer is shared by all sessions of a
database until somebody commits a change to a catalog; a session with uncommitted DDL of its own has a private cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emulators.postgres import oids
from emulators.postgres.catalog import store
from emulators.postgres.catalog.format_type import format_type
from emulators.postgres.catalog.relations import Column, ConstraintInfo, IndexInfo, Relation
from emulators.postgres.errors import PgError
from emulators.postgres.storage.heap import Heap, Version
from emulators.postgres.storage.transaction import Dirty
from emulators.postgres.types.context import TypeInfo

if TYPE_CHECKING:
    from emulators.postgres.database import Database
    from emulators.postgres.storage.transaction import Transaction

_MISSING = object()


class Catalog:
    """See the module's docstring."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.cluster = database.cluster
        #: The session's running transaction; None outside of one.
        self.transaction: Transaction | None = None
        #: The session's context, for input functions.
        self.context: Any = None
        #: The session's temporary schema, if it has one.
        self.temp_schema: int | None = None
        #: Schemas searched for unqualified names, pg_catalog (and pg_temp) included.
        self.search_path: tuple[int, ...] = (oids.PG_CATALOG, oids.PUBLIC)
        self._private: dict[Any, Any] | None = None
        self._private_io: dict[int, Any] = {}
        self._private_version = -1

    def rebind(self, database: Database) -> None:
        """The session's database was replaced by another state's."""
        self.database = database
        self.cluster = database.cluster
        self.transaction = None
        self._private = None

    # -- caching ---------------------------------------------------------------------------------------------

    @property
    def cache(self) -> dict[Any, Any]:
        transaction = self.transaction
        if transaction is not None and transaction.catalog_changed:
            if self._private is None:
                self._private = {}
                self._private_io = {}
            return self._private
        return self.database.catalog_cache

    @property
    def type_io_cache(self) -> dict[int, Any]:
        transaction = self.transaction
        if transaction is not None and transaction.catalog_changed:
            if self._private is None:
                self._private = {}
                self._private_io = {}
            return self._private_io
        return self.database.type_io_cache

    @property
    def version(self) -> Any:
        """Changes whenever a cached plan may have become wrong; None when plans must not be kept."""
        transaction = self.transaction
        if transaction is not None and transaction.catalog_changed:
            return None
        return self.database.catalog_version

    def changed(self) -> None:
        """A catalog row was written by the own transaction."""
        transaction = self.transaction
        if transaction is not None:
            transaction.catalog_changed = True
        self._private = None

    def forget_private(self) -> None:
        self._private = None

    # -- rows ------------------------------------------------------------------------------------------------

    def heap(self, name: str) -> Heap:
        relid = store.relid_of(name)
        return self.cluster.heap(relid) if name in store.SHARED else self.database.heap(relid)

    def versions(self, name: str, **equal: Any) -> list[Version]:
        """Live versions whose columns have these values (all when none are given)."""
        heap = self.heap(name)
        visible = Dirty(self.cluster.transactions, self.transaction).visible
        if not equal:
            return [v for v in heap.all() if not v.state or visible(v)]
        fields = store.row_class(name)._fields
        columns = tuple([fields.index(k) for k in equal])
        found = store.lookup(heap, columns, tuple(equal.values()))
        return [v for v in found if not v.state or visible(v)]

    def find(self, name: str, **equal: Any) -> list[Any]:
        """Live rows whose columns have these values."""
        return [v.data for v in self.versions(name, **equal)]

    def one(self, name: str, **equal: Any) -> Any:
        """The live row with these values, or None; remembered."""
        key = (name, *equal.items())
        cache = self.cache
        row = cache.get(key, _MISSING)
        if row is _MISSING:
            found = self.versions(name, **equal)
            row = cache[key] = found[-1].data if found else None
        return row

    def many(self, name: str, **equal: Any) -> list[Any]:
        """Like `find`, remembered; the list must not be changed."""
        key = ("*", name, *equal.items())
        cache = self.cache
        rows = cache.get(key)
        if rows is None:
            rows = cache[key] = self.find(name, **equal)
        return rows  # type: ignore[no-any-return]

    def insert(self, name: str, **fields: Any) -> Any:
        """A new row; columns not given are None."""
        cls = store.row_class(name)
        row = cls(**{f: fields.pop(f, None) for f in cls._fields})
        assert not fields, fields
        transaction = self.writer()
        transaction.insert(self.heap(name), row)
        self.changed()
        return row

    def update(self, name: str, where: dict[str, Any], **changes: Any) -> Any:
        """Change the one row that `where` finds; returns the new row."""
        found = self.versions(name, **where)
        if not found:
            raise PgError("XX000", f"cache lookup failed in {name} for {where}")
        row = found[-1].data._replace(**changes)
        self.writer().update(self.heap(name), found[-1], row)
        self.changed()
        return row

    def delete(self, name: str, **where: Any) -> int:
        """Delete the rows that `where` finds; returns how many."""
        found = self.versions(name, **where)
        for version in found:
            self.writer().delete(self.heap(name), version)
        if found:
            self.changed()
        return len(found)

    def writer(self) -> Transaction:
        transaction = self.transaction
        assert transaction is not None, "catalog write outside a transaction"
        # Every catalog change is a command of its own, so that the next one sees it.
        transaction.cid += 1
        return transaction

    def new_oid(self) -> int:
        return self.cluster.new_oid()

    # -- namespaces, roles -----------------------------------------------------------------------------------

    def schema_oid(self, name: str) -> int | None:
        row = self.one("pg_namespace", nspname=name)
        return row.oid if row is not None else None

    def schema_name(self, oid: int) -> str | None:
        row = self.one("pg_namespace", oid=oid)
        return row.nspname if row is not None else None

    def role_oid(self, name: str) -> int | None:
        row = self.one("pg_authid", rolname=name)
        return row.oid if row is not None else None

    def role_name(self, oid: int) -> str:
        row = self.one("pg_authid", oid=oid)
        return row.rolname if row is not None else f"unknown (OID={oid})"

    # -- types -----------------------------------------------------------------------------------------------

    def type_row(self, oid: int) -> Any:
        row = self.one("pg_type", oid=oid)
        if row is None:
            raise PgError("XX000", f"cache lookup failed for type {oid}")
        return row

    def type_by_name(self, schema: int, name: str) -> Any:
        return self.one("pg_type", typname=name, typnamespace=schema)

    def base_type(self, oid: int) -> int:
        """What a domain stands on, all the way down; other types are themselves."""
        return self.base_type_and_mod(oid, -1)[0]

    def base_type_and_mod(self, oid: int, typmod: int) -> tuple[int, int]:
        while True:
            row = self.type_row(oid)
            if row.typtype != "d":
                return oid, typmod
            oid, typmod = row.typbasetype, row.typtypmod

    def element_type(self, oid: int) -> int:
        """The element type of a true array type (or vector), else 0."""
        row = self.type_row(oid)
        return row.typelem if row.typsubscript == _array_subscript() or oid in (22, 30) else 0

    def array_type(self, oid: int) -> int:
        return int(self.type_row(oid).typarray)

    def format_type(self, oid: int, typmod: int | None = None, schema: bool = False) -> str:
        """format_type's text; error messages print types without a modifier."""
        if typmod is None:
            return format_type(self, oid, -1, qualified=schema)
        return format_type(self, oid, typmod, qualified=schema, given=True)

    def _visible(self, relation: str, name_column: str, schema_column: str, row: Any) -> bool:
        """True when an unqualified name would find this row first."""
        name = getattr(row, name_column)
        schema = getattr(row, schema_column)
        for candidate in self.search_path:
            if candidate == schema:
                return True
            if self.one(relation, **{name_column: name, schema_column: candidate}) is not None:
                return False
        return False

    def type_visible(self, row: Any) -> bool:
        return self._visible("pg_type", "typname", "typnamespace", row)

    def relation_visible(self, row: Any) -> bool:
        return self._visible("pg_class", "relname", "relnamespace", row)

    def type_info(self, oid: int) -> TypeInfo:
        row = self.one("pg_type", oid=oid)
        if row is None:
            raise KeyError(oid)
        base_of_range = self.one("pg_range", rngtypid=oid) if row.typtype == "r" else None
        of_multirange = self.one("pg_range", rngmultitypid=oid) if row.typtype == "m" else None
        labels: tuple[str, ...] = ()
        if row.typtype == "e":
            enum = sorted(self.many("pg_enum", enumtypid=oid), key=lambda e: e.enumsortorder)
            labels = tuple([e.enumlabel for e in enum])
        attributes: tuple[tuple[str, int, int], ...] = ()
        if row.typrelid:
            relation = self.relation(row.typrelid)
            attributes = tuple([(c.name, c.type, c.typmod) for c in relation.live])
        is_array = row.typsubscript == _array_subscript() or oid in (22, 30)
        return TypeInfo(
            oid=oid,
            name=row.typname,
            display=self.format_type(oid),
            typtype=row.typtype,
            category=row.typcategory,
            input=self.prosrc(row.typinput),
            output=self.prosrc(row.typoutput),
            receive=self.prosrc(row.typreceive),
            send=self.prosrc(row.typsend),
            modin=self.prosrc(row.typmodin),
            modout=self.prosrc(row.typmodout),
            length=row.typlen,
            by_value=row.typbyval,
            align=row.typalign,
            delimiter=row.typdelim,
            element=row.typelem if is_array else 0,
            array=row.typarray,
            basetype=row.typbasetype,
            basetypmod=row.typtypmod,
            enum_labels=labels,
            attributes=attributes,
            range_subtype=base_of_range.rngsubtype if base_of_range else 0,
            range_canonical=self.prosrc(base_of_range.rngcanonical) if base_of_range else "",
            range_subdiff=self.prosrc(base_of_range.rngsubdiff) if base_of_range else "",
            range_type=of_multirange.rngtypid if of_multirange else 0,
            multirange_type=base_of_range.rngmultitypid if base_of_range else 0,
            relid=row.typrelid,
        )

    def cast_function(self, source: int, target: int) -> tuple[str, str] | None:
        row = self.one("pg_cast", castsource=source, casttarget=target)
        if row is None:
            return None
        return row.castmethod, self.prosrc(row.castfunc) if row.castfunc else ""

    # -- functions and operators -----------------------------------------------------------------------------

    def proc(self, oid: int) -> Any:
        row = self.one("pg_proc", oid=oid)
        if row is None:
            raise PgError("XX000", f"cache lookup failed for function {oid}")
        return row

    def prosrc(self, oid: int) -> str:
        if not oid:
            return ""
        row = self.one("pg_proc", oid=oid)
        return row.prosrc if row is not None else ""

    def operator(self, oid: int) -> Any:
        return self.one("pg_operator", oid=oid)

    def default_opclass(self, type_oid: int, am: int) -> Any:
        """The default operator class of an access method for a type (its base, array or other family member)."""
        key = ("opclass", type_oid, am)
        cache = self.cache
        if key in cache:
            return cache[key]
        base = self.base_type(type_oid)
        found = None
        candidates = [c for c in self.many("pg_opclass", opcmethod=am) if c.opcdefault]
        for candidate in candidates:
            if candidate.opcintype == base:
                found = candidate
                break
        if found is None:
            row = self.type_row(base)
            pseudo = []
            if self.element_type(base):
                pseudo.append(oids.ANYARRAY)
            if row.typtype == "e":
                pseudo.append(oids.ANYENUM)
            if row.typtype == "r":
                pseudo.append(oids.ANYRANGE)
            if row.typtype == "m":
                pseudo.append(oids.ANYMULTIRANGE)
            if row.typtype == "c":
                pseudo.append(oids.RECORD)
            pseudo += [
                c.casttarget
                for c in self.many("pg_cast", castsource=base)
                if c.castmethod == "b" and c.castcontext == "i"
            ]
            for accepted in pseudo:
                for candidate in candidates:
                    if candidate.opcintype == accepted:
                        found = candidate
                        break
                if found is not None:
                    break
        cache[key] = found
        return found

    def opfamily_operator(self, family: int, left: int, right: int, strategy: int) -> int:
        for row in self.many("pg_amop", amopfamily=family):
            if row.amoplefttype == left and row.amoprighttype == right and row.amopstrategy == strategy:
                return int(row.amopopr)
        return 0

    # -- relations -------------------------------------------------------------------------------------------

    def relation_row(self, oid: int) -> Any:
        return self.one("pg_class", oid=oid)

    def relid_by_name(self, schema: int, name: str) -> int | None:
        row = self.one("pg_class", relname=name, relnamespace=schema)
        return row.oid if row is not None else None

    def relation(self, oid: int) -> Relation:
        """The description of a relation; XX000 when there is none."""
        cache = self.cache
        key = ("relation", oid)
        found = cache.get(key)
        if found is None:
            found = cache[key] = self._build_relation(oid)
        return found  # type: ignore[no-any-return]

    def _build_relation(self, oid: int) -> Relation:
        row = self.one("pg_class", oid=oid)
        if row is None:
            raise PgError("XX000", f"could not open relation with OID {oid}")
        relation = Relation(
            oid=oid,
            name=row.relname,
            schema=row.relnamespace,
            schema_name=self.schema_name(row.relnamespace) or "",
            kind=row.relkind,
            persistence=row.relpersistence,
            owner=row.relowner,
            filenode=row.relfilenode or oid,
            reltype=row.reltype,
            acl=row.relacl,
            columns=list(self._columns(oid)),
            row_security=row.relrowsecurity,
            oftype=row.reloftype,
            has_rules=row.relhasrules,
            options=row.reloptions,
        )
        if relation.kind not in "rmpf" or oid < oids.FIRST_USER_OID:
            if relation.kind == "r":
                relation.indexes = self._indexes(relation)
            return relation
        relation.constraints = [self._constraint(r) for r in self.find("pg_constraint", conrelid=oid)]
        relation.constraints.sort(key=lambda c: c.name)
        relation.indexes = self._indexes(relation)
        relation.checks = [c for c in relation.constraints if c.kind == "c"]
        relation.foreign_keys = [c for c in relation.constraints if c.kind == "f"]
        relation.foreign_keys.sort(key=lambda c: c.oid)
        relation.referenced_by = [
            self._constraint(r) for r in self.find("pg_constraint", confrelid=oid) if r.contype == "f"
        ]
        relation.referenced_by.sort(key=lambda c: c.oid)
        return relation

    def _columns(self, oid: int) -> Iterator[Column]:
        rows = [r for r in self.find("pg_attribute", attrelid=oid) if r.attnum > 0]
        rows.sort(key=lambda r: r.attnum)
        defaults = {d.adnum: d.adbin for d in self.find("pg_attrdef", adrelid=oid)} if oid >= 16384 else {}
        for r in rows:
            yield Column(
                r.attname,
                r.attnum,
                r.atttypid,
                r.atttypmod,
                r.attnotnull,
                r.atthasdef,
                (r.attidentity or "").strip("\0"),
                (r.attgenerated or "").strip("\0"),
                r.attisdropped,
                r.attcollation,
                defaults.get(r.attnum),
            )

    def _indexes(self, relation: Relation) -> list[IndexInfo]:
        by_index = {c.index: c for c in relation.constraints if c.kind in "pux" and c.index}
        found = []
        for row in self.find("pg_index", indrelid=relation.oid):
            index_class = self.one("pg_class", oid=row.indexrelid)
            expressions = getattr(row.indexprs, "tree", None) or ()
            predicate = getattr(row.indpred, "tree", None)
            found.append(
                IndexInfo(
                    oid=row.indexrelid,
                    name=index_class.relname,
                    unique=row.indisunique,
                    primary=row.indisprimary,
                    nulls_not_distinct=row.indnullsnotdistinct,
                    immediate=row.indimmediate,
                    valid=row.indisvalid,
                    keys=tuple(row.indkey.elements),
                    width=row.indnkeyatts,
                    options=tuple(row.indoption.elements),
                    expressions=tuple(expressions),
                    predicate=predicate,
                    opclasses=tuple(row.indclass.elements),
                    collations=tuple(row.indcollation.elements),
                    am=index_class.relam,
                    exclusion=row.indisexclusion,
                    constraint=by_index.get(row.indexrelid),
                )
            )
        found.sort(key=lambda i: i.oid)
        return found

    @staticmethod
    def _constraint(row: Any) -> ConstraintInfo:
        return ConstraintInfo(
            oid=row.oid,
            name=row.conname,
            kind=row.contype,
            relid=row.conrelid,
            keys=tuple(row.conkey.elements) if row.conkey is not None else (),
            deferrable=row.condeferrable,
            deferred=row.condeferred,
            validated=row.convalidated,
            enforced=row.conenforced,
            index=row.conindid,
            expr=getattr(row.conbin, "tree", None),
            foreign_relid=row.confrelid,
            foreign_keys=tuple(row.confkey.elements) if row.confkey is not None else (),
            on_update=row.confupdtype,
            on_delete=row.confdeltype,
            match=row.confmatchtype,
            delete_set_columns=tuple(row.confdelsetcols.elements) if row.confdelsetcols is not None else (),
            no_inherit=row.connoinherit,
            pf_eq=tuple(row.conpfeqop.elements) if row.conpfeqop is not None else (),
        )


_array_subscript_oid = 0


def _array_subscript() -> int:
    global _array_subscript_oid
    if not _array_subscript_oid:
        _array_subscript_oid = next(
            r.oid for r in store.seeded_rows("pg_proc") if r.prosrc == "array_subscript_handler"
        )
    return _array_subscript_oid


class NodeTree(str):
    """A pg_node_tree value: the typed tree in `tree`; as text only a marker, since nobody should read it."""

    __slots__ = ("tree",)
    tree: Any

    @classmethod
    def of(cls, tree: Any, text: str = "{}") -> NodeTree:
        value = cls(text)
        value.tree = tree
        return value
