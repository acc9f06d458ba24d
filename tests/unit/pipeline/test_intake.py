"""One instance comes in: what is answered, what is on the disk, what stands in the ledger."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dicomrules.model.admission import Admission, Policy
from dicomrules.model.instance import Envelope, Receipt, Verdict
from dicomrules.pipeline.committer import Committer
from dicomrules.pipeline.intake import Intake, Means
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.reader import Reader
from dicomrules.spool.errors import SpoolError
from tests.unit.pipeline.material import FINGERPRINT, IMPLICIT, Says, World, sends, verdict


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World.at(tmp_path)
    yield made
    made.ledger.close()


def accept(
    world: World,
    engine: Says,
    *arrived: Envelope,
    crashes: dict[tuple[str, int], int] | None = None,
    admissions: dict[str, Admission] | None = None,
) -> list[Receipt]:
    """Let intake take these, all at once."""

    async def all_of_them() -> list[Receipt]:
        with ThreadPoolExecutor(2) as pool:
            committer = Committer(world.spool, world.ledger)
            means = Means(
                spool=world.spool,
                committer=committer,
                pool=pool,
                emit=world.hears,
                crashes=crashes or {},
                admissions=admissions or {},
            )
            intake = Intake(engine, FINGERPRINT, means)
            return list(await asyncio.gather(*(intake.accept(each) for each in arrived)))

    return asyncio.run(all_of_them())


def test_an_instance_to_be_sent_is_durable_and_queued_when_success_is_answered(world: World, tmp_path: Path) -> None:
    arrived = world.arrive()
    assert accept(world, Says(None), arrived) == [Receipt(Verdict.SEND, 0x0000)]
    assert world.files("incoming") == []
    assert len(world.files("waiting")) == 1
    (story,) = Reader.open(tmp_path).trace(arrived.key.sop_instance)
    assert [each.destination for each in story.deliveries] == ["pacs"]


def test_the_spool_file_tells_its_own_story(world: World, tmp_path: Path) -> None:
    arrived = world.arrive()
    accept(world, Says(None), arrived)
    (story,) = Reader.open(tmp_path).trace(arrived.key.sop_instance)
    with world.spool.open(story.spool_ref) as stored:
        record = stored.record()
    assert record is not None
    assert (record.sop_instance, record.digest, record.calling_aet) == (
        arrived.key.sop_instance,
        arrived.digest,
        "CT_A1",
    )
    assert (record.verdict, record.fingerprint) == ("send", FINGERPRINT)


@pytest.mark.parametrize("kind", [Verdict.QUARANTINE, Verdict.HOLD])
def test_what_is_kept_for_a_person_is_answered_with_success_and_lies_in_held(
    world: World, tmp_path: Path, kind: Verdict
) -> None:
    arrived = world.arrive()
    assert accept(world, Says(verdict(kind)), arrived) == [Receipt(kind, 0x0000)]
    assert len(world.files("held")) == 1
    assert Reader.open(tmp_path).status().held == 1


def test_a_rejected_object_gets_a_failure_status_and_nothing_is_kept(world: World, tmp_path: Path) -> None:
    arrived = world.arrive()
    (receipt,) = accept(world, Says(verdict(Verdict.REJECT, "no research here")), arrived)
    assert (receipt.status, receipt.comment) == (0xC000, "no research here")
    assert world.files("") == []
    assert Reader.open(tmp_path).trace(arrived.key.sop_instance) == []


def test_a_dropped_object_is_answered_with_success_and_leaves_only_a_line(world: World, tmp_path: Path) -> None:
    arrived = world.arrive()
    assert accept(world, Says(verdict(Verdict.DROP)), arrived) == [Receipt(Verdict.DROP, 0x0000)]
    assert world.files("") == []
    (story,) = Reader.open(tmp_path).trace(arrived.key.sop_instance)
    assert story.reason == "because"


def test_a_bug_while_deciding_keeps_the_image_and_holds_it(world: World) -> None:
    assert accept(world, Says(ZeroDivisionError("x")), world.arrive()) == [Receipt(Verdict.HOLD, 0x0000)]
    assert len(world.files("held")) == 1
    assert [event.name for event in world.events] == ["decision.failed", "instance.hold"]


def test_s17_an_object_that_twice_took_the_process_down_is_kept_undecided(world: World) -> None:
    arrived = world.arrive()
    crashes = {(arrived.key.sop_instance, arrived.length): 2}
    assert accept(world, Says(AssertionError("it was decided")), arrived, crashes=crashes) == [
        Receipt(Verdict.HOLD, 0x0000)
    ]
    assert world.events[-1].fields["reason"] == "decision crashed"


def test_c08_the_same_bytes_again_are_answered_and_queued_once(world: World, tmp_path: Path) -> None:
    for _ in range(3):
        accept(world, Says(None), world.arrive())
    assert len(world.files("waiting")) == 1
    (story,) = Reader.open(tmp_path).trace(world.arrive().key.sop_instance)
    assert (story.copies, len(story.deliveries)) == (3, 1)


def test_c09_the_same_uid_with_other_bytes_is_kept_and_held(world: World, tmp_path: Path) -> None:
    accept(world, Says(None), world.arrive(patient="4711"))
    (receipt,) = accept(world, Says(None), world.arrive(patient="4712"))
    assert receipt == Receipt(Verdict.HOLD, 0x0000)
    assert len(world.files("waiting")) == len(world.files("held")) == 1


def test_c09_the_same_content_in_another_transfer_syntax_is_a_duplicate(world: World, tmp_path: Path) -> None:
    first = world.arrive()
    accept(world, Says(None), first)
    receipts = accept(world, Says(None), world.arrive(syntax=IMPLICIT), world.arrive(syntax=IMPLICIT))
    assert receipts == [Receipt(Verdict.SEND, 0x0000)] * 2
    assert len(world.files("waiting")) + len(world.files("held")) == 1
    (story,) = Reader.open(tmp_path).trace(first.key.sop_instance)
    assert (story.copies, len(story.deliveries)) == (3, 1)
    assert [event.name for event in world.events] == []


def test_c09_what_cannot_be_compared_any_more_is_in_conflict(world: World) -> None:
    accept(world, Says(None), world.arrive())
    (kept,) = world.files("waiting")
    kept.unlink()
    (receipt,) = accept(world, Says(None), world.arrive(syntax=IMPLICIT))
    assert receipt == Receipt(Verdict.HOLD, 0x0000)
    assert [event.name for event in world.events] == ["instance.conflict"]


def test_c09_a_receiver_may_send_what_conflicts_and_it_is_told(world: World, tmp_path: Path) -> None:
    sends = {"modalities": Admission(conflict=Policy.SEND)}
    accept(world, Says(None), world.arrive(patient="4711"))
    (receipt,) = accept(world, Says(None), world.arrive(patient="4711", instance=1, size=8), admissions=sends)
    assert receipt == Receipt(Verdict.SEND, 0x0000)
    assert len(world.files("waiting")) == 2
    assert [event.name for event in world.events] == ["instance.conflict"]


def test_i03_a_known_study_under_another_patient_is_kept_and_held(world: World, tmp_path: Path) -> None:
    accept(world, Says(None), world.arrive(instance=1, patient="4711"))
    (receipt,) = accept(world, Says(None), world.arrive(instance=2, patient="4712"))
    assert receipt == Receipt(Verdict.HOLD, 0x0000)
    assert len(world.files("waiting")) == len(world.files("held")) == 1
    (event,) = world.events
    assert event.name == "instance.other_patient"
    assert not {"4711", "4712"} & set(map(str, event.fields.values()))


def test_i03_of_two_associations_that_bring_a_study_first_one_is_the_second(world: World) -> None:
    arriving = [world.arrive(instance=number, patient=f"47{number % 2}", calling=f"CT_{number}") for number in range(8)]
    receipts = accept(world, Says(None), *arriving)
    assert sorted(receipt.verdict for receipt in receipts) == [Verdict.HOLD] * 4 + [Verdict.SEND] * 4


def test_i09_an_element_that_stands_twice_says_nothing_about_whose_study_it_is(world: World, tmp_path: Path) -> None:
    accept(world, Says(None), world.arrive(instance=1, patient="4711"))
    twice = b"\x10\0\x20\0LO\x04\x004712"
    (receipt,) = accept(world, Says(None), world.arrive(instance=2, patient="4711", behind=twice))
    assert receipt == Receipt(Verdict.HOLD, 0x0000)
    (held,) = Reader.open(tmp_path).held()
    assert held.reason == "malformed structure"


def test_the_same_instance_from_another_application_is_an_arrival_of_its_own(world: World, tmp_path: Path) -> None:
    accept(world, Says(None), world.arrive(calling="CT_A1"))
    accept(world, Says(None), world.arrive(calling="PACS"))
    stories = Reader.open(tmp_path).trace(world.arrive().key.sop_instance)
    assert [len(story.deliveries) for story in stories] == [1, 1]


def test_instances_that_are_ready_together_are_committed_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    record = world.ledger.record
    monkeypatch.setattr(world.ledger, "record", lambda entries: groups.append(len(entries)) or record(entries))
    receipts = accept(world, Says(None), *(world.arrive(instance=number) for number in range(20)))
    assert receipts == [Receipt(Verdict.SEND, 0x0000)] * 20
    assert sum(groups) == 20
    assert len(groups) <= 4  # each of two threads begins with what is there, the rest comes together


@pytest.mark.parametrize(
    ("where", "what", "error"),
    [("spool", "commit", SpoolError("syncing: no space left")), ("ledger", "record", LedgerError("disk I/O error"))],
)
def test_s07_a_disk_that_fails_is_never_answered_with_success(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str, what: str, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(getattr(world, where), what, fails)
    receipts = accept(world, Says(None), world.arrive(instance=1), world.arrive(instance=2))
    assert [receipt.status for receipt in receipts] == [0xA700, 0xA700]
    assert world.files("incoming") == []


def test_after_a_failed_group_the_next_one_is_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    record, calls = world.ledger.record, []

    def fails_once(entries):  # type: ignore[no-untyped-def]
        calls.append(1)
        if len(calls) == 1:
            raise LedgerError("busy")
        return record(entries)

    monkeypatch.setattr(world.ledger, "record", fails_once)
    statuses = [accept(world, Says(None), world.arrive(instance=number))[0].status for number in (1, 2)]
    assert statuses == [0xA700, 0x0000]


def test_events_hold_no_patient_data(world: World) -> None:
    accept(world, Says(verdict(Verdict.QUARANTINE)), world.arrive(patient="CANARY-4711"))
    assert world.events
    assert not any("CANARY" in str(event) for event in world.events)


def test_the_decision_is_the_one_that_is_kept(world: World, tmp_path: Path) -> None:
    arrived = world.arrive()
    decision = sends(arrived, "pacs", "archive", edit=b"\x08\x00\x05\x00CS\x00\x00")
    accept(world, Says(decision), arrived)
    (story,) = Reader.open(tmp_path).trace(arrived.key.sop_instance)
    assert story.decision == decision
