"""Who may ask for what."""

import pytest
from pynetdicom import AllStoragePresentationContexts

from dicomrules.wire.associate import ContextResult, ProposedContext
from dicomrules.wire.contexts import ContextPolicy, accepted, negotiate
from dicomrules.wire.errors import Malformed

from .worlds import CT, EXPLICIT, IMPLICIT, VERIFICATION

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
PRIVATE_CLASS = "1.3.46.670589.5.0.1"
GE_PRIVATE_SYNTAX = "1.2.840.113619.5.2"


def _result(abstract_syntax, *syntaxes, unknown=False):
    policy = ContextPolicy(unknown_classes=unknown)
    (result,) = negotiate([ProposedContext(1, abstract_syntax, syntaxes)], policy)
    return result


@pytest.mark.parametrize("uid", [str(cx.abstract_syntax) for cx in AllStoragePresentationContexts])
def test_every_storage_class_is_accepted(uid):
    assert _result(uid, IMPLICIT) == ContextResult(1, 0, IMPLICIT)


def test_verification_is_accepted():
    assert _result(VERIFICATION, IMPLICIT).result == 0


def test_the_first_transfer_syntax_we_know_is_taken():
    assert _result(CT, GE_PRIVATE_SYNTAX, EXPLICIT, IMPLICIT) == ContextResult(1, 0, EXPLICIT)
    assert _result(CT, IMPLICIT, EXPLICIT) == ContextResult(1, 0, IMPLICIT)


@pytest.mark.parametrize("uid", [GE_PRIVATE_SYNTAX, "1.2.840.10008.1.2.6.2", "1.2.840.10008.1.2.7.1", CT])
def test_what_is_no_encoding_of_data_sets_is_refused(uid):
    assert _result(CT, uid).result == 4


def test_other_services_are_refused_whatever_the_policy():
    assert _result(STUDY_ROOT_FIND, IMPLICIT).result == 3
    assert _result(STUDY_ROOT_FIND, IMPLICIT, unknown=True).result == 3


def test_c13_an_unknown_class_is_accepted_only_when_asked_for():
    assert _result(PRIVATE_CLASS, IMPLICIT).result == 3
    assert _result(PRIVATE_CLASS, IMPLICIT, unknown=True).result == 0


def _listed(abstract_syntax, *syntaxes):
    listed = {CT: (IMPLICIT, EXPLICIT, GE_PRIVATE_SYNTAX), PRIVATE_CLASS: None}
    policy = ContextPolicy(unknown_classes=True, listed=listed)
    (result,) = negotiate([ProposedContext(1, abstract_syntax, syntaxes)], policy)
    return result


def test_of_listed_transfer_syntaxes_our_order_decides():
    assert _listed(CT, EXPLICIT, IMPLICIT) == ContextResult(1, 0, IMPLICIT)
    assert _listed(CT, GE_PRIVATE_SYNTAX, EXPLICIT) == ContextResult(1, 0, EXPLICIT)


def test_what_is_not_listed_is_refused_whatever_else_is_said():
    assert _listed(CT, "1.2.840.10008.1.2.2").result == 4
    assert _listed(VERIFICATION, IMPLICIT).result == 3
    assert _listed("1.3.46.670589.5.0.2", IMPLICIT).result == 3


def test_a_private_transfer_syntax_is_taken_only_when_it_is_listed():
    assert _listed(CT, GE_PRIVATE_SYNTAX) == ContextResult(1, 0, GE_PRIVATE_SYNTAX)
    assert _listed(PRIVATE_CLASS, GE_PRIVATE_SYNTAX).result == 4


def test_a_class_listed_with_any_syntax_takes_the_first_that_we_know():
    assert _listed(PRIVATE_CLASS, GE_PRIVATE_SYNTAX, EXPLICIT, IMPLICIT) == ContextResult(1, 0, EXPLICIT)


def test_an_association_has_the_contexts_that_were_accepted():
    proposed = [ProposedContext(1, CT, (EXPLICIT,)), ProposedContext(3, CT, (IMPLICIT,))]
    (context,) = accepted(proposed, [ContextResult(1, 4), ContextResult(3, 0, IMPLICIT)])
    assert (context.id, context.abstract_syntax, context.transfer_syntax) == (3, CT, IMPLICIT)


@pytest.mark.parametrize(
    "results",
    [[ContextResult(5, 0, EXPLICIT)], [ContextResult(1, 0, IMPLICIT)], [ContextResult(1, 3), ContextResult(1, 0)]],
    ids=["not_proposed", "other_syntax", "twice"],
)
def test_answers_that_fit_no_proposal_are_malformed(results):
    with pytest.raises(Malformed):
        accepted([ProposedContext(1, CT, (EXPLICIT,))], results)


def test_storage_commitment_is_taken_only_when_it_is_offered_and_only_in_plain_little_endian():
    commitment, big_endian = "1.2.840.10008.1.20.1", "1.2.840.10008.1.2.2"

    def answer(policy, *syntaxes):
        return negotiate([ProposedContext(1, commitment, syntaxes)], policy)[0]

    offered = ContextPolicy(commitment=True)
    assert answer(ContextPolicy(unknown_classes=True), EXPLICIT).result == 3
    assert answer(offered, big_endian, IMPLICIT, EXPLICIT) == ContextResult(1, 0, IMPLICIT)
    assert answer(offered, big_endian).result == 4
    listed = ContextPolicy(listed={CT: None}, commitment=True)
    assert answer(listed, EXPLICIT).result == 3  # with `contexts`, what is not listed is refused
    assert answer(ContextPolicy(listed={commitment: (EXPLICIT, big_endian)}, commitment=True), big_endian).result == 4
    assert answer(ContextPolicy(listed={commitment: None}), EXPLICIT).result == 3
