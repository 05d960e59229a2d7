"""hstore, citext, pgcrypto, uuid-ossp: answers checked once against the contrib modules of a real server."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.postgres.errors import PgError
from emulators.postgres.functions.registry import lookup
from emulators.postgres.types.hstore import hstore_in, hstore_out, hstore_recv, hstore_send
from emulators.postgres.types.values import PgArray
from tests.postgres.functions.replay import context


def call(name: str, *args: Any, ctx: Any = None) -> Any:
    entry = lookup(name)
    assert entry is not None
    return entry.function(ctx or context(), *args) if entry.ctx else entry.function(*args)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a=>1", '"a"=>"1"'),
        ('"a b"=>"x\\"y", c=>NULL', '"c"=>NULL, "a b"=>"x\\"y"'),
        ("a=>1,a=>2", '"a"=>"1"'),
        ("", ""),
        ("bb=>1, a=>2,", '"a"=>"2", "bb"=>"1"'),
        ('a=>"NULL"', '"a"=>"NULL"'),
        ("a\\=>=>1", '"a=>"=>"1"'),
    ],
)
def test_hstore_text(text: str, shown: str) -> None:
    value = hstore_in(text, -1, None)
    assert hstore_out(value, None) == shown
    assert hstore_recv(hstore_send(value, None), -1, None) == value


@pytest.mark.parametrize("text", ["a", "a=>", "a=b", "a=>1 b=>2", '"a', "=>1"])
def test_bad_hstore_is_a_syntax_error(text: str) -> None:
    with pytest.raises(PgError) as caught:
        hstore_in(text, -1, None)
    assert caught.value.sqlstate == "42601"


def test_hstore_operators() -> None:
    a, b = hstore_in("a=>1, b=>2", -1, None), hstore_in("b=>3, c=>NULL", -1, None)
    assert call("hstore_concat", a, b) == {"a": "1", "b": "3", "c": None}
    assert call("hstore_delete_hstore", a, hstore_in("b=>2", -1, None)) == {"a": "1"}
    assert call("hstore_contains", a, {"a": "1"}) is True
    assert call("hstore_exists_all", a, PgArray(["a", "z"])) is False
    assert call("hstore_to_json", b) == '{"b": "3", "c": null}'
    with pytest.raises(PgError, match="even number"):
        call("hstore_from_array", PgArray(["a"]))


def test_citext_compares_without_case() -> None:
    assert call("citext_eq", "Straße", "STRAßE") is True
    assert call("citext_lt", "a", "B") is True
    assert call("citext_larger", "a", "B") == "B"


def test_passwords_are_those_of_pgcrypto() -> None:
    assert call("pg_crypt", "secret", "$1$abcdefgh") == call("pg_crypt", "secret", "$1$abcdefgh$x")
    assert call("pg_crypt", "", "$2a$04$......................").startswith("$2a$04$......................")
    salted = call("pg_crypt", "pw", call("pg_gen_salt_rounds", "bf", 4))
    assert call("pg_crypt", "pw", salted) == salted
    assert call("pg_crypt", "pW", salted) != salted
    assert call("pg_digest", "abc", "SHA256").hex().startswith("ba7816bf")
    assert call("pg_hmac", "data", "key", "md5").hex() == "9d5c73ef85594d34ec4438b7c97e51d8"
    with pytest.raises(PgError, match="No such hash algorithm"):
        call("pg_digest", "abc", "foo")


def test_named_uuids() -> None:
    dns = call("uuid_ns_dns")
    assert call("uuid_generate_v5", dns, "www.widgets.com").hex() == "21f7f8de80515b8986800195ef798b6a"
    assert call("uuid_generate_v3", dns, "www.widgets.com").hex() == "3d813cbb47fb32ba91df831e1593ac29"
