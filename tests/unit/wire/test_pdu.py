"""Association PDUs against the codec of an independent implementation, and at their caps."""

import pytest
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ, A_RELEASE_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    AsynchronousOperationsWindowNegotiation,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import build_context

from dicomrules.wire import pdu
from dicomrules.wire.associate import (
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    ProposedContext,
    Rejection,
    RoleSelection,
    Titles,
    UserIdentity,
    UserInformation,
)
from dicomrules.wire.errors import Malformed
from dicomrules.wire.limits import WireLimits

from .worlds import AC, CT, EXPLICIT, IMPLICIT, REQUEST, RQ, USER


def _their_request():
    """A request with everything an association requestor can say, by pynetdicom."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title, primitive.called_ae_title = "MODALITY", "GATEWAY"
    context = build_context(CT, [EXPLICIT, IMPLICIT])
    context.context_id = 1
    primitive.presentation_context_definition_list = [context]
    items = [MaximumLengthNotification(), ImplementationClassUIDNotification(), ImplementationVersionNameNotification()]
    items[0].maximum_length_received = 65536
    items[1].implementation_class_uid = "1.2.826.0.1"
    items[2].implementation_version_name = "THEIRS"
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = 5
    window.maximum_number_operations_performed = 6
    role = SCP_SCU_RoleSelectionNegotiation()
    role.sop_class_uid, role.scu_role, role.scp_role = CT, True, True
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid, extended.service_class_application_information = CT, b"\x02\x00\x03\x00\x01\x00"
    identity = UserIdentityNegotiation()
    identity.user_identity_type, identity.primary_field, identity.secondary_field = 2, b"user", b"secret"
    identity.positive_response_requested = True
    primitive.user_information = [*items, window, role, extended, identity]
    encoded = A_ASSOCIATE_RQ()
    encoded.from_primitive(primitive)
    return encoded.encode()


def test_a_request_of_another_implementation_is_understood_and_its_secrets_are_not_shown():
    body = _their_request()[6:]
    titles = pdu.read_titles(body)
    request = pdu.read_request(body, titles, WireLimits())
    assert titles == Titles("GATEWAY", "MODALITY")
    assert request == AssociateRequest(
        "GATEWAY",
        "MODALITY",
        (ProposedContext(1, CT, (EXPLICIT, IMPLICIT)),),
        UserInformation(
            65536,
            "1.2.826.0.1",
            "THEIRS",
            (5, 6),
            (RoleSelection(CT, True, True),),
            UserIdentity(2, True, b"user", b"secret"),
        ),
    )
    assert "secret" not in repr(request)


def _with_user_items(items):
    """Our request with more user information, as bytes after the head."""
    encoded = bytearray(RQ[6:])
    at = encoded.rindex(b"\x50\x00", 0, encoded.rindex(b"\x51\x00\x00\x04"))
    length = int.from_bytes(encoded[at + 2 : at + 4], "big") + len(items)
    encoded[at + 2 : at + 4] = length.to_bytes(2, "big")
    return bytes(encoded) + items


@pytest.mark.parametrize(
    "value",
    [b"", b"\x02", b"\x02\x01\x00", b"\x02\x01\xff\xff\x00\x00", b"\x01\x00\x00\x01a", b"\x01\x00\x00\x00\x00\x00\x00"],
)
def test_a21_an_identity_that_disagrees_with_its_lengths_is_malformed(value):
    body = _with_user_items(b"\x58\x00" + len(value).to_bytes(2, "big") + value)
    with pytest.raises(Malformed):
        pdu.read_request(body, pdu.read_titles(body), WireLimits())


def test_an_identity_of_any_kind_and_60000_bytes_is_read():
    value = b"\x05\x00" + (60_000).to_bytes(2, "big") + bytes(60_000) + b"\x00\x00"
    body = _with_user_items(b"\x58\x00" + len(value).to_bytes(2, "big") + value)
    request = pdu.read_request(body, pdu.read_titles(body), WireLimits())
    assert request.user.identity == UserIdentity(5, False, bytes(60_000))


def test_our_identity_and_the_answer_to_one_are_understood_by_another_implementation():
    user = UserInformation(16384, "1.2.3", identity=UserIdentity(2, True, b"user", b"secret"))
    theirs = A_ASSOCIATE_RQ()
    theirs.decode(pdu.request(AssociateRequest("CALLED", "CALLING", (ProposedContext(1, CT, (EXPLICIT,)),), user)))
    (item,) = [each for each in theirs.user_information.user_data if type(each).__name__ == "UserIdentitySubItemRQ"]
    assert (item.user_identity_type, item.positive_response_requested) == (2, 1)
    assert (item.primary_field, item.secondary_field) == (b"user", b"secret")
    answer = A_ASSOCIATE_AC()
    answer.decode(pdu.accept(AssociateAccept((), UserInformation(16384, "1.2.3", identity_taken=True)), "A", "B"))
    assert any(type(each).__name__ == "UserIdentitySubItemAC" for each in answer.user_information.user_data)


def test_our_request_is_understood_by_another_implementation():
    theirs = A_ASSOCIATE_RQ()
    theirs.decode(RQ)
    assert (theirs.called_ae_title, theirs.calling_ae_title, theirs.protocol_version) == ("CALLED", "CALLING", 1)
    assert [cx.context_id for cx in theirs.presentation_context] == [1, 3]
    assert theirs.presentation_context[0].transfer_syntax == [EXPLICIT, IMPLICIT]
    assert theirs.user_information.maximum_length == 16384
    assert theirs.encode() == RQ


def test_our_acceptance_is_understood_by_another_implementation():
    results = (ContextResult(1, 0, IMPLICIT), ContextResult(3, 3, IMPLICIT))
    user = UserInformation(131072, "1.2.3", "OURS", (1, 1), (RoleSelection(CT, True, False),))
    encoded = pdu.accept(AssociateAccept(results, user), "GATEWAY", "MODALITY")
    theirs = A_ASSOCIATE_AC()
    theirs.decode(encoded)
    assert [(cx.context_id, cx.result) for cx in theirs.presentation_context] == [(1, 0), (3, 3)]
    assert theirs.user_information.async_ops_window.max_operations_invoked == 1
    assert theirs.user_information.role_selection[CT].scp_role == 0
    assert pdu.read_accept(encoded[6:], WireLimits()) == AssociateAccept((results[0], ContextResult(3, 3)), user)


def test_the_short_pdus_are_those_of_another_implementation():
    theirs = A_ASSOCIATE_RJ()
    theirs.decode(pdu.rejection(Rejection(2, 3, 1)))
    assert (theirs.result, theirs.source, theirs.reason_diagnostic) == (2, 3, 1)
    theirs = A_ABORT_RQ()
    theirs.decode(pdu.abort(2, 6))
    assert (theirs.source, theirs.reason_diagnostic) == (2, 6)
    assert A_RELEASE_RQ().encode() == pdu.release_request()
    theirs = P_DATA_TF()
    theirs.decode(pdu.pdv_header(3, 4, 2) + b"data")
    (value,) = theirs.presentation_data_value_items
    assert (value.presentation_context_id, value.presentation_data_value) == (3, b"\x02data")


def _request(contexts, syntaxes):
    proposed = tuple(ProposedContext(1 + 2 * n, CT, (EXPLICIT,) * syntaxes) for n in range(contexts))
    return pdu.request(AssociateRequest("A", "B", proposed, USER))[6:]


def test_a12_the_largest_legal_request_is_read():
    request = pdu.read_request(_request(128, 45), Titles("A", "B"), WireLimits())
    assert len(request.contexts) == 128


def test_a12_a_context_of_too_many_syntaxes_is_malformed():
    with pytest.raises(Malformed):
        pdu.read_request(_request(1, 65), Titles("A", "B"), WireLimits())


def test_a12_contexts_with_equal_ids_beyond_the_cap_are_malformed():
    context = pdu.request(AssociateRequest("A", "B", (ProposedContext(1, CT, (EXPLICIT,)),), USER))[6:]
    item = context[68 + 25 : context.index(b"\x50\0", 68 + 25)]
    with pytest.raises(Malformed):
        pdu.read_request(context[: 68 + 25] + item * 2000, Titles("A", "B"), WireLimits())


@pytest.mark.parametrize("missing", ["application context", "contexts", "user information"])
def test_a_request_without_an_item_it_needs_is_malformed(missing):
    body = RQ[6:]
    user = body.index(b"\x50\0")
    broken = {
        "application context": body[:68] + body[68 + 25 :],
        "contexts": body[: 68 + 25] + body[user:],
        "user information": body[:user],
    }[missing]
    with pytest.raises(Malformed):
        pdu.read_request(broken, Titles("CALLED", "CALLING"), WireLimits())


def test_titles_are_trimmed_and_case_is_kept():
    body = RQ[6:].replace(b"CALLED ", b" CaLLed")
    assert pdu.read_titles(body).called_aet == "CaLLed"
    assert pdu.read_titles(RQ[6:].replace(b"CALLED" + b" " * 10, b"CALLED" + b"\0" * 10)).called_aet == "CALLED"


def test_an_acceptance_without_user_information_is_malformed():
    body = AC[6:]
    with pytest.raises(Malformed):
        pdu.read_accept(body[: body.index(b"\x50\0")], WireLimits())
    assert pdu.read_accept(body, WireLimits()).user == REQUEST.user
