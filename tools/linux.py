# SPDX-License-Identifier: MIT
"""Debian's packaged Linux as the yardstick and the oracle: unpacked, never installed.

    debs.py ─► build/linux/<package>/boot/vmlinuz-…
"""
from __future__ import annotations

from pathlib import Path

import debs
from machines import Facts

FOLDER = Path("build/linux")

# Linux at its best: without the mitigations, accounting and hardening that
# Quire does not have either.
LEAN = ("mitigations=off transparent_hugepage=never norandmaps init_on_alloc=0 "
        "cgroup_disable=memory psi=0 lsm=integrity audit=0")


def words(facts: Facts, lean: bool = True) -> str:
    """Linux's command line on a machine."""
    plain = f"console={facts.console} quiet panic=-1"
    return " ".join(filter(None, [plain, facts.linux_words if lean else "",
                                  LEAN if lean else ""]))


def fetch(facts: Facts) -> tuple[Path, str]:
    """The newest kernel's file and its package name; downloads only once."""
    archive = debs.Archive(facts.name)
    package = archive.newest(facts.linux_package, r"linux-image-\S+")
    tree = FOLDER / package
    if not list(tree.glob("boot/vmlinuz-*")):
        print(f"linux: fetching {package}", flush=True)
        debs.unpack(archive.fetch(package), tree)
    kernels = sorted(tree.glob("boot/vmlinuz-*"))
    if not kernels:
        raise debs.DebError(f"{package} has no boot/vmlinuz")
    return kernels[-1], package
