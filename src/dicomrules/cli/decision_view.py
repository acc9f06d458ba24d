"""A Decision as a person reads it: each rule with its clauses and the values seen, before → after, and where it goes.

Used by `explain` (every rule), `trace` (the rules that fired) and `apply --verbose`: one view of one value.
"""

from collections.abc import Iterator, Sequence

import click

from dicomrules.model.decision import Change, Clause, Decision, RuleHit
from dicomrules.model.instance import Verdict

INDENT = "  "
_LONGEST_VALUE = 64


def decision_lines(decision: Decision, columns: int) -> Iterator[str]:
    """The whole decision, line by line, for a terminal of so many columns."""
    rules = [hit for hit in decision.hits if hit.kind == "rule"]
    routes = [hit for hit in decision.hits if hit.kind == "route"]
    if rules:
        yield click.style("rules", bold=True)
        for hit in rules:
            yield from _hit_lines(hit, columns)
    if routes:
        yield click.style("routes", bold=True)
        for hit in routes:
            yield from _hit_lines(hit, columns)
    yield from verdict_lines(decision)


def verdict_lines(decision: Decision) -> Iterator[str]:
    """What becomes of the object, and why."""
    if decision.verdict is Verdict.SEND:
        text = "send to " + ", ".join(decision.destinations)
    else:
        text = decision.verdict.value + (f': "{decision.reason}"' if decision.reason else "")
    colour = {Verdict.SEND: "green", Verdict.DROP: "yellow", Verdict.HOLD: "yellow"}.get(decision.verdict, "red")
    yield click.style("verdict", bold=True)
    yield INDENT + click.style(text, fg=colour)
    for note in decision.notes:
        yield INDENT + "note: " + note


def change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """`PatientID  4711 → SITEA-4711`, paths aligned."""
    wide = max((len(change.path) for change in changes), default=0)
    for change in changes:
        yield f"{change.path.ljust(wide)}  {shown(change.before)} → {shown(change.after)}"


def shown(value: str | None) -> str:
    """A value for people: absent and empty are said, long ones are cut, control characters are made visible."""
    if value is None:
        return click.style("absent", dim=True)
    if value == "":
        return click.style("empty", dim=True)
    visible = value.encode("unicode_escape").decode("ascii") if not value.isprintable() else value
    return visible if len(visible) <= _LONGEST_VALUE else visible[: _LONGEST_VALUE - 1] + "…"


def _hit_lines(hit: RuleHit, columns: int) -> Iterator[str]:
    mark = click.style("+", fg="green", bold=True) if hit.matched else click.style("-", dim=True)
    name = click.style(hit.rule, bold=hit.matched)
    title = f"  {hit.title}" if hit.title else ""
    room = columns - len(INDENT) - 2 - len(hit.rule) - len(title) - len(hit.place)
    place = click.style(" " * max(room, 2) + hit.place, dim=True) if hit.place else ""
    yield f"{INDENT}{mark} {name}{title}{place}"
    yield from _clause_lines(hit.because, columns)
    for line in change_lines(hit.changes):
        yield INDENT * 3 + line
    for note in hit.notes:
        yield INDENT * 3 + note


def _clause_lines(clauses: Sequence[Clause], columns: int) -> Iterator[str]:
    wide = min(max((len(clause.text) for clause in clauses), default=0), columns - 30)
    for clause in clauses:
        answer = click.style("yes", fg="green") if clause.answer else click.style("no ", fg="red")
        seen = f"  {shown(clause.seen)}" if clause.seen else ""
        text = clause.text if len(clause.text) <= wide else clause.text[: wide - 1] + "…"
        yield f"{INDENT * 3}{answer}  {text.ljust(wide)}{seen}".rstrip()
