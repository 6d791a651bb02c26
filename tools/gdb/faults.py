# SPDX-License-Identifier: MIT
"""What a page fault will do, before the kernel does it.

predict() follows the same pipeline as mm/spaces/fault.c: area, rights,
entry, backing. `explain` shows it for an address; `break-on-fault` stops the
machine at the entry of mm_fault() when the prediction is the wanted one, so it
works in optimised builds too.
"""
import gdb

import model

FAULT_READ, FAULT_WRITE, FAULT_EXEC = 1, 2, 4

KINDS = {
    "zero": "map the shared zero page",
    "anon": "give a fresh zeroed frame (demand zero)",
    "table": "make the page table the space's own: relatives have it too",
    "cow-copy": "copy the shared page (copy-on-write)",
    "cow-reuse": "make the page writable: last owner, no copy",
    "file": "map the page of the page cache",
    "file-copy": "copy the file's page into a private one",
    "stack": "grow the stack, then give a fresh zeroed frame",
    "spurious": "nothing: the entry allows it already",
    "swap": "read the page back from swap",
    "segv": "SIGSEGV",
}


def _grows_down(vma):
    return bool(int(vma["flags"]) & (1 << 7))


def predict(mm, va, access):
    """(kind, why) for an access to a user address."""
    vma, above = model.vma_at(mm, va)
    if vma is None:
        if above is not None and _grows_down(above) and va < int(above["start"]):
            gap = int(above["start"]) - va
            if gap < 8 << 20:
                return "stack", f"{gap:#x} bytes below a stack that may grow"
        return "segv", "no area there (SEGV_MAPERR)"
    wanted = {FAULT_READ: model.VM_READ, FAULT_WRITE: model.VM_WRITE,
              FAULT_EXEC: model.VM_EXEC}[access]
    if not int(vma["flags"]) & wanted:
        return "segv", f"the area is {model.vma_rights(vma)} (SEGV_ACCERR)"
    steps = list(model.walk(mm["space"], va))
    entry = steps[-1].entry
    if entry.kind == "swap":
        return "swap", "the entry is a swap slot"
    if not all(step.entry.write for step in steps[:-1]) and \
            (access == FAULT_WRITE or entry.kind == "none"):
        return "table", "the table's entry denies writing: fork shared it"
    is_file = int(vma["mapping"]) != 0
    if entry.kind != "leaf":
        if is_file:
            private_write = access == FAULT_WRITE and not int(vma["flags"]) & model.VM_SHARED
            return ("file-copy" if private_write else "file"), "nothing mapped yet, file behind it"
        return ("anon" if access == FAULT_WRITE else "zero"), \
            "nothing mapped yet, anonymous memory"
    if access == FAULT_WRITE and not entry.write:
        return _predict_cow(vma, entry)
    if access == FAULT_EXEC and not entry.execute:
        return "spurious", "entry without execute: rights are being changed"
    return "spurious", "mapped with sufficient rights"


def _predict_cow(vma, entry):
    pfn = entry.pa >> model.PAGE_SHIFT
    if pfn == model.zero_pfn():
        return "anon", "the shared zero page is replaced by an own frame"
    page = model.page_of(pfn)
    if model.page_type(page) == "file":
        return "file-copy", "a private page of a file is copied at the first write"
    count = int(page["mapcount"])
    if count == 1 and int(page["refcount"]) == 1:
        return "cow-reuse", "no one else maps the page"
    return "cow-copy", f"{count} entries map the page"


def who_maps(pfn, va, vma):
    """Tasks and addresses whose page tables lead to this frame.

    Anonymous pages stay at their address across fork, and a file's page stands at
    its offset in every area of the file: so only one address per area must be
    looked at.
    """
    found = []
    mapping = int(vma["mapping"]) if vma is not None else 0
    index = int(vma["pgoff"]) + ((va - int(vma["start"])) >> 12) if vma is not None else 0
    for users, mm in model.spaces():
        candidates = {va}
        for other in model.vmas(mm):
            if mapping and int(other["mapping"]) == mapping:
                at = int(other["start"]) + ((index - int(other["pgoff"])) << 12)
                if int(other["start"]) <= at < int(other["end"]):
                    candidates.add(at)
        for at in sorted(candidates):
            entry = model.leaf(mm["space"], at).entry
            if entry.kind == "leaf" and entry.pa >> 12 == pfn:
                names = ", ".join(f"{u['name'].string()}[{int(u['id'])}]" for u in users)
                found.append(f"{names} at {at:#x} {entry.rights()}")
    return found


class FaultBreakpoint(gdb.Breakpoint):
    """Stops at mm_fault() for the nth fault of a kind (and task)."""

    def __init__(self, kind, pid, nth):
        super().__init__("mm_fault", internal=False)
        self.kind, self.pid, self.left = kind, pid, nth

    def stop(self):
        mm = gdb.parse_and_eval("mm").dereference()
        addr = int(gdb.parse_and_eval("addr"))
        access = int(gdb.parse_and_eval("access"))
        thread = model.current_thread()
        if int(thread["mm"]) != int(mm.address):
            return False                # exec filling a space from outside
        if self.pid is not None and int(thread["id"]) != self.pid:
            return False
        for bit in (FAULT_WRITE, FAULT_EXEC, FAULT_READ):
            if access & bit:
                kind, why = predict(mm, addr & ~0xFFF, bit)
                break
        if self.kind not in (None, kind):
            return False
        self.left -= 1
        if self.left > 0:
            return False
        word = {1: "read", 2: "write", 4: "execute"}[bit]
        gdb.write(f"fault: {thread['name'].string()}[{int(thread['id'])}] {word} "
                  f"{addr:#x} -> {kind}: will {KINDS[kind]} ({why})\n")
        return True


class BreakOnFault(gdb.Command):
    """break-on-fault [KIND] [PID] [NTH]: stop before a page fault is resolved.

KIND: zero, anon, cow-copy, cow-reuse, file, file-copy, stack, spurious, segv, or any.
PID: only this task (any: all). NTH: the nth such fault (default 1: the next)."""

    def __init__(self):
        super().__init__("break-on-fault", gdb.COMMAND_BREAKPOINTS)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        kind = words[0] if words and words[0] != "any" else None
        if kind is not None and kind not in KINDS:
            raise gdb.GdbError(f"unknown kind {kind}; one of: any {' '.join(KINDS)}")
        pid = int(words[1]) if len(words) > 1 and words[1] != "any" else None
        nth = int(words[2]) if len(words) > 2 else 1
        FaultBreakpoint(kind, pid, nth)


class Explain(gdb.Command):
    """explain ADDR: everything the kernel knows about an address.

The area, each table level decoded, the struct page, who else maps the frame,
and what a read, a write and an execute would do now."""

    def __init__(self):
        super().__init__("explain", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("explain ADDR")
        model.answer(lambda: explain(argument))


def explain(argument):
    """explain for any address."""
    va = int(gdb.parse_and_eval(argument)) & (1 << 64) - 1
    if va < model.layout("USER_END"):
        explain_user(va)
    else:
        gdb.write(f"{va:#x}: kernel half\n")
        print_walk(model.value("mmu_kernel_space"), va)


def print_walk(space, va):
    """Each level of the walk and, at its end, the frame."""
    names = model.machine().LEVEL_NAMES
    last = None
    for last in model.walk(space, va):
        target = f" -> {last.entry.pa:#x}" if last.entry.kind in ("table", "leaf") else ""
        gdb.write(f"  level {last.level} {names[last.level]:5} slot {last.slot:#x}: "
                  f"{last.raw:#018x} {last.entry.kind}{target} [{last.entry.text}]\n")
    if last.entry.kind == "leaf":
        offset = va & (1 << (12 + 9 * last.level)) - 1
        pfn = (last.entry.pa + offset) >> 12
        gdb.write(f"  frame {pfn:#x}, physical {last.entry.pa + offset:#x}, "
                  f"{last.entry.rights()}\n")
        return pfn
    return None


def explain_user(va):
    """explain for an address of the current address space."""
    mm = model.current_mm()
    vma, above = model.vma_at(mm, va)
    if vma is not None:
        gdb.write(f"{va:#x}: in area {int(vma['start']):#x}-{int(vma['end']):#x} "
                  f"{model.vma_rights(vma)} {vma['backing']['name'].string()}\n")
    else:
        nearest = f"; next area starts at {int(above['start']):#x}" if above is not None else ""
        gdb.write(f"{va:#x}: in no area{nearest}\n")
    pfn = print_walk(mm["space"], va)
    if pfn is not None and model.pfn_online(pfn):
        page = model.page_of(pfn)
        gdb.write(f"  struct page: {page.format_string(max_depth=1)}\n")
        if pfn == model.zero_pfn():
            gdb.write("  the shared zero page: its mappings are not counted\n")
        else:
            for line in who_maps(pfn, va & ~0xFFF, vma):
                gdb.write(f"  mapped by {line}\n")
    for access, word in ((FAULT_READ, "read"), (FAULT_WRITE, "write"), (FAULT_EXEC, "execute")):
        kind, why = predict(mm, va & ~0xFFF, access)
        what = "goes through" if kind == "spurious" else f"{kind}: {KINDS[kind]}"
        gdb.write(f"  {word:7} {what} ({why})\n")


def register():
    """Make the commands known to GDB."""
    BreakOnFault()
    Explain()
