# SPDX-License-Identifier: MIT
"""A scripted GDB session: step through a demand-zero and a copy-on-write fault.

Run by GDB itself (tools/test.py starts QEMU with the tour and then this):

    QUIRE_ELF=… QUIRE_GDB=host:port gdb -nx -batch -x tests/gdb/session.py

Uses the package of tools/gdb as a person would, looks at page tables and
struct pages before and after, and prints TAP lines.
"""
import collections
import os
import sys
import traceback

import gdb

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools", "gdb"))

failures = 0
# A copy-on-write fault before it was resolved: space, address, frame, owners, bytes.
Fault = collections.namedtuple("Fault", "mm va pfn shared contents")


def check(name, good, detail=""):
    """One TAP line."""
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - gdb.{name}"
          + (f" # {detail}" if detail and not good else ""), flush=True)


def ask(command):
    """Output of a GDB command."""
    return gdb.execute(command, to_string=True)


def page_bytes(model, pfn):
    """Contents of a frame, through the direct map."""
    return bytes(gdb.selected_inferior().read_memory(
        model.phys_to_virt(pfn << model.PAGE_SHIFT), model.PAGE_SIZE))


def run_to_fault(kind):
    """Continue to the next fault of a kind; (mm, page address)."""
    ask("delete")
    ask(f"break-on-fault {kind}")
    ask("continue")
    mm = gdb.parse_and_eval("mm").dereference()
    return mm, int(gdb.parse_and_eval("addr")) & ~0xFFF


def finish():
    """Let the fault be resolved; other tasks' faults do not stop us."""
    ask("delete")
    ask("finish")


def shared_fault(model, faults):
    """Step over a copy-on-write fault whose page stays shared until it is copied.

    A time slice that ends in the fault lets the other owner copy first; the last
    owner then keeps the frame, as it should, and the next fault is taken instead.
    """
    for attempt in range(10):
        mm, va = run_to_fault("cow-copy")
        before = model.leaf(mm["space"], va).entry
        pfn = before.pa >> model.PAGE_SHIFT
        shared = int(model.page_of(pfn)["mapcount"])
        if not attempt:
            check("copy_on_write_starts_shared_and_read_only",
                  shared > 1 and not before.write)
            vma, _ = model.vma_at(mm, va)
            check("explain_names_all_who_map_it",
                  len(faults.who_maps(pfn, va, vma)) == shared, ask(f"explain {va:#x}"))
        contents = page_bytes(model, pfn)
        finish()
        if model.leaf(mm["space"], va).entry.pa >> model.PAGE_SHIFT != pfn:
            break
    return Fault(mm, va, pfn, shared, contents)


def session():
    """The whole walk."""
    gdb.execute("set pagination off")
    gdb.execute("set confirm off")
    gdb.execute(f"file {os.environ['QUIRE_ELF']}")
    gdb.execute(f"target remote {os.environ['QUIRE_GDB']}")
    gdb.execute(f"source {os.path.join(ROOT, 'tools', 'gdb', 'quire.py')}")
    import model
    import faults

    ask("break kmain")
    ask("continue")
    check("stops_at_kmain", gdb.selected_frame().name() == "kmain")

    mm, va = run_to_fault("anon")
    before = model.leaf(mm["space"], va).entry
    check("demand_zero_starts_without_a_frame",
          before.kind in ("none", "table") or before.pa >> 12 == model.zero_pfn(), before.text)
    told = ask(f"explain {va:#x}")
    check("explain_predicts_demand_zero", "demand zero" in told, told)
    finish()
    after = model.leaf(mm["space"], va).entry
    check("demand_zero_installs_a_writable_leaf", after.kind == "leaf" and after.write)
    pfn = after.pa >> model.PAGE_SHIFT
    page = model.page_of(pfn)
    check("its_page_is_anonymous_and_mapped_once",
          model.page_type(page) == "anon" and int(page["mapcount"]) == 1, str(page))
    check("its_frame_is_zero", not any(page_bytes(model, pfn)))

    fault = shared_fault(model, faults)
    after = model.leaf(fault.mm["space"], fault.va).entry
    new_pfn = after.pa >> model.PAGE_SHIFT
    va, old_pfn, shared, contents = fault.va, fault.pfn, fault.shared, fault.contents
    check("the_copy_is_another_writable_frame", new_pfn != old_pfn and after.write)
    check("the_copy_has_the_same_bytes", page_bytes(model, new_pfn) == contents)
    # At least: another owner may have had a time slice meanwhile.
    check("the_original_lost_one_mapping",
          int(model.page_of(old_pfn)["mapcount"]) < shared)

    for command, words in (("help quire", ("explain ADDR", "break-on-fault")),
                           ("vmas", ("VSS", "anon")), (f"pt {va:#x}", ("level 0", "frame")),
                           (f"page {new_pfn:#x}", ("anon",)), ("buddy", ("managed", "DMA32")),
                           ("slab", ("kmalloc-64",)), ("tasks", ("init", "reaper")),
                           ("tlb", ("fork",)), ("census", ("anon", "table")),
                           ("percpu", ("preempt_count",))):
        text = ask(command)
        check(f"command_{command.split()[0]}", all(w in text for w in words), text)
    check("printers_decode_wrapped_types", "pa 0x" in ask("print mmu_kernel_space.root"))
    ask("delete")
    ask("kill")


try:
    session()
except Exception:  # a broken session is a failed test, with its reason
    traceback.print_exc()
    check("session_runs_to_its_end", False)
gdb.execute(f"quit {1 if failures else 0}")
