"""What can be said of a rule set only when all of it has been compiled: levels, identity, flow across rules."""

from collections.abc import Sequence
from itertools import chain

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.levels import levels
from dicomrules.lang.check.places import Places
from dicomrules.program.ruleset import Program


def overall(ground: Ground, program: Program, items: Sequence[ast.Item]) -> None:
    """Report what the parts of a rule set do to one another, and to the objects as a whole."""
    places = Places(items)
    rules = (*program.rules, *chain.from_iterable(group.rules for group in program.groups.values()))
    levels(ground, rules, places)
