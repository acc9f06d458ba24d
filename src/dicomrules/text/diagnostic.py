"""What there is to say about a text: a Diagnostic with its places and, where there is one, the exact remedy.

Problems in rule files and gateway files are values: every stage returns what it made together with its diagnostics.
Messages are lower-case, one line, with what the author wrote in backticks. Make them with `codes.registry.diagnose`,
which knows each code's severity, then add places and notes with `with_label` and `with_note`.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span


class Severity(Enum):
    """How bad it is. An error stops the rules from being used; a warning does not, except under `--strict`."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Label:
    """A span and what to write beside it. The primary one is where the problem is; others say what it clashes with."""

    span: Span
    message: str = ""
    primary: bool = True


@frozen
class Fix:
    """A remedy: what it does in a few words, and the text to put in place of `span` (empty span: insert)."""

    title: str
    span: Span
    replacement: str


@frozen
class Diagnostic:
    """One finding. `labels[0]` is the primary one; `fixes` are alternatives, best first; `notes` are sentences."""

    code: str
    severity: Severity
    message: str
    labels: tuple[Label, ...]
    notes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()

    @property
    def span(self) -> Span:
        """Where the problem is."""
        return self.labels[0].span

    @property
    def fix(self) -> Fix | None:
        """The best remedy, if there is one."""
        return self.fixes[0] if self.fixes else None

    @property
    def is_error(self) -> bool:
        """Whether it stops the rules from being used."""
        return self.severity is Severity.ERROR

    def with_label(self, span: Span, message: str) -> "Diagnostic":
        """The same with a second place and what to say about it."""
        return replace(self, labels=(*self.labels, Label(span, message, primary=False)))

    def with_note(self, note: str) -> "Diagnostic":
        """The same with one more sentence."""
        return replace(self, notes=(*self.notes, note))

    def with_fix(self, title: str, span: Span, replacement: str) -> "Diagnostic":
        """The same with one more remedy."""
        return replace(self, fixes=(*self.fixes, Fix(title, span, replacement)))


def in_order(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place: sources in the order in which they first turn up, then by offset, errors before warnings."""
    rank: dict[str, int] = {}
    for diagnostic in diagnostics:
        rank.setdefault(diagnostic.span.source.name, len(rank))

    def place(diagnostic: Diagnostic) -> tuple[int, int, bool, str]:
        span = diagnostic.span
        return rank[span.source.name], span.start, not diagnostic.is_error, diagnostic.code

    return sorted(diagnostics, key=place)
