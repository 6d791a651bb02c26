# SPDX-License-Identifier: MIT
"""The commands that print one structure of the kernel each."""
import gdb

import faults
import model

COMMANDS = {}


def command(name):
    """Decorator: a function (argument words) becomes a GDB command."""
    def wrap(function):
        class Wrapped(gdb.Command):
            __doc__ = function.__doc__

            def __init__(self):
                super().__init__(name, gdb.COMMAND_DATA)

            def invoke(self, argument, from_tty):
                model.answer(lambda: function(gdb.string_to_argv(argument)))
        COMMANDS[name] = Wrapped
        return function
    return wrap


@command("vmas")
def show_vmas(words):
    """vmas [PID]: the areas of a task's address space (default: the current one)."""
    mm = model.thread_by_id(int(words[0]))["mm"].dereference() if words else model.current_mm()
    gdb.write("start              end                rights  kind  pages\n")
    for vma in model.vmas(mm):
        start, end = int(vma["start"]), int(vma["end"])
        gdb.write(f"{start:#018x} {end:#018x} {model.vma_rights(vma)}    "
                  f"{vma['backing']['name'].string():5} {(end - start) >> 12}\n")
    rss = mm["rss"]
    gdb.write(f"VSS {int(mm['total_vm'])} pages, RSS anon {int(rss[0])} file {int(rss[1])}, "
              f"faults minor {int(mm['min_flt'])} major {int(mm['maj_flt'])}, "
              f"{int(mm['nr_tables'])} table pages\n")


@command("pt")
def show_walk(words):
    """pt ADDR [PID]: the page-table walk of an address, level by level."""
    if not words:
        raise gdb.GdbError("pt ADDR [PID]")
    va = int(gdb.parse_and_eval(words[0])) & (1 << 64) - 1
    if va >= model.layout("USER_END"):
        space = model.value("mmu_kernel_space")
    elif len(words) > 1:
        space = model.thread_by_id(int(words[1]))["mm"]["space"]
    else:
        space = model.current_mm()["space"]
    faults.print_walk(space, va)


@command("page")
def show_page(words):
    """page X: a struct page, X a frame number or the address of the struct."""
    if not words:
        raise gdb.GdbError("page PFN | page ADDRESS-OF-STRUCT-PAGE")
    number = int(gdb.parse_and_eval(words[0])) & (1 << 64) - 1
    pfn = model.pfn_of(gdb.Value(number)) if number >= model.layout("MEMMAP_BASE") else number
    if not model.pfn_online(pfn):
        raise model.QuireError(f"frame {pfn:#x}: its section of struct pages is not online")
    page = model.page_of(pfn)
    zone = model.value("zones")[int(page["zone"])]["name"].string()
    gdb.write(f"pfn {pfn:#x} physical {pfn << 12:#x} zone {zone} type {model.page_type(page)} "
              f"order {int(page['order'])} ref {int(page['refcount'])} "
              f"map {int(page['mapcount'])} flags {int(page['flags']):#x} "
              f"mapping {int(page['mapping']):#x} index {int(page['index']):#x}\n")


@command("buddy")
def show_buddy(words):
    """buddy: free blocks by zone and order (as /proc/buddyinfo), and per-CPU lists."""
    zones = model.value("zones")
    for index in range(zones.type.range()[1] + 1):
        zone = zones[index]
        if int(zone["present"]) == 0:
            continue
        areas = zone["area"]
        counts = [int(areas[o]["nr_free"]) for o in range(areas.type.range()[1] + 1)]
        gdb.write(f"{zone['name'].string():8} " + " ".join(f"{c:6}" for c in counts) +
                  f"   free {int(zone['nr_free'])} of {int(zone['managed'])} managed, "
                  f"{int(zone['deferred'])} deferred, marks "
                  + "/".join(str(int(zone['mark'][m])) for m in range(3)) + "\n")
        pcp = model.value("page_alloc_cpu")["zone"][index]
        gdb.write(f"         on CPU 0's list: {int(pcp['count'])} pages, "
                  f"{int(pcp['hits'])} hits, {int(pcp['refills'])} refills\n")


@command("tasks")
def show_tasks(words):
    """tasks: every thread, its state and its address space."""
    current = int(model.value("current_thread_ptr"))
    for thread in model.threads():
        state = str(thread["state"]).replace("THREAD_", "").lower()
        mark = "*" if int(thread.address) == current else " "
        text = f"{mark} {int(thread['id']):5} {thread['name'].string():16} {state:9} " \
               f"stack {int(thread['stack']):#x}"
        if int(thread["mm"]):
            mm = thread["mm"].dereference()
            text += f" mm {int(thread['mm']):#x} VSS {int(mm['total_vm'])} " \
                    f"RSS {sum(int(mm['rss'][i]) for i in range(3))} pages"
        gdb.write(text + "\n")


@command("tlb")
def show_tlb(words):
    """tlb: flushes by reason."""
    counters = model.value("tlb_counters")
    names = model.value("tlb_reason_names")
    gdb.write("reason      ranges   pages  spaces\n")
    for reason in range(names.type.range()[1] + 1):
        gdb.write(f"{names[reason].string():10} {int(counters['flush_range'][reason]):7} "
                  f"{int(counters['pages'][reason]):7} {int(counters['flush_space'][reason]):7}\n")
    gdb.write(f"kernel ranges {int(counters['kernel'])}, "
              f"spared {int(counters['spared'])}\n")


@command("census")
def show_census(words):
    """census: frames by type, counted from the struct pages of all online sections."""
    counts = {}
    size = gdb.lookup_type("struct page").sizeof
    frames = 1 << (model.CHUNK_SHIFT - model.PAGE_SHIFT)
    names = [f.name.replace("PAGE_", "").lower()
             for f in gdb.lookup_type("enum page_type").fields()]
    for pfn in model.online_chunks():
        base = model.layout("MEMMAP_BASE") + pfn * size
        data = bytes(gdb.selected_inferior().read_memory(base, frames * size))
        for at in range(0, len(data), size):
            kind, order = data[at], data[at + 1]
            if kind:
                blocks = 1 if names[kind] == "reserved" else 1 << order
                counts[kind] = counts.get(kind, 0) + blocks
    for kind in sorted(counts):
        gdb.write(f"{names[kind]:10} {counts[kind]:9} pages {counts[kind] * 4:9} KiB\n")


@command("percpu")
def show_percpu(words):
    """percpu [NAME]: per-CPU variables of CPU 0 (all, or the one named)."""
    for name in words or ["current_thread_ptr", "preempt_count", "need_resched",
                          "irq_depth", "page_alloc_cpu"]:
        gdb.write(f"{name} = {model.value(name)}\n")


@command("slab")
def show_slab(words):
    """slab: every object cache with its object size, slabs and partial slabs."""
    gdb.write("cache                 size  objsize  per-slab  partial\n")
    for cache in model.list_each(model.value("all_caches"), "struct kmem_cache", "all_node"):
        gdb.write(f"{cache['name'].string():20} {int(cache['size']):6} "
                  f"{int(cache['object_size']):8} {int(cache['objects']):9} "
                  f"{int(cache['nr_partial']):8}\n")


class QuireHelp(gdb.Command):
    """quire: see `help quire`."""

    def __init__(self):
        super().__init__("quire", gdb.COMMAND_SUPPORT)

    def invoke(self, argument, from_tty):
        gdb.execute("help quire")


def register(guide):
    """Make the commands known to GDB; guide is what `help quire` prints."""
    QuireHelp.__doc__ = guide
    for wrapped in COMMANDS.values():
        wrapped()
    QuireHelp()
