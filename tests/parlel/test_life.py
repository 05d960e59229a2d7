"""What is left behind: by failures at the start, forks, notebooks, interrupted commands."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

import parlel
from parlel import TestContext
from parlel.cli import main
from parlel.seeds import executor

FORK = """
import os, parlel
ctx = parlel.create_test_context(services=["redis"])
ctx.redis.set("a", 1)
child = os.fork()
if child == 0:
    try:
        ctx.dump()
    except parlel.HostError as error:
        print(error, flush=True)
    ctx.cleanup()
    raise SystemExit(0)
os.waitpid(child, 0)
print(ctx.redis.get("a"), ctx.dump("redis")["keyCount"])
"""


def test_a_start_that_fails_leaves_nothing() -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(parlel.PortInUseError, match=str(port)):
            parlel.start_parallel(["redis", {"name": "cache", "service": "redis", "port": port}])
    assert set(threading.enumerate()) == before


def test_the_garbage_collector_may_find_a_machine_on_its_own_thread() -> None:
    before = set(threading.enumerate())
    machine = parlel.emulate("redis")._machine
    host = machine.host
    box = [machine]
    del machine
    host.call(box.clear)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) == before
    assert not host.running


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_is_told_and_does_no_harm() -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(parlel.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, env=environ)
    told, found = done.stdout.splitlines()
    assert "belongs to the parent process" in told
    assert found == "1 1"


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """As much of IPython as parlel looks at."""
    shell = SimpleNamespace(execution_count=1)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    return shell


def cell(source: str, names: dict[str, object]) -> None:
    """Run a cell as ipykernel does: its file's name follows from its text."""
    exec(compile(source, f"/tmp/ipykernel_1/{hash(source)}.py", "exec"), {"parlel": parlel}, names)


def test_a_cell_run_again_closes_what_it_started(notebook: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, parlel.Service] = {}
    source = "services = [parlel.emulate('redis') for _ in range(2)]"
    cell(source, names)  # type: ignore[arg-type]
    kept = names["services"]
    assert [service.closed for service in kept] == [False, False]  # type: ignore[attr-defined]
    notebook.execution_count = 2
    cell(source, names)  # type: ignore[arg-type]
    assert [service.closed for service in kept] == [True, True]  # type: ignore[attr-defined]
    assert [service.closed for service in names["services"]] == [False, False]  # type: ignore[attr-defined]
    assert capsys.readouterr().err == "parlel: closing the former redis\n" * 2
    for service in names["services"]:  # type: ignore[attr-defined]
        service.close()


def test_a_changed_cell_takes_its_port_over(notebook: SimpleNamespace) -> None:
    first = parlel.emulate("redis")
    fixed = first.port
    first.close()
    first = parlel.emulate("redis", port=fixed)
    notebook.execution_count = 2
    with parlel.emulate("redis", port=fixed) as second:
        assert first.closed
        assert second.port == fixed


def test_an_interrupted_command_is_not_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parlel.cli.data.ask", interrupted)
    with pytest.raises(SystemExit) as caught:
        main(["dump"])
    assert caught.value.code == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_long_seed_shows_its_progress_on_a_terminal(ctx: TestContext, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    text = "\n".join(f"SET key{number} {number}" for number in range(50))
    monkeypatch.setattr(executor, "_LONG", 20)
    monkeypatch.setattr(sys, "stderr", piped := io.StringIO())
    assert ctx.seed.execute_content("redis", text) == 50
    assert piped.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert ctx.seed.execute_content("redis", text) == 50
    assert "seeding <content>" in terminal.getvalue()
