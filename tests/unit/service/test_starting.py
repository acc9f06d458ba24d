"""What a gateway says when it cannot start, and how its two processes report."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from dicomrules.model.destination import DicomDestination, FolderDestination
from dicomrules.model.receiver import DicomReceiver, FolderReceiver
from dicomrules.queue.ledger import Ledger
from dicomrules.rulebook.load import load
from dicomrules.service import gateway, intake
from dicomrules.service.plan import CONFIG, IO_ERROR, TRY_LATER, Line, Plan, StartFailed
from tests.unit.config.gateways import WHOLE, settings

RECEIVER = DicomReceiver("modalities", 11112)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    program = load(["a.rules"], {"a.rules": "language 1\n"}.__getitem__).program
    assert program is not None
    return Plan(replace(settings(WHOLE), state=tmp_path / "var"), program)


def failure_of(plan: Plan) -> StartFailed:
    with pytest.raises(StartFailed) as caught:
        intake.open_state(plan)
    return caught.value


def test_a_ledger_of_a_newer_version_is_a_matter_of_configuration(plan: Plan) -> None:
    plan.settings.state.mkdir(mode=0o700)
    Ledger.open(plan.settings.state).close()
    apsw.Connection(str(plan.settings.state / "ledger.db")).pragma("user_version", 99)
    failure = failure_of(plan)
    assert failure.code == CONFIG
    assert "newer version" in failure.problem
    assert "run the version that made it" in failure.way_out


def test_a_damaged_ledger_is_kept_and_what_waits_is_named(plan: Plan) -> None:
    plan.settings.state.mkdir(mode=0o700)
    (plan.settings.state / "ledger.db").write_bytes(b"no database " * 1000)
    failure = failure_of(plan)
    assert failure.code == IO_ERROR
    assert "damaged" in failure.problem
    assert "spool/waiting" in failure.way_out
    assert (plan.settings.state / "ledger.db").read_bytes() == b"no database " * 1000


@pytest.mark.parametrize(
    ("number", "said", "way_out"),
    [
        (errno.EADDRINUSE, "address already in use", "sport = :11112"),
        (errno.EACCES, "permission denied", "below 1024"),
        (errno.EADDRNOTAVAIL, "cannot assign requested address", "`bind`"),
    ],
)
def test_a_port_that_cannot_be_had_is_named_with_the_reason_and_the_way_out(
    number: int, said: str, way_out: str
) -> None:
    failure = intake._cannot_listen(RECEIVER, OSError(number, "error while attempting to bind on address"))
    assert failure.code == IO_ERROR
    assert failure.problem == f"receiver modalities on 127.0.0.1:11112 cannot start: {said}"
    assert way_out in failure.way_out


def test_a_receiver_is_described_by_where_it_listens(tmp_path: Path) -> None:
    assert intake.describe(RECEIVER) == "modalities on 127.0.0.1:11112"
    assert intake.describe(FolderReceiver("drop", Path("in"), Path("failed"))) == "drop in in"


def test_the_state_folder_is_held_once_and_must_be_ours_alone(tmp_path: Path) -> None:
    lock = gateway._hold(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    with pytest.raises(StartFailed) as caught:
        gateway._hold(tmp_path / "var")
    assert caught.value.code == TRY_LATER
    os.close(lock)
    os.close(gateway._hold(tmp_path / "var"))
    (tmp_path / "var").chmod(0o750)
    with pytest.raises(StartFailed) as caught:
        gateway._hold(tmp_path / "var")
    assert (caught.value.code, caught.value.way_out) == (CONFIG, f"run: chmod 700 {tmp_path / 'var'}")


def test_a_child_tells_once_that_it_is_ready_or_never_will_be() -> None:
    for tell, told in (
        (lambda line: line.ready("modalities on 127.0.0.1:1"), {"doing": "modalities on 127.0.0.1:1"}),
        (lambda line: line.failed(StartFailed(74, "no", "yes")), {"code": 74, "problem": "no", "way_out": "yes"}),
    ):
        reading, writing = os.pipe()
        tell(Line(writing, -1))  # type: ignore[no-untyped-call]
        assert gateway._read_report(reading) == told
        os.close(reading)


def test_a_child_that_dies_silently_has_told_nothing() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    assert gateway._read_report(reading) == {}
    os.close(reading)


def test_four_deaths_within_a_minute_are_too_many_and_the_fourth_is_told_with_its_cause() -> None:
    child = gateway._Child("intake", lambda plan, line: None, code=IO_ERROR)
    for _ in range(3):
        gateway._note_death(child)
    with pytest.raises(StartFailed) as caught:
        gateway._note_death(child)
    assert caught.value.code == IO_ERROR
    child.deaths = [0.0, 1.0]
    gateway._note_death(child)
    assert len(child.deaths) == 1


def test_applications_for_the_loop_guard_are_those_spoken_to_in_dicom(plan: Plan) -> None:
    pacs = DicomDestination("pacs", "PACS", "10.0.0.1", 104, "DICOMRULES")
    archive = FolderDestination("archive", Path("out"))
    with_two = replace(plan, settings=replace(plan.settings, destinations=(pacs, archive)))
    assert with_two.applications == {"pacs": ("PACS", "10.0.0.1")}
