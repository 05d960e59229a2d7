"""The card that notebooks show for a service: static, escaped HTML without scripts, so untrusted viewers show it as well."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parlel.service import Service

__all__ = ["service_card"]

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
