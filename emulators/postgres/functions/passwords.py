"""bcrypt and md5-crypt, for pgcrypto's crypt() and gen_salt().

Blowfish's tables are the fraction digits of pi, computed once when first needed. A cost of 6 (pgcrypto's default)
takes about a second in Python: seeds for tests do well with gen_salt('bf', 4).
"""

from __future__ import annotations

import hashlib
from functools import cache

from emulators.postgres.types.errors import invalid_parameter

_MASK = 0xFFFFFFFF
_BCRYPT_LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MD5_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MAGIC = b"OrpheanBeholderScryDoubt"


@cache
def _pi_words(count: int) -> tuple[int, ...]:
    """The first 32-bit words of pi's fraction, by Machin's formula."""
    bits = count * 32
    guard = 64
    one = 1 << (bits + guard)

    def arctangent_of_inverse(n: int) -> int:
        total = power = one // n
        square, k, sign = n * n, 3, -1
        while power:
            power //= square
            total += sign * (power // k)
            sign, k = -sign, k + 2
        return total

    pi = 4 * (4 * arctangent_of_inverse(5) - arctangent_of_inverse(239))
    fraction = (pi - 3 * one) >> guard
    return tuple(fraction >> (bits - 32 * (index + 1)) & _MASK for index in range(count))


class _Blowfish:
    """The cipher's state: 18 subkeys and four boxes of 256 words."""

    def __init__(self) -> None:
        words = _pi_words(18 + 1024)
        self.p = list(words[:18])
        self.s = [list(words[18 + 256 * box : 18 + 256 * (box + 1)]) for box in range(4)]

    def encrypt(self, left: int, right: int) -> tuple[int, int]:
        p = self.p
        s0, s1, s2, s3 = self.s
        for index in range(0, 16, 2):
            left ^= p[index]
            mixed = (s0[left >> 24] + s1[left >> 16 & 255] & _MASK) ^ s2[left >> 8 & 255]
            right ^= mixed + s3[left & 255] & _MASK
            right ^= p[index + 1]
            mixed = (s0[right >> 24] + s1[right >> 16 & 255] & _MASK) ^ s2[right >> 8 & 255]
            left ^= mixed + s3[right & 255] & _MASK
        return right ^ p[17], left ^ p[16]

    def expand(self, key: list[int], salt: list[int]) -> None:
        """Key schedule: `key` is 18 words, `salt` four (zeros for the plain schedule)."""
        p, encrypt = self.p, self.encrypt
        for index in range(18):
            p[index] ^= key[index]
        left = right = place = 0
        for index in range(0, 18, 2):
            left, right = encrypt(left ^ salt[place], right ^ salt[place + 1])
            place = 2 - place
            p[index], p[index + 1] = left, right
        for box in self.s:
            for index in range(0, 256, 2):
                left, right = encrypt(left ^ salt[place], right ^ salt[place + 1])
                place = 2 - place
                box[index], box[index + 1] = left, right


def _cycle(data: bytes, count: int) -> list[int]:
    """32-bit words of data repeated as often as needed."""
    repeated = (data * (count * 4 // len(data) + 1))[: count * 4]
    return [int.from_bytes(repeated[index : index + 4], "big") for index in range(0, count * 4, 4)]


def _encode(data: bytes) -> str:
    out = []
    for start in range(0, len(data), 3):
        chunk = data[start : start + 3]
        number = int.from_bytes(chunk.ljust(3, b"\0"), "big")
        out += [_BCRYPT_LETTERS[number >> shift & 63] for shift in (18, 12, 6, 0)][: len(chunk) + 1]
    return "".join(out)


def _decode(text: str, size: int) -> bytes:
    bits = 0
    for char in text:
        value = _BCRYPT_LETTERS.find(char)
        if value < 0:
            raise invalid_parameter("invalid salt")
        bits = bits << 6 | value
    return (bits >> (len(text) * 6 - size * 8)).to_bytes(size, "big")


def bcrypt_salt(data: bytes, cost: int) -> str:
    return f"$2a${cost:02d}${_encode(data)}"


def bcrypt(password: str, setting: str) -> str:
    try:
        cost = int(setting[4:6])
    except ValueError:
        raise invalid_parameter("invalid salt") from None
    if not 4 <= cost <= 31 or setting[6] != "$":
        raise invalid_parameter("invalid salt")
    salt = _decode(setting[7:29], 16)
    key = _cycle(password.encode()[:72] + b"\0", 18)
    salt_words = _cycle(salt, 4)
    salt_key = _cycle(salt, 18)
    state = _Blowfish()
    state.expand(key, salt_words)
    for _ in range(1 << cost):
        state.expand(key, [0, 0, 0, 0])
        state.expand(salt_key, [0, 0, 0, 0])
    words = _cycle(_MAGIC, 6)
    for index in range(0, 6, 2):
        left, right = words[index], words[index + 1]
        for _ in range(64):
            left, right = state.encrypt(left, right)
        words[index], words[index + 1] = left, right
    result = b"".join(word.to_bytes(4, "big") for word in words)[:23]
    return f"{setting[:7]}{_encode(salt)}{_encode(result)}"


def md5_crypt(password: str, setting: str) -> str:
    """$1$salt$…, a thousand rounds of md5 in FreeBSD's order."""
    secret = password.encode()
    salt = setting[3:].split("$")[0][:8].encode()

    def md5(data: bytes) -> bytes:
        return hashlib.md5(data, usedforsecurity=False).digest()

    inner = md5(secret + salt + secret)
    data = secret + b"$1$" + salt
    data += (inner * (len(secret) // 16 + 1))[: len(secret)]
    size = len(secret)
    while size:
        data += b"\0" if size & 1 else secret[:1]
        size >>= 1
    final = md5(data)
    for index in range(1000):
        mixed = secret if index & 1 else final
        if index % 3:
            mixed += salt
        if index % 7:
            mixed += secret
        mixed += final if index & 1 else secret
        final = md5(mixed)
    out = []
    for a, b, c in ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)):
        number = final[a] << 16 | final[b] << 8 | final[c]
        for _ in range(4):
            out.append(_MD5_LETTERS[number & 63])
            number >>= 6
    number = final[11]
    out += [_MD5_LETTERS[number & 63], _MD5_LETTERS[number >> 6 & 63]]
    return f"$1${salt.decode()}${''.join(out)}"
