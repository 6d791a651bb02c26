#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The programs of tests/user on Debian's Linux: what they claim must hold there.

    oracle.py --arch ARCH --initrd INITRAMFS [--cpu CPU] [KIND…]

A second archive behind the first brings a script that mounts what Quire has
without mounting and then starts our /init for each KIND of program in /tests
(test and stress; "test NAME…" for some of them). Linux unpacks both.
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import debs
import linux
import mkinitramfs
import tap
import vm
import watch

SCRIPT = """#!/bin/busybox sh
busybox() { /bin/busybox "$@"; }
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmp /tmp
busybox ln -s /proc/self/fd /dev/fd
for kind in KINDS; do /init $kind; done
busybox poweroff -f
"""

# Where Linux 6.1 differs from later ones, or from us by intent.
KNOWN = {
    "test_anon.writes_cost_frames_reads_do_not": "each thread counts its RSS in lots of 64",
    "test_proc.status_counts_pages": "each thread counts its RSS in lots of 64",
    "test_accounts.rss_is_the_same_everywhere": "each thread counts its RSS in lots of 64",
    "test_file.scribbles_behind_the_end_never_show": "tmpfs before 6.18 does show them",
    "test_proc.kernel_tables_exist": "caches have other names, counters are ours",
}


def both(initrd: Path, kinds: list[str]) -> bytes:
    """Our initramfs and the script behind it."""
    extra = mkinitramfs.Newc()
    extra.add("oracle", 0o100755, SCRIPT.replace("KINDS", " ".join(f"'{kind}'" for kind in kinds)).encode())
    return initrd.read_bytes() + extra.finish()


def end_of(kind: str) -> str:
    """What /init says after the last program of a kind."""
    kind = kind.split()[0]
    return f"# user {kind}{'s' if kind == 'test' else ''}:"


def log_of(arch: str) -> Path:
    """All that Linux and the programs said."""
    return Path(f"build/log/oracle-{arch}.log")


def run(arch: str, cpu: str, initrd: Path,
        kinds: list[str]) -> tuple[tap.Tally, watch.Ending]:
    """Boot Linux with our programs; what they said."""
    kernel, package = linux.fetch(vm.facts_of(arch))
    print(f"oracle: {package}", flush=True)
    log_of(arch).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "initramfs.cpio"
        archive.write_bytes(both(initrd, kinds))
        machine = vm.Machine(
            kernel=kernel, initrd=archive, arch=arch, boot="direct", mem="1G", cpu=cpu, smp=2,
            append=f"{linux.words(vm.facts_of(arch), lean=False)} rdinit=/oracle")
        ending = watch.run([*machine.command(Path(name)), "-serial", "stdio",
                            "-monitor", "none"], 300,
                           [watch.Talk(end_of(kind)) for kind in kinds],
                           log=log_of(arch))
    return tap.read(ending.lines), ending


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="tests/user on Linux.")
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--cpu", default="")
    parser.add_argument("--initrd", required=True, type=Path)
    parser.add_argument("kinds", nargs="*", default=["test", "stress"], metavar="KIND")
    args = parser.parse_args()
    try:
        tally, ending = run(args.arch, args.cpu, args.initrd, args.kinds)
    except (debs.DebError, vm.VmError) as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 3
    surprises = [name for name in tally.failed if name not in KNOWN]
    for name in tally.failed:
        print(f"not on Linux: {name}" + (f" ({KNOWN[name]})" if name in KNOWN else ""))
    if not any(end_of(args.kinds[-1]) in line for line in ending.lines):
        surprises.append(ending.reason)
        print(f"oracle: {ending.reason}")
    print(f"oracle: {tally.passed} passed, {len(surprises)} surprises, see {log_of(args.arch)}")
    return bool(surprises)


if __name__ == "__main__":
    sys.exit(main())
