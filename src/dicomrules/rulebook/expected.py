"""Whether what came of an object is what a test expects, and if not, what was seen instead."""

from collections.abc import Mapping
from dataclasses import dataclass

from dicomrules.engine.attempt import Attempt
from dicomrules.model.decision import Clause, Decision, Variant
from dicomrules.model.instance import Verdict
from dicomrules.program.case import At, Ends, Expect, Expectation, Fired, Holds, SentTo, Unchanged
from dicomrules.program.expression import Condition, OfObject, Origin
from dicomrules.program.statement import Targets
from dicomrules.program.walk import inside
from dicomrules.rulebook.because import because
from dicomrules.rulebook.differences import differences, shown, spares


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as expected. `origin` is the expectation (or the `given`) in the rule file.

    `because` names the rules and clauses that brought it about.
    """

    origin: Origin
    expected: str
    got: str
    because: tuple[str, ...] = ()


def unmet(expect: Expect, tried: Attempt, objects: Mapping[str, Attempt]) -> tuple[Failure, ...]:
    """What of one expectation was not met. `objects` are all objects of the test so far, by name."""
    got = _got_instead(expect.what, tried, objects)
    if got is None:
        return ()
    text = expect.origin.text or type(expect.what).__name__
    return (Failure(expect.origin, text, got, because(expect.what, tried.decision)),)


def _got_instead(what: Expectation, tried: Attempt, objects: Mapping[str, Attempt]) -> str | None:
    """What was seen instead of what is expected; None when that came true."""
    match what:
        case Unchanged(excepted):
            return _unchanged(excepted, tried)
        case Holds(condition):
            return _holds(condition, tried, objects)
        case At(destination, Ends() as end):
            return _ends_at(destination, end, tried)
        case At(destination, what):
            return _at(destination, what, tried, objects)
        case Fired(rules, negated):
            fired = {hit.rule for hit in tried.decision.hits if hit.matched and hit.kind == "rule"}
            right = not fired & set(rules) if negated else set(rules) <= fired
            return None if right else f"fired: {', '.join(sorted(fired)) or 'none'}"
        case SentTo(destinations, negated):
            got = set(tried.decision.destinations)
            right = not got & set(destinations) if negated else got == set(destinations)
            return None if right else _sent(tried)
        case Ends() as end:
            return None if _is(end, tried.decision) else _ended(tried)


def _holds(condition: Condition, tried: Attempt, objects: Mapping[str, Attempt]) -> str | None:
    missing = [part.label for part in inside(condition) if isinstance(part, OfObject) and part.label not in objects]
    if missing:
        return f"there is no `{missing[0]}`"
    answer, clauses = tried.ask(condition, objects)
    return None if answer else "; ".join(map(_clause, clauses)) or "false"


def _at(destination: str, what: Holds | Unchanged | Ends, tried: Attempt, objects: Mapping[str, Attempt]) -> str | None:
    """About what a destination gets, of this object and of those it is compared with."""
    there = tried.at(destination)
    if there is None:
        return _sent(tried)
    sent = {name: one.at(destination) for name, one in objects.items()}
    return _got_instead(what, there, {name: one for name, one in sent.items() if one is not None})


def _unchanged(excepted: Targets | None, tried: Attempt) -> str | None:
    places = differences(tried.received, tried.rewritten)
    changed = [shown(place) for place in places if not spares(excepted, place)]
    return f"changed: {', '.join(changed)}" if changed else None


def _ends_at(destination: str, end: Ends, tried: Attempt) -> str | None:
    """A verdict about what a destination would get: its own, or that of the whole object."""
    ended: list[Decision | Variant] = [one for one in tried.decision.stopped if destination in one.destinations]
    return None if any(_is(end, one) for one in ended or [tried.decision]) else _sent(tried)


def _is(end: Ends, ended: Decision | Variant) -> bool:
    return ended.verdict == end.kind and (end.reason is None or end.reason in ended.reasons)


def _clause(clause: Clause) -> str:
    seen = f": {clause.seen}" if clause.seen else ""
    return f"{clause.text}{seen}"


def _sent(tried: Attempt) -> str:
    decision = tried.decision
    if decision.verdict is not Verdict.SEND:
        return _ended(tried)
    sent = f"sent to {', '.join(decision.destinations)}" if decision.destinations else "sent nowhere"
    return "; ".join([sent, *map(_stopped, decision.stopped)])


def _ended(tried: Attempt) -> str:
    decision = tried.decision
    if decision.verdict is not Verdict.SEND:
        return f'{decision.verdict} "{decision.reason}"'
    return "; ".join(["no verdict", *map(_stopped, decision.stopped)])


def _stopped(variant: Variant) -> str:
    """A variant that is not sent, as people read it."""
    return f'{", ".join(variant.destinations)} through {variant.group}: {variant.verdict} "{variant.reason}"'
