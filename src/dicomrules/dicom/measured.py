"""What an image is measured, placed and read by: taken away by mistake, a viewer shows wrong lengths, sides or values.

None of it says who the patient is. So patterns over many attributes leave it alone: only who names one of these takes
it away.
"""

from typing import Final

from dicomrules.dicom.tags import tag_of


def _tags(*keywords: str) -> frozenset[int]:
    return frozenset(tag for keyword in keywords if (tag := tag_of(keyword)) is not None)


FRAMES: Final = _tags("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""Functional groups (PS3.3 C.7.6.16): where an enhanced object has all of this, and much else."""

MEASURED: Final = FRAMES | _tags(
    # spacing and size
    *("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacingCalibrationType"),
    *("SliceThickness", "SpacingBetweenSlices", "EstimatedRadiographicMagnificationFactor", "GridFrameOffsetVector"),
    *("PixelMeasuresSequence", "SequenceOfUltrasoundRegions", "ObjectPixelSpacingInCenterOfBeam"),
    *("ImagePlanePixelSpacing", "ImagedVolumeWidth", "ImagedVolumeHeight", "ImagedVolumeDepth"),
    *("TotalPixelMatrixColumns", "TotalPixelMatrixRows"),
    # position and orientation
    *("ImagePositionPatient", "ImageOrientationPatient", "SliceLocation", "FrameOfReferenceUID", "PatientOrientation"),
    *("PatientPosition", "PatientOrientationCodeSequence", "PatientGantryRelationshipCodeSequence", "ViewPosition"),
    *("PlanePositionSequence", "PlaneOrientationSequence", "RTImagePosition", "RTImageOrientation"),
    *("ImageOrientationSlide", "TotalPixelMatrixOriginSequence"),
    # side
    *("Laterality", "ImageLaterality", "FrameLaterality", "MeasurementLaterality", "FrameAnatomySequence"),
    # values
    *("RescaleSlope", "RescaleIntercept", "RescaleType", "ModalityLUTSequence", "PixelValueTransformationSequence"),
    *("RealWorldValueMappingSequence", "PixelIntensityRelationship", "PixelIntensityRelationshipSign"),
    *("PresentationLUTShape", "Units", "DoseUnits", "DoseGridScaling"),
)
"""Attributes by tag, at whatever depth."""

ALWAYS: Final = _tags(
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
"""What says which object this is and how its text and pixels are to be read, which `keep only` never takes away: Image
Pixel Module (PS3.3 C.7.6.3), frames, palettes and color space, and that pixels were compressed with loss (C.7.6.1.1.5).
"""
