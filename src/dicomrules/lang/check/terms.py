"""What the checker knows of an expression or a condition beside its compiled form."""

from collections.abc import Mapping
from dataclasses import field

from dicomrules.lang.ast import Call
from dicomrules.program.expression import Condition, Expression, Is, Literal
from dicomrules.program.path import Path, Step
from dicomrules.program.types import Type, Value
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span


@frozen
class Doubt:
    """A reason why there may be no value. `path`, starting at the data set: a guard on it would end the doubt."""

    why: str
    span: Span
    path: Path | None = None


@frozen
class Term:
    """An expression that was understood. `type` None: something is wrong with it, and that has been said.

    `longest` is the greatest number of characters of its text, None without bound; `vr` that of an attribute that is
    read as it is. `doubts` say why there may be no value, `blank` why it may be an empty text (which `set` takes for no
    value). `needs` are the paths that must have a value for this to have one. `count` is how many values it gives, None
    for unknown. `spread`: it goes through `[any]` or `[every]`. `parts` is how large it is.
    """

    code: Expression
    type: Type | None
    span: Span
    longest: int | None = None
    vr: str = ""
    doubts: tuple[Doubt, ...] = ()
    blank: Doubt | None = None
    needs: frozenset[Path] = frozenset()
    count: int | None = 1
    spread: str = ""
    plain: bool = True
    parts: int = 1

    @property
    def constant(self) -> Value | None:
        """The value of a literal, None for what is none."""
        return self.code.value if isinstance(self.code, Literal) else None


def wrong(span: Span) -> Term:
    """What stands for an expression about which an error has been reported."""
    return Term(Literal("", Type.TEXT), None, span)


@frozen
class Tested:
    """A condition that was understood. `true` and `false`: the paths that have a value when it is that.

    `weak`: what may be missing and makes it false then, in silence. `every`: it is true of nothing, through `[every]`.
    """

    code: Condition
    true: frozenset[Path] = frozenset()
    false: frozenset[Path] = frozenset()
    weak: tuple[Doubt, ...] = ()
    every: bool = False
    parts: int = 1
    sound: bool = True


UNSOUND = Tested(Is(Literal("", Type.TEXT), "malformed"), sound=False)
"""What stands for a condition about which an error has been reported."""


@frozen
class Wanted:
    """What the place asks for: literals are read as such. `name` is the attribute's, for messages.

    `whole`: the literal is to be a value of its own and must fit; else it is compared with what arrives, or a part.
    """

    type: Type
    vr: str = ""
    name: str = ""
    whole: bool = False


@frozen
class RowOf:
    """A `let` that holds a row of a table."""

    local: str
    table: str


@frozen
class ObjectOf:
    """The name of an object of a test; its fields are what it has once it is rewritten."""

    label: str


Bound = Term | RowOf | ObjectOf


@frozen
class Env:
    """Where an expression stands.

    `names` are `let`s and arguments; `known` the paths that have a value here; `within` the steps of the enclosing
    `within` (None: the data set). `aside`: in a condition or function used inside a `within`, whose paths still start
    at the data set. `spreads`: `[any]` and `[every]` may be used. `lenient`: in `expect`, where negative tests need no
    guard. `outer`: not part of a larger condition. `reader` is the statement that reads, see `reads.Reader`.
    """

    names: Mapping[str, Bound] = field(default_factory=dict)
    known: frozenset[Path] = frozenset()
    within: tuple[Step, ...] | None = None
    aside: bool = False
    spreads: bool = False
    lenient: bool = False
    outer: bool = True
    reader: object = None

    @property
    def spreading(self) -> "Env":
        """The same place, where `[any]` and `[every]` may be used."""
        return self if self.spreads else self._but(self.known, spreads=True, outer=self.outer)

    @property
    def single(self) -> "Env":
        """The same place, where they may not."""
        return self._but(self.known, spreads=False, outer=self.outer) if self.spreads else self

    @property
    def inner(self) -> "Env":
        """The same place, in a part of a larger condition."""
        return self._but(self.known, spreads=self.spreads, outer=False) if self.outer else self

    def knowing(self, paths: frozenset[Path]) -> "Env":
        """The same place, where these paths have a value as well."""
        return self if paths <= self.known else self.knowing_only(self.known | paths)

    def knowing_only(self, paths: frozenset[Path]) -> "Env":
        """The same place, where these paths have a value, and no other one."""
        return self._but(paths, spreads=self.spreads, outer=self.outer)

    def read_by(self, statement: object) -> "Env":
        """The same place, for the values of a statement."""
        return Env(self.names, self.known, self.within, self.aside, lenient=self.lenient, reader=statement)

    def _but(self, known: frozenset[Path], *, spreads: bool, outer: bool) -> "Env":
        """Made thousands of times: `replace` takes ten times as long."""
        return Env(self.names, known, self.within, self.aside, spreads, self.lenient, outer, self.reader)


@frozen
class ColumnShape:
    """A column of a table: its type, and for one that stands for an attribute its VR. `pipe` counts for key columns.

    `code` is the same pipe for its cells, which stand there as a local. `destination`: its cells are names of
    destinations; `names` are those. `written` is where a table in a rule file has a key, the first with zeros in front.
    """

    header: str
    type: Type
    vr: str = ""
    longest: int | None = None
    plain: bool = True
    pipe: tuple[Call, ...] = ()
    code: Expression | None = None
    destination: bool = False
    names: frozenset[str] = frozenset()
    written: Span | None = None


@frozen
class Shape:
    """A table as look-ups see it: its key columns in order, and its value columns by name (inline: one, named "")."""

    name: str
    keys: tuple[ColumnShape, ...]
    columns: Mapping[str, ColumnShape]
    inline: bool = False
