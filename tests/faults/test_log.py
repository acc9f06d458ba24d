"""L-01: patients' names in every object, every error on purpose, and not one of the names in the log."""

import struct
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from tests.faults.processes import peer_at
from tests.faults.senders import image
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import c_store_rq, p_data, pdv
from tests.peers.running import dicomrules, until
from tests.peers.sink import Behaviour, Sink

SITE = Path(__file__).parent / "log"
CANARY = "CANARY"


def canary(number: int, **changed: str) -> tuple[str, bytes]:
    """An image full of the canary: name, number, birth date, comments."""
    uid, data = image(f"{CANARY}{number}", number, 2000)
    one = pydicom.dcmread(BytesIO(data), force=True)
    one.PatientName = f"{CANARY}^Tweety"
    one.PatientComments = one.StudyDescription = one.AccessionNumber = f"{CANARY} 4711"
    for keyword, value in changed.items():
        setattr(one, keyword, value)
    return uid, encoded(one)


def encoded(one: Dataset) -> bytes:
    written = BytesIO()
    pydicom.dcmwrite(written, one, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return written.getvalue()


def test_l01_no_error_path_writes_a_patient_into_the_log(tmp_path: Path, port: int) -> None:
    sink = Sink(Behaviour(connect="close"))
    with sink, Gateway(tmp_path / "gateway", SITE, port=port, sink=sink.port) as gateway:
        uid = send_what_goes_wrong(port)
        drop_what_goes_wrong(gateway)
        until(lambda: "no connection" in gateway.output() or "closed" in gateway.output(), 10, "a failed delivery")
        sink.behaviour = Behaviour(status=0xC000)
        until(lambda: gateway.deliveries("sink")["failed"], 15, "a delivery that was refused for good")
        gateway.ask("trace", uid)
    assert CANARY not in gateway.output()
    assert gateway.output().count("\n") > 10, "the log says hardly anything: the test says nothing"
    for reason in (gateway.folder / "failed").glob("*.reason.txt"):
        assert CANARY not in reason.read_text()


def send_what_goes_wrong(port: int) -> str:
    """Every way in which an object is refused or held; and one that is not, whose UID is returned."""
    with peer_at(port) as peer:
        for number, word in enumerate(("REJECT", "QUARANTINE", "DROP"), 1):
            peer.store(*canary(number, SeriesDescription=word))
        uid, whole = canary(4)
        assert peer.store(uid, whole[:-700]) == 0xC000
        assert peer.store("1.2.3.4", whole) == 0xA900
        assert peer.store(uid, whole.replace(b"CANARY^Tweety", b"\xff\xfe^\x1b\x00Tweet   ")) == 0
        assert peer.store(uid, whole) == 0  # a conflict now
        assert peer.store(uid, CANARY.encode() * 100) == 0xC000
        assert peer.store(*canary(5)) == 0  # held: too long
        fine, data = canary(6, PatientID="")
        assert peer.store(fine, data) == 0
    with peer_at(port, CANARY[:4] + "_AE") as peer:
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.9"))), p_data(pdv(1, 0, canary(7)[1][:900])))
        peer.reset()
    with peer_at(port) as peer:
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.9")) + struct.pack(">L", 99) + canary(8)[1][:300]))
        peer.closed_within(5)
    return fine


def drop_what_goes_wrong(gateway: Gateway) -> None:
    """The same by folder, under names that hold a patient."""
    folder = gateway.folder / "in"
    folder.mkdir(exist_ok=True)
    _, whole = canary(9, PatientID="")
    (folder / f"{CANARY}^cut.dcm").write_bytes(whole[:-500])
    (folder / f"{CANARY} garbage.dcm").write_bytes(CANARY.encode() * 200)
    (folder / f"{CANARY}.whole.dcm").write_bytes(whole)
    (folder / f"{CANARY}.dcm").mkdir()
    until(lambda: len(list((gateway.folder / "failed").glob("*.reason.txt"))) == 2, 15, "both bad files set aside")


def test_l01_errors_of_commands_name_files_and_no_patient(tmp_path: Path) -> None:
    _, whole = canary(1, PatientID="X" * 70)
    cut, good = tmp_path / "cut.dcm", tmp_path / "good.dcm"
    cut.write_bytes(whole[:-100])
    good.write_bytes(whole)
    for command in (("apply", cut, good, "-o", tmp_path / "out"), ("explain", cut)):
        ended = dicomrules(*command, "--rules", SITE / "site.rules", ok=False)
        assert CANARY not in ended.stdout + ended.stderr
