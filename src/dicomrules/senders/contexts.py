"""Which presentation contexts we propose, and which one an object takes (PS3.8 7.1.1.13; PS3.4 B.4.1). Pure.

For each SOP class: one context for each transfer syntax in which objects came, alone, so that the peer cannot choose
to have an object in another form than the one it is in; and, for objects that we can convert, one more with Explicit
and Implicit VR Little Endian, of which the peer takes what it likes. Where settings say in which transfer syntaxes
objects may leave, each of those that an object can have is proposed alone, and the order of the settings decides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, NamedTuple

from dicomrules.dicom.syntax import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomrules.dicom.uids import uid_name
from dicomrules.model.exchange import PresentationContext
from dicomrules.model.terms import Syntaxes
from dicomrules.wire.associate import ContextResult, ProposedContext

MOST_CONTEXTS: Final = 128  # ids are odd and at most 255 (PS3.8 9.3.2.2)

# What an object in one transfer syntax can be sent as besides, best first.
CONVERSIONS: Final[dict[str, tuple[str, ...]]] = {
    EXPLICIT_VR_LITTLE_ENDIAN: (IMPLICIT_VR_LITTLE_ENDIAN,),
    IMPLICIT_VR_LITTLE_ENDIAN: (EXPLICIT_VR_LITTLE_ENDIAN,),
    EXPLICIT_VR_BIG_ENDIAN: (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN),
}
_EITHER: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)

# PS3.8 9.3.3.2
_RESULTS: Final = {
    0: "accepted",
    1: "rejected by the user",
    2: "rejected without a reason",
    3: "abstract syntax not supported",
    4: "transfer syntaxes not supported",
}


class Form(NamedTuple):
    """What an object needs of an association: its SOP class, and the transfer syntax it is in."""

    sop_class: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """In which transfer syntaxes instances may leave: `order`, best first, empty: as they are; and of `listed` classes
    only, in the transfer syntaxes listed there, None: in any class. Where both say something, both must agree.
    """

    order: tuple[str, ...] = ()
    listed: Mapping[str, Syntaxes] | None = None

    def ways(self, form: Form) -> tuple[str, ...] | None:
        """The transfer syntaxes that an object of this form may leave in, best first; None: nothing is said about it.

        Empty: it may not leave at all.
        """
        if self.listed is not None and form.sop_class not in self.listed:
            return ()
        listed = self.listed[form.sop_class] if self.listed is not None else None
        if listed is None and not self.order:
            return None
        possible = (form.transfer_syntax, *CONVERSIONS.get(form.transfer_syntax, ()))
        wanted = self.order or listed or ()
        return tuple(uid for uid in wanted if uid in possible and (listed is None or uid in listed))


AS_IS: Final = Wishes()


@dataclass(frozen=True, slots=True)
class Offer:
    """What is proposed for some forms of objects. `forms` are those that fitted into one association."""

    forms: frozenset[Form]
    contexts: tuple[ProposedContext, ...]


def offer(forms: Iterable[Form], wishes: Wishes = AS_IS, most: int = MOST_CONTEXTS) -> Offer:
    """The contexts for as many of `forms`, first come first served, as one association holds.

    Those that may not leave at all are left out.
    """
    taken: set[Form] = set()
    wanted: dict[tuple[str, tuple[str, ...]], None] = {}
    for form in forms:
        needs = dict.fromkeys(_needs(form, wishes))
        if needs and len(wanted | needs) <= most:
            wanted |= needs
            taken.add(form)
    contexts = (
        ProposedContext(id, sop_class, syntaxes) for id, (sop_class, syntaxes) in zip(count(1, 2), wanted, strict=False)
    )
    return Offer(frozenset(taken), tuple(contexts))


def _needs(form: Form, wishes: Wishes) -> Iterator[tuple[str, tuple[str, ...]]]:
    ways = wishes.ways(form)
    if ways is not None:
        yield from ((form.sop_class, (syntax,)) for syntax in ways)
        return
    yield form.sop_class, (form.transfer_syntax,)
    if form.transfer_syntax in CONVERSIONS:
        yield form.sop_class, _EITHER


def choose(accepted: Sequence[PresentationContext], form: Form, wishes: Wishes = AS_IS) -> PresentationContext | None:
    """The context for an object of this form: by the order of the wishes, else as it is where that was accepted, else
    converted; None: none of these.
    """
    by_syntax = {cx.transfer_syntax: cx for cx in accepted if cx.abstract_syntax == form.sop_class}
    ways = wishes.ways(form)
    for syntax in (form.transfer_syntax, *CONVERSIONS.get(form.transfer_syntax, ())) if ways is None else ways:
        if syntax in by_syntax:
            return by_syntax[syntax]
    return None


def refusal(proposed: Sequence[ProposedContext], results: Sequence[ContextResult], form: Form) -> str:
    """In words, what was offered for an object of this form and what was answered."""
    answers = {result.id: result.result for result in results}
    said = [
        f"{' or '.join(map(uid_name, cx.transfer_syntaxes))}: {_answer(answers.get(cx.id))}"
        for cx in proposed
        if cx.abstract_syntax == form.sop_class
    ]
    return (
        f"no presentation context for {uid_name(form.sop_class)} in {uid_name(form.transfer_syntax)}"
        f" (offered and answered: {'; '.join(said)})"
    )


def forbidden(form: Form) -> str:
    """In words, that the settings of a destination let no object of this form leave."""
    return (
        f"the settings of this destination (`contexts`, `transfer_syntaxes`) name no transfer syntax in which"
        f" {uid_name(form.sop_class)} in {uid_name(form.transfer_syntax)} can leave"
    )


def is_refused_for_good(proposed: Sequence[ProposedContext], results: Sequence[ContextResult], form: Form) -> bool:
    """Whether every answer about this SOP class says "not supported" (PS3.8 9.3.3.2, results 3 and 4)."""
    answers = {result.id: result.result for result in results}
    return all(answers.get(cx.id) in (3, 4) for cx in proposed if cx.abstract_syntax == form.sop_class)


def _answer(result: int | None) -> str:
    return "no answer" if result is None else _RESULTS.get(result, f"result {result}")
