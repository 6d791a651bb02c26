#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Start Quire in QEMU: interactively, under GDB, or watched.

    qemu.py [options] run      on a terminal: tour, then shell, on the serial
                               console; without one: tour, then power off
    qemu.py [options] debug    stopped before the first instruction, GDB on it
    qemu.py [options] watch    captured, with a time limit

The exit status is the guest's verdict: 0 success, 1 failure reported by the
guest, 2 anything else (explained in one line), 3 nothing could be started.
"""
from __future__ import annotations

import argparse
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import debug
import watch
from iso import IsoError
from machines import MACHINES
from vm import parse_cpus, Machine, VmError

SCRATCH = Path("build/run")


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Start Quire in QEMU.")
    parser.add_argument("what", choices=("run", "debug", "watch"))
    parser.add_argument("--kernel", required=True, type=Path)
    parser.add_argument("--initrd", type=Path)
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--boot", default="", help="; ".join(
        f"{facts.name}: {' '.join(facts.ways)}" for facts in MACHINES.values()))
    parser.add_argument("--mem", default="512M")
    parser.add_argument("--smp", default="1")
    parser.add_argument("--cpu", default="", help="QEMU's -cpu")
    parser.add_argument("--model", default="", help="QEMU's -M")
    parser.add_argument("--append", default="", help="kernel command line")
    parser.add_argument("--icount", action="store_true",
                        help="one instruction is one nanosecond")
    parser.add_argument("--expect", action="append", default=[],
                        help="text that must appear on the serial line")
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("--log", type=Path, help="keep the serial output here")
    parser.add_argument("--show", action="store_true",
                        help="print QEMU's command line")
    parser.add_argument("extra", nargs="*", metavar="QEMU-OPTION",
                        help="after --: more words for QEMU")
    return parser.parse_args()


def machine_of(args: argparse.Namespace) -> Machine:
    """The machine that the command line describes."""
    return Machine(kernel=args.kernel, initrd=args.initrd, arch=args.arch,
                   boot=args.boot, mem=args.mem,
                   smp=parse_cpus(args.smp), cpu=args.cpu, model=args.model,
                   append=args.append, icount=args.icount,
                   extra=args.extra)


def with_init_words(append: str, words: str) -> str:
    """Give /init its words unless the user already did, or tests the kernel."""
    given = append.split()
    if "--" in given or any(w == "ktest" or w.startswith("ktest=") for w in given):
        return append
    return f"{append} -- {words}".strip()


def interactive(command: list[str]) -> int:
    """QEMU owns the terminal until the guest ends or Ctrl-A x is typed."""
    import termios
    print("quire: serial console; leave QEMU with Ctrl-A x", flush=True)
    before = termios.tcgetattr(0)
    # Ctrl-C belongs to the guest; if it still reaches us, QEMU sees it too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = subprocess.call(
            watch.bound_to_us([*command, "-serial", "mon:stdio"]))
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
    print()
    if status == 0:
        print("quire: switched off without a verdict")
        return 0
    return tell(watch.explain(status, None), status)


def tell(reason: str, status: int | None) -> int:
    """Print the verdict; our own exit status for it."""
    if not reason:
        print("quire: the guest ended with success")
        return 0
    print(f"quire: {reason}", file=sys.stderr)
    return 1 if status == watch.GUEST_FAILED else 2


def watched(machine: Machine, folder: Path, args: argparse.Namespace) -> int:
    """Captured run: show what comes, end in time, explain a failure."""
    reset_log = folder / "reset.log"
    command = [*machine.command(folder), "-serial", "stdio", "-monitor", "none",
               "-d", "cpu_reset", "-D", str(reset_log)]
    ending = watch.run(command, args.timeout,
                       [watch.Talk(text) for text in args.expect],
                       log=args.log, echo=True, reset_log=reset_log)
    if not ending.ok:
        print(f"quire: to look inside: make debug {machine.make_words()}",
              file=sys.stderr)
    return tell(ending.reason, ending.status)


def start(args: argparse.Namespace, folder: Path) -> int:
    """Dispatch; folder lives as long as QEMU does."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if args.what == "run":
        words = "tour shell" if terminal else "tour"
        args.append = with_init_words(args.append, words)
    elif args.what == "debug":
        args.append = with_init_words(args.append, "tour")
    machine = machine_of(args)
    if args.show:
        print(shlex.join(machine.command(folder)))
    if args.what == "debug":
        return debug.session(machine, folder)
    if args.what == "run" and terminal:
        status = interactive(machine.command(folder))
        if status:
            print("quire: to see the whole report: scroll up, or run it again with "
                  f"</dev/null; to look inside: make debug {machine.make_words()}",
                  file=sys.stderr)
        return status
    return watched(machine, folder, args)


def main() -> int:
    """Command line; errors of ours are one line."""
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        try:
            return start(args, Path(folder))
        except (VmError, IsoError) as error:
            print(f"quire: {error}", file=sys.stderr)
            return 3
        except KeyboardInterrupt:
            print("quire: interrupted", file=sys.stderr)
            return 3


if __name__ == "__main__":
    sys.exit(main())
