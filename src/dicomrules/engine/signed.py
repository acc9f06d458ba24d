"""Digital signatures (PS3.3 C.12.1.1.3) are over bytes; those of an object that is rewritten no longer fit what leaves.

They are left as they are, because who signed what stays worth knowing, and it is said. A rule may take them away
(`remove DigitalSignaturesSequence, MACParametersSequence`), or hold what is signed.
"""

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import tag_of
from dicomrules.model.decision import Variant

BROKEN = "a digital signature of it no longer fits what leaves: rules have changed the object"
_SIGNATURES = tag_of("DigitalSignaturesSequence") or 0


def broken(variant: Variant, tree: DataSet) -> bool:
    """Whether this form has other bytes than the object as received, and a signature over those."""
    return not variant.patch.is_empty and tree.get(_SIGNATURES) is not None
