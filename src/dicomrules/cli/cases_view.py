"""Results of `test` blocks, and what they do not reach, as text and as plain values."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from dicomrules.cli.decision_view import arm_text
from dicomrules.program.expression import Origin
from dicomrules.rulebook.cases import CaseResult
from dicomrules.rulebook.expected import Failure

# A rule or an arm that no test reaches: kind, name of the rule or routes table, where it stands.
Unreached = tuple[str, str, Origin]


def result_lines(results: Sequence[CaseResult]) -> Iterator[str]:
    """Each test; of a failed one what was expected and what was seen."""
    for result in results:
        if result.passed:
            yield click.style("ok    ", fg="green") + f"  {result.name}"
            continue
        place = click.style(f"  {result.origin.place}", dim=True)
        yield click.style("FAILED", fg="red", bold=True) + f"  {result.name}{place}"
        for failure in result.failures:
            yield f"          expected  {expected(failure)}" + click.style(f"  {failure.origin.place}", dim=True)
            yield f"          got       {failure.got}"


def coverage_lines(unreached: Sequence[Unreached], every: int) -> Iterator[str]:
    """How much the tests reach, and each rule and arm that none does."""
    yield f"{every - len(unreached)} of {every} rules and arms of routes are reached by a test"
    for kind, name, origin in unreached:
        what = f"rule {name}" if kind == "rule" else f"routes {name}: {arm_text(origin.text)}"
        yield click.style("  not reached", fg="yellow") + f"  {what}" + click.style(f"  {origin.place}", dim=True)


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
                {"expected": expected(each), "got": each.got, "place": each.origin.place} for each in result.failures
            ],
        }
        for result in results
    ]


def coverage_plain(unreached: Sequence[Unreached], every: int) -> dict[str, Any]:
    """What the tests reach, for programs."""
    places = [{"kind": kind, "name": name, "place": origin.place} for kind, name, origin in unreached]
    return {"total": every, "reached": every - len(unreached), "unreached": places}
