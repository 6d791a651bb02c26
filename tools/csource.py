# SPDX-License-Identifier: MIT
"""Just enough reading of C for the checks: functions, comments, includes.

Not a parser: it knows comments, strings, preprocessor lines and brackets, and
relies on the tree's own style for the rest. A top-level "head {" is a function
when the head has a parameter list and no "=".
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M | re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">]+)[">]', re.M)
CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")
# typedef …, and struct … tag (a struct with attributes before its tag).
NOT_A_HEAD = re.compile(r"^\s*typedef\b|^\s*(struct|union|enum)\b.*\b(?!__)\w+\s*$", re.S)
NOT_FUNCTIONS = {"if", "for", "while", "switch", "return", "sizeof"}


@dataclass
class Function:
    """One function definition."""

    name: str
    line: int                               # of its name
    body: int                               # line of its opening brace
    end: int                                # line of its closing brace
    length: int                             # lines from the head to there
    static: bool
    comment: str                            # directly above it, or ""
    test: bool                              # a TEST(suite, name)


def blank(text: str) -> str:
    """Spaces of the same shape: line numbers stay right."""
    return re.sub(r"[^\n]", " ", text)


def code_only(text: str, keep_directives: bool = False) -> str:
    """The text with comments and the contents of strings blanked."""
    text = TOKEN.sub(lambda m: blank(m.group()) if m.group()[0] == "/"
                     else m.group()[0] + blank(m.group()[1:-1]) + m.group()[-1],
                     text)
    return text if keep_directives else DIRECTIVE.sub(lambda m: blank(m.group()), text)


def comments(text: str) -> list[tuple[int, int]]:
    """Start and end offsets of all comments."""
    return [m.span() for m in TOKEN.finditer(text) if m.group()[0] == "/"]


def includes(text: str) -> list[str]:
    """Paths of the #include lines, in order."""
    return INCLUDE.findall(TOKEN.sub(
        lambda m: blank(m.group()) if m.group()[0] == "/" else m.group(), text))


def function_name(head: str) -> tuple[str, bool]:
    """The name in a function's head, and whether it is a TEST; "" if none."""
    test = re.match(r"\s*TEST\(\s*(\w+)\s*,\s*(\w+)\s*\)", head)
    if test:
        return f"test_{test.group(1)}_{test.group(2)}", True
    if "=" in head or NOT_A_HEAD.search(head):
        return "", False
    names = [n for n in CALLED.findall(head) if n not in NOT_FUNCTIONS]
    # Attributes look like calls: the name is the first that is not reserved.
    return next((n for n in names if not n.startswith("__")),
                names[0] if names else ""), False


def blocks(code: str) -> list[tuple[int, int, int]]:
    """(head, opening brace, end) offsets of the top-level {} blocks."""
    found, depth, head, opened = [], 0, 0, 0
    for match in re.finditer(r"[{};]", code):
        at, sign = match.start(), match.group()
        if sign == "{":
            if depth == 0:
                opened = at
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                found.append((head, opened, at))
                head = at + 1
        elif depth == 0:
            head = at + 1
    return found


def functions(text: str) -> list[Function]:
    """All function definitions of a source file."""
    code = code_only(text)
    notes = comments(text)
    result = []
    for start, opened, end in blocks(code):
        head = code[start:opened]
        name, test = function_name(head)
        if not name:
            continue
        first = start + len(head) - len(head.lstrip())
        named = first if test else start + re.search(rf"\b{name}\s*\(", head).start()
        above = [(a, b) for a, b in notes if start <= a and b <= first]
        result.append(Function(
            name=name, line=text.count("\n", 0, named) + 1,
            body=text.count("\n", 0, opened) + 1,
            end=text.count("\n", 0, end) + 1,
            length=text.count("\n", first, end) + 1,
            static=bool(re.search(r"\bstatic\b", head)), test=test,
            comment=text[above[-1][0]:above[-1][1]] if above else ""))
    return result


def tree(suffixes: tuple[str, ...] = (".c", ".h")) -> list[Path]:
    """Every source of the tree, sorted; paths from the root."""
    folders = ("arch", "boot", "kernel", "lib", "mm", "tests")
    return sorted(path for folder in folders for path in Path(folder).rglob("*")
                  if path.suffix in suffixes)
