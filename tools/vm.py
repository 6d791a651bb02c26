# SPDX-License-Identifier: MIT
"""One virtual machine as QEMU's command line.

A Machine says what is wanted (firmware way, memory, CPUs, boot words); its
command() says how QEMU 7.2 and later get it. The ways in:

    bios     x86_64: a GRUB ISO under SeaBIOS, multiboot2
    uefi     x86_64: the same ISO under OVMF; aarch64: the Image as a PE
             program, with ACPI tables and no device tree
    uefi-dt  aarch64: the same with a device tree and no ACPI tables
    direct   -kernel, no loader at all, the quickest: x86_64 by the PVH note,
             aarch64 by the Image header
"""
from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import iso
from machines import MACHINES, Facts

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

# Beyond this the host need not have the memory: it comes when it is touched.
RESERVE_LIMIT = 2 << 30
# From here on a CPU may need more physical address bits than it has.
WIDE_LIMIT = 512 << 30

# Reproducible time: one instruction is one nanosecond, nothing waits.
ICOUNT = ["-icount", "shift=0,sleep=off", "-seed", "1",
          "-rtc", "base=2024-01-01T00:00:00,clock=vm"]


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


def facts_of(arch: str) -> Facts:
    """The table's line of a machine."""
    if arch not in MACHINES:
        raise VmError(f"ARCH={arch}: one of {', '.join(MACHINES)}")
    return MACHINES[arch]


def find_firmware(facts: Facts) -> str:
    """The UEFI firmware's file."""
    for place in facts.firmware:
        if Path(place).is_file():
            return place
    raise VmError(f"no UEFI firmware for {facts.name} here; Debian: "
                  f"apt-get install {facts.firmware_package}")


@dataclass
class Machine:
    """What to boot and how; "" takes what the machine's facts say."""

    kernel: Path                            # quire.elf, or what loaders take
    initrd: Path | None = None
    arch: str = "x86_64"
    boot: str = ""
    mem: str = "512M"
    smp: int = 1
    append: str = ""
    cpu: str = ""
    model: str = ""                         # -M
    icount: bool = False
    extra: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = facts_of(self.arch)
        self.boot = self.boot or self.facts.ways[0]
        self.cpu = self.cpu or self.facts.cpu
        self.model = self.model or self.facts.model

    def command(self, folder: Path) -> list[str]:
        """QEMU's words, without those for console and debugger.

        folder receives what has to be built for the boot (the ISO).
        """
        program = f"qemu-system-{self.arch}"
        if not shutil.which(program):
            raise VmError(f"{program} is not installed; run ARCH={self.arch} "
                          "tools/setup run")
        words = [program, *self._memory(), "-smp", str(self.smp),
                 "-display", "none", "-no-reboot", "-nic", "none",
                 *self.facts.verdict]
        if self.icount:
            words += ICOUNT
        return words + self._boot(folder) + self.extra

    def _memory(self) -> list[str]:
        """Machine, CPU and RAM belong together: big RAM shapes all three."""
        size = parse_size(self.mem)
        if size < parse_size(self.facts.least_mem):
            raise VmError(f"MEM={self.mem}: Quire and its programs need "
                          f"{self.facts.least_mem} at least")
        cpu, model, backend = self.cpu, self.model, []
        if size > RESERVE_LIMIT:
            model += ",memory-backend=ram"
            backend = ["-object", f"memory-backend-ram,id=ram,size={size},"
                                  "reserve=off"]
        if self.boot == "uefi-dt":
            model += ",acpi=off"
        if size >= WIDE_LIMIT and "phys-bits" not in cpu:
            cpu += self.facts.wide_cpu
        return ["-M", model, "-cpu", cpu, *backend, "-m", f"{size >> 20}M"]

    def _boot(self, folder: Path) -> list[str]:
        """The words of the boot way."""
        if self.boot not in self.facts.ways:
            raise VmError(f"BOOT={self.boot}: one of {', '.join(self.facts.ways)}")
        firmware = self.boot.startswith("uefi")
        words = ["-bios", find_firmware(self.facts)] if firmware else []
        if self.boot != "direct" and not self.facts.image:
            image = folder / "quire.iso"
            iso.build(image, self.kernel, self.initrd, self.append)
            return [*words, "-cdrom", str(image), "-boot", "d"]
        words += ["-kernel", str(self._loadable()), "-append", self.append]
        return words + (["-initrd", str(self.initrd)] if self.initrd else [])

    def _loadable(self) -> Path:
        """The file that -kernel takes: kernel, or the image made from it."""
        if self.facts.image and self.kernel.name == "quire.elf":
            return self.kernel.with_name(self.facts.image)
        return self.kernel

    def make_words(self) -> str:
        """The make variables that give this machine again, for hints."""
        words = f"ARCH={self.arch} BOOT={self.boot} MEM={self.mem}"
        if self.smp != 1:
            words += f" SMP={self.smp}"
        if self.cpu != self.facts.cpu:
            words += f" CPU={self.cpu}"
        if self.model != self.facts.model:
            words += f" MODEL={self.model}"
        return words + (f" APPEND='{self.append}'" if self.append else "")
