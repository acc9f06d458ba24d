"""Every value inside a compiled value: for asking a program what it reads, tests or calls."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass


def inside(value: object) -> Iterator[object]:
    """`value` and everything that it is made of, depth first, without recursion."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, tuple | frozenset):
            waiting.extend(here)
        elif is_dataclass(here):
            yield here
            waiting.extend(getattr(here, part.name) for part in fields(here))
