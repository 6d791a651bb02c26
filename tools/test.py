#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the suites, print a line for each and the sum.

    test.py [--arch "ARCH…"] [--quick] [--lint] [SUITE…]

SUITE picks suites whose name begins with it ("kernel/", "boot/bios-64M"), on
all machines asked for; what they need is built anyway. Builds run one after
the other (each uses all CPUs), the rest two at a time, the longest first.
Logs: build/log/.
The last line is always "N passed, N failed"; N counts single tests.
"""
from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import runs
import suites
from suites import Suite
from tap import Tally

LOGS = Path("build/log")
SHOWN_FAILURES = 8


class Report:
    """Counts and prints, one suite at a time."""

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self.broken: set[str] = set()       # names of suites with failures
        self._lock = threading.Lock()

    def add(self, name: str, tally: Tally, seconds: float) -> None:
        """Take a finished suite into the sum and print its line."""
        with self._lock:
            self.passed += tally.passed
            self.failed += len(tally.failed)
            words = [f"{tally.passed} passed"]
            if tally.failed:
                self.broken.add(name)
                words.append(f"{len(tally.failed)} failed")
            if tally.skipped:
                words.append(f"{tally.skipped} skipped")
            mark = "FAIL" if tally.failed else "ok  "
            note = f"  ({tally.note})" if tally.note else ""
            print(f"{mark} {name:28} {', '.join(words):28} {seconds:6.1f} s{note}")
            for failure in tally.failed[:SHOWN_FAILURES]:
                print(f"       {failure}")
            if tally.failed:
                print(f"       see {log_of(name)}")
            sys.stdout.flush()


def log_of(name: str) -> Path:
    """The log of a suite."""
    return LOGS / f"{name.replace('/', '-')}.log"


def run_one(suite: Suite, report: Report) -> None:
    """Run one suite and report it."""
    missing = [need for need in suite.needs if need in report.broken]
    begun = time.monotonic()
    if missing:
        tally = Tally(failed=[f"not run: {missing[0]} failed"])
    else:
        tally = suites.run_suite(suite, log_of(suite.name))
    report.add(suite.name, tally, time.monotonic() - begun)


def picked(wanted: list[str], chosen: list[Suite], builds: list[Suite],
           ) -> tuple[list[Suite], list[Suite]]:
    """The builds and the suites that these words ask for."""
    if not wanted:
        return builds, chosen
    chosen = [s for s in chosen if s.name.startswith(tuple(wanted))]
    needed = {need for s in chosen for need in s.needs}
    builds = [b for b in builds
              if b.name in needed or b.name.startswith(tuple(wanted))]
    return builds, chosen


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Run the test suites.")
    parser.add_argument("--arch", default="x86_64", help="one machine or several")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--lint", action="store_true", help="and make lint")
    parser.add_argument("--list", action="store_true", help="only their names")
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    args = parser.parse_args()

    arches = args.arch.split()
    chosen = (suites.quick_suites if args.quick else suites.all_suites)(arches)
    if args.lint:
        chosen.append(Suite("lint", runs.lint(arches), (), 100))
    builds, chosen = picked(args.suites, chosen, suites.builds(arches, args.quick))
    if args.list:
        print("\n".join(s.name for s in builds + chosen))
        return 0
    begun = time.monotonic()
    report = Report()
    for suite in builds:
        run_one(suite, report)
    workers = max(2, (os.cpu_count() or 2) // 2)
    with ThreadPoolExecutor(workers) as pool:
        queue = sorted(chosen, key=lambda s: -s.seconds)
        for done in as_completed([pool.submit(run_one, suite, report)
                                  for suite in queue]):
            done.result()
    if not builds and not chosen:
        print(f"no suite begins with: {' '.join(args.suites)}")
        report.failed = 1
    print(f"in {time.monotonic() - begun:.0f} s, logs in {LOGS}/")
    print(f"{report.passed} passed, {report.failed} failed")
    return bool(report.failed)


if __name__ == "__main__":
    sys.exit(main())
