# SPDX-License-Identifier: MIT
"""support.py reads the proofs of a test and notices what is missing."""
import tempfile
import unittest
from pathlib import Path

import support

TEST = '''/* PROVES(mmap, "", "this is a comment") */
PROVES(mmap, "MAP_FIXED, MAP_PRIVATE", "replaces \\"all\\" of it; "
	     "EINVAL")
PROVES(munmap, "", "gives back")
CASE(fixed_replaces)
{
}

static const int rows[] = {
	ROW(read, FD, WR(8), V(8)),
	ROW(read, FD, WR(8), V(9)),
};

CASE(bad_pointers)
{
}
'''


def proofs_of(text: str) -> tuple[list[support.Proof], list[str]]:
    """What support.py finds in a test program of this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test_it.c"
        path.write_text(text)
        return support.read_proofs(path)


def call(name: str, **number: int) -> support.Call:
    """A system call with a number on some machines."""
    return support.Call(name, "Memory", number)


class ProofsTest(unittest.TestCase):
    """What stands above a case."""

    def setUp(self):
        self.proofs, self.problems = proofs_of(TEST)

    def test_belongs_to_the_case_below(self):
        self.assertEqual([(p.call, p.test) for p in self.proofs],
                         [("mmap", "test_it.fixed_replaces"),
                          ("munmap", "test_it.fixed_replaces"),
                          ("read", "test_it.bad_pointers"),
                          ("read", "test_it.bad_pointers")])
        self.assertEqual(self.problems, [])

    def test_words_of_several_literals(self):
        self.assertEqual(self.proofs[0].flags, "MAP_FIXED, MAP_PRIVATE")
        self.assertEqual(self.proofs[0].says, 'replaces "all" of it; EINVAL')

    def test_knows_the_line(self):
        self.assertTrue(self.proofs[1].where.endswith("test_it.c:4"))

    def test_without_a_case(self):
        _, problems = proofs_of(TEST + 'PROVES(brk, "", "grows")\n')
        self.assertEqual(len(problems), 1)
        self.assertIn("[U2] PROVES(brk) stands above no case", problems[0])

    def test_without_words(self):
        _, problems = proofs_of("PROVES(brk)\nCASE(it)\n{\n}\n")
        self.assertEqual(len(problems), 1)
        self.assertIn("[U2] a PROVES that is not", problems[0])


class CheckTest(unittest.TestCase):
    """[U1], [U2], [U3]."""

    def setUp(self):
        self.calls = {name: call(name, x86_64=nr, aarch64=nr)
                      for nr, name in enumerate(("mmap", "munmap"))}
        self.proofs = [support.Proof(name, "", "works", "test_it.works", "a.c:1")
                       for name in self.calls]

    def test_nothing_is_wrong(self):
        self.assertEqual(support.check(self.calls, self.proofs, {"bpf": "why"}), [])

    def test_a_call_without_a_proof(self):
        problems = support.check(self.calls, self.proofs[:1], {})
        self.assertEqual(len(problems), 1)
        self.assertIn("[U1] nothing proves munmap", problems[0])

    def test_bad_pointers_are_not_enough(self):
        row = support.Proof("munmap", "", support.BAD_POINTERS, "t.c", "a.c:2")
        self.assertEqual(len(support.check(self.calls, [self.proofs[0], row], {})), 1)

    def test_a_proof_of_no_call(self):
        stray = support.Proof("mmpa", "", "works", "t.c", "a.c:3")
        self.assertEqual(support.check(self.calls, [*self.proofs, stray], {}),
                         ["a.c:3: [U2] there is no call mmpa"])

    def test_refused_and_there(self):
        problems = support.check(self.calls, self.proofs, {"mmap": "no"})
        self.assertEqual(len(problems), 1)
        self.assertIn("[U3] mmap is refused, and is there", problems[0])


class TextTest(unittest.TestCase):
    """What the two files say."""

    def test_line_of_a_call(self):
        proofs = [support.Proof("mmap", "", "works", "test_a.x", ""),
                  support.Proof("mmap", "A, B", "one", "test_b.x", ""),
                  support.Proof("mmap", "A, B", "a|b", "test_b.y", ""),
                  support.Proof("mmap", "", support.BAD_POINTERS, "test_c.z", "")]
        self.assertEqual(support.readme_line(call("mmap", x86_64=9, aarch64=222), proofs),
                         "| mmap | works. `A`, `B`: one; a\\|b | a b c |")

    def test_a_call_of_one_machine(self):
        line = support.readme_line(call("open", x86_64=2), [])
        self.assertTrue(line.startswith("| open (x86_64) |"))

    def test_table(self):
        text = support.table_text(
            {"open": call("open", x86_64=2)},
            [support.Proof("open", "O_PATH", "opens", "test_a.x", "")],
            {"bpf": "no sandboxes"})
        self.assertEqual(text.splitlines()[1:],
                         ["open\t2\t-\tO_PATH\topens\ttest_a.x",
                          "bpf\t-\t-\t\tENOSYS: no sandboxes\t"])


class HouseTest(unittest.TestCase):
    """The tree itself: its calls have numbers, and none twice."""

    def test_numbers(self):
        calls = support.read_calls()
        for machine in support.MACHINES:
            taken = [c.number[machine] for c in calls.values() if machine in c.number]
            self.assertEqual(len(taken), len(set(taken)), machine)
            self.assertGreater(len(taken), 100)
        self.assertEqual(calls["mmap"].number, {"x86_64": 9, "aarch64": 222})


if __name__ == "__main__":
    unittest.main()
