"""Schedules, `received_at`, `received_date` and the time zone (S28, S65)."""

import pytest

from tests.unit.rulebook.say import codes, failures

ROUTES = "routes all every match { when received_at during hours => vna else => pacs }\n"


def during(schedule: str, *asked: tuple[str, bool], zone: str = "Europe/Madrid") -> list[str]:
    """What of `asked` (a time, and whether it is inside) is not so."""
    text = f'settings {{ timezone "{zone}" }} schedule hours = "{schedule}"\n{ROUTES}'
    for number, (time, inside) in enumerate(asked):
        text += f'test "{number}" {{ given received_at = "{time}" expect sent to {"vna" if inside else "pacs"} }}\n'
    return failures(text)


def test_s28_a_window_belongs_to_the_days_it_names_and_its_end_is_outside() -> None:
    assert (
        during(
            "Mon-Fri 08:00-18:00",
            ("20260302075959", False),
            ("20260302080000", True),
            ("20260302175959", True),
            ("20260302180000", False),
            ("20260307120000", False),  # a Saturday
        )
        == []
    )


def test_s28_a_window_over_midnight_belongs_to_the_day_it_starts() -> None:
    assert (
        during(
            "Fri 19:00-06:00",
            ("20260306190000", True),  # Friday evening
            ("20260307055959", True),  # until Saturday morning
            ("20260307060000", False),
            ("20260306055959", False),  # Friday morning belongs to Thursday's night
            ("20260307190000", False),
        )
        == []
    )


def test_s28_whole_days_dates_and_single_days_are_schedules() -> None:
    assert during("Sat-Sun", ("20260307000000", True), ("20260308235959", True), ("20260309000000", False)) == []
    assert during("12-25", ("20261225000000", True), ("20271225120000", True), ("20261226000000", False)) == []
    assert during("2026-04-03 08:00-12:00", ("20260403090000", True), ("20270403090000", False)) == []
    assert during("02-29", ("20280229120000", True), ("20280301120000", False)) == []
    assert during("Sat-Mon", ("20260308120000", True), ("20260310120000", False)) == []


def test_r07_nights_weekends_and_holidays_together() -> None:
    assert (
        during(
            "Mon-Fri 19:00-06:00, Sat-Sun, 12-25",
            ("20260302220000", True),
            ("20260302120000", False),
            ("20260307120000", True),
            ("20261225120000", True),  # a Friday
        )
        == []
    )


def test_s28_the_clock_is_that_of_the_time_zone_whatever_offset_the_time_is_given_with() -> None:
    assert during("22:00-23:00", ("20260302213000+0000", True), ("20260302223000+0000", False)) == []
    assert during("22:00-23:00", ("20260702203000+0000", True), ("20260702213000+0000", False)) == []
    assert during("22:00-23:00", ("20260302133000+0000", True), zone="Asia/Tokyo") == []


def test_s28_both_hours_of_the_end_of_daylight_saving_time_count() -> None:
    # On 25 October 2026 the hour from 02:00 to 03:00 comes twice in Madrid: from 00:00 and from 01:00 UTC.
    assert (
        during(
            "Sun 02:00-03:00",
            ("20261024235959+0000", False),
            ("20261025000000+0000", True),
            ("20261025005959+0000", True),
            ("20261025010000+0000", True),
            ("20261025015959+0000", True),
            ("20261025020000+0000", False),
        )
        == []
    )


def test_s28_the_hour_that_daylight_saving_time_leaves_out_never_comes() -> None:
    # On 29 March 2026 the clock goes from 01:59:59 to 03:00:00 in Madrid, at 01:00 UTC.
    assert during("Sun 02:00-03:00", ("20260329005959+0000", False), ("20260329010000+0000", False)) == []
    assert during("Sun 01:00-04:00", ("20260329005959+0000", True), ("20260329010000+0000", True)) == []


@pytest.mark.parametrize(
    "text",
    [
        'schedule hours = "Sat"' + ROUTES,
        'rule r { when received_at > "20260101" empty StudyID }',
        "rule r { when received_date == StudyDate empty StudyID }",
        'schedule hours = "Sat" routes all every match { always => pacs during hours }',
    ],
)
def test_s28_a_time_zone_is_required_as_soon_as_one_of_them_is_used(text: str) -> None:
    assert "DR218" in codes(text)
    assert "DR218" not in codes('settings { timezone "UTC" }' + text)


@pytest.mark.parametrize("zone", ["Europe/Madird", "", "../etc/passwd", "CET+5"])
def test_a_time_zone_that_nobody_knows_is_reported(zone: str) -> None:
    assert "DR219" in codes(f'settings {{ timezone "{zone}" }} rule r {{ empty StudyID }}')


@pytest.mark.parametrize(
    "schedule",
    [
        "Mon 25:00-26:00",
        "Mon-Fri 8-18",
        "Monday",
        "13-01",
        "02-30",
        "2026-02-29",
        "08:00-08:00",
        "",
        "Mon,,Tue",
        "24:00-01:00",
    ],
)
def test_what_is_no_schedule_is_reported(schedule: str) -> None:
    assert "DR219" in codes(f'schedule hours = "{schedule}"' + ROUTES)


def test_a_schedule_that_is_not_there_is_reported() -> None:
    text = 'settings { timezone "UTC" } routes all every match { when received_at during huors => vna else => pacs }'
    assert "DR107" in codes(text)


def test_during_is_about_a_date_and_time() -> None:
    zone = 'settings { timezone "UTC" } schedule hours = "Sat"'
    assert "DR201" in codes(zone + "rule r { when PatientID during hours empty StudyID }")


def test_s65_received_date_in_a_condition_is_fine_at_any_level() -> None:
    text = """settings { timezone "Europe/Madrid" }
        rule r { when StudyDate == received_date empty StudyID }
        test "t" { given StudyDate = "20260302", StudyID = "1", received_at = "20260302003000" expect StudyID is empty
          given StudyDate = "20260302", StudyID = "1", received_at = "20260301233000+0000" expect StudyID is empty
          given StudyDate = "20260302", StudyID = "1", received_at = "20260301223000+0000" expect StudyID == "1" }"""
    assert failures(text) == []
    assert not {code for code in codes(text) if code.startswith("DR5")}


def test_received_at_is_written_into_attributes_of_the_instance() -> None:
    text = """settings { timezone "Europe/Madrid" }
        rule r { set InstanceCoercionDateTime = received_at }
        test "t" { given received_at = "20260302003000" expect InstanceCoercionDateTime == "20260302003000+0100" }"""
    assert failures(text) == []
