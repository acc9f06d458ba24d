"""Statements: each becomes one function that carries it out in a decision. A verdict ends deciding."""

from collections.abc import Callable

from dicomrules.dicom.charset import character_set
from dicomrules.engine import evaluate
from dicomrules.engine.assign import assignment
from dicomrules.engine.erase import erasure
from dicomrules.engine.halt import Halt
from dicomrules.engine.keep import keeping
from dicomrules.engine.plan import Scope
from dicomrules.engine.private import removing_private
from dicomrules.engine.recode import convert, really, relabel
from dicomrules.engine.remap import remapping
from dicomrules.engine.run import Run
from dicomrules.engine.shift import shifting
from dicomrules.engine.targets import spots, tidied
from dicomrules.engine.transfer import copying, swapping
from dicomrules.program.statement import (
    Add,
    CharsetFrom,
    CharsetTo,
    Copy,
    Default,
    Empty,
    If,
    KeepOnly,
    Let,
    Move,
    RemapUids,
    Remove,
    RemovePrivate,
    Set,
    ShiftDates,
    Statement,
    Swap,
    Within,
)
from dicomrules.program.verdict import Stop

Act = Callable[[Run], None]


def statements(scope: Scope, body: tuple[Statement, ...]) -> Act:
    """What carries out statements from top to bottom."""
    acts = [act(scope, statement) for statement in body]
    if len(acts) == 1:
        return acts[0]

    def in_order(run: Run) -> None:
        for one in acts:
            one(run)

    return in_order


def act(scope: Scope, statement: Statement) -> Act:
    """What carries out one statement."""
    match statement:
        case Set() | Default() | Add():
            return tidied(scope.plan, assignment(scope, statement))
        case Copy() | Move():
            return tidied(scope.plan, copying(scope, statement))
        case Swap():
            return tidied(scope.plan, swapping(scope, statement))
        case Empty() | Remove():
            return erasure(scope, statement)
        case Let():
            return _let(scope, statement)
        case If():
            return _if(scope, statement)
        case Within():
            return _within(scope, statement)
        case KeepOnly():
            return keeping(scope, statement)
        case RemovePrivate():
            return removing_private(scope, statement)
        case RemapUids():
            return remapping(scope, statement)
        case ShiftDates():
            return shifting(scope, statement)
        case CharsetTo() | CharsetFrom():
            return recoding(scope, statement)
        case Stop():
            return _stop(statement)


def _stop(stop: Stop) -> Act:
    def end(run: Run) -> None:
        raise Halt(stop)

    return end


def _let(scope: Scope, let: Let) -> Act:
    get, name = evaluate.with_fallback(scope, let.value, let.otherwise), let.name

    def remember(run: Run) -> None:
        run.locals[name] = get(run)

    return remember


def _if(scope: Scope, statement: If) -> Act:
    branches = [
        (scope.condition(scope, branch.condition), statements(scope, branch.body)) for branch in statement.branches
    ]
    default = statements(scope, statement.default)

    def branch(run: Run) -> None:
        for holds, body in branches:
            if holds(run):
                body(run)
                return
        default(run)

    return branch


def _within(scope: Scope, statement: Within) -> Act:
    find = spots(scope, statement.path.steps, statement.path.prefix, creating=False)
    body = statements(scope.inside_item(), statement.body)

    def inside(run: Run) -> None:
        outside = run.here
        found = find(run)
        run.fresh.clear()  # an item that `within` has made stays, whatever its statements put into it
        for spot in found:
            run.here = spot
            try:
                body(run)
            finally:
                run.here = outside

    return inside


def recoding(scope: Scope, statement: CharsetTo | CharsetFrom) -> Act:
    """What carries out `charset to` and `charset from`."""
    plan = scope.plan
    if isinstance(statement, CharsetTo):
        charset = statement.charset
        return lambda run: convert(plan, run, charset)
    actual, to = statement.actual, statement.to
    if not to:
        return lambda run: relabel(plan, run, actual)
    speaks = really(character_set(tuple(actual.split("\\"))))
    return lambda run: convert(plan, run, to, speaks)
