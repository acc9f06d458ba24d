"""What a schema cannot see: names that belong together, addresses, ports, folders. One function for each question."""

import ipaddress
import os
from collections.abc import Iterator
from itertools import combinations
from urllib.parse import urlsplit

from dicomrules.config import agreements, guarded, naming, security, web
from dicomrules.config.document import Document, Steps
from dicomrules.config.settings import Settings
from dicomrules.model.destination import BucketDestination, DicomDestination, FolderDestination, StowDestination
from dicomrules.model.observing import Mail
from dicomrules.model.receiver import DicomReceiver, FolderReceiver, StowReceiver
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span
from dicomrules.text.suggest import did_you_mean, nearest

_MIN_PDU, _MAX_PDU = 4 * 1024, 1024 * 1024


def check(document: Document, settings: Settings) -> list[Diagnostic]:
    """Everything that is wrong with `settings`, pointed at in `document`, which fits the schema."""
    if wrong := list(_urls(document, settings)):
        return wrong  # the others take them apart
    return [
        *_peers(document, settings),
        *_allowed(document, settings),
        *_addresses(document, settings),
        *_ports(document, settings),
        *_observed(document, settings),
        *_folders(document, settings),
        *naming.check(document, settings),
        *agreements.check(document, settings),
        *security.check(document, settings),
        *web.check(document, settings),
        *guarded.check(document, settings),
        *_sizes(document, settings),
        *_pauses(document, settings),
    ]


def _peers(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Is what looks like an address or a block one?"""
    for peer in settings.peers:
        if "/" not in peer.host and ":" not in peer.host and not peer.host.replace(".", "").isdigit():
            continue  # a host name
        try:
            ipaddress.ip_network(peer.host, strict=False)
        except ValueError:
            span = document.span(("peers", peer.aet, "host"))
            message = f"`{peer.host}` is neither an address nor a CIDR block such as 10.20.0.0/16"
            yield diagnose("DR706", span, message)


def _allowed(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Does `from` name peers that exist, and is there anybody at all?"""
    known = [peer.aet for peer in settings.peers]
    for receiver in settings.receivers:
        if not isinstance(receiver, DicomReceiver):
            continue
        steps: Steps = ("receivers", receiver.name, "dicom")
        said = document.at(steps).get("from", "known")
        if said == "known" and not known:
            found = diagnose("DR713", document.span((*steps, "from")), f"nobody may send to `{receiver.name}`")
            yield found.with_note("name the applications under `peers:`, or, on loopback only, say `from: anyone`")
        for number, aet in enumerate(said if isinstance(said, list) else ()):
            if aet not in known:
                span = document.span((*steps, "from", number))
                near = nearest(aet, known, 1)
                found = diagnose("DR711", span, f"unknown peer `{aet}`", did_you_mean(near))
                yield (
                    found.with_fix("write", span, near[0])
                    if near
                    else found.with_note(f"add it to `peers:`, as `{aet}: {{host: …}}`")
                )


def _addresses(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Is `bind` an address, and does one beyond loopback know whom it serves?"""
    for receiver in settings.receivers:
        if not isinstance(receiver, DicomReceiver):
            continue
        span = document.span(("receivers", receiver.name, "dicom", "bind"))
        address = _address(receiver.bind)
        if address is None:
            message = f"`{receiver.bind}` is not an address of this machine, such as 127.0.0.1 or 0.0.0.0"
            yield diagnose("DR706", span, message)
        elif not address.is_loopback and receiver.peers is None and not (receiver.tls and receiver.tls.client_ca):
            message = f"`{receiver.name}` would take objects from every computer of the network"
            found = diagnose("DR712", span, message, "listens beyond this machine")
            said = document.span(("receivers", receiver.name, "dicom", "from"))
            yield found.with_label(said, "and asks nobody who they are").with_fix(
                "name the peers and write", said, "known"
            )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _urls(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Is what stands in brackets an address, and what stands behind the colon a port?"""
    for destination in settings.destinations:
        if isinstance(destination, StowDestination):
            url, steps = destination.url, ("stow", "url")
        elif isinstance(destination, BucketDestination):
            url, steps = f"//{destination.host}", ("bucket", "endpoint")
        else:
            continue
        try:
            wrong = "0 is not a port: those are from 1 to 65535" if urlsplit(url).port == 0 else ""
        except ValueError as error:
            wrong = str(error)[0].lower() + str(error)[1:]
        if wrong:
            span = document.span(("destinations", destination.name, *steps))
            yield diagnose("DR706", span, f"`{destination.name}` has no address that can be called: {wrong}")


def _ports(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Do two receivers want the same port of the same address?"""
    receivers = [receiver for receiver in settings.receivers if isinstance(receiver, DicomReceiver | StowReceiver)]
    for first, second in combinations(receivers, 2):
        everywhere = {"0.0.0.0", "::"} & {first.bind, second.bind}  # noqa: S104 - looked for, not listened on
        if first.port == second.port and (first.bind == second.bind or everywhere):
            message = f"`{first.name}` and `{second.name}` both listen on port {first.port}"
            found = diagnose("DR714", _port(document, second), message, "and again")
            found = found.with_label(_port(document, first), "first said here")
            yield found.with_note("give one of them another port")


def _observed(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Are the ports of `observe` ports, and is that of its pages no receiver's?"""
    said = settings.observing
    places: dict[Steps, int] = {("http",): said.http[1]} if said.http else {}
    if said.audit is not None:
        places["audit", "syslog"] = said.audit.port
    places |= {
        ("alarms", number, "mail", "via"): one.port for number, one in enumerate(said.alarms) if isinstance(one, Mail)
    }
    for steps, port in places.items():
        if not 1 <= port <= 65535:
            span = document.span(("observe", *steps))
            yield diagnose("DR706", span, f"{port} is not a port: those are from 1 to 65535")
    for receiver in settings.receivers:
        if not isinstance(receiver, DicomReceiver | StowReceiver) or said.http is None:
            continue
        host, port = said.http[0].replace("localhost", "127.0.0.1"), said.http[1]
        if receiver.port == port and receiver.bind in (host, "0.0.0.0", "::"):  # noqa: S104 - looked for
            message = f"`{receiver.name}` and `observe.http` both listen on port {port}"
            found = diagnose("DR714", document.span(("observe", "http")), message, "and again")
            found = found.with_label(_port(document, receiver), "first said here")
            yield found.with_note("give one of them another port")


def _port(document: Document, receiver: DicomReceiver | StowReceiver) -> Span:
    """Where the port of a receiver is said."""
    said = ("dicom", "port") if isinstance(receiver, DicomReceiver) else ("stow", "bind")
    return document.span(("receivers", receiver.name, *said))


def _folders(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Can anything that we write come in again, or anything of ours be taken for something that came?"""
    watched = [receiver for receiver in settings.receivers if isinstance(receiver, FolderReceiver)]
    written = [destination for destination in settings.destinations if isinstance(destination, FolderDestination)]
    state = os.path.realpath(settings.state)
    for receiver in watched:
        path, span = os.path.realpath(receiver.path), document.span(("receivers", receiver.name, "folder", "path"))
        for key, aside in (("failed", receiver.failed), ("after", receiver.done)):
            if aside is not None and os.path.realpath(aside) == path:
                place = document.span(("receivers", receiver.name, "folder", key))
                yield _clash(place, f"`{key}` of `{receiver.name}` is the watched folder itself", span, "watched")
        for destination in written:
            if _inside(path, os.path.realpath(destination.path)):
                place = document.span(("destinations", destination.name, "folder", "path"))
                message = f"`{destination.name}` would write into the folder that `{receiver.name}` watches"
                yield _clash(place, message, span, "watched")
        if _inside(path, state):
            yield _clash(span, f"`{receiver.name}` watches the state folder", _state(document), "spool and ledger")
    for first, second in combinations(watched, 2):
        if os.path.realpath(first.path) == os.path.realpath(second.path):
            place, other = (document.span(("receivers", one.name, "folder", "path")) for one in (second, first))
            yield _clash(place, f"`{first.name}` and `{second.name}` watch one folder", other, "first said here")
    for destination in written:
        path = os.path.realpath(destination.path)
        if _inside(path, state) or _inside(state, path):
            place = document.span(("destinations", destination.name, "folder", "path"))
            yield _clash(
                place, f"`{destination.name}` and the state folder overlap", _state(document), "spool and ledger"
            )


def _clash(span: Span, message: str, other: Span, label: str) -> Diagnostic:
    found = diagnose("DR715", span, message).with_label(other, label)
    return found.with_note("choose a folder of its own, neither inside of the other")


def _state(document: Document) -> Span:
    return document.span(("gateway", "state"))


def _inside(path: str, folder: str) -> bool:
    """Is `path` the folder, or below it?"""
    return os.path.commonpath((path, folder)) == folder


def _sizes(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Are PDU lengths of an order that peers can live with?"""
    for end in (*settings.receivers, *settings.destinations):
        if isinstance(end, DicomReceiver | DicomDestination) and not _MIN_PDU <= end.max_pdu <= _MAX_PDU:
            kind = "receivers" if isinstance(end, DicomReceiver) else "destinations"
            span = document.span((kind, end.name, "dicom", "max_pdu"))
            yield diagnose("DR706", span, f"`max_pdu` of `{end.name}` is not between 4KB and 1MB")
    for number, entry in enumerate(settings.contexts or ()):
        if entry.max_pdu is not None and not _MIN_PDU <= entry.max_pdu <= _MAX_PDU:
            span = document.span(("contexts", number, "max_pdu"))
            yield diagnose("DR706", span, f"`max_pdu` of entry {number + 1} of `contexts` is not between 4KB and 1MB")


def _pauses(document: Document, settings: Settings) -> Iterator[Diagnostic]:
    """Does a retry policy grow?"""
    for destination in settings.destinations:
        if destination.retry.first > destination.retry.up_to:
            span = document.span(("destinations", destination.name, "retry", "first"))
            yield diagnose("DR706", span, f"`first` of `{destination.name}` is longer than `up_to`")
