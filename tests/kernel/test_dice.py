"""The dice: streams are independent, repeatable, and can be put back."""

from __future__ import annotations

import msgpack
import pytest

from emulators.kernel import Dice


def test_streams_depend_on_seed_and_name_only() -> None:
    one, two = Dice(1), Dice(1)
    one.stream("other").random()
    assert [one.stream("redis").random() for _ in range(3)] == [two.stream("redis").random() for _ in range(3)]
    assert Dice(2).stream("redis").random() != Dice(1).stream("redis").random()
    assert Dice(1).stream("kafka").random() != Dice(1).stream("redis").random()


def test_known_numbers_so_that_a_seed_means_the_same_in_every_release() -> None:
    stream = Dice(42).stream("redis")
    assert [stream.randrange(1000) for _ in range(4)] == [18, 195, 54, 28]


@pytest.mark.parametrize("through_file", [False, True])
def test_capture_and_put_back(through_file: bool) -> None:
    dice = Dice(5)
    stream = dice.stream("redis")
    stream.gauss(0, 1)
    state = dice.capture()
    expected = [stream.random() for _ in range(5)], dice.stream("late").random()
    if through_file:
        state = msgpack.unpackb(msgpack.packb(state), strict_map_key=False)
    dice.put_back(state)
    assert ([stream.random() for _ in range(5)], dice.stream("late").random()) == expected


def test_put_back_of_one_stream_leaves_the_others() -> None:
    dice = Dice(5)
    a, b = dice.stream("a"), dice.stream("b")
    state = dice.capture()
    first_a, first_b, second_b = a.random(), b.random(), None
    dice.put_back(state, only="a")
    second_b = b.random()
    assert a.random() == first_a
    assert second_b != first_b
