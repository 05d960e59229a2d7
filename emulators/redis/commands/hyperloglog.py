"""HyperLogLog commands (redis.io group `hyperloglog`); the representation is in `emulators.redis.hll`.

PFCOUNT of one key stores what it found in the string, and so changes it, as the server does.
Differs from redis-server: PFSELFTEST makes the same checks on fewer rounds and elements, as ten million would take minutes here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from emulators.redis import errors, hll
from emulators.redis.errors import RedisError
from emulators.redis.hll import Sketch
from emulators.redis.resp import OK, Reply, Status
from emulators.redis.table import command
from emulators.redis.values import RawString, string_encoding

if TYPE_CHECKING:
    from emulators.redis.keyspace import Database
    from emulators.redis.session import RedisSession

_TEST_ROUNDS = 1
_TEST_ELEMENTS = 10_000


def _sketch(db: Database, key: bytes) -> Sketch | None:
    """The HyperLogLog at a key, to read or change; None if there is none."""
    value = db.string(key)
    if value is None:
        return None
    if not hll.is_valid(value) or string_encoding(value) == b"int":
        raise errors.NOT_HLL
    return Sketch(value)


def _save(db: Database, key: bytes, sketch: Sketch) -> None:
    db.put(key, RawString(sketch.data), keep_deadline=True)


@command("pfadd")
def pfadd(client: RedisSession, args: list[bytes]) -> Reply:
    db, key = client.db, args[1]
    limit = client.server.thresholds.hll_sparse_bytes
    sketch = _sketch(db, key)
    updated = 0
    if sketch is None:
        sketch, updated = Sketch(), 1
    try:
        updated += sketch.add_all(args[2:], limit)
    except hll.CorruptError:
        # The elements before the damage are in, as they are in the server.
        _save(db, key, sketch)
        raise errors.CORRUPT_HLL from None
    if not updated:
        return 0
    sketch.mark_stale()
    _save(db, key, sketch)
    db.changed(key)
    client.server.dirty += updated - 1
    db.event("$", b"pfadd", key)
    return 1


def _highest(db: Database, keys: list[bytes]) -> tuple[bytes, bool]:
    """The registers of a union, and whether one of its parts is dense."""
    merged, dense = bytes(hll.REGISTERS), False
    for key in keys:
        sketch = _sketch(db, key)
        if sketch is None:
            continue
        dense = dense or sketch.encoding == hll.DENSE
        try:
            merged = hll.highest(merged, sketch.registers())
        except hll.CorruptError:
            raise errors.CORRUPT_HLL from None
    return merged, dense


@command("pfcount")
def pfcount(client: RedisSession, args: list[bytes]) -> Reply:
    db = client.db
    if len(args) > 2:
        return hll.estimate(hll.histogram(_highest(db, args[1:])[0]))
    sketch = _sketch(db, args[1])
    if sketch is None:
        return 0
    cardinality = sketch.cached
    if cardinality is None:
        try:
            cardinality = sketch.count()
        except hll.CorruptError:
            raise errors.CORRUPT_HLL from None
        sketch.cache(cardinality)
        _save(db, args[1], sketch)
        db.changed(args[1])
    return cardinality


@command("pfmerge")
def pfmerge(client: RedisSession, args: list[bytes]) -> Reply:
    db, target = client.db, args[1]
    limit = client.server.thresholds.hll_sparse_bytes
    merged, dense = _highest(db, args[1:])
    result = _sketch(db, target) or Sketch()
    try:
        if dense:
            result.to_dense()
        for index, value in enumerate(merged):
            if value:
                result.set(index, value, limit)
    except hll.CorruptError:
        raise errors.CORRUPT_HLL from None
    result.mark_stale()
    _save(db, target, result)
    db.changed(target)
    db.event("$", b"pfadd", target)
    return OK


@command("pfdebug", keys=lambda args: [2] if len(args) > 2 else [])
def pfdebug(client: RedisSession, args: list[bytes]) -> Reply:
    db, name = client.db, args[1].upper()
    sketch = _sketch(db, args[2])
    if sketch is None:
        raise errors.NO_SUCH_HLL
    if name not in (b"GETREG", b"DECODE", b"ENCODING", b"TODENSE"):
        raise RedisError(b"ERR Unknown PFDEBUG subcommand '%b'" % args[1].partition(b"\0")[0])
    if len(args) != 3:
        raise RedisError(b"ERR Wrong number of arguments for the '%b' subcommand" % args[1])
    try:
        if name == b"ENCODING":
            return Status(b"dense" if sketch.encoding == hll.DENSE else b"sparse")
        if name == b"DECODE":
            if sketch.encoding == hll.DENSE:
                raise errors.HLL_NOT_SPARSE
            return _decoded(sketch)
        converts = sketch.encoding == hll.SPARSE
        if converts:
            sketch.to_dense()
            _save(db, args[2], sketch)
            client.server.dirty += 1
        return int(converts) if name == b"TODENSE" else list(sketch.registers())
    except hll.CorruptError:
        raise errors.CORRUPT_HLL from None


def _decoded(sketch: Sketch) -> bytes:
    words = []
    position = hll.HEADER
    for value, run in sketch.runs():
        wide = not value and bool(sketch.data[position] & 0x40)
        position += 2 if wide else 1
        words.append(b"v:%d,%d" % (value, run) if value else b"%b:%d" % (b"Z" if wide else b"z", run))
    return b" ".join(words)


@command("pfselftest")
def pfselftest(client: RedisSession, args: list[bytes]) -> Reply:
    dice = client.server.random
    for _ in range(_TEST_ROUNDS):
        wanted = bytes(dice.randrange(64) for _ in range(hll.REGISTERS))
        sketch = Sketch()
        sketch.to_dense()
        for index, value in enumerate(wanted):
            sketch.set(index, value, 0)
        if sketch.registers() != wanted:
            raise RedisError("ERR TESTFAILED Registers do not hold what was set")
    limit = client.server.thresholds.hll_sparse_bytes
    seed = dice.getrandbits(64)
    dense, sparse = Sketch(), Sketch()
    dense.to_dense()
    checkpoint = 1
    for number in range(1, _TEST_ELEMENTS + 1):
        index, rank = hll.hash_element((number ^ seed).to_bytes(8, "little"))
        dense.set(index, rank, limit)
        sparse.set(index, rank, limit)
        if number != checkpoint:
            continue
        if number < limit // 2 and sparse.encoding != hll.SPARSE:
            raise RedisError("ERR TESTFAILED sparse encoding not used")
        found = dense.count()
        if found != sparse.count():
            raise RedisError("ERR TESTFAILED dense/sparse disagree")
        allowed = 1 if number == 10 else math.ceil(1.04 / math.sqrt(hll.REGISTERS) * 6 * number)
        if abs(found - number) > allowed:
            raise RedisError(f"ERR TESTFAILED Too big error. card:{number} abserr:{abs(found - number)}")
        checkpoint *= 10
    return OK
