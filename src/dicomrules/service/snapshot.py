"""The texts that a gateway was compiled from, kept in its state folder: one file for each fingerprint of the rules.

The parent reads the files once, and its children compile what it has kept: so that a file that changes in between
cannot make two processes of one gateway decide by different rules. The last fifty stay, so that what was decided by
rules of the past can be explained by them. Tables may hold patient data: the folder is the state folder's.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = "rules"
CURRENT = "current"
KEPT = 50


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One gateway file with every file that its rules are made of, by name. `number` counts reloads of this run."""

    gateway: str
    texts: Mapping[str, str]
    fingerprint: str
    number: int = 0

    def read(self, name: str) -> str:
        """The text of a file. KeyError when it is not among those that were read."""
        return self.texts[name]


def keep(state: Path, snapshot: Snapshot) -> None:
    """Write it down, say that it counts now, and forget what is older than the last fifty. Raises OSError."""
    folder = state / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    content = {"gateway": snapshot.gateway, "texts": dict(snapshot.texts), "fingerprint": snapshot.fingerprint}
    name = f"{snapshot.fingerprint[:32]}-{hashlib.sha256(snapshot.gateway.encode()).hexdigest()[:16]}.json"
    _write(folder / name, json.dumps(content))
    _write(folder / CURRENT, json.dumps({"file": name, "number": snapshot.number}))
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for old in files[KEPT:]:
        old.unlink(missing_ok=True)


def current(state: Path) -> Snapshot:
    """The one that counts now. Raises OSError, ValueError, KeyError when there is none, or it cannot be read."""
    folder = state / FOLDER
    pointer = json.loads((folder / CURRENT).read_text("utf-8"))
    content = json.loads((folder / pointer["file"]).read_text("utf-8"))
    return Snapshot(content["gateway"], content["texts"], content["fingerprint"], pointer["number"])


def _write(path: Path, text: str) -> None:
    """All of it under its name, or nothing."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    with open(unfinished, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
