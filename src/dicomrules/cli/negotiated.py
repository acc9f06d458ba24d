"""What a gateway accepts and proposes, found out by asking the very functions that negotiate, with every proposal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from dicomrules.dicom import commitment
from dicomrules.dicom.classes import STORAGE, TRANSFER_SYNTAXES
from dicomrules.model.destination import DicomDestination
from dicomrules.model.receiver import DicomReceiver
from dicomrules.model.terms import ANY_TITLE, Terms
from dicomrules.receivers.scp import Agreed, agreed
from dicomrules.senders import commitment as asks
from dicomrules.senders import echo
from dicomrules.senders.contexts import Form, offer
from dicomrules.senders.cstore import wishes_of
from dicomrules.wire.associate import ProposedContext
from dicomrules.wire.contexts import ACCEPTANCE, ContextPolicy, holds_data_sets, negotiate
from dicomrules.wire.dimse import VERIFICATION


@dataclass(frozen=True, slots=True)
class Accepted:
    """Contexts with one abstract syntax: the transfer syntaxes that are accepted.

    `ours`: they are in our order, which decides; else the order of who proposes them does.
    """

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    ours: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """What holds for one ordered pair of AE titles (`*`: any) at a receiver."""

    calling: str
    called: str
    max_pdu: int
    contexts: tuple[Accepted, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """The contexts that are proposed for instances of one SOP class, by the transfer syntax they are in.

    Each context is its list of transfer syntaxes. For C-ECHO and for N-ACTION, there is one way, in no transfer syntax
    ("").
    """

    abstract_syntax: str
    ways: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


def accepted_by(receiver: DicomReceiver) -> Iterator[Pair]:
    """The pairs of a receiver in the order in which they are looked at."""
    for calling, called in _pairs(receiver):
        holds = agreed(receiver, calling, called)
        if holds is not None:
            yield Pair(calling, called, holds.max_pdu, tuple(_accepted(holds, receiver.contexts or ())))


def _pairs(receiver: DicomReceiver) -> Iterator[tuple[str, str]]:
    """Pairs of titles that can turn up here and about which something may be said."""
    if receiver.contexts is None:
        yield from ((ANY_TITLE, called) for called in receiver.called_aets or (ANY_TITLE,))
        return
    for entry in receiver.contexts:
        answers = receiver.called_aets is None or entry.called in (ANY_TITLE, *receiver.called_aets)
        asked = receiver.peers is None or entry.calling in (ANY_TITLE, *(peer.aet for peer in receiver.peers))
        if answers and asked:
            yield entry.calling, entry.called


def _accepted(holds: Agreed, entries: Iterable[Terms]) -> Iterator[Accepted]:
    classes, syntaxes = [VERIFICATION, *STORAGE, commitment.SOP_CLASS], list(TRANSFER_SYNTAXES)
    for entry in entries:
        classes += entry.classes
        syntaxes += chain.from_iterable(listed or () for listed in entry.classes.values())
    candidates = tuple(dict.fromkeys(syntaxes))
    for abstract in dict.fromkeys(classes):
        taken = tuple(_one_after_another(holds.policy, abstract, candidates))
        if taken:
            reverse = next(_one_after_another(holds.policy, abstract, candidates[::-1]))
            yield Accepted(abstract, taken, ours=len(taken) == 1 or reverse == taken[0])


def _one_after_another(policy: ContextPolicy, abstract: str, syntaxes: tuple[str, ...]) -> Iterator[str]:
    """Propose all; take away what is accepted, and propose the rest, until nothing is."""
    left = list(syntaxes)
    while left:
        (answer,) = negotiate((ProposedContext(1, abstract, tuple(left)),), policy)
        if answer.result != ACCEPTANCE:
            return
        yield answer.transfer_syntax
        left.remove(answer.transfer_syntax)


def proposed_to(destination: DicomDestination) -> Iterator[Proposed]:
    """Verification and storage commitment, if they are proposed at all, and every storage class that instances may
    leave in.
    """
    contexts = tuple(context.transfer_syntaxes for context in echo.proposed(destination.terms))
    if contexts:
        yield Proposed(VERIFICATION, (("", contexts),))
    wishes = wishes_of(destination)
    listed = destination.terms.classes if destination.terms else {}
    private = chain.from_iterable(syntaxes or () for syntaxes in listed.values())
    encodings = filter(holds_data_sets, TRANSFER_SYNTAXES)
    forms = tuple(dict.fromkeys((*encodings, *destination.transfer_syntaxes, *private)))
    for sop_class in dict.fromkeys((*STORAGE, *listed)):
        if sop_class not in (VERIFICATION, commitment.SOP_CLASS):
            made = ((syntax, offer([Form(sop_class, syntax)], wishes).contexts) for syntax in forms)
            ways = tuple((syntax, tuple(cx.transfer_syntaxes for cx in offered)) for syntax, offered in made if offered)
            if ways:
                yield Proposed(sop_class, ways)
    asked = asks.proposed_to(destination) if destination.commitment is not None else ()
    if asked:
        yield Proposed(commitment.SOP_CLASS, (("", tuple(context.transfer_syntaxes for context in asked)),))
