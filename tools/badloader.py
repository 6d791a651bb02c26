# SPDX-License-Identifier: MIT
"""Loaders that lie, what all machines have in common.

tests/boot/loader_<machine>.S plays the loader; badboot.py (multiboot2) and
badtree.py (device trees) know what it may say. Each case is a block and what
must become of it: the kernel makes sense of it and reaches a program (BOOTS),
or one line says what is wrong and the machine stops with failure. Silence is
never right.
"""
from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from machines import MACHINES, gnu_prefix

MEM = "256M"
BOOTS = ""
COMMAND_LINE = "-- run /bin/busybox true"

# Where things lie, counted from the beginning of RAM.
LOADER, PARAMETERS, MODULE = 0x1800000, 0x1900000, 0x2000000


@dataclass
class Case:
    """One block, and what the kernel must say to it."""

    name: str
    block: bytes
    says: str                               # pattern; BOOTS: it must boot
    register: int | None = None             # what the loader passes instead of
                                            # its protocol's usual word


def link_stub(source: Path, out: Path, arch: str) -> None:
    """One assembly file as a program that QEMU's -kernel accepts."""
    obj = out.with_suffix(".o")
    prefix = gnu_prefix(arch)
    subprocess.run([f"{prefix}gcc", "-c", str(source), "-o", str(obj)], check=True)
    subprocess.run([f"{prefix}ld", "-nostdlib", "-static", "-e", "start",
                    "-z", "noseparate-code", "--build-id=none",
                    f"-Ttext-segment={MACHINES[arch].ram + LOADER:#x}",
                    "-o", str(out), str(obj)], check=True)


def place(file: Path, address: int | None = None) -> list[str]:
    """QEMU's words for a file in memory: raw at an address, or an ELF file."""
    where = "" if address is None else f",addr={address:#x},force-raw=on"
    return ["-device", f"loader,file={file}{where}"]
