"""`choose`: one of several values, by the value of a subject."""

from collections.abc import Iterable

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.kinds import clash, common
from dicomrules.lang.check.literals import NAMES
from dicomrules.lang.check.padding import padded
from dicomrules.lang.check.patterns import pattern
from dicomrules.lang.check.ranges import bounds
from dicomrules.lang.check.terms import Env, Term, Wanted, wrong
from dicomrules.lang.check.verdicts import Fallen, fallback
from dicomrules.program.expression import Choose, ChooseArm, Expression, Range
from dicomrules.program.types import TEXTUAL, Regex, Type


def choose(ground: Ground, node: ast.Choose, env: Env, wanted: Wanted | None, instead: str = "") -> Term:
    """A `choose`. `instead`: the statement whose whole right side it is, "set" or "let", else empty."""
    subject = ground.value(node.subject, env)
    arms: list[ChooseArm] = []
    fallen: list[Fallen] = []
    sound = subject.type is not None
    for arm in node.arms:
        tests = [_test(ground, test, subject, env) for test in arm.tests]
        result = fallback(ground, arm.value, env, wanted, instead)
        arms.append(ChooseArm(tuple(test for test in tests if test is not None), result.code))
        fallen.append(result)
        sound = sound and all(test is not None for test in tests)
    default = fallback(ground, node.otherwise, env, wanted, instead)
    results = [result.term for result in (*fallen, default) if result.term is not None]
    type_ = _type(ground, node, results, wanted)
    if not sound or type_ is None or subject.type is None:
        return wrong(node.span)
    code = Choose(subject.code, tuple(arms), default.code, subject.type)
    return _chosen(node, subject, results, code, type_)


def _chosen(node: ast.Choose, subject: Term, results: list[Term], code: Choose, type_: Type) -> Term:
    known = [term.longest for term in results if term.longest is not None]
    vrs = {term.vr for term in results}
    return Term(
        code,
        type_,
        node.span,
        longest=max(known, default=0) if len(known) == len(results) else None,
        vr=vrs.pop() if len(vrs) == 1 else "",
        doubts=(*subject.doubts, *(doubt for term in results for doubt in term.doubts)),
        blank=next((term.blank for term in results if term.blank), None),
        needs=subject.needs,
        count=1 if all(term.count == 1 for term in results) else None,
        spread=next((term.spread for term in (subject, *results) if term.spread), ""),
        plain=all(term.plain for term in results),
        parts=2 + subject.parts + sum(term.parts + 1 for term in results),
    )


def _type(ground: Ground, node: ast.Choose, results: Iterable[Term], wanted: Wanted | None) -> Type | None:
    """The one type of all results; None with a finding, or when one of them is wrong."""
    first: Term | None = None
    type_: Type | None = None
    for term in results:
        if term.type is None:
            return None
        if first is None or type_ is None:
            first, type_ = term, term.type
            continue
        both = common(type_, term.type)
        if both is None:
            clash(ground, term.span, first, term, "the values of a `choose` are of one type")
            return None
        type_ = both
    return type_ or (wanted.type if wanted is not None else Type.TEXT)


def _test(
    ground: Ground, test: ast.Path | ast.Text | ast.Number | ast.Regex | ast.Range, subject: Term, env: Env
) -> Expression | Range | Regex | None:
    """One test of an arm; None with a finding."""
    if subject.type is None:
        return None
    wanted = Wanted(subject.type, subject.vr, " ".join(subject.span.text.split()))
    if isinstance(test, ast.Regex):
        if subject.type not in TEXTUAL:
            message = f"`matches` looks at text, `{wanted.name}` is {NAMES[subject.type]}"
            ground.report("DR202", test.span, message, "a regular expression", "compare with values: `case 1, 2 => …`")
            return None
        return pattern(ground, test, whole=True)
    if isinstance(test, ast.Range):
        return bounds(ground, test, wanted)
    term = ground.value(test, env, wanted)
    if term.type is None:
        return None
    if common(term.type, subject.type) is None:
        clash(ground, test.span, term, subject, "this can never be equal to the subject")
        return None
    return None if padded(ground, term, subject) else term.code
