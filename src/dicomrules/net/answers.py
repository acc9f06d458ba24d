"""Is this the response to that request (PS3.7 9.3.1.2, 9.3.5.2, 10.3.1.2, 10.3.4.2, Annex C)?

Nothing counts as sent before it says yes.
"""

from dicomrules.model.exchange import CommandSet
from dicomrules.net.failures import ProtocolViolation
from dicomrules.wire.events import CommandReceived

# in a response -> the same in its request, where that asks for something by name (PS3.7 10.3.4)
_MATCHING = {
    "AffectedSOPClassUID": "RequestedSOPClassUID",
    "AffectedSOPInstanceUID": "RequestedSOPInstanceUID",
}
_PENDING = (0xFF00, 0xFF01)  # PS3.7 C.2; no response to C-STORE or C-ECHO is pending


def check(request: CommandSet, answer: CommandReceived) -> None:
    """Raises ProtocolViolation unless `answer` is the final response to `request`, with a status that PS3.7 knows."""
    response = answer.command
    if response.get("CommandField") != int(request["CommandField"]) | 0x8000:
        raise ProtocolViolation("the peer answered with another kind of response")
    if response.get("MessageIDBeingRespondedTo") != request["MessageID"]:
        raise ProtocolViolation("the peer's response belongs to another Message ID")
    for keyword, asked in _MATCHING.items():
        if response.get(keyword) and response[keyword] != request.get(keyword, request.get(asked)):
            raise ProtocolViolation(f"the peer's response belongs to another {keyword}")
    if answer.has_data_set:
        raise ProtocolViolation("the peer's response has a data set, which this kind of response never has")
    status = response.get("Status")
    if not isinstance(status, int):
        raise ProtocolViolation("the peer's response has no Status")
    if status in _PENDING:
        raise ProtocolViolation(f"the peer's response says pending (0x{status:04X}), which this kind never does")
    if not is_known(status):
        raise ProtocolViolation(f"the peer's response has status 0x{status:04X}, which is in no class of PS3.7 Annex C")


def is_known(status: int) -> bool:
    """Whether PS3.7 Annex C has a class for this status: success, warning, failure or cancel."""
    return status in (0x0000, 0x0001, 0xFE00) or status >> 12 in (0xA, 0xB, 0xC) or status >> 8 in (0x01, 0x02)
