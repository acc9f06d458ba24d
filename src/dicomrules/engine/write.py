"""Writing one element: the only place where a rule changes the edit tree."""

from dataclasses import dataclass
from typing import Any

from dicomrules.dicom.edit import DataSet
from dicomrules.engine.charset import encoded
from dicomrules.engine.fit import Fitted
from dicomrules.engine.plan import Plan
from dicomrules.engine.put import put
from dicomrules.engine.run import Run
from dicomrules.engine.show import shown
from dicomrules.program.path import PrivateTag
from dicomrules.program.types import NoValue


@dataclass(frozen=True, slots=True)
class Target:
    """One element to write: the data set or item that holds it, its tag, its VR, and where it lies, for people.

    `top` is the top-level element it is or lies below: what was read through that is forgotten.
    """

    dataset: DataSet
    tag: int
    vr: str
    path: str
    top: int | PrivateTag


def put_value(plan: Plan, run: Run, target: Target, value: Fitted) -> NoValue | None:
    """Write a value that fits; NoValue when its bytes are too many for the VR.

    Text that the object's character set cannot hold goes by the `unencodable` setting.
    """
    raw = encoded(plan, run, target.dataset, value, target.vr)
    if isinstance(raw, NoValue):
        return raw
    put_raw(plan, run, target, raw)
    return None


def put_raw(plan: Plan, run: Run, target: Target, raw: bytes) -> None:
    """Write raw bytes; nothing happens when they are there already under this VR."""
    element = target.dataset.get(target.tag)
    if element is not None and element.vr == target.vr and not element.is_sequence and element.raw == raw:
        return
    with Watch(plan, run, target):
        put(plan, target.dataset, target.tag, target.vr, raw)


def make_empty(plan: Plan, run: Run, target: Target) -> None:
    """Leave the element there with zero length, or make it so."""
    element = target.dataset.get(target.tag)
    if element is not None and element.length == 0:
        return
    with Watch(plan, run, target):
        target.dataset.put(target.tag, target.vr, b"")


def delete(plan: Plan, run: Run, target: Target) -> None:
    """Take the element away, if it is there."""
    if target.dataset.get(target.tag) is None:
        return
    with Watch(plan, run, target):
        target.dataset.delete(target.tag)


class Watch:
    """Remembers how an element looked before and after what is done inside, and forgets what was read of it."""

    __slots__ = ("_before", "_plan", "_run", "_target")

    def __init__(self, plan: Plan, run: Run, target: Target) -> None:
        self._plan, self._run, self._target = plan, run, target
        self._before: str | None = None

    def __enter__(self) -> None:
        self._before = shown(self._target.dataset, self._target.tag)

    def __exit__(self, *failure: Any) -> None:
        target = self._target
        self._run.edited(target.path, self._before, shown(target.dataset, target.tag))
        self._plan.forget(self._run, target.top)
