"""Type input and output against recorded answers of PostgreSQL 18 (cases/inputs.txt, golden/inputs.jsonl.gz)."""

from __future__ import annotations

from tests.postgres.functions.replay import replay_inputs


def test_every_recorded_text_is_read_and_shown_as_postgres_does() -> None:
    passed, total, differences = replay_inputs()
    assert total > 1200
    assert not differences, f"{len(differences)} of {total} differ: {differences[:5]}"
    assert passed == total
