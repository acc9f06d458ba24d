"""Unique identifiers: the ones that name an instance, and the names of those PS3.6 Annex A registers."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from dicomrules.dicom.dictionaries import UIDS
from dicomrules.dicom.tags import keyword_of

# Registered with "Storage" in their names, but not stored by C-STORE
_NO_STORAGE: Final = frozenset({"MediaStorageDirectoryStorage"})
# Storage classes that PS3.6 registers since pydicom's dictionary was made: label map and height map segmentation, and
# the presentation states of waveforms
_NEWER: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("66.7", "66.8", "9.100.1", "9.100.2"))
_STORAGE: Final = re.compile(r"Storage(ForPresentation|ForProcessing|Trial|SOPClass)?(Retired)?$")
_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)

_BY_KEYWORD: Final[dict[str, str]] = {entry[4]: uid for uid, entry in UIDS.items() if entry[4]}


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """What an instance is and where it belongs (PS3.3 C.12.1, C.7.3.1, C.7.2.1); empty where absent."""

    sop_class: str
    sop_instance: str
    series: str
    study: str


def uid_of(keyword: str) -> str | None:
    """The UID that PS3.6 Annex A registers under `keyword`; None when there is none."""
    return _BY_KEYWORD.get(keyword)


def uid_keyword(uid: str) -> str:
    """The keyword of a registered UID; empty when PS3.6 does not know it."""
    entry = UIDS.get(uid)
    return entry[4] if entry else ""


def uid_name(uid: str) -> str:
    """The name of a registered UID for people; the UID itself when PS3.6 does not know it."""
    entry = UIDS.get(uid)
    return entry[0] if entry else uid


def uid_keywords() -> tuple[str, ...]:
    """Every keyword of PS3.6 Annex A."""
    return tuple(_BY_KEYWORD)


def is_registered(uid: str) -> bool:
    """True for what PS3.6 registers: classes, syntaxes, coding schemes and the like, never a patient's instance."""
    return uid in UIDS or uid in _NEWER


def is_storage_class(uid: str) -> bool:
    """True for a SOP class of PS3.4 Annex B or GG: one whose instances travel by C-STORE."""
    if uid in _NEWER:
        return True
    entry = UIDS.get(uid)
    return bool(entry and entry[1] == "SOP Class" and entry[4] not in _NO_STORAGE and _STORAGE.search(entry[4]))


def storage_classes() -> tuple[str, ...]:
    """Every SOP class for which `is_storage_class` is true, in the order of PS3.6."""
    return (*filter(is_storage_class, UIDS), *sorted(_NEWER))


def is_transfer_syntax(uid: str) -> bool:
    """True for a transfer syntax that PS3.6 registers."""
    entry = UIDS.get(uid)
    return bool(entry and entry[1] == "Transfer Syntax")


def is_uid(text: str) -> bool:
    """True when `text` has the form of a UID (PS3.5 9.1): digits and dots, at most 64 characters.

    Components with leading zeros, which the standard forbids and devices write, are let pass.
    """
    return len(text) <= 64 and _UID.fullmatch(text) is not None


_CLASSES: Final = re.compile("SOPClass|TransferSyntax")
_OTHER_KINDS: Final = frozenset(
    {
        *("CodingSchemeUID", "ContextUID", "MappingResourceUID", "ContextGroupExtensionCreatorUID"),
        *("ImplementationClassUID", "ManufacturerDeviceClassUID", "PrivateRecordUID"),
    }
)


@lru_cache(maxsize=1024)
def holds_classes(tag: int) -> bool:
    """True for attributes whose UIDs name what many objects share: classes, syntaxes, coding schemes.

    Their values, also those that a maker has defined, never name an instance or anything of a patient.
    """
    keyword = keyword_of(tag)
    return keyword in _OTHER_KINDS or _CLASSES.search(keyword) is not None
