"""Makes `src/dicomrules/dicom/ps3_3.json`: what PS3.3 says of attributes that the checker of rules needs to know.

    python tools/ps3_3_tables.py FOLDER

FOLDER holds `iod_module_map.json`, `module_attribute_map.json` and `sop_class_iod_map.json`, the tables of PS3.3 and
PS3.4 as the package highdicom 0.28.2 has them below `highdicom/_standard/` (unpack its wheel from PyPI; nothing of it
is needed to run dicomrules). Of their 22 MB stay, for composite objects of a patient and attributes at the top of the
data set: the level of each attribute (patient, study, series, instance), the Type 1 and 2 attributes of each mandatory
module, and which modules each kind of object must have. Conditional types (1C, 2C) are left out: their conditions are
texts.
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

SOURCE = "PS3.3 and PS3.4 as in highdicom 0.28.2 (October 2025), made by tools/ps3_3_tables.py"
TABLE = Path(__file__).parents[1] / "src" / "dicomrules" / "dicom" / "ps3_3.json"

LEVELS = {"Patient": "patient", "Study": "study", "Series": "series", "Equipment": "series"}
"""Information entities above the instance. A frame of reference is shared by series, and acquisitions by instances."""

UNSURE = {"Frame of Reference", "Acquisition"}

# What the tables abbreviate beside plain words
ACRONYMS = re.compile("ct|mr|sr|rt|ecg|vl|pdf|cda|cad|pet|us|xa|xrf|mpr|stl|obj|mtl")


def main(folder: Path) -> None:
    """Read the three tables, write ours."""
    iods, modules, classes = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("iod_module_map", "module_attribute_map", "sop_class_iod_map")
    )
    iods = {key: parts for key, parts in iods.items() if any(part["ie"] == "Patient" for part in parts)}
    top = {key: [each for each in found if not each["path"]] for key, found in modules.items()}
    text = _text({"source": SOURCE, "levels": _levels(iods, top), **_types(iods, top, classes)})
    TABLE.write_text(text, encoding="utf-8")


def _levels(iods: dict[str, Any], top: dict[str, Any]) -> dict[str, list[str]]:
    """Keywords by level; those that modules give to several levels stand under all of them."""
    seen: dict[str, set[str]] = defaultdict(set)
    for parts in iods.values():
        for part in parts:
            levels = {"series", "instance"} if part["ie"] in UNSURE else {LEVELS.get(part["ie"], "instance")}
            for each in top.get(part["key"], ()):
                seen[each["keyword"]] |= levels
    order = ("patient", "study", "series", "instance")
    return {level: sorted(keyword for keyword, found in seen.items() if level in found) for level in order}


def _types(iods: dict[str, Any], top: dict[str, Any], classes: dict[str, str]) -> dict[str, Any]:
    """Type 1 and 2 attributes of modules, and the mandatory modules and SOP classes of each kind of object."""
    objects: dict[str, Any] = {}
    for key, parts in iods.items():
        stored = sorted(uid for uid, kind in classes.items() if kind == key)
        if stored:
            mandatory = [part["key"] for part in parts if part["usage"] == "M" and part["key"] in top]
            objects[key] = {"name": _name(key), "classes": stored, "modules": mandatory}
    used = {module for each in objects.values() for module in each["modules"]}
    modules = {key: _required(top[key]) for key in sorted(used)}
    for each in objects.values():
        each["modules"] = [module for module in each["modules"] if any(modules[module].values())]
    return {"modules": {key: found for key, found in modules.items() if any(found.values())}, "objects": objects}


def _required(attributes: list[Any]) -> dict[str, list[str]]:
    return {kind: sorted({each["keyword"] for each in attributes if each["type"] == kind}) for kind in ("1", "2")}


def _name(key: str) -> str:
    return " ".join(word.upper() if ACRONYMS.fullmatch(word) else word.capitalize() for word in key.split("-"))


def _text(table: dict[str, Any]) -> str:
    """JSON with one line an entry, so that the next edition makes a difference that can be read."""
    lines = [f'{{"source": {json.dumps(table["source"])}']
    for section in ("levels", "modules", "objects"):
        entries = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in table[section].items())
        lines.append(f'"{section}": {{\n' + ",\n".join(entries) + "\n}")
    return ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
