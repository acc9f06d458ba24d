"""Who may in, by user and passcode."""

import pytest

from dicomrules.model.security import User
from dicomrules.receivers.identity import Identities
from dicomrules.wire.associate import NO_REASON, UserIdentity

USERS = {"CT_A1": User("ct1", "sesame"), "MR_A1": User("mr1")}


def _refusal(identities: Identities, aet: str, identity: UserIdentity | None, now: float = 0.0) -> str:
    refusal = identities.refusal(aet, identity, "10.0.0.1", now)
    assert refusal is None or refusal == NO_REASON
    return "" if refusal is None else refusal.why


@pytest.mark.parametrize(
    ("aet", "identity", "words"),
    [
        ("CT_A1", UserIdentity(2, False, b"ct1", b"sesame"), ""),
        ("CT_A1", UserIdentity(2, False, b"ct1", b"sesam"), "not those"),
        ("CT_A1", UserIdentity(2, False, b"ct2", b"sesame"), "not those"),
        ("CT_A1", UserIdentity(1, False, b"ct1"), "not those"),
        ("CT_A1", UserIdentity(1, False, b"ct1", b"sesame"), "not those"),
        ("CT_A1", UserIdentity(3, False, b"ticket"), "kind"),
        ("CT_A1", UserIdentity(4), "kind"),
        ("CT_A1", UserIdentity(5), "kind"),
        ("CT_A1", None, "did not"),
        ("MR_A1", UserIdentity(1, False, b"mr1"), ""),
        ("MR_A1", UserIdentity(2, False, b"mr1", b"whatever"), ""),
        ("MR_A1", UserIdentity(1, False, b"mr2"), "not those"),
        ("US_A1", None, ""),
        ("US_A1", UserIdentity(3, False, b"ticket"), ""),
    ],
)
def test_a19_each_kind_of_identity(aet: str, identity: UserIdentity | None, words: str) -> None:
    assert words in _refusal(Identities(USERS), aet, identity)
    assert bool(words) == bool(_refusal(Identities(USERS), aet, identity))


def test_a19_after_five_wrong_ones_even_the_right_one_waits_a_minute() -> None:
    identities = Identities(USERS)
    right, wrong = UserIdentity(2, False, b"ct1", b"sesame"), UserIdentity(2, False, b"ct1", b"x")
    for second in range(5):
        assert "not those" in _refusal(identities, "CT_A1", wrong, second)
    assert "too often" in _refusal(identities, "CT_A1", right, 10)
    assert "too often" in _refusal(identities, "CT_A1", wrong, 59)
    assert identities.refusal("CT_A1", right, "10.0.0.2", 59) is None  # from elsewhere
    assert _refusal(identities, "CT_A1", right, 61) == ""


def test_a_right_one_forgets_the_wrong_ones_before() -> None:
    identities = Identities(USERS)
    right, wrong = UserIdentity(2, False, b"ct1", b"sesame"), UserIdentity(2, False, b"ct1", b"x")
    for _ in range(3):
        for _ in range(4):
            _refusal(identities, "CT_A1", wrong)
        assert _refusal(identities, "CT_A1", right) == ""


def test_what_is_remembered_of_failures_is_bounded() -> None:
    identities = Identities(USERS)
    for number in range(5000):
        identities.refusal("CT_A1", UserIdentity(2), f"10.0.{number >> 8}.{number & 255}", 0.0)
    assert len(identities._failures) <= 4096


def test_secrets_are_never_shown() -> None:
    shown = repr((USERS, UserIdentity(2, False, b"ct1", b"sesame")))
    assert "sesame" not in shown
    assert "ct1" not in shown
