#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clang-format decides on code; people decide on tables and comments.

    format.py [--fix] [FILE…]

clang-format (version 14) cannot keep two things that make this tree pleasant
to read: comments behind code that all begin in one column, and tables packed
by hand. So the comments behind code are taken off before it looks, and its
opinion is not asked where only white space differs in

    - declarations outside functions (enums, field lists, prototypes, heads,
      one-line inlines),
    - macros, inline assembly, initialisers in braces, tables of case lines.

Everything else must be as clang-format writes it. --fix makes it so.
"""
from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import csource

AS_IT_IS = {"tests/bench/mmbench.c"}
WIDTH, TAB, COMMENT_COLUMN = 80, 8, 40
TRAILING = re.compile(r"^(.*?[^\s/].*?)([ \t]*/\*(?:(?!\*/).)*\*/)[ \t]*$")
STATEMENT_TABLE = re.compile(
    r"__asm__[^;]*;|=\s*\{[^;]*\};|\benum\s*\w*\s*\{[^}]*\};", re.S)

CASE_LINE = re.compile(r"\s*(case\b.*|default):\s*\S.*;")
# clang-format takes "a |= b & (c)" for a declaration and writes "b &(c)".
MISREAD = re.compile(r"([&*]) ?\(")


def split_comments(text: str) -> tuple[list[str], list[str]]:
    """Lines without the comment behind their code, and those comments."""
    code, notes = [], []
    for line in text.splitlines():
        match = TRAILING.match(line)
        if match and '"' not in match.group(2) and not match.group(1).endswith("\\"):
            code.append(match.group(1))
            notes.append(match.group(2).strip())
        else:
            code.append(line)
            notes.append("")
    return code, notes


def formatted(path: Path, code: list[str]) -> list[str]:
    """What clang-format makes of these lines."""
    done = subprocess.run(
        ["clang-format", f"--assume-filename={path}"], text=True,
        input="\n".join(code) + "\n", capture_output=True, check=True)
    return done.stdout.splitlines()


def free_lines(text: str) -> set[int]:
    """Numbers of the lines where people decide about white space."""
    lines = text.splitlines()
    free = set(range(len(lines)))
    for function in csource.functions(text):
        if function.length > 1:
            free -= set(range(function.body, function.end))
    code = csource.code_only(text, keep_directives=True)
    for match in STATEMENT_TABLE.finditer(code):
        first = code.count("\n", 0, match.start())
        free |= set(range(first, code.count("\n", 0, match.end()) + 1))
    inside = False
    for number, line in enumerate(lines):
        inside = inside or line.lstrip().startswith("#")
        if inside or CASE_LINE.match(line):
            free.add(number)
        inside = inside and line.endswith("\\")
    return free


def same_but_space(old: list[str], new: list[str]) -> bool:
    """Do only blanks, line ends and continuation marks differ?"""
    def squeeze(lines: list[str]) -> str:
        return re.sub(r"[\s\\]", "", "".join(lines))
    return squeeze(old) == squeeze(new)


def too_wide(lines: list[str]) -> bool:
    """Does a line of code pass the right margin?"""
    return any(len(line.expandtabs(TAB)) > WIDTH for line in lines)


def with_comments(new: list[str], notes: list[str]) -> list[str]:
    """Put comments back behind the lines they stood behind."""
    if not any(notes):
        return new
    if len(new) != len(notes):              # moved: the last line keeps them
        notes = [""] * (len(new) - 1) + [" ".join(filter(None, notes))]
    result = []
    for line, note in zip(new, notes):
        if note:
            gap = max(COMMENT_COLUMN - len(line.expandtabs(TAB)), 1)
            line += " " * gap + note
        result.append(line)
    return result


def look(path: Path) -> tuple[list[str], list[str]]:
    """(problems, the file's lines as they should be)."""
    text = path.read_text()
    code, notes = split_comments(text)
    new = formatted(path, code)
    free = free_lines(text)
    problems, result = [], []
    whole = text.splitlines()
    matcher = difflib.SequenceMatcher(None, [MISREAD.sub(r"\1(", s) for s in code],
                                      [MISREAD.sub(r"\1(", s) for s in new],
                                      autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal" or (same_but_space(code[a:b], new[c:d])
                               and set(range(a, b)) <= free
                               and not too_wide(code[a:b])):
            result += whole[a:b]
            continue
        problems.append(f"{path}:{a + 1}: format: clang-format writes: "
                        f"{(new[c:d] or ['(nothing)'])[0].strip()}")
        result += with_comments(new[c:d], notes[a:b])
    return problems, result


def main() -> int:
    """Print every difference, or with --fix repair it."""
    parser = argparse.ArgumentParser(description="Check or repair the format.")
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("files", nargs="*", type=Path)
    args = parser.parse_args()
    files = [p for p in args.files or csource.tree() if str(p) not in AS_IT_IS]
    count = 0
    with ThreadPoolExecutor(2) as pool:
        for path, (problems, lines) in zip(files, pool.map(look, files)):
            count += len(problems)
            if args.fix and problems:
                path.write_text("\n".join(lines) + "\n")
                print(f"{path}: {len(problems)} places")
            elif problems:
                print("\n".join(problems))
    return bool(count) and not args.fix


if __name__ == "__main__":
    sys.exit(main())
