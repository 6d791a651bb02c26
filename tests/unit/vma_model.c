/* SPDX-License-Identifier: MIT */
/*
 * The VMA tree against an array with one cell a page.
 *
 * Random VMAs come, go, shrink, grow, split and merge in a window of some
 * hundred pages, stacks with their guard gaps among them. After every step
 * the tree's own check, every look-up, and the search for the highest gap must
 * agree with the array.
 *
 *	vma_model [rounds [seed]]
 */
#include "mm/backing/backing.h"
#include "mm/spaces/mm.h"
#include "mm/spaces/mman.h"
#include "tests/unit/model.h"

#define GUARD_PAGES (STACK_GUARD_GAP >> PAGE_SHIFT)
#define PAGES       (GUARD_PAGES + 300)
#define BASE        ((vaddr_t)MM_MIN_ADDR)
#define AT(page)    (BASE + (page) * PAGE_SIZE)

/* What the page's VMA is; 0: free. A stack ends its VMA even beside its like. */
static u32 cell[PAGES];
static struct mm *mm;

enum { PLAIN = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC };

static u32 draw_flags(void)
{
	static const u32 kinds[] = { VM_READ, VM_READ | VM_WRITE, VM_EXEC,
				     VM_READ | VM_DONTFORK };

	return PLAIN | kinds[draw_below(4)] |
	       (draw_below(10) ? 0 : VM_GROWSDOWN);
}

/* ---- the array's answers ---------------------------------------------------------- */

static size_t run_start(size_t page)
{
	while (page > 0 && cell[page - 1] == cell[page])
		page--;
	return page;
}

static size_t run_end(size_t page)
{
	u32 flags = cell[page];

	while (page < PAGES && cell[page] == flags)
		page++;
	return page;
}

static size_t count_runs(void)
{
	size_t nr = 0;

	for (size_t i = 0; i < PAGES; i++)
		nr += cell[i] && (i == 0 || cell[i - 1] != cell[i]);
	return nr;
}

/* Free, and not in the guard gap of the stack above it. */
static bool usable(size_t page)
{
	if (cell[page])
		return false;
	for (size_t i = page; i < PAGES && i <= page + GUARD_PAGES; i++)
		if (cell[i])
			return !(cell[i] & VM_GROWSDOWN) ||
			       i - page > GUARD_PAGES;
	return true;
}

/* The highest place for nr pages in [low, high), or 0. */
static vaddr_t best_gap(size_t nr, size_t low, size_t high)
{
	size_t run = 0;

	for (size_t i = high; i-- > low;) {
		run = usable(i) ? run + 1 : 0;
		if (run == nr)
			return AT(i);
	}
	return 0;
}

/* ---- the steps ----------------------------------------------------------------------- */

static struct vma *new_vma(size_t start, size_t end, u32 flags)
{
	const struct vma tmpl = { .start = AT(start), .end = AT(end),
				  .flags = flags,
				  .prot = vma_leaf_prot(flags),
				  .backing = &anon_backing,
				  .pgoff = AT(start) >> PAGE_SHIFT };
	struct vma *vma = vma_create(&tmpl);

	EXPECT(vma != NULL);
	return vma;
}

static void fill(size_t start, size_t end, u32 flags)
{
	while (start < end)
		cell[start++] = flags;
}

static void step_insert(void)
{
	size_t start = draw_below(PAGES), end = start;
	u32 flags = draw_flags();
	struct vma *vma, *dead = NULL;

	while (end < PAGES && !cell[end] && end - start < 12)
		end++;
	if (end == start)
		return;
	end = start + 1 + draw_below(end - start);
	vma = new_vma(start, end, flags);
	vma_insert(mm, vma);
	vma_merge(mm, vma, &dead);
	vma_free_chain(dead);
	fill(start, end, flags);
}

static struct vma *draw_vma(void)
{
	return vma_find(mm, AT(draw_below(PAGES)));
}

static size_t page_of(vaddr_t va)
{
	return (va - BASE) >> PAGE_SHIFT;
}

static void step_remove(void)
{
	struct vma *vma = draw_vma();

	if (!vma)
		return;
	fill(page_of(vma->start), page_of(vma->end), 0);
	vma_remove(mm, vma);
	vma_free_chain(vma);
}

/* Cuts pages off one end. */
static void step_shrink(void)
{
	struct vma *vma = draw_vma();
	size_t start, end;

	if (!vma || vma_pages(vma) < 2)
		return;
	start = page_of(vma->start);
	end = page_of(vma->end);
	fill(start, end, 0);
	if (draw_below(2))
		start += 1 + draw_below(end - start - 1);
	else
		end -= 1 + draw_below(end - start - 1);
	fill(start, end, vma->flags);
	vma_set_range(vma, AT(start), AT(end));
}

/* Grows into free space, and merges with what it meets. */
static void step_grow(void)
{
	struct vma *vma = draw_vma(), *dead = NULL;
	size_t start, end;

	if (!vma)
		return;
	start = page_of(vma->start);
	end = page_of(vma->end);
	while (start > 0 && !cell[start - 1] && draw_below(4))
		start--;
	while (end < PAGES && !cell[end] && draw_below(4))
		end++;
	fill(start, end, vma->flags);
	vma_set_range(vma, AT(start), AT(end));
	vma_merge(mm, vma, &dead);
	vma_free_chain(dead);
}

/* Other flags for any range: isolate, change, merge, as mprotect does. */
static void step_change(void)
{
	size_t start = draw_below(PAGES), end = start + 1 + draw_below(20);
	u32 flags = draw_flags() & ~(u32)VM_GROWSDOWN;
	struct vma *vma, *dead = NULL;

	end = MIN(end, PAGES);
	EXPECT(!vma_isolate(mm, AT(start), AT(end)));
	for (vma = vma_find(mm, AT(start)); vma && vma->start < AT(end);
	     vma = vma_next(vma))
		if (!(vma->flags & VM_GROWSDOWN))
			vma_set_flags(vma, flags);
	vma_merge_range(mm, AT(start), AT(end), &dead);
	vma_free_chain(dead);
	for (; start < end; start++)
		if (cell[start] && !(cell[start] & VM_GROWSDOWN))
			cell[start] = flags;
}

/* ---- the comparison ------------------------------------------------------------------ */

static void compare_page(size_t page)
{
	struct vma *vma = vma_find(mm, AT(page)), *before;
	size_t next = page;

	while (next < PAGES && !cell[next])
		next++;
	if (next == PAGES) {
		EXPECT(!vma);
	} else {
		EXPECT(vma && vma->flags == cell[next]);
		EXPECT_SAME(vma->start, AT(run_start(next)));
		EXPECT_SAME(vma->end, AT(run_end(next)));
		EXPECT_SAME(vma->pgoff, vma->start >> PAGE_SHIFT);
	}
	before = vma_find_before(mm, AT(page));
	EXPECT(before == (vma ? vma_prev(vma) : before));
	EXPECT(!before || before->end <= AT(page));
}

static void compare_gaps(void)
{
	size_t nr = 1 + draw_below(draw_below(4) ? 20 : PAGES);
	size_t low = draw_below(PAGES),
	       high = low + draw_below(PAGES - low + 1);

	if (draw_below(2)) {
		low = 0;
		high = PAGES;
	}
	EXPECT_SAME(vma_find_gap(mm, nr * PAGE_SIZE, AT(low), AT(high)),
		    best_gap(nr, low, high));
}

static void compare(void)
{
	size_t used = 0;

	EXPECT_SOUND(vma_tree_check(mm));
	EXPECT_SAME(mm->nr_vmas, count_runs());
	for (size_t i = 0; i < PAGES; i++)
		used += cell[i] != 0;
	EXPECT_SAME(mm->total_vm, used);
	for (int i = 0; i < 8; i++)
		compare_page(draw_below(PAGES));
	for (int i = 0; i < 3; i++)
		compare_gaps();
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000;
	static void (*const steps[])(void) = {
		step_insert, step_insert, step_insert, step_remove,
		step_shrink, step_grow, step_change,
	};

	draw_state = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	machine_boot(128, "loglevel=3");
	EXPECT(!mm_create(&mm));
	for (unsigned long i = 0; i < rounds; i++) {
		steps[draw_below(array_size(steps))]();
		compare();
	}
	while (mm->nr_vmas) {
		struct vma *vma = vma_find(mm, 0);

		vma_remove(mm, vma);
		vma_free_chain(vma);
	}
	EXPECT_SOUND(vma_tree_check(mm));
	mm_put(mm);
	printf("ok - vma_model: %lu steps\n1..1\n", rounds);
	return 0;
}
