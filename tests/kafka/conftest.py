"""Clusters for tests: `cluster(nodes=…, topics=…, …)` starts one on a host of its own and stops it after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulators.kafka.client import KafkaClient
from emulators.kafka.emulator import KafkaEmulator
from emulators.kernel.clock import Clock
from emulators.kernel.host import Host
from tests.kafka.raw import Raw


class Cluster:
    """A running cluster and the ways in."""

    def __init__(self, clock: Clock | None = None, seed: int = 1, **options: Any) -> None:
        self.host = Host(seed=seed, clock=clock).start()
        self.runtime = self.host.add("kafka", lambda environment: KafkaEmulator(environment, **options))
        self.client = KafkaClient(self.bootstrap, timeout=10)

    @property
    def emulator(self) -> KafkaEmulator:
        found = self.runtime.emulator
        assert isinstance(found, KafkaEmulator)
        return found

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.runtime.port}"

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return self.host.call(function, *arguments, **named)

    def raw(self, node: int = 1) -> Raw:
        return Raw(self.emulator.nodes[node].port)

    def values(self, topic: str, **options: Any) -> list[bytes | None]:
        return [record.value for record in self.client.consume_all(topic, **options)]

    def advance(self, seconds: float) -> None:
        """Move a frozen clock."""
        self.host.call(self.host.clock.advance, seconds)

    def stop(self) -> None:
        """Check the invariants, and that nothing escaped an engine, then stop."""
        if self.runtime.emulator is not None and self.host.running:
            self.host.call(self.runtime.emulator.check)
        errors = list(self.host.internal_errors)
        self.client.close()
        self.host.stop()
        assert errors == []


@pytest.fixture
def cluster() -> Iterator[Callable[..., Cluster]]:
    started: list[Cluster] = []

    def start(**options: Any) -> Cluster:
        found = Cluster(**options)
        started.append(found)
        return found

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def frozen(cluster: Callable[..., Cluster]) -> Callable[..., Cluster]:
    """Clusters whose clock moves only by `advance`."""
    return lambda **options: cluster(clock=Clock("frozen"), **options)
