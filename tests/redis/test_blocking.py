"""Clients that wait: order, what wakes them, what ends the wait, and where nobody waits."""

from __future__ import annotations

import pytest

from tests.redis.helpers import Client, Lab, show


def pushed(client: Client) -> str:
    return show(client.link.take())


def waiting(lab: Lab, *commands: str) -> list[Client]:
    """A client for each command, all of which have to wait."""
    clients = []
    for command in commands:
        client = lab.client()
        assert client(command) == "", f"{command} did not wait"
        clients.append(client)
    return clients


@pytest.mark.parametrize(
    ("command", "trigger", "reply"),
    [
        ("BLPOP l 0", "RPUSH l a b", '["l", "a"]'),
        ("BRPOP l 0", "RPUSH l a b", '["l", "b"]'),
        ("BLPOP k l 0", "RPUSH l a", '["l", "a"]'),
        ("BLMPOP 0 2 k l RIGHT COUNT 2", "RPUSH l a b c", '["l", ["c", "b"]]'),
        ("BLMOVE l m LEFT RIGHT 0", "RPUSH l a", '"a"'),
        ("BRPOPLPUSH l m 0", "RPUSH l a b", '"b"'),
        ("BZPOPMIN z 0", "ZADD z 1 a 2 b", '["z", "a", "1"]'),
        ("BZPOPMAX z 0", "ZADD z 1 a 2 b", '["z", "b", "2"]'),
        ("BZMPOP 0 1 z MAX COUNT 5", "ZADD z 1 a 2 b", '["z", [["b", "2"], ["a", "1"]]]'),
        ("XREAD BLOCK 0 STREAMS s $", "XADD s 1-1 f v", '[["s", [["1-1", ["f", "v"]]]]]'),
        ("XREAD BLOCK 0 COUNT 1 STREAMS s 0", "XADD s 1-1 f v", '[["s", [["1-1", ["f", "v"]]]]]'),
    ],
)
@pytest.mark.parametrize("version", ["7.0", "7.2"])
def test_a_waiting_client_gets_what_comes(command: str, trigger: str, reply: str, version: str) -> None:
    lab = Lab(version)
    (client,) = waiting(lab, command)
    lab(trigger)
    assert pushed(client) == reply
    lab.server.check()
    assert client("PING") == "PONG"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("BLPOP l 1.5", "nil-array"),
        ("BLMOVE l m LEFT LEFT 1.5", "nil-array"),
        ("BLMPOP 1.5 1 l LEFT", "nil-array"),
        ("BZPOPMIN z 1.5", "nil-array"),
        ("XREAD BLOCK 1500 STREAMS s $", "nil-array"),
    ],
)
def test_a_wait_times_out_on_the_clock(command: str, reply: str) -> None:
    lab = Lab()
    (client,) = waiting(lab, command)
    lab.clock.advance(1.499)
    assert pushed(client) == ""
    lab.clock.advance(0.001)
    assert pushed(client) == reply
    lab("RPUSH l a")
    assert lab("LLEN l") == "1", "the client that gave up must not take anything"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("BLPOP l -1", "!ERR timeout is negative"),
        ("BLPOP l x", "!ERR timeout is not a float or out of range"),
        ("BLPOP l inf", "!ERR timeout is negative"),
        ("BLMPOP x 1 l LEFT", "!ERR timeout is not a float or out of range"),
        ("BLMOVE l m UP LEFT 0", "!ERR syntax error"),
        ("BZMPOP 0 1 z MIDDLE", "!ERR syntax error"),
        ("XREAD BLOCK 1.5 STREAMS s $", "!ERR timeout is not an integer or out of range"),
        ("BLPOP str 0", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("BLMOVE str l LEFT LEFT 0", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
    ],
)
def test_what_is_refused(command: str, reply: str) -> None:
    lab = Lab()
    lab("SET str x")
    assert lab(command) == reply


def test_too_large_timeouts_have_words_of_their_own_from_7_2_on() -> None:
    assert Lab("7.2")("BLPOP l inf") == "!ERR timeout is out of range"


def test_first_come_first_served_per_key() -> None:
    lab = Lab()
    clients = waiting(lab, "BLPOP l 0", "BRPOP k l 0", "BLPOP l 0")
    lab("RPUSH l a b")
    assert [pushed(client) for client in clients] == ['["l", "a"]', '["l", "b"]', ""]
    lab("RPUSH k x")
    lab("RPUSH l y")
    assert pushed(clients[2]) == '["l", "y"]'


def test_keys_are_served_in_the_order_in_which_they_came() -> None:
    lab = Lab()
    (client,) = waiting(lab, "BLPOP a b 0")
    lab("MULTI")
    lab("RPUSH b 1")
    lab("RPUSH a 2")
    lab("EXEC")
    assert pushed(client) == '["b", "1"]'
    assert lab("LRANGE a 0 -1") == '["2"]'


def test_moves_feed_one_another() -> None:
    lab = Lab()
    first, second, last = waiting(lab, "BLMOVE a b LEFT RIGHT 0", "BLMOVE b c LEFT RIGHT 0", "BLPOP c 0")
    lab("RPUSH a x")
    assert [pushed(first), pushed(second), pushed(last)] == ['"x"', '"x"', '["c", "x"]']
    assert lab("EXISTS a b c") == "0"


def test_a_destination_of_another_type_is_an_error_at_wake_up_and_nothing_is_lost() -> None:
    lab = Lab()
    (client,) = waiting(lab, "BLMOVE l m LEFT LEFT 0")
    lab("SET m x")
    lab("RPUSH l a")
    assert pushed(client).startswith("!WRONGTYPE")
    assert lab("LRANGE l 0 -1") == '["a"]'


def test_a_key_of_another_type_leaves_list_waiters_waiting() -> None:
    lab = Lab()
    (client,) = waiting(lab, "BLPOP k 0")
    lab("ZADD k 1 a")
    lab("DEL k")
    lab("SET k x")
    lab("DEL k")
    assert pushed(client) == ""
    lab("LPUSH k a")
    assert pushed(client) == '["k", "a"]'


def test_what_is_gone_again_within_a_transaction_wakes_nobody() -> None:
    lab = Lab()
    (client,) = waiting(lab, "BLPOP l 0")
    lab("MULTI")
    lab("RPUSH l a")
    lab("DEL l")
    lab("EXEC")
    assert pushed(client) == ""


@pytest.mark.parametrize("command", ["RENAME other l", "COPY other l", "SORT other ALPHA STORE l"])
def test_keys_that_come_by_other_ways_wake_too(command: str) -> None:
    lab = Lab()
    (client,) = waiting(lab, "BLPOP l 0")
    lab("RPUSH other a")
    lab(command)
    assert pushed(client) == '["l", "a"]'


def test_nobody_waits_inside_a_transaction() -> None:
    lab = Lab()
    lab("MULTI")
    for command in ("BLPOP l 0", "BLMOVE l m LEFT LEFT 0", "BZPOPMIN z 0", "XREAD BLOCK 0 STREAMS s $"):
        assert lab(command) == "QUEUED"
    assert lab("EXEC") == "[nil-array, nil, nil-array, nil-array]"


def test_commands_sent_while_waiting_run_afterwards() -> None:
    lab = Lab()
    (client,) = waiting(lab, "BLPOP l 0")
    assert client("PING") == ""
    lab("RPUSH l a")
    assert pushed(client) == '["l", "a"] PONG'


def test_a_lost_client_takes_nothing() -> None:
    lab = Lab()
    gone, here = waiting(lab, "BLPOP l 0", "BLPOP l 0")
    gone.session.ended()
    lab("RPUSH l a")
    assert pushed(gone) == ""
    assert pushed(here) == '["l", "a"]'
    assert len(lab.server.blocking) == 0


def test_restoring_a_snapshot_serves_who_waits_for_what_is_there_now() -> None:
    lab = Lab()
    lab("RPUSH l a")
    state = lab.server.snapshot()
    lab("DEL l")
    (client,) = waiting(lab, "BLPOP l 0")
    lab.server.restore(state)
    assert pushed(client) == '["l", "a"]'


# -- streams with groups -------------------------------------------------------------------------------------------


def test_a_group_hands_each_entry_to_one_reader() -> None:
    lab = Lab()
    lab("XGROUP CREATE s g $ MKSTREAM")
    first, second = waiting(lab, *[f"XREADGROUP GROUP g {name} BLOCK 0 STREAMS s >" for name in "ab"])
    lab("XADD s 1-1 f v")
    assert pushed(first) == '[["s", [["1-1", ["f", "v"]]]]]'
    assert pushed(second) == ""
    lab("XADD s 2-1 f v")
    assert pushed(second) == '[["s", [["2-1", ["f", "v"]]]]]'
    assert lab("XPENDING s g") == '[2, "1-1", "2-1", [["a", "1"], ["b", "1"]]]'
    lab.server.check()


@pytest.mark.parametrize(
    ("version", "trigger", "reply"),
    [
        ("7.0", "DEL s", "!UNBLOCKED the stream key no longer exists"),
        ("7.0", "SET s x", "!UNBLOCKED the stream key no longer exists"),
        ("7.0", "XGROUP DESTROY s g", "!NOGROUP the consumer group this client was blocked on no longer exists"),
        ("7.2", "DEL s", "!NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option"),
        ("7.2", "SET s x", "!WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("7.2", "XGROUP DESTROY s g", "!NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option"),
    ],
)
def test_readers_of_a_group_hear_that_it_is_gone(version: str, trigger: str, reply: str) -> None:
    lab = Lab(version)
    lab("XGROUP CREATE s g $ MKSTREAM")
    (client,) = waiting(lab, "XREADGROUP GROUP g a BLOCK 0 STREAMS s >")
    lab(trigger)
    assert pushed(client) == reply
    assert lab.server.error_counts[reply[1:].split()[0].encode()] == 1


def test_plain_readers_outlive_their_stream() -> None:
    lab = Lab()
    lab("XADD s 1-1 f v")
    (client,) = waiting(lab, "XREAD BLOCK 0 STREAMS s $")
    lab("DEL s")
    lab("XADD s 1-1 f v")
    assert pushed(client) == ""
    lab("XADD s 1-2 f v")
    assert pushed(client) == '[["s", [["1-2", ["f", "v"]]]]]'
