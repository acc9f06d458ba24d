"""The `test` blocks of a rule file as plain values: what is given, and what is expected of it."""

from dataclasses import field
from typing import Literal

from dicomrules.program.expression import NOWHERE, Condition, Origin
from dicomrules.program.path import Path
from dicomrules.program.statement import Targets
from dicomrules.program.types import Value
from dicomrules.text.frozen import frozen


@frozen
class GivenAttribute:
    """`P = "a"` or `P = ["a", "b"]`: the values as they arrive, as text; none (`()`): zero length.

    Missing parents are made.
    """

    path: Path
    values: tuple[str, ...]


@frozen
class GivenAbsent:
    """`no P`."""

    path: Path


@frozen
class GivenContext:
    """`calling_aet = "CT_A1"`. `received_at` is text in the form of a DT."""

    name: str
    value: str


@frozen
class GivenFile:
    """`file "x.dcm"`: the object to begin with, relative to the rule file."""

    name: str


@frozen
class GivenCell:
    """`lookup T["k"].Col = v`."""

    table: str
    key: tuple[str, ...]
    column: str
    value: Value


@frozen
class GivenUnavailable:
    """`T unavailable`."""

    table: str


Fact = GivenAttribute | GivenAbsent | GivenContext | GivenFile | GivenCell | GivenUnavailable


@frozen
class Given:
    """One object of the test. `label` is the name in front, empty without one."""

    facts: tuple[Fact, ...]
    label: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Holds:
    """A condition on the rewritten object."""

    condition: Condition


@frozen
class Unchanged:
    """`unchanged`, or `unchanged except P, …`: what lies below a path belongs to it."""

    excepted: Targets | None = None


@frozen
class At:
    """`at DEST <condition>`, `at DEST unchanged …`: about what that destination gets; a verdict: about its variant."""

    destination: str
    what: "Holds | Unchanged | Ends"


@frozen
class Fired:
    """`fired r, …`, or `not fired r` (`negated`)."""

    rules: tuple[str, ...]
    negated: bool = False


@frozen
class SentTo:
    """`sent to a, b`: exactly these; `not sent to a, b` (`negated`): none of these. No destinations: `sent nowhere`."""

    destinations: tuple[str, ...]
    negated: bool = False


@frozen
class Ends:
    """A verdict, with its reason or (`reason` None) with any."""

    kind: Literal["quarantine", "hold", "reject", "drop"]
    reason: str | None = None


Expectation = Holds | Unchanged | At | Fired | SentTo | Ends


@frozen
class Expect:
    """One expectation; `label` names the object it is about, empty: the last `given` above it."""

    what: Expectation
    label: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Case:
    """One `test` block: its givens and expectations in the order written."""

    name: str
    steps: tuple[Given | Expect, ...]
    origin: Origin = field(default=NOWHERE, compare=False)
