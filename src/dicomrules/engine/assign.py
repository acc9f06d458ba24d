"""`set`, `default` and `add`: one value into every element that the target names, or what `otherwise` says."""

from collections.abc import Callable
from typing import Any

from dicomrules.dicom.values import Malformed
from dicomrules.engine import evaluate, read
from dicomrules.engine.content import content_of, decoded, own_vr
from dicomrules.engine.evaluate import Effect, is_nothing
from dicomrules.engine.fit import NOT_ALLOWED, fit
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Getter, Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.targets import Targets, spots, targets
from dicomrules.engine.write import Target, delete, make_empty, put_value
from dicomrules.program.expression import Otherwise, Read
from dicomrules.program.path import Nth, Path, Pick, PrivateTag
from dicomrules.program.statement import Add, Default, Set
from dicomrules.program.types import BLANK, MALFORMED, NoValue

Act = Callable[[Run], None]

NO_BLOCK = NoValue("no free private block")
DECIMAL_TEXT = ("DS", "IS")


def assignment(scope: Scope, statement: Set | Default | Add) -> Act:
    """What carries out `set`, `default` or `add`."""
    creating = not isinstance(statement, Add) and statement.creating
    assign = Assignment(scope, statement.target, statement.otherwise, appends=_appends(statement))
    get = _source(scope, statement)
    making = targets(scope, statement.target, making=True, creating=creating)
    existing = targets(scope, statement.target, making=False)
    holders = spots(scope, statement.target.steps[:-1], statement.target.prefix, creating=False)
    only_blank = isinstance(statement, Default)

    def act(run: Run) -> None:
        if only_blank and not assign.wanted(run, existing, creating=creating):
            return
        found = get(run)
        if is_nothing(found):
            found = assign.instead(run, found)
        places: Targets = existing if found in (Effect.KEEP, Effect.REMOVE) else making
        if found is Effect.KEEP or isinstance(found, NoValue):
            return
        reached = places(run)
        if not reached:
            assign.unreached(run, holders(run))
        for target in reached:
            if not only_blank or assign.is_blank(target):
                assign.store(run, target, found)

    return act


def _source(scope: Scope, statement: Set | Default | Add) -> Getter:
    """What yields the value; a number that is copied from text to text keeps its digits as they are written (S25)."""
    value, target = statement.value, statement.target.steps[-1]
    if isinstance(value, Read) and target.vr in DECIMAL_TEXT and value.path.steps[-1].vr == target.vr:
        return read.text_of_number(scope, value.path)
    return evaluate.value(scope, value)


def _appends(statement: Set | Default | Add) -> bool:
    """`add P = v` appends a value; `add S[new].P = v` sets P of the item it appends."""
    new_item = any(step.selector is Pick.NEW for step in statement.target.steps)
    return isinstance(statement, Add) and not new_item


class Assignment:
    """How one statement puts a value into one element."""

    def __init__(self, scope: Scope, path: Path, otherwise: Otherwise | None, *, appends: bool) -> None:
        self._plan = scope.plan
        self._path = path
        self._appends = appends
        self._whole = not (appends or path.value or path.component or path.group)
        self._fallback: Getter | None = None if otherwise is None else evaluate.fallback(scope, otherwise)
        self._take = read.taker(path)

    def instead(self, run: Run, nothing: Any) -> Any:
        """What takes the place of a value that is not there, or not allowed; without `otherwise` nothing does."""
        why = nothing.why if isinstance(nothing, NoValue) else BLANK.why
        if self._fallback is None:
            run.note(f"{why}: no effect")
            return BLANK
        run.note(f"otherwise: {why}")
        found = self._fallback(run)
        return BLANK if is_nothing(found) else found

    def unreached(self, run: Run, holders: list[Spot]) -> None:
        """There is nothing to write to: a parent is missing (S9), or a private creator gets no block (S35)."""
        if holders and isinstance(self._path.steps[-1].tag, PrivateTag):
            self.instead(run, NO_BLOCK)
        else:
            run.note("no target")

    def wanted(self, run: Run, existing: Targets, *, creating: bool) -> bool:
        """Whether `default` has anything to do."""
        there = existing(run)
        return any(self.is_blank(target) for target in there) or not there

    def is_blank(self, target: Target) -> bool:
        """Whether the target holds nothing (S18)."""
        content = content_of(target.dataset, target.tag, target.vr, None)
        seen = content if self._appends else self._take(content)
        return isinstance(seen, NoValue) and seen.why in ("absent", "empty", "blank")

    def store(self, run: Run, target: Target, found: Any) -> None:
        """Write what was found; what does not fit goes to `otherwise`, once."""
        why = self._try(run, target, found)
        if why is not None and self._fallback is not None:
            why = self._try(run, target, self.instead(run, why))
        if why is not None:
            self._refuse(run, why)

    def _try(self, run: Run, target: Target, found: Any) -> NoValue | None:
        """Write, or say why not."""
        if isinstance(found, Effect):
            return self._affect(run, target, found)
        if isinstance(found, NoValue):
            return found
        whole = found if self._whole else self._merged(target, found)
        if isinstance(whole, NoValue):
            return whole
        if whole is None:
            run.note("no target")
            return None
        fitted = fit(whole, target.vr, self._path.most)
        return fitted if isinstance(fitted, NoValue) else put_value(self._plan, run, target, fitted)

    def _affect(self, run: Run, target: Target, effect: Effect) -> NoValue | None:
        if effect is Effect.KEEP:
            return None
        if not self._whole and not self._appends:
            return self._try(run, target, "")
        (make_empty if effect is Effect.EMPTY else delete)(self._plan, run, target)
        return None

    def _refuse(self, run: Run, why: NoValue) -> None:
        """What cannot be written at all is a malformed value."""
        stop = self._plan.program.settings.malformed
        if stop is not None and why is not BLANK:
            raise Halt(stop)
        run.note(f"{why.why}: no effect")

    def _merged(self, target: Target, found: Any) -> Any:
        """The whole new value where only a part of it is set; None when that part is not there.

        What is there must be readable: a name that cannot be read is never overwritten with one component of it.
        """
        if content_of(target.dataset, target.tag, target.vr, None) is MALFORMED:
            return MALFORMED
        values = list(_values(target))
        if self._appends:
            return (*values, *(found if isinstance(found, tuple) else (found,)))
        places = _places(self._path, values)
        if self._path.value is not None and not places:
            return None
        if any(mark in found for mark in self._path.delimiters):
            return NOT_ALLOWED
        for place in places or [0]:
            values[place : place + 1] = [self._composed(values[place] if place < len(values) else "", found)]
        return tuple(values)

    def _composed(self, old: Any, found: Any) -> Any:
        """A person name with one component or component group replaced; without these, the new value."""
        path = self._path
        if not (path.group or path.component):
            return found
        groups = str(old).split("=")
        group = read.GROUPS.index(path.group) if path.group else 0
        groups += [""] * (group + 1 - len(groups))
        if path.component:
            components = groups[group].split("^")
            place = read.COMPONENTS.index(path.component)
            components += [""] * (place + 1 - len(components))
            components[place] = found
            groups[group] = "^".join(components).rstrip("^")
        else:
            groups[group] = found
        return "=".join(groups).rstrip("=")


def _values(target: Target) -> tuple[Any, ...]:
    """The values of an element as they lie there; none where it is absent or cannot be read."""
    element = target.dataset.get(target.tag)
    if element is None or element.length == 0 or element.is_sequence:
        return ()
    vr = own_vr(element.vr, target.vr)
    # Numbers that are text stay as they are written.
    values = decoded(target.dataset, element, "LO" if vr in DECIMAL_TEXT else vr)
    return () if isinstance(values, Malformed) else values


def _places(path: Path, values: list[Any]) -> list[int]:
    """Which values a path names, from 0; past the end: none (S74)."""
    match path.value:
        case None:
            return [0] if values else []
        case Nth(number):
            return [number - 1] if number <= len(values) else []
        case Pick.LAST:
            return [len(values) - 1] if values else []
        case Pick.EVERY:
            return list(range(len(values)))
        case _:
            return [0] if values else []
