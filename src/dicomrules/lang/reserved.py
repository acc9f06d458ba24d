"""The words of the language. None of them may be a name (a rule, a destination, a `let` …), so that a word in a file
always is either language or name. Components (`.given`) and names of functions are exempt: their place tells which.
"""


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


ITEM_WORDS = words(
    "include settings expects secret parameter tags schedule private condition function table action rule group"
    " routes test"
)
"""Each item of a file begins with one of these."""

SOURCE_WORDS = words("csv sql http worklist fhir hl7 archive")
"""Words of the grammar that may be names all the same: they stand only after `table NAME from`, and many a hospital
has a destination called `archive`."""

RESERVED = ITEM_WORDS | words(
    "absent add after always and any anywhere apply as ascii at balance basic blank by case changes characteristics"
    " charset choose clean compressed contains content copy creating current data dates decompressed default"
    " deidentify descriptors destinations device drop during else empty ends env every except expect failover features"
    " file fired first for from full given graphics has high hold identity if in institution is item keep key language"
    " last let lookup low malformed match matches medium meta modified move new no not nowhere once only or original"
    " otherwise override path patient per pixel pixels present priority priors private quality quarantine record rect"
    " redact reject remap remove retain retry root routes safe sent set shift starts status structured study swap"
    " then through timezone to unavailable unchanged under unencodable uids unless value visual vr when where with"
    " within"
)
"""Every word of the grammar but the SOURCE_WORDS, and `then`, which people write and the language does not need."""
