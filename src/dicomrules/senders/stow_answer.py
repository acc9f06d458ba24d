"""What the response to STOW-RS says about each instance (PS3.18 10.5.3, I.2): read from its body, in JSON or XML.

Pure. What cannot be read says nothing, and an instance about which nothing is said is not taken as stored.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

_FAILED, _REFERENCED = "00081198", "00081199"
_REASON, _WARNING = "00081197", "00081196"
_CLASS, _INSTANCE = "00081150", "00081155"

# A data set as DICOM JSON has it (PS3.18 F.2): tag -> {"vr": …, "Value": […]}
_Attributes = Mapping[str, Any]


class Unreadable(Exception):
    """The body is not what PS3.18 I.2 describes."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said about one instance: `failure` and `warning` are codes of PS3.18 I.2.2, None: none is given."""

    sop_class: str
    stored: bool
    warning: int | None = None
    failure: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a response says, by SOP Instance UID. An instance that it names twice, once as stored and once as failed, is
    in `contradicted` and not in `said`.
    """

    said: Mapping[str, Said] = field(default_factory=dict)
    contradicted: frozenset[str] = frozenset()


def read(content_type: str, body: bytes) -> Report:
    """The report in a body; an empty one says nothing. Raises Unreadable."""
    if not body.strip():
        return Report()
    looks_like_xml = body.lstrip()[:1] == b"<"
    root = _from_xml(body) if "xml" in content_type.lower() or looks_like_xml else _from_json(body)
    stored = [_said(item, stored=True) for item in _items(root, _REFERENCED)]
    failed = [_said(item, stored=False) for item in _items(root, _FAILED)]
    both = frozenset(uid for uid, _ in stored) & frozenset(uid for uid, _ in failed)
    return Report({uid: said for uid, said in (*stored, *failed) if uid and uid not in both}, both - {""})


def _said(item: _Attributes, stored: bool) -> tuple[str, Said]:
    said = Said(_text(item, _CLASS), stored, _code(item, _WARNING), None if stored else _code(item, _REASON))
    return _text(item, _INSTANCE), said


def _items(root: _Attributes, tag: str) -> Iterable[_Attributes]:
    return [item for item in _values(root, tag) if isinstance(item, Mapping)]


def _values(attributes: _Attributes, tag: str) -> Sequence[Any]:
    element = attributes.get(tag)
    found = element.get("Value") if isinstance(element, Mapping) else None
    return found if isinstance(found, list) else []


def _text(attributes: _Attributes, tag: str) -> str:
    found = _values(attributes, tag)
    return found[0].strip(" \0") if found and isinstance(found[0], str) else ""


def _code(attributes: _Attributes, tag: str) -> int | None:
    """A code of 16 bits; servers write it as a number or as a text of one."""
    found = _values(attributes, tag)
    if not found:
        return None
    text = str(found[0])
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 0xFFFF else None


def _from_json(body: bytes) -> _Attributes:
    try:
        root = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body of its response is no JSON") from error
    if isinstance(root, list) and len(root) == 1:
        root = root[0]  # some servers answer with a list of one data set
    if not isinstance(root, dict):
        raise Unreadable("the body of its response is no data set")
    return root


def _from_xml(body: bytes) -> _Attributes:
    """The Native DICOM Model (PS3.19 A.1), as far as a response needs it.

    It is UTF-8, whatever it says of itself: in another encoding, which the reader would find out, a declaration could
    hide.
    """
    try:
        text = body.decode("utf-8-sig")
        if "\0" in text or "<!" in text.replace("<!--", ""):
            raise Unreadable("the body of its response has a document type declaration, or another encoding than UTF-8")
        root = ElementTree.fromstring(text)  # noqa: S314 - without declarations there are no entities to expand
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise Unreadable("the body of its response is no XML") from error
    return _attributes(root, deep=True)


def _attributes(node: ElementTree.Element, deep: bool) -> dict[str, Any]:
    found = {}
    for child in node:
        tag = child.get("tag", "").upper()
        if _local(child) != "DicomAttribute" or not tag:
            continue
        values: list[Any] = [(value.text or "") for value in child if _local(value) == "Value"]
        if deep:
            values += [_attributes(item, deep=False) for item in child if _local(item) == "Item"]
        found[tag] = {"Value": values}
    return found


def _local(node: ElementTree.Element) -> str:
    return str(node.tag).rpartition("}")[2]
