"""What a gateway is made of, before any process of it runs: settings, the compiled rules, the pipes to its children."""

import json
import os
from dataclasses import dataclass

from dicomrules.config.settings import Settings
from dicomrules.model.destination import DicomDestination
from dicomrules.program.ruleset import Program
from dicomrules.service.snapshot import Snapshot

# Exit codes, after sysexits(3); documented in the command line's help.
DONE = 0
DIED_AGAIN = 70
IO_ERROR = 74
TRY_LATER = 75
CONFIG = 78

DRAIN_SECONDS = 30.0  # how long what is under way may take to finish after SIGTERM
ORPHAN_SECONDS = 1.0  # the same when the parent has died: the next gateway waits for the lock that its children hold


@dataclass(frozen=True, slots=True)
class Plan:
    """One gateway: shared by parent and children, never changed. `number` counts the reloads of this run.

    `snapshot` is what it was compiled from; None: nothing of it is kept, and there is no reload.
    """

    settings: Settings
    program: Program
    log_as_json: bool = False
    snapshot: Snapshot | None = None
    number: int = 0

    @property
    def applications(self) -> dict[str, tuple[str, str]]:
        """Destination -> (AE title, host), for the loop guard."""
        destinations = self.settings.destinations
        return {each.name: (each.aet, each.host) for each in destinations if isinstance(each, DicomDestination)}


class StartFailed(Exception):
    """A child cannot do its work, and starting it again would not help. `code` is the gateway's exit code."""

    def __init__(self, code: int, problem: str, way_out: str = "") -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.way_out = way_out


class StateLost(Exception):
    """The disk has failed spool or ledger, which take nothing more. A process that is started anew opens them anew."""


@dataclass(frozen=True, slots=True)
class Line:
    """A child's line to its parent: one report, when it is ready or knows that it never will be.

    `parent` is readable, by its end of file, when the parent has died. `crashed`: the process before this one died of
    itself, so that something it had in hand may be the cause.
    """

    report: int
    parent: int
    crashed: bool = False

    def ready(self, doing: str) -> None:
        """Tell that the child does its work; `doing` is its part of the ready line."""
        self._tell({"doing": doing})

    def failed(self, failure: StartFailed) -> None:
        """Tell that it never will."""
        self._tell({"code": failure.code, "problem": failure.problem, "way_out": failure.way_out})

    def _tell(self, report: dict[str, str | int]) -> None:
        os.write(self.report, json.dumps(report).encode() + b"\n")
        os.close(self.report)
