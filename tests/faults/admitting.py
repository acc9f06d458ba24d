"""One gateway that takes objects by C-STORE and out of folders, for all cases about what it takes."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.gateway import Gateway
from tests.peers.raw_dul import CT, EXPLICIT, VERIFICATION, RawPeer
from tests.peers.running import free_port, until
from tests.peers.sink import Sink, Stored

SITE = Path(__file__).parent / "admission"


@dataclass
class Admitting:
    """The gateway with its sink; `port` is that of its receiver."""

    gateway: Gateway
    sink: Sink
    port: int

    @property
    def folder(self) -> Path:
        return self.gateway.folder

    def drop(self, name: str | bytes, content: bytes, into: str = "in") -> Path:
        """Put a file into a watched folder as careful programs do: under a hidden name, then renamed."""
        folder = self.folder / into
        folder.mkdir(exist_ok=True)
        hidden = folder / ".growing"
        hidden.write_bytes(content)
        target = folder / (name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"))
        return hidden.rename(target)

    @contextmanager
    def peer(self, syntax: str = EXPLICIT, sop_class: str = CT, calling: str = "CT_A1") -> Iterator[RawPeer]:
        """An association with one context for objects, and one for C-ECHO."""
        with RawPeer(self.port, timeout=60) as peer:
            contexts = ((1, sop_class, syntax), (3, VERIFICATION, "1.2.840.10008.1.2"))
            peer.associate(calling=calling, called="DICOMRULES", contexts=contexts)
            yield peer

    def of(self, sop_instance: str) -> list[Stored]:
        """What the sink has got of an instance."""
        return [one for one in self.sink.acknowledged() if one.sop_instance == sop_instance]

    def arrived(self, sop_instances: Sequence[str], seconds: float = 30) -> None:
        """Wait until the sink has got them all."""
        wanted = set(sop_instances)
        until(lambda: wanted <= {one.sop_instance for one in self.sink.acknowledged()}, seconds, "all instances")

    def gone(self, *paths: Path) -> None:
        """Wait until these have left their folder."""
        until(lambda: not any(path.exists() or path.is_symlink() for path in paths), 30, "the folder to be empty")

    def reason(self, name: str) -> str:
        """Why something went to `failed`, when it did."""
        note = self.folder / "failed" / f"{name}.reason.txt"
        until(lambda: note.exists() and note.read_text().endswith("again.\n"), 30, f"the reason beside {name}")
        self.gone(self.folder / "in" / name)
        return note.read_text()

    def received(self, receiver: str) -> dict[str, int]:
        """Counts of a receiver."""
        status = json.loads(self.gateway.ask("status", "--format", "json"))
        found = [each for each in status["receivers"] if each["name"] == receiver]
        return found[0] if found else {"instances": 0, "duplicates": 0, "conflicts": 0}


@contextmanager
def admitting(folder: Path) -> Iterator[Admitting]:
    """A gateway in this folder, running."""
    port = free_port()
    with Sink(keep=True) as sink:
        gateway = Gateway(folder / "gateway", SITE, port=port, sink=sink.port)
        for watched in ("in", "kept"):
            (gateway.folder / watched).mkdir()
        gateway.start()
        try:
            yield Admitting(gateway, sink, port)
        finally:
            if gateway.running():
                gateway.stop()
