"""SOP classes by the names that people have for many of them at once (PS3.4 Annex B, PS3.6 Annex A)."""

import re
from types import MappingProxyType
from typing import Final

from dicomrules.dicom.dictionaries import UIDS
from dicomrules.dicom.uids import is_transfer_syntax, storage_classes, uid_keyword, uid_of

# Group -> which of the keywords of PS3.6 belong to it. A class may belong to several.
_MEMBERS: Final = {
    "all storage": "",
    "images": "Image",
    "structured reports": "SRStorage|KeyObjectSelectionDocument|ProcedureLog",
    "presentation states": "PresentationState",
    "waveforms": "WaveformStorage",
    "radiotherapy": "RTImage|^RT|(?<!Dose)Radiation(Record)?Storage",
    "encapsulated documents": "^Encapsulated",
}

STORAGE: Final = storage_classes()
"""Every storage SOP class of PS3.6, in its order."""

TRANSFER_SYNTAXES: Final = tuple(uid for uid in UIDS if is_transfer_syntax(uid))
"""Every transfer syntax of PS3.6, in its order."""

GROUPS: Final = MappingProxyType(
    {name: tuple(uid for uid in STORAGE if re.search(pattern, uid_keyword(uid))) for name, pattern in _MEMBERS.items()}
)
"""Storage SOP classes by group."""


def uid_from(text: str) -> str:
    """The UID that a keyword of PS3.6 stands for; any other text as it is."""
    return uid_of(text) or text


def name_of(uid: str) -> str:
    """The keyword of a registered UID, the UID itself of any other: what `uid_from` reads."""
    return uid_keyword(uid) or uid
