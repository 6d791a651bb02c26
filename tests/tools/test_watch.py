# SPDX-License-Identifier: MIT
"""The launcher tells the ways apart in which a guest can end."""
import subprocess
import tempfile
import unittest
from pathlib import Path

import badboot
import vm
import watch


class WatchTest(unittest.TestCase):
    """A guest of a few instructions, ended in every way."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name)
        cls.stub = cls.folder / "stub.elf"
        badboot.link_stub(Path("tests/tools/stub.S"), cls.stub)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def boot(self, letter, expect=None, timeout=20.0):
        """Boot the stub with a command line."""
        machine = vm.Machine(kernel=self.stub, boot="direct", mem="32M",
                             append=letter)
        reset_log = self.folder / "reset.log"
        command = [*machine.command(self.folder), "-serial", "stdio",
                   "-monitor", "none", "-d", "cpu_reset", "-D", str(reset_log)]
        return watch.run(command, timeout, [watch.Talk(expect)] if expect else None,
                         reset_log=reset_log)

    def test_success(self):
        ending = self.boot("ok")
        self.assertTrue(ending.ok)
        self.assertIn("hello from the stub", ending.lines)

    def test_failure(self):
        ending = self.boot("fail")
        self.assertEqual(ending.status, watch.GUEST_FAILED)
        self.assertEqual(ending.reason, "the guest reported failure")

    def test_triple_fault_is_named(self):
        self.assertIn("triple fault", self.boot("triple").reason)

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
        ending = watch.run(["qemu-system-x86_64", "-M", "nonsense"], 10)
        self.assertIn("unsupported machine type", ending.reason)

    def test_interactive_exit_status(self):
        """What `make run` hands back without a terminal."""
        for letter, status in (("ok", 0), ("fail", 1), ("triple", 2)):
            done = subprocess.run(
                ["tools/qemu.py", "--kernel", str(self.stub), "--boot", "direct",
                 f"--append={letter}", "--timeout", "20", "run"],
                stdin=subprocess.DEVNULL, capture_output=True)
            self.assertEqual(done.returncode, status, letter)


class MachineTest(unittest.TestCase):
    """QEMU's command line."""

    def test_sizes(self):
        self.assertEqual(vm.parse_size("512M"), 512 << 20)
        self.assertEqual(vm.parse_size("1T"), 1 << 40)
        self.assertEqual(vm.parse_size("64"), 64 << 20)
        with self.assertRaises(vm.VmError):
            vm.parse_size("much")

    def test_large_memory_is_not_reserved(self):
        words = vm.Machine(Path("k"), boot="direct", mem="1T").command(Path("."))
        self.assertTrue(any("reserve=off" in word for word in words))
        self.assertTrue(any("phys-bits" in word for word in words))

    def test_unknown_boot_way(self):
        with self.assertRaises(vm.VmError):
            vm.Machine(Path("k"), boot="floppy").command(Path("."))


if __name__ == "__main__":
    unittest.main()
