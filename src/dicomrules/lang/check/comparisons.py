"""Comparisons: `==` and its kin, `has`, `in`."""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check import presence
from dicomrules.lang.check.constants import parameter_values
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.kinds import clash, common
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.padding import padded
from dicomrules.lang.check.paths import resolve
from dicomrules.lang.check.ranges import bounds
from dicomrules.lang.check.symbols import unknown
from dicomrules.lang.check.terms import UNSOUND, Env, Term, Tested, Wanted
from dicomrules.lang.check.values import read
from dicomrules.program.expression import (
    Always,
    Among,
    Compare,
    Condition,
    Context,
    Expression,
    InNetworks,
    Range,
    Read,
)
from dicomrules.program.path import Pick
from dicomrules.program.types import TEXTUAL, Type
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span


def asked(code: Condition, terms: Sequence[Term], *, parts: int = 0) -> Tested:
    """A test of some values: true only when they are there."""
    return Tested(
        code,
        true=frozenset().union(*(term.needs for term in terms)),
        weak=tuple(doubt for term in terms for doubt in term.doubts),
        every=any(term.spread == "every" for term in terms),
        parts=1 + parts + sum(term.parts for term in terms),
    )


def _is_literal(node: ast.Expr) -> bool:
    return isinstance(node, ast.Text | ast.Number)


def wanted_for(term: Term) -> Wanted | None:
    """What a literal is read as that is compared with a term; None when the term is at fault."""
    if term.type is None:
        return None
    return Wanted(term.type, term.vr, " ".join(term.span.text.split()))


def _sides(ground: Ground, left: ast.Expr, right: ast.Expr, env: Env) -> tuple[Term, Term]:
    """Two values that are compared: a literal is read as what the other side is."""
    inner = env.spreading
    if _is_literal(left) and not _is_literal(right):
        second = ground.value(right, inner)
        return ground.value(left, inner, wanted_for(second)), second
    first = ground.value(left, inner)
    return first, ground.value(right, inner, wanted_for(first))


def compare(ground: Ground, node: ast.Compare, env: Env) -> Tested:
    """`A == B`, `A < B` and the like: values of types that go together."""
    if node.op in ("==", "!=") and isinstance(node.right, ast.ListOf):
        found = diagnose("DR214", node.right.span, f"`{node.op}` compares with one value", "these are several")
        ground.add(found.with_note("say `in [ … ]`" if node.op == "==" else "say `not in [ … ]`"))
        return UNSOUND
    left, right = _sides(ground, node.left, node.right, env)
    if not _is_address(ground, node, left, right):
        return UNSOUND
    return _compared(ground, node, node.op, left, right, env)


def _is_address(ground: Ground, node: ast.Compare, left: Term, right: Term) -> bool:
    """Whether `calling_ip` is compared with an address: it never equals anything else, not even a network."""
    if not (isinstance(left.code, Context) and left.code.name == "calling_ip" and isinstance(right.constant, str)):
        return True
    try:
        ipaddress.ip_address(right.constant)
    except ValueError:
        operator = "in" if node.op == "==" else "not in"
        try:
            ipaddress.ip_network(right.constant, strict=False)
        except ValueError:
            _no_address(ground, node.right.span)
            return False
        found = diagnose("DR219", node.span, f"`{right.constant}` is a network, no address", "never equal")
        fixed = f"{node.left.span.text} {operator} [{node.right.span.text}]"
        ground.add(found.with_fix("ask whether it lies in it", node.span, fixed))
        return False
    return True


def _no_address(ground: Ground, span: Span) -> None:
    found = diagnose("DR219", span, f"`{span.text}` is no address and no network", "not an IP address")
    ground.add(found.with_note('write "192.0.2.1", "10.20.0.0/16" or "2001:db8::/32"'))


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
        ground.report(
            "DR205",
            node.span,
            "one value is compared with one value",
            "one side has several",
            "say which one: `P[first]`; or `P has …` for any of them",
        )
        return UNSOUND
    if left.spread and right.spread:
        ground.report(
            "DR212",
            node.span,
            "only one side may go through `[any]` or `[every]`",
            "both do",
            "say `[first]` or `[value 2]` on one side",
        )
        return UNSOUND
    empty = next((side for side in (left, right) if side.constant == ""), None)
    if empty is not None:
        _nothing(ground, node, left if empty is right else right)
        return UNSOUND
    if padded(ground, left, right) or padded(ground, right, left):
        return UNSOUND
    if left.constant is not None and right.constant is not None and op in ("==", "!="):
        return Tested(Always((left.constant == right.constant) is (op == "=="), origin(node)))
    code = Compare(op, left.code, right.code, type_, origin(node))  # type: ignore[arg-type]  # the grammar's six
    tested = asked(code, (left, right))
    return presence.negative(ground, node, tested, env) if op == "!=" else tested


def _nothing(ground: Ground, node: ast.Expr, other: Term) -> None:
    """Report a comparison with the empty text, which no value equals."""
    found = diagnose("DR407", node.span, "no value equals the empty text", "what has no value compares with nothing")
    subject = " ".join(other.span.text.split())
    negated = isinstance(node, ast.Compare) and node.op == "!="
    if isinstance(other.code, Read):
        found = found.with_fix("ask for presence", node.span, f"{subject} is {'present' if negated else 'blank'}")
    ground.add(found)


def has(ground: Ground, node: ast.Has, env: Env) -> Tested:
    """`P has v`: any of the values of an attribute is this one (S15)."""
    place = resolve(ground, node.subject, env) if isinstance(node.subject, ast.Path) else None
    if not isinstance(node.subject, ast.Path):
        ground.report(
            "DR214",
            node.subject.span,
            "`has` asks the values of an attribute",
            "not an attribute",
            "name the attribute before `has`; for anything else say `==` or `in`",
        )
    if place is None:
        return UNSOUND
    if place.path.value is not None:
        message = "`has` looks at every value, so it takes no selector"
        ground.report(
            "DR212",
            node.subject.span,
            message,
            "leave the selector out, or say `==`",
            'as in `ImageType has "DERIVED"`, or `ImageType[first] == "DERIVED"`',
        )
        return UNSOUND
    any_of = replace(place, path=replace(place.path, value=Pick.ANY), spread=place.spread or "any")
    left = read(ground, any_of, env.spreading)
    right = ground.value(node.value, env.single, wanted_for(left))
    return _compared(ground, node, "==", left, right, env)


def among(ground: Ground, node: ast.In, env: Env) -> Tested:
    """`P in [ … ]` and `P not in [ … ]`: values, ranges, networks."""
    subject = ground.value(node.subject, env.spreading)
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
    tested = asked(code, (subject,), parts=len(sound))
    return presence.negative(ground, node, tested, env) if node.negated else tested


def _choices(ground: Ground, node: ast.ListOf | ast.Name) -> "Sequence[ast.Expr | ast.Range] | None":
    """The members of a list, or of a parameter that is one."""
    if isinstance(node, ast.ListOf):
        if not node.elements:
            ground.report(
                "DR407",
                node.span,
                "nothing is in an empty list",
                "never true",
                'name what it may be, `["CT", "MR"]`, or ask `is blank`',
            )
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
        ground.report(
            "DR214",
            node.span,
            f"parameter `{node.text}` is one value, not a list",
            "say `==`",
            f'or make it a list: `parameter {node.text} = ["…"]`',
        )
        return None
    return [ast.Text(text, span=node.span) for text in values]


def _member(
    ground: Ground, element: "ast.Expr | ast.Range", subject: Term, wanted: Wanted, env: Env
) -> Expression | Range | None:
    if isinstance(element, ast.Range):
        return bounds(ground, element, wanted)
    term = ground.value(element, env.single, wanted)
    if term.type is None or subject.type is None:
        return None
    if common(term.type, subject.type) is None:
        clash(ground, element.span, term, subject, "this can never be equal to what is asked")
        return None
    if term.constant == "":
        found = diagnose("DR407", element.span, "no value equals the empty text", "never found")
        ground.add(found.with_note("say `… is blank or … in [ … ]`"))
        return None
    if padded(ground, term, subject):
        return None
    if term.doubts:
        ground.report(
            "DR302",
            element.span,
            "a member of a list is always there",
            term.doubts[0].why,
            "compare with it by itself: `P == …`, joined by `or`",
        )
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
            _no_address(ground, element.span)
            return UNSOUND
        networks.append(text)
    code = InNetworks(subject.code, tuple(networks), node.negated, origin(node))
    return asked(code, (subject,), parts=len(networks))
