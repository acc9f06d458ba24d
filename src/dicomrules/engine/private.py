"""`remove private`: what makers have put into odd groups, at every depth (S36)."""

from collections.abc import Callable

from dicomrules.dicom import private
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import block_of, is_creator, is_group_length, is_private
from dicomrules.engine.bulk import remove
from dicomrules.engine.everywhere import elements
from dicomrules.engine.plan import Scope
from dicomrules.engine.run import Run, Spot
from dicomrules.program.statement import RemovePrivate

Act = Callable[[Run], None]


def removing_private(scope: Scope, statement: RemovePrivate) -> Act:
    """What carries out `remove private`."""
    plan, creators = scope.plan, statement.creators

    def act(run: Run) -> None:
        for spot, element in elements(run, Spot(run.root)):
            dataset, tag = spot.dataset, element.tag
            if is_private(tag) and tag in dataset and not (_stays(dataset, tag, creators) or reserves(dataset, tag)):
                remove(run, spot, tag)
        plan.forget_all(run)

    return act


def reserves(dataset: DataSet, tag: int) -> bool:
    """Whether this is a creator with elements in its block: it goes with the last of them."""
    return is_creator(tag) and bool(dataset.tags(*private.elements_of(tag)))


def _stays(dataset: DataSet, tag: int, creators: frozenset[str]) -> bool:
    """Whether a private element belongs to a block of one of these creators, or is its creator element.

    A group length stays with anything of its group.
    """
    if not creators:
        return False
    if is_group_length(tag):
        return any(_stays(dataset, other, creators) for other in dataset.tags(tag + 1, tag | 0xFFFF))
    if is_creator(tag):
        return private.creator_at(dataset, tag) in creators
    return block_of(tag) is not None and dataset.creator(tag) in creators
