"""What rules may write: never the class, the character set, the pixels or their description, never the file meta."""

from dicomrules.dicom.tags import tag_of
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.paths import Place
from dicomrules.program.path import Pick, Prefix
from dicomrules.program.types import Type
from dicomrules.text.codes.registry import diagnose

_WHY = {
    "SOPClassUID": "it says what kind of object this is",
    "SpecificCharacterSet": "it says how all text is to be read; only `charset` changes it",
    **dict.fromkeys(("PixelData", "FloatPixelData", "DoubleFloatPixelData"), "only `redact` changes pixels"),
    **dict.fromkeys(
        (
            *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel"),
            *("PlanarConfiguration", "PhotometricInterpretation", "NumberOfFrames"),
        ),
        "it says how the pixels are to be read",
    ),
}
_TAKE_OUT = "take it out: changed alone, the object would lie about itself"
_WAYS_OUT = {
    tag_of("SOPClassUID"): "send the object on as what it is, or `quarantine` it",
    tag_of(
        "SpecificCharacterSet"
    ): 'say `charset to "ISO_IR 192"`, or `charset from "…"` for what the bytes really are',
}
PROTECTED: dict[int, str] = {tag: why for word, why in _WHY.items() if (tag := tag_of(word)) is not None}
"""Attributes at the top of the data set that rules never write, and why."""

UIDS = frozenset(tag for word in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID") if (tag := tag_of(word)))
"""Attributes that are written only with `override`."""


def writable(ground: Ground, place: Place, *, new: bool = False, override: bool = False) -> bool:
    """Whether a rule may write here; reports why not. `new`: `[new]` is allowed. `override`: so are UIDs."""
    path = place.path
    picks = {step.selector for step in path.steps if isinstance(step.selector, Pick)} | {path.value}
    if path.prefix in (Prefix.ORIGINAL, Prefix.META):
        what = "what was received" if path.prefix is Prefix.ORIGINAL else "the file meta"
        ground.report(
            "DR212",
            place.span,
            f"{what} is only read, never written",
            f"leave out `{path.prefix}.`",
            "what is written is always the object as it goes on",
        )
        return False
    if Pick.ANY in picks:
        found = diagnose("DR212", place.span, "`[any]` does not say which ones are written", "`[any]`")
        ground.add(found.with_note("say `[every]` for all of them, `[first]`, or `[where …]`"))
        return False
    if Pick.NEW in picks and not new:
        ground.report(
            "DR212",
            place.span,
            "`[new]` stands only in `add` and `within`",
            "`[new]`",
            "say `add S[new].P = v` or `within S[new] { … }`; here `[first]` or `[every]`",
        )
        return False
    return not _protected(ground, place, override=override)


def _protected(ground: Ground, place: Place, *, override: bool) -> bool:
    tag = place.top
    why = PROTECTED.get(tag) or ("group 0002 is written by the gateway" if tag >> 16 == 2 else "")
    if why:
        ground.report("DR207", place.span, f"`{place.name}` is protected", why, _WAYS_OUT.get(tag, _TAKE_OUT))
        return True
    if tag not in UIDS:
        return False
    if override:
        message = f"`{place.name}` is set, and whatever refers to the old value is left behind"
        ground.report(
            "DR216", place.span, message, "references break", "let all UIDs change together: `remap uids with SECRET`"
        )
        return False
    found = diagnose("DR207", place.span, f"`{place.name}` is protected", "other objects refer to it")
    ground.add(found.with_note("`set … override` says that this is meant"))
    return True


def holds_value(ground: Ground, place: Place) -> bool:
    """Whether a value can be written here: of a known VR that is neither a sequence nor bytes."""
    if place.vr == "SQ":
        found = diagnose("DR206", place.span, f"`{place.name}` is a sequence, and is not set as a whole", "no value")
        ground.add(found.with_note(f"`within {place.name}[new] {{ … }}` appends an item, `[first]` picks one"))
        return False
    if place.vr == "UN" and not isinstance(place.path.steps[-1].tag, int):
        found = diagnose("DR208", place.span, f"the VR of `{place.name}` is not known", "how is it to be written?")
        ground.add(found.with_note(f"say it once in this file: `private {place.name} LO`"))
        return False
    if place.path.type is Type.BYTES:
        message = f"`{place.name}` holds bytes (its VR is {place.vr}), which rules do not write"
        ground.report(
            "DR201",
            place.span,
            message,
            "it can be emptied and removed",
            f"say `empty {place.name}` or `remove {place.name}`",
        )
        return False
    return True
