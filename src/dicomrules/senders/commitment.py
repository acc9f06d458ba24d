"""The network side of storage commitment (PS3.4 Annex J): asking a destination, and reporting to a peer that has asked.

Whoever asks is the SCU, whoever reports the SCP, whichever of the two opens the association. So on an association that
we open for a report we ask for the role of the SCP, and not of the SCU (PS3.7 D.3.3.4). Peers that do not know role
selection leave that unanswered and take the report all the same; whether they have taken it, their response says.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from dicomrules.dicom import commitment
from dicomrules.dicom.commitment import Report, Request
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.model.commitment import Said
from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.exchange import Exchange, PresentationContext
from dicomrules.model.instance import Peer
from dicomrules.model.ports import Emit
from dicomrules.model.receiver import KnownPeer
from dicomrules.net.association import Association, Target
from dicomrules.net.failures import AssociationError
from dicomrules.net.reports import EventReport, ReportedAssociation
from dicomrules.senders.cstore import target_of
from dicomrules.wire.associate import ProposedContext, RoleSelection

_INVALID_ARGUMENT = 0x0115  # PS3.7 C.5.9
_NO_CONTEXT = "the peer takes the association, but no storage commitment"
_AS_SCP = (RoleSelection(commitment.SOP_CLASS, scu=False, scp=True),)


def proposed(syntaxes: tuple[str, ...] | None = None) -> tuple[ProposedContext, ...]:
    """The one context of such an association."""
    return (ProposedContext(1, commitment.SOP_CLASS, syntaxes or commitment.SYNTAXES),)


def proposed_to(destination: DicomDestination) -> tuple[ProposedContext, ...]:
    """What is proposed to a destination that is asked; nothing where its association settings do not list it."""
    if destination.terms is None:
        return proposed()
    if commitment.SOP_CLASS not in destination.terms.classes:
        return ()
    listed = destination.terms.classes[commitment.SOP_CLASS] or commitment.SYNTAXES
    syntaxes = tuple(uid for uid in listed if uid in commitment.SYNTAXES)
    return proposed(syntaxes) if syntaxes else ()


class CommitmentScu:
    """Asks one destination, over one association that stays open for its report. For one thread."""

    def __init__(self, destination: DicomDestination, emit: Emit) -> None:
        self._destination = destination
        self._emit = emit
        self._target = target_of(destination, self._not_reloaded)
        self._association: ReportedAssociation | None = None
        self._report: EventReport | None = None  # taken, and not yet answered

    @property
    def is_open(self) -> bool:
        """Whether an association is open on which a report may come."""
        return self._association is not None and self._association.is_open

    def ask(self, request: Request) -> Said:
        """One N-ACTION, over the association that is open, or over a new one."""
        offered = proposed_to(self._destination)
        if not offered:
            return Said(False, "the entry of `contexts` for this pair of AE titles lists no storage commitment")
        try:
            association = self._ready(offered)
            if not association.contexts:
                self.close()
                return Said(False, _NO_CONTEXT)
            context = association.contexts[0]
            data_set = commitment.write_request(request, context.transfer_syntax)
            exchange = association.action(context, commitment.SOP_INSTANCE, 1, data_set)
        except AssociationError as error:
            self._association = None
            return Said(False, error.text, away=True)
        return _judged(exchange, "N-ACTION")

    def listen(self, seconds: float) -> Report | None:
        """A report, if one comes in that time; `answer` is due then."""
        if self._association is None:
            return None
        try:
            self._report = self._association.next_report(seconds)
            return self._read(self._association, self._report) if self._report is not None else None
        except AssociationError:
            self._association = None  # the peer may end it at any time: what it has to report comes by a receiver
            return None

    def answer(self, status: int) -> None:
        """Answer the report that `listen` gave."""
        report, self._report = self._report, None
        if report is None or self._association is None:
            return
        try:
            self._association.answer(report, status)
        except AssociationError:
            self._association = None  # the peer reports once more, and is told then

    def close(self) -> None:
        """Release the association. It may be used again."""
        if self._association is not None:
            self._association.release()
            self._association = None

    def _ready(self, offered: tuple[ProposedContext, ...]) -> ReportedAssociation:
        """The association that is open, or a new one where the peer has ended that while it stood idle."""
        association, self._association = self._association, None
        if association is not None and association.is_open:
            with suppress(AssociationError):
                association.verify()
                self._association = association
                return association
        self._association = ReportedAssociation(self._target, offered, commitment.MOST_BYTES)
        return self._association

    def _read(self, association: ReportedAssociation, received: EventReport) -> Report | None:
        """What a report says; one that cannot be read is answered here."""
        context = next((each for each in association.contexts if each.id == received.context_id), None)
        try:
            if context is not None:
                return commitment.read_report(received.data_set, context.transfer_syntax)
            why = "a report outside the presentation context of storage commitment"
        except MalformedDataSet as malformed:
            why = malformed.reason
        fields = {"destination": self._destination.name, "why": why}
        text = "a report on storage commitment cannot be read"
        self._emit(Event("commitment.unreadable", Level.WARNING, text, fields))
        self.answer(_INVALID_ARGUMENT)
        return None

    def _not_reloaded(self, why: str) -> None:
        text = "changed certificates cannot be used: those of before go on being used"
        fields = {"destination": self._destination.name, "why": why}
        self._emit(Event("tls.not_reloaded", Level.ERROR, text, fields))


class CommitmentReporter:
    """Reports to peers that have asked: at their `port`, else where a destination has their AE title."""

    def __init__(self, peers: Iterable[KnownPeer], destinations: Iterable[DicomDestination]) -> None:
        self._peers = {peer.aet: peer for peer in peers if peer.port}
        self._destinations = {destination.aet: destination for destination in destinations}

    def reachable(self) -> list[str]:
        """The AE titles of all peers that can be reported to."""
        return sorted({*self._peers, *self._destinations})

    def reaches(self, peer: Peer) -> bool:
        """Whether an address is known to which reports of this peer can go."""
        return peer.calling_aet in self._peers or peer.calling_aet in self._destinations

    def report(self, peer: Peer, report: Report) -> Said:
        """One N-EVENT-REPORT on an association of its own."""
        try:
            with Association(self._target(peer), proposed()) as association:
                if not association.contexts:
                    return Said(False, _NO_CONTEXT)
                return _judged(_report(association, association.contexts[0], report), "N-EVENT-REPORT")
        except AssociationError as error:
            return Said(False, error.text, away=True)

    def _target(self, peer: Peer) -> Target:
        """We call it by the title it called us with, and are called by the one it called itself."""
        known = self._peers.get(peer.calling_aet)
        if known is None:
            there = target_of(self._destinations[peer.calling_aet])
            return replace(there, calling_aet=peer.called_aet, roles=_AS_SCP)
        host = peer.address if "/" in known.host else known.host  # a block of addresses is no host
        return Target(host, known.port, called_aet=peer.calling_aet, calling_aet=peer.called_aet, roles=_AS_SCP)


def _report(association: Association, context: PresentationContext, report: Report) -> Exchange:
    data_set = commitment.write_report(report, context.transfer_syntax)
    return association.event_report(context, commitment.SOP_INSTANCE, report.event_type, data_set)


def _judged(exchange: Exchange, operation: str) -> Said:
    assert exchange.response is not None
    status = int(exchange.response["Status"])
    return Said(status == 0, "" if status == 0 else f"{operation} was answered with status 0x{status:04X}")
