#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check what a reader relies on: headers, docstrings, unique names, sizes.

[D1] Every source begins with the SPDX line; a C file goes on with a comment
     that says what it is for.
[D2] Every non-static function of the kernel has a docstring that begins with
     its name ("/** name() - …"), at its definition, or at its declaration
     where a header is the contract.
[D3] A function's name stands for one function in the whole kernel, so that
     `break name` is never ambiguous. Twins of different machines apart.
[D4] No reserved or lazy names: __name, do_name, name2.
[D5] No file over 600 lines, no function over 100; over 60 is reported.
[D6] No marks of unfinished work.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import csource

KERNEL = ("arch/", "boot/", "kernel/", "lib/", "mm/")
NOT_ON_HOST = ("kernel/task/", "kernel/fs/", "kernel/dev/")
MACHINES = ("x86_64", "aarch64", "host")
# Measured on Linux in exactly this form.
AS_IT_IS = {"tests/bench/mmbench.c"}
MAX_FILE, MAX_FUNCTION, LONG_FUNCTION = 600, 100, 60
DOCSTRING = re.compile(r"/\*\*\s*(?:\*\s*)?(\w+)\(\) - ")
# In pieces, or this line would be one that it finds.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
SPDX = "SPDX-License-Identifier: MIT"
# Names that a compiler has chosen; below, digits that a standard has.
RUNTIME = re.compile(r"__(asan|ubsan|tsan|sanitizer|gcov|stack_chk|wrap|real)_?\w*")
LAZY = re.compile(r"(__\w+|do_\w+|[a-z_]*[a-z]2)")
NUMBER_IS_MEANT = re.compile(r"(\w*(log|multiboot|pow|pow_|_to|dup|pipe|mlock|v)2"
                             r"|is_\w*2|sys_\w+)")


def machine_of(path: str) -> str:
    """The machine whose own file this is, "" for all machines."""
    for part in Path(path).parts[:-1]:
        if part in MACHINES:
            return part
    return ""


def check_header(path: str, text: str) -> list[str]:
    """[D1], [D5] for the file, [D6]."""
    problems = []
    lines = text.splitlines()
    if not any(SPDX in line for line in lines[:2]):
        problems.append(f"{path}:1: [D1] no SPDX line")
    elif path.endswith((".c", ".h")):
        rest = text.split("\n", 1)[1].lstrip() if "\n" in text else ""
        if not rest.startswith("/*"):
            problems.append(f"{path}:2: [D1] no comment that says what the file is for")
    if len(lines) > MAX_FILE:
        problems.append(f"{path}:{MAX_FILE}: [D5] {len(lines)} lines")
    for number, line in enumerate(lines, 1):
        if mark := UNFINISHED.search(line):
            problems.append(f"{path}:{number}: [D6] {mark.group()}")
    return problems


def documented_in_headers() -> set[str]:
    """Functions whose docstring stands at their declaration, and those that
    the machine contract (the headers of arch/) declares below a comment."""
    names = set()
    for header in csource.tree((".h",)):
        text = header.read_text()
        names.update(DOCSTRING.findall(text))
        if header.parts[0] == "arch":
            names.update(re.findall(r"\b([a-z]\w*)\s*\(", text))
    return names


def check_function(path: str, function: csource.Function,
                   documented: set[str]) -> list[str]:
    """[D2], [D4] and [D5] for one function."""
    where, name = f"{path}:{function.line}", function.name
    problems = []
    if function.length > MAX_FUNCTION:
        problems.append(f"{where}: [D5] {name}() has {function.length} lines")
    if RUNTIME.fullmatch(name) or name.isupper():   # a macro makes the head
        return problems
    if LAZY.fullmatch(name) and not NUMBER_IS_MEANT.fullmatch(name):
        problems.append(f"{where}: [D4] {name} is a lazy name")
    if function.static or function.test or name in documented:
        return problems
    if not function.comment.startswith("/**"):
        problems.append(f"{where}: [D2] {name}() has no docstring")
    elif not re.search(rf"\b{name}\(\) - ", function.comment):
        problems.append(f"{where}: [D2] the docstring does not begin "
                        f"\"{name}() - \"")
    return problems


def check_unique(seen: dict[str, list[tuple[str, int]]]) -> list[str]:
    """[D3] over all functions: name -> places."""
    problems = []
    for name, places in sorted(seen.items()):
        machines = [machine_of(path) for path, _ in places]
        # The host machine stands in for the tasks and devices it lacks.
        if "host" in machines and any(p.startswith(NOT_ON_HOST) for p, _ in places):
            machines[machines.index("")] = "guests"
        if len(set(machines)) == len(places) and "" not in machines:
            continue
        if len(places) > 1:
            path, line = places[1]
            problems.append(f"{path}:{line}: [D3] {name}() is also in "
                            f"{places[0][0]}:{places[0][1]}")
    return problems


def main() -> int:
    """Print every problem; with --long the long functions too."""
    parser = argparse.ArgumentParser(description="Headers, docstrings, names.")
    parser.add_argument("--long", action="store_true",
                        help=f"list functions over {LONG_FUNCTION} lines")
    args = parser.parse_args()
    problems: list[str] = []
    long: list[str] = []
    seen: dict[str, list[tuple[str, int]]] = {}
    documented = documented_in_headers()
    scripts = [p for p in Path("tools").rglob("*.py")] + [Path("tools/setup")]
    for path in csource.tree((".c", ".h", ".S")) + scripts:
        name, text = str(path), path.read_text()
        if name in AS_IT_IS:
            continue
        if name != "tools/docs.py":         # its patterns name the marks
            problems += check_header(name, text)
        if path.suffix not in (".c", ".h"):
            continue
        for function in csource.functions(text):
            if function.length > LONG_FUNCTION:
                long.append(f"{name}:{function.line}: {function.name}() has "
                            f"{function.length} lines")
            if name.startswith(KERNEL):
                problems += check_function(name, function, documented)
            if name.startswith((*KERNEL, "tests/kernel/")):
                seen.setdefault(function.name, []).append((name, function.line))
    problems += check_unique(seen)
    for line in problems + (long if args.long else []):
        print(line)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
