"""`contexts` and `transfer_syntaxes`: names of SOP classes and transfer syntaxes, made into UIDs and judged."""

from collections.abc import Iterator, Mapping
from typing import Any

from dicomrules.config.document import Document, Steps
from dicomrules.config.settings import Settings
from dicomrules.config.units import size
from dicomrules.dicom import commitment
from dicomrules.dicom.classes import GROUPS, TRANSFER_SYNTAXES, name_of, uid_from
from dicomrules.dicom.uids import is_registered, is_storage_class, is_uid
from dicomrules.model.destination import DicomDestination
from dicomrules.model.terms import ANY_TITLE, Syntaxes, Terms
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span
from dicomrules.text.suggest import did_you_mean, nearest
from dicomrules.wire.contexts import ContextPolicy, holds_data_sets

Block = Mapping[str, Any]

_POLICY = ContextPolicy(unknown_classes=True, commitment=True)


def terms(said: list[Block] | None) -> tuple[Terms, ...] | None:
    """What `contexts` says, in its order; None: it is not said."""
    if said is None:
        return None
    return tuple(
        Terms(
            entry["calling"],
            entry["called"],
            _classes(entry["classes"]),
            size(entry["max_pdu"]) if "max_pdu" in entry else None,
        )
        for entry in said
    )


def syntaxes(said: list[str]) -> tuple[str, ...]:
    """A list of transfer syntaxes as UIDs."""
    return tuple(map(uid_from, said))


def _classes(said: Mapping[str, list[str] | str]) -> dict[str, Syntaxes]:
    """SOP classes by UID: those of groups first, so that what is said of one class comes before its group."""
    by_group: dict[str, Syntaxes] = {}
    by_name: dict[str, Syntaxes] = {}
    for name, listed in said.items():
        value = None if isinstance(listed, str) else syntaxes(listed)
        for uid in GROUPS.get(name, ()):
            by_group.setdefault(uid, value)
        if name not in GROUPS:
            by_name[uid_from(name)] = value
    return {**by_group, **by_name}


def check(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Does every name exist, does every entry count for something, and can every destination be reached?"""
    for number, entry in enumerate(document.value.get("contexts", ())):
        steps: Steps = ("contexts", number, "classes")
        for name, listed in entry["classes"].items():
            yield from _class(document.key_span((*steps, name)), name)
            if isinstance(listed, list):
                yield from _syntaxes(document, (*steps, name), listed)
    for destination in settings.destinations:
        if isinstance(destination, DicomDestination):
            said: Steps = ("destinations", destination.name, "dicom", "transfer_syntaxes")
            if destination.transfer_syntaxes:
                yield from _syntaxes(document, said, document.at(said))
            yield from _reached(document, settings.contexts, destination)
    yield from _idle(document, settings.contexts or ())


def _class(span: Span, name: str) -> Iterator[Diagnostic]:
    """Is it a group, or a class that can be negotiated here?"""
    uid = uid_from(name)
    if name in GROUPS or (is_uid(uid) and _POLICY.supports(uid)):
        return
    if is_registered(uid):
        yield diagnose("DR720", span, f"`{name}` is no class of storage, nor Verification, nor storage commitment")
        return
    known = (*GROUPS, "Verification", "StorageCommitmentPushModel", *map(name_of, GROUPS["all storage"]))
    yield _unknown(span, f"unknown SOP class `{name}`", name, known)


def _syntaxes(document: Document, steps: Steps, listed: list[str]) -> Iterator[Diagnostic]:
    """Is each of them an encoding of data sets? One by a UID that PS3.6 does not have is private: whoever says so
    knows."""
    for number, name in enumerate(listed):
        span, uid = document.span((*steps, number)), uid_from(name)
        if holds_data_sets(uid) or (is_uid(uid) and not is_registered(uid)):
            continue
        if is_registered(uid):
            yield diagnose("DR720", span, f"`{name}` is no transfer syntax that data sets are encoded in")
            continue
        known = [name_of(each) for each in TRANSFER_SYNTAXES if holds_data_sets(each)]
        yield _unknown(span, f"unknown transfer syntax `{name}`", name, known)


def _unknown(span: Span, message: str, name: str, known: tuple[str, ...] | list[str]) -> Diagnostic:
    near = nearest(name, known, 1)
    found = diagnose("DR720", span, message, did_you_mean(near))
    return found.with_fix("write", span, near[0]) if near else found.with_note("keywords are those of PS3.6 Annex A")


def _reached(document: Document, entries: tuple[Terms, ...] | None, to: DicomDestination) -> Iterator[Diagnostic]:
    """Does some entry let us propose anything to this destination?"""
    if entries is not None and to.terms is None:
        span = document.key_span(("destinations", to.name))
        found = diagnose("DR721", span, f"no entry of `contexts` is about {to.calling_aet} calling {to.aet}")
        yield found.with_note(f"nothing can be sent to `{to.name}`: add the entry, or take `contexts` away")
    elif to.terms is not None and not any(is_storage_class(uid) for uid in to.terms.classes):
        span = document.key_span(("destinations", to.name))
        found = diagnose("DR721", span, f"the entry of `contexts` for `{to.name}` lists no storage class")
        yield found.with_note(
            "nothing can be sent there: add what it takes to `classes`, such as `CTImageStorage: any`"
        )
    elif to.terms is not None and to.commitment is not None and commitment.SOP_CLASS not in to.terms.classes:
        span = document.span(("destinations", to.name, "dicom", "commitment"))
        found = diagnose("DR721", span, f"the entry of `contexts` for `{to.name}` lists no storage commitment")
        yield found.with_note("add `StorageCommitmentPushModel: any` to its `classes`, or it could never be asked")


def _idle(document: Document, entries: tuple[Terms, ...]) -> Iterator[Diagnostic]:
    """Is there an entry that never counts, because one above it fits all of its pairs?"""
    for number, entry in enumerate(entries):
        above = next((n for n, other in enumerate(entries[:number]) if _covers(other, entry)), None)
        if above is not None:
            span = document.span(("contexts", number, "calling"))
            found = diagnose("DR722", span, "this entry never counts")
            found = found.with_label(document.span(("contexts", above, "calling")), "this one fits the same pairs")
            yield found.with_note("the first that fits counts: put this one above, or take it away")


def _covers(first: Terms, second: Terms) -> bool:
    return first.calling in (ANY_TITLE, second.calling) and first.called in (ANY_TITLE, second.called)
