"""How deep rules may be nested, in a file and written out; and room on the stack for what walks them.

The parser, the formatter and whatever counts need no stack. Checking and preparing call themselves for what stands
inside: up to ten calls a level, which for 200 levels is more than Python allows by itself. Such calls take no space on
the stack of the machine, so allowing more of them is safe; no limit at all would not be.
"""

import sys
from collections.abc import Mapping

from dicomrules.program.walk import below

MOST_NESTING = 200
"""Brackets inside brackets, and `not` after `not`, that a file may hold."""

DEEPEST = 6 * MOST_NESTING
"""Levels of a compiled value, with everything written out: one bracket of a file makes up to six, as in `[where …]`."""

_CALLS = 10_000
"""Calls inside one another that Python is told to allow: what `DEEPEST` and `MOST_NESTING` need, three times over."""


def make_room() -> None:
    """Allow as many calls inside one another as rules within these bounds need. It stays so: others may be at it."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _CALLS))


def depth(value: object, known: Mapping[int, int] | None = None) -> int:
    """The levels of a compiled value, counted without recursion; stops counting beyond `DEEPEST`.

    `known` are the levels of some values by their id: those are not looked into again.
    """
    known = known or {}
    here: list[object] = [value]
    levels = deepest = 0
    while levels <= DEEPEST and (here := below([one for one in here if id(one) not in known])):
        levels += 1
        deepest = max(deepest, levels, *(levels + known.get(id(one), 0) for one in here))
    return deepest
