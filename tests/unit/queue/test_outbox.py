"""What must reach somebody some day is kept in order, kind by kind, until it is taken."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dicomrules.queue import outbox
from dicomrules.queue.outbox import Outbox, Unsent
from tests.unit.queue.material import NOW


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path)
    yield made
    made.close()


def test_texts_come_out_in_order_and_only_those_of_their_kind(box: Outbox) -> None:
    assert box.put("audit", [b"one", b"two"], NOW) == 2
    box.put("alarm", [b"fire"], NOW)
    box.put("audit", [b"three"], NOW)
    assert [each.text for each in box.first("audit", 2)] == [b"one", b"two"]
    assert [(each.text, each.at) for each in box.first("alarm", 9)] == [(b"fire", NOW)]


def test_what_is_taken_is_gone_and_the_rest_waits(box: Outbox) -> None:
    box.put("audit", [b"one", b"two"], NOW)
    box.put("audit", [b"three"], NOW + timedelta(minutes=1))
    box.put("alarm", [b"fire"], NOW)
    box.done("audit", box.first("audit", 2)[-1].id)
    assert box.unsent("audit") == Unsent(1, NOW + timedelta(minutes=1))
    assert box.unsent("alarm") == Unsent(1, NOW)
    assert box.unsent("other") == Unsent(0, None)


def test_what_there_is_no_room_for_is_said(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST", 2)
    assert box.put("audit", [b"one", b"two"], NOW) == 2
    assert box.put("audit", [b"three", b"four"], NOW) == 1
    assert [each.text for each in box.first("audit", 9)] == [b"one", b"two", b"three"]


def test_it_is_all_there_when_it_is_opened_again(box: Outbox, tmp_path: Path) -> None:
    box.put("audit", [b"one"], NOW)
    again = Outbox(tmp_path)
    assert [each.text for each in again.first("audit", 9)] == [b"one"]
    again.close()
