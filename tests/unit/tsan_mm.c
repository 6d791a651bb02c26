/* SPDX-License-Identifier: MIT */
/*
 * mm under ThreadSanitizer: host threads play CPUs, all at once.
 *
 *	tsan_mm [milliseconds a suite [prefix of a suite]]
 *
 * Each suite is a loop that all CPUs run: frames and objects handed from one to
 * the other, faults, calls and forks in one space and in several, vmalloc, the
 * cache of a file. What the sanitizer finds ends the program with its report;
 * afterwards mm_check, census and the counts of used pages must be right.
 *
 * What is not the kernel's here:
 *  - sleeping: a thread that blocks gives the host's CPU away until it is woken;
 *  - a user access: translation and access are one thing on a CPU, so a flush
 *    waits for those under way, which is what the acknowledgement of a
 *    shootdown comes to. In between the TLB is believed (host_stale_hook);
 *    frames freed too early are still told by name;
 *  - READ_ONCE and WRITE_ONCE are races on purpose, marked as such: the
 *    compiler tells us of volatile accesses apart, and we do nothing.
 *
 * The sanitizer sees memory by its address, and here a frame has several: the
 * direct map, the machine's own view, vmalloc. So it judges the kernel's own
 * data; contents of user pages are the business of the explorer.
 */
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>

#include "arch/host/machine.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/pressure/census.h"
#include "mm/spaces/share.h"
#include "mm/tables/vmalloc.h"
#include "tests/kernel/space.h"
#include "tests/unit/model.h"

/* The kernel has this name too (host.mk renames it); libc's comes by here. */
#undef sched_yield
#include <pthread.h>

#define CPUS  3			       /* 1 … 3; CPU 0 waits for them */
#define BASE  (GIB(1) - 4 * PAGE_SIZE) /* over the border of two tables */
#define PAGES 16
#define AT(n) (BASE + (n)*PAGE_SIZE)
#define LOW   (GIB(1) - MIB(2)) /* the first of them, all of one VMA: fork shares it */

static struct thread threads[CPUS + 1];
static u64 run_ns = 2000000000; /* a suite */
static u64 run_ends;

/* ---- volatile accesses: races on purpose ----------------------------------- */

#define VOLATILE(n)                                                            \
	void __tsan_volatile_read##n(void *p);                                 \
	void __tsan_volatile_write##n(void *p);                                \
	void __tsan_volatile_read##n(void *p) {}                               \
	void __tsan_volatile_write##n(void *p) {}
VOLATILE(1)
VOLATILE(2)
VOLATILE(4)
VOLATILE(8)
VOLATILE(16)

/* ---- sleeping ------------------------------------------------------------------ */

void __real_sched_block(void);
void __real_thread_wake(struct thread *t);
void __wrap_sched_block(void);
void __wrap_thread_wake(struct thread *t);

static bool is_cpu_thread(const struct thread *t)
{
	return t >= threads && t < threads + CPUS + 1;
}

void __wrap_sched_block(void)
{
	struct thread *t = current_thread();

	if (!is_cpu_thread(t)) {
		__real_sched_block();
		return;
	}
	while (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) ==
	       THREAD_SLEEPING) {
		host_irq_poll();
		sched_yield();
	}
}

void __wrap_thread_wake(struct thread *t)
{
	enum thread_state asleep = THREAD_SLEEPING;

	if (is_cpu_thread(t))
		__atomic_compare_exchange_n(&t->state, &asleep, THREAD_RUNNING,
					    false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED);
	else
		__real_thread_wake(t);
}

/* ---- accesses and flushes -------------------------------------------------------- */

/* User accesses under way, and whether somebody flushes. Relaxed, so that the
 * sanitizer sees no order in it: the kernel may not rely on one. (It is enough
 * where read-modify-writes are barriers, as on x86.) */
static u32 nr_accesses, flushing;

static void access_begins(void)
{
	while (1) {
		__atomic_fetch_add(&nr_accesses, 1, __ATOMIC_RELAXED);
		if (!__atomic_load_n(&flushing, __ATOMIC_RELAXED))
			return;
		__atomic_fetch_sub(&nr_accesses, 1, __ATOMIC_RELAXED);
		while (__atomic_load_n(&flushing, __ATOMIC_RELAXED))
			sched_yield();
	}
}

static void access_ends(void)
{
	__atomic_fetch_sub(&nr_accesses, 1, __ATOMIC_RELAXED);
}

static void flush_begins(void)
{
	while (__atomic_exchange_n(&flushing, 1, __ATOMIC_RELAXED))
		sched_yield();
	while (__atomic_load_n(&nr_accesses, __ATOMIC_RELAXED))
		sched_yield();
}

static void flush_ends(void)
{
	__atomic_exchange_n(&flushing, 0, __ATOMIC_RELAXED);
}

void __real_mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
			    bool tables);
void __real_mmu_flush_space(struct mmu_space *space);
void __real_pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		       pte_t *slot, pte_t e);
void __real_trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access);
void __wrap_mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
			    bool tables);
void __wrap_mmu_flush_space(struct mmu_space *space);
void __wrap_pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		       pte_t *slot, pte_t e);
void __wrap_trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access);

void __wrap_mmu_flush_range(struct mmu_space *space, vaddr_t start, vaddr_t end,
			    bool tables)
{
	flush_begins();
	__real_mmu_flush_range(space, start, end, tables);
	flush_ends();
}

void __wrap_mmu_flush_space(struct mmu_space *space)
{
	flush_begins();
	__real_mmu_flush_space(space);
	flush_ends();
}

void __wrap_pt_replace(struct mmu_space *space, vaddr_t va, unsigned int level,
		       pte_t *slot, pte_t e)
{
	flush_begins();
	__real_pt_replace(space, va, level, slot, e);
	flush_ends();
}

/* The access is over until the fault is resolved. */
void __wrap_trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access)
{
	access_ends();
	__real_trap_page_fault(tf, addr, access);
	access_begins();
}

static bool believe_tlb(const struct tlbsim_entry *t)
{
	return true;
}

/* The byte at va becomes value; value < 0: it is read. -1: no access. */
static int touch(vaddr_t va, int value)
{
	u32 access = FAULT_USER | (value < 0 ? FAULT_READ : FAULT_WRITE);
	int result = -1;
	u8 *byte;

	access_begins();
	byte = host_translate(va, access);
	if (byte && value >= 0)
		__atomic_store_n(byte, (u8)value, __ATOMIC_RELAXED);
	if (byte)
		result = __atomic_load_n(byte, __ATOMIC_RELAXED);
	access_ends();
	return result;
}

/* ---- a source of numbers for each CPU ---------------------------------------------- */

static __thread u64 dice_state;

static u64 dice(u64 n)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state * 0x2545f4914f6cdd1dull % n;
}

static u64 host_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

/* ---- frames and objects: from hand to hand --------------------------------------------- */

#define HANDS 32
static void *hand[HANDS];

static void *swap_hand(void *mine)
{
	return __atomic_exchange_n(&hand[dice(HANDS)], mine, __ATOMIC_ACQ_REL);
}

static void frames_step(void)
{
	unsigned int order = dice(4) ? 0 : (unsigned int)dice(4);
	struct page *page = page_alloc(GFP_KERNEL, order);

	if (page) {
		memset(page_to_virt(page), 1, 64);
		page->index = order;
	}
	page = swap_hand(page);
	if (page && dice(2)) {
		page_get(page);
		page_put(page);
	}
	if (page)
		page_put(page);
	if (!dice(200))
		page_alloc_drain(-1);
}

static void frames_end(void)
{
	for (int i = 0; i < HANDS; i++)
		if (hand[i])
			page_put(hand[i]);
	memset(hand, 0, sizeof(hand));
}

static struct kmem_cache *cache;

static void objects_step(void)
{
	u64 *o = dice(2) ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL;

	if (o)
		o[1] = 0x51ab;
	o = swap_hand(o);
	if (o && o[1] != 0x51ab)
		model_fail(__FILE__, __LINE__, "object", o[1], 0x51ab);
	if (o)
		kmem_cache_free(cache, o);
	if (!dice(100))
		kmem_cache_shrink(cache);
	kfree(kmalloc(8 + dice(5000), dice(2) ? GFP_ZERO : 0));
}

static void objects_begin(void)
{
	cache = kmem_cache_create("tsan", 200, 8, 0, NULL);
}

static void objects_end(void)
{
	for (int i = 0; i < HANDS; i++)
		if (hand[i])
			kmem_cache_free(cache, hand[i]);
	memset(hand, 0, sizeof(hand));
	kmem_cache_destroy(cache);
}

static void vmalloc_step(void)
{
	size_t len = PAGE_SIZE * (1 + dice(6));
	char *p = vmalloc(len);

	if (p)
		p[0] = p[len - 1] = 1;
	p = swap_hand(p);
	if (p) {
		p[PAGE_SIZE - 1] = 2;
		vfree(p);
	}
}

static void vmalloc_end(void)
{
	for (int i = 0; i < HANDS; i++)
		if (hand[i])
			vfree(hand[i]);
	memset(hand, 0, sizeof(hand));
}

/* ---- spaces --------------------------------------------------------------------------- */

static struct mm *parent; /* of all spaces of a suite */
static struct mapping *file;

/* Pages 0 … 7 and what lies below, fresh and in one VMA. */
static bool map_all_low(struct mm *mm)
{
	return space_map_at(mm, LOW, (AT(8) - LOW) / PAGE_SIZE, SPACE_RW);
}

static void spaces_begin(void)
{
	int err;

	EXPECT(!mm_create(&parent));
	EXPECT(!shmem_create(8 * PAGE_SIZE, &file));
	share_min_bytes = MIB(2);
	EXPECT(map_all_low(parent));
	space_mmap(parent, AT(8), 4, SPACE_RW, MAP_SHARED | MAP_FIXED, file,
		   &err);
	EXPECT(!err);
	space_mmap(parent, AT(12), 4, SPACE_RW, MAP_PRIVATE | MAP_FIXED, file,
		   &err);
	EXPECT(!err);
}

static void spaces_end(void)
{
	EXPECT_SOUND(mm_check(parent));
	mm_put(parent);
	EXPECT_SOUND(mapping_check(file));
	file->ops->put(file);
}

static void file_step(void)
{
	u64 pos = dice(8) * PAGE_SIZE + dice(PAGE_SIZE - 16);
	char bytes[16] = "0123456789abcde";

	/* Who maps the file scribbles on all of its last page, and leaves that
	 * behind: mapping_check [F3] wants zeroes there. */
	if (current_thread()->mm)
		pos = (1 + dice(8)) * PAGE_SIZE - sizeof(bytes);
	switch (dice(8)) {
	case 0:
		mapping_truncate(file, dice(9) * PAGE_SIZE);
		break;
	case 1:
	case 2:
		mapping_read(file, pos, bytes, sizeof(bytes));
		break;
	default:
		mapping_write(file, pos, bytes, sizeof(bytes));
	}
}

static struct mapping *place_file(unsigned int page)
{
	return page < 8 ? NULL : file;
}

/* One call on a random page of the space that the CPU runs in. */
static void call_step(struct mm *mm)
{
	static const u32 prots[] = { PROT_NONE, PROT_READ, SPACE_RW, SPACE_RW };
	unsigned int page = (unsigned int)dice(PAGES);
	vaddr_t at;
	int err;

	switch (dice(9)) {
	case 0:
		EXPECT(!mm_munmap(mm, AT(page), (1 + dice(3)) * PAGE_SIZE));
		break;
	case 1:
	case 2:
		space_mmap(mm, AT(page), 1, SPACE_RW,
			   MAP_FIXED | (page < 8 ? MAP_ANONYMOUS : 0) |
				   (page >= 8 && page < 12 ? MAP_SHARED
							   : MAP_PRIVATE),
			   place_file(page), &err);
		break;
	case 3:
		(void)!mm_mprotect(mm, AT(page), PAGE_SIZE,
				   prots[dice(array_size(prots))]);
		break;
	case 4:
		(void)!mm_mremap(mm, AT(page), PAGE_SIZE, PAGE_SIZE,
				 MREMAP_MAYMOVE | MREMAP_FIXED,
				 AT((page + 8) % PAGES), &at);
		break;
	case 5:
		file_step();
		break;
	case 6:
		EXPECT(map_all_low(mm));
		break;
	default:
		(void)!mm_madvise(mm, AT(page), PAGE_SIZE, MADV_DONTNEED);
	}
}

static void touch_some(void)
{
	for (int i = 0; i < 16; i++)
		touch(AT(dice(PAGES)) + dice(PAGE_SIZE),
		      dice(2) ? (int)dice(256) : -1);
}

static void fork_step(struct mm *mm)
{
	struct mm *child;
	u8 byte;

	if (mm_fork(mm, &child))
		return;
	mm_write(child, AT(dice(PAGES)), "x", 1);
	mm_read(mm, AT(dice(PAGES)), &byte, 1);
	mm_put(child);
}

static void one_space_step(void)
{
	struct thread *t = current_thread();

	if (!t->mm) {
		mm_get(parent);
		mm_use(t, parent);
	}
	touch_some();
	call_step(t->mm);
	if (!dice(20))
		fork_step(t->mm);
	if (!dice(40))
		mm_write(t->mm, AT(dice(PAGES)), "y", 1);
}

/* Everybody in a child of his own, for a while. */
static void many_spaces_step(void)
{
	struct thread *t = current_thread();
	struct mm *old = t->mm, *child;

	if (!old || !dice(6)) {
		if (mm_fork(old && dice(2) ? old : parent, &child))
			return;
		mm_use(t, child);
		if (old)
			mm_put(old);
	}
	touch_some();
	if (!dice(3))
		call_step(t->mm);
	if (!dice(10))
		mm_write(parent, AT(dice(PAGES)), "z", 1);
	if (!dice(10))
		file_step();
	if (!dice(50))
		share_own_all();
}

static void leave_space(void)
{
	struct thread *t = current_thread();
	struct mm *mm = t->mm;

	if (mm) {
		mm_use(t, NULL);
		mm_put(mm);
	}
}

/* ---- the program ------------------------------------------------------------------------ */

static void nothing(void) {}

static const struct suite {
	const char *name;
	void (*begin)(void), (*step)(void), (*end)(void);
} suites[] = {
	{ "frames", nothing, frames_step, frames_end },
	{ "objects", objects_begin, objects_step, objects_end },
	{ "vmalloc", nothing, vmalloc_step, vmalloc_end },
	{ "file", spaces_begin, file_step, spaces_end },
	{ "one space", spaces_begin, one_space_step, spaces_end },
	{ "many spaces", spaces_begin, many_spaces_step, spaces_end },
};

static const struct suite *suite;
static u64 steps;

static void *cpu_main(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;
	u64 done = 0;

	dice_state = cpu + 77;
	host_set_cpu(cpu);
	irq_enable();
	while (host_now() < run_ends) {
		suite->step();
		host_irq_poll();
		done++;
	}
	leave_space();
	page_alloc_drain((int)cpu);
	__atomic_fetch_add(&steps, done, __ATOMIC_RELAXED);
	host_leave_cpu();
	return NULL;
}

static void run_suite(const struct suite *s)
{
	struct census_mark before, after;
	pthread_t host_thread[CPUS + 1];
	struct census c;

	census_mark(&before);
	suite = s;
	steps = 0;
	s->begin();
	run_ends = host_now() + run_ns;
	for (uintptr_t n = 1; n <= CPUS; n++)
		EXPECT(!pthread_create(&host_thread[n], NULL, cpu_main,
				       (void *)n));
	for (int n = 1; n <= CPUS; n++)
		pthread_join(host_thread[n], NULL);
	EXPECT_SOUND(census(&c));
	s->end();
	census_mark(&after);
	EXPECT_SAME(before.used, after.used);
	EXPECT_SAME(before.spaces, after.spaces);
	printf("ok - tsan: %s, %llu steps on %d CPUs\n", s->name,
	       (unsigned long long)steps, CPUS);
}

static void end_on_report(const char *kind, const char *detail)
{
	printf("# %s: %s\nnot ok\n", kind, detail);
	fflush(stdout);
	_exit(1);
}

int main(int argc, char **argv)
{
	size_t len = argc > 2 ? strlen(argv[2]) : 0;
	int nr = 0;

	if (argc > 1)
		run_ns = strtoull(argv[1], NULL, 0) * 1000000;
	machine_boot(64, "loglevel=2");
	for (unsigned int n = 1; n <= CPUS; n++) {
		threads[n].cpu = n;
		threads[n].state = THREAD_RUNNING;
		threads[n].affinity = ~(u64)0;
		str_copy(threads[n].name, "cpu", sizeof(threads[n].name));
		*cpu_ptr(current_thread_ptr, n) = &threads[n];
		cpus_online |= (u64)1 << n;
	}
	kernel_report_handler(end_on_report);
	host_stale_hook = believe_tlb;
	for (size_t i = 0; i < array_size(suites); i++)
		if (!len || !strncmp(suites[i].name, argv[2], len)) {
			run_suite(&suites[i]);
			nr++;
		}
	printf("1..%d\n", nr);
	return 0;
}
