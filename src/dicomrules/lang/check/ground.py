"""What all checks of one rule set stand on: its names, its settings, and the list of findings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dicomrules.lang import ast
from dicomrules.lang.check.symbols import Symbols
from dicomrules.lang.check.terms import Env, Tested
from dicomrules.program.expression import Origin
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span

MOST_PARTS = 20_000
"""How large one condition, value or rule may become when everything is written out."""


class Findings:
    """Diagnostics, each once however often its place is looked at."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int, int], Diagnostic] = {}
        self._quiet = 0

    def add(self, diagnostic: Diagnostic) -> None:
        """Take one, unless the same code has been reported at the same place."""
        if not self._quiet:
            span = diagnostic.span
            self._found.setdefault((diagnostic.code, span.source.name, span.start, span.end), diagnostic)

    def report(self, code: str, span: Span, message: str, label: str = "") -> None:
        """Take one without notes or remedies."""
        self.add(diagnose(code, span, message, label))

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
        """All of them, in the order in which they were found."""
        return list(self._found.values())


@dataclass(slots=True)
class Ground:
    """One rule set being checked. `test` understands a condition; it is put in by `compile` (paths, expressions and
    conditions need one another). `zone` is the place where a time zone became necessary, `unplain` where text that is
    not ASCII is written."""

    symbols: Symbols
    findings: Findings
    test: "Callable[[Ground, ast.Expr, Env], Tested]"
    zone: Span | None = None
    unplain: Span | None = None
    conditions: dict[tuple[str, bool], Tested] = field(default_factory=dict)
    suggestions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    opening: list[str] = field(default_factory=list)


def origin(node: ast.Node) -> Origin:
    """Text and place of a node, for people."""
    return Origin(" ".join(node.span.text.split()), node.span.place)
