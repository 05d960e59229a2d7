"""The one seeded source of randomness of a host.

Each user of chance has a stream of its own, named (`redis`, `chaos`, ...), so that drawing more in one place does not
change what another place draws. The same seed and name give the same stream in every process and Python version.
"""

from __future__ import annotations

import hashlib
import os
import random
from typing import Any

__all__ = ["Dice", "fresh_seed"]


def fresh_seed() -> int:
    """A seed for a run that did not name one (it is shown in every failure, so that the run can be repeated)."""
    return int.from_bytes(os.urandom(4), "big")


class Dice:
    """Independent named streams of random numbers, whose state can be captured and put back.

    >>> Dice(7).stream("redis").random() == Dice(7).stream("redis").random()
    True
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, name: str) -> random.Random:
        """The stream of that name; always the same object, so it may be kept."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = random.Random(self._seed_of(name))
        return stream

    def reseed(self, seed: int, only: str | None = None) -> None:
        """Start every stream, or only the one named, again from another seed."""
        if only is None:
            self.seed = seed
        for name in self._streams if only is None else (only,):
            self.stream(name).seed(self._seed_of(name, seed))

    def capture(self) -> dict[str, Any]:
        """The state of all streams, as plain data that msgpack can hold."""
        return {"seed": self.seed, "streams": {name: stream.getstate() for name, stream in self._streams.items()}}

    def put_back(self, state: dict[str, Any], only: str | None = None) -> None:
        """Put all streams, or only the one named, back to a captured state. Streams born since start from the seed."""
        if only is None:
            self.seed = state["seed"]
        saved = state["streams"]
        for name in set(self._streams) | set(saved) if only is None else {only}:
            stream = self.stream(name)
            if name in saved:
                version, internal, gauss = saved[name]
                stream.setstate((version, tuple(internal), gauss))
            else:
                stream.seed(self._seed_of(name))

    def _seed_of(self, name: str, seed: int | None = None) -> int:
        text = f"{self.seed if seed is None else seed}/{name}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
