"""`apply`: rules over files and folders without a gateway: files -> decide -> written files, over worker processes.

No ledger: what says that a file is done is the file that was written, under its final name only when it is whole. So a
run that was cut off is begun again with the same command, and skips what is there.
"""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from dicomrules.dicom.part10 import plain_head
from dicomrules.dicom.patch import Blob, Patch, segments
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision, Needs
from dicomrules.model.instance import Peer, Verdict
from dicomrules.pipeline.files import OpenedFile, Unfit, below, opened
from dicomrules.program.ruleset import Program

_PORTION = 32  # files that a worker takes at once
_SYNCS = 4  # files that go to the disk while the next are written: one after the other took twice as long
_AHEAD = 16  # files written and not yet known to be on the disk, at most
_WINDOW = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Work:
    """One file, and where it goes: `target`, below the folder `out`.

    What a group of rules made of it stands apart, below `out/through GROUP`, so that what is pseudonymised never lies
    among what is not.
    """

    source: Path
    target: Path
    out: Path = Path()

    def place(self, group: str) -> Path:
        """Where the form goes that this group made; without one, that of the rules alone."""
        if not group:
            return self.target
        return self.out / f"through {group}" / self.target.relative_to(self.out)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one file. `outcome` is a verdict, or "there" (done before), or "failed"; `size` in bytes."""

    source: Path
    outcome: str
    reason: str = ""
    rules: tuple[str, ...] = ()
    size: int = 0


@dataclass(slots=True)
class Summary:
    """What became of all of them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, applied: Applied) -> None:
        """Count one."""
        self.outcomes[applied.outcome] += 1
        self.rules.update(applied.rules)
        if applied.reason:
            self.reasons[f"{applied.outcome}: {applied.reason}"] += 1


def find(paths: Iterable[Path], out: Path) -> Iterator[Work]:
    """Every file of the paths, as `below` finds them; a folder's files keep their relative place below `out`."""
    for path in paths:
        if not path.is_dir():
            yield Work(path, out / path.name, out)
            continue
        for source in below(path):
            yield Work(source, out / source.relative_to(path), out)


def apply(program: Program, work: Iterable[Work], peer: Peer, workers: int) -> Iterator[Applied]:
    """What became of each, in no order. Of several sources with one target, the first is done and the others fail."""
    clashes: list[Applied] = []
    distinct = _without_clashes(work, clashes)
    if workers <= 1:
        yield from Applier(program, peer).all(distinct)
    else:
        yield from _spread(program, distinct, peer, workers)
    yield from clashes


def _without_clashes(work: Iterable[Work], clashes: list[Applied]) -> Iterator[Work]:
    """What may be written, each target once; the rest is added to `clashes`."""
    taken: dict[Path, Path] = {}
    for each in work:
        first = taken.setdefault(each.target, each.source)
        if first is each.source:
            yield each
        else:
            clashes.append(Applied(each.source, "failed", "another file of this run is written under the same name"))


def _spread(program: Program, work: Iterator[Work], peer: Peer, workers: int) -> Iterator[Applied]:
    """Over worker processes. Raises BrokenProcessPool when one of them was killed."""
    portions = iter(lambda: list(islice(work, _PORTION)), [])
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(program, peer)) as pool:
        for done in pool.map(_portion, portions):
            yield from done


@dataclass(frozen=True, slots=True)
class _Written:
    """A form under a name for the time being: all of it is there, and nobody knows yet whether the disk has it."""

    fd: int
    temporary: Path
    target: Path

    def finish(self) -> None:
        """What is there after a power cut is whole, so it is on the disk before it gets its final name."""
        try:
            os.fdatasync(self.fd)
            self.temporary.rename(self.target)
        except OSError:
            self.give_up()
            raise
        os.close(self.fd)

    def give_up(self) -> None:
        """Close it and remove it: it gets no final name."""
        os.close(self.fd)
        with suppress(OSError):
            self.temporary.unlink()


class Applier:
    """Decides and writes one file after the other; while the disk takes what was written, the next are."""

    def __init__(self, program: Program, peer: Peer) -> None:
        self._engine = Engine(program)
        self._peer = peer
        self._disk = ThreadPoolExecutor(_SYNCS, "sync")

    def all(self, work: Iterable[Work]) -> Iterator[Applied]:
        """What became of each, in order."""
        under_way: deque[tuple[Applied, Future[None]]] = deque()
        for each in work:
            under_way.append(self._begun(each))
            if len(under_way) > _AHEAD:
                yield _ended(*under_way.popleft())
        for one in under_way:
            yield _ended(*one)

    def _begun(self, work: Work) -> tuple[Applied, "Future[None]"]:
        """What becomes of one file if the disk takes it, and that. Never raises: what goes wrong is an outcome."""
        written: list[_Written] = []
        applied = self._attempted(work, written)
        if applied.outcome == "failed":
            for form in written:
                form.give_up()
            written = []
        return applied, self._disk.submit(_finish, written)

    def _attempted(self, work: Work, written: list[_Written]) -> Applied:
        try:
            if work.target.is_file():  # a folder of that name is none of it
                return Applied(work.source, "there")
            with opened(work.source, self._peer) as file:
                return self._decided(file, work, written)
        except Unfit as unfit:
            return Applied(work.source, "failed", str(unfit))
        except OSError as error:
            return Applied(work.source, "failed", _cannot_be_written(error))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not cost the other files
            return Applied(work.source, "failed", f"internal error ({type(error).__name__})")

    def _decided(self, file: OpenedFile, work: Work, written: list[_Written]) -> Applied:
        if file.envelope.index is not None and file.envelope.index.disorder >= 0:
            return Applied(work.source, Verdict.HOLD, "malformed structure")
        decision = self._engine.decide(file.envelope)
        if isinstance(decision, Needs):
            return Applied(work.source, Verdict.HOLD, f"table {decision.table} has no source in this version")
        fired = tuple(hit.rule for hit in decision.hits if hit.matched and hit.kind == "rule")
        if decision.verdict is Verdict.SEND:
            _write_variants(file, decision, work, written)
        reason = decision.reason or "; ".join(f"{one.group}: {one.reason}" for one in decision.stopped)
        return Applied(work.source, decision.verdict, reason, fired, file.envelope.length)


def _ended(applied: Applied, finished: "Future[None]") -> Applied:
    try:
        finished.result()
    except OSError as error:
        return replace(applied, outcome="failed", reason=_cannot_be_written(error), rules=())
    return applied


def _finish(written: list[_Written]) -> None:
    """Each in turn, to the first that the disk does not take: so that of the rules alone, the last, tells of all."""
    while written:
        try:
            written.pop(0).finish()
        except OSError:
            for form in written:
                form.give_up()
            raise


def _cannot_be_written(error: OSError) -> str:
    return f"cannot be written: {(error.strerror or '').lower()}"


def _write_variants(file: OpenedFile, decision: Decision, work: Work, written: list[_Written]) -> None:
    """Every form that leaves. That of the rules alone comes last: where it is there, the whole file is done."""
    for variant in sorted(decision.variants, key=lambda variant: not variant.group):
        target = work.place(variant.group)
        if variant.verdict is Verdict.SEND and not target.is_file():
            written.append(_write(file, variant.patch, variant.sop_instance, target))


def _write(file: OpenedFile, patch: Patch, sop_instance: str, target: Path) -> _Written:
    """The whole file under a name for the time being, or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    syntax = file.transfer_syntax if patch.splices else file.envelope.transfer_syntax
    temporary = target.with_name(part_name(target.name))
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    written = _Written(fd, temporary, target)
    try:
        key = file.envelope.key
        came_with = file.head.raw if sop_instance == key.sop_instance else None  # as gateways do: `received.head_of`
        _put(fd, plain_head((key.sop_class, sop_instance), syntax, came_with=came_with))
        _write_data_set(file, patch, fd)
        file.check_unchanged()
    except BaseException:
        written.give_up()
        raise
    return written


def part_name(name: str) -> str:
    """What a file is called until it is whole; a run that goes on writes over what a killed one left under it."""
    return f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.part"


def _write_data_set(file: OpenedFile, patch: Patch, fd: int) -> None:
    """Ranges of the source are copied by the kernel where they lie in the file as they are."""
    start = file.head.dataset_start
    if not patch.splices:
        _copy(file.fd, start, start + file.envelope.length, fd)
        return
    as_it_lies = file.transfer_syntax == file.envelope.transfer_syntax
    for segment in segments(patch, file.source.length):
        if isinstance(segment, Blob):
            raise Unfit("new pixels are not in this version")
        if isinstance(segment, bytes):
            _put(fd, segment)
        elif as_it_lies:
            _copy(file.fd, start + segment[0], start + segment[1], fd)
        else:
            for at in range(*segment, _WINDOW):
                _put(fd, file.source.read(at, min(at + _WINDOW, segment[1])))


def _put(fd: int, content: bytes | memoryview) -> None:
    """All of it: a disk that becomes full takes a part and says so only at the next write."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _copy(source: int, start: int, end: int, target: int) -> None:
    while start < end:
        copied = os.sendfile(target, source, start, min(end - start, _WINDOW))
        if not copied:
            raise Unfit("it became shorter while it was read")
        start += copied


_applier: Applier


def _begin(program: Program, peer: Peer) -> None:
    """In each worker, once: the engine is made there, because closures do not travel."""
    global _applier
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which lets us finish our portion
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _applier = Applier(program, peer)


def _end_with_parent() -> None:
    """A pool whose parent was killed would wait for ever, and hold what it holds."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _portion(portion: list[Work]) -> list[Applied]:
    return list(_applier.all(portion))
