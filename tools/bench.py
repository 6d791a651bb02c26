#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mmbench on Quire in guest instructions, beside Linux and the aim.

    bench.py --kernel ELF --mmbench PROGRAM [--linux]

mmbench is the whole initramfs (/init). Under QEMU's -icount one instruction
is one nanosecond of guest time, so every figure is exact and repeatable, and
the cycle counter at the start of main() is the length of the boot.

The Linux figures stand in tests/bench/linux_<machine>.json; --linux boots
Debian's packaged Linux with the same binary and writes them anew.
"""
from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import debs
import linux
import membench
import mkinitramfs
import vm
import watch
from machines import MACHINES

MEM = "1G"
SMP = (2, 4)            # CPUs on which the groups with threads run again
TIMEOUT = 900.0

# A line that enters the kernel should cost a third of Linux; boot and the
# memory kept a tenth.
AIM_LINE = 3.0
AIM_WHOLE = 10.0
# Lines that never enter the kernel: there is nothing to win.
USER_ONLY = ("calib_",)
# Pages that a line must fill or copy, whatever the kernel: on x86 QEMU counts
# each iteration of `rep` as an instruction. The column "net" is the ratio
# without them, on both sides; a line that misses the aim by the fill alone
# counts as reached and says so.
FILLS = {
    "fault_anon_write": ("set", 1), "fault_anon_upgrade": ("set", 1),
    "fault_retouch": ("set", 1), "fault_sparse_4g": ("set", 2),
    "vma_fault/": ("set", 1), "thread_fault/": ("set", 1),
    "cow_copy": ("cpy", 1), "file_cow_after_read": ("cpy", 1),
    "file_write_fault": ("cpy", 1), "mmap_touch_munmap_4k": ("set", 1),
    "thread_mmap/": ("set", 1), "brk_touch_64k": ("set", 16),
}


@dataclass
class Figures:
    """What one run of mmbench said."""

    system: str = "?"
    boot: int = 0                           # instructions before main()
    cost: dict[str, float] = field(default_factory=dict)    # per operation
    memory: dict[str, int] = field(default_factory=dict)    # bytes
    skipped: dict[str, int] = field(default_factory=dict)   # group: errno
    threads: dict[str, dict[str, float]] = field(default_factory=dict)
    complete: bool = False

    def kept(self) -> int:
        """Bytes of RAM that the kernel never offers (of MEM)."""
        total = self.memory.get("ram_total")
        return vm.parse_size(MEM) - total if total else 0


def parse(lines: list[str], tick: int = 1) -> Figures:
    """Read mmbench's output; see the head of mmbench.c for its form.

    tick: instructions for each tick of the machine's cycle counter.
    """
    figures = Figures()
    for line in lines:
        words = line.split()
        if len(words) >= 5 and words[0] == "R":
            figures.cost[words[1]] = float(words[4])
        elif len(words) == 3 and words[0] == "M":
            figures.memory[words[1]] = int(words[2])
        elif len(words) == 3 and words[0] == "S":
            figures.skipped[words[1]] = int(words[2])
        elif line.startswith("# mmbench"):
            figures.system = " ".join(words[2:])
        elif found := re.match(r"# at main: .*ticks=(\d+)", line):
            figures.boot = tick * int(found.group(1))
        elif line.startswith("# done"):
            figures.complete = True
    return figures


def measure(arch: str, kernel: Path, mmbench: Path, append: str,
            log: Path, smp: int = 1, mem: str = MEM) -> tuple[Figures, watch.Ending]:
    """Boot a kernel with mmbench as /init and read what it says."""
    facts = MACHINES[arch]
    with tempfile.TemporaryDirectory() as name:
        initrd = Path(name) / "initramfs.cpio"
        initrd.write_bytes(mkinitramfs.build({"init": mmbench}, None, None, True))
        machine = vm.Machine(kernel=kernel, initrd=initrd, arch=arch,
                             boot="direct", mem=mem, model=facts.bench_model,
                             cpu=facts.bench_cpu, append=append,
                             smp=smp, icount=True)
        command = [*machine.command(Path(name)), "-serial", "stdio",
                   "-monitor", "none"]
        log.parent.mkdir(parents=True, exist_ok=True)
        ending = watch.run(command, TIMEOUT, log=log)
    return parse(ending.lines, facts.tick), ending


def stored_path(arch: str) -> Path:
    """Where the Linux figures are kept."""
    return Path(f"tests/bench/linux_{arch}.json")


def measure_threads(arch: str, kernel: Path, mmbench: Path, append: str,
                    log: Path) -> dict[str, dict[str, float]]:
    """The groups with threads on several CPUs: CPUs -> line -> cost."""
    found = {}
    for cpus in SMP:
        figures, _ = measure(arch, kernel, mmbench, f"{append} -- thread",
                             log.with_stem(f"{log.stem}-smp{cpus}"), cpus)
        found[str(cpus)] = figures.cost
    return found


def load_linux(arch: str) -> Figures:
    """The stored Linux figures."""
    raw = json.loads(stored_path(arch).read_text())
    return Figures(system=raw["system"], boot=raw["boot"], cost=raw["cost"],
                   memory=raw["memory"], complete=True,
                   threads=raw.get("threads", {}))


def measure_linux(arch: str, mmbench: Path) -> Figures:
    """Measure Linux anew and store the figures."""
    kernel, package = linux.fetch(MACHINES[arch])
    append = linux.words(MACHINES[arch])
    print(f"bench: running {package} (some minutes)", flush=True)
    log = Path("build/log/bench-linux.log")
    figures, ending = measure(arch, kernel, mmbench, f"{append} -- all", log)
    if not figures.complete:
        raise debs.DebError(f"mmbench did not finish on Linux: {ending.reason}")
    if MACHINES[arch].linux_smp:
        figures.threads = measure_threads(arch, kernel, mmbench, append, log)
    stored_path(arch).write_text(json.dumps(
        {"system": figures.system, "package": package, "append": append,
         "boot": figures.boot, "cost": figures.cost, "memory": figures.memory,
         "threads": figures.threads},
        indent=1) + "\n")
    return figures


def fill_of(name: str, figures: Figures) -> float:
    """Instructions of a line that only fill or copy pages."""
    for prefix, (kind, pages) in FILLS.items():
        if name == prefix or (prefix.endswith("/") and name.startswith(prefix)):
            return pages * figures.cost.get(f"calib_mem{kind}_4k", 0.0)
    return 0.0


def show_ratio(ours: float, theirs: float) -> str:
    """How many times less (or more) than Linux."""
    return f"{theirs / ours:.1f}x" if ours < theirs else f"1/{ours / theirs:.1f}"


def row(name: str, ours: float | None, theirs: float | None, aim: float | None,
        form: str = "{:.0f}", fill: tuple[float, float] = (0.0, 0.0)
        ) -> tuple[str, bool | None]:
    """One line of the table, and whether the aim is reached (None: no aim)."""
    def show(value: float | None) -> str:
        return "-" if value is None else form.format(value)
    ratio, net, mark, reached = "", "", "", None
    if ours and theirs:
        ratio = show_ratio(ours, theirs)
        best = theirs / ours
        if fill[0] and ours > fill[0]:
            net = show_ratio(ours - fill[0], theirs - fill[1])
            best = max(best, (theirs - fill[1]) / (ours - fill[0]))
        if aim:
            reached = best >= aim
            mark = f"aim {aim:.0f}x" if not reached else \
                "ok" if theirs / ours >= aim else "ok without the fill"
    text = f"{name:24} {show(ours):>10} {show(theirs):>10} {ratio:>8} {net:>8}  {mark}"
    return text.rstrip(), reached


def table(ours: Figures, theirs: Figures) -> None:
    """Print the comparison."""
    print(f"\nguest instructions per operation; Linux: {theirs.system}\n")
    print(f"{'':24} {'Quire':>10} {'Linux':>10} {'less':>8} {'net':>8}")
    reached = []
    names = [n for n in theirs.cost if n in ours.cost]
    for name in names + [n for n in ours.cost if n not in theirs.cost]:
        aim = None if name.startswith(USER_ONLY) else AIM_LINE
        text, good = row(name, ours.cost[name], theirs.cost.get(name), aim,
                         fill=(fill_of(name, ours), fill_of(name, theirs)))
        reached.append(good)
        print(text)
    for text, good in (
            row("boot, million", ours.boot / 1e6, theirs.boot / 1e6, AIM_WHOLE,
                "{:.1f}"),
            row("RAM kept, MiB", ours.kept() / (1 << 20),
                theirs.kept() / (1 << 20), AIM_WHOLE, "{:.1f}")):
        reached.append(good)
        print(text)
    for name, error in ours.skipped.items():
        print(f"{name:24} given up: errno {error}")
    missing = [n for n in theirs.cost if n not in ours.cost]
    if missing:
        print(f"not measured: {', '.join(missing)}")
    aims = [good for good in reached if good is not None]
    print(f"\naim reached on {sum(aims)} of {len(aims)} lines; RAM kept is "
          f"{100 * ours.kept() / vm.parse_size(MEM):.2f} % of {MEM}")


def table_threads(arch: str, ours: Figures, theirs: Figures) -> None:
    """Print the groups with threads on several CPUs."""
    print("\nthe same on several CPUs: work of all CPUs together, per operation\n")
    for cpus, costs in ours.threads.items():
        for name, cost in costs.items():
            other = theirs.threads.get(cpus, {}).get(name)
            text, _ = row(f"{name} on {cpus} CPUs", cost, other, AIM_LINE,
                          fill=(fill_of(name, ours), fill_of(name, theirs)))
            print(text)
    if not MACHINES[arch].linux_smp:
        print("(Linux does not start a second CPU of this machine under icount)")


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Cost in guest instructions.")
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--kernel", required=True, type=Path)
    parser.add_argument("--mmbench", required=True, type=Path)
    parser.add_argument("--linux", action="store_true",
                        help="measure Linux anew and store the figures")
    parser.add_argument("--groups", default="all", help="mmbench's words")
    args = parser.parse_args()
    try:
        theirs = (measure_linux(args.arch, args.mmbench) if args.linux
                  else load_linux(args.arch))
        ours, ending = measure(args.arch, args.kernel, args.mmbench,
                               f"-- {args.groups}", Path("build/log/bench.log"))
    except (debs.DebError, vm.VmError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 3
    table(ours, theirs)
    ours.threads = measure_threads(args.arch, args.kernel, args.mmbench, "",
                                   Path("build/log/bench.log"))
    table_threads(args.arch, ours, theirs)
    print("\n" + "\n".join(membench.table(args.arch, args.kernel)))
    if not ours.complete:
        print(f"bench: mmbench did not finish: {ending.reason}; "
              "see build/log/bench.log", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
