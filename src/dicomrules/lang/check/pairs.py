"""Which rules never fire for the same object. Thousands are compared with each other, so what is cheap comes first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dicomrules.lang.check.apart import Known, facts_of
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.proof import Claim, Prover, claim
from dicomrules.lang.check.rules import Ruled
from dicomrules.lang.check.versions import Versions

_PROOFS = 20_000
"""How many pairs of rules are asked of the prover; it is silent about the rest."""

Asked = Mapping[object, frozenset[object]]
"""What a rule asks for: a value at one time, and the literals that it may be equal to."""


class Pairs:
    """Rules in the order in which they run, and what tells two of them apart; those of `before` come before them."""

    def __init__(self, ground: Ground, rules: Sequence[Ruled], before: "Pairs | None" = None) -> None:
        self._before = before
        self._known: Known = before._known if before is not None else {}
        self._first = before.count if before is not None else 0
        self._origins = [ruled.rule.origin for ruled in rules]
        self._claims = [claim(ruled.rule.guard, index) for index, ruled in enumerate(rules, self._first)]
        above = before._versions if before is not None else None
        self._versions: Versions = Versions(ground, [ruled.rule for ruled in rules], above)
        self._prover = Prover(self._versions, given_up=ground.unproven, tests=ground.tests)
        self._asked = [self._asked_by(ruled, one) for ruled, one in zip(rules, self._claims, strict=True)]
        self._proven: dict[tuple[int, int], bool] = {}

    @property
    def count(self) -> int:
        """How many rules there are, those before included."""
        return self._first + len(self._claims)

    def _asked_by(self, ruled: Ruled, here: Claim) -> Asked:
        """A value that is written between two rules is another one for the second: its version is part of the key."""
        proven = facts_of(ruled.rule.guard, self._known)
        return {
            (subject, 0 if isinstance(subject, str) else self._versions(subject, here)): literals
            for subject, literals in (proven.sets.items() if proven is not None else ())
        }

    def give_up(self, rule: int) -> None:
        """It is too much to compare a rule with those before it."""
        self._prover.given_up[self._origins[rule - self._first]] = None

    def given_up(self, rule: int) -> bool:
        """Whether it is too much to compare a rule with those before it."""
        return self._origins[rule - self._first] in self._prover.given_up

    def asked(self, rule: int) -> Asked:
        """The literals that a rule asks for."""
        own = rule - self._first
        return self._asked[own] if own >= 0 or self._before is None else self._before.asked(rule)

    def claim(self, rule: int) -> Claim:
        """What a rule asks for."""
        own = rule - self._first
        return self._claims[own] if own >= 0 or self._before is None else self._before.claim(rule)

    def apart(self, first: int, last: int) -> bool:
        """Whether two rules are proven never to fire for one object. True as well where it was too much to look at.

        The last one is none of `before`.
        """
        if (first, last) not in self._proven:
            self._proven[first, last] = self._never(first, last)
        return self._proven[first, last]

    def _never(self, first: int, last: int) -> bool:
        one, other = self.asked(first), self.asked(last)
        if any(value in other and literals.isdisjoint(other[value]) for value, literals in one.items()):
            return True
        claims = [self.claim(first), self.claim(last)]
        if not self._prover.subjects(claims[0].condition) & self._prover.subjects(claims[1].condition):
            return False
        about = self._origins[last - self._first]
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

    def copy(self) -> "Above":
        """The same, to be added to apart from this one."""
        return Above(self._count, self._asking.copy(), self._for_literal.copy())

    def add(self, count: int, asked: Asked) -> None:
        """The next ones, so that there are `count` in all: those of a rule that asks for this."""
        bits = (1 << count) - (1 << self._count)
        self._count = count
        for value, literals in asked.items():
            self._asking[value] = self._asking.get(value, 0) | bits
            for literal in literals:
                self._for_literal[value, literal] = self._for_literal.get((value, literal), 0) | bits
