"""D-01, D-05, D-14: destinations that are away, unclear, or one of several."""

from pathlib import Path

from tests.faults.processes import delivered, peer_at, store
from tests.faults.test_kill import check_delivered
from tests.peers.gateway import Gateway
from tests.peers.running import until
from tests.peers.sink import Behaviour, Sink

THREE = Path(__file__).parent / "three"


def test_d01_a_destination_that_is_away_gets_all_when_it_is_back_and_few_probes_meanwhile(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = Behaviour(connect="close")
    with peer_at(port) as peer:
        uids = {store(peer, f"PAT{number}", number) for number in range(30)}
    until(lambda: sink.connections >= 3, 10, "some probes")
    until(lambda: gateway.deliveries("sink")["deferred"], 10, "deferred deliveries")
    assert sink.connections < 8, "one probe for the destination, not one for each of 30 instances"
    sink.behaviour = Behaviour()
    until(lambda: delivered(sink) == uids, 10, "all of them, without anybody's help")
    assert len(sink.stored) == len(uids)


def test_d05_an_answer_that_never_came_means_once_more_and_the_copies_are_the_same_bytes(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    sink.behaviour = lambda number: (
        Behaviour(answer=("close", "abort", "reset")[number - 1]) if number < 4 else Behaviour()
    )
    with peer_at(port) as peer:
        uids = {store(peer, "PAT1", number) for number in range(3)}
    until(lambda: delivered(sink) == uids, 15, "all of them acknowledged")
    assert len(sink.stored) > len(uids)
    for uid in uids:
        assert len({stored.sha256 for stored in sink.stored if stored.sop_instance == uid}) == 1
    check_delivered(sink, {})


def test_d14_one_destination_that_fails_holds_up_no_other(tmp_path: Path, port: int, sink: Sink) -> None:
    refusing = Sink(Behaviour(status=0xA700))
    with refusing, Gateway(tmp_path / "g", THREE, port=port, alpha=sink.port, beta=refusing.port) as gateway:
        with peer_at(port) as peer:
            uids = {store(peer, "PAT1", number) for number in range(5)}
        until(lambda: delivered(sink) == uids, 10, "all at the first")
        until(lambda: len(list((gateway.folder / "out").rglob("*.dcm"))) == 5, 10, "all at the third")
        until(lambda: gateway.deliveries("alpha")["sent"] == 5, 10, "the first one's outcomes")
        assert gateway.deliveries("beta")["sent"] == 0
        assert "0xA700" in gateway.ask("status")
        waiting = list((gateway.folder / "var/spool/waiting").rglob("*.dcm"))
        assert len(waiting) == 5, "the bytes stay until every destination has them"
        refusing.behaviour = Behaviour()
        refusing.cut()
        until(lambda: delivered(refusing) == uids, 10, "all at the second")
        until(lambda: not list((gateway.folder / "var/spool/waiting").rglob("*.dcm")), 10, "the bytes done with")
