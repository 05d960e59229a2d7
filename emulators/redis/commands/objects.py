"""OBJECT (redis.io group `generic`): how the server would hold a value, and how long and how often it was used.

REFCOUNT is 1, except for the small integers that the server shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import long_integer
from emulators.redis.resp import Reply
from emulators.redis.table import command
from emulators.redis.values import string_encoding

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_SHARED_INTEGERS = 10_000
_SHARED_REFERENCES = 2**31 - 1


@command("object|encoding")
def encoding(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.peek(args[2])
    if value is None:
        return None
    return string_encoding(value) if isinstance(value, bytes) else value.encoding()


@command("object|refcount")
def refcount(client: RedisSession, args: list[bytes]) -> Reply:
    value = client.db.peek(args[2])
    if value is None:
        return None
    policy = client.server.config["maxmemory-policy"]
    # Under a policy that looks at each key's uses, integers are not shared.
    shares = not client.server.config["maxmemory"] or not policy.endswith((b"lru", b"lfu"))
    if type(value) is bytes and shares:
        number = long_integer(value)
        if number is not None and 0 <= number < _SHARED_INTEGERS:
            return _SHARED_REFERENCES
    return 1


@command("object|idletime")
def idletime(client: RedisSession, args: list[bytes]) -> Reply:
    db = client.db
    if db.peek(args[2]) is None:
        return None
    if client.server.counts_frequency:
        raise errors.IDLE_UNDER_LFU
    if db.access is None:
        client.server.track_access()
    assert db.access is not None
    return db.access.idle_us(args[2]) // 1_000_000


@command("object|freq")
def freq(client: RedisSession, args: list[bytes]) -> Reply:
    db = client.db
    if db.peek(args[2]) is None:
        return None
    if not client.server.counts_frequency or db.access is None:
        raise errors.FREQUENCY_WITHOUT_LFU
    return db.access.frequency(args[2])
