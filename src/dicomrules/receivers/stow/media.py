"""Media types as HTTP header fields say them (RFC 9110 8.3.1, 12.5.1). Every reading is linear and of short text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

DICOM = "application/dicom"
JSON = "application/dicom+json"
XML = "application/dicom+xml"
MULTIPART = "multipart/related"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TYPE = re.compile(r"([!#$&^_.+*0-9A-Za-z-]+/[!#$&^_.+*0-9A-Za-z-]+)[ \t]*(?=[;]|$)")
# RFC 2046 5.1.1 allows 70 characters; the DICOMweb client of Orthanc makes 73 of two UUIDs (docs/decisions).
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,127}[0-9A-Za-z'()+_,./:=?-]")


@dataclass(frozen=True, slots=True)
class MediaType:
    """Type and subtype in lower case, and parameters by name in lower case."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)


def media_type(text: str) -> MediaType | None:
    """What a Content-Type field says; None: it is none."""
    found = _TYPE.match(text.strip(" \t"))
    if found is None:
        return None
    parameters: dict[str, str] = {}
    for said in _split(text.strip(" \t")[found.end() :], ";"):
        name, equals, value = said.strip(" \t").partition("=")
        if not name and not equals:
            continue
        if not equals or not _TOKEN.fullmatch(name) or name.lower() in parameters:
            return None
        parameters[name.lower()] = _unquoted(value)
    return MediaType(found[1].lower(), parameters)


def boundary_of(media: MediaType) -> bytes | None:
    """The boundary of a multipart type; None: there is none, or none that we take."""
    raw = media.parameters.get("boundary", "").encode("latin-1", "replace")
    return raw if _BOUNDARY.fullmatch(raw) else None


def form_for(accept: str | None) -> str | None:
    """In which form the sender wants its answer: `JSON`, `XML`, or None when it wants none of these."""
    if accept is None or not accept.strip():
        return JSON
    weights: dict[str, float] = {}
    for said in _split(accept, ","):
        media = media_type(said)
        if media is not None:
            weights[media.name] = _weight(media.parameters.get("q", "1"))
    json = _first(weights, JSON, "application/json", "application/*", "*/*")
    xml = _first(weights, XML, "application/xml", "application/*", "*/*")
    if not json and not xml:
        return None
    return JSON if json >= xml else XML


def _first(weights: dict[str, float], *names: str) -> float:
    """The weight of the most exact name that was said."""
    return next((weights[name] for name in names if name in weights), 0.0)


def _weight(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.[0-9]{0,3})?", text) else 0.0


def _unquoted(value: str) -> str:
    value = value.strip(" \t")
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def _split(text: str, separator: str) -> Iterator[str]:
    """The pieces between separators that stand outside quotes."""
    start, quoted, escaped = 0, False, False
    for at, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:at]
            start = at + 1
    yield text[start:]
