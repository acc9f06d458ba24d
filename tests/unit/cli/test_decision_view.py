"""A Decision as people read it: groups, variants, options."""

from datetime import timedelta

import click

from dicomrules.cli.decision_view import decision_lines, options_text, variant_lines
from dicomrules.dicom.patch import Patch
from dicomrules.model.decision import Change, Decision, Options, RuleHit, Variant
from dicomrules.model.instance import Verdict

PATCH = Patch("0" * 64, ())
RULED = Variant(PATCH, (Change("StudyID", "1", "2", "r"),), ("pacs",), "1.2")
TRIAL = Variant(PATCH, (Change("PatientID", "4711", "LUNG-1", "p"),), ("research",), "1.2", "trial")


def lines(decision: Decision) -> list[str]:
    return [click.unstyle(line) for line in variant_lines(decision, 80)]


def sent(*variants: Variant, **parts: object) -> Decision:
    return Decision(Verdict.SEND, variants, (), "f" * 64, **parts)  # type: ignore[arg-type]


def test_an_object_that_leaves_as_the_rules_made_it_has_no_variants_to_show() -> None:
    assert lines(sent(RULED)) == []


def test_each_variant_is_shown_with_its_destinations_and_its_changes() -> None:
    assert lines(sent(RULED, TRIAL)) == [
        "variants",
        "  to pacs",
        "      StudyID  1 → 2",
        "  to research through trial",
        "      PatientID  4711 → LUNG-1",
    ]


def test_a_variant_that_a_verdict_keeps_is_shown_with_its_reason() -> None:
    kept = Variant(PATCH, (), ("research", "vna"), "1.2", "trial", verdict=Verdict.HOLD, reasons=("no number",))
    assert lines(sent(RULED, kept))[-1] == '  research, vna through trial: hold "no number"'


def test_the_rules_of_a_group_stand_under_its_name_after_the_routes() -> None:
    hits = (RuleHit("r", True), RuleHit("t", True, kind="route", title="always => pacs"), RuleHit("p", True, group="g"))
    heads = list(decision_lines(Decision(Verdict.SEND, (RULED,), hits, "f" * 64), 80))
    shown = [click.unstyle(line).strip() for line in heads]
    assert [line for line in shown if line in ("rules", "routes", "group g", "verdict")] == [
        "rules",
        "routes",
        "group g",
        "verdict",
    ]


def test_options_are_told_in_the_words_of_the_rules() -> None:
    every = Options(
        "vna",
        calling="A",
        compressed="1.2.840.10008.1.2.4.90",
        quality=80,
        during="nights",
        study_after=timedelta(seconds=60),
        only_once=True,
        once_per=timedelta(hours=24),
        priors=2,
        priority="high",
    )
    assert options_text(every) == (
        'as "A", compressed JPEG2000Lossless, quality 80, during nights, by study after 1min, only once per 1d, '
        "with 2 priors, priority high"
    )
    assert options_text(Options("b", decompressed=True, stands_in_for="a")) == (
        "instead of a when that cannot be reached, decompressed"
    )
