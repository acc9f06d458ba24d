"""How deciding ends early: a verdict was reached, or a look-up's answer is needed.

Raised where a closure finds out, caught in `decide` alone: nothing of it leaves the engine.
"""

from dicomrules.model.decision import Needs
from dicomrules.program.verdict import Stop


class Halt(Exception):
    """Deciding stops here with `outcome`; `note` says what brought it about where the verdict's reason does not."""

    def __init__(self, outcome: Stop | Needs, note: str = "") -> None:
        super().__init__()
        self.outcome = outcome
        self.note = note
