"""The state table itself: against the table of an independent implementation, and for what follows from it."""

import pytest
from pynetdicom.fsm import TRANSITION_TABLE

from dicomrules.wire.states import ACTIONS, TABLE, Role, Send, State, Trigger, next_state

# The next states of PS3.8 Tables 9-6 to 9-9, as numbers of the standard; the requestor's and the acceptor's.
_NEXT = {
    "AE-1": 4, "AE-2": 5, "AE-3": 6, "AE-4": 1, "AE-5": 2, "AE-6": 3, "AE-6R": 13, "AE-7": 6, "AE-8": 13,
    "DT-1": 6, "DT-2": 6, "AR-1": 7, "AR-2": 8, "AR-3": 1, "AR-4": 13, "AR-5": 1, "AR-6": 7, "AR-7": 8,
    "AR-8": (9, 10), "AR-9": 11, "AR-10": 12, "AA-1": 13, "AA-2": 1, "AA-3": 1, "AA-4": 1, "AA-5": 1,
    "AA-6": 13, "AA-7": 13, "AA-8": 13,
}  # fmt: skip


@pytest.mark.parametrize("trigger", Trigger, ids=lambda t: f"Evt{int(t)}")
@pytest.mark.parametrize("state", State, ids=lambda s: f"Sta{int(s)}")
def test_a09_every_cell_of_table_9_10_is_the_standards(trigger, state):
    theirs = TRANSITION_TABLE.get((f"Evt{int(trigger)}", f"Sta{int(state)}"))
    assert TABLE.get((trigger, state)) == theirs


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_leads_to_the_standards_next_state(name):
    expected = _NEXT[name] if isinstance(_NEXT[name], tuple) else (_NEXT[name], _NEXT[name])
    assert (int(next_state(name, Role.REQUESTOR)), int(next_state(name, Role.ACCEPTOR))) == expected


def test_all_actions_of_the_standard_are_there_and_no_others():
    assert set(ACTIONS) == set(_NEXT)
    assert set(TABLE.values()) == set(_NEXT) - {"AE-6R"}


def test_whatever_a_peer_does_in_an_open_state_has_an_answer():
    open_states = [state for state in State if state not in (State.IDLE, State.AWAITING_TRANSPORT)]
    came = [trigger for trigger in Trigger if trigger.name.endswith(("_CAME", "_CLOSED"))]
    assert [(t, s) for t in came for s in open_states if (t, s) not in TABLE] == []


def test_an_abort_before_the_request_is_the_users_and_later_the_providers():
    assert ACTIONS[TABLE[Trigger.INVALID_CAME, State.AWAITING_REQUEST]].send is Send.ABORT_USER
    for state in list(State)[4:12]:
        assert ACTIONS[TABLE[Trigger.INVALID_CAME, state]].send is Send.ABORT_PROVIDER
