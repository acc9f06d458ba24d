"""Gateway files and rule files for commands: loaded, or the command ends with what is wrong."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from dicomrules.cli.gateway_file import must_exist
from dicomrules.cli.output import CONFIG, USAGE, fail, show_diagnostics
from dicomrules.config.load import load as load_settings
from dicomrules.config.settings import ParameterValue, Settings
from dicomrules.program.ruleset import Program
from dicomrules.rulebook.load import Loaded, read_guarded
from dicomrules.rulebook.load import load as load_rulebook
from dicomrules.text.diagnostic import Diagnostic

RULES = click.option(
    "--rules",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Rule files, in this order; instead of --gateway.",
)
SET = click.option(
    "--set", "parameters", multiple=True, metavar="NAME=VALUE", help="A value for a `parameter` of the rules."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A gateway or rule files, and all there is to say about them."""

    settings: Settings | None
    rulebook: Loaded | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> bool:
        """Is there one that forbids to go on?"""
        return any(each.is_error for each in self.diagnostics)


Environment = Mapping[str, str]


def check_gateway(path: Path, secrets: Environment | None = None) -> Checked:
    """A gateway file with its rules; names are checked across both.

    `secrets` is the environment that secrets come from; without it they are not looked for, so that rules can be
    checked where nobody has them.
    """
    settings, problems = load_settings(path, os.environ)
    if settings is None:
        return Checked(None, None, tuple(problems))
    rulebook = load_rulebook(
        [_as_seen_from_here(rule) for rule in settings.rules],
        read_guarded,
        parameters={name: _as_text(value) for name, value in settings.parameters.items()},
        destinations=[each.name for each in settings.destinations],
        environment=secrets,
    )
    return Checked(settings, rulebook, (*problems, *rulebook.diagnostics))


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


def gateway_of(path: Path) -> tuple[Settings, Program]:
    """Settings and compiled rules of a gateway that is about to run."""
    must_exist(path)
    checked = check_gateway(path, os.environ)
    program = _program(checked, CONFIG)
    assert checked.settings is not None
    return checked.settings, program


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


def _as_seen_from_here(path: Path) -> Path:
    """A shorter name for messages, where the file lies below this folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _as_text(value: ParameterValue) -> str:
    """A value of the gateway file as `--set` would give it: a list with commas."""
    return ",".join(value) if isinstance(value, tuple) else value
