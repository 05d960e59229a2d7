"""Notebooks: a card for each service, and a cell that is run again closes what it started before.

The card is static, escaped HTML without scripts, so untrusted viewers show it as well. Rebinding a name closes a service by garbage
collection, unless the notebook's history of outputs still holds it, or the new one asks for the same port before the old one
has gone: for these cases a call knows its former self by the place in the cell from which it was made.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parlel.machine import Machine
    from parlel.service import Service

__all__ = ["close_former", "service_card"]

_PACKAGE = str(Path(__file__).parent)
# By place in a cell: the number of the execution, and what was started there.
_started: dict[tuple[str, int], list[tuple[int, weakref.ref[Machine]]]] = {}

_LAST_OPERATIONS = 10
_HIDDEN = ("name", "service", "status", "host", "port", "url")
_BOX = "border:1px solid #8886;border-radius:6px;padding:8px 12px;margin:4px 0;max-width:46em;font-size:13px"
_PRE = "margin:6px 0 0;font-size:12px;white-space:pre-wrap;overflow-wrap:anywhere"


def service_card(service: Service) -> str:
    """URL to copy, counters, last operations."""
    if service.closed:
        return f'<div style="{_BOX}"><b>{escape(service.name)}</b> — stopped</div>'
    status = service.status()
    counters = " · ".join(
        f"{escape(str(name))} {escape(str(value))}"
        for name, value in status.items()
        if name not in _HIDDEN and isinstance(value, (int, float, str))
    )
    lines = "\n".join(str(entry) for entry in service.log.tail(_LAST_OPERATIONS))
    operations = f'<pre style="{_PRE}">{escape(lines)}</pre>' if lines else ""
    return (
        f'<div style="{_BOX}"><b>{escape(service.name)}</b> — {escape(str(status["status"]))} '
        f"<code>{escape(service.url)}</code><br><small>{counters}</small>{operations}</div>"
    )


def close_former(machine: Machine, holders: Iterable[Machine | None]) -> None:
    """In a notebook, close what an earlier run of this cell has started, and whoever holds a port that is asked for."""
    ipython = sys.modules["IPython"].get_ipython()
    if ipython is None:
        return
    former = [holder for holder in holders if holder is not None]
    place, now = _calling_place(), int(ipython.execution_count)
    earlier = _started.setdefault(place, [])
    former += [found for number, reference in earlier if number != now and (found := reference()) is not None]
    _started[place] = [entry for entry in earlier if entry[0] == now]
    _started[place].append((now, weakref.ref(machine)))
    for found in former:
        if not found.closed:
            print(f"parlel: closing the former {', '.join(found.requests)}", file=sys.stderr)
            found.close()


def _calling_place() -> tuple[str, int]:
    """File and line of the nearest caller outside of parlel. A cell's file is named after its text."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
