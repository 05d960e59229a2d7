"""The runner, the goldens and the ledger, with a service made of a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance import golden, ledger, runner
from conformance.golden import GoldenError, Goldens
from conformance.model import ROOT, Case, Missing, Server, Step
from conformance.report import differences_text, scoreboard, summary


class Answers:
    """A server that answers each step's text from a table."""

    def __init__(self, version: str, answers: dict[str, str]) -> None:
        self.version = version
        self.answers = answers
        self.raised: list[str] = []

    def problems(self) -> list[str]:
        raised, self.raised = self.raised, []
        return raised


class TableService:
    name = "table"

    def __init__(self, real: dict[str, str] | None, emulated: dict[str, str]) -> None:
        self.real = real
        self.emulated = emulated

    def cases(self) -> list[Case]:
        steps = [Step(2, "ONE", "ONE"), Step(3, "TWO  #~ differs(table-two)", "TWO", differs="table-two")]
        return [Case("table", "words", "one and two", ROOT / "conformance" / "cases" / "words.case", 1, steps)]

    def modes(self, case: Case) -> list[str]:
        return ["plain"]

    @contextmanager
    def reference(self) -> Iterator[Server]:
        if self.real is None:
            raise Missing("table-server is not installed")
        yield Answers("table 1.0", self.real)

    @contextmanager
    def emulator(self) -> Iterator[Server]:
        yield Answers("emulated", self.emulated)

    def play(self, case: Case, mode: str, server: Server) -> Iterator[str]:
        assert isinstance(server, Answers)
        for step in case.steps:
            yield server.answers[step.subject]
        yield "<nothing>"

    def compare(self, step: Step, expected: str, actual: str) -> tuple[str, str]:
        return expected, actual

    def reduce(self, step: Step, outcome: str) -> str:
        return outcome


REAL = {"ONE": "1", "TWO": "2"}
ENTRY = ledger.Difference("table-two", "table", "words", "there is no two here", "three")


@pytest.fixture(autouse=True)
def _golden_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden.Goldens.__init__, "__defaults__", (tmp_path,))


def test_same_different_and_by_ledger() -> None:
    service = TableService(REAL, {"ONE": "1", "TWO": "3"})
    result = runner.run(service, service.cases(), {"table-two"}, real=True)
    assert [(o.same, o.by_ledger) for o in result.outcomes] == [(True, False), (False, True), (True, False)]
    assert not result.failed
    assert not result.errors
    text = summary(result, {"table-two": ENTRY})
    assert text.endswith("3 passed, 0 failed")
    assert "there is no two here" in text


def test_a_difference_says_how_to_run_it_again() -> None:
    service = TableService(REAL, {"ONE": "wrong", "TWO": "3"})
    result = runner.run(service, service.cases(), {"table-two"}, real=True)
    text = differences_text(result.failed)
    assert "step  ONE" in text
    assert "real  1" in text
    assert "here  wrong" in text
    assert "python -m conformance --case 'table/words/one and two' --mode plain" in text
    assert summary(result, {}).endswith("2 passed, 1 failed")


def test_a_ledger_entry_that_no_longer_holds_is_an_error() -> None:
    service = TableService(REAL, REAL)
    result = runner.run(service, service.cases(), {"table-two"}, real=True)
    assert any("is said to differ (table-two) and does not" in error for error in result.errors)
    result = runner.run(service, service.cases(), set(), real=True)
    assert any("'table-two', which is not in KNOWN_DIFFERENCES.toml" in error for error in result.errors)


def test_goldens_stand_in_for_a_missing_service() -> None:
    said: list[str] = []
    runner.record(TableService(REAL, {}), TableService(REAL, {}).cases(), said.append)
    assert said == ["words.golden: 1 cases recorded from table 1.0"]
    service = TableService(None, {"ONE": "1", "TWO": "3"})
    result = runner.run(service, service.cases(), {"table-two"})
    assert not result.errors
    assert not result.failed
    assert result.reference == "table 1.0, recorded"
    assert "table-server is not installed" in result.notes[0]


def test_without_goldens_the_case_is_an_error_and_not_a_pass() -> None:
    service = TableService(None, REAL)
    result = runner.run(service, service.cases(), {"table-two"}, real=False)
    assert "no golden for table/words/one and two [plain]" in result.errors[0]
    assert not result.outcomes
    with pytest.raises(Missing):
        runner.run(service, service.cases(), set(), real=True)


def test_a_stale_golden_is_an_error() -> None:
    service = TableService(REAL, REAL)
    case = service.cases()[0]
    store = Goldens("table", "words")
    store.put(case, "plain", ["1", "2", "<nothing>"])
    store.save([case], "table 1.0")
    assert Goldens("table", "words").find(case, "plain") == ["1", "2", "<nothing>"]
    case.steps[0] = Step(2, "ONE more", "ONE")
    with pytest.raises(
        GoldenError, match="is stale; record it: python -m conformance --service table --group words --record"
    ):
        Goldens("table", "words").find(case, "plain")


def test_what_the_emulator_raised_is_an_error_of_the_case() -> None:
    class Raising(TableService):
        def play(self, case: Case, mode: str, server: Server) -> Iterator[str]:
            assert isinstance(server, Answers)
            if server.version == "emulated":
                server.raised.append("Traceback: boom")
            yield from super().play(case, mode, server)

    service = Raising(REAL, {"ONE": "1", "TWO": "3"})
    result = runner.run(service, service.cases(), {"table-two"}, real=True)
    assert result.errors == ["table/words/one and two [plain]: the emulator raised\nTraceback: boom"]


def test_the_scoreboard_counts_by_group_and_subject() -> None:
    service = TableService(REAL, {"ONE": "wrong", "TWO": "3"})
    page = scoreboard([runner.run(service, service.cases(), {"table-two"}, real=True)], {"table-two": ENTRY})
    assert "| table | words | table 1.0 | 1 | 3 | 1 (33.3%) | 1 | 1 |" in page
    assert "| ONE | 1 | 1 | 0 (0.0%) | 0 | 1 |" in page
    assert "| table-two | table: words | three | there is no two here |" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[difference]]\nid = "x"\n', "x lacks service, area, reason, error or text"),
        ('[[difference]]\nservice = "redis"\n', "an entry without id"),
        ('[[difference]]\nid="x"\nservice="s"\narea="a"\nreason="r"\ntext="t"\n' * 2, "x stands there twice"),
    ],
)
def test_a_ledger_that_is_not_complete_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "KNOWN_DIFFERENCES.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        ledger.load(path)
