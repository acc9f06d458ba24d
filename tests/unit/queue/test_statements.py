"""The SQL of the ledger costs the same with a million rows as with ten."""

import re

import pytest

from dicomrules.queue.ledger import Ledger
from dicomrules.queue.statements import statements

# Read from end to end because they are short: a row for each counter, object that crashed us, schedule, destination
SHORT = {"counters", "crashes", "names", "standings"}
# What is sorted because it is one page, or one instance
SORTED = {
    "destinations",
    "instances_by_uid",
    "waiting",
    "waiting_in_study",
    "requests_of_instance",
    "study_deliveries",
    "not_sent_to",
    "move_instance",
}
# Partial indexes that hold only what is still to be done, read in order up to a limit
IN_ORDER = {"instances_delivered", "instances_held", "instances_gone", "instances_done", "requests_open"}


def plan(ledger: Ledger, name: str) -> list[str]:
    """How SQLite goes about a statement."""
    statement = statements()[name]
    names = re.findall(r":(\w+)", statement)
    numbered = [int(number) for number in re.findall(r"\?(\d)", statement)]
    bindings: object = dict.fromkeys(names) if names else (None,) * max([*numbered, statement.count("?")])
    if numbered:
        bindings = (None,) * max(numbered)
    rows = ledger._session.connection.execute(f"EXPLAIN QUERY PLAN {statement}", bindings)  # type: ignore[arg-type]
    return [detail for *_, detail in rows]


@pytest.mark.parametrize("name", sorted(statements()))
def test_no_statement_reads_a_table_from_end_to_end(ledger: Ledger, name: str) -> None:
    for step in plan(ledger, name):
        scanned = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
        if scanned is None:
            assert "TEMP B-TREE" not in step or name in SORTED, step
            continue
        table, index = scanned.groups()
        assert table in SHORT | {"page", "i"} or index in IN_ORDER or "CONSTANT" in step, step


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("is_due", "consignments_due (destination=? AND during=? AND priority=? AND due<?)"),
        ("due_consignments", "consignments_due (destination=? AND during=? AND priority=? AND due<?)"),
        ("next_due", "consignments_due (destination=? AND during=? AND priority=? AND due>?)"),
        ("waiting_of", "deliveries_open (consignment=? AND next_attempt<?)"),
        ("next_of", "deliveries_open (consignment=?)"),
        ("not_quiet", "consignments_of_study (study=?)"),
        (
            "same_bytes",
            "instances_by_uid (sop_instance=? AND calling_aet=? AND called_aet=? AND receiver=? AND digest=?)",
        ),
        ("uid_came", "instances_by_uid (sop_instance=? AND calling_aet=? AND called_aet=? AND receiver=?)"),
        ("instances_by_study", "instances_by_study (study=?)"),
        ("done_before", "instances_done (kept_for=? AND finished_at<?)"),
    ],
)
def test_the_busiest_statements_use_the_index_made_for_them(ledger: Ledger, name: str, index: str) -> None:
    assert any(index in step for step in plan(ledger, name)), plan(ledger, name)
