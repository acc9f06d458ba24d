"""One destination, two ways: through different groups, or with different options (3.3, S57).

An object that is reached by both arms would have to leave in two forms. Reported where it is proven that such objects
exist; elsewhere the engine keeps the object when it meets one.
"""

from collections.abc import Sequence
from itertools import combinations

from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.ways import Named
from dicomrules.program.ruleset import Guard
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen


@frozen
class Arrow:
    """A destination named in an arm. `arm` tells arms apart; `guard` None: the arm takes every object that reaches it.

    `open`: nothing above this arm of its table keeps an object from it.
    """

    named: Named
    arm: int
    guard: Guard | None
    open: bool

    @property
    def certain(self) -> bool:
        """Whether every object takes this arm."""
        return self.open and self.guard is None


def contradictions(ground: Ground, arrows: Sequence[Arrow]) -> None:
    """Report each destination that an object can be proven to reach in two ways, once."""
    by_name: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        by_name.setdefault(arrow.named.name, []).append(arrow)
    for same in by_name.values():
        for one, other in combinations(same[:200], 2):
            if _contradict(one.named, other.named) and _together(one, other):
                _report(ground, one.named, other.named)
                break


def _contradict(one: Named, other: Named) -> bool:
    """A destination that may also stand in for another one differs from itself only by the group."""
    if one.options.through != other.options.through:
        return True
    return one.options != other.options and one.instead is other.instead


def _together(one: Arrow, other: Arrow) -> bool:
    """Whether there are objects that take both arms."""
    if one.arm == other.arm or one.certain or other.certain:
        return True
    return one.open and other.open and one.guard is not None and one.guard == other.guard


def _report(ground: Ground, first: Named, second: Named) -> None:
    through = first.options.through != second.options.through
    how = "through different groups" if through else "with different options"
    found = diagnose("DR411", second.span, f"`{second.name}` is reached in two ways", how)
    ground.add(found.with_label(first.span, _said(first)).with_note("an object leaves for one destination in one form"))


def _said(named: Named) -> str:
    return f"here through `{named.options.through}`" if named.options.through else "and here"
