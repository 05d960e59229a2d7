"""The control socket, the state file and its lock: found again, kept private, stale ones noticed."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import parlel
from parlel.control import METHODS, ControlClient, ControlServer
from parlel.errors import ControlError
from parlel.registry import Registration, find_instance, list_instances, runtime_dir

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs unix sockets")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[ControlServer, threading.Event]]:
    stopped = threading.Event()
    with parlel.start_parallel(["redis"], clock="frozen", seed=1) as instance:
        server = ControlServer(instance, str(tmp_path / "c.sock"), stopped.set)
        yield server, stopped
        server.close()
        server.close()
    assert not (tmp_path / "c.sock").exists()


@pytest.fixture
def client(server: tuple[ControlServer, threading.Event]) -> Iterator[ControlClient]:
    with ControlClient(server[0].address, 10.0) as client:
        yield client


def test_every_method_answers_with_json(client: ControlClient, tmp_path: Path) -> None:
    params: dict[str, list[dict[str, Any]]] = {
        "dump": [{}, {"service": "redis"}],
        "snapshot": [{"name": "s", "save": str(tmp_path / "s")}],
        "restore": [{"name": "s"}, {"load": str(tmp_path / "s")}],
        "reset": [{"service": "redis"}],
        "logs": [{"tail": 3, "service": "redis"}],
        "save_log": [{"path": str(tmp_path / "log")}],
        "save_rdb": [{"service": "redis", "path": str(tmp_path / "dump.rdb")}],
        "load_rdb": [{"service": "redis", "path": str(tmp_path / "dump.rdb")}],
        "chaos_add": [{"rule": "redis_down"}, {"rule": {"name": "x", "action": "error", "command": "X"}}],
        "chaos_clear": [{"name": "x"}, {}],
        "clock_advance": [{"seconds": 5}],
        "clock_resume": [{"scale": 2.0}],
        "crash": [{"service": "redis"}],
        "recover": [{"service": "redis"}],
    }
    order = [name for name in METHODS if name not in ("follow", "crash", "load_rdb")] + ["load_rdb", "crash", "recover"]
    for name in order:
        for given in params.get(name, [{}]):
            json.dumps(client.call(name, **given))
    assert client.call("status")["services"]["redis"]["crashes"] == 2
    assert client.call("ping")["seed"] == 1


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("dmup", {}, "Did you mean 'dump'"),
        ("dump", {"service": "kafka"}, "no service 'kafka'"),
        ("dump", {"srevice": "redis"}, "srevice"),
        ("restore", {"name": "none"}, "no snapshot 'none'"),
        ("chaos_add", {"rule": {"action": "eror"}}, "Did you mean 'error'"),
        ("chaos_clear", {"name": "none"}, "no chaos rule 'none'"),
        ("logs", {"service": "reddis"}, "Did you mean 'redis'"),
        ("clock_advance", {"seconds": -1}, "only moves forward"),
    ],
)
def test_what_is_refused_says_why(client: ControlClient, method: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ControlError, match=message):
        client.call(method, **params)
    assert client.call("clock")["mode"] == "frozen"


def test_nonsense_is_answered_with_an_error(server: tuple[ControlServer, threading.Event]) -> None:
    for line in (b"nonsense", b"[]", b"\xff", b'{"id": 3}', b'{"id": 3, "method": "dump", "params": []}'):
        (answer,) = server[0].answer(line)
        assert "error" in answer or line.endswith(b"[]}")


def test_a_bug_is_answered_too(
    client: ControlClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise KeyError("x")

    monkeypatch.setitem(METHODS, "digest", broken)
    with pytest.raises(ControlError, match=r"internal error: KeyError\('x'\)"):
        client.call("digest")
    assert "KeyError" in caplog.text
    assert client.call("ping")["seed"] == 1


def test_following_streams_entries(client: ControlClient) -> None:
    with ControlClient(client._socket.getpeername(), 10.0) as follower:
        stream = follower.stream("follow", tail=0)
        client.call("snapshot", name="seen")
        # The follower may begin before or after the snapshot was taken: ask again until it has seen one.
        client.call("snapshot", name="again")
        entry = _first(stream, client)
    assert (entry["kind"], entry["text"] in ("seen", "again", "later")) == ("snapshot", True)
    assert "[snapshot]" in entry["line"]


def _first(stream: Iterator[Any], client: ControlClient) -> Any:
    done = threading.Event()

    def poke() -> None:
        while not done.wait(0.05):
            client.call("snapshot", name="later")

    thread = threading.Thread(target=poke)
    thread.start()
    try:
        return next(stream)
    finally:
        done.set()
        thread.join()


def test_stop_is_heard(client: ControlClient, server: tuple[ControlServer, threading.Event]) -> None:
    client.call("stop")
    assert server[1].wait(5)


def test_without_unix_sockets_a_port_asks_for_a_secret() -> None:
    with parlel.start_parallel(["redis"], seed=1) as instance:
        server = ControlServer(instance, None, lambda: None)
        try:
            with ControlClient(server.address, 10.0) as client:
                assert client.call("ping")["seed"] == 1
            scheme, port, secret = server.address.split(":")
            assert (scheme, len(secret)) == ("tcp", 32)
            with ControlClient(f"tcp:{port}:{'0' * 32}", 10.0) as client, pytest.raises(ControlError, match="closed"):
                client.call("ping")
        finally:
            server.close()
    with pytest.raises(ControlError, match=f"cannot reach the instance at tcp:{port}: ") as caught:
        ControlClient(server.address)
    assert secret not in str(caught.value)


def test_the_socket_is_private(server: tuple[ControlServer, threading.Event]) -> None:
    assert stat.S_IMODE(Path(server[0].address).stat().st_mode) == 0o600


# -- the registry --------------------------------------------------------------------------------------------------


def test_a_name_is_held_once_and_given_free(runtime_folder: Path) -> None:
    with Registration("default") as registration:
        registration.publish({"services": {"redis": {"port": 1}}})
        assert find_instance("default")["services"] == {"redis": {"port": 1}}
        assert [entry["name"] for entry in list_instances()] == ["default"]
        with pytest.raises(ControlError, match="running already"):
            Registration("default")
        with Registration("other"):
            pass
    with pytest.raises(ControlError, match="no instance 'default' is running"):
        find_instance("default")
    assert list(runtime_folder.iterdir()) == []
    assert stat.S_IMODE(runtime_folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b"])
def test_bad_names(runtime_folder: Path, name: str) -> None:
    with pytest.raises(ControlError, match="no name for an instance"):
        Registration(name)


def test_a_stale_state_file_is_noticed_and_removed(runtime_folder: Path) -> None:
    code = (
        "import os; from parlel.registry import Registration; r = Registration('default');"
        "r.publish({'services': {}}); open(r.socket, 'w').close(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {path.name for path in runtime_folder.iterdir()} == {"default.json", "default.lock", "default.sock"}
    with pytest.raises(ControlError, match="stale"):
        find_instance("default")
    assert list(runtime_folder.iterdir()) == []
    subprocess.run([sys.executable, "-c", code], check=True)
    assert list_instances() == []
    subprocess.run([sys.executable, "-c", code], check=True)
    with Registration("default") as registration:
        registration.publish({})
        assert find_instance("default")["name"] == "default"


def test_a_long_folder_still_gets_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEL_RUNTIME_DIR", str(tmp_path / ("x" * 120)))
    with Registration("default") as registration:
        assert len(registration.socket) < 100
        folder = Path(registration.socket).parent
        assert folder.exists()
    assert not folder.exists()


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(ControlError, match="belongs to somebody else"):
        runtime_dir({"PARLEL_RUNTIME_DIR": str(tmp_path / "link")})
    folder = runtime_dir({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert folder == tmp_path / "parlel"


def test_an_instance_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="cannot reach"):
        ControlClient(str(tmp_path / "none.sock"))
