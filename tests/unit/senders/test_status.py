from itertools import pairwise

import pytest

from dicomrules.model.delivery import Kind, Trouble
from dicomrules.net.answers import is_known
from dicomrules.net.failures import AssociationError, Insecure, Lost, ProtocolViolation, Rejected, TimedOut, Unreachable
from dicomrules.senders.status import TABLE, TRIES, Weight, judge, meaning
from dicomrules.senders.trouble import of
from dicomrules.wire.associate import CALLED_AET_UNKNOWN, CALLING_AET_UNKNOWN, CONGESTED, LIMIT_EXCEEDED


def kinds(status: int) -> list[Kind]:
    """How the first four attempts end when each is answered with this status."""
    return [judge(status, refusals, "US").kind for refusals in range(4)]


def test_success_and_the_three_warnings_of_storage_are_sent() -> None:
    assert [status for status in range(0x10000) if judge(status, 0, "US").kind is Kind.SENT] == [
        0x0000,
        0xB000,
        0xB006,
        0xB007,
    ]


def test_exactly_the_documented_refusals_fail_and_only_at_the_third_try() -> None:
    failing = {status for status in range(0x10000) if Kind.FAILED in kinds(status)}
    assert failing == {*range(0xA900, 0xAA00), *range(0xC000, 0xD000), 0x0117, 0x0122, 0x0211, 0x0212}
    for status in failing:
        assert kinds(status) == [Kind.DEFERRED] * (TRIES - 1) + [Kind.FAILED] * 2


def test_rows_do_not_overlap_and_each_names_its_section() -> None:
    spans = sorted((row.first, row.last) for row in TABLE)
    assert all(first <= last for first, last in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert all(row.section.startswith("PS3.") for row in TABLE)


def test_every_row_is_a_status_that_a_response_may_have() -> None:
    assert all(is_known(row.first) and is_known(row.last) for row in TABLE)


def test_words_hold_the_code_and_a_warning_says_so() -> None:
    assert judge(0xA700, 0, "US").message == "0xA700 refused: out of resources"
    assert judge(0xB006, 0, "US").message.startswith("warning 0xB006")
    assert judge(0xC123, 2, "US").message == "0xC123 the destination cannot understand the object"


def test_not_authorised_names_the_title_that_the_destination_must_know() -> None:
    judged = judge(0x0124, 5, "OUR_TITLE")
    assert (judged.kind, judged.trouble, judged.refused) == (Kind.DEFERRED, Trouble.MISCONFIGURED, False)
    assert "OUR_TITLE" in judged.message


def test_d12_has_it_already_is_for_somebody_who_knows_what_was_sent_before() -> None:
    assert [status for status in range(0x10000) if judge(status, 0, "US").kind is Kind.HELD] == [0x0111]


def test_d10_what_says_that_the_destination_is_short_of_something_is_congestion() -> None:
    congested = {status for status in range(0x10000) if judge(status, 0, "US").trouble is Trouble.CONGESTED}
    assert congested == {*range(0xA700, 0xA800), 0x0213}


def test_d08_a_refusal_for_good_says_so_from_the_first_time_on() -> None:
    assert [judge(0xC000, before, "US").refused for before in range(3)] == [True] * 3
    assert not judge(0xA700, 0, "US").refused


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (Unreachable("refused"), Trouble.AWAY),
        (TimedOut("silence"), Trouble.AWAY),
        (Lost("aborted"), Trouble.AWAY),
        (ProtocolViolation("nonsense"), Trouble.AWAY),
        (Insecure("expired"), Trouble.MISCONFIGURED),
        (Rejected(CALLING_AET_UNKNOWN, "US", "THEM"), Trouble.MISCONFIGURED),
        (Rejected(CALLED_AET_UNKNOWN, "US", "THEM"), Trouble.MISCONFIGURED),
        (Rejected(CONGESTED, "US", "THEM"), Trouble.CONGESTED),
        (Rejected(LIMIT_EXCEEDED, "US", "THEM"), Trouble.CONGESTED),
    ],
)
def test_d09_d10_what_the_end_of_an_association_says_about_the_destination(
    error: AssociationError, trouble: Trouble
) -> None:
    assert of(error) is trouble


@pytest.mark.parametrize("status", [0x0112, 0xA800, 0xB001, 0x0107, 0xFE00])
def test_what_nobody_defined_for_storage_is_not_now(status: int) -> None:
    assert meaning(status).weight is Weight.NOT_NOW
    assert set(kinds(status)) == {Kind.DEFERRED}
