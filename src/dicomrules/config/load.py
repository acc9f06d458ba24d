"""From a gateway file to Settings: read, parse, schema, build, cross checks. Every problem is a diagnostic with its place."""

from collections.abc import Mapping
from pathlib import Path

from dicomrules.config.settings import Settings
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source


def load(path: Path, environ: Mapping[str, str]) -> tuple[Settings | None, list[Diagnostic]]:
    """The settings of the gateway file at `path`, or None with the errors that prevent them; warnings come with either.

    `environ` answers `{env: NAME}`. OSError: the file cannot be read at all.
    """


def load_text(source: Source, folder: Path, environ: Mapping[str, str]) -> tuple[Settings | None, list[Diagnostic]]:
    """The same for a text that is already read, as an editor has it; relative paths start at `folder`."""
