"""The Postgres cases' reader, the texts of messages, and what may differ."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from conformance.model import CaseError, Step
from conformance.postgres.script import expand, parse_text
from conformance.postgres.service import PostgresService
from conformance.postgres.wire import render

PATH = Path("queries.sql")


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("1 + 1", ["1 + 1"]),
        ("{1|2} + {a|b}", ["1 + a", "1 + b", "2 + a", "2 + b"]),
        ("'{1,2}'::int[]", ["'{1,2}'::int[]"]),
        ("{'{1}'|'{}'}::int[]", ["'{1}'::int[]", "'{}'::int[]"]),
        ("f({1|})", ["f(1)", "f()"]),
        ("{a", ["{a"]),
    ],
)
def test_alternatives(text: str, texts: list[str]) -> None:
    assert expand(text) == texts


def test_a_file_of_cases() -> None:
    text = (
        "-- about\n== one\n@mode simple\nSELECT 1;\nCREATE FUNCTION f() AS $$\n  SELECT 1;\n$$;\n? {1|2}\n"
        "== two\na> BEGIN;\nb>> UPDATE t SET v = 'a;\nb';\nb<\nSELECT $1;  --$ \"a b\", null\n"
        'SELECT 2;  --~ ordered differs(x)\na! copydata "1\\n"\n'
    )
    one, two = parse_text(text, PATH)
    assert [step.action.sql for step in one.steps] == [
        "SELECT 1;",
        "CREATE FUNCTION f() AS $$\n  SELECT 1;\n$$;",
        "SELECT 1;",
        "SELECT 2;",
    ]
    assert [step.subject for step in one.steps] == ["SELECT", "CREATE FUNCTION", "SELECT", "SELECT"]
    assert [(step.action.session, step.action.kind) for step in two.steps] == [
        ("a", "statement"),
        ("b", "send"),
        ("b", "wait"),
        ("main", "statement"),
        ("main", "statement"),
        ("a", "copydata"),
    ]
    assert two.steps[1].action.sql == "UPDATE t SET v = 'a;\nb';"
    assert two.steps[3].action.parameters == (b"a b", None)
    assert (two.steps[4].normalise, two.steps[4].differs) == (("ordered",), "x")
    assert two.steps[5].action.data == b"1\n"
    assert PostgresService().modes(one) == ["simple"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;\n", "queries.sql:1: a step before"),
        ("== one\nSELECT 1\n", "queries.sql:2: a statement does not end"),
        ("== one\n@mode bogus\n", "queries.sql:2: unknown option"),
        ("== one\nSELECT 1;  --~ bogus\n", "queries.sql:2: no normalisation is called bogus"),
        ("== one\na! bogus\n", "queries.sql:2: nothing is called 'bogus'"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(text: str, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        parse_text(text, PATH)


def test_messages_as_text() -> None:
    field = b"id\0" + struct.pack(">IHIhih", 16400, 1, 23, 4, -1, 0)
    typed = b"m x\0" + struct.pack(">IHIhih", 0, 0, 16390, -1, 14, 0)
    assert render((b"T", struct.pack(">H", 2) + field + typed)) == 'T(id:23#1, "m x":<oid>/14)'
    row = struct.pack(">H", 3) + struct.pack(">i", 2) + b"12" + struct.pack(">i", -1) + struct.pack(">i", 1) + b"a"
    assert render((b"D", row)) == '(12, null, "a")'
    assert render((b"C", b"SELECT 1\0")) == 'C"SELECT 1"'
    assert render((b"E", b"SERROR\0C42601\0Mbad\0Fscan.l\0L1\0Rr\0\0")) == 'E{S: "ERROR", C: "42601", M: "bad"}'
    assert render((b"Z", b"I")) == "Z:I"
    assert render((b"t", struct.pack(">HII", 2, 23, 25))) == "t(23, 25)"
    assert render((b"1", b"")) == ""
    assert render((b"A", struct.pack(">I", 7) + b"news\0hi\0")) == 'A"news" "hi"'


@pytest.mark.parametrize(
    ("sql", "expected", "actual", "equal"),
    [
        ("SELECT x FROM t;", "(1) ; (2) ; Z:I", "(2) ; (1) ; Z:I", True),
        ("SELECT x FROM t ORDER BY x;", "(1) ; (2) ; Z:I", "(2) ; (1) ; Z:I", False),
        ("SELECT x FROM t;", "(1) ; Z:I", "(3) ; Z:I", False),
        ("SELECT 1;", 'E{D: "Process 5 waits"}', 'E{D: "Process 6 waits"}', True),
        ("SELECT 1;", 'E{C: "42601"}', 'E{C: "42602"}', False),
    ],
)
def test_comparison(sql: str, expected: str, actual: str, equal: bool) -> None:
    left, right = PostgresService().compare(Step(1, sql, "SELECT"), expected, actual)
    assert (left == right) is equal
