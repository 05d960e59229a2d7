"""The pytest plugin, run in a pytest of its own: clean services per test, seeds, markers, environment, xdist."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import os, socket
import pytest

def talk(port, line):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(line + b"\\r\\n")
        return sock.recv(1000)

def test_writes(parlel_redis):
    assert talk(parlel_redis.port, b"SET k 1") == b"+OK\\r\\n"

def test_is_clean(parlel_redis):
    assert talk(parlel_redis.port, b"GET k") == b"$-1\\r\\n"

@pytest.mark.parlel(clock="frozen", seed=5)
def test_marker(parlel, parlel_redis):
    assert parlel.clock.frozen and parlel.random_seed == 5
    parlel.chaos.configure({"name": "x", "action": "error"})
    parlel.chaos.activate()
    parlel.recovery.crash("redis")

@pytest.mark.parlel(clock="frozen", seed=5)
def test_chaos_and_crash_are_over(parlel, parlel_redis):
    assert talk(parlel_redis.port, b"PING") == b"+PONG\\r\\n"

def test_environment(parlel_env, parlel_redis):
    assert os.environ["REDIS_URL"] == parlel_redis.url
"""


def run(folder: Path, *arguments: str, tests: str = TESTS) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_every_test_gets_clean_services(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *arguments)
    assert "5 passed" in result.stdout, result.stdout + result.stderr


def test_a_failure_shows_the_seed_and_the_operations(tmp_path: Path) -> None:
    result = run(
        tmp_path, "--parlel-seed", "77", tests=TESTS + "\n    assert not talk(parlel_redis.port, b'GET nothing')\n"
    )
    assert "seed 77: repeat with --parlel-seed 77" in result.stdout
    assert "GET nothing" in result.stdout
    assert "parlel: seed 77" in result.stdout


def test_the_session_leaves_no_thread_behind_and_the_plugin_can_be_switched_off(tmp_path: Path) -> None:
    result = run(tmp_path, "-p", "no:parlel", tests="def test_nothing(): pass")
    assert "1 passed" in result.stdout


def test_importing_the_plugin_imports_no_parlel_module() -> None:
    code = "import sys, parlel.pytest_plugin; print([m for m in sys.modules if m.startswith(('emulators', 'msgpack', 'hiredis'))])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"
