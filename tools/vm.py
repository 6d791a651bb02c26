# SPDX-License-Identifier: MIT
"""One virtual machine as QEMU's command line.

A Machine says what is wanted (firmware way, memory, CPUs, boot words); its
command() says how QEMU 7.2 and later get it. Three ways in:

    bios    a GRUB ISO under SeaBIOS, multiboot2
    uefi    the same ISO under OVMF, multiboot2
    direct  -kernel with the PVH note, no loader at all: the quickest
"""
from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import iso

BOOT_WAYS = ("bios", "uefi", "direct")

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

# Beyond this the host need not have the memory: it comes when it is touched.
RESERVE_LIMIT = 2 << 30
# "-cpu max" of TCG has 40 physical address bits; RAM near 1 TiB needs more.
PHYS_BITS_LIMIT = 512 << 30

OVMF_PLACES = (
    "/usr/share/ovmf/OVMF.fd",
    "/usr/share/edk2/ovmf/OVMF_CODE.fd",
    "/usr/share/edk2/x64/OVMF.4m.fd",
    "/usr/share/edk2/x64/OVMF_CODE.fd",
    "/usr/share/qemu/ovmf-x86_64-code.bin",
    "/usr/share/OVMF/OVMF_CODE.fd",
    "/usr/share/qemu/edk2-x86_64-code.fd",
    "/opt/homebrew/share/qemu/edk2-x86_64-code.fd",
)

# Reproducible time: one instruction is one nanosecond, nothing waits.
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1",
          "-rtc", "base=2024-01-01T00:00:00,clock=vm"]
LEAST_MEM = 32 << 20


class VmError(Exception):
    """Something that QEMU needs is missing or impossible; one line."""


def parse_size(text: str) -> int:
    """Bytes of "512M", "64G", "1T" (a plain number: MiB, as QEMU has it)."""
    unit = UNITS.get(text[-1:].upper())
    digits = text[:-1] if unit else text
    if not digits.isdigit():
        raise VmError(f"MEM={text}: not a size such as 512M, 4G or 1T")
    return int(digits) * (unit or UNITS["M"])


def parse_cpus(text: str) -> int:
    """The number of CPUs."""
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise VmError(f"SMP={text}: not a number of CPUs from 1 to 64")
    return int(text)


def find_ovmf() -> str:
    """The UEFI firmware's file."""
    for place in OVMF_PLACES:
        if Path(place).is_file():
            return place
    raise VmError("no UEFI firmware (OVMF) here; Debian: apt-get install ovmf")


@dataclass
class Machine:
    """What to boot and how."""

    kernel: Path
    initrd: Path | None = None
    arch: str = "x86_64"
    boot: str = "bios"
    mem: str = "512M"
    smp: int = 1
    append: str = ""
    cpu: str = "max"
    model: str = "q35"                      # -M
    icount: bool = False
    extra: list[str] = field(default_factory=list)

    def command(self, folder: Path) -> list[str]:
        """QEMU's words, without those for console and debugger.

        folder receives what has to be built for the boot (the ISO).
        """
        program = f"qemu-system-{self.arch}"
        if not shutil.which(program):
            raise VmError(f"{program} is not installed; run tools/setup run")
        words = [program, *self._memory(), "-smp", str(self.smp),
                 "-display", "none", "-no-reboot", "-nic", "none",
                 "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        if self.icount:
            words += ICOUNT
        return words + self._boot(folder) + self.extra

    def _memory(self) -> list[str]:
        """Machine, CPU and RAM belong together: big RAM shapes all three."""
        size = parse_size(self.mem)
        if size < LEAST_MEM:
            raise VmError(f"MEM={self.mem}: Quire and its programs need "
                          f"{LEAST_MEM >> 20}M at least")
        cpu, model, backend = self.cpu, self.model, []
        if size > RESERVE_LIMIT:
            model += ",memory-backend=ram"
            backend = ["-object", f"memory-backend-ram,id=ram,size={size},"
                                  "reserve=off"]
        if size >= PHYS_BITS_LIMIT and "phys-bits" not in cpu:
            cpu += ",phys-bits=46"
        return ["-M", model, "-cpu", cpu, *backend, "-m", f"{size >> 20}M"]

    def _boot(self, folder: Path) -> list[str]:
        """The words of the boot way."""
        if self.boot == "direct":
            words = ["-kernel", str(self.kernel), "-append", self.append]
            return words + (["-initrd", str(self.initrd)] if self.initrd else [])
        if self.boot not in BOOT_WAYS:
            raise VmError(f"BOOT={self.boot}: one of {', '.join(BOOT_WAYS)}")
        image = folder / "quire.iso"
        iso.build(image, self.kernel, self.initrd, self.append)
        words = ["-cdrom", str(image), "-boot", "d"]
        return (["-bios", find_ovmf()] if self.boot == "uefi" else []) + words

    def make_words(self) -> str:
        """The make variables that give this machine again, for hints."""
        words = f"BOOT={self.boot} MEM={self.mem}"
        if self.smp != 1:
            words += f" SMP={self.smp}"
        return words + (f" APPEND='{self.append}'" if self.append else "")
