"""Regular expressions of rule files: RE2 takes them, or the finding says where it stops."""

import re

from dicomrules.functions import regex
from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.program.types import Regex
from dicomrules.text.codes.registry import diagnose

_OUTSIDE = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<=": "look-behind",
    "(?<!": "look-behind",
    "(?>": "an atomic group",
}

_BACK = re.compile(r"(?:^|[^\\])(?:\\\\)*(\\[1-9])")


MOST_CHARACTERS = 2_000
"""How long a regular expression may be."""

MOST_STEPS = 2_000_000
"""How many steps the programs that RE2 makes of all different ones may have together: a second, and some megabytes."""

_REFUSED = 100_000
"""How many steps one counts for that RE2 refuses: most often it finds out late."""


def pattern(ground: Ground, node: ast.Regex, *, whole: bool, times: int = 0) -> Regex | None:
    """A regular expression that RE2 takes; None with a finding. `whole`: it is about the whole value anyway.

    `times`: how many texts it is tried on while rules are checked.
    """
    if len(node.pattern) > MOST_CHARACTERS:
        label = f"{len(node.pattern):,} characters"
        found = diagnose("DR209", node.span, f"a regular expression has at most {MOST_CHARACTERS:,} characters", label)
        ground.add(found.with_note("say `in [ … ]` for a list of values, or look them up in a table"))
        return None
    made = Regex(node.pattern, node.ignore_case)
    if made not in ground.patterns and ground.steps > MOST_STEPS:
        message = "the regular expressions of these rules are too large together"
        found = diagnose("DR209", node.span, message, "from here on")
        ground.once(
            found.with_note("a repeat such as `{300}` makes a large one: say `+`, or list the values: `in [ … ]`")
        )
        return None
    problem = regex.problem(made)
    if made not in ground.patterns:
        ground.patterns.add(made)
        ground.steps += times + (regex.size(made) if problem is None else _REFUSED)
    if problem is not None:
        _refuse(ground, node, problem)
        return None
    if whole:
        _anchors(ground, node)
    return made


def _refuse(ground: Ground, node: ast.Regex, problem: str) -> None:
    if problem.startswith(("b'", 'b"')):  # RE2's own text, as bytes
        problem = problem[2:-1].replace("\\\\", "\\")
    span, label = node.span, problem
    for piece, name in _OUTSIDE.items():
        at = node.span.text.find(piece)
        if at >= 0:
            span = node.span.source.span(node.span.start + at, node.span.start + at + len(piece))
            label = f"{name} is not part of RE2"
            break
    back = _BACK.search(node.span.text)
    if span is node.span and back is not None:
        span = node.span.source.span(node.span.start + back.start(1), node.span.start + back.end(1))
        label = "a back-reference is not part of RE2"
    found = diagnose("DR209", span, f"this regular expression is not one of RE2's: {problem}", label)
    ground.add(
        found.with_note("RE2 takes linear time whatever arrives, so it has no look-around and no back-references")
    )


def _anchors(ground: Ground, node: ast.Regex) -> None:
    """Warn of `^` and `$`, which change nothing where the whole value is meant."""
    text = node.pattern
    start = text.startswith("^")
    end = text.endswith("$") and not text.endswith("\\$")
    if not (start or end):
        return
    written = node.span.text
    tail = written.rindex("/")
    bare = written[1 + start : tail - end]
    marks = " and ".join(mark for mark, there in (("`^`", start), ("`$`", end)) if there)
    verb = "change" if start and end else "changes"
    found = diagnose("DR210", node.span, f"{marks} in `matches` {verb} nothing", "always about the whole value")
    if bare:
        found = found.with_fix("leave it out", node.span, f"/{bare}{written[tail:]}")
    ground.add(found.with_note("who wants a part of the value says `contains`"))
