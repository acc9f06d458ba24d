"""Unique identifiers: the ones that name an instance, and the names of those PS3.6 Annex A registers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """The UIDs that say what an instance is and where it belongs (PS3.3 C.12.1, C.7.3.1, C.7.2.1); empty where absent."""

    sop_class: str
    sop_instance: str
    series: str
    study: str
