"""A Catalog over PostgreSQL's own pg_type rows only: what tests, the coverage command and tools need.

The engine has its own, which also knows users' types. `add_enum` and `add_composite` put types of a test into it.
"""

from __future__ import annotations

from typing import Any

from emulators.postgres.catalog import seed
from emulators.postgres.types.context import TypeInfo

_DISPLAY = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "bpchar": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "char": '"char"',
}


class SeedCatalog:
    """PostgreSQL's built-in types."""

    def __init__(self) -> None:
        self.type_io_cache: dict[int, Any] = {}
        columns = seed.columns("pg_type")
        self._rows: dict[int, dict[str, Any]] = {
            row[0]: dict(zip(columns, row, strict=True)) for row in seed.rows("pg_type")
        }
        self.by_name: dict[str, int] = {row["typname"]: oid for oid, row in self._rows.items()}
        proc_columns = seed.columns("pg_proc")
        prosrc = proc_columns.index("prosrc")
        self._prosrc: dict[int, str] = {row[0]: row[prosrc] for row in seed.rows("pg_proc")}
        range_columns = seed.columns("pg_range")
        self._ranges: dict[int, dict[str, Any]] = {}
        self._multiranges: dict[int, int] = {}
        for row in seed.rows("pg_range"):
            values = dict(zip(range_columns, row, strict=True))
            self._ranges[values["rngtypid"]] = values
            self._multiranges[values["rngmultitypid"]] = values["rngtypid"]
        cast_columns = seed.columns("pg_cast")
        self._casts: dict[tuple[int, int], tuple[str, str]] = {}
        for row in seed.rows("pg_cast"):
            values = dict(zip(cast_columns, row, strict=True))
            key = (values["castsource"], values["casttarget"])
            self._casts[key] = (values["castmethod"], self._prosrc.get(values["castfunc"], ""))
        self._infos: dict[int, TypeInfo] = {}

    def type_info(self, oid: int) -> TypeInfo:
        info = self._infos.get(oid)
        if info is None:
            info = self._infos[oid] = self._make(self._rows[oid])
        return info

    def cast_function(self, source: int, target: int) -> tuple[str, str] | None:
        return self._casts.get((source, target))

    def role_name(self, oid: int) -> str:
        """The name of a built-in role, such as the bootstrap user's."""
        columns = seed.columns("pg_authid")
        where = columns.index("rolname")
        return next(str(row[where]) for row in seed.rows("pg_authid") if row[0] == oid)

    def add_enum(self, oid: int, name: str, labels: tuple[str, ...]) -> None:
        self._infos[oid] = TypeInfo(
            oid, name, name, "e", "E", "enum_in", "enum_out", "enum_recv", "enum_send", length=4, enum_labels=labels
        )
        self.by_name[name] = oid

    def add_composite(self, oid: int, name: str, attributes: tuple[tuple[str, int, int], ...]) -> None:
        self._infos[oid] = TypeInfo(
            oid, name, name, "c", "C", "record_in", "record_out", "record_recv", "record_send", attributes=attributes
        )
        self.by_name[name] = oid

    def add_array(self, oid: int, element: int) -> None:
        base = self.type_info(element)
        base.array = oid
        name = f"_{base.name}"
        self._infos[oid] = TypeInfo(
            oid,
            name,
            f"{base.display}[]",
            "b",
            "A",
            "array_in",
            "array_out",
            "array_recv",
            "array_send",
            element=element,
        )
        self.by_name[name] = oid

    def _make(self, row: dict[str, Any]) -> TypeInfo:
        oid, name = row["oid"], row["typname"]
        prosrc = self._prosrc
        element = row["typelem"] if row["typcategory"] == "A" else 0
        if element and name.startswith("_"):
            display = self.type_info(element).display + "[]"
        else:
            display = _DISPLAY.get(name, name)
        rng = self._ranges.get(oid, {})
        return TypeInfo(
            oid,
            name,
            display,
            row["typtype"],
            row["typcategory"],
            prosrc.get(row["typinput"], ""),
            prosrc.get(row["typoutput"], ""),
            prosrc.get(row["typreceive"], ""),
            prosrc.get(row["typsend"], ""),
            prosrc.get(row["typmodin"], ""),
            prosrc.get(row["typmodout"], ""),
            row["typlen"],
            row["typbyval"],
            row["typalign"],
            row["typdelim"],
            element,
            row["typarray"],
            row["typbasetype"],
            row["typtypmod"],
            range_subtype=rng.get("rngsubtype", 0),
            range_canonical=prosrc.get(rng.get("rngcanonical", 0), ""),
            range_subdiff=prosrc.get(rng.get("rngsubdiff", 0), ""),
            range_type=self._multiranges.get(oid, 0),
            multirange_type=rng.get("rngmultitypid", 0),
            relid=row["typrelid"],
        )
