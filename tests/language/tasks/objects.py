"""The objects that tasks read from a file, since a rule file cannot write their bytes. Run it to make them anew.

Each is a CT with UIDs and one thing that is wrong with it.
"""

from pathlib import Path

DATA_SET = (
    (0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\x00"),
    (0x00080018, "UI", b"1.2.826.0.1.3680043.8.498.1\x00"),
    (0x0020000D, "UI", b"1.2.826.0.1.3680043.8.498.2\x00"),
    (0x0020000E, "UI", b"1.2.826.0.1.3680043.8.498.3\x00"),
)
WRONG = {
    "d03_private_to_keep.dcm": (
        (0x00100010, "PN", b"Doe^Jane"),
        (0x00100020, "LO", b"4711"),
        (0x00190010, "LO", b"OTHER "),
        (0x00191001, "LO", b"x "),
        (0x00290010, "LO", b"SIEMENS CSA HEADER"),
        (0x00291010, "OB", b"SV10"),
    ),
    "d05_illegal_group.dcm": (
        (0x00030010, "LO", b"NOBODY"),
        (0x00031010, "LO", b"x "),
        (0x00100020, "LO", b"4711"),
    ),
    "w27_invalid_utf_8.dcm": ((0x00080005, "CS", b"ISO_IR 192"), (0x00100020, "LO", b"Jos\xe9")),
    "w29_gbk_undeclared.dcm": ((0x00100010, "PN", b"\xcd\xf5^\xd0\xa1\xb6\xab "),),
    "w37_station_name_as_un.dcm": ((0x00081010, "UN", b"CR ROOM 1 "),),
}


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element in Explicit VR Little Endian (PS3.5 7.1.2)."""
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr.encode()
    length = b"\0\0" + len(value).to_bytes(4, "little") if vr in ("UN", "OB") else len(value).to_bytes(2, "little")
    return head + length + value


def made(name: str) -> bytes:
    """The file of that name (PS3.10 7.1)."""
    meta = b"".join(
        element(tag, vr, value)
        for tag, vr, value in (
            (0x00020001, "OB", b"\0\1"),
            (0x00020002, "UI", DATA_SET[0][2]),
            (0x00020003, "UI", DATA_SET[1][2]),
            (0x00020010, "UI", b"1.2.840.10008.1.2.1\x00"),
            (0x00020012, "UI", b"2.25.1"),
        )
    )
    length = element(0x00020000, "UL", len(meta).to_bytes(4, "little"))
    return bytes(128) + b"DICM" + length + meta + b"".join(element(*one) for one in sorted((*DATA_SET, *WRONG[name])))


if __name__ == "__main__":
    for file in WRONG:
        (Path(__file__).parent / file).write_bytes(made(file))
