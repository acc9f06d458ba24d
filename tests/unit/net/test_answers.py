import pytest

from dicomrules.model.exchange import CommandSet
from dicomrules.net.answers import check, is_known
from dicomrules.net.failures import ProtocolViolation
from dicomrules.wire import dimse
from dicomrules.wire.events import CommandReceived

REQUEST = dimse.store_request(7, "1.2.840.10008.5.1.4.1.1.2", "1.2.3")


def answer(**changed: int | str | None) -> CommandReceived:
    """The right response to REQUEST, with some elements changed, or absent where None."""
    command: dict[str, int | str] = dict(dimse.response(REQUEST, 0x0000))
    for keyword, value in changed.items():
        command.pop(keyword, None)
        if value is not None:
            command[keyword] = value
    return CommandReceived(1, command, has_data_set=False)


@pytest.mark.parametrize("status", [0x0000, 0xB006, 0xA700, 0xC001, 0x0122, 0x0212, 0xFE00])
def test_the_right_response_passes_whatever_final_status_it_has(status: int) -> None:
    check(REQUEST, answer(Status=status))


def test_uids_that_the_response_leaves_out_are_not_missed() -> None:
    check(REQUEST, answer(AffectedSOPInstanceUID=None, AffectedSOPClassUID=None))
    check(REQUEST, answer(AffectedSOPInstanceUID=""))


@pytest.mark.parametrize(
    "changed",
    [
        {"CommandField": 0x8030},
        {"CommandField": 0x0001},
        {"MessageIDBeingRespondedTo": 8},
        {"MessageIDBeingRespondedTo": None},
        {"AffectedSOPInstanceUID": "1.2.3.4"},
        {"AffectedSOPClassUID": "1.2.840.10008.5.1.4.1.1.4"},
        {"Status": None},
        {"Status": 0xFF00},
        {"Status": 0xFF01},
        {"Status": 0x1234},
    ],
)
def test_any_other_response_is_a_violation(changed: dict[str, int | str | None]) -> None:
    with pytest.raises(ProtocolViolation):
        check(REQUEST, answer(**changed))


def test_a_response_with_a_data_set_is_a_violation() -> None:
    with pytest.raises(ProtocolViolation):
        check(REQUEST, CommandReceived(1, answer().command, has_data_set=True))


def test_an_echo_is_answered_by_an_echo_response_only() -> None:
    request: CommandSet = dimse.echo_request(1)
    check(request, CommandReceived(1, dimse.response(request, 0), has_data_set=False))
    with pytest.raises(ProtocolViolation):
        check(request, CommandReceived(1, dimse.response({**REQUEST, "MessageID": 1}, 0), has_data_set=False))


def test_the_classes_of_status_are_those_of_ps3_7_annex_c() -> None:
    assert not any(map(is_known, (0x0002, 0x00FF, 0x0300, 0x1234, 0x9FFF, 0xD000, 0xFD00, 0xFF02)))
