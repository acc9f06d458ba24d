"""Storage commitment with pynetdicom in both roles: what is asked of us (C-14), what we ask of others (D-19)."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from tests.faults.senders import image
from tests.peers.committing import CT, Modality, Pacs, Question, commits, never, reference
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until

SITE = Path(__file__).with_name("committing")
ON_THEIR_WAY = ("queued", "sending", "deferred", "stored")
NO_SUCH_INSTANCE, CLASS_CONFLICT, PROCESSING_FAILURE, RESOURCES = 0x0112, 0x0119, 0x0110, 0x0213


class Site:
    """A gateway, the PACS behind it, and the modality before it; for one test after the other, which each `begin`."""

    def __init__(self, folder: Path, timeout: str = "1h") -> None:
        self.early, self.late, pacs, modality, self.second = (free_port() for _ in range(5))
        ports = {"early": self.early, "late": self.late, "pacs": pacs, "modality": modality, "second": self.second}
        self.gateway = Gateway(folder / "gateway", SITE, **ports, timeout=timeout)
        self.pacs = Pacs(pacs, self.early)
        self.modality = Modality(self.early, port=modality)
        self._before: dict[str, int] = {}
        self._said = 0

    def __enter__(self) -> "Site":
        self.gateway.__enter__()
        self.modality.__enter__()
        self.pacs.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.pacs.__exit__()
        self.modality.__exit__()
        self.gateway.__exit__()

    def begin(self) -> "Site":
        """Nothing of the test before is under way; from here on its traces do not count."""
        until(lambda: not any(self._deliveries().get(name) for name in ON_THEIR_WAY), 40, "the test before to be over")
        self._before, self._said = self._deliveries(), len(self.gateway.output())
        self.pacs.begin()
        self.modality.told.clear()
        self.modality.roles_proposed.clear()
        return self

    def stands(self, **states: int) -> bool:
        """Whether deliveries of this test to the PACS are in these states, and in no others."""
        grown = {state: count - self._before.get(state, 0) for state, count in self._deliveries().items()}
        return {state: count for state, count in grown.items() if count} == states

    def said(self) -> str:
        """What the gateway has said during this test."""
        return self.gateway.output()[self._said :]

    def _deliveries(self) -> dict[str, int]:
        return self.gateway.deliveries("pacs")


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Reports may take an hour."""
    with Site(tmp_path_factory.mktemp("patient")) as made:
        yield made


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Whoever does not report within a second is asked again."""
    with Site(tmp_path_factory.mktemp("impatient"), timeout="1s") as made:
        yield made


@pytest.fixture
def site(patient: Site) -> Site:
    """Reports may take an hour."""
    return patient.begin()


@pytest.fixture
def hasty(impatient: Site) -> Site:
    """Whoever does not report within a second is asked again."""
    return impatient.begin()


def ct(number: int, patient: str = "") -> Dataset:
    """A CT image, of another study every time unless a patient is said."""
    _, data = image(patient or uuid.uuid4().hex, number, 2000)
    found = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data), force=True)
    found.file_meta = pydicom.dataset.FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return found


def pairs(uids: list[str]) -> list[tuple[str, str]]:
    return [(CT, uid) for uid in uids]


def test_c14_what_is_safe_here_is_committed_on_a_new_association(site: Site) -> None:
    uids = site.modality.store(ct(1), ct(2))
    status, transaction = site.modality.ask(pairs(uids))
    told = site.modality.report_on(transaction)
    assert status == 0
    assert (told.event_type, told.committed, told.failed) == (1, tuple(pairs(uids)), ())
    assert (told.where, told.calling_aet) == ("new", "DICOMRULES")
    assert site.modality.roles_proposed[-1] == (False, True)


def test_c14_a_peer_that_stays_is_told_on_the_same_association(site: Site) -> None:
    uids = site.modality.store(ct(1))
    before = len(site.modality.told)
    _, transaction = site.modality.ask(pairs(uids), stay=lambda: len(site.modality.told) > before)
    assert site.modality.report_on(transaction).where == "same"


def test_d19_what_a_destination_has_stored_is_sent_when_it_has_committed_itself(site: Site) -> None:
    uids = site.modality.store(ct(1), ct(2))
    until(lambda: site.stands(sent=2), 30, "both committed")
    assert sorted(uid for question in site.pacs.questions for _, uid in question.instances) == sorted(uids)
    assert set(site.pacs.statuses) == {0}
    assert set(site.pacs.roles_answered) == {(False, True)}
    story = site.gateway.ask("trace", uids[0])
    assert "committed by the destination" in story


# What peers ask of us


def test_c14_unknown_wrong_class_another_senders_and_what_goes_nowhere_are_not_committed(site: Site) -> None:
    known, of_no_destination = ct(1), ct(2)
    of_no_destination.Modality = "OT"
    site.modality.store(known, of_no_destination)
    other = Modality(site.early, aet="MUTE")
    (others,) = other.store(ct(3))
    uid = str(known.SOPInstanceUID)
    asked = [(CT, uid), (CT, "1.2.3.4"), (CT, others), (CT, str(of_no_destination.SOPInstanceUID))]
    told = site.modality.report_on(site.modality.ask(asked)[1])
    assert (told.event_type, told.committed) == (2, ((CT, uid),))
    assert told.failed == tuple((*one, NO_SUCH_INSTANCE) for one in asked[1:])
    told = site.modality.report_on(site.modality.ask([(str(MRImageStorage), uid)])[1])
    assert (told.committed, told.failed) == ((), ((str(MRImageStorage), uid, CLASS_CONFLICT),))


def test_c14_asked_before_the_data_arrived_it_is_not_committed_and_afterwards_it_is(site: Site) -> None:
    image_of_later = ct(1)
    asked = pairs([str(image_of_later.SOPInstanceUID)])
    told = site.modality.report_on(site.modality.ask(asked)[1])
    assert told.failed == ((*asked[0], NO_SUCH_INSTANCE),)
    site.modality.store(image_of_later)
    told = site.modality.report_on(site.modality.ask(asked)[1])
    assert told.committed == tuple(asked)


def test_c14_a_transaction_uid_stands_for_one_list(site: Site) -> None:
    uids = site.modality.store(ct(1), ct(2))
    status, transaction = site.modality.ask(pairs(uids[:1]))
    assert status == 0
    site.modality.report_on(transaction)
    assert site.modality.ask(pairs(uids), transaction)[0] == 0x0131
    assert site.modality.ask(pairs(uids[:1]), transaction)[0] == 0  # its report may have been lost: made once more
    told = until(lambda: [one for one in site.modality.told if one.transaction == transaction][1:], 20, "once more")
    assert told[0].committed == tuple(pairs(uids[:1]))


def test_c14_what_is_no_request_is_answered_with_what_is_wrong(site: Site) -> None:
    association = site.modality.associate()
    asked = Dataset()
    asked.TransactionUID = "1.2.3"
    asked.ReferencedSOPSequence = [reference(CT, "1.2.3.4")]

    def answer(data: Dataset, action: int = 1, instance: str = StorageCommitmentPushModelInstance) -> int:
        status, _ = association.send_n_action(data, action, StorageCommitmentPushModel, instance)
        return int(status.Status)

    assert answer(asked, action=2) == 0x0123
    assert answer(asked, instance="1.2.3.4") == 0x0112
    for broken in ("TransactionUID", "ReferencedSOPSequence"):
        without = Dataset(dict(asked))
        del without[broken]
        assert answer(without) == 0x0115
    asked.ReferencedSOPSequence = [reference(CT, f"1.2.3.{number}") for number in range(8001)]
    assert answer(asked) == 0x0213
    association.release()
    assert all(one.transaction != "1.2.3" for one in site.modality.told)


def test_c14_a_peer_without_a_port_is_told_only_while_it_stays(site: Site) -> None:
    mute = Modality(site.early, aet="MUTE")
    uids = mute.store(ct(1))
    with mute:
        mute.ask(pairs(uids))
        until(lambda: "has no address to go to" in site.said(), 20, "the event")
        assert "nowhere" in site.gateway.ask("status")
        assert "MUTE" in site.gateway.ask("status")
        mute.ask(pairs(uids), stay=lambda: mute.told)
    assert [one.where for one in mute.told] == ["same"]


def test_c14_a_kill_between_request_and_report_costs_no_report(site: Site) -> None:
    second = Modality(site.early, aet="CT_A2", port=site.second)
    uids = second.store(ct(1))  # nobody listens for the report yet
    until(lambda: site.stands(sent=1), 30, "the PACS to have told us what it keeps")
    status, transaction = second.ask(pairs(uids))
    assert status == 0
    site.gateway.kill()
    site.gateway.start()
    until(lambda: "could not be made, and is tried again" in site.said(), 30, "a report that nobody takes")
    site.gateway.kill()
    site.gateway.start()
    with second:
        assert second.report_on(transaction, 60).committed == tuple(pairs(uids))


def test_c14_a_report_that_the_peer_does_not_take_is_made_again(site: Site) -> None:
    uids = site.modality.store(ct(1))
    site.modality.answers_report = 0x0110
    _, transaction = site.modality.ask(pairs(uids), stay=lambda: site.modality.told)
    until(lambda: "did not take its report" in site.said(), 20, "the event")
    site.modality.answers_report = 0x0000
    until(lambda: [one.where for one in site.modality.told] == ["same", "new"], 60, "the report once more")
    assert {one.transaction for one in site.modality.told} == {transaction}


def test_c14_by_policy_delivered_the_report_waits_for_the_destinations(hasty: Site) -> None:
    hasty.pacs.answering = never
    asking = Modality(hasty.late)
    uids = asking.store(ct(1))
    _, transaction = asking.ask(pairs(uids))
    until(lambda: len(hasty.pacs.questions) >= 2, 30, "two questions to the destination")
    assert hasty.stands(stored=1)
    assert hasty.modality.told == []
    hasty.pacs.answering = commits
    assert hasty.modality.report_on(transaction).committed == tuple(pairs(uids))
    assert hasty.stands(sent=1)


# What we ask of destinations


def test_d19_a_report_on_the_same_association_counts(site: Site) -> None:
    site.pacs.answering = lambda pacs, question, over: pacs.report(
        question.transaction, question.instances, association=over
    )
    site.modality.store(ct(1))
    until(lambda: site.stands(sent=1), 30, "committed")
    assert site.pacs.roles_answered == []  # no association of its own


def test_d19_what_is_not_committed_is_sent_again_and_the_rest_is_done(site: Site) -> None:
    def first_without_one(pacs: Pacs, question: Question, over: Any) -> None:
        if len(pacs.questions) > 1:
            commits(pacs, question, over)
            return
        pacs.report(question.transaction, question.instances[1:], [(*question.instances[0], NO_SUCH_INSTANCE)])

    site.pacs.answering = first_without_one
    uids = site.modality.store(*(ct(number, "P1") for number in range(3)))
    until(lambda: site.stands(sent=3), 40, "all committed")
    again = [uid for uid in uids if site.pacs.stored.count(uid) == 2]
    assert len(again) == 1
    assert sorted(site.pacs.stored) == sorted([*uids, *again])
    assert "0x0112 no such object instance: sent again" in " ".join(site.gateway.ask("trace", again[0]).split())


def test_d19_three_refusals_for_good_are_believed(site: Site) -> None:
    site.pacs.answering = lambda pacs, question, over: pacs.report(
        question.transaction, failed=[(*one, CLASS_CONFLICT) for one in question.instances]
    )
    (uid,) = site.modality.store(ct(1))
    until(lambda: site.stands(failed=1), 40, "failed")
    assert site.pacs.stored == [uid] * 3


def test_d19_no_report_means_asked_again_and_a_late_one_still_counts(hasty: Site) -> None:
    hasty.pacs.answering = never
    hasty.modality.store(ct(1))
    until(lambda: len(hasty.pacs.questions) >= 3, 30, "asked three times")
    assert len({question.transaction for question in hasty.pacs.questions}) == len(hasty.pacs.questions)
    assert hasty.stands(stored=1)
    first = hasty.pacs.questions[0]
    hasty.pacs.report(first.transaction, first.instances)
    until(lambda: hasty.stands(sent=1), 20, "committed")
    assert hasty.pacs.stored.count(first.instances[0][1]) == 1


def test_d19_reports_that_come_twice_on_nothing_of_ours_or_from_others_are_ignored(site: Site) -> None:
    site.pacs.answering = never
    stranger = Pacs(free_port(), site.early, aet="CT_A1")
    site.modality.store(ct(1))
    until(lambda: site.pacs.questions, 30, "the question")
    (question,) = site.pacs.questions
    site.pacs.report("1.2.3.4.5", question.instances)
    stranger.report(question.transaction, question.instances)
    assert site.said().count("that we never asked of this application") == 2
    assert site.stands(stored=1)
    site.pacs.report(question.transaction, question.instances)
    assert site.stands(sent=1)  # durable before it is answered
    site.pacs.report(question.transaction, failed=[(*one, PROCESSING_FAILURE) for one in question.instances])
    assert site.stands(sent=1)
    assert "came a second time" in site.said()
    assert [*site.pacs.statuses, *stranger.statuses] == [0, 0, 0, 0]


def test_d19_bytes_are_kept_until_committed_and_a_kill_changes_nothing(site: Site) -> None:
    site.pacs.answering = never
    waiting = site.gateway.folder / "var/spool/waiting"
    before = set(waiting.rglob("*.dcm"))
    site.modality.store(ct(1))
    until(lambda: site.pacs.questions, 30, "the question")
    site.gateway.kill()
    site.gateway.start()
    assert site.stands(stored=1)
    assert len(set(waiting.rglob("*.dcm")) - before) == 1
    (question,) = site.pacs.questions
    site.pacs.report(question.transaction, question.instances)
    until(lambda: site.stands(sent=1), 20, "committed")
    assert len(site.pacs.stored) == 1


def test_d19_a_destination_that_does_not_know_the_service_keeps_everything_stored(site: Site) -> None:
    site.pacs.action_status = RESOURCES
    site.modality.store(ct(1))
    until(lambda: "could not be asked for storage commitment" in site.said(), 30, "the event")
    assert site.stands(stored=1)
    site.pacs.action_status = 0
    until(lambda: site.stands(sent=1), 30, "committed")
