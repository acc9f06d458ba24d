"""One write transaction: statements by name, moves of deliveries, and the counters that go with them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import apsw

from dicomrules.model.delivery import MOVES, State
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.statements import statements

GROUP = 64  # rows that one transaction writes at most

Row = tuple[Any, ...]
Value = str | bytes | int | None


class Transaction:
    """Runs statements between BEGIN and COMMIT. What is counted is written once, by `flush`, before the COMMIT."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._statements = statements()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._days: Counter[tuple[str, str, str]] = Counter()
        self.consignments: dict[tuple[str, object], int] = {}  # ids of those that this transaction has met
        self.study_patients: dict[str, list[Row]] = {}  # what it has read of them

    def run(self, name: str, bindings: tuple[Value, ...] | Mapping[str, Value] = ()) -> list[Row]:
        """Run the statement of that name to its end; its rows."""
        return self._connection.execute(self._statements[name], bindings).fetchall()

    def count(self, scope: str, name: str, item: str, by: int = 1) -> None:
        """Add to a counter."""
        self._counts[scope, name, item] += by

    def count_on(self, day: str, name: str, what: str) -> None:
        """Add one to what a day has of a receiver or a destination."""
        self._days[day, name, what] += 1

    def move(self, destination: str, before: State, after: State) -> None:
        """Count one delivery that goes from one state to another. Only moves that the theory knows are made."""
        if after not in MOVES[before]:
            raise ValueError(f"a delivery does not go from {before} to {after}")
        self.count("delivery", destination, before, -1)
        self.count("delivery", destination, after)

    def move_instance(self, before: InstanceState, after: InstanceState) -> None:
        """Count one instance that goes from one state to another."""
        self.count("instance", "", before, -1)
        self.count("instance", "", after)

    def flush(self) -> None:
        """Write what was counted."""
        for (scope, name, item), by in self._counts.items():
            if by:
                self.run("count", (scope, name, item, by))
        for (day, name, what), by in self._days.items():
            self.run("count_on", (day, name, what, by))
        self._counts.clear()
        self._days.clear()
