"""What `empty` and `remove` are about: paths, masks, and sets of tags."""

import re
from dataclasses import replace
from functools import lru_cache

from dicomrules.dicom import tags
from dicomrules.dicom.measured import MEASURED
from dicomrules.functions import regex
from dicomrules.lang import ast
from dicomrules.lang.check import attributes
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.literals import VRS
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.patterns import pattern
from dicomrules.lang.check.symbols import unknown
from dicomrules.lang.check.terms import Env
from dicomrules.lang.check.writable import PROTECTED, UIDS, writable
from dicomrules.program.path import Prefix, PrivateTag
from dicomrules.program.statement import TagSet, Targets
from dicomrules.program.types import Regex
from dicomrules.text.codes.registry import diagnose

_PROTECTED = frozenset(PROTECTED) | UIDS
_SPARED = TagSet(tags=_PROTECTED | MEASURED)
"""What masks, VRs and keyword patterns never reach."""


def targets(
    ground: Ground, node: ast.Targets, excepted: ast.Targets | None, env: Env
) -> tuple[Targets, list[Place]] | None:
    """The elements that are meant, and the places of those said by a path; None with a finding."""
    found = meant(ground, node, env, written=True)
    spared = left_out(ground, excepted, env)
    if found is None or (excepted is not None and spared is None):
        return None
    listed, places = found
    return replace(listed, excepted=spared), places


def left_out(ground: Ground, node: ast.Targets | None, env: Env) -> Targets | None:
    """What `except` names; None where there is none, or with a finding."""
    found = None if node is None else meant(ground, node, env, written=False)
    return None if found is None else found[0]


def meant(ground: Ground, node: ast.Targets, env: Env, *, written: bool) -> tuple[Targets, list[Place]] | None:
    """A list of targets. `written`: they are changed, so what is protected is reported, and no set reaches it."""
    found = [_one(ground, target, env, written=written) for target in node.targets]
    if None in found:
        return None
    places = [one for one in found if isinstance(one, Place)]
    sets = tuple(one for one in found if isinstance(one, TagSet))
    return Targets(tuple(place.path for place in places), sets, node.anywhere), places


def _one(ground: Ground, target: ast.Target, env: Env, *, written: bool) -> Place | TagSet | None:
    if isinstance(target, ast.TagsRef):
        return None if written and _holds_protected(ground, target) else tag_set(ground, target.name, written=written)
    mask = _mask(target)
    if mask is not None:
        return TagSet(masks=((mask.mask, mask.value),), excepted=_SPARED if written else None)
    place = resolve(ground, target, env)
    if place is None or (written and not writable(ground, place)):
        return None
    if place.path.prefix in (Prefix.ORIGINAL, Prefix.META):
        message = "`except` is about the object as it is then"
        ground.report(
            "DR212", target.span, message, f"leave out `{place.path.prefix}.`", "it is about the object as it is then"
        )
        return None
    if place.path.value is not None or place.path.component or place.path.group:
        message = "only whole elements are emptied and removed"
        ground.report(
            "DR212",
            target.span,
            message,
            "leave out what follows the attribute",
            "one value or part is written by `set`",
        )
        return None
    return place


def _holds_protected(ground: Ground, target: ast.TagsRef) -> bool:
    """Whether a set names what rules never write; reports it. Masks, VRs and patterns do not reach that."""
    name = target.name.text
    if name not in ground.protected:
        ground.protected[name] = _protected(ground, name)
    named = ground.protected[name]
    if named is None:
        return False
    node, called = named
    made = diagnose(
        "DR207", target.span, f"`tags {name}` names `{called}`, which is protected", "nothing would happen to it"
    )
    made = made.with_label(node.span, "named here")
    ground.add(made.with_note(f"take `{called}` off the list; UIDs are changed by `remap uids`"))
    return True


def _protected(ground: Ground, name: str) -> tuple[ast.Node, str] | None:
    """The first member of a set that rules never write, with its name."""
    item = ground.symbols.of("tags").get(name)
    with ground.findings.quietly():
        for node in item.members if isinstance(item, ast.Tags) else ():
            found = attributes.find(ground, node) if isinstance(node, ast.Keyword | ast.Tag) else None
            if found is not None and found.tag in _PROTECTED:
                return node, found.name
    return None


def _mask(target: ast.Path) -> tags.TagMask | None:
    """The mask that a target is: `(60xx,3000)`, or a keyword that repeats in several groups."""
    if len(target.steps) != 1 or target.steps[0].selector is not None:
        return None
    attribute = target.steps[0].attribute
    if isinstance(attribute, ast.TagMask):
        return tags.TagMask(attribute.value, attribute.mask)
    return tags.mask_of(attribute.text) if isinstance(attribute, ast.Keyword) else None


def tag_set(ground: Ground, name: ast.Name, *, written: bool = True) -> TagSet | None:
    """The set of tags of this name; None with a finding. `written`: without what is protected."""
    item = ground.symbols.find("tags", name.text, ast.Tags)
    if item is None:
        if ground.symbols.missing("tags", name.text):
            ground.add(unknown(ground.symbols, "tags", name, "DR107"))
        return None
    if (name.text, written) not in ground.tag_sets:
        with ground.findings.quietly():
            ground.tag_sets[name.text, written] = members(ground, item, written=written)
    return ground.tag_sets[name.text, written]


def members(ground: Ground, item: ast.Tags, *, written: bool = True) -> TagSet | None:
    """What a `tags` item holds; None with a finding. `written`: what it names, and of what it does not name only what
    patterns reach.
    """
    held = _members(ground, item.members)
    without = _members(ground, item.excepted) if item.excepted else TagSet()
    if held is None or without is None:
        return None
    if written:
        without = replace(without, tags=without.tags | (_SPARED.tags - _named(ground, item)))
    return replace(held, excepted=without)


def _named(ground: Ground, item: ast.Tags) -> frozenset[int]:
    """What a `tags` item names as such."""
    found = [attributes.find(ground, node) for node in item.members if isinstance(node, ast.Keyword | ast.Tag)]
    return frozenset(one.tag for one in found if one is not None and isinstance(one.tag, int))


def _members(ground: Ground, nodes: tuple[ast.TagsMember, ...]) -> TagSet | None:
    found: set[int] = set()
    masks: list[tuple[int, int]] = []
    privates: list[PrivateTag] = []
    vrs: set[str] = set()
    sound = True
    for node in nodes:
        mask = tags.mask_of(node.text) if isinstance(node, ast.Keyword) else None
        if isinstance(node, ast.TagMask) or mask is not None:
            masks.append((mask.mask, mask.value) if mask is not None else (node.mask, node.value))  # type: ignore[union-attr]
        elif isinstance(node, ast.Regex):
            sound = _by_pattern(ground, node, found) and sound
        elif isinstance(node, ast.ByVR):
            sound = _by_vr(ground, node, vrs) and sound
        else:
            one = attributes.find(ground, node)
            sound = sound and one is not None
            if one is not None and isinstance(one.tag, PrivateTag):
                privates.append(one.tag)
            elif one is not None and isinstance(one.tag, int):
                found.add(one.tag)
    return TagSet(frozenset(found), tuple(masks), tuple(privates), frozenset(vrs)) if sound else None


_TRIED = 20_000
"""How many steps it counts for that a pattern is tried on every keyword of PS3.6."""


def _by_pattern(ground: Ground, node: ast.Regex, found: set[int]) -> bool:
    made = pattern(ground, node, whole=True, times=_TRIED)
    if made is None:
        return False
    fitting = _fitting(made)
    if not fitting:
        ground.report(
            "DR101",
            node.span,
            "no keyword of PS3.6 fits this",
            "the whole keyword must fit",
            "say `/.*Physician.*/` for a part of it",
        )
    found |= fitting
    return bool(fitting)


@lru_cache(maxsize=1000)
def _fitting(made: Regex) -> frozenset[int]:
    """The tags of the keywords that a pattern fits as a whole."""
    fits = regex.compiled(made).fullmatch
    words = (word for word in tags.keywords() if fits(word))
    return frozenset(tag for word in words if (tag := tags.tag_of(word)) is not None)


def _by_vr(ground: Ground, node: ast.ByVR, vrs: set[str]) -> bool:
    if node.vr.text not in VRS or not re.fullmatch("[A-Z]{2}", node.vr.text):
        ground.report(
            "DR219",
            node.vr.span,
            f"`{node.vr.text}` is no VR",
            "PS3.5 6.2",
            "VRs are two capital letters, such as PN, LO, DA",
        )
        return False
    vrs.add(node.vr.text)
    return True
