"""What a person does with a running gateway, on the command line: look, release, discard, send again."""

import json
from pathlib import Path

from tests.faults.conftest import SITE
from tests.faults.processes import delivered, peer_at, store
from tests.faults.test_kill import check_delivered
from tests.peers.gateway import Gateway
from tests.peers.running import until
from tests.peers.sink import Behaviour, Sink

LONG = "P" * 60  # with the prefix, longer than a patient number may be: the rules quarantine it


def asked(gateway: Gateway, *words: str) -> list[dict[str, object]]:
    """A command about instances, and what came of it."""
    command, *rest = words
    found: list[dict[str, object]] = json.loads(gateway.ask(command, *rest, "--format", "json", ok=False))
    return found


def test_a_quarantined_instance_is_looked_at_and_released(gateway: Gateway, sink: Sink, port: int) -> None:
    with peer_at(port) as peer:
        uid = store(peer, LONG, 1)
    listed = gateway.ask("held", "list")
    assert uid in listed
    assert "too long" in listed
    assert all(len(line) <= 80 for line in listed.splitlines())
    assert "held" in gateway.ask("held", "show", uid)
    refused = gateway.ask("held", "release", uid, ok=False)
    assert "still held: today's rules say quarantine" in " ".join(refused.split())
    sent = gateway.ask("held", "release", uid, "--as-received", "--to", "sink", "--reason", "checked by hand")
    assert "queued for sink" in sent
    until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")
    story = " ".join(gateway.ask("trace", uid).split())
    assert "as received to sink, by" in story
    assert '"checked by hand"' in story


def test_what_is_asked_while_the_gateway_does_not_run_is_done_at_its_next_start(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")
    until(lambda: gateway.deliveries("sink")["sent"] == 1, 10, "the outcome in the ledger")
    gateway.stop()
    said = gateway.ask("resend", uid, ok=False)
    assert "the gateway is not running: it is written down" in said
    gateway.start()
    until(lambda: len(sink.acknowledged()) == 2, 10, "the instance a second time")
    check_delivered(sink, {})


def test_a_study_is_sent_again_by_its_uid_and_by_its_accession_number(gateway: Gateway, sink: Sink, port: int) -> None:
    with peer_at(port) as peer:
        uids = [store(peer, "PAT1", number) for number in range(3)]
    until(lambda: gateway.deliveries("sink")["sent"] == 3, 10, "all three sent")
    study = json.loads(gateway.ask("trace", uids[0], "--format", "json"))[0]["key"]["study"]
    told = json.loads(gateway.ask("report", study, "--format", "json"))
    assert (told[0]["instances"], told[0]["deliveries"]) == (3, {"sink": {"sent": 3}})
    assert study in gateway.ask("report")
    answers = asked(gateway, "resend", study, "--reason", "the PACS lost a disk")
    assert [each["answer"] for each in answers] == ["queued again for sink"] * 3
    until(lambda: len(sink.acknowledged()) == 6, 10, "all three a second time")
    check_delivered(sink, {})


def test_queue_says_what_waits_where_and_why(tmp_path: Path, port: int) -> None:
    with Gateway(tmp_path / "g", SITE, port=port, sink=9) as gateway:
        with peer_at(port) as peer:
            uids = [store(peer, f"PAT{number}", number) for number in range(2)]
        until(lambda: "refused" in gateway.ask("queue"), 10, "the first attempt")
        shown = gateway.ask("queue")
        assert "sink: 2 deliveries in 2 studies" in shown
        assert all(len(line) <= 80 for line in shown.splitlines())
        rows = json.loads(gateway.ask("queue", "--format", "json"))
        assert {each["sop_instance"] for each in rows} == set(uids)
        assert uids[0] in gateway.ask("queue", "--study", rows[0]["study"])
        assert "nothing is waiting" in gateway.ask("queue", "--state", "failed")
        assert "it is tried now" in gateway.ask("queue", "resume", "sink")
        assert "discarded: 2" in gateway.ask("queue", "discard", "sink", "--reason", "a test", "--yes")
        assert "nothing is waiting" in gateway.ask("queue")
        assert "discarded by" in gateway.ask("trace", uids[0])


def test_what_failed_is_queued_again(tmp_path: Path, port: int) -> None:
    with Sink(Behaviour(status=0xC000)) as sink, Gateway(tmp_path / "g", SITE, port=port, sink=sink.port) as gateway:
        with peer_at(port) as peer:
            uid = store(peer, "PAT1", 1)
        until(lambda: gateway.deliveries("sink")["failed"] == 1, 30, "the delivery to fail")
        tried = len(gateway.ask("trace", uid).split("cannot understand"))
        assert "queued again: 1" in gateway.ask("queue", "retry", "sink", "--reason", "the PACS is mended")
        until(lambda: len(gateway.ask("trace", uid).split("cannot understand")) > tried, 10, "another attempt")
        assert "retry to sink" in gateway.ask("trace", uid)
