"""What a route says about a destination is what happens: with sockets, a sink for each destination, one gateway."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.processes import delivered, peer_at
from tests.faults.senders import image
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, until
from tests.peers.sink import Behaviour, Sink

WAYS = Path(__file__).parent / "ways"


@dataclass
class Site:
    """A gateway and the sinks behind it."""

    gateway: Gateway
    port: int
    main: Sink
    standby: Sink
    other: Sink

    def send(self, calling: str, patient: str, *numbers: int) -> list[str]:
        """Images of one study, acknowledged; their SOP Instance UIDs."""
        uids = []
        with peer_at(self.port, calling) as peer:
            for number in numbers:
                uid, data = image(patient, number, 2000)
                assert peer.store(uid, data) == 0
                uids.append(uid)
        return uids

    def states(self, uid: str) -> list[str]:
        """In which states the deliveries of an instance are."""
        (story,) = json.loads(self.gateway.ask("trace", uid, "--format", "json"))
        return [one["state"] for one in story["deliveries"]]

    def attempts(self, uid: str) -> list[str]:
        """What came of each attempt to deliver an instance, in words."""
        (story,) = json.loads(self.gateway.ask("trace", uid, "--format", "json"))
        return [each["outcome"]["message"] for one in story["deliveries"] for each in one["attempts"]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port, folder = free_port(), tmp_path_factory.mktemp("ways") / "gateway"
    with Sink() as main, Sink() as standby, Sink(keep=True) as other:
        ports = {"main": main.port, "standby": standby.port, "other": other.port}
        with Gateway(folder, WAYS, port=port, **ports) as gateway:
            yield Site(gateway, port, main, standby, other)


def test_r11_what_the_main_archive_refuses_goes_to_the_standby_alone_and_the_study_stays_together(site: Site) -> None:
    site.main.behaviour = Behaviour(reject=(1, 1, 7))
    first = site.send("FAILOVER", "PATF1", 1, 2, 3)
    until(lambda: delivered(site.standby) >= set(first), 15, "all at the standby")
    site.main.behaviour = Behaviour()
    late = site.send("FAILOVER", "PATF1", 4)
    until(lambda: delivered(site.standby) >= set(late), 15, "what came late, where its study is")
    later = {number: site.send("FAILOVER", f"PATG{number}", 1, 2) for number in range(4)}
    until(lambda: site.main.associations, 15, "probes of the main archive")
    until(lambda: bool(site.send("FAILOVER", f"PATH{time.monotonic()}", 1) and delivered(site.main)), 15, "one there")
    until(lambda: all({*uids} <= delivered(site.main) | delivered(site.standby) for uids in later.values()), 15, "all")
    assert not delivered(site.main) & {*first, *late}, "a study stays where it went"
    words = site.attempts(first[0])
    assert any("goes to standby instead: main cannot be reached" in each for each in words)
    assert "goes to the one that stands in for it" in site.gateway.output()


def test_s58_a_status_about_one_object_is_no_reason_to_move_on(site: Site) -> None:
    until(lambda: not site.gateway.deliveries("main")["queued"], 15, "nothing else on its way there")
    site.main.behaviour = Behaviour(status=0xC000)
    site.main.cut()
    (uid,) = site.send("FAILOVER", "PATF3", 1)
    until(lambda: "failed" in site.states(uid), 30, "failed after three tries")
    assert uid not in delivered(site.standby)
    site.main.behaviour = Behaviour()
    site.main.cut()


def test_s58_a_destination_that_refuses_everything_proposed_is_one_that_cannot_be_reached(site: Site) -> None:
    site.main.behaviour = Behaviour(refuse_classes=("*",))
    site.main.cut()
    uids = site.send("FAILOVER", "PATF4", 1, 2)
    until(lambda: delivered(site.standby) >= set(uids), 15, "all at the standby")
    site.main.behaviour = Behaviour()


def test_a_send_has_the_calling_title_that_the_route_says(site: Site) -> None:
    (titled,) = site.send("TITLED", "PATT1", 1)
    (came,) = site.send("AS_CAME", "PATT2", 1)
    (plain,) = site.send("CT_A1", "PATT3", 1)
    until(lambda: delivered(site.other) >= {titled, came, plain}, 15, "all three")
    titles = {one.sop_instance: one.calling_aet for one in site.other.acknowledged()}
    assert [titles[uid] for uid in (titled, came, plain)] == ["ROUTER_2", "AS_CAME", "DICOMRULES"]


def test_s60_a_study_goes_over_one_association_when_it_is_quiet_and_what_is_late_follows(site: Site) -> None:
    first = site.send("QUIET", "PATQ1", 1, 2)
    assert not delivered(site.other) & set(first)
    until(lambda: delivered(site.other) >= set(first), 15, "the study")
    assert len({one.association for one in site.other.acknowledged() if one.sop_instance in first}) == 1
    late = site.send("QUIET", "PATQ1", 3)
    until(lambda: delivered(site.other) >= set(late), 15, "what was late")


def test_s59_r25_what_was_sent_there_is_not_sent_again_whoever_sends_it(site: Site) -> None:
    (uid,) = site.send("ONCE_1", "PATO1", 1)
    until(lambda: site.gateway.deliveries("other")["sent"] and uid in delivered(site.other), 15, "the first")
    until(lambda: "sent" in site.gateway.ask("trace", uid), 15, "its outcome")
    before = len([one for one in site.other.stored if one.sop_instance == uid])
    site.send("ONCE_2", "PATO1", 1)
    until(lambda: "left out by `only once`" in site.gateway.ask("trace", uid, "--format", "json"), 15, "left out")
    assert len([one for one in site.other.stored if one.sop_instance == uid]) == before == 1


def test_r07_what_waits_for_its_hours_waits_and_a_schedule_that_never_opens_is_told_of(site: Site) -> None:
    (now,) = site.send("ALWAYS", "PATS1", 1)
    (never,) = site.send("BYGONE", "PATS2", 1)
    until(lambda: now in delivered(site.other), 15, "the one whose hours these are")
    assert never not in delivered(site.other)
    assert "this schedule never opens again" in site.gateway.output()
    assert "bygone" in site.gateway.output()
    assert never in site.gateway.ask("queue", "--format", "json")


def test_d16_what_comes_back_from_where_it_was_sent_is_held_at_the_second_pass(site: Site) -> None:
    uid, data = image("PATL1", 1, 2000)
    with peer_at(site.port, "CT_A1") as peer:
        assert peer.store(uid, data) == 0
    until(lambda: uid in delivered(site.other), 15, "at the other router")
    until(lambda: "sent" in site.gateway.ask("trace", uid), 15, "its outcome")
    (got,) = [one for one in site.other.acknowledged() if one.sop_instance == uid]
    with peer_at(site.port, "OTHER") as peer:  # the other router, from an address that is not written as in the file
        assert peer.store(uid, got.data_set) == 0
    until(lambda: "a loop between two routers" in site.gateway.output(), 15, "the loop noticed")
    assert len([one for one in site.other.stored if one.sop_instance == uid]) == 1
    until(lambda: uid in site.gateway.ask("held", "list", "--format", "json"), 15, "held for a person")


def test_s21_r23_a_pause_in_the_middle_of_a_series_only_delays_and_drops_nothing(site: Site) -> None:
    """The study counts as complete in the pause, and is not: what follows goes too, once it is quiet again."""
    first = site.send("QUIET", "PATP1", *range(90))
    until(lambda: delivered(site.other) >= set(first), 20, "what came before the pause")
    rest = site.send("QUIET", "PATP1", *range(90, 180))
    until(lambda: delivered(site.other) >= {*first, *rest}, 20, "all 180")
    came = [one.sop_instance for one in site.other.stored]
    assert [came.count(uid) for uid in (*first, *rest)] == [1] * 180
