"""The values of a gateway file that fits the schema, made into Settings. Nothing here can fail; `checks` judges."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicomrules.config.settings import ParameterValue, Settings
from dicomrules.config.units import duration, size
from dicomrules.model.destination import Destination, DicomDestination, FolderDestination, RetryPolicy, Timeouts
from dicomrules.model.receiver import After, DicomReceiver, FolderReceiver, KnownPeer, Limits, Receiver

Block = Mapping[str, Any]

_DURATIONS = {"study_live", "history", "settle", "retention", "first", "up_to", "alarm_after", "connect", "response"}
_SIZES = {"object", "value", "memory", "free_space", "max_pdu"}


def settings(file: Path, folder: Path, value: Block, parameters: Mapping[str, ParameterValue]) -> Settings:
    """The Settings that `value`, the whole gateway file, stands for. Relative paths start at `folder`."""
    gateway = value["gateway"]
    peers = tuple(KnownPeer(aet, **peer) for aet, peer in value.get("peers", {}).items())
    limits = Limits(**_taken(value.get("limits", {}), *value.get("limits", {})))
    receivers = value["receivers"].items()
    return Settings(
        path=file,
        state=absolute(folder, gateway.get("state", "var")),
        rules=tuple(absolute(folder, path) for path in value["rules"]),
        receivers=tuple(_receiver(folder, name, block, (gateway["aet"], peers, limits)) for name, block in receivers),
        destinations=tuple(
            _destination(folder, name, block, gateway["aet"]) for name, block in value["destinations"].items()
        ),
        parameters=parameters,
        peers=peers,
        limits=limits,
        **_taken(gateway, "name", "aet", "study_live", "history"),
    )


def absolute(folder: Path, path: str) -> Path:
    """`path` without `.` and `..`, started at `folder` when relative; symbolic links stay as they are."""
    return Path(os.path.abspath(folder / path))


def _receiver(folder: Path, name: str, block: Block, known: tuple[str, tuple[KnownPeer, ...], Limits]) -> Receiver:
    aet, peers, limits = known
    if "dicom" in block:
        return _dicom_receiver(name, block["dicom"], aet, peers, limits)
    return _folder_receiver(folder, name, block["folder"], limits)


def _dicom_receiver(name: str, block: Block, aet: str, peers: tuple[KnownPeer, ...], limits: Limits) -> DicomReceiver:
    said = block.get("from", "known")
    called = block.get("called_aet", [aet])
    allowed = peers if said == "known" else tuple(peer for peer in peers if peer.aet in said)
    return DicomReceiver(
        name=name,
        peers=None if said == "anyone" else allowed,
        called_aets=None if called == "any" else tuple(called),
        accept_unknown_classes=block.get("unknown_classes") == "accept",
        limits=limits,
        **_taken(block, "port", "bind", "associations", "per_address", "max_pdu"),
    )


def _folder_receiver(folder: Path, name: str, block: Block, limits: Limits) -> FolderReceiver:
    path = absolute(folder, block["path"])
    after = block.get("after", "delete")
    move = after["move"] if isinstance(after, dict) else None
    return FolderReceiver(
        name=name,
        path=path,
        failed=absolute(folder, block["failed"]) if "failed" in block else path / "failed",
        after=After.MOVE if move is not None else After(after),
        done=None if move is None else absolute(folder, move),
        limits=limits,
        **_taken(block, "pattern", "settle", "calling_aet", "called_aet"),
    )


def _destination(folder: Path, name: str, block: Block, aet: str) -> Destination:
    retry = block.get("retry", {})
    shared: dict[str, Any] = {"retry": RetryPolicy(**_taken(retry, *retry)), **_taken(block, "retention")}
    if "folder" in block:
        said = block["folder"]
        template = {"template": said["name"]} if "name" in said else {}
        return FolderDestination(name, absolute(folder, said["path"]), **template, **shared)
    said = block["dicom"]
    timeouts = said.get("timeouts", {})
    return DicomDestination(
        name=name,
        calling_aet=said.get("calling_aet", aet),
        timeouts=Timeouts(**_taken(timeouts, *timeouts)),
        **_taken(said, "aet", "host", "port", "associations", "max_pdu"),
        **shared,
    )


def _taken(block: Block, *keys: str) -> dict[str, Any]:
    """Those of `keys` that are said, durations and sizes as values; the others have their default in the model."""
    return {key: _meaning(key, block[key]) for key in keys if key in block}


def _meaning(key: str, value: Any) -> Any:
    if key in _DURATIONS:
        return duration(value)
    if key in _SIZES:
        return size(value)
    return int(value) if isinstance(value, float) else value
