"""The response of a Store transaction (PS3.18 10.5.3): status code and the Store Instances Response Module, as DICOM
JSON (PS3.18 F.2) or as a Native DICOM Model in XML (PS3.19 A.1).

Retrieve URL (0008,1190) is of type 2 there, and always without a value: nothing can be retrieved from a gateway.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from xml.etree import ElementTree

from dicomrules.dicom import uids
from dicomrules.receivers.stow.media import XML

_REFERENCED = ("00081199", "ReferencedSOPSequence")
_FAILED = ("00081198", "FailedSOPSequence")
_OTHERS = ("0008119A", "OtherFailuresSequence")  # of what cannot be named by SOP class and instance
_CLASS = ("00081150", "UI", "ReferencedSOPClassUID")
_INSTANCE = ("00081155", "UI", "ReferencedSOPInstanceUID")
_WARNING = ("00081196", "US", "WarningReason")
_REASON = ("00081197", "US", "FailureReason")
_RETRIEVE_URL = ("00081190", "UR", "RetrieveURL")
_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"

_Item = list[tuple[tuple[str, str, str], str | int | None]]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one part. `reason` is a status as of a C-STORE-RSP; success and warnings mean that it is safe.

    `http` is what the whole request is answered when every part fared like this one.
    """

    sop_class: str
    sop_instance: str
    reason: int
    comment: str = ""
    http: int = 200

    @property
    def is_stored(self) -> bool:
        """Success and the warnings (PS3.4 B.2.3)."""
        return self.reason == 0 or self.reason >> 12 == 0xB

    @property
    def is_named(self) -> bool:
        """Whether it is known which instance it was."""
        return uids.is_uid(self.sop_class) and uids.is_uid(self.sop_instance)


def status_of(results: Sequence[Result]) -> int:
    """200: all stored; 202: some, or with warnings; else none is: 409, or the reason that all of them have."""
    if all(each.is_stored for each in results):
        return 202 if any(each.reason for each in results) else 200
    if any(each.is_stored for each in results):
        return 202
    said = {each.http for each in results}
    return said.pop() if len(said) == 1 else 409


def body_of(results: Sequence[Result], form: str) -> bytes:
    """The response payload; `form` is a media type of `media`."""
    sequences = {name: items for name, items in _sequences(results) if items}
    return _xml(sequences) if form == XML else _json(sequences)


def _sequences(results: Sequence[Result]) -> Iterator[tuple[tuple[str, str], list[_Item]]]:
    failed = [each for each in results if not each.is_stored]
    yield _FAILED, [[*_reference(each), (_REASON, each.reason)] for each in failed if each.is_named]
    stored = [each for each in results if each.is_stored]
    yield _REFERENCED, [_stored(each) for each in stored]
    yield _OTHERS, [[(_REASON, each.reason)] for each in failed if not each.is_named]


def _stored(result: Result) -> _Item:
    warning: _Item = [(_WARNING, result.reason)] if result.reason else []
    return [*_reference(result), (_RETRIEVE_URL, None), *warning]


def _reference(result: Result) -> _Item:
    return [(_CLASS, result.sop_class), (_INSTANCE, result.sop_instance)]


def _json(sequences: dict[tuple[str, str], list[_Item]]) -> bytes:
    made: dict[str, Any] = _members([(_RETRIEVE_URL, None)])
    for (tag, _), items in sequences.items():
        made[tag] = {"vr": "SQ", "Value": [_members(item) for item in items]}
    return json.dumps(made, separators=(",", ":")).encode()


def _members(item: _Item) -> dict[str, Any]:
    """What is empty has no `Value` (PS3.18 F.2.5)."""
    return {
        place: {"vr": vr, **({} if value is None else {"Value": [value]})}
        for (place, vr, _), value in sorted(item, key=itemgetter(0))
    }


def _xml(sequences: dict[tuple[str, str], list[_Item]]) -> bytes:
    ElementTree.register_namespace("", _NAMESPACE)
    root = ElementTree.Element(f"{{{_NAMESPACE}}}NativeDicomModel")
    _attribute(root, *_RETRIEVE_URL)
    for (tag, keyword), items in sequences.items():
        sequence = _attribute(root, tag, "SQ", keyword)
        for number, item in enumerate(items, 1):
            inside = ElementTree.SubElement(sequence, f"{{{_NAMESPACE}}}Item", {"number": str(number)})
            for place, value in sorted(item, key=itemgetter(0)):
                attribute = _attribute(inside, *place)
                if value is None:
                    continue
                ElementTree.SubElement(attribute, f"{{{_NAMESPACE}}}Value", {"number": "1"}).text = str(value)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def _attribute(parent: ElementTree.Element, tag: str, vr: str, keyword: str) -> ElementTree.Element:
    said = {"tag": tag, "vr": vr, "keyword": keyword}
    return ElementTree.SubElement(parent, f"{{{_NAMESPACE}}}DicomAttribute", said)
