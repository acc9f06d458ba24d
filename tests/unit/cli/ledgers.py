"""A ledger with a little history, the same each time: for what `status` and `trace` show."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dicomrules.dicom.patch import Patch, Splice
from dicomrules.dicom.uids import InstanceKey
from dicomrules.model.decision import Change, Clause, Decision, RuleHit, Variant
from dicomrules.model.delivery import Kind, Outcome
from dicomrules.model.exchange import Association, Exchange, PresentationContext
from dicomrules.model.instance import Envelope, Peer, Verdict
from dicomrules.queue.entry import Entry
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
UID = "1.2.826.0.1.3680043.8.498.77.1.1"
AT = datetime(2026, 3, 2, 9, 15, 30, 123000, UTC)


def exchange(calling: str, called: str, at: datetime, status: int = 0) -> Exchange:
    """One C-STORE as it went over the wire."""
    association = Association("a1", calling, called, "10.20.3.4:51234", at, "TOSHIBA_1.2", 16384)
    request = {"CommandField": 0x0001, "MessageID": 7, "AffectedSOPClassUID": CT, "AffectedSOPInstanceUID": UID}
    response = {"CommandField": 0x8001, "MessageIDBeingRespondedTo": 7, "Status": status}
    context = PresentationContext(1, CT, EXPLICIT)
    return Exchange(association, context, request, response, at, at + timedelta(milliseconds=4))


def decision(verdict: Verdict = Verdict.SEND, reasons: tuple[str, ...] = ()) -> Decision:
    """What the rules said: one that fired, with changes short and long, and the arm that sent it."""
    changes = (
        Change("PatientID", "4711", "SITEA-4711", "prefix"),
        Change("IssuerOfPatientID", None, "NORTH", "prefix"),
        Change("StudyInstanceUID", f"{UID}.{'9' * 25}", "2.25.329800735698586629295641978511506172918", "prefix"),
    )
    clauses = (Clause("PatientID is present", "4711", True, "site.rules:6:8"),)
    title = "Patient numbers say which site they come from, and studies get a number of our own"
    rule = RuleHit("prefix", True, clauses, ("IssuerOfPatientID: no target",), "rule", title, "site.rules:5:6", changes)
    arm = RuleHit("clinical", True, (), ("pacs, archive",), "route", "pacs and archive", "site.rules:18:36")
    variant = Variant(Patch("ab" * 32, (Splice(10, 14, b"SITEA-4711"),)), changes, ("pacs", "archive"), UID)
    sends = verdict is Verdict.SEND
    return Decision(verdict, (variant,) if sends else (), (rule, arm) if sends else (rule,), "f" * 64, reasons)


def envelope(digest: str = "ab" * 32, at: datetime = AT) -> Envelope:
    """What arrived."""
    return Envelope(
        key=InstanceKey(CT, UID, "1.2.3.5", "1.2.3.4"),
        index=None,
        spool_ref="",
        peer=Peer("CT_A1", "DICOMRULES", "10.20.3.4", "modalities"),
        received_at=at,
        transfer_syntax=EXPLICIT,
        length=524_288,
        digest=digest,
        exchange=exchange("CT_A1", "DICOMRULES", at),
    )


def with_history(state: Path) -> None:
    """One instance sent to the archive after two attempts and still wanted by the PACS; its conflict, held."""
    state.mkdir(mode=0o700)
    ledger = Ledger.open(state)
    ledger.record([Entry(envelope(), decision(), "waiting/2026-03-02/" + "0" * 32 + ".dcm")])
    away = Outcome(Kind.DEFERRED, "no connection to 127.0.0.1 port 9: connection refused")
    for minute, destination in enumerate(["pacs", "archive", "archive"], 1):
        at = AT + timedelta(minutes=minute)
        (claimed,) = ledger.claim(destination, 10, at)
        outcome = away
        if minute == 3:
            said = exchange("DICOMRULES", "ARCHIVE", at)
            outcome = Outcome(Kind.SENT, "stored", 0, said, at, at + timedelta(milliseconds=9))
        ledger.record_outcomes([Ended(claimed, outcome, at + timedelta(seconds=30))], at)
    later = AT + timedelta(minutes=5)
    ledger.record([Entry(envelope("cd" * 32, later), decision(), "held/" + "1" * 32 + ".dcm")])
    ledger.close()
