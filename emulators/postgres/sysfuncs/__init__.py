"""Built-in functions about the catalog and the session, registered in the same registry as functions/."""

from __future__ import annotations

_loaded = False


def load() -> None:
    """Register them all, once."""
    global _loaded
    if not _loaded:
        _loaded = True
        from emulators.postgres.sysfuncs import catalog, info, locks, privileges, session  # noqa: F401
