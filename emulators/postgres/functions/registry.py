"""The registry of built-in functions, keyed by pg_proc.prosrc, and how the engine calls them.

For the engine
--------------
`lookup(prosrc) -> Builtin | None` (None: not implemented, answer 0A000 naming the function). At plan time call

    function = entry.resolve(types, catalog)      # types = (argument type oids..., result type oid), all concrete

and per row `function(*args)`, or `function(ctx, *args)` when `entry.ctx`. Rules:

* Values as in `types/values.py`. Strictness is the caller's: a function whose pg_proc row is proisstrict never sees
  None; the others may. A result of None is SQL NULL.
* `entry.bind` functions depend on the types of the call (polymorphic ones, json conversion, ...): `resolve` makes the
  callable once per call site. For the others `resolve` returns the same plain function always.
* VARIADIC typed parameters arrive as one PgArray, as pg_proc says. VARIADIC "any" functions (`entry.variadic_any`:
  concat, format, num_nulls, json_build_object, ...) are called with the fixed arguments, then one list of the
  remaining values, whose types are in `types`. For `f(..., VARIADIC array)` call
  `resolve((fixed..., array type, result), catalog, variadic_array=True)` and pass the PgArray (or None) in the list's place.
* `entry.srf`: returns an iterable of values (tuples for functions with several OUT columns).
  Functions with several OUT parameters that are not set-returning return a `Row` (tuple).
* `entry.inline`, if any: a Python expression template for the code generator. `{0}`, `{1}` are the arguments and must
  be atoms (names or constants: they may be used more than once), never None; `{t}` is a fresh local name for `:=`.
  The expression may use the global names in `INLINE_GLOBALS`. It equals the function's result and errors.
* pg_proc rows of language sql have a prosrc that names nothing: they are registered as
  "sql:" + proname + "(" + comma-separated typnames + ")", e.g. "sql:lpad(text,int4)".
* `@builtin(..., strict=...)` does not exist: strictness and volatility are pg_proc's.

Other registries: `aggregates.py` (`aggregate_for`), `windows.py` (`window_for`), see there. `load()` imports every
module of this package once; `lookup` calls it.

For this package
----------------
    @builtin("int4pl", inline="...")            # plain
    @builtin("now", ctx=True)                    # first parameter is ctx
    @builtin("array_append", bind=True)          # decorated: factory (types, catalog) -> callable
    @builtin("generate_series_int4", srf=True)
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeVar

from emulators.postgres.types.context import Catalog

F = TypeVar("F", bound=Callable[..., Any])

BUILTINS: dict[str, Builtin] = {}
INLINE_GLOBALS: dict[str, Any] = {}
"""Names that inline templates use, to be put into the generated code's globals."""

_MODULES: Final = (
    "integers",
    "booleans",
    "strings",
    "numeric",
    "floats",
    "regex",
    "bytes",
    "datetimes",
    "intervals",
    "bits",
    "arrays",
    "ranges",
    "rows",
    "network",
    "jsonb",
    "json_functions",
    "format_dates",
    "format_numbers",
    "jsonpath",
    "hashing",
    "random_numbers",
    "misc",
)


class Builtin:
    """One implemented function: see the module's docstring for the meaning of the attributes."""

    __slots__ = ("bind", "ctx", "function", "inline", "name", "srf", "variadic_any")

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        ctx: bool = False,
        bind: bool = False,
        srf: bool = False,
        variadic_any: bool = False,
        inline: str | None = None,
    ):
        self.name = name
        self.function = function
        self.ctx = ctx
        self.bind = bind
        self.srf = srf
        self.variadic_any = variadic_any
        self.inline = inline

    def resolve(self, types: tuple[int, ...], catalog: Catalog, *, variadic_array: bool = False) -> Callable[..., Any]:
        """The callable for a call site with these argument types and result type."""
        if not self.bind:
            return self.function
        if self.variadic_any:
            return self.function(types, catalog, variadic_array)  # type: ignore[no-any-return]
        return self.function(types, catalog)  # type: ignore[no-any-return]


def builtin(
    *names: str,
    ctx: bool = False,
    bind: bool = False,
    srf: bool = False,
    variadic_any: bool = False,
    inline: str | None = None,
) -> Callable[[F], F]:
    """Register a function under one or more prosrc names."""

    def register(function: F) -> F:
        for name in names:
            if name in BUILTINS:
                raise ValueError(f"builtin {name} is registered twice")
            BUILTINS[name] = Builtin(
                name, function, ctx=ctx, bind=bind, srf=srf, variadic_any=variadic_any, inline=inline
            )
        return function

    return register


def inline_global(name: str, value: Any) -> None:
    """Give inline templates a global name."""
    INLINE_GLOBALS[name] = value


def expression(*names: str, template: str, arity: int = 2) -> None:
    """Register functions that are one expression: both the inline template and a lambda made of it."""
    params = [f"a{index}" for index in range(arity)]
    source = f"lambda {', '.join(params)}: {template.format(*params, t='t')}"
    builtin(*names, inline=template)(eval(source, INLINE_GLOBALS))


_loaded = False


def load() -> None:
    """Import every module of this package, once."""
    global _loaded
    if not _loaded:
        _loaded = True
        from emulators.postgres.types import registry as types_registry

        types_registry.load()
        for module in _MODULES:
            import_module(f"emulators.postgres.functions.{module}")


def lookup(prosrc: str) -> Builtin | None:
    """The implementation of a pg_proc.prosrc, None when there is none."""
    load()
    return BUILTINS.get(prosrc)
