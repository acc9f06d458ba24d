"""`empty` and `remove`: elements by path, by what they are, and at every depth."""

from collections.abc import Callable

from dicomrules.dicom.columns import Element
from dicomrules.engine.assign import Assignment
from dicomrules.engine.evaluate import Effect
from dicomrules.engine.everywhere import elements, name_in
from dicomrules.engine.locate import chooser, items_in, tag_in
from dicomrules.engine.plan import Plan, Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.select import Meant, inside_of, selecting
from dicomrules.engine.targets import spots, target_at, targets
from dicomrules.engine.write import Target, Watch, delete, make_empty
from dicomrules.program.path import Path
from dicomrules.program.statement import Empty, Remove, Targets

Act = Callable[[Run], None]


def erasure(scope: Scope, statement: Empty | Remove) -> Act:
    """What carries out `empty` or `remove`."""
    meant = statement.targets
    effect = Effect.EMPTY if isinstance(statement, Empty) else Effect.REMOVE
    sparing = selecting(scope, meant.excepted)
    acts = [] if meant.anywhere else [_at_path(scope, path, effect) for path in meant.paths]
    by_kind = _by_kind(scope, meant, effect)

    def act(run: Run) -> None:
        spared = sparing(run)
        for one in acts:
            one(run, spared)
        if meant.sets or meant.anywhere:
            by_kind(run, spared)

    return act


def _erase(plan: Plan, run: Run, target: Target, effect: Effect) -> None:
    if target.dataset.get(target.tag) is not None:
        (make_empty if effect is Effect.EMPTY else delete)(plan, run, target)


def _at_path(scope: Scope, path: Path, effect: Effect) -> Callable[[Run, Meant], None]:
    if path.steps[-1].selector is not None:
        return _items(scope, path, effect)
    find, plan = targets(scope, path, making=False), scope.plan
    part = None
    if path.component or path.group or path.value is not None:
        part = Assignment(scope, path, None, appends=False)

    def act(run: Run, spared: Meant) -> None:
        for target in find(run):
            if spared(target.dataset, target.tag, target.vr) or inside_of(spared, target.dataset):
                continue
            if part is None:
                _erase(plan, run, target, effect)
            elif target.dataset.get(target.tag) is not None:
                part.store(run, target, effect)

    return act


def _items(scope: Scope, path: Path, effect: Effect) -> Callable[[Run, Meant], None]:
    """`remove S[where …]` takes items away, the last first, so that others keep their place; `empty` bares them."""
    holders = spots(scope, path.steps[:-1], path.prefix, creating=False)
    last, plan = path.steps[-1], scope.plan
    choose = chooser(scope, last.selector)

    def act(run: Run, spared: Meant) -> None:
        for spot in holders(run):
            tag = tag_in(spot.dataset, last.tag)
            if tag is None or spared(spot.dataset, tag, last.vr) or inside_of(spared, spot.dataset):
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


def _by_kind(scope: Scope, meant: Targets, effect: Effect) -> Callable[[Run, Meant], None]:
    """Every element that one of the sets means, or, `anywhere`, the last step of one of the paths."""
    selected = selecting(scope, meant if meant.anywhere else Targets(sets=meant.sets))
    plan = scope.plan

    def act(run: Run, spared: Meant) -> None:
        wanted = selected(run)

        def enters(spot: Spot, element: Element) -> bool:
            return meant.anywhere and not spared(spot.dataset, element.tag, element.vr)

        for spot, element in elements(run, run.here, enters):
            dataset, tag, vr = spot.dataset, element.tag, plan.vr(spot.dataset, element)
            is_wanted = wanted(dataset, tag, vr) or (vr != element.vr and wanted(dataset, tag, element.vr))
            if is_wanted and not spared(dataset, tag, vr):
                top = tag if spot.top is None else spot.top
                _erase(plan, run, Target(dataset, tag, vr, spot.path + name_in(dataset, tag), top), effect)

    return act
