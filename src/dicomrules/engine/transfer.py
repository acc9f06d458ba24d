"""`copy`, `move` and `swap`: values as they lie there, their text kept (S10)."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from dicomrules.dicom.charset import CharacterSet
from dicomrules.dicom.columns import Element
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import is_group_length
from dicomrules.dicom.values import CHARSET_VRS, TEXT_VRS
from dicomrules.engine.charset import reencoded
from dicomrules.engine.halt import Halt
from dicomrules.engine.locate import parent, tag_in
from dicomrules.engine.plan import Plan, Scope
from dicomrules.engine.put import put
from dicomrules.engine.run import Run
from dicomrules.engine.targets import targets
from dicomrules.engine.write import Target, Watch, delete, make_empty, put_raw
from dicomrules.program.path import Path
from dicomrules.program.statement import Copy, Move, Swap
from dicomrules.program.types import MALFORMED, TYPE_OF_VR, Type
from dicomrules.program.verdict import Stop

Act = Callable[[Run], None]

IN_FRAGMENTS = Stop("quarantine", "pixels that are compressed cannot be copied")

# array's letter for the units of a value whose bytes turn around with the byte order (PS3.5 7.3).
UNITS = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), "H"),
    **dict.fromkeys(("UL", "SL", "FL", "OF", "OL"), "I"),
    **dict.fromkeys(("FD", "OD", "SV", "UV", "OV"), "Q"),
}


def copying(scope: Scope, statement: Copy | Move) -> Act:
    """What carries out `copy` or `move`. A move removes its source only when its target was written."""
    find_source, find = _source(scope, statement.source), targets(scope, statement.target, making=True)
    leaving = targets(scope, statement.source, making=False)
    plan, moves = scope.plan, isinstance(statement, Move)

    def act(run: Run) -> None:
        source = find_source(run)
        if source is None:
            return
        reached = find(run)
        if not reached:
            run.note("no target")
            return
        held = hold(*source)
        if not _bears(plan, run, reached[0], held):
            return
        for target in reached:
            write_held(plan, run, target, held)
        if moves:
            written = {target.path for target in reached}
            for target in leaving(run):
                if target.path not in written:
                    delete(plan, run, target)

    return act


def swapping(scope: Scope, statement: Swap) -> Act:
    """What carries out `swap`: absence and emptiness are exchanged too."""
    first, second = (targets(scope, path, making=True) for path in (statement.first, statement.second))
    plan = scope.plan

    def act(run: Run) -> None:
        one, other = first(run), second(run)
        if len(one) != 1 or len(other) != 1:
            run.note("no target")
            return
        held = [hold(target.dataset, target.tag) for target in (one[0], other[0])]
        if not (_bears(plan, run, one[0], held[1]) and _bears(plan, run, other[0], held[0])):
            return
        write_held(plan, run, one[0], held[1])
        write_held(plan, run, other[0], held[0])

    return act


def _source(scope: Scope, path: Path) -> Callable[[Run], tuple[DataSet, int] | None]:
    """Where the element to copy lies; None when it is absent."""
    reach, last = parent(scope, path), path.steps[-1]

    def source(run: Run) -> tuple[DataSet, int] | None:
        dataset = reach(run)
        tag = None if dataset is None else tag_in(dataset, last.tag)
        return (dataset, tag) if dataset is not None and tag is not None and dataset.get(tag) is not None else None

    return source


@dataclass(frozen=True, slots=True)
class Held:
    """What an element held, taken out of its data set: raw bytes and how they are to be read, or items.

    It holds whatever becomes of the data set meanwhile: writing one element may put all text of the object into another
    character set, but not what was taken out of it before.
    """

    vr: str
    raw: bytes
    charset: CharacterSet
    little: bool
    items: "list[dict[int, Held]] | None"


def hold(dataset: DataSet, tag: int) -> Held | None:
    """What the element holds now; None when it is absent."""
    element = dataset.get(tag)
    if element is None:
        return None
    held = _taken_out(element, dataset.charset)
    waiting = [] if held.items is None else [(dataset, tag, held.items)]
    while waiting:
        holder, sequence, items = waiting.pop()
        for item in holder.items(sequence):
            charset, inside = item.charset, {}
            for inner in item:
                if is_group_length(inner.tag):  # retired by PS3.5 7.2, and wrong where the copy is encoded otherwise
                    continue
                inside[inner.tag] = one = _taken_out(inner, charset)
                if one.items is not None:
                    waiting.append((item, inner.tag, one.items))
            items.append(inside)
    return held


def _taken_out(element: Element, charset: CharacterSet) -> Held:
    """Raises Halt for fragments, which are no value that another element could have (PS3.5 A.4)."""
    is_sequence, little = element.is_sequence, element.encoding.little
    if element.is_undefined and not is_sequence:
        raise Halt(IN_FRAGMENTS)
    vr, raw = ("SQ", b"") if is_sequence else (element.vr, element.raw)
    return Held(vr, raw, charset, little, [] if is_sequence else None)


def _bears(plan: Plan, run: Run, target: Target, held: Held | None) -> bool:
    """Whether what was held means the same in another element; what came under another VR may not, and is malformed.

    Raises Halt where the settings say so.
    """
    if held is None or (held.items is None and not held.raw) or _means_the_same(held.vr, target.vr):
        return True
    if plan.program.settings.malformed is not None:
        raise Halt(plan.program.settings.malformed, f"what is to become {target.path} is malformed")
    run.note(f"{MALFORMED.why}: no effect")
    return False


def _means_the_same(came: str, vr: str) -> bool:
    """Whether bytes under the VR that they came with say the same under another. What is UN goes by the other (S22)."""
    if came == vr:
        return True
    if "SQ" in (came, vr):
        return False
    if came == "UN":
        return True
    if came in TEXT_VRS or vr in TEXT_VRS:
        return came in TEXT_VRS and vr in TEXT_VRS
    if Type.DECIMAL in (TYPE_OF_VR.get(came), TYPE_OF_VR.get(vr)):
        return False
    return TYPE_OF_VR.get(came) is TYPE_OF_VR.get(vr) is Type.BYTES or UNITS.get(came) == UNITS.get(vr)


def write_held(plan: Plan, run: Run, target: Target, held: Held | None) -> None:
    """Write what was held into another element; nothing held: the element goes."""
    if held is None:
        delete(plan, run, target)
    elif held.items is not None:
        with Watch(plan, run, target):
            target.dataset.put(target.tag, "SQ", b"")
            _copy_items(plan, run, held, target.dataset, target.tag)
    elif not held.raw:
        make_empty(plan, run, target)
    else:
        put_raw(plan, run, target, _carried(plan, run, held, target.dataset, target.vr))


def _copy_items(plan: Plan, run: Run, held: Held, dataset: DataSet, tag: int) -> None:
    """Copies of items, with everything below them, into a sequence that has none."""
    waiting = [(item, dataset.add_item(tag)) for item in held.items or ()]
    while waiting:
        source, copy = waiting.pop()
        for inner, one in source.items():
            vr = copy.vr(inner) if one.vr == "UN" else one.vr
            raw = b"" if one.items is not None else _carried(plan, run, one, copy, vr)
            put(plan, copy, inner, one.vr, raw)
            waiting.extend((item, copy.add_item(inner)) for item in one.items or ())


def _carried(plan: Plan, run: Run, held: Held, dataset: DataSet, vr: str) -> bytes:
    """Raw bytes as they stand in another data set: its byte order, its character set. `vr` is that of what is UN."""
    came = vr if held.vr == "UN" else held.vr
    if came in CHARSET_VRS and held.charset != dataset.charset:
        return reencoded(plan, run, held.charset, held.raw, dataset, vr)
    unit = UNITS.get(held.vr)
    if unit is None or held.little == dataset.encoding.little:
        return held.raw
    numbers = array(unit)
    numbers.frombytes(held.raw[: len(held.raw) // numbers.itemsize * numbers.itemsize])
    numbers.byteswap()
    return numbers.tobytes()
