"""A-26 and what else may be tried on a TLS port: renegotiation, resumption, other protocols, many handshakes."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomrules.model.security import ClientTls, ServerTls, TlsProfile
from dicomrules.net.association import Association, Target
from dicomrules.net.tls import SUITES, Secured
from dicomrules.wire.associate import ProposedContext
from tests.peers.authority import Authority
from tests.peers.raw_dul import IMPLICIT, VERIFICATION, RawPeer
from tests.peers.running import need, until
from tests.peers.sink import Sink
from tests.wire.running import RunningScp

HERE = "IP:127.0.0.1,DNS:localhost"
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:ssl.TLSVersion")]  # openssl makes certificates
Start = Callable[..., RunningScp]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(authority: Authority) -> ServerTls:
    certificate, key = authority.sign("gateway", HERE)
    return ServerTls(certificate, key)


def client(authority: Authority, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """What a peer makes its connections with."""
    made = ssl.create_default_context(cafile=str(authority.pem))
    if version is not None:
        made.minimum_version = made.maximum_version = version
    return made


def secure(scp: RunningScp, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> RawPeer:
    plain = socket.create_connection(("127.0.0.1", scp.port), 10)
    return RawPeer.at(context.wrap_socket(plain, server_hostname="localhost", session=session))


def test_a26_renegotiation_is_refused(start_scp: Start, server: ServerTls, authority: Authority) -> None:
    scp = start_scp(tls=server)
    asked = [need("openssl"), "s_client", "-connect", f"127.0.0.1:{scp.port}", "-CAfile", str(authority.pem), "-tls1_2"]
    done = subprocess.run(asked, input=b"R\n", capture_output=True, timeout=30)
    said = done.stdout + done.stderr
    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said
    with secure(scp, client(authority)) as peer:
        peer.associate()
        assert peer.echo() == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a26_no_session_is_resumed_so_that_certificates_always_count(
    start_scp: Start, server: ServerTls, authority: Authority, version: ssl.TLSVersion
) -> None:
    scp = start_scp(tls=server)
    context = client(authority, version)
    with secure(scp, context) as peer:
        peer.associate()
        session = peer.socket.session
    with secure(scp, context, session) as peer:
        peer.associate()
        assert not peer.socket.session_reused
    assert session is None or not session.has_ticket


def test_a26_a_session_of_before_a_reload_opens_nothing(start_scp: Start, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.sign("gateway", HERE)
    ca, other = tmp_path / "ca.pem", Authority(tmp_path / "other", "Other Authority")
    shutil.copy(authority.pem, ca)
    scp = start_scp(tls=ServerTls(certificate, key, ca))
    context = client(authority, ssl.TLSVersion.TLSv1_2)
    context.load_cert_chain(*authority.sign("ct"))
    with secure(scp, context) as peer:
        peer.associate()
        session = peer.socket.session
    shutil.copy(other.pem, tmp_path / "new.pem")
    os.replace(tmp_path / "new.pem", ca)
    with pytest.raises(ssl.SSLError), secure(scp, context, session) as peer:
        peer.associate()
    until(lambda: "tls.refused" in scp.names(), 15, "that it is told")


def test_a26_another_protocol_over_tls_is_told_off(start_scp: Start, server: ServerTls, authority: Authority) -> None:
    scp = start_scp(tls=server)
    context = client(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with secure(scp, context) as peer:
        assert peer.socket.selected_alpn_protocol() is None
        peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert peer.abort_received() == (0, 0)


def test_a26_handshakes_without_end_leave_nothing_behind(
    start_scp: Start, server: ServerTls, authority: Authority
) -> None:
    scp = start_scp(tls=server)
    context = client(authority)
    for number in range(200):
        plain = socket.create_connection(("127.0.0.1", scp.port), 10, (f"127.66.0.{number % 8 + 1}", 0))
        context.wrap_socket(plain, server_hostname="localhost").close()
    until(lambda: not scp.scp._listener._by_address, 10, "all of them to be forgotten")
    with secure(scp, context) as peer:
        peer.associate()
        assert peer.echo() == 0


@pytest.mark.parametrize("profile", list(TlsProfile))
def test_each_profile_offers_its_suites_and_no_others(
    start_scp: Start, server: ServerTls, authority: Authority, profile: TlsProfile
) -> None:
    scp = start_scp(tls=ServerTls(server.certificate, server.key, profile=profile))
    taken = set()
    for suite in (each["name"] for each in ssl.create_default_context().get_ciphers()):
        context = client(authority, ssl.TLSVersion.TLSv1_2)
        try:
            context.set_ciphers(suite)
            with secure(scp, context) as peer:
                taken.add(peer.socket.cipher()[0])
        except ssl.SSLError:
            continue
    assert taken <= set(SUITES[profile])
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" in taken


def test_a_name_that_the_certificate_is_not_for_does_not_matter_to_the_port(
    start_scp: Start, server: ServerTls, authority: Authority
) -> None:
    """Whom a peer called (SNI) is the peer's business: it is the peer that looks at the certificate."""
    scp = start_scp(tls=server)
    context = client(authority)
    context.check_hostname = False
    for name in ("other.example", "a" * 63 + ".example"):
        plain = socket.create_connection(("127.0.0.1", scp.port), 10)
        with RawPeer.at(context.wrap_socket(plain, server_hostname=name)) as peer:
            peer.associate()
            assert peer.echo() == 0


def test_we_say_by_which_name_we_call_a_peer(authority: Authority) -> None:
    """A server of several names picks its certificate by SNI (RFC 6066 3)."""
    context, named = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(*authority.sign("pacs", "DNS:pacs.example"))
    context.sni_callback = lambda connection, name, own: named.append(name)
    with Sink(tls=context) as sink:
        secured = Secured(ClientTls(authority.pem, name="pacs.example"))
        target = Target("127.0.0.1", sink.port, "SINK", "RAW", secured=secured)
        with Association(target, [ProposedContext(1, VERIFICATION, (IMPLICIT,))]) as made:
            made.echo(made.contexts[0])
    assert named == ["pacs.example"]
