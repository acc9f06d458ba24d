"""A consignment that goes to a stand-in, what is sent only once, what came back: as the ledger knows it."""

from dataclasses import replace
from datetime import timedelta

from dicomrules.model.decision import Options
from dicomrules.model.delivery import Kind, State
from dicomrules.queue.consign import Choice
from dicomrules.queue.failover import StandIn
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import MODALITY, NOW, entry, outcome
from tests.unit.queue.test_consign import fill, of_study

PAIR = (Options("pacs"), Options("standby", calling="OTHER", stands_in_for="pacs"))
ALWAYS = ("",)


def counts(reader: Reader) -> dict[str, dict[State, int]]:
    found = reader.status().destinations
    return {each.name: {state: count for state, count in each.deliveries.items() if count} for each in found}


def test_s58_all_of_a_study_moves_with_the_options_of_the_stand_in(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, "1.1", 100, *PAIR)
    moved = [ledger.failover.divert("pacs", StandIn("standby"), ALWAYS, NOW) for _ in range(3)]
    assert moved == [64, 36, 0]
    assert counts(reader) == {"pacs": {}, "standby": {State.QUEUED: 100}}
    assert ledger.claim("pacs", 64, NOW) == []
    (first, *_) = ledger.claim("standby", 64, NOW)
    assert first.options is not None
    assert (first.options.calling, first.stand_in) == ("OTHER", "pacs")


def test_s58_what_comes_late_waits_for_the_stand_in_too_and_may_go_back(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, "1.1", 1, *PAIR)
    ledger.failover.divert("pacs", StandIn("standby"), ALWAYS, NOW)
    ledger.record([of_study("1.1", 7, *PAIR)])
    assert ledger.claim("pacs", 64, NOW) == [], "its study has gone elsewhere"
    (late,) = ledger.failover.diverted("pacs")
    assert ledger.failover.follow(late.consignment, "pacs", StandIn("standby"), NOW) == 1
    assert ledger.failover.divert("standby", StandIn("pacs"), ALWAYS, NOW) == 2, "the end of the chain is its beginning"
    assert len(ledger.claim("pacs", 64, NOW)) == 2
    assert counts(reader) == {"pacs": {State.SENDING: 2}, "standby": {}}


def test_s58_what_waits_for_its_hours_or_its_quiet_does_not_wait_for_the_destination(ledger: Ledger) -> None:
    ledger.record([of_study("1.1", 1, replace(PAIR[0], during="nights"), PAIR[1])])
    ledger.record([of_study("1.2", 1, replace(PAIR[0], study_after=timedelta(seconds=60)), PAIR[1])])
    assert ledger.failover.divert("pacs", StandIn("standby"), ALWAYS, NOW) == 0
    assert ledger.failover.divert("pacs", StandIn("standby"), ("", "nights"), NOW) == 1


def test_s58_what_is_being_sent_stays_and_the_attempts_at_both_are_told(ledger: Ledger, reader: Reader) -> None:
    fill(ledger, "1.1", 2, *PAIR)
    (sending,) = ledger.claim("pacs", 1, NOW)
    assert ledger.failover.divert("pacs", StandIn("standby"), ALWAYS, NOW) == 1
    ledger.record_outcomes([Ended(sending, outcome(Kind.DEFERRED), NOW)], NOW)
    (rest,) = ledger.failover.diverted("pacs")
    assert ledger.failover.follow(rest.consignment, "pacs", StandIn("standby"), NOW) == 1
    (story,) = reader.trace("1.1.0")
    (delivery,) = story.deliveries
    assert (delivery.destination, delivery.state) == ("standby", State.QUEUED)
    words = [one.outcome.message for one in delivery.attempts]
    assert words == ["it was deferred", "goes to standby instead: pacs cannot be reached"]


def test_s59_only_once_counts_what_other_instances_have_brought_there(ledger: Ledger) -> None:
    other = replace(MODALITY, calling_aet="CT_B2")
    ledger.record([entry("1.2.3.1", "pacs")])
    (first,) = ledger.claim("pacs", 1, NOW)
    assert ledger.sent_once(first) is None
    ledger.record_outcomes([Ended(first, outcome(Kind.SENT))], NOW)
    ledger.record([entry("1.2.3.1", "pacs", peer=other), entry("1.2.3.1", "pacs", content="new", peer=other)])
    (same,) = ledger.claim("pacs", 1, NOW)
    assert ledger.sent_once(same) == outcome(Kind.SENT).ended_at
    changed = replace(MODALITY, calling_aet="CT_C3")
    ledger.record([entry("1.2.3.1", "pacs", content="changed", peer=changed)])
    (another,) = ledger.claim("pacs", 1, NOW)
    assert ledger.sent_once(another) is None, "another content is another object"
    per_day = replace(another, options=Options("pacs", only_once=True, once_per=timedelta(hours=24)))
    assert ledger.sent_once(per_day) is not None, "under `per` the UID alone counts"


def test_s59_what_a_person_sends_again_is_no_repetition(ledger: Ledger) -> None:
    ledger.record([entry("1.2.3.1", "pacs")])
    (first,) = ledger.claim("pacs", 1, NOW)
    ledger.record_outcomes([Ended(first, outcome(Kind.SENT))], NOW)
    ledger._session.connection.execute(
        "INSERT INTO deliveries (instance_id, variant_id, destination, state, next_attempt) SELECT instance_id,"
        " variant_id, destination, 'queued', 5 FROM deliveries"
    )
    (again,) = ledger.claim("pacs", 1, NOW)
    assert ledger.sent_once(again) is None


def test_d16_what_comes_back_under_the_uid_that_its_new_pixels_got_has_come_back(ledger: Ledger) -> None:
    ledger.record([entry("1.2.3.1", "pacs")])
    (first,) = ledger.claim("pacs", 1, NOW)
    ledger.keep_form(first, "lossy", "2.25.7")
    ledger.record_outcomes([Ended(first, outcome(Kind.SENT))], NOW)
    ledger.record([entry("2.25.7", "pacs", "archive")])
    assert ledger.claim("pacs", 1, NOW)[0].came_back
    assert not ledger.claim("archive", 1, NOW)[0].came_back


def test_d16_what_comes_from_the_title_that_got_it_has_come_back_until_a_person_says_otherwise(ledger: Ledger) -> None:
    choice = Choice(aet="PACS")
    ledger.record([entry("1.2.3.1", "pacs")])
    (first,) = ledger.claim("pacs", 1, NOW, choice)
    assert not first.came_back
    ledger.record_outcomes([Ended(first, outcome(Kind.SENT))], NOW)
    ledger.record([entry("1.2.3.1", "pacs", peer=replace(MODALITY, calling_aet="WORKSTATION"))])
    assert not ledger.claim("pacs", 1, NOW, choice)[0].came_back, "another sender may send it there again"
    ledger.record([entry("1.2.3.1", "pacs", peer=replace(MODALITY, calling_aet="PACS"))])
    (back,) = ledger.claim("pacs", 1, NOW, choice)
    assert back.came_back
    ledger.record_outcomes([Ended(back, outcome(Kind.HELD))], NOW)
    ledger._session.connection.execute("UPDATE deliveries SET state = 'queued' WHERE id = ?", (back.id,))
    assert not ledger.claim("pacs", 1, NOW, choice)[0].came_back
