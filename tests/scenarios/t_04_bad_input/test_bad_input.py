"""Bad input, each with a clear message and its exit code, and nothing lost: real processes, real sockets."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.faults.senders import Sender, image
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import RawPeer
from tests.peers.running import dicomrules, free_port, until
from tests.peers.sink import Sink

HERE = Path(__file__).parent
CT = Path(str(get_testdata_file("CT_small.dcm")))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(keep=True) as running:
        yield running


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def idle(tmp_path: Path, sink: Sink, port: int) -> Gateway:
    """A gateway that is not started yet."""
    return Gateway(tmp_path / "gateway", HERE, port=port, sink=sink.port)


@pytest.fixture
def gateway(idle: Gateway) -> Iterator[Gateway]:
    (idle.folder / "in").mkdir()
    with idle as running:
        yield running


def refused(*arguments: str | Path, code: int) -> str:
    """What a command says that must end with this exit code: a few lines for people."""
    ended = dicomrules(*arguments, ok=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == code, said
    assert "Traceback" not in said
    return said


def delivered(sink: Sink) -> set[str]:
    return {stored.sop_instance for stored in sink.acknowledged()}


# Objects


def test_a_truncated_image_is_answered_0xc000_and_leaves_nothing(gateway: Gateway, sink: Sink, port: int) -> None:
    whole_uid, whole = image("PAT1", 1, 4000)
    cut_uid, cut = image("PAT1", 2, 4000)
    with RawPeer(port) as peer:
        peer.associate(calling="CT_A1", called="DICOMRULES")
        assert peer.store(cut_uid, cut[:-1000]) == 0xC000
        assert peer.store(whole_uid, whole) == 0
    until(lambda: delivered(sink) == {whole_uid}, 10, "the whole one, and nothing else")
    assert list((gateway.folder / "var/spool/incoming").iterdir()) == []
    assert refused("trace", cut_uid, "--gateway", gateway.file, code=1).startswith("error: no instance")


def test_bad_files_in_a_watched_folder_go_to_failed_with_the_reason(gateway: Gateway, sink: Sink) -> None:
    watched, failed = gateway.folder / "in", gateway.folder / "failed"
    (watched / "cut.dcm").write_bytes(CT.read_bytes()[:20_000])
    (watched / "garbage.dcm").write_bytes(os.urandom(5000))
    (watched / "empty.dcm").touch()
    (watched / "whole.dcm").write_bytes(CT.read_bytes())
    until(lambda: delivered(sink) == {pydicom.dcmread(CT).SOPInstanceUID}, 15, "the whole one")
    until(lambda: len(list(failed.glob("*.reason.txt"))) == 3, 10, "three reasons")
    assert (failed / "cut.dcm").read_bytes() == CT.read_bytes()[:20_000]
    assert "Reason: cut, or longer than what holds it, at byte 5952" in (failed / "cut.dcm.reason.txt").read_text()
    assert list(watched.iterdir()) == []


@pytest.mark.parametrize("command", ["apply", "explain", "send"])
def test_a_command_says_which_file_is_bad_and_why(tmp_path: Path, sink: Sink, command: str) -> None:
    cut, garbage = tmp_path / "cut.dcm", tmp_path / "garbage.dcm"
    cut.write_bytes(CT.read_bytes()[:20_000])
    garbage.write_bytes(b"This is a text file. " * 50)
    rules, out, to = HERE / "site.rules", tmp_path / "out", f"127.0.0.1:{sink.port}"
    if command == "explain":
        assert "error: " + str(cut) in refused("explain", cut, "--rules", rules, code=2)
        said = refused("explain", garbage, "--rules", rules, code=2)
    elif command == "apply":
        said = refused("apply", cut, garbage, CT, "-o", out, "--rules", rules, code=1)
        assert [each.name for each in out.iterdir()] == [CT.name]
        assert "2  failed" in said
        assert "cut, or longer than what holds it" in said
    else:
        said = refused("send", cut, garbage, CT, "--to", to, "--called", "SINK", code=1)
        assert f"{garbage}: " in said
        assert "2 not sent" in said or "1 not sent" in said
        assert pydicom.dcmread(CT).SOPInstanceUID in delivered(sink)
    assert "no whole DICOM object" in said or "no DICOM object" in said


# Peers that speak something else


@pytest.mark.parametrize(
    "words",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(3000), bytes.fromhex("16030100c8010000c40303") + bytes(189)],
    ids=["http", "random", "tls"],
)
def test_a_connection_that_is_no_dicom_is_closed_and_honest_senders_go_on(
    gateway: Gateway, sink: Sink, port: int, words: bytes
) -> None:
    sender = Sender(port, "PAT1")
    sender.start()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), 5) as stranger:
            stranger.sendall(words)
            stranger.shutdown(socket.SHUT_WR)
            stranger.settimeout(5)
            while stranger.recv(4096):
                continue
    before = len(sender.acknowledged)
    until(lambda: len(sender.acknowledged) > before + 5, 10, "the honest sender's images")
    sender.stopping.set()
    sender.join(10)
    assert sender.refused == 0
    assert gateway.running()
    assert gateway.output().count("died") == 0


# Files that people write


def test_a_rule_file_full_of_errors_is_told_of_in_one_run(idle: Gateway) -> None:
    (idle.folder / "site.rules").write_text(
        "language 1\nexpects destinations sink\n"
        'rule one {\n  set PatientId = "A"\n}\n'
        'rule two {\n  when Modalty == "CT"\n  set Rows = "x"\n}\n'
        'rule three {\n  set PatientID "A"\n}\n'
        "routes everything first match {\n  always => snik\n}\n"
    )
    said = refused("validate", idle.file, code=1)
    for wrong in ("PatientId", "Modalty", "Rows", "snik", "expected `=`", "did you mean"):
        assert wrong in said
    assert "site.rules:4:" in said
    assert max(map(len, said.replace(str(idle.folder), ".").split("\n"))) <= 80
    served = refused("serve", idle.file, code=78)
    assert served.count("error[") >= 5
    assert not (idle.folder / "var").exists()


def test_a_misspelt_key_of_the_gateway_file_is_named_with_the_right_one(idle: Gateway) -> None:
    idle.file.write_text(idle.file.read_text().replace("receivers:", "recievers:"))
    for command, code in (("validate", 1), ("serve", 78)):
        said = refused(command, idle.file, code=code)
        assert "recievers" in said
        assert "did you mean" in said
        assert "`receivers`" in said
        assert "gateway.yaml:3:" in said


def test_what_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    assert "nowhere.yaml" in refused("serve", tmp_path / "nowhere.yaml", code=2)
    binary = tmp_path / "binary.rules"
    for content, words in ((b"\x80\x00\x01", "not a text in UTF-8"), (b"\xff\xfel\0", "UTF-16")):
        binary.write_bytes(content)
        assert words in " ".join(refused("validate", binary, code=2).split())


# The machine


def test_a_port_in_use_is_named_with_the_way_out(idle: Gateway, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        said = refused("serve", idle.file, code=74)
    assert f"modalities on 127.0.0.1:{port} cannot start: address already in use" in said
    assert f"sport = :{port}" in said


def test_an_unreachable_destination_is_explained_and_the_queue_keeps(tmp_path: Path, port: int) -> None:
    closed = free_port()
    with Gateway(tmp_path / "gateway", HERE, port=port, sink=closed) as gateway:
        uid, data = image("PAT1", 1, 2000)
        with RawPeer(port) as peer:
            peer.associate(calling="CT_A1", called="DICOMRULES")
            assert peer.store(uid, data) == 0
        why = f"no connection to 127.0.0.1 port {closed}: connection refused"
        until(lambda: why in gateway.ask("status"), 10, "the reason in the status")
        until(lambda: why in gateway.ask("trace", uid).replace("\n     ", " "), 10, "the attempt in the trace")
        assert why in refused("echo", "sink", "--gateway", gateway.file, code=1)
        with Sink(port=closed) as late:
            until(lambda: delivered(late) == {uid}, 15, "the instance, once the destination is there")


def test_a_destination_that_does_not_exist_is_named_with_those_that_do(idle: Gateway) -> None:
    said = refused("echo", "sikn", "--gateway", idle.file, code=2)
    assert "did you mean" in said
    assert "sink" in said


def test_a_state_folder_that_others_may_read_is_refused(idle: Gateway) -> None:
    (idle.folder / "var").mkdir(mode=0o755)
    said = refused("serve", idle.file, code=78)
    assert "others may read the state folder" in said
    assert "chmod 700" in said


def test_a_state_folder_that_is_a_file_is_refused(idle: Gateway) -> None:
    (idle.folder / "var").touch()
    assert "cannot be used: file exists" in refused("serve", idle.file, code=74)


def test_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(gateway: Gateway) -> None:
    gateway.stop()
    ledger = gateway.folder / "var/ledger.db"
    with sqlite3.connect(ledger) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = ledger.read_bytes()
    said = refused("serve", gateway.file, code=78)
    assert "made by a newer version" in said
    assert "run the version that made it" in said
    assert ledger.read_bytes() == before


def test_a_damaged_ledger_is_kept_aside_as_it_was_and_made_anew(gateway: Gateway) -> None:
    gateway.stop()
    ledger = gateway.folder / "var/ledger.db"
    damaged = bytearray(ledger.read_bytes())
    damaged[100:4096] = os.urandom(3996)
    ledger.write_bytes(damaged)
    ledger.with_name("ledger.db-wal").unlink(missing_ok=True)  # pages in it would heal what is damaged here
    gateway.start()
    kept = (gateway.folder / "var" / "damaged").rglob("ledger.db*")
    assert damaged in [path.read_bytes() for path in kept]
    assert gateway.ask("status")


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small file system of its own at `folder`; skips where that is not allowed."""
    folder.mkdir(mode=0o700, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    try:
        folder.chmod(0o700)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


@pytest.mark.parametrize("options", ["size=12m", "size=100m,nr_inodes=45"], ids=["bytes", "inodes"])
def test_s09_a_full_disk_is_answered_0xa700_and_intake_resumes_when_there_is_room(
    idle: Gateway, sink: Sink, port: int, options: str
) -> None:
    state = idle.folder / "var"
    with mounted(state, options), idle as gateway, RawPeer(port) as peer:
        peer.associate(calling="CT_A1", called="DICOMRULES")
        filler = [state / f"filler{number}" for number in range(45 if "inodes" in options else 1)]
        taken = []
        for number in range(1, 200):
            uid, data = image("PAT1", number, 100_000 if "size=12m" in options else 2000)
            status = peer.store(uid, data)
            if status:
                break
            taken.append(uid)
            if number == 5:
                fill(filler, state)
        assert status == 0xA700
        assert list((state / "spool/incoming").iterdir()) == []
        for each in filler:
            each.unlink(missing_ok=True)

        def room_again() -> bool:
            return peer.store(uid, data) == 0

        until(room_again, 10, "intake that takes again")
        until(lambda: delivered(sink) == {*taken, uid}, 20, "all that was acknowledged at the destination")
        assert gateway.running()


def fill(files: list[Path], state: Path) -> None:
    """Use up what there is: inodes by many files, or bytes by one."""
    try:
        for file in files:
            file.write_bytes(b"")
        if len(files) == 1:
            free = os.statvfs(state)
            files[0].write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 700_000)))
    except OSError:
        return


def remount(folder: Path, how: str) -> None:
    done = subprocess.run(["mount", "-o", f"remount,{how}", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"it cannot be made read-only here: {done.stderr.strip()}")


def test_a_read_only_state_folder_at_start_is_refused(idle: Gateway) -> None:
    state = idle.folder / "var"
    with mounted(state, "size=1m"):
        remount(state, "ro")
        said = refused("serve", idle.file, code=74)
    assert "read-only file system" in said.lower()
    assert "state" in said
