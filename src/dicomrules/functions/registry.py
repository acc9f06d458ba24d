"""Every function of the language by its name."""

from collections.abc import Mapping
from types import MappingProxyType

from dicomrules.functions import checks, collections, dates, identity, names, numbers, patterns, text
from dicomrules.functions.record import Function

FAMILIES: Mapping[str, tuple[Function, ...]] = MappingProxyType(
    {
        "text": text.FAMILY + patterns.FAMILY,
        "person": names.FAMILY,
        "numbers": numbers.FAMILY,
        "dates": dates.FAMILY,
        "checks": checks.FAMILY,
        "identity": identity.FAMILY,
        "collections": collections.FAMILY,
    }
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {function.name: function for family in FAMILIES.values() for function in family}
)
