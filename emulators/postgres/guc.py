"""Settings (GUCs): PostgreSQL 18's own list with types, ranges and units; SET/SHOW semantics with transaction scope.

Values are kept as the text that SHOW prints. A change inside a transaction is undone by ROLLBACK (and ROLLBACK TO);
SET LOCAL is undone at the end of the transaction whatever its outcome. Most settings only have to be remembered; the
few that the engine obeys are read through attributes of the session's context.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from emulators.postgres.catalog import seed
from emulators.postgres.errors import PgError


class Definition(NamedTuple):
    """One row of the dumped pg_settings."""

    name: str
    setting: str | None
    unit: str | None
    category: str
    context: str
    vartype: str
    min_val: str | None
    max_val: str | None
    enumvals: Any
    boot_val: str | None


_OVERRIDES = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "listen_addresses": "localhost",
    "port": "5432",
    "data_directory": "/var/lib/postgresql/data",
    "config_file": "/var/lib/postgresql/data/postgresql.conf",
    "hba_file": "/var/lib/postgresql/data/pg_hba.conf",
    "ident_file": "/var/lib/postgresql/data/pg_ident.conf",
    "unix_socket_directories": "/tmp",
    "application_name": "",
    "search_path": '"$user", public',
    "lc_messages": "C.UTF-8",
    "lc_monetary": "C.UTF-8",
    "lc_numeric": "C.UTF-8",
    "lc_time": "C.UTF-8",
    "client_encoding": "UTF8",
    "fsync": "on",
    "autovacuum": "on",
    "shared_buffers": "16384",
}


@cache
def definitions() -> dict[str, Definition]:
    """By lower-case name."""
    out = {}
    for row in seed.rows("guc"):
        definition = Definition(*row)
        out[definition.name.lower()] = definition
    # Settings that pg_settings does not show.
    for name, value in (("role", "none"), ("session_authorization", ""), ("is_superuser", "on"), ("seed", "0")):
        out.setdefault(name, Definition(name, value, None, "Hidden", "user", "string", None, None, None, value))
    return out


def default_value(definition: Definition) -> str:
    name = definition.name.lower()
    if name in _OVERRIDES:
        return _OVERRIDES[name]
    return definition.setting if definition.setting is not None else definition.boot_val or ""


_MEMORY_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_TIME_UNITS = {"us": 1, "ms": 1000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_BASE = {"8kB": 8192, "kB": 1024, "MB": 1024**2, "B": 1, "16MB": 16 * 1024**2}
_TRUE = ("on", "true", "yes", "1")
_FALSE = ("off", "false", "no", "0")


def parse_bool(text: str) -> bool | None:
    low = text.strip().lower()
    if not low:
        return None
    for word in ("true", "yes"):
        if word.startswith(low):
            return True
    for word in ("false", "no"):
        if word.startswith(low):
            return False
    if low in ("on", "1"):
        return True
    if low in ("off", "of", "0"):
        return False
    return None


def _number(definition: Definition, text: str) -> float:
    """The value in the setting's own unit."""
    match = re.fullmatch(r"\s*([-+]?(?:0x[0-9a-fA-F]+|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+))\s*([A-Za-z]*)\s*", text)
    if match is None:
        raise _invalid(definition, text)
    digits, unit = match.groups()
    value = float(int(digits, 16)) if "0x" in digits.lower() else float(digits)
    if not unit:
        return value
    own = definition.unit or ""
    if own in _BASE and unit in _MEMORY_UNITS:
        return value * _MEMORY_UNITS[unit] / _BASE[own]
    if own in _TIME_UNITS and unit in _TIME_UNITS:
        return value * _TIME_UNITS[unit] / _TIME_UNITS[own]
    hint = None
    if own in _BASE:
        hint = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".'
    elif own in _TIME_UNITS:
        hint = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".'
    raise _invalid(definition, text, hint)


def _invalid(definition: Definition, text: str, hint: str | None = None) -> PgError:
    return PgError("22023", f'invalid value for parameter "{definition.name}": "{text}"', hint=hint)


def show(definition: Definition, value: str) -> str:
    """SHOW's form: numbers with the largest unit that divides them."""
    if definition.vartype not in ("integer", "real") or not definition.unit:
        return value
    try:
        number = int(value)
    except ValueError:
        return value
    if number <= 0:
        return value
    own = definition.unit
    if own in _BASE:
        total = number * _BASE[own]
        for unit in ("TB", "GB", "MB", "kB", "B"):
            if total % _MEMORY_UNITS[unit] == 0:
                return f"{total // _MEMORY_UNITS[unit]}{unit}"
    if own in _TIME_UNITS:
        total = number * _TIME_UNITS[own]
        for unit in ("d", "h", "min", "s", "ms", "us"):
            if total % _TIME_UNITS[unit] == 0:
                return f"{total // _TIME_UNITS[unit]}{unit}"
    return value


def canonical(definition: Definition, text: str) -> str:
    """Check a value and bring it to the form it is kept in; 22023 when it is not valid."""
    kind = definition.vartype
    if kind == "bool":
        value = parse_bool(text)
        if value is None:
            raise PgError("22023", f'parameter "{definition.name}" requires a Boolean value')
        return "on" if value else "off"
    if kind in ("integer", "real"):
        number = _number(definition, text)
        low, high = float(definition.min_val or "-inf"), float(definition.max_val or "inf")
        if kind == "integer":
            number = float(round(number))
        if not low <= number <= high:
            unit = f" {definition.unit}" if definition.unit else ""
            shown = str(int(number)) if kind == "integer" else f"{number:g}"
            raise PgError(
                "22023",
                f'{shown}{unit} is outside the valid range for parameter "{definition.name}" '
                f"({definition.min_val}{unit} .. {definition.max_val}{unit})",
            )
        return str(int(number)) if kind == "integer" else f"{number:g}"
    if kind == "enum":
        allowed = list(definition.enumvals or ())
        low_text = text.lower()
        for value in allowed:
            if value.lower() == low_text:
                return str(value)
        aliases = {"client_min_messages": {"debug": "debug2"}}
        alias = aliases.get(definition.name, {}).get(low_text)
        if alias:
            return alias
        boolean = parse_bool(text) if "on" in allowed and "off" in allowed else None
        if boolean is not None:
            return "on" if boolean else "off"
        raise _invalid(definition, text, f"Available values: {', '.join(allowed)}.")
    return text


class Settings:
    """One session's settings."""

    def __init__(self, owner: Any, initial: dict[str, str]) -> None:
        self.owner = owner
        #: What RESET goes back to.
        self.reset_values: dict[str, str] = dict(initial)
        self.values: dict[str, str] = dict(initial)
        self.sources: dict[str, str] = dict.fromkeys(initial, "client")
        #: Undo entries of the running transaction: (name, old value or None, local).
        self._stack: list[tuple[str, str | None, bool]] = []

    def get(self, name: str) -> str | None:
        """The kept text, None for an unknown setting."""
        key = name.lower()
        value = self.values.get(key)
        if value is not None:
            return value
        definition = definitions().get(key)
        return default_value(definition) if definition is not None else None

    def show(self, name: str) -> str | None:
        key = name.lower()
        value = self.get(key)
        if value is None:
            return None
        definition = definitions().get(key)
        return show(definition, value) if definition is not None else value

    def display_name(self, name: str) -> str:
        definition = definitions().get(name.lower())
        return definition.name if definition is not None else name

    def set(self, name: str, text: str | None, *, local: bool = False, startup: bool = False) -> str:
        """SET (None: back to the default); returns the canonical text."""
        key = name.lower()
        definition = definitions().get(key)
        if definition is None:
            if "." not in key:
                raise unknown(name)
            self._check_custom(name)
        else:
            self._check_context(definition, startup)
        if text is None:
            value = self.reset_values.get(key)
            if value is None and definition is not None:
                value = default_value(definition)
        else:
            value = canonical(definition, text) if definition is not None else text
        value = self.owner.check_setting(key, value) if value is not None else value
        if startup:
            self.reset_values[key] = self.values[key] = value or ""
        else:
            self._stack.append((key, self.values.get(key), local))
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value
        self.owner.setting_changed(key, value)
        return value or ""

    @staticmethod
    def _check_custom(name: str) -> None:
        if not all(re.fullmatch(r"[A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*", part) for part in name.split(".")):
            raise PgError(
                "42602",
                f'invalid configuration parameter name "{name}"',
                detail="Custom parameter names must be two or more simple identifiers separated by dots.",
            )

    def _check_context(self, definition: Definition, startup: bool) -> None:
        name = definition.name
        if definition.context == "internal":
            raise PgError("55P02", f'parameter "{name}" cannot be changed')
        if definition.context == "postmaster":
            raise PgError("55P02", f'parameter "{name}" cannot be changed without restarting the server')
        if definition.context == "sighup":
            raise PgError("55P02", f'parameter "{name}" cannot be changed now')
        if definition.context in ("backend", "superuser-backend") and not startup:
            raise PgError("55P02", f'parameter "{name}" cannot be set after connection start')
        if definition.context == "superuser" and not self.owner.is_superuser():
            raise PgError("42501", f'permission denied to set parameter "{name}"')

    def reset_all(self) -> None:
        for key in list(self.values):
            definition = definitions().get(key)
            if definition is not None and definition.context in ("internal", "postmaster", "sighup", "backend"):
                continue
            if key in ("transaction_isolation", "transaction_read_only", "transaction_deferrable", "session_authorization",
                       "is_superuser", "role"):  # fmt: skip
                continue
            wanted = self.reset_values.get(key)
            if self.values[key] != wanted:
                self._stack.append((key, self.values.get(key), False))
                if wanted is None:
                    del self.values[key]
                else:
                    self.values[key] = wanted
                self.owner.setting_changed(key, self.get(key))

    # -- transactions ----------------------------------------------------------------------------------------

    def mark(self) -> int:
        return len(self._stack)

    def rollback_to(self, mark: int) -> None:
        while len(self._stack) > mark:
            key, old, _ = self._stack.pop()
            self._put(key, old)

    def commit(self) -> None:
        """Local settings end with the transaction, the others stay."""
        final: dict[str, str | None] = {}
        restore: dict[str, str | None] = {}
        current: dict[str, str | None] = {}
        for key, old, local in self._stack:
            current.setdefault(key, old)
            if local:
                restore.setdefault(key, current.get(key, old))
            else:
                restore.pop(key, None)
        # The last non-local value wins over locals set after it.
        values_before: dict[str, str | None] = {}
        for index, (key, old, local) in enumerate(self._stack):
            if local and key not in values_before:
                values_before[key] = old
            elif not local:
                values_before.pop(key, None)
                later = [e for e in self._stack[index + 1 :] if e[0] == key]
                if later and later[0][2]:
                    values_before[key] = later[0][1]
        final.update(values_before)
        self._stack.clear()
        for key, value in final.items():
            self._put(key, value)

    def rollback(self) -> None:
        self.rollback_to(0)

    def _put(self, key: str, value: str | None) -> None:
        if self.values.get(key) == value:
            return
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value
        self.owner.setting_changed(key, self.get(key))


def unknown(name: str) -> PgError:
    return PgError("42704", f'unrecognized configuration parameter "{name}"')
