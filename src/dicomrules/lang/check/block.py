"""Where a block of statements has got to: what is known, what was written, what ended it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.overlap import chosen, may_lie_in, settled, surely_overlap, tops, touches
from dicomrules.lang.check.reads import Arms, Reader, Writes
from dicomrules.lang.check.terms import Env
from dicomrules.program import statement as program
from dicomrules.program.expression import Origin
from dicomrules.program.path import Path, Prefix
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span

MOST_KNOWN = 500
MOST_NEAR = 100
"""How many paths, and how many in one sequence, are known to have a value because statements before wrote one.

About those that were forgotten nothing is reported: they may have a value.
"""


@frozen
class Mark:
    """One write of a rule, as other rules see it. `idle`: the value stays, spaces around it aside."""

    path: Path
    span: Span
    kind: str
    override: bool = False
    idle: bool = False


@dataclass(slots=True)
class Work:
    """One rule being looked at: what it writes in all, what it has been seen to write, how large it has become.

    `shifts` are its `shift dates`, `modified` its `retain modified dates`, which need one. `forgotten` are paths that
    got a value when too many others were known to have one.
    """

    ground: Ground
    writes: Writes
    marks: list[Mark] = field(default_factory=list)
    shifts: list[tuple[Span, Arms]] = field(default_factory=list)
    modified: list[Span] = field(default_factory=list)
    forgotten: set[Path] = field(default_factory=set)
    count: int = 0
    level: int = 0

    def reader(self, node: ast.Node, arms: Arms) -> Reader:
        """The statement as one that reads."""
        return Reader(id(node), arms, self.writes, self.forgotten)

    def forget(self, proven: frozenset[Path], where: Origin) -> None:
        """Paths that have a value, which is not followed any further."""
        if not self.forgotten:
            self.ground.unproven[where] = None
        self.forgotten |= proven


@frozen
class Block:
    """Where a block of statements has got to; `ended`: a verdict came.

    `line` is what it has written so far, by path, the first write of each kind: it grows from statement to statement.
    """

    env: Env
    arms: Arms = ()
    line: dict[Path, list[Mark]] = field(default_factory=dict)
    ended: Span | None = None

    def knowing(self, env: Env) -> "Block":
        """The same place, where something else is known."""
        return Block(env, self.arms, self.line, self.ended)


Result = tuple[tuple[program.Statement, ...], Block]


def wrote(work: Work, block: Block, marks: Sequence[Mark], *, proven: frozenset[Path] = frozenset()) -> Block:
    """What is known after these paths were written; a second write in one line is reported."""
    for mark in marks:
        _twice(work, block, mark)
    _enter(block, marks)
    work.marks.extend(marks)
    known = block.env.known
    written = frozenset(mark.path.steps[0].tag for mark in marks)
    near = [path for path in known if path.prefix is Prefix.CURRENT and _looks(work, path, written)]
    gone = [path for path in near if any(touches(mark.path, path) for mark in marks)]
    left = known.difference(gone)
    if len(left) < MOST_KNOWN and len(near) < MOST_NEAR:
        left |= proven
    elif not proven <= left:
        work.forget(proven, Origin(marks[0].path.text, marks[0].span.place))
    return block if left == known else block.knowing(block.env.knowing_only(left))


def _looks(work: Work, path: Path, written: frozenset[object]) -> bool:
    """Whether anything that is looked at for a path begins at one of these attributes of the data set."""
    if path.steps[0].tag in written:
        return True
    return chosen(path) and not written.isdisjoint(tops(path, work.ground.tops))


def kept(block: Block, marks: Sequence[Mark]) -> Block:
    """What is known after `keep only` of these paths; whatever else is known of the data set at hand may be gone."""
    steps = block.env.within or ()
    by_tag: dict[object, set[Path]] = {}
    for mark in marks:
        by_tag.setdefault(mark.path.steps[-1].tag, set()).add(mark.path)
    known = frozenset(
        path
        for path in block.env.known
        if path.prefix is not Prefix.CURRENT
        or not may_lie_in(path, steps)
        or len(path.steps) == len(steps)
        or any(surely_overlap(path, one) for one in by_tag.get(path.steps[len(steps)].tag, ()))
    )
    _enter(block, marks)
    return block.knowing(block.env.knowing_only(known))


def lost(block: Block, gone: Callable[[Path], bool]) -> Block:
    """What is known after a statement that may have removed or emptied these paths of the data set."""
    known = frozenset(path for path in block.env.known if path.prefix is not Prefix.CURRENT or not gone(path))
    return block.knowing(block.env.knowing_only(known))


def _enter(block: Block, marks: Sequence[Mark]) -> None:
    for mark in marks:
        same = block.line.setdefault(mark.path, [])
        if all(one.kind != mark.kind for one in same):
            same.append(mark)


def _twice(work: Work, block: Block, mark: Mark) -> None:
    same = block.line.get(mark.path, ())
    keep = next((one for one in same if one.kind == "keep"), None)
    if keep is not None and mark.kind == "remove":
        found = diagnose("DR413", mark.span, f"`{mark.path.text}` is removed, and kept by the same rule", "removed")
        found = found.with_label(keep.span, "kept here")
        work.ground.add(found.with_note("take it off one of the two lists"))
    earlier = next((one for one in same if one.kind not in ("add", "keep")), None)
    if earlier is None or mark.kind == "add" or not settled(mark.path):
        return
    if mark.kind == "default":
        message, label = f"`{mark.path.text}` has been set above, so `default` can do nothing", "never blank here"
    else:
        message, label = f"`{mark.path.text}` is set twice", "only this one counts"
    found = diagnose("DR405", mark.span, message, label).with_label(earlier.span, "set here first")
    work.ground.add(found.with_note("take one of the two out, or say with `if` and `else` when each is meant"))
