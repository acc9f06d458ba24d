"""Expressions that have a value: attributes and names; the way into literals, sums, calls, `choose`, look-ups."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dicomrules.dicom.uids import is_transfer_syntax, uid_of
from dicomrules.lang import ast
from dicomrules.lang.check import calls, choices, constants, lookups, placeholders, reads, sums
from dicomrules.lang.check.attributes import meant
from dicomrules.lang.check.constants import literal
from dicomrules.lang.check.ground import MOST_PARTS, Ground
from dicomrules.lang.check.literals import IN_A_GROUP, LONGEST, digits
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.symbols import CONTEXT, MAY_BE_EMPTY, context_called, suggested
from dicomrules.lang.check.terms import Doubt, Env, RowOf, Term, Wanted, wrong
from dicomrules.lang.keywords import keywords_like
from dicomrules.program.expression import Context, Literal, Read, Truth
from dicomrules.program.path import Pick
from dicomrules.program.types import TEXTUAL, Type
from dicomrules.text.codes.registry import diagnose


def value(ground: Ground, node: ast.Expr, env: Env, wanted: Wanted | None = None) -> Term:
    """What an expression means as a value."""
    understand = _WAYS.get(type(node))
    if understand is None:
        return _truth(ground, node, env)
    term: Term = understand(ground, node, env, wanted)
    if term.parts > MOST_PARTS:
        ground.report(
            "DR113",
            node.span,
            "this is too large when it is written out",
            f"{term.parts} parts",
            "make it in fewer steps, or with a table",
        )
        return wrong(node.span)
    return term


def _truth(ground: Ground, node: ast.Expr, env: Env) -> Term:
    """A condition used as a value."""
    tested = ground.test(node, replace(env, outer=True))
    return Term(Truth(tested.code), Type.TRUTH if tested.sound else None, node.span, parts=tested.parts)


def _path(ground: Ground, node: ast.Path, env: Env, wanted: Wanted | None) -> Term:
    uid = _uid(node)
    if uid is not None:
        return _uid_term(ground, node, uid, wanted)
    place = resolve(ground, node, env)
    return wrong(node.span) if place is None else read(ground, place, env)


def _uid(node: ast.Path) -> str | None:
    """The UID that a path is the keyword of (`CTImageStorage`); attributes and UIDs share no keyword."""
    step = node.steps[0]
    if len(node.steps) > 1 or node.prefix or node.components or step.selector:
        return None
    return uid_of(step.attribute.text) if isinstance(step.attribute, ast.Keyword) else None


def _uid_term(ground: Ground, node: ast.Path, uid: str, wanted: Wanted | None) -> Term:
    if wanted is not None and wanted.type not in TEXTUAL:
        message = f"`{node.span.text}` is a UID, `{wanted.name}` is none"
        ground.report(
            "DR201",
            node.span,
            message,
            f"the UID {uid}",
            "a UID stands where one is compared: `SOPClassUID == CTImageStorage`; a text stands in quotes",
        )
        return wrong(node.span)
    if wanted is not None:
        _of_another_kind(ground, node, uid, wanted.name.rpartition(".")[2])
    return Term(Literal(uid, Type.UID), Type.UID, node.span, longest=len(uid), vr="UI")


def _of_another_kind(ground: Ground, node: ast.Path, uid: str, subject: str) -> None:
    """Warn where a SOP class is compared with a transfer syntax, or the other way round."""
    syntax = is_transfer_syntax(uid)
    if not (subject.endswith("SOPClassUID") if syntax else subject in ("transfer_syntax", "TransferSyntaxUID")):
        return
    what = "a transfer syntax" if syntax else "no transfer syntax"
    found = diagnose("DR507", node.span, f"`{node.span.text}` is {what}, `{subject}` is never that", "never equal")
    other = "say `transfer_syntax` for it" if syntax else "say `SOPClassUID` where the class of the object is meant"
    ground.add(found.with_note(other))


def read(ground: Ground, place: Place, env: Env) -> Term:
    """The one value at a place."""
    if not _readable(ground, place, env):
        return wrong(place.span)
    reads.check(ground, place, env)
    path = place.path
    longest = IN_A_GROUP if path.component or path.group else LONGEST.get(place.vr) or digits(place.vr)
    doubts: tuple[Doubt, ...] = ()
    if not place.spread and not reads.sure(place, env):
        doubts = (Doubt(f"`{path.text}` may be absent or empty", place.span, place.absolute),)
    needs = frozenset() if place.spread else frozenset({place.absolute})
    vr = "" if path.component or path.group else place.vr
    return Term(Read(path), path.type, place.span, longest, vr, doubts, needs=needs, spread=place.spread)


_SELECTED = {"any": "any of them", "every": "all of them", "first": "the first", "last": "the last"}


def _readable(ground: Ground, place: Place, env: Env) -> bool:
    """Whether there is one value to read, of a type that rules know."""
    picks = {step.selector for step in place.path.steps if isinstance(step.selector, Pick)}
    if place.vr == "SQ":
        found = diagnose("DR206", place.span, f"`{place.name}` is a sequence, and no value", "which of its attributes?")
        ground.add(found.with_note(f"say which item and attribute: `{place.name}[first].CodeValue`"))
    elif place.vr == "UN" and not isinstance(place.path.steps[-1].tag, int):
        found = diagnose("DR208", place.span, f"the VR of `{place.name}` is not known", "how is it to be read?")
        ground.add(found.with_note(f"say it once in this file: `private {place.name} LO`"))
    elif place.path.type is Type.BYTES:
        message = f"`{place.name}` holds bytes (its VR is {place.vr}), which are no value"
        ground.report(
            "DR201",
            place.span,
            message,
            "it can be tested for presence, emptied and removed",
            "say `is present`, `empty` or `remove`",
        )
    elif not place.chosen:
        most = "several values" if place.most is None else f"up to {place.most} values"
        found = diagnose("DR205", place.span, f"`{place.name}` may have {most}", "which one?")
        for word in ("any", "every", "first") if env.spreads else ("first", "last"):
            found = found.with_fix(_SELECTED[word], place.span.after, f"[{word}]")
        ground.add(found)
    elif Pick.NEW in picks:
        ground.report(
            "DR212",
            place.span,
            "`[new]` makes an item, there is nothing in it to read",
            "`[new]`",
            "say `[first]` or `[last]`",
        )
    elif place.spread and not env.spreads:
        found = diagnose("DR212", place.span, f"`[{place.spread}]` is not one value", "exactly one is needed here")
        ground.add(found.with_note("say `[first]`, `[last]`, a number, or `[where …]`"))
    else:
        return True
    return False


def _name(ground: Ground, node: ast.Name, env: Env, wanted: Wanted | None) -> Term:
    bound = env.names.get(node.text)
    if isinstance(bound, Term):
        constant = bound.constant if bound.type is not None else None
        return replace(bound, span=node.span) if constant is None else literal(ground, constant, node.span, wanted)
    if isinstance(bound, RowOf):
        found = diagnose("DR214", node.span, f"`{node.text}` is a row of `{bound.table}`", "which of its columns?")
        ground.add(found.with_note(f"say the column: `{node.text}.Column`"))
        return wrong(node.span)
    if node.text in ground.symbols.of("parameter"):
        return constants.parameter(ground, node, env, wanted)
    if node.text in ground.symbols.of("condition"):
        return _truth(ground, node, env)
    if node.text in CONTEXT:
        return _context(ground, node)
    if not {("condition", node.text), ("parameter", node.text)} & ground.symbols.unread:
        _unknown(ground, node, env)
    return wrong(node.span)


def _context(ground: Ground, node: ast.Name) -> Term:
    type_, longest = CONTEXT[node.text]
    if node.text in ("received_at", "received_date") and ground.zone is None:
        ground.zone = node.span
    blank = None
    if node.text in MAY_BE_EMPTY:
        blank = Doubt(f"`{node.text}` is empty for some receivers", node.span)
    vr = "AE" if node.text.endswith("_aet") else ""
    return Term(Context(node.text), type_, node.span, longest, vr, blank=blank)


_ALSO = {
    **dict.fromkeys(("now", "time", "timestamp", "received_time"), "received_at"),
    **dict.fromkeys(("today", "date"), "received_date"),
    **dict.fromkeys(("path", "file_name", "filename", "file_path", "source_file"), "source_path"),
    **dict.fromkeys(("size", "file_size"), "object_size"),
    "transfer_syntax_uid": "transfer_syntax",
}
"""What people call the other context names; with a capital letter these words may be meant to be attributes."""


def _unknown(ground: Ground, node: ast.Name, env: Env) -> None:
    symbols = ground.symbols
    names = [*env.names, *symbols.of("parameter"), *symbols.of("condition"), *CONTEXT]
    found = diagnose(
        "DR103", node.span, f"unknown name `{node.text}`", "no `let`, parameter, condition or context name"
    )
    for kind, say in (("destination", "destination"), ("table", "table"), ("rule", "rule"), ("tags", "set of tags")):
        if node.text in symbols.of(kind):
            ground.add(found.with_note(f"`{node.text}` is a {say}, which has no value"))
            return
    called = context_called(node.text) or _ALSO.get(node.text)
    if called:
        own = [name for name in names if name not in CONTEXT]
        ground.add(suggested(found, node.span, [called, *symbols.near(node.text, own)]))
        return
    near = symbols.near(node.text, [*names, *keywords_like(node.text)])
    ground.add(suggested(found, node.span, near) if near else meant(found, node.span, node.text))


def _text(ground: Ground, node: ast.Text | ast.Number, env: Env, wanted: Wanted | None) -> Term:
    if wanted is not None and wanted.whole and isinstance(node, ast.Text):
        placeholders.written(ground, node.value, node.span, env)
    return literal(ground, node.value, node.span, wanted)


_WAYS: dict[type, Callable[[Ground, Any, Env, Wanted | None], Term]] = {
    ast.Path: _path,
    ast.Name: _name,
    ast.Text: _text,
    ast.Number: _text,
    ast.ListOf: constants.list_of,
    ast.Arithmetic: sums.arithmetic,
    ast.Pipe: calls.pipe,
    ast.Call: calls.call,
    ast.Choose: choices.choose,
    ast.Lookup: lookups.lookup,
    ast.Field: lookups.field,
}
