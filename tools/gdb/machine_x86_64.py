# SPDX-License-Identifier: MIT
"""Page-table entries of x86_64, bit by bit. [SDM3] 4.5, 4-level paging."""

from entry import Entry

ADDRESS_MASK = 0x000F_FFFF_FFFF_F000

LEVEL_NAMES = {4: "PML5", 3: "PML4", 2: "PDPT", 1: "PD", 0: "PT"}

_BITS = ((0, "P"), (1, "W"), (2, "U"), (3, "PWT"), (4, "PCD"), (5, "A"), (6, "D"),
         (8, "G"), (63, "NX"))


def bit_names(raw):
    """The set bits by name."""
    return " ".join(name for bit, name in _BITS if raw >> bit & 1)


def decode(raw, level):
    """Entry of a raw value at a level (0 is the last)."""
    if raw == 0:
        return Entry("none", text="empty")
    if not raw & 1 and raw & 2:
        return Entry("swap", text=f"not present, swap entry {raw >> 6:#x}")
    if not raw & 1:
        return Entry("leaf", raw & ADDRESS_MASK, text="silent: nobody may touch it")
    large = level > 0 and raw >> 7 & 1
    kind = "leaf" if level == 0 or large else "table"
    mask = ADDRESS_MASK & ~((1 << (12 + 9 * level)) - 1) if large else ADDRESS_MASK
    return Entry(kind, raw & mask, read=True, write=bool(raw & 2),
                 execute=not raw >> 63 & 1, user=bool(raw & 4),
                 young=bool(raw >> 5 & 1), dirty=bool(raw >> 6 & 1),
                 text=bit_names(raw))
