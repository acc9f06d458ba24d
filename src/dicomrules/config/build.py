"""The values of a gateway file that fits the schema, made into Settings. Nothing here can fail; `checks` judges."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicomrules.config import agreements, security
from dicomrules.config.document import Steps
from dicomrules.config.observing import observing
from dicomrules.config.settings import ParameterValue, Settings
from dicomrules.config.units import duration, size
from dicomrules.model.admission import Admission, Policy
from dicomrules.model.commitment import CommitmentPolicy, CommitmentTerms
from dicomrules.model.destination import (
    BucketDestination,
    Destination,
    DicomDestination,
    FolderDestination,
    RetryPolicy,
    StowDestination,
    Timeouts,
)
from dicomrules.model.receiver import After, DicomReceiver, FolderReceiver, KnownPeer, Limits, Receiver, StowReceiver
from dicomrules.model.terms import Terms, terms_for

Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the file says once and several of its parts need."""

    folder: Path
    aet: str
    peers: tuple[KnownPeer, ...]
    limits: Limits
    contexts: tuple[Terms, ...] | None
    passcodes: Mapping[Steps, str]
    asks: bool  # some destination is asked for storage commitment

    def place(self, path: str) -> Path:
        """A path of the file, made absolute."""
        return absolute(self.folder, path)


_DURATIONS = {
    *("study_live", "history", "settle", "retention", "first", "up_to", "alarm_after"),
    *("connect", "response", "after", "timeout"),
}
_SIZES = {"object", "value", "memory", "archive", "free_space", "max_pdu", "batch"}


def settings(
    file: Path, folder: Path, value: Block, parameters: Mapping[str, ParameterValue], passcodes: Mapping[Steps, str]
) -> Settings:
    """The Settings that `value`, the whole gateway file, stands for. Relative paths start at `folder`; `passcodes` are
    those of users, and tokens, by the way to their references.
    """
    gateway = value["gateway"]
    peers = tuple(_peer(aet, said, passcodes) for aet, said in value.get("peers", {}).items())
    limits = Limits(**_taken(value.get("limits", {}), *value.get("limits", {})))
    asks = any(each.get("dicom", {}).get("commitment", "no") != "no" for each in value["destinations"].values())
    shared = _Shared(folder, gateway["aet"], peers, limits, agreements.terms(value.get("contexts")), passcodes, asks)
    return Settings(
        path=file,
        state=absolute(folder, gateway.get("state", "var")),
        rules=tuple(absolute(folder, path) for path in value["rules"]),
        receivers=tuple(_receiver(shared, name, block) for name, block in value["receivers"].items()),
        destinations=tuple(_destination(shared, name, block) for name, block in value["destinations"].items()),
        parameters=parameters,
        peers=peers,
        contexts=shared.contexts,
        limits=limits,
        observing=observing(value.get("observe"), shared.place, passcodes),
        **_taken(gateway, "name", "aet", "study_live", "history"),
    )


def absolute(folder: Path, path: str) -> Path:
    """`path` without `.` and `..`, started at `folder` when relative; symbolic links stay as they are."""
    return Path(os.path.abspath(folder / path))


def _peer(aet: str, said: Block, passcodes: Mapping[Steps, str]) -> KnownPeer:
    user = security.user(said.get("user"), passcodes.get(("peers", aet, "user", "passcode"), ""))
    return KnownPeer(aet, said["host"], said.get("port", 0), user, said.get("certificate", ""))


def _receiver(shared: _Shared, name: str, block: Block) -> Receiver:
    if "dicom" in block:
        return _dicom_receiver(shared, name, block["dicom"])
    if "stow" in block:
        return _stow_receiver(shared, name, block["stow"])
    return _folder_receiver(shared, name, block["folder"])


def _dicom_receiver(shared: _Shared, name: str, block: Block) -> DicomReceiver:
    said = block.get("from", "known")
    called = block.get("called_aet", [shared.aet])
    allowed = shared.peers if said == "known" else tuple(peer for peer in shared.peers if peer.aet in said)
    return DicomReceiver(
        name=name,
        peers=None if said == "anyone" else allowed,
        called_aets=None if called == "any" else tuple(called),
        accept_unknown_classes=block.get("unknown_classes") == "accept",
        contexts=shared.contexts,
        tls=security.server(block.get("tls"), shared.place),
        users={peer.aet: peer.user for peer in shared.peers if peer.user is not None},
        certificates={peer.aet: peer.certificate for peer in shared.peers if peer.certificate},
        limits=shared.limits,
        admission=_admission(block),
        commitment=CommitmentPolicy(block.get("commitment", CommitmentPolicy.RECEIVED)),
        takes_reports=shared.asks,
        **_taken(block, "port", "bind", "associations", "per_address", "max_pdu"),
    )


def _stow_receiver(shared: _Shared, name: str, block: Block) -> StowReceiver:
    address, _, port = block["bind"].rpartition(":")
    return StowReceiver(
        name=name,
        port=int(port),
        bind=address.strip("[]"),
        token=shared.passcodes.get(("receivers", name, "stow", "token"), ""),
        tls=security.server(block.get("tls"), shared.place),
        limits=shared.limits,
        admission=_admission(block),
        **_taken(block, "path", "calling_aet", "called_aet", "connections", "per_address"),
    )


def _folder_receiver(shared: _Shared, name: str, block: Block) -> FolderReceiver:
    path = absolute(shared.folder, block["path"])
    after = block.get("after", "delete")
    move = after["move"] if isinstance(after, dict) else None
    return FolderReceiver(
        name=name,
        path=path,
        failed=absolute(shared.folder, block["failed"]) if "failed" in block else path / "failed",
        after=After.MOVE if move is not None else After(after),
        done=None if move is None else absolute(shared.folder, move),
        limits=shared.limits,
        admission=_admission(block),
        media=block.get("media") == "yes",
        **_taken(block, "pattern", "zip", "settle", "calling_aet", "called_aet"),
    )


def _admission(block: Block) -> Admission:
    return Admission(**{key: Policy(block[key]) for key in ("conflict", "identity") if key in block})


def _destination(shared: _Shared, name: str, block: Block) -> Destination:
    retry = block.get("retry", {})
    common: dict[str, Any] = {"retry": RetryPolicy(**_taken(retry, *retry)), **_taken(block, "retention")}
    common["only_through"] = tuple(block.get("only_through", ()))
    if "folder" in block:
        said = block["folder"]
        template = {"template": said["name"]} if "name" in said else {}
        return FolderDestination(name, absolute(shared.folder, said["path"]), **template, **common)
    if "bucket" in block:
        return _bucket_destination(shared, name, block["bucket"], common)
    if "stow" in block:
        return _stow_destination(shared, name, block["stow"], common)
    return _dicom_destination(shared, name, block["dicom"], common)


def _bucket_destination(shared: _Shared, name: str, said: Block, common: dict[str, Any]) -> BucketDestination:
    timeouts = said.get("timeouts", {})
    bucket, *prefix = said["url"].removeprefix("s3://").rstrip("/").split("/")
    scheme, _, endpoint = said["endpoint"].partition("://")
    key, secret = (shared.passcodes.get(("destinations", name, "bucket", each), "") for each in ("key", "secret"))
    return BucketDestination(
        name=name,
        host=endpoint.partition("/")[0],
        bucket=bucket,
        key=key,
        secret=secret,
        prefix=tuple(prefix),
        secure=scheme == "https",
        timeouts=Timeouts(**_taken(timeouts, *timeouts)),
        tls=security.client(said.get("tls"), shared.place),
        **({"template": said["name"]} if "name" in said else {}),
        **_taken(said, "region"),
        **common,
    )


def _stow_destination(shared: _Shared, name: str, said: Block, common: dict[str, Any]) -> StowDestination:
    timeouts = said.get("timeouts", {})
    return StowDestination(
        name=name,
        token=shared.passcodes.get(("destinations", name, "stow", "token"), ""),
        timeouts=Timeouts(**_taken(timeouts, *timeouts)),
        tls=security.client(said.get("tls"), shared.place),
        **_taken(said, "url", "batch"),
        **common,
    )


def _dicom_destination(shared: _Shared, name: str, said: Block, common: dict[str, Any]) -> DicomDestination:
    timeouts = said.get("timeouts", {})
    calling = said.get("calling_aet", shared.aet)
    leaves_in = said.get("transfer_syntaxes", "as is")
    return DicomDestination(
        name=name,
        calling_aet=calling,
        timeouts=Timeouts(**_taken(timeouts, *timeouts)),
        transfer_syntaxes=() if leaves_in == "as is" else agreements.syntaxes(leaves_in),
        contexts=shared.contexts,
        terms=None if shared.contexts is None else terms_for(shared.contexts, calling, said["aet"]),
        tls=security.client(said.get("tls"), shared.place),
        user=security.user(
            said.get("user"), shared.passcodes.get(("destinations", name, "dicom", "user", "passcode"), "")
        ),
        commitment=_commitment(said.get("commitment", "no")),
        **_taken(said, "aet", "host", "port", "associations", "max_pdu"),
        **common,
    )


def _commitment(said: str | Block) -> CommitmentTerms | None:
    if isinstance(said, str):
        return CommitmentTerms() if said == "yes" else None
    return CommitmentTerms(**_taken(said, *said))


def _taken(block: Block, *keys: str) -> dict[str, Any]:
    """Those of `keys` that are said, durations and sizes as values; the others have their default in the model."""
    return {key: _meaning(key, block[key]) for key in keys if key in block}


def _meaning(key: str, value: Any) -> Any:
    if key in _DURATIONS:
        return duration(value)
    if key in _SIZES:
        return size(value)
    return int(value) if isinstance(value, float) else value
