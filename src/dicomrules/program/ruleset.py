"""The compiled rule set: all that `lang` and `engine` have in common."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from dicomrules.program.case import Case
from dicomrules.program.expression import NOWHERE, Condition, Origin
from dicomrules.program.path import PrivateTag
from dicomrules.program.route import Target
from dicomrules.program.schedule import Schedule
from dicomrules.program.statement import Statement
from dicomrules.program.types import Type, Value
from dicomrules.program.verdict import Nowhere, Stop
from dicomrules.text.frozen import frozen


@frozen
class Guard:
    """`when C`, or `unless C` (`unless`): fires when C is not true, whatever is absent."""

    condition: Condition
    unless: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Rule:
    """One rule: when its guard holds (None: always), its statements run top to bottom."""

    name: str
    guard: Guard | None
    body: tuple[Statement, ...]
    title: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Group:
    """Rules that run where a route says `through` this group, on a copy of the rewritten object.

    A verdict of theirs is about that copy alone.
    """

    name: str
    rules: tuple[Rule, ...]
    title: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Arm:
    """One arm of a routes table. `guard` None: `always`, or `else` (`is_else`: when no other arm of the table fits).

    `answer` is the destinations that get the object, or `nowhere`, or a verdict about the whole object.
    """

    guard: Guard | None
    answer: tuple[Target, ...] | Nowhere | Stop
    is_else: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Routes:
    """One routes table: `first match` takes one arm, `every match` the union of those that fit."""

    name: str
    first_match: bool
    arms: tuple[Arm, ...]
    origin: Origin = field(default=NOWHERE, compare=False)


# One row by column name; None is an empty cell. An inline table has the one column "".
Row = Mapping[str, Value | None]


@frozen
class Table:
    """What look-ups ask.

    `rows` by key: one text for each key column, after the column's pipes and after leading and trailing spaces are gone
    (a number in its shortest form). None: the data are not here, deciding asks for them (`model.Needs`).
    `reachable` False: every look-up is answered by `unavailable` (only tests say so).
    """

    name: str
    keys: tuple[Type, ...]
    columns: Mapping[str, Type]
    rows: Mapping[tuple[str, ...], Row] | None
    unavailable: Stop | None = None
    reachable: bool = True
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class ConvertTo:
    """`unencodable => charset to "ISO_IR 192"`: all text of the object is encoded anew in it (PS3.3 C.12.1.1.2)."""

    charset: str


@frozen
class Settings:
    """`settings { … }`. `malformed` None: comparisons false, values to `otherwise`. `timezone` empty: UTC.

    `record`: changes are recorded in the object, for this reason ("COERCE" or "CORRECT"; PS3.3 C.12.1); empty: not.
    """

    malformed: Stop | None = None
    unencodable: Stop | ConvertTo | Literal["ascii"] | None = None
    timezone: str = ""
    record: str = ""


@frozen
class Program:
    """A rule set, ready to run. Frozen: a reload makes another one.

    `destinations` are those `expects destinations` and the routes name; `parameters` are the values used, as text;
    `secrets` by name are never printed and no part of the fingerprint's text. `fingerprint` is the SHA-256, in
    hexadecimal, of the rule files, their CSV files and the parameters. `private_vrs` are the VRs that the rules give to
    private elements. `unanalysed` are places whose conditions were too much for the checker to prove anything about.
    """

    rules: tuple[Rule, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    routes: tuple[Routes, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    settings: Settings = Settings()
    destinations: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    cases: tuple[Case, ...] = ()
    fingerprint: str = ""
    private_vrs: Mapping[PrivateTag, str] = field(default_factory=dict)
    unanalysed: tuple[Origin, ...] = ()
