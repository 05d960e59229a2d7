"""The handlers of all commands, one module per group; importing this package ties them to their rows in the table."""

from emulators.redis.commands import (
    connection,
    expire,
    keys,
    lists,
    objects,
    pubsub,
    scan,
    sort,
    strings,
    transactions,
)

__all__ = [
    "connection",
    "expire",
    "keys",
    "lists",
    "objects",
    "pubsub",
    "scan",
    "sort",
    "strings",
    "transactions",
]
