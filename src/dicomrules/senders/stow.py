"""Sends deliveries to an origin server by STOW-RS (PS3.18 10.5).

The theory. What became of an instance stands in the body of the response and nowhere else: servers answer 200 beside
failures, and 400 or 409 beside instances that they stored. So an instance is sent when the body names it, with its
SOP class, among the stored ones; it is refused when the body names it among the failed ones, for the reason given
there; and about one that is not named nothing is known, whatever the code: it is sent again.

The code of the response says how to go on. One that blames the request as a whole (too long, not understood, broken by
it) is put to the test: the request is halved until the instance that it is about stands alone, so that one instance
which a server cannot bear holds up no other. One that speaks of the destination (busy, not allowed, not there) ends
the batch, and is told to the lanes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dicomrules.dicom.patch import new_length
from dicomrules.model.delivery import Delivery, Kind, Outcome, Trouble
from dicomrules.model.destination import StowDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.exchange import HttpExchange
from dicomrules.model.ports import Emit
from dicomrules.senders import status, stow_answer
from dicomrules.senders.cstore import Files
from dicomrules.senders.http import Answer, Client, NoAnswer, Request
from dicomrules.senders.received import Corrupt
from dicomrules.senders.status import Weight
from dicomrules.senders.stow_answer import Report, Said, Unreadable
from dicomrules.senders.stow_body import Body, Unsendable

# What a code says about the destination as a whole, where the body does not name the instance (RFC 9110 15, RFC 6585)
_MISCONFIGURED = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405, 406, 407, 410, 415, 426, 501, 505})
_CONGESTED = frozenset({429, 503, 507, 509})
_AWAY = frozenset({502, 504})
_WORDS = {
    400: "the request is not understood",
    401: "our token is missing, wrong or over: correct `token` of the destination",
    403: "our token allows no storing here",
    404: "there is no such resource: correct `url` of the destination",
    405: "that resource takes no instances: correct `url` of the destination",
    406: "it has no response in JSON",
    407: "a proxy stands between that wants to know us",
    409: "a conflict",
    413: "the request is too long for it",
    415: "it takes no instances as application/dicom",
    429: "too many requests",
    503: "it takes nothing now",
    507: "it has no room",
}
_LONGEST_WAIT = timedelta(hours=24)
_IN_A_ROW = 3  # single instances that failed one after the other; then the rest of a batch is left for later


@dataclass(frozen=True, slots=True)
class _Response:
    """An answer read: what it says by instance, and why it cannot be read where it cannot."""

    answer: Answer
    report: Report
    unreadable: str = ""


class StowSender:
    """The model's `Sender` for one StowDestination."""

    def __init__(self, destination: StowDestination, spool: Files, emit: Emit) -> None:
        self._destination = destination
        self._files = spool
        self._emit = emit
        self._client = Client(destination.timeouts, destination.tls, self._not_reloaded)
        self._given_up: Outcome | None = None  # why the rest of this batch is not tried
        self._in_a_row = 0

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """Send them in requests of the size that the destination is given, and yield what became of each."""
        self._given_up, self._in_a_row = None, 0
        for group in _groups(deliveries, self._destination.batch):
            pending = [group]
            while pending:
                yield from self._request(pending.pop(), pending)

    def close(self) -> None:
        """Close the connection. The sender may be used again."""
        self._client.close()

    def _request(self, group: list[Delivery], pending: list[list[Delivery]]) -> Iterator[tuple[Delivery, Outcome]]:
        """One request; puts what is still to be asked of its instances on `pending`."""
        if self._given_up is not None:
            yield from ((delivery, self._given_up) for delivery in group)
            return
        body = Body(group, self._files)
        started = datetime.now(UTC)
        try:
            response = _read(self._client.ask(self._post(body)))
        except Unsendable as found:
            rest = [delivery for delivery in group if delivery is not found.delivery]
            pending += [rest] if rest else []
            yield found.delivery, self._unfit(found, started)
            return
        except NoAnswer as none:
            exchange = self._exchange(body, len(group), started, none.status)
            outcome = Outcome(Kind.DEFERRED, none.text, None, exchange, started, datetime.now(UTC), none.trouble)
            if none.trouble is Trouble.MISCONFIGURED:
                self._note("stow.refused", Level.ERROR, "a destination could not be used", none.text)
            self._given_up = replace(outcome, exchange=None)
            yield from ((delivery, outcome) for delivery in group)
            return
        yield from self._judged(group, pending, response, self._exchange(body, len(group), started, response.answer))

    def _post(self, body: Body) -> Request:
        headers = {
            "Content-Type": body.content_type,
            "Accept": "application/dicom+json",
            **authorization(self._destination),
        }
        return Request("POST", f"{self._destination.url.rstrip('/')}/studies", headers, body, body.length)

    def _judged(
        self, group: list[Delivery], pending: list[list[Delivery]], response: _Response, exchange: HttpExchange
    ) -> Iterator[tuple[Delivery, Outcome]]:
        unnamed: list[Delivery] = []
        self._strangers(group, response.report)
        for delivery in group:
            said = response.report.said.get(delivery.sop_instance)
            if said is None:
                unnamed.append(delivery)
                continue
            outcome = _about(said, delivery)
            self._in_a_row = 0
            if outcome.status and outcome.kind is Kind.SENT:
                self._warn(delivery, outcome.message)
            yield delivery, replace(_timed(outcome, exchange), exchange=_with(exchange, said))
        if not unnamed:
            return
        if _blames_request(response) and len(group) > 1:
            # With others gone, what is left may pass; else it is halved until the one that is meant stands alone.
            half = len(unnamed) // 2 or 1
            pending += [part for part in (unnamed[half:], unnamed[:half]) if part]
            return
        yield from self._unnamed(unnamed, response, exchange)

    def _unnamed(
        self, unnamed: list[Delivery], response: _Response, exchange: HttpExchange
    ) -> Iterator[tuple[Delivery, Outcome]]:
        """What becomes of instances about which the body says nothing."""
        code = response.answer.status
        trouble, words = _trouble(code), _words(response)
        after = _retry_after(response.answer) if trouble in (Trouble.CONGESTED, Trouble.AWAY) else None
        if trouble is not Trouble.NONE:
            self._given_up = Outcome(Kind.DEFERRED, words, trouble=trouble, retry_after=after)
        else:
            self._in_a_row += 1
            if self._in_a_row >= _IN_A_ROW:
                away = Trouble.AWAY if code >= 500 else Trouble.NONE
                self._given_up = Outcome(Kind.DEFERRED, words, trouble=away)
        for delivery in unnamed:
            found = replace(_timed(Outcome(Kind.DEFERRED, words), exchange), trouble=trouble, retry_after=after)
            if delivery.sop_instance in response.report.contradicted:
                found = replace(found, message="the response names it both as stored and as failed: sent again")
            elif code in (400, 409, 413, 422) and not response.unreadable and len(unnamed) == 1:
                never = delivery.refusals + 1 >= status.TRIES
                found = replace(found, kind=Kind.FAILED if never else Kind.DEFERRED, refused=True)
            yield delivery, found

    def _exchange(self, body: Body, parts: int, started: datetime, answer: Answer | int) -> HttpExchange:
        asked: dict[str, int | str] = {"Content-Length": body.length, "parts": parts}
        code = answer if isinstance(answer, int) else answer.status
        said: dict[str, int | str] | None = None
        if isinstance(answer, Answer):
            kept = ("content-type", "retry-after", "location")
            said = {name.title(): answer.header(name)[:200] for name in kept if answer.header(name)}
            said["Content-Length"] = len(answer.body)
        url = f"{self._destination.url.rstrip('/')}/studies"
        return HttpExchange("POST", url, asked, code, said, started, datetime.now(UTC))

    def _unfit(self, found: Unsendable, started: datetime) -> Outcome:
        # Without a system call that failed, it is the file that is not what we wrote.
        corrupt = isinstance(found.why, Corrupt) or not found.why.errno
        kind, why = Kind.CORRUPT if corrupt else Kind.DEFERRED, str(found.why)
        fields = {"destination": self._destination.name, "sop_instance": found.delivery.sop_instance, "why": why}
        text = "the bytes of an instance could not be sent as received"
        self._emit(Event("delivery.unfit", Level.ERROR, text, fields))
        return Outcome(kind, why, started_at=started, ended_at=datetime.now(UTC))

    def _strangers(self, group: Sequence[Delivery], report: Report) -> None:
        """A response that names what was not sent is told: it is the answer to something else."""
        if set(report.said) - {delivery.sop_instance for delivery in group}:
            text = "a response names instances that its request did not hold"
            self._note("stow.violated", Level.ERROR, text, "")

    def _warn(self, delivery: Delivery, why: str) -> None:
        fields = {"destination": self._destination.name, "sop_instance": delivery.sop_instance, "why": why}
        text = "a destination stored an instance with a warning"
        self._emit(Event("delivery.warned", Level.WARNING, text, fields))

    def _not_reloaded(self, why: str) -> None:
        text = "changed certificates cannot be used: those of before go on being used"
        self._note("tls.not_reloaded", Level.ERROR, text, why)

    def _note(self, name: str, level: Level, text: str, why: str) -> None:
        fields = {"destination": self._destination.name, "url": self._destination.url}
        self._emit(Event(name, level, text, fields | ({"why": why} if why else {})))


def authorization(destination: StowDestination) -> dict[str, str]:
    """The header field that says who we are (RFC 6750 2.1); empty without a token."""
    return {"Authorization": f"Bearer {destination.token}"} if destination.token else {}


def _groups(deliveries: Sequence[Delivery], batch: int) -> Iterator[list[Delivery]]:
    """In order, as many together as fit into one request."""
    group: list[Delivery] = []
    length = 0
    for delivery in deliveries:
        needs = new_length(delivery.patch, delivery.length)
        if group and length + needs > batch:
            yield group
            group, length = [], 0
        group.append(delivery)
        length += needs
    if group:
        yield group


def _read(answer: Answer) -> _Response:
    try:
        return _Response(answer, stow_answer.read(answer.header("content-type"), answer.body))
    except Unreadable as problem:
        return _Response(answer, Report(), str(problem))


def _about(said: Said, delivery: Delivery) -> Outcome:
    """What the body says of this instance."""
    if said.sop_class and said.sop_class != delivery.sop_class:
        return Outcome(Kind.DEFERRED, "the response names it with another SOP class: sent again")
    if said.stored:
        code = said.warning or 0
        row = status.meaning(code)
        words = row.words if row.weight in (Weight.STORED, Weight.WARNED) else "stored, with a warning"
        return Outcome(Kind.SENT, f"warning 0x{code:04X} {words}" if code else words, code)
    if said.failure is None:
        return Outcome(Kind.DEFERRED, "refused without a reason (Failure Reason is missing)")
    judged = status.judge_http(said.failure, delivery.refusals)
    return Outcome(judged.kind, judged.message, said.failure, trouble=judged.trouble, refused=judged.refused)


def _timed(outcome: Outcome, exchange: HttpExchange) -> Outcome:
    return replace(outcome, exchange=exchange, started_at=exchange.started_at, ended_at=exchange.ended_at)


def _with(exchange: HttpExchange, said: Said) -> HttpExchange:
    """The exchange as one instance sees it: with what the body says of it."""
    codes = {"WarningReason": said.warning, "FailureReason": said.failure}
    found = {name: code for name, code in codes.items() if code is not None}
    where = "ReferencedSOPSequence" if said.stored else "FailedSOPSequence"
    return replace(exchange, response={**(exchange.response or {}), "named in": where, **found})


def _blames_request(response: _Response) -> bool:
    """Whether fewer instances could fare better: not where the destination as a whole is meant, nor after a success."""
    code = response.answer.status
    return code >= 400 and _trouble(code) is Trouble.NONE


def _trouble(code: int) -> Trouble:
    for codes, trouble in (
        (_MISCONFIGURED, Trouble.MISCONFIGURED),
        (_CONGESTED, Trouble.CONGESTED),
        (_AWAY, Trouble.AWAY),
    ):
        if code in codes:
            return trouble
    return Trouble.NONE


def words_of(code: int) -> str:
    """What a code other than 2xx says, in words."""
    if 300 <= code < 400:
        return f"HTTP {code}: it is elsewhere now, and redirects are not followed: correct `url` of the destination"
    return f"HTTP {code}: {_WORDS.get(code, 'it failed' if code >= 500 else 'it refuses')}"


def _words(response: _Response) -> str:
    code = response.answer.status
    if code >= 300:
        return words_of(code)
    if response.unreadable:
        return f"HTTP {code}, but {response.unreadable}: nothing is known of the instance, and it is sent again"
    return f"HTTP {code}, but the response does not name the instance: nothing is known of it, and it is sent again"


def _retry_after(answer: Answer) -> timedelta | None:
    """How long we are to wait (RFC 9110 10.2.3): seconds or a date; never longer than a day."""
    text = answer.header("retry-after").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    wait = until - datetime.now(UTC) if until.tzinfo else None
    return min(max(wait, timedelta(0)), _LONGEST_WAIT) if wait is not None else None
