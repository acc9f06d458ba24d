"""What a later decision means for an instance that was held: pure, so that it can be looked at without an instance.

The sender was told success long ago, and what is not held has left already. So a later `reject` keeps the instance for
a person, and of an object whose variants were held only these are decided anew.
"""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from dicomrules.model.decision import Decision, RuleHit, Variant
from dicomrules.model.instance import Verdict
from dicomrules.queue.entry import Held


def later(held: Held, fresh: Decision, now: datetime) -> Decision:
    """The decision that counts from now on, with a note about how it came about when the outcome is another one."""
    fresh = _kept(fresh)
    if held.decision.verdict is Verdict.SEND:
        decided = replace(held.decision, variants=_variants(held, fresh, now), hits=_hits(held.decision, fresh))
    else:
        decided = _in_time(fresh, held.envelope.received_at, now)
    decided = replace(decided, fingerprint=fresh.fingerprint)
    earlier = tuple(note for note in held.decision.notes if note.startswith(_AGAIN))
    told = () if _outcome(decided) == _outcome(held.decision) else (_note(held.decision, now),)
    notes = tuple(dict.fromkeys((*decided.notes, *earlier, *told)))
    return replace(decided, notes=notes)


_AGAIN = "decided again at "
_Holds = TypeVar("_Holds", Decision, Variant)


def _note(before: Decision, now: datetime) -> str:
    held = before.stopped if before.verdict is Verdict.SEND else (before,)
    was = ", ".join(f'{one.verdict} "{one.reason}"' for one in held)
    return f"{_AGAIN}{now:%Y-%m-%d %H:%M:%S} UTC; before: {was}"


def _outcome(decision: Decision) -> tuple[object, ...]:
    variants = [
        (variant.group, variant.verdict, variant.reasons, variant.destinations) for variant in decision.variants
    ]
    return decision.verdict, decision.reasons, variants


def _kept(decision: Decision) -> Decision:
    """Success was promised: what the rules reject now is kept for a person."""
    return replace(decision, verdict=Verdict.QUARANTINE) if decision.verdict is Verdict.REJECT else decision


def _in_time(decided: _Holds, received_at: datetime, now: datetime) -> _Holds:
    """A hold that has lasted as long as its `for` says, from the first one on, ends in quarantine."""
    over = decided.limit is not None and received_at + decided.limit <= now
    if decided.verdict is not Verdict.HOLD or not over:
        return decided
    return replace(decided, verdict=Verdict.QUARANTINE, retry=None)


def _hits(before: Decision, fresh: Decision) -> tuple[RuleHit, ...]:
    """What was told of the rules and routes, and what is told now of the groups decided again."""
    groups = {variant.group for variant in before.variants if variant.verdict is Verdict.HOLD}
    kept = tuple(hit for hit in before.hits if hit.group not in groups)
    return kept + tuple(hit for hit in fresh.hits if hit.group in groups)


def _variants(held: Held, fresh: Decision, now: datetime) -> tuple[Variant, ...]:
    """Each variant that was held as it is now, for the destinations that it was held for."""
    return tuple(
        _in_time(_one(variant, fresh), held.envelope.received_at, now) if variant.verdict is Verdict.HOLD else variant
        for variant in held.decision.variants
    )


def _one(before: Variant, fresh: Decision) -> Variant:
    found = next((variant for variant in fresh.variants if variant.group == before.group), None)
    if fresh.verdict is not Verdict.SEND and (found is None or found.verdict is Verdict.SEND):
        stopped = Verdict.DROP if fresh.verdict is Verdict.DROP else fresh.verdict
        return replace(before, verdict=stopped, reasons=fresh.reasons, retry=fresh.retry, limit=fresh.limit)
    if found is None:
        return replace(before, verdict=Verdict.DROP, reasons=("the rules no longer send it there",), retry=None)
    destinations = tuple(name for name in before.destinations if name in found.destinations)
    return replace(found, destinations=destinations)
