"""The judge is judged: what is lost, torn, or came too often is told, and what may come twice is not."""

from collections import Counter
from hashlib import sha256

from tests.oracle.history import History
from tests.oracle.images import image
from tests.oracle.rewrite import rewritten, site_a
from tests.peers.sink import Stored

UID, RECEIVED = image("PAT1", 1, 3000)


def came(uid: str = UID, received: bytes = RECEIVED, answered: int | None = 0) -> Stored:
    data = rewritten(received, site_a)
    return Stored(
        1, "GW", "SINK", "1.2", uid, "1.2.840.10008.1.2.1", sha256(data).hexdigest(), len(data), answered, data
    )


def history(**known: object) -> History:
    sent = {UID: RECEIVED}
    return History(sent.get, lambda received: [rewritten(received, site_a)], acknowledged={UID}, **known)  # type: ignore[arg-type]


def test_what_is_delivered_once_or_held_is_right() -> None:
    assert history().judge([came()]).wrong == []
    assert history(held={UID}).judge([]).wrong == []


def test_what_was_acknowledged_and_is_nowhere_is_lost() -> None:
    assert history().judge([came(answered=None)]).wrong == [f"{UID}: acknowledged, neither delivered nor held"]


def test_copies_are_counted_by_instance() -> None:
    assert history(in_flight=1, cut_off=Counter({UID: 1})).judge([came(), came()]).wrong == []
    of_another = history(in_flight=1, cut_off=Counter({"1.2.3": 1})).judge([came(), came()])
    assert of_another.wrong == [f"{UID}: came 2 times, and 0 of its attempts were cut off"]


def test_what_its_sender_repeated_when_it_was_swept_may_come_twice() -> None:
    assert history(cut_off=Counter(), came_again=Counter({UID: 1})).judge([came(), came()]).wrong == []


def test_other_bytes_than_the_rewrite_are_told() -> None:
    assert (
        f"{UID}: other bytes than the independent rewrite"
        in history().judge([came(received=image("PAT2", 1, 3000)[1])]).wrong
    )
