# SPDX-License-Identifier: MIT
"""Pretty-printers of the wrapped types: paddr_t, pfn_t, pte_t, swp_t, vaddr lists."""
import gdb
import gdb.printing

import model


class WrappedPrinter:
    """paddr_t, pfn_t, swp_t: the one member in hexadecimal, with its unit."""

    def __init__(self, val, unit):
        self.val, self.unit = val, unit

    def to_string(self):
        return f"{self.unit} {int(self.val['v']):#x}"


class PtePrinter:
    """pte_t: decoded as a last-level entry (level 0), raw value behind it."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        raw = int(self.val["v"])
        entry = model.machine().decode(raw, 0)
        if entry.kind == "none":
            return "none"
        return f"{entry.kind} pa {entry.pa:#x} [{entry.text}] raw {raw:#x}"


class PagePrinter:
    """struct page: its state in one line."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        page = self.val
        text = f"page {model.page_type(page)} order {int(page['order'])} " \
               f"ref {int(page['refcount'])} map {int(page['mapcount'])}"
        if page.address is not None:
            text = f"pfn {model.pfn_of(page):#x}: " + text
        return text


class VmaPrinter:
    """struct vma: its line of /proc/PID/maps."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        vma = self.val
        return f"vma {int(vma['start']):#x}-{int(vma['end']):#x} " \
               f"{model.vma_rights(vma)} {vma['backing']['name'].string()}"


def register():
    """Add the printers to the program that is being debugged."""
    collection = gdb.printing.RegexpCollectionPrettyPrinter("quire")
    for name, unit in (("paddr_t", "pa"), ("pfn_t", "pfn"), ("swp_t", "swap")):
        collection.add_printer(name, f"^{name}$",
                               lambda val, unit=unit: WrappedPrinter(val, unit))
    collection.add_printer("pte_t", "^pte_t$", PtePrinter)
    collection.add_printer("page", "^page$", PagePrinter)
    collection.add_printer("vma", "^vma$", VmaPrinter)
    gdb.printing.register_pretty_printer(gdb.current_objfile(), collection,
                                         replace=True)
