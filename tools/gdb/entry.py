# SPDX-License-Identifier: MIT
"""What a page-table entry says, in the words of all machines."""


class Entry:
    """What an entry says: kind is none, table, leaf or swap."""

    def __init__(self, kind, pa=0, read=False, write=False, execute=False, user=False,
                 young=False, dirty=False, text=""):
        self.kind, self.pa = kind, pa
        self.read, self.write, self.execute, self.user = read, write, execute, user
        self.young, self.dirty, self.text = young, dirty, text

    def rights(self):
        """rwx and u or k, as short text."""
        return ("r" if self.read else "-") + ("w" if self.write else "-") + \
            ("x" if self.execute else "-") + (" user" if self.user else " kernel")
