"""Can the template of a folder or bucket name files? Its fields must be attributes that hold text or numbers."""

from collections.abc import Iterator

from dicomrules.config.document import Document
from dicomrules.config.settings import Settings
from dicomrules.dicom.tags import keywords, tag_of, vr_of
from dicomrules.model.destination import TEMPLATE_FIELD, BucketDestination, FolderDestination
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span
from dicomrules.text.suggest import did_you_mean, nearest

# PS3.5 6.2: the VRs whose values are short text or numbers written as text.
_NAMING_VRS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI", "US"}


def check(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """What is wrong with the templates of all folders and buckets."""
    for destination in settings.destinations:
        if isinstance(destination, FolderDestination | BucketDestination):
            kind = "folder" if isinstance(destination, FolderDestination) else "bucket"
            span = document.span(("destinations", destination.name, kind, "name"))
            yield from _template(span, destination)


def _template(span: Span, destination: FolderDestination | BucketDestination) -> Iterator[Diagnostic]:
    template = destination.template
    fields = TEMPLATE_FIELD.findall(template)
    for keyword in dict.fromkeys(fields):
        yield from _field(span, keyword)
    rest = TEMPLATE_FIELD.sub("x", template)
    if "{" in rest or "}" in rest:
        found = diagnose("DR717", span, "a `{` or `}` that belongs to no field")
        yield found.with_note("a field is a keyword of PS3.6 in braces, such as {PatientID}; nothing else goes into it")
    if any(part in ("", ".", "..") for part in rest.split("/")):
        found = diagnose("DR717", span, f"`{template}` is not a path below the destination's folder")
        yield found.with_note("write names with a `/` between them, none of them empty, `.` or `..`")
    if "SOPInstanceUID" not in fields:
        message = f"`{destination.name}` gives several instances one file name, without {{SOPInstanceUID}}"
        yield diagnose("DR718", span, message).with_note("let the name end in `{SOPInstanceUID}.dcm`")


def _field(span: Span, keyword: str) -> Iterator[Diagnostic]:
    tag = tag_of(keyword)
    if tag is None:
        near = nearest(keyword, keywords(), 1)
        found = diagnose("DR717", span, f"unknown keyword `{keyword}`", did_you_mean(near))
        at = span.text.find(f"{{{keyword}}}") + 1
        place = span.source.span(span.start + at, span.start + at + len(keyword))
        yield found.with_fix("write", place, near[0]) if near and at else found
    elif tag >> 16 <= 2 or vr_of(tag) not in _NAMING_VRS:
        found = diagnose("DR717", span, f"`{keyword}` cannot be part of a file name: it holds no short text or number")
        yield found.with_note("take another: UIDs, identifiers, dates and codes can be part of one")
