"""One association without sockets, from both sides: every cell of Table 9-10 by real bytes, then what goes wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomrules.wire import dimse, pdu
from dicomrules.wire.associate import CALLING_AET_UNKNOWN, Rejection
from dicomrules.wire.connection import Connection
from dicomrules.wire.errors import LocalError
from dicomrules.wire.events import (
    Aborted,
    AssociateAccepted,
    AssociateRefused,
    AssociateRejected,
    AssociateRequested,
    CommandReceived,
    DataFragment,
    Released,
    ReleaseRequested,
    Violated,
)
from dicomrules.wire.limits import WireLimits
from dicomrules.wire.states import ACTIONS, TABLE, Role, Send, State, Trigger, next_state

from .worlds import (
    ABORT,
    AC,
    CT,
    RELEASE_RP,
    RELEASE_RQ,
    REQUEST,
    RESULTS,
    RJ,
    RQ,
    USER,
    acceptor,
    established,
    in_state,
    pdv,
    raw_pdu,
    receive,
    requestor,
)

PAIRS = [(role, state) for role in Role for state in State if in_state(role, state) is not None]
ECHO = dimse.encode(dimse.echo_request(7))
BYTES = {
    Trigger.AC_CAME: AC,
    Trigger.RJ_CAME: RJ,
    Trigger.RQ_CAME: RQ,
    Trigger.DATA_CAME: pdv(3, 3, ECHO),
    Trigger.RELEASE_RQ_CAME: RELEASE_RQ,
    Trigger.RELEASE_RP_CAME: RELEASE_RP,
    Trigger.ABORT_CAME: ABORT,
    Trigger.INVALID_CAME: raw_pdu(0x42, b"what is this"),
}
TOLD = {
    Trigger.AC_CAME: AssociateAccepted,
    Trigger.RJ_CAME: AssociateRejected,
    Trigger.RQ_CAME: AssociateRequested,
    Trigger.DATA_CAME: CommandReceived,
    Trigger.RELEASE_RQ_CAME: ReleaseRequested,
    Trigger.RELEASE_RP_CAME: Released,
    Trigger.ABORT_CAME: Aborted,
}


@pytest.mark.parametrize(("role", "state"), PAIRS, ids=lambda value: value.name)
@pytest.mark.parametrize("trigger", BYTES, ids=lambda t: f"Evt{int(t)}")
def test_a09_what_comes_is_answered_as_table_9_10_says(role, state, trigger):
    connection = in_state(role, state)
    action = TABLE[trigger, state]

    events = receive(connection, BYTES[trigger])

    assert connection.state is next_state(action, role)
    send = ACTIONS[action].send
    if send in (Send.ABORT_USER, Send.ABORT_PROVIDER):
        unexpected = trigger is not Trigger.INVALID_CAME
        reason = 0 if send is Send.ABORT_USER else 2 if unexpected else 1
        assert [type(event) for event in events] == [Violated]
        assert events[0].answer == pdu.abort(0 if send is Send.ABORT_USER else 2, reason)
    elif ACTIONS[action].tells:
        assert [type(event) for event in events] == [TOLD[trigger]]
    else:
        assert events == []


@pytest.mark.parametrize(("role", "state"), PAIRS, ids=lambda value: value.name)
def test_a_closed_transport_ends_every_state(role, state):
    connection = in_state(role, state)
    told = [type(event) for event in connection.closed()]
    assert connection.must_close
    assert told == ([] if state in (State.AWAITING_REQUEST, State.AWAITING_CLOSE) else [Aborted])


WISHES = {
    Trigger.WANT_ACCEPT: lambda c: c.accept(RESULTS, USER),
    Trigger.WANT_REJECT: lambda c: c.reject(Rejection(1, 1, 3)),
    Trigger.WANT_DATA: lambda c: c.command(3, dimse.echo_request(1)),
    Trigger.WANT_RELEASE: lambda c: c.release(),
    Trigger.WANT_RELEASE_RESPONSE: lambda c: c.confirm_release(),
    Trigger.WANT_ASSOCIATION: lambda c: c.request(REQUEST),
}


@pytest.mark.parametrize(("role", "state"), PAIRS, ids=lambda value: value.name)
@pytest.mark.parametrize("wish", WISHES, ids=lambda t: f"Evt{int(t)}")
def test_a_wish_is_fulfilled_where_the_table_allows_it_and_refused_elsewhere(role, state, wish):
    connection = in_state(role, state)
    if (wish, state) in TABLE:
        assert WISHES[wish](connection)
        assert connection.state is next_state(TABLE[wish, state], role)
    else:
        with pytest.raises(LocalError):
            WISHES[wish](connection)
        assert connection.state is state


@pytest.mark.parametrize(("role", "state"), PAIRS, ids=lambda value: value.name)
def test_our_own_abort_is_sent_where_there_is_something_to_abort(role, state):
    connection = in_state(role, state)
    expected = pdu.abort(0, 0) if (Trigger.WANT_ABORT, state) in TABLE else b""
    assert connection.abort() == expected
    assert receive(connection, pdv(3, 3, ECHO)) == [] or state is State.AWAITING_REQUEST


def test_artim_expiry_closes_without_an_abort():
    connection = Connection(Role.ACCEPTOR)
    assert connection.artim
    connection.artim_expired()
    assert connection.must_close
    assert connection.abort() == b""


def test_an_association_carries_several_objects_and_is_released():
    scu, scp = requestor(), acceptor()
    receive(scu, scp.accept(RESULTS, USER))
    for number in range(3):
        request = dimse.store_request(number, CT, f"1.2.{number}")
        payload = bytes([number]) * 10
        sent = scu.command(1, request) + scu.data_header(1, len(payload), True) + payload
        command, fragment = receive(scp, sent)
        assert command.command == request
        assert (bytes(fragment.data), fragment.is_last) == (payload, True)
        (answer,) = receive(scu, scp.command(1, dimse.response(request, 0)))
        assert answer.command["MessageIDBeingRespondedTo"] == number
    assert receive(scp, scu.release()) == [ReleaseRequested()]
    assert receive(scu, scp.confirm_release()) == [Released()]
    assert scu.must_close
    assert list(scp.closed()) == []


def test_a_data_set_that_spans_pdus_and_buffers_comes_out_in_order():
    connection = established(Role.ACCEPTOR)
    payload = bytes(range(256)) * 40
    stream = pdv(1, 3, dimse.encode(dimse.store_request(1, CT, "1.2")))
    for start in range(0, len(payload), 1000):
        part = payload[start : start + 1000]
        stream += pdv(1, 2 if start + 1000 >= len(payload) else 0, part)
    for size in (1, 7, 1000, len(stream)):
        if size != 1:
            connection = established(Role.ACCEPTOR)
        events = []
        for start in range(0, len(stream), size):
            for event in connection.receive(memoryview(stream[start : start + size])):
                events.append(event)
        assert isinstance(events[0], CommandReceived)
        assert b"".join(bytes(event.data) for event in events[1:]) == payload
        assert [event.is_last for event in events[1:]] == [False] * (len(events) - 2) + [True]
        assert not connection.mid_message


STORE = pdv(1, 3, dimse.encode(dimse.store_request(1, CT, "1.2.3")))
BROKEN = {
    "a22_pdv_length_0": (raw_pdu(4, b"\0\0\0\0\1\2data"), 6),
    "a22_pdv_length_1": (raw_pdu(4, b"\0\0\0\1\1\2data"), 6),
    "a22_pdv_length_huge": (raw_pdu(4, b"\x80\0\0\0\1\2data"), 6),
    "a22_pdv_longer_than_its_pdu": (raw_pdu(4, b"\0\0\0\7\1\2data"), 6),
    "a22_bytes_after_the_last_pdv": (STORE + raw_pdu(4, b"\0\0\0\2\1\0\0\0"), 6),
    "a22_even_context_id": (pdv(2, 3, ECHO), 6),
    "a22_context_that_was_not_accepted": (pdv(5, 3, ECHO), 6),
    "a22_reserved_control_bits": (pdv(1, 7, ECHO), 6),
    "a23_data_before_command": (pdv(1, 2, b"data"), 2),
    "a23_command_inside_a_data_set": (STORE + pdv(1, 0, b"data") + STORE, 2),
    "a23_other_context_inside_a_message": (STORE + pdv(3, 2, b"data"), 2),
    "a23_release_inside_a_data_set": (STORE + pdv(1, 0, b"data") + RELEASE_RQ, 2),
    "a23_empty_p_data": (raw_pdu(4, b""), 6),
    "a23_empty_fragments_without_end": (STORE + pdv(1, 0, b"") * 1001, 6),
    "a24_command_fragments_without_end": (pdv(1, 1, b"x") * 300, 6),
    "a24_command_over_64_kib": (b"".join(pdv(1, 1, bytes(16000)) for _ in range(5)), 6),
    "a24_command_that_is_garbage": (pdv(1, 3, b"GET / HTTP/1.1\r\n\r\n"), 6),
    "a24_command_in_big_endian": (pdv(1, 3, ECHO[:8][::-1] + ECHO[8:]), 6),
    "a24_command_without_field": (pdv(1, 3, dimse.encode({"MessageID": 1, "CommandDataSetType": 257})), 6),
    "a04_p_data_over_the_maximum_by_one": (raw_pdu(4, b"", 128 * 1024 + 1), 6),
    "a04_p_data_over_the_maximum_by_2_to_31": (raw_pdu(4, b"", 2**31), 6),
    "a08_unknown_pdu_00": (raw_pdu(0x00, b"1234"), 1),
    "a08_unknown_pdu_08": (raw_pdu(0x08, b"1234"), 1),
    "a08_unknown_pdu_ff": (raw_pdu(0xFF, b"1234"), 1),
    "a10_release_of_length_0": (raw_pdu(5, b""), 6),
    "a10_release_of_length_3": (raw_pdu(5, b"123"), 6),
    "a10_release_of_length_5": (raw_pdu(5, b"12345"), 6),
    "a10_abort_of_length_2_to_31": (raw_pdu(7, b"", 2**31), 6),
    "second_request": (RQ, 2),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("size", [1, 100000], ids=["bytewise", "at_once"])
def test_broken_bytes_of_an_established_peer_are_answered_by_an_abort_of_the_provider(name, size):
    stream, reason = BROKEN[name]
    connection = established(Role.ACCEPTOR)
    events = [e for at in range(0, len(stream), size) for e in connection.receive(memoryview(stream[at : at + size]))]
    assert [event for event in events if isinstance(event, Violated)] == [events[-1]]
    assert events[-1].answer == pdu.abort(2, reason)
    assert connection.state is State.AWAITING_CLOSE
    assert receive(connection, stream) == []


BEFORE = {
    "a04_request_over_1_mib_is_refused_on_its_head": raw_pdu(1, b"", 1024 * 1024 + 1),
    "a04_request_of_4_gib_is_refused_on_its_head": raw_pdu(1, b"", 0xFFFFFFFF),
    "a08_unknown_pdu": raw_pdu(0x08, b""),
    "http": b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
    "release_first": RELEASE_RQ,
    "accept_first": AC,
    "data_first": STORE,
    "a11_request_shorter_than_its_fixed_fields": raw_pdu(1, b"\0\1"),
    "a11_empty_request": raw_pdu(1, b""),
    "a11_item_past_the_end": raw_pdu(1, RQ[6:-1]),
    "a16_blank_title": raw_pdu(1, RQ[6:26].replace(b"CALLED ", b"       ") + RQ[26:]),
    "a16_title_with_a_newline": raw_pdu(1, RQ[6:].replace(b"CALLING ", b"CALL\nING")),
    "a16_title_with_8_bits": raw_pdu(1, RQ[6:].replace(b"CALLING ", b"CALL\xffING")),
    "a12_even_context_id": raw_pdu(1, RQ[6:].replace(b"\x01\0\0\0\x30", b"\x02\0\0\0\x30")),
    "a12_context_id_twice": raw_pdu(1, RQ[6:].replace(b"\x03\0\0\0\x30", b"\x01\0\0\0\x30")),
    "uid_with_letters": raw_pdu(1, RQ[6:].replace(CT.encode(), b"x" * len(CT))),
}


@pytest.mark.parametrize("name", BEFORE)
def test_broken_bytes_before_an_association_are_answered_by_an_abort_of_the_user(name):
    assert BEFORE[name] != RQ
    connection = Connection(Role.ACCEPTOR)
    (event,) = receive(connection, BEFORE[name])
    assert isinstance(event, Violated)
    assert event.answer == pdu.abort(0, 0)
    assert connection.artim


def test_the_screen_is_asked_before_a_request_is_decoded():
    undecodable = RQ[:80] + b"\xff" * (len(RQ) - 80)
    asked = []
    connection = Connection(Role.ACCEPTOR, screen=lambda titles: asked.append(titles) or CALLING_AET_UNKNOWN)
    (event,) = receive(connection, undecodable)
    assert isinstance(event, AssociateRefused)
    assert event.answer == pdu.rejection(Rejection(1, 1, 3))
    assert (asked[0].called_aet, asked[0].calling_aet) == ("CALLED", "CALLING")
    assert connection.state is State.AWAITING_CLOSE


@pytest.mark.parametrize(
    ("old", "new", "rejection"),
    [
        (b"\0\1\0\0CALLED", b"\0\2\0\0CALLED", Rejection(1, 2, 2)),
        (b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.2", Rejection(1, 1, 2)),
    ],
    ids=["protocol_version", "application_context"],
)
def test_what_the_provider_cannot_speak_is_rejected(old, new, rejection):
    connection = Connection(Role.ACCEPTOR)
    (event,) = receive(connection, RQ.replace(old, new))
    assert event.answer == pdu.rejection(rejection)


@pytest.mark.parametrize(
    "answer",
    [
        AC.replace(b"\x21\0\0\x1b\x01", b"\x21\0\0\x1b\x07"),
        AC.replace(b"\x21\0\0\x19\x03", b"\x21\0\0\x19\x01"),
        AC.replace(b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.2"),
    ],
    ids=["a_context_not_proposed", "a_context_twice", "a_transfer_syntax_not_proposed"],
)
def test_an_acceptance_that_fits_no_proposal_is_a_violation(answer):
    assert answer != AC
    connection = requestor()
    (event,) = receive(connection, answer)
    assert event.answer == pdu.abort(2, 6)
    assert not connection.contexts


def test_both_roles_reach_every_state_that_is_theirs():
    assert {state for _, state in PAIRS} == set(State) - {State.IDLE, State.AWAITING_TRANSPORT}
    assert len(PAIRS) == 15


def test_a_command_is_cut_into_fragments_the_peer_takes():
    scu, scp = requestor(), acceptor(WireLimits())
    receive(scu, AC.replace(b"\x51\0\0\x04\0\0\x40\0", b"\x51\0\0\x04\0\0\0\x20"))
    assert scu.largest_fragment == 26
    encoded = scu.command(1, dimse.store_request(1, CT, "1.2.3"))
    assert encoded.count(b"\x04\0\0\0\0\x20") == 3  # and a shorter one
    scp.accept(RESULTS, USER)
    (event,) = receive(scp, encoded)
    assert event.command["AffectedSOPInstanceUID"] == "1.2.3"
    with pytest.raises(LocalError):
        scu.data_header(1, 27, False)


def test_nothing_can_be_sent_on_a_context_that_was_not_accepted():
    with pytest.raises(LocalError):
        established(Role.REQUESTOR).command(9, dimse.echo_request(1))


@settings(max_examples=200, deadline=None)
@given(stream=st.binary(max_size=300), role=st.sampled_from(list(Role)), size=st.integers(1, 60))
def test_any_bytes_end_in_events_never_in_an_exception(stream, role, size):
    connection = established(role)
    for start in range(0, len(stream), size):
        for event in connection.receive(memoryview(stream[start : start + size])):
            assert not isinstance(event, DataFragment)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_request_with_any_bytes_changed_ends_in_events_never_in_an_exception(data):
    broken = bytearray(RQ)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(RQ) - 1))] = data.draw(st.integers(0, 255))
    connection = Connection(Role.ACCEPTOR)
    assert len(receive(connection, bytes(broken))) <= 1
