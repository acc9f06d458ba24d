"""Health as one JSON object: for a load balancer the status code, for a person what is the matter."""

import json

from dicomrules.model.observing import Condition, Severity, Snapshot


def health(seen: Snapshot, found: list[Condition]) -> tuple[int, bytes]:
    """HTTP status and body.

    503 when the gateway cannot take images in (a process is down, the ledger cannot be read, the disk is full), else
    200: a destination that is away is no reason to send images elsewhere.
    """
    takes = all(seen.processes.values()) and not seen.unreadable and not seen.full
    colour = "red" if any(one.severity is Severity.RED for one in found) else "yellow" if found else "green"
    body = {
        "status": colour,
        "takes_images": takes,
        "at": seen.at.isoformat(timespec="seconds"),
        "processes": dict(seen.processes),
        "conditions": [
            {
                "name": one.name,
                **({"subject": one.subject} if one.subject else {}),
                "severity": one.severity.value,
                "text": one.text,
                "way_out": one.way_out,
            }
            for one in found
        ],
    }
    return (200 if takes else 503), json.dumps(body, indent=1).encode() + b"\n"
