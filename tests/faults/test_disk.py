"""S-07 to S-11, S-14: what the disk refuses or forgets is never a success, and never the end of the gateway."""

from pathlib import Path

import pytest

from tests.faults.processes import delivered, injected, intake_and_delivery, peer_at, store
from tests.faults.senders import image
from tests.peers.gateway import Gateway
from tests.peers.running import until
from tests.peers.sink import Behaviour, Sink

OUT_OF_RESOURCES = 0xA700


def incoming(gateway: Gateway) -> list[Path]:
    return list((gateway.folder / "var/spool/incoming").iterdir())


def test_s07_fsync_eio_is_never_success_and_is_not_asked_twice(
    gateway: Gateway, sink: Sink, port: int, tmp_path: Path
) -> None:
    uid, data = image("PAT1", 1, 2000)
    log = tmp_path / "calls"
    with peer_at(port) as peer:
        with injected(intake_and_delivery(gateway)[0], "fdatasync", "error=EIO", log):
            assert peer.store(uid, data) == OUT_OF_RESOURCES
        assert incoming(gateway) == []
        assert peer.store(uid, data) == 0
    failed = next(line for line in log.read_text().split("\n") if "INJECTED" in line)
    file = failed[failed.index("<") : failed.index(">")]
    assert file.endswith((".part", ".deciding"))
    assert log.read_text().count(file) == 1
    until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")
    assert "could not be made durable" in gateway.output()


@pytest.mark.parametrize(
    ("call", "which", "file"), [("fdatasync", "the ledger", "ledger.db-wal"), ("fsync", "spool folder", "")]
)
def test_s08_fsync_eio_on_ledger_or_folder_ends_intake_which_comes_back(
    gateway: Gateway, sink: Sink, port: int, tmp_path: Path, call: str, which: str, file: str
) -> None:
    """After such an error nobody knows what is on the disk: nothing more is written before both are opened anew."""
    with peer_at(port) as peer:
        uids = {store(peer, "PAT1", 0)}
        on = gateway.folder / "var" / file if file else None
        with injected(intake_and_delivery(gateway)[0], call, "error=EIO", tmp_path / "calls", on=on):
            uid, data = image("PAT1", 1, 2000)
            until(lambda: peer.store(uid, data) == OUT_OF_RESOURCES and "INJECTED" in (tmp_path / "calls").read_text())
            until(lambda: peer.closed_within(2) or peer.store(uid, data), 5, "the end of intake")
    until(lambda: "ready again" in gateway.output(), 10, "intake to be back")
    with peer_at(port) as peer:
        uids |= {store(peer, "PAT1", 1), store(peer, "PAT1", 2)}
    until(lambda: delivered(sink) == uids, 10, "all of them at the destination")
    assert which in gateway.output()


@pytest.mark.parametrize("call", ["openat", "pwrite64", "rename"])
def test_s09_s11_every_refusal_of_the_disk_is_0xa700_and_leaves_nothing(
    gateway: Gateway, sink: Sink, port: int, tmp_path: Path, call: str
) -> None:
    errors = ["ENOSPC", "EROFS", "EDQUOT", "EIO"] + (["EMFILE", "ENFILE", "EACCES"] if call == "openat" else [])
    expected = set()
    with peer_at(port) as peer, peer_at(port, "CT_B1") as other:
        for number, error in enumerate(errors):
            uid, data = image("PAT1", number, 2000)
            with injected(intake_and_delivery(gateway)[0], call, f"error={error}", tmp_path / "calls"):
                assert peer.store(uid, data) == OUT_OF_RESOURCES, error
            assert "INJECTED" in (tmp_path / "calls").read_text()
            assert incoming(gateway) == [], error
            assert peer.store(uid, data) == 0
            expected |= {uid, store(other, "PAT2", number)}
    until(lambda: delivered(sink) == expected, 10, "all that was acknowledged, and nothing else")
    assert "died" not in gateway.output()


def test_s14_a_bit_that_turned_in_the_spool_is_never_sent_and_the_instance_is_held(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = Behaviour(connect="close")
    with peer_at(port) as peer:
        uids = [store(peer, "PAT1", number) for number in range(5)]
    kept = next((gateway.folder / "var/spool/waiting").rglob("*.dcm"))
    damaged = bytearray(kept.read_bytes())
    victim = next(uid for uid in uids if uid.encode() in damaged)
    damaged[-500] ^= 0x10
    kept.write_bytes(damaged)
    sink.behaviour = Behaviour()
    until(lambda: delivered(sink) == set(uids) - {victim}, 15, "all the others")
    until(lambda: gateway.deliveries("sink")["held"] == 1, 20, "the damaged one to be held")
    assert "corrupt" in gateway.ask("trace", victim)
    assert victim not in {stored.sop_instance for stored in sink.stored}
