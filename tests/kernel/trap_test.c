/* SPDX-License-Identifier: MIT */
/*
 * Traps that the kernel takes and comes back from: breakpoints, interrupts, and
 * faults inside copies across the border.
 */
#include "arch/cpu.h"
#include "arch/timer.h"
#include "arch/trap.h"
#include "arch/uaccess.h"
#include "kernel/base/panic.h"
#include "kernel/base/time.h"
#include "kernel/base/trace.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

/* No space has anything here. */
#define NOWHERE ((char __user *)0x7000000000ull)

TEST(trap, a_breakpoint_comes_back)
{
	u64 before = trap_breakpoints;

	cpu_breakpoint();
	cpu_breakpoint();
	EXPECT_EQ(trap_breakpoints, before + 2);
}

TEST(trap, a_breakpoint_keeps_the_interrupt_flag)
{
	u64 flags = irq_save();
	bool off;

	cpu_breakpoint();
	off = !irq_enabled();
	irq_restore(flags);
	EXPECT(off);
	EXPECT(irq_enabled());
}

/* More values than any machine has registers, all of them needed on both sides:
 * the compiler keeps in registers what it can, and the trap must as well. */
#define EIGHT(X, n)                                                            \
	X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define VALUES(X) EIGHT(X, 1) EIGHT(X, 2) EIGHT(X, 3) EIGHT(X, 4)

#define VALUE_SEED 0x0123456789abcdefull
#define VALUE_MADE(n) u64 value_##n = seed * (2 * (n) + 3);
#define VALUE_KEPT(n) EXPECT_EQ(value_##n, VALUE_SEED * (2 * (n) + 3));

TEST(trap, a_breakpoint_keeps_every_register)
{
	volatile u64 seed = VALUE_SEED;

	VALUES(VALUE_MADE)
	cpu_breakpoint();
	VALUES(VALUE_KEPT)
}

static volatile bool interrupted;

/* In the interrupt: other values where those of the test were. */
static void use_up_registers(struct timer *t)
{
	volatile u64 seed = 0xffff;
	u64 sum = 0;

	VALUES(VALUE_MADE)
	barrier();
#define X(n) sum += value_##n ^ seed;
	VALUES(X)
#undef X
	interrupted = sum != 0;
}

TEST(trap, an_interrupt_keeps_every_register)
{
	volatile u64 seed = VALUE_SEED;
	struct timer timer = { .queued = false };

	interrupted = false;
	timer_start(&timer, timer_now() + 200000, use_up_registers);
	VALUES(VALUE_MADE)
	while (!interrupted)
		cpu_relax();
	timer_cancel(&timer);
	VALUES(VALUE_KEPT)
}

TEST(trap, irq_state_nests)
{
	u64 outer = irq_save(), inner = irq_save();
	bool on_inside;

	irq_restore(inner);
	on_inside = irq_enabled();
	irq_restore(outer);
	EXPECT(!on_inside);
	EXPECT(irq_enabled());
}

/* A frame says what it was told, and starts in user mode. */
TEST(trap, frame_accessors)
{
	struct trap_frame tf;

	tf_init_user(&tf, 0x401000, 0x7ffff000);
	EXPECT(tf_from_user(&tf));
	EXPECT(!tf_is_syscall(&tf));
	EXPECT_EQ(tf_pc(&tf), 0x401000);
	EXPECT_EQ(tf_sp(&tf), 0x7ffff000);
	tf_set_pc(&tf, 0x402000);
	tf_set_sp(&tf, 0x7fffe000);
	tf_set_return(&tf, (u64)-EFAULT);
	EXPECT_EQ(tf_pc(&tf), 0x402000);
	EXPECT_EQ(tf_sp(&tf), 0x7fffe000);
	EXPECT_EQ(tf_return(&tf), (u64)-EFAULT);
}

TEST(trap, fault_reports_in_words)
{
	char text[96];

	trap_describe_fault(text, sizeof(text), 0x1234,
			    FAULT_WRITE | FAULT_USER);
	EXPECT(strstr(text, "write"));
	EXPECT(strstr(text, "0x1234"));
	EXPECT(strstr(text, "user"));
	EXPECT(strstr(text, "not present"));
	trap_describe_fault(text, sizeof(text), 0x1234,
			    FAULT_READ | FAULT_PRESENT);
	EXPECT(strstr(text, "read"));
	EXPECT(strstr(text, "kernel"));
	EXPECT(!strstr(text, "not present"));
}

/* ---- what a fault says ------------------------------------------------------- */

/* FAULT_* of the newest fault at va that came to nothing; 0: there is none. */
static u32 last_segv(vaddr_t va)
{
	const struct trace_cpu *t = this_cpu_ptr(trace_cpu);

	for (u64 n = t->next; n > 0 && n + TRACE_RING > t->next; n--) {
		const struct trace_record *r = &t->ring[(n - 1) % TRACE_RING];

		if (r->event == TRACE_fault_segv && r->a == va)
			return (u32)r->b;
	}
	return 0;
}

static u32 read_fails(vaddr_t va)
{
	return user_peek(va) == -1 ? last_segv(va) : 0;
}

static u32 write_fails(vaddr_t va)
{
	return user_poke(va, 1) ? 0 : last_segv(va);
}

static void fault_words(struct mm *mm)
{
	const u32 read = FAULT_READ | FAULT_UACCESS;
	const u32 write = FAULT_WRITE | FAULT_UACCESS;
	vaddr_t at = space_map(mm, 3, SPACE_RW), hole = at + 2 * PAGE_SIZE;

	EXPECT(at && !mm_munmap(mm, hole, PAGE_SIZE));
	EXPECT_EQ(read_fails(hole + 5), read);
	EXPECT_EQ(write_fails(hole + 9), write);

	EXPECT(user_poke(at, 1) && user_poke(at + PAGE_SIZE, 1));
	EXPECT(!mm_mprotect(mm, at, PAGE_SIZE, PROT_READ));
	EXPECT_EQ(write_fails(at + 7), write | FAULT_PRESENT);
	EXPECT_EQ(user_peek(at), 1);

	/* Silent: as if nothing were there. */
	EXPECT(!mm_mprotect(mm, at + PAGE_SIZE, PAGE_SIZE, PROT_NONE));
	EXPECT_EQ(read_fails(at + PAGE_SIZE), read);
	EXPECT_EQ(write_fails(at + PAGE_SIZE + 1), write);
}

TEST(trap, a_fault_says_how)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	fault_words(mm);
	space_leave(mm);
}

static bool fault_saw_irqs;

static int note_irqs(struct mapping *m, struct page *page, u64 index)
{
	fault_saw_irqs = irq_enabled();
	return 0;
}

static void mapping_is_ours(struct mapping *m) {}

static void fault_of_file(struct mm *mm, struct mapping *m)
{
	int err;
	vaddr_t at = space_mmap(mm, 0, 1, PROT_READ, MAP_PRIVATE, m, &err);

	EXPECT(at);
	fault_saw_irqs = false;
	EXPECT_EQ(user_peek(at), 0);
	EXPECT(fault_saw_irqs);
	EXPECT(irq_enabled());
}

/* A fault is handled with interrupts as they were: it may take long. */
TEST(trap, a_fault_leaves_interrupts_on)
{
	static const struct mapping_ops ops = { .read_page = note_irqs,
						.get = mapping_is_ours,
						.put = mapping_is_ours };
	struct mm *mm = space_enter();
	struct mapping m;

	EXPECT(mm);
	mapping_init(&m, &ops);
	m.size = PAGE_SIZE;
	fault_of_file(mm, &m);
	space_leave(mm);
	mapping_fini(&m);
}

/* ---- copies across the border ------------------------------------------------ */

TEST(uaccess_arch, nothing_there)
{
	char buf[16];
	u32 seen;

	EXPECT_EQ(arch_copy_from_user(buf, NOWHERE, 16), 16);
	EXPECT_EQ(arch_copy_to_user(NOWHERE, buf, 13), 13);
	EXPECT_EQ(arch_clear_user(NOWHERE, 9), 9);
	EXPECT_EQ(arch_strncpy_from_user(buf, NOWHERE, 16), (u64)-EFAULT);
	EXPECT_EQ(arch_cmpxchg_user((u32 __user *)NOWHERE, 1, 2, &seen),
		  (u64)-EFAULT);
	EXPECT_EQ(arch_copy_from_user(buf, NOWHERE, 0), 0);
}

/* A copy that runs into the end of memory says to the byte how far it came,
 * for every alignment and length around the border. */
static void copies_to_the_border(struct mm *mm)
{
	vaddr_t at = space_map(mm, 2, SPACE_RW);
	char buf[32] = "0123456789abcdef0123456789abcde";

	EXPECT(at);
	EXPECT_EQ(mm_munmap(mm, at + PAGE_SIZE, PAGE_SIZE), 0);
	for (size_t before = 1; before < 20; before++) {
		char __user *p = (char __user *)(at + PAGE_SIZE - before);

		for (size_t len = before; len < sizeof(buf); len++) {
			EXPECT_EQ(arch_copy_to_user(p, buf, len), len - before);
			EXPECT_EQ(arch_copy_from_user(buf, p, len),
				  len - before);
			EXPECT_EQ(arch_clear_user(p, len), len - before);
			EXPECT_EQ(arch_copy_to_user(p, buf, before), 0);
		}
	}
	EXPECT_EQ(memcmp(buf, "0123456789abcdef", 16), 0);
}

/* The same for copies of several rounds, with what they leave behind. */
static void long_copies_to_the_border(struct mm *mm)
{
	vaddr_t at = space_map(mm, 2, SPACE_RW), end = at + PAGE_SIZE;
	u8 out[200], in[200];

	EXPECT(at);
	EXPECT_EQ(mm_munmap(mm, end, PAGE_SIZE), 0);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (u8)(i + 1);
	for (size_t before = 24; before < 150; before += 3) {
		u8 __user *p = (u8 __user *)(end - before);
		size_t len = before + before % 50;

		EXPECT_EQ(arch_copy_to_user(p, out, len), len - before);
		memset(in, 0xee, sizeof(in));
		EXPECT_EQ(arch_copy_from_user(in, p, len), len - before);
		EXPECT_EQ(memcmp(in, out, before), 0);
		EXPECT_EQ(in[before], 0xee);
		EXPECT_EQ(arch_clear_user(p, len), len - before);
		EXPECT_EQ(arch_copy_from_user(in, p, before), 0);
		for (size_t i = 0; i < before; i++)
			EXPECT_EQ(in[i], 0);
		EXPECT_EQ(in[before], 0xee);
	}
}

TEST(uaccess_arch, long_copies_are_exact)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	long_copies_to_the_border(mm);
	space_leave(mm);
}

TEST(uaccess_arch, partial_copies_are_exact)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	copies_to_the_border(mm);
	space_leave(mm);
}

static void strings_and_words(struct mm *mm)
{
	vaddr_t at = space_map(mm, 1, SPACE_RW);
	char __user *p = (char __user *)at;
	char buf[16];
	u32 seen = 0;

	EXPECT(at);
	EXPECT_EQ(arch_copy_to_user(p, "hello", 6), 0);
	EXPECT_EQ(arch_strncpy_from_user(buf, p, sizeof(buf)), 5);
	EXPECT_EQ(strcmp(buf, "hello"), 0);
	EXPECT_EQ(arch_strncpy_from_user(buf, p, 3), 3);
	EXPECT_EQ(arch_strncpy_from_user(buf, p, 0), 0);
	/* No NUL up to the end of memory. */
	EXPECT_EQ(arch_copy_to_user(p + PAGE_SIZE - 2, "xy", 2), 0);
	EXPECT_EQ(arch_strncpy_from_user(buf, p + PAGE_SIZE - 2, 8),
		  (u64)-EFAULT);

	EXPECT_EQ(arch_clear_user(p, 8), 0);
	EXPECT_EQ(arch_cmpxchg_user((u32 __user *)p, 0, 7, &seen), 0);
	EXPECT_EQ(seen, 0);
	EXPECT_EQ(arch_cmpxchg_user((u32 __user *)p, 0, 9, &seen), 0);
	EXPECT_EQ(seen, 7);
}

TEST(uaccess_arch, strings_and_words)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	strings_and_words(mm);
	space_leave(mm);
}

static void read_only_stays(struct mm *mm)
{
	vaddr_t at = space_map(mm, 1, PROT_READ);
	char buf[8] = "abcdefg";

	EXPECT(at);
	EXPECT_EQ(arch_copy_from_user(buf, (char __user *)at, 8), 0);
	EXPECT_EQ(buf[0], 0);
	EXPECT_EQ(arch_copy_to_user((char __user *)at, "x", 1), 1);
	EXPECT_EQ(arch_clear_user((char __user *)at, 8), 8);
}

/* The kernel's writes are bound by the user's rights (CR0.WP and its like). */
TEST(uaccess_arch, rights_bind_the_kernel)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	read_only_stays(mm);
	space_leave(mm);
}
