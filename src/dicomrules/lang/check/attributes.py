"""Keywords and tags of a rule file, found in the data dictionary (PS3.6) or reported with what was probably meant."""

import re
from functools import cache

from dicomrules.dicom import tags
from dicomrules.dicom.uids import uid_keywords
from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.symbols import context_called, suggested
from dicomrules.lang.reserved import RESERVED
from dicomrules.program.path import PrivateTag
from dicomrules.program.types import TYPE_OF_VR
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span
from dicomrules.text.suggest import nearest_tag


@frozen
class Found:
    """An attribute: its tag, VR, name as shown, and from how many to how many values it has (None: without bound)."""

    tag: int | PrivateTag
    vr: str
    name: str
    least: int = 1
    most: int | None = 1


def find(ground: Ground, node: ast.Attribute) -> Found | None:
    """The attribute that is meant; None, with a finding, when there is none."""
    match node:
        case ast.Keyword():
            return _by_keyword(ground, node)
        case ast.Tag():
            return _by_tag(ground, node)
        case ast.PrivateTag():
            return _private(ground, node)
        case ast.TagMask():
            message = f"`{node.span.text}` stands for many attributes"
            ground.report(
                "DR212",
                node.span,
                message,
                "only `tags`, `remove` and `empty` take a mask",
                "name one attribute, by its keyword or as `(0010,0020)`",
            )
            return None


def _by_keyword(ground: Ground, node: ast.Keyword) -> Found | None:
    tag = tags.tag_of(node.text)
    if tag is not None and tags.vr_of(tag) != "NONE":
        return standard(tag)
    mask = tags.mask_of(node.text)
    if mask is not None:
        first = tags.format_tag(mask.value)
        found = diagnose("DR212", node.span, f"`{node.text}` repeats in several groups", "one of them is needed here")
        ground.add(found.with_fix("name the first one", node.span, first))
        return None
    unknown_keyword(ground, node.text, node.span)
    return None


def unknown_keyword(ground: Ground, word: str, span: Span) -> None:
    """Report a word that is neither an attribute nor a UID keyword of PS3.6."""
    if word not in ground.suggestions:
        near = ground.symbols.near(word, _every_keyword())
        same = [name for name in near if name.lower() == word.lower()]
        ground.suggestions[word] = tuple(same or near)
    found = diagnose("DR101", span, f"unknown attribute `{word}`", "no keyword of PS3.6")
    near = list(ground.suggestions[word])
    called = context_called(word) if not near and not _is_written(span) else ""
    near = [called] if called else near
    ground.add(suggested(found, span, near) if near else meant(found, span, word))


NOTHING = frozenset(("none", "null", "nil", "nothing", "undefined", "nan", "na", "true", "false"))
"""Words that other languages have for what is not there, or is so."""


_VERDICTS = {
    "dropped": "drop",
    "held": "hold",
    **dict.fromkeys(("quarantined", "kept"), "quarantine"),
    **dict.fromkeys(("rejected", "refused"), "reject"),
}
"""What people expect of an object, by the word of the language."""


def meant(found: Diagnostic, span: Span, word: str) -> Diagnostic:
    """What a word that is unknown, and near to no known one, may have been meant to be."""
    if word.lower() in NOTHING:
        return found.with_note("whether there is a value is asked by `is blank` or `is present`")
    if word in _VERDICTS and "expect" in _before(span).split():
        return found.with_fix("a verdict is expected by its own word", span, _VERDICTS[word])
    if word.lower() in RESERVED and word[:1].isupper():
        return found.with_fix("words of the language are in small letters", span, word.lower())
    if word.lower() in ("privatetags", "privateelements", "privateattributes") and _before(span).endswith("remove"):
        return found.with_fix("all private elements", span, "private")
    found = found.with_note(_LOOK_UP if word[:1].isupper() else _NAMES)
    return found if _is_written(span) else found.with_fix("if a text is meant", span, f'"{word}"')


def _before(span: Span) -> str:
    return span.source.text[max(span.start - 20, 0) : span.start].rstrip()


def _is_written(span: Span) -> bool:
    """Whether an attribute is written here, so that no text and no context name can stand in its place."""
    return bool(_BEFORE_TARGET.search(_before(span)))


_BEFORE_TARGET = re.compile(r"\b(set|default|add|copy|move|swap|empty|remove|only|within|given|no)$")

_NAMES = "names are given by `let`, `parameter` and `condition`; attributes are like `PatientID`"
_LOOK_UP = "PS3.6 lists the keywords; a tag may stand for one: `(0010,0020)`"


@cache
def _every_keyword() -> tuple[str, ...]:
    return (*tags.keywords(), *(word for word in uid_keywords() if word[:1].isupper()))


@cache
def _every_tag() -> tuple[int, ...]:
    return tuple(tag for word in tags.keywords() if (tag := tags.tag_of(word)) is not None)


@cache
def standard(tag: int) -> Found:
    """What PS3.6 says of a tag that it knows."""
    least, most = values(tags.vm_of(tag))
    return Found(tag, tags.vr_of(tag), tags.keyword_of(tag) or tags.format_tag(tag), least, most)


def values(vm: str) -> tuple[int, int | None]:
    """The least and the greatest number of values of a VM such as "1", "1-3", "2-2n" (None: without bound)."""
    low, _, high = vm.partition("-")
    least = int(low) if low.isdigit() else 1
    return least, (None if "n" in high else int(high) if high else least)


def _by_tag(ground: Ground, node: ast.Tag) -> Found | None:
    tag = node.value
    shown = tags.format_tag(tag)
    if tags.is_private(tag):
        found = diagnose("DR208", node.span, f"`{shown}` is a private element", "which maker's?")
        how = f'({tag >> 16:04X},"CREATOR",{tag & 0xFF:02X})'
        ground.add(found.with_note(f"name it by the creator of its block: `{how}`"))
        return None
    if tags.is_group_length(tag):
        ground.report(
            "DR207",
            node.span,
            f"`{shown}` is a group length",
            "written by the gateway itself",
            "take it out: group lengths are always put right",
        )
        return None
    if tags.vm_of(tag) and tags.vr_of(tag) != "NONE":
        return standard(tag)
    found = diagnose("DR102", node.span, f"unknown tag `{shown}`", "PS3.6 has no such attribute")
    near = nearest_tag(tag, _every_tag()) if ground.symbols.may_suggest() else []
    for other in near[:3]:
        written = tags.format_tag(other)
        found = found.with_fix(f"did you mean {tags.keyword_of(other)}", node.span, written)
    if not near:
        found = found.with_note("PS3.6 and conformance statements list tags; a private one is named by its creator")
    ground.add(found)
    return None


def _private(ground: Ground, node: ast.PrivateTag) -> Found | None:
    name = f'({node.group:04X},"{node.creator}",{node.element:02X})'
    if not node.group & 1 or node.group in (1, 3, 5, 7, 0xFFFF):
        message = f"group {node.group:04X} has no private elements"
        ground.report(
            "DR208",
            node.span,
            message,
            "private groups are odd, from 0009 to FFFD",
            "look up group and creator in the conformance statement of the maker",
        )
        return None
    declared = ground.symbols.privates.get((node.group, node.creator, node.element))
    if declared and declared not in TYPE_OF_VR:
        return None  # reported where it is declared
    vr = declared or tags.private_vr(node.creator, node.group << 16 | 0x1000 | node.element)
    return Found(PrivateTag(node.group, node.creator, node.element), vr, name, 1, 1)
