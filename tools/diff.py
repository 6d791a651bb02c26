#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The differential test: the same memory calls on Linux and on Quire.

    diff.py --arch ARCH --kernel KERNEL --initrd INITRAMFS [--seeds 1-10001]
    diff.py … --store              Linux's answers for `make test`, anew
    diff.py … --seeds 7-8          one seed

    seeds ─► memdiff on Linux ─► hashes ─┐
      └────► memdiff on Quire ─► hashes ─┴─► equal? no: shrink, print both logs

Both guests stay up and answer requests on their serial lines, so a probe of
the shrinker costs milliseconds. See tests/diff/README.md.
"""
from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import debs
import linux
import mkinitramfs
import vm
import watch

STEPS = 200
STORED = range(1, 301)                      # the seeds of `make test`
# Kinds of steps to be left out on both sides, while Quire does not have them.
LATER: list[str] = []
# Seeds that meet a private choice of Linux which no rule of the generator avoids.
KNOWN: dict[int, str] = {}
SOURCES = Path("tests/diff")
READY = "memdiff: ready"
ANSWER = re.compile(r"^(\d+) ([0-9a-f]{16})( status .*)?$")

SCRIPT = """#!/bin/busybox sh
busybox() { /bin/busybox "$@"; }
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmp /tmp
exec /bin/memdiff serve %s
"""
# No huge pages behind the program's back, no protection keys (execute-only
# memory is readable without them), no fifth level, the same layout each time.
LINUX_WORDS = "transparent_hugepage=never nopku no5lvl norandmaps rdinit=/diff"

# Without signed pointers, whose arithmetic is most of QEMU's work on "max".
CPUS = {"aarch64": "cortex-a72"}


class GuestError(Exception):
    """A guest that does not answer; one line."""


class Guest:
    """One kernel with memdiff that waits for requests."""

    def __init__(self, name: str, machine: vm.Machine, folder: Path, log: Path):
        self.name = name
        self.machine = machine
        self.folder = folder
        self.log = log
        self.session: watch.Session | None = None
        self.seen = 0

    def start(self) -> None:
        """Boot, unless it is up."""
        if self.session:
            return
        self.folder.mkdir(exist_ok=True)
        command = [*self.machine.command(self.folder), "-serial", "stdio",
                   "-monitor", "none"]
        self.session = watch.Session(command, self.log, False)
        self.seen = 0
        self._lines_until(lambda line: READY in line, 120)

    def stop(self) -> None:
        """End it."""
        if self.session:
            self.session.close()
            self.session = None

    def ask(self, request: str, seconds: float, end=ANSWER.match) -> list[str]:
        """The lines of an answer, the last is the one that `end` accepts."""
        self.start()
        self.session.type(request + "\n")
        return self._lines_until(end, seconds)

    def _lines_until(self, end, seconds: float) -> list[str]:
        deadline = time.monotonic() + watch.patience(seconds)
        found: list[str] = []
        session = self.session
        while True:
            while self.seen < len(session.lines):
                line = session.lines[self.seen]
                self.seen += 1
                found.append(line)
                if end(line):
                    return found
            if not session.pump(1.0) or time.monotonic() > deadline:
                words = watch.last_words(session.lines[-200:]) or "no answer"
                self.stop()
                raise GuestError(f"{self.name}: {words}")

    def hashes(self, seeds: range, steps: int, progress=None) -> dict[int, str]:
        """The hash of each seed; one that brings the guest down is "down"."""
        answers: dict[int, str] = {}
        todo = seeds.start
        while todo < seeds.stop:
            try:
                for first in range(todo, seeds.stop, 100):
                    end = min(first + 100, seeds.stop)
                    self.take(self.ask(f"range {first} {end} {steps}", 600,
                                        lambda line, n=end - 1: line.startswith(f"{n} ")),
                               answers)
                    todo = end
                    if progress:
                        progress(self, todo)
            except GuestError as error:
                self.take(self.last_lines, answers)
                while todo in answers:
                    todo += 1
                answers[todo] = f"down: {error}"
                todo += 1
        return answers

    @property
    def last_lines(self) -> list[str]:
        """What the guest said before it went down, by its log."""
        return self.log.read_text(errors="replace").replace("\r", "").splitlines()

    @staticmethod
    def take(lines: list[str], answers: dict[int, str]) -> None:
        for line in lines:
            if found := ANSWER.match(line):
                answers[int(found[1])] = found[2] + (found[3] or "")

    def one(self, verb: str, seed: int, steps: int, kept: set[int] | None) -> list[str]:
        """One sequence with the steps that are kept: its lines."""
        try:
            return self.ask(f"{verb} {seed} {steps} {mask_of(kept)}", 90)
        except GuestError as error:
            return [f"{seed} down: {error}"]


def mask_of(kept: set[int] | None) -> str:
    """A bit a step, as memdiff reads it; None keeps all."""
    if kept is None:
        return "-"
    return sum(1 << n for n in kept).to_bytes(32, "little").hex()


# ---- guests ---------------------------------------------------------------------

def linux_guest(arch: str, initrd: Path, folder: Path, log: Path, smp: int,
                without: str) -> Guest:
    """Debian's Linux with our initramfs and a script behind it."""
    facts = vm.facts_of(arch)
    kernel, package = linux.fetch(facts)
    print(f"diff: {package}", flush=True)
    extra = mkinitramfs.Newc()
    extra.add("diff", 0o100755, (SCRIPT % without).encode())
    archive = folder / "initramfs.cpio"
    archive.write_bytes(initrd.read_bytes() + extra.finish())
    return Guest("Linux", vm.Machine(
        kernel=kernel, initrd=archive, arch=arch, boot="direct", mem="1G", smp=smp,
        cpu=CPUS.get(arch, ""),
        append=f"{linux.words(facts)} {LINUX_WORDS}"), folder / "linux", log)


def quire_guest(arch: str, kernel: Path, initrd: Path, folder: Path, log: Path,
                smp: int, without: str) -> Guest:
    """Quire with its initramfs."""
    return Guest("Quire", vm.Machine(
        kernel=kernel, initrd=initrd, arch=arch, boot="direct", mem="1G", smp=smp,
        cpu=CPUS.get(arch, ""),
        append=f"-- run /bin/memdiff serve {without}"), folder / "quire", log)


# ---- shrinking -------------------------------------------------------------------

@dataclass
class Shrinker:
    """Fewer and fewer steps of a seed that still differ."""

    guests: tuple[Guest, Guest]
    seed: int
    steps: int
    probes: int = 0
    kept: set[int] = field(default_factory=set)

    def differs(self, kept: set[int]) -> bool:
        """Do the two disagree on these steps?"""
        self.probes += 1
        a, b = (g.one("hash", self.seed, self.steps, kept)[-1] for g in self.guests)
        return a != b

    def run(self) -> set[int]:
        """A set of steps of which none can be left out."""
        self.kept = set(range(self.steps))
        size = self.steps
        while size:
            size = min(size, len(self.kept))
            if not self._drop(size):
                size //= 2
        return self.kept

    def _drop(self, size: int) -> bool:
        """Leaves out every run of so many steps that is not needed."""
        dropped = False
        order = sorted(self.kept, reverse=True)
        for at in range(0, len(order), size):
            part = set(order[at:at + size])
            if part < self.kept and self.differs(self.kept - part):
                self.kept -= part
                dropped = True
        return dropped


def show(guests: tuple[Guest, Guest], seed: int, steps: int, kept: set[int] | None) -> None:
    """Both logs, joined where they agree."""
    left, right = (g.one("log", seed, steps, kept) for g in guests)
    for i in range(max(len(left), len(right))):
        a = left[i] if i < len(left) else "(nothing)"
        b = right[i] if i < len(right) else "(nothing)"
        if ANSWER.match(a) and ANSWER.match(b):
            break
        if a == b:
            print(f"    {a}")
        else:
            print(f"  L {a}\n  Q {b}")
    sys.stdout.flush()


# ---- stored answers -----------------------------------------------------------------

def stored_at(arch: str) -> Path:
    """Linux's answers of a machine."""
    return SOURCES / f"linux-{arch}.txt"


def fingerprint() -> str:
    """Of the questions: answers to other ones are of no use."""
    words = hashlib.sha256(" ".join(LATER).encode())
    for path in sorted([*SOURCES.glob("*.c"), *SOURCES.glob("*.h")]):
        words.update(path.read_bytes())
    return words.hexdigest()[:16]


def store(arch: str, answers: dict[int, str], package: str) -> None:
    """Writes the answers for `make test`."""
    lines = [f"# {package}, {STEPS} steps a seed, memdiff {fingerprint()}"]
    lines += [f"{seed} {answers[seed]}" for seed in STORED]
    stored_at(arch).write_text("\n".join(lines) + "\n")


def load(arch: str) -> tuple[dict[int, str], str]:
    """The stored answers; and why they are of no use, or ""."""
    path = stored_at(arch)
    if not path.is_file():
        return {}, f"{path} is missing: make diff STORE=1"
    head, *lines = path.read_text().splitlines()
    if not head.endswith(fingerprint()):
        return {}, f"{path} is of another memdiff: make diff STORE=1"
    return {int(line.split()[0]): line.split(" ", 1)[1] for line in lines}, ""


def words_without(kinds: list[str]) -> str:
    """Words for memdiff: leave these kinds of steps out."""
    return " ".join(f"-{kind}" for kind in kinds)


def judge(arch: str, lines: list[str], seeds: range) -> tuple[int, list[str]]:
    """How many seeds agree with the stored answers, and what is wrong."""
    wanted, why = load(arch)
    if why:
        return 0, [why]
    answers: dict[int, str] = {}
    Guest.take(lines, answers)
    wrong = [f"seed {seed}: {answers.get(seed, 'no answer')}, on Linux {wanted[seed]}; "
             f"make diff ARCH={arch} SEEDS={seed}"
             for seed in seeds if answers.get(seed) != wanted[seed]]
    return len(seeds) - len(wrong), wrong


# ---- the command ------------------------------------------------------------------------

def progress(guest: Guest, todo: int) -> None:
    """Now and then a sign of life."""
    if (todo - 1) % 1000 == 0:
        print(f"diff: {guest.name} is at {todo}", flush=True)


def ask_all(guests: tuple[Guest, ...], seeds: range, steps: int) -> list[dict[int, str]]:
    """All seeds on all guests at once."""
    answers: list[dict[int, str]] = [{} for _ in guests]

    def work(i: int) -> None:
        answers[i] = guests[i].hashes(seeds, steps, progress)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(guests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for guest in guests:                    # QEMU does not outlive the thread
        guest.stop()                        # that started it
    return answers


def compare(guests: tuple[Guest, Guest], args: argparse.Namespace) -> int:
    """The test: all seeds, then the shrinking of what differs."""
    begun = time.monotonic()
    left, right = ask_all(guests, args.seeds, args.steps)
    wrong = [seed for seed in args.seeds if left.get(seed) != right.get(seed)]
    for seed in [seed for seed in wrong if seed in KNOWN and args.steps == STEPS]:
        print(f"diff: seed {seed} differs, as known: {KNOWN[seed]}")
        wrong.remove(seed)
    print(f"diff: {len(args.seeds)} seeds of {args.steps} steps on {args.arch}, "
          f"{len(wrong)} differ, {time.monotonic() - begun:.0f} s", flush=True)
    if wrong:
        print("diff: " + " ".join(map(str, wrong[:40])))
    for seed in wrong[:args.shrink]:
        shrinker = Shrinker(guests, seed, args.steps)
        kept = shrinker.run()
        print(f"seed {seed}: {len(kept)} steps, {shrinker.probes} probes, "
              f"mask {mask_of(kept)}")
        show(guests, seed, args.steps, kept)
    return 1 if wrong else 0


def seeds_of(text: str) -> range:
    """"7-100": [7, 100); "7": that one."""
    first, _, end = text.partition("-")
    return range(int(first), int(end or int(first) + 1))


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Linux and Quire, step by step.")
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--kernel", required=True, type=Path)
    parser.add_argument("--initrd", required=True, type=Path)
    parser.add_argument("--seeds", default="1-10001", type=seeds_of)
    parser.add_argument("--steps", default=STEPS, type=int)
    parser.add_argument("--smp", default=1, type=int)
    parser.add_argument("--shrink", default=5, type=int, help="how many seeds")
    parser.add_argument("--without", nargs="*", default=LATER, help="kinds of steps")
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--log", action="store_true", help="all lines of the seeds")
    args = parser.parse_args()
    log = Path("build/log")
    log.mkdir(parents=True, exist_ok=True)
    without = words_without(args.without)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            first = linux_guest(args.arch, args.initrd, folder,
                                log / f"diff-linux-{args.arch}.log", args.smp, without)
            second = quire_guest(args.arch, args.kernel, args.initrd, folder,
                                 log / f"diff-quire-{args.arch}.log", args.smp, without)
        except (debs.DebError, vm.VmError) as error:
            print(f"diff: {error}", file=sys.stderr)
            return 3
        try:
            if args.store:
                store(args.arch, first.hashes(STORED, STEPS),
                      first.machine.kernel.parent.parent.name)
                return 0
            if args.log:
                for seed in args.seeds:
                    show((first, second), seed, args.steps, None)
                return 0
            return compare((first, second), args)
        finally:
            first.stop()
            second.stop()


if __name__ == "__main__":
    sys.exit(main())
