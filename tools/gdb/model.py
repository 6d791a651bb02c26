# SPDX-License-Identifier: MIT
"""The kernel's data structures, read through GDB and given Python shapes.

Everything here only reads memory. Addresses of user pages are never
dereferenced directly: they are walked by hand and read through the direct
map, so that every address space can be looked at, not only the current one.
"""
import importlib
import os
import re

import gdb

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
INDEX_BITS = 9
ENTRIES = 1 << INDEX_BITS

VM_READ, VM_WRITE, VM_EXEC, VM_SHARED = 1, 2, 4, 8


class QuireError(gdb.GdbError):
    """A question that cannot be answered here and now; the text says why."""


def answer(ask):
    """Run a command's function; what GDB throws becomes one clear line."""
    try:
        ask()
    except gdb.MemoryError:
        raise QuireError("the kernel's tables are not there yet: try `break kmain` and "
                         "`continue` first") from None
    except gdb.GdbError:
        raise
    except gdb.error as error:
        raise QuireError(str(error)) from None


def machine_name():
    """Name of the machine's folder under arch/, by the program's architecture."""
    name = gdb.selected_inferior().architecture().name()
    return "aarch64" if "aarch64" in name else "x86_64"


def machine():
    """The machine's page-table codec (machine_<name>.py)."""
    return importlib.import_module(f"machine_{machine_name()}")


_layout = {}


def layout(name):
    """A constant of arch/<machine>/layout.h, so that it is written once only."""
    if not _layout:
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        path = os.path.join(root, "arch", machine_name(), "layout.h")
        with open(path, encoding="ascii") as header:
            for line in header:
                match = re.match(r"#define\s+(\w+)\s+(0x[0-9a-fA-F]+)", line)
                if match:
                    _layout[match.group(1)] = int(match.group(2), 16)
    return _layout[name]


def value(expression):
    """A C expression's value; a QuireError instead of GDB's terse one."""
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise QuireError(f"{expression}: {error}") from None


def ctype(name):
    """A type by its C name."""
    return gdb.lookup_type(name)


def phys_to_virt(pa):
    """Direct-map address of a physical one."""
    return layout("DIRECT_MAP_BASE") + pa


def read_u64(address):
    """Eight bytes of kernel memory as a number."""
    data = gdb.selected_inferior().read_memory(address, 8)
    return int.from_bytes(bytes(data), "little")


def offset_of(struct, member):
    """Byte offset of a (possibly nested) member."""
    null = gdb.Value(0).cast(ctype(struct).pointer())
    expression = null.dereference()
    for part in member.split("."):
        expression = expression[part]
    return int(expression.address)


def list_each(head, struct, member):
    """The owners on a struct list_node list; head is the node's value."""
    offset = offset_of(struct, member)
    pointer = ctype(struct).pointer()
    end = int(head.address)
    node = int(head["next"])
    seen = 0
    while node not in (end, 0):
        yield gdb.Value(node - offset).cast(pointer).dereference()
        node = int(gdb.Value(node).cast(ctype("struct list_node").pointer())["next"])
        seen += 1
        if seen > 1000000:
            raise QuireError("list does not end: corrupted?")


def rb_each(root, struct, member):
    """The owners in a struct rb_root, in order."""
    offset = offset_of(struct, member)
    pointer = ctype(struct).pointer()

    def walk(node):
        if int(node) == 0:
            return
        yield from walk(node["left"])
        yield gdb.Value(int(node) - offset).cast(pointer).dereference()
        yield from walk(node["right"])

    yield from walk(root["node"])


# ---- frames -------------------------------------------------------------------

def page_of(pfn):
    """struct page of a frame number."""
    base = gdb.Value(layout("MEMMAP_BASE")).cast(ctype("struct page").pointer())
    return (base + pfn).dereference()


def pfn_of(page):
    """Frame number of a struct page value or pointer."""
    address = int(page.address if page.type.code == gdb.TYPE_CODE_STRUCT else page)
    return (address - layout("MEMMAP_BASE")) // ctype("struct page").sizeof


def page_type(page):
    """The page's type as a word: "anon", "table" …"""
    return str(page["type"].cast(ctype("enum page_type"))).replace("PAGE_", "").lower()


SECTION_SHIFT, CHUNK_SHIFT = 27, 22
CHUNKS = 1 << (SECTION_SHIFT - CHUNK_SHIFT)


def pfn_online(pfn):
    """May this frame's struct page be read?"""
    section = pfn >> (SECTION_SHIFT - PAGE_SHIFT)
    if section >= int(value("nr_sections")):
        return False
    chunk = pfn >> (CHUNK_SHIFT - PAGE_SHIFT) & (CHUNKS - 1)
    return bool(int(value("section_chunks")[section]) >> chunk & 1)


def online_chunks():
    """First frame of each 4 MiB whose struct pages have come in."""
    chunks = value("section_chunks")
    for section in range(int(value("nr_sections"))):
        bits = int(chunks[section])
        for chunk in range(CHUNKS):
            if bits >> chunk & 1:
                yield (section * CHUNKS + chunk) << (CHUNK_SHIFT - PAGE_SHIFT)


def zero_pfn():
    """Frame of the shared zero page."""
    page = value("zero_page")
    return pfn_of(page) if int(page) else -1


# ---- threads and address spaces --------------------------------------------------

def threads():
    """Every struct thread."""
    yield from list_each(value("all_threads"), "struct thread", "all_node")


def current_thread():
    """The thread of CPU 0 (or of the CPU that GDB looks at, on one CPU)."""
    pointer = value("current_thread_ptr")
    if int(pointer) == 0:
        raise QuireError("no thread yet: the kernel has not reached sched_init()")
    return pointer.dereference()


def current_mm():
    """Address space of the current thread."""
    mm = current_thread()["mm"]
    if int(mm) == 0:
        raise QuireError("the current thread is a kernel thread: it has no user half "
                         "(see `tasks`, then `vmas PID`)")
    return mm.dereference()


def thread_by_id(number):
    """The thread with this pid."""
    for thread in threads():
        if int(thread["id"]) == number:
            return thread
    raise QuireError(f"no task {number}; see `tasks`")


def spaces():
    """Pairs (threads, struct mm) of every address space, each once."""
    found = {}
    for thread in threads():
        if int(thread["mm"]):
            found.setdefault(int(thread["mm"]), []).append(thread)
    for users in found.values():
        yield users, users[0]["mm"].dereference()


def vmas(mm):
    """The areas of a struct mm, in order."""
    yield from rb_each(mm["vmas"], "struct vma", "node")


def vma_at(mm, va):
    """(area that contains va or None, first area that ends above va or None)."""
    for vma in vmas(mm):
        if va < int(vma["end"]):
            return (vma if va >= int(vma["start"]) else None), vma
    return None, None


def vma_rights(vma):
    """rwxp as /proc/PID/maps shows them."""
    flags = int(vma["flags"])
    return ("r" if flags & VM_READ else "-") + ("w" if flags & VM_WRITE else "-") + \
        ("x" if flags & VM_EXEC else "-") + ("s" if flags & VM_SHARED else "p")


# ---- page tables -------------------------------------------------------------------

class Step:
    """One level of a walk: the level, the slot's address, the raw entry."""

    def __init__(self, level, slot, raw):
        self.level, self.slot, self.raw = level, slot, raw
        self.entry = machine().decode(raw, level)


def walk(space, va):
    """The steps of va's walk in a struct mmu_space, top first."""
    table = int(space["top"])
    level = int(value("mmu_features")["levels"]) - 1
    if table == 0:
        raise QuireError("this space has no page table yet")
    while True:
        index = va >> (PAGE_SHIFT + INDEX_BITS * level) & (ENTRIES - 1)
        step = Step(level, table + 8 * index, read_u64(table + 8 * index))
        yield step
        if step.entry.kind != "table" or level == 0:
            return
        table = phys_to_virt(step.entry.pa)
        level -= 1


def leaf(space, va):
    """The last step of the walk."""
    last = None
    for last in walk(space, va):
        pass
    return last


def space_of(va, mm):
    """The struct mmu_space that translates va: mm's, or the kernel's."""
    if va < layout("USER_END"):
        return mm["space"]
    return value("mmu_kernel_space")
