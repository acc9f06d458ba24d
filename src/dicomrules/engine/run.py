"""One decision under way: everything that changes while rules run lies here, so that closures and Program never do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from dicomrules.dicom.edit import DataSet, open_dataset
from dicomrules.dicom.index import Index
from dicomrules.engine.halt import Halt
from dicomrules.model.decision import Change
from dicomrules.model.instance import Envelope
from dicomrules.program.expression import OfObject
from dicomrules.program.path import PrivateTag
from dicomrules.program.ruleset import Row
from dicomrules.program.verdict import Stop

# The answers of tables that are not in the Program, by (table, key); None: nothing found.
Answers = Mapping[tuple[str, tuple[str, ...]], Row | None]

UNREAD: Final = object()

# How many changed elements are told one by one; the others are counted. A structure set may have a million.
MOST_CHANGES: Final = 10_000

# How much one decision may look at: so often all that the object has, and in small ones at least so many items. No rule
# asks for so much of a whole object; one that asks each item about each other would take days for a large one.
PASSES, AT_LEAST = 50, 1_000_000
TOO_LONG: Final = Stop("hold", "deciding it takes too long")


@dataclass(slots=True)
class Edit:
    """What became of one element: how it looked before the first write and after the last, and who wrote last."""

    before: str | None
    after: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A data set or item, how paths to what lies in it begin, and the top-level element it lies below (None: none)."""

    dataset: DataSet
    path: str = ""
    top: int | PrivateTag | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new item of sequence `tag`, or (`item` None) a new private creator; `alone`: the sequence is new too."""

    spot: Spot
    tag: int
    item: DataSet | None = None
    alone: bool = False


class Run:
    """The state of one decision.

    `root` is the edit tree, `here` what plain paths start from. `slots` caches what was read, by the plan's numbers.
    `locals` holds `let` names, `objects` what a test asks of its other objects. `edits` are by path, in order. `notes`
    are those of the rule at hand. `done` are the statements that hide who the patient is ("remap uids", "shift dates"),
    `made` the UIDs that `remap uids` has made. `fresh` is what the statement at hand has made to write into. `left` is
    how many items and elements may still be looked at one by one.
    """

    __slots__ = (
        "_original",
        "_own",
        "answers",
        "done",
        "edits",
        "envelope",
        "fresh",
        "here",
        "index",
        "left",
        "locals",
        "made",
        "notes",
        "objects",
        "root",
        "rule",
        "slots",
        "untold",
    )

    def __init__(self, envelope: Envelope, index: Index, answers: Answers, size: int) -> None:
        self.envelope = envelope
        self.index = index
        self.answers = answers
        self.root: DataSet = open_dataset(index)
        self.here = Spot(self.root)
        self._original: DataSet | None = None
        self.slots: list[Any] = [UNREAD] * size
        self.locals: dict[str, Any] = {}
        self.objects: Mapping[OfObject, Any] = {}
        self.edits: dict[str, Edit] = {}
        self._own: dict[str, Edit] = {}  # those of the rule at hand
        self.notes: list[str] = []
        self.rule = ""
        self.made: set[str] = set()
        self.done: set[str] = set()
        self.fresh: list[Fresh] = []
        self.untold = 0  # changes of the rule at hand that are only counted
        self.left = AT_LEAST + PASSES * index.count

    @property
    def original(self) -> DataSet:
        """The data set as received."""
        if self._original is None:
            self._original = open_dataset(self.index)
        return self._original

    def branch(self) -> "Run":
        """The same object, as far rewritten, once more: what is done to one of the two is not seen by the other."""
        twin = Run(self.envelope, self.index, self.answers, len(self.slots))
        twin.root = self.root.copy()
        twin.here = Spot(twin.root)
        twin._original = self._original
        twin.edits = {path: replace(edit) for path, edit in self.edits.items()}
        twin.made, twin.done = set(self.made), set(self.done)
        twin.left = self.left
        return twin

    def look(self, count: int = 1) -> None:
        """So many items or elements are looked at now. Raises Halt when that is too much."""
        self.left -= count
        if self.left < 0:
            raise Halt(TOO_LONG)

    def begin(self, rule: str) -> None:
        """A rule, or a routes table (empty), begins."""
        self.rule = rule
        self.notes, self.locals, self._own, self.untold = [], {}, {}, 0

    def note(self, text: str) -> None:
        """Remember something that happened and is no change: "no target"."""
        if text not in self.notes:
            self.notes.append(text)

    def edited(self, path: str, before: str | None, after: str | None) -> None:
        """Remember that the element at `path` looked like `before` and now looks like `after`."""
        for edits in (self.edits, self._own):
            known = edits.get(path)
            if known is not None:
                known.after, known.rule = after, self.rule
            elif len(edits) < MOST_CHANGES:
                edits[path] = Edit(before, after, self.rule)
            elif edits is self._own:
                self.untold += 1

    def tells(self) -> bool:
        """Whether one change more is told by itself."""
        return len(self._own) < MOST_CHANGES

    def changes(self) -> tuple[Change, ...]:
        """Everything that changed."""
        return _changes(self.edits)

    def own_changes(self) -> tuple[Change, ...]:
        """What the rule at hand changed."""
        return _changes(self._own)


def _changes(edits: dict[str, Edit]) -> tuple[Change, ...]:
    return tuple(
        Change(path, edit.before, edit.after, edit.rule) for path, edit in edits.items() if edit.before != edit.after
    )
