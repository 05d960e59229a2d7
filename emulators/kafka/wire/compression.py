"""The four codecs of record batches (gzip, snappy, lz4, zstd), through zlib and cramjam, with a bound on what comes
out.

Batches travel and are stored compressed; only timestamp lookups, compaction, key checks and dumps look inside. A batch
that says it holds more than `MAX_BYTES` is refused: a few hundred hostile bytes must not become gigabytes. Snappy comes
raw (librdkafka) or in the framing of snappy-java (Java, kafka-python, aiokafka): both are read, the second is written.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

__all__ = [
    "CODEC_NAMES",
    "GZIP",
    "LZ4",
    "MAX_BYTES",
    "NO_CODEC",
    "SNAPPY",
    "ZSTD",
    "CompressionError",
    "compress",
    "decompress",
]

NO_CODEC, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CODEC_NAMES = ("none", "gzip", "snappy", "lz4", "zstd")
MAX_BYTES = 256 << 20

_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_BLOCK = 32 * 1024


class CompressionError(ValueError):
    """The bytes are not what their codec says, or hold too much."""


def compress(codec: int, data: bytes) -> bytes:
    """`data` as the codec of that number writes it."""
    if codec == NO_CODEC:
        return data
    if codec == GZIP:
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        return packer.compress(data) + packer.flush()
    import cramjam

    if codec == SNAPPY:
        parts = [_XERIAL, struct.pack(">ii", 1, 1)]
        for start in range(0, len(data), _XERIAL_BLOCK):
            block = bytes(cramjam.snappy.compress_raw(data[start : start + _XERIAL_BLOCK]))
            parts += (struct.pack(">i", len(block)), block)
        return b"".join(parts)
    if codec == LZ4:
        return bytes(cramjam.lz4.compress(data))
    if codec == ZSTD:
        return bytes(cramjam.zstd.compress(data))
    raise CompressionError(f"there is no codec {codec}")


def decompress(codec: int, data: bytes) -> bytes:
    """What was compressed. CompressionError for damage, an unknown codec, or more than `MAX_BYTES`."""
    try:
        if codec == NO_CODEC:
            return data
        if codec == GZIP:
            unpacker = zlib.decompressobj(47)
            plain = unpacker.decompress(data, MAX_BYTES)
            if not unpacker.eof:
                raise CompressionError("the gzip data ends early, or holds too much")
            return plain
        if codec == SNAPPY:
            return _unsnappy(data)
        if codec in (LZ4, ZSTD):
            import cramjam

            return _bounded(cramjam.lz4 if codec == LZ4 else cramjam.zstd, data)
    except CompressionError:
        raise
    except Exception as error:
        raise CompressionError(f"damaged {CODEC_NAMES[codec]} data: {error}") from error
    raise CompressionError(f"there is no codec {codec}")


def _bounded(library: Any, data: bytes) -> bytes:
    """Decompress into buffers of growing size, so that the output is bounded whatever the data claims."""
    size = max(4096, len(data) * 8)
    while True:
        out = bytearray(min(size, MAX_BYTES))
        try:
            used = library.decompress_into(data, out)
        except Exception:
            if size >= MAX_BYTES:
                raise
            if size > len(data) * 4096 + (1 << 20):
                raise
            size *= 8
            continue
        if used < len(out):
            return bytes(memoryview(out)[:used])
        if size >= MAX_BYTES:
            raise CompressionError("the batch holds too much")
        size *= 8


def _unsnappy(data: bytes) -> bytes:
    import cramjam

    if not data.startswith(_XERIAL):
        return _unsnappy_raw(cramjam, data)
    position, parts, total = 16, [], 0
    while position < len(data):
        (size,) = struct.unpack_from(">i", data, position)
        if size < 0 or position + 4 + size > len(data):
            raise CompressionError("a snappy block ends early")
        parts.append(_unsnappy_raw(cramjam, data[position + 4 : position + 4 + size]))
        total += len(parts[-1])
        if total > MAX_BYTES:
            raise CompressionError("the batch holds too much")
        position += 4 + size
    return b"".join(parts)


def _unsnappy_raw(cramjam: Any, data: bytes) -> bytes:
    if cramjam.snappy.decompress_raw_len(data) > MAX_BYTES:
        raise CompressionError("the batch holds too much")
    return bytes(cramjam.snappy.decompress_raw(data))
