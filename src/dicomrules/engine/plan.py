"""What is prepared once for a Program, before any object comes."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from typing import Any

from dicomrules.dicom.columns import Element
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import is_private, vr_of
from dicomrules.engine.run import UNREAD, Run
from dicomrules.program.expression import Condition, Is, Read
from dicomrules.program.path import Path, Pick, Prefix, PrivateTag, Step, Where
from dicomrules.program.ruleset import Program
from dicomrules.program.statement import CharsetFrom, CharsetTo
from dicomrules.program.walk import inside

# Reads something for one decision.
Getter = Callable[[Run], Any]

# Where a path leads, whatever is taken of the value there.
Place = tuple[Prefix, tuple[Step, ...]]


def place_of(path: Path) -> Place:
    """Where a path leads."""
    return path.prefix, path.steps


@dataclass(slots=True)
class Plan:
    """The Program, and a numbered slot for each path that may be cached.

    A slot is forgotten when the top-level element that its path goes through is written: `by_tag` says which. Those
    that go through a private block are forgotten with every private write.
    """

    program: Program
    system: str = ""  # our name, where changes are recorded
    numbers: dict[tuple[str, Path], int] = field(default_factory=dict)
    by_tag: dict[int, list[int]] = field(default_factory=dict)
    private: list[int] = field(default_factory=list)
    recodes: bool = field(init=False)  # whether a rule may say in which character set the object leaves

    def __post_init__(self) -> None:
        rules = (self.program.rules, tuple(self.program.groups.values()))
        self.recodes = any(isinstance(part, CharsetTo | CharsetFrom) for part in inside(rules))

    def slot(self, kind: str, path: Path) -> int:
        """The number under which `kind` of reading of `path` is cached."""
        key = (kind, path)
        if key not in self.numbers:
            number = self.numbers[key] = len(self.numbers)
            if path.prefix in (Prefix.HERE, Prefix.CURRENT):
                tag = path.steps[0].tag
                (self.private if isinstance(tag, PrivateTag) else self.by_tag.setdefault(tag, [])).append(number)
        return self.numbers[key]

    def forget(self, run: Run, tag: int | PrivateTag) -> None:
        """The top-level element `tag` was written, or something below it."""
        slots = run.slots
        for number in self.by_tag.get(tag, ()) if isinstance(tag, int) else self.private:
            slots[number] = UNREAD
        if isinstance(tag, int) and tag >> 16 & 1:
            for number in self.private:
                slots[number] = UNREAD

    def forget_all(self, run: Run) -> None:
        """Elements all over the data set were written."""
        run.slots[:] = [UNREAD] * len(run.slots)

    def vr(self, dataset: DataSet, element: Element) -> str:
        """The VR to read an element by: its own, else that of the dictionaries or of a `private` line of the rules."""
        if element.vr != "UN":
            return element.vr
        tag = element.tag
        known = dataset.vr(tag)
        if known == "UN" and self.program.private_vrs and is_private(tag):
            return self.program.private_vrs.get(PrivateTag(tag >> 16, dataset.creator(tag), tag & 0xFF), "UN")
        return known

    def vr_among(self, wanted: Container[str], dataset: DataSet, element: Element) -> str:
        """The VR to go by for whom some VRs matter: PS3.6's where it is one of them, whatever stands there.

        A date is one under whatever VR a device has written it.
        """
        came, known = self.vr(dataset, element), vr_of(element.tag)
        return known if came not in wanted and known in wanted else came


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: in which rule, and whether plain paths start at an item.

    `condition` prepares a condition (`match.holds`, which cannot be imported here). `tolerant` are the places whose
    being malformed the rule tests itself, so that the `malformed` setting leaves them alone.
    """

    plan: Plan
    condition: "Callable[[Scope, Condition], Getter]"
    tolerant: frozenset[Place] = frozenset()
    nested: bool = False

    def inside_item(self) -> "Scope":
        """The same scope inside `within` or `[where …]`."""
        return replace(self, nested=True)

    def caches(self, path: Path) -> bool:
        """Whether what `path` reads depends on nothing but the element it goes through at the top level."""
        if self.nested and path.prefix is Prefix.HERE:
            return False
        return not any(isinstance(step.selector, Where) or step.selector in QUANTIFIERS for step in path.steps)


QUANTIFIERS = (Pick.ANY, Pick.EVERY)


def tested_for_malformed(node: object) -> frozenset[Place]:
    """The places for which a rule, or a part of one, says `is malformed`."""
    return frozenset(
        place_of(part.value.path)
        for part in inside(node)
        if isinstance(part, Is) and part.state == "malformed" and isinstance(part.value, Read)
    )


def read_places(node: object) -> frozenset[Place]:
    """Every place that a condition, or a part of one, reads."""
    return frozenset(place_of(part.path) for part in inside(node) if isinstance(part, Read))
