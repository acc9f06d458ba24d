"""The gateway file for commands that need nothing but its settings: read, or the command ends with what is wrong."""

import os
from pathlib import Path

import click

from dicomrules.cli.output import CONFIG, USAGE, fail, show_diagnostics
from dicomrules.config.load import load
from dicomrules.config.settings import Settings

GATEWAY = click.option(
    "--gateway",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("gateway.yaml"),
    show_default=True,
    help="The gateway file.",
)


def settings_of(path: Path) -> Settings:
    """The settings alone."""
    must_exist(path)
    settings, problems = load(path, os.environ)
    if settings is None:
        show_diagnostics(problems)
        fail(CONFIG, f"the gateway file {path} has errors")
    return settings


def must_exist(path: Path) -> None:
    """End the command when there is no such file."""
    if not path.exists():
        fail(USAGE, f"there is no gateway file {path}", "dicomrules init DIR makes one; --gateway FILE names another")
