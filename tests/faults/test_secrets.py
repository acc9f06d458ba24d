"""L-05: a gateway with every kind of secret uses them, has trouble with them, and shows none of them anywhere."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.faults.processes import intake_and_delivery, peer_at
from tests.faults.senders import image
from tests.faults.test_kill import children
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Behaviour, Sink

SITE = Path(__file__).parent / "secrets"
FILES = {"token": "s3cret-of-the-door", "code": "s3cret-for-sink", "bearer": "s3cret-for-vna"}
ENVIRONMENT = {"CT_PASSCODE": "s3cret-of-a-peer", "SALT": "s3cret-of-the-rules"}
SECRET = "s3cret"


def test_l05_no_secret_is_shown_or_kept_by_a_gateway_that_uses_all_of_them(tmp_path: Path, port: int) -> None:
    with Sink(Behaviour(status=0xC000)) as sink:
        ports = {"port": port, "sink": sink.port, "stow": free_port(), "nobody": free_port(), "http": free_port()}
        gateway = Gateway(tmp_path / "gateway", SITE, **ports)
        files = {**FILES, "webhook": f"http://127.0.0.1:{free_port()}/hook?key=s3cret-of-alarms"}
        for name, text in files.items():
            (gateway.folder / name).write_text(text)
            (gateway.folder / name).chmod(0o600)
        gateway.env |= ENVIRONMENT
        with pytest.MonkeyPatch.context() as patched, gateway:
            for name, text in ENVIRONMENT.items():
                patched.setenv(name, text)  # for the commands
            with peer_at(port, "CT_B2") as peer:
                uid, data = image("PAT1", 1, 2000)
                assert peer.store(uid, data) == 0
            with pytest.raises(AssertionError), peer_at(port, "CT_A1"):
                pass  # without its passcode
            refused(f"http://127.0.0.1:{ports['stow']}/dicom-web/studies")
            until(lambda: gateway.deliveries("sink")["failed"], 20, "what the sink refuses")
            until(lambda: "alarm" in gateway.output() or "outbox" in gateway.output(), 20, "an alarm nobody takes")
            asked = [["status"], ["queue"], ["trace", uid, "--format", "json"], ["held", "list"], ["report"]]
            said = [gateway.ask(*words) for words in asked]
            said.append(gateway.ask("conformance", ok=False))
            said.append(urllib.request.urlopen(f"http://127.0.0.1:{ports['http']}/metrics").read().decode())
            assert gateway.process is not None
            for pid in (gateway.process.pid, *children(gateway.process.pid)):
                said.append(Path(f"/proc/{pid}/cmdline").read_text())
                core = next(line for line in Path(f"/proc/{pid}/limits").read_text().split("\n") if "core" in line)
                assert core.split()[4] == "0", "a core file would hold them all"
            assert intake_and_delivery(gateway)
    said.append(gateway.output())
    assert [text for text in said if SECRET in text] == []
    kept = [file for file in (gateway.folder / "var").rglob("*") if file.is_file()]
    assert [file.name for file in kept if SECRET.encode() in file.read_bytes()] == []
    assert len(kept) > 3


def refused(url: str) -> None:
    """A request with a wrong token."""
    request = urllib.request.Request(url, b"x", {"Authorization": "Bearer s3cret-but-wrong"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 401
