"""Why an object is not what a test expects: the rules that set it, the clauses and arms that decided."""

from collections.abc import Callable, Iterable, Iterator

from dicomrules.model.decision import Decision, RuleHit
from dicomrules.program.case import At, Ends, Expectation, Fired, Holds, SentTo, Unchanged
from dicomrules.program.expression import Read
from dicomrules.program.walk import inside

_MOST = 5
"""How many of them are told."""


def because(what: Expectation, decision: Decision) -> tuple[str, ...]:
    """What brought about that an expectation is not met, for people; empty where no rule had to do with it."""
    found = list(_because(what, decision))
    more = (f"and {len(found) - _MOST} more",) if len(found) > _MOST else ()
    return (*found[:_MOST], *more)


def _because(what: Expectation, decision: Decision) -> Iterator[str]:
    match what:
        case Holds(condition):
            names = {part.path.steps[0].name for part in inside(condition) if isinstance(part, Read)}
            yield from _set(decision.hits, names.__contains__)
        case Unchanged(excepted):
            spared = {path.steps[0].name for path in excepted.paths} if excepted is not None else set()
            yield from _set(decision.hits, lambda name: name not in spared)
        case At(_, inner):
            yield from _because(inner, decision)
        case Fired(rules, negated):
            yield from _tested([hit for hit in decision.hits if hit.rule in rules and hit.matched is negated])
        case SentTo() | Ends():
            yield from _decided(decision.hits)


def _set(hits: Iterable[RuleHit], asked: Callable[[str], bool]) -> Iterator[str]:
    """What rules wrote into the attributes that are asked about."""
    for hit in hits:
        for change in hit.changes:
            if asked(change.path.partition("[")[0]):
                before, after = ("absent" if one is None else one or "empty" for one in (change.before, change.after))
                yield f"{change.path} {before} → {after} by rule {hit.rule}, {hit.place}"


def _tested(hits: Iterable[RuleHit]) -> Iterator[str]:
    """The clauses that decided whether rules fired."""
    for hit in hits:
        clauses = [clause for clause in hit.because if clause.answer is hit.matched]
        for clause in clauses[-1:]:
            seen = f", which is {clause.seen}" if clause.seen else ""
            yield f"rule {hit.rule}: {'' if hit.matched else 'not '}{clause.text}{seen}"
        if not clauses:
            yield f"rule {hit.rule}: {'it asks for nothing' if hit.matched else ', '.join(hit.notes) or 'not tested'}"


def _decided(hits: Iterable[RuleHit]) -> Iterator[str]:
    """The arms that were taken, and the rules that ended deciding."""
    for hit in hits:
        if hit.matched and hit.kind == "route":
            yield f"routes {hit.rule}: {hit.title}, {hit.place}"
        elif hit.matched and hit.notes and not hit.changes:
            yield f"rule {hit.rule}: {', '.join(hit.notes)}, {hit.place}"
