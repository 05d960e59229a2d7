"""Access control: users, their selectors, and the check of a command against them; the ACL log.

A user has a root selector and more in parentheses; a command may run if one of them allows all of it: the command, every key with
what happens to it (%R read, %W write), every channel. Commands are kept as the set of allowed row names, so `describe` has to find
rules that say the same: it takes the categories that fit best, then single commands, as redis-server 7.0 does. From 7.2
on, the rules are shown as they were given.
Passwords are kept as SHA-256. A user that may do everything is not `restricted`, and its commands skip the check.
Version notes: 7.2 words refusals as "User x has no permissions ..." and adds ids and times to log entries.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.redis.client_info import describe
from emulators.redis.config import effect
from emulators.redis.errors import RedisError
from emulators.redis.glob import glob_match
from emulators.redis.keyspecs import found_keys
from emulators.redis.table import COMMANDS, Command

if TYPE_CHECKING:
    from emulators.redis.emulator import RedisEmulator
    from emulators.redis.session import RedisSession

__all__ = ["CATEGORIES", "AccessControl", "Denial", "LogEntry", "Selector", "User"]

CATEGORIES: tuple[str, ...] = (
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
)
_READ, _WRITE = 1, 2
_SPACES = frozenset(b" \t\n\r\v\f\0")
_HASH = re.compile(rb"[0-9a-f]{64}\Z")

_UNKNOWN = "Unknown command or category name in ACL"
_SYNTAX = "Syntax error"
_AFTER_ALL_KEYS = (
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
    "Try 'resetkeys' to start with an empty list of patterns"
)
_AFTER_ALL_CHANNELS = (
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. "
    "Try 'resetchannels' to start with an empty list of channels"
)
_NO_SUCH_PASSWORD = "The password you are trying to remove from the user does not exist"
_BAD_HASH = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
_FIRST_ARG = "Allowing first-arg of a subcommand is not supported"


_SCRIPT_DENIALS = {
    "command": "can't run this command or subcommand",
    "key": "can't access at least one of the keys mentioned in the command arguments",
    "channel": "can't publish to the channel mentioned in the command",
}


class BadRule(Exception):
    """A rule is refused; the text says why."""


def _all_rows() -> dict[str, Command]:
    return {row.name: row for top in COMMANDS.values() for row in top.walk()}


_ROWS: dict[str, Command] = {}


def rows() -> dict[str, Command]:
    """Every row of the table by its full name."""
    if not _ROWS:
        _ROWS.update(_all_rows())
    return _ROWS


def _in_category(category: str) -> set[str]:
    return {name for name, row in rows().items() if category in row.categories}


def has_spaces(word: bytes) -> bool:
    return not _SPACES.isdisjoint(word)


class Selector:
    """One set of permissions."""

    def __init__(self) -> None:
        self.all_keys = False
        self.all_channels = False
        #: True after +@all, and until -@all: commands that do not exist yet are allowed too.
        self.all_commands = False
        self.future_commands = False
        self.commands: set[str] = set()
        self.first_args: dict[str, list[bytes]] = {}
        #: Pattern to permissions.
        self.keys: dict[bytes, int] = {}
        self.channels: dict[bytes, None] = {}
        #: The command rules as given, for 7.2 and later.
        self.given: list[bytes] = []

    def copy(self) -> Selector:
        fresh = Selector()
        fresh.__dict__.update(
            {
                **self.__dict__,
                "commands": set(self.commands),
                "first_args": {name: list(words) for name, words in self.first_args.items()},
                "keys": dict(self.keys),
                "channels": dict(self.channels),
                "given": list(self.given),
            }
        )
        return fresh

    @property
    def unlimited(self) -> bool:
        return self.all_commands and self.all_keys and self.all_channels

    # -- rules -----------------------------------------------------------------------------------------------

    def apply(self, rule: bytes) -> None:
        """One rule of ACL SETUSER about keys, channels or commands."""
        lowered = rule.lower()
        first = rule[:1]
        if lowered in (b"allkeys", b"~*"):
            self.all_keys = True
            self.keys.clear()
        elif lowered == b"resetkeys":
            self.all_keys = False
            self.keys.clear()
        elif lowered in (b"allchannels", b"&*"):
            self.all_channels = True
            self.channels.clear()
        elif lowered == b"resetchannels":
            self.all_channels = False
            self.channels.clear()
        elif lowered in (b"allcommands", b"+@all", b"nocommands", b"-@all"):
            allow = lowered in (b"allcommands", b"+@all")
            self.commands = set(rows()) if allow else set()
            self.all_commands = self.future_commands = allow
            self.first_args.clear()
            self.given = [b"+@all" if allow else b"-@all"]
        elif first in (b"~", b"%"):
            self._add_keys(rule)
        elif first == b"&":
            if self.all_channels:
                raise BadRule(_AFTER_ALL_CHANNELS)
            if has_spaces(rule[1:]):
                raise BadRule(_SYNTAX)
            self.channels[rule[1:]] = None
        elif first in (b"+", b"-"):
            self._change_commands(first == b"+", lowered[1:].decode("latin-1"), rule[1:])
        else:
            raise BadRule(_SYNTAX)

    def _add_keys(self, rule: bytes) -> None:
        if self.all_keys:
            raise BadRule(_AFTER_ALL_KEYS)
        permissions, pattern = _READ | _WRITE, rule[1:]
        if rule[:1] == b"%":
            letters, tilde, pattern = rule[1:].partition(b"~")
            letters = letters.upper()
            if not set(letters) <= set(b"RW") or len(set(letters)) != len(letters):
                raise BadRule(_SYNTAX)
            permissions = (_READ if b"R" in letters else 0) | (_WRITE if b"W" in letters else 0)
            if not permissions or not tilde:
                raise BadRule(_SYNTAX)
        if has_spaces(pattern):
            raise BadRule(_SYNTAX)
        self.keys[pattern] = self.keys.get(pattern, 0) | permissions

    def _change_commands(self, allow: bool, name: str, shown: bytes) -> None:
        if name.startswith("@"):
            if name[1:] not in CATEGORIES:
                raise BadRule(_UNKNOWN)
            self._set(_in_category(name[1:]), allow)
            self._note(allow, name.encode())
            return
        container, bar, sub = name.rpartition("|")
        if not allow or not bar:
            row = rows().get(name)
            if row is None:
                raise BadRule(_UNKNOWN)
            self._set({found.name for found in row.walk()}, allow)
            self._note(allow, name.encode())
            return
        row = rows().get(container)
        if row is None:
            raise BadRule(_UNKNOWN)
        if row.parent is not None:
            raise BadRule(_FIRST_ARG)
        if not sub:
            raise BadRule(_SYNTAX)
        if row.subcommands:
            if name not in rows():
                raise BadRule(_UNKNOWN)
            self._set({name}, True)
        elif container not in self.commands:
            words = self.first_args.setdefault(container, [])
            if sub.encode("latin-1") not in words:
                words.append(sub.encode("latin-1"))
        self._note(True, name.encode("latin-1"))

    def _set(self, names: set[str], allow: bool) -> None:
        if allow:
            self.commands |= names
        else:
            self.commands -= names
            self.all_commands = False
        for name in names:
            self.first_args.pop(name, None)

    def _note(self, allow: bool, name: bytes) -> None:
        """Keep the rule as given, without earlier ones about the same thing."""
        self.given = [rule for rule in self.given if rule[1:] != name and not rule[1:].startswith(name + b"|")]
        self.given.append((b"+" if allow else b"-") + name)

    # -- shown -----------------------------------------------------------------------------------------------

    def command_rules(self, version: tuple[int, int]) -> bytes:
        if version >= (7, 2):
            return b" ".join(self.given) or b"-@all"
        return b" ".join(self._derived_rules())

    def _derived_rules(self) -> list[bytes]:
        """Rules that lead to the same set: categories that fit, best first, then single commands."""
        additive = not self.future_commands
        rules = [b"-@all" if additive else b"+@all"]
        built: set[str] = set() if additive else set(rows())
        left = set(self.commands)
        names = {category: _in_category(category) for category in CATEGORIES}
        applied: set[str] = set()
        while True:
            best, fewest, most = "", 1 << 30, 0
            for category in CATEGORIES:
                if category in applied:
                    continue
                on = len(names[category] & left)
                off = len(names[category]) - on
                different, same = (off, on) if additive else (on, off)
                if same > different and (different < fewest or (different == fewest and same > most)):
                    best, fewest, most = category, different, same
            if not best:
                break
            applied.add(best)
            if additive:
                built |= names[best]
                left -= names[best]
            else:
                built -= names[best]
                left |= names[best]
            rules.append((b"+@" if additive else b"-@") + best.encode())
        for top in COMMANDS.values():
            self._single_rules(top, built, rules)
        return rules

    def _single_rules(self, row: Command, built: set[str], rules: list[bytes]) -> None:
        allowed = row.name in self.commands
        if allowed != (row.name in built):
            rules.append((b"+" if allowed else b"-") + row.name.encode())
            walked = {found.name for found in row.walk()}
            if allowed:
                built |= walked
            else:
                built -= walked
        for sub in row.subcommands.values():
            self._single_rules(sub, built, rules)
        if not allowed:
            rules.extend(b"+%b|%b" % (row.name.encode(), word) for word in self.first_args.get(row.name, ()))

    def key_rules(self) -> bytes:
        if self.all_keys:
            return b"~*"
        marks = {_READ | _WRITE: b"~", _READ: b"%R~", _WRITE: b"%W~"}
        return b" ".join(marks[permissions] + pattern for pattern, permissions in self.keys.items())

    def channel_rules(self) -> bytes:
        return b"&*" if self.all_channels else b" ".join(b"&" + pattern for pattern in self.channels)

    def describe(self, version: tuple[int, int]) -> bytes:
        parts = [self.key_rules()] if self.all_keys or self.keys else []
        parts.append(b"&*" if self.all_channels else b" ".join([b"resetchannels", *(b"&" + c for c in self.channels)]))
        parts.append(self.command_rules(version))
        return b" ".join(parts)

    # -- checks ----------------------------------------------------------------------------------------------

    def allows_command(self, row: Command, args: list[bytes]) -> bool:
        if self.all_commands or "no_auth" in row.flags or row.name in self.commands:
            return True
        words = self.first_args.get(row.name)
        place = 1 if row.parent is None else 2
        return words is not None and len(args) > place and args[place].lower() in words

    def allows_key(self, key: bytes, flags: tuple[str, ...]) -> bool:
        if self.all_keys:
            return True
        needed = _READ if "access" in flags else 0
        if "insert" in flags or "delete" in flags or "update" in flags:
            needed |= _WRITE
        return any(
            permissions & needed == needed and glob_match(pattern, key) for pattern, permissions in self.keys.items()
        )

    def allows_channel(self, channel: bytes, is_pattern: bool) -> bool:
        if self.all_channels:
            return True
        return any(channel == rule if is_pattern else glob_match(rule, channel) for rule in self.channels)


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a command may not run: `command`, `key` or `channel`, and the argument's position."""

    reason: str
    position: int = 0


_ORDER = {"command": 0, "key": 1, "channel": 2}


def channels_of(row: Command, args: list[bytes]) -> list[tuple[int, bool]]:
    """Positions of the channels of a command, and whether they are patterns."""
    if row.name in ("publish", "spublish"):
        return [(1, False)]
    if row.name in ("subscribe", "ssubscribe", "psubscribe"):
        return [(place, row.name == "psubscribe") for place in range(1, len(args))]
    return []


class User:
    """A user. `restricted` is False while every command may run without a look."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.enabled = False
        self.no_password = False
        #: Whether RESTORE's payloads are looked at: True, False (skip), None (never said).
        self.sanitize: bool | None = None
        self.passwords: dict[bytes, None] = {}
        self.selectors = [Selector()]
        self.restricted = True

    def settle(self) -> None:
        self.restricted = not any(selector.unlimited for selector in self.selectors)

    def copy_from(self, other: User) -> None:
        self.enabled, self.no_password, self.sanitize = other.enabled, other.no_password, other.sanitize
        self.passwords = dict(other.passwords)
        self.selectors = [selector.copy() for selector in other.selectors]
        self.settle()

    @property
    def root(self) -> Selector:
        return self.selectors[0]

    # -- rules -----------------------------------------------------------------------------------------------

    def apply(self, rule: bytes, all_channels: bool) -> None:
        """One rule of ACL SETUSER. `all_channels` is acl-pubsub-default, for `reset`."""
        lowered, first = rule.lower(), rule[:1]
        if not rule:
            return
        if lowered in (b"on", b"off"):
            self.enabled = lowered == b"on"
        elif lowered in (b"sanitize-payload", b"skip-sanitize-payload"):
            self.sanitize = lowered == b"sanitize-payload"
        elif lowered in (b"nopass", b"resetpass"):
            self.no_password = lowered == b"nopass"
            self.passwords.clear()
        elif first in (b">", b"#", b"<", b"!"):
            self._change_password(first, rule[1:])
        elif first == b"(" and rule.endswith(b")"):
            selector = Selector()
            if all_channels:
                selector.all_channels = True
            for word in rule[1:-1].split():
                selector.apply(word)
            self.selectors.append(selector)
        elif lowered == b"clearselectors":
            del self.selectors[1:]
        elif lowered == b"reset":
            for word in (b"resetpass", b"resetkeys", b"resetchannels"):
                self.apply(word, all_channels)
            if all_channels:
                self.apply(b"allchannels", all_channels)
            for word in (b"off", b"sanitize-payload", b"clearselectors", b"-@all"):
                self.apply(word, all_channels)
        else:
            self.root.apply(rule)

    def _change_password(self, mark: bytes, word: bytes) -> None:
        if mark in (b">", b"<"):
            digest = hash_password(word)
        else:
            if not _HASH.match(word):
                raise BadRule(_BAD_HASH)
            digest = word
        if mark in (b">", b"#"):
            self.passwords[digest] = None
            self.no_password = False
        elif self.passwords.pop(digest, 0) == 0:
            raise BadRule(_NO_SUCH_PASSWORD)

    # -- shown -----------------------------------------------------------------------------------------------

    def flags(self) -> list[bytes]:
        shown = [b"on" if self.enabled else b"off"]
        if self.no_password:
            shown.append(b"nopass")
        if self.sanitize is not None:
            shown.append(b"sanitize-payload" if self.sanitize else b"skip-sanitize-payload")
        return shown

    def describe(self, version: tuple[int, int]) -> bytes:
        parts = [*self.flags(), *(b"#" + digest for digest in self.passwords), self.root.describe(version)]
        parts += [b"(%b)" % selector.describe(version) for selector in self.selectors[1:]]
        return b" ".join(parts)


def hash_password(word: bytes) -> bytes:
    return hashlib.sha256(word).hexdigest().encode()


def merge_selectors(words: list[bytes]) -> list[bytes]:
    """Put together the words of selectors in parentheses. RedisError when one is not closed."""
    merged: list[bytes] = []
    opened: list[bytes] = []
    for word in words:
        if word[:1] == b"(" and word[-1:] != b")":
            opened = [word]
        elif opened:
            opened.append(word)
            if word[-1:] == b")":
                merged.append(b" ".join(opened))
                opened = []
        else:
            merged.append(word)
    if opened:
        raise RedisError(b"ERR Unmatched parenthesis in acl selector starting at '%b'." % opened[0])
    return merged


@dataclass(slots=True)
class LogEntry:
    """One line of ACL LOG."""

    number: int
    reason: str
    context: str
    subject: bytes
    username: bytes
    client_info: str
    created_ms: int
    updated_ms: int
    count: int = 1


_SAME_ENTRY_MS = 60_000
_LOG_LOOKBACK = 10


@dataclass(slots=True)
class _Counters:
    auth: int = 0
    command: int = 0
    key: int = 0
    channel: int = 0


@dataclass(slots=True)
class _Log:
    entries: list[LogEntry] = field(default_factory=list)
    next_number: int = 0


class AccessControl:
    """The users of one server, and the log of what was refused."""

    def __init__(self, server: RedisEmulator) -> None:
        self._server = server
        self.users: dict[bytes, User] = {}
        self.log = _Log()
        self.denied = {"auth": 0, "command": 0, "key": 0, "channel": 0}
        self.default = self._unlimited(b"default")
        self.users[b"default"] = self.default

    @staticmethod
    def _unlimited(name: bytes) -> User:
        user = User(name)
        for rule in (b"+@all", b"~*", b"&*", b"on", b"nopass"):
            user.apply(rule, False)
        user.settle()
        return user

    # -- users -----------------------------------------------------------------------------------------------

    def exists(self, name: bytes) -> bool:
        return name in self.users

    def set_default_password(self, password: bytes) -> None:
        """What requirepass says."""
        self.default.passwords.clear()
        self.default.no_password = not password
        if password:
            self.default.passwords[hash_password(password)] = None

    def new_user(self, name: bytes) -> User:
        user = User(name)
        user.root.all_channels = self._all_channels
        user.settle()
        return user

    @property
    def _all_channels(self) -> bool:
        return bool(self._server.config["acl-pubsub-default"] == b"allchannels")

    def set_user(self, name: bytes, rules: list[bytes]) -> None:
        """Create or change a user; nothing changes when a rule is wrong."""
        old = self.users.get(name)
        draft = self.new_user(name)
        if old is not None:
            draft.copy_from(old)
        for rule in merge_selectors(rules):
            try:
                draft.apply(rule, self._all_channels)
            except BadRule as reason:
                raise RedisError(b"ERR Error in ACL SETUSER modifier '%b': %b" % (rule, str(reason).encode())) from None
        draft.settle()
        if old is None:
            self.users[name] = draft
            return
        self._end_subscriptions(draft, old)
        old.copy_from(draft)
        self._server.update_special()

    def delete_user(self, name: bytes) -> bool:
        user = self.users.pop(name, None)
        if user is None:
            return False
        self._end_sessions(user)
        return True

    def _end_sessions(self, user: User) -> None:
        for session in self._server.clients():
            if session.user is user:
                session.user = self.default
                session.authenticated = session.reader.authenticated = False
                if session is self._server.current_session:
                    session.quit()
                else:
                    session.kill()

    def _end_subscriptions(self, new: User, old: User) -> None:
        """Drop subscribers whose channels the user may no longer hear."""
        if any(selector.all_channels for selector in new.selectors):
            return
        allowed = Selector()
        for selector in new.selectors:
            allowed.channels.update(selector.channels)
        before = [channel for selector in old.selectors for channel in selector.channels]
        if not any(selector.all_channels for selector in old.selectors) and all(
            channel in allowed.channels for channel in before
        ):
            return
        for session in self._server.clients():
            if session.user is not old:
                continue
            patterns = all(allowed.allows_channel(name, True) for name in session.patterns)
            names = all(allowed.allows_channel(name, False) for name in (*session.channels, *session.shards))
            if not (patterns and names):
                session.kill()

    # -- logging in ------------------------------------------------------------------------------------------

    def authenticate(self, session: RedisSession, name: bytes, password: bytes) -> bool:
        """Check a password; a failure is logged."""
        user = self.users.get(name)
        if user is not None and user.enabled and (user.no_password or hash_password(password) in user.passwords):
            self.log_in(session, user)
            return True
        self.note(session, "auth", session.current_args[0] if session.current_args else b"AUTH", name)
        return False

    def log_in(self, session: RedisSession, user: User) -> None:
        session.user = user
        session.authenticated = session.reader.authenticated = True
        session.update_special()

    def starts_as(self, session: RedisSession) -> None:
        """A fresh connection is the default user's, logged in if that one needs no password."""
        session.user = self.default
        session.authenticated = self.default.no_password and self.default.enabled

    # -- checks ----------------------------------------------------------------------------------------------

    def denial(self, user: User, row: Command, args: list[bytes]) -> Denial | None:
        """Why the user may not run this, or None. Of several reasons, the one that came furthest."""
        if not user.restricted:
            return None
        keys = found_keys(row, args) if row.key_specs or row.find_keys else []
        channels = channels_of(row, args)
        worst = Denial("command")
        for selector in user.selectors:
            found = self._selector_denial(selector, row, args, keys, channels)
            if found is None:
                return None
            if (_ORDER[found.reason], found.position) > (_ORDER[worst.reason], worst.position):
                worst = found
        return worst

    @staticmethod
    def _selector_denial(
        selector: Selector, row: Command, args: list[bytes], keys: Any, channels: list[tuple[int, bool]]
    ) -> Denial | None:
        if not selector.allows_command(row, args):
            return Denial("command")
        for position, flags in keys:
            if not selector.allows_key(args[position], flags):
                return Denial("key", position)
        for position, is_pattern in channels:
            if not selector.allows_channel(args[position], is_pattern):
                return Denial("channel", position)
        return None

    def check(self, session: RedisSession, row: Command, args: list[bytes]) -> None:
        """Raise NOPERM, and log it, if the session's user may not run this."""
        found = self.denial(session.user, row, args)
        if found is not None:
            self.note_denial(session, row, args, found, "multi" if session.queue is not None else "toplevel")
            raise RedisError(b"NOPERM " + self.reason(session.user, row, found))

    def check_script(self, session: RedisSession, row: Command, args: list[bytes]) -> None:
        """The same for a command that a script calls."""
        found = self.denial(session.user, row, args)
        if found is not None:
            self.note_denial(session, row, args, found, "lua")
            raise RedisError(f"ERR The user executing the script {_SCRIPT_DENIALS[found.reason]}")

    def reads_everything(self, user: User, row: Command, args: list[bytes]) -> bool:
        """Whether the user may run this and read any key: what SORT's BY and GET ask for."""
        return any(
            selector.allows_command(row, args) and (selector.all_keys or selector.keys.get(b"*", 0) & _READ)
            for selector in user.selectors
        )

    def reason(self, user: User, row: Command, found: Denial) -> bytes:
        subject = b"this user" if self._server.version < (7, 2) else b"User " + user.name
        if found.reason == "command":
            return b"%b has no permissions to run the '%b' command" % (subject, row.name.encode())
        return b"%b has no permissions to access one of the %bs used as arguments" % (subject, found.reason.encode())

    # -- the log ---------------------------------------------------------------------------------------------

    def note_denial(self, session: RedisSession, row: Command, args: list[bytes], found: Denial, context: str) -> None:
        subject = row.name.encode() if found.reason == "command" else args[found.position]
        self.note(session, found.reason, subject, None, context)

    def note(
        self, session: RedisSession, reason: str, subject: bytes, username: bytes | None, context: str = ""
    ) -> None:
        if not context:
            context = "multi" if session.queue is not None else "toplevel"
        self.denied[reason] += 1
        now_ms = self._server.clock.now_ms()
        name = session.user.name if username is None else username
        entries = self.log.entries
        for place, entry in enumerate(entries[:_LOG_LOOKBACK]):
            same = (entry.reason, entry.context, entry.subject, entry.username) == (reason, context, subject, name)
            if same and now_ms - entry.updated_ms <= _SAME_ENTRY_MS:
                entry.count += 1
                entry.updated_ms = now_ms
                entry.client_info = describe(session)
                entries.insert(0, entries.pop(place))
                return
        entries.insert(
            0,
            LogEntry(self.log.next_number, reason, context, subject, name, describe(session), now_ms, now_ms),
        )
        self.log.next_number += 1
        del entries[self._server.config["acllog-max-len"] :]

    # -- files and snapshots ---------------------------------------------------------------------------------

    def lines(self) -> list[bytes]:
        """The users as ACL LIST and ACL files show them."""
        version = self._server.version
        return [b"user %b %b" % (name, self.users[name].describe(version)) for name in sorted(self.users)]

    def load(self, text: bytes, source: str) -> None:
        """Replace all users by those of a file; nothing changes when it is wrong."""
        fresh: dict[bytes, User] = {}
        problems: list[str] = []
        for number, line in enumerate(text.split(b"\n"), 1):
            words = line.strip().split()
            if not words:
                continue
            if words[0] != b"user" or len(words) < 2:
                problems.append(f"{source}:{number} should start with user keyword followed by the username. ")
                continue
            if words[1] in fresh:
                shown = words[1].decode("utf-8", "replace")
                problems.append(f"WARNING: Duplicate user '{shown}' found on line {number}. ")
                continue
            user = fresh[words[1]] = self.new_user(words[1])
            try:
                rules = merge_selectors(words[2:])
            except RedisError:
                problems.append(f"{source}:{number}: Unmatched parenthesis in selector definition.")
                continue
            for rule in rules:
                try:
                    user.apply(rule, self._all_channels)
                except BadRule as reason:
                    problems.append(f"{source}:{number}: {reason}. ")
            user.settle()
        if problems:
            raise RedisError(
                "ERR "
                + "".join(problems)
                + "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
            )
        old = self.users
        loaded = fresh.pop(b"default", None) or self._unlimited(b"default")
        self.default.copy_from(loaded)
        self.users = {b"default": self.default, **fresh}
        for name, user in old.items():
            if name == b"default":
                continue
            if name in fresh and self._server.version >= (7, 4):
                user.copy_from(fresh[name])
                self.users[name] = user
            else:
                # Before 7.4, whoever is logged in as any user but the default one has to come again.
                self._end_sessions(user)
        self._server.update_special()

    def capture(self) -> list[list[Any]]:
        return [
            [
                name,
                user.enabled,
                user.no_password,
                user.sanitize,
                list(user.passwords),
                [
                    [
                        s.all_keys,
                        s.all_channels,
                        s.all_commands,
                        s.future_commands,
                        sorted(s.commands) if not s.all_commands else [],
                        [[command, list(words)] for command, words in s.first_args.items()],
                        [list(item) for item in s.keys.items()],
                        list(s.channels),
                        list(s.given),
                    ]
                    for s in user.selectors
                ],
            ]
            for name, user in self.users.items()
        ]

    def put_back(self, data: list[list[Any]]) -> None:
        fresh: dict[bytes, User] = {}
        for name, enabled, no_password, sanitize, passwords, selectors in data:
            user = User(name)
            user.enabled, user.no_password, user.sanitize = enabled, no_password, sanitize
            user.passwords = dict.fromkeys(passwords)
            user.selectors = []
            for all_keys, all_channels, all_commands, future, commands, first_args, keys, channels, given in selectors:
                selector = Selector()
                selector.all_keys, selector.all_channels = all_keys, all_channels
                selector.all_commands, selector.future_commands = all_commands, future
                selector.commands = set(rows()) if all_commands else set(commands)
                selector.first_args = {command: list(words) for command, words in first_args}
                selector.keys = dict(keys)
                selector.channels = dict.fromkeys(channels)
                selector.given = list(given)
                user.selectors.append(selector)
            user.settle()
            fresh[name] = user
        for name, user in list(self.users.items()):
            if name in fresh:
                user.copy_from(fresh.pop(name))
            else:
                self.delete_user(name)
        self.users.update(fresh)
        self._server.update_special()


@effect("acllog-max-len")
def _log_length(server: RedisEmulator, values: dict[str, Any]) -> None:
    del server.acl.log.entries[values["acllog-max-len"] :]
