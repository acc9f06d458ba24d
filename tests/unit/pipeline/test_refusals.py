"""D-19: what a destination's "no" means for a delivery."""

from datetime import UTC, datetime, timedelta

import pytest

from dicomrules.model.delivery import Kind
from dicomrules.model.destination import RetryPolicy
from dicomrules.pipeline.refusals import TABLE, Before, what_follows

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
POLICY = RetryPolicy(timedelta(seconds=10), timedelta(minutes=1))


@pytest.mark.parametrize("reason", [0x0110, 0x0112, 0x0213, 0x0999])
def test_d19_not_now_is_sent_again_without_end(reason: int) -> None:
    for deferrals in (0, 1, 50):
        refused = what_follows(reason, Before(deferrals, 0), POLICY, NOW, 0.0)
        assert (refused.kind, refused.refused) == (Kind.DEFERRED, False)
    assert refused.again == NOW + POLICY.up_to


@pytest.mark.parametrize("reason", [0x0119, 0x0122])
def test_d19_never_is_believed_when_it_was_said_three_times(reason: int) -> None:
    kinds = [what_follows(reason, Before(5, refusals), POLICY, NOW, 0.0).kind for refusals in range(3)]
    assert kinds == [Kind.DEFERRED, Kind.DEFERRED, Kind.FAILED]


def test_d19_a_duplicate_transaction_uid_is_asked_again_and_nothing_is_sent() -> None:
    refused = what_follows(0x0131, Before(0, 0), POLICY, NOW, 0.0)
    assert (refused.kind, refused.again) == (Kind.STORED, NOW + POLICY.first)


def test_every_reason_is_named_in_what_people_read() -> None:
    for reason, meaning in TABLE.items():
        assert f"0x{reason:04X} {meaning.words}" in what_follows(reason, Before(0, 0), POLICY, NOW, 0.0).message
