# SPDX-License-Identifier: MIT
"""The suites of `make test`: what runs where (runs.py: how it is judged).

    build/…   every flavour of the kernel, the host programs, the user programs
    host/…    mm/ and lib/ as Linux programs: suites, models, fuzzers, sweeps
    kernel/…  tests/kernel inside the guest (boot option ktest)
    user/…    the programs of tests/user inside the guest
    programs/…  Debian's own programs in the guest, dynamically linked
    stress/…  its stress programs; STRESS=big (make stress): for hours
    fuzz/…    random system calls with failing allocations; STRESS=big likewise
    diff/…    memory calls as on Linux: stored answers (tests/diff)
    boot/…    every way in with every memory size; loaders that lie; 1 TiB;
              1 to 64 CPUs
    gdb/…     a scripted debugging session
    tools/…   the tools of this folder themselves

A suite that runs in a guest ends with its machine's name: kernel/opt-aarch64.
"""
from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from machines import MACHINES
from runs import (FLAVOURS, Place, Suite, Tally, bad_boots, boot_cpus, boot_once, build,
                  busybox_init, crashes, debian_programs, gdb_session, guest_tap, hangs,
                  host_program, host_programs, like_linux, shell,
                  sparse_terabyte, tour, unittests)

# RAM in two nodes, the way QEMU makes several banks.
TWO_NODES = [word for node in (0, 1) for word in (
    "-object", f"memory-backend-ram,id=node{node},size=256M",
    "-numa", f"node,nodeid={node},memdev=node{node}")]


# ---- the list ------------------------------------------------------------------

def on(arch: str, name: str, run: Callable[[Place], Tally], seconds: int,
       flavour: str = "opt") -> Suite:
    """A suite in a guest of this machine."""
    needs = (f"build/{flavour}-{arch}", f"build/user-{arch}")
    return Suite(f"{name}-{arch}", run, needs, seconds, arch)


def builds(arches: list[str], quick: bool) -> list[Suite]:
    """What is built before anything runs."""
    suites = [Suite("build/host", build(["host-tests"]))]
    for arch in arches:
        suites.append(Suite(f"build/user-{arch}", build(["initramfs"]), arch=arch))
        suites.append(Suite(f"build/programs-{arch}", build(["programs"], 1200), (
            f"build/user-{arch}",), arch=arch))
        for name, words in FLAVOURS.items():
            if not quick or name == "opt":
                flags = [f"{key}={value}" for key, value in words.items()]
                suites.append(Suite(f"build/{name}-{arch}",
                                    build([*flags, "kernel"]), arch=arch))
    return suites


def shared_suites() -> list[Suite]:
    """What needs no guest of Quire: the host programs and the tools."""
    suites = [Suite(f"host/{path.name}", host_program(path, 300), ("build/host",), 30)
              for path in host_programs()]
    return suites + [Suite("tools/self", unittests, (), 15)]


def flavour_suites(arch: str, flavour: str, factor: int) -> list[Suite]:
    """The tests inside the guest with one flavour of the kernel."""
    return [on(arch, f"kernel/{flavour}", guest_tap(flavour, "ktest", 300 * factor),
               30 * factor, flavour),
            on(arch, f"user/{flavour}", guest_tap(flavour, "-- test", 300 * factor),
               40 * factor, flavour)]


def diff_suites(arch: str) -> list[Suite]:
    """The same answers as Linux, on one CPU and on two, and under KASAN."""
    return [on(arch, "diff/opt", like_linux("opt", 300), 10),
            on(arch, "diff/smp2", like_linux("opt", 300, smp=2), 10),
            on(arch, "diff/kasan", like_linux("kasan", 60), 15, "kasan")]


def variant_suites(arch: str) -> list[Suite]:
    """The same tests on other boards and CPUs of the machine."""
    return [on(arch, f"{kind}/{name}", guest_tap("opt", words, 300, **fields), 30)
            for name, fields in MACHINES[arch].variants.items()
            for kind, words in (("kernel", "ktest"), ("user", "-- test"))]


def program_suites(arch: str) -> list[Suite]:
    """Real programs: on one CPU, on two that race, with a strict kernel."""
    suites = [on(arch, f"programs/{flavour}", debian_programs(flavour, seconds), 20,
                 flavour) for flavour, seconds in (("opt", 200), ("debug", 400))]
    suites.append(on(arch, "programs/smp2", debian_programs("opt", 300, smp=2), 20))
    for suite in suites:
        suite.needs += (f"build/programs-{arch}",)
    return suites


# The stress programs (tests/user/stress.h): how much, by number of CPUs. For
# hosts that have less to give than the guest has CPUs.
STRESS_SMALL = {2: "ops=300", 4: "ops=100"}
# What `make stress` runs of them, for an hour or two on two cores: steps of each
# case. On 2 and 4 CPUs of both machines that is 3.4 million in all.
STRESS_BIG = {"map": "stress_map ops=100000",
              "shootdown": "stress_shootdown ops=20000",
              "fork": "stress_fork ops=5000 tasks=1000",
              "mix": "stress_mix stress_mix_glibc ops=20000"}


def stress_suites(arch: str, big: bool) -> list[Suite]:
    """Programs that let the CPUs collide; SEED= rolls other dice."""
    seed = os.environ.get("SEED") or "1"
    if big:
        return [on(arch, f"stress/{name}-smp{cpus}", guest_tap(
                    "opt", f"-- stress {words} seed={seed} limit=7200", 8000,
                    smp=cpus, mem="1G"), 600)
                for name, words in STRESS_BIG.items() for cpus in (2, 4)]
    suites = [on(arch, f"stress/smp{cpus}", guest_tap(
        "opt", f"-- stress {words} seed={seed}", 300, smp=cpus), 40)
        for cpus, words in STRESS_SMALL.items()]
    return suites + [on(arch, "stress/storm", guest_tap(
        "opt", f"-- stress stress_fork ops=100 tasks=1000 seed={seed}", 200,
        smp=2, mem="1G"), 20)]


# The calls that tests/user/fuzz_calls.c draws, by flavour and number of CPUs;
# with STRESS=big this many times as many.
FUZZ_CALLS = {("opt", 1): 15000, ("opt", 2): 10000, ("debug", 2): 5000,
              ("kasan", 1): 3000}
FUZZ_BIG = 200


def fuzz_suites(arch: str, big: bool) -> list[Suite]:
    """Random system calls with failing allocations; SEED= rolls other dice."""
    seed = os.environ.get("SEED") or "1"
    times, seconds = (FUZZ_BIG, 8000) if big else (1, 200)
    return [on(arch, f"fuzz/{flavour}-smp{cpus}", guest_tap(
        flavour, f"-- fuzz ops={ops * times} seed={seed}", seconds, smp=cpus), 10,
        flavour) for (flavour, cpus), ops in FUZZ_CALLS.items()]


def smp_suites(arch: str) -> list[Suite]:
    """The same tests on several CPUs, which take turns (icount) or race.

    What looks at time slices fails where the host is busy: the races are for
    the suites whose names begin with smp.
    """
    suites = [on(arch, f"boot/smp-{cpus}", boot_cpus(cpus), 3)
              for cpus in (1, 2, 4, 8, 64)]
    for cpus in (2, 4):
        suites += [
            on(arch, f"user/smp{cpus}", guest_tap("opt", "-- test", 300, smp=cpus), 20),
            on(arch, f"kernel/smp{cpus}", guest_tap(
                "opt", "ktest", 300, smp=cpus, icount=True), 30)]
        suites += [on(arch, f"kernel/race{cpus}-{flavour}", guest_tap(
            flavour, "ktest=smp", 200, smp=cpus), 10, flavour)
            for flavour in ("opt", "debug")]
    # fork shares page tables wherever one is whole (mm/spaces/share.c).
    suites.append(on(arch, "user/share4", guest_tap(
        "opt", "fork_share=2 -- test test_fork_tables test_fork test_accounts test_pagemap",
        300, smp=4), 20))
    return suites + [on(arch, "kernel/hang", hangs, 10)]


def boot_suites(arch: str) -> list[Suite]:
    """Every way in, and what one does with a machine that is up."""
    facts = MACHINES[arch]
    suites = [on(arch, f"boot/{boot}-{mem}", boot_once(boot, mem),
                 15 if boot.startswith("uefi") else 3)
              for mem in facts.sizes for boot in facts.ways]
    suites += [on(arch, f"boot/{boot}-banks", boot_once(
        boot, "512M", extra=TWO_NODES), 5) for boot in facts.ways]
    return suites + [on(arch, "boot/bad", bad_boots, 25),
                     on(arch, "kernel/crash", crashes, 10),
                     on(arch, "boot/terabyte", sparse_terabyte, 10),
                     on(arch, "boot/tour", tour, 10),
                     on(arch, "boot/shell", shell, 10),
                     on(arch, "boot/init", busybox_init, 15)]


def quick_suites(arches: list[str]) -> list[Suite]:
    """The host programs, the tools, and one kernel in the guest."""
    return shared_suites() + [suite for arch in arches
                              for suite in flavour_suites(arch, "opt", 1)]


def all_suites(arches: list[str]) -> list[Suite]:
    """Everything but lint."""
    big = os.environ.get("STRESS") == "big"
    suites = quick_suites(arches)
    for arch in arches:
        suites += (flavour_suites(arch, "debug", 2) + flavour_suites(arch, "kasan", 4)
                   + variant_suites(arch) + program_suites(arch) + boot_suites(arch)
                   + smp_suites(arch) + diff_suites(arch) + stress_suites(arch, big)
                   + fuzz_suites(arch, big))
        for script in sorted(Path("tests/gdb").glob("*.py")):
            suites.append(on(arch, f"gdb/{script.stem}", gdb_session(script), 30,
                             "debug"))
    return suites


def run_suite(suite: Suite, log: Path) -> Tally:
    """Run one suite; a suite that cannot run has failed, with the reason."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with tempfile.TemporaryDirectory(dir=log.parent) as folder:
        try:
            return suite.run(Place(suite.arch, log, Path(folder)))
        except Exception as error:          # reported, and the rest goes on
            return Tally(failed=[f"{type(error).__name__}: {error}"])
