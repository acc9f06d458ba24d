"""A slice of the campaigns, with fixed seeds and without atheris."""

import time
from pathlib import Path
from random import Random

import pytest

from tests.fuzz import fuzz_data_set, fuzz_gateway, fuzz_rules, fuzz_stow, fuzz_upper_layer

SECONDS = 8.0
KEPT = Path(__file__).parent / "kept"  # what broke a promise once


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


@pytest.mark.parametrize("seed", [1])
def test_any_bytes_of_a_peer_are_answered_or_aborted_in_both_roles(seed: int) -> None:
    random, stop = Random(seed), time.monotonic() + SECONDS
    tried = associated = 0
    while time.monotonic() < stop or tried < 50:
        data = fuzz_upper_layer.mutated(random.choice(fuzz_upper_layer.corpus()), random)
        associated += fuzz_upper_layer.check(data)
        tried += 1
    assert 0 < associated < tried


@pytest.mark.parametrize("seed", [1])
def test_any_gateway_file_loads_or_is_diagnosed(seed: int) -> None:
    random, stop = Random(seed), time.monotonic() + SECONDS
    tried = loaded = 0
    while time.monotonic() < stop or tried < 200:
        text = fuzz_gateway.mutated(random.choice(fuzz_gateway.corpus()), random)
        loaded += fuzz_gateway.check(text)
        tried += 1
    assert 0 < loaded < tried


@pytest.mark.parametrize("seed", [1])
def test_any_request_of_a_web_client_is_answered_with_what_was_stored(seed: int) -> None:
    random, stop = Random(seed), time.monotonic() + SECONDS
    tried = stored = 0
    while time.monotonic() < stop or tried < 50:
        data = fuzz_stow.mutated(random.choice(fuzz_stow.corpus()), random)
        stored += fuzz_stow.check(data)
        tried += 1
    assert 0 < stored < 2 * tried


@pytest.mark.parametrize("path", sorted(KEPT.rglob("*.*")), ids=lambda path: path.name)
def test_what_broke_a_promise_once_breaks_none_now(path: Path) -> None:
    if path.parent.name == "gateway":
        assert not fuzz_gateway.check(path.read_text())
    elif path.parent.name == "stow":
        fuzz_stow.check(path.read_bytes())
    else:
        fuzz_upper_layer.check(path.read_bytes())


def test_every_rule_file_and_data_set_of_the_corpus_keeps_the_promises_as_it_is() -> None:
    assert sum(fuzz_rules.check(text) for text in fuzz_rules.corpus()) > 0
    assert sum(fuzz_data_set.check(data) for data in fuzz_data_set.corpus()) > 0


def test_every_association_and_gateway_file_of_the_corpus_keeps_the_promises_as_it_is() -> None:
    assert sum(fuzz_upper_layer.check(data) for data in fuzz_upper_layer.corpus()) > 10
    assert sum(fuzz_gateway.check(text) for text in fuzz_gateway.corpus()) > 3


def test_every_request_of_the_corpus_keeps_the_promises_as_it_is() -> None:
    assert sum(fuzz_stow.check(data) for data in fuzz_stow.corpus()) > 5
