"""What a C-STORE response means for a delivery: the one table of it.

The theory. A status says one of three things: the peer has the object (success, and the warnings of PS3.4 B.2.3,
which all say that it was stored); the peer could not take it now; the peer says that it never will. We believe the
last only when it was said three times, because a wrong "never" loses an image for that destination until a person
looks, and a wrong "not now" costs a retry. What nobody has defined is "not now". PS3.4 Table B.2-1 has the codes of
Storage, PS3.7 Annex C all others.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from dicomrules.model.delivery import Kind

# A refusal for good is believed when it came in so many attempts (D-08).
TRIES: Final = 3


class Weight(Enum):
    """What a status says about the object."""

    STORED = auto()
    WARNED = auto()
    NOT_NOW = auto()
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row: the statuses `first` to `last`, what they say, the standard's words and where it says them."""

    first: int
    last: int
    weight: Weight
    words: str
    section: str


TABLE: Final = (
    Meaning(0x0000, 0x0000, Weight.STORED, "stored", "PS3.4 B.2.3"),
    Meaning(0xB000, 0xB000, Weight.WARNED, "stored, with elements coerced by the destination", "PS3.4 B.2.3"),
    Meaning(0xB006, 0xB006, Weight.WARNED, "stored, with elements discarded by the destination", "PS3.4 B.2.3"),
    Meaning(0xB007, 0xB007, Weight.WARNED, "stored, though the data set does not match its SOP class", "PS3.4 B.2.3"),
    Meaning(0xA700, 0xA7FF, Weight.NOT_NOW, "refused: out of resources", "PS3.4 B.2.3"),
    Meaning(0xA900, 0xA9FF, Weight.NEVER, "the data set does not match its SOP class", "PS3.4 B.2.3"),
    Meaning(0xC000, 0xCFFF, Weight.NEVER, "the destination cannot understand the object", "PS3.4 B.2.3"),
    Meaning(0x0110, 0x0110, Weight.NOT_NOW, "processing failure", "PS3.7 Annex C"),
    Meaning(0x0111, 0x0111, Weight.NOT_NOW, "refused: the destination has this SOP instance already", "PS3.7 Annex C"),
    Meaning(0x0117, 0x0117, Weight.NEVER, "invalid SOP Instance UID", "PS3.7 Annex C"),
    Meaning(0x0122, 0x0122, Weight.NEVER, "SOP class not supported", "PS3.7 Annex C"),
    Meaning(0x0124, 0x0124, Weight.NOT_NOW, "not authorised", "PS3.7 Annex C"),
    Meaning(0x0210, 0x0210, Weight.NOT_NOW, "duplicate invocation of a Message ID", "PS3.7 Annex C"),
    Meaning(0x0211, 0x0211, Weight.NEVER, "unrecognised operation", "PS3.7 Annex C"),
    Meaning(0x0212, 0x0212, Weight.NEVER, "mistyped argument", "PS3.7 Annex C"),
    Meaning(0x0213, 0x0213, Weight.NOT_NOW, "resource limitation", "PS3.7 Annex C"),
)


def meaning(status: int) -> Meaning:
    """The row for `status`; an unknown one is "not now"."""
    for row in TABLE:
        if row.first <= status <= row.last:
            return row
    return Meaning(status, status, Weight.NOT_NOW, "a status that is not defined for C-STORE", "PS3.7 Annex C")


def judge(status: int, attempts: int, calling_aet: str) -> tuple[Kind, str]:
    """How an attempt ended that was answered with `status`, and in words. `attempts` counts this one too."""
    row = meaning(status)
    words = f"0x{status:04X} {row.words}"
    if row.weight is Weight.STORED:
        return Kind.SENT, row.words
    if row.weight is Weight.WARNED:
        return Kind.SENT, f"warning {words}"
    if status == 0x0124:
        return Kind.DEFERRED, f"{words}: let the destination know our AE title {calling_aet}"
    never = row.weight is Weight.NEVER and attempts >= TRIES
    return (Kind.FAILED if never else Kind.DEFERRED), words
