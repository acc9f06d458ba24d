"""Which rules an object can fire, by what their first test asks: a thousand rules for other senders cost nothing.

A rule is passed over only where its guard would have been false at its first test: every value and every verdict comes
out as if all rules had been asked in their order. Objects of one kind come in great numbers, so what is left for them
is remembered.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.quick import literals_of, text_getter
from dicomrules.engine.run import Run
from dicomrules.program.expression import Both, Condition, Expression, Named
from dicomrules.program.ruleset import Guard

_MOST_REMEMBERED = 1_000
"""For how many kinds of objects it is remembered what is left."""

_NONE_OF_THEM = ""  # no rule compares with the empty text

Asked = tuple[Expression, frozenset[str]]
"""What a guard looks at first, and the texts of which it must be one."""


class Guarded(Protocol):
    """A rule or an arm, with what its guard asks first (None: something that no sieve knows)."""

    @property
    def asked(self) -> Asked | None:
        """What its guard asks first."""


One = TypeVar("One", bound=Guarded)
Kind = tuple[str | None, ...]
"""What the rules see of an object: of each subject its text, where a rule asks for it."""


def asked_first(guard: Guard | None) -> Asked | None:
    """What a guard looks at before anything else, where it can be true only for some texts."""
    condition: Condition | None = None if guard is None or guard.unless else guard.condition
    while isinstance(condition, Both | Named):
        if isinstance(condition, Both):
            condition = condition.parts[0] if condition.parts else None
        else:
            condition = condition.condition
    return None if condition is None else literals_of(condition)


class Sieve(Generic[One]):
    """Rules in their order, or the arms of a table."""

    def __init__(self, scope: Scope, every: Sequence[One]) -> None:
        self.every = every
        self._getters: list[Getter] = []
        self._texts: list[frozenset[str]] = []
        self._asked = self._by_subject(scope)
        self._left: dict[Kind, tuple[list[int], list[One]]] = {}

    def _by_subject(self, scope: Scope) -> list[tuple[int, frozenset[str]] | None]:
        """For each rule the number of its subject, and its texts."""
        numbers: dict[Expression, int] = {}
        found: list[tuple[int, frozenset[str]] | None] = []
        texts: list[set[str]] = []
        for one in self.every:
            get = None if one.asked is None else text_getter(scope, one.asked[0])
            if one.asked is None or get is None:
                found.append(None)
                continue
            subject, wanted = one.asked
            if subject not in numbers:
                numbers[subject] = len(numbers)
                self._getters.append(get)
                texts.append(set())
            texts[numbers[subject]] |= wanted
            found.append((numbers[subject], wanted))
        self._texts = [frozenset(each) for each in texts]
        return found

    def kind(self, run: Run) -> Kind:
        """What the rules see of the object as it is now. None: reading it ends deciding, which is left to the rule."""
        return tuple([self._seen(run, number) for number in range(len(self._getters))])

    def _seen(self, run: Run, number: int) -> str | None:
        try:
            seen = self._getters[number](run)
        except Halt:
            return None
        return seen if seen.__class__ is str and seen in self._texts[number] else _NONE_OF_THEM

    def left(self, kind: Kind, above: int = -1) -> tuple[list[int], list[One]]:
        """The rules that objects of a kind may fire, by place, and the rules themselves; those after place `above`."""
        found = self._left.get(kind)
        if found is None:
            places = [place for place, asked in enumerate(self._asked) if asked is None or _may(kind, *asked)]
            if len(self._left) >= _MOST_REMEMBERED:
                self._left.clear()
            found = self._left[kind] = places, [self.every[place] for place in places]
        if above < 0:
            return found
        start = bisect_right(found[0], above)
        return found[0][start:], found[1][start:]


def _may(kind: Kind, subject: int, wanted: frozenset[str]) -> bool:
    """Whether a rule that wants one of these texts may fire for objects of a kind."""
    seen = kind[subject]
    return seen is None or seen in wanted
