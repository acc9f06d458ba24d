"""The Decision: what rules and routes made of one object. Whatever explains, sends or remembers uses this one value."""

from dataclasses import dataclass, field
from datetime import timedelta

from dicomrules.dicom.patch import Patch
from dicomrules.model.instance import Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute that leaves otherwise than it came. `before` and `after` are for people; None: not there."""

    path: str
    before: str | None
    after: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a condition as it was tested: its text, the value seen (for people), and the answer."""

    text: str
    seen: str
    answer: bool
    place: str = ""  # file:line:column


@dataclass(frozen=True, slots=True)
class RuleHit:
    """One rule or one arm of a routes table: did it apply, and because of which clauses.

    `kind` is "rule" or "route"; `note` says what happened that is no change: "no target", "otherwise: empty", a
    verdict. `group` is the name of the group that a rule stands in, empty for a rule outside groups.
    """

    rule: str
    matched: bool
    because: tuple[Clause, ...] = ()
    notes: tuple[str, ...] = ()
    kind: str = "rule"
    title: str = ""
    place: str = ""
    changes: tuple[Change, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How one destination gets its variant, as far as a route says so.

    `calling` is the calling AE title of this send; `compressed` a transfer syntax UID, with `quality` where lossy;
    `during` the name of a schedule; `study_after` how long the study must have been quiet; `once_per` counts only with
    `only_once` (None: for ever); `priors` how many prior studies go along; `priority` is high, medium or low. Empty,
    None or 0: not said. `stands_in_for` names the destination that this one is used instead of, when that cannot be
    reached; such a one is not among the destinations of its variant.
    """

    destination: str
    calling: str = ""
    compressed: str = ""
    quality: int | None = None
    decompressed: bool = False
    during: str = ""
    study_after: timedelta | None = None
    only_once: bool = False
    once_per: timedelta | None = None
    priors: int = 0
    priority: str = ""
    stands_in_for: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One form in which the object leaves: the patch over the bytes received, and the destinations that get it.

    `group` is the name of the group of rules that made it, empty for the object as rewritten by the rules alone.
    `sop_instance` is the SOP Instance UID that leaves; it differs from the received one only when a rule rewrote it.
    `options` are those of its destinations that have any. A variant with another verdict than `send` is not sent:
    `destinations` are then those that would have got it, its patch is empty, and `reasons`, `retry` and `limit` are as
    those of a Decision.
    """

    patch: Patch
    changes: tuple[Change, ...]
    destinations: tuple[str, ...]
    sop_instance: str
    group: str = ""
    options: tuple[Options, ...] = ()
    verdict: Verdict = Verdict.SEND
    reasons: tuple[str, ...] = ()
    retry: timedelta | None = None
    limit: timedelta | None = None

    @property
    def reason(self) -> str:
        """All reasons in one line."""
        return "; ".join(self.reasons)


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdict, variants, and why. `reasons` are constant texts of the rule files and never hold patient data.

    `retry` and `limit` belong to a hold (None: no timed retry, no limit); `status` to a reject.
    `notes` are remarks about the whole object: a destination left out by the loop guard, tables that said `nowhere`.
    """

    verdict: Verdict
    variants: tuple[Variant, ...]
    hits: tuple[RuleHit, ...]
    fingerprint: str
    reasons: tuple[str, ...] = ()
    retry: timedelta | None = None
    limit: timedelta | None = None
    status: int = 0x0000
    notes: tuple[str, ...] = field(default=())

    @property
    def reason(self) -> str:
        """All reasons in one line."""
        return "; ".join(self.reasons)

    @property
    def destinations(self) -> tuple[str, ...]:
        """Every destination of every variant that is sent, in order, each once."""
        sent = (variant for variant in self.variants if variant.verdict is Verdict.SEND)
        return tuple(dict.fromkeys(name for variant in sent for name in variant.destinations))

    @property
    def stopped(self) -> tuple[Variant, ...]:
        """The variants that a rule of their group kept from being sent."""
        return tuple(variant for variant in self.variants if variant.verdict is not Verdict.SEND)


@dataclass(frozen=True, slots=True)
class Needs:
    """Deciding stopped: the answer of `table` for `key` is not among the answers given. Fetch it and decide again."""

    table: str
    key: tuple[str, ...]
