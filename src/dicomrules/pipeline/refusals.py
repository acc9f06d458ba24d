"""What a destination's "no" to storage commitment means for a delivery: the one table of it. Pure.

The theory is that of C-STORE statuses: "not now" unless proven "never", and "never" is believed when it was said three
times, because a wrong "never" leaves an instance to a person and a wrong "not now" costs a transfer. Whatever the
reason, the destination has just said that it does not keep what it was sent: so the instance is sent again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dicomrules.dicom.commitment import (
    CLASS_CONFLICT,
    CLASS_NOT_SUPPORTED,
    DUPLICATE_TRANSACTION,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    RESOURCE_LIMITATION,
)
from dicomrules.model.delivery import Kind
from dicomrules.model.destination import RetryPolicy
from dicomrules.queue import retry
from dicomrules.queue.commitments import Refused

# A refusal for good is believed when it came so often (D-08, D-19).
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Meaning:
    """One failure reason: the standard's words, and whether it says "never"."""

    words: str
    never: bool = False


# Failure Reason (0008,1197), PS3.3 C.14.1.1
TABLE: Final = {
    PROCESSING_FAILURE: Meaning("processing failure"),
    NO_SUCH_INSTANCE: Meaning("no such object instance"),
    RESOURCE_LIMITATION: Meaning("resource limitation"),
    CLASS_NOT_SUPPORTED: Meaning("referenced SOP class not supported", never=True),
    CLASS_CONFLICT: Meaning("class / instance conflict", never=True),
    DUPLICATE_TRANSACTION: Meaning("duplicate transaction UID"),
}
_UNDEFINED: Final = Meaning("a reason that PS3.3 does not define")


@dataclass(frozen=True, slots=True)
class Before:
    """How often a delivery was deferred, and of these refused for good, before."""

    deferrals: int
    refusals: int


def what_follows(reason: int, before: Before, policy: RetryPolicy, now: datetime, jitter: float) -> Refused:
    """What follows for a delivery whose instance is not committed. `jitter` is a chance from 0 up to 1."""
    meaning = TABLE.get(reason, _UNDEFINED)
    words = f"not committed, 0x{reason:04X} {meaning.words}"
    again = retry.next_attempt(policy, before.deferrals + 1, now, jitter)
    if reason == DUPLICATE_TRANSACTION:
        return Refused(Kind.STORED, f"{words}: asked again under another one", again)
    if meaning.never and before.refusals + 1 >= TRIES:
        return Refused(Kind.FAILED, words, refused=True)
    return Refused(Kind.DEFERRED, f"{words}: sent again", again, refused=meaning.never)
