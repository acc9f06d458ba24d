"""Puts PDVs together into DIMSE messages: a command set, then its data set if it has one (PS3.7 6.3.1, PS3.8 E.1).

One message at a time: with one operation at a time agreed (PS3.7 D.3.3.3), a command inside a data set, or data
without a command, is a violation. Command sets are collected under caps, data sets pass through.
"""

from collections.abc import Mapping

from dicomrules.model.exchange import PresentationContext
from dicomrules.wire import dimse, pdu
from dicomrules.wire.errors import AbortReason, Malformed
from dicomrules.wire.events import CommandReceived, DataFragment
from dicomrules.wire.limits import WireLimits
from dicomrules.wire.reader import Piece


class MessageReader:
    """The message under way on one association. `contexts` are the accepted ones."""

    def __init__(self, limits: WireLimits, contexts: Mapping[int, PresentationContext]) -> None:
        self._limits = limits
        self._contexts = contexts
        self._command = bytearray()
        self._fragments = 0  # PDVs of the command set, or empty ones of the data set
        self._context_id = 0  # of the message under way; 0: none
        self._in_data_set = False

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._context_id != 0

    def take(self, piece: Piece) -> CommandReceived | DataFragment | None:
        """What one piece completes. Raises `Malformed`."""
        if piece.context_id not in self._contexts:
            raise Malformed("a PDV for a presentation context that was not accepted")
        if piece.control & ~(pdu.COMMAND_BIT | pdu.LAST_BIT):
            raise Malformed("a message control header with bits that are reserved")
        is_command = bool(piece.control & pdu.COMMAND_BIT)
        if self.unfinished and piece.context_id != self._context_id:
            raise Malformed("two messages at once", AbortReason.UNEXPECTED_PDU)
        if is_command is self._in_data_set:
            raise Malformed("a command inside a data set, or data without a command", AbortReason.UNEXPECTED_PDU)
        self._context_id = piece.context_id
        last = piece.ends and bool(piece.control & pdu.LAST_BIT)
        return self._take_command(piece, last) if is_command else self._take_data(piece, last)

    def _take_command(self, piece: Piece, last: bool) -> CommandReceived | None:
        self._command += piece.data
        self._fragments += piece.ends
        if len(self._command) > self._limits.command or self._fragments > self._limits.command_fragments:
            raise Malformed("a command set over the caps")
        if not last:
            return None
        command = dimse.decode(self._command)
        has_data_set = command["CommandDataSetType"] != dimse.NO_DATA_SET
        event = CommandReceived(self._context_id, command, has_data_set)
        self._command.clear()
        self._fragments = 0
        self._in_data_set = has_data_set
        if not has_data_set:
            self._context_id = 0
        return event

    def _take_data(self, piece: Piece, last: bool) -> DataFragment | None:
        context_id = self._context_id
        if last:
            self._context_id, self._in_data_set, self._fragments = 0, False, 0
        elif not piece.data.nbytes:
            self._fragments += 1
            if self._fragments > self._limits.empty_fragments:
                raise Malformed("a data set with too many empty fragments")
            return None
        return DataFragment(context_id, piece.data, last)
