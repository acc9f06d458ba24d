"""Rules: the guard, the statements, and what other rules will want to know of them."""

from dicomrules.lang import ast
from dicomrules.lang.check.block import Block, Mark, Work
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.reads import Arms
from dicomrules.lang.check.statements import body
from dicomrules.lang.check.terms import Env, Tested
from dicomrules.lang.check.writes import written_by
from dicomrules.lang.check.written import Written
from dicomrules.program.depth import DEEPEST, depth
from dicomrules.program.expression import Always, Origin
from dicomrules.program.path import Path, Prefix
from dicomrules.program.ruleset import Guard, Rule
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span


@frozen
class Ruled:
    """A rule that was understood, with everything that it writes."""

    node: ast.Rule
    rule: Rule
    marks: tuple[Mark, ...]
    shifts: tuple[tuple[Span, Arms], ...] = ()
    modified: tuple[Span, ...] = ()


def guard(ground: Ground, node: ast.Guard | None) -> tuple[Guard | None, Tested]:
    """A `when` or `unless`, and what is known where it holds."""
    if node is None:
        return None, Tested(Always(True))
    tested = ground.test(node.test, Env(spreads=True))
    if isinstance(tested.code, Always) and tested.sound:
        holds = tested.code.answer is not node.negated
        code, label = ("DR408", "this is always true") if holds else ("DR407", "this is never true")
        ground.report(
            code,
            node.span,
            f"{label}, whatever arrives",
            label,
            "leave it out, or ask for what may differ: an attribute, `calling_aet` …",
        )
    return Guard(tested.code, node.negated, origin(node)), tested


def rule(ground: Ground, node: ast.Rule, written: Written) -> Ruled:
    """One rule. `written` is what rules above it write."""
    used = ground.used
    made, tested = guard(ground, node.guard)
    facts = tested.false if node.guard is not None and node.guard.negated else tested.true
    work = Work(ground, written_by(ground, node.body))
    twins, forgotten = _twins(ground, facts, written)
    if forgotten:
        work.forgotten |= forgotten
        ground.unproven[origin_of_name(node)] = None
    env = Env(known=facts | twins)
    statements, _ = body(work, node.body, Block(env))
    title = node.title.value if node.title is not None else ""
    whole = Rule(node.name.text, made, statements, title, origin_of_name(node))
    if ground.used > used and depth(whole, ground.depths) > DEEPEST:  # what a file itself holds is never too deep
        ground.report(
            "DR113",
            node.name.span,
            "this rule is nested too deeply when it is written out",
            "too deep",
            "give parts of its conditions names of their own",
        )
    return Ruled(node, whole, tuple(work.marks), tuple(work.shifts), tuple(work.modified))


def origin_of_name(node: ast.Rule | ast.Routes) -> Origin:
    """Where a rule or table is defined, without all of its text."""
    return origin(node.name)


def _twins(ground: Ground, facts: frozenset[Path], written: Written) -> tuple[set[Path], set[Path]]:
    """What is known of the object as rewritten holds as received too, where no rule above has written; and back.

    The second ones are those of which it would be too much to find out.
    """
    twins: set[Path] = set()
    forgotten: set[Path] = set()
    for path in facts:
        other = {Prefix.CURRENT: Prefix.ORIGINAL, Prefix.ORIGINAL: Prefix.CURRENT}.get(path.prefix)
        if other is None or (ground.swept and other is Prefix.CURRENT):
            continue
        current = path if path.prefix is Prefix.CURRENT else path.moved(path.steps, Prefix.CURRENT)
        touched = written.touches(ground, current)
        if not touched:
            (twins if touched is False else forgotten).add(path.moved(path.steps, other))
    return twins, forgotten
