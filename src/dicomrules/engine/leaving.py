"""Variants: the forms in which one object leaves, the one that the rules alone made and one for each group (3.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dicomrules.dicom.compose import make_patch
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.patch import Patch
from dicomrules.dicom.tags import SOP_INSTANCE_UID
from dicomrules.engine.apply import not_reached, prepared, run_rules
from dicomrules.engine.content import content_of
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.recode import settle
from dicomrules.engine.record import hides, recorded
from dicomrules.engine.run import Run
from dicomrules.model.decision import Needs, Options, RuleHit, Variant
from dicomrules.model.instance import Verdict
from dicomrules.program.ruleset import Group
from dicomrules.program.verdict import Stop


@dataclass(slots=True)
class Leaving:
    """The variants of one object under way; `runs` are their edit trees by group."""

    plan: Plan
    explain: bool
    hits: list[RuleHit]
    variants: list[Variant] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)

    def as_ruled(self, run: Run, options: Sequence[Options]) -> None:
        """The object as the rules alone made it."""
        self.runs[""] = run
        self.variants.append(_variant(recorded(self.plan, run), run, "", options))


class PreparedGroup:
    """A group ready to run on any number of objects."""

    __slots__ = ("_hides", "_name", "_rules")

    def __init__(self, plan: Plan, group: Group) -> None:
        self._name, self._hides = group.name, hides(group.rules)
        self._rules = prepared(plan, group.rules, group.name)

    def rewrite(self, ruled: Run, options: Sequence[Options], leaving: Leaving) -> None:
        """The variant of an object that goes through this group. Raises Halt when an answer of a table is needed.

        A verdict of its rules is about this variant alone. The sender has been promised success by then for what the
        rest of the object is worth, so `reject`, which settings can still say, keeps it for a person.
        """
        run = leaving.runs[self._name] = ruled.branch()
        hits: list[RuleHit] = []
        try:
            run_rules(run, self._rules, hits, explain=leaving.explain)
            settle(leaving.plan, run)
            tree = recorded(leaving.plan, run, hidden=self._hides)
            leaving.variants.append(_variant(tree, run, self._name, options))
        except Halt as halt:
            if isinstance(halt.outcome, Needs):
                raise
            leaving.variants.append(_stopped(run, self._name, options, halt.outcome))
        if leaving.explain:
            hits.extend(not_reached(self._rules.every, hits))
        leaving.hits.extend(hits)


def _variant(tree: DataSet, run: Run, group: str, options: Sequence[Options]) -> Variant:
    said = tuple(one for one in options if one != Options(one.destination))
    patch = make_patch(tree, run.envelope.derived_digest or run.envelope.digest)
    return Variant(patch, run.changes(), _names(options), _sop_instance(run), group, said)


def _stopped(run: Run, group: str, options: Sequence[Options], stop: Stop) -> Variant:
    """A variant that a verdict ended: nothing of it may leave, so it has no patch and no changes."""
    verdict = Verdict.QUARANTINE if stop.kind == "reject" else Verdict(stop.kind)
    empty = Patch(run.envelope.derived_digest or run.envelope.digest, ())
    return Variant(
        empty,
        (),
        _names(options),
        run.envelope.key.sop_instance,
        group,
        verdict=verdict,
        reasons=(stop.reason,),
        retry=stop.retry,
        limit=stop.limit,
    )


def _names(options: Sequence[Options]) -> tuple[str, ...]:
    """The destinations, without those that stand in for others."""
    return tuple(one.destination for one in options if not one.stands_in_for)


def _sop_instance(run: Run) -> str:
    """The SOP Instance UID that leaves."""
    content = content_of(run.root, SOP_INSTANCE_UID, "UI", 1)
    return str(content[0]) if isinstance(content, tuple) else run.envelope.key.sop_instance
