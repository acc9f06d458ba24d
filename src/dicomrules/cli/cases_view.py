"""Results of `test` blocks, and what they do not reach, as text and as plain values."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from dicomrules.cli.decision_view import arm_text
from dicomrules.cli.output import folded
from dicomrules.program.expression import Origin
from dicomrules.rulebook.cases import CaseResult
from dicomrules.rulebook.expected import Failure

# A rule or an arm that no test reaches: kind, name of the rule or routes table, where it stands.
Unreached = tuple[str, str, Origin]


def result_lines(results: Sequence[CaseResult], columns: int) -> Iterator[str]:
    """Each test; of a failed one what was expected, what was seen, and which rules brought that about."""
    for result in results:
        if result.passed:
            yield click.style("ok    ", fg="green") + f"  {result.name}"
            continue
        head, *more = _listed("FAILED", f"{result.name}  {result.origin.place}", columns)
        yield click.style(head[:6], fg="red", bold=True) + head[6:]
        yield from more
        for failure in result.failures:
            yield from _said("expected", f"{expected(failure)}  {failure.origin.place}", columns)
            yield from _said("got", failure.got, columns)
            for line in failure.because:
                yield from (click.style(each, dim=True) for each in _said("because", line, columns))


def _said(word: str, text: str, columns: int) -> list[str]:
    return _listed(f"    {word:8}", text, columns)


def _listed(word: str, text: str, columns: int) -> list[str]:
    """A text beside a word, broken below itself."""
    lines = folded(text, columns - len(word) - 2)
    return [f"{word}  {lines[0] if lines else ''}", *(" " * (len(word) + 2) + line for line in lines[1:])]


def coverage_lines(unreached: Sequence[Unreached], every: int, columns: int) -> Iterator[str]:
    """How much the tests reach, and each rule and arm that none does."""
    yield f"{every - len(unreached)} of {every} rules and arms of routes are reached by a test"
    for kind, name, origin in unreached:
        what = f"rule {name}" if kind == "rule" else f"routes {name}: {arm_text(origin.text)}"
        head, *more = _listed("  not reached", f"{what}  {origin.place}", columns)
        yield click.style(head[:13], fg="yellow") + head[13:]
        yield from more


def expected(failure: Failure) -> str:
    """What a test wanted to see."""
    return failure.expected.removeprefix("expect ")


def summary(results: Sequence[CaseResult]) -> str:
    """ "3 passed, 1 failed"."""
    failed = sum(not result.passed for result in results)
    return f"{len(results) - failed} passed, {failed} failed"


def results_plain(results: Sequence[CaseResult]) -> list[dict[str, Any]]:
    """The results for programs."""
    return [
        {
            "name": result.name,
            "place": result.origin.place,
            "passed": result.passed,
            "failures": [
                {
                    "expected": expected(each),
                    "got": each.got,
                    "because": list(each.because),
                    "place": each.origin.place,
                }
                for each in result.failures
            ],
        }
        for result in results
    ]


def coverage_plain(unreached: Sequence[Unreached], every: int) -> dict[str, Any]:
    """What the tests reach, for programs."""
    places = [{"kind": kind, "name": name, "place": origin.place} for kind, name, origin in unreached]
    return {"total": every, "reached": every - len(unreached), "unreached": places}
