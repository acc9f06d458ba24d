"""SIGHUP: the gateway file and its rules are read again while images go on coming in.

The parent reads and compiles. On an error everything stays as it was, and the events say why. Otherwise it writes the
texts down, and tells its children; each compiles the same texts, compares the fingerprint, and swaps between two
instances. Every decision is stamped with the fingerprint of the rules that made it, so that it is known for each image
which ones it was.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from dicomrules.config.settings import Settings
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.model.receiver import DicomReceiver
from dicomrules.rulebook.load import read_guarded
from dicomrules.service.compiled import Checked, check_text, gateway_text
from dicomrules.service.plan import Plan
from dicomrules.service.snapshot import Snapshot, current, keep
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source

_SETTLED = 0.3  # seconds in which no file may change: one that an editor is writing is read again
_TRIES = 10
_TOLD = 10  # errors, one event each
# What only a start can change, by its key in the gateway file. Who may send, and what is held of it, is taken over by
# receivers that stay as they are otherwise.
_AT_START = {"name": "name", "aet": "aet", "state": "state", "study_live": "study_live", "observing": "observe"}
_WHO_MAY_SEND = ("peers", "called_aets", "contexts", "users", "certificates", "accept_unknown_classes", "admission")


class NotRead(Exception):
    """The new files are not taken; the text says why."""


def snapshot_of(checked: Checked, gateway: str, number: int = 0) -> Snapshot:
    """What was compiled, as the texts it was compiled from."""
    assert checked.rulebook is not None
    assert checked.rulebook.program is not None
    texts = {source.name: source.text for source in checked.rulebook.sources}
    return Snapshot(gateway, texts, checked.rulebook.program.fingerprint, number)


def take_up(path: Path) -> tuple[Checked, str]:
    """What the files say now, once they have stopped changing, and the gateway file's text. Raises NotRead."""
    for _ in range(_TRIES):
        try:
            gateway = gateway_text(path)
            checked = check_text(path, gateway, os.environ, read_guarded)
            time.sleep(_SETTLED)
            sources = checked.rulebook.sources if checked.rulebook else ()
            if gateway_text(path) == gateway and all(_same(source) for source in sources):
                return checked, gateway
        except ValueError as error:
            raise NotRead(str(error)) from error
    raise NotRead("the files go on changing while they are read")


def _same(source: Source) -> bool:
    try:
        return read_guarded(source.name) == source.text
    except (OSError, ValueError):
        return False


def reload(plan: Plan, emit: Emit) -> Plan | None:
    """The plan that counts from now on, written down for the children; None, with events, when all stays as it was."""
    try:
        checked, gateway = take_up(plan.settings.path)
    except NotRead as error:
        _refused(emit, str(error))
        return None
    if checked.errors or checked.settings is None or checked.rulebook is None or checked.rulebook.program is None:
        errors = [each for each in checked.diagnostics if each.is_error]
        for each in errors[:_TOLD]:
            _refused(emit, _told(each), each)
        return None
    new = replace(plan, settings=checked.settings, program=checked.rulebook.program, number=plan.number + 1)
    kept, fixed = merged(plan, new)
    if fixed:
        text = "these settings change only at a restart: until then the old ones count"
        emit(Event("rules.needs_restart", Level.WARNING, text, {"settings": ", ".join(fixed)}))
    try:
        keep(plan.settings.state, snapshot_of(checked, gateway, kept.number))
    except OSError as error:
        _refused(emit, f"they cannot be kept in the state folder: {error.strerror}")
        return None
    text = "the gateway file and its rules are read again"
    emit(Event("rules.reloaded", Level.INFO, text, {"rules": kept.program.fingerprint[:12]}))
    return kept


def swapped(plan: Plan, emit: Emit) -> Plan | None:
    """In a child: what the parent has written down, compiled; None, with an event, when it cannot be used here."""
    try:
        snapshot = current(plan.settings.state)
        if snapshot.number == plan.number:
            return None
        checked = check_text(plan.settings.path, snapshot.gateway, os.environ, snapshot.read)
    except (OSError, ValueError, KeyError) as error:
        _not_swapped(emit, f"what the parent has kept cannot be read ({type(error).__name__})")
        return None
    program = checked.rulebook.program if checked.rulebook else None
    if checked.settings is None or program is None or program.fingerprint != snapshot.fingerprint:
        _not_swapped(emit, "this process does not compile what the parent has compiled")
        return None
    new = replace(plan, settings=checked.settings, program=program, number=snapshot.number)
    return merged(plan, new)[0]


def merged(old: Plan, new: Plan) -> tuple[Plan, list[str]]:
    """The new plan as far as a running gateway can follow it, and the names of settings that it cannot take over."""
    fixed = [key for name, key in _AT_START.items() if getattr(old.settings, name) != getattr(new.settings, name)]
    before = {each.name: each for each in old.settings.receivers}
    after = {each.name: each for each in new.settings.receivers}
    fixed += [f"receivers.{name}" for name in sorted(set(before) ^ set(after))]
    receivers = []
    for name, receiver in before.items():
        wanted = after.get(name, receiver)
        follows = receiver
        if type(wanted) is type(receiver):
            taken = _WHO_MAY_SEND if isinstance(receiver, DicomReceiver) else ("admission",)
            follows = replace(receiver, **{key: getattr(wanted, key) for key in taken})
        fixed += [f"receivers.{name}.{key}" for key in _differing(follows, wanted)]
        receivers.append(follows)
    kept = {key: getattr(old.settings, key) for key in _AT_START}
    settings: Settings = replace(new.settings, receivers=tuple(receivers), **kept)
    return replace(new, settings=settings), fixed


def _differing(one: object, other: object) -> Iterator[str]:
    """The fields in which two values of one kind differ."""
    if type(one) is not type(other):
        yield "kind"
        return
    for field in fields(one):  # type: ignore[arg-type]
        if getattr(one, field.name) != getattr(other, field.name):
            yield field.name


def _refused(emit: Emit, reason: str, diagnostic: Diagnostic | None = None) -> None:
    told: dict[str, str | int | float] = {"reason": reason}
    if diagnostic is not None:
        told = {"code": diagnostic.code, "place": diagnostic.span.place, **told}
    emit(Event("rules.not_reloaded", Level.ERROR, "the new rules are not taken, the old ones stay", told))


def _told(diagnostic: Diagnostic) -> str:
    """What is wrong in words; of a table only that something is, because its rows may be patients."""
    table = diagnostic.span.source.name.endswith(".csv")
    return "the table has an error: `dicomrules validate` shows it" if table else diagnostic.message


def _not_swapped(emit: Emit, reason: str) -> None:
    emit(Event("rules.not_swapped", Level.ERROR, "a process goes on with the old rules", {"reason": reason}))
