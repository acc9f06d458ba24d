"""User identity negotiation with real sockets, in both roles; nothing of it in any event."""

import struct
from dataclasses import replace

import pytest
from pynetdicom import AE, evt
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from pynetdicom.sop_class import Verification

from dicomrules.model.receiver import KnownPeer
from dicomrules.model.security import User
from dicomrules.senders.cstore import target_of
from dicomrules.senders.echo import echo
from tests.peers.raw_dul import RawPeer, associate_rq, item
from tests.peers.running import until
from tests.wire.sending import destination

USER = User("ct1", "open sesame")
PEERS = (KnownPeer("CT_A1", "127.0.0.1", user=USER), KnownPeer("MR_A1", "127.0.0.1"))


@pytest.fixture
def guarded(start_scp):
    """An SCP that asks CT_A1 for its user."""
    return start_scp(peers=PEERS, users={"CT_A1": USER})


def _identity(kind, primary, secondary=b"", wants_response=False):
    value = bytes((kind, wants_response)) + struct.pack(">H", len(primary)) + primary
    return item(0x58, value + struct.pack(">H", len(secondary)) + secondary)


def _answer(scp, calling, extra=b""):
    with RawPeer(scp.port) as peer:
        peer.send(associate_rq(calling=calling, extra=extra))
        return peer.receive()


def test_a19_the_right_user_is_accepted_and_answered_only_when_asked(guarded):
    kind, body = _answer(guarded, "CT_A1", _identity(2, b"ct1", b"open sesame"))
    assert kind == 0x02
    assert b"\x59\x00" not in body[68:]
    kind, body = _answer(guarded, "CT_A1", _identity(2, b"ct1", b"open sesame", wants_response=True))
    assert kind == 0x02
    assert b"\x59\x00\x00\x02\x00\x00" in body[68:]


@pytest.mark.parametrize(
    "extra",
    [b"", _identity(2, b"ct1", b"wrong"), _identity(1, b"ct1"), _identity(3, b"x" * 60_000), _identity(5, b"token")],
    ids=["none", "wrong", "no passcode", "kerberos", "jwt"],
)
def test_a19_everybody_else_is_rejected_and_the_log_has_no_secret(guarded, extra):
    kind, body = _answer(guarded, "CT_A1", extra)
    assert kind == 0x03
    assert tuple(body[1:4]) == (1, 1, 1)
    (event,) = until(lambda: [each for each in guarded.events if each.name == "association.rejected"])
    assert event.fields["why"]
    assert event.fields["calling_aet"] == "CT_A1"
    assert not any(word in repr(guarded.events) for word in ("ct1", "sesame", "wrong ", "token"))


def test_a19_guessing_is_slowed_down_and_others_are_not(guarded):
    for _ in range(20):
        assert _answer(guarded, "CT_A1", _identity(2, b"ct1", b"guess"))[0] == 0x03
    assert _answer(guarded, "CT_A1", _identity(2, b"ct1", b"open sesame"))[0] == 0x03
    until(lambda: [each for each in guarded.events if "too often" in str(each.fields.get("why"))])
    assert _answer(guarded, "MR_A1", _identity(2, b"whoever", b"whatever", wants_response=True))[0] == 0x02


def test_pynetdicom_names_its_user(guarded):
    ae = AE(ae_title="CT_A1")
    ae.add_requested_context(Verification)
    user = UserIdentityNegotiation()
    user.user_identity_type, user.primary_field, user.secondary_field = 2, b"ct1", b"open sesame"
    user.positive_response_requested = True
    association = ae.associate("127.0.0.1", guarded.port, ext_neg=[user])
    assert association.is_established
    assert association.acceptor.user_identity is not None
    assert association.send_c_echo().Status == 0
    association.release()


def test_we_name_our_user_to_a_destination():
    seen = []

    def check(event):
        identity = event.assoc.requestor.user_identity
        seen.append((identity.user_identity_type, identity.primary_field, identity.secondary_field))
        return seen[-1] == (2, b"ct1", b"open sesame"), None

    ae = AE(ae_title="SINK")
    ae.add_supported_context(Verification)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_USER_ID, check)])
    try:
        to = destination(server.server_address[1])
        assert echo(target_of(replace(to, user=USER))).ok
        assert not echo(target_of(replace(to, user=User("ct1", "else")))).ok
        assert len(seen) == 2
    finally:
        server.shutdown()
