"""A gateway file with its rules, read and compiled: the one road, at a start, at a reload, and for the command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dicomrules.config import caps
from dicomrules.config.load import load as load_settings
from dicomrules.config.load import load_text
from dicomrules.config.reading import Unreadable, read_small
from dicomrules.config.settings import ParameterValue, Settings
from dicomrules.rulebook.load import Loaded, Read, read_guarded
from dicomrules.rulebook.load import load as load_rulebook
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source

Environment = Mapping[str, str]


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


def check_gateway(path: Path, secrets: Environment | None = None) -> Checked:
    """A gateway file with its rules; names are checked across both.

    `secrets` is the environment that secrets come from; without it they are not looked for, so that rules can be
    checked where nobody has them.
    """
    settings, problems = load_settings(path, os.environ)
    return _with_rules(settings, problems, secrets, read_guarded)


def check_text(path: Path, text: str, secrets: Environment, read: Read) -> Checked:
    """The same for a gateway file's text that is there already, and rules as `read` gives them."""
    settings, problems = load_text(Source(str(path), text), Path(os.path.abspath(path)).parent, secrets)
    return _with_rules(settings, problems, secrets, read)


def gateway_text(path: Path) -> str:
    """The text of the gateway file. ValueError when it is not to be read, or everybody can write it."""
    try:
        return read_small(path, caps.MAX_CHARACTERS)
    except Unreadable as problem:
        raise ValueError(f"gateway file {path} {problem}") from problem


def _with_rules(
    settings: Settings | None, problems: list[Diagnostic], secrets: Environment | None, read: Read
) -> Checked:
    if settings is None:
        return Checked(None, None, tuple(problems))
    rulebook = load_rulebook(
        [_as_seen_from_here(rule) for rule in settings.rules],
        read,
        parameters={name: _as_text(value) for name, value in settings.parameters.items()},
        destinations=[each.name for each in settings.destinations],
        environment=secrets,
        only_through=settings.only_through,
    )
    return Checked(settings, rulebook, (*problems, *rulebook.diagnostics))


def _as_seen_from_here(path: Path) -> Path:
    """A shorter name for messages, where the file lies below this folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _as_text(value: ParameterValue) -> str:
    """A value of the gateway file as `--set` would give it: a list with commas."""
    return ",".join(value) if isinstance(value, tuple) else value
