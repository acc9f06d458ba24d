"""The page of what destinations answer and what that means, made from the tables that senders act on."""

from dicomrules.dicom.uids import uid_name
from dicomrules.model.delivery import Trouble
from dicomrules.senders import status, trouble
from dicomrules.senders.contexts import CONVERSIONS
from dicomrules.senders.status import TRIES, Meaning, Weight

_WEIGHT = {
    Weight.STORED: "sent",
    Weight.WARNED: "sent, with a warning in the log and in `trace`",
    Weight.NOT_NOW: "deferred: tried again, without end",
    Weight.NEVER: f"deferred; failed when it was said {TRIES} times: a person may queue it again",
    Weight.HAS_IT: "sent, if the ledger knows that these very bytes were taken there before; else held for a person",
}
_TROUBLE = {
    Trouble.NONE: "",
    Trouble.AWAY: "away: one attempt after each pause",
    Trouble.CONGESTED: "busy: half as many associations, and one more for each half minute without complaint",
    Trouble.MISCONFIGURED: "paused after three times in a row: one attempt each `retry.up_to`; `status` says why",
}
_HEAD = """
# What destinations answer, and what that means

An instance is `sent` only after a response that answers this very request: the same Message ID, SOP class and SOP
instance, the kind of response that was asked for, with a status (PS3.7 9.1.1). Anything else is a breach of the
protocol: the association is aborted, the instance is sent again, and the event `association.violated` says what was
wrong.

Each pause is `retry.first`, doubled up to `retry.up_to`, shortened by up to a quarter at random. Nothing that is
deferred expires. While a destination is away or paused, one instance is tried after each pause, and all others wait
untouched.
"""


def answers_page() -> str:
    """The whole page."""
    statuses = [
        f"| {_codes(row)} | {row.words} | {_WEIGHT[row.weight]} | {_TROUBLE[row.trouble]} | {row.section} |"
        for row in status.TABLE
    ]
    signs = [f"| {sign.happens} | {_TROUBLE[sign.trouble]} | {sign.section} |" for sign in trouble.TABLE]
    conversions = [
        f"| {uid_name(is_in)} | {', then '.join(map(uid_name, others))} |" for is_in, others in CONVERSIONS.items()
    ]
    return "\n".join([
        _HEAD,
        "## The status of a C-STORE response",
        "",
        "| status | meaning | the delivery | the destination | where it stands |",
        "|---|---|---|---|---|",
        *statuses,
        "| any other | not defined for C-STORE | deferred: tried again, without end | | PS3.7 Annex C |",
        "",
        "## An association that cannot be had, or does not last",
        "",
        "The instance is deferred. Where others were answered on the same association, its end is laid to this one",
        "instance, and the destination counts as being there.",
        "",
        "| what happens | the destination | where it stands |",
        "|---|---|---|",
        *signs,
        "",
        "## A presentation context that is refused",
        "",
        "Each transfer syntax is proposed alone; besides it, what an object can be converted to without loss while it",
        "is sent:",
        "",
        "| an object in | leaves, where that is not taken, as |",
        "|---|---|",
        *conversions,
        "",
        "When nothing fits, the delivery has failed if everything was refused as not supported (PS3.8 9.3.3.2, results",
        "3 and 4), else it is deferred; the text has what was offered and what was answered. Pixels are never",
        "compressed or decompressed unless a rule or `transfer_syntaxes` says so.",
        "",
    ])  # fmt: skip


def _codes(row: Meaning) -> str:
    return f"{row.first:04X}" if row.first == row.last else f"{row.first:04X} to {row.last:04X}"
