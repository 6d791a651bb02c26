# SPDX-License-Identifier: MIT
"""How one suite is run and judged: programs, guests, debugger sessions.

Each function here makes a run(place) -> Tally for tools/suites.py, which lists
what runs where.
"""
from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import badboot
import badloader
import badtree
import bench
import debug
import diff
import session
import tap
import watch
from machines import MACHINES, Facts
from tap import Tally
from vm import Machine, parse_size

MAKE_JOBS = os.cpu_count() or 2
FLAVOURS = {"opt": {}, "debug": {"DEBUG": "1"}, "kasan": {"KASAN": "1"}}

# Of a failed program's words, the ones that say why.
TELLING = re.compile(r"runtime error:|ERROR: \w+Sanitizer|WARNING: ThreadSanitizer"
                     r"|panic: |\berror: |undefined reference|\*\*\*")


@dataclass
class Place:
    """Where a suite runs."""

    arch: str                               # "": all machines, or none
    log: Path                               # the suite's own log
    folder: Path                            # scratch, gone afterwards

    def kernel(self, flavour: str = "opt") -> Path:
        """The kernel's file of a flavour."""
        suffix = "" if flavour == "opt" else f"-{flavour}"
        return Path(f"build/{self.arch}{suffix}/quire.elf")

    @property
    def facts(self) -> Facts:
        """What the table says of the machine."""
        return MACHINES[self.arch]

    def machine(self, flavour: str = "opt", **fields) -> Machine:
        """A machine with a kernel of ours and the initramfs."""
        fields.setdefault("initrd", self.initrd)
        return Machine(kernel=self.kernel(flavour), arch=self.arch, **fields)

    @property
    def user(self) -> Path:
        """The folder of user programs and the initramfs."""
        return Path(f"build/user/{self.arch}")

    @property
    def initrd(self) -> Path:
        """The initramfs."""
        return self.user / "initramfs.cpio"

    @property
    def programs(self) -> Path:
        """The initramfs with Debian's programs."""
        return self.user / "programs/initramfs.cpio"


@dataclass
class Suite:
    """One line of the report."""

    name: str
    run: Callable[[Place], Tally]
    needs: tuple[str, ...] = ()             # names of build suites
    seconds: int = 10                       # a guess: long ones start first
    arch: str = ""                          # the machine it runs on


# ---- building -------------------------------------------------------------

def make(place: Place, words: list[str], seconds: float = 600) -> str:
    """Run make, output into the log; "" or why it failed."""
    arch = [f"ARCH={place.arch}"] if place.arch else []
    command = ["make", "--no-print-directory", f"-j{MAKE_JOBS}", *arch, *words]
    clean = {k: v for k, v in os.environ.items()
             if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return program(place, command, seconds, clean)[1]


def program(place: Place, command: list[str], seconds: float,
            env: dict[str, str] | None = None) -> tuple[list[str], str]:
    """Run a program of the host: its lines, and "" or how it failed."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=env, timeout=watch.patience(seconds))
    except subprocess.TimeoutExpired as error:
        place.log.write_bytes(error.stdout or b"")
        return [], f"{command[0]} was ended after {error.timeout:.0f} s"
    except OSError as error:
        return [], f"{command[0]}: {error.strerror}"
    place.log.write_bytes(done.stdout)
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode == 0:
        return lines, ""
    said = [line for line in lines if line.strip()]
    last = next((line for line in said if TELLING.search(line)),
                said[-1] if said else "no output")
    how = (f"signal {-done.returncode}" if done.returncode < 0
           else f"status {done.returncode}")
    return lines, f"{Path(command[0]).name} ended with {how}: {last.strip()}"


def build(words: list[str], seconds: float = 600) -> Callable[[Place], Tally]:
    """A suite that is one run of make."""
    def run(place: Place) -> Tally:
        tally = Tally()
        why = make(place, words, seconds)
        tally.check(not why, why)
        return tally
    return run


# ---- guests -----------------------------------------------------------------

def boot_guest(place: Place, machine: Machine, seconds: float,
               talk: list[watch.Talk] | None = None) -> watch.Ending:
    """Boot a machine under the watchdog."""
    reset_log = place.folder / "reset.log"
    command = [*machine.command(place.folder), "-serial", "stdio",
               "-monitor", "none", "-d", "cpu_reset", "-D", str(reset_log)]
    ending = watch.run(command, seconds, talk, log=place.log, reset_log=reset_log)
    if not ending.ok:
        with place.log.open("a") as log:
            log.write(f"\n{ending.reason}\nlook inside: make debug "
                      f"{machine.make_words()}\n")
    return ending


def guest_tap(flavour: str, append: str, seconds: float,
              **fields) -> Callable[[Place], Tally]:
    """A suite whose TAP comes from inside the guest; fields of its Machine.

    The kernel's own suites look at time slices: there the clock counts
    instructions (icount), so that a busy host cannot make a slice end early.
    Several CPUs then run one after the other; without icount each is a thread
    of the host, and they really race.
    """
    fields.setdefault("icount", append.startswith("ktest") and "smp" not in fields)

    def run(place: Place) -> Tally:
        ending = boot_guest(place, place.machine(
            flavour, boot="direct", append=append, **fields), seconds)
        return tap.read(ending.lines, ending.reason)
    return run


def debian_programs(flavour: str, seconds: float, **fields) -> Callable[[Place], Tally]:
    """The tests of tests/user/programs, with what they need around them."""
    def run(place: Place) -> Tally:
        return guest_tap(flavour, "-- test", seconds, initrd=place.programs,
                         **fields)(place)
    return run


def boot_once(boot: str, mem: str, **fields) -> Callable[[Place], Tally]:
    """Boot to a real program and back: the boot matrix."""
    def run(place: Place) -> Tally:
        tally = Tally()
        least = place.facts.firmware_mem
        if boot.startswith("uefi") and parse_size(mem) < parse_size(least):
            tally.skipped, tally.note = 1, f"the UEFI firmware needs {least}"
            return tally
        ending = boot_guest(place, place.machine(
            boot=boot, mem=mem, append="-- run /bin/busybox true", **fields), 120)
        tally.check(ending.ok, ending.reason)
        check_balance(tally, ending.lines)
        return tally
    return run


def boot_cpus(cpus: int) -> Callable[[Place], Tally]:
    """All CPUs that the board has come up, and a program sees them."""
    def run(place: Place) -> Tally:
        tally = Tally()
        fields = {"model": place.facts.many_cpus} if cpus > 8 else {}
        ending = boot_guest(place, place.machine(
            boot="direct", smp=cpus, append="-- run /bin/busybox nproc",
            **fields), 120)
        tally.check(ending.ok, ending.reason)
        tally.check(str(cpus) in ending.lines,
                    f"nproc must say {cpus}: {ending.reason or ending.tail(1)}")
        if cpus > 1:
            tally.check(any(f"cpu: {cpus} of {cpus} run" in line
                            for line in ending.lines), "not all CPUs run")
        return tally
    return run


def check_balance(tally: Tally, lines: list[str]) -> None:
    """Every frame of the firmware's map is accounted for, to the page."""
    for line in lines:
        if found := re.search(r"frames: firmware (\d+) = (.*)", line):
            parts = sum(map(int, re.findall(r"\d+", found.group(2))))
            tally.check(int(found.group(1)) == parts, f"totals differ: {line}")
            return
    tally.check(False, "no line \"frames: firmware N = ...\"")


def tour(place: Place) -> Tally:
    """What `make run` does without a terminal."""
    tally = Tally()
    _, why = program(place, [
        "tools/qemu.py", "--arch", place.arch, "--kernel", str(place.kernel()),
        "--initrd", str(place.initrd), "--timeout", "120", "run"], 180)
    tally.check(not why, why)
    return tally


def shell(place: Place) -> Tally:
    """A person at the serial console."""
    tally = Tally()
    ending = boot_guest(place, place.machine(boot="direct", append="-- shell"), 90,
        [watch.Talk("# ", "echo $((6 * 7))\n"), watch.Talk("\n42", "ps\n"),
         watch.Talk("init", "cat /proc/meminfo | head -n 1\n"),
         watch.Talk("MemTotal", "exit\n")])
    tally.check(ending.ok, ending.reason)
    return tally


def like_linux(flavour: str, count: int, **fields) -> Callable[[Place], Tally]:
    """memdiff's first seeds, whose answers on Linux are stored."""
    seeds = diff.STORED[:count]

    def run(place: Place) -> Tally:
        tally = Tally()
        ending = boot_guest(place, place.machine(
            flavour, boot="direct", append=f"-- run /bin/memdiff {seeds.start} "
            f"{seeds.stop} {diff.STEPS} {diff.words_without(diff.LATER)}",
            **fields), 200)
        tally.check(ending.ok, ending.reason)
        tally.passed, wrong = diff.judge(place.arch, ending.lines, seeds)
        for line in wrong:
            tally.check(False, line)
        return tally
    return run


def busybox_init(place: Place) -> Tally:
    """busybox as process 1: job control, vi, ps, and the ways to the end."""
    tally = Tally()
    whole = bytearray()
    for word, says in session.LEAVE.items():
        talk = session.TALK if word == "poweroff" else []
        ending = boot_guest(place, place.machine(boot="direct", append="init=/sbin/init"),
                            90, [*talk, watch.Talk("# ", f"{word}\n"),
                                 watch.Talk(says)])
        whole += f"==== {word}\n".encode() + place.log.read_bytes()
        said = any(says in line for line in ending.lines)
        tally.check(said and (ending.ok or word == "reboot"), f"{word}: {ending.reason}")
    place.log.write_bytes(whole)
    return tally


# Who knows what the loaders of a machine may say.
LIARS = {"x86_64": badboot, "aarch64": badtree}


def bad_boots(place: Place) -> Tally:
    """Loaders that lie: a right map or one clear line, never silence."""
    tally = Tally()
    liar, loader = LIARS[place.arch], place.folder / "loader.elf"
    badloader.link_stub(Path(f"tests/boot/loader_{place.arch}.S"), loader, place.arch)
    whole = bytearray()
    for case in liar.cases(place.initrd.stat().st_size):
        ending = boot_guest(place, liar.machine(
            case, place.kernel(), place.initrd, loader, place.folder), 30)
        whole += f"==== {case.name}\n".encode() + place.log.read_bytes()
        if case.says == badloader.BOOTS:
            good, wish = ending.ok, "must boot"
        else:
            good = (ending.status == watch.GUEST_FAILED
                    and any(re.search(case.says, line) for line in ending.lines))
            wish = f"must stop and say \"{case.says}\""
        tally.check(good, f"{case.name} {wish}: {ending.reason or 'it booted'}")
    place.log.write_bytes(whole)
    return tally


# Boot option crash=: what the report must say.
CRASHES = {
    "stack": "panic: kernel stack overflow",
    "null": "panic: kernel page fault: read of 0",
    "text": "panic: kernel page fault: write .*no right",
    "rodata": "panic: kernel page fault: write .*no right",
    "exec": "panic: kernel page fault: execute .*no right",
    "user": "panic: kernel page fault: read .*no right",
    "jump": "panic: kernel page fault: execute .*no right",
    "free": "double-free",
    "assert": "assert\\(crash_depth == 0\\) failed: crash_depth=",
    "unknown": "panic: crash=unknown: I know",
}
# A name within the first two calls: what was called may have none.
BACKTRACE = re.compile(r"backtrace:\n(.*\n)?.*\w\+0x")


def crashes(place: Place) -> Tally:
    """What is forbidden ends in a named report with a backtrace."""
    tally = Tally()
    whole = bytearray()
    for kind, says in CRASHES.items():
        ending = boot_guest(place, place.machine(
            boot="direct", append=f"crash={kind}"), 60)
        whole += f"==== {kind}\n".encode() + place.log.read_bytes()
        tally.check(ending.status == watch.GUEST_FAILED,
                    f"crash={kind} must fail: {ending.reason or 'it did not'}")
        tally.check(any(re.search(says, line) for line in ending.lines),
                    f"crash={kind} must say \"{says}\": {ending.reason}")
        tally.check(bool(BACKTRACE.search("\n".join(ending.lines))),
                    f"crash={kind}: no backtrace with names")
    place.log.write_bytes(whole)
    return tally


# Boot option crash= of a CPU or thread that does not go on: what the watchdog
# must say. The others tell where they are.
HANGS = {"dead": "watchdog: CPU 1 has taken no interrupt",
         "keep": "watchdog: thread \"crash\" has kept CPU 0"}


def hangs(place: Place) -> Tally:
    """A CPU that is stuck is a report with backtraces of all, never silence."""
    tally = Tally()
    whole = bytearray()
    for kind, says in HANGS.items():
        ending = boot_guest(place, place.machine(
            boot="direct", smp=2, append=f"crash={kind} watchdog=2"), 60)
        whole += f"==== {kind}\n".encode() + place.log.read_bytes()
        tally.check(ending.status == watch.GUEST_FAILED,
                    f"crash={kind} must fail: {ending.reason or 'it did not'}")
        text = "\n".join(ending.lines)
        tally.check(says in text, f"crash={kind} must say '{says}'")
        tally.check(bool(BACKTRACE.search(text)), f"crash={kind}: no backtrace")
        tally.check(bool(re.search(r"panic: CPU \d (runs|does not answer)", text)),
                    f"crash={kind}: nothing of the other CPU")
    place.log.write_bytes(whole)
    return tally


def sparse_terabyte(place: Place) -> Tally:
    """A boot with 1 TiB costs less than twice the instructions of 1 GiB."""
    tally = Tally()
    cost = {}
    for mem in ("1G", "1T"):
        figures, ending = bench.measure(
            place.arch, place.kernel(), place.user / "mmbench", "-- no-group",
            place.log.with_suffix(f".{mem}.log"), mem=mem)
        cost[mem] = figures.boot
        tally.check(figures.complete, f"boot with {mem}: {ending.reason}")
    if all(cost.values()):
        tally.note = ", ".join(f"{m} {c / 1e6:.1f} M" for m, c in cost.items())
        tally.check(cost["1T"] < 2 * cost["1G"], f"1 TiB costs too much: {tally.note}")
    return tally


# ---- debugger, tools, host ------------------------------------------------

def gdb_session(script: Path) -> Callable[[Place], Tally]:
    """GDB runs a script that prints TAP, on a guest that gives the tour."""
    def run(place: Place) -> Tally:
        machine = place.machine("debug", boot="direct", append="-- tour")
        port = debug.free_port()
        qemu = debug.stopped_qemu(machine, place.folder, port,
                                  place.log.with_suffix(".serial.log"))
        try:
            env = {**os.environ, "QUIRE_ELF": str(machine.kernel),
                   "QUIRE_GDB": f"127.0.0.1:{port}"}
            lines, why = program(
                place, [debug.find_gdb(place.arch), "-nx", "-q", "-batch",
                        "-x", str(script)], 180, env)
        finally:
            qemu.kill()
            qemu.wait()
        return tap.read(lines, why)
    return run


def unittests(place: Place) -> Tally:
    """The tools' own tests."""
    lines, why = program(place, [
        "/usr/bin/env", "PYTHONPATH=tools", os.environ.get("PYTHON", "/usr/bin/python3"),
        "-m", "unittest", "discover", "-v", "-s", "tests/tools", "-t", "tests/tools"], 120)
    said = [f"{'ok' if line.endswith('... ok') else 'not ok'} - {line}"
            for line in lines if line.endswith(("... ok", "... FAIL", "... ERROR"))]
    return tap.read(said, why)


def host_program(path: Path, seconds: float) -> Callable[[Place], Tally]:
    """A test program of the host; cmocka prints TAP when asked."""
    def run(place: Place) -> Tally:
        lines, why = program(place, [str(path)], seconds,
                             {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
        return tap.read(lines, why)
    return run


def host_programs() -> list[Path]:
    """The programs that tests/unit/host.mk builds ("make host-list")."""
    if not Path("tests/unit/host.mk").is_file():
        return []
    done = subprocess.run(["make", "-s", "host-list"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    return [Path(word) for word in done.stdout.split()]


def lint(arches: list[str]) -> Callable[[Place], Tally]:
    """make lint as a suite."""
    def run(place: Place) -> Tally:
        tally = Tally()
        why = make(place, ["-k", f"MACHINES={' '.join(arches)}", "lint-all"], 300)
        tally.check(not why, why)
        return tally
    return run
