"""What lies around a gateway, asked now: do its destinations answer, can its folders be written."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from dicomrules.config.settings import Settings
from dicomrules.model.destination import (
    BucketDestination,
    Destination,
    DicomDestination,
    FolderDestination,
    StowDestination,
)
from dicomrules.senders import bucket
from dicomrules.senders.cstore import target_of
from dicomrules.senders.echo import ask_web, echo
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source, Span


def surroundings(settings: Settings) -> Iterator[Diagnostic]:
    """A finding for each destination that cannot be reached as the gateway file says; takes a time-out each."""
    source = Source(str(settings.path), settings.path.read_text(encoding="utf-8", errors="replace"))
    for destination in settings.destinations:
        if isinstance(destination, DicomDestination):
            yield from _answers(destination, _place(source, destination))
        elif isinstance(destination, StowDestination):
            yield from _web_answers(destination, _place(source, destination))
        elif isinstance(destination, BucketDestination):
            problem, where = bucket.look(destination), f"{destination.bucket} at {destination.host}"
            if problem:
                message = f"`{destination.name}` cannot be used: {problem}"
                yield diagnose("DR611", _place(source, destination), message, where)
        elif isinstance(destination, FolderDestination) and not writable(destination.path):
            found = diagnose(
                "DR612", _place(source, destination), f"the folder of `{destination.name}` cannot be written", "here"
            )
            yield found.with_note(f"let the account of the gateway write into {destination.path}")


def _answers(destination: DicomDestination, span: Span) -> Iterator[Diagnostic]:
    answer = echo(target_of(destination), destination.terms)
    if not answer.ok:
        message = f"`{destination.name}` does not answer C-ECHO: {answer.text}"
        found = diagnose("DR611", span, message, f"{destination.aet} at {destination.host}:{destination.port}")
        yield found.with_note(f"it is called by {destination.calling_aet}")


def _web_answers(destination: StowDestination, span: Span) -> Iterator[Diagnostic]:
    answer = ask_web(destination)
    if not answer.ok:
        yield diagnose("DR611", span, f"`{destination.name}` does not answer: {answer.text}", destination.url)


def writable(folder: Path) -> bool:
    """Whether a folder, or the one in which it will be made, can be written."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _place(source: Source, destination: Destination) -> Span:
    """Where a destination is named as a key, or the beginning of the file."""
    found = re.search(rf"(?m)(?:^\s*|[{{,]\s*)({re.escape(destination.name)})\s*:", source.text)
    return source.span(*found.span(1)) if found else source.span(0, 0)
