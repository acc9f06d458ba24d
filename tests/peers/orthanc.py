"""Orthanc as a PACS or an archive: a real process with its own folder, spoken to over its REST interface."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.peers.running import Running, free_port, need, until

# name of a modality -> (AE title, port)
Modalities = dict[str, tuple[str, int]]


class Orthanc(Running):
    """An Orthanc that checks the called AE title, and the calling one against its modalities."""

    def __init__(self, folder: Path, aet: str, modalities: Modalities | None = None, lua: str = "", **more: Any):
        program = need("Orthanc")
        folder.mkdir(parents=True, exist_ok=True)
        self.aet, self.port, self.http = aet, free_port(), free_port()
        if lua:
            (folder / "script.lua").write_text(lua)
        settings = {
            "Name": aet,
            "StorageDirectory": "db",
            "IndexDirectory": "db",
            "DicomAet": aet,
            "DicomPort": self.port,
            "HttpPort": self.http,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowEcho": False,
            "DicomAlwaysAllowStore": False,
            "DicomCheckModalityHost": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "UnknownSopClassAccepted": True,
            "OverwriteInstances": True,
            "StableAge": 1,
            "LuaScripts": ["script.lua"] if lua else [],
            "DicomModalities": {
                name: {"AET": title, "Host": "127.0.0.1", "Port": at}
                for name, (title, at) in (modalities or {}).items()
            },
            **more,
        }
        (folder / "orthanc.json").write_text(json.dumps(settings))
        super().__init__([program, str(folder / "orthanc.json")], folder / "orthanc.log", cwd=folder)

    def start(self) -> None:
        super().start()
        until(self._answers, 30, f"Orthanc {self.aet}")

    def __enter__(self) -> "Orthanc":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _answers(self) -> bool:
        try:
            return bool(self.get("/system"))
        except (urllib.error.URLError, ConnectionError):
            return False

    def get(self, path: str) -> Any:
        """GET as JSON, or as bytes where the answer is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=20) as answer:
            body = answer.read()
            return json.loads(body) if "json" in answer.headers.get("Content-Type", "") else body

    def post(self, path: str, body: bytes | str) -> Any:
        """POST, and the answer as JSON."""
        payload = body if isinstance(body, bytes) else body.encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", payload, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def instances(self) -> list[str]:
        """Orthanc's own identifiers of all it stores."""
        return list(self.get("/instances"))

    def tags(self, identifier: str) -> dict[str, Any]:
        """Keyword -> value of one instance."""
        return dict(self.get(f"/instances/{identifier}/simplified-tags"))

    def file(self, identifier: str) -> bytes:
        """The stored Part 10 file."""
        return bytes(self.get(f"/instances/{identifier}/file"))

    def metadata(self, identifier: str) -> dict[str, str]:
        """How it arrived: RemoteAET, CalledAET, TransferSyntax …"""
        return dict(self.get(f"/instances/{identifier}/metadata?expand"))

    def send_to(self, modality: str, identifiers: list[str]) -> Any:
        """What a person does with "send to modality"."""
        return self.post(f"/modalities/{modality}/store", json.dumps(identifiers))
