"""Writing many elements at once, as `remap uids` and `shift dates` do: told one by one up to a number, then counted."""

from dicomrules.dicom.columns import Element
from dicomrules.engine.everywhere import name_in
from dicomrules.engine.plan import Plan
from dicomrules.engine.put import put
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.show import shown


def rewrite(plan: Plan, run: Run, spot: Spot, element: Element, vr: str, raw: bytes) -> None:
    """Write raw bytes. What was read before must be forgotten by the caller, once for all (`Plan.forget_all`)."""
    dataset, tag = spot.dataset, element.tag
    if not run.tells():
        put(plan, dataset, tag, vr, raw)
        run.edited("", None, None)
        return
    before = shown(dataset, tag)
    put(plan, dataset, tag, vr, raw)
    run.edited(spot.path + name_in(dataset, tag), before, shown(dataset, tag))


def remove(run: Run, spot: Spot, tag: int) -> None:
    """Remove an element, under the same condition."""
    dataset = spot.dataset
    if not run.tells():
        dataset.delete(tag)
        run.edited("", None, None)
        return
    before, path = shown(dataset, tag), spot.path + name_in(dataset, tag)
    dataset.delete(tag)
    run.edited(path, before, None)
