"""A-17: certificates that were revoked, and certificates that belong to another AE title."""

import os
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomrules.model.receiver import KnownPeer
from dicomrules.model.security import ServerTls
from tests.faults.web import STORED, Answer, RunningStow, answer, file, head, multipart
from tests.peers.authority import Authority
from tests.peers.raw_dul import RawPeer, associate_rq
from tests.peers.running import until
from tests.wire.running import RunningScp

HERE = "IP:127.0.0.1,DNS:localhost"
REJECTED, NO_REASON = 0x03, (1, 1, 1)
pytestmark = pytest.mark.peer  # openssl makes certificates
Start = Callable[..., RunningScp]
Pair = tuple[Path, Path]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def server(authority: Authority) -> ServerTls:
    """The TLS settings of a port that asks for client certificates."""
    return ServerTls(*authority.sign("gateway", HERE), client_ca=authority.pem)


def secure(scp: RunningScp, authority: Authority, pair: Pair) -> RawPeer:
    """A peer that shows this certificate."""
    context = ssl.create_default_context(cafile=str(authority.pem))
    context.load_cert_chain(*pair)
    peer = RawPeer(scp.port)
    peer.socket = context.wrap_socket(peer.socket, server_hostname="localhost")
    return peer


def answered(peer: RawPeer, calling: str) -> tuple[int, ...]:
    """(result, source, reason) of the A-ASSOCIATE-RJ; nothing when the association is accepted."""
    peer.send(associate_rq(calling=calling))
    kind, body = peer.receive()
    return tuple(body[1:]) if kind == REJECTED else ()


def refused(scp: RunningScp, words: str) -> object:
    """Wait until the log says that a handshake failed, and why."""
    return until(
        lambda: [e for e in scp.events if e.name == "tls.refused" and words in str(e.fields["why"])], what=words
    )


def put(source: Path, target: Path) -> None:
    """Replace a file as whoever deploys should: never half written."""
    shutil.copy(source, target.with_suffix(".new"))
    os.replace(target.with_suffix(".new"), target)


def test_a17_a_revoked_certificate_is_refused_from_the_next_handshake_on(
    start_scp: Start, authority: Authority, server: ServerTls, tmp_path: Path
) -> None:
    lost, other = authority.sign("lost"), authority.sign("other")
    revoked = tmp_path / "revoked.pem"
    put(authority.revoke(), revoked)
    scp = start_scp(tls=ServerTls(server.certificate, server.key, server.client_ca, client_crl=revoked))
    with secure(scp, authority, lost) as peer:
        peer.associate()
    put(authority.revoke(lost[0]), revoked)
    with pytest.raises(ssl.SSLError, match="REVOKED"), secure(scp, authority, lost) as peer:
        peer.associate()
    assert refused(scp, "its certificate is refused: certificate revoked")
    with secure(scp, authority, other) as peer:
        peer.associate()
        assert peer.echo() == 0


def test_a17_a_list_that_is_out_of_date_or_of_somebody_else_lets_nobody_in(
    start_scp: Start, authority: Authority, server: ServerTls, tmp_path: Path
) -> None:
    ct, stranger = authority.sign("ct"), Authority(tmp_path / "stranger", "Somebody Else")
    for revoked, words in (
        (authority.revoke(over=True), "is out of date"),
        (stranger.revoke(), "no revocation list of the authority"),
    ):
        scp = start_scp(tls=ServerTls(server.certificate, server.key, server.client_ca, client_crl=revoked))
        with pytest.raises(ssl.SSLError, match="ALERT"), secure(scp, authority, ct) as peer:
            peer.associate()
        assert refused(scp, words)


def test_a17_a_revoked_certificate_posts_nothing_over_http(
    authority: Authority, server: ServerTls, tmp_path: Path
) -> None:
    lost, revoked = authority.sign("lost"), tmp_path / "revoked.pem"
    put(authority.revoke(), revoked)
    (uid, part), (_, another) = file("p", 1), file("p", 2)
    tls = ServerTls(server.certificate, server.key, server.client_ca, client_crl=revoked)
    with RunningStow(tmp_path / "spool", tls=tls) as web:
        assert posted(web, authority, lost, part).uids(STORED) == [uid]
        put(authority.revoke(lost[0]), revoked)
        with pytest.raises((OSError, AssertionError), match=r"closed without an answer|ALERT|reset"):
            posted(web, authority, lost, another)
        assert refused(web, "certificate revoked")
        assert [envelope.key.sop_instance for envelope, _ in web.inbox.accepted] == [uid]


def posted(web: RunningStow, authority: Authority, pair: Pair, part: bytes) -> Answer:
    """What a client that shows this certificate is answered."""
    with secure(web, authority, pair) as peer:
        body = multipart(part)
        peer.send(head(len(body)) + body)
        return answer(peer.socket)


PEERS = (KnownPeer("CT_A1", "127.0.0.1"), KnownPeer("MR_A1", "127.0.0.1"), KnownPeer("US_A1", "127.0.0.1"))
BOUND = {"CT_A1": "CT1.imaging.example", "MR_A1": "10.20.3.4"}


@pytest.mark.parametrize(
    ("name", "alternative", "calling", "accepted"),
    [
        ("ct1.imaging.example", "", "CT_A1", True),
        ("scanner", "DNS:other.example,DNS:ct1.imaging.example", "CT_A1", True),
        ("mr", "IP:10.20.3.4", "MR_A1", True),
        ("anything", "", "US_A1", True),
        ("mr1.imaging.example", "", "CT_A1", False),
        ("imaging.example", "DNS:*.imaging.example", "CT_A1", False),
        ("ct1.imaging.example.other", "DNS:xct1.imaging.example", "CT_A1", False),
    ],
)
def test_a17_who_calls_with_a_title_must_show_the_certificate_of_that_title(
    start_scp: Start, authority: Authority, server: ServerTls, name: str, alternative: str, calling: str, accepted: bool
) -> None:
    scp = start_scp(tls=server, peers=PEERS, certificates=BOUND)
    with secure(scp, authority, authority.sign(name, alternative)) as peer:
        assert answered(peer, calling) == (() if accepted else NO_REASON)
    if not accepted:
        (event,) = until(lambda: [event for event in scp.events if event.name == "association.rejected"])
        assert event.fields["why"] == "its certificate is not for the name that `peers` has for this AE title"
        assert name not in repr(event)


def test_a17_the_title_of_a_certificate_cannot_be_used_where_none_is_asked_for(start_scp: Start) -> None:
    scp = start_scp(peers=None, certificates=BOUND)
    with RawPeer(scp.port) as peer:
        assert answered(peer, "CT_A1") == NO_REASON
    with RawPeer(scp.port) as peer:
        assert answered(peer, "ANY") == ()
    (event,) = until(lambda: [event for event in scp.events if event.name == "association.rejected"])
    assert event.fields["why"] == "this peer must show a certificate, and this port asks for none"
