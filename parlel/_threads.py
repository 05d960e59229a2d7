"""The host's thread must never wait for itself."""

from __future__ import annotations

import threading

from emulators.kernel import Host
from parlel.errors import ParlelError

__all__ = ["forbid_host_thread", "on_host_thread"]


def on_host_thread(host: Host) -> bool:
    """Whether the caller is the host's own thread: an event handler, or the garbage collector at work there."""
    return threading.current_thread() is host._thread


def forbid_host_thread(host: Host) -> None:
    """ParlelError when called on the host's thread, where waiting for a service would wait for oneself."""
    if on_host_thread(host):
        raise ParlelError(
            "this would wait for the service on the service's own thread (inside an event handler or log.follow). "
            "Use dump(), log or status() there, or hand the work to another thread."
        )
