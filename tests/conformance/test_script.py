"""Reading case files."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import CaseError
from conformance.redis.script import Action, parse_step, parse_text, split_arguments

PATH = Path("strings.case")


@pytest.mark.parametrize(
    ("line", "args"),
    [
        ("SET k v", [b"SET", b"k", b"v"]),
        (r'SET k "a b\x00\n\"\\"', [b"SET", b"k", b'a b\x00\n"\\']),
        ("SET k 'a \" b'", [b"SET", b"k", b'a " b']),
        ('SET "" x', [b"SET", b"", b"x"]),
        ("RPUSH l {1..3:i%}", [b"RPUSH", b"l", b"i1", b"i2", b"i3"]),
        ("HSET h {1..2:f% v%}", [b"HSET", b"h", b"f1", b"v1", b"f2", b"v2"]),
        ("SET k {x*4}y", [b"SET", b"k", b"xxxxy"]),
        ("SET {tag}a 1", [b"SET", b"{tag}a", b"1"]),
    ],
)
def test_arguments(line: str, args: list[bytes]) -> None:
    assert split_arguments(line) == args


@pytest.mark.parametrize("line", ['SET "open', "SET 'open", 'SET "a"b'])
def test_arguments_that_cannot_be_read(line: str) -> None:
    with pytest.raises(ValueError):
        split_arguments(line)


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("GET k", Action("main", "command", (b"GET", b"k"))),
        ("a> GET k", Action("a", "command", (b"GET", b"k"))),
        ("a>> BLPOP l 0", Action("a", "send", (b"BLPOP", b"l", b"0"))),
        ("a<", Action("a", "wait")),
        ("a<-", Action("a", "poll")),
        (r'a! raw "PI\r\n"', Action("a", "raw", (b"PI\r\n",))),
        ('a! raw "{x*3}"', Action("a", "raw", (b"xxx",))),
        ("a! close", Action("a", "close")),
        ("d = DUMP k", Action("main", "command", (b"DUMP", b"k"), "d")),
        ("a> id := CLIENT ID", Action("a", "command", (b"CLIENT", b"ID"), "id", True)),
    ],
)
def test_steps(line: str, action: Action) -> None:
    assert parse_step(line, 1).action == action


@pytest.mark.parametrize("line", ["a< GET k", "a! bogus", "a! raw", "a>", "a>>"])
def test_steps_that_cannot_be_read(line: str) -> None:
    with pytest.raises(ValueError):
        parse_step(line, 1)


def test_notes_of_a_step() -> None:
    step = parse_step("SMEMBERS k  #~ unordered differs(redis-x)", 4)
    assert (step.normalise, step.differs, step.subject, step.line) == (("unordered",), "redis-x", "SMEMBERS", 4)
    assert parse_step("OBJECT ENCODING k", 1).subject == "OBJECT ENCODING"
    assert parse_step("SORT l GET #", 1).action.args[-1] == b"#"


def test_a_file_of_cases() -> None:
    text = "# about\n== one\n@resp 3\nGET k\n\n== two\nCONFIG SET hz 10\n"
    one, two = parse_text(text, PATH)
    assert (one.id, one.options, len(one.steps)) == ("redis/strings/one", {"resp": "3"}, 1)
    assert two.options == {"fresh": "yes"}, "a case that changes the configuration gets a server of its own"
    again = parse_text(text.replace("GET k", "GET j"), PATH)
    assert again[0].stamp() != one.stamp()
    assert again[1].stamp() == two.stamp()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("GET k\n", "strings.case:1: a step before"),
        ("== one\n@bogus\n", "strings.case:2: unknown option"),
        ('== one\nGET "k\n', "strings.case:2: a quote"),
        ("== one\n== one\n", "two cases are called 'one'"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(text: str, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        parse_text(text, PATH)
