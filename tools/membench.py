# SPDX-License-Identifier: MIT
"""What the allocators' per-CPU layers are worth: boot option membench, twice.

The kernel runs the same work on 1, 2, 4 and 8 CPUs, once as it is and once with
one list and one lock for all (pcp=off slab_debug=L); kernel/membench.c says what
its lines mean. Under icount the figures are exact and repeatable.
"""
from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import vm
import watch
from machines import MACHINES

CPUS = 8
TIMEOUT = 300
WITH, WITHOUT = "membench", "membench pcp=off slab_debug=L"
LINE = re.compile(r"M (\w+) (\d+) cpus \d+ ops (\d+) ns ([\d.]+) locks"
                  r" ([\d.]+) hits ([\d.]+) refills")


@dataclass
class Row:
    """One kind of work on so many CPUs, per operation."""

    instructions: int
    locks: float
    hits: float
    refills: float


def parse(lines: list[str]) -> dict[tuple[str, int], Row]:
    """(work, CPUs) -> what it cost."""
    rows = {}
    for line in lines:
        if found := LINE.search(line):
            work, cpus, cost, *rest = found.groups()
            rows[work, int(cpus)] = Row(int(cost), *map(float, rest))
    return rows


def run(arch: str, kernel: Path, append: str, log: Path
        ) -> dict[tuple[str, int], Row]:
    """Boot once and read the lines."""
    facts = MACHINES[arch]
    with tempfile.TemporaryDirectory() as folder:
        machine = vm.Machine(kernel=kernel, arch=arch, boot="direct", mem="512M",
                             smp=CPUS, model=facts.bench_model,
                             cpu=facts.bench_cpu, append=append, icount=True)
        command = [*machine.command(Path(folder)), "-serial", "stdio",
                   "-monitor", "none"]
        log.parent.mkdir(parents=True, exist_ok=True)
        return parse(watch.run(command, TIMEOUT, log=log).lines)


def table(arch: str, kernel: Path) -> list[str]:
    """The comparison, line by line; a last line alone says what went wrong."""
    with_layers = run(arch, kernel, WITH, Path("build/log/membench.log"))
    without = run(arch, kernel, WITHOUT, Path("build/log/membench-off.log"))
    if not with_layers or with_layers.keys() != without.keys():
        return ["membench did not finish, see build/log/membench*.log"]
    lines = ["per operation, all CPUs together: with per-CPU layers | with one "
             "list and one lock",
             f"{'':10} {'CPUs':>4} {'instr':>7} {'locks':>6} {'hits':>6} "
             f"{'refill':>6} | {'instr':>7} {'locks':>6}"]
    for (work, cpus), row in with_layers.items():
        other = without[work, cpus]
        lines.append(f"{work:10} {cpus:4} {row.instructions:7} {row.locks:6.3f} "
                     f"{row.hits:6.3f} {row.refills:6.3f} | "
                     f"{other.instructions:7} {other.locks:6.3f}")
    return lines
