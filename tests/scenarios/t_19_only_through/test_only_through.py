"""Flow 19: an archive for research gets what went through the group of its trial, and nothing else, whatever happens.

DCMTK is the modality and the research archive. Both ways in are of one study.
"""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.errors import InvalidDicomError

from dicomrules.model.delivery import State
from tests.peers.gateway import Gateway
from tests.peers.running import Running, free_port, listening, need, run, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent
EACH = 12


class Research:
    """DCMTK's storescp, which writes down what it gets."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        folder.mkdir()
        self.process = Running(
            [need("storescp"), "-aet", "RESEARCH", "-od", str(folder), str(self.port)], folder.with_suffix(".log")
        )

    def start(self) -> None:
        self.process.start()
        until(lambda: listening(self.port))

    def stop(self) -> None:
        if self.process.running():
            self.process.kill()

    def got(self) -> dict[str, str]:
        """SOP Instance UID → Patient ID of everything that lies there."""
        found = {}
        for path in self.folder.iterdir():
            with suppress(InvalidDicomError, EOFError, AttributeError):  # storescp may still be writing it
                image = pydicom.dcmread(path)
                found[str(image.SOPInstanceUID)] = str(image.PatientID)
        return found


class Site:
    """The gateway between the two, with older rules, by which the second path leaves the patient in."""

    def __init__(self, folder: Path) -> None:
        self.research = Research(folder / "research")
        self.port = free_port()
        self.gateway = Gateway(folder / "gateway", HERE, port=self.port, research=self.research.port)
        self.folder = folder

    def send(self, called: str, first: int) -> list[str]:
        """Images of the one study, called by this title; their UIDs once all of them are acknowledged."""
        images = []
        for number in range(first, first + EACH):
            image = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
            image.SOPInstanceUID = f"{image.StudyInstanceUID}.{number}"
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
            image.save_as(self.folder / f"{number}.dcm")
            images.append(str(image.SOPInstanceUID))
        paths = [self.folder / f"{number}.dcm" for number in range(first, first + EACH)]
        run(need("storescu"), "-aec", called, "127.0.0.1", str(self.port), *paths)
        return images

    def says(self, *, guarded: bool, mended: bool) -> None:
        """What gateway file and rules say from the next start or reload on."""
        text = self.gateway.file.read_text()
        self.gateway.file.write_text(text.replace("# only_through", "only_through") if guarded else text)
        rules = self.gateway.folder / "site.rules"
        old = 'when called_aet == "SECOND" => archive and research\n'
        if mended:
            rules.write_text(rules.read_text().replace(old, old.replace("research", "research through trial")))

    def states(self) -> dict[State, int]:
        return {State(name): count for name, count in self.gateway.deliveries("research").items() if count}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    with made.gateway:
        yield made
        made.research.stop()


def test_i19_older_deliveries_are_held_and_nothing_identified_arrives_through_kills_and_a_reload(site: Site) -> None:
    gateway, research = site.gateway, site.research
    pseudonymised = site.send("FIRST", 1)
    identified = site.send("SECOND", 1 + EACH)
    until(lambda: gateway.deliveries("archive")[State.SENT] == 2 * EACH, 30, "the archive")

    # The file alone, with rules that still have a way past the group: refused, and said where.
    site.says(guarded=True, mended=False)
    told = run(gateway.command[0], "-m", "dicomrules", "validate", gateway.file, ok=False).stderr
    assert "error[DR614]: `research` takes only what goes through `trial`" in told
    assert gateway.process is not None
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: "DR614" in gateway.output(), 20, "the refusal in the log")

    site.says(guarded=False, mended=True)
    gateway.process.send_signal(signal.SIGHUP)
    until(lambda: gateway.output().count("rules.in_force") >= 2, 20, "both processes have the new rules")
    research.start()
    for _ in range(3):  # in the middle of sending and holding
        until(lambda: set(site.states()) & {State.SENT, State.HELD}, 30, "the first outcomes")
        gateway.kill()
        gateway.start()
    until(lambda: site.states() == {State.SENT: EACH, State.HELD: EACH}, 60, f"all outcomes: {gateway.output()}")
    assert set(research.got()) == set(pseudonymised)
    assert set(research.got().values()) == {"LUNG-1"}

    listed = " ".join(gateway.ask("held", "list").split())
    reason = "research: takes only what goes through trial, and this did not; release decides it again"
    assert listed.count(reason) == EACH
    told = " ".join(gateway.ask("trace", identified[0]).split())
    assert "delivery to research: held, 1 attempt" in told
    assert f"1. held: {reason.removeprefix('research: ')}" in told
    assert "delivery to archive: sent" in told
    assert "so far nothing of it is sent" not in told


def test_i19_no_person_sends_it_past_the_group_and_release_sends_it_through(site: Site) -> None:
    gateway, research = site.gateway, site.research
    identified = site.send("SECOND", 1)
    research.start()
    until(lambda: site.states() == {State.SENT: EACH}, 30, "sent before anybody asked for a group")
    assert set(research.got().values()) == {"1CT1"}
    for path in research.folder.iterdir():
        path.unlink()

    gateway.stop()
    site.says(guarded=True, mended=True)
    gateway.start()
    study = str(pydicom.dcmread(site.folder / "1.dcm").StudyInstanceUID)
    told = " ".join(gateway.ask("resend", study, ok=False).split())
    assert told.count("research takes only what goes through trial, and what it got did not") == EACH

    later = site.send("FIRST", 1 + EACH)
    until(lambda: set(research.got()) == set(later), 30, "what comes now")
    gateway.ask("resend", study, "--reroute")
    until(lambda: set(research.got()) == {*identified, *later}, 60, "all of the study, through the group")
    assert set(research.got().values()) == {"LUNG-1"}
    assert State.HELD not in site.states()


def test_i19_as_received_is_refused_for_research_and_done_for_the_archive(site: Site) -> None:
    gateway = site.gateway
    (identified, *_) = site.send("SECOND", 1)
    gateway.stop()
    site.says(guarded=True, mended=True)
    site.research.start()
    gateway.start()
    until(lambda: site.states() == {State.HELD: EACH}, 30, "held")
    words = ("held", "release", identified, "--as-received", "--reason", "a trial", "--to")
    refused = run(gateway.command[0], "-m", "dicomrules", *words, "research", "--gateway", gateway.file, ok=False)
    assert refused.returncode == 2
    assert "research takes only what goes through trial: nothing leaves for it as received" in refused.stderr
    run(gateway.command[0], "-m", "dicomrules", *words, "archive", "--gateway", gateway.file)
    assert site.research.got() == {}
