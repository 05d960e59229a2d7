"""A killed process: no acknowledged write is lost, none is invented; a log cut at any byte is recovered to its last whole record.

`pytest tests/parlel/test_crash.py --crashes 200` kills more often than the suite does.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import parlel
from parlel.clients.resp import RespClient, pack_command

SERVER = """
import sys, threading
import parlel

with parlel.emulate("redis", state_dir=sys.argv[1], fsync="always", seed=1) as redis:
    print(redis.port, redis.recovered_operations, flush=True)
    threading.Event().wait()
"""


def start(folder: Path) -> tuple[subprocess.Popen[str], int]:
    environ = {**os.environ, "PYTHONPATH": str(Path(parlel.__file__).parent.parent)}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True, env=environ
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline().split()[0])


def test_sigkill_loses_nothing_acknowledged_and_invents_nothing(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    crashes = pytestconfig.getoption("--crashes", 12)
    chance = random.Random(20260101)
    acknowledged = 0  # the client's view: how many of its writes were answered
    batch = 0  # and how many it sent at once
    for _ in range(crashes):
        process, port = start(tmp_path)
        with RespClient(port=port, timeout=30) as client:
            found = int(client.execute("GET", "count") or 0)
            members = client.execute("LLEN", "list")
            # At most the batch that was under way has come through beyond what was answered.
            assert acknowledged <= found <= acknowledged + batch
            assert members == found
            acknowledged = found
            batch = chance.choice([1, 5, 50])
            kill_after = chance.randrange(1, 40)
            try:
                for step in range(1000):
                    # One transaction a write, so that the two keys can only differ if half of one was recovered.
                    commands = [("MULTI",), ("INCR", "count"), ("RPUSH", "list", "x"), ("EXEC",)] * batch
                    if step == kill_after:
                        client._transmit(b"".join(map(pack_command, commands)))
                        process.kill()
                    replies = client.pipeline(commands) if step < kill_after else [client.read() for _ in commands]
                    acknowledged += sum(isinstance(reply, list) for reply in replies)
            except ConnectionError:
                pass
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def test_a_log_cut_at_any_byte_is_recovered_to_its_last_whole_record(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    digests: dict[int, str] = {}  # by number of writes
    with (
        parlel.emulate("redis", state_dir=folder, clock="frozen", seed=1) as redis,
        RespClient(port=redis.port) as client,
    ):
        for number in range(12):
            digests[number] = redis.digest()
            client.execute("RPUSH", "list", f"value {number}")
        digests[12] = redis.digest()
        (log,) = folder.glob("operations-*.log")
        shutil.copytree(folder, tmp_path / "copy")
    (log,) = (tmp_path / "copy").glob("operations-*.log")
    data = log.read_bytes()
    ends = record_ends(data)
    header_end = ends[0]
    chance = random.Random(1)
    cuts = sorted({header_end, len(data), *chance.sample(range(header_end, len(data)), 40), *ends[1:4]})
    for cut in cuts:
        place = tmp_path / f"cut{cut}"
        place.mkdir()
        (place / log.name).write_bytes(data[:cut])
        with parlel.emulate("redis", state_dir=place, clock="frozen") as redis:
            writes = redis.recovered_operations
            assert redis.digest() == digests[writes]
            torn = redis._machine.host.torn_tail
            whole = max(end for end in ends if end <= cut)
            assert (torn.cut_bytes if torn else 0) == cut - whole
            # CONNECT is the first record after the header; each write is one more.
            assert writes == max(0, sum(end <= cut for end in ends) - 2)


def record_ends(data: bytes) -> list[int]:
    """Where each record of an operation log ends (see `emulators.kernel.oplog` for the form)."""
    ends: list[int] = []
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        position += 8 + length
        ends.append(position)
    return ends


def test_a_damaged_byte_ends_the_log_there(tmp_path: Path) -> None:
    with parlel.emulate("redis", state_dir=tmp_path, clock="frozen") as redis, RespClient(port=redis.port) as client:
        for number in range(5):
            client.execute("SET", f"key{number}", number)
        (log,) = tmp_path.glob("operations-*.log")
        data = bytearray(log.read_bytes())
    ends = record_ends(bytes(data))
    data[ends[3] + 12] ^= 0xFF  # inside the fourth SET, after the header and CONNECT
    for path in tmp_path.glob("operations-*.log"):
        path.unlink()
    log.write_bytes(data)
    with parlel.emulate("redis", state_dir=tmp_path, clock="frozen") as redis:
        assert redis.dump()["keys"] == ["key0", "key1"]
        torn = redis._machine.host.torn_tail
        assert torn is not None
        assert "CRC" in torn.reason
