"""Values that PS3.3 and PS3.16 give to coded attributes: enumerated ones, and defined terms, which may be added to.

A compact list of the attributes that sites write and ask for most. Sources: PS3.3 C.7.1.1 (Patient's Sex), C.7.3.1.1.1
and C.7.3.1.1.2 (Modality, retired ones with what took their place, Laterality), C.7.6.1.1.1 (Image Laterality), C.7.6.1
(Burned In Annotation, Lossy Image Compression), PS3.15 E
(Patient Identity Removed), PS3.16 Annex L (Body Part Examined), edition 2025.
"""

from collections.abc import Mapping

from dicomrules.dicom.tags import tag_of

_ENUMERATED = {
    "PatientSex": "M F O",
    "Laterality": "R L",
    "ImageLaterality": "R L U B",
    "BurnedInAnnotation": "YES NO",
    "LossyImageCompression": "00 01",
    "PatientIdentityRemoved": "YES NO",
    "QualityControlImage": "YES NO BOTH",
}

_MODALITIES = """
ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL IVOCT IVUS KER
KO LEN LS M3D MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE
RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA WSD XA XAPROTOCOL XC
"""

_RETIRED_MODALITIES = {
    **dict.fromkeys(("CD", "DD", "EC"), "US"),
    **dict.fromkeys(("CF", "DF", "VF"), "RF"),
    **dict.fromkeys(("MA", "MS"), "MR"),
    "DS": "XA",
    "ST": "NM",
}

_BODY_PARTS = """
ABDOMEN ABDOMENPELVIS ACJOINT ADRENAL ANKLE ANUS AORTA APPENDIX ARM ARTERY AXILLA BACK BILEDUCT BLADDER BODY BONE BRAIN
BREAST BRONCHUS BUTTOCK CALCANEUS CALF CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX
COLON CORNEA CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE EYELID FACE FEMUR FETUS FINGER FOOT FOREARM
GALLBLADDER HAND HEAD HEADNECK HEART HIP HUMERUS IAC ILEUM ILIUM JAW JEJUNUM KIDNEY KNEE LARYNX LEG LIVER LSPINE LSSPINE
LUNG MANDIBLE MAXILLA MEDIASTINUM METACARPUS METATARSUS MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE
OPTICCANAL ORBIT OVARY PANCREAS PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RECTUM RIB SACRUM SCALP SCAPULA SCLERA
SCROTUM SHOULDER SIJOINT SKULL SPINE SPLEEN SSPINE STERNUM STOMACH SUBMANDIBULAR TESTIS THIGH THORAX THUMB THYMUS
THYROID TLSPINE TMJ TOE TONGUE TRACHEA TSPINE ULNA URETER URETHRA UTERUS VAGINA VEIN VULVA WHOLEBODY WRIST ZYGOMA
RADIUS TIBIA FIBULA TIBIAFIBULA RADIUSULNA
"""


def _by_tag(values: Mapping[str, str]) -> dict[int, tuple[str, ...]]:
    return {tag: tuple(terms.split()) for keyword, terms in values.items() if (tag := tag_of(keyword)) is not None}


ENUMERATED: Mapping[int, tuple[str, ...]] = _by_tag(_ENUMERATED)
"""Attributes that have no other values than these."""

DEFINED: Mapping[int, tuple[str, ...]] = _by_tag({"Modality": _MODALITIES, "BodyPartExamined": _BODY_PARTS})
"""Attributes for which these are known, and others allowed."""

RETIRED: Mapping[int, Mapping[str, str]] = {tag_of("Modality") or 0: _RETIRED_MODALITIES}
"""Terms that are no longer to be written, and what took their place."""
