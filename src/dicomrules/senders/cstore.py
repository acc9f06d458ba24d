"""Sends deliveries to a C-STORE SCP (PS3.4 Annex B).

A batch goes over one association, which stays open for the next. Each instance ends in one Outcome. When the
association is lost, the instance under way is deferred; the rest goes over a new one if anything at all went through
on the old one, else it is deferred too, so that a destination in trouble is asked once a batch and not once an
instance.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from dicomrules.dicom.syntax import is_deflated
from dicomrules.model.delivery import Delivery, Kind, Outcome, Trouble
from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.exchange import Exchange
from dicomrules.model.ports import Emit
from dicomrules.model.security import User
from dicomrules.model.terms import terms_for
from dicomrules.net.association import Association, Target, Window
from dicomrules.net.failures import AssociationError, Lost
from dicomrules.net.tls import Secured
from dicomrules.senders import contexts, status, trouble
from dicomrules.senders.contexts import Form, Wishes
from dicomrules.senders.converted import Converted, Unconvertible
from dicomrules.senders.kept import KeptAssociation
from dicomrules.senders.received import Corrupt, Received, Stored, Windows, of
from dicomrules.spool.errors import SpoolError
from dicomrules.wire.associate import NAME, NAME_AND_PASSCODE, UserIdentity


class Opened(Stored, Protocol):
    """A file with a data set inside, open for reading; closed when the context ends."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Files(Protocol):
    """Where the bytes of deliveries lie: the spool."""

    def open(self, ref: str) -> Opened:
        """Open one. Raises SpoolError."""
        ...


def target_of(
    destination: DicomDestination, tell: Callable[[str], None] | None = None, calling_aet: str = ""
) -> Target:
    """Where a destination is and how to call it, under its own title for us unless `calling_aet` is another one.

    `tell` hears why changed certificates were not taken.
    """
    return Target(
        host=destination.host,
        port=destination.port,
        called_aet=destination.aet,
        calling_aet=calling_aet or destination.calling_aet,
        connect=destination.timeouts.connect.total_seconds(),
        response=destination.timeouts.response.total_seconds(),
        max_pdu=(destination.terms and destination.terms.max_pdu) or destination.max_pdu,
        secured=Secured(destination.tls, tell) if destination.tls else None,
        user=_identity(destination.user) if destination.user else None,
    )


def _identity(user: User) -> UserIdentity:
    kind = NAME_AND_PASSCODE if user.passcode else NAME
    return UserIdentity(kind, primary=user.name.encode(), secondary=user.passcode.encode())


def wishes_of(destination: DicomDestination, calling_aet: str = "") -> Wishes:
    """In which transfer syntaxes instances may leave for a destination, called under this title or under our usual."""
    if not calling_aet or destination.contexts is None:
        return Wishes(destination.transfer_syntaxes, destination.terms.classes if destination.terms else None)
    terms = terms_for(destination.contexts, calling_aet, destination.aet)
    return Wishes(destination.transfer_syntaxes, terms.classes if terms else {})


class CStoreSender:
    """The model's `Sender` for one DicomDestination; one association, for one thread."""

    def __init__(self, destination: DicomDestination, spool: Files, emit: Emit) -> None:
        self._destination = destination
        self._files = spool
        self._emit = emit
        self._title = destination.calling_aet
        self._wishes = wishes_of(destination)
        self._kept = KeptAssociation(destination.name, target_of(destination, self._not_reloaded), emit, self._wishes)
        self._given_up: Outcome | None = None  # why the rest of this batch is not tried
        self._buffer = memoryview(b"")

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """Try each in turn; yields one outcome for each of them, as soon as it is known."""
        self._given_up = None
        forms = [Form(delivery.sop_class, delivery.transfer_syntax) for delivery in deliveries]
        try:
            for position, delivery in enumerate(deliveries):
                started = datetime.now(UTC)
                self._call_as((delivery.options and delivery.options.calling) or self._destination.calling_aet)
                outcome = self._attempt(delivery, forms[position:])
                yield delivery, replace(outcome, started_at=started, ended_at=datetime.now(UTC))
        finally:
            self._kept.rest()

    def close(self) -> None:
        """Release the association. The sender may be used again."""
        self._kept.release()

    def _call_as(self, title: str) -> None:
        """Be this calling AE title from now on: it needs an association of its own."""
        if title == self._title:
            return
        destination = self._destination
        self._kept.release()
        self._title = title
        self._wishes = wishes_of(destination, title)
        target = target_of(destination, self._not_reloaded, title)
        self._kept = KeptAssociation(destination.name, target, self._emit, self._wishes)

    def _attempt(self, delivery: Delivery, forms: Sequence[Form]) -> Outcome:
        """Send one. `forms` are its own form and those of what is still to be sent."""
        if self._wishes.ways(forms[0]) == ():
            return Outcome(Kind.FAILED, contexts.forbidden(forms[0]))
        if self._given_up:
            return self._given_up
        try:
            with self._files.open(delivery.spool_ref) as stored:
                return self._send(delivery, forms, of(stored))
        except AssociationError as error:
            return self._lost(error)
        except Unconvertible as problem:
            return Outcome(Kind.FAILED, f"cannot be sent in a transfer syntax that the destination takes: {problem}")
        except Corrupt as corrupt:
            return self._unfit(Kind.CORRUPT, str(corrupt), delivery)
        except SpoolError as error:
            # Without a system call that failed, it is the file that is not what we wrote.
            return self._unfit(Kind.DEFERRED if error.errno else Kind.CORRUPT, str(error), delivery)

    def _lost(self, error: AssociationError) -> Outcome:
        """No association, or no longer. Where others were answered on it, this one instance may be what ended it."""
        self._kept.lost(error)
        if self._kept.answered:
            return Outcome(Kind.DEFERRED, error.text, exchange=error.exchange)
        self._given_up = Outcome(Kind.DEFERRED, error.text, trouble=trouble.of(error))
        return replace(self._given_up, exchange=error.exchange)

    def _send(self, delivery: Delivery, forms: Sequence[Form], received: Received) -> Outcome:
        """Over the association that is open; once more over a new one when the peer has ended that while it stood
        idle.
        """
        association = self._kept.ready(forms)
        try:
            return self._over(association, delivery, received)
        except Lost as error:
            if not self._kept.untried:
                raise
            self._kept.lost(error)
        return self._over(self._kept.ready(forms), delivery, received)

    def _over(self, association: Association, delivery: Delivery, received: Received) -> Outcome:
        form = Form(delivery.sop_class, delivery.transfer_syntax)
        context = contexts.choose(association.contexts, form, self._wishes)
        if context is None:
            return _refused(association, form)
        windows = self._windows(association, context.transfer_syntax, delivery, received)
        exchange = association.store(context, delivery.sop_class, delivery.sop_instance, windows)
        self._kept.answer()
        return self._judged(delivery, exchange)

    def _windows(
        self, association: Association, leaves_in: str, delivery: Delivery, received: Received
    ) -> Iterable[Window]:
        buffer = self._buffer_for(association)
        if leaves_in == delivery.transfer_syntax:
            return Windows(received, delivery.patch, delivery.digest, buffer, even=is_deflated(leaves_in))
        converted = Converted(received, delivery.patch, delivery.digest)
        return converted.windows(delivery.transfer_syntax, leaves_in, buffer)

    def _judged(self, delivery: Delivery, exchange: Exchange) -> Outcome:
        assert exchange.response is not None
        code = int(exchange.response["Status"])
        judged = status.judge(code, delivery.refusals, self._title)
        if code and judged.kind is Kind.SENT:
            name = "delivery.discarded" if code == status.DISCARDED else "delivery.warned"
            text = "a destination stored an instance with a warning"
            self._note(name, Level.WARNING, text, delivery, judged.message)
        commits = judged.kind is Kind.SENT and self._destination.commitment is not None
        kind = Kind.STORED if commits else judged.kind
        return Outcome(kind, judged.message, code, exchange, trouble=judged.trouble, refused=judged.refused)

    def _unfit(self, kind: Kind, why: str, delivery: Delivery) -> Outcome:
        self._note(
            "delivery.unfit", Level.ERROR, "the bytes of an instance could not be sent as received", delivery, why
        )
        return Outcome(kind, why)

    def _buffer_for(self, association: Association) -> memoryview:
        if len(self._buffer) != association.window:
            self._buffer = memoryview(bytearray(association.window))
        return self._buffer

    def _not_reloaded(self, why: str) -> None:
        text = "changed certificates cannot be used: those of before go on being used"
        fields = {"destination": self._destination.name, "why": why}
        self._emit(Event("tls.not_reloaded", Level.ERROR, text, fields))

    def _note(self, name: str, level: Level, text: str, delivery: Delivery, why: str) -> None:
        fields = {"destination": delivery.destination, "sop_instance": delivery.sop_instance, "why": why}
        self._emit(Event(name, level, text, fields))


def _refused(association: Association, form: Form) -> Outcome:
    """No context fits. For good only when the peer said "not supported" to everything; when it has not accepted a
    single one, that is no matter of this object.
    """
    proposed, results = association.proposed, association.results
    for_good = contexts.is_refused_for_good(proposed, results, form)
    words = contexts.refusal(proposed, results, form)
    return Outcome(
        Kind.FAILED if for_good else Kind.DEFERRED,
        words,
        exchange=Exchange(association.established, None, {}),
        trouble=Trouble.NONE if association.contexts else Trouble.MISCONFIGURED,
    )
