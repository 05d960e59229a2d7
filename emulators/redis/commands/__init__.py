"""The handlers of all commands, one module per group; importing this package ties them to their rows in the table."""

from emulators.redis.commands import (
    bitmaps,
    connection,
    expire,
    hash_expiry,
    hashes,
    hyperloglog,
    keys,
    list_moves,
    lists,
    objects,
    pubsub,
    scan,
    sort,
    strings,
    transactions,
)

__all__ = [
    "bitmaps",
    "connection",
    "expire",
    "hash_expiry",
    "hashes",
    "hyperloglog",
    "keys",
    "list_moves",
    "lists",
    "objects",
    "pubsub",
    "scan",
    "sort",
    "strings",
    "transactions",
]
