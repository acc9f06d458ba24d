"""`keep only`: everything else of the data set, or of the item inside `within`, goes (S37)."""

from collections.abc import Callable

from dicomrules.dicom.tags import block_of, creator_tag, is_group_length, tag_of
from dicomrules.engine.bulk import remove
from dicomrules.engine.plan import Scope
from dicomrules.engine.private import reserves
from dicomrules.engine.run import Run
from dicomrules.engine.select import selecting
from dicomrules.program.statement import KeepOnly

Act = Callable[[Run], None]

# What says which object this is and how its text and pixels are to be read: Image Pixel Module (PS3.3 C.7.6.3), frames,
# palettes and color space, and that pixels were compressed with loss (C.7.6.1.1.5).
ALWAYS = frozenset(
    tag
    for keyword in (
        *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SpecificCharacterSet"),
        *("PixelData", "FloatPixelData", "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
        *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel"),
        *("PlanarConfiguration", "PhotometricInterpretation", "NumberOfFrames", "FrameIncrementPointer"),
        *("PixelAspectRatio", "PixelPaddingValue", "PixelPaddingRangeLimit", "PixelDataProviderURL"),
        *("SmallestImagePixelValue", "LargestImagePixelValue", "ColorSpace", "ICCProfile"),
        *("PaletteColorLookupTableUID", "AlphaPaletteColorLookupTableDescriptor", "AlphaPaletteColorLookupTableData"),
        *(
            f"{segmented}{color}PaletteColorLookupTable{part}"
            for color in ("Red", "Green", "Blue")
            for segmented, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
        ),
        *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
    )
    if (tag := tag_of(keyword)) is not None
)


def keeping(scope: Scope, statement: KeepOnly) -> Act:
    """What carries out `keep only`."""
    selected = selecting(scope, statement.targets)
    sparing = selecting(scope, statement.targets.excepted)
    plan = scope.plan

    def act(run: Run) -> None:
        spot, kept, left_out = run.here, selected(run), sparing(run)
        dataset = spot.dataset
        tags = [tag for tag in dataset.tags() if not is_group_length(tag)]
        stays = {
            tag
            for tag in tags
            if tag in ALWAYS or (kept(dataset, tag, dataset.vr(tag)) and not left_out(dataset, tag, dataset.vr(tag)))
        }
        stays |= {creator_tag(tag >> 16, block) for tag in stays if (block := block_of(tag)) is not None}
        for tag in tags:
            if tag not in stays and tag in dataset and not reserves(dataset, tag):
                remove(run, spot, tag)
        plan.forget_all(run)

    return act
