"""A Decision as a person reads it: each rule with its clauses and the values seen, before → after, and where it goes.

Used by `explain` (every rule) and `trace` (the rules that fired): one view of one value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import click

from dicomrules.cli.output import folded
from dicomrules.dicom.uids import uid_keyword
from dicomrules.model.decision import Change, Clause, Decision, Options, RuleHit, Variant
from dicomrules.model.instance import Verdict

INDENT = "  "
_LONGEST_VALUE = 64
_INSIDE = INDENT * 3  # before what belongs to a rule or an arm


def decision_lines(decision: Decision, columns: int) -> Iterator[str]:
    """The whole decision, line by line, for a terminal of so many columns."""
    for head, hits in _parts(decision):
        if hits:
            yield click.style(head, bold=True)
        for hit in hits:
            yield from _hit_lines(hit, columns)
    yield from verdict_lines(decision, columns)
    yield from variant_lines(decision, columns)


def _parts(decision: Decision) -> Iterator[tuple[str, list[RuleHit]]]:
    """What was tested, in the order in which it was: rules, routes, the rules of each group."""
    hits = decision.hits
    yield "rules", [hit for hit in hits if hit.kind == "rule" and not hit.group]
    yield "routes", [hit for hit in hits if hit.kind == "route"]
    for group in dict.fromkeys(hit.group for hit in hits if hit.group):
        yield f"group {group}", [hit for hit in hits if hit.group == group]


def verdict_lines(decision: Decision, columns: int) -> Iterator[str]:
    """What becomes of the object, and why."""
    if decision.verdict is Verdict.SEND:
        text = "send to " + (", ".join(decision.destinations) or "nobody")
    else:
        text = decision.verdict.value + (f': "{decision.reason}"' if decision.reason else "")
    yield click.style("verdict", bold=True)
    yield from (click.style(line, fg=_colour(decision.verdict)) for line in folded(text, columns, INDENT))
    for note in decision.notes:
        yield from folded("note: " + note, columns, INDENT)


def variant_lines(decision: Decision, columns: int) -> Iterator[str]:
    """The forms in which the object leaves, where there is more to say than that it leaves as the rules made it."""
    if all(variant == _plain(variant) for variant in decision.variants):
        return
    yield click.style("variants", bold=True)
    for variant in decision.variants:
        through = f" through {variant.group}" if variant.group else ""
        where = f"{', '.join(variant.destinations) or 'nobody'}{through}"
        if variant.verdict is not Verdict.SEND:
            text = f'{where}: {variant.verdict} "{variant.reason}"'
            yield from (click.style(line, fg=_colour(variant.verdict)) for line in folded(text, columns, INDENT))
            continue
        yield from folded(f"to {where}", columns, INDENT)
        for options in variant.options:
            yield from folded(f"{options.destination}: {options_text(options)}", columns, _INSIDE)
        for line in change_lines(variant.changes, columns - len(_INSIDE)):
            yield _INSIDE + line


def _plain(variant: Variant) -> Variant:
    """The variant, were it the object as the rules made it, with nothing said about how it is sent."""
    return replace(variant, group="", options=(), verdict=Verdict.SEND)


def options_text(options: Options) -> str:
    """What a route says about a destination, in its own words."""
    said = [
        (f"instead of {options.stands_in_for} when that cannot be reached", bool(options.stands_in_for)),
        (f'as "{options.calling}"', bool(options.calling)),
        (f"compressed {uid_keyword(options.compressed)}", bool(options.compressed)),
        (f"quality {options.quality}", options.quality is not None),
        ("decompressed", options.decompressed),
        (f"during {options.during}", bool(options.during)),
        (f"by study after {_length(options.study_after)}", options.study_after is not None),
        ("only once" + (f" per {_length(options.once_per)}" if options.once_per else ""), options.only_once),
        (f"with {options.priors} priors", options.priors > 0),
        (f"priority {options.priority}", bool(options.priority)),
    ]
    return ", ".join(text for text, is_said in said if is_said)


def _length(span: timedelta | None) -> str:
    """A length of time as rules write it."""
    seconds = 0 if span is None else int(span.total_seconds())
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    return next(f"{seconds // size}{unit}" for size, unit in units if seconds % size == 0)


def _colour(verdict: Verdict) -> str:
    return {Verdict.SEND: "green", Verdict.DROP: "yellow", Verdict.HOLD: "yellow"}.get(verdict, "red")


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
    """Each clause as it was tested, with the value it saw."""
    texts = [clause.text for clause in clauses]
    wide = min(max(map(len, texts), default=0), columns - 30)
    for clause, text in zip(clauses, texts, strict=True):
        answer = click.style("yes", fg="green") if clause.answer else click.style("no ", fg="red")
        cut = text if len(text) <= wide else text[: wide - 1] + "…"
        room = columns - len(_INSIDE) - len("yes  ") - wide - 2
        seen = f"  {shown(clause.seen, min(room, _LONGEST_VALUE))}" if clause.seen else ""
        yield f"{_INSIDE}{answer}  {cut.ljust(wide)}{seen}".rstrip()
