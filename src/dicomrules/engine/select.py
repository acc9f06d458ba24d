"""Which elements a list of targets means: by path, by what they are, and what `except` leaves out."""

from collections.abc import Callable

from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import is_private, vr_of
from dicomrules.engine.locate import tags_in
from dicomrules.engine.plan import Scope
from dicomrules.engine.run import Run
from dicomrules.engine.targets import Targets as Find
from dicomrules.engine.targets import targets
from dicomrules.engine.write import Target
from dicomrules.program.path import Path
from dicomrules.program.statement import TagSet, Targets

# Whether an element of a data set, to be read by this VR, is one of those meant.
Meant = Callable[[DataSet, int, str], bool]


def selecting(scope: Scope, meant: Targets | None, *, deep: bool = False) -> Callable[[Run], Meant]:
    """What finds out, at the moment it is asked, which elements are meant.

    `deep`: single attributes, and sets, mean every depth even where nobody says `anywhere`. Else sets and masks mean
    the elements of the data set, or item, at hand.
    """
    if meant is None:
        return lambda run: _none
    everywhere = deep or meant.anywhere
    by_kind = [in_set(one) for one in meant.sets]
    single = [path for path in meant.paths if meant.anywhere or (deep and len(path.steps) == 1)]
    by_kind += [_is_last_of(path) for path in single] if everywhere else []
    finders: list[Find] = [targets(scope, path, making=False) for path in meant.paths if path not in single]

    def select(run: Run) -> Meant:
        found = [target for find in finders for target in find(run)]
        return _Selected(found, by_kind, None if everywhere else run.here.dataset)

    return select


def inside_of(meant: Meant, dataset: DataSet) -> bool:
    """Whether a data set lies below an element that is meant."""
    owner = dataset.owner
    while owner is not None:
        if meant(owner.owner, owner.element.tag, "SQ"):
            return True
        owner = owner.owner.owner
    return False


def _none(dataset: DataSet, tag: int, vr: str) -> bool:
    return False


class _Selected:
    """The elements found by path, held so that their data sets stay the same ones, and tests for all others."""

    __slots__ = ("_found", "_kept", "_only", "_tests")

    def __init__(self, found: list[Target], tests: list[Meant], only: DataSet | None) -> None:
        self._kept = found
        self._found = {(id(target.dataset), target.tag) for target in found}
        self._tests, self._only = tests, only

    def __call__(self, dataset: DataSet, tag: int, vr: str) -> bool:
        if self._found and (id(dataset), tag) in self._found:
            return True
        if self._only is not None and dataset is not self._only:
            return False
        return any(test(dataset, tag, vr) for test in self._tests)


def _is_last_of(path: Path) -> Meant:
    wanted = path.steps[-1].tag
    if isinstance(wanted, int):
        return lambda dataset, tag, vr: tag == wanted
    return lambda dataset, tag, vr: is_private(tag) and tag in tags_in(dataset, wanted)


def in_set(one: TagSet) -> Meant:
    """Whether an element belongs to a set of tags. A name is one under whatever VR a device has written it."""
    excepted = in_set(one.excepted) if one.excepted is not None else None

    def belongs(dataset: DataSet, tag: int, vr: str) -> bool:
        fits = (
            tag in one.tags
            or vr in one.vrs
            or (one.vrs and vr_of(tag) in one.vrs)
            or any(tag & mask == wanted for mask, wanted in one.masks)
            or (is_private(tag) and any(tag in tags_in(dataset, private) for private in one.privates))
        )
        return fits and not (excepted is not None and excepted(dataset, tag, vr))

    return belongs
