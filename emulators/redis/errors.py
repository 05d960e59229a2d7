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
DECREMENT_OVERFLOW = RedisError("ERR decrement would overflow")
LCS_STRINGS = RedisError("ERR The specified keys must contain string values")
LCS_BOTH = RedisError("ERR If you want both the length and indexes, please just use IDX.")
LCS_MEMORY = RedisError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
EXPIRE_NX_WITH_OTHERS = RedisError("ERR NX and XX, GT or LT options at the same time are not compatible")
EXPIRE_GT_AND_LT = RedisError("ERR GT and LT options at the same time are not compatible")
INT_RANGE = RedisError("ERR value is out of range, value must between -2147483648 and 2147483647")
FIRST_DB_INDEX = RedisError("ERR invalid first DB index")
SECOND_DB_INDEX = RedisError("ERR invalid second DB index")
SORT_SCORES = RedisError("ERR One or more scores can't be converted into double")
IDLE_UNDER_LFU = RedisError(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between "
    "policies at runtime LRU and LFU data will take some time to adjust."
)
FREQUENCY_WITHOUT_LFU = RedisError(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
    "between policies at runtime LRU and LFU data will take some time to adjust."
)
BIT_OFFSET = RedisError("ERR bit offset is not an integer or out of range")
BIT_VALUE = RedisError("ERR bit is not an integer or out of range")
BIT_ARGUMENT = RedisError("ERR The bit argument must be 1 or 0.")
BITOP_NOT = RedisError("ERR BITOP NOT must be called with a single source key.")
BITFIELD_TYPE = RedisError(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
)
BITFIELD_OVERFLOW = RedisError("ERR Invalid OVERFLOW type specified")
BITFIELD_READ_ONLY = RedisError("ERR BITFIELD_RO only supports the GET subcommand")
BUSY_KEY = RedisError("BUSYKEY Target key name already exists.")
BAD_PAYLOAD = RedisError("ERR DUMP payload version or checksum are wrong")
BAD_FORMAT = RedisError("ERR Bad data format")
RESTORE_TTL = RedisError("ERR Invalid TTL value, must be >= 0")
RESTORE_IDLE = RedisError("ERR Invalid IDLETIME value, must be >= 0")
RESTORE_FREQUENCY = RedisError("ERR Invalid FREQ value, must be >= 0 and <= 255")
LOCAL_RANGE = RedisError("ERR value is out of range, value must between 0 and 1")
TIMEOUT_NOT_INTEGER = RedisError("ERR timeout is not an integer or out of range")
WAITAOF_WITHOUT_AOF = RedisError("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
MIGRATE_KEYS = RedisError(
    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
)
MIGRATE_UNREACHABLE = RedisError("IOERR error or timeout writing to target instance")
NUMKEYS_NOT_POSITIVE = RedisError("ERR numkeys should be greater than 0")
COUNT_NOT_POSITIVE = RedisError("ERR count should be greater than 0")
ZERO_RANK = RedisError(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
    "or use negative to start from the end of the list"
)
HASH_VALUE_NOT_INTEGER = RedisError("ERR hash value is not an integer")
HASH_VALUE_NOT_FLOAT = RedisError("ERR hash value is not a float")
NAN_OR_INFINITE_VALUE = RedisError("ERR value is NaN or Infinity")
UNBLOCKED_BY_CLIENT = RedisError("UNBLOCKED client unblocked via CLIENT UNBLOCK")
STREAM_GONE = RedisError("UNBLOCKED the stream key no longer exists")
NOT_HLL = RedisError("WRONGTYPE Key is not a valid HyperLogLog string value.")
CORRUPT_HLL = RedisError("INVALIDOBJ Corrupted HLL object detected")
HLL_NOT_SPARSE = RedisError("ERR HLL encoding is not sparse")
NO_SUCH_HLL = RedisError("ERR The specified key does not exist")
NUMKEYS_TOO_MANY = RedisError("ERR Number of keys can't be greater than number of args")
NEGATIVE_LIMIT = RedisError("ERR LIMIT can't be negative")
SINGLE_INCREMENT = RedisError("ERR INCR option supports a single increment-element pair")
SCORE_NOT_A_NUMBER = RedisError("ERR resulting score is not a number (NaN)")
RANGE_NOT_FLOAT = RedisError("ERR min or max is not a float")
RANGE_NOT_STRING = RedisError("ERR min or max not valid string range item")
LIMIT_BY_RANK = RedisError(
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
)
WITHSCORES_BY_LEX = RedisError("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
WEIGHT_NOT_FLOAT = RedisError("ERR weight value is not a float")
NOT_A_FUNCTION = RedisError("ERR given type is not a function")
OLD_FUNCTION = RedisError("ERR Pre-release function format not supported")
BAD_FUNCTION = RedisError("ERR Failed loading library payload")
GEO_UNIT = RedisError("ERR unsupported unit provided. please use M, KM, FT, MI")
GEO_RADIUS = RedisError("ERR need numeric radius")
GEO_NEGATIVE_RADIUS = RedisError("ERR radius cannot be negative")
GEO_WIDTH = RedisError("ERR need numeric width")
GEO_HEIGHT = RedisError("ERR need numeric height")
GEO_NEGATIVE_BOX = RedisError("ERR height or width cannot be negative")
GEO_NO_MEMBER = RedisError("ERR could not decode requested zset member")
GEO_COUNT = RedisError("ERR COUNT must be > 0")
GEO_ANY = RedisError("ERR the ANY argument requires COUNT argument")
INVALID_EXPIRE = "ERR invalid expire time in '%s' command"


def out_of_range(low: int, high: int) -> RedisError:
    return RedisError(f"ERR value is out of range, value must between {low} and {high}")


def no_input_keys(command: str) -> RedisError:
    return RedisError(f"ERR at least 1 input key is needed for '{command}' command")

BUSY_SCRIPT = RedisError("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
BUSY_FUNCTION = RedisError("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.")
NOT_BUSY = RedisError("NOTBUSY No scripts in execution right now.")
UNKILLABLE = RedisError(
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the "
    "script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
)


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


def invalid_place(longitude: float, latitude: float) -> RedisError:
    return RedisError(f"ERR invalid longitude,latitude pair {longitude:f},{latitude:f}")


def geo_store_with(name: str) -> RedisError:
    return RedisError(f"ERR {name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options")


def geo_exactly_one(options: bytes, name: bytes) -> RedisError:
    return RedisError(b"ERR exactly one of %b can be specified for %b" % (options, name))


def unsupported_option(option: bytes) -> RedisError:
    return RedisError(b"ERR Unsupported option %b" % option)


def only_in_subscriber(name: str) -> RedisError:
    return RedisError(
        f"ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
    )


def exec_aborted_by(error: RedisError) -> RedisError:
    return RedisError(b"EXECABORT Transaction discarded because of: %b" % error.line)
