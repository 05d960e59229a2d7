"""The pytest plugin: services that live for the session and are clean for every test.

Fixtures
    parlel         a `TestContext`, put back to its empty start after each test (data, clock, chance, chaos rules, crashed services)
    parlel_redis   its Redis service (`.url .host .port .client()`); likewise parlel_postgres and parlel_kafka
    parlel_env     the same context, with REDIS_URL, DATABASE_URL and so on in `os.environ` for the test
    parlel_config  session-scoped dict to override: arguments of `create_test_context` for every test

Marker
    @pytest.mark.parlel(services=["redis"], seed=7, clock="frozen", ...)   arguments of `create_test_context` for this test

Services are those of the marker, else of `parlel_config`, else of `--parlel-services` or the ini `parlel_services`, else those
whose fixtures the test asks for, else redis and postgres. Seed: marker, `--parlel-seed`, ini `parlel_seed`, else drawn; it is
shown in every failure. Each xdist worker has services of its own on free ports. Imported on every run of pytest, so nothing
but the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from parlel.context import TestContext
    from parlel.service import Service

_SERVICE_FIXTURES = {"parlel_redis": "redis", "parlel_postgres": "postgres", "parlel_kafka": "kafka"}
_LOG_LINES = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parlel")
    group.addoption(
        "--parlel-seed", type=int, default=None, metavar="N", help="seed of all chance in parlel's services"
    )
    group.addoption(
        "--parlel-services",
        default=None,
        metavar="NAMES",
        help="services of the parlel fixture, such as redis,postgres",
    )
    parser.addini("parlel_seed", "seed of all chance in parlel's services", default=None)
    parser.addini("parlel_services", "services of the parlel fixture", type="args", default=None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "parlel(**arguments): arguments of parlel.create_test_context for this test, such as services, seed, clock",
    )
    config.stash[_pool_key] = _Pool()


def pytest_report_header(config: pytest.Config) -> str | None:
    seed = _configured_seed(config)
    return None if seed is None else f"parlel: seed {seed}"


def pytest_unconfigure(config: pytest.Config) -> None:
    pool = config.stash.get(_pool_key, None)
    if pool is not None:
        pool.close()


class _Pool:
    """The contexts of this process, by the arguments they were made with."""

    def __init__(self) -> None:
        self._contexts: dict[str, tuple[TestContext, Any]] = {}

    def get(self, arguments: dict[str, Any]) -> tuple[TestContext, Any]:
        """A clean context and its pristine snapshot."""
        import parlel

        key = repr(sorted(arguments.items()))
        found = self._contexts.get(key)
        if found is None or found[0].closed:
            context = parlel.create_test_context(**arguments)
            found = self._contexts[key] = (context, context.snapshot("parlel-pristine"))
        return found

    def discard(self, context: TestContext) -> None:
        self._contexts = {key: found for key, found in self._contexts.items() if found[0] is not context}
        context.cleanup()

    def close(self) -> None:
        for context, _ in self._contexts.values():
            context.cleanup()
        self._contexts.clear()


_pool_key: pytest.StashKey[_Pool] = pytest.StashKey()
_context_key: pytest.StashKey[tuple[TestContext, int]] = pytest.StashKey()


@pytest.fixture(scope="session")
def parlel_config() -> dict[str, Any]:
    """Arguments of `create_test_context` for every test; override it in conftest.py."""
    return {}


@pytest.fixture
def parlel(request: pytest.FixtureRequest, parlel_config: dict[str, Any]) -> Iterator[TestContext]:
    """A `TestContext` that is clean before and after each test; see the module's text for what it is made of."""
    pool = request.config.stash[_pool_key]
    context, pristine = pool.get(_arguments(request, parlel_config))
    mark = context.log.mark()
    request.node.stash[_context_key] = (context, mark)
    yield context
    if context.closed:
        return
    context.chaos.clear()
    context.chaos.deactivate()
    for name, service in context.services.items():
        if service.status()["status"] == "crashed":
            context.recovery.force_recovery(name)
    if pristine not in context.snapshots():
        pool.discard(context)
        return
    context.restore(pristine)
    for snapshot in context.snapshots():
        if snapshot is not pristine:
            context._machine.host.call(context._machine.host.snapshots.drop, snapshot)
    errors = context._machine.host.internal_errors
    if errors:
        error = errors.pop()
        errors.clear()
        raise AssertionError("an emulator failed inside during this test: a bug of parlel, please report it") from error


@pytest.fixture
def parlel_redis(parlel: TestContext) -> Service:
    """The Redis service of the test's context: `.url .host .port .client()`."""
    return parlel["redis"]


@pytest.fixture
def parlel_postgres(parlel: TestContext) -> Service:
    """The Postgres service of the test's context: `.url .host .port .client()`."""
    return parlel["postgres"]


@pytest.fixture
def parlel_kafka(parlel: TestContext) -> Service:
    """The Kafka service of the test's context: `.url .host .port .client()`."""
    return parlel["kafka"]


@pytest.fixture
def parlel_env(parlel: TestContext, monkeypatch: pytest.MonkeyPatch) -> TestContext:
    """The test's context, with its environment variables in `os.environ`."""
    for name, value in parlel.environment.items():
        monkeypatch.setenv(name, value)
    return parlel


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    found = item.stash.get(_context_key, None)
    if not report.failed or found is None:
        return
    context, mark = found
    seed = context.random_seed
    lines = [f"seed {seed}: repeat with --parlel-seed {seed}"]
    if not context.closed:
        entries = [entry for entry in context.log.tail(_LOG_LINES) if entry.sequence >= mark]
        lines += [str(entry) for entry in entries] or ["(no operation)"]
    report.sections.append(("parlel: seed and last operations", "\n".join(lines)))


def _arguments(request: pytest.FixtureRequest, config: dict[str, Any]) -> dict[str, Any]:
    arguments = dict(config)
    option, ini = request.config.getoption("--parlel-services"), request.config.getini("parlel_services")
    if "services" not in arguments:
        wanted = option.split(",") if option else list(ini or ())
        if not wanted:
            wanted = [name for fixture, name in _SERVICE_FIXTURES.items() if fixture in request.fixturenames]
        if wanted:
            arguments["services"] = wanted
    seed = _configured_seed(request.config)
    if seed is not None:
        arguments["seed"] = seed
    for marker in reversed(list(request.node.iter_markers("parlel"))):
        if marker.args:
            raise pytest.UsageError("@pytest.mark.parlel takes keyword arguments only, such as services=['redis']")
        arguments.update(marker.kwargs)
    return arguments


def _configured_seed(config: pytest.Config) -> int | None:
    option = config.getoption("--parlel-seed")
    if option is not None:
        return int(option)
    ini = config.getini("parlel_seed")
    return int(ini) if ini else None
