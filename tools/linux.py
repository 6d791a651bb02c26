# SPDX-License-Identifier: MIT
"""Debian's packaged Linux as the yardstick: fetched and unpacked, never installed.

    apt-get download ─► build/linux/<package>.deb ─► dpkg -x ─► boot/vmlinuz-…
"""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

FOLDER = Path("build/linux")
META_PACKAGE = {"x86_64": "linux-image-cloud-amd64"}

# Linux at its best: without the mitigations, accounting and hardening that
# Quire does not have either.
LEAN = ("mitigations=off transparent_hugepage=never norandmaps init_on_alloc=0 "
        "cgroup_disable=memory psi=0 lsm=integrity audit=0")
CONSOLE = {"x86_64": "console=ttyS0 quiet panic=-1"}


class LinuxError(Exception):
    """Linux cannot be had here; one line."""


def call(command: list[str], cwd: Path | None = None) -> str:
    """Output of a command; LinuxError with its last words when it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        raise LinuxError(f"{' '.join(command)}: no answer for five minutes")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no words"])[-1]
        raise LinuxError(f"{' '.join(command)} failed: {last}")
    return done.stdout


def image_package(arch: str) -> str:
    """The package with the kernel itself, which the meta package depends on."""
    if not shutil.which("apt-get"):
        raise LinuxError("LINUX=1 needs Debian's apt-get to fetch Linux")
    meta = META_PACKAGE[arch]
    found = re.search(r"Depends: (linux-image-\S+)",
                      call(["apt-cache", "depends", meta]))
    if not found:
        raise LinuxError(f"apt does not know {meta}: run apt-get update")
    return found.group(1)


def fetch(arch: str) -> tuple[Path, str]:
    """The kernel's file and its package name; downloads only once."""
    package = image_package(arch)
    tree = FOLDER / package
    if not list(tree.glob("boot/vmlinuz-*")):
        FOLDER.mkdir(parents=True, exist_ok=True)
        print(f"bench: fetching {package}", flush=True)
        call(["apt-get", "-q", "-o", "Acquire::Retries=1",
              "-o", "Acquire::http::Timeout=20", "download", package], FOLDER)
        for deb in FOLDER.glob(f"{package}_*.deb"):
            call(["dpkg", "-x", str(deb), str(tree)])
            deb.unlink()
    kernels = sorted(tree.glob("boot/vmlinuz-*"))
    if not kernels:
        raise LinuxError(f"{package} has no boot/vmlinuz")
    return kernels[-1], package
