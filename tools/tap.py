# SPDX-License-Identifier: MIT
"""Read the Test Anything Protocol, wherever its lines come from.

Kernel, user programs and host programs all print "ok …" and "not ok …";
around them stands whatever else they have to say. A kernel's time stamp
before the words and missing numbers are fine.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

RESULT = re.compile(r"^(?:\[ *[\d.]+\] )?(not ok|ok)\b *\d*(?: *-)? *(.*)$")
PLAN = re.compile(r"^(?:\[ *[\d.]+\] )?1\.\.(\d+)\s*$")
SKIP = re.compile(r"#\s*skip", re.I)


@dataclass
class Tally:
    """What a suite came to."""

    passed: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)
    note: str = ""                          # shown beside the counts

    def check(self, good: bool, name: str) -> None:
        """Count one result of our own."""
        if good:
            self.passed += 1
        else:
            self.failed.append(name)


def read(lines: list[str], broken: str = "") -> Tally:
    """Count the results in these lines.

    broken: why the program did not end as it should ("": it did). A suite
    that broke off, kept less than its plan or tested nothing has failed.
    """
    tally, planned = Tally(), 0
    for line in lines:
        if plan := PLAN.match(line):
            planned += int(plan.group(1))
        elif result := RESULT.match(line):
            name = result.group(2).strip()
            if result.group(1) == "not ok":
                tally.failed.append(name)
            elif SKIP.search(name):
                tally.skipped += 1
            else:
                tally.passed += 1
    done = tally.passed + tally.skipped + len(tally.failed)
    if done < planned:
        tally.failed.append(f"only {done} of {planned} tests ran"
                            + (f": {broken}" if broken else ""))
    elif broken and not tally.failed:
        tally.failed.append(broken)
    elif done == 0:
        tally.failed.append("no test ran")
    return tally
