"""Alarms to people: an alarm as text, and the two ways by which it leaves. Raises NotTold."""

import json
import smtplib
from datetime import datetime
from email.message import EmailMessage

from dicomrules.model.observing import Mail, Webhook
from dicomrules.observe.alarms import Alarm, Turn

_SECONDS = 10.0


class NotTold(Exception):
    """It did not reach anybody. The text says why and holds no address."""


def as_json(alarm: Alarm, gateway: str, at: datetime) -> bytes:
    """An alarm as one JSON object: what is kept until it is told, and what a webhook gets."""
    one = alarm.condition
    return json.dumps(
        {
            "gateway": gateway,
            "turn": alarm.turn.value,
            "condition": one.name,
            "subject": one.subject,
            "severity": one.severity.value,
            "text": one.text,
            "way_out": one.way_out,
            "since": alarm.since.isoformat(timespec="seconds"),
            "at": at.isoformat(timespec="seconds"),
        }
    ).encode()


def tell(where: Webhook | Mail, kept: bytes) -> None:
    """Tell one alarm, as `as_json` made it."""
    if isinstance(where, Webhook):
        _post(where, kept)
    else:
        _mail(where, json.loads(kept))


def _post(where: Webhook, kept: bytes) -> None:
    import httpx  # 5 MB, for whoever has a webhook

    try:
        with httpx.Client(trust_env=False, timeout=_SECONDS, follow_redirects=False) as client:
            answer = client.post(where.url, content=kept, headers={"Content-Type": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotTold(f"the webhook could not be called: {type(error).__name__}") from error
    if not answer.is_success:
        raise NotTold(f"the webhook answered {answer.status_code}")


def _mail(where: Mail, said: dict[str, str]) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = where.sender, where.to
    over = " is over" if said["turn"] == Turn.OVER else ""
    letter["Subject"] = f"[{said['gateway']}] {said['severity']}: {said['text']}{over}"
    letter.set_content(
        f"{said['text']}.\n\nWhat to do: {said['way_out']}\n\n"
        f"{said['turn']}, since {said['since']}\n{said['condition']} {said['subject']}\n"
    )
    try:
        with smtplib.SMTP(where.host, where.port, timeout=_SECONDS) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
            server.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTold(f"the mail could not be sent: {type(error).__name__}") from error
