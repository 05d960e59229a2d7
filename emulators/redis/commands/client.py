"""CLIENT and its subcommands (redis.io group `connection`).

Version notes: SETINFO and NO-TOUCH came with 7.2, and the `lib-name`, `lib-ver` fields of CLIENT LIST with them. 7.4 added
KILL MAXAGE; kinds of clients are those of the server (`normal`, `master`, `replica`, `pubsub`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulators.redis import errors
from emulators.redis.arguments import integer, long_integer
from emulators.redis.client_info import KINDS, describe, kind_of
from emulators.redis.errors import RedisError
from emulators.redis.resp import NO_REPLY, OK, Reply, SetReply, Verbatim
from emulators.redis.table import command
from emulators.redis.tracking import TrackedClient

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_PRINTABLE = frozenset(range(0x21, 0x7F))


def _lines(sessions: list[RedisSession]) -> Verbatim:
    return Verbatim("".join(describe(session) + "\n" for session in sessions).encode())


@command("client|list")
def list_(client: RedisSession, args: list[bytes]) -> Reply:
    sessions = client.server.clients()
    if len(args) == 2:
        return _lines(sessions)
    option = args[2].upper()
    if option == b"TYPE" and len(args) == 4:
        kind = KINDS.get(args[3].lower())
        if kind is None:
            raise RedisError(b"ERR Unknown client type '%b'" % args[3])
        return _lines([session for session in sessions if kind_of(session) == kind])
    if option == b"ID" and len(args) > 3:
        chosen = []
        for word in args[3:]:
            session = client.server.sessions.get(integer(word, RedisError("ERR Invalid client ID")))
            if session is not None:
                chosen.append(session)
        return _lines(chosen)  # type: ignore[arg-type]
    raise errors.SYNTAX


@command("client|info")
def info(client: RedisSession, args: list[bytes]) -> Reply:
    return _lines([client])


@command("client|id")
def id_(client: RedisSession, args: list[bytes]) -> Reply:
    return client.id


@command("client|getname")
def getname(client: RedisSession, args: list[bytes]) -> Reply:
    return client.name or None


def check_name(name: bytes, what: str) -> bytes:
    """A name that CLIENT LIST can show: no spaces, no line breaks, nothing special."""
    if not _PRINTABLE.issuperset(name):
        raise RedisError(f"ERR {what} cannot contain spaces, newlines or special characters.")
    return name


@command("client|setname")
def setname(client: RedisSession, args: list[bytes]) -> Reply:
    client.name = check_name(args[2], "Client names")
    return OK


@command("client|setinfo")
def setinfo(client: RedisSession, args: list[bytes]) -> Reply:
    option = args[2].lower()
    if option not in (b"lib-name", b"lib-ver"):
        raise RedisError(b"ERR Unrecognized option '%b'" % args[2])
    value = check_name(args[3], option.decode())
    name, version = client.library
    client.library = (value, version) if option == b"lib-name" else (name, value)
    return OK


# -- ending connections and waits ----------------------------------------------------------------------------


def _kill_filter(client: RedisSession, words: list[bytes]) -> tuple[Callable[[RedisSession], bool], bool]:
    tests: list[Callable[[RedisSession], bool]] = []
    skip_me = True
    server = client.server
    if len(words) % 2:
        raise errors.SYNTAX
    for option, value in zip(words[::2], words[1::2], strict=True):
        text = value.decode("utf-8", "replace")
        match option.upper():
            case b"ID":
                number = long_integer(value)
                if number is None or number < 1:
                    raise RedisError("ERR client-id should be greater than 0")
                tests.append(lambda session, number=number: session.id == number)  # type: ignore[misc]
            case b"TYPE":
                kind = KINDS.get(value.lower())
                if kind is None:
                    raise RedisError(b"ERR Unknown client type '%b'" % value)
                tests.append(lambda session, kind=kind: kind_of(session) == kind)  # type: ignore[misc]
            case b"ADDR":
                tests.append(lambda session, text=text: session.link.peer == text)  # type: ignore[misc]
            case b"LADDR":
                here = text == f"127.0.0.1:{server.config['port']}"
                tests.append(lambda session, here=here: here)  # type: ignore[misc]
            case b"USER":
                if not server.acl.exists(value):
                    raise RedisError(b"ERR No such user '%b'" % value)
                tests.append(lambda session, value=value: session.user.name == value)  # type: ignore[misc]
            case b"MAXAGE" if server.version >= (7, 4):
                age = long_integer(value)
                if age is None or age < 1:
                    raise RedisError("ERR maxage is not an integer or out of range")
                born = server.clock.now_us() - age * 1_000_000
                tests.append(lambda session, born=born: session.created_us <= born)  # type: ignore[misc]
            case b"SKIPME" if value.lower() in (b"yes", b"no"):
                skip_me = value.lower() == b"yes"
            case _:
                raise errors.SYNTAX
    return (lambda session: all(test(session) for test in tests)), skip_me


@command("client|kill")
def kill(client: RedisSession, args: list[bytes]) -> Reply:
    old_form = len(args) == 3
    words = [b"ADDR", args[2], b"SKIPME", b"no"] if old_form else args[2:]
    chosen, skip_me = _kill_filter(client, words)
    killed = 0
    for session in client.server.clients():
        if chosen(session) and not (skip_me and session is client):
            killed += 1
            if session is client:
                session.quit()
            else:
                session.kill()
    if old_form:
        if not killed:
            raise RedisError("ERR No such client")
        return OK
    return killed


@command("client|unblock")
def unblock(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 4:
        raise errors.wrong_subcommand(args)
    how = args[3].lower() if len(args) == 4 else b"timeout"
    if how not in (b"timeout", b"error"):
        raise RedisError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    session = client.server.sessions.get(integer(args[2]))
    waiter = getattr(session, "blocked", None)
    if waiter is None:
        return 0
    waiter.session.unblock(
        RedisError("UNBLOCKED client unblocked via CLIENT UNBLOCK") if how == b"error" else waiter.expired
    )
    return 1


@command("client|pause")
def pause(client: RedisSession, args: list[bytes]) -> Reply:
    if len(args) > 4:
        raise errors.wrong_subcommand(args)
    kind = args[3].lower() if len(args) == 4 else b"all"
    if kind not in (b"all", b"write"):
        raise RedisError("ERR CLIENT PAUSE mode must be WRITE or ALL")
    duration = integer(args[2], RedisError("ERR timeout is not an integer or out of range"))
    if duration < 0:
        raise errors.TIMEOUT_NEGATIVE
    client.server.pauses.pause(kind.decode(), duration)
    return OK


@command("client|unpause")
def unpause(client: RedisSession, args: list[bytes]) -> Reply:
    client.server.pauses.unpause()
    return OK


@command("client|reply")
def reply_(client: RedisSession, args: list[bytes]) -> Reply:
    mode = args[2].lower()
    if mode == b"on":
        client.reply_mode = "on"
        client.update_special()
        return OK
    if mode == b"off":
        client.reply_mode = "off"
    elif mode == b"skip":
        if client.reply_mode != "off":
            client.reply_mode = "skip_next"
    else:
        raise errors.SYNTAX
    client.update_special()
    return NO_REPLY


def _on_or_off(word: bytes) -> bool:
    lowered = word.lower()
    if lowered not in (b"on", b"off"):
        raise errors.SYNTAX
    return lowered == b"on"


@command("client|no-evict")
def no_evict(client: RedisSession, args: list[bytes]) -> Reply:
    client.no_evict = _on_or_off(args[2])
    return OK


@command("client|no-touch")
def no_touch(client: RedisSession, args: list[bytes]) -> Reply:
    client.no_touch = _on_or_off(args[2])
    client.update_special()
    return OK


# -- tracking ------------------------------------------------------------------------------------------------


def _tracking_options(client: RedisSession, words: list[bytes]) -> tuple[TrackedClient, list[bytes]]:
    how = TrackedClient()
    prefixes: list[bytes] = []
    position = 0
    while position < len(words):
        option, more = words[position].upper(), position + 1 < len(words)
        if option == b"REDIRECT" and more:
            position += 1
            if how.redirect:
                raise RedisError("ERR A client can only redirect to a single other client")
            how.redirect = integer(words[position])
            if how.redirect not in client.server.sessions:
                raise RedisError("ERR The client ID you want redirect to does not exist")
        elif option == b"BCAST":
            how.broadcast = True
        elif option == b"OPTIN":
            how.opt_in = True
        elif option == b"OPTOUT":
            how.opt_out = True
        elif option == b"NOLOOP":
            how.no_loop = True
        elif option == b"PREFIX" and more:
            position += 1
            prefixes.append(words[position])
        else:
            raise errors.SYNTAX
        position += 1
    return how, prefixes


def _overlapping(one: bytes, two: bytes) -> bool:
    return one.startswith(two) or two.startswith(one)


def _check_prefixes(prefixes: list[bytes], present: list[bytes]) -> None:
    for place, prefix in enumerate(prefixes):
        for other in present:
            if _overlapping(prefix, other):
                raise RedisError(
                    b"ERR Prefix '%b' overlaps with an existing prefix '%b'. Prefixes for a single client must "
                    b"not overlap." % (prefix, other)
                )
        for other in prefixes[place + 1 :]:
            if _overlapping(prefix, other):
                raise RedisError(
                    b"ERR Prefix '%b' overlaps with another provided prefix '%b'. Prefixes for a single client must "
                    b"not overlap." % (prefix, other)
                )


@command("client|tracking")
def tracking(client: RedisSession, args: list[bytes]) -> Reply:
    how, prefixes = _tracking_options(client, args[3:])
    switch = args[2].lower()
    if switch == b"off":
        client.server.tracking.stop(client)
        return OK
    if switch != b"on":
        raise errors.SYNTAX
    old = client.tracking
    if prefixes and not how.broadcast:
        raise RedisError("ERR PREFIX option requires BCAST mode to be enabled")
    if old is not None and old.broadcast != how.broadcast:
        raise RedisError(
            "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling "
            "it with a different mode."
        )
    if how.broadcast and (how.opt_in or how.opt_out):
        raise RedisError("ERR OPTIN and OPTOUT are not compatible with BCAST")
    if how.opt_in and how.opt_out:
        raise RedisError("ERR You can't specify both OPTIN mode and OPTOUT mode")
    if old is not None and ((how.opt_in and old.opt_out) or (how.opt_out and old.opt_in)):
        raise RedisError(
            "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling "
            "it with a different mode."
        )
    if how.broadcast:
        _check_prefixes(prefixes, list(old.prefixes) if old is not None else [])
        how.prefixes = dict.fromkeys(prefixes or ([] if old is not None and old.prefixes else [b""]))
    client.server.tracking.start(client, how)
    return OK


@command("client|caching")
def caching(client: RedisSession, args: list[bytes]) -> Reply:
    how = client.tracking
    if how is None:
        raise RedisError(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
        )
    answer = args[2].lower()
    if answer == b"yes":
        if not how.opt_in:
            raise RedisError("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
    elif answer == b"no":
        if not how.opt_out:
            raise RedisError("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
    else:
        raise errors.SYNTAX
    how.caching = True
    return OK


@command("client|getredir")
def getredir(client: RedisSession, args: list[bytes]) -> Reply:
    return -1 if client.tracking is None else client.tracking.redirect


@command("client|trackinginfo")
def trackinginfo(client: RedisSession, args: list[bytes]) -> Reply:
    how = client.tracking
    if how is None:
        return {b"flags": SetReply([b"off"]), b"redirect": -1, b"prefixes": []}
    marks = (
        (b"on", True),
        (b"bcast", how.broadcast),
        (b"optin", how.opt_in),
        (b"caching-yes", how.opt_in and how.caching),
        (b"optout", how.opt_out),
        (b"caching-no", how.opt_out and how.caching),
        (b"noloop", how.no_loop),
        (b"broken_redirect", how.broken_redirect),
    )
    return {
        b"flags": SetReply([word for word, present in marks if present]),
        b"redirect": how.redirect,
        b"prefixes": sorted(how.prefixes),
    }
