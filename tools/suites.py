# SPDX-License-Identifier: MIT
"""The suites of `make test`: what runs where, and how it is judged.

    build/…   every flavour of the kernel, the host programs, the user programs
    host/…    mm/ and lib/ as Linux programs: suites, models, fuzzers, sweeps
    kernel/…  tests/kernel inside the guest (boot option ktest)
    user/…    the programs of tests/user inside the guest
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
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import badboot
import badloader
import badtree
import bench
import debug
import diff
import tap
import watch
from machines import MACHINES, Facts
from tap import Tally
from vm import Machine, parse_size

BIG = os.environ.get("STRESS") == "big"
MAKE_JOBS = os.cpu_count() or 2
# RAM in two nodes, the way QEMU makes several banks.
TWO_NODES = [word for node in (0, 1) for word in (
    "-object", f"memory-backend-ram,id=node{node},size=256M",
    "-numa", f"node,nodeid={node},memdev=node{node}")]
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
        return Machine(kernel=self.kernel(flavour), initrd=self.initrd,
                       arch=self.arch, **fields)

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


# The stress programs (tests/user/stress.h): how much, by number of CPUs. For
# hosts that have less to give than the guest has CPUs.
STRESS_SMALL = {2: "ops=300", 4: "ops=100"}
# What `make stress` runs instead, for some hours.
STRESS_BIG = {"map": "stress_map ops=1000000",
              "shootdown": "stress_shootdown ops=100000",
              "fork": "stress_fork ops=20000 tasks=1000",
              "mix": "stress_mix stress_mix_glibc ops=50000"}


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
                     on(arch, "boot/shell", shell, 10)]


def quick_suites(arches: list[str]) -> list[Suite]:
    """The host programs, the tools, and one kernel in the guest."""
    return shared_suites() + [suite for arch in arches
                              for suite in flavour_suites(arch, "opt", 1)]


def all_suites(arches: list[str]) -> list[Suite]:
    """Everything but lint."""
    suites = quick_suites(arches)
    for arch in arches:
        suites += (flavour_suites(arch, "debug", 2) + flavour_suites(arch, "kasan", 4)
                   + variant_suites(arch) + boot_suites(arch) + smp_suites(arch)
                   + diff_suites(arch) + stress_suites(arch, BIG)
                   + fuzz_suites(arch, BIG))
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
