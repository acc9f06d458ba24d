"""The statements of a rule, top to bottom: what each does, and what is known after it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.check import assign, choices, keeps, whole
from dicomrules.lang.check.block import Block, Mark, Result, Work, wrote
from dicomrules.lang.check.calls import above
from dicomrules.lang.check.ground import MOST_LEVELS, MOST_PARTS, STATEMENT, Ground, origin
from dicomrules.lang.check.lets import let
from dicomrules.lang.check.outcome import settle
from dicomrules.lang.check.overlap import touches
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.symbols import unknown
from dicomrules.lang.check.targets import targets
from dicomrules.lang.check.terms import Env, Term, Wanted
from dicomrules.lang.check.verdicts import fallback, stop
from dicomrules.lang.check.writable import holds_value, writable
from dicomrules.program import statement as program
from dicomrules.program.expression import Call, Read
from dicomrules.program.path import Pick, Prefix
from dicomrules.text.codes.registry import diagnose


def body(work: Work, nodes: Sequence[ast.Statement], block: Block) -> tuple[tuple[program.Statement, ...], Block]:
    """The statements of one block, and what is known after it."""
    made: list[program.Statement] = []
    told = False
    if work.level >= MOST_LEVELS and nodes:
        work.ground.report(
            "DR113",
            nodes[0].span,
            "blocks are nested too deeply here",
            f"{MOST_LEVELS} levels",
            "make two rules of it, each with its own `when`",
        )
        return (), block
    work.level += 1
    for node in nodes:
        work.count += 1
        if work.ground.opening:
            work.ground.written_out += STATEMENT
        if work.count > MOST_PARTS:
            work.ground.report(
                "DR113",
                node.span,
                "this rule is too large when it is written out",
                "from here on",
                "make several rules of it, or a table",
            )
            break
        if block.ended is not None and not told:
            told = True
            found = diagnose("DR403", node.span, "this statement is never reached", "never reached")
            found = found.with_label(block.ended, "this verdict ends the object")
            work.ground.add(found.with_note("put it above the verdict, or take it out"))
        statements, block = one(work, node, block)
        made.extend(statements)
    work.level -= 1
    return tuple(made), block


def one(work: Work, node: ast.Statement, block: Block) -> tuple[tuple[program.Statement, ...], Block]:
    """One statement; `apply` gives several, one that is at fault gives none."""
    if isinstance(node, ast.Quarantine | ast.Reject | ast.Hold | ast.Drop):
        return (stop(work.ground, node),), replace(block, ended=node.span)
    if not work.ground.compare(len(block.env.known)):  # whatever a statement does, they are gone through
        work.forget(block.env.known, origin(node))
        block = block.knowing(block.env.knowing_only(frozenset()))
    env = block.env.read_by(work.reader(node, block.arms))
    understand = _WAYS[type(node)]
    statements, after = understand(work, node, block.knowing(env))
    return statements, after


# ── set, default, add, let ────────────────────────────────────────────────────────────────────────────────────────


def _set(work: Work, node: ast.Set | ast.Default, block: Block) -> Result:
    ground, env = work.ground, block.env
    override = isinstance(node, ast.Set) and node.override
    place = resolve(ground, node.target, env)
    if place is not None and not (writable(ground, place, override=override) and holds_value(ground, place)):
        place = None
    asked = assign.wanted(place) if place is not None else None
    term = _right(ground, node.value.expr, env, asked)
    fallen = None
    if node.value.otherwise is not None:
        fallen = fallback(ground, node.value.otherwise, env, asked, "set")
    if place is None:
        return (), block
    sure = settle(ground, place, term, fallen, node)
    assign.cut_identifier(ground, place, node.value.expr)
    code = fallen.code if fallen is not None else None
    here = origin(node)
    if isinstance(node, ast.Set):
        made: program.Statement = program.Set(place.path, term.code, code, node.creating, node.override, here)
    else:
        made = program.Default(place.path, term.code, code, node.creating, here)
    kind = "set" if isinstance(node, ast.Set) else "default"
    there = sure and (len(place.absolute.steps) == 1 or node.creating) and place.path.value is None
    proven = frozenset({place.absolute}) if there and not place.spread else frozenset()
    mark = Mark(place.absolute, node.target.span, kind, override, _idle(place, term))
    return (made,), wrote(work, block, [mark], proven=proven)


def _idle(place: Place, term: Term) -> bool:
    """Whether a value is the one that is there, only trimmed: spaces around it are no part of it (S12)."""
    code: object = term.code
    while isinstance(code, Call) and code.function == "trim":
        code = code.arguments[0]
    return isinstance(code, Read) and code.path.steps == place.path.steps and code.path.prefix is place.path.prefix


def _right(ground: Ground, node: ast.Expr, env: Env, asked: Wanted | None, instead: str = "set") -> Term:
    """The right side of a statement, where a `choose` may hold verdicts."""
    if isinstance(node, ast.Choose):
        return choices.choose(ground, node, env, asked, instead)
    return ground.value(node, env, asked)


def _add(work: Work, node: ast.Add, block: Block) -> Result:
    ground, env = work.ground, block.env
    place = resolve(ground, node.target, env)
    new = place is not None and any(step.selector is Pick.NEW for step in place.path.steps)
    if place is not None and not (writable(ground, place, new=True) and holds_value(ground, place)):
        place = None
    if place is not None and not new and (place.path.value is not None or place.most == 1):
        message = f"`{place.name}` holds one value, so none can be added"
        found = diagnose("DR220", node.target.span, message, "its VM is 1")
        ground.add(found.with_note(f"say `set {place.path.text} = …`, or `add SEQUENCE[new].X = …` for an item"))
        place = None
    asked = assign.wanted(place) if place is not None else None
    term = _right(ground, node.value.expr, env, asked)
    fallen = None
    if node.value.otherwise is not None:
        fallen = fallback(ground, node.value.otherwise, env, asked, "set")
    if place is None:
        return (), block
    settle(ground, place, term, fallen, node, adding=True)
    made = program.Add(place.path, term.code, fallen.code if fallen is not None else None, origin(node))
    return (made,), wrote(work, block, [Mark(place.absolute, node.target.span, "add")])


def _let(work: Work, node: ast.Let, block: Block) -> Result:
    made, env = let(work.ground, node, block.env)
    return (() if made is None else (made,)), block.knowing(env)


# ── copy, move, swap, empty, remove ───────────────────────────────────────────────────────────────────────────────


def _copy(work: Work, node: ast.Copy | ast.Move | ast.Swap, block: Block) -> Result:
    ground, env = work.ground, block.env
    first, second = (node.left, node.right) if isinstance(node, ast.Swap) else (node.origin, node.target)
    source, target = resolve(ground, first, env), resolve(ground, second, env)
    if source is None or target is None:
        return (), block
    both = isinstance(node, ast.Move | ast.Swap)
    if not writable(ground, target) or (both and not writable(ground, source)):
        return (), block
    if not _alike(ground, node, source, target):
        return (), block
    marks = [Mark(target.absolute, second.span, "copy")]
    if both:
        marks.append(Mark(source.absolute, first.span, "remove" if isinstance(node, ast.Move) else "copy"))
    make = _TRANSFERS[type(node)]
    return (make(source.path, target.path, origin(node)),), wrote(work, block, marks)


_TRANSFERS: dict[type, type[program.Copy] | type[program.Move] | type[program.Swap]] = {
    ast.Copy: program.Copy,
    ast.Move: program.Move,
    ast.Swap: program.Swap,
}


def _alike(ground: Ground, node: ast.Copy | ast.Move | ast.Swap, source: Place, target: Place) -> bool:
    """Whether whole elements of one VR are on both sides."""
    word = type(node).__name__.lower()
    for place in (source, target):
        if place.path.value is not None or place.path.component or place.path.group or place.spread == "any":
            message = f"`{word}` is about whole elements"
            found = diagnose("DR212", place.span, message, "a part of one")
            ground.add(found.with_note("say `set … = … otherwise …` for a part"))
            return False
    several = source if source.spread else target if target.spread and isinstance(node, ast.Swap) else None
    if several is not None:
        found = diagnose("DR212", several.span, f"`{word}` needs one element here", "these are several")
        ground.add(found.with_note("say `[first]`, `[last]` or `[item 2]`"))
        return False
    if source.vr != target.vr:
        found = diagnose("DR201", node.span, f"`{word}` needs one VR on both sides", "two VRs")
        found = found.with_label(source.span, source.vr).with_label(target.span, target.vr)
        ground.add(found.with_note(f"say `set {target.path.text} = {source.path.text} otherwise …`"))
        return False
    if target.most is not None and (source.most is None or source.most > target.most):
        message = f"`{source.name}` may have more values than `{target.name}` holds"
        ground.report(
            "DR220",
            node.span,
            message,
            f"`{target.name}` holds {target.most}",
            f"say which value: `set … = {source.path.text}[first] otherwise keep`",
        )
        return False
    return True


def _empty(work: Work, node: ast.Empty | ast.Remove, block: Block) -> Result:
    found = targets(work.ground, node.targets, node.excepted, block.env)
    if found is None:
        return (), block
    meant, places = found
    kind = "empty" if isinstance(node, ast.Empty) else "remove"
    make = program.Empty if isinstance(node, ast.Empty) else program.Remove
    after = wrote(work, block, [Mark(place.absolute, place.span, kind) for place in places])
    if meant.sets or meant.anywhere:
        work.ground.swept = True
        known = frozenset(path for path in after.env.known if path.prefix is not Prefix.CURRENT)
        after = replace(after, env=after.env.knowing_only(known))
    return (make(meant, origin(node)),), after


# ── within, if, apply ─────────────────────────────────────────────────────────────────────────────────────────────


def _within(work: Work, node: ast.Within, block: Block) -> Result:
    ground, env = work.ground, block.env
    place = resolve(ground, node.path, env, items=True)
    if place is None or not _enterable(ground, place):
        return (), block
    inner = replace(block, env=replace(env, within=place.absolute.steps, aside=False), line={})
    statements, _ = body(work, node.body, inner)
    known = frozenset(
        path for path in env.known if path.prefix is not Prefix.CURRENT or not touches(place.absolute, path)
    )
    after = block.knowing(env.knowing_only(known))
    return (program.Within(place.path, statements, origin(node)),), after


def _enterable(ground: Ground, place: Place) -> bool:
    last = place.path.steps[-1]
    if last.vr != "SQ":
        message = f"`{place.name}` is no sequence (its VR is {place.vr})"
        ground.report(
            "DR206",
            place.span,
            message,
            "`within` goes into the items of a sequence",
            "write the statements without `within`",
        )
        return False
    if last.selector is None:
        found = diagnose("DR206", place.span, "`within` says which items", "which ones?")
        for word, title in (("every", "all items"), ("first", "the first item"), ("new", "append one")):
            found = found.with_fix(title, place.span.after, f"[{word}]")
        ground.add(found)
        return False
    return writable(ground, place, new=True)


def _if(work: Work, node: ast.If, block: Block) -> Result:
    env = block.env
    branches: list[program.Branch] = []
    ends: list[Block] = []
    for arm, branch in enumerate(node.branches):
        tested = work.ground.test(branch.test, env.spreading)
        inner = Block(env.knowing(tested.true), (*block.arms, (id(node), arm)))
        statements, end = body(work, branch.body, inner)
        branches.append(program.Branch(tested.code, statements, origin(branch.test)))
        ends.append(end)
        env = env.knowing(tested.false)
    last = Block(env, (*block.arms, (id(node), len(node.branches))))
    default, end = body(work, node.otherwise or (), last)
    ends.append(end)
    going = [one.env.known for one in ends if one.ended is None]
    known = frozenset.intersection(*going) if going else block.env.known
    after = Block(block.env.knowing_only(known), block.arms, block.line, None if going else node.span)
    return (program.If(tuple(branches), default, origin(node)),), after


def _apply(work: Work, node: ast.Apply, block: Block) -> Result:
    ground = work.ground
    item = ground.symbols.find("action", node.action.text, ast.Action)
    if item is None:
        if ground.symbols.missing("action", node.action.text):
            ground.add(unknown(ground.symbols, "action", node.action, "DR107"))
        return (), block
    if not above(ground, "action", node.action.text, node.action.span) or ground.exhausted(node.span):
        return (), block
    ground.opening.append(f"action {node.action.text}")
    inner = replace(block, env=replace(block.env, names={}))
    statements, after = body(work, item.body, inner)
    ground.opening.pop()
    return statements, replace(after, env=replace(after.env, names=block.env.names))


_WAYS: dict[type, Callable[[Work, Any, Block], Result]] = {
    ast.Set: _set,
    ast.Default: _set,
    ast.Add: _add,
    ast.Let: _let,
    ast.Copy: _copy,
    ast.Move: _copy,
    ast.Swap: _copy,
    ast.Empty: _empty,
    ast.Remove: _empty,
    ast.Within: _within,
    ast.If: _if,
    ast.Apply: _apply,
    ast.KeepOnly: keeps.keep_only,
    **whole.WAYS,
}
