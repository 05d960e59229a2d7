"""Each normalisation lets through what it says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import CASES, Step
from conformance.redis import normalise


def same(rules: str, expected: str, actual: str) -> bool:
    step = Step(1, "", "GET", normalise=tuple(rules.split()))
    left, right = normalise.compare(step, expected, actual)
    return left == right


@pytest.mark.parametrize("came", [r'"# A\r\nx:1\r\n\r\n# B\r\ny:2\r\n"', r'=txt:"# A\r\nx:1\r\n"'])
def test_what_is_recorded_compares_equal_to_what_came(came: str) -> None:
    step = Step(1, "", "INFO")
    kept = normalise.reduce(step, came)
    left, right = normalise.compare(step, kept, came)
    assert left == right
    assert len(kept) < len(came)
    assert normalise.reduce(step, kept) == kept


@pytest.mark.parametrize(
    ("rule", "expected", "actual", "equal"),
    [
        ("unordered", '["a", "b"]', '["b", "a"]', True),
        ("unordered", '["a", "b"]', '["b", "c"]', False),
        ("unordered", '["a", "b"]', '~["b", "a"]', False),
        ("unordered", '%{"a": 1, "b": 2}', '%{"b": 2, "a": 1}', True),
        ("unordered", '%{"a": 1, "b": 2}', '%{"b": 1, "a": 2}', False),
        ("unordered_deep", '[["a", "b"]]', '[["b", "a"]]', True),
        ("unordered_text", '["1", "2"]', '["2", "1"]', False),
        ("unordered_text", '["1", "x"]', '["x", "1"]', True),
        ("pairs", '["a", "1", "b", "2"]', '["b", "2", "a", "1"]', True),
        ("pairs", '["a", "1", "b", "2"]', '["b", "1", "a", "2"]', False),
        ("cursor_unordered", '["0", ["a", "b"]]', '["0", ["b", "a"]]', True),
        ("cursor_unordered", '["0", ["a"]]', '["5", ["a"]]', False),
        ("cursor_unordered", '["7", ["a"]]', '["5", ["a"]]', True),
        ("cursor_pairs", '["0", ["a", "1", "b", "2"]]', '["0", ["b", "2", "a", "1"]]', True),
        ("within(2)", "100", "98", True),
        ("within(2)", "100", "97", False),
        ("within(2)", "-1", "1", False),
        ("within(2)", "[1, [5]]", "[2, [5]]", True),
        ("anything", "5", "7", True),
        ("anything", "5", '"7"', False),
        ("anything", '-"ERR a"', '-"ERR b"', False),
        ("shape", '["a", 1]', '["b", 2]', True),
        ("shape", '["a", 1]', '["b"]', False),
        ("integers", '["a", 1]', '["a", 2]', True),
        ("integers", '["a", 1]', '["b", 1]', False),
        ("time", '"1700000000000-0"', '"1800000000000-5"', True),
        ("time", '"17-0"', '"18-0"', False),
        ("fields", r'=txt:"# A\r\nx:1\r\n"', r'=txt:"# A\r\nx:2\r\n"', True),
        ("fields", r'=txt:"# A\r\nx:1\r\n"', r'=txt:"# B\r\nx:1\r\n"', False),
        ("fields", r'"# A\r\nx:1\r\n"', r'"# A\r\nx:2\r\n"', True),
        ("fields", r'"# A\r\nx:1\r\n"', r'"# A\r\ny:1\r\n"', False),
        ("clients", r'"id=5 addr=1:2 name=a db=0\n"', r'"id=9 addr=1:3 name=a db=0\n"', True),
        ("clients", r'"id=5 name=a db=0\n"', r'"id=5 name=a db=1\n"', False),
        ("clients", r'"id=1 name=conformance-control\nid=5 name=a\n"', r'"id=5 name=a\n"', True),
        ("monitor", r'+"17.5 [0 127.0.0.1:5] \"get\""', r'+"18.5 [0 127.0.0.1:6] \"get\""', True),
        ("monitor", r'+"17.5 [0 127.0.0.1:5] \"get\""', r'+"17.5 [1 127.0.0.1:5] \"get\""', False),
        ("hello", '["id", 5, "proto", 2]', '["id", 6, "proto", 2]', True),
        ("hello", '["id", 5, "proto", 2]', '["id", 5, "proto", 3]', False),
        ("acl", '["user a +get +set"]', '["user a +set +get"]', True),
        ("acl", '["user a -@all +get"]', '["user a +get -@all"]', False),
        ("help", '[+"X <subcommand>", +"GET <k>", +"    about"]', '[+"X <subcommand>", +GET, +"    other"]', True),
        ("help", '[+"X <subcommand>", +GET]', '[+"X <subcommand>", +SET]', False),
        ("texts", '[["summary", "one", "since", "1"]]', '[["summary", "two", "since", "1"]]', True),
        ("texts", '[["summary", "one", "since", "1"]]', '[["summary", "one", "since", "2"]]', False),
        ("keys", '%{"a": 1}', '%{"a": 2}', True),
        ("keys", '%{"a": 1}', '%{"b": 1}', False),
        ("ignore", "5", '-"ERR"', True),
    ],
)
def test_rule(rule: str, expected: str, actual: str, equal: bool) -> None:
    assert same(rule, expected, actual) is equal


def test_without_a_rule_bytes_are_compared() -> None:
    step = Step(1, "", "GET")
    assert normalise.compare(step, '["a", "b"]', '["b", "a"]') == ('["a", "b"]', '["b", "a"]')


def test_a_rule_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="no normalisation is called 'bogus'"):
        normalise.check_rule("bogus")


def test_the_declared_table_names_only_rules_and_reasons(tmp_path: Path) -> None:
    assert normalise.load_table(CASES / "redis" / "normalise.toml")["SMEMBERS"] == ("unordered_text",)
    broken = tmp_path / "normalise.toml"
    broken.write_text('[[normalise]]\ncommands = ["GET"]\nrules = ["unordered"]\n')
    with pytest.raises(ValueError, match="has no why"):
        normalise.load_table(broken)
