"""`apply`: the rules over files and folders, without a gateway."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from dicomrules.cli.loading import GATEWAY, RULES, SET, program_of
from dicomrules.cli.output import FINDINGS, USAGE, fail, print_json, table
from dicomrules.model.instance import Peer, Verdict
from dicomrules.pipeline.batch import Applied, Summary, Work, find
from dicomrules.pipeline.batch import apply as apply_rules

_SAID = {
    Verdict.SEND: "written",
    Verdict.QUARANTINE: "quarantined (not written)",
    Verdict.HOLD: "held (not written)",
    Verdict.REJECT: "rejected (not written)",
    Verdict.DROP: "dropped (not written)",
    "there": "there already",
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
    with ExitStack() as stack:
        report = stack.enter_context(given["report"].open("a")) if given["report"] else None
        for applied in _shown(apply_rules(program, work, peer, given["workers"]), work):
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


def _shown(done: Iterable[Applied], work: list[Work]) -> Iterator[Applied]:
    """With a bar on stderr: how many, how fast, how long still."""
    began = time.monotonic()
    with click.progressbar(
        done, length=len(work), label="applying", show_eta=True, file=click.get_text_stream("stderr")
    ) as bar:
        for number, applied in enumerate(bar, 1):
            seconds = time.monotonic() - began
            if number % 50 == 0 and seconds:
                bar.label = f"applying, {number / seconds:.0f} files/s"
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
        click.echo(f"  {count:6}  {reason}")


def _as_plain(applied: Applied) -> dict[str, Any]:
    return {
        "file": str(applied.source),
        "outcome": applied.outcome,
        "reason": applied.reason,
        "rules": list(applied.rules),
    }
