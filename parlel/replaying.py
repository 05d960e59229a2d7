"""`replay`: build the state that a saved operation log leads to, on a fresh host."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from emulators.kernel import HostError, oplog
from parlel.context import TestContext
from parlel.machine import Machine, ServiceRequest

__all__ = ["replay"]


def replay(path: str | PathLike[str]) -> TestContext:
    """Play a log from `ctx.log.save(path)` (or a `state_dir`'s `operations-*.log`) on a fresh host with the same services.

    Returns a context on free ports, its clock frozen at the log's last instant; `recovered_operations` says how many operations
    were run. Its digest is that of the host which wrote the log. ValueError when the file is no operation log.

    >>> import parlel, tempfile
    >>> with parlel.create_test_context(services=["redis"]) as ctx, tempfile.NamedTemporaryFile() as file:
    ...     _ = ctx.redis.set("user:1", "alice")
    ...     _ = ctx.log.save(file.name)
    ...     with parlel.replay(file.name) as again:
    ...         again.digest() == ctx.digest()
    True
    """
    source = Path(path)
    records, _ = oplog.read_log_file(source)
    if not records or records[0][1][0] != oplog.HEADER:
        raise HostError(f"{source} does not begin with a header record, so it cannot be replayed")
    about = records[0][1][3]["about"]
    requests = [
        ServiceRequest(name, entry.get("service", name), options=entry.get("options", {}))
        for name, entry in about["services"].items()
    ]
    first_us = records[0][1][1]
    machine = Machine(requests, seed=about["seed"], clock=first_us / 1_000_000)
    try:
        machine.recovered_operations = machine.host.play_file(source)
    except BaseException:
        machine.close()
        raise
    return TestContext(machine)
