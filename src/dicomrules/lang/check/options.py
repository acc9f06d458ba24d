"""The options of a destination: `through`, `as`, `compressed` and the like, each a constant that is checked here."""

from dicomrules.dicom import coders
from dicomrules.dicom.uids import is_transfer_syntax, uid_keywords, uid_of
from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.later import refuse
from dicomrules.lang.check.literals import flaw
from dicomrules.lang.check.symbols import suggested, unknown
from dicomrules.program.expression import Context, Literal
from dicomrules.program.route import Options
from dicomrules.program.types import Type
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_WORDS = {
    "priors": "with priors",
}
"""Options that delivery does not act on yet, by the field of `Options`."""

_TITLES = ("calling_aet", "called_aet")
_MOST_PRIORS = 100


def options(ground: Ground, node: ast.DestOptions) -> Options:
    """What is said about a destination; what is wrong with it is reported."""
    made = Options(
        through=_group(ground, node.through),
        calling=_calling(ground, node.calling),
        compressed=_compressed(ground, node),
        quality=node.quality,
        decompressed=node.decompressed,
        during=_schedule(ground, node.during),
        study_after=node.study_after,
        only_once=node.only_once,
        once_per=node.once_per,
        priors=_priors(ground, node),
        priority=node.priority or "",
    )
    if node.decompressed and node.compressed is None:
        _installed(ground, node.span, "")
    not_yet(ground, node.span, [word for field, word in _WORDS.items() if getattr(node, field) not in (None, False)])
    return made


def not_yet(ground: Ground, span: Span, words: list[str]) -> None:
    """Refuse what delivery does not act on yet, where a gateway would deliver by it.

    Rules alone may say it: it is checked, decided, explained and tested. A gateway that ignored it would send by day
    what is meant for the night.
    """
    if words and ground.symbols.gateway is not None:
        refuse(ground, span, "`, `".join(words))


def _group(ground: Ground, name: ast.Name | None) -> str:
    if name is None:
        return ""
    if ground.symbols.find("group", name.text, ast.Group) is None and ground.symbols.missing("group", name.text):
        ground.add(unknown(ground.symbols, "group", name, "DR107"))
    return name.text


def _calling(ground: Ground, node: ast.Text | ast.Name | None) -> Literal | Context | None:
    match node:
        case None:
            return None
        case ast.Text(title):
            problem = flaw(title, "AE", whole=True) if title.strip() else "a title has at least one letter"
            if problem:
                ground.report(
                    "DR203", node.span, f"`{title}` is no AE title", problem, "an AE title has 1 to 16 characters"
                )
            return Literal(title, Type.CODE)
        case ast.Name(name):
            if name not in _TITLES:
                found = diagnose("DR103", node.span, f"`{name}` is no AE title", "after `as` stands one")
                ground.add(found.with_note('say a text, `as "AET"`, or `as calling_aet`'))
            return Context(name if name in _TITLES else "calling_aet")


def _compressed(ground: Ground, node: ast.DestOptions) -> str:
    keyword = node.compressed
    if keyword is None:
        return ""
    uid = uid_of(keyword.text)
    if uid is None or not is_transfer_syntax(uid):
        found = diagnose("DR219", keyword.span, f"`{keyword.text}` is no transfer syntax", "PS3.6, table A-1")
        near = ground.symbols.near(keyword.text, _syntaxes())
        way_out = "such as `JPEG2000Lossless`, `JPEGLSLossless` or `RLELossless`"
        ground.add(suggested(found, keyword.span, near) if near else found.with_note(way_out))
        return ""
    if node.decompressed:
        ground.report(
            "DR412",
            node.span,
            "`compressed` and `decompressed` exclude each other",
            "which of the two?",
            "take one of them out",
        )
    _coders(ground, keyword, uid)
    if node.quality is not None and not 1 <= node.quality <= 100:
        ground.report(
            "DR219",
            node.span,
            f"`quality {node.quality}`: it goes from 1 to 100",
            "100 is the best",
            "say a number from 1 to 100, or leave `quality` out",
        )
    return uid


def _coders(ground: Ground, keyword: ast.Keyword, uid: str) -> None:
    """Is there a coder into it, and is it installed here? Rules alone may ask for what another machine can do."""
    if ground.symbols.gateway is None:
        return
    if not coders.can_encode(uid):
        refuse(ground, keyword.span, f"compressed {keyword.text}")
        return
    _installed(ground, keyword.span, uid)


def _installed(ground: Ground, span: Span, uid: str) -> None:
    if ground.symbols.gateway is not None and coders.missing(uid):
        message = "what codes pixels is not installed here"
        found = diagnose("DR002", span, message, f"needs {', '.join(coders.missing(uid))}")
        ground.add(found.with_note(f"run: pip install 'dicomrules[{coders.EXTRA}]'"))


def _syntaxes() -> list[str]:
    return [keyword for keyword in uid_keywords() if is_transfer_syntax(uid_of(keyword) or "")]


def _schedule(ground: Ground, name: ast.Name | None) -> str:
    if name is None:
        return ""
    if ground.zone is None:
        ground.zone = name.span
    if ground.symbols.find("schedule", name.text, ast.Schedule) is None and ground.symbols.missing(
        "schedule", name.text
    ):
        ground.add(unknown(ground.symbols, "schedule", name, "DR107"))
    return name.text


def _priors(ground: Ground, node: ast.DestOptions) -> int:
    if node.priors is not None and not 1 <= node.priors <= _MOST_PRIORS:
        message = f"`with {node.priors} priors`: it goes from 1 to {_MOST_PRIORS}"
        ground.report(
            "DR219",
            node.span,
            message,
            "how many prior studies go along",
            "say a number from 1 to 100, or leave it out",
        )
    return node.priors or 0
