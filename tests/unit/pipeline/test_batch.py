"""`apply`: files are rewritten one by one; nothing is half written, nothing else of a file is touched."""

import errno
import io
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pydicom
import pytest
from pydicom.filereader import data_element_generator
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicomrules.model.instance import Peer, Verdict
from dicomrules.pipeline import batch
from dicomrules.pipeline.batch import Applied, Applier, Summary, Work, apply, find
from dicomrules.pipeline.files import Unfit, opened
from dicomrules.program.ruleset import Program
from dicomrules.rulebook.load import load
from tests.objects import ct, data_set_bytes, file_bytes, real_files, split

RULES = """\
language 1

rule site {
  set PatientID = "SITEA-1"
  set IssuerOfPatientID = "NORTH"
}

rule verdicts {
  when PatientName == "Reject^Me"
  reject "not wanted"
}
"""
PEER = Peer("", "", "", "")
PATIENT_ID, ISSUER, AFTER_ISSUER = 0x00100020, 0x00100021, 0x00100022


@pytest.fixture(scope="module")
def program() -> Program:
    loaded = load(["a.rules"], {"a.rules": RULES}.__getitem__)
    assert loaded.program is not None, loaded.diagnostics
    return loaded.program


def outcome_of(applier: Applier, work: Work) -> Applied:
    """What became of a single file."""
    (applied,) = applier.all([work])
    return applied


def inflated(content: bytes) -> tuple[str, bytes]:
    """Transfer syntax and data set of a file, as pydicom finds them."""
    syntax, start = split(content)
    data = content[start:]
    return syntax, zlib.decompressobj(-15).decompress(data) if syntax == DeflatedExplicitVRLittleEndian else data


def place_of(data: bytes, syntax: str, tag: int) -> int:
    """Where the first element at or behind `tag` begins, as pydicom reads the data set."""
    stream = io.BytesIO(data)
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    for _ in data_element_generator(stream, implicit, little, stop_when=lambda at, vr, length: at >= tag):
        continue
    return stream.tell()


def rewritten(data: bytes, syntax: str) -> bytes:
    """What the rules make of a data set, put together here in the plainest way."""
    implicit, order = syntax == ImplicitVRLittleEndian, "big" if syntax == ExplicitVRBigEndian else "little"
    new = b""
    for element, value in ((0x20, b"SITEA-1 "), (0x21, b"NORTH ")):
        length = len(value).to_bytes(4, order) if implicit else b"LO" + len(value).to_bytes(2, order)  # type: ignore[arg-type]
        new += (0x10).to_bytes(2, order) + element.to_bytes(2, order) + length + value  # type: ignore[arg-type]
    return data[: place_of(data, syntax, PATIENT_ID)] + new + data[place_of(data, syntax, AFTER_ISSUER) :]


def eligible() -> Iterator[Path]:
    """Real files that pydicom can walk, that say their transfer syntax, and have no group length where we write."""
    for path in real_files():
        if path.stat().st_size > 2_000_000:
            continue
        try:
            one = pydicom.dcmread(path, force=True, defer_size=1024)
        except (OSError, EOFError):
            continue  # broken on purpose
        if "TransferSyntaxUID" in one.file_meta and (0x0010, 0x0000) not in one:
            yield path


def test_real_files_are_rewritten_as_pydicom_would_and_every_other_byte_stays(tmp_path: Path, program: Program) -> None:
    applier, outcomes = Applier(program, PEER), Counter[str]()
    for number, path in enumerate(eligible()):
        target = tmp_path / f"{number}.dcm"
        applied = outcome_of(applier, Work(path, target))
        outcomes[applied.outcome] += 1
        if applied.outcome != Verdict.SEND:
            assert applied.reason, path
            assert not target.exists()
            continue
        syntax, data = inflated(path.read_bytes())
        left_syntax, left = inflated(target.read_bytes())
        assert left == rewritten(data, syntax), path
        assert left_syntax == ("1.2.840.10008.1.2.1" if syntax == DeflatedExplicitVRLittleEndian else syntax), path
        meta = pydicom.dcmread(target, stop_before_pixels=True).file_meta
        assert meta.MediaStorageSOPInstanceUID == pydicom.dcmread(path, force=True).SOPInstanceUID
    assert outcomes[Verdict.SEND] > 60, outcomes


def test_what_no_rule_touches_leaves_with_every_byte_of_its_data_set(tmp_path: Path) -> None:
    nothing = load(["a.rules"], {"a.rules": "language 1\n"}.__getitem__).program
    assert nothing is not None
    applier, written = Applier(nothing, PEER), 0
    for number, path in enumerate(real_files()):
        target = tmp_path / str(number)
        if path.stat().st_size < 2_000_000 and outcome_of(applier, Work(path, target)).outcome == Verdict.SEND:
            before, after = path.read_bytes(), target.read_bytes()
            assert after[split(after)[1] :] == before[split(before)[1] :], path
            written += 1
    assert written > 80


def test_a_file_without_file_meta_gets_one(tmp_path: Path, program: Program) -> None:
    bare = tmp_path / "bare"
    bare.write_bytes(data_set_bytes(ct(size=16), ImplicitVRLittleEndian))
    assert outcome_of(Applier(program, PEER), Work(bare, tmp_path / "out.dcm")).outcome == Verdict.SEND
    left = pydicom.dcmread(tmp_path / "out.dcm")
    assert left.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert left.PatientID == "SITEA-1"


@pytest.mark.parametrize(("rule", "kept"), [("", b"whose"), ("remap uids with salt", None)])
def test_a_new_instance_does_not_tell_by_its_file_meta_where_it_came_from(
    tmp_path: Path, rule: str, kept: bytes | None
) -> None:
    made = pydicom.dcmread(io.BytesIO(file_bytes(ct(size=16))))
    made.file_meta.PrivateInformationCreatorUID, made.file_meta.PrivateInformation = "1.2.3", b"whose"
    made.save_as(tmp_path / "one.dcm")
    text = f'language 1 secret salt from env "SALT" rule r {{ {rule or "remove StudyID"} }}'
    program = load(["a.rules"], {"a.rules": text}.__getitem__, environment={"SALT": "a salt"}).program
    assert program is not None
    outcome_of(Applier(program, PEER), Work(tmp_path / "one.dcm", tmp_path / "out.dcm"))
    meta = pydicom.dcmread(tmp_path / "out.dcm").file_meta
    assert meta.get("PrivateInformation") == (None if kept is None else kept + b"\0")


def test_a_deflated_file_leaves_explicit_when_edited(tmp_path: Path, program: Program) -> None:
    source = tmp_path / "deflated.dcm"
    source.write_bytes(file_bytes(ct(size=64), DeflatedExplicitVRLittleEndian))
    assert outcome_of(Applier(program, PEER), Work(source, tmp_path / "out.dcm")).outcome == Verdict.SEND
    left = pydicom.dcmread(tmp_path / "out.dcm")
    assert left.PatientID == "SITEA-1"
    assert left.PixelData == ct(size=64).PixelData


def test_a_rejected_object_is_not_written(tmp_path: Path, program: Program) -> None:
    one = ct(size=16)
    one.PatientName = "Reject^Me"
    (tmp_path / "in.dcm").write_bytes(file_bytes(one))
    applied = outcome_of(Applier(program, PEER), Work(tmp_path / "in.dcm", tmp_path / "out.dcm"))
    assert (applied.outcome, applied.reason) == (Verdict.REJECT, "not wanted")
    assert not (tmp_path / "out.dcm").exists()


def test_a_file_that_is_there_already_is_not_written_again(tmp_path: Path, program: Program) -> None:
    (tmp_path / "in.dcm").write_bytes(file_bytes(ct(size=16)))
    (tmp_path / "out.dcm").write_text("there")
    assert outcome_of(Applier(program, PEER), Work(tmp_path / "in.dcm", tmp_path / "out.dcm")).outcome == "there"
    assert (tmp_path / "out.dcm").read_text() == "there"


def test_a_disk_that_becomes_full_leaves_no_file(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.dcm").write_bytes(file_bytes(ct(size=16)))
    out, write = tmp_path / "out", os.write

    def takes_a_part(fd: int, content: bytes) -> int:
        return write(fd, bytes(content[:7]))

    monkeypatch.setattr(batch.os, "write", takes_a_part)
    assert outcome_of(Applier(program, PEER), Work(tmp_path / "in.dcm", out / "1.dcm")).outcome == Verdict.SEND
    assert pydicom.dcmread(out / "1.dcm").PatientID == "SITEA-1"

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batch.os, "fdatasync", full)
    applied = outcome_of(Applier(program, PEER), Work(tmp_path / "in.dcm", out / "2.dcm"))
    assert (applied.outcome, applied.reason) == ("failed", "cannot be written: no space left on device")
    assert [each.name for each in out.iterdir()] == ["1.dcm"]


def test_a_file_that_changes_while_it_is_read_is_not_written(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.dcm"
    source.write_bytes(file_bytes(ct(size=16)))
    write = os.write

    def grows(fd: int, content: memoryview) -> int:
        with source.open("ab") as file:
            file.write(b"more")
        return write(fd, content)

    monkeypatch.setattr(batch.os, "write", grows)
    applied = outcome_of(Applier(program, PEER), Work(source, tmp_path / "out" / "1.dcm"))
    assert (applied.outcome, applied.reason) == ("failed", "it changed while it was read")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_the_disk_does_not_take_is_told_apart_from_those_written_before_and_after(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.dcm").write_bytes(file_bytes(ct(size=16)))
    sync = os.fdatasync

    def full(fd: int) -> None:
        if "20.dcm" in names[os.readlink(f"/proc/self/fd/{fd}")]:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(fd)

    out = tmp_path / "out"
    names = {str(out / batch.part_name(f"{number:02}.dcm")): f"{number:02}.dcm" for number in range(40)}
    monkeypatch.setattr(batch.os, "fdatasync", full)
    works = [Work(tmp_path / f"{number:02}.dcm", out / f"{number:02}.dcm") for number in range(40)]
    outcomes = {each.source.name: each.outcome for each in Applier(program, PEER).all(works)}
    assert list(outcomes) == [work.source.name for work in works]
    assert [name for name, outcome in outcomes.items() if outcome != Verdict.SEND] == ["20.dcm"]
    assert sorted(each.name for each in out.iterdir()) == [name for name in outcomes if name != "20.dcm"]


def test_what_a_killed_run_left_unfinished_is_written_over(tmp_path: Path, program: Program) -> None:
    (tmp_path / "in.dcm").write_bytes(file_bytes(ct(size=16)))
    (tmp_path / batch.part_name("out.dcm")).write_bytes(b"x" * 1_000_000)
    assert outcome_of(Applier(program, PEER), Work(tmp_path / "in.dcm", tmp_path / "out.dcm")).outcome == Verdict.SEND
    assert pydicom.dcmread(tmp_path / "out.dcm").PatientID == "SITEA-1"
    assert {each.name for each in tmp_path.iterdir()} == {"in.dcm", "out.dcm"}


def test_a_defect_of_ours_costs_one_file_and_not_the_run(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.dcm").write_bytes(file_bytes(ct(size=16)))
    applier = Applier(program, PEER)

    def broken(_: object) -> None:
        raise ZeroDivisionError("4711")

    monkeypatch.setattr(applier, "_engine", SimpleNamespace(decide=broken))
    applied = outcome_of(applier, Work(tmp_path / "in.dcm", tmp_path / "out.dcm"))
    assert (applied.outcome, applied.reason) == ("failed", "internal error (ZeroDivisionError)")


def test_files_of_folders_keep_their_relative_place_and_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    (source / "a" / "b").mkdir(parents=True)
    for name in ("1", "a/2", "a/b/3"):
        (source / name).touch()
    (source / "circle").symlink_to(source)
    found = list(find([source, source / "1"], out))
    assert [each.target.relative_to(out).as_posix() for each in found] == ["1", "a/2", "a/b/3", "1"]


def test_a_folder_that_cannot_be_read_is_told_as_a_file_is(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, locked = tmp_path / "in", tmp_path / "in" / "a"
    locked.mkdir(parents=True)
    for file in (locked / "1.dcm", source / "2.dcm"):
        file.write_bytes(file_bytes(ct(size=16)))
    real_open, real_scan = os.open, os.scandir

    def forbidden(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *more: Any, **named: Any) -> Any:
            if os.fspath(path) == str(locked):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *more, **named)

        return call

    monkeypatch.setattr(os, "open", forbidden(real_open))
    monkeypatch.setattr(os, "scandir", forbidden(real_scan))
    done = {each.source.name: each for each in apply(program, find([source], tmp_path / "out"), PEER, 1)}
    assert set(done) == {"2.dcm", "a"}
    assert (done["a"].outcome, done["a"].reason) == ("failed", "cannot be read: permission denied")


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_file_is_not_there_because_a_folder_of_its_name_is(tmp_path: Path, program: Program, first: str) -> None:
    (tmp_path / "b" / "1").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    for number, file in enumerate((tmp_path / "a" / "1", tmp_path / "b" / "1" / "2.dcm")):
        file.write_bytes(file_bytes(ct(size=16, instance=number)))
    order = sorted((tmp_path / "a", tmp_path / "b"), key=lambda path: path.name != first)
    done = [each.outcome for each in apply(program, find(order, tmp_path / "out"), PEER, 1)]
    assert sorted(done) == ["failed", "send"]


@pytest.mark.parametrize("workers", [1, 2])
def test_two_files_of_one_name_never_become_one(tmp_path: Path, program: Program, workers: int) -> None:
    for number, folder in enumerate(("a", "b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.dcm").write_bytes(file_bytes(ct(size=16, instance=number)))
    work = list(find([tmp_path / "a", tmp_path / "b"], tmp_path / "out"))
    summary = Summary()
    for applied in apply(program, work, PEER, workers):
        summary.add(applied)
    assert summary.outcomes == {Verdict.SEND: 1, "failed": 1}
    assert summary.reasons == {"failed: another file of this run is written under the same name": 1}
    assert summary.rules == {"site": 1}


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path):
        with pytest.raises(Unfit, match="no file but"), opened(path, PEER):
            pass
