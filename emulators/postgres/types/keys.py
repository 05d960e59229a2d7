"""Sort and hash keys of numbers: NaN equals itself and is above everything, which Python's NaN is not."""

from __future__ import annotations

from typing import Any, Final


class _NanKey:
    """Sorts above every number and equals itself only."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __le__(self, other: object) -> bool:
        return other is self

    def __gt__(self, other: object) -> bool:
        return other is not self

    def __ge__(self, other: object) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return other is self

    def __hash__(self) -> int:
        return 314159


NAN_KEY: Final = _NanKey()


def number_key(value: Any) -> Any:
    """Sort and hash key of a float or Decimal."""
    return value if value == value else NAN_KEY
