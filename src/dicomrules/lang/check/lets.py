"""`let name = value`: a name for a value, or for a row of a table."""

from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check import choices, lookups
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.kinds import clash, common
from dicomrules.lang.check.outcome import settle
from dicomrules.lang.check.symbols import CONTEXT
from dicomrules.lang.check.terms import Bound, Env, Term, wrong
from dicomrules.lang.check.verdicts import Fallen, fallback
from dicomrules.program.expression import Local
from dicomrules.program.statement import Let
from dicomrules.text.codes.registry import diagnose


def let(ground: Ground, node: ast.Let, env: Env) -> tuple[Let | None, Env]:
    """The statement (None with a finding), and where its name is known."""
    free = _free(ground, node.name, env)
    local = _local(ground, node.name)
    otherwise = node.value.otherwise
    fallen = fallback(ground, otherwise, env, None, "let") if otherwise is not None else None
    code = fallen.code if fallen is not None else None
    bound: Bound
    if _is_row(ground, node.value.expr):
        assert isinstance(node.value.expr, ast.Lookup)
        row = lookups.row(ground, node.value.expr, local, env)
        if row is None:
            return None, _known(node, env, wrong(node.span), free=free)
        if fallen is None or fallen.term is not None:
            _needs_verdict(ground, node)
        made, bound = Let(local, row[0], code, origin(node)), row[1]
    else:
        expr = node.value.expr
        term = (
            choices.choose(ground, expr, env, None, "let") if isinstance(expr, ast.Choose) else ground.value(expr, env)
        )
        settle(ground, None, term, fallen, node)
        made, bound = Let(local, term.code, code, origin(node)), _value(ground, node, local, term, fallen)
    return made, _known(node, env, bound, free=free)


def _is_row(ground: Ground, node: ast.Expr) -> bool:
    """Whether this is a look-up of a whole row; an inline table has no rows, only values."""
    if not isinstance(node, ast.Lookup) or node.column is not None:
        return False
    shape = ground.shapes.get(node.table.text)
    return shape is None or not shape.inline


def _needs_verdict(ground: Ground, node: ast.Let) -> None:
    span = node.value.expr.span
    found = diagnose("DR302", span, "a row may not be there, so a verdict says what then", "which verdict?")
    if node.value.otherwise is None:
        found = found.with_fix("hold it", node.span.after, ' otherwise hold "not in the table yet"')
    ground.add(found)


def _value(ground: Ground, node: ast.Let, local: str, term: Term, fallen: Fallen | None) -> Term:
    """What the name stands for: the value, or what is taken in its place."""
    if term.type is None or term.constant is not None:
        return term
    type_, longest, vr, blank, plain = term.type, term.longest, term.vr, term.blank, term.plain
    other = fallen.term if fallen is not None else None
    if other is not None and other.type is not None:
        both = common(term.type, other.type)
        if both is None:
            clash(ground, node.value.span, term, other, "the value and what stands after `otherwise` are of one type")
            return wrong(node.span)
        type_, plain = both, plain and other.plain
        longest = None if longest is None or other.longest is None else max(longest, other.longest)
        vr = vr if vr == other.vr else ""
        blank = blank and other.blank
    return Term(Local(local), type_, node.span, longest, vr, blank=blank, count=term.count, plain=plain)


def _known(node: ast.Let, env: Env, bound: Bound, *, free: bool) -> Env:
    """The environment of the statements that follow."""
    return replace(env, names={**env.names, node.name.text: bound}) if free else env


def _local(ground: Ground, name: ast.Name) -> str:
    """The name as the Program has it: names of an action never meet those of the rule that applies it."""
    inside = ground.opening[-1] if ground.opening else ""
    return f"{inside.removeprefix('action ')}.{name.text}" if inside.startswith("action ") else name.text


def _free(ground: Ground, name: ast.Name, env: Env) -> bool:
    """Whether a `let` may have this name; reports when it is taken."""
    taken = next((kind for kind in ("parameter", "condition") if name.text in ground.symbols.of(kind)), None)
    if name.text in env.names:
        taken = "`let`"
    elif name.text in CONTEXT:
        taken = "context name"
    if taken is None:
        return True
    message = f"there is a {taken} `{name.text}` already, and names never hide each other"
    ground.report("DR108", name.span, message, "the name is taken", f"choose another one, such as `{name.text}_1`")
    return False
