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
NOT_IN_MULTI = RedisError("ERR Command not allowed inside a transaction")
OUT_OF_MEMORY = RedisError("OOM command not allowed when used memory > 'maxmemory'.")
NO_REPLICAS = RedisError("NOREPLICAS Not enough good replicas to write.")
READ_ONLY_REPLICA = RedisError("READONLY You can't write against a read only replica.")
MASTER_DOWN = RedisError("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")
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
MIGRATE_KEYS = RedisError("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")
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
LIMIT_BY_RANK = RedisError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
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
INVALID_STREAM_ID = RedisError("ERR Invalid stream ID specified as stream command argument")
INVALID_START_ID = RedisError("ERR invalid start ID for the interval")
INVALID_END_ID = RedisError("ERR invalid end ID for the interval")
MAXLEN_AND_MINID = RedisError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
NEGATIVE_MAXLEN = RedisError("ERR The MAXLEN argument must be >= 0.")
NEGATIVE_TRIM_LIMIT = RedisError("ERR The LIMIT argument must be >= 0.")
LIMIT_WITHOUT_TRIMMING = RedisError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
LIMIT_WITHOUT_TILDE = RedisError("ERR syntax error, LIMIT cannot be used without the special ~ option")
TRIM_WITHOUT_STRATEGY = RedisError("ERR syntax error, XTRIM must be called with a trimming strategy")
STREAM_EXHAUSTED = RedisError("ERR The stream has exhausted the last possible ID, unable to add more items")
STREAM_ID_TOO_SMALL = RedisError("ERR The ID specified in XADD is equal or smaller than the target stream top item")
STREAM_ID_ZERO = RedisError("ERR The ID specified in XADD must be greater than 0-0")
ADDED_NEGATIVE = RedisError("ERR entries_added must be positive")
ADDED_BELOW_LENGTH = RedisError("ERR The entries_added specified in XSETID is smaller than the target stream length")
SETID_BELOW_DELETED = RedisError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
SETID_BELOW_TOP = RedisError("ERR The ID specified in XSETID is smaller than the target stream top item")
GROUP_WITH_XREAD = RedisError("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
NOACK_WITH_XREAD = RedisError("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
MISSING_GROUP = RedisError("ERR Missing GROUP option for XREADGROUP")
DOLLAR_WITH_GROUP = RedisError(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by "
    "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
)
PLUS_WITH_GROUP = RedisError(
    "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by "
    "specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set."
)
NEW_WITHOUT_GROUP = RedisError(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
)
GROUP_GONE = RedisError("NOGROUP the consumer group this client was blocked on no longer exists")
BUSY_GROUP = RedisError("BUSYGROUP Consumer Group name already exists")
XGROUP_NO_KEY = RedisError(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM "
    "option to create an empty stream automatically."
)
ENTRIES_READ_NEGATIVE = RedisError("ERR value for ENTRIESREAD must be positive or -1")
CLAIM_MIN_IDLE = RedisError("ERR Invalid min-idle-time argument for XCLAIM")
CLAIM_IDLE = RedisError("ERR Invalid IDLE option argument for XCLAIM")
CLAIM_TIME = RedisError("ERR Invalid TIME option argument for XCLAIM")
CLAIM_RETRYCOUNT = RedisError("ERR Invalid RETRYCOUNT option argument for XCLAIM")
AUTOCLAIM_MIN_IDLE = RedisError("ERR Invalid min-idle-time argument for XAUTOCLAIM")
AUTOCLAIM_COUNT = RedisError("ERR COUNT must be > 0")
MOVE_IN_CLUSTER = RedisError("ERR MOVE is not allowed in cluster mode")
SWAPDB_IN_CLUSTER = RedisError("ERR SWAPDB is not allowed in cluster mode")
COPY_IN_CLUSTER = RedisError("ERR Copying to another database is not allowed in cluster mode")
INVALID_EXPIRE = "ERR invalid expire time in '%s' command"


def out_of_range(low: int, high: int) -> RedisError:
    return RedisError(f"ERR value is out of range, value must between {low} and {high}")


def no_block_in_scripts(command: bytes) -> RedisError:
    return RedisError(b"ERR %b command is not allowed with BLOCK option from scripts" % command)


def unbalanced_streams(command: str, version: tuple[int, int]) -> RedisError:
    shown, starts = "XREAD", "ID or '$'"
    if version >= (7, 2):
        shown = f"'{command}'"
        if command == "xreadgroup":
            starts = "ID or '>'"
        elif version >= (7, 4):
            starts = "ID, '+', or '$'"
    return RedisError(f"ERR Unbalanced {shown} list of streams: for each stream key an {starts} must be specified.")


def no_group_to_read(key: bytes, group: bytes) -> RedisError:
    return RedisError(b"NOGROUP No such key '%b' or consumer group '%b' in XREADGROUP with GROUP option" % (key, group))


def no_group_for_key(group: bytes, key: bytes) -> RedisError:
    return RedisError(b"NOGROUP No such consumer group '%b' for key name '%b'" % (group, key))


def no_key_or_group(key: bytes, group: bytes) -> RedisError:
    return RedisError(b"NOGROUP No such key '%b' or consumer group '%b'" % (key, group))


def unknown_claim_option(word: bytes) -> RedisError:
    return RedisError(b"ERR Unrecognized XCLAIM option '%b'" % word)


def no_input_keys(command: str) -> RedisError:
    return RedisError(f"ERR at least 1 input key is needed for '{command}' command")


SCRIPT_NO_CLUSTER = RedisError("ERR Can not run script on cluster, 'no-cluster' flag is set.")
SCRIPT_OUT_OF_MEMORY = RedisError(
    "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
)
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
        # The server prints C strings, which end at a zero byte.
        shown += b"'%b' " % argument[: 128 - len(shown)].split(b"\0", 1)[0]
    return RedisError(
        b"ERR unknown command '%b', with args beginning with: %b" % (name[:128].split(b"\0", 1)[0], shown)
    )


def unknown_subcommand(container: str, name: bytes) -> RedisError:
    return RedisError(b"ERR unknown subcommand '%b'. Try %b HELP." % (name[:128], container.upper().encode()))


def subcommand_syntax(args: list[bytes]) -> RedisError:
    return RedisError(
        b"ERR unknown subcommand or wrong number of arguments for '%b'. Try %b HELP." % (args[1][:128], args[0].upper())
    )


def wrong_subcommand(args: list[bytes]) -> RedisError:
    """A subcommand with more words than it takes, where its arity does not say so."""
    return RedisError(
        b"ERR unknown subcommand or wrong number of arguments for '%b'. Try %b HELP." % (args[1][:128], args[0].upper())
    )


def invalid_expire(command: str) -> RedisError:
    return RedisError(INVALID_EXPIRE % command)


def sort_option_in_cluster(option: str) -> RedisError:
    return RedisError(f"ERR {option} option of SORT denied in Cluster mode.")


def sort_option_forbidden(option: str) -> RedisError:
    return RedisError(f"ERR {option} option of SORT denied due to insufficient ACL permissions.")


def invalid_place(longitude: float, latitude: float) -> RedisError:
    return RedisError(f"ERR invalid longitude,latitude pair {longitude:f},{latitude:f}")


def geo_store_with(name: str) -> RedisError:
    return RedisError(f"ERR {name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options")


def geo_exactly_one(options: bytes, name: bytes) -> RedisError:
    return RedisError(b"ERR exactly one of %b can be specified for %b" % (options, name))


def unsupported_option(option: bytes) -> RedisError:
    return RedisError(b"ERR Unsupported option %b" % option.partition(b"\0")[0])


def only_in_subscriber(name: str) -> RedisError:
    return RedisError(
        f"ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
    )


def exec_aborted_by(error: RedisError) -> RedisError:
    return RedisError(b"EXECABORT Transaction discarded because of: %b" % error.line.removeprefix(b"ERR "))
