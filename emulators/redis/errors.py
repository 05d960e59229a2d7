"""Every error text of the Redis emulator, named by meaning; the texts are redis-server's own, as its clients compare them."""

from __future__ import annotations

__all__ = ["RedisError"]


class RedisError(Exception):
    """An error reply. `line` is what stands after the `-`: a code in capitals, a space, the message."""

    def __init__(self, line: bytes | str) -> None:
        if isinstance(line, str):
            line = line.encode("utf-8", "surrogateescape")
        # A reply line cannot hold line breaks; the server replaces them too.
        self.line = line.replace(b"\r", b" ").replace(b"\n", b" ")
        super().__init__(self.line.decode("utf-8", "replace"))

    @property
    def code(self) -> bytes:
        """The first word, such as `ERR` or `WRONGTYPE`."""
        return self.line.split(b" ", 1)[0]


WRONG_TYPE = RedisError("WRONGTYPE Operation against a key holding the wrong kind of value")
SYNTAX = RedisError("ERR syntax error")
NOT_INTEGER = RedisError("ERR value is not an integer or out of range")
NOT_FLOAT = RedisError("ERR value is not a valid float")
OVERFLOW = RedisError("ERR increment or decrement would overflow")
NAN_OR_INFINITY = RedisError("ERR increment would produce NaN or Infinity")
NO_SUCH_KEY = RedisError("ERR no such key")
INDEX_RANGE = RedisError("ERR index out of range")
DB_INDEX_RANGE = RedisError("ERR DB index is out of range")
INVALID_DB_INDEX = RedisError("ERR invalid DB index")
SAME_OBJECT = RedisError("ERR source and destination objects are the same")
OUT_OF_RANGE = RedisError("ERR value is out of range")
MUST_BE_POSITIVE = RedisError("ERR value is out of range, must be positive")
STRING_TOO_LONG = RedisError("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
OFFSET_RANGE = RedisError("ERR offset is out of range")
TIMEOUT_NOT_FLOAT = RedisError("ERR timeout is not a float or out of range")
TIMEOUT_NEGATIVE = RedisError("ERR timeout is negative")
TIMEOUT_RANGE = RedisError("ERR timeout is out of range")
INVALID_CURSOR = RedisError("ERR invalid cursor")
NESTED_MULTI = RedisError("ERR MULTI calls can not be nested")
EXEC_WITHOUT_MULTI = RedisError("ERR EXEC without MULTI")
DISCARD_WITHOUT_MULTI = RedisError("ERR DISCARD without MULTI")
WATCH_IN_MULTI = RedisError("ERR WATCH inside MULTI is not allowed")
EXEC_ABORTED = RedisError("EXECABORT Transaction discarded because of previous errors.")
NO_AUTH = RedisError("NOAUTH Authentication required.")
WRONG_PASS = RedisError("WRONGPASS invalid username-password pair or user is disabled.")
NO_PASSWORD_SET = RedisError(
    "ERR AUTH <password> called without any password configured for the default user. "
    "Are you sure your configuration is correct?"
)
NO_PROTO = RedisError("NOPROTO unsupported protocol version")
NOT_INTEGER_PROTO = RedisError("ERR Protocol version is not an integer or out of range")
XX_AND_NX = RedisError("ERR XX and NX options at the same time are not compatible")
GT_LT_NX = RedisError("ERR GT, LT, and/or NX options at the same time are not compatible")
INVALID_EXPIRE = "ERR invalid expire time in '%s' command"


def wrong_arity(name: str) -> RedisError:
    """`name` as the table spells it (`get`, `config|get`)."""
    return RedisError(f"ERR wrong number of arguments for '{name}' command")


def unknown_command(name: bytes, arguments: list[bytes]) -> RedisError:
    """The name as sent, and the first 128 bytes of the quoted arguments."""
    shown = b""
    for argument in arguments:
        if len(shown) >= 128:
            break
        shown += b"'%b' " % argument[: 128 - len(shown)]
    return RedisError(b"ERR unknown command '%b', with args beginning with: %b" % (name[:128], shown))


def unknown_subcommand(container: str, name: bytes) -> RedisError:
    return RedisError(b"ERR unknown subcommand '%b'. Try %b HELP." % (name[:128], container.upper().encode()))


def invalid_expire(command: str) -> RedisError:
    return RedisError(INVALID_EXPIRE % command)


def only_in_subscriber(name: str) -> RedisError:
    return RedisError(
        f"ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
    )


def exec_aborted_by(error: RedisError) -> RedisError:
    return RedisError(b"EXECABORT Transaction discarded because of: %b" % error.line)
