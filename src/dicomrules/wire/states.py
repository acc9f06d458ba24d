"""The state machine of the DICOM upper layer (PS3.8 9.2, Tables 9-1 to 9-10).

Theory. An association is in one of thirteen states. Nineteen things can happen to it: a PDU comes (or something that
is none), our own side wants something, the transport opens or closes, the ARTIM timer expires. Each pair of the two
names one action (`TABLE`), and each action says what is sent, what our side is told, and which state follows
(`ACTIONS`). A pair that is not in the table cannot be caused by a peer: it is a mistake of our own side.

Three things follow from the tables and need no code of their own. The ARTIM timer runs exactly in Sta2 and Sta13:
every action that starts it leads there, every one that stops it leads away. The transport is to be closed when the
state is Sta1 again. And the only action whose next state depends on the role is AR-8, the collision of two release
requests.

AE-6 is split in two, as its text is: AE-6 when the request is acceptable to the provider, AE-6R when it is refused at
once.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class Role(Enum):
    """Who asked for the association (PS3.8 3.5): the requestor, which opened the transport, or the acceptor."""

    REQUESTOR = auto()
    ACCEPTOR = auto()


class State(IntEnum):
    """The states of PS3.8 Tables 9-1 to 9-5; the number is the standard's (Sta1 ... Sta13)."""

    IDLE = 1
    AWAITING_REQUEST = 2
    AWAITING_LOCAL_RESPONSE = 3
    AWAITING_TRANSPORT = 4
    AWAITING_RESPONSE = 5
    ESTABLISHED = 6
    AWAITING_RELEASE = 7
    AWAITING_LOCAL_RELEASE = 8
    COLLISION_REQUESTOR_LOCAL = 9
    COLLISION_ACCEPTOR_AWAITING = 10
    COLLISION_REQUESTOR_AWAITING = 11
    COLLISION_ACCEPTOR_LOCAL = 12
    AWAITING_CLOSE = 13


class Trigger(IntEnum):
    """What can happen; the number is the standard's event number (Evt1 ... Evt19)."""

    WANT_ASSOCIATION = 1
    TRANSPORT_CONFIRMED = 2
    AC_CAME = 3
    RJ_CAME = 4
    TRANSPORT_INDICATED = 5
    RQ_CAME = 6
    WANT_ACCEPT = 7
    WANT_REJECT = 8
    WANT_DATA = 9
    DATA_CAME = 10
    WANT_RELEASE = 11
    RELEASE_RQ_CAME = 12
    RELEASE_RP_CAME = 13
    WANT_RELEASE_RESPONSE = 14
    WANT_ABORT = 15
    ABORT_CAME = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_CAME = 19


class Send(Enum):
    """Which PDU an action sends."""

    RQ = auto()
    AC = auto()
    RJ = auto()
    DATA = auto()
    RELEASE_RQ = auto()
    RELEASE_RP = auto()
    ABORT_USER = auto()  # source 0
    ABORT_PROVIDER = auto()  # source 2 and a reason


@dataclass(frozen=True, slots=True)
class Action:
    """One action of PS3.8 Tables 9-6 to 9-9. `tells` is true when our side gets an indication or a confirmation."""

    next: State
    send: Send | None = None
    tells: bool = False


ACTIONS: dict[str, Action] = {
    "AE-1": Action(State.AWAITING_TRANSPORT),
    "AE-2": Action(State.AWAITING_RESPONSE, Send.RQ),
    "AE-3": Action(State.ESTABLISHED, tells=True),
    "AE-4": Action(State.IDLE, tells=True),
    "AE-5": Action(State.AWAITING_REQUEST),
    "AE-6": Action(State.AWAITING_LOCAL_RESPONSE, tells=True),
    "AE-6R": Action(State.AWAITING_CLOSE, Send.RJ),
    "AE-7": Action(State.ESTABLISHED, Send.AC),
    "AE-8": Action(State.AWAITING_CLOSE, Send.RJ),
    "DT-1": Action(State.ESTABLISHED, Send.DATA),
    "DT-2": Action(State.ESTABLISHED, tells=True),
    "AR-1": Action(State.AWAITING_RELEASE, Send.RELEASE_RQ),
    "AR-2": Action(State.AWAITING_LOCAL_RELEASE, tells=True),
    "AR-3": Action(State.IDLE, tells=True),
    "AR-4": Action(State.AWAITING_CLOSE, Send.RELEASE_RP),
    "AR-5": Action(State.IDLE),
    "AR-6": Action(State.AWAITING_RELEASE, tells=True),
    "AR-7": Action(State.AWAITING_LOCAL_RELEASE, Send.DATA),
    "AR-8": Action(State.COLLISION_ACCEPTOR_AWAITING, tells=True),  # the requestor: COLLISION_REQUESTOR_LOCAL
    "AR-9": Action(State.COLLISION_REQUESTOR_AWAITING, Send.RELEASE_RP),
    "AR-10": Action(State.COLLISION_ACCEPTOR_LOCAL, tells=True),
    "AA-1": Action(State.AWAITING_CLOSE, Send.ABORT_USER),
    "AA-2": Action(State.IDLE),
    "AA-3": Action(State.IDLE, tells=True),
    "AA-4": Action(State.IDLE, tells=True),
    "AA-5": Action(State.IDLE),
    "AA-6": Action(State.AWAITING_CLOSE),
    "AA-7": Action(State.AWAITING_CLOSE, Send.ABORT_PROVIDER),
    "AA-8": Action(State.AWAITING_CLOSE, Send.ABORT_PROVIDER, tells=True),
}


def _row(trigger: Trigger, cells: str) -> dict[tuple[Trigger, State], str]:
    """One row of Table 9-10: the cells of Sta1 to Sta13 in order, "-" for an empty one."""
    names = cells.split()
    return {(trigger, State(number)): name for number, name in enumerate(names, 1) if name != "-"}


#                                        Sta1   2     3     4     5     6     7     8     9     10    11    12    13
TABLE: dict[tuple[Trigger, State], str] = {
    **_row(Trigger.WANT_ASSOCIATION, "   AE-1  -     -     -     -     -     -     -     -     -     -     -     -"),
    **_row(Trigger.TRANSPORT_CONFIRMED, "-     -     -     AE-2  -     -     -     -     -     -     -     -     -"),
    **_row(Trigger.AC_CAME, "            -     AA-1  AA-8  -     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6"),
    **_row(Trigger.RJ_CAME, "            -     AA-1  AA-8  -     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6"),
    **_row(Trigger.TRANSPORT_INDICATED, "AE-5  -     -     -     -     -     -     -     -     -     -     -     -"),
    **_row(Trigger.RQ_CAME, "            -     AE-6  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7"),
    **_row(Trigger.WANT_ACCEPT, "        -     -     AE-7  -     -     -     -     -     -     -     -     -     -"),
    **_row(Trigger.WANT_REJECT, "        -     -     AE-8  -     -     -     -     -     -     -     -     -     -"),
    **_row(Trigger.WANT_DATA, "          -     -     -     -     -     DT-1  -     AR-7  -     -     -     -     -"),
    **_row(Trigger.DATA_CAME, "          -     AA-1  AA-8  -     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6"),
    **_row(Trigger.WANT_RELEASE, "       -     -     -     -     -     AR-1  -     -     -     -     -     -     -"),
    **_row(Trigger.RELEASE_RQ_CAME, "    -     AA-1  AA-8  -     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6"),
    **_row(Trigger.RELEASE_RP_CAME, "    -     AA-1  AA-8  -     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6"),
    **_row(Trigger.WANT_RELEASE_RESPONSE, "-   -     -     -     -     -     -     AR-4  AR-9  -     -     AR-4  -"),
    **_row(Trigger.WANT_ABORT, "         -     -     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  -"),
    **_row(Trigger.ABORT_CAME, "         -     AA-2  AA-3  -     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2"),
    **_row(Trigger.TRANSPORT_CLOSED, "   -     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5"),
    **_row(Trigger.ARTIM_EXPIRED, "      -     AA-2  -     -     -     -     -     -     -     -     -     -     AA-2"),
    **_row(Trigger.INVALID_CAME, "       -     AA-1  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7"),
}


def next_state(action: str, role: Role) -> State:
    """The state that follows `action`; the role decides only for AR-8 (PS3.8 Table 9-8)."""
    if action == "AR-8" and role is Role.REQUESTOR:
        return State.COLLISION_REQUESTOR_LOCAL
    return ACTIONS[action].next
