"""From a gateway file to Settings: read, parse, schema, references, build, cross checks. Each problem has its place."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dicomrules.config import build, caps, checks, document, guarded, references, schema
from dicomrules.config.reading import Unreadable, read_small
from dicomrules.config.settings import Settings
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic, in_order
from dicomrules.text.source import Source


def load(path: Path, environ: Mapping[str, str]) -> tuple[Settings | None, list[Diagnostic]]:
    """The settings of the gateway file at `path`, or None with the errors that prevent them; warnings come with either.

    `environ` answers `{env: NAME}`. A file that is not there or not text is DR709, one that everybody can write DR710.
    """
    try:
        text = read_small(path, caps.MAX_CHARACTERS)
    except Unreadable as problem:
        return None, [_unread(path, problem)]
    return load_text(Source(str(path), text), Path(os.path.abspath(path)).parent, environ)


def load_text(source: Source, folder: Path, environ: Mapping[str, str]) -> tuple[Settings | None, list[Diagnostic]]:
    """The same for a text that is already read, as an editor has it; relative paths start at `folder`."""
    read, problems = document.read(source)
    if read is None:
        return None, in_order(problems)
    problems = schema.check(read)
    if problems:
        return None, in_order(problems)
    values, problems = references.parameters(read, folder, environ)
    passcodes, more = references.secrets(read, folder, environ)
    problems += more
    settings = build.settings(folder / Path(source.name).name, folder, read.value, values, passcodes)
    settings = replace(settings, only_through=guarded.places(read, settings))
    problems += checks.check(read, settings)
    refused = any(problem.is_error for problem in problems)
    return (None if refused else settings), in_order(problems)


def _unread(path: Path, problem: Unreadable) -> Diagnostic:
    start = Source(str(path), "").span(0, 0)
    if not problem.unsafe:
        return diagnose("DR709", start, f"gateway file `{path}` {problem}")
    return diagnose("DR710", start, f"gateway file `{path}` {problem}").with_note(f"take it away: chmod o-w {path}")
