#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the storeys of the house from the includes.

    8 kernel/task fs dev
    7 mm/pressure    6 mm/spaces    5 mm/backing    4 mm/tables    3 mm/frames
    2 kernel/base
    1 arch/*.h, boot/bootinfo.h
    0 lib

[L1] A file of a storey includes only from its own storey or below. Machine
     folders, boot/ and kernel/*.c stand outside: the machine implements
     upcalls' other end, kernel/*.c strings all storeys together.
[L2] No circle between files: a header never includes itself by way of others,
     and the .c files of one storey do not close one either. A header that
     belongs to another (slab_cache.h to slab.h) counts as part of it. Circles
     that are known and tied are listed in KNOWN_CIRCLES; a new one fails,
     and so does an entry that is no circle any more.
[L3] mm/, kernel/ and lib/ include no machine's folder, contain no #if (but
     for include guards and lib/compiler.h), no inline assembly and no machine
     words in their code.
[L4] Includes are written from the root ("mm/frames/page.h").
"""
from __future__ import annotations

import re
import sys
from pathlib import Path

import csource

LAYERS = [
    (0, "lib/"), (1, "arch/"), (1, "boot/bootinfo.h"), (2, "kernel/base/"),
    (3, "mm/frames/"), (4, "mm/tables/"), (5, "mm/backing/"),
    (6, "mm/spaces/"), (7, "mm/pressure/"), (8, "kernel/task/"),
    (8, "kernel/fs/"), (8, "kernel/dev/"),
]
NAMES = ["lib", "arch contracts", "kernel/base", "mm/frames", "mm/tables",
         "mm/backing", "mm/spaces", "mm/pressure", "kernel/task fs dev"]

# Files that need each other, and why they may. Untying one shortens the list.
KNOWN_CIRCLES = [
    # A section's pages go to the buddy, whose zones grow by sections; struct
    # page is drawn by all of them.
    {"mm/frames/buddy", "mm/frames/page", "mm/frames/page_alloc",
     "mm/frames/page_debug", "mm/frames/page_slow", "mm/frames/section",
     "mm/frames/zone"},
    {"mm/frames/slab", "mm/frames/slab_cache"},     # the inside of slab.h
    # struct mm owns the tree whose nodes are VMAs; leaf.h counts for both, share.h
    # for tables: a space that ends lets go of its own.
    {"mm/spaces/leaf", "mm/spaces/mm", "mm/spaces/share", "mm/spaces/vma"},
    # Opening a name of tmpfs may give a fifo, whose files are polled.
    {"kernel/fs/file", "kernel/fs/files", "kernel/fs/pipe", "kernel/fs/poll",
     "kernel/fs/tmpfs"},
]

PORTABLE = ("mm/", "kernel/", "lib/")
# The one place where compilers and checkers may be told apart.
MAY_HAVE_IF = {"lib/compiler.h"}
MAY_HAVE_ASM = {"lib/compiler.h"}
# Words that only one machine has. Read in code, not in comments or strings.
MACHINE_WORDS = re.compile(
    r"\b(x86(_64)?|amd64|aarch64|arm64|cr[0348]|efer|msr|rflags|eflags|rsp|rip"
    r"|rax|rdi|rsi|invlpg|invpcid|pcid|lapic|ioapic|gdt|idt|tss|cpuid"
    r"|ttbr[01]?|tcr|mair|esr|elr|spsr|daif|tlbi|gic|psci|[a-z]+_el[0-3])\b",
    re.I)
GUARD = re.compile(r"^#ifndef (\w+)\n#define \1\n(.*)\n#endif[^\n]*\n*\Z", re.S | re.M)


def layer_of(path: str) -> int | None:
    """The storey of a file, None: stands outside."""
    for layer, prefix in LAYERS:
        if path.startswith(prefix):
            # arch/<machine>/ is an implementation, not the contract.
            if prefix == "arch/" and path.count("/") > 1:
                return None
            return layer
    return None


def check_includes(path: str, included: list[str]) -> list[str]:
    """[L1] and [L4] for one file."""
    problems = []
    mine = layer_of(path)
    for target in included:
        if Path(target).is_file():
            theirs = layer_of(target)
            if mine is not None and theirs is not None and theirs > mine:
                problems.append(f"{path}: [L1] {NAMES[mine]} includes {target} "
                                f"of {NAMES[theirs]} above it")
            if path.startswith(PORTABLE) and re.match(r"arch/\w+/", target):
                problems.append(f"{path}: [L3] includes the machine's {target}")
        elif (Path(path).parent / target).is_file() and not path.startswith(
                ("arch/", "tests/", "boot/")):
            problems.append(f'{path}: [L4] write "{Path(path).parent / target}", '
                            f'not "{target}"')
    return problems


def check_portable(path: str, text: str) -> list[str]:
    """[L3] for one file of mm/, kernel/ or lib/."""
    if not path.startswith(PORTABLE):
        return []
    problems = []
    code = csource.code_only(text, keep_directives=True)
    inner = code
    if path.endswith(".h"):
        guard = GUARD.search(code)
        if not guard:
            problems.append(f"{path}: [L3] has no include guard around all of it")
        else:
            inner = code[:guard.start(2)].replace("#ifndef", "#guard") + guard.group(2)
    for number, line in enumerate(inner.splitlines(), 1):
        if re.match(r"\s*#\s*(if|elif)", line) and path not in MAY_HAVE_IF:
            problems.append(f"{path}:{number}: [L3] {line.strip()}: ask a feature "
                            "at run time instead")
        if re.search(r"\b(__asm__|asm)\b", line) and path not in MAY_HAVE_ASM:
            problems.append(f"{path}:{number}: [L3] inline assembly")
        if word := MACHINE_WORDS.search(line):
            problems.append(f"{path}:{number}: [L3] machine word \"{word.group()}\"")
    return problems


def find_circle(graph: dict[str, list[str]]) -> list[str]:
    """One circle of a directed graph, as the list of its nodes; [] if none."""
    state: dict[str, int] = {}
    trail: list[str] = []

    def visit(node: str) -> list[str]:
        state[node] = 1
        trail.append(node)
        for following in graph.get(node, ()):
            if state.get(following) == 1:
                return trail[trail.index(following):] + [following]
            if following in graph and following not in state:
                if circle := visit(following):
                    return circle
        trail.pop()
        state[node] = 2
        return []

    for node in sorted(graph):
        if node not in state:
            if circle := visit(node):
                return circle
    return []


def check_circles(graph: dict[str, list[str]]) -> list[str]:
    """[L2]: circles between headers, then between .c/.h pairs."""
    headers = {p: i for p, i in graph.items() if p.endswith(".h")}
    if circle := find_circle(headers):
        return [f"{circle[0]}: [L2] headers include each other: {' > '.join(circle)}"]
    pairs: dict[str, list[str]] = {}
    for path, included in graph.items():
        stem = path.rsplit(".", 1)[0]
        if layer_of(path) is None or path.startswith("arch/"):
            continue
        pairs.setdefault(stem, []).extend(
            s for s in (t.rsplit(".", 1)[0] for t in included)
            if s != stem and layer_of(s + ".h") == layer_of(path))
    return check_knots(pairs)


def reach(graph: dict[str, list[str]], start: str) -> set[str]:
    """Everything that start needs, by way of others too."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        for following in graph.get(todo.pop(), ()):
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return seen


def check_knots(pairs: dict[str, list[str]]) -> list[str]:
    """[L2]: sets of pairs that all need each other, against the known ones."""
    needs = {node: reach(pairs, node) for node in pairs}
    knots = {frozenset(n for n in needs[node] if node in needs.get(n, ()))
             for node in pairs if node in needs[node]}
    problems = []
    for knot in knots:
        if not any(knot <= known for known in KNOWN_CIRCLES):
            problems.append(f"{min(knot)}: [L2] files need each other: "
                            f"{', '.join(sorted(knot))}")
    for known in KNOWN_CIRCLES:
        if frozenset(known) not in knots:
            problems.append(f"tools/layers.py: [L2] KNOWN_CIRCLES: no such circle "
                            f"any more: {', '.join(sorted(known))}")
    return problems


def main() -> int:
    """Print every problem; the exit status says whether there was one."""
    problems: list[str] = []
    graph: dict[str, list[str]] = {}
    for path in csource.tree():
        name, text = str(path), path.read_text()
        graph[name] = csource.includes(text)
        problems += check_includes(name, graph[name])
        problems += check_portable(name, text)
    problems += check_circles(graph)
    for problem in problems:
        print(problem)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
