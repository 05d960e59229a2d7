"""Groups by the protocol itself, on a frozen clock: rebalances, timeouts, fencing, expiry, KIP-848 reconciliation,
share groups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.cases.kafka.scripts import commit, heartbeat, join, member848, offsets, sync
from emulators.kafka import errors
from tests.kafka.conftest import Cluster
from tests.kafka.raw import Raw, batch, produce

Start = Callable[..., Cluster]


def _ask(connection: Raw, step: tuple[Any, ...]) -> dict[str, Any]:
    fields = {key: value(None) if callable(value) else value for key, value in step[2].items()}
    return connection.call(step[0], step[1], **fields)


def _send(connection: Raw, step: tuple[Any, ...]) -> None:
    fields = {key: value(None) if callable(value) else value for key, value in step[2].items()}
    connection.send(step[0], step[1], **fields)


def _settled(cluster: Cluster, parked: int) -> None:
    """Wait until so many requests are parked."""
    while cluster.call(lambda: sum(one.parked is not None for one in cluster.emulator.sessions.values())) != parked:
        pass


def _enter(connection: Raw, group: str, **more: Any) -> str:
    """Get a member id, and leave the join that follows to the caller."""
    answer = _ask(connection, join(group, **more))
    assert answer["error_code"] == errors.MEMBER_ID_REQUIRED
    return str(answer["member_id"])


def _pair(cluster: Cluster, group: str = "g", **more: Any) -> tuple[Raw, str, Raw, str]:
    """Two members in generation 2, Stable; the first leads."""
    one, two = cluster.raw(), cluster.raw()
    first = _enter(one, group, **more)
    assert _ask(one, join(group, first, **more))["leader"] == first
    assert _ask(one, sync(group, first, 1))["error_code"] == 0
    second = _enter(two, group, **more)
    _send(two, join(group, second, **more))
    _settled(cluster, 1)
    assert _ask(one, heartbeat(group, first, 1))["error_code"] == errors.REBALANCE_IN_PROGRESS
    leader = _ask(one, join(group, first, **more))
    follower = two.receive("join_group", 5)
    assert leader["generation_id"] == follower["generation_id"] == 2
    assert len(leader["members"]) == 2
    assert follower["members"] == []
    _send(two, sync(group, second, 2, None))
    _settled(cluster, 1)
    fields = sync(group, first, 2)[2]
    rows = [{"member_id": first, "assignment": b"A"}, {"member_id": second, "assignment": b"B"}]
    assert one.call("sync_group", 3, **{**fields, "assignments": rows})["assignment"] == b"A"
    assert two.receive("sync_group", 3)["assignment"] == b"B"
    return one, first, two, second


def test_two_members_join_sync_and_one_leaves(frozen: Start) -> None:
    cluster = frozen()
    one, first, two, second = _pair(cluster)
    assert two.call("leave_group", 2, group_id="g", member_id=second)["error_code"] == 0
    assert _ask(one, heartbeat("g", first, 2))["error_code"] == errors.REBALANCE_IN_PROGRESS
    assert _ask(one, join("g", first))["generation_id"] == 3


def test_a_member_without_heartbeats_is_out_after_its_session_timeout(frozen: Start) -> None:
    cluster = frozen()
    one, first, two, second = _pair(cluster)
    cluster.advance(20)
    assert _ask(one, heartbeat("g", first, 2))["error_code"] == 0
    cluster.advance(15)
    assert _ask(one, heartbeat("g", first, 2))["error_code"] == errors.REBALANCE_IN_PROGRESS
    assert _ask(two, heartbeat("g", second, 2))["error_code"] == errors.UNKNOWN_MEMBER_ID


def test_a_member_that_does_not_rejoin_is_out_after_the_rebalance_timeout(frozen: Start) -> None:
    cluster = frozen()
    one, first, two, second = _pair(cluster, rebalance_timeout_ms=5_000, session_timeout_ms=20_000)
    three = cluster.raw()
    third = _enter(three, "g")
    _send(three, join("g", third, rebalance_timeout_ms=5_000))
    _send(one, join("g", first, rebalance_timeout_ms=5_000))
    _settled(cluster, 2)
    cluster.advance(5.1)
    assert one.receive("join_group", 5)["generation_id"] == 3
    assert three.receive("join_group", 5)["generation_id"] == 3
    assert _ask(two, heartbeat("g", second, 2))["error_code"] == errors.UNKNOWN_MEMBER_ID


def test_a_leader_that_does_not_sync_is_out(frozen: Start) -> None:
    cluster = frozen()
    one, two = cluster.raw(), cluster.raw()
    first = _enter(one, "g", rebalance_timeout_ms=4_000)
    _ask(one, join("g", first, rebalance_timeout_ms=4_000))
    second = _enter(two, "g", rebalance_timeout_ms=4_000)
    _send(two, join("g", second, rebalance_timeout_ms=4_000))
    _settled(cluster, 1)
    _ask(one, join("g", first, rebalance_timeout_ms=4_000))
    two.receive("join_group", 5)
    _send(two, sync("g", second, 2, None))
    _settled(cluster, 1)
    cluster.advance(4.1)
    assert two.receive("sync_group", 3)["error_code"] == errors.REBALANCE_IN_PROGRESS
    again = _ask(two, join("g", second, rebalance_timeout_ms=4_000))
    assert (again["generation_id"], again["leader"]) == (3, second)


def test_an_id_that_is_not_used_is_forgotten(frozen: Start) -> None:
    cluster = frozen()
    one, two = cluster.raw(), cluster.raw()
    first = _enter(one, "g")
    _enter(two, "g")
    # The one that was promised an id holds the first generation up, until its session timeout.
    _send(one, join("g", first))
    _settled(cluster, 1)
    cluster.advance(30.1)
    assert one.receive("join_group", 5)["generation_id"] == 1


def test_the_initial_rebalance_delay_gathers_members(frozen: Start) -> None:
    cluster = frozen(configs={"group.initial.rebalance.delay.ms": 3000})
    one, two = cluster.raw(), cluster.raw()
    first = _enter(one, "g")
    _send(one, join("g", first))
    _settled(cluster, 1)
    cluster.advance(2)
    second = _enter(two, "g")
    _send(two, join("g", second))
    _settled(cluster, 2)
    cluster.advance(2)
    _settled(cluster, 2)
    cluster.advance(1.1)
    assert one.receive("join_group", 5)["generation_id"] == two.receive("join_group", 5)["generation_id"] == 1


def test_a_static_member_keeps_its_place_until_its_session_ends(frozen: Start) -> None:
    cluster = frozen()
    one = cluster.raw()
    first = _ask(one, join("g", instance="i"))
    assert first["error_code"] == 0
    assert _ask(one, sync("g", first["member_id"], 1))["error_code"] == 0
    one.sock.close()
    cluster.advance(29)
    two = cluster.raw()
    back = _ask(two, join("g", instance="i"))
    assert back["generation_id"] == 1
    assert back["member_id"] != first["member_id"]
    fenced = {"group_instance_id": "i", "group_id": "g", "generation_id": 1, "member_id": first["member_id"]}
    assert two.call("heartbeat", 3, **fenced)["error_code"] == errors.FENCED_INSTANCE_ID
    cluster.advance(31)
    assert cluster.client.group_state("g") == ("Empty", 0)


def test_a_full_group_takes_no_more(frozen: Start) -> None:
    cluster = frozen(configs={"group.max.size": 1})
    one, two = cluster.raw(), cluster.raw()
    first = _enter(one, "g")
    assert _ask(one, join("g", first))["error_code"] == 0
    assert _ask(two, join("g"))["error_code"] == errors.GROUP_MAX_SIZE_REACHED


def test_offsets_expire_when_the_group_has_been_empty_long_enough(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1}, configs={"offsets.retention.minutes": 60})
    connection = cluster.raw()
    _ask(connection, commit("g", "t", 5))
    cluster.advance(59 * 60)
    assert _ask(connection, offsets("g", "t"))["topics"][0]["partitions"][0]["committed_offset"] == 5
    cluster.advance(10 * 60)
    assert _ask(connection, offsets("g", "t"))["topics"][0]["partitions"][0]["committed_offset"] == -1
    assert cluster.client.groups() == {}


def test_deleting_a_topic_deletes_its_commits(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    connection = cluster.raw()
    _ask(connection, commit("g", "t", 5))
    cluster.client.delete_topic("t")
    cluster.client.create_topic("t")
    assert _ask(connection, offsets("g", "t"))["topics"][0]["partitions"][0]["committed_offset"] == -1


# -- KIP-848 ---------------------------------------------------------------------------------------------------


def _slots(answer: dict[str, Any]) -> set[int] | None:
    assignment = answer["assignment"]
    if assignment is None:
        return None
    return {index for row in assignment["topic_partitions"] for index in row["partitions"]}


def test_partitions_are_revoked_before_they_are_given_away(frozen: Start) -> None:
    cluster = frozen(topics={"t": 2})
    topic_id = cluster.emulator.topics["t"].id
    connection = cluster.raw()
    owns = lambda *indexes: [{"topic_id": topic_id, "partitions": list(indexes)}]  # noqa: E731
    a = _ask(connection, member848("g", "a", 0, ["t"]))
    assert _slots(a) == {0, 1}
    b = _ask(connection, member848("g", "b", 0, ["t"]))
    assert _slots(b) == set()
    told = _ask(connection, member848("g", "a", a["member_epoch"], None, owns(0, 1)))
    assert len(_slots(told) or ()) == 1
    assert told["member_epoch"] == a["member_epoch"]
    # Until "a" says that it gave the partition up, nobody else gets it.
    assert _slots(_ask(connection, member848("g", "b", b["member_epoch"], None, []))) is None
    (kept,) = _slots(told) or ()
    done = _ask(connection, member848("g", "a", a["member_epoch"], None, owns(kept)))
    assert done["member_epoch"] == b["member_epoch"]
    assert _slots(_ask(connection, member848("g", "b", b["member_epoch"], None, []))) == {1 - kept}


def test_a_member_that_does_not_revoke_is_fenced(frozen: Start) -> None:
    cluster = frozen(topics={"t": 2})
    connection = cluster.raw()
    a = _ask(connection, member848("g", "a", 0, ["t"]))
    b = _ask(connection, member848("g", "b", 0, ["t"]))
    _ask(connection, member848("g", "a", a["member_epoch"], None, None))
    for _ in range(4):
        cluster.advance(10)
        b = _ask(connection, member848("g", "b", b["member_epoch"], None, None))
    assert (
        _ask(connection, member848("g", "a", a["member_epoch"], None, None))["error_code"] == errors.UNKNOWN_MEMBER_ID
    )
    assert cluster.client.group_state("g") == ("Stable", 1)


def test_a_static_member_that_left_for_a_while_gets_its_partitions_back(frozen: Start) -> None:
    cluster = frozen(topics={"t": 2})
    connection = cluster.raw()
    a = _ask(connection, member848("g", "a", 0, ["t"], instance_id="i"))
    assert _slots(a) == {0, 1}
    taken = _ask(connection, member848("g", "x", 0, ["t"], instance_id="i"))
    assert taken["error_code"] == errors.UNRELEASED_INSTANCE_ID
    left = _ask(connection, member848("g", "a", -2, None, None, instance_id="i"))
    assert left["member_epoch"] == -2
    back = _ask(connection, member848("g", "x", 0, ["t"], instance_id="i"))
    assert _slots(back) == {0, 1}
    old = _ask(connection, member848("g", "a", 1, None, None, instance_id="i"))
    assert old["error_code"] == errors.FENCED_INSTANCE_ID


def test_new_topics_and_partitions_reach_members(frozen: Start) -> None:
    cluster = frozen(topics={"t": 1})
    connection = cluster.raw()
    a = _ask(connection, member848("g", "a", 0, None, subscribed_topic_regex="t.*"))
    assert _slots(a) == {0}
    bad = _ask(connection, member848("g", "b", 0, None, subscribed_topic_regex="t("))
    assert bad["error_code"] == errors.INVALID_REGULAR_EXPRESSION
    cluster.client.create_topic("t2", 3)
    more = _ask(connection, member848("g", "a", a["member_epoch"], None, None))
    assert sum(len(row["partitions"]) for row in more["assignment"]["topic_partitions"]) == 4


@pytest.mark.parametrize("assignor", ["uniform", "range"])
def test_members_come_and_go_and_every_partition_has_one_owner(frozen: Start, assignor: str) -> None:
    cluster = frozen(topics={"t": 7, "u": 5})
    connection = cluster.raw()
    dice = cluster.host.dice.stream("test")
    topics = {topic.id: topic.name for topic in cluster.emulator.topics.values()}
    epochs: dict[str, int] = {}
    owned: dict[str, set[tuple[bytes, int]]] = {}
    for step in range(150):
        name = f"m{dice.randrange(5)}"
        if name in epochs and dice.random() < 0.1:
            _ask(connection, member848("g", name, -1, None, None))
            del epochs[name], owned[name]
            continue
        joined = name in epochs
        rows = [{"topic_id": topic, "partitions": [index]} for topic, index in sorted(owned.get(name, ()))]
        names = None if joined else ["t", "u"][: 1 + step % 2]
        answer = _ask(connection, member848("g", name, epochs.get(name, 0), names, rows, server_assignor=assignor))
        assert answer["error_code"] == 0
        epochs[name] = answer["member_epoch"]
        if answer["assignment"] is not None:
            owned[name] = {
                (row["topic_id"], index)
                for row in answer["assignment"]["topic_partitions"]
                for index in row["partitions"]
            }
        owned.setdefault(name, set())
        cluster.call(cluster.emulator.check)
    for _ in range(10):
        for name in sorted(epochs):
            rows = [{"topic_id": topic, "partitions": [index]} for topic, index in sorted(owned[name])]
            answer = _ask(connection, member848("g", name, epochs[name], None, rows))
            epochs[name] = answer["member_epoch"]
            if answer["assignment"] is not None:
                owned[name] = {
                    (row["topic_id"], index)
                    for row in answer["assignment"]["topic_partitions"]
                    for index in row["partitions"]
                }
    everything = [slot for one in owned.values() for slot in one]
    assert len(everything) == len(set(everything))
    assert {topics[topic] for topic, _ in everything} <= {"t", "u"}
    assert cluster.client.group_state("g")[0] == "Stable"


# -- share groups ----------------------------------------------------------------------------------------------


def _share(
    connection: Raw, topic_id: bytes, epoch: int, member: str = "m", acks: Any = (), records: int = 500
) -> dict[str, Any]:
    one = {"partition_index": 0, "acknowledgement_batches": list(acks)}
    topics = [{"topic_id": topic_id, "partitions": [one]}]
    fields = {"group_id": "s", "member_id": member, "share_session_epoch": epoch, "max_wait_ms": 0, "min_bytes": 0}
    return connection.call(
        "share_fetch", 1, **fields, max_bytes=1 << 20, max_records=records, batch_size=500, topics=topics
    )


def _row(answer: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = answer["responses"][0]["partitions"][0]
    return row


def _acquired(answer: dict[str, Any]) -> list[tuple[int, int, int]]:
    return [
        (one["first_offset"], one["last_offset"], one["delivery_count"]) for one in _row(answer)["acquired_records"]
    ]


def _sharers(frozen: Start, *members: str) -> tuple[Cluster, Raw, bytes]:
    cluster = frozen(topics={"t": 1})
    cluster.call(cluster.emulator.configs.groups.__setitem__, "s", {"share.auto.offset.reset": "earliest"})
    connection = cluster.raw()
    for value in (b"a", b"b", b"c"):
        connection.call("produce", 9, **produce("t", batch(value, value)))
    for member in members:
        fields = {"group_id": "s", "member_id": member, "member_epoch": 0, "subscribed_topic_names": ["t"]}
        assert connection.call("share_group_heartbeat", 1, **fields)["error_code"] == 0
    return cluster, connection, cluster.emulator.topics["t"].id


def test_share_records_are_locked_acknowledged_released_and_given_up(frozen: Start) -> None:
    _, connection, topic_id = _sharers(frozen, "m", "n")
    assert _acquired(_share(connection, topic_id, 0, records=2)) == [(0, 1, 1)]
    assert _acquired(_share(connection, topic_id, 0, "n")) == [(2, 5, 1)]
    acks = [
        {"first_offset": 0, "last_offset": 0, "acknowledge_types": [1]},
        {"first_offset": 1, "last_offset": 1, "acknowledge_types": [2]},
    ]
    answer = _share(connection, topic_id, 1, acks=acks)
    assert _row(answer)["acknowledge_error_code"] == 0
    assert _acquired(answer) == [(1, 1, 2)]
    stranger = [{"first_offset": 2, "last_offset": 2, "acknowledge_types": [1]}]
    assert _row(_share(connection, topic_id, 2, acks=stranger))["acknowledge_error_code"] == errors.INVALID_RECORD_STATE
    # What a member has locked is free again when it ends its session.
    _share(connection, topic_id, -1, "n")
    assert _acquired(_share(connection, topic_id, 3)) == [(2, 5, 2)]


def test_share_locks_expire_and_deliveries_are_limited(frozen: Start) -> None:
    cluster, connection, topic_id = _sharers(frozen, "m")
    for count in range(1, 6):
        assert _acquired(_share(connection, topic_id, count - 1)) == [(0, 5, count)]
        cluster.advance(30.1)
        fields = {"group_id": "s", "member_id": "m", "member_epoch": 1, "subscribed_topic_names": None}
        connection.call("share_group_heartbeat", 1, **fields)
    assert _acquired(_share(connection, topic_id, 5)) == []
    offsets_now = connection.call("describe_share_group_offsets", 0, groups=[{"group_id": "s", "topics": None}])
    assert offsets_now["groups"][0]["topics"][0]["partitions"][0]["start_offset"] == 6


def test_share_sessions_count(frozen: Start) -> None:
    _, connection, topic_id = _sharers(frozen, "m")
    assert _share(connection, topic_id, 3)["error_code"] == errors.SHARE_SESSION_NOT_FOUND
    assert _share(connection, topic_id, 0)["error_code"] == 0
    assert _share(connection, topic_id, 7)["error_code"] == errors.INVALID_SHARE_SESSION_EPOCH
    fields = {"group_id": "s", "member_id": "m", "share_session_epoch": 1}
    one = {
        "partition_index": 0,
        "acknowledgement_batches": [{"first_offset": 0, "last_offset": 5, "acknowledge_types": [1]}],
    }
    done = connection.call("share_acknowledge", 1, **fields, topics=[{"topic_id": topic_id, "partitions": [one]}])
    assert _row(done)["error_code"] == 0
    assert (
        connection.call("share_acknowledge", 1, **fields, topics=[])["error_code"] == errors.INVALID_SHARE_SESSION_EPOCH
    )
