"""Reading what the same rule sets elsewhere: the author must say which value is meant, `original.` or `current.`."""

from dataclasses import dataclass

from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.paths import Place
from dicomrules.lang.check.terms import Env
from dicomrules.program.path import Path, Prefix
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

Arms = tuple[tuple[int, int], ...]
"""The arms of `if`s that a statement stands in, from outside: which `if`, which arm."""


@dataclass(frozen=True, slots=True)
class Write:
    """A path that a statement of the rule sets. `owners` are the statements around it, itself the last one."""

    path: Path
    span: Span
    owners: tuple[int, ...]
    arms: Arms


@dataclass(frozen=True, slots=True)
class Reader:
    """A statement that reads, and everything that its rule writes."""

    statement: int
    arms: Arms
    writes: tuple[Write, ...]


def overlap(one: Path, other: Path) -> bool:
    """Whether two paths from the data set are about the same element, or one holds the other."""
    if len(one.steps) > len(other.steps):
        one, other = other, one
    short = len(one.steps)
    if one.steps[:-1] != other.steps[: short - 1]:
        return False
    mine, theirs = one.steps[-1], other.steps[short - 1]
    if mine.tag != theirs.tag:
        return False
    if short < len(other.steps):
        return mine.selector is None or mine.selector == theirs.selector
    if mine.selector is not None and theirs.selector is not None and mine.selector != theirs.selector:
        return False
    if one.value is not None and other.value is not None and one.value != other.value:
        return False
    return _one_part(one.group, other.group) and _one_part(one.component, other.component)


def _one_part(mine: str, theirs: str) -> bool:
    return not mine or not theirs or mine == theirs


def apart(one: Arms, other: Arms) -> bool:
    """Whether two statements stand in different arms of one `if`."""
    arms = dict(one)
    return any(which in arms and arms[which] != arm for which, arm in other)


def check(ground: Ground, place: Place, env: Env) -> None:
    """Report an ambiguous read."""
    reader = env.reader
    if not isinstance(reader, Reader) or place.path.prefix is not Prefix.HERE:
        return
    for write in reader.writes:
        if (
            reader.statement in write.owners
            or apart(reader.arms, write.arms)
            or not overlap(write.path, place.absolute)
        ):
            continue
        message = f"`{place.path.text}` is set elsewhere in this rule, so say which value is read"
        found = diagnose("DR404", place.span, message, "before or after that?").with_label(write.span, "set here")
        for prefix, title in (("original", "as it was received"), ("current", "as rewritten so far")):
            found = found.with_fix(title, place.span.before, f"{prefix}.")
        ground.add(found)
        return
