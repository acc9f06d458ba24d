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
from dicomrules.program.moment import moment_of, write_moment
from dicomrules.program.statement import RemapUids, ShiftDates
from dicomrules.program.walk import inside


def hides(rules: object) -> bool:
    """Whether one of these rules hides who the patient is."""
    return any(isinstance(part, RemapUids | ShiftDates) for part in inside(rules))


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
