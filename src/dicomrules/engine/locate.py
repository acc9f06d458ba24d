"""From a path to the place where it leads, in one decision."""

from collections.abc import Callable, Iterator, Sequence

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import private_tag
from dicomrules.engine.plan import Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.program.path import Nth, Path, Pick, Prefix, PrivateTag, Selector, Step, Where

# Where a path starts.
Start = Callable[[Run], DataSet]
# Which of the items of a sequence a selector takes, by their place from 0.
Choice = Callable[[Run, Sequence[DataSet]], list[int]]


def start_of(prefix: Prefix) -> Start:
    """The data set or item that paths with this prefix start from; `meta.` paths start nowhere."""
    match prefix:
        case Prefix.HERE:
            return lambda run: run.here.dataset
        case Prefix.ORIGINAL:
            return lambda run: run.original
        case _:
            return lambda run: run.root


def tag_in(dataset: DataSet, tag: int | PrivateTag) -> int | None:
    """The tag in this data set; None for a private element whose creator has no block here.

    Of several blocks of its creator it is the first that has the element, or else the first.
    """
    if isinstance(tag, int):
        return tag
    first = None
    for one in tags_in(dataset, tag):
        if one in dataset:
            return one
        first = one if first is None else first
    return first


def tags_in(dataset: DataSet, tag: int | PrivateTag) -> Iterator[int]:
    """The tags that it may have in this data set: one in each block of its creator."""
    if isinstance(tag, int):
        yield tag
        return
    for block in dataset.private_blocks(tag.group, tag.creator):
        yield private_tag(tag.group, block, tag.element)


def chooser(scope: Scope, selector: Selector | None) -> Choice:
    """Which items a selector takes: one, or all that fit for [any], [every] and [where …]; none that is not there."""
    match selector:
        case Nth(number):
            return lambda run, items: [number - 1] if 1 <= number <= len(items) else []
        case Where(condition):
            holds = scope.condition(scope.inside_item(), condition)

            def fitting(run: Run, items: Sequence[DataSet]) -> list[int]:
                run.look(len(items))
                return [place for place, item in enumerate(items) if within(run, item, holds)]

            return fitting
        case Pick.FIRST:
            return lambda run, items: [0] if items else []
        case Pick.LAST:
            return lambda run, items: [len(items) - 1] if items else []
        case _:

            def all_of_them(run: Run, items: Sequence[DataSet]) -> list[int]:
                run.look(len(items))
                return list(range(len(items)))

            return all_of_them


def within(run: Run, item: DataSet, holds: Callable[[Run], bool]) -> bool:
    """Whether something holds when plain paths start at `item`."""
    outside, run.here = run.here, Spot(item)
    try:
        return holds(run)
    finally:
        run.here = outside


def enter(scope: Scope, step: Step) -> Callable[[Run, DataSet], DataSet | None]:
    """From a data set into the one item that a step takes: the first that fits."""
    choose = chooser(scope, step.selector)

    def into(run: Run, dataset: DataSet) -> DataSet | None:
        items = items_in(dataset, step.tag)
        chosen = choose(run, items)
        return items[chosen[0]] if chosen else None

    return into


def items_in(dataset: DataSet, tag: int | PrivateTag) -> Sequence[DataSet]:
    """The items of a sequence; none where it is absent or is no sequence."""
    real = tag_in(dataset, tag)
    element = None if real is None else dataset.get(real)
    return dataset.items(real) if real is not None and element is not None and element.is_sequence else ()


def parent(scope: Scope, path: Path) -> Callable[[Run], DataSet | None]:
    """The data set or item that holds the last element of a path; None when something on the way is missing (S19)."""
    start = start_of(path.prefix)
    ways = [enter(scope, step) for step in path.steps[:-1]]
    if not ways:
        return start

    def reach(run: Run) -> DataSet | None:
        dataset: DataSet | None = start(run)
        for way in ways:
            dataset = way(run, dataset) if dataset is not None else None
        return dataset

    return reach
