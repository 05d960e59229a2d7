"""The emulator's answers to the scripts of `golden_cases`, held to those that Apache Kafka 4.1.0 gave."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from emulators.kafka.emulator import KafkaEmulator
from emulators.kernel.host import Host
from tests.kafka.golden_cases import ANSWERS, CASES, run_case
from tests.kafka.raw import Raw

EXPECTED = json.loads(ANSWERS.read_text())


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Host(seed=1) as host:
        # Recorded with Kafka's own heartbeat; ours is faster by default.
        configs = {"group.consumer.heartbeat.interval.ms": 5000}
        yield host.add("kafka", lambda environment: KafkaEmulator(environment, configs=configs)).port


def test_every_case_has_a_recorded_answer() -> None:
    assert set(EXPECTED) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_answers_are_those_of_apache_kafka(name: str, port: int) -> None:
    steps = CASES[name]
    with Raw(port) as connection:
        answers = run_case(connection, steps)
    for index, (step, found, expected) in enumerate(zip(steps, answers, EXPECTED[name], strict=True)):
        assert found == expected, f"step {index}: {step[0]} v{step[1]} {step[2]}"
