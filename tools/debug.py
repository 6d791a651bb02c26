# SPDX-License-Identifier: MIT
"""QEMU stopped before the first instruction, and GDB attached to it.

GDB talks TCP: over a pipe or a local socket some monitor commands dead-lock.
The guest's serial output goes to a file, because GDB owns the terminal.
"""
from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import watch
from machines import gnu_prefix
from vm import Machine, VmError

GDB_PACKAGE = Path("tools/gdb/quire.py")
SERIAL_LOG = Path("build/log/debug-serial.log")


def find_gdb(arch: str) -> str:
    """A GDB that understands the machine."""
    names = ["gdb", "gdb-multiarch"]
    for name in names if gnu_prefix(arch) == "" else reversed(names):
        if shutil.which(name):
            return name
    raise VmError(f"no gdb here; run ARCH={arch} tools/setup debug")


def free_port() -> int:
    """A TCP port of this machine that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_listening(process: subprocess.Popen, port: int, seconds: float = 10) -> None:
    """Return when QEMU listens; VmError when it died or never does.

    Looks at the kernel's table where there is one: to connect would already
    use up the one session that the stub offers.
    """
    end = time.monotonic() + watch.patience(seconds)
    table = Path("/proc/net/tcp")
    mark = f"0100007F:{port:04X} 00000000:0000 0A"
    while time.monotonic() < end:
        if process.poll() is not None:
            raise VmError(f"QEMU ended at once with status {process.returncode}")
        if not table.is_file():
            time.sleep(1.0)
            return
        if mark in table.read_text():
            return
        time.sleep(0.05)
    raise VmError(f"QEMU did not open its debug port {port}")


def stopped_qemu(machine: Machine, folder: Path, port: int,
                 serial: Path) -> subprocess.Popen:
    """QEMU, waiting for the debugger on the port."""
    serial.parent.mkdir(parents=True, exist_ok=True)
    command = [*machine.command(folder), "-serial", f"file:{serial}",
               "-monitor", "none", "-S", "-gdb", f"tcp:127.0.0.1:{port}"]
    words = serial.with_suffix(".qemu.log")
    with words.open("w") as out:
        process = subprocess.Popen(watch.bound_to_us(command), stderr=out,
                                   stdin=subprocess.DEVNULL)
    try:
        wait_listening(process, port)
    except VmError as error:
        process.kill()
        raise VmError(f"{error}: {words.read_text().strip()}")
    return process


def gdb_command(machine: Machine, port: int, script: list[str]) -> list[str]:
    """GDB with the kernel's symbols and Quire's commands, attached."""
    words = [find_gdb(machine.arch), "-q", "-nx",
             "-iex", "set auto-load safe-path .",
             "-iex", "set confirm off", "-iex", "set pagination off",
             "-ex", f"target remote 127.0.0.1:{port}"]
    if GDB_PACKAGE.is_file():
        words += ["-x", str(GDB_PACKAGE)]
    return [*words, *script, str(machine.kernel)]


def session(machine: Machine, folder: Path) -> int:
    """An interactive debugging session."""
    port = free_port()
    qemu = stopped_qemu(machine, folder, port, SERIAL_LOG)
    print(f"quire: stopped before the first instruction; the guest's console "
          f"is {SERIAL_LOG}\nquire: try `break kmain`, `continue`, "
          f"`break-on-fault`, `explain ADDRESS`", flush=True)
    try:
        return subprocess.call(gdb_command(machine, port, []))
    finally:
        qemu.kill()
        qemu.wait()
        sys.stdout.flush()
