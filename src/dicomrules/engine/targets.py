"""The elements that a statement writes (S8, S9)."""

from collections.abc import Callable

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import private_tag
from dicomrules.dicom.values import ValueRefused
from dicomrules.engine.locate import chooser, items_in, tag_in
from dicomrules.engine.plan import Plan, Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.write import Target, Watch
from dicomrules.program.path import Nth, Path, Pick, Prefix, PrivateTag, Selector, Step

Spots = Callable[[Run], list[Spot]]
Targets = Callable[[Run], list[Target]]


def spots(scope: Scope, steps: tuple[Step, ...], prefix: Prefix, *, creating: bool) -> Spots:
    """The items that steps lead to, all that fit. `creating` makes one item of each sequence that has none."""
    ways = [(step, chooser(scope, step.selector)) for step in steps]
    plan = scope.plan

    def find(run: Run) -> list[Spot]:
        found = [run.here if prefix is Prefix.HERE else Spot(run.root)]
        for step, choose in ways:
            following: list[Spot] = []
            for spot in found:
                if step.selector is Pick.NEW:
                    following.extend(_new_item(plan, run, spot, step))
                    continue
                items = items_in(spot.dataset, step.tag)
                chosen = choose(run, items)
                following.extend(into(spot, step, items[place], place) for place in chosen)
                if creating and not chosen and _may_make(step.selector, len(items)):
                    following.extend(_new_item(plan, run, spot, step))
            found = following
        return found

    return find


def into(spot: Spot, step: Step, item: DataSet, place: int) -> Spot:
    """Item `place` (from 0) of the sequence that `step` names."""
    return Spot(item, f"{spot.path}{step.name}[item {place + 1}].", step.tag if spot.top is None else spot.top)


def _may_make(selector: Selector | None, count: int) -> bool:
    """Whether a missing item may be made: the next one, where one item is asked for."""
    return selector in (Pick.FIRST, Pick.LAST) or (isinstance(selector, Nth) and selector.number == count + 1)


def _new_item(plan: Plan, run: Run, spot: Spot, step: Step) -> list[Spot]:
    tag = real_tag(spot.dataset, step.tag, reserving=True)
    if tag is None:
        return []
    with Watch(plan, run, target_at(spot, step, tag)):
        item = spot.dataset.add_item(tag)
    return [into(spot, step, item, len(spot.dataset.items(tag)) - 1)]


def real_tag(dataset: DataSet, tag: int | PrivateTag, *, reserving: bool) -> int | None:
    """The tag in this data set; `reserving` gives a private creator a block when it has none (S35). None: no block."""
    real = tag_in(dataset, tag)
    if real is None and reserving and isinstance(tag, PrivateTag):
        try:
            block = dataset.reserve_block(tag.group, tag.creator)
        except ValueRefused:  # a creator that the character set of the object does not have
            return None
        real = None if block is None else private_tag(tag.group, block, tag.element)
    return real


def target_at(spot: Spot, step: Step, tag: int) -> Target:
    """The element that `step` names in the data set or item at `spot`."""
    vr = step.vr if " " not in step.vr else spot.dataset.vr(tag).split(" ")[0]
    return Target(spot.dataset, tag, vr, spot.path + step.name, step.tag if spot.top is None else spot.top)


def targets(scope: Scope, path: Path, *, making: bool, creating: bool = False) -> Targets:
    """What finds the elements that `path` names. `making` reserves private blocks, `creating` makes missing items."""
    last = path.steps[-1]
    find = spots(scope, path.steps[:-1], path.prefix, creating=creating)

    def elements(run: Run) -> list[Target]:
        found = []
        for spot in find(run):
            tag = real_tag(spot.dataset, last.tag, reserving=making)
            if tag is not None:
                found.append(target_at(spot, last, tag))
        return found

    return elements
