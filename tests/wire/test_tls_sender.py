"""A destination over TLS: nothing leaves unless the peer is who the settings say, and the log says why not."""

import hashlib
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dicomrules.model.delivery import Kind, Outcome
from dicomrules.model.destination import DicomDestination
from dicomrules.model.security import ClientTls, TlsProfile
from dicomrules.net.secure import secure
from dicomrules.net.tls import Secured
from dicomrules.net.transport import connect
from dicomrules.senders.cstore import target_of
from dicomrules.senders.echo import echo
from tests.peers.authority import Authority
from tests.peers.orthanc import Orthanc
from tests.peers.running import Running, free_port, listening, need, until
from tests.peers.sink import Behaviour, Sink
from tests.wire.sending import Folder, Sending, destination, sample, some

HERE = "IP:127.0.0.1,DNS:localhost"
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:ssl.TLSVersion")]  # openssl makes certificates

MakeSink = Callable[..., Sink]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "Somebody Else")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "spool"
    root.mkdir()
    return Folder(root)


def server(
    pair: tuple[Path, Path], client_ca: Path | None = None, version: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*pair)
    if client_ca:
        made.load_verify_locations(client_ca)
        made.verify_mode = ssl.CERT_REQUIRED
    if version:
        made.minimum_version = made.maximum_version = version
        made.set_ciphers("ALL:@SECLEVEL=0")
    return made


def secured(port: int, tls: ClientTls, **options: object) -> DicomDestination:
    return replace(destination(port, **options), tls=tls)  # type: ignore[arg-type]


def sent_once(port: int, tls: ClientTls, folder: Folder) -> tuple[Outcome, list[str]]:
    with Sending(secured(port, tls), folder) as send:
        (outcome,) = send(folder.add(1, some(1)))
        return outcome, send.names()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("profile", list(TlsProfile))
@pytest.mark.parametrize("max_length", [0, 16384, 12])
def test_objects_leave_byte_for_byte(
    folder: Folder, authority: Authority, version: ssl.TLSVersion, profile: TlsProfile, max_length: int
) -> None:
    tls = ClientTls(authority.pem, *authority.sign("gateway"), profile=profile)
    context = server(authority.sign("pacs", HERE), authority.pem, version)
    with (
        Sink(Behaviour(max_length=max_length), keep=True, tls=context) as sink,
        Sending(secured(sink.port, tls), folder) as send,
    ):
        sizes = (100, 5_000) if max_length == 12 else (100, 300_000, 3_000_001)
        deliveries = [folder.add(number, some(number, size)) for number, size in enumerate(sizes, 1)]
        assert [each.kind for each in send(*deliveries)] == [Kind.SENT] * len(deliveries)
        assert sink.digests() == [delivery.digest for delivery in deliveries]
        assert len(sink.associations) == 1


def test_a_peer_that_reads_late_gets_every_byte_in_order(authority: Authority) -> None:
    got = hashlib.sha256()
    parts = [some(number, 100_000 + number) for number in range(80)]
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection = server(authority.sign("pacs", HERE)).wrap_socket(listener.accept()[0], server_side=True)
        time.sleep(0.3)
        while piece := connection.recv(65536):
            got.update(piece)

    thread = threading.Thread(target=serve)
    thread.start()
    deadline = time.monotonic() + 10
    sock = connect("127.0.0.1", listener.getsockname()[1], deadline)
    transport = secure(sock, Secured(ClientTls(authority.pem)), "127.0.0.1", deadline)
    transport.send(parts, deadline, when_input=lambda: None)
    transport.close(1.0)
    thread.join(10)
    listener.close()
    assert got.digest() == hashlib.sha256(b"".join(parts)).digest()


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("unknown authority", "certificate is refused: unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("wrong name", "IP address mismatch"),
        ("old version", "no version of TLS in common"),
    ],
)
def test_d21_nothing_is_sent_to_a_peer_that_cannot_show_who_it_is(
    folder: Folder, authority: Authority, stranger: Authority, case: str, words: str
) -> None:
    pair = {
        "unknown authority": lambda: stranger.sign("pacs", HERE),
        "expired": lambda: authority.sign("old", HERE, expired=True),
        "wrong name": lambda: authority.sign("other", "DNS:other.example"),
        "old version": lambda: authority.sign("pacs", HERE),
    }[case]()
    context = server(pair, version=ssl.TLSVersion.TLSv1_1 if case == "old version" else None)
    with Sink(tls=context) as sink:
        outcome, events = sent_once(sink.port, ClientTls(authority.pem), folder)
        assert outcome.kind is Kind.DEFERRED
        assert words in outcome.message
        assert events == ["tls.refused"]
        assert sink.associations == []


def test_d21_a_self_signed_peer_counts_only_when_it_is_named(folder: Folder, tmp_path: Path) -> None:
    alone = Authority(tmp_path / "alone", "pacs.example")
    context = server((alone.pem, alone.pem.with_suffix(".key")))
    with Sink(tls=context) as sink:
        outcome, _ = sent_once(sink.port, ClientTls(), folder)
        assert "self-signed certificate" in outcome.message
        outcome, _ = sent_once(sink.port, ClientTls(alone.pem, name="pacs.example"), folder)
        assert outcome.kind is Kind.SENT


def test_a_peer_that_asks_for_a_certificate_is_told_apart(folder: Folder, authority: Authority) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with Sink(tls=server(authority.sign("pacs", HERE), authority.pem, version)) as sink:
            outcome, events = sent_once(sink.port, ClientTls(authority.pem), folder)
            assert outcome.kind is Kind.DEFERRED
            assert "certificate" in outcome.message
            assert events == ["tls.refused"]
            assert sink.stored == []


def test_a_peer_without_tls_and_tls_where_none_is_meant(folder: Folder, authority: Authority) -> None:
    with Sink() as sink:
        outcome, _ = sent_once(sink.port, ClientTls(authority.pem), folder)
        assert outcome.kind is Kind.DEFERRED
        assert "TLS" in outcome.message
    with Sink(tls=server(authority.sign("pacs", HERE))) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(2, some(2)))
        assert outcome.kind is Kind.DEFERRED
        assert sink.associations == []


def test_a_peer_that_says_nothing_in_the_handshake_is_given_up_in_time(folder: Folder, authority: Authority) -> None:
    with (
        Sink(Behaviour(connect="silent")) as sink,
        Sending(secured(sink.port, ClientTls(authority.pem), connect=0.3), folder) as send,
    ):
        (outcome,) = send(folder.add(1, some(1)))
    assert "did not end in time" in outcome.message


def test_missing_files_defer_and_count_once_they_are_there(
    folder: Folder, authority: Authority, tmp_path: Path
) -> None:
    ca = tmp_path / "later.pem"
    with (
        Sink(tls=server(authority.sign("pacs", HERE))) as sink,
        Sending(secured(sink.port, ClientTls(ca)), folder) as send,
    ):
        (outcome,) = send(folder.add(1, some(1)))
        assert outcome.kind is Kind.DEFERRED
        assert "later.pem cannot be read" in outcome.message
        shutil.copy(authority.pem, ca)
        (outcome,) = send(folder.add(2, some(2)))
        assert outcome.kind is Kind.SENT


def test_d21_changed_certificates_count_for_the_next_association(
    folder: Folder, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    ca = tmp_path / "ca.pem"
    shutil.copy(authority.pem, ca)
    with (
        Sink(tls=server(authority.sign("pacs", HERE))) as sink,
        Sending(secured(sink.port, ClientTls(ca)), folder) as send,
    ):
        assert send(folder.add(1, some(1)))[0].kind is Kind.SENT
        send.sender.close()
        ca.write_text("half a certificate")
        assert send(folder.add(2, some(2)))[0].kind is Kind.SENT
        assert send.names().count("tls.not_reloaded") == 1
        send.sender.close()
        shutil.copy(stranger.pem, tmp_path / "new.pem")
        os.replace(tmp_path / "new.pem", ca)
        assert send(folder.add(3, some(3)))[0].kind is Kind.DEFERRED


def test_a_kept_association_notices_that_the_peer_has_closed(folder: Folder, authority: Authority) -> None:
    with (
        Sink(tls=server(authority.sign("pacs", HERE))) as sink,
        Sending(secured(sink.port, ClientTls(authority.pem)), folder) as send,
    ):
        assert send(folder.add(1, some(1)))[0].kind is Kind.SENT
        sink.cut()
        assert send(folder.add(2, some(2)))[0].kind is Kind.SENT
        assert len(sink.associations) == 2


@pytest.fixture
def storescp(tmp_path: Path, authority: Authority) -> Iterator[tuple[int, Path]]:
    """DCMTK's storescp, which asks for a certificate of the authority."""
    out, port = tmp_path / "stored", free_port()
    out.mkdir()
    certificate, key = authority.sign("storescp", HERE)
    tls = ("+tls", str(key), str(certificate), "+cf", str(authority.pem), "-rc")
    running = Running([need("storescp"), *tls, "+xa", "+B", "-od", str(out), str(port)], tmp_path / "storescp.log")
    running.start()
    until(lambda: listening(port))
    yield port, out
    running.kill()


def test_dcmtk_takes_what_we_send_over_tls(folder: Folder, authority: Authority, storescp: tuple[int, Path]) -> None:
    port, out = storescp
    tls = ClientTls(authority.pem, *authority.sign("gateway"), name="localhost")
    with Sending(secured(port, tls), folder) as send:
        outcomes = send(sample(folder, 1, "CT_small.dcm"), sample(folder, 2, "JPEG-lossy.dcm"))
        assert [each.kind for each in outcomes] == [Kind.SENT, Kind.SENT]
    assert len(list(out.iterdir())) == 2
    refused = echo(target_of(secured(port, ClientTls(authority.pem))))
    assert not refused.ok
    assert "certificate" in refused.text


def test_orthanc_takes_what_we_send_over_tls(tmp_path: Path, folder: Folder, authority: Authority) -> None:
    certificate, key = authority.sign("orthanc", HERE, bits=2048)
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(certificate),
        "DicomTlsPrivateKey": str(key),
        "DicomTlsTrustedCertificates": str(authority.pem),
        "DicomTlsRemoteCertificateRequired": True,
    }
    with Orthanc(tmp_path / "pacs", "SINK", {"gateway": ("DICOMRULES", free_port())}, **settings) as orthanc:
        tls = ClientTls(authority.pem, *authority.sign("gateway", bits=2048))
        with Sending(secured(orthanc.port, tls), folder) as send:
            assert [each.kind for each in send(sample(folder, 1, "CT_small.dcm"))] == [Kind.SENT]
        assert len(orthanc.instances()) == 1
        assert echo(target_of(secured(orthanc.port, tls))).ok
