"""Which rules never fire for the same object. Thousands are compared with each other, so what is cheap comes first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dicomrules.lang.check.apart import facts_of
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.proof import Prover, claim
from dicomrules.lang.check.rules import Ruled
from dicomrules.lang.check.versions import Versions

_PROOFS = 20_000
"""How many pairs of rules are asked of the prover; it is silent about the rest."""

Asked = Mapping[object, frozenset[object]]
"""What a rule asks for: a value at one time, and the literals that it may be equal to."""


class Pairs:
    """Rules in the order in which they run, and what tells two of them apart."""

    def __init__(self, ground: Ground, rules: Sequence[Ruled]) -> None:
        self._origins = [ruled.rule.origin for ruled in rules]
        self._claims = [claim(ruled.rule.guard, index) for index, ruled in enumerate(rules)]
        self._versions = Versions([ruled.rule for ruled in rules])
        self._prover = Prover(self._versions, given_up=ground.unproven, tests=ground.tests)
        self._asked = [self._asked_by(ruled, index) for index, ruled in enumerate(rules)]
        self._proven: dict[tuple[int, int], bool] = {}

    def _asked_by(self, ruled: Ruled, index: int) -> Asked:
        """A value that is written between two rules is another one for the second: its version is part of the key."""
        proven = facts_of(ruled.rule.guard)
        return {
            (subject, 0 if isinstance(subject, str) else self._versions(subject, self._claims[index])): literals
            for subject, literals in (proven.sets.items() if proven is not None else ())
        }

    def given_up(self, rule: int) -> bool:
        """Whether it is too much to compare a rule with those before it."""
        return self._origins[rule] in self._prover.given_up

    def asked(self, rule: int) -> Asked:
        """The literals that a rule asks for."""
        return self._asked[rule]

    def apart(self, first: int, last: int) -> bool:
        """Whether two rules are proven never to fire for one object. True as well where it was too much to look at."""
        if (first, last) not in self._proven:
            self._proven[first, last] = self._never(first, last)
        return self._proven[first, last]

    def _never(self, first: int, last: int) -> bool:
        one, other = self._asked[first], self._asked[last]
        if any(value in other and literals.isdisjoint(other[value]) for value, literals in one.items()):
            return True
        claims = [self._claims[first], self._claims[last]]
        if not self._prover.subjects(claims[0].condition) & self._prover.subjects(claims[1].condition):
            return False
        about = self._origins[last]
        if len(self._proven) > _PROOFS:
            self._prover.given_up[about] = None
            return True
        return self._prover.never(claims, about) or about in self._prover.given_up


@dataclass(slots=True)
class Above:
    """Rules, or statements of rules, seen so far. A set of them is a number with one bit for each: sets are cheap then.

    Rules that ask for different literals of one value never fire for the same object; those are left out here.
    """

    _count: int = 0
    _asking: dict[object, int] = field(default_factory=dict)
    _for_literal: dict[tuple[object, object], int] = field(default_factory=dict)

    def rivals(self, asked: Asked) -> Iterator[int]:
        """The places of those that may be about the same objects as a rule that asks for this, the nearest first."""
        left = (1 << self._count) - 1
        for value, literals in asked.items():
            fitting = 0
            for literal in literals:
                fitting |= self._for_literal.get((value, literal), 0)
            left &= ~self._asking.get(value, 0) | fitting
        while left:
            nearest = left.bit_length() - 1
            yield nearest
            left ^= 1 << nearest

    def add(self, count: int, asked: Asked) -> None:
        """The next ones, so that there are `count` in all: those of a rule that asks for this."""
        bits = (1 << count) - (1 << self._count)
        self._count = count
        for value, literals in asked.items():
            self._asking[value] = self._asking.get(value, 0) | bits
            for literal in literals:
                self._for_literal[value, literal] = self._for_literal.get((value, literal), 0) | bits
