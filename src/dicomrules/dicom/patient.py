"""Whose object this is, as far as two objects of one study can be compared without keeping who the patient is.

A study belongs to one patient (PS3.3 7.3.1.3). What an object says of its patient is kept as digests, each keyed by the
Study Instance UID, so that they tell nothing of other studies of the same patient. An attribute that is empty or absent
says nothing and contradicts nothing: type 2 attributes often are empty, and an issuer is rarely sent by everybody.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from typing import Final, NamedTuple

from dicomrules.dicom import values
from dicomrules.dicom.charset import ASCII, CharacterSet, character_set
from dicomrules.dicom.index import Index

PATIENT_ID: Final = 0x00100020
ISSUER: Final = 0x00100021
NAME: Final = 0x00100010
BIRTH_DATE: Final = 0x00100030
_CHARACTER_SET: Final = 0x00080005
_LONGEST: Final = 1024  # bytes of a value that are looked at
_DIGEST: Final = 12  # bytes: a mistaken match among the few patients of one study is out of reach


class Naming(NamedTuple):
    """What one object says of its patient, as text; empty where it says nothing. Patient data: never kept."""

    patient_id: str = ""
    issuer: str = ""
    name: str = ""
    birth_date: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """The same as digests, good for comparison within one study; empty where nothing was said."""

    patient_id: bytes = b""
    issuer: bytes = b""
    name: bytes = b""
    birth_date: bytes = b""

    @property
    def parts(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Patient ID, its issuer, name, birth date."""
        return self.patient_id, self.issuer, self.name, self.birth_date

    @property
    def says_nothing(self) -> bool:
        """No attribute has a value."""
        return not any(self.parts)

    def may_be(self, other: "Patient") -> bool:
        """Nothing that both say differs."""
        return all(
            not ours or not theirs or ours == theirs for ours, theirs in zip(self.parts, other.parts, strict=True)
        )

    def with_more(self, other: "Patient") -> "Patient":
        """This one, with what only `other` says."""
        return Patient(*(ours or theirs for ours, theirs in zip(self.parts, other.parts, strict=True)))


def naming(index: Index) -> Naming:
    """What the data set says of its patient at its top level."""
    declared = _text(index, _CHARACTER_SET, "CS", ASCII)
    charset = character_set(tuple(declared.split("\\"))) if declared else ASCII
    wanted = ((PATIENT_ID, "LO"), (ISSUER, "LO"), (NAME, "PN"), (BIRTH_DATE, "DA"))
    return Naming(*(_text(index, tag, vr, charset) for tag, vr in wanted))


def patient(study: str, said: Naming) -> Patient:
    """The digests. Padding, the case of names, empty components at their end and other forms of a name do not count."""
    texts = (_composed(said.patient_id), _composed(said.issuer), _first_form(said.name), said.birth_date.strip(" \0"))
    return Patient(*(_digest(study, number, text) for number, text in enumerate(texts)))


def _text(index: Index, tag: int, vr: str, charset: CharacterSet) -> str:
    element = index.find(tag)
    if element is None or element.length == 0 or element.is_undefined:
        return ""
    if element.length > _LONGEST:
        head = bytes(element.source.read(element.value_start, element.value_start + _LONGEST))
        return f"{element.length}:{head.decode('latin-1')}"
    raw = element.raw
    if raw.isascii() and 0x1B not in raw:
        return raw.decode("ascii").strip(" \0")
    found = values.decode(raw, vr, charset)
    # what cannot be read is the same again only when its bytes are
    return raw.decode("latin-1") if isinstance(found, values.Malformed) else "\\".join(map(str, found))


def _composed(text: str) -> str:
    text = text.strip(" \0")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _first_form(name: str) -> str:
    """The first group of components that says something (PS3.5 6.2.1), as far as it tells one person from another."""
    for group in _composed(name).casefold().split("="):
        form = "^".join(component.strip() for component in group.split("^")).rstrip("^")
        if form:
            return form
    return ""


def _digest(study: str, number: int, text: str) -> bytes:
    if not text:
        return b""
    said = f"{number}\0{study}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=_DIGEST).digest()
