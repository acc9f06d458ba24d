"""What is asked of receivers that speak HTTP: an address, and, beyond this machine, TLS and a token worth its name."""

import ipaddress
import re
from collections.abc import Iterator

from dicomrules.config.document import Document, Steps
from dicomrules.config.settings import Settings
from dicomrules.model.receiver import StowReceiver
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic

_SHORTEST_TOKEN = 16
_TOKEN = re.compile(r"[0-9A-Za-z._~+/-]+=*")  # RFC 6750 2.1


def check(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Everything that is wrong with receivers of STOW-RS. No message holds a token."""
    for receiver in settings.receivers:
        if isinstance(receiver, StowReceiver):
            steps: Steps = ("receivers", receiver.name, "stow")
            yield from _listening(document, steps, receiver)
            yield from _token(document, steps, receiver)


def _listening(document: Document, steps: Steps, receiver: StowReceiver) -> Iterator[Diagnostic]:
    span = document.span((*steps, "bind"))
    try:
        address = ipaddress.ip_address(receiver.bind)
    except ValueError:
        message = f"`{receiver.bind}` is not an address of this machine, such as 127.0.0.1 or 0.0.0.0"
        yield diagnose("DR706", span, message)
        return
    if not 1 <= receiver.port <= 65535:
        yield diagnose("DR706", span, f"{receiver.port} is not a port: those are from 1 to 65535")
    said = document.at(steps)
    missing = [f"`{key}`" for key in ("token", "tls") if key not in said]
    if missing and not address.is_loopback:
        message = f"`{receiver.name}` would take objects from every computer of the network"
        found = diagnose("DR712", span, message, "listens beyond this machine")
        yield found.with_note(f"say {' and '.join(missing)}, or listen on 127.0.0.1, behind a proxy that has both")


def _token(document: Document, steps: Steps, receiver: StowReceiver) -> Iterator[Diagnostic]:
    if not receiver.token:  # none is said, or it could not be read, and that is told elsewhere
        return
    problem = ""
    if not _TOKEN.fullmatch(receiver.token):
        problem = "has characters that no bearer token may have"
    elif len(receiver.token) < _SHORTEST_TOKEN:
        problem = f"has less than {_SHORTEST_TOKEN} characters"
    if problem:
        found = diagnose("DR706", document.span((*steps, "token")), f"the token of `{receiver.name}` {problem}")
        yield found.with_note("have one made: openssl rand -hex 32")
