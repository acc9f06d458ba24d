"""How deep a compiled value is, so that running it never exhausts the stack."""

from dicomrules.program.walk import parts_of

DEEPEST = 150
"""Levels of conditions, expressions and blocks inside one another, with everything written out."""


def depth(value: object) -> int:
    """The levels of a compiled value, counted without recursion; stops counting beyond `DEEPEST`."""
    deepest = 0
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting and deepest <= DEEPEST:
        here, level = waiting.pop()
        names = parts_of(here.__class__)
        if names is not None:
            deepest = max(deepest, level)
            waiting.extend([(getattr(here, name), level + 1) for name in names])
        elif isinstance(here, tuple):
            waiting.extend([(part, level) for part in here])
    return deepest
