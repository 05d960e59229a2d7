"""The emulator's answers to conformance's scripts, held to those that Apache Kafka 4.1.0 gave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.golden import Goldens
from conformance.kafka.service import EmulatedKafka, KafkaService
from conformance.model import Case

SERVICE = KafkaService()
CASES = SERVICE.cases()


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatedKafka]:
    server = EmulatedKafka()
    yield server
    server.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.title))
def test_answers_are_those_of_apache_kafka(case: Case, emulator: EmulatedKafka) -> None:
    expected = Goldens("kafka", case.group).find(case, "raw")
    answers = list(SERVICE.play(case, "raw", emulator))
    for index, (step, found, wanted) in enumerate(zip(case.steps, answers, expected, strict=True)):
        assert found == wanted, f"step {index}: {step.text}"
    assert emulator.problems() == []
