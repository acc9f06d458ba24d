"""The `DicomModalities` of an Orthanc configuration, made into `peers` and `destinations`."""

import json
import re
from collections.abc import Container, Iterator, Mapping
from itertools import chain, count
from typing import Any

from dicomrules.config.imported import Unusable, bounded, page, quoted, shown
from dicomrules.config.schema import schema

MAX_ENTRIES = 10_000

_AET = re.compile(schema()["$defs"]["aet"]["pattern"])
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_HOST = re.compile(schema()["$defs"]["host"]["pattern"])


def orthanc(text: str) -> str:
    """`peers` and `destinations` from the `DicomModalities` of an Orthanc configuration, or of that block alone.

    A modality is `["AET", "host", port]`, the same with a manufacturer behind, or an object. Raises Unusable.
    """
    modalities = _modalities(text)
    notes: list[str] = []
    peers: dict[str, str] = {}
    destinations: dict[str, str] = {}
    for symbolic, said in modalities.items():
        try:
            aet, host, port = _modality(said)
        except Unusable as problem:
            notes.append(f"{shown(symbolic)}: {problem}: left out")
            continue
        name = _destination_name(symbolic, destinations)
        notes += [f"{name}: {note}" for note in _without_counterpart(said)]
        if isinstance(said, dict) and said.get("AllowStore") is False:
            notes.append(f"{name}: AllowStore is false: it is no peer, so that it may not send to us")
        elif aet in peers:
            notes.append(f"{name}: a second modality with the AE title {aet}: one peer is made, with the first address")
        else:
            peers[aet] = f"  {quoted(aet)}: {{host: {quoted(host)}, port: {port}}}"
        calling = f", calling_aet: {quoted(said['LocalAet'])}" if _local_aet(said) else ""
        place = f"aet: {quoted(aet)}, host: {quoted(host)}, port: {port}{calling}"
        destinations[name] = f"  {name}:\n    dicom: {{{place}{_timeout(said)}{_tls(said)}}}"
    if not destinations:
        raise Unusable("it names no modality that can be a destination")
    lines = [*(("peers:", *peers.values()) if peers else ()), "destinations:", *destinations.values()]
    return page("DicomModalities of Orthanc", notes, lines)


def _modalities(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(_plain(bounded(text)))
    except (ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unusable(f"it is not JSON as Orthanc reads it{where}") from None
    modalities = value.get("DicomModalities", value) if isinstance(value, dict) else None
    if not isinstance(modalities, dict) or len(modalities) > MAX_ENTRIES:
        raise Unusable("it has no block `DicomModalities`")
    return modalities


def _modality(said: Any) -> tuple[str, str, int]:
    """AE title, host and port of a modality in any of the three spellings."""
    if isinstance(said, list) and len(said) in (3, 4):
        aet, host, port = said[:3]
    elif isinstance(said, dict):
        aet, host, port = (said.get(key) for key in ("AET", "Host", "Port"))
    else:
        raise Unusable("neither a list of three or four, nor an object")
    if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) < 6:
        port = int(port)
    if not isinstance(aet, str) or not _AET.search(aet):
        raise Unusable("its AE title is none")
    if not isinstance(host, str) or not _HOST.search(host):
        raise Unusable("its host is neither a name nor an address")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise Unusable("its port is none")
    return aet, host, port


def _without_counterpart(said: Any) -> Iterator[str]:
    """What a modality says beside its place, and what to do about it."""
    if isinstance(said, list):
        said = {"Manufacturer": said[3]} if len(said) == 4 else {}
    if said.get("Manufacturer", "Generic") != "Generic":
        yield f"Manufacturer {shown(said['Manufacturer'])} has no counterpart: rules change what leaves, where needed"
    if said.get("UseDicomTls") is True:
        yield "UseDicomTls: say under `tls` whose certificates count (`ca`), and ours if it asks for one"
    if said.get("AllowTranscoding") is False:
        yield "AllowTranscoding is false: compressed images are never transcoded here"
    if said.get("AllowStorageCommitment") is True:
        yield "AllowStorageCommitment: `commitment` of the receiver says what is answered, the same to all peers"
    if said.get("AllowEcho") is False:
        yield "AllowEcho is false: to refuse C-ECHO, list no Verification in `contexts`"
    known = {"AET", "Host", "Port", "LocalAet", "Timeout", "Manufacturer", "UseDicomTls", "AllowTranscoding"}
    served = {"AllowStorageCommitment", "AllowEcho", "AllowStore", "AllowFind", "AllowMove", "AllowGet"}
    asked = sorted(key for key in ("AllowFind", "AllowMove", "AllowGet") if said.get(key) is True)
    if asked:
        yield f"{', '.join(asked)}: a gateway answers no queries"
    for key in sorted(set(said) - known - served):
        yield f"{shown(key)} has no counterpart"


def _local_aet(said: Any) -> bool:
    local = said.get("LocalAet") if isinstance(said, dict) else None
    return isinstance(local, str) and bool(_AET.search(local))


def _timeout(said: Any) -> str:
    """Orthanc's time-out, in seconds, is the wait for a response; 0 is its default."""
    seconds = said.get("Timeout") if isinstance(said, dict) else None
    whole = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < 1_000_000
    return f", timeouts: {{response: {seconds}s}}" if whole else ""


def _tls(said: Any) -> str:
    """A destination that is to be reached by TLS is never made one without, even before its keys are filled in."""
    return ", tls: {}" if isinstance(said, dict) and said.get("UseDicomTls") is True else ""


def _destination_name(symbolic: str, taken: Container[str]) -> str:
    """A name of a destination made from a symbolic name, and one of its own when that is taken."""
    name = re.sub("[^a-z0-9_]+", "_", symbolic.lower()).strip("_")[:56]
    if not name or not name[0].isalpha():
        name = f"modality_{name}".rstrip("_")
    numbered = (f"{name}_{number}" for number in count(2))
    return next(each for each in chain((name,), numbered) if each not in taken)


def _plain(text: str) -> str:
    """JSON without what Orthanc takes beyond it: `//` and `/* */` comments, and a comma before a closing bracket.

    Lines keep their numbers.
    """
    pieces = re.finditer(rf"{_STRING}|//[^\n]*|/\*.*?\*/|.", text, re.DOTALL)
    bare = "".join("\n" * piece[0].count("\n") if piece[0][:2] in ("//", "/*") else piece[0] for piece in pieces)
    return re.sub(rf"({_STRING})|,(?=\s*[\]}}])", lambda piece: piece[1] or "", bare)
