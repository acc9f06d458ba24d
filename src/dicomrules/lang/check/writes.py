"""Everything that a rule writes, found before its statements are looked at one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check.ground import MOST_LEVELS, MOST_PARTS, MOST_WRITTEN_OUT, Ground
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.reads import Arms, Write, Writes
from dicomrules.lang.check.terms import Env


def written_by(ground: Ground, body: Sequence[ast.Statement]) -> Writes:
    """The paths that these statements set, empty, remove, copy to or move."""
    found: dict[object, list[Write]] = {}
    with ground.findings.quietly():
        for write in _walk(ground, body):
            found.setdefault(write.path.steps[0].tag, []).append(write)
    return found


def _walk(ground: Ground, body: Sequence[ast.Statement]) -> Iterator[Write]:
    """Without recursion: actions may stand for many statements."""
    waiting: list[tuple[ast.Statement, Env, tuple[int, ...], Arms]] = [
        (statement, Env(), (), ()) for statement in reversed(body)
    ]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        node, env, owners, arms = waiting.pop()
        if len(owners) > MOST_LEVELS:
            continue
        owners = (*owners, id(node))
        for target in _targets(node):
            place = resolve(ground, target, env, items=False)
            if place is not None:
                yield Write(place.absolute, target.span, owners, arms)
        for arm, (inner, place) in enumerate(_inside(ground, node, env)):
            here = (*arms, (id(node), arm)) if isinstance(node, ast.If) else arms
            inner_env = env if place is None else replace(env, within=place.absolute.steps)
            waiting.extend((statement, inner_env, owners, here) for statement in reversed(inner))


def _inside(ground: Ground, node: ast.Statement, env: Env) -> Iterator[tuple[Sequence[ast.Statement], Place | None]]:
    match node:
        case ast.If(branches, otherwise):
            for branch in branches:
                yield branch.body, None
            yield otherwise or (), None
        case ast.Within(path, body):
            place = resolve(ground, path, env, items=True)
            if place is not None:
                yield body, place
        case ast.Apply(action):
            item = ground.symbols.of("action").get(action.text)
            if isinstance(item, ast.Action) and ground.written_out <= MOST_WRITTEN_OUT:
                yield item.body, None


def _targets(node: ast.Statement) -> list[ast.Path]:
    match node:
        case ast.Set(target) | ast.Default(target) | ast.Add(target) | ast.Copy(_, target):
            return [target]
        case ast.Move(origin, target):
            return [origin, target]
        case ast.Swap(left, right):
            return [left, right]
        case ast.Empty(targets) | ast.Remove(targets):
            return [target for target in targets.targets if isinstance(target, ast.Path)]
        case _:
            return []
