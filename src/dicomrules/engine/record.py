"""`settings { record changes as … }`: what leaves carries the values that rules have replaced (S34).

It is written into a copy: rules, routes and tests do not see it. A form that hides who the patient is gets none, and
loses one that it came with.
"""

from dicomrules.dicom import provenance
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.provenance import Modification
from dicomrules.dicom.values import ValueRefused, encode
from dicomrules.engine.plan import Plan
from dicomrules.engine.run import Run
from dicomrules.program.expression import Secret
from dicomrules.program.moment import moment_of, write_moment
from dicomrules.program.statement import Default, Empty, KeepOnly, RemapUids, Remove, Set, ShiftDates
from dicomrules.program.walk import inside

PATIENT_NAME = 0x00100010


def hides(rules: object) -> bool:
    """Whether one of these rules of a group hides who the patient is: by a secret, or by changing the name.

    The language names `remap uids` and `shift dates`; a group that does no more than hash the number or blank the name
    hides just as much, and the sequence would tell what it hides. Where in doubt, nothing is recorded.
    """
    return any(isinstance(part, RemapUids | ShiftDates | Secret) or _changes_name(part) for part in inside(rules))


def _changes_name(part: object) -> bool:
    match part:
        case Set(target=path) | Default(target=path):
            return path.steps[-1].tag == PATIENT_NAME
        case Empty(targets=targets) | Remove(targets=targets):
            return bool(targets.sets) or any(path.steps[-1].tag == PATIENT_NAME for path in targets.paths)
        case _:
            return isinstance(part, KeepOnly)


def recorded(plan: Plan, run: Run, *, hidden: bool = False) -> DataSet:
    """The tree that leaves. `hidden`: the rules of its group hide the patient; so do rules that have done it here."""
    reason = plan.program.settings.record
    if not reason:
        return run.root
    tree = run.root.copy()
    if hidden or run.done:
        return tree if provenance.forget(tree) else run.root
    envelope = run.envelope
    when = write_moment(moment_of(envelope.received_at), is_time=False)
    by = Modification(when, plan.system, reason, _lo(envelope.peer.calling_aet))
    return tree if provenance.record(tree, run.original, by) else run.root


def _lo(title: str) -> str:
    """An AE title as a peer says it, empty where LO does not take it."""
    try:
        encode((title,), "LO")
    except ValueRefused:
        return ""
    return title
