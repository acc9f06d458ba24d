"""A slice of the campaigns, with fixed seeds and without atheris."""

import time
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from tests.fuzz import fuzz_data_set, fuzz_gateway, fuzz_rules, fuzz_stow, fuzz_upper_layer

SECONDS = 8.0
KEPT = Path(__file__).parent / "kept"  # what broke a promise once


def tried(module: ModuleType, seed: int, at_least: int) -> tuple[int, int]:
    """Mutate and check for some seconds: how often, and how often something came of it."""
    random, stop = Random(seed), time.monotonic() + SECONDS
    times = came = 0
    while time.monotonic() < stop or times < at_least:
        came += module.check(module.mutated(random.choice(module.corpus()), random))
        times += 1
    return times, came


@pytest.mark.parametrize("seed", [1, 2])
def test_any_rule_text_loads_or_is_diagnosed_and_what_compiles_decides(seed: int) -> None:
    times, compiled = tried(fuzz_rules, seed, 20)
    assert 0 < compiled < times


@pytest.mark.parametrize("seed", [1, 2])
def test_any_bytes_are_refused_or_can_be_decided_and_patched(seed: int) -> None:
    times, walked = tried(fuzz_data_set, seed, 20)
    assert 0 < walked < 3 * times


def test_any_bytes_of_a_peer_are_answered_or_aborted_in_both_roles() -> None:
    times, associated = tried(fuzz_upper_layer, 1, 50)
    assert 0 < associated < times


def test_any_gateway_file_loads_or_is_diagnosed() -> None:
    times, loaded = tried(fuzz_gateway, 1, 200)
    assert 0 < loaded < times


def test_any_request_of_a_web_client_is_answered_with_what_was_stored() -> None:
    times, stored = tried(fuzz_stow, 1, 50)
    assert 0 < stored < 2 * times


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
