"""I-06, I-16, I-18: what rules make of objects, in a gateway that is at work and beside one."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from click.testing import CliRunner

from dicomrules.cli.main import main
from tests.faults.processes import delivered, peer_at
from tests.faults.senders import image
from tests.faults.test_log import encoded
from tests.oracle.images import patient_in_pixels
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

SITE = Path(__file__).parent / "rewriting"
SALT = {"SALT": "the salt of this site"}


@dataclass
class Site:
    """A gateway that gives patients pseudonyms, and the sink behind it."""

    gateway: Gateway
    port: int
    sink: Sink

    def left(self, received: str) -> bytes | None:
        """What left of an object; the pixels say which one it was."""
        found = [one.data_set for one in self.sink.acknowledged() if patient_in_pixels(one.data_set)[1] == received]
        return found[0] if found else None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    with Sink(keep=True) as sink:
        gateway = Gateway(tmp_path_factory.mktemp("rewriting") / "gateway", SITE, port=port, sink=sink.port)
        gateway.env |= SALT
        with pytest.MonkeyPatch.context() as patched, gateway:
            patched.setenv("SALT", SALT["SALT"])  # for the commands
            yield Site(gateway, port, sink)


def test_i06_the_first_images_of_a_patient_that_come_at_once_get_one_pseudonym_and_one_study(site: Site) -> None:
    images = [image("PATNEW", number, 2000) for number in range(16)]
    together = threading.Barrier(8)

    def send(part: int) -> None:
        with peer_at(site.port, f"CT_{part}") as peer:
            together.wait(20)
            for uid, data in images[part::8]:
                assert peer.store(uid, data) == 0

    senders = [threading.Thread(target=send, args=(part,)) for part in range(8)]
    for each in senders:
        each.start()
    for each in senders:
        each.join(30)
    until(lambda: all(site.left(uid) for uid, _ in images), 20, "all of them")
    left = [pydicom.dcmread(BytesIO(site.left(uid) or b""), force=True) for uid, _ in images]
    assert len({(one.PatientID, one.StudyInstanceUID, one.SeriesInstanceUID) for one in left}) == 1
    assert len({one.SOPInstanceUID for one in left}) == 16
    assert left[0].PatientID != "PATNEW"


def test_i16_an_object_on_which_a_later_rule_fails_leaves_nothing_of_what_earlier_ones_did(site: Site) -> None:
    uid, data = image("PATHALF", 1, 2000)
    one = pydicom.dcmread(BytesIO(data), force=True)
    one.StudyDescription = "much longer than the sixteen characters of a station"
    data = encoded(one)
    with peer_at(site.port) as peer:
        assert peer.store(uid, data) == 0
    until(lambda: uid in site.gateway.ask("held", "list"), 10, "held")
    assert "the description is no name of a station" in " ".join(site.gateway.ask("held", "list").split())
    (kept,) = [
        file for file in (site.gateway.folder / "var/spool/held").rglob("*.dcm") if uid.encode() in file.read_bytes()
    ]
    assert data in kept.read_bytes(), "the bytes as they came"
    assert site.left(uid) is None
    site.gateway.ask("held", "release", uid, "--as-received", "--to", "sink", "--reason", "a test")
    until(lambda: uid in delivered(site.sink), 10, "the object as received, when a person says so")
    assert site.left(uid) == data


def test_i18_explain_and_apply_say_and_make_what_the_gateway_does(site: Site, tmp_path: Path) -> None:
    uid, data = image("PATDRY", 1, 20_000)
    with peer_at(site.port) as peer:
        assert peer.store(uid, data) == 0
    until(lambda: site.left(uid), 10, "at the destination")
    file = tmp_path / "one.dcm"
    one = pydicom.dcmread(BytesIO(data), force=True)
    one.file_meta = pydicom.dataset.FileMetaDataset()
    one.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    one.save_as(file, enforce_file_format=True)
    assert file.read_bytes().endswith(data)
    who = ["--calling", "CT_A1", "--called", "DICOMRULES", "--rules", str(site.gateway.folder / "site.rules")]
    ran = CliRunner().invoke(main, ["apply", *who, "--workers", "1", "-o", str(tmp_path / "out"), str(file)])
    assert ran.exit_code == 0, ran.output
    made = (tmp_path / "out/one.dcm").read_bytes()
    left = site.left(uid) or b""
    assert made.endswith(left), "the data set of the file, byte for byte"
    assert len(made) - len(left) < 1000, "and before it the file meta information alone"
    ran = CliRunner().invoke(main, ["explain", *who, "--format", "json", str(file)])
    assert ran.exit_code == 0, ran.output
    explained = json.loads(ran.stdout)
    (lived,) = json.loads(site.gateway.ask("trace", uid, "--format", "json"))
    assert changes(explained) == changes(lived["decision"])
    assert hashlib.sha256(left).hexdigest() in {one.sha256 for one in site.sink.stored}


def changes(decision: dict[str, list[dict[str, object]]]) -> list[object]:
    """What was changed in what leaves, and where it goes."""
    return [(one["changes"], one["destinations"]) for one in decision["variants"]]
