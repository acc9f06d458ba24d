"""R-08, R-09, I-04: rules and destinations are read again while images come in; each image says which rules it was."""

import os
import re
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from dicomrules.queue.reader import Reader
from tests.faults.conftest import SITE
from tests.faults.processes import delivered, intake_and_delivery, peer_at, store
from tests.faults.senders import Sender
from tests.faults.test_lifecycle import pss
from tests.objects import ct, file_bytes
from tests.peers.authority import Authority
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import RawPeer, associate_rq
from tests.peers.running import until
from tests.peers.sink import Sink


def hang_up(gateway: Gateway) -> None:
    assert gateway.process is not None
    gateway.process.send_signal(signal.SIGHUP)


def taken_over(gateway: Gateway) -> int:
    """How often both processes have swapped."""
    said = gateway.output()
    return min(len(re.findall(rf"from now on  process={name}", said)) for name in ("intake", "delivery"))


def reloaded(gateway: Gateway, change: Callable[[], None]) -> None:
    """Change something, and wait until both processes go by it."""
    before = taken_over(gateway)
    change()
    hang_up(gateway)
    until(lambda: taken_over(gateway) > before or "are not taken" in gateway.output(), 20, "the new rules in force")
    assert taken_over(gateway) > before, gateway.output()


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def rules_of(gateway: Gateway) -> dict[str, str]:
    """SOP Instance UID -> fingerprint of the rules that decided it."""
    reader = Reader.open(gateway.folder / "var")
    try:
        connection = reader._connection
        ids = [identity for (identity,) in connection.execute("SELECT id FROM instances")]
        stories = [reader.story(identity) for identity in ids]
    finally:
        reader.close()
    return {story.key.sop_instance: story.decision.fingerprint for story in stories}


def test_i04_new_rules_count_for_the_next_image_and_each_image_says_which_rules_it_was(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    rules = gateway.folder / "site.rules"
    with peer_at(port) as peer:
        first = store(peer, "PAT1", 1)
        reloaded(gateway, lambda: edit(rules, '"SITE_A"', '"SITE_B"'))
        second = store(peer, "PAT1", 2)  # on the association that was open before
    until(lambda: delivered(sink) == {first, second}, 10, "both at the destination")
    stored = {each.sop_instance: each.data_set for each in sink.acknowledged()}
    assert b"SITE_A" in stored[first]
    assert b"SITE_B" in stored[second]
    fingerprints = rules_of(gateway)
    assert fingerprints[first] != fingerprints[second]
    assert gateway.output().count("ready") == 1


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (lambda rules: rules.write_text("language 1\nrule {"), "DR"),
        (lambda rules: rules.write_text(rules.read_text()[:150]), "DR"),
        (lambda rules: rules.chmod(0o666), "chmod o-w"),
        (lambda rules: rules.unlink(), "cannot read"),
    ],
    ids=["an error", "half a file", "mode 0666", "no file"],
)
def test_r08_what_is_wrong_is_not_taken_and_the_old_rules_stay(
    gateway: Gateway, sink: Sink, port: int, what: Callable[[Path], None], why: str
) -> None:
    what(gateway.folder / "site.rules")
    hang_up(gateway)
    until(lambda: "the new rules are not taken" in gateway.output(), 20, "the refusal")
    assert why in gateway.output()
    assert not taken_over(gateway)
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")


def test_a_symbolic_link_to_good_rules_is_good(gateway: Gateway) -> None:
    rules = gateway.folder / "site.rules"
    target = gateway.folder / "release-2.rules"
    target.write_text(rules.read_text().replace("SITE_A", "SITE_C"))

    def change() -> None:
        rules.unlink()
        rules.symlink_to(target)

    reloaded(gateway, change)


def test_destinations_are_added_changed_and_removed_and_what_waits_for_a_removed_one_stays(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    file, rules = gateway.file, gateway.folder / "site.rules"
    with Sink(keep=True) as other, peer_at(port) as peer:

        def add() -> None:
            edit(file, "limits:", f"  second:\n    dicom: {{aet: OTHER, host: 127.0.0.1, port: {other.port}}}\nlimits:")
            edit(rules, "destinations sink", "destinations sink, second")
            edit(rules, "=> sink", "=> sink and second")

        reloaded(gateway, add)
        uid = store(peer, "PAT1", 1)
        until(lambda: delivered(sink) == delivered(other) == {uid}, 10, "the instance at both")

        def move_away() -> None:
            edit(file, f"port: {other.port}", "port: 9")

        reloaded(gateway, move_away)
        stuck = store(peer, "PAT1", 2)
        until(lambda: gateway.deliveries("second")["deferred"] == 1, 10, "the second one to wait")

        def remove() -> None:
            text = file.read_text()
            file.write_text(re.sub(r"  second:\n    dicom: .*\n", "", text))
            edit(rules, "destinations sink, second", "destinations sink")
            edit(rules, "=> sink and second", "=> sink")

        reloaded(gateway, remove)
        assert "no longer has this destination" in gateway.output()
        assert stuck in gateway.ask("queue", "--study", _study_of(gateway, stuck))
        uid = store(peer, "PAT1", 3)
        until(lambda: uid in delivered(sink), 10, "the next one")


def _study_of(gateway: Gateway, uid: str) -> str:
    reader = Reader.open(gateway.folder / "var")
    try:
        return reader.find(uid)[0].key.study
    finally:
        reader.close()


def test_what_only_a_restart_can_change_is_named_and_the_rest_counts(gateway: Gateway, port: int) -> None:
    def change() -> None:
        edit(gateway.file, f"port: {port}, from: anyone", "port: 1, from: known")
        edit(gateway.file, "receivers:", "peers: {CT_A1: {host: 127.0.0.1}}\nreceivers:")
        edit(gateway.file, "aet: DICOMRULES,", "aet: DICOMRULES, study_live: 1h,")
        edit(gateway.file, "limits:", "observe: {http: 127.0.0.1:2}\nlimits:")

    reloaded(gateway, change)
    said = gateway.output()
    assert 'settings="study_live, observe, receivers.modalities.port"' in said
    assert "change only at a restart" in said
    with peer_at(port) as known:
        assert known.echo() == 0
    with pytest.raises(AssertionError), peer_at(port, "STRANGER") as unknown:
        unknown.echo()


def test_what_becomes_of_conflicts_in_a_watched_folder_counts_from_the_reload_on(gateway: Gateway) -> None:
    gateway.stop()
    edit(gateway.file, "receivers:", "receivers:\n  drop: {folder: {path: in, settle: 0s}}")
    watched = gateway.folder / "in"
    watched.mkdir()
    gateway.start()
    reloaded(gateway, lambda: edit(gateway.file, "settle: 0s", "settle: 0s, conflict: send"))
    for last in (b"\x00", b"\x01"):
        (watched / "one.new").write_bytes(file_bytes(ct(size=16))[:-1] + last)
        (watched / "one.new").rename(watched / "one.dcm")
        until(lambda: not (watched / "one.dcm").exists(), 10, "the file to be taken")
    until(lambda: gateway.deliveries("sink")["sent"] == 2, 10, "both versions")
    assert "change only at a restart" not in gateway.output()


def test_a_certificate_that_a_peer_must_show_counts_from_the_reload_on(tmp_path: Path, sink: Sink, port: int) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.sign("gateway", "DNS:localhost")
    made = Gateway(tmp_path / "gateway", SITE, port=port, sink=sink.port)
    edit(
        made.file,
        "from: anyone}",
        f"from: known, tls: {{certificate: {certificate}, key: {key}, client_ca: {authority.pem}}}}}",
    )
    edit(made.file, "receivers:", "peers: {CT_A1: {host: 127.0.0.1}}\nreceivers:")
    context = ssl.create_default_context(cafile=str(authority.pem))
    context.load_cert_chain(*authority.sign("other"))

    def associates() -> bool:
        plain = socket.create_connection(("127.0.0.1", port), 10)
        with RawPeer.at(context.wrap_socket(plain, server_hostname="localhost")) as peer:
            peer.send(associate_rq(calling="CT_A1", called="DICOMRULES"))
            return bool(peer.receive()[0] == 0x02)

    with made as gateway:
        assert associates()
        reloaded(gateway, lambda: edit(gateway.file, "{host: 127.0.0.1}", "{host: 127.0.0.1, certificate: ct1}"))
        assert not associates()
        reloaded(gateway, lambda: edit(gateway.file, "certificate: ct1}", "certificate: other}"))
        assert associates()


def test_a_process_that_dies_after_a_reload_comes_back_with_the_new_rules(
    gateway: Gateway, sink: Sink, port: int
) -> None:
    reloaded(gateway, lambda: edit(gateway.folder / "site.rules", "SITE_A", "SITE_B"))
    os.kill(intake_and_delivery(gateway)[0], signal.SIGKILL)
    until(lambda: "ready again" in gateway.output(), 10, "intake to be back")
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    until(lambda: delivered(sink) == {uid}, 10, "the instance at the destination")
    assert b"SITE_B" in sink.acknowledged()[0].data_set


def campaign(gateway: Gateway, sink: Sink, port: int, reloads: int) -> None:
    """Reload again and again under four senders: every image was decided by one rule set, and says which."""
    senders = [Sender(port, f"PAT{number}") for number in range(4)]
    for sender in senders:
        sender.start()
    rules, names = gateway.folder / "site.rules", ["SITE_A", "SITE_B"]
    sizes = []
    for number in range(reloads):
        reloaded(gateway, lambda: edit(rules, names[number % 2], names[(number + 1) % 2]))  # noqa: B023
        if number in (min(20, reloads // 2), reloads - 1):
            assert gateway.process is not None
            sizes.append([pss(pid) for pid in (gateway.process.pid, *intake_and_delivery(gateway))])
    for sender in senders:
        sender.stopping.set()
    for sender in senders:
        sender.join(30)
    acknowledged = {uid for sender in senders for uid in sender.acknowledged}
    until(lambda: delivered(sink) >= acknowledged, 60, "everything at the destination")
    fingerprints = rules_of(gateway)
    assert acknowledged <= set(fingerprints)
    by_rules: dict[str, set[bytes]] = {}
    for stored in sink.acknowledged():
        (site,) = set(re.findall(rb"SITE_[AB]", stored.data_set))
        by_rules.setdefault(fingerprints[stored.sop_instance], set()).add(site)
    assert "" not in by_rules
    assert sorted(by_rules.values()) == [{b"SITE_A"}, {b"SITE_B"}]
    assert len(list((gateway.folder / "var/rules").glob("*.json"))) == 2
    print(f"{reloads} reloads, {len(acknowledged)} images, PSS in KB of parent, intake, delivery: {sizes}")
    assert sum(sizes[1]) < sum(sizes[0]) + 15 * 1024


def test_r09_ten_reloads_under_load(gateway: Gateway, sink: Sink, port: int) -> None:
    campaign(gateway, sink, port, 10)


@pytest.mark.slow
def test_r09_a_thousand_reloads_under_load(gateway: Gateway, sink: Sink, port: int) -> None:
    campaign(gateway, sink, port, 1000)
