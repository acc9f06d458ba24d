"""`explain`: a diagnostic code, or what the rules make of one DICOM file and why."""

from dataclasses import asdict
from pathlib import Path

import click

from dicomrules.cli.decision_view import decision_lines
from dicomrules.cli.gateway_file import GATEWAY, settings_of
from dicomrules.cli.loading import RULES, SET, program_of
from dicomrules.cli.output import FINDINGS, FORMAT, USAGE, fail, print_json, width
from dicomrules.config.settings import Settings
from dicomrules.dicom import uids
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision, Needs
from dicomrules.model.instance import Envelope, Peer
from dicomrules.pipeline.files import Unfit, opened
from dicomrules.text.codes.registry import CODES
from dicomrules.text.suggest import did_you_mean, nearest


@click.command()
@click.argument("what", metavar="CODE|FILE")
@GATEWAY
@RULES
@SET
@click.option("--calling", default="", metavar="AET", help="The calling AE title to assume.")
@click.option("--called", default="", metavar="AET", help="The called AE title to assume.")
@click.option("--receiver", default="", metavar="NAME", help="The receiver to assume.")
@FORMAT
@click.pass_context
def explain(context: click.Context, /, what: str, **_: object) -> None:
    """What a diagnostic code means; or, for a DICOM file: each rule, each clause with the value seen, each change, and
    where it goes.
    """
    if what.upper().startswith("DR") and not Path(what).exists():
        _explain_code(what.upper())
    else:
        _explain_file(Path(what), context.params)


def _explain_code(code: str) -> None:
    record = CODES.get(code)
    if record is None:
        fail(USAGE, f"there is no code {code}", did_you_mean(nearest(code, CODES)))
    click.echo(click.style(f"{record.code}  {record.title}", bold=True) + f"  ({record.severity.value})\n")
    click.echo(click.wrap_text(record.why, width()) + "\n")
    if record.silence:
        click.echo(click.style("if it is meant", bold=True))
        click.echo(click.wrap_text(record.silence, width(), "  ", "  ") + "\n")
    for head, example in (("wrong", record.bad), ("right", record.good)):
        if example:
            click.echo(click.style(head, bold=True))
            click.echo("\n".join(f"  {line}" for line in example.strip().split("\n")) + "\n")


def _explain_file(path: Path, given: dict[str, object]) -> None:
    program = program_of(given["rules"], given["gateway"], given["parameters"])  # type: ignore[arg-type]
    if given["receiver"] and not given["rules"]:
        _must_be_receiver(str(given["receiver"]), settings_of(given["gateway"]))  # type: ignore[arg-type]
    peer = Peer(str(given["calling"]), str(given["called"]), "", str(given["receiver"]))
    try:
        with opened(path, peer) as file:
            decision = Engine(program).decide(file.envelope, explain=True)
            if isinstance(decision, Needs):
                fail(FINDINGS, f"table {decision.table} has no source in this version")
            if given["form"] == "json":
                print_json(_as_plain(decision))
                return
            _print(path, file.envelope, decision)
    except Unfit as unfit:
        fail(USAGE, f"{path}: {unfit}")


def _must_be_receiver(name: str, settings: Settings) -> None:
    known = [each.name for each in settings.receivers]
    if name not in known:
        way_out = did_you_mean(nearest(name, known)) or f"the gateway file has: {', '.join(known)}"
        fail(USAGE, f"there is no receiver {name} in {settings.path}", way_out)


def _print(path: Path, envelope: Envelope, decision: Decision) -> None:
    click.echo(click.style(str(path), bold=True))
    click.echo(f"  {uids.uid_name(envelope.key.sop_class)}, {uids.uid_name(envelope.transfer_syntax)}")
    click.echo(f"  SOP Instance UID {envelope.key.sop_instance}")
    if envelope.peer.calling_aet or envelope.peer.called_aet:
        click.echo(f"  as if from {envelope.peer.calling_aet or 'nobody'} to {envelope.peer.called_aet or 'nobody'}")
    click.echo()
    for line in decision_lines(decision, width()):
        click.echo(line)


def _as_plain(decision: Decision) -> dict[str, object]:
    plain = asdict(decision)
    for variant in plain["variants"]:
        del variant["patch"]  # positions and bytes: nothing that a person or a program outside could use
    return plain
