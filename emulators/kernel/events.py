"""A very small event emitter: `on(name, handler)`, `off`, `emit`. Handlers run on the emitting thread, in order of registration."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

__all__ = ["Events"]

_logger = logging.getLogger("parlel")

Handler = Callable[[Any], object]


class Events:
    """Named events with handlers. An error in a handler is logged; it never reaches the service that emitted."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._handlers: dict[str, list[Handler]] = {name: [] for name in names}

    def on(self, name: str, handler: Handler) -> Callable[[], None]:
        """Call `handler(event)` at each event of that name; returns a function that takes the handler out again."""
        if name not in self._handlers:
            raise ValueError(f"no event {name!r}: there are {', '.join(sorted(self._handlers))}")
        self._handlers[name].append(handler)
        return lambda: self.off(name, handler)

    def off(self, name: str, handler: Handler) -> None:
        if handler in self._handlers.get(name, ()):
            self._handlers[name].remove(handler)

    def emit(self, name: str, event: Any) -> None:
        for handler in tuple(self._handlers[name]):
            try:
                handler(event)
            except Exception:
                _logger.exception("a handler of the event %r failed", name)
