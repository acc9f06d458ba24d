"""Whether what came of an object is what a test expects, and if not, what was seen instead."""

from dataclasses import dataclass

from dicomrules.engine.attempt import Attempt
from dicomrules.model.decision import Clause
from dicomrules.model.instance import Verdict
from dicomrules.program.case import At, Ends, Expect, Fired, Holds, SentTo, Unchanged
from dicomrules.program.expression import Origin
from dicomrules.rulebook.differences import covers, differences, shown


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as expected. `origin` is the expectation (or the `given`) in the rule file."""

    origin: Origin
    expected: str
    got: str


def unmet(expect: Expect, tried: Attempt) -> tuple[Failure, ...]:
    """What of one expectation was not met."""
    got = _got_instead(expect, tried)
    return () if got is None else (Failure(expect.origin, expect.origin.text or type(expect.what).__name__, got),)


def _got_instead(expect: Expect, tried: Attempt) -> str | None:
    """What was seen instead of what is expected; None when that came true."""
    match expect.what:
        case Holds() | Unchanged() as what:
            return _about_object(what, tried)
        case At(destination, what):
            sent = tried.decision.destinations
            return _about_object(what, tried) if destination in sent else _sent(sent, tried)
        case Fired(rules, negated):
            fired = {hit.rule for hit in tried.decision.hits if hit.matched and hit.kind == "rule"}
            right = not fired & set(rules) if negated else set(rules) <= fired
            return None if right else f"fired: {', '.join(sorted(fired)) or 'none'}"
        case SentTo(destinations, negated):
            got = set(tried.decision.destinations)
            right = not got & set(destinations) if negated else got == set(destinations)
            return None if right else _sent(tried.decision.destinations, tried)
        case Ends(kind, reason):
            decision = tried.decision
            right = decision.verdict == kind and (reason is None or reason in decision.reasons)
            return None if right else _ended(tried)


def _about_object(what: Holds | Unchanged, tried: Attempt) -> str | None:
    if isinstance(what, Unchanged):
        places = list(differences(tried.received, tried.rewritten))
        changed = [shown(place) for place in places if not any(covers(path, place) for path in what.excepted)]
        return f"changed: {', '.join(changed)}" if changed else None
    answer, clauses = tried.ask(what.condition)
    return None if answer else "; ".join(map(_clause, clauses)) or "false"


def _clause(clause: Clause) -> str:
    seen = f": {clause.seen}" if clause.seen else ""
    return f"{clause.text}{seen}"


def _sent(destinations: tuple[str, ...], tried: Attempt) -> str:
    if destinations:
        return f"sent to {', '.join(destinations)}"
    return _ended(tried) if tried.decision.verdict is not Verdict.SEND else "sent nowhere"


def _ended(tried: Attempt) -> str:
    decision = tried.decision
    return f'{decision.verdict} "{decision.reason}"' if decision.verdict is not Verdict.SEND else "no verdict"
