"""What wants a person, and what of it is an alarm."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicomrules.model.delivery import State
from dicomrules.model.observing import Severity, Snapshot, Waits
from dicomrules.model.security import SOON, End
from dicomrules.observe.alarms import QUIET, Alarms, Turn
from dicomrules.observe.conditions import AUDIT_PATIENCE, LONGEST_LOG, conditions
from dicomrules.observe.health import health

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
UP = {"intake": True, "delivery": True}
HOUR = timedelta(hours=1)


def names(seen: Snapshot) -> list[str]:
    return [f"{one.name} {one.subject}".strip() for one in conditions(seen)]


def waits(waiting: int = 0, failed: int = 0, since: timedelta | None = None, *, declared: bool = True) -> Waits:
    deliveries = {State.QUEUED: waiting, State.FAILED: failed}
    return Waits("pacs", deliveries, None if since is None else NOW - since, HOUR, declared)


def test_a_gateway_with_nothing_to_tell_is_green() -> None:
    seen = Snapshot(NOW, UP, destinations=(waits(3, since=timedelta(minutes=59)),))
    assert conditions(seen) == []
    status, body = health(seen, [])
    assert status == 200
    assert b'"status": "green"' in body


def test_a_process_that_is_down_is_red_and_takes_no_images() -> None:
    seen = Snapshot(NOW, {"intake": False, "delivery": True})
    assert names(seen) == ["process.down intake"]
    status, body = health(seen, conditions(seen))
    assert status == 503
    assert b'"takes_images": false' in body


def test_a_destination_that_is_away_is_red_and_images_are_taken() -> None:
    seen = Snapshot(NOW, UP, destinations=(waits(3, since=timedelta(hours=2)),))
    (one,) = conditions(seen)
    assert (one.name, one.subject, one.severity) == ("destination.late", "pacs", Severity.RED)
    assert one.text == "3 deliveries wait for pacs, the oldest for 2 hours"
    assert health(seen, [one])[0] == 200


def test_d15_what_waits_for_a_destination_that_the_gateway_file_lacks_is_red() -> None:
    seen = Snapshot(NOW, UP, destinations=(waits(1, since=timedelta(seconds=1), declared=False),))
    assert names(seen) == ["destination.unknown pacs"]


def stores(stored: int, waiting: int = 0, *, declared: bool = True) -> Waits:
    return replace(
        waits(waiting, since=2 * HOUR, declared=declared), deliveries={State.STORED: stored, State.QUEUED: waiting}
    )


def test_d19_what_has_waited_too_long_for_its_commitment_is_counted_and_its_way_out_is_another() -> None:
    (one,) = conditions(Snapshot(NOW, UP, destinations=(stores(3),)))
    assert one.text == "3 deliveries wait for pacs (3 for its storage commitment), the oldest for 2 hours"
    assert one.way_out.startswith("`dicomrules queue --destination pacs --state stored`")
    (one,) = conditions(Snapshot(NOW, UP, destinations=(stores(3, 1),)))
    assert one.text == "4 deliveries wait for pacs (3 for its storage commitment), the oldest for 2 hours"
    assert one.way_out == "`dicomrules echo pacs` says why"


def test_d15_what_a_destination_has_stored_and_will_never_commit_itself_to_is_red() -> None:
    (one,) = conditions(Snapshot(NOW, UP, destinations=(stores(1, declared=False),)))
    assert (one.name, one.severity) == ("destination.unknown", Severity.RED)
    assert "`dicomrules queue discard pacs`" in one.way_out


@pytest.mark.parametrize(
    ("left", "severity", "text"),
    [
        (timedelta(days=29), Severity.YELLOW, "the certificate in gw.pem ends in 29 days"),
        (timedelta(hours=50), Severity.RED, "the certificate in gw.pem ends in 50 hours"),
        (timedelta(days=-1), Severity.RED, "the certificate in gw.pem has ended on 2026-11-22"),
    ],
)
def test_a_certificate_is_told_before_it_ends(left: timedelta, severity: Severity, text: str) -> None:
    end = End("certificate", Path("gw.pem"), NOW + left)
    (one,) = conditions(Snapshot(NOW, UP, ends=(end, end)))
    assert (one.name, one.subject, one.severity, one.text) == ("certificate.ends", "gw.pem", severity, text)
    assert conditions(Snapshot(NOW, UP, ends=(End("certificate", Path("gw.pem"), NOW + SOON),))) == []


def test_red_comes_before_yellow() -> None:
    seen = Snapshot(
        NOW,
        UP,
        destinations=(waits(failed=1),),
        instances={"held": 2},
        log_bytes=LONGEST_LOG + 1,
        full=True,
        unsent=7,
        unsent_since=NOW - AUDIT_PATIENCE - HOUR,
    )
    assert names(seen) == ["deliveries.failed pacs", "disk.full", "audit.unsent", "instances.held", "ledger.log"]


def test_every_condition_says_what_to_do() -> None:
    seen = Snapshot(NOW, {"intake": False}, instances={"held": 1}, full=True, unreadable="it is damaged")
    assert all(one.text and one.way_out for one in conditions(seen))


def test_an_alarm_is_told_once_and_again_when_it_is_over() -> None:
    alarms = Alarms()
    found = conditions(Snapshot(NOW, UP, full=True))
    turns = [
        [alarm.turn for alarm in alarms.look(seen, NOW + timedelta(seconds=seconds))]
        for seconds, seen in ((0, found), (5, found), (10, []), (15, []))
    ]
    assert turns == [[Turn.RAISED], [], [Turn.OVER], []]


def test_l12_an_alarm_that_lasts_for_a_month_is_told_each_day() -> None:
    alarms = Alarms()
    found = conditions(Snapshot(NOW, UP, destinations=(waits(failed=1),)))
    told = [alarms.look(found, NOW + timedelta(minutes=10 * step)) for step in range(30 * 24 * 6 + 1)]
    turns = [one.turn for each in told for one in each]
    assert turns == [Turn.RAISED] + [Turn.STILL] * 30
    assert {one.since for each in told for one in each} == {NOW}


def test_a_condition_that_flickers_is_told_once_in_a_while() -> None:
    alarms = Alarms()
    found = conditions(Snapshot(NOW, UP, full=True))
    told = []
    for step in range(60):  # a minute, there and gone each second
        told += alarms.look(found if step % 2 == 0 else [], NOW + timedelta(seconds=step))
    assert [one.turn for one in told] == [Turn.RAISED, Turn.OVER]
    assert [one.turn for one in alarms.look(found, NOW + QUIET + timedelta(minutes=2))] == [Turn.RAISED]
