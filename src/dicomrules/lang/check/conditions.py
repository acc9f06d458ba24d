"""Conditions: what is true or false, what is known when it is, and what may be missing in silence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.check import presence
from dicomrules.lang.check.calls import above
from dicomrules.lang.check.comparisons import among, asked, compare, has
from dicomrules.lang.check.ground import MOST_PARTS, Ground, origin
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.reads import check as check_read
from dicomrules.lang.check.symbols import unknown
from dicomrules.lang.check.terms import UNSOUND, Env, Tested
from dicomrules.lang.check.texts import matches, text_test
from dicomrules.program.depth import DEEPEST, depth
from dicomrules.program.expression import (
    Always,
    Both,
    Compare,
    Condition,
    During,
    Either,
    Is,
    Literal,
    Named,
    Not,
    Read,
    State,
)
from dicomrules.program.path import Path, Pick
from dicomrules.program.types import Type
from dicomrules.text.codes.registry import diagnose


def test(ground: Ground, node: ast.Expr, env: Env) -> Tested:
    """What an expression means as a condition."""
    understand = _WAYS.get(type(node))
    tested: Tested = _no_condition(ground, node, env) if understand is None else understand(ground, node, env)
    if tested.parts > MOST_PARTS:
        ground.report(
            "DR113",
            node.span,
            "this is too large when it is written out",
            f"{tested.parts} parts",
            "ask for it in fewer steps: a list `in [ … ]`, or a table",
        )
        return UNSOUND
    return tested


def _no_condition(ground: Ground, node: ast.Expr, env: Env) -> Tested:
    """A value where a condition is needed; a function that answers yes or no is one."""
    term = ground.value(node, env.spreading, None)
    if term.type is Type.TRUTH:
        code = Compare("==", term.code, Literal(True, Type.TRUTH), Type.TRUTH, origin(node))
        return asked(code, (term,))
    if term.type is not None:
        found = diagnose("DR214", node.span, "this is a value, and a condition is needed", NAMES[term.type])
        text = " ".join(node.span.text.split())
        if isinstance(node, ast.Path):
            found = found.with_fix("ask whether it is there", node.span, f"{text} is present")
        elif isinstance(node, ast.Text):
            found = found.with_note(f"say again what it is compared with: `Modality == {text}`, or `in [ …, {text}]`")
        else:
            found = found.with_note("compare it with something: `… == …`")
        ground.add(found)
    return UNSOUND


# ── and, or, not ──────────────────────────────────────────────────────────────────────────────────────────────────


def _and(ground: Ground, node: ast.And, env: Env) -> Tested:
    inner = env.inner
    parts: list[Tested] = []
    for term in node.terms:
        part = ground.test(term, inner)
        inner = inner.knowing(part.true)
        parts.append(part)
    true = frozenset().union(*(part.true for part in parts))
    false = frozenset.intersection(*(part.false for part in parts))
    code = Both(tuple(part.code for part in parts))
    if all(part.sound for part in parts) and ground.impossible(code):
        ground.report(
            "DR407",
            node.span,
            "these can never be true together",
            "never true",
            "did you mean `or`? else take one of them out",
        )
    return _several(code, parts, true, false)


def _or(ground: Ground, node: ast.Or, env: Env) -> Tested:
    inner = env.inner
    parts: list[Tested] = []
    for term in node.terms:
        part = ground.test(term, inner)
        inner = inner.knowing(part.false)
        parts.append(part)
    true = frozenset.intersection(*(part.true for part in parts))
    false = frozenset().union(*(part.false for part in parts))
    return _several(Either(tuple(part.code for part in parts)), parts, true, false)


def _several(code: Condition, parts: list[Tested], true: frozenset[Path], false: frozenset[Path]) -> Tested:
    return Tested(
        code,
        true,
        false,
        tuple(doubt for part in parts for doubt in part.weak),
        any(part.every for part in parts),
        1 + sum(part.parts for part in parts),
        all(part.sound for part in parts),
    )


def _not(ground: Ground, node: ast.Not, env: Env) -> Tested:
    inner = ground.test(node.term, env.inner)
    if inner.sound and not env.lenient:
        if inner.every:
            presence.not_every(ground, node)
        elif inner.weak:
            presence.unguarded(ground, node, inner.weak, outer=env.outer)
    code = Always(not inner.code.answer, origin(node)) if isinstance(inner.code, Always) else Not(inner.code)
    return Tested(code, inner.false, inner.true, parts=inner.parts + 1, sound=inner.sound)


# ── presence, time, names ─────────────────────────────────────────────────────────────────────────────────────────


_STATES: dict[ast.State, State] = {
    ast.State.PRESENT: "present",
    ast.State.ABSENT: "absent",
    ast.State.EMPTY: "empty",
    ast.State.BLANK: "blank",
    ast.State.MALFORMED: "malformed",
}


def _is(ground: Ground, node: ast.Is, env: Env) -> Tested:
    state = _STATES[node.state]
    if not isinstance(node.subject, ast.Path):
        term = ground.value(node.subject, env.spreading)
        if term.type is None:
            return UNSOUND
        return Tested(Is(term.code, state, origin(node)), parts=1 + term.parts)
    place = resolve(ground, node.subject, env, items=True)
    if place is None or not _testable(ground, place) or not _of_an_item(ground, node, place):
        return UNSOUND
    check_read(ground, place, env)
    here = frozenset() if place.spread else presence.implied(place)
    code = Is(Read(place.path), state, origin(node))
    true = here if state == "present" else frozenset()
    false = here if state == "blank" else frozenset()
    return Tested(code, true, false, every=place.spread == "every", parts=2)


def _testable(ground: Ground, place: Place) -> bool:
    if any(step.selector is Pick.NEW for step in place.path.steps):
        ground.report(
            "DR212",
            place.span,
            "`[new]` makes an item, there is nothing in it to test",
            "`[new]`",
            "ask `[any]`, `[first]` or `[last]`",
        )
        return False
    return True


def _of_an_item(ground: Ground, node: ast.Is, place: Place) -> bool:
    """Whether a state of an item is asked that it can have: it is there or not."""
    selector, state = place.path.steps[-1].selector, _STATES[node.state]
    if selector is None or (state in ("present", "absent", "blank") and selector not in (Pick.ANY, Pick.EVERY)):
        return True
    found = diagnose("DR206", node.span, "an item is there or not, and nothing else", "not of an item")
    ground.add(found.with_note(f"ask about the sequence, `{place.name} is {state}`, or about an attribute of the item"))
    return False


def _during(ground: Ground, node: ast.During, env: Env) -> Tested:
    subject = ground.value(node.subject, env)
    if ground.symbols.find("schedule", node.schedule.text, ast.Schedule) is None:
        if ground.symbols.missing("schedule", node.schedule.text):
            ground.add(unknown(ground.symbols, "schedule", node.schedule, "DR107"))
        return UNSOUND
    if subject.type is None:
        return UNSOUND
    if subject.type is not Type.DATETIME:
        message = f"`during` asks when an object was received, this is {NAMES[subject.type]}"
        found = diagnose("DR201", node.subject.span, message, NAMES[subject.type])
        ground.add(found.with_note(f"say `received_at during {node.schedule.text}`"))
        return UNSOUND
    if ground.zone is None:
        ground.zone = node.span
    return asked(During(subject.code, node.schedule.text, origin(node)), (subject,))


def _name(ground: Ground, node: ast.Name, env: Env) -> Tested:
    if node.text in env.names or node.text not in ground.symbols.of("condition"):
        return _no_condition(ground, node, env)
    item = ground.symbols.find("condition", node.text, ast.Condition)
    if item is None or not above(ground, "condition", node.text, node.span):
        return UNSOUND
    inner = named(ground, item, aside=env.aside or env.within is not None)
    code = inner.code
    if not isinstance(code, Always):
        code = Named(node.text, code, origin(node))
    weak = tuple(doubt for doubt in inner.weak if doubt.path not in env.known) if env.known else inner.weak
    return replace(inner, code=code, weak=weak, parts=inner.parts + 1)


def named(ground: Ground, item: ast.Condition, *, aside: bool = False) -> Tested:
    """What a condition of the file means. `aside`: it is used inside a `within`."""
    key = (item.name.text, aside)
    if key not in ground.conditions:
        ground.conditions[key] = UNSOUND
        ground.spent = 0
        ground.opening.append(f"condition {item.name.text}")
        env = Env(within=(), aside=True) if aside else Env()
        tested = ground.test(item.test, env)
        ground.opening.pop()
        deep = depth(tested.code, ground.depths)
        if deep > DEEPEST:
            message = f"condition `{item.name.text}` is nested too deeply when it is written out"
            ground.report(
                "DR113",
                item.name.span,
                message,
                f"more than {DEEPEST} levels",
                "ask for it in fewer steps, with conditions side by side",
            )
            tested = UNSOUND
        else:
            ground.depths[id(tested.code)] = deep
        ground.conditions[key] = tested
    return ground.conditions[key]


_WAYS: dict[type, Callable[[Ground, Any, Env], Tested]] = {
    ast.And: _and,
    ast.Or: _or,
    ast.Not: _not,
    ast.Compare: compare,
    ast.Has: has,
    ast.In: among,
    ast.StartsWith: text_test,
    ast.EndsWith: text_test,
    ast.Contains: text_test,
    ast.Matches: matches,
    ast.Is: _is,
    ast.During: _during,
    ast.Name: _name,
}
