"""Proofs about conditions: that some of them are never true together.

Everything else is asked that way: a condition is never true when it contradicts itself, always true when its opposite
is never true; an arm is hidden when it is never true together with the opposites of the arms above; a table is total
when all its arms are never false together. Tests of one value at one time are put together and must contradict one
another; of alternatives (`or`, `not … and`) each one is followed, those first that leave the least choice. Steps are
counted: beyond the bound nothing is proven, and that is remembered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dicomrules.lang.check.ask import Asked, asked, opaque, several
from dicomrules.lang.check.fit import Answer, answer, contradict
from dicomrules.program.expression import (
    Always,
    Both,
    Column,
    Condition,
    Either,
    Local,
    Named,
    Not,
    Origin,
    Read,
    Test,
)
from dicomrules.program.path import Path
from dicomrules.program.ruleset import Guard
from dicomrules.program.walk import inside
from dicomrules.text.frozen import frozen

MOST_STEPS = 4_000
"""Steps of one proof."""

MOST_IN_ALL = 100_000
"""Steps of all proofs about one rule set."""

MOST_READ = 200_000
"""Claims that are put together, and parts of conditions that are looked at for them, for all proofs of a rule set."""

_MOST_PATHS = 50
"""How many values one test may look at; of one that looks at more it is not known when it is the same again."""

_MOST_TESTS = 1_000
_MOST_ANSWERS = 100
"""How many parts of one condition, and answers about one value, are put together; more are left aside."""

Version = Callable[[Path, "Claim"], object]
"""How often a path has been written before a claim is tested; whatever differs is another value."""


@frozen
class Unsure:
    """How often that was, where it would be too much to find out: another value for each rule, and place in it."""

    at: int
    place: int


@frozen
class Claim:
    """That a condition holds, or not, when it is tested: `at` counts rules, `place` tells apart places in a rule."""

    condition: Condition
    holds: bool = True
    at: int = 0
    place: int = 0

    @property
    def opposite(self) -> "Claim":
        """That it does not hold."""
        return Claim(self.condition, not self.holds, self.at, self.place)


def claim(guard: Guard | None, at: int = 0) -> Claim:
    """That a guard lets an object pass."""
    return Claim(Both(()), at=at) if guard is None else Claim(guard.condition, not guard.unless, at)


@frozen
class _Known:
    """What a test asks; what it reads; whether its values belong to one rule only; whether some of it is `fixed` by a
    parameter.

    `subject` stands for what it is about. `paths` is None where there are too many.
    """

    what: Asked
    subject: int
    paths: tuple[Path, ...] | None
    local: bool
    fixed: bool
    _answers: dict[bool, Answer] = field(default_factory=dict, compare=False)

    def answer(self, *, holds: bool) -> Answer:
        """What it means that it holds, or that it does not: made when a proof asks, which for most tests none does."""
        if holds not in self._answers:
            self._answers[holds] = answer(self.what, holds=holds)
        return self._answers[holds]


@frozen
class About:
    """What a condition is about, as numbers: two that share none are never proven to have to do with each other.

    `fixed`: something in it is so only for the parameters at hand: no slip of the author's, though proven.
    """

    condition: Condition
    subjects: frozenset[int]
    fixed: bool


@frozen
class _Holds:
    """What a value or condition holds, however deep: what it reads, and whether some of that is a `let` or column,
    several values at once (`spread`), or fixed by a parameter.
    """

    paths: tuple[Path, ...] = ()
    local: bool = False
    spread: bool = False
    fixed: bool = False


@dataclass(slots=True)
class Tests:
    """What each test of a rule set means: looked at once, however many proofs ask."""

    _known: dict[int, tuple[Test, _Known]] = field(default_factory=dict)
    _about: dict[int, About] = field(default_factory=dict)
    _subjects: dict[object, int] = field(default_factory=dict)
    _named: dict[int, tuple[Condition, _Holds]] = field(default_factory=dict)

    def understood(self, test: Test) -> _Known:
        """What it means that a test holds, and that it does not."""
        found = self._known.get(id(test))
        if found is None:
            holds = self._held(test)
            what = opaque(test) if holds.spread else asked(test)
            subject = self._subjects.setdefault(what.subject, len(self._subjects))
            paths = holds.paths if len(holds.paths) <= _MOST_PATHS else None
            found = self._known[id(test)] = (test, _Known(what, subject, paths, holds.local, holds.fixed))
        return found[1]

    def _held(self, value: object) -> _Holds:
        """What a value holds. Conditions with a name are looked into once: they may be large, and stand everywhere."""
        paths: dict[Path, None] = {}
        local = spread = fixed = False
        for part in inside(value, closed=Named):
            match part:
                case Read(path):
                    paths[path] = None
                case Path():
                    spread = spread or several(part)
                case Named(_, condition):
                    if id(condition) not in self._named:
                        self._named[id(condition)] = condition, self._held(condition)
                    inner = self._named[id(condition)][1]
                    paths |= dict.fromkeys(inner.paths)
                    local, spread, fixed = local or inner.local, spread or inner.spread, fixed or inner.fixed
                case Local() | Column():
                    local = True
                case Always():
                    fixed = True
        return _Holds(tuple(paths), local, spread, fixed)

    def about(self, condition: Condition) -> About:
        """What a condition is about."""
        found = self._about.get(id(condition))
        if found is None:
            match condition:
                case Both(members) | Either(members):
                    every = [self.about(one) for one in members]
                    subjects = frozenset().union(*(one.subjects for one in every))
                    fixed = any(one.fixed for one in every)
                case Not(inner) | Named(_, inner):
                    same = self.about(inner)
                    subjects, fixed = same.subjects, same.fixed
                case test:
                    known = self.understood(test)
                    subjects, fixed = frozenset({known.subject}), known.fixed
            found = self._about[id(condition)] = About(condition, subjects, fixed)
        return found


_Facts = dict[object, tuple[Answer, ...]]
"""Answers by what they are about: one value, at one time."""

_Split = tuple["_Meant", ...]
"""Alternatives, of which one is true."""


@frozen
class _Meant:
    """What a claim comes to: answers that are all true, and of each split one. None of it where it is `impossible`.

    `opposite` is the answer that there is when it is not true, where that is one. `unsure`: about some of the values it
    would be too much to find out when they are the same.
    """

    facts: _Facts
    splits: tuple[_Split, ...] = ()
    impossible: bool = False
    opposite: _Facts | None = None
    unsure: bool = False


_Meanings = dict[tuple[int, bool, int, int], tuple[Condition, _Meant]]
"""What each condition comes to, by its id, whether it holds, and when."""


@dataclass(slots=True)
class Prover:
    """Proves, within bounds. `given_up` are the places where the bound was met."""

    version: Version = lambda path, claim: 0
    most: int = MOST_STEPS
    given_up: dict[Origin, None] = field(default_factory=dict)
    left: int = MOST_IN_ALL
    unread: int = MOST_READ
    tests: Tests = field(default_factory=Tests)
    meanings: _Meanings = field(default_factory=dict)

    def never(self, claims: Sequence[Claim], about: Origin | None = None) -> bool:
        """Whether these are proven never to be true together. False: they may be, or it was too much to look at."""
        if self.unread <= 0:
            if about is not None:
                self.given_up[about] = None
            return False
        self.unread -= len(claims)
        start: _Facts = {}
        splits: list[_Split] = []
        unsure = False
        for one in claims:
            meant = self._meant(one)
            if meant.impossible:
                return True
            unsure = unsure or meant.unsure
            _gather(start, meant.facts)
            splits.extend(meant.splits)
        if any(contradict(answers) for answers in start.values() if len(answers) > 1):
            return True
        allowed = min(self.most, self.left)
        steps = _Steps(allowed)
        refuted = _refuted(start, splits, steps)
        self.left -= allowed - max(steps.left, 0)
        proven = refuted and steps.left >= 0
        if about is not None and (steps.left < 0 or (unsure and not proven)):
            self.given_up[about] = None
        return proven

    def subjects(self, condition: Condition) -> frozenset[int]:
        """What a condition is about."""
        return self.tests.about(condition).subjects

    def fixed(self, claim: Claim) -> bool:
        """Whether a claim depends on parameters."""
        return self.tests.about(claim.condition).fixed

    def _meant(self, claim: Claim) -> _Meant:
        """What a claim comes to, looked at once. Of one that says too much a part is left out: less is proven then."""
        key = (id(claim.condition), claim.holds, claim.at, claim.place)
        found = self.meanings.get(key)
        if found is None:
            found = self.meanings[key] = (claim.condition, self._meaning(claim))
        return found[1]

    def _meaning(self, claim: Claim) -> _Meant:
        facts: _Facts = {}
        splits: list[_Split] = []
        opposite: _Facts | None = None
        unsure = False
        todo = [claim]
        seen: set[tuple[int, bool]] = set()
        while todo and len(seen) < _MOST_TESTS:
            one = todo.pop()
            if (id(one.condition), one.holds) in seen:
                continue
            seen.add((id(one.condition), one.holds))
            self.unread -= 1
            match one.condition:
                case Always(answer):
                    if answer is not one.holds:
                        return _IMPOSSIBLE
                case Not(inner):
                    todo.append(Claim(inner, not one.holds, one.at, one.place))
                case Named(_, inner):
                    todo.append(Claim(inner, one.holds, one.at, one.place))
                case Both(members) | Either(members):
                    claims = [Claim(part, one.holds, one.at, one.place) for part in members]
                    if isinstance(one.condition, Both) is one.holds:
                        todo.extend(claims)
                    else:
                        splits.append(tuple(self._meant(each) for each in claims))
                        unsure = unsure or any(each.unsure for each in splits[-1])
                case test:
                    known = self.tests.understood(test)
                    versions = self._versions(known, one)
                    unsure = unsure or any(isinstance(version, Unsure) for version in versions)
                    key = known.subject, versions, (one.at, one.place) if known.local else None
                    said = (known.answer(holds=one.holds),)
                    alone = not facts and not todo and not splits
                    opposite = {key: (known.answer(holds=not one.holds),)} if alone else None
                    if contradict(said) or not _joined(facts, {key: said}):
                        return _IMPOSSIBLE
        opposite = None if splits or len(facts) != 1 else opposite
        return _Meant(facts, tuple(splits), opposite=opposite, unsure=unsure)

    def _versions(self, known: _Known, claim: Claim) -> tuple[object, ...]:
        if known.paths is None:
            return (Unsure(claim.at, claim.place),)
        return tuple(self.version(path, claim) for path in known.paths)


_IMPOSSIBLE = _Meant({}, impossible=True)


@dataclass(slots=True)
class _Steps:
    """How many more steps may be taken; below zero there were too few."""

    left: int


def _refuted(start: _Facts, splits: Sequence[_Split], steps: _Steps) -> bool:
    """Whether every way of choosing one alternative of each split contradicts itself."""
    waiting: list[tuple[_Facts, Sequence[_Split]]] = [(start, splits)]
    while waiting:
        facts, open_splits = waiting.pop()
        left = _narrowed(facts, open_splits, steps)
        if steps.left < 0:
            return False
        if left is None:
            continue
        if not left:
            return False
        fewest = min(range(len(left)), key=lambda index: len(left[index]))
        others = [split for index, split in enumerate(left) if index != fewest]
        for meant in left[fewest]:
            joined = dict(facts)
            if _joined(joined, meant.facts):
                waiting.append((joined, [*others, *meant.splits]))
    return True


def _narrowed(facts: _Facts, splits: Sequence[_Split], steps: _Steps) -> list[_Split] | None:
    """Splits without the alternatives that contradict the facts, and without those that are true anyway.

    None: one of them has no alternative left.
    """
    left: list[_Split] = []
    for split in splits:
        steps.left -= len(split)
        possible = tuple(meant for meant in split if not meant.impossible and _agree(facts, meant.facts))
        if not possible:
            return None
        if not any(_follows(facts, meant) for meant in possible):
            left.append(possible)
    return left


def _agree(facts: _Facts, more: _Facts) -> bool:
    """Whether answers do not contradict the facts, as far as can be proven."""
    return not any(key in facts and contradict((*facts[key], *answers)) for key, answers in more.items())


def _follows(facts: _Facts, meant: _Meant) -> bool:
    """Whether an alternative is proven to be true already."""
    if meant.opposite is None:
        return not meant.splits and not meant.facts
    return not _agree(facts, meant.opposite)


def _gather(facts: _Facts, more: _Facts) -> list[object]:
    """Put answers to the facts; gives what was known before and is known better now."""
    better: list[object] = []
    for key, answers in more.items():
        known = facts.get(key)
        if known is None:
            facts[key] = answers
            continue
        new = [each for each in answers if each not in known]
        if new and len(known) < _MOST_ANSWERS:
            facts[key] = (*known, *new)
            better.append(key)
    return better


def _joined(facts: _Facts, more: _Facts) -> bool:
    """Put answers to the facts; False: they contradict one another. What is new must not contradict itself."""
    return not any(contradict(facts[key]) for key in _gather(facts, more))
