# SPDX-License-Identifier: MIT
"""Quire's GDB package: commands that answer questions about memory.

Loaded by `make debug`, or by hand: (gdb) source tools/gdb/quire.py

  explain ADDR      VMA, every table level, struct page, who maps it, what a
                    read, write or execute would do now
  vmas [PID]        the areas of an address space
  pt ADDR           the walk of an address, level by level
  page X            a struct page, by frame number or address of the record
  buddy             free blocks by zone and order
  slab              object caches
  tasks             threads and their address spaces
  tlb               flushes by reason
  census            frames by type, counted from the struct pages
  percpu [NAME]     per-CPU variables
  break-on-fault [KIND] [PID] [NTH]
                    stop before the kernel resolves a page fault
"""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import commands  # noqa: E402
import faults  # noqa: E402
import printers  # noqa: E402

printers.register()
commands.register(__doc__)
faults.register()
gdb.execute("set print pretty on")
gdb.execute("set pagination off")
gdb.write("Quire: `help quire` lists the commands of this package.\n")
