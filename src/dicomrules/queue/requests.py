"""Requests as rows: written by the command line, acted on by the delivery process, read by whoever shows history."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dicomrules.queue import encoding
from dicomrules.queue.connection import open_existing
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.request import Answer, Ask, Progress, Request, Wish
from dicomrules.queue.session import Session
from dicomrules.queue.transaction import Row, Transaction

_TOGETHER = 64  # rows of one transaction

Act = Callable[[Transaction], Answer]


class Requests:
    """The requests of one ledger."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, wishes: Sequence[Wish], now: datetime) -> list[int]:
        """Write down what a person asks for; the ids of the rows, in order. Raises LedgerError."""
        at = encoding.micros(now)
        made: list[int] = []
        for start in range(0, len(wishes), _TOGETHER):
            with self._session.writing() as tx:
                for wish in wishes[start : start + _TOGETHER]:
                    there, who, why = _text(wish.destination), _text(wish.who), _text(wish.why)
                    columns = (wish.kind.value, wish.instance_id, there, who, why, at)
                    ((identity,),) = tx.run("insert_request", columns)
                    made.append(identity)
        return made

    def get(self, identity: int) -> Request | None:
        """One request as it stands; None when it is forgotten with its instance."""
        with self._session.reading() as tx:
            rows = tx.run("request", (identity,))
        return request_of(rows[0]) if rows else None

    def open(self, limit: int) -> list[Request]:
        """Requests that nothing has come of yet, oldest first."""
        with self._session.reading() as tx:
            return [request_of(row) for row in tx.run("open_requests", (limit,))]

    def standing(self, instance_id: int) -> tuple[InstanceState, str]:
        """Where an instance that the ledger knows stands, and the reason that is kept with it."""
        with self._session.reading() as tx:
            ((state, _, reason, *_),) = tx.run("asked_about", (instance_id,))
        return InstanceState(state), reason

    def discarded(self, instance_id: int) -> bool:
        """Whether the last that a person had done with an instance was to discard it, at one destination or at all."""
        with self._session.reading() as tx:
            return tx.run("last_done", (instance_id,)) == [(Ask.DISCARD.value,)]

    def look(self, at: Callable[[Transaction], Answer | None]) -> Answer | None:
        """What a request would be answered without acting on it, None where it is to be acted on."""
        with self._session.reading() as tx:
            return at(tx)

    def begin(self, requests: Sequence[Request]) -> None:
        """These are acted on next: committed before the work, so that one that takes the process down is known."""
        with self._session.writing() as tx:
            for request in requests:
                tx.run("begin_request", (request.id,))

    def carry_out(self, request: Request, act: Act, now: datetime) -> Answer:
        """Act on a request and write down what came of it, in one transaction."""
        with self._session.writing() as tx:
            answer = act(tx)
            progress = Progress.DONE if answer.done else Progress.REFUSED
            tx.run("end_request", (progress.value, answer.text, encoding.micros(now), request.id))
        return answer

    def step(self, act: Callable[[Transaction], int]) -> int:
        """One transaction of a request that takes many; how many deliveries it was about."""
        with self._session.writing() as tx:
            return act(tx)


@contextmanager
def asking(state: Path) -> Iterator[Requests]:
    """The requests of the ledger in `state`, for the command line. LedgerRefused when there is no ledger."""
    session = Session(state, open_existing)
    try:
        yield Requests(session)
    finally:
        session.close()


def _text(given: str) -> str:
    """What a person gave on a command line whose terminal is not in UTF-8; what cannot be read of it is `?`."""
    return given.encode("utf-8", "replace").decode("utf-8")


def request_of(row: Row) -> Request:
    """A row as a value."""
    identity, kind, instance_id, destination, who, why, asked_at, state, answer, ended_at = row
    wish = Wish(Ask(kind), who, why, instance_id, destination)
    ended = encoding.optional_moment(ended_at)
    return Request(identity, wish, encoding.moment(asked_at), Progress(state), answer, ended)
