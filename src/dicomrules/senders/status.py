"""What a C-STORE response means for a delivery: the one table of it.

The theory. A status says one of three things: the peer has the object (success, and the warnings of PS3.4 B.2.3,
which all say that it was stored); the peer could not take it now; the peer says that it never will. We believe the
last only when it was said three times, because a wrong "never" loses an image for that destination until a person
looks, and a wrong "not now" costs a retry. What nobody has defined is "not now". PS3.4 Table B.2-1 has the codes of
Storage, PS3.7 Annex C all others.

Some statuses say more about the destination than about the object: it is short of something, or it does not know us.
Lanes act on that (`Trouble`).
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from dicomrules.model.delivery import Kind, Trouble

# A refusal for good is believed when it was said so often (D-08).
TRIES: Final = 3

NOT_AUTHORISED: Final = 0x0124
TRANSFER_SYNTAX: Final = 0xC122  # of STOW-RS only (PS3.18 I.2.2)
DUPLICATE_INSTANCE: Final = 0x0111
DISCARDED: Final = 0xB006


class Weight(Enum):
    """What a status says about the object."""

    STORED = auto()
    WARNED = auto()
    NOT_NOW = auto()
    NEVER = auto()
    HAS_IT = auto()


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row: the statuses `first` to `last`, what they say of the object and of the destination, the standard's
    words and where it says them.
    """

    first: int
    last: int
    weight: Weight
    words: str
    section: str
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class Judgement:
    """How an attempt ended that was answered. The fields are those of an Outcome."""

    kind: Kind
    message: str
    trouble: Trouble = Trouble.NONE
    refused: bool = False


_OUT, _US = Trouble.CONGESTED, Trouble.MISCONFIGURED

TABLE: Final = (
    Meaning(0x0000, 0x0000, Weight.STORED, "stored", "PS3.4 B.2.3"),
    Meaning(0xB000, 0xB000, Weight.WARNED, "stored, with elements coerced by the destination", "PS3.4 B.2.3"),
    Meaning(0xB006, 0xB006, Weight.WARNED, "stored, with elements discarded by the destination", "PS3.4 B.2.3"),
    Meaning(0xB007, 0xB007, Weight.WARNED, "stored, though the data set does not match its SOP class", "PS3.4 B.2.3"),
    Meaning(0xA700, 0xA7FF, Weight.NOT_NOW, "refused: out of resources", "PS3.4 B.2.3", _OUT),
    Meaning(0xA900, 0xA9FF, Weight.NEVER, "the data set does not match its SOP class", "PS3.4 B.2.3"),
    Meaning(0xC000, 0xCFFF, Weight.NEVER, "the destination cannot understand the object", "PS3.4 B.2.3"),
    Meaning(0x0110, 0x0110, Weight.NOT_NOW, "processing failure", "PS3.7 Annex C"),
    Meaning(0x0111, 0x0111, Weight.HAS_IT, "refused: the destination has this SOP instance already", "PS3.7 Annex C"),
    Meaning(0x0117, 0x0117, Weight.NEVER, "invalid SOP Instance UID", "PS3.7 Annex C"),
    Meaning(0x0122, 0x0122, Weight.NEVER, "SOP class not supported", "PS3.7 Annex C"),
    Meaning(0x0124, 0x0124, Weight.NOT_NOW, "not authorised", "PS3.7 Annex C", _US),
    Meaning(0x0210, 0x0210, Weight.NOT_NOW, "duplicate invocation of a Message ID", "PS3.7 Annex C"),
    Meaning(0x0211, 0x0211, Weight.NEVER, "unrecognised operation", "PS3.7 Annex C"),
    Meaning(0x0212, 0x0212, Weight.NEVER, "mistyped argument", "PS3.7 Annex C"),
    Meaning(0x0213, 0x0213, Weight.NOT_NOW, "resource limitation", "PS3.7 Annex C", _OUT),
)


def meaning(status: int) -> Meaning:
    """The row for `status`; an unknown one is "not now"."""
    for row in TABLE:
        if row.first <= status <= row.last:
            return row
    return Meaning(status, status, Weight.NOT_NOW, "a status that is not defined for C-STORE", "PS3.7 Annex C")


def judge_http(reason: int, refusals: int) -> Judgement:
    """What a Failure Reason of STOW-RS means (PS3.18 I.2.2): codes of C-STORE, success not among them."""
    if meaning(reason).weight in (Weight.STORED, Weight.WARNED):
        return Judgement(Kind.DEFERRED, f"refused, for the reason 0x{reason:04X}, which is none")
    judged = judge(reason, refusals, "")
    if reason == TRANSFER_SYNTAX:
        return replace(judged, message=f"0x{reason:04X} transfer syntax not supported")
    if reason == NOT_AUTHORISED:
        return replace(judged, message=f"0x{reason:04X} {meaning(reason).words}: `token` allows no storing there")
    return judged


def judge(status: int, refusals: int, calling_aet: str) -> Judgement:
    """What `status` means for an instance that was refused for good `refusals` times before.

    `HAS_IT` is "held" here, because a sender does not know what was sent before: lanes ask the ledger.
    """
    row = meaning(status)
    words = f"0x{status:04X} {row.words}"
    match row.weight:
        case Weight.STORED:
            return Judgement(Kind.SENT, row.words)
        case Weight.WARNED:
            return Judgement(Kind.SENT, f"warning {words}")
        case Weight.HAS_IT:
            return Judgement(Kind.HELD, words)
        case Weight.NEVER:
            return Judgement(Kind.FAILED if refusals + 1 >= TRIES else Kind.DEFERRED, words, refused=True)
    if status == NOT_AUTHORISED:
        words += f": let the destination know our AE title {calling_aet}"
    return Judgement(Kind.DEFERRED, words, row.trouble)
