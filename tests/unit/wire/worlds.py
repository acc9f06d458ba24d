"""Associations in a wanted state, reached by real steps, and bytes to try on them."""

import struct

from dicomrules.wire import pdu
from dicomrules.wire.associate import AssociateAccept, AssociateRequest, ProposedContext, Rejection, UserInformation
from dicomrules.wire.connection import Connection
from dicomrules.wire.contexts import ContextPolicy, negotiate
from dicomrules.wire.limits import WireLimits
from dicomrules.wire.states import Role, State

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"

USER = UserInformation(16384, "1.2.3.4", "TEST")
REQUEST = AssociateRequest(
    "CALLED",
    "CALLING",
    (ProposedContext(1, CT, (EXPLICIT, IMPLICIT)), ProposedContext(3, VERIFICATION, (IMPLICIT,))),
    USER,
)
RESULTS = negotiate(REQUEST.contexts, ContextPolicy())

RQ = pdu.request(REQUEST)
AC = pdu.accept(AssociateAccept(RESULTS, USER), "CALLED", "CALLING")
RJ = pdu.rejection(Rejection(1, 1, 3))
RELEASE_RQ = pdu.release_request()
RELEASE_RP = pdu.release_response()
ABORT = pdu.abort(0, 0)


def pdv(context_id, control, payload):
    """A P-DATA-TF with one PDV."""
    return pdu.pdv_header(context_id, len(payload), control) + payload


def raw_pdu(kind, body, length=None):
    """Any PDU, right or wrong."""
    return struct.pack(">BxL", kind, len(body) if length is None else length) + body


def receive(connection, encoded):
    """All events of these bytes, with their data copied."""
    return list(connection.receive(memoryview(encoded)))


def requestor(limits=None):
    """A requestor in Sta5."""
    connection = Connection(Role.REQUESTOR, limits)
    connection.request(REQUEST)
    return connection


def acceptor(limits=None):
    """An acceptor in Sta3."""
    connection = Connection(Role.ACCEPTOR, limits)
    receive(connection, RQ)
    return connection


def established(role, limits=None):
    """An association in Sta6."""
    if role is Role.REQUESTOR:
        connection = requestor(limits)
        receive(connection, AC)
    else:
        connection = acceptor(limits)
        connection.accept(RESULTS, USER)
    assert connection.state is State.ESTABLISHED
    return connection


def in_state(role, state):
    """A connection in `state`, or None where this role has no such state."""
    limits = WireLimits()
    if state in (State.IDLE, State.AWAITING_TRANSPORT):
        return None
    if state is State.AWAITING_REQUEST:
        return Connection(Role.ACCEPTOR, limits) if role is Role.ACCEPTOR else None
    if state is State.AWAITING_LOCAL_RESPONSE:
        return acceptor() if role is Role.ACCEPTOR else None
    if state is State.AWAITING_RESPONSE:
        return requestor() if role is Role.REQUESTOR else None
    connection = established(role)
    collisions = {
        State.COLLISION_REQUESTOR_LOCAL: Role.REQUESTOR,
        State.COLLISION_REQUESTOR_AWAITING: Role.REQUESTOR,
        State.COLLISION_ACCEPTOR_AWAITING: Role.ACCEPTOR,
        State.COLLISION_ACCEPTOR_LOCAL: Role.ACCEPTOR,
    }
    if state in collisions and collisions[state] is not role:
        return None
    _move(connection, state)
    assert connection.state is state
    return connection


def _move(connection, state):
    """From Sta6 on."""
    if state is State.AWAITING_LOCAL_RELEASE:
        receive(connection, RELEASE_RQ)
    elif state is State.AWAITING_CLOSE:
        receive(connection, RELEASE_RQ)
        connection.confirm_release()
    elif state is not State.ESTABLISHED:
        connection.release()
        if state is not State.AWAITING_RELEASE:
            receive(connection, RELEASE_RQ)
        if state is State.COLLISION_REQUESTOR_AWAITING:
            connection.confirm_release()
        if state is State.COLLISION_ACCEPTOR_LOCAL:
            receive(connection, RELEASE_RP)
