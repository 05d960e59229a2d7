"""pg_get_*, visibility, format_type, object descriptions: what psql, drivers and ORMs ask of the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from emulators.postgres import deparse, oids
from emulators.postgres.catalog.describe import object_description
from emulators.postgres.catalog.format_type import format_type as type_text
from emulators.postgres.catalog.format_type import quote_identifier, quote_literal
from emulators.postgres.catalog.regtypes import reg_in, split_name
from emulators.postgres.errors import PgError
from emulators.postgres.functions.registry import BUILTINS, builtin
from emulators.postgres.types.values import PgArray, Row

F = TypeVar("F", bound=Callable[..., Any])


def define(*names: str, **kw: Any) -> Callable[[F], F]:
    """Like `builtin`, unless functions/ has an implementation of its own already."""
    free = [n for n in names if n not in BUILTINS]
    if not free:
        return lambda function: function
    return builtin(*free, ctx=True, **kw)


@define("format_type")
def format_type(ctx: Any, oid: int | None, typmod: int | None) -> str | None:
    if oid is None:
        return None
    return type_text(ctx.catalog, oid, -1 if typmod is None else typmod, given=typmod is not None)


def _visible(relation: str, name: str, schema: str) -> Any:
    def run(ctx: Any, oid: int) -> bool | None:
        row = ctx.catalog.one(relation, oid=oid)
        if row is None:
            return None
        return bool(ctx.catalog._visible(relation, name, schema, row))

    return run


for _name, _args in {
    "pg_table_is_visible": ("pg_class", "relname", "relnamespace"),
    "pg_type_is_visible": ("pg_type", "typname", "typnamespace"),
    "pg_collation_is_visible": ("pg_collation", "collname", "collnamespace"),
    "pg_conversion_is_visible": ("pg_conversion", "conname", "connamespace"),
    "pg_ts_config_is_visible": ("pg_ts_config", "cfgname", "cfgnamespace"),
    "pg_ts_dict_is_visible": ("pg_ts_dict", "dictname", "dictnamespace"),
    "pg_ts_parser_is_visible": ("pg_ts_parser", "prsname", "prsnamespace"),
    "pg_ts_template_is_visible": ("pg_ts_template", "tmplname", "tmplnamespace"),
    "pg_statistics_obj_is_visible": ("pg_statistic_ext", "stxname", "stxnamespace"),
    "pg_opclass_is_visible": ("pg_opclass", "opcname", "opcnamespace"),
    "pg_opfamily_is_visible": ("pg_opfamily", "opfname", "opfnamespace"),
}.items():
    define(_name)(_visible(*_args))


@define("pg_function_is_visible")
def function_is_visible(ctx: Any, oid: int) -> bool | None:
    from emulators.postgres.catalog.describe import _visible_functions

    row = ctx.catalog.one("pg_proc", oid=oid)
    if row is None:
        return None
    return any(r.oid == oid for r in _visible_functions(ctx.catalog, row.proname))


@define("pg_operator_is_visible")
def operator_is_visible(ctx: Any, oid: int) -> bool | None:
    row = ctx.catalog.operator(oid)
    return None if row is None else row.oprnamespace in ctx.catalog.search_path


@define("pg_get_expr", "pg_get_expr_ext")
def pg_get_expr(ctx: Any, expr: Any, relid: int, pretty: bool = False) -> str | None:
    tree = getattr(expr, "tree", None)
    if tree is None:
        return str(expr)
    if isinstance(tree, list):
        return ", ".join([deparse.expression_text(ctx.backend, e, pretty=pretty) for e in tree])
    return deparse.expression_text(ctx.backend, tree, pretty=pretty)


@define("pg_get_indexdef")
def pg_get_indexdef(ctx: Any, oid: int) -> str | None:
    return deparse.index_definition(ctx.backend, oid)


@define("pg_get_indexdef_ext")
def pg_get_indexdef_ext(ctx: Any, oid: int, column: int, pretty: bool) -> str | None:
    return deparse.index_definition(ctx.backend, oid, column, pretty=pretty)


@define("pg_get_constraintdef", "pg_get_constraintdef_ext")
def pg_get_constraintdef(ctx: Any, oid: int, pretty: bool = False) -> str | None:
    return deparse.constraint_definition(ctx.backend, oid, pretty=pretty)


@define("pg_get_viewdef", "pg_get_viewdef_ext")
def pg_get_viewdef(ctx: Any, oid: int, pretty: bool = False) -> str | None:
    return deparse.view_definition(ctx.backend, oid, pretty=pretty)


@define("pg_get_viewdef_wrap")
def pg_get_viewdef_wrap(ctx: Any, oid: int, wrap: int) -> str | None:
    return deparse.view_definition(ctx.backend, oid, pretty=True)


@define("pg_get_viewdef_name", "pg_get_viewdef_name_ext")
def pg_get_viewdef_name(ctx: Any, name: str, pretty: bool = False) -> str | None:
    return deparse.view_definition(ctx.backend, reg_in(ctx.backend, "regclass", name), pretty=pretty)


@define("pg_get_ruledef", "pg_get_ruledef_ext")
def pg_get_ruledef(ctx: Any, oid: int, pretty: bool = False) -> str | None:
    row = ctx.catalog.one("pg_rewrite", oid=oid)
    if row is None:
        return None
    body = deparse.view_definition(ctx.backend, row.ev_class, pretty=pretty) or ""
    name = deparse.Deparser(ctx.backend).relation_name(row.ev_class)
    return f'CREATE RULE "{row.rulename}" AS\n    ON SELECT TO {name} DO INSTEAD {body.lstrip()}'


@define("pg_get_triggerdef", "pg_get_triggerdef_ext")
def pg_get_triggerdef(ctx: Any, oid: int, pretty: bool = False) -> str | None:
    return None


@define("pg_get_partkeydef", "pg_get_partition_constraintdef")
def pg_get_partkeydef(ctx: Any, oid: int) -> str | None:
    return None


@define("pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns")
def pg_get_statisticsobjdef(ctx: Any, oid: int) -> str | None:
    return None


@define("pg_get_userbyid")
def pg_get_userbyid(ctx: Any, oid: int) -> str:
    return str(ctx.catalog.role_name(oid))


@define("pg_get_serial_sequence")
def pg_get_serial_sequence(ctx: Any, table: str, column: str) -> str | None:
    catalog = ctx.catalog
    relation = catalog.relation(reg_in(ctx.backend, "regclass", table))
    found = relation.column(column)
    if found is None:
        raise PgError("42703", f'column "{column}" of relation "{relation.name}" does not exist')
    for row in catalog.many("pg_depend", refobjid=relation.oid):
        if row.refobjsubid == found.num and row.classid == oids.PG_CLASS and row.deptype in "ai":
            sequence = catalog.one("pg_class", oid=row.objid)
            if sequence is not None and sequence.relkind == "S":
                schema = quote_identifier(catalog.schema_name(sequence.relnamespace) or "")
                return f"{schema}.{quote_identifier(sequence.relname)}"
    return None


# -- functions -----------------------------------------------------------------------------------------------


def _function_arguments(ctx: Any, row: Any, *, defaults: bool, table: bool = False, identity: bool = False) -> str:
    catalog = ctx.catalog
    types = row.proallargtypes.elements if row.proallargtypes is not None else row.proargtypes.elements
    modes = row.proargmodes.elements if row.proargmodes is not None else ["i"] * len(types)
    names = row.proargnames.elements if row.proargnames is not None else [""] * len(types)
    inputs = sum(1 for m in modes if m in "ibv")
    first_default = inputs - row.pronargdefaults
    trees = getattr(row.proargdefaults, "tree", None)
    texts = row.proargdefaults.elements if row.proargdefaults is not None and trees is None else None
    parts = []
    number = 0
    for oid, mode, name in zip(types, modes, names, strict=False):
        is_input = mode in "ibv"
        if (mode == "t") != table:
            if is_input:
                number += 1
            continue
        if identity and mode == "o":
            continue
        text = {"i": "", "o": "OUT ", "b": "INOUT ", "v": "VARIADIC ", "t": ""}[mode]
        if name:
            text += f"{quote_identifier(name)} "
        text += type_text(catalog, oid, -1)
        if defaults and is_input and number >= first_default:
            position = number - first_default
            default = (
                deparse.expression_text(ctx.backend, trees[position])
                if trees is not None
                else texts[position]
                if texts
                else ""
            )
            text += f" DEFAULT {default}"
        if is_input:
            number += 1
        parts.append(text)
    return ", ".join(parts)


@define("pg_get_function_arguments")
def pg_get_function_arguments(ctx: Any, oid: int) -> str | None:
    row = ctx.catalog.one("pg_proc", oid=oid)
    return None if row is None else _function_arguments(ctx, row, defaults=True)


@define("pg_get_function_identity_arguments")
def pg_get_function_identity_arguments(ctx: Any, oid: int) -> str | None:
    row = ctx.catalog.one("pg_proc", oid=oid)
    return None if row is None else _function_arguments(ctx, row, defaults=False, identity=True)


@define("pg_get_function_result")
def pg_get_function_result(ctx: Any, oid: int) -> str | None:
    row = ctx.catalog.one("pg_proc", oid=oid)
    if row is None or row.prokind == "p":
        return None
    if row.proargmodes is not None and "t" in row.proargmodes.elements:
        return f"TABLE({_function_arguments(ctx, row, defaults=False, table=True)})"
    text = type_text(ctx.catalog, row.prorettype, -1)
    return f"SETOF {text}" if row.proretset else text


@define("pg_get_function_arg_default")
def pg_get_function_arg_default(ctx: Any, oid: int, number: int) -> str | None:
    row = ctx.catalog.one("pg_proc", oid=oid)
    if row is None or row.proargdefaults is None:
        return None
    position = number - 1 - (row.pronargs - row.pronargdefaults)
    trees = getattr(row.proargdefaults, "tree", None)
    items = trees if trees is not None else row.proargdefaults.elements
    if not 0 <= position < len(items):
        return None
    return deparse.expression_text(ctx.backend, items[position]) if trees is not None else str(items[position])


@define("pg_get_function_sqlbody")
def pg_get_function_sqlbody(ctx: Any, oid: int) -> str | None:
    row = ctx.catalog.one("pg_proc", oid=oid)
    if row is None or row.prosqlbody is None:
        return None
    return str(row.prosqlbody)


@define("pg_get_functiondef")
def pg_get_functiondef(ctx: Any, oid: int) -> str | None:
    catalog = ctx.catalog
    row = catalog.one("pg_proc", oid=oid)
    if row is None:
        return None
    if row.prokind == "a":
        raise PgError("42809", f'"{row.proname}" is an aggregate function')
    schema = quote_identifier(catalog.schema_name(row.pronamespace) or "")
    word = "PROCEDURE" if row.prokind == "p" else "FUNCTION"
    text = f"CREATE OR REPLACE {word} {schema}.{quote_identifier(row.proname)}({_function_arguments(ctx, row, defaults=True)})\n"
    if row.prokind != "p":
        text += f" RETURNS {pg_get_function_result(ctx, oid)}\n"
    language = catalog.one("pg_language", oid=row.prolang).lanname
    text += f" LANGUAGE {quote_identifier(language)}\n"
    words = []
    if row.prokind == "w":
        words.append(" WINDOW")
    if row.provolatile != "v":
        words.append({"i": " IMMUTABLE", "s": " STABLE"}[row.provolatile])
    if row.proparallel != "u":
        words.append({"s": " PARALLEL SAFE", "r": " PARALLEL RESTRICTED"}[row.proparallel])
    if row.proisstrict:
        words.append(" STRICT")
    if row.prosecdef:
        words.append(" SECURITY DEFINER")
    if row.proleakproof:
        words.append(" LEAKPROOF")
    default_cost = 1 if language in ("internal", "c") else 100
    if row.procost != default_cost:
        words.append(f" COST {row.procost:g}")
    if row.proretset and row.prorows != 1000:
        words.append(f" ROWS {row.prorows:g}")
    if words:
        text += "".join(words) + "\n"
    if row.prosqlbody is not None:
        return f"{text}{row.prosqlbody}\n"
    tag = "function" if row.prokind != "p" else "procedure"
    while f"${tag}$" in row.prosrc:
        tag += "x"
    return f"{text}AS ${tag}${row.prosrc}${tag}$\n"


# -- descriptions --------------------------------------------------------------------------------------------


@define("obj_description", "obj_description_name")
def obj_description(ctx: Any, oid: int, relation: str | None = None) -> str | None:
    from emulators.postgres.catalog import store

    rows = ctx.catalog.many("pg_description", objoid=oid)
    wanted = store.relid_of(relation) if relation else None
    for row in rows:
        if row.objsubid == 0 and (wanted is None or row.classoid == wanted):
            return str(row.description)
    return None


@define("pg_describe_object")
def pg_describe_object(ctx: Any, classid: int, oid: int, sub: int) -> str | None:
    return object_description(ctx.backend, (classid, oid, sub))


@define("pg_identify_object")
def pg_identify_object(ctx: Any, classid: int, oid: int, sub: int) -> Row:
    text = object_description(ctx.backend, (classid, oid, sub))
    kind, _, name = text.partition(" ")
    return Row((kind, None, None, name))


@define("pg_typeof")
def _pg_typeof(ctx: Any, value: Any) -> int:
    raise PgError("0A000", "function pg_typeof is not supported by this emulator")


@define("pg_basetype")
def pg_basetype(ctx: Any, oid: int) -> int | None:
    if ctx.catalog.one("pg_type", oid=oid) is None:
        return None
    return int(ctx.catalog.base_type(oid))


def _to_reg(kind: str) -> Any:
    def run(ctx: Any, text: str) -> int | None:
        try:
            found = reg_in(ctx.backend, kind, text)
        except PgError as error:
            if error.sqlstate in ("42P01", "42704", "42883", "3F000", "42725", "42601", "42602"):
                return None
            raise
        return found

    return run


for _kind in ("regclass", "regtype", "regproc", "regprocedure", "regoper", "regoperator", "regnamespace", "regrole",
              "regcollation"):  # fmt: skip
    define(f"to_{_kind}")(_to_reg(_kind))


@define("to_regtypemod")
def to_regtypemod(ctx: Any, text: str) -> int | None:
    from emulators.postgres.analyze.typenames import parse_type_text

    try:
        return parse_type_text(ctx.catalog, text)[1]
    except PgError:
        return None


@define("parse_ident")
def parse_ident(ctx: Any, text: str, strict: bool = True) -> PgArray:
    return PgArray(list(split_name(text)))


@define("pg_options_to_table")
def pg_options_to_table(ctx: Any, options: PgArray | None) -> list[tuple[str, str | None]]:
    if options is None:
        return []
    out = []
    for option in options.elements:
        name, found, value = option.partition("=")
        out.append((name, value if found else None))
    return out


BUILTINS["pg_options_to_table"].srf = True


@define("pg_index_column_has_property")
def pg_index_column_has_property(ctx: Any, oid: int, column: int, name: str) -> bool | None:
    row = ctx.catalog.one("pg_index", indexrelid=oid)
    if row is None or not 1 <= column <= row.indnatts:
        return None
    key = column <= row.indnkeyatts
    option = row.indoption.elements[column - 1] if key else 0
    return {
        "asc": key and not option & 1, "desc": key and bool(option & 1), "nulls_first": key and bool(option & 2),
        "nulls_last": key and not option & 2, "orderable": key, "distance_orderable": False, "returnable": True,
        "search_array": key, "search_nulls": key,
    }.get(name.lower())  # fmt: skip


@define("pg_index_has_property")
def pg_index_has_property(ctx: Any, oid: int, name: str) -> bool | None:
    return {"clusterable": True, "index_scan": True, "bitmap_scan": True, "backward_scan": True}.get(name.lower())


@define("pg_indexam_has_property")
def pg_indexam_has_property(ctx: Any, oid: int, name: str) -> bool | None:
    btree = oid == oids.BTREE_AM
    return {"can_order": btree, "can_unique": btree, "can_multi_col": oid != 405, "can_exclude": True,
            "can_include": btree}.get(name.lower())  # fmt: skip


@define("pg_relation_is_updatable")
def pg_relation_is_updatable(ctx: Any, oid: int, triggers: bool) -> int:
    row = ctx.catalog.one("pg_class", oid=oid)
    return 28 if row is not None and row.relkind in "rp" else 0


@define("pg_column_is_updatable")
def pg_column_is_updatable(ctx: Any, oid: int, column: int, triggers: bool) -> bool:
    row = ctx.catalog.one("pg_class", oid=oid)
    return row is not None and row.relkind in "rp"


@define("pg_relation_filenode")
def pg_relation_filenode(ctx: Any, oid: int) -> int | None:
    row = ctx.catalog.one("pg_class", oid=oid)
    return None if row is None or not row.relfilenode else int(row.relfilenode)


@define("pg_relation_is_publishable")
def pg_relation_is_publishable(ctx: Any, oid: int) -> bool | None:
    row = ctx.catalog.one("pg_class", oid=oid)
    return None if row is None else row.relkind in "rp" and row.relpersistence == "p" and oid >= oids.FIRST_USER_OID


@define("pg_partition_ancestors")
def pg_partition_ancestors(ctx: Any, oid: int) -> list[int]:
    return []


@define("pg_get_replica_identity_index")
def pg_get_replica_identity_index(ctx: Any, oid: int) -> int | None:
    return None


@define("pg_collation_for")
def pg_collation_for(ctx: Any, value: Any) -> str | None:
    return '"default"' if isinstance(value, str) else None


@define("pg_sequence_parameters")
def pg_sequence_parameters(ctx: Any, oid: int) -> Row:
    p = ctx.catalog.one("pg_sequence", seqrelid=oid)
    return Row((p.seqstart, p.seqmin, p.seqmax, p.seqincrement, p.seqcycle, p.seqcache, p.seqtypid))


@define("pg_sequence_last_value")
def pg_sequence_last_value(ctx: Any, oid: int) -> int | None:
    state = ctx.backend.sequences.state(oid)
    return state.last_value if state.is_called else None


@define("pg_get_sequence_data")
def pg_get_sequence_data(ctx: Any, oid: int) -> Row:
    state = ctx.backend.sequences.state(oid)
    return Row((state.last_value, state.is_called))


def _heap_bytes(ctx: Any, oid: int) -> int:
    row = ctx.catalog.one("pg_class", oid=oid)
    if row is None or not row.relfilenode or row.relkind not in "rmS":
        return 0 if row is None or row.relkind != "S" else 8192
    heap = ctx.backend.database.heap(row.relfilenode)
    return 8192 * ((len(heap.versions) + 225) // 226)


@define("pg_relation_size")
def pg_relation_size(ctx: Any, oid: int, fork: str = "main") -> int:
    return _heap_bytes(ctx, oid)


@define("pg_table_size")
def pg_table_size(ctx: Any, oid: int) -> int:
    return _heap_bytes(ctx, oid)


@define("pg_total_relation_size")
def pg_total_relation_size(ctx: Any, oid: int) -> int:
    return _heap_bytes(ctx, oid) + pg_indexes_size(ctx, oid)


@define("pg_indexes_size")
def pg_indexes_size(ctx: Any, oid: int) -> int:
    return 16384 * len(ctx.catalog.many("pg_index", indrelid=oid))


@define("pg_database_size_oid", "pg_database_size_name")
def pg_database_size(ctx: Any, which: Any) -> int:
    return 7_600_000


@define("pg_tablespace_location")
def pg_tablespace_location(ctx: Any, oid: int) -> str:
    return ""


@define("pg_tablespace_databases")
def pg_tablespace_databases(ctx: Any, oid: int) -> list[int]:
    return []


@define("pg_column_size", "pg_column_compression", "pg_column_toast_chunk_id")
def pg_column_size(ctx: Any, value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode()) + 1
    return 8


@define("pg_get_acl")
def pg_get_acl(ctx: Any, classid: int, oid: int, sub: int) -> Any:
    row = ctx.catalog.one("pg_class", oid=oid) if classid == oids.PG_CLASS else None
    return row.relacl if row is not None else None


__all__ = ["define", "quote_literal"]
