"""Caps and deadlines of the upper layer, as values. Sizes in bytes, times in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What one association may make us hold or do before it is aborted.

    `max_pdu` is the Maximum Length Received that we advertise (PS3.8 D.1; 0: any length); `associate` caps the PDU
    Length of A-ASSOCIATE-RQ and -AC. `command` caps one command set, `command_fragments` the PDVs it comes in,
    `empty_fragments` the PDVs without data within one message.
    """

    max_pdu: int = 128 * 1024
    associate: int = 1024 * 1024
    contexts: int = 128
    transfer_syntaxes: int = 64
    command: int = 64 * 1024
    command_fragments: int = 256
    empty_fragments: int = 1000


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a peer may take. `artim` is the timer of PS3.8 9.1.5, `pdu` the time for one whole PDU once it has
    begun, `handshake` that for TLS to be ready.

    `idle` is the longest silence between two messages of an association. While a message is under way at least `rate`
    bytes a second must come, counted over `rate_window`.
    """

    artim: float = 10.0
    handshake: float = 5.0
    pdu: float = 150.0  # the longest PDU at the minimum rate, and some more
    idle: float = 600.0
    rate: int = 1024
    rate_window: float = 30.0
