"""Which arm of a `first match` table leaves nothing for a later one, as far as equality with literals proves it."""

from dicomrules.lang.check.apart import Facts, Known, Subject, facts_of
from dicomrules.program.ruleset import Guard


class Taken:
    """The arms seen so far, from the top."""

    def __init__(self) -> None:
        self._count = 0
        self._known: Known = {}
        self._same: dict[Guard, int] = {}
        self._takers: dict[tuple[Subject, object], set[int]] = {}

    def by(self, guard: Guard | None) -> int | None:
        """The arm above that takes every object for which this guard holds; None when there is no proof of one."""
        if guard is None:
            return None
        if guard in self._same:
            return self._same[guard]
        return self._inside(facts_of(guard, self._known))

    def _inside(self, proven: Facts | None) -> int | None:
        """An arm that asks for nothing but one of the values that this one asks for as well."""
        for subject, values in proven.sets.items() if proven is not None else ():
            takers = [self._takers.get((subject, value), set()) for value in values]
            common = set.intersection(*takers) if takers else set()
            if common:
                return min(common)
        return None

    def add(self, guard: Guard | None) -> None:
        """The next arm."""
        index, self._count = self._count, self._count + 1
        if guard is None:
            return
        self._same.setdefault(guard, index)
        proven = facts_of(guard, self._known)
        if proven is None or not proven.exact or len(proven.sets) != 1:
            return
        for subject, values in proven.sets.items():
            for value in values:
                self._takers.setdefault((subject, value), set()).add(index)
