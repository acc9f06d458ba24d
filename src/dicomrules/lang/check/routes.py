"""Routes tables: where objects go, whether every object goes somewhere, whether every arm is reached."""

from collections.abc import Sequence

from dicomrules.lang import ast
from dicomrules.lang.check.contradictions import Arrow
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.proof import Prover, claim
from dicomrules.lang.check.rules import guard, origin_of_name
from dicomrules.lang.check.taken import Taken
from dicomrules.lang.check.terms import Env
from dicomrules.lang.check.verdicts import said, stop
from dicomrules.lang.check.ways import Named, sent
from dicomrules.program.depth import DEEPEST, depth
from dicomrules.program.expression import Always, Condition
from dicomrules.program.route import Target
from dicomrules.program.ruleset import Arm, Guard, Routes
from dicomrules.program.verdict import Nowhere, Stop
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen

MOST_ARMS = 200
"""How many arms of a table without `else` are looked at together."""


@frozen
class Routed:
    """A routes table that was understood, with every destination that it names."""

    routes: Routes
    arrows: tuple[Arrow, ...]


def routes(ground: Ground, node: ast.Routes) -> Routed:
    """One routes table."""
    arms: list[Arm] = []
    arrows: list[Arrow] = []
    sound = True
    for place, arm in enumerate(node.arms):
        made, tested = guard(ground, arm.guard)
        sound = sound and tested.sound
        facts = tested.false if arm.guard is not None and arm.guard.negated else tested.true
        answer, named = _answer(ground, arm.send, Env(known=facts))
        arms.append(Arm(made, answer, origin=origin(arm)))
        taken = None if made is None or _takes_all(made) else made
        arrows.extend(Arrow(one, id(arm), taken, node.every or place == 0) for one in named)
    if sound:
        _reach(ground, node, arms)
    if node.otherwise is not None:
        answer, named = _answer(ground, node.otherwise, Env())
        arms.append(Arm(None, answer, is_else=True, origin=origin(node.otherwise)))
        arrows.extend(Arrow(one, id(node.otherwise), None, not node.arms) for one in named)
    elif sound and not _total(arms):
        _no_else(ground, node)
    whole = Routes(node.name.text, not node.every, tuple(arms), origin_of_name(node))
    if depth(whole, ground.depths) > DEEPEST:
        ground.report(
            "DR113",
            node.name.span,
            "this table is nested too deeply when it is written out",
            "too deep",
            "give parts of its conditions names of their own",
        )
    return Routed(whole, tuple(arrows))


def _no_else(ground: Ground, node: ast.Routes) -> None:
    found = diagnose("DR401", node.name.span, f"`{node.name.text}` does not say where every object goes", "no `else`")
    last = node.arms[-1].span
    ground.add(found.with_fix("say what happens to all others", last.after, '\n  else => nowhere "no route for it"'))


def _total(arms: Sequence[Arm]) -> bool:
    """Whether the arms are proven to take every object."""
    seen: dict[Condition, bool] = {}
    for arm in arms:
        if arm.guard is None or _takes_all(arm.guard):
            return True
        if seen.setdefault(arm.guard.condition, arm.guard.unless) is not arm.guard.unless:
            return True
    return len(arms) <= MOST_ARMS and Prover().never([claim(arm.guard).opposite for arm in arms])


def _reach(ground: Ground, node: ast.Routes, arms: Sequence[Arm]) -> None:
    """Report arms of a `first match` table that an arm above leaves nothing for, and an `else` after `always`."""
    if node.every:
        return
    taken = Taken()
    everything: ast.RouteArm | None = None
    for arm, made in zip(node.arms, arms, strict=True):
        above = taken.by(made.guard)
        taker = everything or (node.arms[above] if above is not None else None)
        if taker is not None:
            _hidden(ground, arm, taker, "arm")
        if everything is None and _takes_all(made.guard):
            everything = arm
        taken.add(made.guard)
    if everything is not None and node.otherwise is not None:
        _hidden(ground, node.otherwise, everything, "`else`")


def _hidden(ground: Ground, node: ast.Node, taker: ast.RouteArm, what: str) -> None:
    found = diagnose("DR402", node.span, f"this {what} is never reached", "never reached").with_note(
        "put it above what takes its objects, or take it out"
    )
    ground.add(found.with_label(taker.span, "this one takes all of its objects"))


def _takes_all(one: Guard | None) -> bool:
    return one is None or (isinstance(one.condition, Always) and one.condition.answer is not one.unless)


Answer = tuple[Target, ...] | Nowhere | Stop


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(ground: Ground, node: ast.Send, env: Env) -> tuple[Answer, tuple[Named, ...]]:
    """What an arm says, and the destinations that it names."""
    match node:
        case ast.Nowhere(reason):
            said(ground, reason)
            return Nowhere(reason.value), ()
        case ast.Drop(reason):
            found = diagnose("DR409", node.span, "`drop` does not stand in a routes table", "about the whole object")
            fixed = f"nowhere {reason.span.text}"
            ground.add(found.with_fix("this table sends nothing", node.span, fixed))
            return Nowhere(reason.value), ()
        case ast.Fanout():
            found_ways = sent(ground, node, env)
            return found_ways.targets, found_ways.named
        case _:
            return stop(ground, node), ()
