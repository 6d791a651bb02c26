# SPDX-License-Identifier: MIT
"""Multiboot2 information blocks that no honest loader makes: badloader.py.

    0x1800000  tests/boot/loader_x86_64.S   0x1900000  eax, ebx, entry, block
    0x2000000  initramfs
"""
from __future__ import annotations

import struct
from pathlib import Path

from badloader import BOOTS, COMMAND_LINE, MEM, MODULE, PARAMETERS, Case, place
from vm import Machine

MAGIC = 0x36D76289
HEADER_MAGIC = 0xE85250D6
BLOCK = PARAMETERS + 16
RAM_END = 256 << 20

END, CMDLINE, LOADER_NAME, MODULE_TAG, MMAP = 0, 1, 2, 3, 6
USABLE, RESERVED, BAD = 1, 2, 5

GOOD_MAP = [(0, 0x9F000, USABLE), (0x9F000, 0x61000, RESERVED),
            (0x100000, RAM_END - 0x100000, USABLE)]


def tag(kind: int, body: bytes, size: int | None = None) -> bytes:
    """One tag, padded to 8; size overrides what its header claims."""
    data = struct.pack("<II", kind, 8 + len(body) if size is None else size) + body
    return data + bytes(-len(data) % 8)


def text(kind: int, words: str) -> bytes:
    """A tag with a string."""
    return tag(kind, words.encode() + b"\0")


def mmap(ranges: list[tuple[int, int, int]], entry_size: int = 24) -> bytes:
    """The memory map; ranges are (start, length, type)."""
    wrap = (1 << 64) - 1
    body = b"".join(struct.pack("<QQII", start & wrap, length & wrap, kind, 0)
                    for start, length, kind in ranges)
    return tag(MMAP, struct.pack("<II", entry_size, 0) + body)


def module(start: int, end: int) -> bytes:
    """The initramfs."""
    return tag(MODULE_TAG, struct.pack("<II", start, end) + b"initramfs\0")


def block(*tags: bytes, size: int | None = None, close: bool = True) -> bytes:
    """The whole information block."""
    body = b"".join(tags) + (tag(END, b"") if close else b"")
    return struct.pack("<II", 8 + len(body) if size is None else size, 0) + body


def cases(initrd_size: int) -> list[Case]:
    """All cases for an initramfs of this size."""
    words = text(CMDLINE, COMMAND_LINE)
    disk = module(MODULE, MODULE + initrd_size)
    start = [text(LOADER_NAME, "liar"), words]

    def with_map(ranges: list[tuple[int, int, int]]) -> bytes:
        return block(*start, disk, mmap(ranges))

    shuffled = [GOOD_MAP[2], GOOD_MAP[0], GOOD_MAP[1]]
    overlapping = GOOD_MAP + [(0x8000000, 0x100000, RESERVED),
                              (0x8080000, 0x100000, BAD),
                              (0x100000, 0x1000000, USABLE)]
    crumbs = [(0x9000000 + i * 0x2000, 0x1000, RESERVED) for i in range(400)]
    return [
        Case("good", with_map(GOOD_MAP), BOOTS),
        Case("unsorted", with_map(shuffled), BOOTS),
        Case("overlapping", with_map(overlapping), BOOTS),
        Case("empty-ranges", with_map([(0x5000, 0, USABLE)] + GOOD_MAP), BOOTS),
        Case("wrapping", with_map(GOOD_MAP + [(-0x1000, 0x3000, USABLE)]), BOOTS),
        Case("contradictory", with_map(GOOD_MAP + [(0xA000000, 0x100000, USABLE),
                                                   (0xA000000, 0x100000, BAD)]), BOOTS),
        Case("hundreds", with_map(GOOD_MAP + crumbs), BOOTS),
        Case("unaligned", with_map([(1, 0x9EFFF, USABLE),
                                    (0x100000, RAM_END - 0x100123, USABLE)]), BOOTS),
        Case("unknown-tags", block(tag(77, b"odd"), *start, disk, mmap(GOOD_MAP),
                                   tag(0x7FFFFFFF, bytes(40))), BOOTS),
        Case("no-map", block(*start, disk), "no memory map"),
        Case("empty-map", with_map([]), "memory map"),
        Case("nothing-usable", with_map([(0, RAM_END, RESERVED)]), "no usable memory"),
        Case("entry-size-0", block(*start, disk, tag(
            MMAP, struct.pack("<II", 0, 0) + bytes(24))), "memory map"),
        Case("tag-size-0", block(*start, disk, tag(9, b"", size=0),
                                 mmap(GOOD_MAP)), "tag"),
        Case("tag-past-end", block(*start, disk, tag(9, b"x", size=0x7FFFFFF0)),
             "tag past the end"),
        Case("block-size-0", block(*start, disk, mmap(GOOD_MAP), size=0), "too short"),
        Case("no-end-tag", block(*start, mmap(GOOD_MAP), disk, close=False), "end tag"),
        Case("no-module", block(*start, mmap(GOOD_MAP)), "initramfs|/init"),
        Case("module-past-ram", block(*start, mmap(GOOD_MAP),
                                      module(0xF0000000, 0xF0100000)), "module"),
        Case("module-backwards", block(*start, mmap(GOOD_MAP),
                                       module(MODULE + 0x1000, MODULE)), "module"),
        Case("wrong-magic", with_map(GOOD_MAP), "multiboot2", register=0x2BADB002),
    ]


def entry_address(kernel: Path) -> int:
    """The multiboot2 entry point: the header's entry tag, else e_entry."""
    data = kernel.read_bytes()
    for at in range(0, min(len(data), 32768), 8):
        if struct.unpack_from("<I", data, at)[0] == HEADER_MAGIC:
            break
    else:
        raise ValueError(f"{kernel} has no multiboot2 header")
    end = at + struct.unpack_from("<I", data, at + 8)[0]
    at += 16
    while at < end:
        kind, _, size = struct.unpack_from("<HHI", data, at)
        if kind == 3:
            return struct.unpack_from("<I", data, at + 8)[0]
        if kind == 0 or size == 0:
            break
        at += (size + 7) & ~7
    return struct.unpack_from("<Q", data, 24)[0] & 0xFFFFFFFF


def machine(case: Case, kernel: Path, initrd: Path, loader: Path,
            folder: Path) -> Machine:
    """The machine that boots this case; files go into folder."""
    magic = MAGIC if case.register is None else case.register
    data = struct.pack("<IIII", magic, BLOCK, entry_address(kernel), 0)
    blob = folder / f"{case.name}.bin"
    blob.write_bytes(data + case.block)
    return Machine(kernel=loader, boot="direct", mem=MEM,
                   extra=[*place(kernel), *place(blob, PARAMETERS),
                          *place(initrd, MODULE)])
