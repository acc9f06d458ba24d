"""What a receiver does with instances that fit badly to what is known already."""

from dataclasses import dataclass
from enum import StrEnum


class Policy(StrEnum):
    """`hold`: kept for a person, nothing of it leaves. `send`: counted and told, and goes its way."""

    HOLD = "hold"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Admission:
    """`conflict`: a SOP Instance UID that is there with other content. `identity`: a study of another patient."""

    conflict: Policy = Policy.HOLD
    identity: Policy = Policy.HOLD


STRICT = Admission()
