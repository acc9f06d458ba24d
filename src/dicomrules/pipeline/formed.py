"""Deliveries in the form that their route or destination asks for: pixels compressed or decompressed before an attempt.

The theory. A form is made once, before the first attempt, and lies in a file of the spool; the ledger says so before
anything is sent. So what is sent again is byte for byte the same, however often, and after any crash. Pixels are coded
anew only where that is asked for: by `compressed` or `decompressed` of the route; or because nothing that the
destination's `transfer_syntaxes` lists can be had otherwise, or is taken by the peer. Then they are decompressed
where the list has an uncompressed transfer syntax, else compressed without loss into the first that can be.

What cannot be coded fails for this delivery and is shown; all others go.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dicomrules.dicom.coders import LOSSLESS, can_encode, quality_of
from dicomrules.dicom.patch import Blob, Patch, Splice
from dicomrules.dicom.syntax import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    is_encapsulated,
)
from dicomrules.model.delivery import Delivery, Kind, Outcome
from dicomrules.model.destination import Destination, DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.exchange import Exchange
from dicomrules.model.ports import Emit, Sender
from dicomrules.pipeline.coder import Answer, Request, encoded
from dicomrules.pipeline.coding import Coders, Died
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.ledger import Ledger

_UNCOMPRESSED: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
_ANY_OF_THESE: Final = frozenset({*_UNCOMPRESSED, EXPLICIT_VR_BIG_ENDIAN})
_TOGETHER: Final = 8  # instances that are made ready before the first of them is sent
_TRIES: Final = 3  # an instance that ends the coder's process so often is given up


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form that a delivery should have: its transfer syntax and, where something may be lost, the quality."""

    transfer_syntax: str
    quality: int | None = None

    @property
    def how(self) -> str:
        """For the ledger and for keys."""
        return f"{self.transfer_syntax} {self.quality or ''}".strip()


def wanted(delivery: Delivery, destination: Destination) -> Wanted | None:
    """The form in which this delivery must be coded before it is sent; None: it leaves as it is."""
    options, is_in = delivery.options, delivery.transfer_syntax
    if options is not None and can_encode(options.compressed):
        same = is_in == options.compressed
        return None if same else Wanted(options.compressed, quality_of(options.compressed, options.quality))
    if options is not None and options.decompressed:
        return Wanted(EXPLICIT_VR_LITTLE_ENDIAN) if is_encapsulated(is_in) else None
    listed = destination.transfer_syntaxes if isinstance(destination, DicomDestination) else ()
    if not listed or is_in in listed or (is_in in _ANY_OF_THESE and _ANY_OF_THESE & set(listed)):
        return None
    if is_encapsulated(is_in) and _ANY_OF_THESE & set(listed):
        return Wanted(EXPLICIT_VR_LITTLE_ENDIAN)
    return next((Wanted(uid) for uid in listed if uid in LOSSLESS), None)


def without_compression(delivery: Delivery, outcome: Outcome, destination: Destination) -> Wanted | None:
    """The form for once more, when the peer took no context for a compressed instance and its list has others."""
    refused = isinstance(outcome.exchange, Exchange) and outcome.exchange.context is None
    if not refused or outcome.kind is Kind.SENT or not is_encapsulated(delivery.transfer_syntax):
        return None
    if not isinstance(destination, DicomDestination) or (delivery.options and delivery.options.compressed):
        return None
    allowed = any(uid in _UNCOMPRESSED for uid in destination.transfer_syntaxes)
    return Wanted(EXPLICIT_VR_LITTLE_ENDIAN) if allowed else None


class FormedSender:
    """A Sender that makes forms and hands what is ready to another one."""

    def __init__(self, inner: Sender, destination: Destination, ledger: Ledger, coders: Coders, emit: Emit) -> None:
        self._inner = inner
        self._destination = destination
        self._ledger = ledger
        self._coders = coders
        self._emit = emit

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """As the other one does; what cannot be made ready ends in an outcome too."""
        needed = any(wanted(delivery, self._destination) for delivery in deliveries)
        step = _TOGETHER if needed else max(1, len(deliveries))
        for start in range(0, len(deliveries), step):
            yield from self._together(deliveries[start : start + step])

    def close(self) -> None:
        """Close the other one."""
        self._inner.close()

    def _together(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        ready: list[Delivery] = []
        for delivery in deliveries:
            form = wanted(delivery, self._destination)
            made = delivery if form is None else self._made(delivery, form)
            if isinstance(made, Outcome):
                yield delivery, made
            else:
                ready.append(made)
        again: list[Delivery] = []
        for delivery, outcome in self._inner.send(ready) if ready else ():
            form = without_compression(delivery, outcome, self._destination)
            other = None if form is None else self._made(delivery, form)
            if isinstance(other, Delivery):
                again.append(other)
            else:
                yield delivery, outcome if other is None else other
        if again:
            yield from self._inner.send(again)

    def _made(self, delivery: Delivery, form: Wanted) -> Delivery | Outcome:
        """The delivery in this form, which the ledger knows of; or why it cannot be had."""
        try:
            found = self._ledger.form_of_another(delivery, form.how)
            if found is not None:
                self._ledger.keep_form(found, form.how, _renamed(found, delivery))
                return found
            return self._coded(delivery, form)
        except LedgerError as error:
            return Outcome(Kind.DEFERRED, f"the ledger cannot keep the form that it leaves in: {error}")

    def _coded(self, delivery: Delivery, form: Wanted) -> Delivery | Outcome:
        request = Request(
            ref=delivery.spool_ref,
            key=hashlib.sha256(delivery.patch.to_bytes() + form.how.encode()).hexdigest()[:32],
            patch=encoded(delivery.patch),
            digest=delivery.digest,
            is_in=delivery.transfer_syntax,
            transfer_syntax=form.transfer_syntax,
            quality=form.quality,
        )
        try:
            answer = self._coders.code(request, delivery.length)
        except Died as died:
            self._note(Level.ERROR, str(died), delivery)
            last = delivery.refusals + 1 >= _TRIES
            return Outcome(Kind.FAILED if last else Kind.DEFERRED, str(died), refused=True)
        if answer.problem:
            return self._failed(delivery, answer)
        formed = delivery if answer.as_is else _in_form(delivery, form, answer)
        if answer.lossy_before:
            self._note(Level.WARNING, "its pixels have lost something once more", delivery)
        if answer.signed:
            self._note(Level.WARNING, "a digital signature of it may no longer fit what leaves", delivery)
        self._ledger.keep_form(formed, form.how, _renamed(formed, delivery))
        return formed

    def _failed(self, delivery: Delivery, answer: Answer) -> Outcome:
        words = f"its pixels cannot be coded as asked: {answer.problem}"
        self._note(Level.ERROR, words, delivery)
        if answer.corrupt:
            return Outcome(Kind.CORRUPT, answer.problem)
        return Outcome(Kind.DEFERRED if answer.errno else Kind.FAILED, words)

    def _note(self, level: Level, why: str, delivery: Delivery) -> None:
        fields = {"destination": delivery.destination, "sop_instance": delivery.sop_instance, "why": why}
        text = "coding the pixels of an instance anew"
        self._emit(Event("delivery.coded", level, text, fields))


def _in_form(delivery: Delivery, form: Wanted, answer: Answer) -> Delivery:
    blob = Blob(answer.file, answer.length, answer.digest)
    patch = Patch(delivery.patch.base_digest, (Splice(0, delivery.length, blob),))
    return replace(delivery, transfer_syntax=form.transfer_syntax, patch=patch, sop_instance=answer.sop_instance)


def _renamed(formed: Delivery, before: Delivery) -> str | None:
    return formed.sop_instance if formed.sop_instance != before.sop_instance else None
