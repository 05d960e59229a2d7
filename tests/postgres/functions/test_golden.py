"""The functions against recorded answers of PostgreSQL 18 (golden/, written by record.py)."""

from __future__ import annotations

from tests.postgres.functions.replay import replay_aggregates, replay_expressions, replay_functions


def test_every_recorded_call_answers_as_postgres_does() -> None:
    passed, total, differences = replay_functions(set())
    assert len(total) > 1000
    assert not differences, {key: found[0] for key, found in list(differences.items())[:5]}
    assert passed == total


def test_every_recorded_expression_answers_as_postgres_does() -> None:
    passed, total, differences = replay_expressions()
    assert total > 700
    assert not differences, f"{len(differences)} of {total} differ: {differences[:5]}"
    assert passed == total


def test_every_recorded_aggregate_answers_as_postgres_does() -> None:
    passed, total, differences = replay_aggregates()
    assert total > 500
    assert not differences, f"{len(differences)} of {total} differ: {differences[:5]}"
    assert passed == total
