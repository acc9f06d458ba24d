"""Conditions: what is true or false, what is known when it is, and what may be missing in silence."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.check import presence
from dicomrules.lang.check.apart import impossible
from dicomrules.lang.check.bounds import DEEPEST, depth
from dicomrules.lang.check.calls import above
from dicomrules.lang.check.constants import parameter_values
from dicomrules.lang.check.ground import MOST_PARTS, Ground, origin
from dicomrules.lang.check.kinds import clash, common
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.patterns import pattern
from dicomrules.lang.check.ranges import bounds
from dicomrules.lang.check.reads import check as check_read
from dicomrules.lang.check.symbols import unknown
from dicomrules.lang.check.terms import UNSOUND, Env, Term, Tested, Wanted
from dicomrules.lang.check.values import read
from dicomrules.program.expression import (
    Always,
    Among,
    Both,
    Compare,
    Condition,
    During,
    Either,
    Expression,
    InNetworks,
    Is,
    Literal,
    Matches,
    Named,
    Not,
    Range,
    Read,
    State,
    TextTest,
)
from dicomrules.program.path import Path, Pick
from dicomrules.program.types import TEXTUAL, Type
from dicomrules.text.codes.registry import diagnose


def test(ground: Ground, node: ast.Expr, env: Env) -> Tested:
    """What an expression means as a condition."""
    understand = _WAYS.get(type(node))
    tested: Tested = _no_condition(ground, node, env) if understand is None else understand(ground, node, env)
    if tested.parts > MOST_PARTS:
        ground.report("DR113", node.span, "this is too large when it is written out", f"{tested.parts} parts")
        return UNSOUND
    return tested


def _no_condition(ground: Ground, node: ast.Expr, env: Env) -> Tested:
    """A value where a condition is needed; a function that answers yes or no is one."""
    term = ground.value(node, replace(env, spreads=True), None)
    if term.type is Type.TRUTH:
        code = Compare("==", term.code, Literal(True, Type.TRUTH), Type.TRUTH, origin(node))
        return _on(code, (term,))
    if term.type is not None:
        found = diagnose("DR214", node.span, "this is a value, and a condition is needed", NAMES[term.type])
        text = " ".join(node.span.text.split())
        if isinstance(node, ast.Path):
            found = found.with_fix("ask whether it is there", node.span, f"{text} is present")
        ground.add(found)
    return UNSOUND


def _on(code: Condition, terms: Sequence[Term], *, parts: int = 0) -> Tested:
    """A test of some values: true only when they are there."""
    return Tested(
        code,
        true=frozenset().union(*(term.needs for term in terms)),
        weak=tuple(doubt for term in terms for doubt in term.doubts),
        every=any(term.spread == "every" for term in terms),
        parts=1 + parts + sum(term.parts for term in terms),
    )


# ── and, or, not ──────────────────────────────────────────────────────────────────────────────────────────────────


def _and(ground: Ground, node: ast.And, env: Env) -> Tested:
    known = env.known
    parts: list[Tested] = []
    for term in node.terms:
        part = ground.test(term, replace(env, known=known, outer=False))
        known |= part.true
        parts.append(part)
    true = frozenset().union(*(part.true for part in parts))
    false = frozenset.intersection(*(part.false for part in parts))
    code = Both(tuple(part.code for part in parts))
    if all(part.sound for part in parts) and impossible(code):
        ground.report("DR407", node.span, "these can never be true together", "never true")
    return _several(code, parts, true, false)


def _or(ground: Ground, node: ast.Or, env: Env) -> Tested:
    known = env.known
    parts: list[Tested] = []
    for term in node.terms:
        part = ground.test(term, replace(env, known=known, outer=False))
        known |= part.false
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
    inner = ground.test(node.term, replace(env, outer=False))
    if inner.sound and not env.lenient:
        if inner.every:
            presence.not_every(ground, node)
        elif inner.weak:
            presence.unguarded(ground, node, inner.weak, outer=env.outer)
    code = Always(not inner.code.answer, origin(node)) if isinstance(inner.code, Always) else Not(inner.code)
    return Tested(code, inner.false, inner.true, parts=inner.parts + 1, sound=inner.sound)


# ── comparisons ───────────────────────────────────────────────────────────────────────────────────────────────────


def _is_literal(node: ast.Expr) -> bool:
    return isinstance(node, ast.Text | ast.Number)


def wanted_for(term: Term) -> Wanted | None:
    """What a literal is read as that is compared with a term; None when the term is at fault."""
    if term.type is None:
        return None
    return Wanted(term.type, term.vr, " ".join(term.span.text.split()))


def _sides(ground: Ground, left: ast.Expr, right: ast.Expr, env: Env) -> tuple[Term, Term]:
    """Two values that are compared: a literal is read as what the other side is."""
    inner = replace(env, spreads=True)
    if _is_literal(left) and not _is_literal(right):
        second = ground.value(right, inner)
        return ground.value(left, inner, wanted_for(second)), second
    first = ground.value(left, inner)
    return first, ground.value(right, inner, wanted_for(first))


def _compare(ground: Ground, node: ast.Compare, env: Env) -> Tested:
    if node.op in ("==", "!=") and isinstance(node.right, ast.ListOf):
        found = diagnose("DR214", node.right.span, f"`{node.op}` compares with one value", "these are several")
        ground.add(found.with_note("say `in [ … ]`" if node.op == "==" else "say `not in [ … ]`"))
        return UNSOUND
    left, right = _sides(ground, node.left, node.right, env)
    return _compared(ground, node, node.op, left, right, env)


def _compared(ground: Ground, node: ast.Expr, op: str, left: Term, right: Term, env: Env) -> Tested:
    if left.type is None or right.type is None:
        return UNSOUND
    type_ = common(left.type, right.type)
    if type_ is None or Type.TRUTH in (left.type, right.type):
        clash(ground, node.span, left, right, "these two can never be equal")
        return UNSOUND
    if type_ in TEXTUAL and op not in ("==", "!="):
        found = diagnose("DR201", node.span, f"texts have no order, so `{op}` cannot compare them", NAMES[left.type])
        ground.add(found.with_note("for numbers: `| to_int`; for dates: `| parse_date(…)`"))
        return UNSOUND
    if left.count != 1 or right.count != 1:
        ground.report("DR205", node.span, "one value is compared with one value", "one side has several")
        return UNSOUND
    if left.spread and right.spread:
        ground.report("DR212", node.span, "only one side may go through `[any]` or `[every]`", "both do")
        return UNSOUND
    empty = next((side for side in (left, right) if side.constant == ""), None)
    if empty is not None:
        _nothing(ground, node, left if empty is right else right)
        return UNSOUND
    if left.constant is not None and right.constant is not None and op in ("==", "!="):
        return Tested(Always((left.constant == right.constant) is (op == "=="), origin(node)))
    code = Compare(op, left.code, right.code, type_, origin(node))  # type: ignore[arg-type]  # the grammar's six
    tested = _on(code, (left, right))
    return presence.negative(ground, node, tested, env) if op == "!=" else tested


def _nothing(ground: Ground, node: ast.Expr, other: Term) -> None:
    """Report a comparison with the empty text, which no value equals."""
    found = diagnose("DR407", node.span, "no value equals the empty text", "what has no value compares with nothing")
    subject = " ".join(other.span.text.split())
    negated = isinstance(node, ast.Compare) and node.op == "!="
    if isinstance(other.code, Read):
        found = found.with_fix("ask for presence", node.span, f"{subject} is {'present' if negated else 'blank'}")
    ground.add(found)


def _has(ground: Ground, node: ast.Has, env: Env) -> Tested:
    place = resolve(ground, node.subject, env) if isinstance(node.subject, ast.Path) else None
    if not isinstance(node.subject, ast.Path):
        ground.report("DR214", node.subject.span, "`has` asks the values of an attribute", "not an attribute")
    if place is None:
        return UNSOUND
    if place.path.value is not None:
        message = "`has` looks at every value, so it takes no selector"
        ground.report("DR212", node.subject.span, message, "leave the selector out, or say `==`")
        return UNSOUND
    any_of = replace(place, path=replace(place.path, value=Pick.ANY), spread=place.spread or "any")
    left = read(ground, any_of, replace(env, spreads=True))
    right = ground.value(node.value, replace(env, spreads=False), wanted_for(left))
    return _compared(ground, node, "==", left, right, env)


def _in(ground: Ground, node: ast.In, env: Env) -> Tested:
    subject = ground.value(node.subject, replace(env, spreads=True))
    choices = _choices(ground, node.choices)
    if choices is None or subject.type is None:
        return UNSOUND
    if isinstance(node.subject, ast.Name) and node.subject.text == "calling_ip":
        return _networks(ground, node, subject, choices)
    wanted = wanted_for(subject)
    assert wanted is not None
    members = [_member(ground, element, subject, wanted, env) for element in choices]
    sound = [member for member in members if member is not None]
    if len(sound) < len(members):
        return UNSOUND
    type_ = Type.DECIMAL if subject.type is Type.DECIMAL else subject.type
    code = Among(subject.code, tuple(sound), type_, node.negated, origin(node))
    tested = _on(code, (subject,), parts=len(sound))
    return presence.negative(ground, node, tested, env) if node.negated else tested


def _choices(ground: Ground, node: ast.ListOf | ast.Name) -> "Sequence[ast.Expr | ast.Range] | None":
    """The members of a list, or of a parameter that is one."""
    if isinstance(node, ast.ListOf):
        if not node.elements:
            ground.report("DR407", node.span, "nothing is in an empty list", "never true")
            return None
        return node.elements
    item = ground.symbols.find("parameter", node.text, ast.Parameter)
    if item is None:
        if ground.symbols.missing("parameter", node.text):
            found = unknown(ground.symbols, "parameter", node, "DR103")
            if node.text in ground.symbols.of("table"):
                found = found.with_note(f"`{node.text}` is a table: `lookup {node.text}[…]`")
            ground.add(found)
        return None
    values = parameter_values(ground, item)
    if values is None:
        return None
    if not isinstance(values, tuple):
        ground.report("DR214", node.span, f"parameter `{node.text}` is one value, not a list", "say `==`")
        return None
    return [ast.Text(text, span=node.span) for text in values]


def _member(
    ground: Ground, element: "ast.Expr | ast.Range", subject: Term, wanted: Wanted, env: Env
) -> Expression | Range | None:
    if isinstance(element, ast.Range):
        return bounds(ground, element, wanted)
    term = ground.value(element, replace(env, spreads=False), wanted)
    if term.type is None or subject.type is None:
        return None
    if common(term.type, subject.type) is None:
        clash(ground, element.span, term, subject, "this can never be equal to what is asked")
        return None
    if term.constant == "":
        found = diagnose("DR407", element.span, "no value equals the empty text", "never found")
        ground.add(found.with_note("say `… is blank or … in [ … ]`"))
        return None
    if term.doubts:
        ground.report("DR302", element.span, "a member of a list is always there", term.doubts[0].why)
        return None
    return term.code


def _networks(ground: Ground, node: ast.In, subject: Term, choices: "Sequence[ast.Expr | ast.Range]") -> Tested:
    """`calling_ip in ["10.20.0.0/16"]`."""
    networks = []
    for element in choices:
        text = element.value if isinstance(element, ast.Text) else ""
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            message = f"`{element.span.text}` is no address and no network"
            found = diagnose("DR219", element.span, message, "not an IP address")
            ground.add(found.with_note('write "192.0.2.1", "10.20.0.0/16" or "2001:db8::/32"'))
            return UNSOUND
        networks.append(text)
    code = InNetworks(subject.code, tuple(networks), node.negated, origin(node))
    return _on(code, (subject,), parts=len(networks))


# ── texts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _subject(ground: Ground, node: ast.Expr, subject: ast.Expr, word: str, env: Env) -> Term | None:
    """What a text operator looks at; None with a finding."""
    term = ground.value(subject, replace(env, spreads=True))
    if term.type is None:
        return None
    if term.type in TEXTUAL:
        return term
    text = " ".join(subject.span.text.split())
    vr = f" (its VR is {term.vr})" if term.vr else ""
    found = diagnose("DR202", node.span, f"`{word}` looks at text, `{text}` is {NAMES[term.type]}{vr}", "use `==`")
    sought = getattr(node, "value", None)
    if (
        isinstance(sought, ast.Text)
        and sought.value.isascii()
        and sought.value.isdigit()
        and term.type is not Type.DATE
    ):
        found = found.with_fix("compare the number", node.span, f"{text} == {int(sought.value)}")
    elif term.type is Type.DATE:
        found = found.with_note('for a part of a date: `| format_date("YYYY") == "2024"`, or `| year`')
    ground.add(found)
    return None


def _text_test(ground: Ground, node: ast.StartsWith | ast.EndsWith | ast.Contains, env: Env) -> Tested:
    kind = {ast.StartsWith: "starts", ast.EndsWith: "ends", ast.Contains: "contains"}[type(node)]
    word = kind if kind == "contains" else f"{kind} with"
    subject = _subject(ground, node, node.subject, word, env)
    if isinstance(node.value, ast.Regex):
        regex = pattern(ground, node.value, whole=False)
        if subject is None or regex is None:
            return UNSOUND
        return _on(Matches(subject.code, regex, whole=False, origin=origin(node)), (subject,))
    if subject is None:
        return UNSOUND
    sought = ground.value(node.value, replace(env, spreads=False), wanted_for(subject))
    if sought.type is None:
        return UNSOUND
    if sought.type not in TEXTUAL:
        clash(ground, node.span, subject, sought, f"`{word}` looks for a text")
        return UNSOUND
    if sought.constant == "":
        ground.report("DR408", node.span, f"every text {kind if kind == 'contains' else word} nothing", "always true")
    code = TextTest(kind, subject.code, sought.code, origin(node))  # type: ignore[arg-type]  # one of the three
    return _on(code, (subject, sought))


def _matches(ground: Ground, node: ast.Matches, env: Env) -> Tested:
    subject = _subject(ground, node, node.subject, "matches", env)
    regex = pattern(ground, node.regex, whole=True)
    if subject is None or regex is None:
        return UNSOUND
    return _on(Matches(subject.code, regex, origin=origin(node)), (subject,))


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
        term = ground.value(node.subject, replace(env, spreads=True))
        if term.type is None:
            return UNSOUND
        return Tested(Is(term.code, state, origin(node)), parts=1 + term.parts)
    place = resolve(ground, node.subject, env)
    if place is None or not _testable(ground, place):
        return UNSOUND
    check_read(ground, place, env)
    here = frozenset() if place.spread else presence.implied(place)
    code = Is(Read(place.path), state, origin(node))
    true = here if state == "present" else frozenset()
    false = here if state == "blank" else frozenset()
    return Tested(code, true, false, every=place.spread == "every", parts=2)


def _testable(ground: Ground, place: Place) -> bool:
    if any(step.selector is Pick.NEW for step in place.path.steps):
        ground.report("DR212", place.span, "`[new]` makes an item, there is nothing in it to test", "`[new]`")
        return False
    return True


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
    return _on(During(subject.code, node.schedule.text, origin(node)), (subject,))


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
    weak = tuple(doubt for doubt in inner.weak if doubt.path not in env.known)
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
        if depth(tested.code) > DEEPEST:
            message = f"condition `{item.name.text}` is nested too deeply when it is written out"
            ground.report("DR113", item.name.span, message, f"more than {DEEPEST} levels")
            tested = UNSOUND
        ground.conditions[key] = tested
    return ground.conditions[key]


_WAYS: dict[type, Callable[[Ground, Any, Env], Tested]] = {
    ast.And: _and,
    ast.Or: _or,
    ast.Not: _not,
    ast.Compare: _compare,
    ast.Has: _has,
    ast.In: _in,
    ast.StartsWith: _text_test,
    ast.EndsWith: _text_test,
    ast.Contains: _text_test,
    ast.Matches: _matches,
    ast.Is: _is,
    ast.During: _during,
    ast.Name: _name,
}
