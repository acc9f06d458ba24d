"""A Decision as a person reads it: each rule with its clauses and the values seen, before → after, and where it goes.

Used by `explain` (every rule) and `trace` (the rules that fired): one view of one value.
"""

from collections.abc import Iterator, Sequence

import click

from dicomrules.cli.output import folded
from dicomrules.model.decision import Change, Clause, Decision, RuleHit
from dicomrules.model.instance import Verdict

INDENT = "  "
_LONGEST_VALUE = 64
_INSIDE = INDENT * 3  # before what belongs to a rule or an arm


def decision_lines(decision: Decision, columns: int) -> Iterator[str]:
    """The whole decision, line by line, for a terminal of so many columns."""
    for kind, head in (("rule", "rules"), ("route", "routes")):
        hits = [hit for hit in decision.hits if hit.kind == kind]
        if hits:
            yield click.style(head, bold=True)
        for hit in hits:
            yield from _hit_lines(hit, columns)
    yield from verdict_lines(decision, columns)


def verdict_lines(decision: Decision, columns: int) -> Iterator[str]:
    """What becomes of the object, and why."""
    if decision.verdict is Verdict.SEND:
        text = "send to " + (", ".join(decision.destinations) or "nobody")
    else:
        text = decision.verdict.value + (f': "{decision.reason}"' if decision.reason else "")
    colour = {Verdict.SEND: "green", Verdict.DROP: "yellow", Verdict.HOLD: "yellow"}.get(decision.verdict, "red")
    yield click.style("verdict", bold=True)
    yield from (click.style(line, fg=colour) for line in folded(text, columns, INDENT))
    for note in decision.notes:
        yield from folded("note: " + note, columns, INDENT)


def change_lines(changes: Sequence[Change], columns: int) -> Iterator[str]:
    """`PatientID  4711 → SITEA-4711`, paths aligned; values too long for one line stand below one another."""
    wide = max((len(change.path) for change in changes), default=0)
    for change in changes:
        before, after = shown(change.before), shown(change.after)
        values = len(click.unstyle(before)) + len(click.unstyle(after))
        if wide + values + len("   → ") <= columns:
            yield f"{change.path.ljust(wide)}  {before} → {after}"
        else:
            yield change.path
            yield f"{INDENT}  {before}"
            yield f"{INDENT}→ {after}"


def arm_text(text: str) -> str:
    """An arm of a routes table as it stands there: that of an `else` is known by its answer alone."""
    return text if text.startswith(("when ", "always")) else f"else => {text}"


def shown(value: str | None, longest: int = _LONGEST_VALUE) -> str:
    """A value for people: absent and empty are said, long ones are cut, control characters are made visible."""
    if value is None:
        return click.style("absent", dim=True)
    if value == "":
        return click.style("empty", dim=True)
    visible = value.encode("unicode_escape").decode("ascii") if not value.isprintable() else value
    return visible if len(visible) <= longest else visible[: longest - 1] + "…"


def _hit_lines(hit: RuleHit, columns: int) -> Iterator[str]:
    yield from _head_lines(hit, columns)
    yield from _clause_lines(hit.because, columns)
    for line in change_lines(hit.changes, columns - len(_INSIDE)):
        yield _INSIDE + line
    for note in hit.notes:
        yield from folded(note, columns, _INSIDE)


def _head_lines(hit: RuleHit, columns: int) -> Iterator[str]:
    """Mark, name, title, and at the right where it stands."""
    mark = click.style("+", fg="green", bold=True) if hit.matched else click.style("-", dim=True)
    title = arm_text(hit.title) if hit.kind == "route" else hit.title
    start = f"{INDENT}  {hit.rule}  "
    lines = folded(start.strip() + "  " + title, columns, INDENT * 2, INDENT)
    if hit.place and len(lines[-1]) + 2 + len(hit.place) > columns:
        lines.append("")
    room = columns - len(lines[-1]) if hit.place else 0
    place = click.style(hit.place.rjust(room), dim=True)
    lines[0] = f"{INDENT}{mark} {click.style(hit.rule, bold=hit.matched)}{lines[0][len(start) - 2 :]}"
    lines[-1] += place
    yield from lines


def _clause_lines(clauses: Sequence[Clause], columns: int) -> Iterator[str]:
    """Each clause as it was tested, with the value it saw. What stands under a `not` is shown with it."""
    texts = [clause.text for clause in clauses]
    wide = min(max(map(len, texts), default=0), columns - 30)
    for clause, text in zip(clauses, texts, strict=True):
        answer = click.style("yes", fg="green") if clause.answer else click.style("no ", fg="red")
        cut = text if len(text) <= wide else text[: wide - 1] + "…"
        room = columns - len(_INSIDE) - len("yes  ") - wide - 2
        seen = f"  {shown(clause.seen, min(room, _LONGEST_VALUE))}" if clause.seen else ""
        yield f"{_INSIDE}{answer}  {cut.ljust(wide)}{seen}".rstrip()
