"""What can be said of a rule set only when all of it has been compiled: levels, identity, flow across rules."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from dicomrules.lang import ast
from dicomrules.lang.check.defined import defined
from dicomrules.lang.check.flow import flow
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.identity import identity
from dicomrules.lang.check.levels import levels
from dicomrules.lang.check.places import Places
from dicomrules.lang.check.required import required
from dicomrules.program.ruleset import Program

_WHOLE = ("DR4", "DR5")
"""Families of errors about parts that are there all the same."""


def overall(ground: Ground, program: Program, items: Sequence[ast.Item]) -> Program:
    """Report what the parts of a rule set do to one another, and to the objects as a whole.

    Gives the program with what was too much to look at. Where a part is missing because of an error, only levels are
    looked at: without it others would look strange.
    """
    places = Places(items)
    rules = (*program.rules, *chain.from_iterable(group.rules for group in program.groups.values()))
    levels(ground, rules, places)
    if not any(found.is_error and not found.code.startswith(_WHOLE) for found in ground.findings.found):
        flow(ground, program, places)
        required(ground, rules, places)
        identity(ground, program, places)
        defined(ground, program, places)
    return replace(program, unanalysed=tuple(ground.unproven))
