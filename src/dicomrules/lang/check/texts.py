"""Tests of text: `contains`, `starts with`, `ends with`, `matches`."""

from dicomrules.lang import ast
from dicomrules.lang.check.comparisons import asked, wanted_for
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.kinds import clash
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.padding import padded
from dicomrules.lang.check.patterns import pattern
from dicomrules.lang.check.terms import UNSOUND, Env, Term, Tested
from dicomrules.program.expression import (
    Matches,
    TextTest,
)
from dicomrules.program.types import TEXTUAL, Type
from dicomrules.text.codes.registry import diagnose


def _subject(ground: Ground, node: ast.Expr, subject: ast.Expr, word: str, env: Env) -> Term | None:
    """What a text operator looks at; None with a finding."""
    term = ground.value(subject, env.spreading)
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
    else:
        found = found.with_note(f"ask for what it is: `{text} == …`, `{text} in [ … ]`")
    ground.add(found)
    return None


def text_test(ground: Ground, node: ast.StartsWith | ast.EndsWith | ast.Contains, env: Env) -> Tested:
    """`starts with`, `ends with`, `contains`: about text only."""
    kind = {ast.StartsWith: "starts", ast.EndsWith: "ends", ast.Contains: "contains"}[type(node)]
    word = kind if kind == "contains" else f"{kind} with"
    subject = _subject(ground, node, node.subject, word, env)
    if isinstance(node.value, ast.Regex):
        regex = pattern(ground, node.value, whole=False)
        if subject is None or regex is None:
            return UNSOUND
        return asked(Matches(subject.code, regex, whole=False, origin=origin(node)), (subject,))
    if subject is None:
        return UNSOUND
    sought = ground.value(node.value, env.single, wanted_for(subject))
    if sought.type is None:
        return UNSOUND
    if sought.type not in TEXTUAL:
        clash(ground, node.span, subject, sought, f"`{word}` looks for a text")
        return UNSOUND
    if sought.constant == "":
        ground.report(
            "DR408",
            node.span,
            f"every text {kind if kind == 'contains' else word} nothing",
            "always true",
            "say what it should be, or ask `is present`",
        )
    if kind != "contains" and padded(ground, sought, subject, first=kind == "starts", last=kind == "ends"):
        return UNSOUND
    code = TextTest(kind, subject.code, sought.code, origin(node))  # type: ignore[arg-type]  # one of the three
    return asked(code, (subject, sought))


def matches(ground: Ground, node: ast.Matches, env: Env) -> Tested:
    """`P matches /x/`: the whole value, by a pattern that RE2 takes."""
    subject = _subject(ground, node, node.subject, "matches", env)
    regex = pattern(ground, node.regex, whole=True)
    if subject is None or regex is None:
        return UNSOUND
    return asked(Matches(subject.code, regex, origin=origin(node)), (subject,))
