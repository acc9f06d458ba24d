"""A slice of the campaigns, with fixed seeds and without atheris."""

import time
from random import Random

import pytest

from tests.fuzz import fuzz_data_set, fuzz_rules

SECONDS = 8.0


@pytest.mark.parametrize("seed", [1, 2])
def test_any_rule_text_loads_or_is_diagnosed_and_what_compiles_decides(seed: int) -> None:
    random, stop = Random(seed), time.monotonic() + SECONDS
    tried = compiled = 0
    while time.monotonic() < stop or tried < 20:
        text = fuzz_rules.mutated(random.choice(fuzz_rules.corpus()), random)
        compiled += fuzz_rules.check(text)
        tried += 1
    assert 0 < compiled < tried


@pytest.mark.parametrize("seed", [1, 2])
def test_any_bytes_are_refused_or_can_be_decided_and_patched(seed: int) -> None:
    random, stop = Random(seed), time.monotonic() + SECONDS
    tried = walked = 0
    while time.monotonic() < stop or tried < 20:
        data = fuzz_data_set.mutated(random.choice(fuzz_data_set.corpus()), random)
        walked += fuzz_data_set.check(data)
        tried += 1
    assert 0 < walked < 3 * tried


def test_every_rule_file_and_data_set_of_the_corpus_keeps_the_promises_as_it_is() -> None:
    assert sum(fuzz_rules.check(text) for text in fuzz_rules.corpus()) > 0
    assert sum(fuzz_data_set.check(data) for data in fuzz_data_set.corpus()) > 0
