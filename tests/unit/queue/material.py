"""Instances, decisions and outcomes to fill a ledger with."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dicomrules.dicom.patch import Patch, Splice
from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.decision import Change, Clause, Decision, RuleHit, Variant
from dicomrules.model.delivery import Kind, Outcome
from dicomrules.model.exchange import Association, Exchange, PresentationContext
from dicomrules.model.instance import Envelope, Peer, Verdict
from dicomrules.queue.entry import Entry

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
MODALITY = Peer("CT_A1", "DICOMRULES", "10.20.3.4", "modalities")


def digest(content: str) -> str:
    """The SHA-256 that stands for an object with this content."""
    return hashlib.sha256(content.encode()).hexdigest()


def exchange(sop_instance: str, status: int = 0) -> Exchange:
    """A C-STORE with its response."""
    association = Association("a-1", "CT_A1", "DICOMRULES", "10.20.3.4:51234", NOW, "OFFIS_DCMTK_367", 16384)
    request = {"CommandField": 1, "MessageID": 7, "AffectedSOPInstanceUID": sop_instance}
    response = {"CommandField": 0x8001, "MessageIDBeingRespondedTo": 7, "Status": status}
    return Exchange(
        association, PresentationContext(1, CT, EXPLICIT), request, response, NOW, NOW + timedelta(seconds=1)
    )


def envelope(sop_instance: str, content: str = "", peer: Peer = MODALITY) -> Envelope:
    """An instance that arrived; instances with another content are other bytes."""
    return Envelope(
        key=InstanceKey(CT, sop_instance, "1.2.3", "1.2"),
        index=None,
        spool_ref="",
        peer=peer,
        received_at=NOW,
        transfer_syntax=EXPLICIT,
        length=532_000,
        digest=digest(content or sop_instance),
        exchange=exchange(sop_instance),
    )


def decision(arrived: Envelope, *destinations: str, verdict: Verdict = Verdict.SEND) -> Decision:
    """One variant with one change, to these destinations."""
    change = Change("PatientID", "00123", "SITEA-00123", "prefix ids")
    clause = Clause('Modality == "CT"', "CT", True, "site.rules:12:8")
    patch = Patch(arrived.digest, (Splice(500, 510, b"SITEA-00123 "),))
    return Decision(
        verdict=verdict,
        variants=(Variant(patch, (change,), destinations, arrived.key.sop_instance),) if destinations else (),
        hits=(RuleHit("prefix ids", True, (clause,), changes=(change,)),),
        fingerprint="f" * 64,
        reasons=() if verdict is Verdict.SEND else ("a reason",),
    )


def entry(sop_instance: str, *destinations: str, content: str = "", peer: Peer = MODALITY) -> Entry:
    """An instance to be sent to these destinations."""
    arrived = envelope(sop_instance, content, peer)
    return Entry(arrived, decision(arrived, *destinations), f"waiting/2026-11-23/{arrived.digest[:32]}.dcm")


def judged(sop_instance: str, verdict: Verdict) -> Entry:
    """An instance that a rule held, quarantined, rejected or dropped."""
    arrived = envelope(sop_instance)
    kept = verdict in (Verdict.HOLD, Verdict.QUARANTINE)
    return Entry(arrived, decision(arrived, verdict=verdict), f"held/{arrived.digest[:32]}.dcm" if kept else "")


def outcome(kind: Kind) -> Outcome:
    """How an attempt ended, with what was said."""
    status = {Kind.SENT: 0, Kind.DEFERRED: 0xA700}.get(kind)
    return replace(
        Outcome(kind, f"it was {kind}", status),
        exchange=exchange("1.2.3.4", status or 0),
        started_at=NOW,
        ended_at=NOW + timedelta(milliseconds=5),
    )
