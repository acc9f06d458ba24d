"""Presence: negative tests on what may be missing, and what tests of presence prove."""

from collections.abc import Sequence
from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.paths import Place
from dicomrules.lang.check.terms import Doubt, Env, Tested
from dicomrules.program.path import Path
from dicomrules.text.codes.registry import diagnose


def implied(place: Place) -> frozenset[Path]:
    """The paths that have a value when this one is present: itself, and the whole of a component."""
    path = place.absolute
    if path.component or path.group:
        return frozenset({path, replace(path, component="", group="")})
    return frozenset({path})


def negative(ground: Ground, node: ast.Expr, tested: Tested, env: Env) -> Tested:
    """A test such as `!=`, which is false for what is missing: that must have been thought of."""
    if tested.weak and not env.lenient:
        unguarded(ground, node, tested.weak, outer=env.outer)
    return replace(tested, weak=())


def unguarded(ground: Ground, node: ast.Expr, weak: Sequence[Doubt], *, outer: bool) -> None:
    """Report a negative test on what may be missing, with both ways to say what is meant."""
    doubt = weak[0]
    text = " ".join(node.span.text.split())
    paths = list(dict.fromkeys(one.path.text for one in weak if one.path is not None))
    label = doubt.why if len(weak) == 1 else "what if one of these is missing?"
    found = diagnose("DR301", node.span, "a negative test on what may be missing", label)
    for other in weak if len(weak) > 1 else ():
        if other.span != node.span and len(found.labels) < 4:
            found = found.with_label(other.span, other.why)
    if len(paths) == 1 and all(one.path is not None for one in weak):
        for title, guard in (
            ("not true of objects without it", "is present and"),
            ("true of objects without it", "is blank or"),
        ):
            fixed = f"{paths[0]} {guard} {text}"
            found = found.with_fix(title, node.span, fixed if outer else f"({fixed})")
    elif paths:
        found = found.with_note(
            f"say first what is meant when one is missing: {', '.join(f'`{path}`' for path in paths)}"
        )
    else:
        found = found.with_note("`unless …` before a rule or an arm, and `else`, take every object that does not fit")
    if isinstance(node, ast.Not) and isinstance(node.term, ast.Name):
        name = node.term.text
        found = found.with_note(f"or say what is done otherwise: `if {name} {{ }} else {{ … }}`, or `unless {name}`")
    ground.add(found)


def not_every(ground: Ground, node: ast.Not) -> None:
    """Report `not` around `[every]`."""
    found = diagnose("DR304", node.span, "`not` around `[every]`", "false for an object without the attribute")
    ground.add(found.with_note("`[every]` over nothing is true; turn the test round and say `[any]`"))
