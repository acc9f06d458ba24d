"""Verdicts, and what stands after `otherwise` and `=>`."""

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.terms import Env, Term, Wanted, wrong
from dicomrules.program.expression import Otherwise
from dicomrules.program.verdict import Stop
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen

FAILURES = (range(0xA700, 0xA800), range(0xA900, 0xAA00), range(0xC000, 0xD000))
"""Failure statuses of C-STORE (PS3.4 B.2.3): out of resources, does not match, cannot understand."""

MOST_REASON = 64
"""Error Comment (0000,0902) is LO."""

_WORDS = {ast.Keep: "keep", ast.EmptyIt: "empty", ast.RemoveIt: "remove"}


def stop(ground: Ground, node: ast.Verdict) -> Stop:
    """What a verdict of a rule file says."""
    said(ground, node.reason)
    match node:
        case ast.Quarantine(reason):
            return Stop("quarantine", reason.value, place=node.span.place)
        case ast.Hold(reason, retry, limit):
            _before_the_end(ground, node)
            return Stop("hold", reason.value, retry, limit, place=node.span.place)
        case ast.Drop(reason):
            return Stop("drop", reason.value, place=node.span.place)
        case ast.Reject(reason, status):
            if ground.group:
                _rejects_a_variant(ground, node)
            _comment(ground, reason)
            return Stop("reject", reason.value, status=_status(ground, status), place=node.span.place)


def said(ground: Ground, reason: ast.Text) -> None:
    """Report a reason that says nothing."""
    if not reason.value.strip():
        found = diagnose("DR219", reason.span, "a verdict says why", "nothing is said")
        ground.add(found.with_note("whoever finds the object in the log or the queue reads this"))


def _before_the_end(ground: Ground, node: ast.Hold) -> None:
    """Report a retry that would come when holding is over."""
    if node.retry is not None and node.limit is not None and node.retry >= node.limit:
        found = diagnose("DR219", node.span, "it would never be decided again", "the first retry comes after the end")
        ground.add(found.with_note("let `retry` be shorter than `for`"))


def _rejects_a_variant(ground: Ground, node: ast.Reject) -> None:
    found = diagnose("DR409", node.span, "`reject` does not stand in a group", f"in group `{ground.group}`")
    found = found.with_note("a verdict here is about the destinations reached through the group, not about the sender")
    ground.add(found.with_fix("keep what would leave", node.span, f"quarantine {node.reason.span.text}"))


def _comment(ground: Ground, reason: ast.Text) -> None:
    if len(reason.value) > MOST_REASON:
        message = f"the reason of `reject` has {len(reason.value)} characters, the sender is told {MOST_REASON}"
        ground.report("DR204", reason.span, message, "Error Comment (0000,0902) is LO", "say it in fewer words")
    elif not reason.value.isascii():
        ground.report(
            "DR203",
            reason.span,
            "the reason of `reject` is sent to the peer, as ASCII",
            "not ASCII",
            "write it without accents",
        )


def _status(ground: Ground, node: ast.Text | None) -> int:
    if node is None:
        return 0xC000
    text = node.value
    digits = len(text) == 4 and all(letter in "0123456789abcdefABCDEF" for letter in text)
    status = int(text, 16) if digits else 0
    if not any(status in codes for codes in FAILURES):
        found = diagnose("DR219", node.span, f"`{text}` is no failure status of C-STORE", "PS3.4 B.2.3")
        ground.add(
            found.with_note("failures are A7xx (out of resources), A9xx (does not match), Cxxx (cannot understand)")
        )
        return 0xC000
    return status


@frozen
class Fallen:
    """What is done instead; `term` when it is a value."""

    code: Otherwise
    term: Term | None = None


def fallback(ground: Ground, node: ast.Fallback, env: Env, wanted: Wanted | None, instead: str) -> Fallen:
    """What stands after `otherwise` or `=>`. `instead`: the statement it belongs to, "set" or "let", or "" for none."""
    match node:
        case ast.Keep() | ast.EmptyIt() | ast.RemoveIt():
            word = _WORDS[type(node)]
            if instead != "set":
                where = "a `let` needs a value or a verdict" if instead else "there is no target here"
                ground.report(
                    "DR409",
                    node.span,
                    f"`{word}` is about the target of `set`",
                    where,
                    'say a value, or `quarantine "why"` there',
                )
            return Fallen(word)  # type: ignore[arg-type]  # one of the three
        case ast.Quarantine() | ast.Reject() | ast.Hold() | ast.Drop():
            if not instead:
                message = "a verdict cannot stand inside an expression"
                ground.report(
                    "DR409",
                    node.span,
                    message,
                    "say it after the `otherwise` of the statement",
                    'as in `set P = f(x) otherwise quarantine "why"`',
                )
            return Fallen(stop(ground, node))
        case _:
            term = ground.value(node, env, wanted)
            return Fallen(term.code, term)


def last_word(ground: Ground, fallen: Fallen) -> Term:
    """The value after `otherwise`, which must be there in any case."""
    term = fallen.term
    if term is None:
        raise AssertionError("asked only of values")
    if term.doubts and term.type is not None:
        found = diagnose("DR305", term.doubts[0].span, "this may itself have no value", term.doubts[0].why)
        ground.add(
            found.with_note("`first_present(a, b)` takes the first that is there; then say `otherwise` a constant")
        )
        return wrong(term.span)
    return term
