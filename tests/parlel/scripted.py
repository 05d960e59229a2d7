"""A server that says what a test tells it to: for clients, without any emulator."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence


class ScriptedServer:
    """Accepts one connection after the other. For each it plays a list of `(wait for these bytes, then send these)`, and closes."""

    def __init__(self, *scripts: Sequence[tuple[bytes, bytes]]) -> None:
        self.received: list[bytes] = []
        self.first_over = threading.Event()
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for script in self._scripts:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                got = b""
                for awaited, answer in script:
                    while awaited not in got and (part := client.recv(65536)):
                        got += part
                    client.sendall(answer)
                self.received.append(got)
            self.first_over.set()

    def close(self) -> None:
        self._listener.close()
        self._thread.join(5.0)

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
