"""`apply`: the rules over files and folders, without a gateway."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from dicomrules.cli.gateway_file import GATEWAY
from dicomrules.cli.loading import RULES, SET, program_of
from dicomrules.cli.output import FINDINGS, INTERNAL, IO_ERROR, TRY_LATER, USAGE, fail, folded, print_json, table, width
from dicomrules.model.instance import Peer, Verdict
from dicomrules.pipeline.batch import Applied, Summary, find
from dicomrules.pipeline.batch import apply as apply_rules

_SAID = {
    Verdict.SEND: "written",
    Verdict.QUARANTINE: "quarantined (not written)",
    Verdict.HOLD: "held (not written)",
    Verdict.REJECT: "rejected (not written)",
    Verdict.DROP: "dropped (not written)",
    "there": "there already (not looked at)",
    "failed": "failed",
}


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results."
)
@GATEWAY
@RULES
@SET
@click.option("--calling", default="", metavar="AET", help="The calling AE title to assume.")
@click.option("--called", default="", metavar="AET", help="The called AE title to assume.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, show_default="cores", help="Processes."
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="One JSON line for each file.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How the summary is printed."
)
def apply(paths: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Rewrite files by the rules and write the results below OUT. Routes are read, but nothing is sent.

    A run that was cut off goes on when the same command is given again: what is there is not written again.
    """
    program = program_of(given["rules"], given["gateway"], given["parameters"])
    if any(path.is_dir() and out.resolve().is_relative_to(path.resolve()) for path in paths):
        fail(USAGE, f"{out} lies inside a folder that is read", "choose a folder beside it")
    peer = Peer(given["calling"], given["called"], "", "")
    work = list(find(paths, out))
    began = time.monotonic()
    summary = Summary()
    with _alone_in(out), _reporting(given["report"]) as report:
        for applied in _shown(apply_rules(program, work, peer, given["workers"]), len(work)):
            summary.add(applied)
            if report is not None:
                report.write(json.dumps(_as_plain(applied), ensure_ascii=False) + "\n")
    if given["form"] == "json":
        print_json(
            {"files": len(work), "outcomes": summary.outcomes, "rules": summary.rules, "reasons": summary.reasons}
        )
    else:
        _print(summary, len(work), time.monotonic() - began)
    if summary.outcomes["failed"]:
        raise SystemExit(FINDINGS)


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Two runs into one folder would write over each other's unfinished files."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        fail(IO_ERROR, f"{out} cannot be used: {(error.strerror or '').lower()}", "choose another folder with -o")
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        fail(TRY_LATER, f"another run writes into {out}", "wait for its end, or choose another folder with -o")
    except BrokenProcessPool:
        way_out = "give the same command again to go on; --workers 1 needs the least memory"
        fail(INTERNAL, "a worker process was killed, perhaps for want of memory", way_out)
    finally:
        os.close(folder)


@contextmanager
def _reporting(path: Path | None) -> Iterator[TextIO | None]:
    """The report, each line written as soon as it is known; None when none is wanted."""
    if path is None:
        yield None
        return
    try:
        report = path.open("a", buffering=1, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        fail(IO_ERROR, f"the report {path} cannot be written: {(error.strerror or '').lower()}")
    with report:
        yield report


def _shown(done: Iterable[Applied], count: int) -> Iterator[Applied]:
    """With a bar on stderr: how many, how fast, how long still. Nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield from done
        return
    began = time.monotonic()
    with click.progressbar(length=count, label="applying", show_eta=True, file=sys.stderr) as bar:
        for number, applied in enumerate(done, 1):
            if number % 50 == 0:
                bar.label = f"applying, {number / (time.monotonic() - began):.0f} files/s"
            bar.update(1)
            yield applied


def _print(summary: Summary, files: int, seconds: float) -> None:
    rate = f", {files / seconds:.0f} files/s" if seconds > 0.5 else ""
    click.echo(f"{files} files in {seconds:.1f} s{rate}")
    for outcome, said in _SAID.items():
        if summary.outcomes[outcome]:
            click.echo(f"  {summary.outcomes[outcome]:6}  {said}")
    if summary.rules:
        click.echo(
            "\n"
            + table([[name, str(count)] for name, count in summary.rules.most_common()], ["rule", "fired"], right=(1,))
        )
    for reason, count in summary.reasons.most_common(20):
        click.echo("\n".join(folded(f"{count:6}  {reason}", width(), "  ", " " * 8)))


def _as_plain(applied: Applied) -> dict[str, Any]:
    return {
        "file": str(applied.source),
        "outcome": applied.outcome,
        "reason": applied.reason,
        "rules": list(applied.rules),
    }
