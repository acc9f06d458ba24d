"""The file meta that a file came with (`meta.` paths), or what an association said in its place (PS3.10 7.1)."""

from typing import Any

from dicomrules.model.instance import Envelope
from dicomrules.program.types import ABSENT, EMPTY


def meta_content(envelope: Envelope, keyword: str) -> Any:
    """The value of one file meta attribute, as all values at a path are given."""
    text = (envelope.meta if envelope.meta is not None else _of_association(envelope)).get(keyword)
    if text is None:
        return ABSENT
    return (text,) if text else EMPTY


def _of_association(envelope: Envelope) -> dict[str, str]:
    return {
        "MediaStorageSOPClassUID": envelope.key.sop_class,
        "MediaStorageSOPInstanceUID": envelope.key.sop_instance,
        "TransferSyntaxUID": envelope.transfer_syntax,
        "SourceApplicationEntityTitle": envelope.peer.calling_aet,
    }
