"""Stored passwords in PostgreSQL's forms: SCRAM-SHA-256 verifiers and md5 hashes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

ITERATIONS = 4096


def scram_verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """`SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    stored = hashlib.sha256(client_key).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()

    def b64(data: bytes) -> str:
        return base64.b64encode(data).decode()

    return f"SCRAM-SHA-256${iterations}:{b64(salt)}${b64(stored)}:{b64(server)}"


def verify_scram(verifier: str, password: str) -> bool:
    head = verifier.split("$")[1]
    iterations, salt = head.split(":")
    return scram_verifier(password, base64.b64decode(salt), int(iterations)) == verifier


def scram_parts(stored: str | None, user: str) -> Any:
    """(salt, stored key, server key, iterations) for scramp's server; None when the role has no password."""
    if stored is None:
        return None
    if not stored.startswith("SCRAM-SHA-256$"):
        stored = scram_verifier(stored, hashlib.sha256(user.encode()).digest()[:16])
    _, head, keys = stored.split("$")
    iterations, salt = head.split(":")
    stored_key, server_key = keys.split(":")
    decode = base64.b64decode
    return decode(salt), decode(stored_key), decode(server_key), int(iterations)
