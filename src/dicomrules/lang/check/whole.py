"""Statements about the whole object: UIDs, dates, private elements, the character set, de-identification, pixels."""

from collections.abc import Callable
from datetime import date
from typing import Any

from dicomrules.dicom.tags import is_private
from dicomrules.dicom.uids import is_uid
from dicomrules.dicom.values import CHARSET_VRS
from dicomrules.lang import ast
from dicomrules.lang.check.block import Block, Result, Work, lost
from dicomrules.lang.check.charsets import charset
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.kinds import turn
from dicomrules.lang.check.later import opening, refuse
from dicomrules.lang.check.literals import LONGEST, NAMES, zeros_in_front
from dicomrules.lang.check.outcome import settle
from dicomrules.lang.check.symbols import unknown
from dicomrules.lang.check.targets import left_out
from dicomrules.lang.check.terms import Env, Term, Wanted
from dicomrules.lang.check.verdicts import Fallen, fallback
from dicomrules.program import statement as program
from dicomrules.program.expression import Secret
from dicomrules.program.path import Path, PrivateTag
from dicomrules.program.types import Type
from dicomrules.text.codes.registry import diagnose

_CALENDAR = (date.max - date.min).days
"""The most days by which a date can be moved."""

_LONGEST_ROOT = 40
"""Leaves 23 digits, 76 bits, for what is below it: two UIDs do not meet by chance."""


def _about_all(ground: Ground, node: ast.Statement, env: Env, what: str) -> bool:
    """Whether a statement about the whole object stands where it may; reports it inside `within` (S79)."""
    if env.within is None:
        return True
    span = opening(node.span, len(what.split()))
    found = diagnose("DR221", span, f"`{what}` is about the whole object", "inside `within`")
    ground.add(found.with_note("say it outside of the `within`"))
    return False


def _secret(ground: Ground, name: ast.Name) -> Secret | None:
    if ground.symbols.find("secret", name.text, ast.Secret) is None:
        if ground.symbols.missing("secret", name.text):
            ground.add(unknown(ground.symbols, "secret", name, "DR107"))
        return None
    return Secret(name.text)


# ── UIDs ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _remap(work: Work, node: ast.RemapUids, block: Block) -> Result:
    ground, env = work.ground, block.env
    secret = _secret(ground, node.secret)
    excepted = left_out(ground, node.excepted, env)
    root = "" if node.root is None else _root(ground, node.root, env)
    if not _about_all(ground, node, env, "remap uids") or secret is None or root is None:
        return (), block
    if node.excepted is not None and excepted is None:
        return (), block
    return (program.RemapUids(secret, root, excepted, origin(node)),), block


def _root(ground: Ground, node: ast.Value, env: Env) -> str | None:
    """The root under which new UIDs stand; None with a finding."""
    term = ground.value(node.expr, env, Wanted(Type.UID, "UI", "the root"))
    if term.type is None:
        return None
    root = term.constant
    if node.otherwise is not None or not isinstance(root, str):
        span = term.span if node.otherwise is None else node.otherwise.span
        message = "the root of new UIDs is a constant"
        ground.report("DR213", span, message, "a literal or a parameter is needed", 'such as `under "1.2.840.99999.7"`')
        return None
    if not is_uid(root) or zeros_in_front(root) or len(root) > _LONGEST_ROOT:
        message = f"`{root}` is no root for UIDs" if len(root) <= LONGEST["UI"] else "this is no root for UIDs"
        why = zeros_in_front(root) or f"numbers and dots, at most {_LONGEST_ROOT} characters"
        found = diagnose("DR219", term.span, message, why)
        ground.add(found.with_note("leave `under` out for UIDs below 2.25, which need no registration (PS3.5 B.2)"))
        return None
    return root


# ── dates ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _shift(work: Work, node: ast.ShiftDates, block: Block) -> Result:
    ground, env = work.ground, block.env
    excepted = left_out(ground, node.excepted, env)
    term = ground.value(node.by.expr, env, Wanted(Type.INT, name="the number of days"))
    fallen = None
    if node.by.otherwise is not None:
        fallen = fallback(ground, node.by.otherwise, env, Wanted(Type.INT), "set")
    if not _about_all(ground, node, env, "shift dates") or not _are_days(ground, term, fallen):
        return (), block
    if node.excepted is not None and excepted is None:
        return (), block
    if term.constant == 0 and not _is_parameter(ground, node.by.expr):
        found = diagnose("DR219", term.span, "dates shifted by 0 days stay as they are", "nothing would be shifted")
        ground.add(found.with_note("say by how many days, or take the statement out"))
    elif isinstance(term.constant, int) and abs(term.constant) > _CALENDAR:
        found = diagnose("DR219", term.span, "no date stays in the calendar by so many days", "every date is emptied")
        ground.add(found.with_note("the years from 1 to 9999 are those that a date can have"))
    as_let = ast.Let(ast.Name("days", span=node.span), node.by, span=node.span)
    settle(ground, None, term, fallen, as_let)
    work.shifts.append((node.span, block.arms))
    ground.swept = True
    otherwise = fallen.code if fallen is not None else None
    made = program.ShiftDates(term.code, otherwise, excepted, origin(node))
    return (made,), lost(block, lambda path: path.steps[-1].vr in ("DA", "DT"))


def _is_parameter(ground: Ground, node: ast.Expr) -> bool:
    """Whether a value is a parameter alone: 0 may be given from outside where dates are to stay."""
    return isinstance(node, ast.Name) and node.text in ground.symbols.of("parameter")


def _are_days(ground: Ground, term: Term, fallen: Fallen | None) -> bool:
    """Whether what says the number of days is a whole number, and what stands after `otherwise` makes sense."""
    if fallen is not None and fallen.code in ("empty", "remove"):
        ground.report(
            "DR409",
            term.span,
            f"`{fallen.code}` is about the target of `set`",
            "there is no target here",
            'say a number of days, or `quarantine "why"`',
        )
        return False
    for one in (term, fallen.term if fallen is not None else None):
        if one is None:
            continue
        if one.type is None:
            return False
        if one.type is not Type.INT:
            found = diagnose("DR201", one.span, "dates are shifted by a whole number of days", NAMES[one.type])
            how = turn(one.type, Type.INT)
            ground.add(found.with_note(how or "a number of days such as `-30`"))
            return False
    return True


# ── private elements ──────────────────────────────────────────────────────────────────────────────────────────────


def _private(work: Work, node: ast.RemovePrivate, block: Block) -> Result:
    ground = work.ground
    sound = _about_all(ground, node, block.env, "remove private")
    for creator in node.creators:
        name = creator.value
        if not name.strip() or len(name) > LONGEST["LO"] or "\\" in name:
            ground.report(
                "DR203",
                creator.span,
                "this is no name of a private creator",
                "LO of 1 to 64 characters",
                'write it as the object has it, such as "SIEMENS MR HEADER"',
            )
            sound = False
    if not sound:
        return (), block
    ground.swept = True
    made = program.RemovePrivate(frozenset(creator.value.strip() for creator in node.creators), origin(node))
    return (made,), lost(block, _is_private)


def _is_private(path: Path) -> bool:
    return any(isinstance(step.tag, PrivateTag) or is_private(step.tag) for step in path.steps)


# ── character set ─────────────────────────────────────────────────────────────────────────────────────────────────


def _charset_to(work: Work, node: ast.CharsetTo, block: Block) -> Result:
    known = charset(work.ground, node.charset)
    if not _about_all(work.ground, node, block.env, "charset to") or not known:
        return (), block
    return (program.CharsetTo(node.charset.value, origin(node)),), block


def _charset_from(work: Work, node: ast.CharsetFrom, block: Block) -> Result:
    ground = work.ground
    known = charset(ground, node.actual, arrives=True)
    if node.to is not None:
        known = charset(ground, node.to) and known
    if not _about_all(ground, node, block.env, "charset from") or not known:
        return (), block
    above = (mark for marks in block.line.values() for mark in marks)
    earlier = next((mark for mark in above if mark.path.steps[-1].vr in CHARSET_VRS and mark.kind != "keep"), None)
    if earlier is not None:
        found = diagnose("DR415", node.span, "text is written above, before it is said what the bytes are", "too late")
        found = found.with_label(earlier.span, "text written here")
        ground.add(found.with_note("move `charset from` to the top of the rule"))
    to = node.to.value if node.to is not None else ""
    return (program.CharsetFrom(node.actual.value, to, origin(node)),), block


# ── not carried out in this version ───────────────────────────────────────────────────────────────────────────────


def _deidentify(work: Work, node: ast.Deidentify, block: Block) -> Result:
    ground = work.ground
    _secret(ground, node.secret)
    _about_all(ground, node, block.env, "deidentify")
    options = set(node.options)
    both = {ast.DeidentifyOption.RETAIN_FULL_DATES, ast.DeidentifyOption.RETAIN_MODIFIED_DATES}
    if both <= options:
        message = "`retain full dates` and `retain modified dates` exclude each other"
        ground.report(
            "DR213", node.span, message, "say one of them", "full: dates stay as they are; modified: they are shifted"
        )
    if ast.DeidentifyOption.RETAIN_MODIFIED_DATES in options:
        work.modified.append(node.span)
    refuse(ground, opening(node.span, 1), "deidentify")
    return (), block


def _redact(work: Work, node: ast.RedactPixels, block: Block) -> Result:
    ground, env = work.ground, block.env
    _about_all(ground, node, env, "redact pixels")
    for rectangle in node.rectangles:
        for name in ("x", "y", "width", "height"):
            term = ground.value(getattr(rectangle, name), env.single, Wanted(Type.INT, name=name))
            _is_length(ground, term, 1 if name in ("width", "height") else 0)
    refuse(ground, opening(node.span, 2), "redact pixels")
    return (), block


def _is_length(ground: Ground, term: Term, least: int) -> None:
    if term.type is None:
        return
    if term.type is not Type.INT:
        ground.report(
            "DR201",
            term.span,
            "a rectangle is given in whole pixels",
            NAMES[term.type],
            "such as `rect(0, 0, Columns, 75)`: x, y, width, height",
        )
    elif isinstance(term.constant, int) and term.constant < least:
        ground.report(
            "DR213",
            term.span,
            "this rectangle makes no sense",
            f"{least} or more is needed",
            "such as `rect(0, 0, Columns, 75)`: x, y, width, height",
        )


WAYS: dict[type, Callable[[Work, Any, Block], Result]] = {
    ast.RemapUids: _remap,
    ast.ShiftDates: _shift,
    ast.RemovePrivate: _private,
    ast.CharsetTo: _charset_to,
    ast.CharsetFrom: _charset_from,
    ast.Deidentify: _deidentify,
    ast.RedactPixels: _redact,
}
"""How each of these statements is understood."""
