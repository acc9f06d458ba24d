"""Presence: absent, empty, blank, malformed, present (S16 to S22)."""

import pytest
from pydicom.dataset import Dataset
from tests.unit.engine.make import dataset, decide, eq, fires, is_, lit, p, program, read, rule, set_, with_items

from dicomrules.model.instance import Verdict
from dicomrules.program.expression import Compare, Not
from dicomrules.program.path import Nth
from dicomrules.program.ruleset import Settings
from dicomrules.program.types import Type
from dicomrules.program.verdict import Stop
