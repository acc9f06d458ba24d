"""Storage commitment with pynetdicom in both roles: what is asked of us (C-14), what we ask of others (D-19)."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.faults.senders import image
from tests.peers.committing import CT, Modality, Pacs
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until

SITE = Path(__file__).with_name("committing")
NO_SUCH_INSTANCE, CLASS_CONFLICT, PROCESSING_FAILURE, RESOURCES = 0x0112, 0x0119, 0x0110, 0x0213


class Site:
    """A gateway, the PACS behind it, and the modality before it."""

    def __init__(self, folder: Path, timeout: str = "1h") -> None:
        self.early, self.late, pacs, modality = (free_port() for _ in range(4))
        names = {"early": self.early, "late": self.late, "pacs": pacs, "modality": modality, "timeout": timeout}
        self.gateway = Gateway(folder / "gateway", SITE, **names)
        self.pacs = Pacs(pacs, self.early)
        self.modality = Modality(self.early, port=modality)

    def __enter__(self) -> "Site":
        self.gateway.__enter__()
        self.modality.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.modality.__exit__()
        self.gateway.__exit__()

    def stands(self, **states: int) -> bool:
        """Whether deliveries to the PACS are in these states, and in no others."""
        found = {state: count for state, count in self.gateway.deliveries("pacs").items() if count}
        return found == states


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Reports may take an hour."""
    with Site(tmp_path) as made:
        yield made


def ct(number: int = 1, patient: str = "P1") -> Dataset:
    """A CT image, the same for the same number."""
    _, data = image(patient, number, 2000)
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
    assert site.modality.roles_proposed == [(False, True)]


def test_c14_a_peer_that_stays_is_told_on_the_same_association(site: Site) -> None:
    uids = site.modality.store(ct(1))
    _, transaction = site.modality.ask(pairs(uids), stay=lambda: site.modality.told)
    assert site.modality.report_on(transaction).where == "same"


def test_d19_what_a_destination_has_stored_is_sent_when_it_has_committed_itself(site: Site) -> None:
    with site.pacs:
        uids = site.modality.store(ct(1), ct(2))
        until(lambda: site.stands(sent=2), 30, "both committed")
        assert sorted(uid for question in site.pacs.questions for _, uid in question.instances) == sorted(uids)
        assert set(site.pacs.statuses) == {0}
        assert set(site.pacs.roles_answered) == {(False, True)}
    story = site.gateway.ask("trace", uids[0])
    assert "committed by the destination" in story
