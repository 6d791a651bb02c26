/* SPDX-License-Identifier: MIT */
/*
 * Whole address spaces against a reference that knows no trees and no tables.
 *
 * The reference is an array of pages for each space: rights, what is behind,
 * and one byte of contents. Random calls (mmap, munmap, mprotect, mremap,
 * madvise, brk), touches by user accesses on two CPUs, writes to files, fork and
 * exit run on both; results and errors must be equal after each step, contents
 * and the census every few. Five spaces, related by fork, share in all ways.
 *
 *	space_model [steps [seed]]
 */
#include "arch/host/host.h"
#include "kernel/base/percpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/pressure/census.h"
#include "tests/kernel/space.h"
#include "tests/unit/model.h"
#include "tests/unit/space_ref.h"

static struct ref_space space[SPACES];
static struct ref_space *now;           /* the one that runs */

static const char *step_name = "";
static unsigned long step_nr;

static void expect_result(int line, long got, long want)
{
	if (got == want)
		return;
	printf("# step %lu, %s, line %d: got %ld, want %ld\nnot ok\n", step_nr,
	       step_name, line, got, want);
	fflush(stdout);
	abort();
}
#define SAME(got, want) expect_result(__LINE__, (long)(got), (long)(want))

/* ---- objects ------------------------------------------------------------------------------ */

static s8 object_free_slot(void)
{
	for (s8 i = 0; i < OBJECTS; i++)
		if (!object[i].mapping)
			return i;
	return -1;
}

static bool object_is_used(s8 o)
{
	for (int s = 0; s < SPACES; s++)
		for (u32 i = 0; space[s].mm && i < PAGES; i++)
			if (space[s].page[i].mapped &&
			    space[s].page[i].object == o)
				return true;
	return false;
}

/* Shared memory dies with its last VMA; the reference forgets it then. */
static void forget_dead_objects(void)
{
	for (s8 o = 0; o < OBJECTS; o++)
		if (object[o].mapping && !object[o].ours && !object_is_used(o))
			object[o].mapping = NULL;
}

static void make_file(s8 o, u32 pages)
{
	object[o] = (struct object){ .ours = true, .pages = pages };
	EXPECT(!shmem_create(pages * PAGE_SIZE, &object[o].mapping));
}

/* ---- the steps: mappings -------------------------------------------------------------------- */

struct range {
	u32 start, end;
};

static struct range draw_range(void)
{
	u32 start = (u32)draw_below(PAGES);
	u32 len = 1 + (u32)draw_below(draw_below(4) ? 12 : PAGES);

	return (struct range){ start, MIN(start + len, (u32)PAGES) };
}

static size_t range_len(struct range r)
{
	return (r.end - r.start) * PAGE_SIZE;
}

static u8 draw_prot(void)
{
	static const u8 prots[] = { PROT_NONE, PROT_READ, SPACE_RW, SPACE_RW,
				    SPACE_RW, PROT_READ | PROT_EXEC };

	return prots[draw_below(array_size(prots))];
}

static void ref_map(struct range r, u8 prot, bool shared, s8 o, u32 index)
{
	for (u32 i = r.start; i < r.end; i++)
		now->page[i] = (struct ref_page){
			.mapped = true,
			.shared = shared,
			.prot = prot,
			.object = o,
			.index = o < 0 ? 0 : index + i - r.start,
		};
}

/* Where mmap put shared memory, its mapping is ours to compare with. */
static void adopt_shared_memory(s8 o, struct range r)
{
	object[o] = (struct object){ .pages = r.end - r.start };
	object[o].mapping = vma_find(now->mm, AT(r.start))->mapping;
}

static void step_mmap(void)
{
	struct range r = draw_range();
	struct mmap_request rq = { .addr = AT(r.start), .prot = draw_prot(),
				   .flags = MAP_FIXED, .may_read = true,
				   .may_write = true };
	bool shared = draw_below(3) == 0;
	s8 o = draw_below(2) ? (s8)draw_below(4) : -1;
	vaddr_t at = 0;

	if (o < 0 && shared) {
		forget_dead_objects();
		if (object_free_slot() < 0)
			return;
		r.end = MIN(r.end, r.start + OBJ_PAGES);
	}
	rq.len = range_len(r);
	rq.flags |= (shared ? MAP_SHARED : MAP_PRIVATE) |
		    (o < 0 ? MAP_ANONYMOUS : 0);
	if (o >= 0) {
		rq.mapping = object[o].mapping;
		rq.offset = draw_below(OBJ_PAGES) * PAGE_SIZE;
	}
	SAME(mm_mmap(now->mm, &rq, &at), 0);
	SAME(at, AT(r.start));
	ref_unmap(now, r.start, r.end);
	if (o < 0 && shared) {
		forget_dead_objects();
		o = object_free_slot();
		adopt_shared_memory(o, r);
	}
	ref_map(r, (u8)rq.prot, shared, o, (u32)(rq.offset >> PAGE_SHIFT));
}

/* A hint: taken if the place is free, else anywhere outside of the window. */
static void step_mmap_hint(void)
{
	struct range r = draw_range();
	bool is_free = true;
	vaddr_t at;
	int err;

	for (u32 i = r.start; i < r.end; i++)
		is_free &= !now->page[i].mapped;
	at = space_mmap(now->mm, AT(r.start), r.end - r.start, SPACE_RW,
			MAP_PRIVATE | MAP_ANONYMOUS, NULL, &err);
	SAME(err, 0);
	SAME(at == AT(r.start), is_free);
	if (is_free)
		ref_map(r, SPACE_RW, false, -1, 0);
	else
		SAME(mm_munmap(now->mm, at, range_len(r)), 0);
}

static void step_munmap(void)
{
	struct range r = draw_range();

	SAME(mm_munmap(now->mm, AT(r.start), range_len(r)), 0);
	ref_unmap(now, r.start, r.end);
}

static void step_mprotect(void)
{
	struct range r = draw_range();
	u8 prot = draw_prot();
	u32 i = r.start;

	while (i < r.end && now->page[i].mapped)
		i++;
	SAME(mm_mprotect(now->mm, AT(r.start), range_len(r), prot),
	     i < r.end ? -ENOMEM : 0);
	while (i-- > r.start)
		now->page[i].prot = prot;
}

static bool is_one_vma(u32 start, u32 end)
{
	if (!now->page[start].mapped)
		return false;
	for (; start + 1 < end; start++)
		if (!continues(&now->page[start], &now->page[start + 1]))
			return false;
	return true;
}

/* To another place in the window, with another size. */
static void step_mremap(void)
{
	struct range old = draw_range(), to = draw_range();
	struct ref_page moved[PAGES];
	u32 len, new_len = to.end - to.start;
	vaddr_t at;
	int err;

	if (to.start < old.end && old.start < to.end)
		return;
	err = mm_mremap(now->mm, AT(old.start), range_len(old), range_len(to),
			MREMAP_MAYMOVE | MREMAP_FIXED, AT(to.start), &at);
	if (!now->page[old.start].mapped) {
		SAME(err, -EFAULT);
		return;
	}
	ref_unmap(now, to.start, to.end);       /* in any case, like a tail */
	len = MIN(old.end - old.start, new_len);
	ref_unmap(now, old.start + len, old.end);
	old.end = old.start + len;
	if (!is_one_vma(old.start, old.end)) {
		SAME(err, -EFAULT);
		return;
	}
	SAME(err, 0);
	SAME(at, AT(to.start));
	memcpy(moved, &now->page[old.start], len * sizeof(moved[0]));
	for (u32 i = len; i < new_len; i++) {
		moved[i] = moved[i - 1];
		moved[i].index += moved[i].object >= 0;
		moved[i].own = false;
		moved[i].byte = 0;
	}
	for (u32 i = 0; i < new_len; i++)       /* did any page come along? */
		moved[i].moved_by = vma_find(now->mm, at)->moved_by;
	ref_unmap(now, old.start, old.end);
	memcpy(&now->page[to.start], moved, new_len * sizeof(moved[0]));
}

static void step_mremap_in_place(void)
{
	struct range r = draw_range();
	u32 end = r.start + 1 + (u32)draw_below(20);
	bool fits = true;
	vaddr_t at;
	int err, want = 0;

	end = MIN(end, (u32)PAGES);
	for (u32 i = r.end; i < end; i++)
		fits &= !now->page[i].mapped;
	err = mm_mremap(now->mm, AT(r.start), range_len(r),
			(end - r.start) * PAGE_SIZE, 0, 0, &at);
	if (!now->page[r.start].mapped ||
	    (end > r.end && !is_one_vma(r.start, r.end)))
		want = -EFAULT;
	else if (!fits)
		want = -ENOMEM;
	SAME(err, want);
	if (err)
		return;
	if (end < r.end)
		ref_unmap(now, end, r.end);
	for (u32 i = r.end; i < end; i++) {
		now->page[i] = now->page[i - 1];
		now->page[i].index += now->page[i].object >= 0;
		now->page[i].own = false;
		now->page[i].byte = 0;
	}
}

static bool has_page(struct range r)
{
	for (u32 i = r.start; i < r.end; i++)
		if (now->page[i].mapped)
			return true;
	return false;
}

static void step_brk(void)
{
	u32 want = (u32)draw_below(30);
	vaddr_t got = mm_brk(now->mm, AT(HEAP + want));
	u32 low = HEAP + MIN(want, now->brk), high = HEAP + MAX(want, now->brk);
	bool shrinks = want < now->brk; /* something must go, or have room */
	bool fits = want == now->brk ||
		    has_page((struct range){ low, high + !shrinks }) == shrinks;

	SAME(got, AT(HEAP + (fits ? want : now->brk)));
	if (!fits)
		return;
	if (want < now->brk)
		ref_unmap(now, HEAP + want, HEAP + now->brk);
	else
		ref_map((struct range){ HEAP + now->brk, HEAP + want },
			SPACE_RW, false, -1, 0);
	now->brk = want;
}

/* ---- the steps: advice ------------------------------------------------------------------------ */

static bool range_has_hole(struct range r)
{
	for (u32 i = r.start; i < r.end; i++)
		if (!now->page[i].mapped)
			return true;
	return false;
}

static void ref_drop(struct ref_page *p)
{
	if (p->shared)
		return;
	p->own = false;
	p->byte = 0;
}

static void step_dontneed(void)
{
	struct range r = draw_range();
	bool is_free = draw_below(3) == 0;
	int want = range_has_hole(r) ? -ENOMEM : 0;

	for (u32 i = r.start; i < r.end; i++) {
		if (!now->page[i].mapped)
			continue;
		if (is_free && now->page[i].object >= 0) {
			want = -EINVAL;         /* what comes before is done */
			break;
		}
		ref_drop(&now->page[i]);
	}
	SAME(mm_madvise(now->mm, AT(r.start), range_len(r),
			is_free ? MADV_FREE : MADV_DONTNEED),
	     want);
}

static void step_fork_advice(void)
{
	static const int advice[] = { MADV_DOFORK, MADV_DONTFORK,
				      MADV_KEEPONFORK, MADV_WIPEONFORK };
	struct range r = draw_range();
	u32 which = (u32)draw_below(4);
	u8 bit = which & 2 ? 2 : 1;
	int want = range_has_hole(r) ? -ENOMEM : 0;
	u32 stop = r.end;

	for (u32 i = r.start; which == 3 && i < stop; i++)
		if (now->page[i].mapped && now->page[i].object >= 0) {
			want = -EINVAL;         /* what comes before has it */
			stop = i;
		}
	SAME(mm_madvise(now->mm, AT(r.start), range_len(r), advice[which]),
	     want);
	for (u32 i = r.start; i < stop; i++)
		if (now->page[i].mapped)
			now->page[i].advice =
				(u8)((now->page[i].advice & ~bit) |
				     (which & 1 ? bit : 0));
}

static void step_populate(void)
{
	struct range r = draw_range();
	int want = range_has_hole(r) ? -ENOMEM : 0;

	for (u32 i = r.start; i < r.end; i++) {
		int byte = ref_read(now, i);

		if (!now->page[i].mapped)
			continue;
		if (!(now->page[i].prot & PROT_WRITE)) {
			want = -EINVAL;         /* what comes before is done */
			break;
		}
		if (byte < 0) {
			want = -EFAULT;         /* past the end of the object */
			break;
		}
		ref_write(now, i, (u8)byte);
	}
	SAME(mm_madvise(now->mm, AT(r.start), range_len(r),
			MADV_POPULATE_WRITE),
	     want);
}

/* ---- the steps: touches, files, relatives -------------------------------------------------------- */

static void step_touch(void)
{
	u32 i = (u32)draw_below(PAGES);
	u8 value = (u8)draw(), got = 0;

	if (draw_below(2)) {
		SAME(host_user_write(AT(i) + BYTE, &value, 1),
		     ref_write(now, i, value));
	} else {
		bool ok = host_user_read(AT(i) + BYTE, &got, 1);

		SAME(ok ? got : -1, ref_read(now, i));
	}
}

/* The kernel writes into any of the spaces. */
static void step_mm_write(void)
{
	struct ref_space *s = &space[draw_below(SPACES)];
	u32 i = (u32)draw_below(PAGES);
	u8 value = (u8)draw();

	if (s->mm)
		SAME(mm_write(s->mm, AT(i) + BYTE, &value, 1),
		     ref_write(s, i, value));
}

static void step_file_write(void)
{
	struct object *o = &object[draw_below(4)];
	u32 i = (u32)draw_below(o->pages);
	u8 value = (u8)draw();

	SAME(mapping_write(o->mapping, i * PAGE_SIZE + BYTE, &value, 1), 1);
	o->byte[i] = value;
}

static void run_space(struct ref_space *s)
{
	now = s;
	host_set_cpu((unsigned int)draw_below(2));
	mm_use(current_thread(), s->mm);
}

static struct ref_space *free_space(void)
{
	for (int i = 0; i < SPACES; i++)
		if (!space[i].mm)
			return &space[i];
	return NULL;
}

static void step_fork(void)
{
	struct ref_space *child = free_space();

	if (!child)
		return;
	*child = *now;
	SAME(mm_fork(now->mm, &child->mm), 0);
	for (u32 i = 0; i < PAGES; i++) {
		struct ref_page *p = &child->page[i];

		if (p->advice & 1)
			*p = (struct ref_page){ .mapped = false };
		else if (p->advice & 2)
			p->byte = 0;
	}
}

static void step_switch(void)
{
	struct ref_space *s = &space[draw_below(SPACES)];

	run_space(s->mm ? s : now);
}

static void step_exit(void)
{
	struct ref_space *dying = now, *next = &space[draw_below(SPACES)];

	if (next == dying || !next->mm)
		return;
	run_space(next);
	mm_put(dying->mm);
	dying->mm = NULL;
}

/* ---- the comparison -------------------------------------------------------------------------------- */

static void compare_space(struct ref_space *s)
{
	EXPECT_SOUND(mm_check(s->mm));
	SAME(s->mm->total_vm, ref_mapped(s));
	SAME(s->mm->nr_vmas, ref_count_vmas(s));
}

static void compare_contents(struct ref_space *s)
{
	for (u32 i = 0; i < PAGES; i++) {
		u8 got;
		size_t n = mm_read(s->mm, AT(i) + BYTE, &got, 1);

		SAME(n ? got : -1, ref_read(s, i));
	}
}

static void compare_all(bool contents)
{
	struct census c;

	for (int i = 0; i < SPACES; i++) {
		if (!space[i].mm)
			continue;
		compare_space(&space[i]);
		if (contents)
			compare_contents(&space[i]);
	}
	EXPECT_SOUND(census(&c));
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*run)(void);
} steps[] = {
	{ "mmap", 6, step_mmap },
	{ "mmap with a hint", 2, step_mmap_hint },
	{ "munmap", 3, step_munmap },
	{ "mprotect", 5, step_mprotect },
	{ "mremap to a place", 3, step_mremap },
	{ "mremap in place", 2, step_mremap_in_place },
	{ "brk", 3, step_brk },
	{ "madvise DONTNEED, FREE", 3, step_dontneed },
	{ "madvise for fork", 2, step_fork_advice },
	{ "madvise POPULATE_WRITE", 2, step_populate },
	{ "touch", 40, step_touch },
	{ "mm_write", 6, step_mm_write },
	{ "write to a file", 3, step_file_write },
	{ "fork", 3, step_fork },
	{ "switch", 6, step_switch },
	{ "exit", 2, step_exit },
};

static void run_step(void)
{
	u64 at = 0, total = 0;
	size_t i;

	for (i = 0; i < array_size(steps); i++)
		total += steps[i].weight;
	at = draw_below(total);
	for (i = 0; at >= steps[i].weight; i++)
		at -= steps[i].weight;
	step_name = steps[i].name;
	steps[i].run();
}

static void run_model(unsigned long nr_steps, u64 seed)
{
	struct mm *mm;

	draw_state = seed;
	for (s8 o = 0; o < 4; o++)
		make_file(o, 4 + (u32)draw_below(OBJ_PAGES - 4));
	EXPECT(!mm_create(&mm));
	EXPECT(!mm_set_brk(mm, AT(HEAP), AT(HEAP)));
	memset(space, 0, sizeof(space));
	space[0].mm = mm;
	run_space(&space[0]);
	for (step_nr = 0; step_nr < nr_steps; step_nr++) {
		run_step();
		compare_space(now);
		if (step_nr % 64 == 0)
			compare_all(step_nr % 256 == 0);
	}
	compare_all(true);
	mm_use(current_thread(), NULL);
	for (int i = 0; i < SPACES; i++)
		if (space[i].mm)
			mm_put(space[i].mm);
	for (s8 o = 0; o < 4; o++)
		object[o].mapping->ops->put(object[o].mapping);
	memset(object, 0, sizeof(object));
	host_set_cpu(0);
}

int main(int argc, char **argv)
{
	unsigned long nr_steps = argc > 1 ? strtoul(argv[1], NULL, 0) : 6000;
	u64 first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1, seed;
	u64 last = argc > 2 ? first : 10;
	struct census_mark before, after;

	machine_boot(128, "loglevel=2");
	cpus_online |= 2;
	census_mark(&before);
	for (seed = first; seed <= last; seed++) {
		run_model(nr_steps, seed);
		census_mark(&after);
		EXPECT_SAME(before.used, after.used);
		EXPECT_SAME(before.spaces, after.spaces);
		printf("ok - space_model: seed %llu, %lu steps\n",
		       (unsigned long long)seed, nr_steps);
	}
	printf("1..%llu\n", (unsigned long long)(last - first + 1));
	return 0;
}
