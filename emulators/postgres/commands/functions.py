"""CREATE FUNCTION and PROCEDURE in SQL, CALL, and finding functions by name and argument types."""

from __future__ import annotations

from typing import Any

from emulators.postgres import oids
from emulators.postgres.analyze.coerce import ASSIGNMENT, coerce_to_target
from emulators.postgres.analyze.expressions import transform_in
from emulators.postgres.analyze.typenames import lookup_type, resolve_type
from emulators.postgres.catalog import store
from emulators.postgres.catalog.access import NodeTree
from emulators.postgres.commands import command
from emulators.postgres.commands.objects import array_of, creation_target, depend, table_state
from emulators.postgres.errors import PgError, unsupported
from emulators.postgres.parse.node import name_of


def find_function(backend: Any, node: Any, word: str, *, missing_ok: bool = False) -> Any:
    """The pg_proc row of an ObjectWithArgs."""
    catalog = backend.catalog
    names = name_of(node.objname)
    unspecified = bool(node.args_unspecified)
    types = None
    if not unspecified:
        types = []
        for item in node.objargs or ():
            found = lookup_type(catalog, name_of(item.names), missing_ok=True)
            if found is None:
                if missing_ok:
                    backend.notice(
                        PgError(
                            "00000",
                            f'type "{".".join(name_of(item.names))}" does not exist, skipping',
                            severity="NOTICE",
                        )
                    )
                    node.mark_read()
                    return None
                raise PgError("42704", f'type "{".".join(name_of(item.names))}" does not exist')
            types.append(resolve_type(catalog, item, allow_setof=True)[0])
    node.mark_read()
    schemas = list(catalog.search_path) if len(names) == 1 else [catalog.schema_oid(names[-2])]
    rows = [r for r in catalog.find("pg_proc", proname=names[-1]) if r.pronamespace in schemas]
    kinds = {"function": "fw", "procedure": "p", "aggregate": "a", "routine": "fpw"}[word]
    shown = ".".join(names)
    if types is None:
        fitting = [r for r in rows if r.prokind in kinds] or rows
        if len(fitting) > 1:
            raise PgError(
                "42725",
                f'{word} name "{shown}" is not unique',
                hint=f"Specify the argument list to select the {word} unambiguously.",
            )
        if not fitting:
            if missing_ok:
                backend.notice(PgError("00000", f"{word} {shown}() does not exist, skipping", severity="NOTICE"))
                return None
            raise PgError("42883", f'could not find a {word} named "{shown}"')
        row = fitting[0]
    else:
        matching = [r for r in rows if list(r.proargtypes.elements) == types]
        signature = f"{shown}({', '.join([catalog.format_type(t) for t in types])})"
        if not matching:
            if missing_ok:
                only = ",".join([catalog.format_type(t) for t in types])
                backend.notice(PgError("00000", f"{word} {shown}({only}) does not exist, skipping", severity="NOTICE"))
                return None
            if word == "aggregate":
                raise PgError("42883", f"aggregate {signature} does not exist")
            raise PgError("42883", f"{word} {signature} does not exist")
        row = matching[0]
        if row.prokind not in kinds:
            actual = {"p": "procedure", "a": "aggregate function", "f": "function", "w": "function"}[row.prokind]
            _ = actual
            raise PgError("42809", f"{signature} is not a {word}")
    from emulators.postgres.privileges import check_owner

    if row.oid >= oids.FIRST_USER_OID:
        check_owner(backend, row.proowner, f"{word} {row.proname}")
    return row


def insert_builtin(
    backend: Any, name: str, schema: int, source: str, args: list[int], result: int, *, strict: bool, variadic: int = 0
) -> int:
    """A function in the internal language, for constructors of user-defined ranges."""
    catalog = backend.catalog
    oid = catalog.new_oid()
    catalog.insert("pg_proc", **_proc_row(
        oid=oid, name=name, schema=schema, owner=backend.current_user, language=12, result=result, args=args,
        source=source, strict=strict, volatility="i", variadic=variadic,
    ))  # fmt: skip
    depend(backend, (oids.PG_PROC, oid, 0), (oids.PG_TYPE, result, 0), "i")
    return int(oid)


def _proc_row(
    *, oid: int, name: str, schema: int, owner: int, language: int, result: int, args: list[int], source: str,
    strict: bool = False, volatility: str = "v", variadic: int = 0, kind: str = "f", retset: bool = False,
    all_types: Any = None, modes: Any = None, names: Any = None, defaults: Any = None, ndefaults: int = 0,
    body: Any = None, secdef: bool = False, leakproof: bool = False, parallel: str = "u", cost: float = 100.0,
    rows: float = 0.0, config: Any = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "oid": oid, "proname": name, "pronamespace": schema, "proowner": owner, "prolang": language, "procost": cost,
        "prorows": rows, "provariadic": variadic, "prosupport": 0, "prokind": kind, "prosecdef": secdef,
        "proleakproof": leakproof, "proisstrict": strict, "proretset": retset, "provolatile": volatility,
        "proparallel": parallel, "pronargs": len(args), "pronargdefaults": ndefaults, "prorettype": result,
        "proargtypes": store.vector(args), "proallargtypes": all_types, "proargmodes": modes, "proargnames": names,
        "proargdefaults": defaults, "protrftypes": None, "prosrc": source, "probin": None, "prosqlbody": body,
        "proconfig": config, "proacl": None,
    }  # fmt: skip


@command("CreateFunctionStmt")
def create_function(backend: Any, node: Any, text: str) -> str:
    catalog = backend.catalog
    procedure = bool(node.is_procedure)
    word = "procedure" if procedure else "function"
    schema, name, _ = creation_target(backend, name_of(node.funcname))
    options: dict[str, Any] = {}
    for option in node.options or ():
        if option.defname in options and option.defname != "set":
            raise PgError("42601", "conflicting or redundant options", location=option.location)
        options[option.defname] = option
    language_name = (
        options["language"].arg.sval if "language" in options else ("sql" if node.sql_body is not None else None)
    )
    if language_name is None:
        raise PgError("42P13", "no language specified")
    language = catalog.one("pg_language", lanname=language_name)
    if language is None:
        raise PgError("42704", f'language "{language_name}" does not exist')
    args: list[int] = []
    all_types: list[int] = []
    modes: list[str] = []
    names: list[str] = []
    outs: list[tuple[str, int]] = []
    defaults: list[Any] = []
    variadic = 0
    for parameter in node.parameters or ():
        oid, _ = resolve_type(catalog, parameter.argType, allow_setof=True)
        mode = {
            "FUNC_PARAM_IN": "i", "FUNC_PARAM_OUT": "o", "FUNC_PARAM_INOUT": "b", "FUNC_PARAM_VARIADIC": "v",
            "FUNC_PARAM_TABLE": "t", "FUNC_PARAM_DEFAULT": "i",
        }[parameter.mode]  # fmt: skip
        if parameter.argType.setof:
            raise PgError("42P13", f"{word}s cannot accept set arguments")
        if mode in "ibv" and variadic:
            raise PgError("42P13", "VARIADIC parameter must be the last input parameter")
        parameter_name = parameter.name or ""
        if parameter_name and parameter_name in [
            n
            for n, m in zip(names, modes, strict=True)
            if (m in "ibv") == (mode in "ibv") or m == "b" or mode == "b" or "t" in (m, mode)
        ]:
            raise PgError("42P13", f'parameter name "{parameter_name}" used more than once')
        all_types.append(oid)
        modes.append(mode)
        names.append(parameter_name)
        if (mode in "ibv" or (procedure and mode == "o")) and (mode != "o" or procedure):
            args.append(oid)
        if mode == "v":
            element = catalog.element_type(oid)
            if not element and oid not in (oids.ANY, oids.ANYARRAY, oids.ANYCOMPATIBLEARRAY):
                raise PgError("42P13", "VARIADIC parameter must be an array")
            variadic = {oids.ANYARRAY: oids.ANYELEMENT, oids.ANYCOMPATIBLEARRAY: oids.ANYCOMPATIBLE}.get(
                oid, element or oid
            )
        if mode in "obt":
            outs.append((parameter_name, oid))
        if parameter.defexpr is not None:
            if mode not in "ibv":
                raise PgError("42P13", "only input parameters can have default values")
            state, _ = table_state(backend, None)
            expr = transform_in(state, parameter.defexpr, "function default")
            coerced = coerce_to_target(state, expr, expr.type, oid, -1, ASSIGNMENT, "implicit")
            if coerced is None:
                raise PgError(
                    "42804",
                    f"argument of DEFAULT must be type {catalog.format_type(oid)}, not type {catalog.format_type(expr.type)}",
                )
            defaults.append(coerced)
        elif defaults and mode in "ibv":
            raise PgError("42P13", "input parameters after one with a default value must also have defaults")
    result = oids.VOID
    retset = False
    returns = node.returnType
    table = any(m == "t" for m in modes)
    if procedure:
        result = oids.RECORD if outs else oids.VOID
    elif returns is not None:
        retset = bool(returns.setof) or table
        result, _ = resolve_type(catalog, returns, allow_setof=True, shell_ok=True)
        if outs and not table:
            expected = oids.RECORD if len(outs) > 1 else outs[0][1]
            if result != expected:
                raise PgError(
                    "42P13",
                    f"function result type must be {catalog.format_type(expected)} because of OUT parameters",
                )
    elif outs:
        result = oids.RECORD if len(outs) > 1 else outs[0][1]
    else:
        raise PgError("42P13", "function result type must be specified")
    if table:
        result = oids.RECORD if len(outs) > 1 else outs[0][1]
        retset = True
    body_nodes: Any = None
    source = ""
    if "as" in options:
        parts = [p.sval for p in options["as"].arg]
        source = parts[0]
        if node.sql_body is not None:
            raise PgError("42P13", "duplicate function body specified")
        if len(parts) > 1:
            raise PgError("42P13", f'only one AS item needed for language "{language_name}"')
    elif node.sql_body is not None:
        body_nodes = _sql_body(node.sql_body)
        node.sql_body.mark_read() if hasattr(node.sql_body, "mark_read") else None
        _mark(node.sql_body)
    else:
        raise PgError("42P13", "no function body specified")
    volatility = {"immutable": "i", "stable": "s", "volatile": "v"}.get(
        options["volatility"].arg.sval if "volatility" in options else "volatile", "v"
    )
    strict = bool(options["strict"].arg.boolval) if "strict" in options else False
    parallel = {"safe": "s", "restricted": "r", "unsafe": "u"}.get(
        options["parallel"].arg.sval if "parallel" in options else "unsafe", "u"
    )
    cost = _number(options["cost"].arg) if "cost" in options else (1.0 if language_name in ("internal", "c") else 100.0)
    rows = _number(options["rows"].arg) if "rows" in options else (1000.0 if retset else 0.0)
    if "rows" in options and not retset:
        raise PgError("22023", "ROWS is not applicable when function does not return a set")
    if language_name == "internal":
        from emulators.postgres.functions import registry

        if registry.lookup(source) is None:
            raise PgError("42883", f'there is no built-in function named "{source}"')
    elif language_name == "c":
        raise unsupported("functions in language c")
    only_inputs = all(m in "i" for m in modes)
    values = _proc_row(
        oid=0, name=name, schema=schema, owner=backend.current_user, language=language.oid, result=result, args=args,
        source=source, strict=strict, volatility=volatility, variadic=variadic, kind="p" if procedure else "w" if "window" in options else "f",
        retset=retset, all_types=None if only_inputs else array_of(all_types), modes=None if only_inputs else array_of(modes),
        names=array_of(names) if any(names) else None, defaults=NodeTree.of(defaults) if defaults else None,
        ndefaults=len(defaults), body=NodeTree.of(body_nodes, _body_text(node, text)) if body_nodes is not None else None,
        secdef=bool(options["security"].arg.boolval) if "security" in options else False,
        leakproof=bool(options["leakproof"].arg.boolval) if "leakproof" in options else False,
        parallel=parallel, cost=cost, rows=rows,
    )  # fmt: skip
    node.mark_read()
    existing = [
        r
        for r in catalog.find("pg_proc", proname=name)
        if r.pronamespace == schema and list(r.proargtypes.elements) == args
    ]
    if existing:
        old = existing[0]
        signature = f"{name}({', '.join([catalog.format_type(a) for a in args])})"
        if not node.replace:
            raise PgError("42723", f'function "{name}" already exists with same argument types')
        if (old.prokind == "p") != procedure:
            kinds = {"p": "procedure", "a": "aggregate function", "w": "window function", "f": "function"}
            raise PgError("42809", "cannot change routine kind", detail=f'"{name}" is a {kinds[old.prokind]}.')
        if old.prorettype != result or old.proretset != retset:
            raise PgError(
                "42P13",
                "cannot change return type of existing function",
                hint=f"Use DROP FUNCTION {signature} first.",
            )
        values["oid"] = old.oid
        values["proowner"] = old.proowner
        catalog.update("pg_proc", {"oid": old.oid}, **values)
        oid = old.oid
    else:
        oid = values["oid"] = catalog.new_oid()
        catalog.insert("pg_proc", **values)
        obj = (oids.PG_PROC, oid, 0)
        depend(backend, obj, (oids.PG_NAMESPACE, schema, 0))
        for t in {result, *all_types}:
            if t >= oids.FIRST_USER_OID:
                depend(backend, obj, (oids.PG_TYPE, t, 0))
    if language.oid == oids.SQL_LANGUAGE and backend.settings.get("check_function_bodies") != "off":
        _check_body(backend, catalog.proc(oid))
    return f"CREATE {word.upper()}"


def _number(node: Any) -> float:
    return float(node.ival or 0) if node.kind == "Integer" else float(node.fval)


def _mark(value: Any) -> None:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, list):
            _mark(item)
        elif hasattr(item, "mark_read"):
            item.mark_read()


def _sql_body(body: Any) -> list[Any]:
    """Statements of BEGIN ATOMIC ... END, or of RETURN expression."""
    if isinstance(body, list):
        flat: list[Any] = []
        for item in body:
            flat.extend(item if isinstance(item, list) else [item])
        body = flat
    else:
        body = [body]
    out = []
    for item in body:
        if item.kind == "ReturnStmt":
            from emulators.postgres.parse.node import Node

            target = Node("ResTarget", {"val": item.returnval, "location": -1})
            item = Node(
                "SelectStmt", {"targetList": [target], "op": "SETOP_NONE", "limitOption": "LIMIT_OPTION_DEFAULT"}
            )
        out.append(item)
    return out


def _body_text(node: Any, text: str) -> str:
    return "BEGIN ATOMIC\nEND"


def _check_body(backend: Any, row: Any) -> None:
    """Analyse an SQL function's body now, so that mistakes show at CREATE."""
    from emulators.postgres.sqlfunctions import body_statements, plans_of

    types = tuple(row.proargtypes.elements)
    if any(t in oids.POLYMORPHIC for t in types):
        body_statements(row)
        return
    catalog = backend.catalog
    try:
        nodes = body_statements(row)
    except PgError as error:
        error.location = None
        raise
    if row.prorettype != oids.VOID and (not nodes or nodes[-1].kind not in (
        "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt")):  # fmt: skip
        raise PgError(
            "42P13",
            f"return type mismatch in function declared to return {catalog.format_type(row.prorettype)}",
            detail="Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING.",
        )
    plans = plans_of(backend, row, types, row.prorettype)
    if row.prorettype in (oids.VOID, oids.RECORD) or not hasattr(plans[-1], "columns"):
        return
    columns = plans[-1].columns
    composite = catalog.type_row(catalog.base_type(row.prorettype)).typtype == "c"
    if composite:
        return
    if len(columns) != 1:
        raise PgError(
            "42P13",
            f"return type mismatch in function declared to return {catalog.format_type(row.prorettype)}",
            detail="Final statement must return exactly one column."
            if columns
            else "Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING.",
            where=f'SQL function "{row.proname}"',
        )
    if columns[0][3] != row.prorettype:
        raise PgError(
            "42P13",
            f"return type mismatch in function declared to return {catalog.format_type(row.prorettype)}",
            detail=f"Actual return type is {catalog.format_type(columns[0][3])}.",
            where=f'SQL function "{row.proname}"',
        )


@command("CallStmt")
def call(backend: Any, node: Any, text: str) -> Any:
    from emulators.postgres.analyze.expressions import function_call
    from emulators.postgres.backend import Result
    from emulators.postgres.compile.plan import row_function

    state, _ = table_state(backend, None)
    state.clause = "call"
    expr = function_call(state, node.funccall, procedure=True)
    _ = node.funcexpr, node.outargs
    value = row_function(backend.catalog, expr)(backend.context, ())
    func = expr.func  # type: ignore[attr-defined]
    if func.proargmodes is not None and func.prorettype == oids.RECORD:
        names = func.proargnames.elements
        columns = [
            (n or f"column{i}", 0, 0, t, -1)
            for i, (n, m, t) in enumerate(
                zip(names, func.proargmodes.elements, func.proallargtypes.elements, strict=True), 1
            )
            if m in "ob"
        ]
        return Result("CALL", columns, [tuple(value) if value is not None else (None,) * len(columns)])
    return Result("CALL")


@command("AlterFunctionStmt")
def alter_function(backend: Any, node: Any, text: str) -> str:
    word = {"OBJECT_FUNCTION": "function", "OBJECT_PROCEDURE": "procedure"}.get(node.objtype, "routine")
    row = find_function(backend, node.func, word)
    changes: dict[str, Any] = {}
    for option in node.actions:
        name = option.defname
        if name == "volatility":
            changes["provolatile"] = {"immutable": "i", "stable": "s", "volatile": "v"}[option.arg.sval]
        elif name == "strict":
            changes["proisstrict"] = bool(option.arg.boolval)
        elif name == "security":
            changes["prosecdef"] = bool(option.arg.boolval)
        elif name == "leakproof":
            changes["proleakproof"] = bool(option.arg.boolval)
        elif name == "parallel":
            changes["proparallel"] = {"safe": "s", "restricted": "r", "unsafe": "u"}[option.arg.sval]
        elif name == "cost":
            changes["procost"] = _number(option.arg)
        elif name == "rows":
            changes["prorows"] = _number(option.arg)
        else:
            raise unsupported(f"ALTER FUNCTION {name}")
    backend.catalog.update("pg_proc", {"oid": row.oid}, **changes)
    return f"ALTER {word.upper()}"
