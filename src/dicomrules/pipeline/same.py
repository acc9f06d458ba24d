"""Is an instance that came under a known UID with other bytes the same one, only written in another way?

Asked when digests differ, which is rare; in a thread, because both files are read to their ends.
"""

from contextlib import ExitStack

from dicomrules.dicom.index import ADMITTED, Index, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.same import same_content
from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN, encoding_of, is_encapsulated
from dicomrules.queue.entry import Entry, Rival
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.spool import Spool


def is_same(spool: Spool, entry: Entry, rival: Rival) -> bool:
    """True when both stored instances have the same elements with the same values.

    False also when one of them cannot be read: what is not known to be the same is kept as something else.
    """
    syntax = entry.envelope.transfer_syntax
    if syntax != rival.transfer_syntax and (is_encapsulated(syntax) or is_encapsulated(rival.transfer_syntax)):
        return False  # the same bytes of pixels would mean something else
    try:
        with ExitStack() as stack:
            one = _opened(stack, spool, (entry.spool_ref, entry.derived_ref), syntax)
            other = _opened(stack, spool, (rival.spool_ref, rival.derived_ref), rival.transfer_syntax)
            return same_content(one, other)
    except (SpoolError, MalformedDataSet):
        return False


def _opened(stack: ExitStack, spool: Spool, refs: tuple[str, str], syntax: str) -> Index:
    """The index over stored bytes; over the inflated ones of a deflated instance."""
    ref, derived = refs
    stored = stack.enter_context(spool.open(derived or ref))
    return index(stored.source(), encoding_of(EXPLICIT_VR_LITTLE_ENDIAN if derived else syntax), ADMITTED)
