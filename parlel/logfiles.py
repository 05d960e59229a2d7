"""`log_dir`: readable text logs, one file a service (`redis.log`) and `parlel.log` for what concerns all.

These are for people. What recovery and `parlel replay` need is the operation log of `state_dir` and `ctx.log.save`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from emulators.kernel import Host, oplog
from parlel.log import entry_of

__all__ = ["LogFolder"]

_logger = logging.getLogger("parlel")


class LogFolder:
    """Writes each record as a line, at the end of the step in which it happened."""

    def __init__(self, host: Host, path: Path, hidden: Callable[[int], bool]) -> None:
        self._log = host.log
        self._path = path
        self._hidden = hidden
        self._files: dict[str, TextIO] = {}

    def open(self) -> None:
        """Create the folder and begin. Call on the host's thread."""
        self._path.mkdir(parents=True, exist_ok=True)
        self._end = self._log.subscribe(self._keep)

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _keep(self, sequence: int, record: oplog.Record) -> None:
        try:
            self._write(sequence, record)
        except OSError:
            # A full disk must not keep answers from clients: say so once, and write no more.
            _logger.exception("the readable logs in %s end here", self._path)
            self._end()

    def _write(self, sequence: int, record: oplog.Record) -> None:
        if record[2] and self._hidden(record[2]):
            return
        entry = entry_of(self._log, sequence, record)
        name = entry.service or "parlel"
        file = self._files.get(name)
        if file is None:
            file = open(self._path / f"{name}.log", "a", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
            self._files[name] = file
        file.write(str(entry).replace("\n", " ") + "\n")
