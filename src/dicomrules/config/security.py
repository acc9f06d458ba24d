"""`tls` and `user`: files of certificates and keys, made into values and tried out; secrets are read elsewhere."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dicomrules.config.document import Document, Steps
from dicomrules.config.settings import Settings
from dicomrules.model.destination import BucketDestination, DicomDestination, StowDestination
from dicomrules.model.receiver import DicomReceiver, StowReceiver
from dicomrules.model.security import SOON, ClientTls, ServerTls, TlsProfile, User
from dicomrules.net.ends import ends
from dicomrules.net.tls import Unusable, context
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic

Block = Mapping[str, Any]
Place = Callable[[str], Path]


def server(said: Block | None, place: Place) -> ServerTls | None:
    """The `tls` of a receiver; None: none is said."""
    if said is None:
        return None
    return ServerTls(**_files(said, place, "certificate", "key", "client_ca", "client_crl"), **_profile(said))


def client(said: Block | None, place: Place) -> ClientTls | None:
    """The `tls` of a destination; None: none is said."""
    if said is None:
        return None
    return ClientTls(**_files(said, place, "ca", "certificate", "key"), **_profile(said), name=said.get("name", ""))


def user(said: Block | None, passcode: str) -> User | None:
    """A `user`, with the passcode that its reference stands for; None: none is said."""
    return None if said is None else User(said["name"], passcode)


def _files(said: Block, place: Place, *keys: str) -> dict[str, Any]:
    return {key: place(said[key]) for key in keys if key in said}


def _profile(said: Block) -> dict[str, Any]:
    return {"profile": TlsProfile(said["profile"])} if "profile" in said else {}


def check(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Can contexts be made of what is said, are keys for us alone, is each certificate asked for that must be shown?"""
    yield from _shown_to_nobody(document, settings)
    for steps, tls in secured(settings):
        yield from _tried(document, steps, tls)
    for destination in settings.destinations:
        if isinstance(destination, StowDestination):
            yield from _web(document, destination)
        elif isinstance(destination, BucketDestination) and destination.tls is not None and not destination.secure:
            yield _idle(document, ("destinations", destination.name, "bucket", "tls"))


def secured(settings: Settings) -> Iterator[tuple[Steps, ServerTls | ClientTls]]:
    """Every `tls` that does something, with its place in the gateway file."""
    for receiver in settings.receivers:
        if isinstance(receiver, DicomReceiver | StowReceiver) and receiver.tls is not None:
            kind = "dicom" if isinstance(receiver, DicomReceiver) else "stow"
            yield ("receivers", receiver.name, kind, "tls"), receiver.tls
    for destination in settings.destinations:
        steps = ("destinations", destination.name)
        match destination:
            case DicomDestination(tls=ClientTls() as tls):
                yield (*steps, "dicom", "tls"), tls
            case StowDestination(tls=ClientTls() as tls) if urlsplit(destination.url).scheme != "http":
                yield (*steps, "stow", "tls"), tls
            case BucketDestination(tls=ClientTls() as tls, secure=True):
                yield (*steps, "bucket", "tls"), tls
    audit = settings.observing.audit
    if audit is not None and audit.tls is not None:
        yield ("observe", "audit"), audit.tls


def _shown_to_nobody(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Could a peer that must show a certificate never send, because no port that it may call asks for one?"""
    ports = [each for each in settings.receivers if isinstance(each, DicomReceiver)]
    for peer in settings.peers:
        may_call = [port for port in ports if port.peers is None or peer in port.peers]
        if peer.certificate and may_call and not any(port.tls and port.tls.client_ca for port in may_call):
            message = f"no receiver would ask `{peer.aet}` for its certificate, and all would reject it without"
            found = diagnose("DR726", document.span(("peers", peer.aet, "certificate")), message)
            yield found.with_note("say `tls` with `client_ca` at a receiver that it may call")


def _web(document: Document, destination: StowDestination) -> Iterator[Diagnostic]:
    """Is what goes to a DICOMweb server readable for those on the way?"""
    steps: Steps = ("destinations", destination.name, "stow")
    parts = urlsplit(destination.url)
    plain = parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" and destination.tls is not None:
        yield _idle(document, (*steps, "tls"))
    if plain and destination.token:
        message = f"everybody on the way could read the token of `{destination.name}`"
        found = diagnose("DR725", document.span((*steps, "url")), message, "without TLS")
        found = found.with_note("write `https:`, or take the token away")
        yield found.with_label(document.key_span((*steps, "token")), "sent with every request")


def _idle(document: Document, steps: Steps) -> Diagnostic:
    found = diagnose("DR706", document.key_span(steps), "`tls` does nothing at an address with `http:`")
    return found.with_note("write `https:`, or take `tls` away")


def _tried(document: Document, steps: Steps, tls: ServerTls | ClientTls) -> Iterator[Diagnostic]:
    if tls.key is not None and tls.certificate is None:
        found = diagnose("DR705", document.key_span(steps), "`key` without `certificate` shows nothing to anybody")
        yield found.with_note("say `certificate` too, or take `key` away")
        return
    if isinstance(tls, ServerTls) and tls.client_crl is not None and tls.client_ca is None:
        message = "`client_crl` without `client_ca`: nobody is asked for a certificate"
        yield diagnose("DR705", document.key_span(steps), message).with_note("say `client_ca` too, or take it away")
        return
    try:
        context(tls)
    except Unusable as problem:
        yield diagnose("DR723", document.key_span(steps), _as_said(str(problem), document.at(steps), tls))
    yield from _ending(document, steps, tls)
    with suppress(OSError):
        if tls.key is not None and os.stat(tls.key).st_mode & (stat.S_IROTH | stat.S_IWOTH):
            said = document.at((*steps, "key"))
            found = diagnose("DR724", document.span((*steps, "key")), f"everybody can read the key {said}")
            yield found.with_note(f"run: chmod 600 {said}, and have a new key made if others may have seen it")


def _ending(document: Document, steps: Steps, tls: ServerTls | ClientTls) -> Iterator[Diagnostic]:
    """What will soon let nobody through. No error: whatever else the gateway does would stop for it."""
    now = datetime.now(UTC)
    for one in ends(tls):
        if one.at - now < SOON:
            when = "ends" if one.at > now else "has ended"
            text = f"the {one.what} in {one.path} {when} on {one.at:%Y-%m-%d}"
            found = diagnose("DR728", document.key_span(steps), _as_said(text, document.at(steps), tls))
            yield found.with_note("put a new one in its place; a gateway that runs reads it at once")


def _as_said(text: str, said: Block, tls: ServerTls | ClientTls) -> str:
    """A message with paths as their author wrote them."""
    for key in ("certificate", "key", "ca", "client_ca", "client_crl"):
        if key in said:
            text = text.replace(str(getattr(tls, key)), said[key])
    return text
