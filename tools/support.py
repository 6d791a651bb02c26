#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which system calls are supported, and which test proves it.

    support.py [--fix]      check the two tables below; --fix writes them
    support.py --ask LIST   which of the calls named in the file LIST are missing

A case of tests/user says above itself what it proves:

    PROVES(mmap, "MAP_FIXED_NOREPLACE", "EEXIST when something is there")
    CASE(fixed_noreplace)

and the rows of test_efault.c (ROW) each prove how a call meets bad pointers.
From these and the calls of arch/*/syscall_numbers.h come kernel/SYSCALLS.tsv
(a line for each proof) and the table in kernel/README.md (a line for each
call). kernel/task/refused.txt names the calls that are not there on purpose.

[U1] Every call of either machine has a proof other than a row of bad pointers.
[U2] Every proof is of a call that exists, and belongs to a case.
[U3] No call is both refused and there; each refusal has a reason.
[U4] Both files are what --fix would write.
"""
from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import csource

MACHINES = ("x86_64", "aarch64")
TABLE, README = Path("kernel/SYSCALLS.tsv"), Path("kernel/README.md")
REFUSED = Path("kernel/task/refused.txt")
BEGIN, END = "<!-- calls: make support -->\n", "<!-- end of calls -->\n"
FAMILY = {"MEMORY": "Memory", "PROCESS": "Processes, threads, users",
          "SIGNAL_TIME": "Signals and time", "FILE": "Files"}
STRINGS = r'"((?:[^"\\]|\\.)*)"'
MARK = re.compile(
    r"^PROVES\(\s*(?P<call>\w+)\s*,\s*(?P<flags>" + STRINGS + r")\s*,"
    r"\s*(?P<says>(?:" + STRINGS + r"\s*)+)\)"
    r"|^CASE\(\s*(?P<case>\w+)\s*\)"
    r"|^\s*ROW\(\s*(?P<row>\w+)\s*,", re.M)
BAD_POINTERS = "bad pointers: EFAULT or a short count"


@dataclass(frozen=True)
class Proof:
    """One thing that one case proves of one call."""

    call: str
    flags: str
    says: str
    test: str                               # program.case
    where: str                              # file:line


@dataclass
class Call:
    """A system call and its number on each machine that has it."""

    name: str
    family: str
    number: dict[str, int]


def spoken(literals: str) -> str:
    """The text of C string literals that stand behind each other."""
    return "".join(re.findall(STRINGS, literals)).replace('\\"', '"')


def read_calls() -> dict[str, Call]:
    """All calls of the machines' tables, in the order of the first."""
    calls: dict[str, Call] = {}
    for machine in MACHINES:
        text = Path(f"arch/{machine}/syscall_numbers.h").read_text()
        for part in re.split(r"#define SYSCALL_LIST_", text)[1:]:
            family = FAMILY[part.split("(", 1)[0]]
            for number, name in re.findall(r"SYSCALL\((\d+), (\w+)\)", part):
                call = calls.setdefault(name, Call(name, family, {}))
                call.number[machine] = int(number)
    return calls


def read_proofs(path: Path) -> tuple[list[Proof], list[str]]:
    """The proofs of one test program, and what is wrong with them."""
    text, program = path.read_text(), path.stem
    proofs, waiting, rows = [], [], []
    problems = []
    plain = csource.TOKEN.sub(lambda m: csource.blank(m.group())
                              if m.group()[0] == "/" else m.group(), text)
    for match in MARK.finditer(plain):
        where = f"{path}:{plain.count(chr(10), 0, match.start()) + 1}"
        if match["call"]:
            waiting.append((match["call"], spoken(match["flags"]),
                            spoken(match["says"]), where))
        elif match["row"]:
            rows.append((match["row"], "", BAD_POINTERS, where))
        else:
            mine, waiting, rows = rows + waiting, [], []
            proofs += [Proof(c, f, s, f"{program}.{match['case']}", w)
                       for c, f, s, w in mine]
    for call, _, _, where in waiting:
        problems.append(f"{where}: [U2] PROVES({call}) stands above no case")
    if len(re.findall(r"^PROVES\(", plain, re.M)) != sum(
            1 for m in MARK.finditer(plain) if m["call"]):
        problems.append(f"{path}: [U2] a PROVES that is not "
                        'PROVES(call, "flags", "what it does")')
    return list(dict.fromkeys(proofs)), problems


def read_refused() -> tuple[dict[str, str], list[str]]:
    """name -> reason; lines "name name: reason", continued by a tab."""
    refused, problems = {}, []
    text = re.sub(r"\n\s+", " ", REFUSED.read_text())
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        names, colon, reason = line.partition(": ")
        if not colon or not reason.strip():
            problems.append(f"{REFUSED}: [U3] no reason: {line}")
        refused.update({name: reason.strip() for name in names.split()})
    return refused, problems


def check(calls: dict[str, Call], proofs: list[Proof],
          refused: dict[str, str]) -> list[str]:
    """[U1], [U2], [U3]."""
    problems = []
    proved = {p.call for p in proofs if p.says != BAD_POINTERS}
    problems += [f"arch/: [U1] nothing proves {name}: PROVES({name}, …) above "
                 "a case of tests/user" for name in calls if name not in proved]
    problems += [f"{p.where}: [U2] there is no call {p.call}"
                 for p in proofs if p.call not in calls]
    problems += [f"{REFUSED}: [U3] {name} is refused, and is there"
                 for name in refused if name in calls]
    return problems


def numbers(call: Call) -> list[str]:
    """The number on each machine, "-" where it has none."""
    return [str(call.number.get(machine, "-")) for machine in MACHINES]


def table_text(calls: dict[str, Call], proofs: list[Proof],
               refused: dict[str, str]) -> str:
    """kernel/SYSCALLS.tsv."""
    lines = ["\t".join(("call", *MACHINES, "flag", "semantics", "test"))]
    for call in calls.values():
        lines += ["\t".join((call.name, *numbers(call), p.flags, p.says, p.test))
                  for p in proofs if p.call == call.name]
    lines += ["\t".join((name, "-", "-", "", f"ENOSYS: {reason}", ""))
              for name, reason in refused.items()]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Text that may stand in a table of Markdown."""
    return text.replace("|", "\\|").replace("<", "\\<")


def readme_line(call: Call, proofs: list[Proof]) -> str:
    """One call: what is proved of it, and by which programs."""
    says: dict[str, dict[str, None]] = {"": {}}
    for p in proofs:
        if p.says != BAD_POINTERS:
            flags = ", ".join(f"`{f.strip()}`" for f in p.flags.split(",") if f)
            says.setdefault(flags, {})[p.says] = None
    parts = [f"{flags}: {'; '.join(words)}".removeprefix(": ")
             for flags, words in says.items() if words]
    tests = dict.fromkeys(p.test.split(".")[0].removeprefix("test_")
                          for p in proofs)
    only = [m for m in MACHINES if m not in call.number]
    name = call.name + (f" ({next(iter(call.number))})" if only else "")
    return f"| {name} | {cell('. '.join(parts))} | {' '.join(tests)} |"


def readme_text(calls: dict[str, Call], proofs: list[Proof],
                refused: dict[str, str]) -> str:
    """The part of kernel/README.md between the marks."""
    lines = [f"{len(calls)} calls, {len(proofs)} proofs.", ""]
    for family in FAMILY.values():
        lines += [f"### {family}", "", "| call | what is proved | tests/user/test_ |",
                  "|---|---|---|"]
        lines += [readme_line(c, [p for p in proofs if p.call == c.name])
                  for c in calls.values() if c.family == family]
        lines.append("")
    lines += ["### ENOSYS on purpose", "", "| calls | why |", "|---|---|"]
    reasons: dict[str, list[str]] = {}
    for name, reason in refused.items():
        reasons.setdefault(reason, []).append(name)
    lines += [f"| {' '.join(names)} | {cell(why)} |"
              for why, names in reasons.items()]
    return "\n".join(lines) + "\n"


def ask(path: str, calls: dict[str, Call], refused: dict[str, str]) -> int:
    """The words of a file that are neither calls nor refused."""
    words = re.findall(r"[a-z]\w+", Path(path).read_text())
    missing = [w for w in dict.fromkeys(words) if w not in calls]
    for word in missing:
        print(f"{word}\t{refused.get(word, 'unknown')}")
    return bool(missing)


def main() -> int:
    """Check; with --fix write."""
    parser = argparse.ArgumentParser(description="What is supported, and its proof.")
    parser.add_argument("--fix", action="store_true", help="write both tables")
    parser.add_argument("--ask", metavar="LIST", help="names to look for")
    args = parser.parse_args()
    calls = read_calls()
    refused, problems = read_refused()
    if args.ask:
        return ask(args.ask, calls, refused)
    proofs: list[Proof] = []
    for path in sorted(Path("tests/user").rglob("test_*.c")):
        found, wrong = read_proofs(path)
        proofs += found
        problems += wrong
    problems += check(calls, proofs, refused)
    readme = README.read_text()
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    wanted = {TABLE: table_text(calls, proofs, refused),
              README: before + BEGIN + readme_text(calls, proofs, refused) + END
              + after}
    for path, text in wanted.items():
        if args.fix:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            problems.append(f"{path}: [U4] not current: make support")
    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
