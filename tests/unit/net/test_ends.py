"""Until when certificates, authorities and revocation lists are good."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dicomrules.model.security import ClientTls, ServerTls
from dicomrules.net.ends import ends
from tests.peers.authority import Authority

EARLY, LATE = datetime(2020, 2, 1, tzinfo=UTC), datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_chain_is_as_good_as_the_first_of_it_that_ends(authority: Authority, tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    (good, key), (over, _) = authority.sign("good"), authority.sign("over", expired=True)
    chain.write_bytes(good.read_bytes() + over.read_bytes())
    assert [(one.what, one.at) for one in ends(ServerTls(good, key))] == [("certificate", LATE)]
    assert [(one.what, one.at) for one in ends(ServerTls(chain, key))] == [("certificate", EARLY)]


def test_authorities_are_good_as_long_as_one_of_them_is(authority: Authority, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(authority.sign("old", expired=True)[0].read_bytes() + authority.sign("new")[0].read_bytes())
    assert [(one.what, one.at) for one in ends(ClientTls(ca=both))] == [("authority", LATE)]


def test_revocation_lists_are_good_until_the_first_of_them_wants_a_successor(
    authority: Authority, tmp_path: Path
) -> None:
    certificate, key = authority.sign("port")
    lists = tmp_path / "lists.pem"
    lists.write_bytes(authority.revoke().read_bytes() + authority.revoke(over=True).read_bytes())
    found = {one.what: one.at for one in ends(ServerTls(certificate, key, authority.pem, client_crl=lists))}
    assert found["revocation list"] == EARLY
    assert list(found) == ["certificate", "authority", "revocation list"]


def test_a_new_certificate_is_seen_as_soon_as_it_is_there(authority: Authority, tmp_path: Path) -> None:
    place = tmp_path / "port.pem"
    tls = ServerTls(place, place)
    assert list(ends(tls)) == [], "what is not there is said elsewhere"
    for expired, at in ((True, EARLY), (False, LATE)):
        (tmp_path / "new.pem").write_bytes(authority.sign("renewed", expired=expired)[0].read_bytes())
        os.replace(tmp_path / "new.pem", place)
        assert [one.at for one in ends(tls)] == [at]
    place.write_text("no certificate")
    assert list(ends(tls)) == []
