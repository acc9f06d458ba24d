"""`{env: NAME}` and `{file: path}`: values that do not stand in the gateway file. Values are never templates."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dicomrules.config.document import Document, Steps
from dicomrules.config.reading import Unreadable, read_small
from dicomrules.config.settings import ParameterValue
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic

MAX_BYTES = 64 * 1024


def parameters(
    document: Document, folder: Path, environ: Mapping[str, str]
) -> tuple[dict[str, ParameterValue], list[Diagnostic]]:
    """The values under `parameters`, references resolved, and what could not be resolved. No message holds a value.

    What YAML takes for a number stays as it is written: whether `00123` is one, the rules say.
    """
    values: dict[str, ParameterValue] = {}
    problems: list[Diagnostic] = []
    for name, said in document.value.get("parameters", {}).items():
        if isinstance(said, dict):
            value, problem = _resolve(document, ("parameters", name), folder, environ)
            problems += [problem] if problem else []
            values[name] = value
        else:
            written = document.values[("parameters", name)].text
            values[name] = tuple(said) if isinstance(said, list) else said if isinstance(said, str) else written
    return values, problems


def secrets(document: Document, folder: Path, environ: Mapping[str, str]) -> tuple[dict[Steps, str], list[Diagnostic]]:
    """The values of all references outside `parameters`, by the way to them, and what could not be resolved.

    No message holds a value.
    """
    values: dict[Steps, str] = {}
    problems: list[Diagnostic] = []
    for steps in _references(document.value, ()):
        values[steps], problem = _resolve(document, steps, folder, environ)
        problems += [problem] if problem else _open_to_all(document, steps, folder)
    return values, problems


def _references(said: Any, steps: Steps) -> Iterator[Steps]:
    """The ways to all references: mappings of nothing but `env` or `file`, which the schema allows for them only."""
    if isinstance(said, Mapping):
        if set(said) in ({"env"}, {"file"}):
            yield steps
            return
        for key, below in said.items():
            if steps or key != "parameters":
                yield from _references(below, (*steps, key))
    elif isinstance(said, list):
        for number, below in enumerate(said):
            yield from _references(below, (*steps, number))


def _open_to_all(document: Document, steps: Steps, folder: Path) -> Iterator[Diagnostic]:
    """Is a secret in a file that everybody can read?"""
    said = document.at(steps).get("file")
    with suppress(OSError):
        if said is not None and os.stat(folder / said).st_mode & stat.S_IROTH:
            found = diagnose("DR724", document.span((*steps, "file")), f"everybody can read the secret in {said}")
            yield found.with_note(f"run: chmod 600 {said}, and have a new secret made if others may have seen it")


def _resolve(
    document: Document, steps: Steps, folder: Path, environ: Mapping[str, str]
) -> tuple[str, Diagnostic | None]:
    (kind, said), *_ = document.at(steps).items()
    span = document.span((*steps, kind))
    if kind == "env":
        if environ.get(said):
            return environ[said], None
        found = diagnose("DR719", span, f"environment variable `{said}` is not set, or is empty")
        return "", found.with_note("set it where the gateway is started; for a service, as `Environment=` of its unit")
    try:
        text = read_small(Path(os.path.abspath(folder / said)), MAX_BYTES)
    except Unreadable as problem:
        return "", diagnose("DR719", span, f"file `{said}` {problem}")
    value = text.removesuffix("\n").removesuffix("\r")
    return value, None if value else diagnose("DR719", span, f"file `{said}` is empty")
