"""Emitting never raises and never waits."""

import threading

from dicomrules.model.event import Event, Level
from dicomrules.observe.emit import Background, fan_out


def event(number: int = 0) -> Event:
    return Event("x.y", Level.INFO, "x", {"n": number})


def broken(_: Event) -> None:
    raise BrokenPipeError("nobody reads the log")


def test_a_broken_sink_keeps_nobody_from_hearing() -> None:
    heard: list[Event] = []
    emit = fan_out(broken, heard.append, broken, heard.append)
    emit(event())
    assert heard == [event(), event()]


def test_the_background_keeps_the_order_and_tells_all_before_it_closes() -> None:
    heard: list[Event] = []
    emit = Background(heard.append)
    for number in range(100):
        emit(event(number))
    emit.close(timeout=60)
    assert [taken.fields["n"] for taken in heard] == list(range(100))


def test_a_stalled_sink_costs_events_and_never_time() -> None:
    heard: list[Event] = []
    released, started = threading.Event(), threading.Event()

    def stalled(told: Event) -> None:
        started.set()
        released.wait(60)
        heard.append(told)

    emit = Background(stalled, capacity=2)
    emit(event(0))
    assert started.wait(60)
    for number in range(1, 6):
        emit(event(number))
    released.set()
    emit.close(timeout=60)
    assert [taken.fields for taken in heard] == [{"n": 0}, {"n": 1}, {"n": 2}, {"events": 3}]


def test_a_broken_sink_does_not_end_the_background() -> None:
    heard: list[Event] = []
    calls = 0

    def broken_once(told: Event) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("once")
        heard.append(told)

    emit = Background(broken_once)
    emit(event(0))
    emit(event(1))
    emit.close(timeout=60)
    assert heard == [event(1)]


def test_closing_what_never_ran_returns() -> None:
    emit = Background(broken)
    emit.close()
    emit(event())
