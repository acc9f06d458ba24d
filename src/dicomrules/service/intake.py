"""The intake process: receivers, deciding, committing. Everything here runs on one event loop and a few threads."""

import asyncio
import errno
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from dicomrules.engine.decide import Engine
from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.model.receiver import DicomReceiver, FolderReceiver, Receiver, StowReceiver
from dicomrules.pipeline.committer import Committer
from dicomrules.pipeline.intake import Intake, Means
from dicomrules.queue.errors import LedgerDamaged, LedgerError, LedgerRefused
from dicomrules.queue.ledger import Ledger
from dicomrules.queue.wakeup import Knocker
from dicomrules.receivers import scp
from dicomrules.receivers.taking import Taker
from dicomrules.service.commitment import dicom_destinations, received_commitments
from dicomrules.service.emitting import Emitting
from dicomrules.service.lost import DAMAGED, mark_damaged
from dicomrules.service.plan import (
    CONFIG,
    DRAIN_SECONDS,
    IO_ERROR,
    ORPHAN_SECONDS,
    Line,
    Plan,
    StartFailed,
    StateLost,
)
from dicomrules.service.reload import swapped
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool

if TYPE_CHECKING:
    from dicomrules.receivers.folder import FolderWatch

_LOOK_EVERY = 0.5  # seconds between two looks at the health of spool and ledger
_THREADS = 4  # write, hash and index what is too large for the loop


class Receives(Protocol):
    """A receiver at work."""

    async def start(self) -> None:
        """Begin; OSError when that is not possible."""
        ...

    async def drain(self, seconds: float) -> None:
        """Take nothing more; what is under way may finish."""
        ...


def run(plan: Plan, line: Line) -> None:
    """The whole life of the process. Raises StartFailed and StateLost."""
    emit = Emitting(plan)
    try:
        asyncio.run(_run(plan, line, emit))
    finally:
        emit.close()


async def _run(plan: Plan, line: Line, emit: Emit) -> None:
    stop = _Stop(line)
    spool, ledger = open_state(plan)
    crashes = _sweep_leftovers(spool, ledger, emit)
    with ThreadPoolExecutor(_THREADS, "intake") as pool, ThreadPoolExecutor(1, "commitment") as apart:
        means = Means(
            spool=spool,
            committer=Committer(spool, ledger, Knocker(plan.settings.state).notify),
            pool=pool,
            emit=emit,
            crashes=crashes,
            admissions={each.name: each.admission for each in plan.settings.receivers},
        )
        inbox = Intake(engine_of(plan), plan.program.fingerprint, means)
        destinations = dicom_destinations(plan)
        scp_means = scp.Means(spool, inbox, emit, pool, received_commitments(plan, ledger, apart, emit, destinations))
        receivers = [_receiver(each, scp_means, ledger) for each in plan.settings.receivers]
        await _start(plan.settings.receivers, receivers)
        reloading = _Reloading(plan, _Parts(inbox, receivers, destinations), pool, emit)
        reloading.ask()  # a reload while we were started
        line.ready(", ".join(map(describe, plan.settings.receivers)))
        failure = await _stopped(stop, spool, ledger)
        await asyncio.gather(*(each.drain(0.0 if failure else stop.drain_seconds) for each in receivers))
    if failure:
        raise StateLost(failure)
    ledger.close()


async def _stopped(stop: "_Stop", spool: Spool, ledger: Ledger) -> str:
    """Wait until we are told to end (empty), or spool or ledger take nothing more (why)."""
    while not stop.asked.is_set() and not (failure := spool.failure or ledger.failure):
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.asked.wait(), _LOOK_EVERY)
    return "" if stop.asked.is_set() else failure


def open_state(plan: Plan) -> tuple[Spool, Ledger]:
    """The spool and the ledger of this gateway. Raises StartFailed."""
    state = plan.settings.state
    if (state / DAMAGED).exists():
        raise StartFailed(IO_ERROR, "the ledger is damaged", "start again: it is then made anew from the spool")
    try:
        return Spool(state / "spool"), Ledger.open(state)
    except LedgerRefused as error:
        way_out = f"run the version that made it, or give this gateway another `state` than {state}"
        raise StartFailed(CONFIG, str(error), way_out) from error
    except LedgerDamaged as error:
        mark_damaged(state)
        way_out = (
            f"keep {state} as it is and put back a copy of the ledger; or move its ledger.db* away, start, and send "
            f"again what lies in {state / 'spool' / 'waiting'}: those files are whole"
        )
        raise StartFailed(IO_ERROR, str(error), way_out) from error
    except (SpoolError, LedgerError) as error:
        way_out = "make room on its disk and let this user write there, then start again: nothing is lost"
        raise StartFailed(IO_ERROR, f"the state folder {state} cannot be used: {error}", way_out) from error


def describe(receiver: Receiver) -> str:
    """A receiver in the ready line."""
    if isinstance(receiver, DicomReceiver):
        return f"{receiver.name} on {receiver.bind}:{receiver.port}"
    if isinstance(receiver, StowReceiver):
        host = f"[{receiver.bind}]" if ":" in receiver.bind else receiver.bind
        return f"{receiver.name} on {'https' if receiver.tls else 'http'}://{host}:{receiver.port}{receiver.path}"
    return f"{receiver.name} in {receiver.path}"


@dataclass(frozen=True, slots=True)
class _Parts:
    """What follows a reload."""

    inbox: Intake
    receivers: Sequence[Receives]
    destinations: dict[str, DicomDestination]


class _Reloading:
    """After SIGHUP: what the parent has compiled is compiled here too, beside the work, and takes over at once."""

    def __init__(self, plan: Plan, parts: "_Parts", pool: ThreadPoolExecutor, emit: Emit) -> None:
        self._plan, self._parts, self._pool, self._emit = plan, parts, pool, emit
        self._asked = asyncio.Event()
        self._running = asyncio.create_task(self._run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.ask)

    def ask(self) -> None:
        """There may be other rules."""
        self._asked.set()

    async def _run(self) -> None:
        while await self._asked.wait():
            self._asked.clear()
            loop = asyncio.get_running_loop()
            made = await loop.run_in_executor(self._pool, _compiled_again, self._plan, self._emit)
            if made is None:
                continue
            self._plan, engine = made
            admissions = {each.name: each.admission for each in self._plan.settings.receivers}
            self._parts.inbox.use(engine, self._plan.program.fingerprint, admissions)
            self._parts.destinations.clear()
            self._parts.destinations.update(dicom_destinations(self._plan))
            for receiver, declared in zip(self._parts.receivers, self._plan.settings.receivers, strict=True):
                if isinstance(receiver, scp.StorageScp) and isinstance(declared, DicomReceiver):
                    await receiver.use(declared)
            in_force(self._emit, "intake", self._plan)


def _compiled_again(plan: Plan, emit: Emit) -> tuple[Plan, Engine] | None:
    new = swapped(plan, emit)
    return None if new is None else (new, engine_of(new))


def engine_of(plan: Plan) -> Engine:
    """The rules of a plan, made ready."""
    return Engine(plan.program, plan.applications, plan.settings.name)


def in_force(emit: Emit, process: str, plan: Plan) -> None:
    """Tell that this process decides by these rules from now on."""
    fields: dict[str, str | int | float] = {"process": process, "rules": plan.program.fingerprint[:12]}
    emit(Event("rules.in_force", Level.INFO, "other rules or destinations count from now on", fields))


class _Stop:
    """Asked for by SIGTERM, or by the death of the parent; then there is less time for what is under way."""

    def __init__(self, line: Line) -> None:
        self.asked = asyncio.Event()
        self.drain_seconds = DRAIN_SECONDS
        self._parent = line.parent
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGTERM, self.asked.set)
        self._loop.add_reader(line.parent, self._parent_is_gone)

    def _parent_is_gone(self) -> None:
        self._loop.remove_reader(self._parent)
        os.close(self._parent)
        self.drain_seconds = ORPHAN_SECONDS
        self.asked.set()


def preload(receivers: Sequence[Receiver]) -> None:
    """Load what only some gateways need, before the process is forked: its pages are then shared."""
    for kind, module in (StowReceiver, "stow.server"), (FolderReceiver, "folder"):
        if any(isinstance(each, kind) for each in receivers):
            import_module(f"dicomrules.receivers.{module}")


def _receiver(receiver: Receiver, means: scp.Means, ledger: Ledger) -> Receives:
    if isinstance(receiver, DicomReceiver):
        return scp.StorageScp(receiver, means)
    if isinstance(receiver, StowReceiver):
        from dicomrules.receivers.stow.server import StowServer  # loaded by `preload`: who has none needs no HTTP

        return StowServer(receiver, means)
    from dicomrules.receivers.folder import FolderWatch  # nor, without one, what the kernel tells of folders

    return _Watching(FolderWatch(Taker(receiver, means.spool, means.inbox), ledger.taken, means.emit))


class _Watching:
    """A watched folder as a receiver among others."""

    def __init__(self, watch: "FolderWatch") -> None:
        self._watch = watch
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self._watch.run())

    async def drain(self, seconds: float) -> None:
        self._watch.stop()
        if self._running is not None:
            await asyncio.wait([self._running], timeout=seconds)


async def _start(declared: Sequence[Receiver], receivers: Sequence[Receives]) -> None:
    for each, receiver in zip(declared, receivers, strict=True):
        try:
            await receiver.start()
        except OSError as error:
            raise _cannot_listen(each, error) from error


def _cannot_listen(receiver: Receiver, error: OSError) -> StartFailed:
    """Names the port, the reason in the system's words, and the way out."""
    port = 0 if isinstance(receiver, FolderReceiver) else receiver.port
    ways_out = {
        errno.EADDRINUSE: f"end the program that has the port (`ss -ltnp 'sport = :{port}'` names it), or choose "
        f"another `port` for the receiver {receiver.name}",
        errno.EADDRNOTAVAIL: f"`bind` of the receiver {receiver.name} must be an address of this machine",
        errno.EACCES: "ports below 1024 are for root: choose a higher one, or give the service CAP_NET_BIND_SERVICE",
    }
    reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
    problem = f"receiver {describe(receiver)} cannot start: {reason}"
    return StartFailed(IO_ERROR, problem, ways_out.get(error.errno or 0, ""))


def _sweep_leftovers(spool: Spool, ledger: Ledger, emit: Emit) -> dict[tuple[str, int], int]:
    """Remove what was never acknowledged; note which objects were being decided when the process died."""
    try:
        leftovers = spool.leftovers()
        for leftover in leftovers:
            if leftover.deciding:
                ledger.note_crash(leftover.sop_instance, leftover.length)
            spool.discard(leftover.name)
        if leftovers:
            text = "incoming files of the last run, none of them acknowledged, were removed"
            emit(Event("spool.swept", Level.INFO, text, {"files": len(leftovers)}))
        return ledger.crashes()
    except (SpoolError, LedgerError) as error:
        raise StartFailed(IO_ERROR, f"what the last run left behind cannot be swept: {error}") from error
