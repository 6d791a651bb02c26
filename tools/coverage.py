#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lines of mm/ that the host suites reach, file by file.

    coverage.py [--least PERCENT]

Builds the host programs with gcov (COVERAGE=1 of tests/unit/host.mk), runs
them, and lets gcovr count. Fails when less than 90 % of mm/ was reached.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

COUNTED = "mm/"
SUMMARY = Path("build/log/coverage.json")


class CoverageError(Exception):
    """Something did not run; one line."""


def call(command: list[str], seconds: float, quiet: bool = False) -> str:
    """Output of a command; CoverageError when it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, timeout=seconds,
                              stderr=subprocess.STDOUT if quiet else None)
    except subprocess.TimeoutExpired:
        raise CoverageError(f"{command[0]} was ended after {seconds:.0f} s")
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no output"])[-1]
        raise CoverageError(f"{' '.join(command)}: {last}")
    return done.stdout


def run_suites() -> Path:
    """Build and run the host programs; the folder with their counts."""
    jobs = f"-j{os.cpu_count() or 2}"
    call(["make", "--no-print-directory", jobs, "COVERAGE=1", "host-tests"], 600)
    programs = call(["make", "-s", "COVERAGE=1", "host-list"], 60).split()
    if not programs:
        raise CoverageError("tests/unit/host.mk lists no programs")
    folder = Path(programs[0]).parent
    for old in folder.rglob("*.gcda"):
        old.unlink()
    for program in programs:
        print(f"coverage: running {program}", flush=True)
        try:
            call([program], 600, quiet=True)
        except CoverageError as error:      # what it reached counts all the same
            print(f"coverage: {error} (make test says more)")
    return folder


def measure(folder: Path) -> list[tuple[str, int, int]]:
    """(file, lines reached, lines with code) of the files that count."""
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    call(["gcovr", "--root", ".", "--filter", COUNTED, "--json-summary",
          str(SUMMARY), str(folder)], 300, quiet=True)
    report = json.loads(SUMMARY.read_text())
    return [(f["filename"], f["line_covered"], f["line_total"])
            for f in report["files"]]


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Coverage of mm/ on the host.")
    parser.add_argument("--least", type=float, default=90.0)
    args = parser.parse_args()
    try:
        files = measure(run_suites())
    except CoverageError as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 1
    for name, reached, lines in sorted(files):
        if lines:
            print(f"{name:40} {reached:5} of {lines:5}  {100 * reached / lines:5.1f} %")
    reached = sum(f[1] for f in files)
    lines = sum(f[2] for f in files)
    percent = 100 * reached / lines if lines else 0.0
    print(f"{COUNTED:40} {reached:5} of {lines:5}  {percent:5.1f} %  "
          f"(at least {args.least:.0f} %)")
    return percent < args.least


if __name__ == "__main__":
    sys.exit(main())
