"""Digital signatures (PS3.3 C.12.1.1.3) are over bytes; those of an object that is rewritten no longer fit what leaves.

They are left as they are, because who signed what stays worth knowing, and it is said. A rule may take them away
(`remove DigitalSignaturesSequence, MACParametersSequence`), or hold what is signed. Pixels that a route has coded anew
may still fit: a signature can be over what they decode to (MAC Calculation Transfer Syntax UID).
"""

from collections.abc import Iterator, Mapping, Sequence

from dicomrules.dicom.coders import can_encode
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.syntax import is_encapsulated
from dicomrules.dicom.tags import tag_of
from dicomrules.model.decision import Options, Variant
from dicomrules.model.instance import Verdict

BROKEN = "a digital signature of it no longer fits what leaves: rules have changed the object"
_SIGNATURES = tag_of("DigitalSignaturesSequence") or 0
_PIXELS = tag_of("PixelData") or 0


def notes(variants: Sequence[Variant], trees: Mapping[str, DataSet], transfer_syntax: str) -> Iterator[str]:
    """What there is to say about the signatures of an object that came in this transfer syntax; trees by group."""
    sent = [each for each in variants if each.verdict is Verdict.SEND and _is_signed(trees[each.group])]
    if any(not each.patch.is_empty for each in sent):
        yield BROKEN
    coded = [
        options.destination
        for each in sent
        for options in each.options
        if each.patch.is_empty and _is_coded(options, transfer_syntax) and trees[each.group].get(_PIXELS) is not None
    ]
    if coded:
        yield f"a digital signature of it may no longer fit what leaves for {', '.join(coded)}: pixels are coded anew"


def _is_signed(tree: DataSet) -> bool:
    return tree.get(_SIGNATURES) is not None


def _is_coded(options: Options, transfer_syntax: str) -> bool:
    """Whether a route has the pixels of what came in this transfer syntax coded anew."""
    if can_encode(options.compressed):
        return options.compressed != transfer_syntax
    return options.decompressed and is_encapsulated(transfer_syntax)
