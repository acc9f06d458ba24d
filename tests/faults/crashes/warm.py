"""What the warm process has loaded and compiled before it forks the first life."""

from tests.faults.crashes.life import engine_of, plan

engine_of(plan())
