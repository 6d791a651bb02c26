# SPDX-License-Identifier: MIT
"""Device trees that no honest loader makes, and honest ones that QEMU does not
make: RAM with holes, in any order. See badloader.py.

    0x40200000  Image      0x41800000  tests/boot/loader_aarch64.S
    0x41900000  tree's address, entry  0x41a00000  tree   0x42000000  initramfs
"""
from __future__ import annotations

import struct
from pathlib import Path

import badloader
from badloader import BOOTS, COMMAND_LINE, MEM, Case, place
from machines import MACHINES
from vm import Machine

RAM = MACHINES["aarch64"].ram
RAM_SIZE = 256 << 20
ENTRY = RAM + 0x200000
PARAMETERS, MODULE = RAM + badloader.PARAMETERS, RAM + badloader.MODULE
TREE = RAM + 0x1A00000
MIB = 1 << 20

MAGIC, VERSION, COMPATIBLE = 0xD00DFEED, 17, 16
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


def cells(*values: int) -> bytes:
    """32-bit cells."""
    return struct.pack(f">{len(values)}I", *values)


def wide(*values: int) -> bytes:
    """64-bit numbers, two cells each."""
    return struct.pack(f">{len(values)}Q", *values)


def text(*words: str) -> bytes:
    """A string, or a list of them."""
    return b"".join(word.encode() + b"\0" for word in words)


def padded(data: bytes) -> bytes:
    """Up to whole cells."""
    return data + bytes(-len(data) % 4)


class Tree:
    """A device tree as nested dicts: bytes are properties, dicts are nodes."""

    def __init__(self, root: dict, reserved: list[tuple[int, int]] = ()) -> None:
        self.strings = bytearray()
        self.structure = self._node("", root) + cells(END)
        self.reserved = list(reserved)

    def _node(self, name: str, node: dict) -> bytes:
        parts = [cells(BEGIN_NODE), padded(text(name))]
        for key, value in node.items():
            if isinstance(value, dict):
                parts.append(self._node(key, value))
            else:
                parts.append(cells(PROP, len(value), len(self.strings)) + padded(value))
                self.strings += text(key)
        return b"".join(parts) + cells(END_NODE)

    def blob(self, **header: int) -> bytes:
        """The flattened tree; header overrides single fields."""
        reserved = b"".join(wide(*r) for r in [*self.reserved, (0, 0)])
        at = 40 + len(reserved)
        fields = {
            "magic": MAGIC, "size": at + len(self.structure) + len(self.strings),
            "structure_at": at, "strings_at": at + len(self.structure),
            "reserved_at": 40, "version": VERSION, "compatible": COMPATIBLE,
            "cpu": 0, "strings_size": len(self.strings),
            "structure_size": len(self.structure)}
        return (cells(*{**fields, **header}.values()) + reserved + self.structure
                + bytes(self.strings))


def memory(*banks: tuple[int, int]) -> dict:
    """A memory node for each bank, in this order; (start, length)."""
    return {f"memory@{start:x}": {"device_type": text("memory"),
                                  "reg": wide(start, length)}
            for start, length in banks}


def board(disk: tuple[int, int] | None, banks: dict, **changes) -> dict:
    """QEMU's board as a tree; changes replace nodes (None: without it)."""
    chosen = {"bootargs": text(COMMAND_LINE), "stdout-path": text("/pl011@9000000")}
    if disk:
        chosen |= {"linux,initrd-start": wide(disk[0]), "linux,initrd-end": wide(disk[1])}
    nodes = {
        "chosen": chosen,
        "cpus": {"#address-cells": cells(1), "#size-cells": cells(0), "cpu@0": {
            "device_type": text("cpu"), "compatible": text("arm,cortex-a72"),
            "enable-method": text("psci"), "reg": cells(0)}},
        "psci": {"compatible": text("arm,psci-1.0", "arm,psci-0.2"),
                 "method": text("hvc")},
        "intc": {"compatible": text("arm,cortex-a15-gic"), "phandle": cells(1),
                 "interrupt-controller": b"", "#interrupt-cells": cells(3),
                 "reg": wide(0x8000000, 0x10000, 0x8010000, 0x10000)},
        "timer": {"compatible": text("arm,armv8-timer"),
                  "interrupts": cells(1, 13, 0x104, 1, 14, 0x104,
                                      1, 11, 0x104, 1, 10, 0x104)},
        "pl011@9000000": {"compatible": text("arm,pl011", "arm,primecell"),
                          "reg": wide(0x9000000, 0x1000),
                          "interrupts": cells(0, 1, 4)},
    }
    nodes |= changes
    return {"#address-cells": cells(2), "#size-cells": cells(2),
            "interrupt-parent": cells(1), "compatible": text("linux,dummy-virt"),
            **banks, **{name: node for name, node in nodes.items() if node is not None}}


def deep(levels: int) -> dict:
    """Nodes inside nodes."""
    node: dict = {}
    for _ in range(levels):
        node = {"in": node}
    return node


def cases(initrd_size: int) -> list[Case]:
    """All cases for an initramfs of this size."""
    disk = (MODULE, MODULE + initrd_size)
    whole = memory((RAM, RAM_SIZE))

    def tree(banks: dict = whole, reserved: list[tuple[int, int]] = (),
             where: tuple[int, int] | None = disk, **changes) -> Tree:
        return Tree(board(where, banks, **changes), reserved)

    def with_banks(*banks: tuple[int, int]) -> bytes:
        return tree(memory(*banks)).blob()

    def with_holes(*holes: tuple[int, int]) -> bytes:
        return tree(**{"reserved-memory": {
            "#address-cells": cells(2), "#size-cells": cells(2), "ranges": b"",
            **{f"hole@{start:x}": {"reg": wide(start, length), "no-map": b""}
               for start, length in holes}}}).blob()

    good = tree()
    crumbs = [(RAM + 160 * MIB + i * 0x2000, 0x1000) for i in range(400)]
    odd = Tree(board(disk, whole))
    odd.structure = odd.structure[:-4] + cells(77)
    cut = Tree(board(disk, whole))
    cut.structure = cut.structure[:-8]
    return [
        Case("good", good.blob(), BOOTS),
        Case("holes", with_banks((RAM, 80 * MIB), (RAM + 96 * MIB, 32 * MIB),
                                 (RAM + 200 * MIB, 8 * MIB)), BOOTS),
        Case("unsorted", with_banks((RAM + 192 * MIB, 64 * MIB), (RAM, 80 * MIB),
                                    (RAM + 96 * MIB, 64 * MIB)), BOOTS),
        Case("overlapping", with_banks((RAM, 160 * MIB), (RAM + 96 * MIB, 100 * MIB)),
             BOOTS),
        Case("empty-bank", with_banks((0, 0), (RAM, RAM_SIZE)), BOOTS),
        Case("unaligned", with_banks((RAM, RAM_SIZE - 0x123)), BOOTS),
        Case("memreserve", tree(reserved=crumbs).blob(), BOOTS),
        Case("reserved-memory", with_holes((RAM + 150 * MIB, MIB), (RAM + 151 * MIB, MIB),
                                           (RAM + 150 * MIB + 0x800, 0x1000)), BOOTS),
        Case("without-uart-in-chosen", tree(chosen={
            "bootargs": text(COMMAND_LINE), "linux,initrd-start": wide(disk[0]),
            "linux,initrd-end": wide(disk[1])}).blob(), BOOTS),
        Case("unknown-nodes", tree(odd={"x": b"1", "y": {"reg": cells(1, 2, 3)}}).blob(),
             BOOTS),
        Case("wrapping", with_banks((RAM, RAM_SIZE), (-4096 & (1 << 64) - 1, 8192)),
             "memory that wraps"),
        Case("no-memory", tree({}).blob(), "no usable memory|no memory"),
        Case("memory-elsewhere", with_banks((0x8000000000, RAM_SIZE)), "boot: .*"),
        Case("all-reserved", tree(reserved=[(RAM, RAM_SIZE)]).blob(), "no usable memory"),
        Case("no-gic", tree(intc=None).blob(), "GIC|interrupt controller"),
        Case("no-timer", tree(timer=None).blob(), "timer"),
        Case("no-cpus", tree(cpus=None).blob(), BOOTS),
        Case("odd-psci", tree(psci={"compatible": text("arm,psci-1.0"),
                                    "method": text("magic")}).blob(),
             "neither hvc nor smc"),
        Case("no-module", tree(where=None).blob(), "initramfs|/init"),
        Case("module-past-ram", tree(where=(0xF0000000, 0xF0100000)).blob(), "module"),
        Case("module-backwards", tree(where=(MODULE + 0x1000, MODULE)).blob(),
             "module|initrd|initramfs|/init"),
        Case("no-tree", good.blob(), "no device tree", register=0),
        Case("wrong-magic", good.blob(magic=0xEDFE0DD0), "wrong magic"),
        Case("old-version", good.blob(version=3, compatible=3), "not of version 17"),
        Case("size-0", good.blob(size=0), "shorter than a header"),
        Case("structure-outside", good.blob(structure_at=0x7FFFFFF0), "structure block"),
        Case("strings-outside", good.blob(strings_size=0x7FFFFFF0), "strings block"),
        Case("no-end", cut.blob(), "without end|end inside"),
        Case("unknown-token", odd.blob(), "unknown token"),
        Case("too-deep", tree(deep=deep(40)).blob(), "too deep"),
    ]


def machine(case: Case, kernel: Path, initrd: Path, loader: Path,
            folder: Path) -> Machine:
    """The machine that boots this case; files go into folder."""
    blob, registers = folder / f"{case.name}.dtb", folder / f"{case.name}.bin"
    blob.write_bytes(case.block)
    tree = TREE if case.register is None else case.register
    registers.write_bytes(struct.pack("<QQ", tree, ENTRY))
    return Machine(kernel=loader, arch="aarch64", boot="direct", mem=MEM,
                   extra=[*place(kernel.with_name("Image"), ENTRY),
                          *place(registers, PARAMETERS), *place(blob, TREE),
                          *place(initrd, MODULE)])
