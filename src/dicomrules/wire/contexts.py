"""Who may ask for what: presentation contexts negotiated, for both roles (PS3.8 7.1.1.13; PS3.7 D.3.2). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicomrules.dicom import commitment, uids
from dicomrules.model.exchange import PresentationContext
from dicomrules.model.terms import Syntaxes
from dicomrules.wire.associate import ContextResult, ProposedContext
from dicomrules.wire.dimse import VERIFICATION
from dicomrules.wire.errors import Malformed

ACCEPTANCE = 0
ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
TRANSFER_SYNTAXES_NOT_SUPPORTED = 4

# Registered as transfer syntaxes, but not encodings of a data set that PS3.5 Annex A defines: MIME, XML, the streams of
# DICOM-RTV (PS3.22), Papyrus.
_NO_DATA_SET = ("1.2.840.10008.1.2.6.", "1.2.840.10008.1.2.7.", "1.2.840.10008.1.20")


@dataclass(frozen=True, slots=True)
class ContextPolicy:
    """What an acceptor takes: every storage SOP class and Verification, in every transfer syntax of the standard.

    `unknown_classes`: also abstract syntaxes that PS3.6 does not register, private ones among them. `listed`: nothing
    but these abstract syntaxes, whatever else is said, each in the transfer syntaxes given for it. Private transfer
    syntaxes are taken only when listed: their data sets may be encoded in any way. `commitment`: also Storage
    Commitment (PS3.4 Annex J), whose data sets are taken in the plain little endian transfer syntaxes only.
    """

    unknown_classes: bool = False
    listed: Mapping[str, Syntaxes] | None = None
    commitment: bool = False

    def supports(self, abstract_syntax: str) -> bool:
        """Whether a context with this abstract syntax may be accepted."""
        if abstract_syntax == commitment.SOP_CLASS and not self.commitment:
            return False
        if self.listed is not None:
            return abstract_syntax in self.listed
        if abstract_syntax == commitment.SOP_CLASS:
            return True
        if abstract_syntax == VERIFICATION or uids.is_storage_class(abstract_syntax):
            return True
        return self.unknown_classes and not uids.is_registered(abstract_syntax)

    def choose(self, context: ProposedContext) -> str | None:
        """The transfer syntax to accept a context with; None: none of those proposed.

        Where transfer syntaxes are listed, their order decides. Else the first one that we know is taken: a requestor
        that offers several lists first what it has at hand, and an object that need not be converted is an object that
        cannot be converted wrongly.
        """
        listed = self.listed.get(context.abstract_syntax) if self.listed is not None else None
        if context.abstract_syntax == commitment.SOP_CLASS:
            possible = [syntax for syntax in commitment.SYNTAXES if listed is None or syntax in listed]
            return next((syntax for syntax in context.transfer_syntaxes if syntax in possible), None)
        if listed is not None:
            return next((syntax for syntax in listed if syntax in context.transfer_syntaxes), None)
        return next(filter(holds_data_sets, context.transfer_syntaxes), None)


def holds_data_sets(transfer_syntax: str) -> bool:
    """Whether PS3.5 Annex A defines this transfer syntax as an encoding of data sets."""
    return uids.is_transfer_syntax(transfer_syntax) and not transfer_syntax.startswith(_NO_DATA_SET)


def negotiate(proposed: Sequence[ProposedContext], policy: ContextPolicy) -> tuple[ContextResult, ...]:
    """The acceptor's answer to each proposed context."""
    return tuple(_answer(context, policy) for context in proposed)


def _answer(context: ProposedContext, policy: ContextPolicy) -> ContextResult:
    if not policy.supports(context.abstract_syntax):
        return ContextResult(context.id, ABSTRACT_SYNTAX_NOT_SUPPORTED, context.transfer_syntaxes[0])
    chosen = policy.choose(context)
    if chosen is None:
        return ContextResult(context.id, TRANSFER_SYNTAXES_NOT_SUPPORTED, context.transfer_syntaxes[0])
    return ContextResult(context.id, ACCEPTANCE, chosen)


def accepted(proposed: Sequence[ProposedContext], results: Sequence[ContextResult]) -> tuple[PresentationContext, ...]:
    """The contexts that an association has. Raises `Malformed` when an answer fits no proposal, or comes twice."""
    by_id = {context.id: context for context in proposed}
    contexts = []
    for result in results:
        context = by_id.pop(result.id, None)
        if context is None:
            raise Malformed("an answer to a presentation context that was not proposed, or answered before")
        if result.result != ACCEPTANCE:
            continue
        if result.transfer_syntax not in context.transfer_syntaxes:
            raise Malformed("a presentation context accepted with a transfer syntax that was not proposed")
        contexts.append(PresentationContext(context.id, context.abstract_syntax, result.transfer_syntax))
    return tuple(contexts)
