"""Are the certificate and the user that come with an association those that its peer must have (PS3.7 D.3.3.7)?

Names and passcodes are compared in constant time, and leave this file neither for a log nor for a peer. After several
wrong ones from one place, none is looked at for a while, so that trying them all takes years.
"""

import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dicomrules.model.security import User
from dicomrules.wire.associate import NAME, NAME_AND_PASSCODE, NO_REASON, Rejection, UserIdentity

_NO_CERTIFICATE = replace(NO_REASON, why="this peer must show a certificate, and this port asks for none")
_OTHER_CERTIFICATE = replace(NO_REASON, why="its certificate is not for the name that `peers` has for this AE title")
_NO_USER = replace(NO_REASON, why="this peer must come with a user (PS3.7 D.3.3.7), and did not")
_OTHER_KIND = replace(NO_REASON, why="this peer came with a kind of user identity that is not taken here")
_WRONG = replace(NO_REASON, why="user or passcode are not those of this peer")
_TOO_OFTEN = replace(NO_REASON, why="user or passcode of this peer were wrong too often: not looked at for a minute")

_FAILURES, _SECONDS = 5, 60.0  # so many wrong ones within that time are one too many
_MOST_PLACES = 4096  # whose failures are remembered


@dataclass(slots=True)
class _Failures:
    count: int
    since: float


def stranger(name: str, shown: frozenset[str] | None) -> Rejection | None:
    """None when a certificate for these names may come where `name` is awaited; else what to answer."""
    if shown is None:
        return _NO_CERTIFICATE
    return None if name.lower() in shown else _OTHER_CERTIFICATE


class Identities:
    """The users of peers, by calling AE title. For one thread."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = users
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def asked_of(self, calling_aet: str) -> bool:
        """Whether this peer must come with a user."""
        return calling_aet in self._users

    def refusal(self, calling_aet: str, identity: UserIdentity | None, address: str, now: float) -> Rejection | None:
        """None when this user may in, or none is asked for; else what to answer. `now` in seconds of a steady clock."""
        user = self._users.get(calling_aet)
        if user is None:
            return None
        place = (calling_aet, address)
        if self._barred(place, now):
            return _TOO_OFTEN
        if identity is None:
            return _NO_USER
        if identity.kind not in (NAME, NAME_AND_PASSCODE):
            return _OTHER_KIND
        if _is(user, identity):
            self._failures.pop(place, None)
            return None
        self._failed(place, now)
        return _WRONG

    def _barred(self, place: tuple[str, str], now: float) -> bool:
        failures = self._failures.get(place)
        if failures is not None and now - failures.since >= _SECONDS:
            del self._failures[place]
            return False
        return failures is not None and failures.count >= _FAILURES

    def _failed(self, place: tuple[str, str], now: float) -> None:
        failures = self._failures.setdefault(place, _Failures(0, now))
        failures.count += 1
        if len(self._failures) > _MOST_PLACES:
            self._failures.popitem(last=False)


def _is(user: User, identity: UserIdentity) -> bool:
    """Both are always compared, so that the time says nothing about which of them was wrong."""
    right_name = hmac.compare_digest(identity.primary, user.name.encode())
    if not user.passcode:
        return right_name
    right_passcode = hmac.compare_digest(identity.secondary, user.passcode.encode())
    return right_name and right_passcode and identity.kind == NAME_AND_PASSCODE
