"""Routes tables: where objects go, whether every object goes somewhere, whether every arm is reached."""

from collections.abc import Sequence
from dataclasses import fields

from dicomrules.lang import ast
from dicomrules.lang.check.bounds import DEEPEST, depth
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.later import refuse
from dicomrules.lang.check.rules import guard, origin_of_name
from dicomrules.lang.check.symbols import suggested
from dicomrules.lang.check.taken import Taken
from dicomrules.lang.check.verdicts import stop
from dicomrules.program.expression import Always, Condition
from dicomrules.program.ruleset import Arm, Guard, Routes
from dicomrules.program.verdict import Nowhere, Stop
from dicomrules.text.codes.registry import diagnose

_OPTIONS = {
    "through": "through",
    "calling": "as",
    "compressed": "compressed",
    "decompressed": "decompressed",
    "during": "during",
    "study_after": "by study after",
    "only_once": "only once",
    "priors": "with priors",
    "priority": "priority",
}
"""Options of a destination by the field of `ast.DestOptions`; none of them is in this version."""

Answer = tuple[str, ...] | Nowhere | Stop


def routes(ground: Ground, node: ast.Routes) -> Routes:
    """One routes table."""
    arms = []
    sound = True
    for arm in node.arms:
        made, tested = guard(ground, arm.guard)
        sound = sound and tested.sound
        arms.append(Arm(made, _answer(ground, arm.send), origin=origin(arm)))
    if sound:
        _reach(ground, node, arms)
    if node.otherwise is not None:
        arms.append(Arm(None, _answer(ground, node.otherwise), is_else=True, origin=origin(node.otherwise)))
    elif sound and not _total(arms):
        _no_else(ground, node)
    whole = Routes(node.name.text, not node.every, tuple(arms), origin_of_name(node))
    if depth(whole) > DEEPEST:
        ground.report("DR113", node.name.span, "this table is nested too deeply when it is written out", "too deep")
    return whole


def _no_else(ground: Ground, node: ast.Routes) -> None:
    found = diagnose("DR401", node.name.span, f"`{node.name.text}` does not say where every object goes", "no `else`")
    last = node.arms[-1].span
    ground.add(found.with_fix("say what happens to all others", last.after, '\n  else => nowhere "no route for it"'))


def _total(arms: Sequence[Arm]) -> bool:
    """Whether the arms take every object: `always`, or a condition and its opposite."""
    seen: dict[Condition, bool] = {}
    for arm in arms:
        if arm.guard is None or _takes_all(arm.guard):
            return True
        if seen.setdefault(arm.guard.condition, arm.guard.unless) is not arm.guard.unless:
            return True
    return False


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
    found = diagnose("DR402", node.span, f"this {what} is never reached", "never reached")
    ground.add(found.with_label(taker.span, "this one takes all of its objects"))


def _takes_all(one: Guard | None) -> bool:
    return one is None or (isinstance(one.condition, Always) and one.condition.answer is not one.unless)


# ── answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(ground: Ground, node: ast.Send) -> Answer:
    match node:
        case ast.Nowhere(reason):
            return Nowhere(reason.value)
        case ast.Drop(reason):
            found = diagnose("DR409", node.span, "`drop` does not stand in a routes table", "about the whole object")
            fixed = f"nowhere {reason.span.text}"
            ground.add(found.with_fix("this table sends nothing", node.span, fixed))
            return Nowhere(reason.value)
        case ast.Fanout(chains):
            return _destinations(ground, chains)
        case _:
            return stop(ground, node)


def _destinations(
    ground: Ground, chains: "Sequence[ast.Dest | ast.DestFromTable | ast.Balance | ast.Failover]"
) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for chain in chains:
        match chain:
            case ast.Dest():
                _options(ground, chain.options)
                if chain.name.text in names:
                    message = f"`{chain.name.text}` is named twice in this arm"
                    ground.report("DR410", chain.name.span, message, "it is sent there once")
                if destination(ground, chain.name):
                    names[chain.name.text] = None
            case ast.Failover():
                refuse(ground, chain.span, "failover")
            case ast.Balance():
                refuse(ground, chain.span, "balance")
            case ast.DestFromTable():
                refuse(ground, chain.span, "a destination from a table")
        if not isinstance(chain, ast.Dest):
            _mention(ground, chain)
    return tuple(names)


def _mention(ground: Ground, chain: ast.DestFromTable | ast.Balance | ast.Failover) -> None:
    """Check the names inside what this version cannot carry out."""
    waiting: list[ast.Dest | ast.DestFromTable | ast.Balance | ast.Failover] = [chain]
    while waiting:
        match waiting.pop():
            case ast.Dest() as dest:
                destination(ground, dest.name)
            case ast.Balance(shares):
                waiting.extend(share.dest for share in shares)
            case ast.Failover(members):
                waiting.extend(members)
            case ast.DestFromTable(lookup):
                ground.symbols.used.add(("table", lookup.table.text))


def _options(ground: Ground, options: ast.DestOptions) -> None:
    """Refuse every option: none of them is in this version."""
    said = [
        word
        for field in fields(options)
        if (word := _OPTIONS.get(field.name)) is not None and getattr(options, field.name) not in (None, False)
    ]
    if said:
        refuse(ground, options.span, "`, `".join(said))
    if options.through is not None:
        ground.symbols.used.add(("group", options.through.text))
    if options.during is not None:
        ground.symbols.used.add(("schedule", options.during.text))


def destination(ground: Ground, name: ast.Name) -> bool:
    """Whether this is the name of a destination; reports when it is not."""
    symbols = ground.symbols
    symbols.used.add(("destination", name.text))
    if not symbols.missing("destination", name.text):
        return True
    if not symbols.expects and (symbols.gateway is None or name.text in symbols.gateway):
        if symbols.gateway is None and ("expects", "") not in symbols.unread:
            ground.undeclared.setdefault(name.text, name.span)
        return True
    if ("expects", "") in symbols.unread:
        return True
    candidates = [*symbols.of("destination"), *(symbols.gateway or ())]
    found = diagnose("DR106", name.span, f"unknown destination `{name.text}`", "not among `expects destinations`")
    near = symbols.near(name.text, candidates)
    if not near and candidates:
        found = found.with_note(f"known are {', '.join(f'`{one}`' for one in candidates[:10])}")
    ground.add(suggested(found, name.span, near))
    return False


def declared(ground: Ground) -> None:
    """Report destinations of rule files that expect none, all of them together."""
    if not ground.undeclared:
        return
    names = ", ".join(ground.undeclared)
    first = next(iter(ground.undeclared.values()))
    found = diagnose("DR106", first, "these rules do not say which destinations they expect", "not declared")
    ground.add(found.with_note(f"say at the top of the file: `expects destinations {names}`"))
