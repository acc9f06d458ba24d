"""Where an element lies, for people: `RequestAttributesSequence[item 1].ScheduledProcedureStepID`."""

from dataclasses import dataclass

from dicomrules.dicom.tags import format_tag, keyword_of


@dataclass(frozen=True, slots=True)
class Step:
    """One element on the way; `item` counts from 1, 0 in the last step; `creator` is that of a private element."""

    tag: int
    item: int = 0
    creator: str = ""

    def __str__(self) -> str:
        if self.creator:
            name = f'({self.tag >> 16:04X},"{self.creator}",{self.tag & 0xFF:02X})'
        else:
            name = keyword_of(self.tag) or format_tag(self.tag)
        return f"{name}[item {self.item}]" if self.item else name


@dataclass(frozen=True, slots=True)
class TagPath:
    """The steps from the top of the data set to one element."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))

    def into(self, item: int, tag: int, creator: str = "") -> "TagPath":
        """The path of element `tag` in item `item` (from 1) of the sequence this path names."""
        last = self.steps[-1]
        return TagPath((*self.steps[:-1], Step(last.tag, item, last.creator), Step(tag, 0, creator)))
