# SPDX-License-Identifier: MIT
"""The checks of `make lint` find what they are for, and only that."""
import subprocess
import unittest

import csource
import docs
import format as style
import layers
import mkinitramfs
import tap

SOURCE = '''/* SPDX-License-Identifier: MIT */
/* A file. */
#include "lib/types.h"
#define BRACE {

/**
 * first() - does it
 */
int first(int a)
{
	return a ? '{' : second("}{"); /* } */
}

static __printf(1, 2) void second(const char *fmt, ...) __releases_lock(l)
{
}

struct third { int (*fourth)(void); };
static const int fifth[] = { sizeof(int) };

TEST(buddy, split)
{
}
'''


class SourceTest(unittest.TestCase):
    """csource.py on a text that tries to mislead it."""

    def setUp(self):
        self.found = {f.name: f for f in csource.functions(SOURCE)}

    def test_names(self):
        self.assertEqual(list(self.found), ["first", "second", "test_buddy_split"])

    def test_places(self):
        first = self.found["first"]
        self.assertEqual((first.line, first.body, first.end), (9, 10, 12))
        self.assertTrue(first.comment.startswith("/**"))
        self.assertFalse(first.static)
        self.assertTrue(self.found["second"].static)
        self.assertEqual(self.found["second"].comment, "")

    def test_includes(self):
        self.assertEqual(csource.includes(SOURCE + '/*\n#include "no.h"\n*/'),
                         ["lib/types.h"])


class LayersTest(unittest.TestCase):
    """layers.py."""

    def test_upward_include(self):
        found = layers.check_includes("lib/list.h", ["mm/frames/page.h"])
        self.assertEqual(len(found), 1)
        self.assertIn("[L1]", found[0])
        self.assertEqual(layers.check_includes("mm/frames/page.h", ["lib/list.h"]), [])

    def test_conditional(self):
        found = layers.check_portable("mm/a.c", "#if X\n#endif\n")
        self.assertIn("[L3]", found[0])

    def test_guard_is_no_conditional(self):
        text = "#ifndef MM_A_H\n#define MM_A_H\nint a;\n#endif\n"
        self.assertEqual(layers.check_portable("mm/a.h", text), [])

    def test_machine_word(self):
        self.assertTrue(layers.check_portable("mm/a.c", "u64 v = read_cr3(); int cr3;"))
        self.assertFalse(layers.check_portable("mm/a.c", "/* like cr3 */ int a;"))

    def test_circle(self):
        self.assertEqual(layers.find_circle({"a": ["b"], "b": ["c"], "c": []}), [])
        self.assertEqual(layers.find_circle({"a": ["b"], "b": ["c"], "c": ["b"]}),
                         ["b", "c", "b"])


class DocsTest(unittest.TestCase):
    """docs.py."""

    def problems(self, text, path="mm/a.c"):
        """What docs.py says of the functions in a text."""
        return [p for f in csource.functions(text)
                for p in docs.check_function(path, f, {"pt_read"})]

    def test_docstring(self):
        self.assertIn("[D2]", self.problems("int a_get(void)\n{\n}\n")[0])
        self.assertIn("[D2]", self.problems("/** b() - no */\nint a_get(void)\n{\n}\n")[0])
        self.assertEqual(self.problems("/** a_get() - yes */\nint a_get(void)\n{\n}\n"), [])
        self.assertEqual(self.problems("static int a_get(void)\n{\n}\n"), [])
        self.assertEqual(self.problems("int pt_read(void)\n{\n}\n"), [])

    def test_names(self):
        for name in ("__a", "do_fault", "page_free2"):
            self.assertIn("[D4]", self.problems(f"static int {name}(void)\n{{\n}}\n")[0])
        self.assertEqual(self.problems("static int ilog2(void)\n{\n}\n"), [])

    def test_unique(self):
        self.assertTrue(docs.check_unique({"f": [("mm/a.c", 1), ("mm/b.c", 1)]}))
        self.assertFalse(docs.check_unique(
            {"f": [("arch/x86_64/a.c", 1), ("arch/host/a.c", 1)]}))

    def test_header(self):
        self.assertIn("[D1]", docs.check_header("mm/a.c", "int a;\n")[0])
        marked = "/* SPDX-License-Identifier: MIT */\n/* A. */\n/* TO" + "DO */\n"
        self.assertIn("[D6]", docs.check_header("mm/a.c", marked)[0])


class FormatTest(unittest.TestCase):
    """format.py."""

    def test_comment_column(self):
        code, notes = style.split_comments("\tint a;   /* why */\n\tint b;\n")
        self.assertEqual((code, notes), (["\tint a;", "\tint b;"], ["/* why */", ""]))
        self.assertEqual(style.with_comments(["\tint a;"], ["/* why */"]),
                         ["\tint a;" + " " * 26 + "/* why */"])

    def test_code_is_not_free(self):
        text = "int f(void)\n{\n\treturn  1;\n}\nenum { A,  B };\n"
        self.assertNotIn(2, style.free_lines(text))
        self.assertIn(4, style.free_lines(text))


class TapTest(unittest.TestCase):
    """tap.py."""

    def test_counts(self):
        tally = tap.read(["1..3", "ok 1 - a", "noise", "not ok 2 - b",
                          "[    0.5] ok 3 - c # SKIP no PCID"])
        self.assertEqual((tally.passed, tally.skipped, tally.failed), (1, 1, ["b"]))

    def test_broken_off(self):
        self.assertIn("only 1 of 2", tap.read(["1..2", "ok 1 - a"], "gone").failed[0])

    def test_silence_is_failure(self):
        self.assertEqual(tap.read([]).failed, ["no test ran"])

    def test_bad_end_is_failure(self):
        self.assertEqual(tap.read(["ok - a"], "killed").failed, ["killed"])


class InitramfsTest(unittest.TestCase):
    """mkinitramfs.py, judged by cpio."""

    def test_cpio_reads_it(self):
        archive = mkinitramfs.Newc()
        archive.add("a", 0o40755)
        archive.add("a/file", 0o100644, b"12345")
        archive.add("a/link", 0o120777, b"file")
        done = subprocess.run(["cpio", "-tv"], input=archive.finish(),
                              capture_output=True, check=True)
        text = done.stdout.decode()
        for words in ("a/file", "a/link -> file", "drwxr-xr-x"):
            self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main()
