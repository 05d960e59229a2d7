"""Every case file: the emulator answers what redis-server 7.0.15 answered (see `tests.redis.helpers`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.redis.helpers import CASES, Lab, run

FILES = sorted(CASES.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_replies_are_those_of_the_real_server(path: Path) -> None:
    run(path.read_text())


def test_a_wrong_reply_is_reported_with_its_line() -> None:
    with pytest.raises(AssertionError, match="line 2: GET a"):
        Lab().run('SET a 1 => OK\nGET a => "2"')
