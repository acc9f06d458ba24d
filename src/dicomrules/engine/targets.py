"""The elements that a statement writes (S8, S9)."""

from collections.abc import Callable

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.private import elements_of
from dicomrules.dicom.tags import creator_tag, private_tag
from dicomrules.dicom.values import ValueRefused
from dicomrules.engine.everywhere import name_in
from dicomrules.engine.halt import Halt
from dicomrules.engine.locate import chooser, items_in, tag_in, tags_in
from dicomrules.engine.plan import Plan, Scope
from dicomrules.engine.run import Fresh, Run, Spot
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
    tag = real_tag(run, spot, step.tag, reserving=True)
    if tag is None:
        return []
    alone = tag not in spot.dataset
    if not alone and not _takes_items(plan, run, spot, step, tag):
        return []
    with Watch(plan, run, target_at(spot, step, tag)):
        item = spot.dataset.add_item(tag)
    run.fresh.append(Fresh(spot, tag, item, alone))
    return [into(spot, step, item, len(spot.dataset.items(tag)) - 1)]


def _takes_items(plan: Plan, run: Run, spot: Spot, step: Step, tag: int) -> bool:
    """Whether an item may be put into an element that is there: one that is no sequence came wrong, and stays.

    Raises Halt where the settings say so.
    """
    element = spot.dataset.get(tag)
    if element is None or element.is_sequence:
        return True
    if plan.program.settings.malformed is not None:
        raise Halt(plan.program.settings.malformed, f"{step.name} is malformed")
    run.note(f"{step.name} holds no items: no target")
    return False


def real_tag(run: Run, spot: Spot, tag: int | PrivateTag, *, reserving: bool) -> int | None:
    """The tag in this data set; `reserving` gives a private creator a block when it has none (S35). None: no block."""
    dataset = spot.dataset
    real = tag_in(dataset, tag)
    if real is None and reserving and isinstance(tag, PrivateTag):
        try:
            block = dataset.reserve_block(tag.group, tag.creator)
        except ValueRefused:  # a creator that the character set of the object does not have
            return None
        if block is None:
            return None
        run.fresh.append(Fresh(spot, creator_tag(tag.group, block)))
        real = private_tag(tag.group, block, tag.element)
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
            tags = [real_tag(run, spot, last.tag, reserving=True)] if making else tags_in(spot.dataset, last.tag)
            found += [target_at(spot, last, tag) for tag in tags if tag is not None]
        return found

    return elements


def tidied(plan: Plan, act: Callable[[Run], None]) -> Callable[[Run], None]:
    """A statement that takes away what it made and then did not write into: items, and blocks of private creators."""

    def tidy(run: Run) -> None:
        act(run)
        while run.fresh:
            _take_away(plan, run, run.fresh.pop())

    return tidy


def _take_away(plan: Plan, run: Run, fresh: Fresh) -> None:
    dataset, tag = fresh.spot.dataset, fresh.tag
    if fresh.item is None:
        if not dataset.tags(*elements_of(tag)):
            dataset.delete(tag)
        return
    if fresh.item.tags() or tag not in dataset:
        return
    step = Step(tag, "SQ", name_in(dataset, tag))
    items = dataset.items(tag)
    place = next((at for at in reversed(range(len(items))) if items[at] is fresh.item), None)
    with Watch(plan, run, target_at(fresh.spot, step, tag)):
        if place is not None:
            dataset.remove_item(tag, place)
        if fresh.alone and not dataset.items(tag):
            dataset.delete(tag)
