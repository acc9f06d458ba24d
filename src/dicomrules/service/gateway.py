"""The parent of a gateway: holds the state folder, forks its processes, starts again what dies, passes signals on.

The children are forked after all imports and after the rules are compiled, before any thread, event loop or SQLite
connection exists: they share those pages, and a child that dies is forked anew in milliseconds. The parent itself does
nothing that could fail: it waits for signals.
"""

import fcntl
import gc
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.observe.emit import fan_out
from dicomrules.observe.log import log_to
from dicomrules.service import delivery, intake
from dicomrules.service.alive import hold
from dicomrules.service.lost import DAMAGED, mend
from dicomrules.service.plan import (
    CONFIG,
    DIED_AGAIN,
    DONE,
    DRAIN_SECONDS,
    IO_ERROR,
    TRY_LATER,
    Line,
    Plan,
    StartFailed,
    StateLost,
)
from dicomrules.service.reload import reload
from dicomrules.service.snapshot import keep

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP})
_START_SECONDS = 60.0
_DEATHS, _WITHIN = 4, 60.0  # so many deaths of children in so many seconds end the gateway

Run = Callable[[Plan, Line], None]


@dataclass(slots=True)
class _Child:
    """One of the processes."""

    name: str
    run: Run
    pid: int = 0
    alive: int = -1  # our end of the pipe whose closing tells the child that we are gone
    deaths: list[float] = field(default_factory=list)
    code: int = 0  # with which it ended last


def serve(plan: Plan, announce: Callable[[str], None]) -> int:
    """Run the gateway until it is told to stop. `announce` gets the ready line. Raises StartFailed."""
    lock = _hold(plan.settings.state)
    # A core file of a process that crashes would hold patients and secrets, in a folder that nobody watches over.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    intake.preload(plan.settings.receivers)
    gc.collect()
    gc.freeze()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    children = [_Child("intake", intake.run), _Child("delivery", delivery.run)]
    if plan.settings.observing.anybody:
        from dicomrules.service import watch  # its libraries only for whoever is watched, and before the fork

        children.append(_Child("watch", watch.run))
    try:
        _keep_first(plan)
        while True:
            _mend(plan)
            try:
                doing = [_start(plan, child, children) for child in children]
                announce(f"ready: {'; '.join(doing)}; rules {plan.program.fingerprint[:12]}")
                return _supervise(plan, children, announce)
            except StartFailed:
                if not (plan.settings.state / DAMAGED).exists():
                    raise
                _end(children)  # the ledger was found damaged: mended, and begun anew
    finally:
        _end(children)
        os.close(lock)


def _mend(plan: Plan) -> None:
    """A ledger that is damaged or gone is made anew from the spool. Raises StartFailed."""
    try:
        mend(plan.settings.state, fan_out(log_to(sys.stderr, as_json=plan.log_as_json)))
    except OSError as error:
        raise _unusable(plan.settings.state, error) from error


def _keep_first(plan: Plan) -> None:
    """The texts that the gateway starts with, for its children and for those who ask later. Raises StartFailed."""
    if plan.snapshot is None:
        return
    try:
        keep(plan.settings.state, plan.snapshot)
    except OSError as error:
        raise _unusable(plan.settings.state, error) from error


def _hold(state: Path) -> int:
    """The lock of the state folder, held by the kernel for as long as the process lives."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        if state.stat().st_mode & 0o077:
            raise StartFailed(CONFIG, f"others may read the state folder {state}", f"run: chmod 700 {state}")
        lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(state, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise StartFailed(
            TRY_LATER,
            f"another gateway holds the state folder {state}",
            "stop it, or give this one a `state` of its own",
        ) from None
    return lock


def _unusable(state: Path, error: OSError) -> StartFailed:
    way_out = "`state` in the gateway file names it: a folder on a local disk that this user may write to"
    return StartFailed(IO_ERROR, f"the state folder {state} cannot be used: {(error.strerror or '').lower()}", way_out)


def _start(plan: Plan, child: _Child, children: list[_Child]) -> str:
    """Fork, and wait until it is at work; what it does, for the ready line. Raises StartFailed."""
    report, alive = os.pipe(), os.pipe()
    with suppress(OSError):  # as in `_say`
        sys.stdout.flush()
        sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        # Whoever holds the writing end of a child's pipe keeps that child alive: only the parent may.
        for end in (report[0], alive[1], *(other.alive for other in children if other.alive >= 0)):
            os.close(end)
        os._exit(_life(plan, child, Line(report[1], alive[0], _crashed(child))))
    os.close(report[1])
    os.close(alive[0])
    child.pid, child.alive = pid, alive[1]
    try:
        told = _read_report(report[0])
    finally:
        os.close(report[0])
    if "problem" in told:
        raise StartFailed(int(told["code"]), str(told["problem"]), str(told["way_out"]))
    if not told:
        raise StartFailed(DIED_AGAIN, f"the {child.name} process did not start; its own output says why")
    return str(told["doing"])


def _life(plan: Plan, child: _Child, line: Line) -> int:
    """What the forked process does, and its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which sends SIGTERM
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    try:
        alive = hold(plan.settings.state, child.name)
        child.run(plan, line)
        os.close(alive)
    except StartFailed as failure:
        line.failed(failure)
        return failure.code
    except StateLost as lost:
        _say(f"the {child.name} process ends: {lost}")
        return IO_ERROR
    except BaseException:  # noqa: BLE001 - the last place where it can be told
        with suppress(OSError):  # as in `_say`
            traceback.print_exc()
        return DIED_AGAIN
    return DONE


def _read_report(pipe: int) -> dict[str, str | int]:
    """The child's one line; empty when it died, or said nothing for a minute."""
    text = b""
    deadline = time.monotonic() + _START_SECONDS
    while not text.endswith(b"\n") and select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        piece = os.read(pipe, 4096)
        if not piece:
            break
        text += piece
    return dict(json.loads(text)) if text.endswith(b"\n") else {}


def _supervise(plan: Plan, children: list[_Child], announce: Callable[[str], None]) -> int:
    """Wait for signals: an end to pass on, or a child that died. Raises StartFailed."""
    while True:
        caught = signal.sigwait(_SIGNALS)
        if caught in (signal.SIGTERM, signal.SIGINT):
            return DONE
        if caught == signal.SIGHUP:
            plan = _reload(plan, children)
            continue
        for child in filter(_died, children):
            _note_death(child)
            announce(f"ready again: {_start(plan, child, children)}")


def _reload(plan: Plan, children: list[_Child]) -> Plan:
    """Read everything again; the plan that counts from here on. Whatever goes wrong, the gateway goes on as it was."""
    emit = fan_out(log_to(sys.stderr, as_json=plan.log_as_json))
    try:
        new = reload(plan, emit)
    except Exception as error:  # noqa: BLE001 - a bug in reading must not end a gateway that works
        reason = {"reason": f"internal error ({type(error).__name__})"}
        emit(Event("rules.not_reloaded", Level.ERROR, "the new rules are not taken, the old ones stay", reason))
        return plan
    if new is None:
        return plan
    for child in children:
        if child.pid and child.name == "watch":
            _begin_anew(new, child, children, emit)
        elif child.pid:
            os.kill(child.pid, signal.SIGHUP)
    return new


def _begin_anew(plan: Plan, child: _Child, children: list[_Child], emit: Emit) -> None:
    """End a child that holds nothing that could be lost, and start it with another plan."""
    os.kill(child.pid, signal.SIGTERM)
    os.waitpid(child.pid, 0)
    os.close(child.alive)
    child.pid, child.alive = 0, -1
    try:
        _start(plan, child, children)
    except StartFailed as failure:
        fields: dict[str, str | int | float] = {"process": child.name, "reason": failure.problem}
        emit(Event("process.not_started", Level.ERROR, "a process did not start again: restart the gateway", fields))


def _note_death(child: _Child) -> None:
    """Raises StartFailed when it dies too often: something is wrong that starting again does not mend."""
    now = time.monotonic()
    child.deaths = [*(at for at in child.deaths if at > now - _WITHIN), now]
    if len(child.deaths) >= _DEATHS:
        raise StartFailed(
            IO_ERROR if child.code == IO_ERROR else DIED_AGAIN,
            f"the {child.name} process died {_DEATHS} times within a minute",
            "its own output above says why; nothing that was acknowledged is lost",
        )
    _say(f"the {child.name} process died and is started again")


def _crashed(child: _Child) -> bool:
    """Whether it ended last by a signal or by an error of ours, not because the disk had failed it."""
    return child.code < 0 or child.code == DIED_AGAIN


def _say(line: str) -> None:
    """To the log. That its disk is full, or that nobody reads it any more, ends no gateway."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def _died(child: _Child) -> bool:
    if not child.pid:
        return False
    pid, status = os.waitpid(child.pid, os.WNOHANG)
    if not pid:
        return False
    child.code = os.waitstatus_to_exitcode(status)
    os.close(child.alive)
    child.pid, child.alive = 0, -1
    return True


def _end(children: list[_Child]) -> None:
    """SIGTERM to all; they drain. SIGKILL when they do not end in time, or when we are told a second time."""
    running = [child for child in children if child.pid]
    for child in running:
        os.kill(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + DRAIN_SECONDS + 5
    while running and time.monotonic() < deadline:
        caught = signal.sigtimedwait(_SIGNALS, 0.2)
        if caught is not None and caught.si_signo in (signal.SIGTERM, signal.SIGINT):
            break
        running = [child for child in running if not _died(child)]
    for child in running:
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
