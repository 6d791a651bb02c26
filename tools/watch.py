# SPDX-License-Identifier: MIT
"""Run QEMU under a watchdog and say in one line how it ended.

    run(command, …) ─► Ending: verdict, reason, lines seen, seconds

The guest's serial line is QEMU's standard output. The guest ends the run with
QEMU's status 33 for success, 35 for failure: on x86_64 by writing 0x10 or 0x11
to the isa-debug-exit device, on aarch64 by a semihosting call. Any other end is
explained: a reset (with -no-reboot QEMU then leaves with status 0), a death by
signal, QEMU's own complaint, or the watchdog's patience. QEMU never outlives the
call.
"""
from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

GUEST_OK = 33
GUEST_FAILED = 35
# After the awaited text a guest that ends by itself gets this long to do so.
GRACE_SECONDS = 3.0
TAIL_LINES = 12

LAST_WORDS = re.compile(r"panic: .*|^quire: .*|^qemu-.*|^error: .*")
ESCAPES = re.compile(r"\x1b(\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9])")


def patience(seconds: float) -> float:
    """Seconds to wait here: TIMEOUT_SCALE=3 for a slow or busy machine."""
    return seconds * float(os.environ.get("TIMEOUT_SCALE", "1"))


@dataclass
class Ending:
    """How a run ended."""

    ok: bool
    reason: str                             # one line
    status: int | None                      # QEMU's exit status
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def tail(self, count: int = TAIL_LINES) -> list[str]:
        """The last lines with something on them."""
        return [line for line in self.lines if line.strip()][-count:]


@dataclass
class Talk:
    """Wait for a text on the serial line, then type something."""

    expect: str
    send: str = ""


def bound_to_us(command: list[str]) -> list[str]:
    """The command so that the kernel ends it when we are killed."""
    if shutil.which("setpriv"):
        return ["setpriv", "--pdeathsig", "KILL", *command]
    return command


def last_words(lines: list[str]) -> str:
    """The line that explains a bad end: the kernel's panic, QEMU's or GRUB's
    complaint; "" if nobody said anything."""
    for line in lines:
        if found := LAST_WORDS.search(line):
            return found.group()
    return ""


def explain(status: int, reset_log: Path | None) -> str:
    """Why QEMU left with this status; "" for the guest's success."""
    if status == GUEST_OK:
        return ""
    if status == GUEST_FAILED:
        return "the guest reported failure"
    if status == 0:
        return reset_reason(reset_log)
    if status < 0:
        return f"QEMU was killed by signal {-status}"
    if status > 1:
        return f"the guest left with the unknown verdict {status}"
    return f"QEMU itself failed with status {status}"


def reset_reason(reset_log: Path | None) -> str:
    """Tell a triple fault from a reset, by QEMU's "-d cpu_reset" log."""
    text = ""
    if reset_log and reset_log.is_file():
        text = reset_log.read_text(errors="replace")
    if "Triple fault" in text:
        return ("triple fault: the CPU could not deliver an exception "
                "(QEMU's -d int lists them all)")
    return "the machine was reset or switched off without a verdict"


class Session:
    """A running QEMU whose output is collected line by line."""

    def __init__(self, command: list[str], log: Path | None, echo: bool):
        self.lines: list[str] = []
        self.text = ""                      # everything, for expectations
        self._partial = b""
        self._echo = echo
        self._log = log.open("wb") if log else None
        self.process = subprocess.Popen(
            bound_to_us(command), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.process.stdout, selectors.EVENT_READ)

    def pump(self, seconds: float) -> bool:
        """Read what comes within this time; False: QEMU closed its side."""
        if not self._selector.select(max(seconds, 0)):
            return True
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            return False
        if self._log:
            self._log.write(data)
            self._log.flush()
        self._take(data)
        return True

    def _take(self, data: bytes) -> None:
        self._partial += data
        *whole, self._partial = self._partial.split(b"\n")
        for raw in whole:
            self._line(raw)
        self.text += data.decode(errors="replace")

    def _line(self, raw: bytes) -> None:
        line = ESCAPES.sub("", raw.decode(errors="replace")).rstrip("\r")
        self.lines.append(line)
        if self._echo:
            print(line, flush=True)

    def type(self, text: str) -> None:
        """Send bytes to the guest's serial line."""
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass                            # it has just ended: seen elsewhere

    def close(self) -> int:
        """End QEMU if it still runs; its status."""
        if self.process.poll() is None:
            self.process.kill()
        status = self.process.wait()
        if self._partial:
            self._line(self._partial)
            self._partial = b""
        self._selector.close()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        if self._log:
            self._log.close()
        return status


def run(command: list[str], timeout: float, talk: list[Talk] | None = None,
        log: Path | None = None, echo: bool = False,
        reset_log: Path | None = None) -> Ending:
    """Run QEMU to its end, or to the end of our patience.

    Every text of talk must appear, in order; the verdict is then the last
    text's appearance when the guest does not end by itself soon after, and
    the guest's exit status otherwise.
    """
    begun = time.monotonic()
    deadline = begun + patience(timeout)
    waiting = list(talk or [])
    session = Session(command, log, echo)
    seen_from, grace = 0, None
    try:
        while True:
            end = min(deadline, grace or deadline)
            if not session.pump(end - time.monotonic()):
                ended = wait_end(session.process, 5)
                break
            while waiting:
                at = session.text.find(waiting[0].expect, seen_from)
                if at < 0:
                    break
                step = waiting.pop(0)
                seen_from = at + len(step.expect)
                if step.send:
                    session.type(step.send)
                if not waiting:
                    grace = time.monotonic() + GRACE_SECONDS
            if time.monotonic() >= end:
                ended = False
                break
    finally:
        status = session.close()
    seconds = time.monotonic() - begun
    reason = verdict(ended, status, waiting, bool(talk), seconds, reset_log)
    if reason and (words := last_words(session.lines)):
        reason += f": {words}"
    return Ending(not reason, reason, status if ended else None,
                  session.lines, seconds)


def wait_end(process: subprocess.Popen, seconds: float) -> bool:
    """True when the process ends within this time."""
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


def verdict(ended: bool, status: int, waiting: list[Talk], expected: bool,
            seconds: float, reset_log: Path | None) -> str:
    """One line that says what went wrong; "" if nothing did."""
    if waiting:
        how = explain(status, reset_log) if ended else "it was ended by the watchdog"
        return (f"waited {seconds:.1f} s for \"{waiting[0].expect}\", "
                f"which did not come ({how or 'the guest ended with success'})")
    if ended:
        return explain(status, reset_log)
    if expected:
        return ""                           # the text came: that was the wish
    return (f"no verdict after {seconds:.1f} s: the guest hangs or is slow "
            "(TIMEOUT_SCALE=2 doubles the patience)")
