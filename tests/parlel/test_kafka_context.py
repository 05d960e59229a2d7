"""Kafka in a context: the helper, seeds, chaos, crash, replay, one snapshot over two services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import parlel
from emulators.kafka.client import KafkaError
from parlel import SeedError, TestContext

SEED = """[
  {"topic": "events", "key": "user1", "value": {"action": "login"}},
  {"topic": "events", "key": "user2", "value": {"action": "signup"}, "headers": {"h": "1"}}
]"""


@pytest.fixture
def both() -> Iterator[TestContext]:
    with parlel.create_test_context(services=["redis", "kafka"], clock="frozen", seed=1) as ctx:
        yield ctx


def values(ctx: TestContext, topic: str) -> list[object]:
    return [record.json() for record in ctx.kafka.consume(topic)]


def test_a_seed_makes_topics_and_records(both: TestContext, tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text(SEED)
    assert both.seed.execute_file("kafka", file) == 2
    records = both.kafka.consume("events")
    assert [(record.key, record.json()) for record in records] == [
        (b"user1", {"action": "login"}),
        (b"user2", {"action": "signup"}),
    ]
    assert records[1].headers == (("h", b"1"),)
    dump = both.dump("kafka")
    assert dump["topicCount"] == 1
    assert dump["topics"]["events"]["sample"][0]["value"] == {"action": "login"}
    both.log.assert_called("PRODUCE", key="events", times=2)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{}", 1, "JSON array"),
        ("[\n{]", 2, "no JSON"),
        ('[{"topic": "t"},\n\n {"tpic": "t"}]', 3, 'an object with a "topic"'),
        ('[\n {"topic": "t", "vale": 1}]', 2, "Did you mean 'value'"),
        ('[\n {"topic": "no spaces"}]', 2, "INVALID_TOPIC"),
    ],
)
def test_a_seed_that_is_wrong(both: TestContext, text: str, line: int, message: str) -> None:
    with pytest.raises(SeedError, match=message) as caught:
        both.seed.execute_content("kafka", text)
    assert caught.value.line == line
    assert both.dump("kafka")["topicCount"] == 0


def test_one_instant_over_both_services(both: TestContext) -> None:
    both.redis.set("a", 1)
    both.kafka.produce("t", 1)
    before = both.snapshot()
    both.redis.set("a", 2)
    both.kafka.produce("t", 2)
    assert {change.path.split("/")[0] for change in both.diff(before)} == {"redis", "kafka"}
    both.restore(before)
    assert (both.redis.get("a"), values(both, "t")) == ("1", [1])


def test_a_crash_of_one_leaves_the_other(both: TestContext, tmp_path: Path) -> None:
    both.kafka.create_topic("t", 2)
    both.kafka.produce_many("t", [{"value": number, "partition": number % 2} for number in range(6)])
    both.redis.set("a", 1)
    before = both.digest()
    both.recovery.crash("kafka")
    with pytest.raises(ConnectionError):
        both.kafka.consume("t")
    assert both.redis.get("a") == "1"
    assert both.recovery.wait("kafka").status == "healthy"
    assert both.digest() == before
    assert sorted(map(str, values(both, "t"))) == list("012345")
    assert both.recovery.check("kafka")
    with parlel.replay(both.log.save(tmp_path / "run.log")) as again:
        assert again.digest() == before


def test_chaos_answers_with_kafka_errors(both: TestContext) -> None:
    handle = both.chaos.configure(
        service="kafka",
        command="PRODUCE",
        pattern="orders",
        action="error",
        error_response="TOPIC_AUTHORIZATION_FAILED",
    )
    with both.chaos:
        with pytest.raises(KafkaError, match="TOPIC_AUTHORIZATION_FAILED"):
            both.kafka.produce("orders", 1)
        both.kafka.produce("other", 1)
    both.kafka.produce("orders", 2)
    assert handle.hits == 1
    assert values(both, "orders") == [2]


def test_environment_and_url(both: TestContext) -> None:
    assert both.environment["KAFKA_BOOTSTRAP_SERVERS"] == both["kafka"].url == both.kafka.bootstrap_servers
    assert both.kafka.topics() == {}
    assert both.kafka.lag("none") == both.kafka.committed("none") == {}
    both.kafka.create_topic("t")
    both.kafka.delete_topic("t")
    assert both.kafka.topics() == {}
