"""Rules and arms that no test reaches, as findings at their places: what `validate --strict` adds."""

from collections.abc import Sequence

from dicomrules.program.expression import Origin
from dicomrules.rulebook.arrived import ReadFile
from dicomrules.rulebook.cases import reachable, run_cases, unreached
from dicomrules.rulebook.load import Loaded
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source, Span


def uncovered(loaded: Loaded, read: ReadFile) -> list[Diagnostic]:
    """A finding for each rule and arm that no test reaches; one for all of them where there is no test at all.

    `read` gives the files that tests name.
    """
    program = loaded.program
    if program is None:
        return []
    missed = unreached(program, run_cases(program, read))
    if not program.cases:
        missed = reachable(program)[:1]
    found: list[Diagnostic] = []
    for kind, name, origin in missed:
        span = _span(loaded.sources, origin)
        if span is not None:
            what = f"rule `{name}`" if kind == "rule" else f"this arm of `{name}`"
            message = f"no test reaches {what}" if program.cases else "these rules have no test"
            found.append(
                diagnose("DR610", span, message, "not tested").with_note(
                    'say what arrives and what comes of it: `test "…" { given … expect … }`'
                )
            )
    return found


def _span(sources: Sequence[Source], origin: Origin) -> Span | None:
    """The first line of what stands at a place."""
    name, line, column = (*origin.place.rsplit(":", 2), "", "")[:3]
    source = next((each for each in sources if each.name == name), None)
    if source is None or not line.isdigit() or not column.isdigit():
        return None
    start = source.line_start(int(line)) + int(column) - 1
    end = source.line_start(int(line)) + len(source.line_text(int(line)))
    return source.span(start, max(start, min(start + len(origin.text), end)))
