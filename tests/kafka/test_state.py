"""Snapshots, restores, crashes and replays: the same state comes out, connections live on, and it costs what changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack
import pytest

from conformance.cases.kafka.scripts import CASES
from conformance.kafka.player import run_case
from emulators.kafka.emulator import KafkaEmulator
from emulators.kernel.emulator import Environment
from tests.kafka.conftest import Cluster
from tests.kafka.raw import batch, fetch, produce

Start = Callable[..., Cluster]


def _fill(cluster: Cluster) -> None:
    """A bit of everything: records, a group with a member, a transaction that is open, configs, quotas, a share group."""
    for name in (
        "produce: sequences of an idempotent producer",
        "transactions: commit, abort, what read_committed sees",
        "configs of a topic",
        "quotas and SCRAM users as data",
        "a static member comes back",
    ):
        with cluster.raw() as connection:
            run_case(connection, CASES[name])
    with cluster.raw() as connection:
        names = {"subscribed_topic_names": ["p5"]}
        connection.call("share_group_heartbeat", 1, group_id="sh", member_id="m", member_epoch=0, **names)
        fields = {"rebalance_timeout_ms": 1000, "topic_partitions": [], **names}
        connection.call("consumer_group_heartbeat", 1, group_id="k", member_id="m", member_epoch=0, **fields)


def test_a_restore_brings_back_records_groups_topics_and_configs(frozen: Start) -> None:
    cluster = frozen()
    _fill(cluster)
    before = cluster.call(cluster.emulator.digest)
    state = cluster.call(cluster.emulator.snapshot)
    cluster.client.produce("p5", b"later")
    cluster.client.create_topic("later")
    cluster.client.delete_topic("c1")
    assert cluster.call(cluster.emulator.digest) != before
    cluster.call(cluster.emulator.restore, state)
    assert cluster.call(cluster.emulator.digest) == before
    assert "later" not in cluster.client.topics()


def test_any_snapshot_can_be_restored_in_any_order(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    states = []
    for number in range(4):
        states.append(cluster.call(cluster.emulator.snapshot))
        cluster.client.produce("t", str(number))
    for position in (2, 0, 3, 1, 3):
        cluster.call(cluster.emulator.restore, states[position])
        assert cluster.values("t") == [str(number).encode() for number in range(position)]
        cluster.client.produce("t", b"other")
        cluster.call(cluster.emulator.check)


def test_a_state_survives_msgpack(frozen: Start) -> None:
    cluster = frozen()
    _fill(cluster)
    emulator = cluster.emulator
    plain = cluster.call(lambda: emulator.export_state(emulator.snapshot()))
    again = msgpack.unpackb(msgpack.packb(plain, use_bin_type=True), raw=False, strict_map_key=False)
    other = KafkaEmulator(Environment.alone("kafka", clock=None))
    other.restore(other.import_state(again))
    other.check()
    assert other.digest() == cluster.call(emulator.digest)
    other.close()


def test_a_dump_of_a_state_is_the_dump_of_then(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    cluster.client.produce("t", {"n": 1}, key="k")
    emulator = cluster.emulator
    state = cluster.call(emulator.snapshot)
    then = cluster.call(emulator.dump)
    cluster.client.produce("t", {"n": 2})
    assert cluster.call(emulator.dump, state) == then
    assert then["topics"]["t"]["sample"][0]["value"] == {"n": 1}
    assert then["topics"]["t"]["partitions"][0]["endOffset"] == 1


def test_a_crashed_cluster_recovers_exactly(frozen: Start) -> None:
    cluster = frozen()
    _fill(cluster)
    cluster.call(lambda: cluster.emulator.control("compact", "p3") if "p3" in cluster.emulator.topics else None)
    cluster.advance(40)
    before = cluster.call(cluster.emulator.digest)
    cluster.host.crash("kafka")
    cluster.host.recover("kafka")
    # Sessions end with the crash; what they had sent is all there.
    assert cluster.call(cluster.emulator.digest) == before


def test_faults_and_node_moves_are_played_back(frozen: Start) -> None:
    cluster = frozen(nodes=2, topics={"t": 2})
    cluster.call(cluster.emulator.faults.add, error=7, keys=["produce"], topic="t", count=1)
    cluster.call(cluster.emulator.faults.add, error=3, keys=["produce"], topic="t", count=1)
    leader = cluster.emulator.topics["t"].partitions[0].leader
    with cluster.raw(leader) as connection:
        codes = [
            connection.call("produce", 9, **produce("t", batch(b"x")))["responses"][0]["partition_responses"][0][
                "error_code"
            ]
            for _ in range(3)
        ]
    assert codes == [3, 7, 0]
    cluster.call(cluster.emulator.control, "move_leader", "t", 0, 3 - leader)
    cluster.call(cluster.emulator.control, "node_down", 2)
    before = cluster.call(cluster.emulator.digest)
    cluster.host.crash("kafka")
    cluster.host.recover("kafka")
    assert cluster.call(cluster.emulator.digest) == before


def test_a_parked_fetch_looks_again_after_a_restore(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    cluster.client.produce("t", b"1")
    state = cluster.call(cluster.emulator.snapshot)
    cluster.client.produce("t", b"2")
    with cluster.raw() as connection:
        connection.send("fetch", 12, **{**fetch("t", 2), "max_wait_ms": 60_000, "min_bytes": 1})
        while not cluster.call(lambda: cluster.emulator.topics["t"].partitions[0].parked):
            pass
        cluster.call(cluster.emulator.restore, state)
        answer = connection.receive("fetch", 12)
    assert answer["responses"][0]["partitions"][0]["error_code"] == 1


def test_two_runs_of_one_seed_are_one_run(frozen: Start) -> None:
    digests = set()
    for _ in range(2):
        cluster = frozen(seed=5)
        for name in (
            "a classic group of one member",
            "topics: creating and refusing",
            "a KIP-848 group of two members",
        ):
            with cluster.raw() as connection:
                run_case(connection, CASES[name])
        digests.add(cluster.call(cluster.emulator.digest))
    assert len(digests) == 1


@pytest.mark.parametrize("count", [100, 10_000])
def test_a_snapshot_copies_nothing(frozen: Start, count: int) -> None:
    cluster = frozen(topics={"t": 1})
    log: Any = cluster.emulator.topics["t"].partitions[0].log
    cluster.client.produce_many("t", [{"value": b"x"}] * count)
    state = cluster.call(log.state)
    assert state.batches is log.batches
    assert cluster.call(log.state) is state
    cluster.client.produce("t", b"y")
    cluster.call(log.go_to, state)
    assert cluster.values("t") == [b"x"] * count


def test_reset_is_a_fresh_cluster(frozen: Start) -> None:
    cluster = frozen(topics={"t": 2})
    _fill(cluster)
    cluster.call(cluster.emulator.reset)
    assert cluster.client.topics() == {"t": 2}
    assert cluster.client.groups() == {}
