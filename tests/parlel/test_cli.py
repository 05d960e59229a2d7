"""The command line, by subprocess: output on stdout, narration on stderr, exit codes, signals, detached instances."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from parlel.cli import cli
from parlel.cli.base import seconds as read_seconds
from parlel.clients.resp import RespClient

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs unix sockets")


class Shell:
    """Runs `parlel` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {key: value for key, value in os.environ.items() if not key.startswith("PARLEL_")}
        self.environ["PARLEL_RUNTIME_DIR"] = str(folder / "run")
        self.environ["PYTHONPATH"] = str(Path(__import__("parlel").__file__).parent.parent)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "parlel", *arguments]

    def __call__(
        self, *arguments: str, code: int = 0, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, (done.args, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *arguments: str, **more: Any) -> Any:
        return json.loads(self(*arguments, "--json", **more).stdout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A detached instance with a Redis on a frozen clock, for the commands that read and change it."""
    shell = Shell(tmp_path_factory.mktemp("up"))
    started = shell.json("up", "redis", "--wait", "-o", "redis.version=7.0", "--seed", "5", "--clock", "frozen")
    assert started["services"]["redis"]["status"] == "running"
    yield shell
    assert "stopped redis" in shell("down").stderr
    assert list((shell.folder / "run").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_in_the_foreground_stops_cleanly(shell: Shell, number: signal.Signals) -> None:
    process = shell.start("up", "redis:0", "--json")
    assert process.stdout is not None
    status = json.loads(process.stdout.readline())
    port = status["services"]["redis"]["port"]
    with RespClient(port=port) as client:
        assert client.execute("PING") == "PONG"
        # Seen from another process too.
        assert shell.json("status")["services"]["redis"]["port"] == port
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert err.splitlines()[-1] == "stopped"
    assert list((shell.folder / "run").iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1.0)


def test_a_killed_instance_is_noticed(shell: Shell) -> None:
    process = shell.start("up", "redis", "--state-dir", "state")
    assert process.stdout is not None
    process.stdout.readline()
    shell("seed", "redis", "-f", "-", stdin="SET a 1\nSET b 2\n")
    process.kill()
    process.communicate(timeout=20)
    assert "stale" in shell("status", code=1).stderr
    assert "no instance 'default'" in shell("status", code=1).stderr
    shell("up", "-d", "redis", "--state-dir", "state")
    assert shell.json("status")["recovered_operations"] == 2
    assert shell.json("dump", "redis")["keys"] == ["a", "b"]
    assert "running already" in shell("up", "-d", "redis", code=1).stderr
    shell("down")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["up"], 2, "which services?"),
        (["up", "reddis"], 1, "Did you mean 'redis'"),
        (["up", "-d", "redis:x"], 1, "no port"),
        (["up", "redis", "-o", "version=7"], 2, "SERVICE.OPTION=VALUE"),
        (["up", "redis", "-o", "redis.versoin=7"], 2, "Did you mean 'version'"),
        (["up", "redis", "-o", "kafka.version=7"], 2, "not started"),
        (["up", "redis", "--fsync", "maybe"], 2, "Invalid value for '--fsync'"),
        (["up", "redis", "--nonsense"], 2, "No such option"),
        (["nonsense"], 2, "No such command"),
        (["status"], 1, "no instance 'default' is running"),
        (["down", "--name", "x"], 1, "no instance 'x' is running"),
        (["seed", "redis"], 2, "Missing option"),
        (["replay", "nowhere"], 2, "does not exist"),
        (["clock", "advance", "soon"], 2, "no time"),
        (["chaos", "preset", "redis_dwon"], 1, "Did you mean 'redis_down'"),
    ],
)
def test_mistakes(shell: Shell, arguments: list[str], code: int, message: str) -> None:
    done = shell(*arguments, code=code)
    assert message in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_busy_port_is_told(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for detach in ([], ["-d"]):
            done = shell("up", f"redis:{port}", *detach, code=1)
            assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_settings_from_file_and_environment(shell: Shell) -> None:
    (shell.folder / "parlel.toml").write_text('services = ["redis"]\nseed = 1\nname = "mine"\n')
    shell("up", "-d", PARLEL_SEED="9")
    assert shell.json("status")["seed"] == 9
    assert [path.name for path in (shell.folder / "run").glob("*.json")] == ["mine.json"]
    shell("down")
    (shell.folder / "parlel.toml").write_text("serivces = []\n")
    assert "Did you mean 'services'" in shell("up", code=2).stderr


def test_status(up: Shell) -> None:
    done = up("status")
    header, row = done.stdout.splitlines()
    assert header.split() == ["SERVICE", "STATUS", "PORT", "UPTIME", "CONNS", "OPS", "SIZE", "URL"]
    assert row.split()[:2] == ["redis", "running"]
    assert row.split()[-1].startswith("redis://127.0.0.1:")
    assert "seed 5, clock frozen at 2026-01-01" in done.stderr
    assert up("ps", "-q").stdout == "redis\n"
    assert up.json("status")["services"]["redis"]["version"].startswith("7.0.")


def test_seed_dump_snapshot_restore_reset(up: Shell) -> None:
    up("reset")
    (up.folder / "cache.txt").write_text("SET a 1\nSET b 2\n")
    assert "redis: 2 applied" in up("seed", "redis", "--file=cache.txt").stderr
    assert up.json("seed", "redis", "-f", "-", stdin="SET c 'x y'\n") == {"service": "redis", "applied": 1}
    assert up.json("dump")["redis"]["data"]["c"]["value"] == "x y"
    assert up("snapshot", "one", "--save", "one.snap").stdout == "one\n"
    done = up("seed", "redis", "-f", "-", stdin="SET d 1\nINCR c\n", code=1)
    assert "<content>:2: redis said: ERR value is not an integer" in done.stderr
    assert "1 before it were applied" in done.stderr
    assert up.json("dump", "redis", "--at", "one")["keyCount"] == 3
    assert up.json("restore", "one")["name"] == "one"
    assert up.json("dump", "redis")["keyCount"] == 3
    assert up.json("snapshot", "two", "--rdb", "two.rdb")["rdb"] == str(up.folder / "two.rdb")
    up("reset", "redis")
    assert up.json("seed", "redis", "--file", "two.rdb")["applied"] == 3
    up("reset", "redis")
    assert up.json("dump", "redis")["keyCount"] == 0
    up("restore", "--load", "one.snap")
    assert up.json("dump", "redis")["keyCount"] == 3
    assert "one" in up("snapshot", "--list").stdout
    assert up.json("snapshot", "--list")[0]["name"] == "one"
    port = up.json("status")["services"]["redis"]["port"]
    assert up.json("seed", "redis", "--port", str(port), "-f", "cache.txt")["applied"] == 2


def test_env(up: Shell) -> None:
    port = up.json("status")["services"]["redis"]["port"]
    url = f"redis://127.0.0.1:{port}/0"
    assert f"export REDIS_URL={url}\n" in up("env").stdout
    assert f"REDIS_URL={url}\n" in up("env", "--format", "dotenv").stdout
    assert json.loads(up("env", "--format=json").stdout)["REDIS_URL"] == url


def test_chaos(up: Shell) -> None:
    try:
        assert up("chaos", "preset", "redisSetFails").stdout == "redis_set_fails\n"
        up(
            "chaos",
            "add",
            "--rule-name",
            "mine",
            "--command",
            "GET",
            "--action",
            "error",
            "--error-response",
            "ERR mine",
            "--times",
            "1",
        )
        assert "write refused" in up("seed", "redis", "-f", "-", stdin="SET a 1\n", code=1).stderr
        assert "ERR mine" in up("seed", "redis", "-f", "-", stdin="GET a\n", code=1).stderr
        rules = up.json("chaos", "list")
        assert rules["active"] is True
        assert [(rule["name"], rule["hits"]) for rule in rules["rules"]] == [("redis_set_fails", 1), ("mine", 1)]
        up("chaos", "off")
        up("seed", "redis", "-f", "-", stdin="SET a 1\n")
        up("chaos", "on")
        up("chaos", "clear", "redis_set_fails")
        assert "mine" in up("chaos", "list").stdout
        assert up.json("chaos", "add", '{"name": "j", "action": "slow", "slowMs": 5}')["slow_ms"] == 5
        assert "no field 'slowM'" in up("chaos", "add", '{"action": "slow", "slowM": 5}', code=1).stderr
        assert "no JSON" in up("chaos", "add", "{", code=2).stderr
    finally:
        up("chaos", "clear")
    assert up.json("chaos", "list") == {"active": False, "rules": []}
    assert len(up.json("chaos", "preset")) == 9
    assert "redis_timeout" in up("chaos", "preset").stdout


def test_clock_and_crash(up: Shell) -> None:
    before = up.json("clock")["now_us"]
    assert up.json("clock", "advance", "1.5h")["now_us"] == before + 5_400_000_000
    assert up("clock").stdout.endswith(" frozen\n")
    up("reset")
    up("seed", "redis", "-f", "-", stdin="SET a 1\n")
    up("crash", "redis")
    assert up.json("status")["services"]["redis"]["status"] == "crashed"
    assert "has crashed" in up("dump", code=1).stderr
    assert "is not running" in up("crash", "redis", code=1).stderr
    assert up.json("recover", "redis")["status"] == "healthy"
    assert up.json("dump", "redis")["keys"] == ["a"]


def test_logs_and_replay(up: Shell) -> None:
    up("reset")
    up("seed", "redis", "-f", "-", stdin="SET a 1\nSPOP s\n")
    assert [
        line.split("  ")[-1] for line in up("logs", "redis", "--tail", "100").stdout.splitlines() if "SPOP" in line
    ] == ["SPOP s"]
    entries = [json.loads(line) for line in up("logs", "--tail", "3", "--json").stdout.splitlines()]
    assert len(entries) == 3
    follower = up.start("logs", "-f", "--tail", "0")
    assert follower.stdout is not None
    lines: list[str] = []
    while not lines:
        up("snapshot", "followed")
        os.set_blocking(follower.stdout.fileno(), False)
        lines = follower.stdout.readlines()
    follower.send_signal(signal.SIGINT)
    follower.communicate(timeout=20)
    assert follower.returncode == 0
    assert "[snapshot] followed" in lines[0]
    assert up("logs", "--save", "run.log").stdout.strip() == str(up.folder / "run.log")
    digest = up.json("replay", "run.log")["digest"]["redis"]
    assert up("replay", "run.log").stdout == f"redis {digest}\n"
    assert json.loads(up("replay", "run.log", "--dump").stdout)["dump"]["redis"]["keys"] == ["a"]


def test_version_and_help() -> None:
    runner = CliRunner()
    version = __import__("parlel").__version__
    assert runner.invoke(cli, ["version"]).output == f"{version}\n"
    assert json.loads(runner.invoke(cli, ["version", "--json"]).output)["version"] == version
    for arguments in (["--help"], ["up", "--help"], ["chaos", "add", "-h"]):
        assert "Usage:" in runner.invoke(cli, arguments).output


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5h", 5400), ("250ms", 0.25), ("2d", 172_800), ("1m", 60)]
)
def test_durations(text: str, seconds: float) -> None:
    assert read_seconds(text) == seconds
