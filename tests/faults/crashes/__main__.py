"""Crash after crash: power cuts and kills at every durable call and at random moments, and the oracle's verdict.

    python -m tests.faults.crashes cuts --number 1500
    python -m tests.faults.crashes kills --number 1000
    python -m tests.faults.crashes injected-kills --number 500
    python -m tests.faults.crashes injected-errors --number 500
    python -m tests.faults.crashes gateway-cuts --number 100
    python -m tests.faults.crashes gateway-kills --number 500

The first four crash what intake and delivery do, in a process forked from a warm one; the others a whole gateway.
Power cuts need root and loop devices: run it in `unshare -m`, so that nothing stays mounted whatever happens.
"""

import argparse
import signal
import sys
import time

from tests.faults.crashes.campaign import (
    Figures,
    Plan,
    Tell,
    cuts,
    gateway_cuts,
    gateway_kills,
    injected_errors,
    injected_kills,
    kills,
)
from tests.faults.crashes.disk import KINDS, NoDisk
from tests.faults.crashes.inject import NoStrace

NOT_HERE = 77  # exit code: this machine cannot do that


def _tell(begun: float) -> Tell:
    told = 0

    def tell(figures: Figures, what: str) -> None:
        nonlocal told
        verdict, total = figures.verdict, sum(figures.crashes.values())
        print(
            f"{time.monotonic() - begun:6.0f} s  {total:5} crashes  {verdict.acknowledged:7} acknowledged  "
            f"{verdict.duplicates:4} twice  {len(verdict.wrong)} wrong  ({what})",
            flush=True,
        )
        for line in verdict.wrong[told:]:
            print(f"          {line}", flush=True)
        told = len(verdict.wrong)

    return tell


_CAMPAIGNS = {
    "cuts": cuts,
    "kills": kills,
    "injected-kills": injected_kills,
    "injected-errors": injected_errors,
    "gateway-cuts": gateway_cuts,
    "gateway-kills": gateway_kills,
}


def main() -> None:
    """The command line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing stays behind
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(_CAMPAIGNS))
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--series", type=int, default=25, help="crashes of one disk, before the oracle looks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disk", choices=KINDS, action="append", help="default: all kinds in turn")
    parser.add_argument("--skip", default="", help="leave a call out, such as fdatasync: is it noticed?")
    parser.add_argument("--sites", action="store_true", help="list every site and how often the end came there")
    given = parser.parse_args()
    plan = Plan(given.number, given.series, given.seed, tuple(given.disk or KINDS), given.skip)
    tell = _tell(time.monotonic())
    try:
        figures = _CAMPAIGNS[given.what](plan, tell)
    except (NoDisk, NoStrace) as why:
        print(f"that cannot be done here: {why}")
        sys.exit(NOT_HERE)
    print("\n".join(figures.lines()))
    if given.sites:
        for site, seen in sorted(figures.known.items()):
            print(f"  {figures.met[site]:4} of {seen:5}  {site}")
    sys.exit(1 if figures.verdict.wrong else 0)


if __name__ == "__main__":
    main()
