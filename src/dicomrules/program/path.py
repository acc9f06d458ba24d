"""Paths: where in a data set a rule reads or writes."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from dicomrules.program.types import TYPE_OF_VR, Type
from dicomrules.text.frozen import frozen

if TYPE_CHECKING:
    from dicomrules.program.expression import Condition


class Prefix(StrEnum):
    """From where a path starts.

    HERE: the item of the enclosing `within`, the data set outside of one. CURRENT: the data set as rewritten so far
    (`current.` and `root.` are the same place). ORIGINAL: the data set as received. META: the file meta, by keyword.
    """

    HERE = ""
    CURRENT = "current"
    ORIGINAL = "original"
    META = "meta"


class Pick(StrEnum):
    """A selector without a number. NEW appends an item and stands only in `add` and `within`."""

    FIRST = "first"
    LAST = "last"
    ANY = "any"
    EVERY = "every"
    NEW = "new"


@frozen
class Nth:
    """`[item n]` or `[value n]`; counts from 1."""

    number: int


@frozen
class Where:
    """`[where C]`: items for which C holds; the paths of C start at the item (Prefix.HERE)."""

    condition: Condition
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(self.condition))

    def __hash__(self) -> int:
        """Worked out once: conditions hold paths, which may hold conditions, and so on."""
        return self._hash


Selector = Pick | Nth | Where


@frozen
class PrivateTag:
    """A private element by its creator: odd group, creator, and the lower byte of its element number (PS3.5 7.8.1)."""

    group: int
    creator: str
    element: int


@frozen
class Step:
    """One element of a path. `selector` picks an item; it is None on the last step only, which may be a sequence."""

    tag: int | PrivateTag
    vr: str
    name: str  # as shown to people: the keyword, or "(0019,\"CREATOR\",0C)"
    selector: Selector | None = None


@frozen
class Path:
    """Steps down to one element.

    `value` picks among its values (None: the element as a whole, one value when read). `most` is how many values its VM
    allows, None without bound: more is malformed. `component` is a PN component ("family", "given", "middle",
    "prefix", "suffix"; empty: all), and `group` its component group ("alphabetic", "ideographic", "phonetic"; PS3.5
    6.2.1; empty: the first group for a component, all groups without one).
    """

    steps: tuple[Step, ...]
    prefix: Prefix = Prefix.HERE
    value: Selector | None = None
    most: int | None = 1
    group: str = ""
    component: str = ""
    text: str = field(default="", compare=False)  # as written
    _hash: int | None = field(default=None, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Worked out once: what is known of an object is kept in sets of paths."""
        known = self._hash
        if known is None:
            known = hash((self.steps, self.prefix, self.value, self.group, self.component))
            object.__setattr__(self, "_hash", known)
        return known

    def moved(self, steps: tuple[Step, ...], prefix: Prefix) -> Path:
        """The same part of the element that these steps lead to."""
        return Path(steps, prefix, self.value, self.most, self.group, self.component, self.text)

    @property
    def delimiters(self) -> str:
        """What ends the part of a person name that is named here (PS3.5 6.2.1.1), and so never stands in it."""
        return "^=" if self.component else "=" if self.group else ""

    @property
    def type(self) -> Type:
        """The type of what is read here: text for a component, else by the VR of the last step."""
        return Type.TEXT if self.component or self.group else TYPE_OF_VR[self.steps[-1].vr]
