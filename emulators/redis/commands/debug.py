"""DEBUG: the part of it that tests use and that harms nothing (redis.io group `server`).

SLEEP takes its time on the clock: a frozen clock moves by it at once; otherwise every client waits, and the answer comes when it
is over. RELOAD and LOADAOF rebuild every value as loading it would, so that encodings follow the present thresholds.
Crashing subcommands (SEGFAULT, PANIC, ...), memory allocator ones and dumps of internals answer with an error.
Differs: HTSTATS figures and OBJECT's addresses are made up; they keep their form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulators.redis import errors, loading
from emulators.redis.arguments import integer
from emulators.redis.commands.help import help_lines
from emulators.redis.config import memory_bytes
from emulators.redis.digest import dataset_digest, value_digest
from emulators.redis.errors import RedisError
from emulators.redis.memory import value_size
from emulators.redis.resp import OK, BigNumber, Encoded, Push, Reply, SetReply, Status, Verbatim
from emulators.redis.table import command
from emulators.redis.values import Hash, ListValue, SetValue, SortedSet, string_encoding

if TYPE_CHECKING:
    from emulators.redis.session import RedisSession

_Subcommand = Callable[["RedisSession", list[bytes]], Reply]
#: By name: how many arguments may follow it, and the handler.
_SUBCOMMANDS: dict[bytes, tuple[range, _Subcommand]] = {}


def _sub(name: str, low: int, high: int | None = None) -> Callable[[_Subcommand], _Subcommand]:
    def tie(handler: _Subcommand) -> _Subcommand:
        _SUBCOMMANDS[name.encode()] = (range(low, (low if high is None else high) + 1), handler)
        return handler

    return tie


@command("debug")
def debug(client: RedisSession, args: list[bytes]) -> Reply:
    entry = _SUBCOMMANDS.get(args[1].lower())
    if entry is None or len(args) - 2 not in entry[0]:
        raise RedisError(
            b"ERR unknown subcommand or wrong number of arguments for '%b'. Try DEBUG HELP." % args[1][:128]
        )
    return entry[1](client, args[2:])


def _number(word: bytes) -> int:
    """As C's atoi reads it."""
    digits = word[:1] if word[:1] in (b"-", b"+") else b""
    for byte in word[len(digits) :]:
        if not 0x30 <= byte <= 0x39:
            break
        digits += bytes((byte,))
    return int(digits) if digits.strip(b"+-") else 0


@_sub("help", 0)
def _help(client: RedisSession, words: list[bytes]) -> Reply:
    lines = [name.decode().upper() for name in sorted(_SUBCOMMANDS) if name != b"help"]
    return help_lines("DEBUG", *lines)


@_sub("set-active-expire", 1)
def _set_active_expire(client: RedisSession, words: list[bytes]) -> Reply:
    lazy = not _number(words[0])
    client.server.lazy_expiry = lazy
    for db in client.server.databases:
        db.set_lazy(lazy or client.server.expiry_paused)
    return OK


@_sub("quicklist-packed-threshold", 1)
def _packed_threshold(client: RedisSession, words: list[bytes]) -> Reply:
    size = memory_bytes(words[0])
    if size is None or size > 1 << 32:
        raise RedisError("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
    client.server.thresholds.list_packed_threshold = size or 1 << 30
    return OK


@_sub("log", 1)
@_sub("leak", 1)
@_sub("pause-cron", 1)
@_sub("aof-flush-sleep", 1)
@_sub("drop-cluster-packet-filter", 1)
@_sub("config-rewrite-force-all", 0)
def _nothing(client: RedisSession, words: list[bytes]) -> Reply:
    return OK


@_sub("set-skip-checksum-validation", 1)
def _skip_checksum(client: RedisSession, words: list[bytes]) -> Reply:
    client.server.skip_checksum_validation = bool(_number(words[0]))
    return OK


@_sub("set-disable-deny-scripts", 1)
def _deny_scripts(client: RedisSession, words: list[bytes]) -> Reply:
    client.server.scripts_may_run_all = bool(_number(words[0]))
    return OK


@_sub("reload", 0, 3)
def _reload(client: RedisSession, words: list[bytes]) -> Reply:
    options = {word.upper() for word in words}
    if not options <= {b"MERGE", b"NOFLUSH", b"NOSAVE"}:
        raise RedisError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
    loading.reload(client.server)
    if b"NOSAVE" not in options:
        client.server.saved(client)
    return OK


@_sub("loadaof", 0)
def _loadaof(client: RedisSession, words: list[bytes]) -> Reply:
    loading.reload(client.server)
    return OK


@_sub("sleep", 1)
def _sleep(client: RedisSession, words: list[bytes]) -> Reply:
    try:
        seconds = float(words[0])
    except ValueError:
        seconds = 0.0
    return client.server.sleep(client, max(0, round(seconds * 1_000_000)))


@_sub("error", 1)
def _error(client: RedisSession, words: list[bytes]) -> Reply:
    raise RedisError(words[0])


@_sub("digest", 0)
def _digest(client: RedisSession, words: list[bytes]) -> Reply:
    return Status(dataset_digest(client.server).encode())


@_sub("digest-value", 0, 1 << 30)
def _digest_value(client: RedisSession, words: list[bytes]) -> Reply:
    return [Status(value_digest(client.db, key).encode()) for key in words]


@_sub("object", 1, 2)
def _object(client: RedisSession, words: list[bytes]) -> Reply:
    value = client.db.data.get(words[0])
    if value is None:
        raise errors.NO_SUCH_KEY
    encoding = string_encoding(value) if isinstance(value, bytes) else value.encoding()
    length = loading.serialized_length(value, client.server)
    text = b"Value at:0x7f0000000000 refcount:1 encoding:%b serializedlength:%d lru:%d lru_seconds_idle:0" % (
        encoding,
        length,
        (client.clock.now_us() // 1_000_000) & 0xFFFFFF,
    )
    if isinstance(value, ListValue) and encoding == b"quicklist":
        count = len(value)
        nodes, average = loading.quicklist_shape(value, client.server.thresholds)
        limits = client.server.thresholds
        text += b" ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:%d ql_uncompressed_size:%d" % (
            nodes,
            average if count else 0.0,
            limits.list_max_listpack_size,
            limits.list_compress_depth != 0,
            value_size(value, 0),
        )
    return Status(text)


@_sub("sdslen", 1)
def _sdslen(client: RedisSession, words: list[bytes]) -> Reply:
    value = client.db.data.get(words[0])
    if value is None:
        raise errors.NO_SUCH_KEY
    if not isinstance(value, bytes) or string_encoding(value) == b"int":
        raise RedisError("ERR Not an sds encoded string.")
    return Status(
        b"key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, val_sds_len:%d, val_sds_avail:0, val_zmalloc: %d"
        % (len(words[0]), len(words[0]) + 4, len(value), len(value) + 4)
    )


@_sub("listpack", 1)
def _listpack(client: RedisSession, words: list[bytes]) -> Reply:
    value = client.db.data.get(words[0])
    if value is None:
        raise errors.NO_SUCH_KEY
    if isinstance(value, bytes) or value.encoding() != b"listpack":
        raise RedisError("ERR Not a listpack encoded object.")
    return Status(b"Listpack structure printed on stdout")


@_sub("quicklist", 1, 2)
def _quicklist(client: RedisSession, words: list[bytes]) -> Reply:
    value = client.db.data.get(words[0])
    if value is None:
        raise errors.NO_SUCH_KEY
    if isinstance(value, bytes) or value.encoding() != b"quicklist":
        raise RedisError("ERR Not a quicklist encoded object.")
    return Status(b"Quicklist structure printed on stdout")


@_sub("populate", 1, 3)
def _populate(client: RedisSession, words: list[bytes]) -> Reply:
    error = errors.MUST_BE_POSITIVE
    count = integer(words[0], error, 0)
    prefix = words[1] if len(words) > 1 else b"key"
    size = integer(words[2], error, 0) if len(words) > 2 else 0
    db = client.db
    for number in range(count):
        key = b"%b:%d" % (prefix, number)
        if db.get(key) is not None:
            continue
        value = b"value:%d" % number
        if size:
            value = value[:size].ljust(size, b"\0")
        db.add(key, value)
        db.changed(key)
    return OK


@_sub("structsize", 0)
def _structsize(client: RedisSession, words: list[bytes]) -> Reply:
    return b"bits:64 robj:16 dictentry:24 sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17 "


def _table_stats(size: int) -> str:
    if not size:
        return "Hash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n"
    buckets = 4
    while buckets < size:
        buckets *= 2
    return (
        f"Hash table 0 stats (main hash table):\n table size: {buckets}\n number of elements: {size}\n"
        f" different slots: {min(size, buckets)}\n max chain length: 1\n"
        f" avg chain length (counted): {size / min(size, buckets):.2f}\n avg chain length (computed): 1.00\n"
        f" Chain length distribution:\n   0: {buckets - min(size, buckets)} "
        f"({(buckets - min(size, buckets)) * 100 / buckets:.2f}%)\n"
        f"   1: {min(size, buckets)} ({min(size, buckets) * 100 / buckets:.2f}%)\n"
    )


@_sub("htstats", 1, 2)
def _htstats(client: RedisSession, words: list[bytes]) -> Reply:
    number = integer(words[0])
    if not 0 <= number < len(client.server.databases):
        raise RedisError("ERR Out of range database")
    db = client.server.databases[number]
    text = f"[Dictionary HT]\n{_table_stats(len(db.data))}[Expires HT]\n{_table_stats(len(db.expires))}"
    return Verbatim(text.encode())


@_sub("htstats-key", 1, 2)
def _htstats_key(client: RedisSession, words: list[bytes]) -> Reply:
    value = client.db.data.get(words[0])
    if value is None:
        raise errors.NO_SUCH_KEY
    if not isinstance(value, Hash | SetValue | SortedSet) or value.encoding() not in (b"hashtable", b"skiplist"):
        raise RedisError("ERR The value stored at the specified key is not represented using an hash table")
    return Verbatim(_table_stats(len(value)).encode())


@_sub("change-repl-id", 0)
def _change_repl_id(client: RedisSession, words: list[bytes]) -> Reply:
    client.server.replication.change_id()
    return OK


@_sub("replicate", 1, 1 << 30)
def _replicate(client: RedisSession, words: list[bytes]) -> Reply:
    client.server.replication.feed(client.db.number, words)
    return OK


@_sub("stringmatch-test", 0)
def _stringmatch_test(client: RedisSession, words: list[bytes]) -> Reply:
    return Status(b"Apparently Redis did not crash: test passed")


@_sub("client-eviction", 0)
def _client_eviction(client: RedisSession, words: list[bytes]) -> Reply:
    if not client.server.config["maxmemory-clients"]:
        raise RedisError("ERR maxmemory-clients is disabled.")
    return Verbatim(b"Bucket         Tot Mem       Clients\n")


@_sub("replybuffer", 2)
def _replybuffer(client: RedisSession, words: list[bytes]) -> Reply:
    if words[0].lower() == b"peak-reset-time":
        if words[1].lower() not in (b"never", b"reset"):
            integer(words[1], RedisError("ERR value is not an integer or out of range"))
        return OK
    if words[0].lower() == b"resizing":
        return OK
    raise errors.SYNTAX


_MORE = b"Some real reply following the "
_PROTOCOL_SAMPLES: dict[bytes, Reply] = {
    b"string": b"Hello World",
    b"integer": 12345,
    b"double": Encoded(b"$5\r\n3.141\r\n", b",3.141\r\n"),
    b"bignum": BigNumber(1234567999999999999999999999999999999),
    b"null": None,
    b"array": [0, 1, 2],
    b"set": SetReply([0, 1, 2]),
    b"map": {0: False, 1: True, 2: False},
    b"attrib": Encoded(
        b"$39\r\n" + _MORE + b"attribute\r\n",
        b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\n" + _MORE + b"attribute\r\n",
    ),
    b"verbatim": Verbatim(b"This is a verbatim\nstring"),
    b"true": True,
    b"false": False,
}


@_sub("protocol", 1)
def _protocol(client: RedisSession, words: list[bytes]) -> Reply:
    kind = words[0].lower()
    if kind == b"push":
        if client.protocol < 3:
            raise RedisError("ERR RESP2 is not supported by this command")
        client.send_reply(Push([b"server-cpu-usage", 42]))
        return _MORE + b"push reply"
    if kind not in _PROTOCOL_SAMPLES:
        raise RedisError(
            "ERR Wrong protocol type name. Please use one of the following: "
            "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
        )
    return _PROTOCOL_SAMPLES[kind]
