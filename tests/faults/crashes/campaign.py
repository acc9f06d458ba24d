"""Crash after crash, of several kinds, and the oracle's verdict. Used by `__main__`."""

import multiprocessing
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from tests.faults.crashes import inject, whole
from tests.faults.crashes.disk import KINDS, Disk
from tests.faults.crashes.inject import Fault, injected
from tests.faults.crashes.life import SIZE, Birth, live
from tests.faults.crashes.sites import Doom, somewhere
from tests.oracle.history import History, Verdict
from tests.oracle.images import image, uid_of
from tests.oracle.rewrite import crashes, rewritten
from tests.peers.sink import Sink

PATIENTS = tuple(f"PAT{number}" for number in range(8))
LONGEST = 0.8  # seconds that a life lasts at most


@dataclass(frozen=True)
class Plan:
    """`number` crashes, `series` of them on one disk, then the oracle looks. `skipped`: a call left out on purpose."""

    number: int
    series: int = 25
    seed: int = 1
    disks: tuple[str, ...] = KINDS
    skipped: str = ""

    def parts(self) -> Iterator[tuple[str, int]]:
        """The disk of each series, and its number of crashes."""
        for turn, start in enumerate(range(0, self.number, self.series)):
            yield self.disks[turn % len(self.disks)], min(self.series, self.number - start)


@dataclass
class Figures:
    """Of a whole campaign."""

    crashes: Counter[str] = field(default_factory=Counter)  # by kind
    verdict: Verdict = field(default_factory=Verdict)
    known: Counter[str] = field(default_factory=Counter)  # sites, and in how many lives they were seen
    met: Counter[str] = field(default_factory=Counter)  # sites, and how often the end came there; empty: at no call
    unheard: int = 0  # answers after the end had begun
    ended: Counter[str] = field(default_factory=Counter)  # errors with which processes ended before they were killed

    def lines(self) -> list[str]:
        """For people."""
        verdict, total = self.verdict, sum(self.crashes.values())
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.crashes.items()))
        return [
            f"{total} crashes: {kinds}",
            *(
                [f"at {len([one for one in self.known if self.met[one]])} of {len(self.known)} durable call sites"]
                if self.known
                else []
            ),
            f"{verdict.acknowledged} acknowledged, {verdict.delivered} delivered, {verdict.held} held, "
            f"{verdict.unacknowledged} whole without their answer",
            f"{verdict.duplicates} came twice, {verdict.in_flight} attempts were cut off",
            f"{len(verdict.wrong)} wrong",
        ]


Tell = Callable[[Figures, str], None]


class Series:
    """Lives on one disk, one after the other."""

    def __init__(self, state: Path, sink: Sink, context: Any, skipped: str = "") -> None:
        self.history = History(self._sent, lambda received: [rewritten(received, crashes)])
        self.wrong: list[str] = []
        self.drained = False
        self._sink = sink
        self._state = state
        self._context = context
        self._skipped = skipped
        self._next = dict.fromkeys(PATIENTS, 0)  # of each patient: the first image that is not acknowledged
        self._images: dict[str, tuple[str, int]] = {}
        self._made = 0
        self._lives = 0
        self._flights: set[str] = set()  # attempts that were cut off
        self._ghosts: set[int] = set()  # places in what the sink has got: came when there was no power any more
        self._stored_at_end = 0
        self._over = False  # the end of the life that we listen to has begun
        self._when: dict[str, int] = {}  # the life in which each was acknowledged

    def life(self, how: str, doom: Doom, figures: Figures, fault: Fault | None = None) -> None:
        """One life to its end, be it one in which a system call meets a fault. Raises NoStrace."""
        self._lives += 1
        self._over = False
        there = {one.sop_instance for one in self._sink.acknowledged()}
        self._make_images()
        owed = tuple(self.history.acknowledged - there)
        birth = Birth(self._state, self._sink.port, dict(self._next), owed, how, doom, self._skipped)
        ours, theirs = self._context.Pipe(duplex=False)
        waits, go = self._context.Pipe(duplex=False)
        process = self._context.Process(target=live, args=(birth, theirs, waits))
        process.start()
        theirs.close()
        waits.close()
        try:
            with os.fdopen(os.dup(ours.fileno()), "r") as lines:
                assert lines.readline() == "born\n"
                with injected(process.pid, fault) if fault else nullcontext():
                    go.send(None)
                    for line in lines:
                        self._hear(line.rstrip("\n"), figures)
        finally:
            process.kill()
            process.join()
            if how.startswith("cut") and self._over:
                self._ghosts |= set(range(self._stored_at_end, len(self._sink.stored)))
            ours.close()
            go.close()

    def verdict(self) -> Verdict:
        """After everything has arrived."""
        self.history.in_flight = len(self._flights)
        self.history.cut_off = Counter(one.partition(" ")[0] for one in self._flights)
        found = self.history.judge(self._sink.stored, self._ghosts)
        found.wrong = [self._with_moment(line) for line in found.wrong + self.wrong]
        if not self.drained:
            found.wrong.append("the last life did not come to its end")
        return found

    def _with_moment(self, line: str) -> str:
        """When what is wrong was acknowledged."""
        lives = [life for uid, life in self._when.items() if uid in line]
        return f"{line} (acknowledged in life {lives[0]})" if lives else line

    def _make_images(self) -> None:
        """More than fit into one life."""
        up_to = max(self._next.values()) + 1000
        for number in range(self._made, up_to):
            self._images |= {uid_of(patient, number): (patient, number) for patient in PATIENTS}
        self._made = max(self._made, up_to)

    def _hear(self, line: str, figures: Figures) -> None:
        word, _, rest = line.partition(" ")
        if word == "ack" and self._over:
            figures.unheard += 1  # see disk.py
        elif word == "ack":
            self.history.acknowledged.add(rest)
            self._when[rest] = self._lives
            patient, number = self._images[rest]
            self._next[patient] = max(self._next[patient], number + 1)
        elif word == "flight":
            self._flights.add(rest)
        elif word == "held":
            self.history.held.add(rest)
        elif word == "again":
            self.history.came_again[rest] += 1
        elif word == "site":
            figures.met[rest] += 1
            self._over = True
            self._stored_at_end = len(self._sink.stored)
        elif word == "seen":
            figures.known[rest] += 1
        elif word == "drained":
            self.drained = True
        elif word == "ended":
            figures.ended[rest.partition(":")[0]] += 1
        elif word == "wrong":
            self.wrong.append(f"life {self._lives}: {rest}")

    def _sent(self, uid: str) -> bytes | None:
        which = self._images.get(uid)
        return image(*which, SIZE)[1] if which else None


def cuts(plan: Plan, tell: Tell) -> Figures:
    """Power cuts, one disk after the other. Raises NoDisk."""
    chance, figures, context = random.Random(plan.seed), Figures(), warm()
    with tempfile.TemporaryDirectory(prefix="dicomrules-cuts-") as folder:
        for kind, number in plan.parts():
            disk = Disk(kind, Path(folder))
            try:
                disk.make()
                with Sink(keep=True) as sink:
                    series = Series(disk.mounted, sink, context, plan.skipped)
                    for _ in range(number):
                        how = "cut -f" if kind.endswith("-f") else "cut"
                        series.life(how, somewhere(chance, figures.known, figures.met, LONGEST), figures)
                        figures.crashes[kind] += 1
                        disk.power_on()
                    series.life("drain", Doom(), figures)
                    figures.verdict.add(series.verdict())
            finally:
                disk.remove()
            tell(figures, kind)
    return figures


def kills(plan: Plan, tell: Tell) -> Figures:
    """SIGKILLs, on whatever disk there is."""
    chance, figures, context = random.Random(plan.seed), Figures(), warm()
    for _, number in plan.parts():
        with tempfile.TemporaryDirectory(prefix="dicomrules-kills-") as folder, Sink(keep=True) as sink:
            series = Series(Path(folder), sink, context)
            for _ in range(number):
                series.life("kill", somewhere(chance, figures.known, figures.met, LONGEST), figures)
                figures.crashes["kill"] += 1
            series.life("drain", Doom(), figures)
            figures.verdict.add(series.verdict())
        tell(figures, "kill")
    return figures


def injected_kills(plan: Plan, tell: Tell) -> Figures:
    """SIGKILLs by strace at system calls. Raises NoStrace."""
    return _injected(plan, tell, inject.kills())


def injected_errors(plan: Plan, tell: Tell) -> Figures:
    """Errors by strace of system calls; the process is killed a moment later. Raises NoStrace."""
    return _injected(plan, tell, inject.errors())


def _injected(plan: Plan, tell: Tell, faults: Sequence[Fault]) -> Figures:
    chance, figures, context = random.Random(plan.seed), Figures(), warm()
    turns = (fault for _ in count() for fault in chance.sample(faults, len(faults)))
    for _, number in plan.parts():
        with tempfile.TemporaryDirectory(prefix="dicomrules-injected-") as folder, Sink(keep=True) as sink:
            series = Series(Path(folder), sink, context)
            for fault in islice(turns, number):
                series.life("kill", Doom(seconds=LONGEST), figures, fault)
                figures.crashes[f"{fault.call} {fault.what}"] += 1
            series.life("drain", Doom(), figures)
            figures.verdict.add(series.verdict())
        tell(figures, "injected")
    return figures


def gateway_cuts(plan: Plan, tell: Tell) -> Figures:
    """Power cuts of a whole gateway, one disk after the other. Raises NoDisk."""
    return _whole(plan, tell, list(plan.parts()))


def gateway_kills(plan: Plan, tell: Tell) -> Figures:
    """SIGKILLs of processes of a whole gateway, with rules that change meanwhile."""
    return _whole(plan, tell, [("", number) for _, number in plan.parts()])


def _whole(plan: Plan, tell: Tell, parts: list[tuple[str, int]]) -> Figures:
    figures = Figures()
    for turn, (disk, number) in enumerate(parts):
        with tempfile.TemporaryDirectory(prefix="dicomrules-gateway-") as folder:
            one = whole.Campaign(number, plan.seed + turn, disk, reloads=not disk)
            verdict = whole.run(Path(folder), one)
            assert verdict.acknowledged > number, "the senders hardly got anything through: this says nothing"
            figures.verdict.add(verdict)
        what = f"gateway, {disk or 'kill'}"
        figures.crashes[what] += number
        tell(figures, what)
    return figures


def warm() -> Any:
    """Forks lives from a process that has loaded and compiled everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.crashes.warm"])
    return context
