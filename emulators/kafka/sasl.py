"""SASL exchanges of one connection: PLAIN (RFC 4616) and SCRAM-SHA-256/512 (RFC 5802), as the server sees them.

Users come with a password from the emulator's options, or with a SCRAM credential from AlterUserScramCredentials. The
server's nonce and the salts of option users come from the dice, so a run repeats. The comparison of secrets is not made
constant-time: this is a test server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from emulators.kafka import errors
from emulators.kafka.security import ScramCredential

if TYPE_CHECKING:
    from emulators.kafka.security import Security

__all__ = ["SCRAM_NUMBERS", "Exchange", "credential_of", "mechanism_name"]

SCRAM_NUMBERS = {"SCRAM-SHA-256": 1, "SCRAM-SHA-512": 2}
_HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
_ITERATIONS = 4096
_ALLOWED_BEFORE = frozenset({17, 18, 36})


def mechanism_name(number: int) -> str | None:
    """SCRAM-SHA-256 for 1, SCRAM-SHA-512 for 2."""
    return next((name for name, found in SCRAM_NUMBERS.items() if found == number), None)


def credential_of(mechanism: str, iterations: int, salt: bytes, salted_password: bytes) -> ScramCredential:
    """What a server keeps of a salted password."""
    digest = _HASHES[mechanism]
    client_key = hmac.digest(salted_password, b"Client Key", digest)
    stored = hashlib.new(digest, client_key).digest()
    return ScramCredential(iterations, salt, stored, hmac.digest(salted_password, b"Server Key", digest))


class Exchange:
    """The authentication of one connection."""

    def __init__(self, security: Security) -> None:
        self.security = security
        self.mechanism = ""
        self.user = ""
        self.done = False
        self.failed = False
        self._first: dict[str, Any] | None = None

    def may(self, key: int) -> bool:
        """Whether a request with this API key is heard now."""
        return self.done or (not self.failed and key in _ALLOWED_BEFORE)

    def choose(self, mechanism: str) -> None:
        self.mechanism = mechanism
        self._first = None

    def token(self, data: bytes) -> tuple[int, str | None, bytes]:
        """(error, text, answer) for one token of the client."""
        try:
            if self.mechanism == "PLAIN":
                answer = self._plain(data)
            else:
                answer = self._scram_first(data) if self._first is None else self._scram_last(data)
        except (ValueError, KeyError, IndexError):
            answer = None
        if answer is None:
            self.failed = True
            if self.mechanism == "PLAIN":
                return errors.SASL_AUTHENTICATION_FAILED, errors.AUTHENTICATION_FAILED, b""
            return errors.SASL_AUTHENTICATION_FAILED, f"{errors.SCRAM_FAILED} {self.mechanism}", b""
        return errors.NONE, None, answer

    def _plain(self, data: bytes) -> bytes | None:
        authorization, user, password = data.decode().split("\0")
        if authorization not in ("", user) or self.security.users.get(user) != password or not user:
            return None
        self.user, self.done = user, True
        return b""

    def _scram_first(self, data: bytes) -> bytes | None:
        text = data.decode()
        bound, _, bare = text.partition(",")[0], None, text.split(",", 2)[2]
        if bound not in ("n", "y"):
            return None  # channel binding is not offered
        fields = dict(part.split("=", 1) for part in bare.split(","))
        user = fields["n"].replace("=2C", ",").replace("=3D", "=")
        credential = self._credential(user)
        if credential is None:
            return None
        random = self.security.broker.random
        nonce = fields["r"] + base64.b64encode(random.getrandbits(144).to_bytes(18, "big")).decode()
        salt = base64.b64encode(credential.salt).decode()
        answer = f"r={nonce},s={salt},i={credential.iterations}"
        header = text[: len(text) - len(bare)]
        self._first = {"user": user, "nonce": nonce, "bare": bare, "answer": answer, "header": header}
        return answer.encode()

    def _scram_last(self, data: bytes) -> bytes | None:
        assert self._first is not None
        first, text = self._first, data.decode()
        without_proof, _, proof_text = text.rpartition(",p=")
        fields = dict(part.split("=", 1) for part in without_proof.split(","))
        credential = self._credential(first["user"])
        if fields["r"] != first["nonce"] or credential is None:
            return None
        if base64.b64decode(fields["c"]) != first["header"].encode():
            return None
        digest = _HASHES[self.mechanism]
        message = f"{first['bare']},{first['answer']},{without_proof}".encode()
        signature = hmac.digest(credential.stored_key, message, digest)
        client_key = bytes(a ^ b for a, b in zip(base64.b64decode(proof_text), signature, strict=True))
        if hashlib.new(digest, client_key).digest() != credential.stored_key:
            return None
        self.user, self.done = first["user"], True
        return b"v=" + base64.b64encode(hmac.digest(credential.server_key, message, digest))

    def _credential(self, user: str) -> ScramCredential | None:
        known = self.security.scram.get((user, self.mechanism))
        if known is not None:
            return known
        password = self.security.users.get(user)
        if password is None:
            return None
        # The salt is fixed by the user's name: an exchange must see the same one twice, and a run must repeat.
        digest = _HASHES[self.mechanism]
        salt = hashlib.sha256(f"parlel/{user}/{self.mechanism}".encode()).digest()[:16]
        salted = hashlib.pbkdf2_hmac(digest, password.encode(), salt, _ITERATIONS)
        return credential_of(self.mechanism, _ITERATIONS, salt, salted)

    def export(self) -> Any:
        """The exchange as plain data."""
        return [self.mechanism, self.user, self.done, self.failed, self._first]

    def take(self, plain: Any) -> None:
        self.mechanism, self.user, self.done, self.failed, self._first = plain
