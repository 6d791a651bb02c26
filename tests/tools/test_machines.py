# SPDX-License-Identifier: MIT
"""The table of machines and what is built on it."""
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import bench
import debs
import linux
import suites
import vm
from machines import MACHINES

sys.path.insert(0, "tools/gdb")
import machine_aarch64  # noqa: E402
import machine_x86_64  # noqa: E402


class TableTest(unittest.TestCase):
    """The table of machines."""

    def test_it_is_complete(self):
        for name, facts in MACHINES.items():
            self.assertEqual(name, facts.name)
            self.assertIn("direct", facts.ways)
            self.assertTrue(Path(f"arch/{name}/layout.h").is_file())
            for field in ("debian", "model", "cpu", "verdict", "console", "firmware",
                          "firmware_mem", "sizes", "bench_model", "linux_package"):
                self.assertTrue(getattr(facts, field), field)

    def test_variants_are_fields_of_a_machine(self):
        for name, facts in MACHINES.items():
            for fields in facts.variants.values():
                vm.Machine(Path("k"), arch=name, **fields)

    def test_least_memory_is_in_the_matrix(self):
        for facts in MACHINES.values():
            self.assertEqual(facts.sizes[0], facts.least_mem)
            self.assertIn(facts.firmware_mem, facts.sizes)


class SuitesTest(unittest.TestCase):
    """Names of suites: SUITE= picks by them."""

    def test_every_guest_suite_names_its_machine(self):
        for suite in suites.all_suites(list(MACHINES)):
            guest = suite.name.startswith(("kernel/", "user/", "stress/", "boot/",
                                           "gdb/", "diff/", "fuzz/", "programs/"))
            self.assertEqual(guest, suite.arch in MACHINES, suite.name)
            if guest:
                self.assertTrue(suite.name.endswith(f"-{suite.arch}"), suite.name)

    def test_names_are_unique_and_needs_are_built(self):
        for arches in (["x86_64"], ["aarch64"], list(MACHINES)):
            chosen = suites.all_suites(arches)
            built = {suite.name for suite in suites.builds(arches, False)}
            self.assertEqual(len({s.name for s in chosen}), len(chosen))
            self.assertLessEqual({n for s in chosen for n in s.needs}, built)

    def test_stress_is_small_unless_asked(self):
        for arch in MACHINES:
            small = {s.name for s in suites.stress_suites(arch, False)}
            big = {s.name for s in suites.stress_suites(arch, True)}
            self.assertFalse(small & big)
            with mock.patch.dict("os.environ", {"STRESS": "big"}):
                names = {s.name for s in suites.all_suites([arch])}
            self.assertLessEqual(big, names)
            self.assertFalse(small & names)
            with mock.patch.dict("os.environ", {"STRESS": ""}):
                names = {s.name for s in suites.all_suites([arch])}
            self.assertLessEqual(small, names)


class FiguresTest(unittest.TestCase):
    """mmbench's words."""

    def test_boot_is_in_instructions(self):
        lines = ["# at main: monotonic_ns=7 ticks=100", "R a 10 7 2.50 0.16 2.5 2.5"]
        for arch, boot in (("x86_64", 100), ("aarch64", 1600)):
            figures = bench.parse(lines, MACHINES[arch].tick)
            self.assertEqual((figures.boot, figures.cost["a"]), (boot, 2.5))

    def test_linux_is_measured_lean(self):
        words = linux.words(MACHINES["aarch64"])
        self.assertIn("console=ttyAMA0", words)
        self.assertIn("kpti=off mitigations=off", words)


class DebsTest(unittest.TestCase):
    """debs.py without a network."""

    def test_cache_comes_first(self):
        with tempfile.TemporaryDirectory() as name, \
                mock.patch("debs.CACHE", Path(name)):
            file = Path(name) / "musl-dev_1.2.3-1_arm64.deb"
            file.touch()
            self.assertEqual(debs.Archive("aarch64").fetch("musl-dev"), file)
            with mock.patch("shutil.which", return_value=None), \
                    self.assertRaisesRegex(debs.DebError, "put musl-dev_VERSION_amd64"):
                debs.Archive("x86_64").fetch("musl-dev")


class CodecTest(unittest.TestCase):
    """Page-table entries as GDB shows them."""

    def check(self, entry, kind, rights="", **fields):
        """Kind, rights and whatever else is named."""
        self.assertEqual(entry.kind, kind, entry.text)
        if rights:
            self.assertEqual(entry.rights(), rights, entry.text)
        for name, value in fields.items():
            self.assertEqual(getattr(entry, name), value, entry.text)

    def test_x86_64(self):
        decode = machine_x86_64.decode
        self.check(decode(0, 0), "none")
        self.check(decode(0x1067, 3), "table", pa=0x1000)
        self.check(decode(1 << 63 | 0x5067, 0), "leaf", "rw- user", pa=0x5000, dirty=True)
        self.check(decode(0x2000E1, 1), "leaf", "r-x kernel", pa=0x200000)
        self.check(decode(9 << 6 | 2, 0), "swap")

    def test_aarch64(self):
        decode = machine_aarch64.decode
        never = 3 << 53
        self.check(decode(0, 0), "none")
        self.check(decode(0x41000003, 3), "table", pa=0x41000000)
        self.check(decode(never | 0x41005FC3, 0), "leaf", "r-- user", pa=0x41005000,
                   young=True, dirty=False)
        clean = never | 1 << 51 | 0x41005FC3
        self.check(decode(clean, 0), "leaf", "rw- user", dirty=False)
        self.check(decode(clean & ~0x80, 0), "leaf", "rw- user", dirty=True)
        self.check(decode(never | 1 << 55 | 0x41005FC3, 0), "leaf", "r-- user", dirty=True)
        self.check(decode(1 << 54 | 0x40200783, 0), "leaf", "r-x kernel")
        self.check(decode(0x40200781, 1), "leaf", "r-x kernel", pa=0x40200000)
        self.check(decode(9 << 6 | 1 << 5, 0), "swap")
        self.check(decode(0x41005FC2, 0), "leaf", "--- kernel", pa=0x41005000)
        self.assertIn("device", decode(never | 0x09000707, 0).text)


if __name__ == "__main__":
    unittest.main()
