"""Reading what the same rule sets elsewhere: the author must say which value is meant, `original.` or `current.`."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from dicomrules.lang.check.ground import MOST_COMPARED, Ground
from dicomrules.lang.check.overlap import surely_overlap
from dicomrules.lang.check.paths import Place
from dicomrules.lang.check.terms import Env
from dicomrules.program.expression import Origin
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


Writes = Mapping[object, Sequence[Write]]
"""Everything that a rule writes, by the attribute at the top of the data set that its path starts with."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A statement that reads, and everything that its rule writes.

    `forgotten` are paths that may have a value, which is not known for sure: too many others do.
    """

    statement: int
    arms: Arms
    writes: Writes
    forgotten: Set[Path] = frozenset()


def apart(one: Arms, other: Arms) -> bool:
    """Whether two statements stand in different arms of one `if`."""
    for (which, arm), (other_which, other_arm) in zip(one, other, strict=False):
        if which != other_which or arm != other_arm:
            return which == other_which
    return False


def sure(place: Place, env: Env) -> bool:
    """Whether there is a value at a place, as far as is known; where that is forgotten nobody shall be bothered."""
    if place.absolute in env.known:
        return True
    return isinstance(env.reader, Reader) and place.absolute in env.reader.forgotten


def check(ground: Ground, place: Place, env: Env) -> None:
    """Report an ambiguous read."""
    reader = env.reader
    if not isinstance(reader, Reader) or place.path.prefix is not Prefix.HERE:
        return
    for write in reader.writes.get(place.absolute.steps[0].tag, ()):
        ground.compared += 1
        if ground.compared > MOST_COMPARED:
            ground.unproven[Origin(place.path.text, place.span.place)] = None
            return
        if (
            reader.statement in write.owners
            or apart(reader.arms, write.arms)
            or not surely_overlap(write.path, place.absolute)
        ):
            continue
        message = f"`{place.path.text}` is set elsewhere in this rule, so say which value is read"
        found = diagnose("DR404", place.span, message, "before or after that?").with_label(write.span, "set here")
        for prefix, title in (("original", "as it was received"), ("current", "as rewritten so far")):
            found = found.with_fix(title, place.span.before, f"{prefix}.")
        ground.add(found)
        return
