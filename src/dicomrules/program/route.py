"""Where an arm of a routes table sends to: destinations, by name or from a table, each with its options."""

from __future__ import annotations

from datetime import timedelta

from dicomrules.program.expression import Context, Literal, Lookup
from dicomrules.program.verdict import Stop
from dicomrules.text.frozen import frozen


@frozen
class Options:
    """What a route says about a destination; empty, None or 0: nothing.

    `through` names a group of rules. `calling` is the calling AE title of this send, `compressed` a transfer syntax
    UID, `during` a schedule.
    """

    through: str = ""
    calling: Literal | Context | None = None
    compressed: str = ""
    quality: int | None = None
    decompressed: bool = False
    during: str = ""
    study_after: timedelta | None = None
    only_once: bool = False
    once_per: timedelta | None = None
    priors: int = 0
    priority: str = ""


PLAIN = Options()


@frozen
class Way:
    """One destination and its options. A bare name stands for one without any."""

    destination: str
    options: Options = PLAIN


@frozen
class WayFromTable:
    """`lookup stores[called_aet].store otherwise hold "…"`: the destination is what the table says."""

    lookup: Lookup
    otherwise: Stop
    options: Options = PLAIN


@frozen
class Balance:
    """`balance(a 25, b 75)`: one of the members, the same for all instances of a study. Weights are 1 or more."""

    members: tuple[tuple[Way | WayFromTable, int], ...]


@frozen
class Failover:
    """`a failover b`: the first; each other one only where those before it cannot be reached."""

    members: tuple[Way | WayFromTable | Balance, ...]


Target = str | Way | WayFromTable | Balance | Failover
Single = Way | WayFromTable


def singles(target: Target) -> tuple[Single, ...]:
    """Every destination that a target names, those of tables as what looks them up."""
    match target:
        case str():
            return (Way(target),)
        case Balance(members):
            return tuple(member for member, _ in members)
        case Failover(members):
            return tuple(single for member in members for single in singles(member))
        case _:
            return (target,)
