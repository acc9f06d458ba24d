"""What has a value, and what is true or false. Names are resolved, pipes are calls, parameters are literals."""

from __future__ import annotations

from dataclasses import field
from typing import Literal as OneOf

from dicomrules.program.path import Path
from dicomrules.program.types import Regex, Type, Value
from dicomrules.program.verdict import Stop
from dicomrules.text.frozen import frozen


@frozen
class Origin:
    """Where a node stands in the rule files: its source text on one line, and `file:line:column`. For people only."""

    text: str = ""
    place: str = ""


NOWHERE = Origin()

# ---- values ----


@frozen
class Literal:
    """A constant, already a value of its type."""

    value: Value
    type: Type


@frozen
class Several:
    """Several values for one attribute: `["A", "B"]`."""

    parts: tuple[Expression, ...]


@frozen
class Read:
    """The value at a path."""

    path: Path


@frozen
class Context:
    """A context name: calling_aet, called_aet, calling_ip, receiver, source_path (text), transfer_syntax (uid),
    received_at (datetime), received_date (date), object_size (int)."""

    name: str


@frozen
class Local:
    """The value of an earlier `let` of the same rule."""

    name: str


@frozen
class Column:
    """A column of a row that an earlier `let` took: `row.PatientID`."""

    local: str
    column: str


@frozen
class OfObject:
    """What another object of the same test has at a path, once it is rewritten: `image.SOPInstanceUID`."""

    label: str
    path: Path


@frozen
class Secret:
    """The value of a secret, as an argument of a function that asks for one."""

    name: str


@frozen
class Call:
    """A function of the `functions` room by its name; the piped value is the first argument.

    `[any]` or `[every]` in the path of one argument is allowed in conditions: the function is called for each value.
    `count`, `join` and whatever else takes a whole attribute get a `Read` whose path has `most=None` and no `value`.
    """

    function: str
    arguments: tuple[Expression | Regex | Secret, ...]


@frozen
class Join:
    """`+` between texts."""

    parts: tuple[Expression, ...]


@frozen
class Arithmetic:
    """`+ - * /` between numbers; exact decimals. `whole`: both sides are int and the operator is not `/`."""

    operator: OneOf["+", "-", "*", "/"]
    left: Expression
    right: Expression


@frozen
class Lookup:
    """One cell of a table, or a whole row (`column` None, only in `let`).

    The pipes of the key columns are already in `keys`. An inline table has one column, named "".
    """

    table: str
    keys: tuple[Expression, ...]
    column: str | None


@frozen
class Range:
    """`low .. high`; both ends belong to it."""

    low: Value
    high: Value


@frozen
class ChooseArm:
    """`case a, b => result`: taken when the subject equals a test, lies in a range, or matches a regex as a whole."""

    tests: tuple[Expression | Range | Regex, ...]
    result: Otherwise


@frozen
class Choose:
    """`choose subject { … }`; `type` is how the subject is compared. No subject: no value (never `default`)."""

    subject: Expression
    arms: tuple[ChooseArm, ...]
    default: Otherwise
    type: Type


@frozen
class Truth:
    """A condition whose answer is used as a value."""

    condition: Condition


Reading = Read | OfObject | Context | Local | Column | Lookup
Expression = Literal | Several | Reading | Call | Join | Arithmetic | Choose | Truth

# What happens when there is no value: another value, or for the target of `set` keep / empty / remove, or a verdict.
Instead = OneOf["keep", "empty", "remove"]
Otherwise = Expression | Instead | Stop

# ---- conditions ----

Sign = OneOf["==", "!=", "<", "<=", ">", ">="]


@frozen
class Compare:
    """`left op right`, compared as values of `type`. A side without a value: false, whatever the operator.

    At most one of the two sides goes through `[any]` or `[every]`.
    """

    operator: Sign
    left: Expression
    right: Expression
    type: Type
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Among:
    """`value in [a, b, 1 .. 5]`, or `not in` (`negated`). No value: false either way."""

    value: Expression
    members: tuple[Expression | Range, ...]
    type: Type
    negated: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class InNetworks:
    """`calling_ip in ["10.20.0.0/16", "192.0.2.1"]`, or `not in` (`negated`)."""

    value: Expression
    networks: tuple[str, ...]
    negated: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class TextTest:
    """`contains`, `starts with`, `ends with`."""

    kind: OneOf["contains", "starts", "ends"]
    value: Expression
    sought: Expression
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Matches:
    """`matches /x/` (`whole`) or `contains /x/` (any part)."""

    value: Expression
    regex: Regex
    whole: bool = True
    origin: Origin = field(default=NOWHERE, compare=False)


State = OneOf["present", "absent", "empty", "blank", "malformed"]


@frozen
class Is:
    """`P is present` and the like.

    On what is no path: present and blank go by the text, absent by there being no value.
    """

    value: Expression
    state: State
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class During:
    """`received_at during nights`."""

    value: Expression
    schedule: str
    origin: Origin = field(default=NOWHERE, compare=False)


@frozen
class Both:
    """`a and b and c`; tested from left to right, the first that is false ends it."""

    parts: tuple[Condition, ...]


@frozen
class Either:
    """`a or b or c`; tested from left to right, the first that is true ends it."""

    parts: tuple[Condition, ...]


@frozen
class Not:
    """`not c`."""

    condition: Condition


@frozen
class Named:
    """A `condition` of the file where it is used, so that explain can name it."""

    name: str
    condition: Condition
    origin: Origin = field(default=NOWHERE, compare=False)

    def __hash__(self) -> int:
        """By the name alone: what it stands for may be large, and stand in many places."""
        return hash(self.name)


@frozen
class Always:
    """A constant answer: what is left of a condition on parameters alone."""

    answer: bool
    origin: Origin = field(default=NOWHERE, compare=False)


# A condition that tests something itself: one clause of an explanation.
Test = Compare | Among | InNetworks | TextTest | Matches | Is | During | Always
Condition = Test | Both | Either | Not | Named
