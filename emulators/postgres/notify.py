"""LISTEN and NOTIFY: sent when the notifying transaction commits, duplicates of one transaction once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.postgres.backend import Backend


def apply_listens(backend: Backend) -> None:
    """LISTEN and UNLISTEN take effect at commit."""
    for action, channel in backend.pending_listens:
        if action == "listen":
            backend.listening.add(channel)
        elif channel == "*":
            backend.listening.clear()
        else:
            backend.listening.discard(channel)
    backend.pending_listens.clear()


def deliver(backend: Backend) -> None:
    notifies, backend.pending_notifies = backend.pending_notifies, []
    for channel, payload in notifies:
        for other in list(backend.cluster.backends.values()):
            if channel in other.listening and other.database is backend.database:
                other.notification(backend.pid, channel, payload)
