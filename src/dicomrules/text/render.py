"""Diagnostics for people, like a good compiler's, and for programs, as JSON.

    error[DR001]: expected `=`, found the text `"A-1"`
      --> site.rules:4:17
       |
     4 |   set PatientID "A-1"
       |                 ^^^^^ expected `=`
       |
       = help: …

Nothing is wider than the columns asked for, except words that cannot be broken.
"""

import json
import os
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dicomrules.text.columns import shown, window
from dicomrules.text.diagnostic import Diagnostic, Fix, Label, Severity, in_order
from dicomrules.text.source import Source, Span

_PAINT = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "place": "\x1b[1;34m",
    "help": "\x1b[1;36m",
    "bold": "\x1b[1m",
}
_PLAIN = "\x1b[0m"


def is_plain() -> bool:
    """Whether nothing is to be coloured, be it on a terminal: NO_COLOR is set, to anything (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


@dataclass(frozen=True, slots=True)
class Style:
    """How to render: colours or not, and how many columns there are."""

    colour: bool = False
    columns: int = 80

    def paint(self, name: str, text: str) -> str:
        """The text in a colour, where there are colours."""
        return f"{_PAINT[name]}{text}{_PLAIN}" if self.colour and text else text


_DEFAULT = Style()


def render(diagnostics: Sequence[Diagnostic], style: Style = _DEFAULT, *, count: bool = True) -> str:
    """All diagnostics sorted by place, and a closing line that counts them; empty when there are none."""
    blocks = [render_one(diagnostic, style) for diagnostic in in_order(diagnostics)]
    if count and blocks:
        blocks.append(_count(diagnostics, style) + "\n")
    return "\n".join(blocks)


def render_one(diagnostic: Diagnostic, style: Style = _DEFAULT) -> str:
    """One diagnostic in full."""
    severity = diagnostic.severity.value
    head = f"{severity}[{diagnostic.code}]: {_clean(diagnostic.message)}"
    wrapped = _wrap(head, style.columns, "  ")
    wrapped[0] = (
        style.paint(severity, f"{severity}[{diagnostic.code}]") + wrapped[0][len(f"{severity}[{diagnostic.code}]") :]
    )
    margin = _margin(diagnostic)
    lines = [*wrapped, *_sources(diagnostic, margin, style)]
    bar = " " * margin + style.paint("place", "=") + " "
    if diagnostic.notes or diagnostic.fixes:
        lines.append(" " * margin + style.paint("place", "|"))
    for note in diagnostic.notes:
        lines += _remark(bar, margin, style, f"note: {_clean(note)}")
    for fix in diagnostic.fixes:
        lines += _help(fix, diagnostic.span, bar, margin, style)
    return "\n".join(lines) + "\n"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """ "2 errors, 1 warning"; "no problems" when there is nothing."""
    found = [diagnostic.severity for diagnostic in diagnostics]
    counts = ((found.count(Severity.ERROR), "error"), (found.count(Severity.WARNING), "warning"))
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts if n) or "no problems"


def to_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON array in the order of places; lines and columns count from 1, offsets are characters from 0."""
    return json.dumps([as_plain(diagnostic) for diagnostic in in_order(diagnostics)], indent=2, ensure_ascii=False)


def as_plain(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as plain values, the form of `to_json`."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "labels": [
            {**_span_plain(label.span), "message": label.message, "primary": label.primary}
            for label in diagnostic.labels
        ],
        "notes": list(diagnostic.notes),
        "fixes": [
            {"title": fix.title, **_span_plain(fix.span), "replacement": fix.replacement} for fix in diagnostic.fixes
        ],
    }


def _span_plain(span: Span) -> dict[str, Any]:
    source = span.source
    return {
        "file": source.name,
        "line": span.line,
        "column": span.column,
        "end_line": source.line(span.end),
        "end_column": source.column(span.end),
        "start": span.start,
        "end": span.end,
    }


def _count(diagnostics: Sequence[Diagnostic], style: Style) -> str:
    errors = any(diagnostic.is_error for diagnostic in diagnostics)
    return style.paint("error" if errors else "warning", summary(diagnostics))


def _margin(diagnostic: Diagnostic) -> int:
    """Columns before the bar: room for the highest line number."""
    return len(str(max(label.span.line for label in diagnostic.labels))) + 2


def _sources(diagnostic: Diagnostic, margin: int, style: Style) -> list[str]:
    """The lines meant, file by file, with carets below what is meant and what to say about it."""
    lines: list[str] = []
    by_source: dict[str, list[Label]] = {}
    for label in diagnostic.labels:
        by_source.setdefault(label.span.source.name, []).append(label)
    for number, labels in enumerate(by_source.values()):
        arrow = "-->" if number == 0 else ":::"
        lines.append(" " * (margin - 1) + style.paint("place", arrow) + f" {_clean(labels[0].span.place)}")
        if not labels[0].span.source.text:  # there is none, or it could not be read
            continue
        lines.append(" " * margin + style.paint("place", "|"))
        ordered = sorted(labels, key=lambda label: (label.span.line, not label.primary, label.span.start))
        drawn = 0
        for label in ordered:
            line = label.span.line
            if drawn and line > drawn + 1:
                lines.append(" " * max(margin - 3, 0) + style.paint("place", "..."))
            lines += _line(label, diagnostic.severity.value, margin, style, again=line == drawn)
            drawn = line
    return lines


def _line(label: Label, severity: str, margin: int, style: Style, *, again: bool) -> list[str]:
    """One line of source with its carets; `again`: the line itself has just been shown."""
    span, source = label.span, label.span.source
    text = source.line_text(span.line)
    line_start = source.line_start(span.line)
    start = min(span.start - line_start, len(text))
    end = min(max(span.end - line_start, start), len(text))
    _, columns = shown(text)
    first, last = window(text, columns, start, style.columns - margin - 4)
    picture, places = shown(text[first:last])
    picture = ("…" if first else "") + picture + ("…" if last < len(text) else "")
    left = places[start - first] + (1 if first else 0)
    carets = max(places[min(end, last) - first] - places[start - first], 1)
    mark = ("^" if label.primary else "-") * carets
    number = "" if again else str(span.line).rjust(margin - 1)
    bar = style.paint("place", "|")
    lines = [] if again else [style.paint("place", number) + f" {bar} {picture}".rstrip()]
    tone = severity if label.primary else "place"
    says = _clean(label.message)
    below = " " * margin + bar + " " + " " * left
    if says and margin + 2 + left + carets + 1 + len(says) > style.columns:
        lines.append(below + style.paint(tone, mark))
        room = max(style.columns - margin - 2, 20)
        indent = max(min(left, room - len(says)), 0)
        lines += [
            " " * margin + bar + " " + " " * indent + style.paint(tone, part) for part in _wrap(says, room - indent)
        ]
        return lines
    return [*lines, below + style.paint(tone, f"{mark} {says}".rstrip())]


def _shown(fix: Fix, about: Span) -> str:
    """What to show of a remedy: what is inserted beside the words meant is shown together with them."""
    words = about.text
    beside = fix.span.start == fix.span.end and fix.span.start in (about.start, about.end)
    if not (beside and words) or "\n" in words + fix.replacement:
        return fix.replacement
    return fix.replacement + words if fix.span.start == about.start else words + fix.replacement


def _help(fix: Fix, about: Span, bar: str, margin: int, style: Style) -> list[str]:
    """`help: title: replacement`; a replacement that does not fit behind its title stands on lines of its own."""
    title = style.paint("help", "help") + f": {_clean(fix.title)}"
    text = f"help: {_clean(fix.title)}"
    if not fix.replacement.strip():
        taken = _one_line(fix.span.text)
        return _remark(bar, margin, style, f"{text}: `{taken}`") if taken else _remark(bar, margin, style, text)
    replacement = fix.replacement.strip("\n")
    for short in (_shown(fix, about).strip(), replacement.strip()):
        if "\n" not in short and margin + 2 + len(text) + len(short) + 4 <= style.columns:
            return [f"{bar}{title}: `{_clean(short)}`"]
    inset = " " * (margin + 4)
    return [f"{bar}{title}:", *(inset + shown(line)[0] for line in textwrap.dedent(replacement).split("\n"))]


def _remark(bar: str, margin: int, style: Style, text: str) -> list[str]:
    word = text.split(":", 1)[0]
    first, *others = _wrap(text, style.columns - margin - 2, " " * (len(word) + 2))
    tone = "help" if word == "help" else "bold"
    inset = " " * (margin + 2)
    return [bar + style.paint(tone, word) + first[len(word) :], *(inset + line for line in others)]


def _wrap(text: str, columns: int, indent: str = "") -> list[str]:
    wrapped = textwrap.wrap(
        text, max(columns, 20), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapped or [""]


def _one_line(text: str) -> str:
    return _clean(" ".join(text.split()))


def _clean(text: str) -> str:
    """Text without tabs, line ends and controls that would draw on the terminal."""
    return shown(text.replace("\n", " ").replace("\t", " "))[0]


def apply_fix(source: Source, fix: Fix) -> str:
    """The text of a source with one remedy applied."""
    return source.text[: fix.span.start] + fix.replacement + source.text[fix.span.end :]
