"""Destinations that take what went through a group of rules, and nothing else (`only_through`).

Whether rules keep to that is looked at with the rules (lang/check/guarded.py). What the file alone can break is the
guard itself: a second name for the same place, without it.
"""

import os
from collections.abc import Iterator, Mapping

from dicomrules.config.document import Document, Steps
from dicomrules.config.settings import Settings
from dicomrules.model.destination import (
    BucketDestination,
    Destination,
    DicomDestination,
    FolderDestination,
    StowDestination,
)
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span


def places(document: Document, settings: Settings) -> Mapping[str, Mapping[str, Span]]:
    """Where the file names the groups of each destination that has some."""
    return {
        each.name: {group: document.span((*_steps(each), number)) for number, group in enumerate(each.only_through)}
        for each in settings.destinations
        if each.only_through
    }


def check(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Is there another name under which instances go to the same place, past the groups?"""
    for one in settings.destinations:
        for other in settings.destinations if one.only_through else ():
            if not other.only_through and _reaches(other, one):
                span = document.key_span(("destinations", other.name))
                message = f"`{other.name}` leads to where `{one.name}` is, and takes everything"
                found = diagnose("DR727", span, message, "without `only_through`")
                found = found.with_label(document.key_span(_steps(one)), f"`{one.name}` does not")
                said = ", ".join(one.only_through)
                yield found.with_note(f"say `only_through: [{said}]` here too, or send to `{one.name}` instead")


def _steps(destination: Destination) -> Steps:
    return ("destinations", destination.name, "only_through")


def _reaches(one: Destination, other: Destination) -> bool:
    """Whether what is sent to `one` arrives where `other` is."""
    match one, other:
        case DicomDestination(), DicomDestination():
            return (one.aet, one.host.lower(), one.port) == (other.aet, other.host.lower(), other.port)
        case FolderDestination(), FolderDestination():
            inside = os.path.realpath(other.path)
            return os.path.commonpath((os.path.realpath(one.path), inside)) == inside
        case StowDestination(), StowDestination():
            return one.url.rstrip("/") == other.url.rstrip("/")
        case BucketDestination(), BucketDestination():
            below = one.prefix[: len(other.prefix)] == other.prefix
            return below and (one.host.lower(), one.bucket) == (other.host.lower(), other.bucket)
        case _:
            return False
