"""L-10: a copy of a live gateway, from which another one delivers everything, copies byte for byte the same."""

import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import SITE
from tests.faults.processes import delivered, peer_at, store
from tests.faults.senders import Sender
from tests.faults.test_kill import check_delivered
from tests.faults.test_rebuild import edit, states
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Sink

LONG = "P" * 60


def test_l10_what_was_copied_under_load_is_delivered_by_another_gateway(tmp_path: Path, port: int) -> None:
    with Sink(keep=True) as sink, Gateway(tmp_path / "g", SITE, port=port, sink=9) as gateway:
        with peer_at(port) as peer:
            held = store(peer, LONG, 1)
        senders = [Sender(port, f"PAT{number}") for number in range(3)]
        for sender in senders:
            sender.start()
        until(lambda: all(len(sender.acknowledged) > 10 for sender in senders), 30, "some images")
        before = {uid for sender in senders for uid in list(sender.acknowledged)}
        said = gateway.ask("backup", str(tmp_path / "copy"))
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join(20)
        assert "instances with bytes" in said
        gateway.stop()
        other = Gateway(tmp_path / "other", SITE, port=free_port(), sink=sink.port)
        shutil.copytree(tmp_path / "copy", other.folder / "var")
        other.start()
        try:
            until(lambda: delivered(sink) >= before, 30, "everything that was acknowledged before the copy")
            check_delivered(sink, {uid: data for sender in senders for uid, data in sender.acknowledged.items()})
            assert states(other, held) == ["held"]
        finally:
            other.stop()


def test_l10_what_is_delivered_twice_is_the_same(tmp_path: Path, port: int) -> None:
    with Sink(keep=True) as sink, Gateway(tmp_path / "g", SITE, port=port, sink=9) as gateway:
        with peer_at(port) as peer:
            uid = store(peer, "PAT1", 1)
        gateway.ask("backup", str(tmp_path / "copy"))
        gateway.stop()
        edit(gateway.file, "port: 9", f"port: {sink.port}")
        gateway.start()
        until(lambda: delivered(sink) == {uid}, 20, "the instance")
        gateway.stop()
        shutil.rmtree(gateway.folder / "var")
        shutil.copytree(tmp_path / "copy", gateway.folder / "var")
        gateway.start()
        until(lambda: len(sink.acknowledged()) == 2, 20, "the instance once more")
        check_delivered(sink, {})


@pytest.mark.parametrize("where", ["full", "var/copy"])
def test_a_place_that_is_no_good_is_refused(gateway: Gateway, where: str) -> None:
    folder = gateway.folder / where
    if where == "full":
        folder.mkdir()
        (folder / "something").touch()
    gateway.ask("backup", str(folder), ok=False)
    assert not (folder / "ledger.db").exists()
