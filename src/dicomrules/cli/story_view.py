"""The story of one instance: who sent it, what was said on the wire, what was decided, what became of it."""

from collections.abc import Iterator
from datetime import datetime

import click

from dicomrules.cli.decision_view import INDENT, decision_lines
from dicomrules.cli.output import folded
from dicomrules.dicom import uids
from dicomrules.model.delivery import Kind, State
from dicomrules.model.exchange import AnyExchange, CommandSet, Exchange, HttpExchange
from dicomrules.model.instance import Verdict
from dicomrules.queue.entry import InstanceState
from dicomrules.queue.request import Progress, Request
from dicomrules.queue.story import Attempt, DeliveryStory, InstanceStory

_FIRST, _LAST = 3, 10  # of many attempts, so many are shown
_HEXADECIMAL = {"CommandField", "Status", "CommandDataSetType", "WarningReason", "FailureReason"}
_STATE_COLOUR = {
    State.SENT: "green",
    State.STORED: "yellow",
    State.FAILED: "red",
    State.HELD: "red",
    State.DEFERRED: "yellow",
}
_FATE = {
    InstanceState.WAITING: "on its way",
    InstanceState.HELD: "held",
    InstanceState.DELIVERED: "delivered",
    InstanceState.DONE: "delivered",
    InstanceState.GONE: "over, its bytes are no longer kept",
}


def story_lines(story: InstanceStory, columns: int) -> Iterator[str]:
    """The whole story, line by line."""
    yield click.style(f"instance {story.key.sop_instance}", bold=True)
    yield from _facts(story, columns)
    if story.exchange is not None:
        yield ""
        yield click.style("arrival", bold=True)
        yield from _exchange_lines(story.exchange, "from", columns)
    yield ""
    yield from decision_lines(story.decision, columns)
    if story.state is InstanceState.HELD and story.decision.verdict is Verdict.SEND and not story.decision.stopped:
        sent = any(delivery.state is State.SENT for delivery in story.deliveries)
        text = f"but held: {story.reason}" + ("" if sent else "; so far nothing of it is sent")
        yield from (click.style(line, fg="red") for line in folded(text, columns, INDENT, INDENT))
    for delivery in story.deliveries:
        yield ""
        yield from _delivery_lines(delivery, columns)
    if story.requests:
        yield ""
        yield click.style("asked for by people", bold=True)
        for request in story.requests:
            yield from _request_lines(request, columns)


def _facts(story: InstanceStory, columns: int) -> Iterator[str]:
    peer = story.peer
    sender = f" from {peer.calling_aet} ({peer.address})" if peer.calling_aet else f" from {peer.address}"
    sender = sender if peer.address else ""
    fate = _FATE[story.state] + (f': "{story.reason}"' if story.reason else "")
    if story.reason.startswith("discarded by"):
        fate = story.reason
    rows = {
        "what": f"{uids.uid_name(story.key.sop_class)}, {uids.uid_name(story.transfer_syntax)}, {story.length:,} bytes",
        "study": story.key.study,
        "order": story.accession,
        "series": story.key.series,
        "came": f"{_moment(story.received_at)} by {peer.receiver}{sender}",
        "copies": f"received {story.copies} times" if story.copies > 1 else "",
        "source": story.source_path,
        "now": fate,
        "kept": story.spool_ref,
    }
    for name, value in rows.items():
        if value:
            yield from folded(f"{name:7} {value}", columns, INDENT, " " * 8)


def _request_lines(request: Request, columns: int) -> Iterator[str]:
    """Who asked for what and when, why, and what came of it."""
    wish = request.wish
    where = f" to {wish.destination}" if wish.destination else ""
    text = f"{_moment(request.asked_at)}  {wish.kind.value}{where}, by {wish.who}" + (
        f': "{wish.why}"' if wish.why else ""
    )
    yield from folded(text, columns, INDENT, "  ")
    came = request.answer if request.ended_at is not None else "not done yet"
    colour = "green" if request.progress is Progress.DONE else "yellow"
    yield from (click.style(line, fg=colour) for line in folded(came, columns, INDENT * 2, "  "))


def _exchange_lines(exchange: AnyExchange, preposition: str, columns: int) -> Iterator[str]:
    if isinstance(exchange, HttpExchange):
        yield from _http_lines(exchange, columns)
    else:
        yield from _association_lines(exchange, preposition, columns)


def _http_lines(exchange: HttpExchange, columns: int) -> Iterator[str]:
    yield from folded(f"{exchange.method} {exchange.url}", columns, INDENT, INDENT * 2)
    yield from _command_lines("request", exchange.request, exchange.started_at, columns)
    if exchange.status:
        said = {"HTTP": exchange.status, **(exchange.response or {})}
        yield from _command_lines("response", said, exchange.ended_at, columns)


def _association_lines(exchange: Exchange, preposition: str, columns: int) -> Iterator[str]:
    association, context = exchange.association, exchange.context
    implementation = f", {association.implementation}" if association.implementation else ""
    yield (
        f"{INDENT}association {association.calling_aet} -> {association.called_aet} "
        f"{preposition} {association.address}{implementation}"
    )
    if context is not None:
        syntaxes = f"{uids.uid_name(context.abstract_syntax)}, {uids.uid_name(context.transfer_syntax)}"
        yield f"{INDENT}presentation context {context.id}: {syntaxes}"
    if exchange.request:  # none is sent where no presentation context was to be had
        yield from _command_lines("C-STORE-RQ", exchange.request, exchange.started_at, columns)
    if exchange.response is not None:
        yield from _command_lines("C-STORE-RSP", exchange.response, exchange.ended_at, columns)


def _command_lines(name: str, command: CommandSet, at: datetime | None, columns: int) -> Iterator[str]:
    """A command set with its fields named, wrapped at fields."""
    head = f"{INDENT}{name:11} "
    fields = [f"{keyword} {_field(keyword, value)}" for keyword, value in command.items()]
    if at is not None:
        fields.insert(0, f"{at:%H:%M:%S}.{at.microsecond // 1000:03}")
    line = head
    for number, text in enumerate(fields):
        piece = text + ("" if number == len(fields) - 1 else ", ")
        if len(line) + len(piece.rstrip()) > columns and line.strip() != name:
            yield line.rstrip()
            line = " " * len(head)
        line += piece
    yield line.rstrip()


def _field(keyword: str, value: int | str) -> str:
    if keyword in _HEXADECIMAL and isinstance(value, int):
        return f"0x{value:04X}"
    return str(value)


def _delivery_lines(delivery: DeliveryStory, columns: int) -> Iterator[str]:
    state = click.style(delivery.state.value, fg=_STATE_COLOUR.get(delivery.state), bold=True)
    count = len(delivery.attempts)
    attempts = f"{count} attempt{'' if count == 1 else 's'}"
    again = f", next at {_moment(delivery.next_attempt)}" if delivery.state is State.DEFERRED else ""
    yield click.style(f"delivery to {delivery.destination}", bold=True) + f": {state}, {attempts}{again}"
    for asked in delivery.commitments[-_FIRST:]:
        answered = f"reported {_moment(asked.answered_at)}" if asked.answered_at else "no report yet"
        text = f"asked for storage commitment {_moment(asked.asked_at)}, {answered}, transaction {asked.transaction}"
        yield from folded(text, columns, INDENT, INDENT * 2)
    left_out = count - _FIRST - _LAST
    for place, attempt in enumerate(delivery.attempts):
        if left_out <= 0 or place < _FIRST or place >= count - _LAST:
            yield from _attempt_lines(attempt, columns)
        elif place == _FIRST:
            yield f"{INDENT}… {left_out} more: --format json shows all"


def _attempt_lines(attempt: Attempt, columns: int) -> Iterator[str]:
    outcome = attempt.outcome
    when = f"{_moment(outcome.started_at)}  " if outcome.started_at else ""
    colour = "green" if outcome.kind in (Kind.SENT, Kind.STORED) else "yellow"
    late = " (late: it changed nothing)" if attempt.late else ""
    first, *others = folded(f"{attempt.number}. {when}{outcome.kind.value}: {outcome.message}{late}", columns - 2)
    yield INDENT + first.replace(outcome.kind.value, click.style(outcome.kind.value, fg=colour), 1)
    yield from (INDENT * 2 + " " + line for line in others)
    if outcome.exchange is not None:
        yield from (INDENT + line for line in _exchange_lines(outcome.exchange, "at", columns - len(INDENT)))


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"
