"""Everything that a rule writes, found before its statements are looked at one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check.ground import MOST_LEVELS, MOST_PARTS, MOST_WRITTEN_OUT, Ground
from dicomrules.lang.check.paths import Place, resolve
from dicomrules.lang.check.reads import Arms, Write, Writes
from dicomrules.lang.check.terms import Env
from dicomrules.text.frozen import frozen


def written_by(ground: Ground, body: Sequence[ast.Statement]) -> Writes:
    """The paths that these statements set, empty, remove, copy to or move."""
    found: dict[object, list[Write]] = {}
    with ground.findings.quietly():
        for write in _walk(ground, body):
            found.setdefault(write.path.steps[0].tag, []).append(write)
    return found


@frozen
class _Around:
    """A statement around others, which of its arms they are in (None: it has none), what is around it; and how deep."""

    node: ast.Statement
    arm: int | None
    outer: "_Around | None"
    depth: int


def _walk(ground: Ground, body: Sequence[ast.Statement]) -> Iterator[Write]:
    """Without recursion: actions may stand for many statements."""
    waiting: list[tuple[ast.Statement, Env, _Around | None]] = [(statement, Env(), None) for statement in body[::-1]]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        node, env, around = waiting.pop()
        depth = 0 if around is None else around.depth
        if depth > MOST_LEVELS:
            continue
        for target in _targets(node):
            place = resolve(ground, target, env, items=False)
            if place is not None:
                yield Write(place.absolute, target.span, *_owned(node, around))
        for arm, (inner, place) in enumerate(_inside(ground, node, env)):
            here = _Around(node, arm if isinstance(node, ast.If) else None, around, depth + 1)
            inner_env = env if place is None else replace(env, within=place.absolute.steps)
            waiting.extend((statement, inner_env, here) for statement in inner[::-1])


def _owned(node: ast.Statement, around: _Around | None) -> tuple[tuple[int, ...], Arms]:
    """The statements around this one, itself the last one, and the arms that it stands in."""
    owners, arms = [id(node)], []
    while around is not None:
        owners.append(id(around.node))
        if around.arm is not None:
            arms.append((id(around.node), around.arm))
        around = around.outer
    return tuple(owners[::-1]), tuple(arms[::-1])


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
