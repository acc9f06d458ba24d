"""The dictionaries that pydicom publishes: attributes (PS3.6 6 to 9), UIDs (PS3.6 A), elements of private creators.

Each is a module of pydicom that holds one table and imports nothing. It is executed here from its file, under a name
of ours: by its own name it would first execute pydicom itself, which loads NumPy, an HTTP client and every pixel coder
that is installed, for 1.5 s and 40 MB in each process (docs/decisions/0016).
"""

from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Final

Entry = tuple[str, str, str, str, str]


def _module(name: str) -> ModuleType:
    """The module of pydicom that holds a table. Raises ImportError when pydicom is not there, or has none like it."""
    pydicom = find_spec("pydicom")
    if pydicom is None or pydicom.origin is None:
        raise ImportError("pydicom is not installed")
    file = Path(pydicom.origin).with_name(f"{name}.py")
    spec = spec_from_loader(f"{__name__}.{name}", SourceFileLoader(f"{__name__}.{name}", str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_attributes: Final = _module("_dicom_dict")

ATTRIBUTES: Final[Mapping[int, Entry]] = _attributes.DicomDictionary
"""Tag -> VR, VM, name, "Retired" or empty, keyword."""

REPEATING: Final[Mapping[str, Entry]] = _attributes.RepeatersDictionary
"""The same for repeating groups, whose tags are written like `60xx3000`."""

UIDS: Final[Mapping[str, Entry]] = _module("_uid_dict").UID_dictionary
"""UID -> name, type, further information, "Retired" or empty, keyword."""

PRIVATE: Final[Mapping[str, Mapping[str, tuple[str, str, str, str]]]] = _module("_private_dict").private_dictionaries
"""Creator -> element, written like `0029xx10` -> VR, VM, name, "Retired" or empty."""
