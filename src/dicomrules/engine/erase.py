"""`empty` and `remove`: elements by path, by what they are, and at every depth."""

from collections.abc import Callable, Iterator

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import format_tag, is_private, keyword_of
from dicomrules.engine.assign import Assignment
from dicomrules.engine.evaluate import Effect
from dicomrules.engine.locate import chooser, items_in, tag_in
from dicomrules.engine.plan import Plan, Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.targets import Targets as Find
from dicomrules.engine.targets import spots, target_at, targets
from dicomrules.engine.write import Target, Watch, delete, make_empty
from dicomrules.program.path import Path
from dicomrules.program.statement import Empty, Remove, TagSet, Targets

Act = Callable[[Run], None]
# Whether an element of a data set is one of those meant.
Meant = Callable[[DataSet, int, str], bool]


def erasure(scope: Scope, statement: Empty | Remove) -> Act:
    """What carries out `empty` or `remove`."""
    meant = statement.targets
    effect = Effect.EMPTY if isinstance(statement, Empty) else Effect.REMOVE
    spared = _spared(scope, meant)
    acts = [] if meant.anywhere else [_at_path(scope, path, effect, spared) for path in meant.paths]
    if meant.sets or meant.anywhere:
        acts.append(_by_kind(scope.plan, meant, effect, spared))

    def act(run: Run) -> None:
        for one in acts:
            one(run)

    return act


def _erase(plan: Plan, run: Run, target: Target, effect: Effect) -> None:
    if target.dataset.get(target.tag) is not None:
        (make_empty if effect is Effect.EMPTY else delete)(plan, run, target)


def _spared(scope: Scope, meant: Targets) -> Callable[[Run, str], bool]:
    """Whether `except` names an element, or something above it."""
    finders: list[Find] = [targets(scope, path, making=False) for path in meant.excepted]
    if not finders:
        return lambda run, path: False

    def spared(run: Run, path: str) -> bool:
        kept = [target.path for find in finders for target in find(run)]
        return any(path == keep or path.startswith((keep + ".", keep + "[")) for keep in kept)

    return spared


def _at_path(scope: Scope, path: Path, effect: Effect, spared: Callable[[Run, str], bool]) -> Act:
    if path.steps[-1].selector is not None:
        return _items(scope, path, effect)
    find, plan = targets(scope, path, making=False), scope.plan
    part = None
    if path.component or path.group or path.value is not None:
        part = Assignment(scope, path, None, appends=False)

    def act(run: Run) -> None:
        for target in find(run):
            if spared(run, target.path):
                continue
            if part is None:
                _erase(plan, run, target, effect)
            elif target.dataset.get(target.tag) is not None:
                part.store(run, target, effect)

    return act


def _items(scope: Scope, path: Path, effect: Effect) -> Act:
    """`remove S[where …]` takes items away, the last first, so that others keep their place; `empty` bares them."""
    holders = spots(scope, path.steps[:-1], path.prefix, creating=False)
    last, plan = path.steps[-1], scope.plan
    choose = chooser(scope, last.selector)

    def act(run: Run) -> None:
        for spot in holders(run):
            tag = tag_in(spot.dataset, last.tag)
            if tag is None:
                continue
            items = items_in(spot.dataset, last.tag)
            for place in reversed(choose(run, items)):
                with Watch(plan, run, target_at(spot, last, tag)):
                    if effect is Effect.REMOVE:
                        spot.dataset.remove_item(tag, place)
                    else:
                        for inner in list(items[place].tags()):
                            items[place].delete(inner)

    return act


def _by_kind(plan: Plan, meant: Targets, effect: Effect, spared: Callable[[Run, str], bool]) -> Act:
    """Every element that one of the sets means, or, `anywhere`, the last step of one of the paths."""
    tests = [_in_set(one) for one in meant.sets]
    if meant.anywhere:
        tests += [_is_last_of(path) for path in meant.paths]

    def act(run: Run) -> None:
        waiting = [run.here]
        while waiting:
            spot = waiting.pop()
            for tag, vr, name in _elements(spot.dataset):
                if any(test(spot.dataset, tag, vr) for test in tests) and not spared(run, spot.path + name):
                    top = tag if spot.top is None else spot.top
                    _erase(plan, run, Target(spot.dataset, tag, vr, spot.path + name, top), effect)
            if meant.anywhere:
                waiting.extend(_below(spot))

    return act


def _elements(dataset: DataSet) -> Iterator[tuple[int, str, str]]:
    """Tag, VR and name of each element, as they are now."""
    for tag in list(dataset.tags()):
        element = dataset.get(tag)
        if element is not None:
            yield tag, element.vr, keyword_of(tag) or format_tag(tag)


def _below(spot: Spot) -> Iterator[Spot]:
    """The items of every sequence at a spot."""
    for tag, _, name in _elements(spot.dataset):
        element = spot.dataset.get(tag)
        if element is not None and element.is_sequence:
            for place, item in enumerate(spot.dataset.items(tag)):
                top = tag if spot.top is None else spot.top
                yield Spot(item, f"{spot.path}{name}[item {place + 1}].", top)


def _is_last_of(path: Path) -> Meant:
    wanted = path.steps[-1].tag
    return lambda dataset, tag, vr: tag_in(dataset, wanted) == tag


def _in_set(one: TagSet) -> Meant:
    excepted = _in_set(one.excepted) if one.excepted is not None else None

    def belongs(dataset: DataSet, tag: int, vr: str) -> bool:
        fits = (
            tag in one.tags
            or vr in one.vrs
            or any(tag & mask == wanted for mask, wanted in one.masks)
            or (is_private(tag) and any(tag_in(dataset, private) == tag for private in one.privates))
        )
        return fits and not (excepted is not None and excepted(dataset, tag, vr))

    return belongs
