/* SPDX-License-Identifier: MIT */
/* kernel/base: trace events, the log, boot options, symbols. */
#include "kernel/base/cmdline.h"
#include "kernel/base/ksym.h"
#include "kernel/base/printk.h"
#include "kernel/base/trace.h"
#include "lib/string.h"
#include "tests/kernel/suite.h"

/* The newest record of this CPU's ring. */
static struct trace_record newest(void)
{
	struct trace_cpu *t = this_cpu_ptr(trace_cpu);

	return t->ring[(t->next - 1) & (TRACE_RING - 1)];
}

TEST(trace, an_event_counts_and_leaves_a_record)
{
	u64 before = trace_total(TRACE_vma_split);
	struct trace_record r;

	irq_disable();
	trace(vma_split, 0x1234, 5);
	r = newest();
	irq_enable();
	EXPECT_EQ(trace_total(TRACE_vma_split), before + 1);
	EXPECT_EQ(r.event, TRACE_vma_split);
	EXPECT_EQ(r.a, 0x1234);
	EXPECT_EQ(r.b, 5);
}

TEST(trace, the_ring_keeps_the_newest)
{
	const struct trace_cpu *t = this_cpu_ptr(trace_cpu);
	u64 oldest;

	irq_disable();
	for (u64 i = 0; i < 3 * TRACE_RING; i++)
		trace(brk, i, 0);
	oldest = t->ring[t->next & (TRACE_RING - 1)].a;
	irq_enable();
	EXPECT_EQ(oldest, 2 * TRACE_RING);
}

TEST(trace, every_event_has_a_name)
{
	for (int e = 0; e < TRACE_NR; e++)
		EXPECT(trace_names[e] && trace_names[e][0] && trace_texts[e]);
	EXPECT_EQ(strcmp(trace_names[TRACE_fault_cow_copy], "fault_cow_copy"),
		  0);
}

TEST(printk, the_ring_remembers_what_the_console_does_not_show)
{
	char tail[LOG_LINE_MAX + 1];
	size_t len;

	pr_debug("printk_test: %d frames", 42);
	len = printk_read(tail, sizeof(tail) - 1);
	tail[len] = '\0';
	EXPECT(strstr(tail, "printk_test: 42 frames\n") != NULL);
}

TEST(printk, a_long_line_is_cut_and_marked)
{
	char tail[LOG_LINE_MAX];
	size_t len;

	pr_debug("%0400d", 1);
	len = printk_read(tail, sizeof(tail));
	EXPECT_EQ(len, LOG_LINE_MAX);
	EXPECT_EQ(memcmp(tail + len - 4, "...\n", 4), 0);
}

/* The running kernel has read its own options by now. */
TEST(cmdline, options)
{
	char value[16], args[16];

	cmdline_init("a=1 flag b=0x10k a=2 name=left off=no bad=x -- -c 'ls'");
	str_copy(args, cmdline_init_args(), sizeof(args));
	EXPECT(cmdline_has("flag"));
	EXPECT(!cmdline_has("fla"));
	EXPECT(!cmdline_has("left"));
	EXPECT_EQ(cmdline_u64("a", 0), 2);
	EXPECT_EQ(cmdline_u64("b", 0), KIB(16));
	EXPECT_EQ(cmdline_u64("bad", 7), 7);
	EXPECT_EQ(cmdline_u64("none", 9), 9);
	EXPECT(cmdline_get("name", value, sizeof(value)));
	EXPECT_EQ(strcmp(value, "left"), 0);
	EXPECT(!cmdline_get("flag", value, sizeof(value)));
	EXPECT(cmdline_bool("flag", false));
	EXPECT(!cmdline_bool("off", true));
	EXPECT(cmdline_bool("none", true));
	EXPECT_EQ(strcmp(args, "-c 'ls'"), 0);
	cmdline_init("");
	EXPECT(!cmdline_has("a"));
	EXPECT_EQ(strlen(cmdline_init_args()), 0);
}

TEST(ksym, an_address_has_a_name)
{
	size_t offset;
	const char *name = ksym_find((uintptr_t)trace_total + 1, &offset);
	char text[64];

	if (!name) {
		test_skip("no symbol table in this program");
		return;
	}
	EXPECT_EQ(strcmp(name, "trace_total"), 0);
	EXPECT_EQ(offset, 1);
	ksym_format(text, sizeof(text), (uintptr_t)trace_total + 1);
	EXPECT_EQ(strcmp(text, "trace_total+0x1"), 0);
	EXPECT(ksym_find(16, &offset) == NULL);
}
