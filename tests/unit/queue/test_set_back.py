"""The time of day was set back while things waited for moments that are now far off."""

from dataclasses import replace
from datetime import timedelta

from dicomrules.model.decision import Options
from dicomrules.model.delivery import Kind
from dicomrules.queue.entry import Entry
from dicomrules.queue.lanes import Ended
from dicomrules.queue.ledger import Ledger
from tests.unit.queue.material import NOW, entry, outcome

YESTERDAY = NOW - timedelta(days=1)


def quiet(one: Entry) -> Entry:
    """The same by a route that waits for the quiet of the study."""
    (plain,) = one.decision.variants
    options = (Options("archive", study_after=timedelta(seconds=60)),)
    return replace(one, decision=replace(one.decision, variants=(replace(plain, options=options),)))


def test_s23_what_waits_is_due_in_its_order_and_what_waits_for_quiet_waits_for_it_from_now_on(ledger: Ledger) -> None:
    for start in (0, 50, 100):
        ledger.record([entry(f"1.2.3.{start + number}", "pacs") for number in range(50)])
    ledger.record([quiet(entry("1.2.9.1", "archive"))])
    claimed = ledger.claim("pacs", 64, NOW)
    ledger.record_outcomes([Ended(one, outcome(Kind.DEFERRED), NOW + timedelta(minutes=15)) for one in claimed], NOW)
    assert ledger.is_ahead_of(YESTERDAY)
    assert not ledger.is_ahead_of(NOW)
    assert ledger.claim("pacs", 64, YESTERDAY) == []
    ledger.due_now(YESTERDAY)
    due = [one.id for _ in range(3) for one in ledger.claim("pacs", 64, YESTERDAY)]
    assert due == sorted(due)
    assert len(due) == 150
    assert ledger.claim("archive", 1, YESTERDAY + timedelta(seconds=59)) == []
    assert len(ledger.claim("archive", 1, YESTERDAY + timedelta(seconds=61))) == 1
