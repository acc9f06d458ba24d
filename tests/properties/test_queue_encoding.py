"""Decisions and exchanges come back from the ledger exactly as they went in."""

from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomrules.dicom.patch import Patch
from dicomrules.model.decision import Change, Clause, Decision, RuleHit, Variant
from dicomrules.model.exchange import Association, Exchange, PresentationContext
from dicomrules.model.instance import Verdict
from dicomrules.queue import encoding
from dicomrules.queue.errors import LedgerDamaged

T = TypeVar("T")

texts = st.text(
    st.characters(), max_size=30
)  # file names that are no UTF-8 bring lone surrogates: any character may come
optional_texts = st.none() | texts
zones = st.just(UTC) | st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=zones)
spans = st.none() | st.timedeltas()
patches = st.builds(Patch, st.binary(min_size=32, max_size=32).map(bytes.hex))


def tuples(of: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    """Up to three of these."""
    return st.lists(of, max_size=3).map(tuple)


changes = st.builds(Change, texts, optional_texts, optional_texts, texts)
clauses = st.builds(Clause, texts, texts, st.booleans(), texts)
hits = st.builds(RuleHit, texts, st.booleans(), tuples(clauses), tuples(texts), texts, texts, texts, tuples(changes))
variants = st.builds(Variant, patches, tuples(changes), tuples(texts), texts, texts)
decisions = st.builds(
    Decision,
    verdict=st.sampled_from(Verdict),
    variants=tuples(variants),
    hits=tuples(hits),
    fingerprint=texts,
    reasons=tuples(texts),
    retry=spans,
    limit=spans,
    status=st.integers(0, 0xFFFF),
    notes=tuples(texts),
)
associations = st.builds(
    Association, texts, texts, texts, texts, moments, implementation=texts, max_pdu=st.integers(0, 2**32 - 1)
)
command_sets = st.dictionaries(texts, texts | st.integers(0, 2**32 - 1), max_size=5)
exchanges = st.builds(
    Exchange,
    associations,
    st.none() | st.builds(PresentationContext, st.integers(1, 255), texts, texts),
    command_sets,
    st.none() | command_sets,
    st.none() | moments,
    st.none() | moments,
)


@given(decisions)
def test_a_decision_comes_back_as_it_was(decision: Decision) -> None:
    patches_apart = [variant.patch for variant in decision.variants]
    assert encoding.decode_decision(encoding.encode_decision(decision), patches_apart) == decision


@given(exchanges)
def test_an_exchange_comes_back_as_it_was(exchange: Exchange) -> None:
    assert encoding.decode_exchange(encoding.encode_exchange(exchange)) == exchange


@given(moments)
def test_a_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert encoding.moment(encoding.micros(moment)) == moment


@given(decisions, st.data())
def test_s13_a_turned_bit_is_noticed(decision: Decision, data: st.DataObject) -> None:
    raw = bytearray(encoding.encode_decision(decision))
    at = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[at // 8] ^= 1 << at % 8
    with pytest.raises(LedgerDamaged):
        encoding.decode_decision(bytes(raw), [variant.patch for variant in decision.variants])


@given(patches, st.data())
def test_a_patch_comes_back_as_it_was_and_a_turned_bit_in_it_is_noticed(patch: Patch, data: st.DataObject) -> None:
    raw = bytearray(encoding.encode_patch(patch))
    assert encoding.decode_patch(bytes(raw)) == patch
    at = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[at // 8] ^= 1 << at % 8
    with pytest.raises(LedgerDamaged):
        encoding.decode_patch(bytes(raw))


@given(decisions.filter(lambda decision: decision.variants))
def test_a_decision_without_the_patches_of_its_variants_is_damaged(decision: Decision) -> None:
    with pytest.raises(LedgerDamaged):
        encoding.decode_decision(encoding.encode_decision(decision), [])
