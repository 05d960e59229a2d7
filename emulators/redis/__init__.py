"""Redis, emulated.

resp        bytes to requests, reply values to bytes
session     one client: the road of a command
table       the command table, from data/commands.json
emulator    the server: databases, counters, snapshot and digest
keyspace    one database: keys, deadlines, who hears of changes
values      what keys hold
commands/   the handlers, one module per group
blocking    clients that wait for keys
pubsub      subscriptions
admission   what can stand between a command and its handler
inspect     dump and canonical form
"""

from emulators.redis.emulator import VERSIONS, RedisEmulator

__all__ = ["VERSIONS", "RedisEmulator"]
