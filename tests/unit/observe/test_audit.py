"""The audit trail: which events are told, and as what."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from dicomrules.model.event import Event, Level
from dicomrules.observe.audit import AuditTrail
from dicomrules.observe.audit_message import START, WITHHELD, Application, Transfer, Writer
from dicomrules.observe.syslog import record
from dicomrules.observe.transfers import LONGEST, QUIET
from dicomrules.wire.associate import CALLING_AET_UNKNOWN, CONGESTED

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CT = "1.2.840.10008.5.1.4.1.1.2"
SCHEMA = Path(__file__).resolve().parents[4] / "shared" / "standard" / "audit-message.xsd"
WRITER = Writer("north-hospital", "dicomrules north-hospital")


class Trail:
    """An audit trail with a clock of its own, and what it kept."""

    def __init__(self) -> None:
        self.now = NOW
        self.kept: list[bytes] = []
        pacs = {"pacs": Application("PACS", "10.1.1.1")}
        own = Application("DICOMRULES", "")
        self.trail = AuditTrail(WRITER, self.kept.extend, own, pacs, now=lambda: self.now)

    def received(self, study: str = "1.2", arrival: str = "new") -> None:
        fields = {"calling_aet": "CT_A1", "called_aet": "DICOMRULES", "address": "10.20.3.4", "arrival": arrival}
        self.trail(Event("instance.received", Level.DEBUG, "", {**fields, "study": study, "sop_class": CT}))

    def sent(self, study: str = "1.2") -> None:
        fields = {"destination": "pacs", "study": study, "sop_class": CT}
        self.trail(Event("instance.sent", Level.DEBUG, "", fields))

    def after(self, length: timedelta) -> None:
        self.now += length
        self.trail.tick()

    def told(self) -> list[tuple[str, str, dict[str, str]]]:
        """Event, action, and how many instances of what, of every message kept."""
        found = []
        for message in map(xml.fromstring, self.kept):
            event = message.find("EventIdentification")
            assert event is not None
            code = event.find("EventID")
            assert code is not None
            counts = {one.attrib["UID"]: one.attrib.get("NumberOfInstances", "") for one in message.iter("SOPClass")}
            found.append((code.attrib["originalText"], event.attrib["EventActionCode"], counts))
        return found


def test_l04_a_study_that_came_is_a_beginning_and_an_end() -> None:
    trail = Trail()
    for _ in range(3):
        trail.received()
    assert trail.told() == [("Begin Transferring DICOM Instances", "E", {CT: ""})]
    trail.after(QUIET + timedelta(seconds=1))
    assert trail.told()[1:] == [("DICOM Instances Transferred", "C", {CT: "3"})]


def test_l04_one_message_is_about_one_study_and_so_about_one_patient() -> None:
    trail = Trail()
    trail.received("1.2")
    trail.received("1.3")
    trail.after(QUIET + timedelta(seconds=1))
    studies = [
        {one.attrib["ParticipantObjectID"] for one in message.iter("ParticipantObjectIdentification")}
        for message in map(xml.fromstring, trail.kept)
    ]
    assert studies == [{"1.2", WITHHELD}, {"1.3", WITHHELD}] * 2


def test_what_was_there_already_is_told_as_read() -> None:
    trail = Trail()
    trail.received(arrival="duplicate")
    trail.after(QUIET + timedelta(seconds=1))
    assert [action for _, action, _ in trail.told()] == ["E", "R"]


def test_what_was_sent_names_the_application_behind_the_destination() -> None:
    trail = Trail()
    trail.sent()
    (begin,) = map(xml.fromstring, trail.kept)
    sides = {one.attrib["UserID"]: one[0].attrib["originalText"] for one in begin.iter("ActiveParticipant")}
    assert sides == {"DICOMRULES": "Source Role ID", "PACS": "Destination Role ID"}


def test_a_long_transfer_is_told_in_parts() -> None:
    trail = Trail()
    for _ in range(int(LONGEST / QUIET) + 6):
        trail.received()
        trail.after(QUIET - timedelta(seconds=1))
    ends = [one for one in trail.told() if one[0] == "DICOM Instances Transferred"]
    assert ends


def test_l04_somebody_who_may_not_is_a_security_alert_and_a_full_disk_is_none() -> None:
    trail = Trail()
    fields = {"calling_aet": "EVIL\x00<b>", "address": "10.9.9.9"}
    trail.trail(Event("association.rejected", Level.WARNING, CALLING_AET_UNKNOWN.meaning, fields))
    trail.trail(Event("association.rejected", Level.WARNING, CONGESTED.meaning, fields))
    trail.trail(Event("tls.refused", Level.WARNING, "no", {"address": "10.9.9.9", "why": "its certificate is refused"}))
    assert [event for event, _, _ in trail.told()] == ["Security Alert"] * 2
    assert "EVIL\ufffd<b>" in [one.attrib["UserID"] for one in xml.fromstring(trail.kept[0]).iter("ActiveParticipant")]


def test_what_is_under_way_is_told_at_the_end() -> None:
    trail = Trail()
    trail.received()
    trail.trail.close()
    assert [event for event, _, _ in trail.told()][-1] == "DICOM Instances Transferred"


def messages() -> list[bytes]:
    """One of each kind."""
    transfer = Transfer(Application("CT_A1", "10.20.3.4"), Application("", "https://vna.example"), "1.2.3", {CT: 7})
    return [
        WRITER.activity(START, ["DICOMRULES"], NOW),
        WRITER.begin(transfer, NOW),
        WRITER.transferred(transfer, NOW),
        WRITER.transferred(transfer, NOW, again=True),
        WRITER.alert(Application("", "10.9.9.9"), "why not", NOW),
    ]


def test_the_elements_of_a_message_stand_in_the_order_of_the_schema() -> None:
    order = ["EventIdentification", "ActiveParticipant", "AuditSourceIdentification", "ParticipantObjectIdentification"]
    for message in map(xml.fromstring, messages()):
        places = [order.index(one.tag) for one in message]
        assert places == sorted(places)
        assert set(order[:3]) <= {one.tag for one in message}


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema of audit messages is not beside the project")
def test_l04_messages_fit_the_schema_of_ps3_15() -> None:
    schema = pytest.importorskip("xmlschema").XMLSchema(SCHEMA)
    for message in messages():
        assert [str(error) for error in schema.iter_errors(message.decode())] == []


def test_l03_a_message_is_framed_by_its_length_and_says_what_it_is() -> None:
    framed = record("<é/>".encode(), NOW, "gw north.example", "north hospital")
    length, _, line = framed.partition(b" ")
    assert int(length) == len(line)
    assert line.startswith(b"<85>1 2026-11-23T10:00:00.000Z gw_north.example north_hospital ")
    assert line.endswith(b" DICOM+RFC3881 - \xef\xbb\xbf<\xc3\xa9/>")
