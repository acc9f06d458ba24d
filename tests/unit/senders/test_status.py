from itertools import pairwise

import pytest

from dicomrules.model.delivery import Kind
from dicomrules.net.answers import is_known
from dicomrules.senders.status import TABLE, TRIES, Weight, judge, meaning


def kinds(status: int) -> list[Kind]:
    """How the first four attempts end when each is answered with this status."""
    return [judge(status, attempt, "US")[0] for attempt in (1, 2, 3, 4)]


def test_success_and_the_three_warnings_of_storage_are_sent() -> None:
    assert [status for status in range(0x10000) if judge(status, 1, "US")[0] is Kind.SENT] == [
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
    assert judge(0xA700, 1, "US")[1] == "0xA700 refused: out of resources"
    assert judge(0xB006, 1, "US")[1].startswith("warning 0xB006")
    assert judge(0xC123, 3, "US")[1] == "0xC123 the destination cannot understand the object"


def test_not_authorised_names_the_title_that_the_destination_must_know() -> None:
    kind, words = judge(0x0124, 5, "OUR_TITLE")
    assert kind is Kind.DEFERRED
    assert "OUR_TITLE" in words


@pytest.mark.parametrize("status", [0x0112, 0xA800, 0xB001, 0x0107, 0xFE00])
def test_what_nobody_defined_for_storage_is_not_now(status: int) -> None:
    assert meaning(status).weight is Weight.NOT_NOW
    assert set(kinds(status)) == {Kind.DEFERRED}
