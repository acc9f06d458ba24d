"""Dates that are shifted twice, or not at all where they should be."""

from collections.abc import Sequence
from functools import cached_property
from itertools import islice

from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.pairs import Above, Pairs
from dicomrules.lang.check.reads import Arms, apart
from dicomrules.lang.check.rules import Ruled
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_LOOKED_AT = 500
"""How many earlier shifts, not known to be apart at once, are compared with a later one."""


class Shifts:
    """The `shift dates` of some rules; those of `before` come before them."""

    def __init__(self, ground: Ground, rules: Sequence[Ruled], before: "Shifts | None" = None) -> None:
        self._ground, self._rules, self._before = ground, rules, before
        self._count: int = len(rules) + (before._count if before is not None else 0)
        self._every: list[_Shift] = [*before._every] if before is not None else []
        self._above: Above = before._above.copy() if before is not None else Above()
        for index, ruled in enumerate(rules, self._count - len(rules)):
            for span, arms in ruled.shifts:
                self._look(index, span, arms)
                self._every.append((index, span, arms))
                self._above.add(len(self._every), self._pairs.asked(index))

    @cached_property
    def _pairs(self) -> Pairs:
        """What tells the rules apart: asked only where there are shifts."""
        return Pairs(self._ground, self._rules, self._before._pairs if self._before is not None else None)

    def _look(self, index: int, span: Span, arms: Arms) -> None:
        """Warn of a shift that an earlier one may come before, for the same object."""
        for other in islice(self._above.rivals(self._pairs.asked(index)), _LOOKED_AT):
            earlier, first, others = self._every[other]
            never = apart(arms, others) if earlier == index else self._pairs.apart(earlier, index)
            if not never:
                found = diagnose("DR414", span, "dates may be shifted twice on one object", "the days add up")
                found = found.with_label(first, "shifted here first")
                self._ground.add(found.with_note("let the conditions of the two exclude each other"))
                break


_Shift = tuple[int, Span, Arms]
"""A rule by its place, where it shifts dates, and the arms around that."""


def needed(ground: Ground, rules: Sequence[Ruled]) -> None:
    """Report `retain modified dates` where no rule beside it shifts dates."""
    if any(ruled.shifts for ruled in rules):
        return
    for ruled in rules:
        for span in ruled.modified:
            found = diagnose("DR213", span, "`retain modified dates` needs a `shift dates` beside it", "dates stay")
            ground.add(found.with_note("say `shift dates by …` in a rule of the same group"))
