"""`@frozen`: the values that a reading of rules makes, a million of them for a megabyte."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Kind = TypeVar("_Kind")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[_Kind]) -> type[_Kind]:
    """A slotted dataclass with a hash, of which mypy allows no field to be assigned.

    `@dataclass(frozen=True)` also refuses it when run, and pays for that with each field it fills: a quarter of the
    time in which rules are checked.
    """
    return dataclass(slots=True, unsafe_hash="__hash__" not in vars(kind))(kind)
