# SPDX-License-Identifier: MIT
"""Page-table entries of AArch64, bit by bit: the picture is in
arch/aarch64/machine_mmu.h. [ARM] D8.3, 4 KiB granule."""

from entry import Entry

ADDRESS_MASK = 0x0000_FFFF_FFFF_F000

# Arm counts from the top, we count from the leaf.
LEVEL_NAMES = {3: "L0", 2: "L1", 1: "L2", 0: "L3"}

VALID, PAGE_OR_TABLE, SWAP = 1 << 0, 1 << 1, 1 << 5
AP_USER, AP_READ_ONLY, AF = 1 << 6, 1 << 7, 1 << 10
DBM, PXN, UXN, SW_DIRTY = 1 << 51, 1 << 53, 1 << 54, 1 << 55
TABLE_READ_ONLY = 1 << 62

MEMORY_NAMES = {0: "normal", 1: "device", 2: "uncached"}        # by AttrIndx

_BITS = ((0, "V"), (1, "T"), (5, "NS"), (6, "AP1"), (7, "AP2"), (8, "SH0"), (9, "SH1"),
         (10, "AF"), (11, "nG"), (51, "DBM"), (52, "CONT"), (53, "PXN"),
         (54, "UXN"), (55, "SD"), (62, "APT1"))


def bit_names(raw):
    """The set bits by name."""
    return " ".join(name for bit, name in _BITS if raw >> bit & 1)


def decode(raw, level):
    """Entry of a raw value at a level (0 is the last)."""
    if raw == 0:
        return Entry("none", text="empty")
    if not raw & VALID and raw & SWAP:
        return Entry("swap", text=f"not valid, swap entry {raw >> 6:#x}")
    if not raw & VALID:
        return Entry("leaf", raw & ADDRESS_MASK, text="silent: nobody may touch it")
    if level > 0 and raw & PAGE_OR_TABLE:
        return Entry("table", raw & ADDRESS_MASK, text=bit_names(raw),
                     write=not raw & TABLE_READ_ONLY)
    memory = MEMORY_NAMES.get(raw >> 2 & 7, "?")
    return Entry("leaf", raw & ADDRESS_MASK & ~((1 << (12 + 9 * level)) - 1),
                 read=True, write=bool(raw & DBM),
                 execute=not raw & (UXN if raw & AP_USER else PXN),
                 user=bool(raw & AP_USER), young=bool(raw & AF),
                 dirty=bool(raw & SW_DIRTY) or (bool(raw & DBM)
                                                and not raw & AP_READ_ONLY),
                 text=f"{bit_names(raw)} {memory}")
