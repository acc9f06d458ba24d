"""The gateway file as a value: checked, complete with defaults, paths made absolute, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from dicomrules.model.destination import Destination
from dicomrules.model.observing import Observing
from dicomrules.model.receiver import KnownPeer, Limits, Receiver
from dicomrules.model.terms import Terms
from dicomrules.text.source import Span

# What a `parameter` of the rules may be given from outside; numbers as they are written.
ParameterValue = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """One gateway. `state` holds spool and ledger; `rules` are compiled together, in this order.

    `peers` are all applications known by AE title; each receiver has its own allow-list made from them. `contexts`
    are the association settings by pair of titles, None: none are said. `only_through` is what destinations say so,
    with the place of each group in the file, for who reads the rules.
    """

    path: Path
    name: str
    aet: str
    state: Path
    rules: tuple[Path, ...]
    receivers: tuple[Receiver, ...]
    destinations: tuple[Destination, ...]
    study_live: timedelta = timedelta(hours=24)
    history: timedelta = timedelta(days=90)
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    peers: tuple[KnownPeer, ...] = ()
    contexts: tuple[Terms, ...] | None = None
    limits: Limits = field(default=Limits())
    observing: Observing = field(default=Observing())
    only_through: Mapping[str, Mapping[str, Span]] = field(default_factory=dict, compare=False)
