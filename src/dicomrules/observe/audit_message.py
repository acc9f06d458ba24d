"""Audit messages (PS3.15 A.5) as XML, one function for each kind that a gateway writes.

Codes are those of PS3.16 CID 400 to 403. A study is named by its UID, a patient is not: the audit trail leaves the
state folder, and the study leads to the patient in the archive. The patient's participant object says `WITHHELD`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as xml

WITHHELD = "withheld"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Code = tuple[str, str]

APPLICATION_ACTIVITY: Code = ("110100", "Application Activity")
BEGIN_TRANSFERRING: Code = ("110102", "Begin Transferring DICOM Instances")
INSTANCES_TRANSFERRED: Code = ("110104", "DICOM Instances Transferred")
SECURITY_ALERT: Code = ("110113", "Security Alert")
START: Code = ("110120", "Application Start")
STOP: Code = ("110121", "Application Stop")
NODE_AUTHENTICATION: Code = ("110126", "Node Authentication")
_APPLICATION: Code = ("110150", "Application")
_DESTINATION: Code = ("110152", "Destination Role ID")
_SOURCE: Code = ("110153", "Source Role ID")
_STUDY: Code = ("110180", "Study Instance UID")
_NODE: Code = ("110182", "Node ID")
_PATIENT: Code = ("2", "Patient Number")


@dataclass(frozen=True, slots=True)
class Application:
    """One side of a transfer: its AE title (empty where it has none) and its host, or whatever else names its place."""

    aet: str
    host: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Instances of one study that go from one application to another. `counts`: instances by SOP Class UID."""

    source: Application
    destination: Application
    study: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the messages of one gateway: `source` is the audit source, `own` the process that reports."""

    source: str
    own: str

    def activity(self, kind: Code, aets: Sequence[str], at: datetime) -> bytes:
        """The gateway has started, or is stopping (A.5.3.1)."""
        message = _message(APPLICATION_ACTIVITY, "E", at, kind)
        _participant(message, self.own, _APPLICATION, alternative="AETITLES=" + ";".join(aets))
        self._by(message)
        return _encoded(message)

    def begin(self, transfer: Transfer, at: datetime) -> bytes:
        """Instances of a study begin to go (A.5.3.3)."""
        return self._transfer(_message(BEGIN_TRANSFERRING, "E", at), transfer)

    def transferred(self, transfer: Transfer, at: datetime, *, again: bool = False) -> bytes:
        """Instances of a study have gone (A.5.3.7). `again`: who receives them had them already."""
        return self._transfer(_message(INSTANCES_TRANSFERRED, "R" if again else "C", at), transfer)

    def alert(self, who: Application, what: str, at: datetime) -> bytes:
        """Somebody who may not was refused (A.5.3.11)."""
        message = _message(SECURITY_ALERT, "E", at, NODE_AUTHENTICATION, outcome="4", description=what)
        _participant(message, self.own)
        _participant(message, who.aet or who.host, alternative=_title(who.aet), host=who.host)
        self._by(message)
        _described(_object(message, who.host, _NODE, ("2", "13")), "")
        return _encoded(message)

    def _transfer(self, message: xml.Element, transfer: Transfer) -> bytes:
        for role, side in ((_SOURCE, transfer.source), (_DESTINATION, transfer.destination)):
            _participant(message, side.aet or side.host, role, alternative=_title(side.aet), host=side.host)
        self._by(message)
        study = _object(message, transfer.study, _STUDY, ("2", "3"))
        _described(study, transfer.study, transfer.counts)
        _described(_object(message, WITHHELD, _PATIENT, ("1", "1")), transfer.study)
        return _encoded(message)

    def _by(self, message: xml.Element) -> None:
        source = xml.SubElement(message, "AuditSourceIdentification", AuditSourceID=_clean(self.source))
        xml.SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})


def _message(
    event: Code, action: str, at: datetime, *types: Code, outcome: str = "0", description: str = ""
) -> xml.Element:
    message = xml.Element("AuditMessage")
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {"EventActionCode": action, "EventDateTime": moment, "EventOutcomeIndicator": outcome}
    identification = xml.SubElement(message, "EventIdentification", said)
    _code(identification, "EventID", event)
    for kind in types:
        _code(identification, "EventTypeCode", kind)
    if description:
        xml.SubElement(identification, "EventOutcomeDescription").text = _clean(description)
    return message


def _participant(
    message: xml.Element, user: str, role: Code | None = None, *, alternative: str = "", host: str = ""
) -> None:
    said = {"UserID": _clean(user) or "unknown", "UserIsRequestor": "false"}
    if alternative:
        said["AlternativeUserID"] = _clean(alternative)
    if host:
        said |= {"NetworkAccessPointID": _clean(host), "NetworkAccessPointTypeCode": _point(host)}
    participant = xml.SubElement(message, "ActiveParticipant", said)
    if role is not None:
        _code(participant, "RoleIDCode", role)


def _object(message: xml.Element, identity: str, kind: Code, types: tuple[str, str]) -> xml.Element:
    said = {
        "ParticipantObjectID": _clean(identity) or "unknown",
        "ParticipantObjectTypeCode": types[0],
        "ParticipantObjectTypeCodeRole": types[1],
    }
    made = xml.SubElement(message, "ParticipantObjectIdentification", said)
    _code(made, "ParticipantObjectIDTypeCode", kind, "RFC-3881" if kind is _PATIENT else "DCM")
    return made


def _described(made: xml.Element, study: str, counts: Mapping[str, int] | None = None) -> None:
    description = xml.SubElement(made, "ParticipantObjectDescription")
    for sop_class, count in sorted((counts or {}).items()):
        said = {"UID": _clean(sop_class)} | ({"NumberOfInstances": str(count)} if count else {})
        xml.SubElement(description, "SOPClass", said)
    contains = xml.SubElement(description, "ParticipantObjectContainsStudy")
    if study:
        xml.SubElement(contains, "StudyIDs", UID=_clean(study))


def _code(above: xml.Element, name: str, code: Code, system: str = "DCM") -> None:
    xml.SubElement(above, name, {"csd-code": code[0], "codeSystemName": system, "originalText": code[1]})


def _title(aet: str) -> str:
    return f"AETITLES={aet}" if aet else ""


def _point(host: str) -> str:
    """1: a name, 2: an address (RFC 3881 5.3.2), 5: a URI."""
    if "://" in host:
        return "5"
    return "2" if ":" in host or host.replace(".", "").isdigit() else "1"


def _clean(text: str) -> str:
    """What a peer sent may hold what XML does not (XML 1.0 2.2)."""
    return _NO_XML.sub("\ufffd", text)[:1024]


def _encoded(message: xml.Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>' + xml.tostring(message, encoding="unicode").encode()
