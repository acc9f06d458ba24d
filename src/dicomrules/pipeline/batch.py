"""`apply`: rules over files and folders without a gateway: files -> decide -> written files, over worker processes.

No ledger: what says that a file is done is the file that was written, under its final name only when it is whole. So a
run that was cut off is begun again with the same command, and skips what is there.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from dicomrules.dicom.part10 import plain_head
from dicomrules.dicom.patch import Blob, Patch, segments
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Needs
from dicomrules.model.instance import Peer, Verdict
from dicomrules.pipeline.files import OpenedFile, Unfit, opened
from dicomrules.program.ruleset import Program

_PORTION = 32  # files that a worker takes at once
_WINDOW = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Work:
    """One file, and where it goes."""

    source: Path
    target: Path


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
    """Every file of the paths; a folder's files keep their relative place below `out`. Links are not followed."""
    for path in paths:
        if not path.is_dir():
            yield Work(path, out / path.name)
            continue
        for folder, _, names in os.walk(path):
            for name in sorted(names):
                source = Path(folder, name)
                yield Work(source, out / source.relative_to(path))


def apply(program: Program, work: Iterable[Work], peer: Peer, workers: int) -> Iterator[Applied]:
    """What became of each, in no order."""
    applier = Applier(program, peer)
    if workers <= 1:
        yield from (applier.one(each) for each in work)
        return
    all_work = iter(work)
    portions = iter(lambda: list(islice(all_work, _PORTION)), [])
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(program, peer)) as pool:
        for done in pool.map(_portion, portions):
            yield from done


class Applier:
    """Decides and writes one file after the other."""

    def __init__(self, program: Program, peer: Peer) -> None:
        self._engine = Engine(program)
        self._peer = peer

    def one(self, work: Work) -> Applied:
        """Never raises: what goes wrong is an outcome."""
        if work.target.exists():
            return Applied(work.source, "there")
        try:
            with opened(work.source, self._peer) as file:
                return self._decided(file, work)
        except Unfit as unfit:
            return Applied(work.source, "failed", str(unfit))
        except OSError as error:
            return Applied(work.source, "failed", f"cannot be written: {error.strerror}")

    def _decided(self, file: OpenedFile, work: Work) -> Applied:
        if file.envelope.index is not None and file.envelope.index.disorder >= 0:
            return Applied(work.source, Verdict.HOLD, "malformed structure")
        decision = self._engine.decide(file.envelope)
        if isinstance(decision, Needs):
            return Applied(work.source, Verdict.HOLD, f"table {decision.table} has no source in this version")
        fired = tuple(hit.rule for hit in decision.hits if hit.matched and hit.kind == "rule")
        if decision.verdict is Verdict.SEND:
            for variant in decision.variants:
                _write(file, variant.patch, variant.sop_instance, work.target)
        return Applied(work.source, decision.verdict, decision.reason, fired, file.envelope.length)


def _write(file: OpenedFile, patch: Patch, sop_instance: str, target: Path) -> None:
    """The whole file under its final name, or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    before = os.fstat(file.fd)
    syntax = file.transfer_syntax if patch.splices else file.envelope.transfer_syntax
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        try:
            os.write(fd, plain_head((file.envelope.key.sop_class, sop_instance), syntax, came_with=file.head.raw))
            _write_data_set(file, patch, fd)
        finally:
            os.close(fd)
        after = os.fstat(file.fd)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Unfit("it changed while it was read")
        temporary.rename(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


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
            os.write(fd, segment)
        elif as_it_lies:
            _copy(file.fd, start + segment[0], start + segment[1], fd)
        else:
            os.write(fd, file.source.read(*segment))


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
    _applier = Applier(program, peer)


def _portion(portion: list[Work]) -> list[Applied]:
    return [_applier.one(each) for each in portion]
