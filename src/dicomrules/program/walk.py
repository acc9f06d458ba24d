"""Every value inside a compiled value: for asking a program what it reads, tests or calls."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any

_WHERE = frozenset(("origin", "span"))
"""Fields that only say to people where a value is written."""

_PLAIN = frozenset(
    (
        *(str, int, bool, "str", "int", "bool", "int | None"),
        *("frozenset[int]", "frozenset[str]", "tuple[tuple[int, int], ...]"),  # of a large set of tags
    )
)
"""Types of fields that hold nothing to look into."""

_Parts = Callable[[object], Iterable[object]]


def _members(row: Any) -> Iterable[object]:
    """The parts of a tuple or set: it is none of the values that are asked for itself."""
    members: Iterable[object] = row
    return members


_PARTS: dict[type, _Parts | None] = {tuple: _members, frozenset: _members}


def _parts_of(kind: type) -> _Parts | None:
    """What gives the parts of a class of values, in the order of its fields; None for what has none. Made once."""
    if kind not in _PARTS:
        _PARTS[kind] = (
            _getter(kind) if is_dataclass(kind) else _members if issubclass(kind, tuple | frozenset) else None
        )
    return _PARTS[kind]


def _getter(kind: Any) -> _Parts:
    names = [part.name for part in fields(kind) if part.name not in _WHERE and part.type not in _PLAIN]
    match names:
        case []:
            return lambda value: ()
        case [name]:
            return lambda value: (getattr(value, name),)
        case _:
            return attrgetter(*names)


def parts(value: object) -> Iterable[object]:
    """What a value is made of directly, in order: the members of a tuple, else the fields that may hold more."""
    get = _parts_of(value.__class__)
    return () if get is None else get(value)


def below(values: Iterable[object]) -> list[object]:
    """The compiled values directly inside these: what stands in a tuple counts as standing where the tuple does."""
    found: list[object] = []
    waiting = [part for value in values for part in parts(value)]
    while waiting:
        here = waiting.pop()
        get = _parts_of(here.__class__)
        if get is _members:
            waiting.extend(get(here))
        elif get is not None:
            found.append(here)
    return found


def inside(value: object, closed: type | None = None) -> Iterator[object]:
    """`value` and everything that it is made of, depth first, without recursion.

    What is of the class `closed` is given, and not looked into.
    """
    known = _PARTS
    waiting = [value]
    while waiting:
        here = waiting.pop()
        kind = here.__class__
        get = known[kind] if kind in known else _parts_of(kind)
        if get is not None:
            if get is not _members:
                yield here
                if kind is closed:
                    continue
            waiting.extend(get(here))
