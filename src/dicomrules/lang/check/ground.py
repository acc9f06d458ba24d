"""What all checks of one rule set stand on: its names, its settings, and the list of findings."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomrules.lang import ast
from dicomrules.lang.check.overlap import Tops
from dicomrules.lang.check.proof import Claim, Prover, Tests
from dicomrules.lang.check.symbols import Symbols
from dicomrules.lang.check.terms import UNSOUND, Env, Shape, Term, Tested, Wanted, wrong
from dicomrules.lang.check.visits import Visit, visits
from dicomrules.program.depth import MOST_NESTING
from dicomrules.program.expression import Condition, Origin
from dicomrules.program.ruleset import Rule
from dicomrules.program.statement import TagSet
from dicomrules.program.types import Regex
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span

if TYPE_CHECKING:
    from dicomrules.lang.check.paths import Place, Written

MOST_PARTS = 20_000
"""How large one condition, value or rule may become when everything is written out."""

MOST_WRITTEN_OUT = 200_000
"""How much all functions and actions of a rule set may come to where they are used, a statement being `STATEMENT`."""

STATEMENT = 5
"""How many parts a statement counts for: it takes as long to look at."""

MOST_COMPARED = 500_000
"""How many paths are compared with others, in all of a rule set."""

LOOKED_AT = 5
"""How many such a comparison a path counts for that is looked at on the way: finding it takes longer."""

MOST_LEVELS = MOST_NESTING
"""How deep expressions, and blocks of statements, may be nested, functions and actions written out."""

_LITTLE = 500
"""Steps of a proof about one `and`: all of a condition is looked at again at its place."""

_MOST_FOUND = 3_000
"""Findings of one code, of those that take long to find: nobody reads more."""

_TOO_LARGE = "use them in fewer places, or let a table do the work"
_NO_MORE = "there may be more of {code}: after {most:,} of them no more are looked for; mend these first"

_MOST_TEXT = 160


@dataclass(slots=True)
class Stretches:
    """Stretches of a text, those that touch made into one: where each begins and where it ends, in order."""

    _begins: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def add(self, begin: int, end: int) -> None:
        """One more."""
        first, last = bisect_left(self._ends, begin), bisect_right(self._begins, end)
        if first < last:
            begin, end = min(begin, self._begins[first]), max(end, self._ends[last - 1])
        self._begins[first:last] = [begin]
        self._ends[first:last] = [end]

    def meet(self, begin: int, end: int) -> bool:
        """Whether one of them has a character in common with this one."""
        at = bisect_right(self._ends, begin)
        return at < len(self._begins) and self._begins[at] < end


class Findings:
    """Diagnostics, each once however often its place is looked at."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int, int], Diagnostic] = {}
        self._covered: dict[tuple[str, str], Stretches] = {}
        self._counts: dict[str, int] = {}
        self._quiet = 0

    def enough(self, code: str) -> bool:
        """Whether a code has been reported so often that no more are looked for."""
        return self._counts.get(code, 0) >= _MOST_FOUND

    def add(self, diagnostic: Diagnostic) -> bool:
        """Take one, unless the same code has been reported at the same place. False: nothing is reported now."""
        if not self._quiet:
            span = diagnostic.span
            key = (diagnostic.code, span.source.name, span.start, span.end)
            if key not in self._found:
                self._found[key] = diagnostic
                self._counts[diagnostic.code] = self._counts.get(diagnostic.code, 0) + 1
                self._covered.setdefault(key[:2], Stretches()).add(span.start, span.end)
        return not self._quiet

    def reported(self, code: str, span: Span) -> bool:
        """Whether a code has been reported of a part of this text, or of one around it."""
        covered = self._covered.get((code, span.source.name))
        return covered is not None and covered.meet(span.start, span.end)

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """What is found inside is not reported: it is looked at again elsewhere."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    @property
    def found(self) -> list[Diagnostic]:
        """All of them, in the order in which they were found; where no more were looked for, the last one says so."""
        found = list(self._found.values())
        for code in filter(self.enough, self._counts):
            last = max(at for at, one in enumerate(found) if one.code == code)
            found[last] = found[last].with_note(_NO_MORE.format(code=code, most=_MOST_FOUND))
        return found


@dataclass(slots=True)
class Ground:
    """One rule set being checked.

    Paths, expressions and conditions are made of one another: `understand_value` and `understand_test` lead from each
    to the others and are put in by `compile`. `zone` is the first place that needs a time zone, `unplain` the first one
    that writes text which is not ASCII. `group` is the group of rules being looked at, empty outside of one. `unproven`
    are the places that were too much to prove anything about. `swept`: a statement so far may have taken away
    attributes that it does not name. `tests` is what tests were found to mean, `places` what attributes that stand
    alone are, `depths` how deep conditions with a name are, by their id. `tag_sets` is what sets of tags hold, written
    to or not, and `protected` the member of each that never is. `used` counts the uses of items with a name,
    `written_out` the parts of functions and actions where they are used, `compared` the paths that were compared with
    others. `tops` is where conditions begin to look, see `overlap.tops`. `patterns` are the regular expressions so far,
    and `steps` how large they are together.
    """

    symbols: Symbols
    findings: Findings
    understand_value: "Callable[[Ground, ast.Expr, Env, Wanted | None], Term]"
    understand_test: "Callable[[Ground, ast.Expr, Env], Tested]"
    zone: Span | None = None
    unplain: Span | None = None
    shapes: dict[str, Shape] = field(default_factory=dict)
    conditions: dict[tuple[str, bool], Tested] = field(default_factory=dict)
    tag_sets: dict[tuple[str, bool], TagSet | None] = field(default_factory=dict)
    protected: dict[str, tuple[ast.Node, str] | None] = field(default_factory=dict)
    suggestions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    opening: list[str] = field(default_factory=list)
    undeclared: dict[str, Span] = field(default_factory=dict)
    group: str = ""
    unproven: dict[Origin, None] = field(default_factory=dict)
    swept: bool = False
    tests: Tests = field(default_factory=Tests)
    places: "dict[Written, Place]" = field(default_factory=dict)
    depths: dict[int, int] = field(default_factory=dict)
    level: int = 0
    spent: int = 0
    used: int = 0
    written_out: int = 0
    compared: int = 0
    tops: Tops = field(default_factory=dict)
    patterns: set[Regex] = field(default_factory=set)
    steps: int = 0
    _visits: dict[int, tuple[Rule, list[Visit]]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _little: Prover = field(init=False)

    def __post_init__(self) -> None:
        self._little = Prover(most=_LITTLE, tests=self.tests)

    def impossible(self, condition: Condition) -> bool:
        """Whether a condition is proven to be never true, wherever it stands."""
        if self.findings.enough("DR407"):
            return False
        return not self.tests.about(condition).fixed and self._little.never([Claim(condition)])

    def value(self, node: ast.Expr, env: Env, wanted: Wanted | None = None) -> Term:
        """The value that an expression stands for."""
        if self._too_deep(node):
            return wrong(node.span)
        self.level += 1
        try:
            return self.understand_value(self, node, env, wanted)
        finally:
            self.level -= 1

    def test(self, node: ast.Expr, env: Env) -> Tested:
        """The condition that an expression stands for."""
        if self._too_deep(node):
            return UNSOUND
        self.level += 1
        try:
            return self.understand_test(self, node, env)
        finally:
            self.level -= 1

    def _too_deep(self, node: ast.Node) -> bool:
        """Whether expressions are nested too deeply here, or too many have been written out; reports it."""
        self.spent = self.spent + 1 if self.opening else 0
        if self.opening and not self.opening[-1].startswith("condition "):  # those are written out once
            self.written_out += 1
        if self.level >= MOST_LEVELS:
            self.report(
                "DR113",
                node.span,
                "this is nested too deeply when it is written out",
                f"{MOST_LEVELS} levels",
                "give parts of it names of their own, or ask in fewer steps",
            )
        elif self.spent > MOST_PARTS:
            self.report(
                "DR113",
                node.span,
                "this is too large when it is written out",
                f"over {MOST_PARTS} parts",
                "a table or a list does the work of many comparisons",
            )
        else:
            return self.exhausted(node.span)
        return True

    def visits(self, rule: Rule) -> list[Visit]:
        """Every statement of a compiled rule, found once, see `visits`."""
        if id(rule) not in self._visits:
            self._visits[id(rule)] = rule, visits(rule)
        return self._visits[id(rule)][1]

    def compare(self, many: int) -> bool:
        """Whether so many more paths are compared with others. No: it would take too long, and must be remembered."""
        self.compared += many
        return self.compared <= MOST_COMPARED

    def exhausted(self, span: Span) -> bool:
        """Whether so many functions and actions have been written out that no more are; reports it, once."""
        if self.written_out <= MOST_WRITTEN_OUT:
            return False
        message = "the functions and actions of these rules are too large when they are written out"
        self.once(diagnose("DR113", span, message, "from here on").with_note(_TOO_LARGE))
        return True

    def once(self, diagnostic: Diagnostic) -> None:
        """A finding about all rules together, at the first place where it shows."""
        if diagnostic.message not in self._told and self.add(diagnostic):
            self._told.add(diagnostic.message)

    def report(self, code: str, span: Span, message: str, label: str, way_out: str) -> None:
        """A finding, with what to do next."""
        self.findings.add(diagnose(code, span, message, label).with_note(way_out))

    def add(self, diagnostic: Diagnostic) -> bool:
        """A finding. False: nothing is reported now."""
        return self.findings.add(diagnostic)


def origin(node: ast.Node) -> Origin:
    """Text and place of a node, for people."""
    span = node.span
    text = span.source.text[span.start : min(span.end, span.start + _MOST_TEXT + 1)]
    if "  " in text or not text.isprintable():
        text = " ".join(span.text[: 4 * _MOST_TEXT].split())
    return Origin(text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…", span.place)
