/* SPDX-License-Identifier: MIT */
/*
 * The interleaving explorer: address spaces with several CPUs, in every order
 * that a seed can draw.
 *
 *	seed ─► script (actors, operations) ─► a space, touched ─► order_run
 *	                                                              │
 *	     next seed ◄── mm_check, census, judge, nothing left ◄────┘
 *
 * One host thread plays all CPUs, and another CPU goes on only where the kernel
 * looks around (explore_order.c). So a run is the same each time:
 *
 *	explore                    every scenario, the usual number of seeds
 *	explore -n 100000          more of them
 *	explore SEED               that one, with its trace if it fails
 *	explore -t "P w0; P u0"    another script; -n seeds, or SEED
 *	explore -w 12:1,40:0 …     with exactly these changes of the actor
 *
 * The first failure prints seed, script and trace, and then looks for a smaller
 * one (explore_shrink.c).
 */
#include <stdarg.h>
#include <unistd.h>

#include "kernel/base/panic.h"
#include "lib/string.h"
#include "mm/frames/page_alloc.h"
#include "mm/pressure/census.h"
#include "mm/spaces/share.h"
#include "tests/unit/explore.h"
#include "tests/unit/explore_shrink.h"

static const struct scenario {
	const char *name, *script;
} scenarios[] = {
	{ "fault x fault, one page", "P w? r?; P w? r?; P r? w?" },
	{ "fault x fault, page 0", "P w0 r0; P w0 r0; P r0 w0" },
	{ "fault x munmap", "P w0 r0 w2; P u0 r0; P r0 w0 r2" },
	{ "fault x munmap, tables", "P w0 r2; P U0 a0 r0; P w2 r0" },
	{ "fault x mprotect", "P w0 r0 w0; P p0 q0; P r0 w0" },
	{ "fault x mprotect none", "P w? r?; P n? q?; P r? w?" },
	{ "fault x fork", "P w0 w1 r0; P f0; P r0 w0" },
	{ "fault x fork, both sides", "P w0 r0; P f0 w0; C w0 r0; C r1 w1" },
	{ "copy x copy", "P w0 r0; C w0 r0; C w1 r0" },
	{ "copy x copy, same space", "P w0 r0; P w0 r0; C w0; C r0" },
	{ "fork x munmap", "P f0 r0; P u0 r0; P w0 w1" },
	{ "fork x fork", "P f0 w0; P f1 w1; C f0 w0" },
	{ "exit x fault of the other space", "C x0; P w0 r1 w1; P w1 r0" },
	{ "exit x fork", "C w0 x0; P f0 w0; P w0" },
	{ "truncate x fault", "P r5 w5; P t0; P w7 r7; P r7 w5" },
	{ "truncate x fault, a new table", "P t0 r7; P r7 r7; P w5 r5" },
	{ "truncate x copy", "P r7 w7; P t0 r7; P r7 w7 r7" },
	{ "truncate x fork", "P w7 t0; P f0 r7; C w7 r7" },
	{ "truncate x munmap", "P u5 a5 r5; P t0 w5; C w5 r5" },
	{ "truncate x mremap", "P w7 m7 rb; P t0 rb; P r7 rb" },
	{ "truncate x exit", "C w7 w5 x0; P t0 r7; P w7 r5" },
	{ "file x reclaim", "P w4 r6 w4; P c4 c6; P o0 r4 r6" },
	{ "reclaim x fault", "P w0 r0; P c0 c4; P r0 w4 r4" },
	{ "reclaim x copy", "P w0 r0; C c0 r0; C w0" },
	{ "mremap x fault", "P m0 r8; P w0 r0 w8; P r8 w0" },
	{ "mremap x fork", "P m0; P f0 w8; P w0 w8" },
	{ "look up x fork, exit", "P l0 l1 l0; P f0 w0 F0; C w0 l0 x0" },
	{ "look up x mremap, munmap", "P l0 l0; P m0 u8; C l0 w0 l0" },
	{ "look up x truncate", "P l7 l7; P t0 r7; P r7 w7 l7" },
	{ "madvise x fault", "P d0 r0; P w0 r0; P r0 w0 r0" },
	{ "madvise x madvise", "P d? w?; P d? r?; P w? r? w?" },
	{ "mmap over x fault", "P a0 r0; P w0 r0; P r0 w0" },
	{ "table x exit", "C x0; P w0 w1 r0; P w1 r1" },
	{ "table x munmap", "C U0 r0; P w0 r1; P r0 w1" },
	{ "table x fork", "P f0 w0; C f1 w1; C w0 r1" },
	{ "table x mprotect", "C p0 w1 q0; P w0 q1; P r0 w1" },
	{ "table x madvise", "C d0 r0 w0; P w0 r0; P d1 r1" },
	{ "table x mremap", "C m0 r8; P w0 r0; P w1 r1" },
	{ "table x table", "P w0 r1; C w0 r1; C U0; P k1 r0" },
	{ "kernel write x fork", "P k0 k1; P f0; C k0 w0" },
	{ "frames", "P g0 g0; P g0 w2; P g0 u2" },
	{ "objects", "P s0 s0; P s0 s0; P s0" },
	{ "mixed", "P *? *? *?; P *? *? *?; P *? *?" },
	{ "mixed, two spaces", "P *? *? *?; C *? *? *?; C *? *?" },
	{ "mixed, four", "P *? *?; P *? *?; C *? *?; C *? *?" },
};

static const char *given_script; /* -t */
static bool quiet;		 /* -q: one line for explore_shrink.c */
static struct order order;
static struct script script;
static struct ref_state first;
static u64 run_seed;
static bool running;
static u32 tick;

/* ---- a failure ------------------------------------------------------------- */

static void print_order(void)
{
	for (u32 i = 0; i < order.nr; i++)
		printf("%s%u:%u", i ? "," : "", order.taken[i].step,
		       order.taken[i].actor);
}

static void print_results(void)
{
	for (unsigned int a = 0; a < script.nr_actors; a++)
		for (unsigned int n = 0; n < script.nr_ops[a]; n++) {
			const struct op *op = &script.op[a][n];

			if (!op->ended)
				continue;
			printf("#   CPU %u, %u-%u: %c%x %s(%u)", a + 1,
			       op->begun, op->ended, op->kind, op->page,
			       op_text(op), op->page);
			if (op->kind == 'w' || op->kind == 'k')
				printf(" = %#x", op->value);
			printf(": %d\n", op->result);
		}
}

static void __noreturn fail_ends(void)
{
	char text[512];

	running = false;
	script_text(&script, text, sizeof(text));
	if (quiet) {
		printf("FAIL %llu|%s|", (unsigned long long)run_seed, text);
		print_order();
		printf("\n");
		fflush(stdout);
		_exit(1);
	}
	printf("# seed %llu: %s\n", (unsigned long long)run_seed, text);
	print_results();
	order_print_trace();
	printf("# again: explore %s%s%s%llu\nnot ok\n",
	       given_script ? "-t \"" : "", given_script ? given_script : "",
	       given_script ? "\" " : "", (unsigned long long)run_seed);
	fflush(stdout);
	if (!order.given)
		shrink(run_seed, text);
	_exit(1);
}

void explore_fail(const char *fmt, ...)
{
	va_list ap;

	if (!quiet) {
		printf("# ");
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		printf("\n");
	}
	fail_ends();
}

/* A panic leaves by exit(). */
static void at_exit(void)
{
	if (running)
		explore_fail("the kernel stopped, see above");
}

static void catch_report(const char *kind, const char *detail)
{
	explore_fail("%s: %s", kind, detail);
}

#define MUST(cond)                                                             \
	((cond) ? (void)0 : explore_fail("line %d: %s", __LINE__, #cond))

static void must_be_sound(const char *why)
{
	if (why)
		explore_fail("%s", why);
}

/* ---- before a run ------------------------------------------------------------- */

static void ref_map(unsigned int page, enum page_kind kind, unsigned int index)
{
	first.page[0][page] = (struct ref_page){ .mapped = true,
						 .prot = SPACE_RW,
						 .kind = (u8)kind,
						 .index = (u8)index };
}

static void make_parent(void)
{
	int err;

	MUST(!mm_create(&spaces[0]));
	MUST(!shmem_create(FILE_PAGES * PAGE_SIZE, &file));
	MUST(mapping_write(file, BYTE, "\x11", 1) == 1);
	first.file[0] = 0x11;
	first.file_pages = FILE_PAGES;
	first.alive = 1;
	MUST(space_map_at(spaces[0], LOWEST, (AT(4) - LOWEST) / PAGE_SIZE,
			  SPACE_RW));
	MUST(space_mmap(spaces[0], AT(4), 2, SPACE_RW, MAP_SHARED | MAP_FIXED,
			file, &err));
	MUST(space_mmap(spaces[0], AT(6), 2, SPACE_RW, MAP_PRIVATE | MAP_FIXED,
			file, &err));
	for (unsigned int i = 0; i < 8; i++)
		ref_map(i,
			i < 4	? KIND_ANON
			: i < 6 ? KIND_SHARED
				: KIND_PRIVATE,
			i % 2);
}

/* The actors touch pages, so that there are leaves, and TLBs know them. */
static void touch(unsigned int nr, u8 space)
{
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int a = (unsigned int)dice(script.nr_actors);
		struct op op = { .kind = dice(2) ? 'w' : 'r',
				 .page = (u8)dice(dice(2) ? 2 : 8),
				 .space = script.op[a][0].space,
				 .value = (u8)(0x80 + i + 32 * space) };

		if (op.space > space)
			continue;
		order_stand_on((int)a);
		op.result = op_run(&op);
		for (unsigned int p = 0; p < op_phases(&op); p++)
			MUST(op_ref(&op, p, &first) == op.result);
	}
	order_stand_on(-1);
}

static void enter_space(u8 space)
{
	for (unsigned int a = 0; a < script.nr_actors; a++) {
		if (script.op[a][0].space != space)
			continue;
		order_stand_on((int)a);
		if (!script.child_exits || !space)
			mm_get(spaces[space]);
		mm_use(order_thread(a), spaces[space]);
	}
	order_stand_on(-1);
}

static void set_up(void)
{
	memset(&first, 0, sizeof(first));
	memset(spaces, 0, sizeof(spaces));
	make_parent();
	enter_space(0);
	touch((unsigned int)dice(12), 0);
	if (script.has_child) {
		MUST(!mm_fork(spaces[0], &spaces[1]));
		memcpy(first.page[1], first.page[0], sizeof(first.page[0]));
		first.alive |= 2;
		enter_space(1);
		touch((unsigned int)dice(8), 1);
	}
}

/* ---- the run ---------------------------------------------------------------------- */

static void run_actor(unsigned int n)
{
	for (unsigned int i = 0; i < script.nr_ops[n]; i++) {
		struct op *op = &script.op[n][i];

		order_step("|", op_text(op));
		op->begun = ++tick;
		op->result = op_run(op);
		stale_settle((int)n);
		op->ended = ++tick;
	}
}

/* After a fault, before the access is tried again. */
void __real_trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access);
void __wrap_trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access);
void __wrap_trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access)
{
	order_step("fault", "");
	__real_trap_page_fault(tf, addr, access);
	order_step("retry", "");
}

/* ---- after it ------------------------------------------------------------------------ */

/* The child that an actor left is gone. */
static void forget_dead(void)
{
	if (script.child_exits)
		spaces[1] = NULL;
}

static void look_at_space(unsigned int n, struct outcome *end)
{
	struct mm *mm = spaces[n];

	end->alive |= (u64)1 << n;
	for (unsigned int i = 0; i < PAGES; i++) {
		struct vma *vma = vma_find(mm, AT(i));
		u8 byte;

		end->mapped[n][i] = vma && vma->start <= AT(i);
		if (end->mapped[n][i])
			end->prot[n][i] = (u8)(vma->flags & VM_ACCESS);
		end->byte[n][i] = mm_read(mm, AT(i) + BYTE, &byte, 1) ? byte
								      : -1;
	}
}

static void check_file(void)
{
	struct page *page;

	must_be_sound(mapping_check(file));
	for (u64 i = mapping_end_index(file); i < FILE_PAGES; i++) {
		page = mapping_find(file, i);
		if (page)
			explore_fail("[F2] a cache page behind the end");
	}
}

static void check_all(void)
{
	struct outcome end = { .alive = 0 };
	struct census c;

	for (unsigned int n = 0; n < SPACES; n++)
		if (spaces[n])
			must_be_sound(mm_check(spaces[n]));
	must_be_sound(census(&c));
	check_file();
	for (unsigned int n = 0; n < SPACES; n++)
		if (spaces[n])
			look_at_space(n, &end);
	if (!judge(&script, &first, &end)) {
		if (!quiet)
			for (unsigned int n = 0; n < SPACES; n++)
				for (unsigned int i = 0;
				     end.alive >> n & 1 && i < PAGES; i++)
					printf("%s%d%s",
					       i ? " " : "#   in the end: ",
					       end.byte[n][i],
					       i == PAGES - 1 ? "\n" : "");
		explore_fail("no order of the operations explains this");
	}
}

static void tear_down(void)
{
	for (unsigned int a = 0; a < script.nr_actors; a++) {
		struct mm *mm = order_thread(a)->mm;

		order_stand_on((int)a);
		if (mm) {
			mm_use(order_thread(a), NULL);
			mm_put(mm);
		}
		page_alloc_drain((int)a + 1);
	}
	order_stand_on(-1);
	for (unsigned int n = 0; n < SPACES; n++)
		if (spaces[n])
			mm_put(spaces[n]);
	file->ops->put(file);
	page_alloc_drain(0);
}

static void explore_seed(const char *text, u64 seed)
{
	struct census_mark before, after;

	run_seed = seed;
	dice_seed(~seed);
	if (!script_parse(text, &script)) {
		printf("explore: no such script: %s\n", text);
		exit(2);
	}
	dice_seed(seed + 12345); /* whatever the script drew */
	census_mark(&before);
	running = true;
	share_min_bytes = seed / array_size(scenarios) % 2 ? ~(u64)0 : MIB(2);
	set_up();
	stale_run_begins();
	tick = 0;
	order.seed = seed;
	order.deep = script.allocates;
	order_run(&order, script.nr_actors, run_actor);
	order_stand_on(-1);
	forget_dead();
	check_all();
	tear_down();
	census_mark(&after);
	MUST(before.used == after.used);
	MUST(before.spaces == after.spaces);
	running = false;
}

/* ---- the program --------------------------------------------------------------------- */

static const char *script_of(u64 seed)
{
	if (given_script)
		return given_script;
	return scenarios[seed % array_size(scenarios)].script;
}

/* A replay is one: the same seed in another moment does the same. */
static void expect_replay(u64 seed)
{
	u64 hash;

	explore_seed(script_of(seed), seed);
	hash = order_trace_hash();
	explore_seed(script_of(seed + 1), seed + 1);
	explore_seed(script_of(seed), seed);
	MUST(hash == order_trace_hash());
}

static void parse_order(const char *list)
{
	char *at = (char *)list;

	order.given = true;
	while (*at) {
		struct taken_over *t = &order.taken[order.nr++];

		t->step = (u32)strtoul(at, &at, 10);
		at += *at == ':';
		t->actor = (u8)strtoul(at, &at, 10);
		at += *at == ',';
	}
}

static void explore_all(u64 seeds)
{
	u64 steps = 0;

	for (u64 seed = 1; seed <= seeds; seed++) {
		explore_seed(script_of(seed), seed);
		steps += order_steps();
	}
	for (u64 seed = 1; seed <= array_size(scenarios); seed++)
		expect_replay(seed);
	printf("ok - explore: %llu seeds of %zu scenarios, %llu looks around\n"
	       "1..1\n",
	       (unsigned long long)seeds, array_size(scenarios),
	       (unsigned long long)steps);
}

int main(int argc, char **argv)
{
	u64 nr = 0, seed;
	int option;

	while ((option = getopt(argc, argv, "n:t:w:q")) != -1) {
		if (option == 'n')
			nr = strtoull(optarg, NULL, 0);
		else if (option == 't')
			given_script = optarg;
		else if (option == 'w')
			parse_order(optarg);
		else if (option == 'q')
			quiet = true;
		else
			return 2;
	}
	shrink_init(argv[0]);
	atexit(at_exit);
	machine_boot(64, quiet ? "loglevel=0" : "loglevel=2");
	order_init();
	stale_init();
	kernel_report_handler(catch_report);
	if (optind == argc && !given_script) {
		explore_all(nr ? nr : 100000);
		return 0;
	}
	seed = optind < argc ? strtoull(argv[optind], NULL, 0) : 1;
	for (u64 last = seed + (nr ? nr : 1); seed < last; seed++)
		explore_seed(script_of(seed), seed);
	if (!quiet)
		printf("ok - explore: %u looks around\n1..1\n", order_steps());
	return 0;
}
