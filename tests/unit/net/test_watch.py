"""Deadlines, with a clock that the test moves."""

from dicomrules.net.watch import Overdue, Watch
from dicomrules.wire.connection import Connection
from dicomrules.wire.limits import Deadlines
from dicomrules.wire.states import Role
from tests.unit.wire.worlds import RELEASE_RQ, RQ, established, pdv, receive

DEADLINES = Deadlines(artim=10, pdu=60, idle=600, rate=1024, rate_window=30)


def test_artim_runs_from_the_connection_to_the_whole_request_whatever_trickles_in():
    connection = Connection(Role.ACCEPTOR)
    watch = Watch(connection, DEADLINES, 100.0)
    for second in range(1, 10):
        receive(connection, RQ[second : second + 1] if second > 1 else RQ[:1])
        watch.received(1, 100.0 + second)
        assert watch.overdue(100.0 + second, busy=False) is None
    assert watch.overdue(110.0, busy=False) is Overdue.ARTIM


def test_artim_runs_anew_while_the_peer_should_close():
    connection = established(Role.ACCEPTOR)
    watch = Watch(connection, DEADLINES, 0.0)
    receive(connection, RELEASE_RQ)
    connection.confirm_release()
    assert watch.overdue(100.0, busy=False) is None
    assert watch.overdue(109.0, busy=False) is None
    assert watch.overdue(110.0, busy=False) is Overdue.ARTIM


def test_a_pdu_must_be_whole_in_time_but_many_pdus_may_take_longer():
    connection = established(Role.ACCEPTOR)
    watch = Watch(connection, Deadlines(pdu=60, rate=0), 0.0)
    for start in range(0, 300, 50):
        receive(connection, RELEASE_RQ[:3] if start == 0 else b"")
        assert watch.overdue(float(start), busy=False) is (None if start < 60 else Overdue.PDU)


def test_a_message_under_way_must_bring_the_least_rate():
    connection = established(Role.ACCEPTOR)
    watch = Watch(connection, Deadlines(pdu=1000, rate=1024, rate_window=30), 0.0)
    receive(connection, pdv(1, 1, b"half a command"))
    assert watch.overdue(1.0, busy=False) is None
    watch.received(31 * 1024, 20.0)
    assert watch.overdue(31.0, busy=False) is None
    watch.received(29 * 1024, 50.0)
    assert watch.overdue(61.0, busy=False) is Overdue.RATE


def test_silence_between_messages_may_last_until_the_idle_deadline():
    watch = Watch(established(Role.ACCEPTOR), DEADLINES, 0.0)
    assert watch.overdue(599.0, busy=False) is None
    assert watch.overdue(600.0, busy=False) is Overdue.IDLE


def test_while_we_are_busy_no_clock_runs_against_the_peer():
    connection = established(Role.ACCEPTOR)
    watch = Watch(connection, DEADLINES, 0.0)
    receive(connection, pdv(1, 1, b"half a command")[:-1])
    assert watch.overdue(5000.0, busy=True) is None
    assert watch.overdue(5001.0, busy=False) is None
