"""Reading: what a path yields in one decision, decoded once and remembered until the element is written."""

from collections.abc import Callable, Iterator
from typing import Any

from dicomrules.dicom.edit import DataSet
from dicomrules.engine.content import content_of, decoded
from dicomrules.engine.halt import Halt
from dicomrules.engine.locate import chooser, enter, items_in, parent, start_of, tag_in
from dicomrules.engine.meta import meta_content
from dicomrules.engine.plan import QUANTIFIERS, Getter, Scope, place_of
from dicomrules.engine.run import UNREAD, Run
from dicomrules.program.path import Nth, Path, Pick, Prefix, Step
from dicomrules.program.types import ABSENT, BLANK, MALFORMED, NoValue

GROUPS = ("alphabetic", "ideographic", "phonetic")
COMPONENTS = ("family", "given", "middle", "prefix", "suffix")

Predicate = Callable[[Any], bool]


def contents(scope: Scope, path: Path) -> Getter:
    """All values at a path, or why there are none: for presence, and for functions on whole attributes."""
    return _strict(scope, path, _contents(scope, path))


def value(scope: Scope, path: Path) -> Getter:
    """The one value at a path, or why there is none (S7)."""
    get, take = _contents(scope, path), taker(path)
    return _strict(scope, path, _cached(scope, "value", path, lambda run: take(get(run))))


def text_of_number(scope: Scope, path: Path) -> Getter:
    """The one value at a path to a DS or IS, as it is written; why there is none as `value` says."""
    get, reach, last, take = value(scope, path), parent(scope, path), path.steps[-1], taker(path)

    def text(run: Run) -> Any:
        number = get(run)
        if isinstance(number, NoValue):
            return number
        dataset = reach(run)
        tag = None if dataset is None else tag_in(dataset, last.tag)
        element = None if dataset is None or tag is None else dataset.get(tag)
        texts = decoded(dataset, element, "LO") if dataset is not None and element is not None else ()
        return take(texts) if isinstance(texts, tuple) and texts else number

    return text


def is_quantified(path: Path) -> bool:
    """Whether the path goes through [any] or [every]."""
    return path.value in QUANTIFIERS or any(step.selector in QUANTIFIERS for step in path.steps)


def _cached(scope: Scope, kind: str, path: Path, fetch: Getter) -> Getter:
    if not scope.caches(path):
        return fetch
    slot = scope.plan.slot(kind, path)

    def cached(run: Run) -> Any:
        seen = run.slots[slot]
        if seen is UNREAD:
            seen = run.slots[slot] = fetch(run)
        return seen

    return cached


def _strict(scope: Scope, path: Path, get: Getter) -> Getter:
    """`get`, with a malformed value ending the decision where the settings say so."""
    watch = _watch(scope, path)
    return get if watch is None else lambda run: watch(run, get(run))


def _watch(scope: Scope, path: Path) -> Callable[[Run, Any], Any] | None:
    """Lets pass what was read, unless it is malformed, the settings have a verdict for that, and the rule does not test
    for it itself (S21). None: lets everything pass."""
    stop = scope.plan.program.settings.malformed
    if stop is None or place_of(path) in scope.tolerant:
        return None

    def watch(run: Run, seen: Any) -> Any:
        if seen is MALFORMED:
            raise Halt(stop, f"{path.steps[-1].name} is malformed")
        return seen

    return watch


def _contents(scope: Scope, path: Path) -> Getter:
    whole = Path(path.steps, path.prefix, most=path.most)
    return _cached(scope, "contents", whole, _fetch(scope, whole))


def _fetch(scope: Scope, path: Path) -> Getter:
    if path.prefix is Prefix.META:
        name = path.steps[-1].name
        return lambda run: meta_content(run.envelope, name)
    reach, leaf = parent(scope, path), _leaf(scope, path)

    def fetch(run: Run) -> Any:
        dataset = reach(run)
        return ABSENT if dataset is None else leaf(run, dataset)

    return fetch


def _leaf(scope: Scope, path: Path) -> Callable[[Run, DataSet], Any]:
    """What the last step of a path yields in the data set that holds it."""
    last, most = path.steps[-1], path.most
    if last.selector is not None:
        into = enter(scope, last)
        return lambda run, dataset: ABSENT if into(run, dataset) is None else (True,)

    def leaf(run: Run, dataset: DataSet) -> Any:
        tag = tag_in(dataset, last.tag)
        return ABSENT if tag is None else content_of(dataset, tag, last.vr, most)

    return leaf


def taker(path: Path) -> Callable[[Any], Any]:
    """From all values to the one that a path takes, or to the component of it."""
    pick, part = path.value, part_of(path)

    def take(content: Any) -> Any:
        if isinstance(content, NoValue):
            return content
        match pick:
            case None:
                taken = content[0] if len(content) == 1 else MALFORMED
            case Nth(number):
                taken = content[number - 1] if number <= len(content) else ABSENT
            case _:
                taken = content[-1 if pick is Pick.LAST else 0]
        return part(taken)

    return take


def part_of(path: Path) -> Callable[[Any], Any]:
    """From a person name to the component or component group that a path names; blank when it is not there."""
    if not (path.group or path.component):
        return lambda taken: taken
    group = GROUPS.index(path.group) if path.group else 0
    place = COMPONENTS.index(path.component) if path.component else None

    def part(taken: Any) -> Any:
        if isinstance(taken, NoValue):
            return taken
        groups = taken.split("=")
        text = groups[group] if group < len(groups) else ""
        if place is not None:
            components = text.split("^")
            text = components[place] if place < len(components) else ""
        return text.strip() or BLANK

    return part


def quantified(scope: Scope, path: Path, *, whole: bool) -> Callable[[Run, Predicate], bool]:
    """Whether a predicate holds for what a path with [any] or [every] leads to, each quantifier at its own step.

    `whole`: the predicate is about all values of an element at once (presence), else about one value.
    """
    leaf = _each_value(scope, path, whole=whole)
    for step in reversed(path.steps[:-1]):
        leaf = _through(scope, step, leaf, _answer_on_nothing(path, whole=whole))
    start = start_of(path.prefix)
    return lambda run, predicate: leaf(run, start(run), predicate)


Descent = Callable[[Run, DataSet, Predicate], bool]


def _answer_on_nothing(path: Path, *, whole: bool) -> Callable[[Predicate], bool]:
    """What an absent element answers: [any] false, [every] true, else whatever the predicate says of nothing."""
    if path.value in QUANTIFIERS and not whole:
        answer = path.value is Pick.EVERY
        return lambda predicate: answer
    return lambda predicate: predicate(ABSENT)


def _through(scope: Scope, step: Step, deeper: Descent, on_nothing: Callable[[Predicate], bool]) -> Descent:
    if step.selector in QUANTIFIERS:
        combine = any if step.selector is Pick.ANY else all

        def each(run: Run, dataset: DataSet, predicate: Predicate) -> bool:
            def answers() -> Iterator[bool]:
                for item in items_in(dataset, step.tag):
                    run.look()
                    yield deeper(run, item, predicate)

            return combine(answers())

        return each
    into = enter(scope, step)

    def one(run: Run, dataset: DataSet, predicate: Predicate) -> bool:
        item = into(run, dataset)
        return on_nothing(predicate) if item is None else deeper(run, item, predicate)

    return one


def _each_value(scope: Scope, path: Path, *, whole: bool) -> Descent:
    last = path.steps[-1]
    if last.selector in QUANTIFIERS:
        chosen = chooser(scope, last.selector)
        return lambda run, dataset, predicate: bool(chosen(run, items_in(dataset, last.tag)))
    leaf, on_nothing, part = _watched_leaf(scope, path), _answer_on_nothing(path, whole=whole), part_of(path)
    if whole:
        return lambda run, dataset, predicate: predicate(leaf(run, dataset))
    if path.value not in QUANTIFIERS:
        take = taker(path)
        return lambda run, dataset, predicate: predicate(take(leaf(run, dataset)))
    combine = any if path.value is Pick.ANY else all

    def each(run: Run, dataset: DataSet, predicate: Predicate) -> bool:
        content = leaf(run, dataset)
        if isinstance(content, NoValue):
            return content is not MALFORMED and on_nothing(predicate)
        return combine(predicate(part(one)) for one in content)

    return each


def _watched_leaf(scope: Scope, path: Path) -> Callable[[Run, DataSet], Any]:
    leaf, watch = _leaf(scope, path), _watch(scope, path)
    return leaf if watch is None else lambda run, dataset: watch(run, leaf(run, dataset))
