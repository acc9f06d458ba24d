"""Whether two paths are about the same element: for sure, or possibly.

What a proof leaves standing needs the second question, a finding the first: `Seq[first].X` and `Seq[item 1].X` are the
same for sure, `Seq[first].X` and `Seq[last].X` where there is one item, and `Seq[where C].X` is whatever C says.
"""

from collections.abc import Callable, Iterator

from dicomrules.program.expression import Condition, Named, Read
from dicomrules.program.path import Nth, Path, Pick, Prefix, Selector, Step, Where
from dicomrules.program.walk import inside, parts

_ALL = (Pick.ANY, Pick.EVERY)


def surely_overlap(one: Path, other: Path) -> bool:
    """Whether two paths from the data set are, where they lead anywhere, about one element, or one holds the other."""
    return _overlap(one, other, _surely_same)


def may_overlap(one: Path, other: Path) -> bool:
    """Whether two paths from the data set may, for some object, be about one element, or one hold the other."""
    return _overlap(one, other, _may_be_same)


def may_lie_in(path: Path, steps: tuple[Step, ...]) -> bool:
    """Whether an element may lie in the item that these steps lead to."""
    return len(path.steps) >= len(steps) and all(
        mine.tag == theirs.tag and _may_be_same(mine.selector, theirs.selector)
        for mine, theirs in zip(path.steps, steps, strict=False)
    )


def looked_at(path: Path) -> Iterator[Path]:
    """A path from the data set, and everything that is looked at on the way to find its items."""
    yield path
    for depth, step in enumerate(path.steps):
        if isinstance(step.selector, Where):
            items = (*path.steps[:depth], Step(step.tag, step.vr, step.name, Pick.EVERY))
            for part in inside(step.selector.condition):
                if isinstance(part, Read):
                    here = part.path.prefix is Prefix.HERE
                    yield part.path.moved((*items, *part.path.steps) if here else part.path.steps, Prefix.CURRENT)


Tops = dict[int, tuple[object, frozenset[object]]]
"""The attributes of the data set at which what a condition looks at begins, by the id of the condition; and that."""


def tops(path: Path, known: Tops) -> frozenset[object]:
    """The attributes of the data set at which everything begins that is `looked_at` for a path from there."""
    found: frozenset[object] = frozenset((path.steps[0].tag,))
    for step in path.steps:
        if isinstance(step.selector, Where):
            found |= _tops_in(step.selector.condition, known)
    return found


def _tops_in(condition: Condition, known: Tops) -> frozenset[object]:
    """The same for what a condition looks at outside of the item that it is about; worked out once for each."""
    if id(condition) not in known:
        found: set[object] = set()
        waiting: list[object] = [condition]
        while waiting:
            match waiting.pop():
                case Path(steps, prefix):
                    found.update((steps[0].tag,) if prefix is not Prefix.HERE else ())
                    waiting.extend(step.selector for step in steps)
                case Where(inner) | Named(_, inner):
                    found |= _tops_in(inner, known)
                case other:
                    waiting.extend(parts(other))
        known[id(condition)] = condition, frozenset(found)
    return known[id(condition)][1]


def settled(path: Path) -> bool:
    """Whether a path leads to the same element again, whatever was appended or written in between."""
    return Pick.LAST not in (path.value, *(step.selector for step in path.steps)) and not chosen(path)


def chosen(path: Path) -> bool:
    """Whether items are chosen by what is in them, or elsewhere."""
    return len(path.steps) > 1 and any(isinstance(step.selector, Where) for step in path.steps)


def touches(written: Path, path: Path) -> bool:
    """Whether writing one path may change what another one leads to."""
    return any(may_overlap(appended(written) or written, one) for one in looked_at(path))


def appended(path: Path) -> Path | None:
    """The item that writing a path appends: `[last]` is another one then, and so is `[first]` where there was none."""
    for depth, step in enumerate(path.steps, start=1):
        if step.selector is Pick.NEW:
            return Path(path.steps[:depth], path.prefix)
    return None


def made_on_the_way(path: Path) -> Iterator[Path]:
    """The items that `creating path` may append."""
    for depth, step in enumerate(path.steps[:-1]):
        yield Path((*path.steps[:depth], Step(step.tag, step.vr, step.name, Pick.NEW)), path.prefix)


_Same = Callable[[Selector | None, Selector | None], bool]


def _overlap(one: Path, other: Path, same: _Same) -> bool:
    shared = min(len(one.steps), len(other.steps))
    for mine, theirs in zip(one.steps[:shared], other.steps[:shared], strict=True):
        if mine.tag != theirs.tag or not same(mine.selector, theirs.selector):
            return False
    if len(one.steps) != len(other.steps):
        return True
    return (
        same(one.value, other.value) and _one_part(one.group, other.group) and _one_part(one.component, other.component)
    )


def _surely_same(mine: Selector | None, theirs: Selector | None) -> bool:
    if mine is None or theirs is None or mine in _ALL or theirs in _ALL:
        return True
    return mine == theirs or (_number(mine) is not None and _number(mine) == _number(theirs))


def _may_be_same(mine: Selector | None, theirs: Selector | None) -> bool:
    if mine is None or theirs is None:
        return True
    numbers = _number(mine), _number(theirs)
    return None in numbers or numbers[0] == numbers[1]


def _number(selector: Selector) -> int | None:
    """Which one a selector picks, where it says so; counts from 1."""
    return 1 if selector is Pick.FIRST else selector.number if isinstance(selector, Nth) else None


def _one_part(mine: str, theirs: str) -> bool:
    return not mine or not theirs or mine == theirs
