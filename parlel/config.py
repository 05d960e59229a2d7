"""Settings of the command line, from four places: CLI > PARLEL_* environment > file > default.

The file is `parlel.toml`, or the table `[tool.parlel]` of `pyproject.toml`, in the working directory or the nearest one above it
(PARLEL_CONFIG names another). Its keys are the fields of `Settings`; the environment has them as PARLEL_SEED, PARLEL_BASE_PORT, ...
Unknown keys are errors with a suggestion.

    [tool.parlel]
    services = ["redis:7791", "postgres"]
    seed = 1
    [tool.parlel.options.redis]
    version = "7.0"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from parlel.errors import ConfigError, suggest

__all__ = ["Settings", "find_file", "load_settings", "parse_option"]

_PREFIX = "PARLEL_"
# Variables that are not settings of an instance but say where things are.
_PLACES = ("PARLEL_CONFIG", "PARLEL_RUNTIME_DIR")


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `parlel up` starts.

    services      names with ports (`redis:7791`) or tables `{name, service, port, env, options, unix_socket}`
    options       options of `emulate` by service: `{"redis": {"version": "7.0"}}`
    base_port     first of consecutive ports; 0 for free ones
    clock         `real`, `frozen`, `x10` or an instant
    name          by which other commands find the instance
    recovery      `{"enabled", "max_retries", "interval_s", "retry_s"}`
    wait_timeout  seconds that `--wait` waits
    """

    services: list[str | dict[str, Any]] = []
    options: dict[str, dict[str, Any]] = {}
    base_port: int = 0
    state_dir: str | None = None
    log_dir: str | None = None
    seed: int | None = None
    clock: str = "real"
    fsync: Literal["off", "interval", "always"] = "off"
    log_limit: int = 65_536
    name: str = "default"
    recovery: dict[str, Any] = {}
    wait_timeout: float = 30.0


_LISTS = ("services",)
_TABLES = ("options", "recovery")


def find_file(folder: Path) -> Path | None:
    """The nearest `parlel.toml`, or `pyproject.toml` with `[tool.parlel]`, in `folder` or above it."""
    for place in (folder, *folder.parents):
        own = place / "parlel.toml"
        if own.is_file():
            return own
        project = place / "pyproject.toml"
        if project.is_file() and "parlel" in _read_toml(project).get("tool", {}):
            return project
    return None


def load_settings(folder: Path, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings from file, environment and `overrides` (what the command line said; None values do not count).

    ConfigError names the place of an unknown key or a wrong value.
    """
    merged: dict[str, Any] = {}
    named = environ.get("PARLEL_CONFIG")
    if named and not Path(named).is_file():
        raise ConfigError(f"PARLEL_CONFIG names {named}, which is no file")
    file = Path(named) if named else find_file(folder)
    if file is not None:
        merged.update(_checked(_read_file(file), str(file), strict=True))
        for key in ("state_dir", "log_dir"):
            if key in merged:
                merged[key] = str(file.parent / merged[key])
    merged.update(_checked(_read_environ(environ), "the environment", strict=False))
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    options = _merge_options(merged.get("options", {}), given.pop("options", {}))
    merged.update(_checked(given, "the command line", strict=True))
    merged["options"] = options
    return msgspec.convert(merged, Settings)


def parse_option(text: str) -> tuple[str, str, Any]:
    """`redis.version=7.0` as `("redis", "version", "7.0")`. `true`, `false` and whole numbers become bool and int.

    >>> parse_option("redis.databases=4")
    ('redis', 'databases', 4)
    """
    name, equals, value = text.partition("=")
    service, dot, option = name.partition(".")
    if not equals or not dot or not service or not option:
        raise ConfigError(f"the option {text!r} is not of the form SERVICE.OPTION=VALUE, such as redis.version=7.0")
    parsed: Any = value
    if value in ("true", "false"):
        parsed = value == "true"
    elif value.lstrip("-").isdigit():
        parsed = int(value)
    return service, option, parsed


def _read_file(file: Path) -> dict[str, Any]:
    data = _read_toml(file)
    if file.name == "pyproject.toml":
        found: dict[str, Any] = data.get("tool", {}).get("parlel", {})
        return found
    return data


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error


def _read_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {_PREFIX + field.upper(): field for field in Settings.__struct_fields__ if field not in _TABLES}
    for variable, value in environ.items():
        if not variable.startswith(_PREFIX) or variable in _PLACES:
            continue
        field = known.get(variable)
        if field is None:
            raise ConfigError(f"there is no setting {variable}.{suggest(variable, [*known, *_PLACES])}")
        found[field] = [part.strip() for part in value.split(",") if part.strip()] if field in _LISTS else value
    return found


def _checked(data: dict[str, Any], place: str, *, strict: bool) -> dict[str, Any]:
    fields = Settings.__struct_fields__
    for key in data:
        if key not in fields:
            raise ConfigError(f"{place} has an unknown setting {key!r}.{suggest(key, fields)}")
    try:
        settings = msgspec.convert(data, Settings, strict=strict)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place} has a wrong setting: {error}") from error
    return {key: getattr(settings, key) for key in data}


def _merge_options(
    below: dict[str, dict[str, Any]], above: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    merged = {service: dict(options) for service, options in below.items()}
    for service, options in above.items():
        merged.setdefault(service, {}).update(options)
    return merged
