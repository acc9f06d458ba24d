"""Gateway files and rule files for commands: loaded, or the command ends with what is wrong."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from dicomrules.cli.gateway_file import must_exist
from dicomrules.cli.output import CONFIG, USAGE, fail, show_diagnostics
from dicomrules.program.ruleset import Program
from dicomrules.rulebook.load import load as load_rulebook
from dicomrules.service.compiled import Checked, Environment, check_gateway, gateway_text
from dicomrules.service.plan import Plan
from dicomrules.service.reload import snapshot_of

RULES = click.option(
    "--rules",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Rule files, in this order; instead of --gateway.",
)
SET = click.option(
    "--set", "parameters", multiple=True, metavar="NAME=VALUE", help="A value for a `parameter` of the rules."
)


def check_rules(paths: Sequence[Path], parameters: Sequence[str] = (), secrets: Environment | None = None) -> Checked:
    """Rule files alone; `secrets` as for `check_gateway`."""
    given = dict(_parameter(each) for each in parameters)
    rulebook = load_rulebook(list(paths), parameters=given, environment=secrets)
    return Checked(None, rulebook, rulebook.diagnostics)


def program_of(rules: Sequence[Path], gateway: Path, parameters: Sequence[str] = ()) -> Program:
    """The compiled rules of `--rules`, else of `--gateway`. Warnings are not repeated here: `validate` shows them."""
    if not rules and not gateway.exists():
        fail(USAGE, f"there is no gateway file {gateway} here", "name the rules with --rules FILE or --gateway FILE")
    checked = check_rules(rules, parameters, os.environ) if rules else check_gateway(gateway, os.environ)
    return _program(checked, USAGE)


def plan_of(path: Path, log_as_json: bool) -> Plan:
    """A gateway that is about to run: settings and compiled rules, with the texts they were compiled from."""
    must_exist(path)
    try:
        gateway = gateway_text(path)
    except ValueError:
        gateway = ""  # told below, with its place
    checked = check_gateway(path, os.environ)
    program = _program(checked, CONFIG)
    assert checked.settings is not None
    return Plan(checked.settings, program, log_as_json, snapshot_of(checked, gateway))


def _program(checked: Checked, code: int) -> Program:
    if checked.errors or checked.rulebook is None or checked.rulebook.program is None:
        show_diagnostics([each for each in checked.diagnostics if each.is_error])
        raise SystemExit(code)
    return checked.rulebook.program


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        fail(USAGE, f"--set {text} has no value", "write --set NAME=VALUE")
    return name, value
