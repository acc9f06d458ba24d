"""What wants a person, seen from counters alone: the one list of it, for alarms, health and the command line.

The theory. A condition is a state, not an event: it is there or it is not, so it is told once when it comes and once
when it goes, however many images it concerns. `red` is what keeps an image from where it should be, or will soon;
`yellow` what can wait until the morning.
"""

from collections.abc import Iterator
from datetime import timedelta

from dicomrules.model.delivery import State
from dicomrules.model.observing import Condition, Severity, Snapshot, Waits
from dicomrules.model.security import SOON, End

LONGEST_LOG = 1 << 30  # bytes of the ledger's write-ahead log: somebody reads without end, or nobody checkpoints
AUDIT_PATIENCE = timedelta(hours=1)
VERY_SOON = timedelta(days=3)  # before a certificate ends


def conditions(seen: Snapshot) -> list[Condition]:
    """All that are there at this moment, red ones first."""
    found = [*_processes(seen), *_disk(seen), *_instances(seen), *_audit(seen)]
    for destination in seen.destinations:
        found += _destination(seen, destination)
    found += [_ending(seen, one) for one in dict.fromkeys(seen.ends) if one.at - seen.at < SOON]
    return sorted(found, key=lambda one: (one.severity is not Severity.RED, one.name, one.subject))


def _processes(seen: Snapshot) -> Iterator[Condition]:
    if seen.processes and not any(seen.processes.values()):
        text = "the gateway is not running: nothing is received or sent"
        yield Condition("process.down", "gateway", Severity.RED, text, "start it; the end of its log says why it ended")
    for name, alive in seen.processes.items():
        if not alive and any(seen.processes.values()):
            text = f"the {name} process is not running"
            yield Condition("process.down", name, Severity.RED, text, "it is started again; its own output says why")
    if seen.unreadable:
        text = f"the ledger cannot be read: {seen.unreadable}"
        yield Condition("ledger.unreadable", "", Severity.RED, text, "look at the disk, then at the gateway's log")


def _disk(seen: Snapshot) -> Iterator[Condition]:
    if seen.full:
        text = f"the disk of the spool is full: {_size(seen.free_bytes)} and {seen.free_inodes} inodes are left"
        way_out = "nothing more is received until there is room: make some, or shorten `retention`"
        yield Condition("disk.full", "", Severity.RED, text, way_out)
    if seen.log_bytes > LONGEST_LOG:
        text = f"the ledger's write-ahead log is {_size(seen.log_bytes)} long"
        way_out = "end what reads the ledger without end, or restart the gateway"
        yield Condition("ledger.log", "", Severity.YELLOW, text, way_out)


def _instances(seen: Snapshot) -> Iterator[Condition]:
    if held := seen.instances.get("held", 0):
        text = f"{held} instance{'s are' if held > 1 else ' is'} held"
        yield Condition("instances.held", "", Severity.YELLOW, text, "`dicomrules held list` says why")


def _audit(seen: Snapshot) -> Iterator[Condition]:
    if seen.unsent_since is not None and seen.at - seen.unsent_since > AUDIT_PATIENCE:
        text = f"the audit repository has not taken {seen.unsent} messages"
        yield Condition(
            "audit.unsent", "", Severity.YELLOW, text, "they are kept and sent later: look at the repository"
        )


def _destination(seen: Snapshot, one: Waits) -> Iterator[Condition]:
    stored = one.deliveries.get(State.STORED, 0)
    unsent = sum(one.deliveries.get(state, 0) for state in (State.QUEUED, State.SENDING, State.DEFERRED))
    if failed := one.deliveries.get(State.FAILED, 0):
        what = f"{failed} deliveries to {one.name} have" if failed > 1 else f"1 delivery to {one.name} has"
        text = f"{what} failed for good"
        way_out = f"`dicomrules queue --destination {one.name} --state failed` says why; then `resend`"
        yield Condition("deliveries.failed", one.name, Severity.RED, text, way_out)
    waiting = unsent + stored
    text = f"{waiting} deliver{'ies wait' if waiting > 1 else 'y waits'} for {one.name}"
    if stored:
        text += f" ({stored} for its storage commitment)"
    if waiting and not one.declared:
        way_out = "put the destination back, or send them elsewhere: `dicomrules resend --reroute`"
        if stored:  # those stay where they are when others are sent elsewhere
            way_out += f"; `dicomrules queue discard {one.name}` gives up what is left"
        yield Condition("destination.unknown", one.name, Severity.RED, f"{text}, which the gateway file lacks", way_out)
    elif one.oldest is not None and seen.at - one.oldest > one.alarm_after:
        why = f"`dicomrules echo {one.name}` says why"
        if not unsent:
            why = (
                f"`dicomrules queue --destination {one.name} --state stored` names them: `trace` says when it was asked"
            )
        text += f", the oldest for {_time(seen.at - one.oldest)}"
        yield Condition("destination.late", one.name, Severity.RED, text, why)


def _ending(seen: Snapshot, one: End) -> Condition:
    left = one.at - seen.at
    when = f"ends in {_time(left)}" if left > timedelta(0) else f"has ended on {one.at:%Y-%m-%d}"
    severity = Severity.RED if left < VERY_SOON else Severity.YELLOW
    way_out = "put a new one in its place: it is read at once, without a restart"
    return Condition("certificate.ends", str(one.path), severity, f"the {one.what} in {one.path} {when}", way_out)


def _size(count: int) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count //= 1024
    return f"{count} TB"


def _time(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 72 * 60 else f"{minutes // 1440} days"
