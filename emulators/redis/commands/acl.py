"""ACL (redis.io group `server`). Users and checks stand in `emulators.redis.acl`.

LOAD and SAVE read and write the file that `aclfile` names at the start.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.redis import errors
from emulators.redis.acl import CATEGORIES, Selector, has_spaces
from emulators.redis.arguments import integer
from emulators.redis.errors import RedisError
from emulators.redis.resp import OK, Reply, SetReply
from emulators.redis.table import command

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_NO_FILE = RedisError(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
    "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
    "users in the Redis configuration."
)
_MAX_BITS = 4096


@command("acl|setuser")
def setuser(client: RedisSession, args: list[bytes]) -> Reply:
    if has_spaces(args[2]):
        raise RedisError("ERR Usernames can't contain spaces or null characters")
    client.server.acl.set_user(args[2], args[3:])
    return OK


@command("acl|deluser")
def deluser(client: RedisSession, args: list[bytes]) -> Reply:
    if b"default" in args[2:]:
        raise RedisError("ERR The 'default' user cannot be removed")
    return sum(client.server.acl.delete_user(name) for name in args[2:])


def _selector(selector: Selector, version: tuple[int, int]) -> dict[bytes, Any]:
    return {
        b"commands": selector.command_rules(version),
        b"keys": selector.key_rules(),
        b"channels": selector.channel_rules(),
    }


@command("acl|getuser")
def getuser(client: RedisSession, args: list[bytes]) -> Reply:
    user = client.server.acl.users.get(args[2])
    if user is None:
        return None
    version = client.server.version
    return {
        b"flags": SetReply(user.flags()),
        b"passwords": list(user.passwords),
        **_selector(user.root, version),
        b"selectors": [_selector(selector, version) for selector in user.selectors[1:]],
    }


@command("acl|list")
def list_(client: RedisSession, args: list[bytes]) -> Reply:
    return client.server.acl.lines()


@command("acl|users")
def users(client: RedisSession, args: list[bytes]) -> Reply:
    return sorted(client.server.acl.users)


@command("acl|whoami")
def whoami(client: RedisSession, args: list[bytes]) -> Reply:
    return client.user.name


@command("acl|load")
def load(client: RedisSession, args: list[bytes]) -> Reply:
    name = client.server.config["aclfile"].decode()
    if not name:
        raise _NO_FILE
    try:
        text = Path(client.server.config["dir"].decode(), name).read_bytes()
    except OSError as problem:
        raise RedisError(f"ERR Error loading ACLs, opening file '{name}': {problem.strerror}") from None
    client.server.acl.load(text, name)
    return OK


@command("acl|save")
def save(client: RedisSession, args: list[bytes]) -> Reply:
    name = client.server.config["aclfile"].decode()
    if not name:
        raise _NO_FILE
    try:
        Path(client.server.config["dir"].decode(), name).write_bytes(b"\n".join(client.server.acl.lines()) + b"\n")
    except OSError:
        raise RedisError(
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information"
        ) from None
    return OK


@command("acl|cat")
def cat(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) == 2:
        return [category.encode() for category in CATEGORIES]
    category = args[2].decode("latin-1").lower()
    if len(args) > 3:
        raise errors.wrong_subcommand(args)
    if category not in CATEGORIES:
        raise RedisError(b"ERR Unknown category '%b'" % args[2][:128])
    return [row.name.encode() for row in client.server.rows() if category in row.categories]


@command("acl|genpass")
def genpass(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.wrong_subcommand(args)
    bits = integer(args[2]) if len(args) == 3 else 256
    if not 0 < bits <= _MAX_BITS:
        raise RedisError(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to "
            f"{_MAX_BITS}"
        )
    digits = (bits + 3) // 4
    return b"%0*x" % (digits, client.server.random.getrandbits(digits * 4))


@command("acl|log")
def log(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 3:
        raise errors.wrong_subcommand(args)
    entries = client.server.acl.log.entries
    count = 10
    if len(args) == 3:
        if args[2].lower() == b"reset":
            entries.clear()
            return OK
        count = max(0, integer(args[2]))
    now_ms = client.clock.now_ms()
    shown = []
    for entry in entries[:count]:
        line: dict[bytes, Any] = {
            b"count": entry.count,
            b"reason": entry.reason.encode(),
            b"context": entry.context.encode(),
            b"object": entry.subject,
            b"username": entry.username,
            b"age-seconds": (now_ms - entry.updated_ms) / 1000,
            b"client-info": entry.client_info.encode(),
        }
        if client.server.version >= (7, 2):
            line[b"entry-id"] = entry.number
            line[b"timestamp-created"] = entry.created_ms
            line[b"timestamp-last-updated"] = entry.updated_ms
        shown.append(line)
    return shown


@command("acl|dryrun")
def dryrun(client: RedisSession, args: list[bytes]) -> Reply:
    acl = client.server.acl
    user = acl.users.get(args[2])
    if user is None:
        raise RedisError(b"ERR User '%b' not found" % args[2])
    words = args[3:]
    try:
        row = client.server.find(words)
    except RedisError:
        raise RedisError(b"ERR Command '%b' not found" % args[3]) from None
    if not row.min_args <= len(words) <= row.max_args:
        raise RedisError(f"ERR wrong number of arguments for '{row.name}' command")
    found = acl.denial(user, row, words)
    if found is None:
        return OK
    subject = b"This user" if client.server.version < (7, 2) else b"User " + user.name
    if found.reason == "command":
        return b"%b has no permissions to run the '%b' command" % (subject, row.name.encode())
    return b"%b has no permissions to access the '%b' %b" % (subject, words[found.position], found.reason.encode())
