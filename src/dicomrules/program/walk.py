"""Every value inside a compiled value: for asking a program what it reads, tests or calls."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

_WHERE = frozenset(("origin", "span"))
"""Fields that only say to people where a value is written."""


_PARTS: dict[type, tuple[str, ...] | None] = {}


def parts_of(kind: type) -> tuple[str, ...] | None:
    """The fields that a class of values is made of, in their order; None for any other class. Found once for each."""
    if kind not in _PARTS:
        made = tuple(part.name for part in fields(kind) if part.name not in _WHERE) if is_dataclass(kind) else None
        _PARTS[kind] = made
    return _PARTS[kind]


def inside(value: object) -> Iterator[object]:
    """`value` and everything that it is made of, depth first, without recursion."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        names = parts_of(here.__class__)
        if names is not None:
            yield here
            waiting.extend([getattr(here, name) for name in names])
        elif isinstance(here, tuple | frozenset):
            waiting.extend(here)
