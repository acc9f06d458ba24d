"""What a rule does: its statements. `apply` stands here as the statements of its action."""

from __future__ import annotations

from dataclasses import field

from dicomrules.program.expression import NOWHERE, Condition, Expression, Origin, Otherwise, Secret
from dicomrules.program.path import Path, PrivateTag
from dicomrules.program.verdict import Stop
from dicomrules.text.frozen import frozen


@frozen
class TagSet:
    """Elements by what they are, not by where: a `tags` set with its keyword regexes spelt out.

    `masks` are (mask, tag): an element belongs when `its tag & mask == tag`. `vrs` are VRs. `excepted` stay out.
    """

    tags: frozenset[int] = frozenset()
    masks: tuple[tuple[int, int], ...] = ()
    privates: tuple[PrivateTag, ...] = ()
    vrs: frozenset[str] = frozenset()
    excepted: TagSet | None = None


@frozen
class Targets:
    """What a statement is about: paths, and sets of elements. `anywhere`: at every depth, by the last step.

    `excepted` are those left out, with whatever lies below them.
    """

    paths: tuple[Path, ...] = ()
    sets: tuple[TagSet, ...] = ()
    anywhere: bool = False
    excepted: Targets | None = None


@frozen
class Set:
    """`set P = v`. `otherwise` None: the checker proved that there is a value; is there none after all, no effect."""

    target: Path
    value: Expression
    otherwise: Otherwise | None = None
    creating: bool = False
    override: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Default:
    """`default P = v`: as `set`, but only if P is blank."""

    target: Path
    value: Expression
    otherwise: Otherwise | None = None
    creating: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Add:
    """`add P = v` appends one value (P is created if absent); `add S[new].P = v` appends one item that holds it."""

    target: Path
    value: Expression
    otherwise: Otherwise | None = None
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Within:
    """`within S[every] { … }`: the statements run for each item that the last step selects; plain paths start there."""

    path: Path
    body: tuple[Statement, ...]
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Empty:
    """`empty P, …`: elements that are there become zero length; an absent one stays absent."""

    targets: Targets
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Remove:
    """`remove P, …`."""

    targets: Targets
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class KeepOnly:
    """`keep only P, …`: every other element of the data set, or of the item inside `within`, goes (S37).

    What says which object this is, and how its text and pixels are to be read, stays.
    """

    targets: Targets
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class RemovePrivate:
    """`remove private except "CREATOR", …`: at every depth, what no maker reserved too (S36)."""

    creators: frozenset[str] = frozenset()
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class RemapUids:
    """`remap uids with SECRET under ROOT`: UIDs that name an instance or the like, at every depth, references too.

    `root` is empty for 2.25. `excepted` single attributes are left out at every depth.
    """

    secret: Secret
    root: str = ""
    excepted: Targets | None = None
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class ShiftDates:
    """`shift dates by days`: every DA and DT, at every depth. `excepted` single attributes stay at every depth."""

    by: Expression
    otherwise: Otherwise | None = None
    excepted: Targets | None = None
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class CharsetTo:
    """`charset to X`: all text of the object is encoded anew (PS3.3 C.12.1.1.2)."""

    charset: str
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class CharsetFrom:
    """`charset from A to X`: the bytes as they came are text in A, whatever is declared. `to` empty: A is declared.

    Several terms of a character set with code extensions are separated by a backslash.
    """

    actual: str
    to: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Copy:
    """`copy P to Q`: the value as it is, text kept. Same VR on both sides."""

    source: Path
    target: Path
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Move:
    """`move P to Q`: copy, then remove P."""

    source: Path
    target: Path
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Swap:
    """`swap P with Q`: exchanges values, emptiness and absence."""

    first: Path
    second: Path
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Let:
    """`let name = v`. A row when `value` is a Lookup without column. `otherwise` is a value or a verdict."""

    name: str
    value: Expression
    otherwise: Otherwise | None = None
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Branch:
    """One arm of an `if`: its condition and its statements."""

    condition: Condition
    body: tuple[Statement, ...]
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class If:
    """`if … else if … else`: the first branch whose condition is true, else `default`."""

    branches: tuple[Branch, ...]
    default: tuple[Statement, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


# Statements about the whole object: they do not stand inside `within` (S79).
AboutAll = RemovePrivate | RemapUids | ShiftDates | CharsetTo | CharsetFrom
Statement = Set | Default | Add | Within | Empty | Remove | KeepOnly | AboutAll | Copy | Move | Swap | Let | If | Stop
