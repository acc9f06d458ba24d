"""The words of the language. None of them may be a name (a rule, a destination, a `let` …), so that a word in a file
always is either language or name. Components (`.given`) and names of functions are exempt: their place tells which.
"""

import re


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


ITEM_WORDS = words(
    "include settings expects secret parameter tags schedule private condition function table action rule group"
    " routes test"
)
"""Each item of a file begins with one of these."""

NAMES_TOO = words(
    "csv sql http worklist fhir hl7 archive basic changes characteristics clean content data dates descriptors device"
    " every features first full graphics high identity institution key last low medium modified new patient pixel"
    " pixels priority priors quality record safe status structured study visual"
)
"""Words of the grammar that may be names all the same: wherever one of them is a word, no name could stand. Many a
hospital has a destination `archive` or `priority`, and many a rule is the `first` or about a `patient`."""

RESERVED = ITEM_WORDS | words(
    "absent add after always and any anywhere apply as ascii at balance blank by case charset choose compressed"
    " contains copy creating current decompressed default deidentify destinations drop during else empty ends env"
    " except expect failover file fired for from given has hold if in is item keep language let lookup malformed"
    " match matches meta move no not nowhere once only or original otherwise override path per present private"
    " quarantine rect redact reject remap remove retain retry root sent set shift starts swap then through"
    " timezone to unavailable unchanged under unencodable uids unless value vr when where with within"
)
"""Every word of the grammar but those of `NAMES_TOO`, and `then`, which people write and the language does not need."""


def as_name(text: str) -> str:
    """A text as a name: small letters, digits and `_`, and no word of the language; empty when nothing is left."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_0123456789")
    return f"{name}_1" if name in RESERVED else name
