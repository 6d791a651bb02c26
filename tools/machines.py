# SPDX-License-Identifier: MIT
"""What the tools must know about each machine that Quire runs on: one table.

Everything that differs between machines outside the kernel stands here, so
that the other tools ask the table and never the machine's name.
"""
from __future__ import annotations

import platform
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """One machine."""

    name: str                               # its folder under arch/
    debian: str                             # Debian's name for it
    ram: int                                # where RAM begins

    # QEMU
    model: str                              # -M
    cpu: str                                # -cpu
    verdict: tuple[str, ...]                # how the guest ends QEMU
    least_mem: str                          # Quire and its programs need this
    wide_cpu: str = ""                      # more words for -cpu with huge RAM
    console: str = ""                       # Linux's name of the serial line

    # Ways in; the first is what `make run` takes.
    ways: tuple[str, ...] = ()
    image: str = ""                         # file beside the ELF file that
                                            # loaders take, "": the ELF file
    firmware: tuple[str, ...] = ()          # where UEFI may lie
    firmware_package: str = ""              # Debian's package with it
    firmware_mem: str = ""                  # it does not start with less

    # Suites: memory sizes of the boot matrix, and other machines of the same
    # kind: name -> fields of vm.Machine that differ.
    sizes: tuple[str, ...] = ()
    variants: dict[str, dict[str, str]] = field(default_factory=dict)
    many_cpus: str = ""                     # -M for more than 8 CPUs, "": model

    # Measuring: the plainest board, and what a tick of the cycle counter is
    # in instructions (nanoseconds) under -icount shift=0.
    bench_model: str = ""
    bench_cpu: str = ""
    tick: int = 1
    linux_package: str = ""                 # depends on the newest kernel
    linux_words: str = ""                   # what only this Linux wants
    linux_smp: bool = True                  # it starts other CPUs under icount


X86_64 = Facts(
    name="x86_64", debian="amd64", ram=0, model="q35", cpu="max",
    verdict=("-device", "isa-debug-exit,iobase=0xf4,iosize=4"),
    least_mem="32M",
    # "-cpu max" of TCG has 40 physical address bits; RAM near 1 TiB needs more.
    wide_cpu=",phys-bits=46",
    console="ttyS0",
    ways=("bios", "uefi", "direct"),
    firmware=(
        "/usr/share/ovmf/OVMF.fd",
        "/usr/share/edk2/ovmf/OVMF_CODE.fd",
        "/usr/share/edk2/x64/OVMF.4m.fd",
        "/usr/share/edk2/x64/OVMF_CODE.fd",
        "/usr/share/qemu/ovmf-x86_64-code.bin",
        "/usr/share/OVMF/OVMF_CODE.fd",
        "/usr/share/qemu/edk2-x86_64-code.fd",
        "/opt/homebrew/share/qemu/edk2-x86_64-code.fd"),
    firmware_package="ovmf", firmware_mem="64M",
    sizes=("32M", "64M", "512M", "4G", "16G", "64G"),
    bench_model="pc", bench_cpu="qemu64",
    linux_package="linux-image-cloud-amd64",
    linux_smp=False)                        # waits for the second CPU for ever

AARCH64 = Facts(
    name="aarch64", debian="arm64", ram=0x40000000, model="virt", cpu="max",
    verdict=("-semihosting",),
    least_mem="64M",
    console="ttyAMA0",
    ways=("direct", "uefi", "uefi-dt"), image="Image",
    firmware=(
        "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
        "/usr/share/edk2/aarch64/QEMU_EFI.fd",
        "/usr/share/qemu/aavmf-aarch64-code.bin",
        "/usr/share/AAVMF/AAVMF_CODE.fd",
        "/usr/share/qemu/edk2-aarch64-code.fd",
        "/opt/homebrew/share/qemu/edk2-aarch64-code.fd"),
    firmware_package="qemu-efi-aarch64", firmware_mem="128M",
    sizes=("64M", "128M", "512M", "4G", "16G", "64G"),
    many_cpus="virt,gic-version=3",         # version 2 names 8
    # "virt" alone: GICv2, entered at EL1, every feature that TCG has.
    variants={
        "a72": {"cpu": "cortex-a72"},
        "gicv3": {"model": "virt,gic-version=3"},
        "el2": {"model": "virt,virtualization=on"},
        "el2-gicv3": {"model": "virt,virtualization=on,gic-version=3",
                      "cpu": "cortex-a72"},
    },
    bench_model="virt", bench_cpu="cortex-a72",
    tick=16,                                # 62.5 MHz
    linux_package="linux-image-cloud-arm64", linux_words="kpti=off")


def gnu_prefix(arch: str) -> str:
    """What stands before "gcc" and "ld" for this machine here."""
    return "" if platform.machine() == arch else f"{arch}-linux-gnu-"


MACHINES = {facts.name: facts for facts in (X86_64, AARCH64)}

