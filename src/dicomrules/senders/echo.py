"""Asks a destination whether it is there and knows us: C-ECHO (PS3.4 Annex A), or a search by QIDO-RS (PS3.18 10.6)
that finds nothing; and in words why not.
"""

import time
from dataclasses import dataclass

from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dicomrules.model.destination import StowDestination
from dicomrules.model.exchange import Exchange
from dicomrules.model.terms import Terms
from dicomrules.net.association import Association, Target
from dicomrules.net.failures import AssociationError
from dicomrules.senders import stow
from dicomrules.senders.http import Client, NoAnswer, Request
from dicomrules.wire.associate import ProposedContext
from dicomrules.wire.dimse import VERIFICATION

_SYNTAXES = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)


@dataclass(frozen=True, slots=True)
class Echo:
    """How a C-ECHO ended. `seconds` is the time from the connection to the response, `text` the reason in words."""

    ok: bool
    text: str
    seconds: float
    status: int | None = None
    exchange: Exchange | None = None


def proposed(terms: Terms | None) -> tuple[ProposedContext, ...]:
    """The context of a C-ECHO; none where the association settings list no Verification."""
    if terms is not None and VERIFICATION not in terms.classes:
        return ()
    return (ProposedContext(1, VERIFICATION, (terms and terms.classes[VERIFICATION]) or _SYNTAXES),)


def echo(target: Target, terms: Terms | None = None) -> Echo:
    """One C-ECHO over an association of its own. Never raises for what a peer or the network does."""
    began = time.monotonic()
    offered = proposed(terms)
    if not offered:
        return Echo(False, "the entry of `contexts` for this pair of AE titles lists no Verification", 0.0)
    try:
        with Association(target, offered) as association:
            if not association.contexts:
                return Echo(False, "the peer takes the association, but no C-ECHO", time.monotonic() - began)
            exchange = association.echo(association.contexts[0])
            seconds = time.monotonic() - began
    except AssociationError as error:
        return Echo(False, error.text, time.monotonic() - began, exchange=error.exchange)
    status = int((exchange.response or {})["Status"])
    text = "C-ECHO answered" if status == 0 else f"C-ECHO answered with status 0x{status:04X}"
    return Echo(status == 0, text, seconds, status, exchange)


# No instance has it, so nothing of any patient comes back (PS3.5 B.2: the UID of a UUID, here of all zeros)
_NOBODY = "2.25.0"


def ask_web(destination: StowDestination) -> Echo:
    """One search for a study that nobody has. Never raises for what a server or the network does.

    STOW-RS has nothing that asks without storing. A server that stores and does not search is there all the same.
    """
    began = time.monotonic()
    url = f"{destination.url.rstrip('/')}/studies?StudyInstanceUID={_NOBODY}"
    headers = {"Accept": "application/dicom+json", **stow.authorization(destination)}
    try:
        with Client(destination.timeouts, destination.tls) as client:
            code = client.ask(Request("GET", url, headers)).status
    except NoAnswer as none:
        return Echo(False, none.text, time.monotonic() - began)
    seconds = time.monotonic() - began
    if code in (405, 501):
        return Echo(True, f"it is there, and takes no searches (HTTP {code})", seconds, code)
    if 200 <= code < 300:
        return Echo(True, "QIDO-RS answered", seconds, code)
    return Echo(False, stow.words_of(code), seconds, code)
