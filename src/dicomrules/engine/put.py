"""Raw bytes into the edit tree, or nothing is sent."""

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.values import TooLong
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.program.verdict import Stop

UNWRITABLE = Stop("quarantine", "a value is longer than its VR can say")


def put(plan: Plan, dataset: DataSet, tag: int, vr: str, raw: bytes) -> None:
    """Write raw bytes that came from elsewhere in the object. Too many for their VR: nothing is sent."""
    try:
        dataset.put(tag, vr, raw)
    except TooLong:
        raise Halt(plan.program.settings.malformed or UNWRITABLE) from None
