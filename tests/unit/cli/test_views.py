"""Values, changes and attempts for people: whole, harmless to a terminal, and no wider than it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dicomrules.cli.decision_view import arm_text, change_lines, decision_lines, shown
from dicomrules.cli.main import main
from dicomrules.cli.story_view import story_lines
from dicomrules.model.decision import Change, Decision
from dicomrules.model.delivery import Kind, Outcome
from dicomrules.model.instance import Verdict
from dicomrules.queue.reader import Reader
from dicomrules.queue.story import Attempt
from tests.unit.cli.ledgers import AT, UID, decision, exchange, with_history


def plain(lines: object) -> list[str]:
    return [click.unstyle(line) for line in lines]  # type: ignore[attr-defined]


def test_absent_and_empty_are_said_and_control_characters_made_visible() -> None:
    assert click.unstyle(shown(None)) == "absent"
    assert click.unstyle(shown("")) == "empty"
    assert shown("a\x1b[31mb\n") == "a\\x1b[31mb\\n"
    assert shown("x" * 100) == "x" * 63 + "…"


def test_short_changes_stand_in_one_line_and_long_ones_below_one_another() -> None:
    changes = (Change("PatientID", "1", "2", "r"), Change("StudyInstanceUID", UID * 2, "2.25.1", "r"))
    assert plain(change_lines(changes, 74)) == [
        "PatientID         1 → 2",
        "StudyInstanceUID",
        f"    {UID * 2}",
        "  → 2.25.1",
    ]


def test_an_arm_reads_as_in_the_file() -> None:
    assert arm_text("always => pacs") == "always => pacs"
    assert arm_text('when Modality == "CT" => pacs') == 'when Modality == "CT" => pacs'
    assert arm_text("archive") == "else => archive"


def test_each_verdict_is_told_with_its_reason() -> None:
    for verdict in (Verdict.HOLD, Verdict.QUARANTINE, Verdict.REJECT, Verdict.DROP):
        lines = plain(decision_lines(decision(verdict, ("why", "and why")), 80))
        assert lines[-1] == f'  {verdict.value}: "why; and why"'


def test_a_decision_that_sends_to_nobody_says_so_with_its_notes() -> None:
    nobody = Decision(Verdict.SEND, (), (), "", notes=("pacs left out: it comes from there",))
    assert plain(decision_lines(nobody, 80)) == [
        "verdict",
        "  send to nobody",
        "  note: pacs left out: it comes from there",
    ]


def test_of_many_attempts_the_first_and_the_last_are_shown(tmp_path: Path) -> None:
    with_history(tmp_path / "var")
    story = Reader.open(tmp_path / "var").trace(UID)[0]
    attempts = tuple(
        Attempt(number, Outcome(Kind.DEFERRED, "away", started_at=AT + timedelta(minutes=number)))
        for number in range(1, 101)
    )
    many = replace(story, deliveries=(replace(story.deliveries[0], attempts=attempts),))
    lines = plain(story_lines(many, 80))
    numbers = [line.split(".")[0].strip() for line in lines if line.endswith("deferred: away")]
    assert numbers == ["1", "2", "3", *(str(number) for number in range(91, 101))]
    assert "  … 87 more: --format json shows all" in lines


def test_an_attempt_without_a_presentation_context_shows_no_request_that_was_never_made(tmp_path: Path) -> None:
    with_history(tmp_path / "var")
    story = Reader.open(tmp_path / "var").trace(UID)[0]
    refused = replace(exchange("DICOMRULES", "ARCHIVE", AT), context=None, request={}, response=None)
    attempt = Attempt(1, Outcome(Kind.FAILED, "no presentation context", exchange=refused, started_at=AT))
    told = replace(story, exchange=None, deliveries=(replace(story.deliveries[0], attempts=(attempt,)),))
    lines = plain(story_lines(told, 80))
    assert any("association DICOMRULES -> ARCHIVE" in line for line in lines)
    assert not any("C-STORE-RQ" in line for line in lines)


def test_there_is_colour_only_where_somebody_sees_it(site: Path) -> None:
    arguments = ["explain", "ct.dcm"]
    assert "\x1b[" not in CliRunner().invoke(main, arguments).stdout
    assert "\x1b[" in CliRunner().invoke(main, arguments, color=True).stdout


@pytest.mark.parametrize("arguments", [["explain", "ct.dcm"], ["validate", "wrong.rules"], ["explain", "nothing.dcm"]])
def test_there_is_no_colour_where_nobody_wants_it(
    site: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "wrong.rules").write_text("language 1\nrule r { set PatientIdent = 1 }\n")
    monkeypatch.setenv("NO_COLOR", "1")
    said = CliRunner().invoke(main, arguments, color=True)
    assert said.output
    assert "\x1b[" not in said.output
