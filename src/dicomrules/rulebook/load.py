"""Rule files, what they include and the CSV files they name -> a Program and what there is to say about them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dicomrules.program.case import Case
from dicomrules.program.ruleset import Program
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading. `program` is None when there is an error among the diagnostics, which are sorted by place.

    `sources` are all texts that were read, rule files first. `cases` are the `test` blocks.
    """

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[Source, ...] = ()
    cases: tuple[Case, ...] = ()


def load(
    paths: Sequence[Path | str],
    read: Callable[[str], str] | None = None,
    *,
    parameters: Mapping[str, str] | None = None,
    destinations: Collection[str] | None = None,
) -> Loaded:
    """Load rule files as one rule set, in this order. Whatever is wrong is a diagnostic, never an exception."""
    return Loaded(None, ())
