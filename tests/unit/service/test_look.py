"""A look at how the gateway stands is answered whatever has happened to its state folder."""

import fcntl
from dataclasses import replace
from pathlib import Path

from dicomrules.model.delivery import Kind
from dicomrules.observe.conditions import conditions
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from dicomrules.service.alive import hold, is_alive
from dicomrules.service.look import Look
from tests.peers.authority import Authority
from tests.unit.config.gateways import WHOLE, bent, settings
from tests.unit.queue.material import NOW, entry, outcome


def test_a_state_folder_that_is_gone_is_told_and_raises_nothing(tmp_path: Path) -> None:
    seen = Look(replace(settings(WHOLE), state=tmp_path / "not mounted"))()
    assert "not mounted" in seen.unreadable
    assert not any(seen.processes.values())
    assert not seen.full


def test_a_disk_that_cannot_be_looked_at_is_told_beside_a_ledger_that_can(tmp_path: Path) -> None:
    state = tmp_path / "var"
    state.mkdir(mode=0o700)
    Ledger.open(state).close()
    look = Look(replace(settings(WHOLE), state=state))
    assert look().unreadable == ""
    state.rename(tmp_path / "elsewhere")
    assert "cannot be looked at: No such file or directory" in look().unreadable


def test_a_look_tells_until_when_certificates_are_good(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    Ledger.open(tmp_path / "var").close()
    certificate, key = Authority(tmp_path / "authority").sign("gw", expired=True)
    read = settings(bent("{port: 11112}", f"{{port: 11112, tls: {{certificate: {certificate}, key: {key}}}}}"))
    seen = Look(replace(read, state=tmp_path / "var"))()
    assert [(one.what, one.path, one.at.year) for one in seen.ends] == [("certificate", certificate, 2020)]


def test_d15_what_has_failed_at_a_destination_that_the_gateway_file_lacks_is_seen(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    ledger = Ledger.open(tmp_path / "var")
    ledger.record([entry("1.2.3.1", "gone"), entry("1.2.3.2", "over")])
    for name, kind in (("gone", Kind.FAILED), ("over", Kind.SENT)):
        (claimed,) = ledger.claim(name, 1, NOW)
        ledger.record_outcomes([Ended(claimed, outcome(kind))], NOW)
    ledger.close()
    seen = Look(replace(settings(WHOLE), state=tmp_path / "var"))()
    assert [one.name for one in seen.destinations if not one.declared] == ["gone"]
    assert ("deliveries.failed", "gone") in [(one.name, one.subject) for one in conditions(seen)]


def test_a_process_is_alive_as_long_as_it_holds_its_file(tmp_path: Path) -> None:
    assert not is_alive(tmp_path, "intake")
    descriptor = hold(tmp_path, "intake")
    assert is_alive(tmp_path, "intake")
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    assert not is_alive(tmp_path, "intake")


def test_a_file_that_may_not_be_opened_is_no_sign_of_life_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "intake.alive").symlink_to("intake.alive")
    assert not is_alive(tmp_path, "intake")
