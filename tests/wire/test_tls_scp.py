"""A listening port with TLS: who gets in, who does not and why, and that nobody waits for anybody else."""

import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from pydicom.data import get_testdata_file

from dicomrules.model.receiver import KnownPeer
from dicomrules.model.security import ServerTls, TlsProfile
from dicomrules.wire.limits import Deadlines
from tests.peers.authority import Authority
from tests.peers.raw_dul import RawPeer, associate_rq, c_store_rq, p_data, pdv
from tests.peers.running import need, until
from tests.wire.objects import ct_slice

HERE = "IP:127.0.0.1,DNS:localhost"
CT_FILE = str(get_testdata_file("CT_small.dcm"))
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:ssl.TLSVersion")]  # openssl makes certificates


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "Somebody Else")


@pytest.fixture
def server(authority):
    """The TLS settings of a port that asks for client certificates."""
    certificate, key = authority.sign("gateway", HERE)
    return ServerTls(certificate, key, client_ca=authority.pem)


def client(authority, certificate=None, **options):
    """The ssl context of a peer that trusts `authority`."""
    made = ssl.create_default_context(cafile=str(authority.pem))
    if certificate:
        made.load_cert_chain(*certificate)
    for name, value in options.items():
        setattr(made, name, value)
    return made


def secure(scp, context):
    peer = RawPeer(scp.port)
    peer.socket = context.wrap_socket(peer.socket, server_hostname="localhost")
    return peer


def refused(scp, words):
    """Wait until the log says that a peer was refused, and why."""
    return until(lambda: [e for e in scp.events if e.name == "tls.refused" and words in e.fields["why"]], what=words)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("profile", list(TlsProfile))
def test_objects_arrive_byte_for_byte(start_scp, server, authority, version, profile):
    scp = start_scp(tls=ServerTls(server.certificate, server.key, server.client_ca, profile))
    context = client(authority, authority.sign("ct"), minimum_version=version, maximum_version=version)
    datasets = [ct_slice(f"1.2.{number}", size) for number, size in enumerate((1000, 300_000, 20_000))]
    with secure(scp, context) as peer:
        peer.associate(calling="CT_A1")
        for number, dataset in enumerate(datasets):
            assert _store(peer, f"1.2.{number}", dataset) == 0
        assert peer.echo() == 0
    assert [received for _, received in scp.inbox.accepted] == datasets


def _store(peer, instance, dataset):
    peer.send(p_data(pdv(1, 3, c_store_rq(instance))))
    for start in range(0, len(dataset), 16378):
        peer.send(p_data(pdv(1, 2 if start + 16378 >= len(dataset) else 0, dataset[start : start + 16378])))
    return peer.status()


def test_a17_without_a_certificate_nobody_gets_in(start_scp, server, authority):
    scp = start_scp(tls=server)
    with pytest.raises(ssl.SSLError), secure(scp, client(authority, maximum_version=ssl.TLSVersion.TLSv1_2)):
        pass
    assert refused(scp, "no certificate")


@pytest.mark.parametrize(
    ("who", "words"), [("stranger", "refused: unable to get"), ("expired", "refused: certificate has expired")]
)
def test_a17_a_certificate_that_does_not_count_is_refused(start_scp, server, authority, stranger, who, words):
    scp = start_scp(tls=server)
    pair = stranger.sign("ct") if who == "stranger" else authority.sign("expired", expired=True)
    with pytest.raises(ssl.SSLError, match="ALERT"), secure(scp, client(authority, pair)) as peer:
        peer.associate()
    assert refused(scp, words)
    assert scp.inbox.accepted == []


def test_a16_a_good_certificate_does_not_replace_the_allow_list(start_scp, server, authority):
    scp = start_scp(tls=server, peers=(KnownPeer("CT_A1", "127.0.0.1"),))
    with secure(scp, client(authority, authority.sign("ct"))) as peer:
        peer.send(associate_rq(calling="CT_A2"))
        assert peer.receive()[0] == 0x03


def test_old_versions_and_weak_suites_are_refused(start_scp, server, authority):
    scp = start_scp(tls=server)
    old = client(
        authority, authority.sign("ct"), minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1
    )
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError), secure(scp, old):
        pass
    assert refused(scp, "no version of TLS in common")
    weak = client(authority, authority.sign("ct"), maximum_version=ssl.TLSVersion.TLSv1_2)
    weak.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA")
    with pytest.raises(ssl.SSLError), secure(scp, weak):
        pass
    assert refused(scp, "no cipher suite")


def test_a05_plain_dicom_on_a_tls_port_is_closed_and_named(start_scp, server):
    scp = start_scp(tls=server)
    with RawPeer(scp.port) as peer:
        peer.send(associate_rq())
        assert peer.closed_within(10)
    assert refused(scp, "it spoke DICOM without TLS")
    with RawPeer(scp.port) as peer:
        peer.send(b"GET / HTTP/1.1\r\n\r\n")
        assert peer.closed_within(10)
    assert refused(scp, "it spoke neither TLS nor DICOM")


def test_a05_tls_on_a_plain_port_is_aborted_and_named(scp, authority):
    with pytest.raises(ssl.SSLError), secure(scp, client(authority)):
        pass
    assert until(lambda: [each.text for each in scp.events if "TLS" in each.text])


def test_a05_silent_and_slow_peers_are_closed_in_time_while_others_are_served(start_scp, server, authority):
    scp = start_scp(tls=server, deadlines=Deadlines(handshake=2.0), per_address=100)
    silent = [RawPeer(scp.port) for _ in range(20)]
    slow = [RawPeer(scp.port) for _ in range(20)]
    for peer in slow:
        peer.send(b"\x16\x03\x01")
    pair = authority.sign("ct")
    with secure(scp, client(authority, pair)) as peer:
        peer.associate()
        assert peer.echo() == 0
        assert len(scp.scp._listener._server._door._under_way) == 40, "served while they are still borne"
    assert all(peer.closed_within(15) for peer in silent + slow)
    assert refused(scp, "did not end in time")
    with secure(scp, client(authority, authority.sign("ct"))) as peer:
        peer.associate()


def test_a05_a_client_hello_in_single_bytes_ends_at_the_same_deadline(start_scp, server):
    scp = start_scp(tls=server, deadlines=Deadlines(handshake=0.4))
    with RawPeer(scp.port) as peer, pytest.raises(OSError):  # noqa: PT011, PT012 - which one depends on who is faster
        for byte in b"\x16\x03\x01\x02\x00" + bytes(500):
            peer.send(bytes([byte]))
            time.sleep(0.02)
    assert refused(scp, "did not end in time")


def test_a06_one_address_has_no_more_handshakes_than_connections(start_scp, server, authority):
    scp = start_scp(tls=server, per_address=3)
    idle = [RawPeer(scp.port) for _ in range(3)]
    until(lambda: sum(scp.scp._listener._by_address.values()) == 3)
    with RawPeer(scp.port) as fourth:
        assert fourth.closed_within(10)
    assert "connection.refused" in scp.names()
    for peer in idle:
        peer.socket.close()
    until(lambda: not scp.scp._listener._by_address)
    with secure(scp, client(authority, authority.sign("ct"))) as peer:
        peer.associate()


def test_changed_certificates_count_from_the_next_handshake_on(start_scp, authority, stranger, tmp_path):
    files = [tmp_path / name for name in ("gw.pem", "gw.key", "ca.pem")]
    _put(files, authority)
    scp = start_scp(tls=ServerTls(*files))
    open_since = secure(scp, client(authority, authority.sign("ct")))
    open_since.associate()
    files[0].write_text("half a certificate")
    with secure(scp, client(authority, authority.sign("ct"))) as peer:
        peer.associate()
    assert "tls.not_reloaded" in scp.names()
    _put(files, stranger)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        secure(scp, client(authority, authority.sign("ct"))).associate()
    with secure(scp, client(stranger, stranger.sign("ct"))) as peer:
        peer.associate()
        assert peer.echo() == 0
    assert open_since.echo() == 0
    open_since.socket.close()


def _put(files, authority):
    for source, target in zip((*authority.sign("gateway", HERE), authority.pem), files, strict=True):
        shutil.copy(source, target.with_suffix(".new"))
        os.replace(target.with_suffix(".new"), target)


def _storescu(scp, authority, pair, *options):
    certificate, key = pair
    command = [need("storescu"), "+tls", str(key), str(certificate), "+cf", str(authority.pem), *options]
    command += ["-aec", "ANY", "localhost", str(scp.port), CT_FILE]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("bits", [0, 2048], ids=["curve", "rsa"])
def test_dcmtk_stores_over_tls(start_scp, authority, bits):
    certificate, key = authority.sign("gateway", HERE, bits=bits)
    scp = start_scp(tls=ServerTls(certificate, key, authority.pem))
    done = _storescu(scp, authority, authority.sign("ct", bits=bits))
    assert done.returncode == 0, done.stderr
    assert len(scp.inbox.accepted) == 1


def test_dcmtk_with_a_strangers_certificate_is_refused(start_scp, server, authority, stranger):
    scp = start_scp(tls=server)
    assert _storescu(scp, authority, stranger.sign("ct"), "-ic").returncode != 0
    assert scp.inbox.accepted == []
    assert refused(scp, "refused")


def test_draining_ends_handshakes_under_way(start_scp, server):
    scp = start_scp(tls=server)
    with RawPeer(scp.port) as peer:
        until(lambda: scp.scp._listener._by_address)
        scp.stop(600.0)
        assert peer.closed_within(10)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", scp.port), 1)
