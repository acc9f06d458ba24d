"""Who may associate."""

import asyncio

import pytest

from dicomrules.model.receiver import KnownPeer
from dicomrules.receivers.allowlist import Allowlist
from dicomrules.wire.associate import CALLED_AET_UNKNOWN, CALLING_AET_UNKNOWN, Titles

PEERS = (KnownPeer("CT1", "10.1.2.3"), KnownPeer("CT1", "10.9.0.0/16"), KnownPeer("MR1", "2001:db8::/32"))


def _refusal(calling, address, called="ROUTER"):
    return Allowlist(PEERS, ("ROUTER",)).refusal(Titles(called, calling), address)


@pytest.mark.parametrize(
    ("calling", "address"),
    [("CT1", "10.1.2.3"), ("CT1", "::ffff:10.1.2.3"), ("CT1", "10.9.200.1"), ("MR1", "2001:db8::5%eth0")],
)
def test_title_and_address_together_let_a_peer_in(calling, address):
    assert _refusal(calling, address) is None


@pytest.mark.parametrize(
    ("calling", "address"),
    [
        ("CT1", "10.1.2.4"),
        ("MR1", "10.1.2.3"),
        ("ct1", "10.1.2.3"),
        ("CT1", ""),
        ("CT1", "10.10.0.1"),
        ("", "10.1.2.3"),
    ],
)
def test_either_alone_does_not(calling, address):
    assert _refusal(calling, address) == CALLING_AET_UNKNOWN


def test_the_called_title_must_be_one_of_ours():
    assert _refusal("CT1", "10.1.2.3", "router") is CALLED_AET_UNKNOWN


def test_without_lists_anyone_may_call_anything():
    assert Allowlist(None, None).refusal(Titles("X", "Y"), "192.0.2.1") is None


def test_an_empty_list_lets_nobody_in():
    assert Allowlist((), None).refusal(Titles("X", "Y"), "192.0.2.1") == CALLING_AET_UNKNOWN


def test_a_host_name_counts_once_it_has_been_looked_up():
    allowlist = Allowlist((KnownPeer("CT1", "localhost"), KnownPeer("MR1", "no-such-host.invalid")), None)
    assert allowlist.refusal(Titles("X", "CT1"), "127.0.0.1") == CALLING_AET_UNKNOWN
    failed = []
    asyncio.run(allowlist.look_up(failed.append))
    assert allowlist.refusal(Titles("X", "CT1"), "127.0.0.1") is None
    assert allowlist.refusal(Titles("X", "MR1"), "127.0.0.1") == CALLING_AET_UNKNOWN
    assert failed == ["no-such-host.invalid"]
