"""How deep a compiled value is, so that running it never exhausts the stack."""

from dataclasses import fields, is_dataclass

DEEPEST = 150
"""Levels of conditions, expressions and blocks inside one another, with everything written out."""


def depth(value: object) -> int:
    """The levels of a compiled value, counted without recursion; stops counting beyond `DEEPEST`."""
    deepest = 0
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting and deepest <= DEEPEST:
        here, level = waiting.pop()
        if isinstance(here, tuple):
            waiting.extend((part, level) for part in here)
        elif is_dataclass(here):
            deepest = max(deepest, level)
            waiting.extend((getattr(here, part.name), level + 1) for part in fields(here))
    return deepest
