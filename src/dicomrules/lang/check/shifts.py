"""Dates that are shifted twice, or not at all where they should be."""

from collections.abc import Sequence
from itertools import islice

from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.pairs import Above, Pairs
from dicomrules.lang.check.reads import apart
from dicomrules.lang.check.rules import Ruled
from dicomrules.text.codes.registry import diagnose

_LOOKED_AT = 500
"""How many earlier shifts, not known to be apart at once, are compared with a later one."""


def twice(ground: Ground, rules: Sequence[Ruled]) -> None:
    """Warn of a `shift dates` that an earlier one may come before, for the same object."""
    every = [(index, span, arms) for index, ruled in enumerate(rules) for span, arms in ruled.shifts]
    if len(every) < 2:
        return
    pairs = Pairs(ground, rules)
    above = Above()
    for place, (index, span, arms) in enumerate(every):
        for other in islice(above.rivals(pairs.asked(index)), _LOOKED_AT):
            earlier, first, others = every[other]
            never = apart(arms, others) if earlier == index else pairs.apart(earlier, index)
            if not never:
                found = diagnose("DR414", span, "dates may be shifted twice on one object", "the days add up")
                found = found.with_label(first, "shifted here first")
                ground.add(found.with_note("let the conditions of the two exclude each other"))
                break
        above.add(place + 1, pairs.asked(index))


def needed(ground: Ground, rules: Sequence[Ruled]) -> None:
    """Report `retain modified dates` where no rule beside it shifts dates."""
    if any(ruled.shifts for ruled in rules):
        return
    for ruled in rules:
        for span in ruled.modified:
            found = diagnose("DR213", span, "`retain modified dates` needs a `shift dates` beside it", "dates stay")
            ground.add(found.with_note("say `shift dates by …` in a rule of the same group"))
