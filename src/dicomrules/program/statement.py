"""What a rule does: its statements. `apply` stands here as the statements of its action."""

from __future__ import annotations

from dataclasses import dataclass, field

from dicomrules.program.expression import NOWHERE, Condition, Expression, Origin, Otherwise
from dicomrules.program.path import Path, PrivateTag
from dicomrules.program.verdict import Stop


@dataclass(frozen=True, slots=True)
class TagSet:
    """Elements by what they are, not by where: a `tags` set with its keyword regexes spelt out.

    `masks` are (mask, tag): an element belongs when `its tag & mask == tag`. `vrs` are VRs. `excepted` stay out.
    """

    tags: frozenset[int] = frozenset()
    masks: tuple[tuple[int, int], ...] = ()
    privates: tuple[PrivateTag, ...] = ()
    vrs: frozenset[str] = frozenset()
    excepted: TagSet | None = None


@dataclass(frozen=True, slots=True)
class Targets:
    """What `empty` and `remove` are about: paths, and sets of elements. `anywhere`: at every depth, by the last step.

    `excepted` paths, and what lies below them, stay.
    """

    paths: tuple[Path, ...] = ()
    sets: tuple[TagSet, ...] = ()
    anywhere: bool = False
    excepted: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Set:
    """`set P = v`. `otherwise` None: the checker proved that there is a value; is there none after all, no effect."""

    target: Path
    value: Expression
    otherwise: Otherwise | None = None
    creating: bool = False
    override: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Default:
    """`default P = v`: as `set`, but only if P is blank."""

    target: Path
    value: Expression
    otherwise: Otherwise | None = None
    creating: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Add:
    """`add P = v` appends one value (P is created if absent); `add S[new].P = v` appends one item that holds it."""

    target: Path
    value: Expression
    otherwise: Otherwise | None = None
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Within:
    """`within S[every] { … }`: the statements run for each item that the last step selects; plain paths start there."""

    path: Path
    body: tuple[Statement, ...]
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """`empty P, …`: elements that are there become zero length; an absent one stays absent."""

    targets: Targets
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Remove:
    """`remove P, …`."""

    targets: Targets
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Copy:
    """`copy P to Q`: the value as it is, text kept. Same VR on both sides."""

    source: Path
    target: Path
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Move:
    """`move P to Q`: copy, then remove P."""

    source: Path
    target: Path
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Swap:
    """`swap P with Q`: exchanges values, emptiness and absence."""

    first: Path
    second: Path
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Let:
    """`let name = v`. A row when `value` is a Lookup without column. `otherwise` is a value or a verdict."""

    name: str
    value: Expression
    otherwise: Otherwise | None = None
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Branch:
    """One arm of an `if`: its condition and its statements."""

    condition: Condition
    body: tuple[Statement, ...]
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class If:
    """`if … else if … else`: the first branch whose condition is true, else `default`."""

    branches: tuple[Branch, ...]
    default: tuple[Statement, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


Statement = Set | Default | Add | Within | Empty | Remove | Copy | Move | Swap | Let | If | Stop
