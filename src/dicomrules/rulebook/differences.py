"""Where two forms of one object differ, element by element, at every depth (S70)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import format_tag, is_creator, keyword_of
from dicomrules.program.path import Nth, Path, Pick, PrivateTag, Step
from dicomrules.program.statement import TagSet, Targets


@dataclass(frozen=True, slots=True)
class Part:
    """One step to an element: its tag, the private creator of its block, the item it goes through (from 0), its VR."""

    tag: int
    creator: str = ""
    item: int | None = None
    vr: str = ""

    def __str__(self) -> str:
        name = keyword_of(self.tag) or format_tag(self.tag)
        if self.creator:
            name = f'({self.tag >> 16:04X},"{self.creator}",{self.tag & 0xFF:02X})'
        return name if self.item is None else f"{name}[item {self.item + 1}]"


Location = tuple[Part, ...]


def differences(received: DataSet, rewritten: DataSet) -> Iterator[Location]:
    """The places of all elements that are not the same, the sequence as a whole where its number of items differs."""
    waiting: list[tuple[DataSet, DataSet, Location]] = [(received, rewritten, ())]
    while waiting:
        before, after, way = waiting.pop()
        for tag in sorted({*before.tags(), *after.tags()}):
            old, new = before.get(tag), after.get(tag)
            holder = before if new is None else after
            here = (*way, Part(tag, holder.creator(tag), vr=holder.vr(tag)))
            if old is None or new is None or old.is_sequence != new.is_sequence:
                yield here
            elif not old.is_sequence:
                if (old.vr, old.raw) != (new.vr, new.raw):
                    yield here
            elif len(before.items(tag)) != len(after.items(tag)):
                yield here
            else:
                pairs = zip(before.items(tag), after.items(tag), strict=True)
                waiting.extend(
                    (one, other, (*way, replace(here[-1], item=place))) for place, (one, other) in enumerate(pairs)
                )


def spares(targets: Targets | None, location: Location) -> bool:
    """Whether `except …` is about a location: what lies below belongs to it, and a private block's creator too."""
    if targets is None:
        return False
    if any(covers(path, location) for path in targets.paths):
        return True
    if not targets.anywhere:
        return any(_belongs(one, location[0]) for one in targets.sets)
    last = [path.steps[-1] for path in targets.paths]
    return any(
        any(_fits(step, part) for step in last) or any(_belongs(one, part) for one in targets.sets) for part in location
    )


def _belongs(tags: TagSet, part: Part) -> bool:
    """Whether an element is one of a set of tags."""
    if tags.excepted is not None and _belongs(tags.excepted, part):
        return False
    private = PrivateTag(part.tag >> 16, part.creator, part.tag & 0xFF)
    masked = any(part.tag & mask == tag for mask, tag in tags.masks)
    return masked or part.tag in tags.tags or part.vr in tags.vrs or private in tags.privates


def covers(path: Path, location: Location) -> bool:
    """Whether a path is about a location, or about something that it lies in."""
    if len(location) == len(path.steps) and is_creator(location[-1].tag):
        last = path.steps[-1].tag
        return isinstance(last, PrivateTag) and last.group == location[-1].tag >> 16
    steps = path.steps
    return len(location) >= len(steps) and all(_fits(step, part) for step, part in zip(steps, location, strict=False))


def _fits(step: Step, part: Part) -> bool:
    if isinstance(step.tag, PrivateTag):
        wanted = (step.tag.group, step.tag.element, step.tag.creator)
        if wanted != (part.tag >> 16, part.tag & 0xFF, part.creator):
            return False
    elif step.tag != part.tag:
        return False
    match step.selector:
        case Nth(number):
            return part.item is None or part.item == number - 1
        case Pick.FIRST:
            return part.item in (None, 0)
        case _:
            return True


def shown(location: Location) -> str:
    """A location for people."""
    return ".".join(map(str, location))
