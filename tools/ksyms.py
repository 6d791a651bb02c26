#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn `nm -n` of the kernel into the symbol table that the kernel links.

Reads nm's lines on standard input, writes assembly on standard output:
ksym_count, ksym_address[] (sorted), ksym_name[] (offsets), ksym_strings.
kernel/base/ksym.c reads it.
"""
import sys


def main() -> int:
    symbols = []
    for line in sys.stdin:
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tTwW" and not fields[2].startswith("."):
            symbols.append((int(fields[0], 16), fields[2]))
    if not symbols:
        print("ksyms: no symbols on standard input", file=sys.stderr)
        return 1
    symbols.sort()
    print('.section .ksyms, "a"\n.balign 8')
    print(f".globl ksym_count\nksym_count: .quad {len(symbols)}")
    print(".globl ksym_address\nksym_address:")
    for address, _ in symbols:
        print(f"\t.quad {address:#x}")
    print(".globl ksym_name\nksym_name:")
    offset = 0
    for _, name in symbols:
        print(f"\t.long {offset}")
        offset += len(name) + 1
    print(".globl ksym_strings\nksym_strings:")
    for _, name in symbols:
        print(f'\t.asciz "{name}"')
    return 0


if __name__ == "__main__":
    sys.exit(main())
