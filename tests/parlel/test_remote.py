"""Instances in other processes: started by process=True, or found by name."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import parlel
from parlel.remote import RemoteService

TIED = """
import os, parlel
service = parlel.emulate("redis", process=True)
print(service.port, flush=True)
os._exit(0)
"""


@pytest.fixture
def remote(runtime_folder: Path) -> Iterator[RemoteService]:
    with parlel.emulate("redis", seed=4, clock="frozen", process=True, version="7.0") as service:
        yield service
    service.close()
    assert service.closed
    assert list(runtime_folder.iterdir()) == []


def test_a_service_in_a_process_of_its_own(remote: RemoteService, tmp_path: Path) -> None:
    assert remote.log._client.call("ping")["pid"] != os.getpid()
    assert (remote.seed, remote.host, remote.kind) == (4, "127.0.0.1", "redis")
    with remote.client(decode_responses=True) as client:
        client.set("a", 1)
        client.set("short", 1, ex=10)
        name = remote.snapshot()
        client.incr("a")
        before = remote.digest()
        assert remote.clock.advance(60) >= 0
        assert client.get("short") is None
        assert remote.restore(name) == name
        assert (client.get("a"), client.get("short")) == ("1", "1")
        assert remote.digest() != before
    assert remote.dump()["keys"] == ["a", "short"]
    status = remote.status()
    assert (status["port"], status["keys"], status["version"][:4]) == (remote.port, 2, "7.0.")
    assert remote.log.tail(1)[0].service == "redis"
    with parlel.replay(remote.log.save(tmp_path / "run.log")) as again:
        assert again.digest()["redis"] == remote.digest()
    remote.reset()
    assert remote.dump()["keyCount"] == 0
    assert repr(remote) == f"<RemoteService redis {remote.url}>"


def test_chaos_crash_seed_and_environment(remote: RemoteService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    instance = remote.instance
    assert instance.seed.execute_content("redis", "SET a 1") == 1
    assert instance.chaos.configure("redisSetFails", times=1)["times"] == 1
    with pytest.raises(parlel.SeedError, match="write refused"):
        instance.seed.execute_content("redis", "SET a 2")
    assert instance.chaos.rules()[0]["hits"] == 1
    instance.chaos.deactivate()
    instance.chaos.activate()
    instance.chaos.clear()
    instance.recovery.crash("redis")
    assert instance.status()["redis"]["status"] == "crashed"
    assert instance.recovery.force_recovery("redis") == 2
    assert instance.recovery.get_recovery_state("redis")["recoveries"] == 1
    assert instance.dump()["redis"]["data"]["a"]["value"] == "1"
    with instance.environ() as variables:
        assert os.environ["REDIS_URL"] == variables["REDIS_URL"] == remote.url
    before = remote.clock.now()
    remote.clock.resume(2.0)
    remote.clock.freeze()
    assert remote.clock.now() >= before
    with pytest.raises(parlel.ControlError, match="no snapshot"):
        remote.restore("none")
    with pytest.raises(KeyError, match="redis"):
        instance["reddis"]
    assert instance["redis"].port == remote.port


def test_an_instance_is_found_by_its_name(remote: RemoteService) -> None:
    name = f"process-{os.getpid()}-"
    (state,) = (path.stem for path in Path(os.environ["PARLEL_RUNTIME_DIR"]).glob(f"{name}*.json"))
    with parlel.connect(state) as instance:
        assert instance.random_seed == 4
        assert instance.services["redis"].port == remote.port
    assert instance.closed
    assert remote.status()["status"] == "running"
    with pytest.raises(parlel.ControlError, match="no instance 'nobody'"):
        parlel.connect("nobody")


def test_stop_ends_it_for_all(runtime_folder: Path) -> None:
    service = parlel.emulate("redis", process=True)
    service.instance.stop()
    service.instance.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", service.port), 1.0)


def test_dropping_the_last_name_ends_it(runtime_folder: Path) -> None:
    service = parlel.emulate("redis", process=True)
    port = service.port
    del service
    gc.collect()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1.0)


def test_it_dies_with_the_process_that_started_it(runtime_folder: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(parlel.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", TIED], capture_output=True, text=True, env=environ, timeout=60, check=True
    )
    # The child notices on its own; the lock of its name is free once it has gone.
    for lock in runtime_folder.glob("*.lock"):
        with contextlib.suppress(FileNotFoundError), open(lock, "rb") as file:
            signal.alarm(30)
            fcntl.flock(file, fcntl.LOCK_EX)
            signal.alarm(0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(done.stdout)), 1.0)


def test_errors_come_over(runtime_folder: Path) -> None:
    with pytest.raises(parlel.ControlError, match="Did you mean 'version'"):
        parlel.emulate("redis", process=True, versoin="7.0")
    with pytest.raises(parlel.ConfigError, match="as text"):
        parlel.emulate("redis", process=True, clock=1)
    with pytest.raises(parlel.ServiceNotAvailable):
        parlel.emulate("reddis", process=True)
    assert list(runtime_folder.iterdir()) == []
