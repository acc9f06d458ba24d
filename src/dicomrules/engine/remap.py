"""`remap uids`: each UID that names an instance, a series, a study, a frame of reference or the like gets a new one.

The new one depends on nothing but the old one, the secret and the root, so references hold within an object and between
objects. A UID is mapped from its value as received, and once (S32).
"""

from collections.abc import Callable, Iterator

from dicomrules.dicom.columns import Element
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.uids import holds_classes, is_registered
from dicomrules.dicom.values import padded
from dicomrules.engine.bulk import rewrite
from dicomrules.engine.content import LONGEST_READ
from dicomrules.engine.everywhere import elements
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan, Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.select import selecting
from dicomrules.functions.identity import keyed_uid, uid_under
from dicomrules.program.statement import RemapUids
from dicomrules.program.verdict import Stop

Act = Callable[[Run], None]

UNREADABLE = Stop("quarantine", "a UID is too long to be read")


def remapping(scope: Scope, statement: RemapUids) -> Act:
    """What carries out `remap uids`."""
    plan, root = scope.plan, statement.root
    secret = plan.program.secrets[statement.secret.name]
    sparing = selecting(scope, statement.excepted, deep=True)

    def new_of(uid: str) -> str:
        return uid_under(root, uid, secret) if root else keyed_uid(uid, secret)

    def act(run: Run) -> None:
        spared = sparing(run)
        sources = _Sources(plan, run)

        def enters(spot: Spot, element: Element) -> bool:
            return not spared(spot.dataset, element.tag, element.vr)

        for spot, element in elements(run, Spot(run.root), enters):
            if not _is_uid(plan, spot, element) or holds_classes(element.tag):
                continue
            if not spared(spot.dataset, element.tag, "UI"):
                if element.length > LONGEST_READ:
                    raise Halt(plan.program.settings.malformed or UNREADABLE)
                here = _parts(element.raw)
                mapped = [sources.mapped(uid, new_of) for uid in sources.of(spot.dataset, element.tag, here)]
                if mapped != here:
                    rewrite(plan, run, spot, element, "UI", padded("\\".join(mapped).encode("latin-1"), "UI"))
        plan.forget_all(run)
        run.done.add("remap uids")

    return act


def _is_uid(plan: Plan, spot: Spot, element: Element) -> bool:
    return not element.is_sequence and plan.vr_among(("UI",), spot.dataset, element) == "UI"


def _parts(raw: bytes) -> list[str]:
    """The UIDs in a value, whatever their form: one that is none names something too."""
    return [part.strip(" \0") for part in bytes(raw).decode("latin-1").split("\\")]


class _Sources:
    """From which values the UIDs of one object are mapped."""

    __slots__ = ("_plan", "_received", "_run")

    def __init__(self, plan: Plan, run: Run) -> None:
        self._plan, self._run = plan, run
        self._received: frozenset[str] | None = None

    def of(self, dataset: DataSet, tag: int, here: list[str]) -> list[str]:
        """The UIDs to map: those there, unless a rule put one there that the object did not come with."""
        if tag not in dataset.edits or all(uid in self._run.made or self._came(uid) for uid in here):
            return here
        at = dataset.columns.find(tag)
        return here if at < 0 else _parts(dataset.columns.element(at).raw)

    def mapped(self, uid: str, new_of: Callable[[str], str]) -> str:
        """The new UID; the same one for what is blank, registered in PS3.6, or was mapped before."""
        if not uid or is_registered(uid) or uid in self._run.made:
            return uid
        new = new_of(uid)
        self._run.made.add(new)
        return new

    def _came(self, uid: str) -> bool:
        if self._received is None:
            self._received = frozenset(self._all_received())
        return uid in self._received

    def _all_received(self) -> Iterator[str]:
        for spot, element in elements(self._run, Spot(self._run.original)):
            if _is_uid(self._plan, spot, element):
                yield from _parts(element.raw)
