# SPDX-License-Identifier: MIT
"""The suites of `make test`: what runs where, and how it is judged.

    build/…   every flavour of the kernel, the host programs, the user programs
    host/…    mm/ and lib/ as Linux programs: suites, models, fuzzers, sweeps
    kernel/…  tests/kernel inside the guest (boot option ktest)
    user/…    the programs of tests/user inside the guest
    boot/…    every way in with every memory size; loaders that lie; 1 TiB
    gdb/…     a scripted debugging session
    tools/…   the tools of this folder themselves
"""
from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import badboot
import bench
import debug
import tap
import watch
from tap import Tally
from vm import Machine

MAKE_JOBS = os.cpu_count() or 2
FLAVOURS = {"opt": {}, "debug": {"DEBUG": "1"}, "kasan": {"KASAN": "1"}}
MATRIX = [(boot, mem) for mem in ("32M", "64M", "512M", "4G", "16G", "64G")
          for boot in ("direct", "bios", "uefi")]
# OVMF itself does not start with less.
UEFI_NEEDS = {"32M"}

# Of a failed program's words, the ones that say why.
TELLING = re.compile(r"runtime error:|ERROR: \w+Sanitizer|WARNING: ThreadSanitizer"
                     r"|panic: |\berror: |undefined reference|\*\*\*")


@dataclass
class Place:
    """Where a suite runs."""

    arch: str
    log: Path                               # the suite's own log
    folder: Path                            # scratch, gone afterwards

    def kernel(self, flavour: str = "opt") -> Path:
        """The kernel's file of a flavour."""
        suffix = "" if flavour == "opt" else f"-{flavour}"
        return Path(f"build/{self.arch}{suffix}/quire.elf")

    @property
    def user(self) -> Path:
        """The folder of user programs and the initramfs."""
        return Path(f"build/user/{self.arch}")

    @property
    def initrd(self) -> Path:
        """The initramfs."""
        return self.user / "initramfs.cpio"


@dataclass
class Suite:
    """One line of the report."""

    name: str
    run: Callable[[Place], Tally]
    needs: tuple[str, ...] = ()             # names of build suites
    seconds: int = 10                       # a guess: long ones start first


# ---- building -------------------------------------------------------------

def make(place: Place, words: list[str], seconds: float = 600) -> str:
    """Run make, output into the log; "" or why it failed."""
    command = ["make", "--no-print-directory", f"-j{MAKE_JOBS}",
               f"ARCH={place.arch}", *words]
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


def build(words: list[str]) -> Callable[[Place], Tally]:
    """A suite that is one run of make."""
    def run(place: Place) -> Tally:
        tally = Tally()
        why = make(place, words)
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


def guest_tap(flavour: str, append: str, seconds: float, mem: str = "512M",
              boot: str = "direct") -> Callable[[Place], Tally]:
    """A suite whose TAP comes from inside the guest.

    The kernel's own suites look at time slices: there the clock counts
    instructions (icount), so that a busy host cannot make a slice end early.
    """
    def run(place: Place) -> Tally:
        ending = boot_guest(place, Machine(
            kernel=place.kernel(flavour), initrd=place.initrd, arch=place.arch,
            boot=boot, mem=mem, append=append,
            icount=append.startswith("ktest")), seconds)
        return tap.read(ending.lines, ending.reason)
    return run


def boot_once(boot: str, mem: str) -> Callable[[Place], Tally]:
    """Boot to a real program and back: the boot matrix."""
    def run(place: Place) -> Tally:
        tally = Tally()
        if boot == "uefi" and mem in UEFI_NEEDS:
            tally.skipped, tally.note = 1, "the UEFI firmware needs more memory"
            return tally
        ending = boot_guest(place, Machine(
            kernel=place.kernel(), initrd=place.initrd, arch=place.arch,
            boot=boot, mem=mem, append="-- run /bin/busybox true"), 120)
        tally.check(ending.ok, ending.reason)
        check_balance(tally, ending.lines)
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
    ending = boot_guest(place, Machine(
        kernel=place.kernel(), initrd=place.initrd, arch=place.arch,
        boot="direct", append="-- shell"), 90,
        [watch.Talk("# ", "echo $((6 * 7))\n"), watch.Talk("\n42", "ps\n"),
         watch.Talk("init", "cat /proc/meminfo | head -n 1\n"),
         watch.Talk("MemTotal", "exit\n")])
    tally.check(ending.ok, ending.reason)
    return tally


def bad_boots(place: Place) -> Tally:
    """Loaders that lie: a right map or one clear line, never silence."""
    tally = Tally()
    loader = place.folder / "loader.elf"
    badboot.build_loader(loader)
    whole = bytearray()
    for case in badboot.cases(place.initrd.stat().st_size):
        ending = boot_guest(place, badboot.machine(
            case, place.kernel(), place.initrd, loader, place.folder), 30)
        whole += f"==== {case.name}\n".encode() + place.log.read_bytes()
        if case.says == badboot.BOOTS:
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
    "free": "double-free",
    "assert": "assert\\(crash_depth == 0\\) failed: crash_depth=",
    "unknown": "panic: crash=unknown: I know",
}


def crashes(place: Place) -> Tally:
    """What is forbidden ends in a named report with a backtrace."""
    tally = Tally()
    whole = bytearray()
    for kind, says in CRASHES.items():
        ending = boot_guest(place, Machine(
            kernel=place.kernel(), initrd=place.initrd, arch=place.arch,
            boot="direct", cpu="max", append=f"crash={kind}"), 60)
        whole += f"==== {kind}\n".encode() + place.log.read_bytes()
        tally.check(ending.status == watch.GUEST_FAILED,
                    f"crash={kind} must fail: {ending.reason or 'it did not'}")
        tally.check(any(re.search(says, line) for line in ending.lines),
                    f"crash={kind} must say \"{says}\": {ending.reason}")
        tally.check(any("backtrace:" in line for line in ending.lines),
                    f"crash={kind}: no backtrace")
    place.log.write_bytes(whole)
    return tally


def sparse_terabyte(place: Place) -> Tally:
    """A boot with 1 TiB costs less than twice the instructions of 1 GiB."""
    tally = Tally()
    cost = {}
    for mem in ("1G", "1T"):
        figures, ending = bench.measure(
            place.arch, place.kernel(), place.user / "mmbench", "-- no-group",
            place.log.with_suffix(f".{mem}.log"), mem)
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
        machine = Machine(kernel=place.kernel("debug"), initrd=place.initrd,
                          arch=place.arch, boot="direct", append="-- tour")
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


def host_programs(arch: str) -> list[Path]:
    """The programs that tests/unit/host.mk builds ("make host-list")."""
    if not Path("tests/unit/host.mk").is_file():
        return []
    done = subprocess.run(["make", "-s", f"ARCH={arch}", "host-list"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return [Path(word) for word in done.stdout.split()]


def lint(place: Place) -> Tally:
    """make lint as a suite."""
    tally = Tally()
    why = make(place, ["-k", "lint-all"], 300)
    tally.check(not why, why)
    return tally


# ---- the list ------------------------------------------------------------------

def builds(quick: bool) -> list[Suite]:
    """What is built before anything runs."""
    suites = [Suite("build/user", build(["initramfs"])),
              Suite("build/host", build(["host-tests"]))]
    for name, words in FLAVOURS.items():
        if not quick or name == "opt":
            flags = [f"{key}={value}" for key, value in words.items()]
            suites.append(Suite(f"build/{name}", build([*flags, "kernel"])))
    return suites


def quick_suites(arch: str) -> list[Suite]:
    """The host programs, the tools, and one kernel in the guest."""
    suites = [Suite(f"host/{path.name}", host_program(path, 300), ("build/host",), 30)
              for path in host_programs(arch)]
    needs = ("build/opt", "build/user")
    return suites + [
        Suite("tools/self", unittests, (), 15),
        Suite("kernel/opt", guest_tap("opt", "ktest", 300), needs, 30),
        Suite("user/opt", guest_tap("opt", "-- test", 300), needs, 40),
    ]


def all_suites(arch: str) -> list[Suite]:
    """Everything but lint."""
    suites = quick_suites(arch)
    for flavour, factor in (("debug", 2), ("kasan", 4)):
        needs = (f"build/{flavour}", "build/user")
        suites += [
            Suite(f"kernel/{flavour}", guest_tap(
                flavour, "ktest", 300 * factor), needs, 30 * factor),
            Suite(f"user/{flavour}", guest_tap(
                flavour, "-- test", 300 * factor), needs, 40 * factor)]
    needs = ("build/opt", "build/user")
    suites += [Suite(f"boot/{boot}-{mem}", boot_once(boot, mem), needs,
                     15 if boot == "uefi" else 3) for boot, mem in MATRIX]
    suites += [Suite("boot/bad", bad_boots, needs, 25),
               Suite("kernel/crash", crashes, needs, 10),
               Suite("boot/terabyte", sparse_terabyte, needs, 10),
               Suite("boot/tour", tour, needs, 10),
               Suite("boot/shell", shell, needs, 10)]
    for script in sorted(Path("tests/gdb").glob("*.py")):
        suites.append(Suite(f"gdb/{script.stem}", gdb_session(script),
                            ("build/debug", "build/user"), 30))
    return suites


def run_suite(suite: Suite, arch: str, log: Path) -> Tally:
    """Run one suite; a suite that cannot run has failed, with the reason."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with tempfile.TemporaryDirectory(dir=log.parent) as folder:
        try:
            return suite.run(Place(arch, log, Path(folder)))
        except Exception as error:          # reported, and the rest goes on
            return Tally(failed=[f"{type(error).__name__}: {error}"])
