"""What is never reached, never true, always true: across the parts of a rule set, as far as it can be proven."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.places import Places
from dicomrules.lang.check.proof import Claim, Prover, claim
from dicomrules.lang.check.versions import Versions
from dicomrules.program.expression import Both, Origin
from dicomrules.program.ruleset import Program, Routes, Rule
from dicomrules.program.statement import If, Statement, Within
from dicomrules.program.verdict import Stop
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span

_LOOKED_AT = 30
"""How many arms, or rules with a verdict, above one are looked at."""

_NOT_LAST = "put it above what takes its objects, or take it out"
_LAST = "take it out, or let an arm above ask for less"

_MOST_ABOVE = 20
"""How many conditions around an `if` and above one of its arms are taken into account, the nearest ones."""

_NEAR = 100
"""How many of those that are about a value are gone through to find them."""


@frozen
class _Above:
    """Something that takes its objects away from what stands below it, and the `opposite` that is left for that.

    `fixed`: it depends on parameters.
    """

    claim: Claim
    opposite: Claim
    about: frozenset[int]
    fixed: bool
    origin: Origin


@dataclass(slots=True)
class _Takers:
    """What takes objects away so far: arms of a table, or rules with a verdict, from the top; below those of `before`.

    `everything`: the first one that takes every object.
    """

    before: "_Takers | None" = None
    every: list[_Above] = field(default_factory=list)
    everything: _Above | None = None
    _count: int = 0
    _by_subject: dict[int, list[tuple[int, _Above]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.before is not None:
            self._count, self.everything = self.before._count, self.before.everything

    def add(self, one: _Above) -> None:
        """The next one. It is filed under the first of the values that it is about."""
        if one.about:
            self._by_subject.setdefault(min(one.about), []).append((self._count, one))
        elif self.everything is None and one.claim.condition == Both(()) and one.claim.holds:
            self.everything = one
        self.every.append(one)
        self._count += 1

    def about(self, subjects: frozenset[int]) -> tuple[list[_Above], bool]:
        """The last of those that are about nothing but these; and whether there are more."""
        filed = [self._last(subject) for subject in subjects]
        near = [one for some in filed for one in some[-_NEAR:]]
        fitting = [one for _, one in sorted(near, key=itemgetter(0)) if one.about <= subjects]
        more = any(len(some) > _NEAR for some in filed)
        return fitting[-_LOOKED_AT:], more or len(fitting) > _LOOKED_AT

    def _last(self, subject: int) -> list[tuple[int, _Above]]:
        """The last ones filed under a value, one more than are gone through."""
        own = self._by_subject.get(subject, [])[-_NEAR - 1 :]
        if self.before is None or len(own) > _NEAR:
            return own
        return [*self.before._last(subject), *own][-_NEAR - 1 :]


@dataclass(slots=True)
class Flow:
    """One sequence of rules, and what is asked of it."""

    ground: Ground
    places: Places
    prover: Prover

    def rules(self, rules: Sequence[Rule], ends: _Takers, first: int = 0) -> None:
        """Look at these rules; `first` others come before, of which `ends` are those with a verdict."""
        for index, rule in enumerate(rules, first):
            here = claim(rule.guard, index)
            about = self.prover.subjects(here.condition)
            if rule.guard is not None:
                self._truth([], here, rule.guard.origin)
            self._block(rule.body, [here], index)
            if not self._hidden(here, about, ends, rule.origin, "DR416", "rule"):
                self._over(ends, rule.origin)
            if _ends(rule.body):
                ends.add(self._above(here, about, rule.origin))

    def _above(self, here: Claim, about: frozenset[int], origin: Origin) -> _Above:
        return _Above(here, here.opposite, about, self.prover.fixed(here), origin)

    def _over(self, ends: _Takers, origin: Origin) -> None:
        """Report a rule below one that ends every object."""
        if ends.everything is not None:
            taker = [ends.everything]
            self._report("DR416", origin, "this rule is never reached", taker, "this one ends every object")

    # ── conditions ────────────────────────────────────────────────────────────────────────────────────────────────

    def _truth(self, under: Sequence[Claim], here: Claim, origin: Origin) -> None:
        """Report a condition that is never true where it stands, or always."""
        if self.ground.findings.enough("DR407"):
            self.prover.given_up[origin] = None
            return
        if any(self.prover.fixed(one) for one in (here, *under)):
            return
        where = " here" if under else ""
        if self.prover.never([here], origin) or (under and self.prover.never([*under, here], origin)):
            self._once("DR407", origin, f"this is {'never' if here.holds else 'always'} true{where}", under)
        elif self.prover.never([*under, here.opposite], origin):
            self._once("DR408", origin, f"this is {'always' if here.holds else 'never'} true{where}", under)

    def _once(self, code: str, origin: Origin, message: str, under: Sequence[Claim]) -> None:
        """Report, unless a part of it has been reported."""
        span = self.places.span(origin)
        if span is None or self._reported(span):
            return
        found = diagnose(code, span, message, message.removeprefix("this is "))
        if under:
            found = found.with_note("by what has been asked above it")
        if code == "DR407":
            found = found.with_note("what is meant? two tests of one value are often meant as `or`")
        else:
            found = found.with_note("leave it out, or ask for what may differ")
        self.ground.add(found)

    def _reported(self, span: Span) -> bool:
        return any(self.ground.findings.reported(code, span) for code in ("DR407", "DR408"))

    def _block(self, body: Sequence[Statement], under: Sequence[Claim] | None, index: int) -> None:
        """Look at the `if`s of a block. Inside a `within` (`under` None) nothing is known of what is around."""
        for statement in body:
            if isinstance(statement, Within):
                self._block(statement.body, None, index)
            elif isinstance(statement, If):
                self._arms(statement, under, index)

    def _arms(self, statement: If, under: Sequence[Claim] | None, index: int) -> None:
        above = list(under or ())
        for branch in statement.branches:
            here = Claim(branch.condition, at=index, place=id(statement))
            if len(above) > _MOST_ABOVE:
                self.prover.given_up[branch.origin] = None
                del above[:-_MOST_ABOVE]
            self._truth(above, here, branch.origin)
            self._block(branch.body, None if under is None else [*above, here], index)
            above.append(here.opposite)
        if statement.default:
            self._block(statement.default, None if under is None else above, index)

    # ── arms and rules ────────────────────────────────────────────────────────────────────────────────────────────

    def routes(self, table: Routes, at: int) -> None:
        """Look at a routes table, which is read after `at` rules."""
        above = _Takers()
        for arm in table.arms:
            if arm.is_else:
                self._else(above.every, arm.origin)
                continue
            here = claim(arm.guard, at)
            about = self.prover.subjects(here.condition)
            if arm.guard is not None:
                self._truth([], here, arm.guard.origin)
            if table.first_match:
                self._hidden(here, about, above, arm.origin, "DR402", "arm")
            above.add(self._above(here, about, arm.origin))

    def _else(self, above: Sequence[_Above], origin: Origin) -> None:
        claims = [one.opposite for one in above]
        if len(claims) > 4 * _LOOKED_AT:
            self.prover.given_up[origin] = None
        elif not any(self.prover.fixed(one) for one in claims) and self.prover.never(claims, origin):
            self._report(
                "DR402", origin, "this `else` is never reached", above[-1:], "with this, the arms take every object"
            )

    def _hidden(
        self,
        here: Claim,
        about: frozenset[int],
        above: _Takers,
        origin: Origin,
        code: str,
        what: str,
    ) -> bool:
        """Report what those above leave no object for."""
        takers, more = above.about(about)
        if more or self.ground.findings.enough(code):
            self.prover.given_up[origin] = None
        if self.ground.findings.enough(code):
            return False
        if not takers or self.prover.fixed(here) or any(one.fixed for one in takers) or self.prover.never([here]):
            return False
        if not self.prover.never([here, *(one.opposite for one in takers)], origin):
            return False
        alone = [one for one in takers if self.prover.never([here, one.opposite])]
        said = (
            "this one takes all of its objects" if alone else "together with those above it, this takes all its objects"
        )
        self._report(code, origin, f"this {what} is never reached", (alone or takers[::-1])[:1], said)
        return True

    def _report(self, code: str, origin: Origin, message: str, takers: Sequence[_Above], said: str) -> None:
        span = self.places.span(origin)
        if span is None:
            return
        found = diagnose(code, span, message, "never reached")
        for taker in takers:
            near = self.places.span(taker.origin)
            found = found if near is None else found.with_label(near, said)
        last = message.startswith("this `else`")
        self.ground.add(found.with_note(_LAST if last else _NOT_LAST))


def _ends(body: Sequence[Statement]) -> bool:
    """Whether every object that gets here gets a verdict."""
    for statement in body:
        if isinstance(statement, Stop):
            return True
        if isinstance(statement, If) and statement.default:
            bodies = (*(branch.body for branch in statement.branches), statement.default)
            if all(_ends(each) for each in bodies):
                return True
    return False


def flow(ground: Ground, program: Program, places: Places) -> None:
    """Report conditions that ask nothing, and rules and arms that are never reached."""
    versions, ends, count = Versions(ground, program.rules), _Takers(), len(program.rules)
    look = Flow(ground, places, Prover(versions, given_up=ground.unproven, tests=ground.tests))
    look.rules(program.rules, ends)
    for table in program.routes:
        look.routes(table, count)
    for group in program.groups.values():
        prover = replace(look.prover, version=Versions(ground, group.rules, versions), meanings={})
        Flow(ground, places, prover).rules(group.rules, _Takers(ends), count)
        look.prover.left, look.prover.unread = prover.left, prover.unread
