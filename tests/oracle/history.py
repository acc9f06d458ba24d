"""What was acknowledged, and what became of it. Set arithmetic is enough."""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from tests.oracle.images import patient_in_pixels
from tests.peers.sink import Stored


@dataclass
class Verdict:
    """What is wrong, a line each; and the figures."""

    acknowledged: int = 0
    delivered: int = 0  # instances, whatever the number of copies
    held: int = 0
    unacknowledged: int = 0  # instances that arrived whole, whose sender never heard of it
    duplicates: int = 0
    in_flight: int = 0  # attempts that crashes cut off: the most that may arrive twice
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        """Sum up."""
        for name in ("acknowledged", "delivered", "held", "unacknowledged", "duplicates", "in_flight"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong += other.wrong


@dataclass
class History:
    """Filled while a campaign runs. `sent` gives the data set of every instance that was ever sent; `rewrite` what may
    become of one, by each of the rules that were in force.
    """

    sent: Callable[[str], bytes | None]
    rewrite: Callable[[bytes], Sequence[bytes]]
    patient: Callable[[str], str] = lambda patient: f"SITEA-{patient}"
    acknowledged: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    in_flight: int = 0
    cut_off: Counter[str] | None = None  # of each instance: how many of these attempts, where that is known
    came_again: Counter[str] = field(default_factory=Counter)  # repeated by its sender when it was delivered and swept

    def judge(self, stored: Iterable[Stored], ghosts: Container[int] = ()) -> Verdict:
        """Compare with what a sink has got, when nothing is on its way any more.

        `ghosts` are places in `stored`: what was sent without power, which proves nothing and is no copy too many.
        """
        stored = list(stored)
        copies: Mapping[str, list[Stored]] = defaultdict(list)
        for one in stored:
            copies[one.sop_instance].append(one)
        delivered = {uid for uid, ones in copies.items() if any(one.answered == 0 for one in ones)}
        wrong = [
            f"{uid}: acknowledged, neither delivered nor held" for uid in self.acknowledged - delivered - self.held
        ]
        wrong += [f"{uid}: held and delivered" for uid in delivered & self.held]
        for uid, ones in copies.items():
            wrong += [f"{uid}: {each}" for each in self._wrong(uid, ones)]
        true = Counter(one.sop_instance for place, one in enumerate(stored) if place not in ghosts)
        duplicates = sum(number - 1 for number in true.values())
        allowed = self.in_flight + self.came_again.total()
        if duplicates > allowed:
            wrong.append(f"{duplicates} came twice, and only {allowed} attempts were cut off or arrivals repeated")
        wrong += [f"{uid}: {each}" for uid, number in true.items() for each in self._too_often(uid, number)]
        return Verdict(
            acknowledged=len(self.acknowledged),
            delivered=len(delivered),
            held=len(self.held),
            unacknowledged=len((delivered | self.held) - self.acknowledged),
            duplicates=duplicates,
            in_flight=self.in_flight,
            wrong=wrong,
        )

    def _too_often(self, uid: str, copies: int) -> list[str]:
        if self.cut_off is None or copies - 1 <= self.cut_off[uid] + self.came_again[uid]:
            return []
        return [f"came {copies} times, and {self.cut_off[uid]} of its attempts were cut off"]

    def _wrong(self, uid: str, copies: list[Stored]) -> list[str]:
        """About the copies of one instance that a sink has got, acknowledged or not."""
        received = self.sent(uid)
        if received is None:
            return ["delivered, and never sent"]
        found = []
        if len({one.sha256 for one in copies}) > 1:
            found.append("copies differ")
        if all(sha256(expected).hexdigest() != copies[0].sha256 for expected in self.rewrite(received)):
            found.append("other bytes than the independent rewrite")
        whose, which = patient_in_pixels(copies[0].data_set)
        if which != uid or self.patient(whose).encode() not in copies[0].data_set:
            found.append("header and pixels are of different patients")
        return found
