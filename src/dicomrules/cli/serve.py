"""`serve`: the gateway."""

import os
import sys
from pathlib import Path

import click

from dicomrules.cli.loading import plan_of
from dicomrules.cli.output import fail
from dicomrules.service.gateway import serve as run_gateway
from dicomrules.service.plan import StartFailed


@click.command()
@click.argument("gateway", type=click.Path(dir_okay=False, path_type=Path), default=Path("gateway.yaml"))
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="How events are written to stderr."
)
def serve(gateway: Path, log_format: str) -> None:
    """Run the gateway described by GATEWAY (default: gateway.yaml) until SIGTERM or Ctrl-C.

    Prints one line that begins with "ready:" when it accepts. SIGTERM lets what is under way finish;
    SIGHUP reads the gateway file and its rules again.
    """
    plan = plan_of(gateway, log_format == "json")
    try:
        code = run_gateway(plan, _announce)
    except StartFailed as failure:
        fail(failure.code, failure.problem, failure.way_out)
    raise SystemExit(code)


def _announce(line: str) -> None:
    """On standard output. Where nobody can write (a full disk, a reader that has ended), nothing is said from then on:
    that is no reason to end.
    """
    try:
        click.echo(line)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
