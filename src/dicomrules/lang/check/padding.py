"""Texts that are compared, with spaces around them that no value has."""

from dicomrules.dicom.values import BOTH_ENDS, TEXT_VRS
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.terms import Term
from dicomrules.program.expression import Context, Read
from dicomrules.text.codes.registry import diagnose


def padded(ground: Ground, sought: Term, other: Term, *, first: bool = True, last: bool = True) -> bool:
    """Report a text with spaces at its `first` or `last` end where values have none (S12): it is never found.

    A dump shows the space that fills up a value of odd length.
    """
    text = sought.constant
    if not isinstance(text, str) or not text.strip() or not isinstance(other.code, Read | Context):
        return False
    plain = _stripped(text, other.vr, first=first, last=last)
    if plain == text:
        return False
    found = diagnose("DR407", sought.span, "spaces around a value are no part of it", "never found")
    if sought.span.text == f'"{text}"':
        ground.add(found.with_fix("without them", sought.span, f'"{plain}"'))
    else:
        ground.add(found.with_note("give it without spaces around it"))
    return True


def _stripped(text: str, vr: str, *, first: bool, last: bool) -> str:
    """A text without the spaces at its ends that are no part of a value of this VR (PS3.5 6.2)."""
    if first and vr in BOTH_ENDS:
        text = text.lstrip(" ")
    return text.rstrip(" ") if last and vr in TEXT_VRS else text
