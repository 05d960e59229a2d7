"""CREATE SEQUENCE and ALTER SEQUENCE, also for serial and identity columns."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.relations import find_relation_oid, range_var_names
from emulators.postgres.analyze.typenames import resolve_type
from emulators.postgres.commands import command
from emulators.postgres.commands.objects import (
    ColumnSpec,
    check_relation_free,
    create_relation,
    creation_target,
    depend,
)
from emulators.postgres.database import Sequence
from emulators.postgres.errors import PgError
from emulators.postgres.parse.node import name_of

_LIMITS = {oids.INT2: 2**15, oids.INT4: 2**31, oids.INT8: 2**63}


def _number(arg: Any) -> int:
    if arg.kind == "Integer":
        return int(arg.ival or 0)
    return int(arg.fval)


def sequence_parameters(
    backend: Any, options: list[Any], data_type: int, old: Any = None, *, identity: bool = False
) -> tuple[dict[str, Any], int | None, Any]:
    """(pg_sequence columns, RESTART value or None, OWNED BY names or None)."""
    catalog = backend.catalog
    given: dict[str, Any] = {}
    for option in options:
        name = option.defname
        if name in given:
            raise PgError("42601", "conflicting or redundant options", location=option.location)
        given[name] = option
    new_type = data_type
    type_changed = False
    if "as" in given:
        new_type, _ = resolve_type(catalog, given["as"].arg)
        if new_type not in _LIMITS:
            what = "identity column type" if identity else "sequence type"
            raise PgError("22023", f"{what} must be smallint, integer, or bigint")
        type_changed = old is not None and new_type != data_type
    limit = _LIMITS[catalog.base_type(new_type)]
    increment = _number(given["increment"].arg) if "increment" in given else (old.seqincrement if old else 1)
    if increment == 0:
        raise PgError("22023", "INCREMENT must not be zero")
    cycle = bool(given["cycle"].arg.boolval) if "cycle" in given else (old.seqcycle if old else False)
    default_max = limit - 1 if increment > 0 else -1
    default_min = 1 if increment > 0 else -limit
    old_limit = _LIMITS.get(data_type, limit)
    maximum = old.seqmax if old else default_max
    if type_changed and old.seqmax == old_limit - 1:
        maximum = limit - 1
    minimum = old.seqmin if old else default_min
    if type_changed and old.seqmin == -old_limit:
        minimum = -limit
    if "maxvalue" in given:
        maximum = _number(given["maxvalue"].arg) if given["maxvalue"].arg is not None else default_max
    if "minvalue" in given:
        minimum = _number(given["minvalue"].arg) if given["minvalue"].arg is not None else default_min
    type_text = catalog.format_type(new_type)
    if not -limit <= maximum < limit:
        raise PgError("22023", f"MAXVALUE ({maximum}) is out of range for sequence data type {type_text}")
    if not -limit <= minimum < limit:
        raise PgError("22023", f"MINVALUE ({minimum}) is out of range for sequence data type {type_text}")
    if minimum >= maximum:
        raise PgError("22023", f"MINVALUE ({minimum}) must be less than MAXVALUE ({maximum})")
    start = (
        _number(given["start"].arg)
        if "start" in given
        else (old.seqstart if old else minimum if increment > 0 else maximum)
    )
    if start < minimum:
        raise PgError("22023", f"START value ({start}) cannot be less than MINVALUE ({minimum})")
    if start > maximum:
        raise PgError("22023", f"START value ({start}) cannot be greater than MAXVALUE ({maximum})")
    cache = _number(given["cache"].arg) if "cache" in given else (old.seqcache if old else 1)
    if cache <= 0:
        raise PgError("22023", f"CACHE ({cache}) must be greater than zero")
    restart = None
    if "restart" in given:
        restart = _number(given["restart"].arg) if given["restart"].arg is not None else start
        if restart < minimum:
            raise PgError("22023", f"RESTART value ({restart}) cannot be less than MINVALUE ({minimum})")
        if restart > maximum:
            raise PgError("22023", f"RESTART value ({restart}) cannot be greater than MAXVALUE ({maximum})")
    owned = name_of(given["owned_by"].arg) if "owned_by" in given else None
    for option in options:
        option.mark_read()
    parameters = {
        "seqtypid": new_type, "seqstart": start, "seqincrement": increment, "seqmax": maximum, "seqmin": minimum,
        "seqcache": cache, "seqcycle": cycle,
    }  # fmt: skip
    return parameters, restart, owned


def create_sequence(
    backend: Any, name: str, schema: int, options: list[Any], *, data_type: int = oids.INT8, persistence: str = "p",
    check_free: bool = True,
) -> int:  # fmt: skip
    catalog = backend.catalog
    base = catalog.base_type(data_type)
    parameters, _, owned = sequence_parameters(backend, options, base)
    if check_free:
        check_relation_free(backend, schema, name)
    columns = []
    for column, oid in (("last_value", oids.INT8), ("log_cnt", oids.INT8), ("is_called", oids.BOOL)):
        spec = ColumnSpec(column, oid, -1)
        spec.notnull = True
        columns.append(spec)
    oid = create_relation(backend, name, schema, "S", columns, persistence=persistence, with_type=False)
    catalog.insert("pg_sequence", seqrelid=oid, **parameters)
    state = Sequence(parameters["seqstart"])
    sequences = backend.database.sequences
    sequences[oid] = state
    if owned and owned != ["none"]:
        _own(backend, oid, owned)
    return oid


def _own(backend: Any, oid: int, names: list[str]) -> None:
    catalog = backend.catalog
    catalog.delete("pg_depend", classid=oids.PG_CLASS, objid=oid, deptype="a")
    if names == ["none"]:
        return
    if len(names) < 2:
        raise PgError(
            "42601",
            "invalid OWNED BY option",
            hint="Specify OWNED BY table.column or OWNED BY NONE.",
        )
    table = find_relation_oid(catalog, names[:-1])
    assert table is not None
    relation = catalog.relation(table)
    if relation.kind not in "rvf":
        raise PgError("42809", f'sequence cannot be owned by relation "{relation.name}"')
    column = relation.column(names[-1])
    if column is None:
        raise PgError("42703", f'column "{names[-1]}" of relation "{relation.name}" does not exist')
    sequence = catalog.relation(oid)
    if sequence.schema != relation.schema:
        raise PgError("55000", "sequence must be in same schema as table it is linked to")
    depend(backend, (oids.PG_CLASS, oid, 0), (oids.PG_CLASS, table, column.num), "a")


@command("CreateSeqStmt")
def create_sequence_statement(backend: Any, node: Any, text: str) -> str:
    names = range_var_names(node.sequence)
    schema, name, persistence = creation_target(backend, names, node.sequence.relpersistence or "p")
    if node.if_not_exists and backend.catalog.relid_by_name(schema, name) is not None:
        backend.notice(PgError("42P07", f'relation "{name}" already exists, skipping', severity="NOTICE"))
        node.mark_read()
        return "CREATE SEQUENCE"
    create_sequence(backend, name, schema, list(node.options or ()), persistence=persistence)
    _ = node.ownerId, node.for_identity
    return "CREATE SEQUENCE"


@command("AlterSeqStmt")
def alter_sequence(backend: Any, node: Any, text: str) -> str:
    names = range_var_names(node.sequence)
    catalog = backend.catalog
    oid = find_relation_oid(catalog, names, None, missing_ok=bool(node.missing_ok))
    if oid is None:
        backend.notice(PgError("00000", f'relation "{names[-1]}" does not exist, skipping', severity="NOTICE"))
        node.mark_read()
        return "ALTER SEQUENCE"
    relation = catalog.relation(oid)
    if relation.kind != "S":
        raise PgError("42809", f'"{relation.name}" is not a sequence')
    from emulators.postgres.privileges import check_owner

    check_owner(backend, relation.owner, f"sequence {relation.name}")
    change_sequence(backend, oid, list(node.options or ()))
    _ = node.for_identity
    return "ALTER SEQUENCE"


def change_sequence(backend: Any, oid: int, options: list[Any]) -> None:
    catalog = backend.catalog
    old = catalog.one("pg_sequence", seqrelid=oid)
    parameters, restart, owned = sequence_parameters(backend, options, old.seqtypid, old)
    state = backend.sequences.state(oid)
    if restart is None:
        if state.last_value < parameters["seqmin"]:
            raise PgError(
                "22023",
                f"RESTART value ({state.last_value}) cannot be less than MINVALUE ({parameters['seqmin']})",
            )
        if state.last_value > parameters["seqmax"]:
            raise PgError(
                "22023",
                f"RESTART value ({state.last_value}) cannot be greater than MAXVALUE ({parameters['seqmax']})",
            )
    catalog.update("pg_sequence", {"seqrelid": oid}, **parameters)
    if restart is not None:
        backend.sequences.restart(oid, restart)
    if owned is not None:
        _own(backend, oid, owned)
