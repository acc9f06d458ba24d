"""Whether a statement says what happens when its value is not there, or does not fit."""

from dicomrules.lang import ast
from dicomrules.lang.check import assign
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.paths import Place
from dicomrules.lang.check.terms import Doubt, Term
from dicomrules.lang.check.verdicts import Fallen, last_word
from dicomrules.program.path import PrivateTag
from dicomrules.text.codes.registry import diagnose

Assignment = ast.Set | ast.Default | ast.Add | ast.Let


def settle(
    ground: Ground, place: Place | None, term: Term, fallen: Fallen | None, node: Assignment, *, adding: bool = False
) -> bool:
    """Check a value against its target (None: a `let`) and its `otherwise`. True: a value is there afterwards."""
    if term.type is None:
        return False
    if place is not None and not adding and not assign.fits(ground, place, term):
        return False
    if place is not None and adding and term.count != 1:
        ground.report(
            "DR220",
            term.span,
            "`add` appends one value",
            "these are several",
            'add them one by one, or `set P = ["A", "B"]` for all',
        )
        return False
    doubts = assign.uncertain(place, term) if place is not None else list(term.doubts)
    how_long = assign.overflow(place, term) if place is not None else ""
    if fallen is None:
        if doubts:
            _say_what_then(ground, node, doubts)
        elif how_long and place is not None:
            assign.too_long(ground, place, term, how_long, node.span.after)
        _written(ground, place, term)
        return not doubts
    if not doubts and not how_long and not term.needs and not _may_fail_when_written(place, term):
        _cannot_happen(ground, node)
    _written(ground, place, term)
    return _fallen_fits(ground, place, fallen)


def _may_fail_when_written(place: Place | None, term: Term) -> bool:
    """Whether all blocks may be taken when the target's private creator needs one, or a part of a name may be ended."""
    if place is None:
        return False
    return isinstance(place.path.steps[-1].tag, PrivateTag) or (bool(place.path.delimiters) and term.constant is None)


def _fallen_fits(ground: Ground, place: Place | None, fallen: Fallen) -> bool:
    """Check the value after `otherwise`. True: a value is there afterwards, whatever happens."""
    if fallen.term is None:
        return not isinstance(fallen.code, str)
    term = last_word(ground, fallen)
    if term.type is None:
        return False
    if place is None:
        return True
    if not assign.fits(ground, place, term):
        return False
    how_long = assign.overflow(place, term)
    if how_long:
        holds = f"`{place.name}` ({place.vr}) holds {assign.bound(place)}"
        message = f"what stands after `otherwise` may be {how_long}, {holds}"
        ground.report(
            "DR204",
            term.span,
            message,
            f"may be {how_long}",
            'let a shorter value stand there, or a verdict: `otherwise quarantine "too long"`',
        )
    _written(ground, place, term)
    return True


def _written(ground: Ground, place: Place | None, term: Term) -> None:
    """Remember the first place that writes text which is not ASCII."""
    if place is not None and not term.plain and ground.unplain is None:
        ground.unplain = term.span


def _say_what_then(ground: Ground, node: Assignment, doubts: list[Doubt]) -> None:
    found = diagnose("DR302", doubts[0].span, "there may be no value, and nothing says what then", doubts[0].why)
    for doubt in doubts[1:4]:
        found = found.with_label(doubt.span, doubt.why)
    end = node.span.after
    if isinstance(node, ast.Let):
        found = found.with_fix("keep it for a person", end, ' otherwise quarantine "no value"')
    else:
        found = found.with_fix("leave the target as it is", end, " otherwise keep")
        found = found.with_fix("keep it for a person", end, ' otherwise quarantine "no value"')
    path = next((doubt.path for doubt in doubts if doubt.path is not None), None)
    if path is not None and len(doubts) == 1:
        found = found.with_note(f"or ask first: `when {path.text} is present`")
    ground.add(found)


def _cannot_happen(ground: Ground, node: Assignment) -> None:
    otherwise = node.value.otherwise
    if otherwise is None:
        return
    span = node.value.expr.span.after.to(otherwise.span)
    found = diagnose("DR303", otherwise.span, "this `otherwise` cannot happen", "the value is always there and fits")
    at = span.text.rfind("otherwise", 0, otherwise.span.start - span.start)
    if at >= 0:
        from_here = span.source.span(span.start + at, otherwise.span.end)
        found = found.with_fix("leave it out", from_here, "")
    ground.add(found)
