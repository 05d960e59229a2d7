"""The services that parlel can run, as data: one row each.

A row names the emulator's class by text, so that nothing is imported before somebody wants that service. To add a service of
your own, put a `ServiceSpec` into `SERVICES`.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from parlel.errors import ClientNotInstalled, ConfigError, ServiceNotAvailable, suggest

if TYPE_CHECKING:
    from emulators.kernel import Emulator

__all__ = ["SERVICES", "Address", "ServiceSpec", "available", "find", "load", "options_from_env"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instance listens, and with which options it was started."""

    host: str
    port: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One kind of service.

    name          `redis`, ...
    module        where the emulator's class is
    emulator      the class's name in that module
    default_port  the port on which the real service listens by default
    url           the address as a URL (or bootstrap list) that clients take
    environ       the environment variables by which applications find the service
    env_options   environment variables of the usual container image, and the option of `emulate` that each one sets
    client        makes a client of the usual Python library
    defaults      options that hold unless others are given
    """

    name: str
    module: str
    emulator: str
    default_port: int
    url: Callable[[Address], str]
    environ: Callable[[Address], dict[str, str]]
    env_options: Mapping[str, str]
    client: Callable[[Address, dict[str, Any]], Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)


# -- redis -----------------------------------------------------------------------------------------------------


def _redis_url(at: Address) -> str:
    password = at.options.get("password")
    return f"redis://{':' + quote(str(password), safe='') + '@' if password else ''}{at.host}:{at.port}/0"


def _redis_environ(at: Address) -> dict[str, str]:
    return {"REDIS_URL": _redis_url(at), "REDIS_HOST": at.host, "REDIS_PORT": str(at.port)}


def _redis_client(at: Address, options: dict[str, Any]) -> Any:
    redis = _library("redis", "redis")
    options.setdefault("password", at.options.get("password"))
    return redis.Redis(host=at.host, port=at.port, **options)


# -- postgres --------------------------------------------------------------------------------------------------


def postgres_login(at: Address) -> dict[str, str]:
    """User, password and database of an instance; all `test` unless options say otherwise (the database follows the user)."""
    user = str(at.options.get("user") or "test")
    password = str(at.options.get("password") or "test")
    return {"user": user, "password": password, "database": str(at.options.get("database") or user)}


def _postgres_url(at: Address) -> str:
    login = {key: quote(value, safe="") for key, value in postgres_login(at).items()}
    return f"postgresql://{login['user']}:{login['password']}@{at.host}:{at.port}/{login['database']}"


def _postgres_environ(at: Address) -> dict[str, str]:
    login = postgres_login(at)
    return {
        "DATABASE_URL": _postgres_url(at),
        "PGHOST": at.host,
        "PGPORT": str(at.port),
        "PGUSER": login["user"],
        "PGPASSWORD": login["password"],
        "PGDATABASE": login["database"],
    }


def _postgres_client(at: Address, options: dict[str, Any]) -> Any:
    return _library("psycopg", "psycopg[binary]").connect(_postgres_url(at), **options)


# -- kafka -----------------------------------------------------------------------------------------------------


def _kafka_url(at: Address) -> str:
    return f"{at.host}:{at.port}"


def _kafka_environ(at: Address) -> dict[str, str]:
    return {"KAFKA_BOOTSTRAP_SERVERS": _kafka_url(at), "KAFKA_BROKERS": _kafka_url(at)}


def kafka_sasl(at: Address) -> tuple[str, str] | None:
    """User and password for SASL PLAIN: the first of the option `users`, if there are any."""
    users: Mapping[str, str] | None = at.options.get("users")
    return next(iter(users.items()), None) if users else None


def _kafka_client(at: Address, options: dict[str, Any]) -> Any:
    """A producer: `confluent_kafka.Producer` if that library is installed, else `kafka.KafkaProducer`."""
    if importlib.util.find_spec("confluent_kafka") is not None:
        confluent: Any = importlib.import_module("confluent_kafka")
        return confluent.Producer({"bootstrap.servers": _kafka_url(at), **options})
    return _library("kafka", "confluent-kafka").KafkaProducer(bootstrap_servers=[_kafka_url(at)], **options)


SERVICES: dict[str, ServiceSpec] = {
    "redis": ServiceSpec(
        "redis",
        "emulators.redis",
        "RedisEmulator",
        6379,
        _redis_url,
        _redis_environ,
        {"REDIS_PASSWORD": "password"},
        _redis_client,
    ),
    "postgres": ServiceSpec(
        "postgres",
        "emulators.postgres.emulator",
        "PostgresEmulator",
        5432,
        _postgres_url,
        _postgres_environ,
        {"POSTGRES_USER": "user", "POSTGRES_PASSWORD": "password", "POSTGRES_DB": "database"},
        _postgres_client,
        {"user": "test", "password": "test"},
    ),
    "kafka": ServiceSpec(
        "kafka",
        "emulators.kafka.emulator",
        "KafkaEmulator",
        9092,
        _kafka_url,
        _kafka_environ,
        {},
        _kafka_client,
    ),
}


def find(name: str) -> ServiceSpec:
    """The row of a service; ServiceNotAvailable with a suggestion when there is none."""
    spec = SERVICES.get(name)
    if spec is None:
        raise ServiceNotAvailable(f"parlel has no service {name!r}.{suggest(name, SERVICES)}")
    return spec


def load(name: str) -> type[Emulator]:
    """Import the emulator's class. ServiceNotAvailable when this version of parlel does not carry it."""
    spec = find(name)
    try:
        found = getattr(importlib.import_module(spec.module), spec.emulator)
    except (ImportError, AttributeError) as error:
        working = [other for other in SERVICES if other != name and _importable(other)]
        here = f"Available here: {', '.join(working)}." if working else "None of the services is available here."
        raise ServiceNotAvailable(f"the service {name!r} is not available in this parlel ({error}). {here}") from error
    emulator: type[Emulator] = found
    return emulator


def available() -> list[str]:
    """Names of the services whose emulators can be imported."""
    return [name for name in SERVICES if _importable(name)]


def _importable(name: str) -> bool:
    spec = SERVICES[name]
    try:
        return hasattr(importlib.import_module(spec.module), spec.emulator)
    except ImportError:
        return False


def check_options(name: str, emulator: type[Emulator], options: Mapping[str, Any]) -> None:
    """ConfigError with a suggestion for an option that the emulator's constructor does not take."""
    parameters = list(inspect.signature(emulator).parameters.values())[1:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    known = [parameter.name for parameter in parameters]
    for option in options:
        if option not in known:
            raise ConfigError(f"{name} has no option {option!r}.{suggest(option, known)}")


def options_from_env(name: str, env: Mapping[str, str]) -> dict[str, Any]:
    """The options that a container image's environment variables stand for (`POSTGRES_DB=app` is `database="app"`)."""
    known = find(name).env_options
    options: dict[str, Any] = {}
    for variable, value in env.items():
        if variable not in known:
            raise ConfigError(f"{name} takes no environment variable {variable!r}.{suggest(variable, known)}")
        options[known[variable]] = value
    return options


def _library(module: str, requirement: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ClientNotInstalled(
            f"client() needs the library {module!r}, which is not installed: pip install '{requirement}'. "
            "(Any other client works too: connect it to .url)"
        ) from error
