"""One life of a gateway between two crashes, without the weight of a start: intake and delivery with all that they do,
in one process that is forked from a warm one. Instances are handed to intake as a receiver would; they leave over a
real association.

It tells what happens by lines on a pipe: `born`, `ack UID`, `flight UID NUMBER`, `seen SITE`, `site SITE`
(empty: at no call), `ended TEXT`, `wrong TEXT`, `held UID`, `again UID`, `drained`.
"""

import asyncio
import hashlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from string import Template

import apsw

from dicomrules.model.destination import DicomDestination
from dicomrules.model.event import Event
from dicomrules.model.instance import Envelope, Peer
from dicomrules.model.receiver import Limits
from dicomrules.pipeline.committer import Committer
from dicomrules.pipeline.intake import Intake, Means
from dicomrules.queue.errors import LedgerError
from dicomrules.queue.reader import Reader
from dicomrules.receivers.arrival import Arrival, envelope
from dicomrules.service.compiled import check_text
from dicomrules.service.delivery import _Work
from dicomrules.service.intake import _sweep_leftovers, engine_of, open_state
from dicomrules.service.lost import mend
from dicomrules.service.plan import Plan, StartFailed
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool
from tests.faults.crashes.disk import cut
from tests.faults.crashes.sites import Doom, Sites
from tests.oracle.images import image

SITE = Path(__file__).parent / "site"
SIZE = 3000  # bytes of the pixels of each image
_EXPLICIT, _CT = "1.2.840.10008.1.2.1", "1.2.840.10008.5.1.4.1.1.2"
_UNDER_WAY = (
    "SELECT sop_instance, attempts FROM deliveries d JOIN instances i ON i.id = instance_id WHERE d.state = 'sending'"
)
# A sender repeats what was not acknowledged; when that is delivered and swept already, it is an arrival of its own.
_CAME_AGAIN = (
    "SELECT sop_instance FROM instances i WHERE received_at > "
    "(SELECT max(received_at) FROM instances e WHERE e.sop_instance = i.sop_instance AND e.id < i.id)"
)
_LAST_GASP = 0.03  # seconds that a process lives on with a dead disk, on which nothing may be called safe


@dataclass(frozen=True)
class Birth:
    """What a life is born with.

    `numbers` are the next image of each patient; `owed` are UIDs acknowledged before which no destination is known to
    have; `how`: `cut`, `cut -f`, `kill`, or `drain` for one that ends by itself; `skipped`: see `Sites.install`.
    """

    state: Path
    sink: int
    numbers: dict[str, int]
    owed: tuple[str, ...]
    how: str
    doom: Doom
    skipped: str = ""


@cache
def plan() -> Plan:
    """The site, compiled once in the warm process."""
    file = SITE / "gateway.yaml"
    text = Template(file.read_text()).substitute(port=11112, sink=11113)
    checked = check_text(file, text, {}, lambda path: Path(path).read_text())
    program = checked.rulebook and checked.rulebook.program
    assert checked.settings, checked.diagnostics
    assert program, checked.diagnostics
    return Plan(checked.settings, program)


def live(birth: Birth, pipe: Connection, go: Connection) -> None:
    """The whole life, from the moment that `go` says so."""
    told = _Telling(pipe)
    told.line("born")
    go.recv()
    sites = Sites(birth.doom, lambda site: _end(birth, told, sites, site))
    sites.install(birth.skipped)
    if birth.how != "drain":
        late = threading.Timer(birth.doom.seconds, _end, (birth, told, sites, ""))
        late.daemon = True
        late.start()
    try:
        _live(birth, told, sites)
    except (StartFailed, SpoolError, LedgerError, OSError, apsw.Error) as error:
        told.line(f"ended {type(error).__name__}: {error}")
        time.sleep(2 * _LAST_GASP)
    os._exit(0)


def _live(birth: Birth, told: "_Telling", sites: Sites) -> None:
    settings = plan().settings
    sink = settings.destinations[0]
    assert isinstance(sink, DicomDestination)
    here = replace(
        plan(), settings=replace(settings, state=birth.state, destinations=(replace(sink, port=birth.sink),))
    )
    mend(birth.state, told.hear)
    spool, ledger = open_state(here)
    crashes = _sweep_leftovers(spool, ledger, told.hear)
    _check(birth, spool, told, sites)
    work = _Work(here, told.hear)
    work.start()
    with ThreadPoolExecutor(2, "intake") as pool:
        means = Means(spool, Committer(spool, ledger, work.delivery.wake), pool, told.hear, crashes)
        intake = Intake(engine_of(here), here.program.fingerprint, means)
        stopping = threading.Event()
        beside = threading.Thread(target=_deliver, args=(work, stopping), daemon=True)
        beside.start()
        if birth.how == "drain":
            _drain(birth.state, told)
            stopping.set()
            work.drain(5.0)
        else:
            asyncio.run(_send(_Intake(spool, intake, sites, told), birth.numbers))


def _deliver(work: _Work, stopping: threading.Event) -> None:
    while not stopping.is_set():
        work.step()
        time.sleep(0.02)


@dataclass(frozen=True)
class _Intake:
    spool: Spool
    intake: Intake
    sites: Sites
    told: "_Telling"

    async def store(self, peer: Peer, uid: str, data: bytes) -> bool:
        """One instance as a receiver would hand it over; whether it was acknowledged."""
        dead = self.sites.dead
        try:
            incoming = self.spool.receive(_CT, uid, _EXPLICIT, peer.calling_aet)
            incoming.write(data)
        except SpoolError:
            return False
        arrival = Arrival(incoming, _EXPLICIT, peer, datetime.now(UTC), (_CT, uid))
        arrived = envelope(arrival, self.spool, Limits())
        if not isinstance(arrived, Envelope) or (await self.intake.accept(arrived)).status:
            return False
        self.told.line(f"wrong {uid} was acknowledged, and the disk was dead before it came" if dead else f"ack {uid}")
        return True


async def _send(intake: _Intake, numbers: dict[str, int]) -> None:
    await asyncio.gather(*(_one_sender(intake, patient, first) for patient, first in numbers.items()))


async def _one_sender(intake: _Intake, patient: str, first: int) -> None:
    """One image after the other, the next when the last was acknowledged, until the end."""
    peer, number = Peer(f"CT_{patient}", "DICOMRULES", "127.0.0.1", "modalities"), first
    while True:
        if await intake.store(peer, *image(patient, number, SIZE)):
            number += 1
        else:
            await asyncio.sleep(0.01)


def _drain(state: Path, told: "_Telling") -> None:
    """Wait until everything is delivered or held, and tell what is held."""
    reader = Reader.open(state)
    deadline, quiet = time.monotonic() + 60, 0
    while quiet < 3:
        counts = [each.deliveries for each in reader.status().destinations]
        waiting = sum(count[name] for count in counts for name in ("queued", "sending", "deferred"))
        quiet = quiet + 1 if waiting == 0 else 0
        if time.monotonic() > deadline:
            told.line(f"wrong {waiting} deliveries still wait after a minute")
            break
        time.sleep(0.1)
    after = 0
    while page := reader.held(after):
        after = page[-1].instance_id
        for one in page:
            told.line(f"held {one.key.sop_instance}")
    reader.close()
    connection = apsw.Connection(str(state / "ledger.db"), flags=apsw.SQLITE_OPEN_READONLY)
    for (uid,) in connection.execute(_CAME_AGAIN):
        told.line(f"again {uid}")
    connection.close()
    told.line("drained")


def _check(birth: Birth, spool: Spool, told: "_Telling", sites: Sites) -> None:
    """Which attempts were cut off; and what was acknowledged before is in the ledger, with its bytes in the spool."""
    connection = apsw.Connection(str(birth.state / "ledger.db"), flags=apsw.SQLITE_OPEN_READONLY)
    for uid, attempt in connection.execute(_UNDER_WAY):
        told.line(f"flight {uid} {attempt}")
    ask = "SELECT spool_ref, digest, state FROM instances WHERE sop_instance = ?"
    for uid in birth.owed:
        rows = list(connection.execute(ask, (uid,)))
        if not rows:
            told.line(f"wrong {uid} was acknowledged and is not in the ledger")
        for ref, digest, state in rows:
            if state not in ("waiting", "held"):
                continue
            try:
                with spool.open(ref) as stored:
                    whole = hashlib.sha256(stored.source().read(0, stored.length)).digest()
            except SpoolError as error:
                if sites.ending:  # the disk is gone already
                    break
                told.line(f"wrong {uid} is {state} and its bytes are not there: {error}")
                continue
            if whole != digest:
                told.line(f"wrong {uid} is {state} and its bytes are others")
    connection.close()


def _end(birth: Birth, told: "_Telling", sites: Sites, site: str) -> None:
    """Here it comes, once."""
    if not sites.end_begins():
        return
    for seen in list(sites.seen):
        told.line(f"seen {seen}")
    told.line(f"site {site}")
    if birth.how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    cut(str(birth.state), flushes_log=birth.how == "cut -f")
    sites.dead = True
    death = threading.Timer(_LAST_GASP, os.kill, (os.getpid(), signal.SIGKILL))
    death.daemon = True
    death.start()


class _Telling:
    """The pipe; each line is written at once, so that none is lost with the process."""

    def __init__(self, pipe: Connection) -> None:
        self._fd = os.dup(pipe.fileno())

    def line(self, text: str) -> None:
        os.write(self._fd, text.replace("\n", " ").encode()[:1000] + b"\n")

    def hear(self, event: Event) -> None:
        """The events of a gateway, of which a few count here."""
        if event.name in ("ledger.damaged", "ledger.lost", "delivery.held", "lane.failed", "decision.failed"):
            self.line(f"wrong event {event.name}: {event.text} {dict(event.fields)}")
