"""Every element of a data set, at every depth: without recursion, and with nothing held but the way down."""

from collections.abc import Callable, Iterator

from dicomrules.dicom.columns import Element
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import format_tag, keyword_of
from dicomrules.engine.run import Run, Spot

# Whether the items of a sequence are looked at.
Enters = Callable[[Spot, Element], bool]
_Step = Spot | tuple[Spot, Element]


def elements(run: Run, start: Spot, enters: Enters | None = None) -> Iterator[tuple[Spot, Element]]:
    """Each element with the data set or item that holds it, a sequence before what lies in it.

    Whoever gets an element may change or remove it: a sequence is entered as it is afterwards. Without `enters`, every
    one is.
    """
    open_: list[Iterator[_Step]] = [_elements(start)]
    while open_:
        found = next(open_[-1], None)
        if found is None:
            open_.pop()
        elif isinstance(found, Spot):
            open_.append(_elements(found))
        else:
            run.look()
            yield found
            spot, element = found
            if element.is_sequence and (enters is None or enters(spot, element)):
                open_.append(_items(spot, element.tag))


def name_in(dataset: DataSet, tag: int) -> str:
    """The name of an element, for people: keyword, private creator and number, or tag."""
    keyword = keyword_of(tag)
    creator = "" if keyword else dataset.creator(tag)
    return f'({tag >> 16:04X},"{creator}",{tag & 0xFF:02X})' if creator else keyword or format_tag(tag)


def _elements(spot: Spot) -> Iterator[_Step]:
    dataset = spot.dataset
    for tag in dataset.tags():
        element = dataset.get(tag)
        if element is not None:
            yield spot, element


def _items(spot: Spot, tag: int) -> Iterator[_Step]:
    element = spot.dataset.get(tag)
    if element is None or not element.is_sequence:
        return
    items = spot.dataset.items(tag)
    way, top = f"{spot.path}{name_in(spot.dataset, tag)}[item ", tag if spot.top is None else spot.top
    for place in range(len(items)):
        yield Spot(items[place], f"{way}{place + 1}].", top)
