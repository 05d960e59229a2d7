"""The session as types and functions see it (types/context.py), and the helpers that generated code calls on `ctx`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.postgres.errors import PgError
from emulators.postgres.types import timezones

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend

_EPOCH_US = 946_684_800_000_000  # 2000-01-01 as Unix microseconds
_DAY_US = 86_400_000_000


class SessionContext:
    """Settings and moment of one session; one object for its whole life."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.catalog = backend.catalog
        backend.catalog.context = self
        self.date_style = "ISO"
        self.date_order = "MDY"
        self.interval_style = "postgres"
        self.time_zone: Any = timezones.zone("UTC")
        self.bytea_output = "hex"
        self.extra_float_digits = 1
        self.xmlbinary = "base64"
        self.transaction_timestamp = 0
        self.statement_timestamp = 0
        self._seeded: Any = None
        self._domains: dict[Any, Any] = {}

    # -- the Context protocol --------------------------------------------------------------------------------

    def clock_timestamp(self) -> int:
        return self.backend.clock.wall_us() - _EPOCH_US

    def random_bytes(self, count: int) -> bytes:
        return self.backend.cluster.random.randbytes(count)  # type: ignore[no-any-return]

    def random(self) -> float:
        source = self._seeded or self.backend.cluster.random
        return source.random()  # type: ignore[no-any-return]

    def setting(self, name: str) -> str | None:
        return self.backend.show_setting(name)

    def notice(
        self, severity: str, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None:
        self.backend.notice(PgError(sqlstate, message, detail=detail, hint=hint, severity=severity))

    def reg_in(self, kind: str, text: str) -> int:
        from emulators.postgres.catalog.regtypes import reg_in

        return reg_in(self.backend, kind, text)

    def reg_out(self, kind: str, oid: int) -> str:
        from emulators.postgres.catalog.regtypes import reg_out

        return reg_out(self.backend, kind, oid)

    # -- generated code --------------------------------------------------------------------------------------

    def sql_value(self, op: str, typmod: int) -> Any:
        return self.backend.sql_value(op, typmod)

    def nextval(self, sequence: int) -> int:
        return self.backend.sequences.nextval(sequence)

    def nextval_identity(self, relid: int, attnum: int) -> int:
        return self.backend.sequences.nextval_identity(relid, attnum)

    def call_function(self, oid: int, args: tuple[Any, ...], types: tuple[int, ...], result: int) -> Any:
        return self.backend.call_function(oid, args, types, result)

    def current_of(self, cursor: str, relid: int, version: Any) -> bool:
        return self.backend.current_of(cursor, relid, version)

    def check_interrupts(self) -> None:
        self.backend.check_interrupts()

    def check_domain(self, oid: int, value: Any) -> Any:
        """A value passed through a domain's constraints."""
        catalog = self.backend.catalog
        cache = catalog.cache
        key = ("domain", oid)
        checks = cache.get(key)
        if checks is None:
            checks = cache[key] = self._domain_checks(oid)
        for kind, name, domain, function in checks:
            if kind == "notnull":
                if value is None:
                    row = catalog.type_row(domain)
                    raise PgError(
                        "23502",
                        f"domain {catalog.format_type(domain)} does not allow null values",
                        schema=catalog.schema_name(row.typnamespace),
                        datatype=row.typname,
                    )
            elif function(self, value) is False:
                row = catalog.type_row(domain)
                raise PgError(
                    "23514",
                    f'value for domain {catalog.format_type(domain)} violates check constraint "{name}"',
                    schema=catalog.schema_name(row.typnamespace),
                    datatype=row.typname,
                    constraint=name,
                )
        return value

    def _domain_checks(self, oid: int) -> list[tuple[str, str, int, Any]]:
        from emulators.postgres.compile.plan import value_function

        catalog = self.backend.catalog
        chain = []
        row = catalog.type_row(oid)
        while row.typtype == "d":
            chain.append(row)
            row = catalog.type_row(row.typbasetype)
        out: list[tuple[str, str, int, Any]] = []
        for domain in reversed(chain):
            if domain.typnotnull:
                out.append(("notnull", "", domain.oid, None))
            constraints = [c for c in catalog.find("pg_constraint", contypid=domain.oid) if c.contype == "c"]
            for constraint in sorted(constraints, key=lambda c: c.conname):
                tree = getattr(constraint.conbin, "tree", None)
                if tree is not None:
                    out.append(("check", constraint.conname, domain.oid, value_function(catalog, tree)))
        return out


def timestamp_of(us: int) -> int:
    """Unix microseconds as a timestamptz value."""
    return us - _EPOCH_US


DAY_US = _DAY_US
