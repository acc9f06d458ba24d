"""What PS3.3 says of attributes: at which level they stand, and which of them an object must have.

The table is `ps3_3.json` beside this file; `tools/ps3_3_tables.py` makes it and says from what. It speaks of attributes
at the top of the data set. What it does not know (private, retired, of no composite object) has no level and no type.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

from dicomrules.dicom.tags import tag_of


class Level(IntEnum):
    """The information entity that an attribute describes (PS3.3 A.1.2), from what most objects share to one alone."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    INSTANCE = 3


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One IOD of PS3.3 Annex A with its storage SOP classes: the Type 1 and 2 attributes of its mandatory modules."""

    name: str
    classes: tuple[str, ...]
    type1: frozenset[int]
    type2: frozenset[int]


def levels_of(tag: int) -> tuple[Level, ...]:
    """The levels at which PS3.3 has this attribute, the widest first; most have one. Empty: it does not say."""
    return _levels().get(tag, ())


def kinds(classes: Iterable[str] | None = None) -> tuple[ObjectKind, ...]:
    """The kinds of objects of these SOP classes, all for None; a class that PS3.4 does not know has none."""
    if classes is None:
        return tuple(_kinds().values())
    keys = dict.fromkeys(_by_class()[uid] for uid in classes if uid in _by_class())
    return tuple(_kinds()[key] for key in keys)


@cache
def _table() -> Any:
    return json.loads(files("dicomrules.dicom").joinpath("ps3_3.json").read_text(encoding="utf-8"))


def _tags(keywords: Iterable[str]) -> frozenset[int]:
    """The tags of these keywords; attributes newer than the dictionary of PS3.6 at hand are left out."""
    return frozenset(tag for tag in map(tag_of, keywords) if tag is not None)


@cache
def _levels() -> Mapping[int, tuple[Level, ...]]:
    found: dict[int, tuple[Level, ...]] = {}
    for level in Level:
        for tag in _tags(_table()["levels"][level.name.lower()]):
            found[tag] = (*found.get(tag, ()), level)
    return found


@cache
def _kinds() -> Mapping[str, ObjectKind]:
    modules = {key: (_tags(types["1"]), _tags(types["2"])) for key, types in _table()["modules"].items()}
    made: dict[str, ObjectKind] = {}
    for key, each in _table()["objects"].items():
        type1 = frozenset[int]().union(*(modules[module][0] for module in each["modules"]))
        type2 = frozenset[int]().union(*(modules[module][1] for module in each["modules"]))
        made[key] = ObjectKind(each["name"], tuple(each["classes"]), type1, type2 - type1)
    return made


@cache
def _by_class() -> Mapping[str, str]:
    return {uid: key for key, each in _kinds().items() for uid in each.classes}
