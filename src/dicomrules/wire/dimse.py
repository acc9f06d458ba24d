"""Command sets of DIMSE messages (PS3.7 6.3, 9.3, E.1): Implicit VR Little Endian, keyed by the standard's keywords.

A command set here is a mapping from keyword to `int` (US, UL) or `str` (UI, AE, LO; AT as "(gggg,eeee)", several
parted by a backslash). Elements that PS3.7 E.1 does not list are left out when reading. Group lengths are made when
writing.
"""

import struct
from enum import IntEnum

from dicomrules.dicom.tags import format_tag, parse_tag
from dicomrules.model.exchange import CommandSet
from dicomrules.wire.errors import Malformed

NO_DATA_SET = 0x0101
VERIFICATION = "1.2.840.10008.1.1"


class CommandField(IntEnum):
    """Values of (0000,0100) (PS3.7 E.1); a response is its request with 0x8000."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    C_CANCEL_RQ = 0x0FFF
    N_EVENT_REPORT_RQ = 0x0100
    N_EVENT_REPORT_RSP = 0x8100
    N_ACTION_RQ = 0x0130
    N_ACTION_RSP = 0x8130


# element number in group 0000 -> keyword, VR (PS3.7 E.1-1; the retired ones of E.2 are left out)
_ELEMENTS: dict[int, tuple[str, str]] = {
    0x0002: ("AffectedSOPClassUID", "UI"),
    0x0003: ("RequestedSOPClassUID", "UI"),
    0x0100: ("CommandField", "US"),
    0x0110: ("MessageID", "US"),
    0x0120: ("MessageIDBeingRespondedTo", "US"),
    0x0600: ("MoveDestination", "AE"),
    0x0700: ("Priority", "US"),
    0x0800: ("CommandDataSetType", "US"),
    0x0900: ("Status", "US"),
    0x0901: ("OffendingElement", "AT"),
    0x0902: ("ErrorComment", "LO"),
    0x0903: ("ErrorID", "US"),
    0x1000: ("AffectedSOPInstanceUID", "UI"),
    0x1001: ("RequestedSOPInstanceUID", "UI"),
    0x1002: ("EventTypeID", "US"),
    0x1005: ("AttributeIdentifierList", "AT"),
    0x1008: ("ActionTypeID", "US"),
    0x1020: ("NumberOfRemainingSuboperations", "US"),
    0x1021: ("NumberOfCompletedSuboperations", "US"),
    0x1022: ("NumberOfFailedSuboperations", "US"),
    0x1023: ("NumberOfWarningSuboperations", "US"),
    0x1030: ("MoveOriginatorApplicationEntityTitle", "AE"),
    0x1031: ("MoveOriginatorMessageID", "US"),
}
_NUMBERS = {keyword: (number, vr) for number, (keyword, vr) in _ELEMENTS.items()}
_HEAD = struct.Struct("<HHL")
_US = struct.Struct("<H")


def decode(encoded: bytes | bytearray) -> CommandSet:
    """The command set in `encoded`, in the order of its tags. Raises `Malformed` for bytes that are none."""
    command: dict[str, int | str] = {}
    position, last = 0, -1
    while position < len(encoded):
        if position + 8 > len(encoded):
            raise Malformed("a command element is cut short")
        group, number, length = _HEAD.unpack_from(encoded, position)
        position += 8
        if group != 0 or number <= last:
            raise Malformed("a command set holds an element outside group 0000 or out of order")
        if position + length > len(encoded):
            raise Malformed("a command element is longer than its command set")
        if number in _ELEMENTS:
            keyword, vr = _ELEMENTS[number]
            command[keyword] = _read(vr, bytes(encoded[position : position + length]))
        position, last = position + length, number
    if not isinstance(command.get("CommandField"), int) or "CommandDataSetType" not in command:
        raise Malformed("a command set lacks Command Field or Command Data Set Type")
    return command


def encode(command: CommandSet) -> bytes:
    """The bytes of `command`, group length first. A keyword that PS3.7 E.1 does not know is a KeyError: a bug of
    ours.
    """
    body = bytearray()
    for number, vr, value in sorted((*_NUMBERS[keyword], value) for keyword, value in command.items()):
        encoded = _write(vr, value)
        body += _HEAD.pack(0, number, len(encoded)) + encoded
    return _HEAD.pack(0, 0, 4) + struct.pack("<L", len(body)) + bytes(body)


def _read(vr: str, value: bytes) -> int | str:
    if vr == "US":
        if len(value) != 2:
            raise Malformed("a command element of VR US is not two bytes long")
        return int(_US.unpack(value)[0])
    if vr == "AT":
        if len(value) % 4:
            raise Malformed("a command element of VR AT is not made of tags")
        pairs = struct.iter_unpack("<HH", value)
        return "\\".join(format_tag(group << 16 | element) for group, element in pairs)
    try:
        return value.decode("ascii" if vr == "UI" else "latin-1").strip(" \0")
    except UnicodeDecodeError:
        raise Malformed("a UID in a command set holds other bytes than ASCII") from None


def _write(vr: str, value: int | str) -> bytes:
    if isinstance(value, int):
        return _US.pack(value)
    if vr == "AT":
        tags = [tag for text in value.split("\\") if (tag := parse_tag(text)) is not None]
        return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in tags)
    encoded = value.encode("ascii", "replace")
    return encoded + (b"\0" if vr == "UI" else b" ") * (len(encoded) % 2)


def store_request(message_id: int, sop_class: str, sop_instance: str, priority: int = 0) -> CommandSet:
    """A C-STORE-RQ (PS3.7 9.3.1.1). `priority`: 0 medium, 1 high, 2 low."""
    return {
        "AffectedSOPClassUID": sop_class,
        "CommandField": int(CommandField.C_STORE_RQ),
        "MessageID": message_id,
        "Priority": priority,
        "CommandDataSetType": 0x0001,
        "AffectedSOPInstanceUID": sop_instance,
    }


def echo_request(message_id: int) -> CommandSet:
    """A C-ECHO-RQ (PS3.7 9.3.5.1)."""
    return {
        "AffectedSOPClassUID": VERIFICATION,
        "CommandField": int(CommandField.C_ECHO_RQ),
        "MessageID": message_id,
        "CommandDataSetType": NO_DATA_SET,
    }


def event_report_request(message_id: int, sop_class: str, sop_instance: str, event_type: int) -> CommandSet:
    """An N-EVENT-REPORT-RQ with a data set (PS3.7 10.3.1.1)."""
    return {
        "AffectedSOPClassUID": sop_class,
        "CommandField": int(CommandField.N_EVENT_REPORT_RQ),
        "MessageID": message_id,
        "CommandDataSetType": 0x0001,
        "AffectedSOPInstanceUID": sop_instance,
        "EventTypeID": event_type,
    }


def action_request(message_id: int, sop_class: str, sop_instance: str, action_type: int) -> CommandSet:
    """An N-ACTION-RQ with a data set (PS3.7 10.3.4.1)."""
    return {
        "RequestedSOPClassUID": sop_class,
        "CommandField": int(CommandField.N_ACTION_RQ),
        "MessageID": message_id,
        "CommandDataSetType": 0x0001,
        "RequestedSOPInstanceUID": sop_instance,
        "ActionTypeID": action_type,
    }


def response(request: CommandSet, status: int, comment: str = "", offending: str = "") -> CommandSet:
    """The response to any request: C-STORE-RSP (PS3.7 9.3.1.2), C-ECHO-RSP (9.3.5.2), N-EVENT-REPORT-RSP (10.3.1.2),
    N-ACTION-RSP (10.3.4.2), and refusals of others.

    `comment` is cut to the 64 characters of (0000,0902); `offending` is a tag as "(gggg,eeee)" for (0000,0901).
    """
    answer: dict[str, int | str] = {}
    if sop_class := request.get("AffectedSOPClassUID") or request.get("RequestedSOPClassUID", ""):
        answer["AffectedSOPClassUID"] = sop_class
    answer["CommandField"] = int(request["CommandField"]) | 0x8000
    answer["MessageIDBeingRespondedTo"] = request.get("MessageID", 0)
    answer["CommandDataSetType"] = NO_DATA_SET
    answer["Status"] = status
    if offending:
        answer["OffendingElement"] = offending
    if comment:
        answer["ErrorComment"] = comment[:64]
    if sop_instance := request.get("AffectedSOPInstanceUID") or request.get("RequestedSOPInstanceUID", ""):
        answer["AffectedSOPInstanceUID"] = sop_instance
    return answer
