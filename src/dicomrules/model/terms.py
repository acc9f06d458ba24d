"""Association settings by ordered pair of AE titles: what one application may propose to another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ANY_TITLE = "*"

# Transfer syntaxes by UID, best first; None: any that PS3.6 registers, as the object is.
Syntaxes = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for associations from `calling` to `called` (`*`: any title). What `classes` does not list is refused.

    `classes` has the transfer syntaxes of each abstract syntax, by UID; `max_pdu` in bytes (PS3.8 D.1), None: not said.
    """

    calling: str
    called: str
    classes: Mapping[str, Syntaxes]
    max_pdu: int | None = None

    def fits(self, calling: str, called: str) -> bool:
        """Whether these terms are about an association from `calling` to `called`."""
        return self.calling in (ANY_TITLE, calling) and self.called in (ANY_TITLE, called)


def terms_for(entries: Iterable[Terms], calling: str, called: str) -> Terms | None:
    """The terms of an association: the first entry that fits; None: there is none, and nothing may be proposed."""
    return next((entry for entry in entries if entry.fits(calling, called)), None)
