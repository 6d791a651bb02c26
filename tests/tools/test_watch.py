# SPDX-License-Identifier: MIT
"""The launcher tells the ways apart in which a guest can end."""
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import badloader
import vm
import watch
from machines import MACHINES, gnu_prefix


class Endings:
    """A guest of a few instructions, ended in every way, on one machine."""

    arch = ""
    turned_over = ""                        # what is said of its fatal reset

    @classmethod
    def setUpClass(cls):
        missing = [tool for tool in (f"qemu-system-{cls.arch}",
                                     f"{gnu_prefix(cls.arch)}gcc") if not shutil.which(tool)]
        if missing:
            raise unittest.SkipTest(f"no {missing[0]} here")
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name)
        cls.stub = cls.folder / "stub.elf"
        badloader.link_stub(Path(f"tests/tools/stub_{cls.arch}.S"), cls.stub, cls.arch)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def boot(self, letter, expect=None, timeout=20.0):
        """Boot the stub with a command line."""
        machine = vm.Machine(kernel=self.stub, arch=self.arch, boot="direct",
                             mem="64M", append=letter)
        reset_log = self.folder / "reset.log"
        command = [*machine.command(self.folder), "-serial", "stdio",
                   "-monitor", "none", "-d", "cpu_reset", "-D", str(reset_log)]
        return watch.run(command, timeout, [watch.Talk(expect)] if expect else None,
                         reset_log=reset_log)

    def test_success(self):
        ending = self.boot("ok")
        self.assertTrue(ending.ok, ending.reason)
        self.assertIn("hello from the stub", ending.lines)

    def test_failure(self):
        ending = self.boot("fail")
        self.assertEqual(ending.status, watch.GUEST_FAILED)
        self.assertEqual(ending.reason, "the guest reported failure")

    def test_fatal_reset_is_named(self):
        self.assertIn(self.turned_over, self.boot("turn over").reason)

    def test_hang_ends_in_time(self):
        ending = self.boot("hang", timeout=2.0)
        self.assertFalse(ending.ok)
        self.assertIn("no verdict after", ending.reason)
        self.assertLess(ending.seconds, 10)

    def test_awaited_text_ends_a_silent_guest(self):
        self.assertTrue(self.boot("hang", expect="from the stub").ok)

    def test_missing_text_is_named(self):
        ending = self.boot("hang", expect="never said", timeout=2.0)
        self.assertIn("never said", ending.reason)

    def test_missing_text_is_named_though_the_guest_succeeds(self):
        ending = self.boot("ok", expect="never said")
        self.assertFalse(ending.ok)
        self.assertIn("never said", ending.reason)

    def test_failure_after_the_awaited_text_is_a_failure(self):
        self.assertFalse(self.boot("fail", expect="from the stub").ok)

    def test_qemus_own_complaint_is_shown(self):
        ending = watch.run([f"qemu-system-{self.arch}", "-M", "nonsense"], 10)
        self.assertIn("unsupported machine type", ending.reason)

    def test_interactive_exit_status(self):
        """What `make run` hands back without a terminal."""
        for letter, status in (("ok", 0), ("fail", 1), ("turn over", 2)):
            done = subprocess.run(
                ["tools/qemu.py", "--kernel", str(self.stub), "--arch", self.arch,
                 "--boot", "direct", f"--append={letter}", "--timeout", "20", "run"],
                stdin=subprocess.DEVNULL, capture_output=True)
            self.assertEqual(done.returncode, status, letter)


class X86Test(Endings, unittest.TestCase):
    """x86_64: isa-debug-exit, triple faults."""

    arch, turned_over = "x86_64", "triple fault"


class Aarch64Test(Endings, unittest.TestCase):
    """aarch64: semihosting, resets by PSCI."""

    arch, turned_over = "aarch64", "reset or switched off without a verdict"


class MachineTest(unittest.TestCase):
    """QEMU's command line."""

    def test_sizes(self):
        self.assertEqual(vm.parse_size("512M"), 512 << 20)
        self.assertEqual(vm.parse_size("1T"), 1 << 40)
        self.assertEqual(vm.parse_size("64"), 64 << 20)
        with self.assertRaises(vm.VmError):
            vm.parse_size("much")

    def words(self, arch, **fields):
        """QEMU's command line of a machine with our kernel, without looking
        whether QEMU is installed."""
        with mock.patch("shutil.which", return_value="/usr/bin/qemu"):
            return vm.Machine(Path("b/quire.elf"), arch=arch, **fields).command(Path("."))

    def test_large_memory_is_not_reserved(self):
        for arch in MACHINES:
            words = self.words(arch, boot="direct", mem="1T")
            self.assertTrue(any("reserve=off" in word for word in words))
        self.assertTrue(any("phys-bits" in word for word in
                            self.words("x86_64", boot="direct", mem="1T")))

    def test_unknown_words(self):
        for fields in ({"arch": "x86_64", "boot": "floppy"},
                       {"arch": "aarch64", "boot": "bios"},
                       {"arch": "vax"}, {"arch": "aarch64", "mem": "16M"}):
            with self.assertRaises(vm.VmError):
                self.words(**fields)

    def test_first_way_is_the_default(self):
        for arch, way in (("x86_64", "bios"), ("aarch64", "direct")):
            machine = vm.Machine(Path("k"), arch=arch)
            self.assertEqual(machine.boot, way)
            self.assertIn(f"ARCH={arch} BOOT={way} MEM=512M", machine.make_words())

    def test_image_beside_the_elf_file(self):
        words = self.words("aarch64")
        self.assertEqual(words[words.index("-kernel") + 1], "b/Image")
        self.assertIn("-semihosting", words)
        words = self.words("x86_64", boot="direct")
        self.assertEqual(words[words.index("-kernel") + 1], "b/quire.elf")

    def test_uefi_with_and_without_acpi(self):
        for boot, off in (("uefi", False), ("uefi-dt", True)):
            with mock.patch("vm.find_firmware", return_value="efi.fd"):
                words = self.words("aarch64", boot=boot)
            self.assertIn("efi.fd", words)
            self.assertEqual("acpi=off" in words[words.index("-M") + 1], off)


if __name__ == "__main__":
    unittest.main()
