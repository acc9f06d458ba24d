"""The one association that a sender keeps open to its destination, from batch to batch."""

from collections.abc import Iterable, Sequence

from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.net.association import Association, Target
from dicomrules.net.failures import AssociationError, Insecure, ProtocolViolation
from dicomrules.senders.contexts import AS_IS, Form, Wishes, offer


class KeptAssociation:
    """At most one open association to `target`.

    `untried` is true while nothing was answered on an association that stood idle before: the peer may have ended it
    without our knowing, and then it is no failure of the attempt. `answered` counts responses since it was opened.
    """

    def __init__(self, name: str, target: Target, emit: Emit, wishes: Wishes = AS_IS) -> None:
        self.untried = False
        self.answered = 0
        self._name = name
        self._target = target
        self._emit = emit
        self._wishes = wishes
        self._association: Association | None = None
        self._forms: frozenset[Form] = frozenset()  # what the open one was proposed for

    def rest(self) -> None:
        """A batch ends here: what is open stands idle until the next one."""
        self.untried = self._association is not None

    def ready(self, forms: Sequence[Form]) -> Association:
        """An open association that was proposed for the first of `forms`, and for as many of the others as fit.

        Raises AssociationError when none can be had.
        """
        if self._association is not None and self._association.is_open and forms[0] in self._forms:
            try:
                self._association.verify()
                return self._association
            except AssociationError as error:
                self.lost(error)
        self.release()
        return self._open([*forms, *self._forms])

    def answer(self) -> None:
        """A matched response came."""
        self.answered += 1
        self.untried = False

    def lost(self, error: AssociationError) -> None:
        """The association, if there was one, ended by this error."""
        if self._association is not None:
            level = Level.DEBUG if self.untried else Level.WARNING  # an idle one may be ended at any time
            name = "association.lost"
            if isinstance(error, ProtocolViolation):
                name, level = "association.violated", Level.ERROR
            self._note(name, level, "an association ended before its time", error.text)
        self._association = None
        self.untried = False

    def release(self) -> None:
        """End the association in order."""
        if self._association is not None:
            self._association.release()
            self._association = None

    def _open(self, forms: Iterable[Form]) -> Association:
        proposal = offer(forms, self._wishes)
        self.untried, self.answered = False, 0
        try:
            self._association = Association(self._target, proposal.contexts)
        except AssociationError as error:
            if isinstance(error, ProtocolViolation):
                self._note("association.violated", Level.ERROR, "a destination broke the protocol", error.text)
            elif isinstance(error, Insecure):
                self._note("tls.refused", Level.ERROR, "a destination could not be reached by TLS", error.text)
            else:
                self._note("association.refused", Level.WARNING, "no association could be had", error.text)
            raise
        self._forms = proposal.forms
        self._note("association.opened", Level.DEBUG, "an association was opened", "")
        return self._association

    def _note(self, name: str, level: Level, text: str, why: str) -> None:
        fields = {"destination": self._name, "called_aet": self._target.called_aet}
        self._emit(Event(name, level, text, fields | ({"why": why} if why else {})))
