"""What arguments the commands of Redis take, for the fuzzer: good ones mostly, and values that are often too much.

Keys come from small pools per type, so that commands meet data, and now and then the data of another type. Nothing here depends
on chance or on the time of day on the server: SPOP, XADD * and the like cannot be compared and are left out.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = ["GRAMMARS", "KEYS", "KINDS", "LEFT_OUT", "UNORDERED"]

KEYS = {
    "str": [b"s1", b"s2", b"s3"],
    "list": [b"l1", b"l2"],
    "hash": [b"h1", b"h2"],
    "set": [b"e1", b"e2", b"e3"],
    "zset": [b"z1", b"z2"],
    "stream": [b"x1"],
    "geo": [b"g1"],
}
_ALL = [key for pool in KEYS.values() for key in pool] + [b"absent"]


def _pick(*values: bytes) -> SearchStrategy[bytes]:
    return st.sampled_from(values)


def _mostly(common: SearchStrategy[bytes], rare: SearchStrategy[bytes], one_in: int = 10) -> SearchStrategy[bytes]:
    return st.integers(0, one_in - 1).flatmap(lambda n: rare if n == one_in - 1 else common)


_small = st.integers(-3, 12).map(lambda n: b"%d" % n)
_any_int = _mostly(
    _small,
    _pick(
        b"0",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"9223372036854775808",
        b"1.5",
        b"abc",
        b"",
        b" 1",
        b"+1",
        b"01",
        b"-0",
    ),
    6,
)
_float = _mostly(
    st.integers(-20, 20).map(lambda n: b"%g" % (n / 4)),
    _pick(
        b"inf",
        b"-inf",
        b"nan",
        b"1e300",
        b"1e-300",
        b"0.1",
        b"1e17",
        b"abc",
        b"3.0",
        b"123456789.123456789",
        b"0x10",
        b"",
    ),
    5,
)
_member = _pick(b"a", b"b", b"c", b"d", b"1", b"2", b"3", b"10", b"-5", b"aa", b"", b"\xff\x00", b"x" * 65)
_value = _mostly(_member, st.one_of(st.binary(max_size=8), _pick(b"12", b"1.25", b"y" * 44, b"y" * 45, b"z" * 300)), 4)
_stream_id = _mostly(
    _pick(b"1-1", b"1-2", b"2-1", b"3-0", b"5", b"2-*"),
    _pick(b"0-0", b"0", b"abc", b"18446744073709551615-18446744073709551615", b"-"),
    8,
)

KINDS: dict[str, SearchStrategy[bytes]] = {
    **{name: _mostly(st.sampled_from(pool), st.sampled_from(_ALL), 12) for name, pool in KEYS.items()},
    "any": st.sampled_from(_ALL),
    "value": _value,
    "member": _member,
    "field": _member,
    "int": _any_int,
    "index": _any_int,
    "count": _any_int,
    "offset": _mostly(st.integers(0, 40).map(lambda n: b"%d" % n), _any_int),
    "float": _float,
    "score": _float,
    "bit": _mostly(_pick(b"0", b"1"), _any_int),
    "seconds": _mostly(_pick(b"1000", b"20000", b"300000"), _pick(b"0", b"-1", b"abc", b"9223372036854775807", b"1.5")),
    "milliseconds": _mostly(_pick(b"1000000", b"20000000"), _pick(b"0", b"-1", b"abc", b"9223372036854775807")),
    "unixtime": _mostly(
        _pick(b"33177117420", b"33177117421"), _pick(b"1", b"0", b"-1", b"abc", b"9223372036854775807")
    ),
    "unixtimems": _mostly(
        _pick(b"33177117420123", b"33177117421000"), _pick(b"1", b"0", b"-1", b"abc", b"9223372036854775807")
    ),
    "smin": _mostly(_pick(b"-inf", b"0", b"(0", b"1", b"(1", b"-2"), _float, 6),
    "smax": _mostly(_pick(b"+inf", b"2", b"(2", b"5", b"(3", b"inf"), _float, 6),
    "lmin": _mostly(_pick(b"-", b"[a", b"(a", b"[b", b"["), _pick(b"+", b"a", b""), 8),
    "lmax": _mostly(_pick(b"+", b"[c", b"(c", b"[d", b"(b"), _pick(b"-", b"c", b""), 8),
    "pattern": _pick(b"*", b"a*", b"?", b"[ab]", b"[^a]*", b"s[1-2]", b"\\a", b"", b"x*x", b"[a-", b"*1"),
    "id": _stream_id,
    "idmin": _mostly(_pick(b"-", b"1-1", b"(1-1", b"2", b"0"), _stream_id, 6),
    "idmax": _mostly(_pick(b"+", b"3-0", b"(3-0", b"2", b"5"), _stream_id, 6),
    "group": _pick(b"g", b"g2"),
    "consumer": _pick(b"alice", b"bob"),
    "lon": _mostly(_pick(b"13.361389", b"15.087269", b"-122.27", b"0", b"12.5"), _float, 12),
    "lat": _mostly(_pick(b"38.115556", b"37.502669", b"37.8", b"0", b"38.2"), _float, 12),
    "radius": _mostly(_pick(b"100", b"200", b"5000", b"0.5"), _float),
    "unit": _mostly(_pick(b"m", b"km", b"mi", b"ft"), _pick(b"cm", b"")),
    "type": _pick(b"u8", b"i8", b"u4", b"i5", b"u1", b"i64", b"u63", b"u64", b"i65", b"x8", b"u0"),
    "bitoffset": _mostly(_pick(b"0", b"#0", b"#1", b"3", b"8", b"#2"), _any_int),
    "cursor": _mostly(_pick(b"0"), _pick(b"abc", b"18446744073709551616"), 8),
    "db": _mostly(_pick(b"0", b"1"), _any_int),
    "junk": _mostly(_value, _any_int, 3),
}

GRAMMARS: dict[str, str] = {
    # strings
    "GET": "str",
    "SET": "str value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unixtime|PXAT unixtimems|KEEPTTL]",
    "SETNX": "str value",
    "SETEX": "str seconds value",
    "PSETEX": "str milliseconds value",
    "GETSET": "str value",
    "GETDEL": "str",
    "GETEX": "str [EX seconds|PX milliseconds|EXAT unixtime|PXAT unixtimems|PERSIST]",
    "MGET": "str...",
    "MSET": "(str value)...",
    "MSETNX": "(str value)...",
    "APPEND": "str value",
    "STRLEN": "str",
    "GETRANGE": "str index index",
    "SUBSTR": "str index index",
    "SETRANGE": "str offset value",
    "INCR": "str",
    "DECR": "str",
    "INCRBY": "str int",
    "DECRBY": "str int",
    "INCRBYFLOAT": "str float",
    "LCS": "str str [LEN|IDX] [MINMATCHLEN int] [WITHMATCHLEN]",
    # bits
    "SETBIT": "str offset bit",
    "GETBIT": "str offset",
    "BITCOUNT": "str [index index [BYTE|BIT]]",
    "BITPOS": "str bit [index [index [BYTE|BIT]]]",
    "BITOP": "(AND|OR|XOR|NOT) str str...",
    "BITFIELD": "str (GET type bitoffset|SET type bitoffset int|INCRBY type bitoffset int|OVERFLOW (WRAP|SAT|FAIL))...",
    "BITFIELD_RO": "str (GET type bitoffset)...",
    # keys
    "DEL": "any...",
    "UNLINK": "any...",
    "EXISTS": "any...",
    "TOUCH": "any...",
    "TYPE": "any",
    "RENAME": "any any",
    "RENAMENX": "any any",
    "COPY": "any any [DB db] [REPLACE]",
    "MOVE": "any db",
    "EXPIRE": "any seconds [NX|XX|GT|LT]",
    "PEXPIRE": "any milliseconds [NX|XX|GT|LT]",
    "EXPIREAT": "any unixtime [NX|XX|GT|LT]",
    "PEXPIREAT": "any unixtimems [NX|XX|GT|LT]",
    "PERSIST": "any",
    "TTL": "any",
    "PTTL": "any",
    "EXPIRETIME": "any",
    "PEXPIRETIME": "any",
    "KEYS": "pattern",
    "SCAN": "cursor [MATCH pattern] COUNT 1000 [TYPE (string|list|set)]".replace("string|list|set", "STRING|LIST|SET"),
    "OBJECT": "(ENCODING|REFCOUNT) any",
    "SORT": "(list|set|zset) [BY pattern] [LIMIT int int] [GET pattern] [ASC|DESC] [ALPHA] [STORE list]",
    "SORT_RO": "(list|zset) [LIMIT int int] [ASC|DESC] [ALPHA]",
    "DBSIZE": "",
    # hashes
    "HSET": "hash (field value)...",
    "HMSET": "hash (field value)...",
    "HSETNX": "hash field value",
    "HGET": "hash field",
    "HMGET": "hash field...",
    "HDEL": "hash field...",
    "HLEN": "hash",
    "HEXISTS": "hash field",
    "HSTRLEN": "hash field",
    "HGETALL": "hash",
    "HKEYS": "hash",
    "HVALS": "hash",
    "HINCRBY": "hash field int",
    "HINCRBYFLOAT": "hash field float",
    "HSCAN": "hash cursor [MATCH pattern] COUNT 1000",
    # lists
    "LPUSH": "list value...",
    "RPUSH": "list value...",
    "LPUSHX": "list value...",
    "RPUSHX": "list value...",
    "LPOP": "list [count]",
    "RPOP": "list [count]",
    "LLEN": "list",
    "LRANGE": "list index index",
    "LINDEX": "list index",
    "LSET": "list index value",
    "LREM": "list count value",
    "LTRIM": "list index index",
    "LINSERT": "list (BEFORE|AFTER) value value",
    "LPOS": "list value [RANK int] [COUNT int] [MAXLEN int]",
    "LMOVE": "list list (LEFT|RIGHT) (LEFT|RIGHT)",
    "RPOPLPUSH": "list list",
    "LMPOP": "(1 list|2 list list) (LEFT|RIGHT) [COUNT count]",
    # sets
    "SADD": "set member...",
    "SREM": "set member...",
    "SCARD": "set",
    "SISMEMBER": "set member",
    "SMISMEMBER": "set member...",
    "SMEMBERS": "set",
    "SMOVE": "set set member",
    "SINTER": "set...",
    "SUNION": "set...",
    "SDIFF": "set...",
    "SINTERSTORE": "set set...",
    "SUNIONSTORE": "set set...",
    "SDIFFSTORE": "set set...",
    "SINTERCARD": "(1 set|2 set set) [LIMIT int]",
    "SSCAN": "set cursor [MATCH pattern] COUNT 1000",
    # sorted sets
    "ZADD": "zset [NX|XX] [GT|LT] [CH] [INCR] (score member)...",
    "ZINCRBY": "zset score member",
    "ZREM": "zset member...",
    "ZCARD": "zset",
    "ZSCORE": "zset member",
    "ZMSCORE": "zset member...",
    "ZRANK": "zset member",
    "ZREVRANK": "zset member",
    "ZCOUNT": "zset smin smax",
    "ZLEXCOUNT": "zset lmin lmax",
    "ZRANGE": "zset (index index|smin smax BYSCORE|lmin lmax BYLEX) [REV] [LIMIT int int] [WITHSCORES]",
    "ZRANGESTORE": "zset zset (index index|smin smax BYSCORE|lmin lmax BYLEX) [REV] [LIMIT int int]",
    "ZREVRANGE": "zset index index [WITHSCORES]",
    "ZRANGEBYSCORE": "zset smin smax [WITHSCORES] [LIMIT int int]",
    "ZREVRANGEBYSCORE": "zset smax smin [WITHSCORES] [LIMIT int int]",
    "ZRANGEBYLEX": "zset lmin lmax [LIMIT int int]",
    "ZREVRANGEBYLEX": "zset lmax lmin [LIMIT int int]",
    "ZREMRANGEBYRANK": "zset index index",
    "ZREMRANGEBYSCORE": "zset smin smax",
    "ZREMRANGEBYLEX": "zset lmin lmax",
    "ZPOPMIN": "zset [count]",
    "ZPOPMAX": "zset [count]",
    "ZMPOP": "(1 zset|2 zset zset) (MIN|MAX) [COUNT count]",
    "ZUNION": "2 zset (zset|set) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]",
    "ZINTER": "2 zset (zset|set) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]",
    "ZDIFF": "2 zset (zset|set) [WITHSCORES]",
    "ZUNIONSTORE": "zset 2 zset (zset|set) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)]",
    "ZINTERSTORE": "zset 2 zset (zset|set) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)]",
    "ZDIFFSTORE": "zset 2 zset (zset|set)",
    "ZINTERCARD": "(1 zset|2 zset zset) [LIMIT int]",
    "ZSCAN": "zset cursor [MATCH pattern] COUNT 1000",
    # HyperLogLog
    "PFADD": "str value...",
    "PFCOUNT": "str...",
    "PFMERGE": "str str...",
    # geo
    "GEOADD": "geo [NX|XX] [CH] (lon lat member)...",
    "GEOPOS": "geo member...",
    "GEOHASH": "geo member...",
    "GEODIST": "geo member member [unit]",
    "GEOSEARCH": "geo (FROMMEMBER member|FROMLONLAT lon lat) (BYRADIUS radius unit|BYBOX radius radius unit)"
    " (ASC|DESC) [COUNT count] [WITHCOORD] [WITHDIST] [WITHHASH]",
    "GEOSEARCHSTORE": "geo geo (FROMMEMBER member|FROMLONLAT lon lat) BYRADIUS radius unit [ASC|DESC] [STOREDIST]",
    "GEORADIUS": "geo lon lat radius unit [WITHDIST] (ASC|DESC) [STORE zset]",
    # streams
    "XADD": "stream [NOMKSTREAM] [MAXLEN count|MINID id] id (field value)...",
    "XLEN": "stream",
    "XRANGE": "stream idmin idmax [COUNT count]",
    "XREVRANGE": "stream idmax idmin [COUNT count]",
    "XDEL": "stream id...",
    "XTRIM": "stream (MAXLEN|MINID) [=] id",
    "XREAD": "[COUNT count] STREAMS stream id",
    "XSETID": "stream id",
    "XGROUP": "(CREATE stream group id [MKSTREAM]|SETID stream group id|DESTROY stream group"
    "|CREATECONSUMER stream group consumer|DELCONSUMER stream group consumer)",
    "XREADGROUP": "GROUP group consumer [COUNT count] [NOACK] STREAMS stream (>|0|id)",
    "XACK": "stream group id...",
    "XPENDING": "stream group",
    "XINFO": "(STREAM stream|GROUPS stream)",
    "XCLAIM": "stream group consumer 0 id... [FORCE] [JUSTID]",
    "XAUTOCLAIM": "stream group consumer 0 id [COUNT count] [JUSTID]",
    # transactions and scripts
    "MULTI": "",
    "EXEC": "",
    "DISCARD": "",
    "WATCH": "any...",
    "UNWATCH": "",
    "ECHO": "value",
    "PING": "[value]",
    # Data travels from the server under test through DUMP, so RESTORE is left to the cases.
    "DUMP": "(str|list)",
}

#: Of the emulator's table, what the generator must not make up arguments for: it waits, changes the server for all, or is
#: chance.
LEFT_OUT = frozenset(
    """
    ACL ASKING AUTH BGREWRITEAOF BGSAVE BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN CLIENT
    CLUSTER COMMAND CONFIG DEBUG EVAL EVALSHA EVALSHA_RO EVAL_RO FAILOVER FCALL FCALL_RO FLUSHALL FLUSHDB FUNCTION
    HELLO HRANDFIELD INFO LASTSAVE LATENCY LOLWUT MEMORY MIGRATE MODULE MONITOR PFDEBUG PFSELFTEST PSUBSCRIBE
    PSYNC PUBLISH PUBSUB PUNSUBSCRIBE QUIT RANDOMKEY READONLY READWRITE REPLCONF REPLICAOF RESET RESTORE RESTORE-
    ASKING ROLE SAVE SCRIPT SELECT SHUTDOWN SLAVEOF SLOWLOG SPOP SPUBLISH SRANDMEMBER SSUBSCRIBE SUBSCRIBE
    SUNSUBSCRIBE SWAPDB SYNC TIME UNSUBSCRIBE WAIT WAITAOF ZRANDMEMBER GEORADIUS_RO GEORADIUSBYMEMBER
    GEORADIUSBYMEMBER_RO
    """.split()  # noqa: SIM905
)

#: Rules of comparing that hold here beyond the cases' own, where data outgrows the compact encodings.
UNORDERED = {
    "HGETALL": ("pairs",),
    "HKEYS": ("unordered",),
    "HVALS": ("unordered",),
    "SORT": ("unordered",),
    "XINFO": ("time",),
    "XREADGROUP": ("time",),
    "EXEC": ("unordered_deep", "within(2000)"),
}
