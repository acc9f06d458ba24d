"""What rules have written so far: whether the object as received may differ there from the one as rewritten."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dicomrules.lang.check.ground import LOOKED_AT, Ground
from dicomrules.lang.check.overlap import looked_at, may_overlap, tops
from dicomrules.program.path import Path


@dataclass(slots=True)
class Written:
    """Paths that rules have written so far, by the attribute at the top of the data set that they start with."""

    _by_top: dict[object, dict[Path, None]] = field(default_factory=dict)

    def add(self, paths: Iterable[Path]) -> None:
        """Paths that the next rule writes."""
        for path in paths:
            self._by_top.setdefault(path.steps[0].tag, {})[path] = None

    def touches(self, ground: Ground, path: Path) -> bool | None:
        """Whether anything was written that a path leads through or to, or that its items are chosen by.

        None: that would be too much to look at.
        """
        if not any(top in self._by_top for top in tops(path, ground.tops)):
            return False
        for seen in looked_at(path):
            paths = self._by_top.get(seen.steps[0].tag, {})
            if not ground.compare(LOOKED_AT + len(paths)):
                return None
            if any(may_overlap(one, seen) for one in paths):
                return True
        return False

    def copy(self) -> "Written":
        """The same, to be added to apart from this one."""
        return Written({top: dict(paths) for top, paths in self._by_top.items()})
