"""Settings that the engine obeys: their special checks, and what changing them does to the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.postgres import oids
from emulators.postgres.errors import PgError
from emulators.postgres.types import timezones

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend

_REPORTED = {
    "application_name": "application_name",
    "client_encoding": "client_encoding",
    "datestyle": "DateStyle",
    "default_transaction_read_only": "default_transaction_read_only",
    "in_hot_standby": "in_hot_standby",
    "integer_datetimes": "integer_datetimes",
    "intervalstyle": "IntervalStyle",
    "is_superuser": "is_superuser",
    "scram_iterations": "scram_iterations",
    "search_path": "search_path",
    "server_encoding": "server_encoding",
    "server_version": "server_version",
    "session_authorization": "session_authorization",
    "standard_conforming_strings": "standard_conforming_strings",
    "timezone": "TimeZone",
}

#: In the order in which PostgreSQL 18 sends them at the start.
REPORTED_AT_START = (
    "in_hot_standby", "integer_datetimes", "TimeZone", "IntervalStyle", "search_path", "is_superuser",
    "application_name", "default_transaction_read_only", "scram_iterations", "DateStyle",
    "standard_conforming_strings", "session_authorization", "client_encoding", "server_version", "server_encoding",
)  # fmt: skip

_STYLES = {"iso": "ISO", "sql": "SQL", "german": "German", "postgres": "Postgres"}
_ORDERS = {
    "ymd": "YMD", "dmy": "DMY", "euro": "DMY", "european": "DMY", "mdy": "MDY", "us": "MDY", "noneuro": "MDY",
    "noneuropean": "MDY",
}  # fmt: skip

_ENCODINGS = {
    "utf8": "UTF8", "unicode": "UTF8", "sqlascii": "SQL_ASCII", "latin1": "LATIN1", "iso88591": "LATIN1",
    "win1252": "WIN1252", "windows1252": "WIN1252", "latin9": "LATIN9", "win1251": "WIN1251", "euc_jp": "EUC_JP",
    "eucjp": "EUC_JP", "latin2": "LATIN2", "koi8r": "KOI8R", "gbk": "GBK", "big5": "BIG5", "sjis": "SJIS",
}  # fmt: skip


def split_list(text: str) -> list[str] | None:
    """A comma-separated list of identifiers, quotes removed and others folded; None when it is malformed."""
    out: list[str] = []
    i, n = 0, len(text)
    while i < n and text[i].isspace():
        i += 1
    if i >= n:
        return out
    while True:
        while i < n and text[i].isspace():
            i += 1
        if i < n and text[i] == '"':
            j = i + 1
            part = ""
            while True:
                if j >= n:
                    return None
                if text[j] == '"':
                    if text[j + 1 : j + 2] == '"':
                        part += '"'
                        j += 2
                        continue
                    break
                part += text[j]
                j += 1
            out.append(part)
            i = j + 1
        else:
            j = i
            while j < n and text[j] != "," and not text[j].isspace():
                j += 1
            if j == i:
                return None
            out.append(text[i:j].lower())
            i = j
        while i < n and text[i].isspace():
            i += 1
        if i >= n:
            return out
        if text[i] != ",":
            return None
        i += 1


def check(backend: Backend, key: str, value: str) -> str:
    if key == "datestyle":
        return _date_style(backend, value)
    if key == "timezone":
        return _time_zone(backend, value)
    if key == "client_encoding":
        stripped = value.strip("'\"")
        name = _ENCODINGS.get(
            "".join(c for c in stripped.lower() if c.isalnum() or c == "_").replace("_", "")
        ) or _ENCODINGS.get(stripped.lower())
        if name is None:
            raise PgError("22023", f'invalid value for parameter "client_encoding": "{stripped}"')
        if name not in ("UTF8", "SQL_ASCII"):
            raise PgError("0A000", f"client encoding {name} is not supported by this emulator")
        return name
    if key == "search_path" and split_list(value) is None:
        raise PgError(
            "22023", f'invalid value for parameter "search_path": "{value}"', detail="List syntax is invalid."
        )
    if key == "transaction_isolation":
        return _isolation(backend, value)
    if key == "transaction_read_only":
        if value == "off" and backend.read_only and backend.in_block and backend.transaction.savepoints:
            raise PgError("0A000", "cannot set transaction read-write mode inside a read-only transaction")
        if value == "off" and backend.read_only and backend.snapshot_taken:
            raise PgError("25001", "transaction read-write mode must be set before any query")
    if key == "default_tablespace" and value and value not in ("pg_default", "pg_global"):
        raise PgError("22023", f'invalid value for parameter "default_tablespace": "{value}"',
                      detail=f'Tablespace "{value}" does not exist.')  # fmt: skip
    if key == "role" and value != "none" and backend.catalog.role_oid(value) is None:
        raise PgError("22023", f'role "{value}" does not exist')
    return value


def _isolation(backend: Backend, value: str) -> str:
    if value != backend.isolation:
        if backend.snapshot_taken:
            raise PgError("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query")
        if backend.transaction.savepoints:
            raise PgError("25001", "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction")
    return value


def _date_style(backend: Backend, value: str) -> str:
    style, order = backend.context.date_style, backend.context.date_order
    words = split_list(value)
    seen_style = seen_order = False
    for word in words if words is not None else ["?"]:
        low = word.lower()
        if low in _STYLES:
            if seen_style and _STYLES[low] != style:
                raise PgError("22023", f'invalid value for parameter "DateStyle": "{value}"',
                              detail='Conflicting "DateStyle" specifications.')  # fmt: skip
            style, seen_style = _STYLES[low], True
            if style == "German" and not seen_order:
                order = "DMY"
        elif low in _ORDERS:
            if seen_order and _ORDERS[low] != order:
                raise PgError("22023", f'invalid value for parameter "DateStyle": "{value}"',
                              detail='Conflicting "DateStyle" specifications.')  # fmt: skip
            order, seen_order = _ORDERS[low], True
        elif low.startswith("iso"):
            style, seen_style = "ISO", True
        elif low == "default":
            style, order = "ISO", "MDY"
        else:
            raise PgError(
                "22023",
                f'invalid value for parameter "DateStyle": "{value}"',
                detail=f'Unrecognized key word: "{word}".' if words is not None else "List syntax is invalid.",
            )
    return f"{style}, {order}"


def _time_zone(backend: Backend, value: str) -> str:
    if value.lower() in ("default", "local"):
        return "UTC"
    try:
        zone = timezones.zone(value)
    except PgError:
        raise PgError("22023", f'invalid value for parameter "TimeZone": "{value}"') from None
    return getattr(zone, "name", None) or value


def apply(backend: Backend, key: str, value: str) -> None:
    context = backend.context
    if key == "datestyle" and value:
        context.date_style, context.date_order = value.split(", ")
    elif key == "timezone" and value:
        context.time_zone = timezones.zone(value)
    elif key == "intervalstyle":
        context.interval_style = value or "postgres"
    elif key == "bytea_output":
        context.bytea_output = value or "hex"
    elif key == "extra_float_digits":
        context.extra_float_digits = int(value or 1)
    elif key == "xmlbinary":
        context.xmlbinary = value or "base64"
    elif key == "search_path":
        backend.update_search_path()
    elif key == "application_name":
        backend.application_name = value
    elif key == "transaction_isolation" and value:
        backend.isolation = value
    elif key == "transaction_read_only" and value:
        backend.read_only = value == "on"
    elif key == "transaction_deferrable" and value:
        backend.deferrable = value == "on"
    elif key == "role":
        if value and value != "none":
            role = backend.catalog.role_oid(value)
            if role is not None:
                backend.current_user = role
        else:
            backend.current_user = backend.session_user
        backend.update_search_path()
    shown = _REPORTED.get(key)
    if shown is not None:
        backend.status(shown, backend.show_setting(key) or "")
    if key == "role":
        backend.status("is_superuser", "on" if backend.is_superuser() else "off")


def search_path_oids(backend: Backend) -> tuple[int, ...]:
    """Schemas of search_path that exist, with pg_temp and pg_catalog where PostgreSQL puts them."""
    names = split_list(backend.settings.get("search_path") or "") or []
    catalog = backend.catalog
    out: list[int] = []
    for name in names:
        if name == "$user":
            name = catalog.role_name(backend.current_user)
        if name == "pg_temp":
            if backend.temp_schema is not None and backend.temp_schema not in out:
                out.append(backend.temp_schema)
            continue
        oid = catalog.schema_oid(name)
        if oid is not None and oid not in out:
            out.append(oid)
    if oids.PG_CATALOG not in out:
        out.insert(0, oids.PG_CATALOG)
    if backend.temp_schema is not None and backend.temp_schema not in out:
        out.insert(0, backend.temp_schema)
    backend.catalog.temp_schema = backend.temp_schema  # type: ignore[attr-defined]
    return tuple(out)


def creation_schema(backend: Backend) -> int:
    """Where an unqualified CREATE puts its object: the first schema of search_path that exists."""
    names = split_list(backend.settings.get("search_path") or "") or []
    for name in names:
        if name == "$user":
            name = backend.catalog.role_name(backend.current_user)
        if name == "pg_temp":
            from emulators.postgres.commands.temp import ensure_temp_schema

            return ensure_temp_schema(backend)
        oid = backend.catalog.schema_oid(name)
        if oid is not None:
            return oid
    raise PgError("3F000", "no schema has been selected to create in")


def split_options(text: str) -> list[tuple[str, str]]:
    """`-c name=value --name=value` of the start-up message's options; a backslash protects the next character."""
    words: list[str] = []
    word = ""
    i = 0
    while i < len(text):
        c = text[i]
        if c == "\\" and i + 1 < len(text):
            word += text[i + 1]
            i += 2
            continue
        if c.isspace():
            if word:
                words.append(word)
            word = ""
        else:
            word += c
        i += 1
    if word:
        words.append(word)
    out: list[tuple[str, str]] = []
    i = 0
    while i < len(words):
        w = words[i]
        if w == "-c" and i + 1 < len(words):
            i += 1
            w = words[i]
        elif w.startswith(("-c", "--")):
            w = w[2:]
        name, _, value = w.partition("=")
        out.append((name.replace("-", "_"), value))
        i += 1
    return out
