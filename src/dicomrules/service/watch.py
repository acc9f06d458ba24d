"""The watching process: /health and /metrics, alarms, and the audit messages on their way to the repository.

A process of its own, so that it answers while intake or delivery is down, and so that nothing it waits for holds up an
image. It reads counters and the outbox, and writes nothing but the outbox.
"""

import select
import signal
import socket
import threading
from datetime import UTC, datetime

from dicomrules.model.ports import Emit
from dicomrules.observe import tell
from dicomrules.observe.alarms import Alarms
from dicomrules.observe.audit_message import START, STOP
from dicomrules.observe.conditions import conditions
from dicomrules.observe.health import health
from dicomrules.observe.metrics import metrics
from dicomrules.observe.pages import Pages
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.outbox import Outbox
from dicomrules.service.carry import Carrier, Repository, alarm
from dicomrules.service.emitting import Emitting, writer
from dicomrules.service.look import AUDIT, Look
from dicomrules.service.plan import IO_ERROR, Line, Plan, StartFailed

_LOOK_EVERY = 5  # seconds between two looks at the conditions
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


def run(plan: Plan, line: Line) -> None:
    """The whole life of the process. Raises StartFailed."""
    emit = Emitting(plan)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        _watch(plan, line, emit, stop)
    except LedgerError as error:
        raise StartFailed(IO_ERROR, f"the outbox cannot be used: {error}", "make room on its disk") from error
    finally:
        emit.close()


def _watch(plan: Plan, line: Line, emit: Emit, stop: threading.Event) -> None:
    outbox = Outbox(plan.settings.state)
    look = Look(plan.settings, outbox)
    pages = _pages(plan, look)
    _activity(plan, outbox, START)
    carriers = [
        threading.Thread(target=carrier.run, args=(stop,), daemon=True) for carrier in _carriers(plan, outbox, emit)
    ]
    for carrier in carriers:
        carrier.start()
    line.ready(f"watched on {pages.place}" if pages else "watched")
    alarms = Alarms()
    while not _over(stop, line.parent):
        _look_for_alarms(plan, look, alarms, outbox)
    _activity(plan, outbox, STOP)
    stop.set()
    for carrier in carriers:
        carrier.join(2.0)
    if pages:
        pages.close()


def _over(stop: threading.Event, parent: int) -> bool:
    """Wait until the next look is due; whether we are told to end, or the parent has died."""
    return any(stop.wait(1.0) or select.select([parent], [], [], 0)[0] for _ in range(_LOOK_EVERY))


def _look_for_alarms(plan: Plan, look: Look, alarms: Alarms, outbox: Outbox) -> None:
    """Keep the alarms that one look gives rise to, once for each who is to be told."""
    told = plan.settings.observing.alarms
    if not told:
        return
    seen = look()
    found = [tell.as_json(one, plan.settings.name, seen.at) for one in alarms.look(conditions(seen), seen.at)]
    if found:
        for number in range(len(told)):
            outbox.put(f"alarm {number}", found, seen.at)


def _carriers(plan: Plan, outbox: Outbox, emit: Emit) -> list[Carrier]:
    """One for the repository, one for each who is alarmed."""
    observing = plan.settings.observing
    found = []
    if observing.audit is not None:
        found.append(Carrier(outbox, AUDIT, Repository(observing.audit, plan.settings.name, socket.getfqdn()), emit))
    for number, where in enumerate(observing.alarms):
        found.append(Carrier(outbox, f"alarm {number}", alarm(where), emit))
    return found


def _activity(plan: Plan, outbox: Outbox, kind: tuple[str, str]) -> None:
    """Application Activity: we begin, or end."""
    if plan.settings.observing.audit is not None:
        now = datetime.now(UTC)
        outbox.put(AUDIT, [writer(plan).activity(kind, [plan.settings.aet], now)], now)


def _pages(plan: Plan, look: Look) -> Pages | None:
    """/health and /metrics. Raises StartFailed when the port is taken."""
    place = plan.settings.observing.http
    if place is None:
        return None

    def page(path: str) -> tuple[int, str, bytes] | None:
        if path == "/metrics":
            seen = look()
            return 200, _METRICS, metrics(seen, conditions(seen))
        if path == "/health":
            seen = look()
            status, body = health(seen, conditions(seen))
            return status, "application/json", body
        return None

    try:
        return Pages(place, page)
    except OSError as error:
        problem = f"/health and /metrics cannot be served on {place[0]}:{place[1]}: {(error.strerror or '').lower()}"
        raise StartFailed(IO_ERROR, problem, "give `observe.http` another port") from error
