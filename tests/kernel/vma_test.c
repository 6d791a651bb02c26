/* SPDX-License-Identifier: MIT */
/* VMAs: the tree, its gaps, splitting and merging, as mmap and munmap drive it. */
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

#define BASE ((vaddr_t)0x10000000)
#define AT(page) (BASE + (page) * PAGE_SIZE)

TEST(vma, find_by_address)
{
	struct mm *mm = space_enter();
	struct vma *vma;

	EXPECT(mm);
	EXPECT(space_map_at(mm, AT(10), 2, SPACE_RW));
	EXPECT(space_map_at(mm, AT(20), 3, SPACE_RW));
	vma = vma_find(mm, AT(0));
	EXPECT(vma && vma->start == AT(10) && vma->end == AT(12));
	EXPECT(vma_find(mm, AT(12) - 1) == vma);
	EXPECT(vma_find(mm, AT(12)) == vma_next(vma));
	EXPECT(vma_prev(vma_find(mm, AT(22))) == vma);
	EXPECT(vma_find(mm, AT(23)) == NULL);
	EXPECT(vma_find_before(mm, AT(20)) == vma);
	EXPECT(vma_find_before(mm, AT(12) - 1) == NULL);
	EXPECT_EQ(mm->nr_vmas, 2);
	EXPECT_EQ(mm->total_vm, 5);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(vma, neighbours_merge)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	EXPECT(space_map_at(mm, AT(0), 1, SPACE_RW));
	EXPECT(space_map_at(mm, AT(2), 1, SPACE_RW));
	EXPECT_EQ(mm->nr_vmas, 2);
	EXPECT(space_map_at(mm, AT(1), 1, SPACE_RW));      /* fills the gap */
	EXPECT_EQ(mm->nr_vmas, 1);
	EXPECT(space_map_at(mm, AT(3), 1, PROT_READ));     /* other rights */
	EXPECT_EQ(mm->nr_vmas, 2);
	EXPECT_SOUND(mm_check(mm));
	EXPECT_EQ(mm_mprotect(mm, AT(3), PAGE_SIZE, SPACE_RW), 0);
	EXPECT_EQ(mm->nr_vmas, 1);
	EXPECT_EQ(vma_pages(vma_find(mm, AT(0))), 4);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(vma, split_in_the_middle)
{
	struct mm *mm = space_enter();
	struct vma *vma;

	EXPECT(mm);
	EXPECT(space_map_at(mm, AT(0), 9, SPACE_RW));
	EXPECT_EQ(mm_mprotect(mm, AT(3), 3 * PAGE_SIZE, PROT_READ), 0);
	EXPECT_EQ(mm->nr_vmas, 3);
	vma = vma_find(mm, AT(4));
	EXPECT(vma->start == AT(3) && vma->end == AT(6));
	EXPECT_EQ(vma->pgoff, AT(3) >> PAGE_SHIFT);
	EXPECT_EQ(vma->flags & VM_ACCESS, VM_READ);
	EXPECT_SOUND(mm_check(mm));
	EXPECT_EQ(mm_munmap(mm, AT(4), PAGE_SIZE), 0);
	EXPECT_EQ(mm->nr_vmas, 4);
	EXPECT_EQ(mm->total_vm, 8);
	EXPECT(vma_find(mm, AT(4))->start == AT(5));
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* File VMAs are one only where the file goes on as well. */
TEST(vma, file_offsets_decide)
{
	struct mm *mm = space_enter();
	struct mmap_request rq = { .len = PAGE_SIZE, .prot = PROT_READ,
				   .flags = MAP_PRIVATE | MAP_FIXED,
				   .may_read = true };
	vaddr_t at;

	EXPECT(mm);
	EXPECT_EQ(shmem_create(4 * PAGE_SIZE, &rq.mapping), 0);
	rq.addr = AT(0);
	EXPECT_EQ(mm_mmap(mm, &rq, &at), 0);
	rq.addr = AT(1);
	rq.offset = 2 * PAGE_SIZE;
	EXPECT_EQ(mm_mmap(mm, &rq, &at), 0);
	EXPECT_EQ(mm->nr_vmas, 2);
	rq.offset = PAGE_SIZE;
	EXPECT_EQ(mm_mmap(mm, &rq, &at), 0);
	EXPECT_EQ(mm->nr_vmas, 1);
	EXPECT_EQ(rq.mapping->nr_maps, 1);
	EXPECT_SOUND(mm_check(mm));
	rq.mapping->ops->put(rq.mapping);
	space_leave(mm);
}

/* The highest hole that is large enough, whatever lies above it. */
TEST(vma, highest_gap_that_fits)
{
	struct mm *mm = space_enter();
	int i;

	EXPECT(mm);
	/* pages taken: 0, 4, 8 … so that holes of three pages remain */
	for (i = 0; i < 10; i++)
		EXPECT(space_map_at(mm, AT(i * 4), 1,
				    i & 1 ? PROT_READ : SPACE_RW));
	EXPECT_EQ(vma_find_gap(mm, 3 * PAGE_SIZE, BASE, AT(37)), AT(33));
	EXPECT_EQ(vma_find_gap(mm, 2 * PAGE_SIZE, BASE, AT(36)), AT(34));
	EXPECT_EQ(vma_find_gap(mm, 2 * PAGE_SIZE, BASE, AT(35)), AT(33));
	EXPECT_EQ(vma_find_gap(mm, 4 * PAGE_SIZE, BASE, AT(37)), 0);
	EXPECT_EQ(vma_find_gap(mm, 3 * PAGE_SIZE, AT(34), AT(37)), 0);
	EXPECT_EQ(vma_find_gap(mm, 5 * PAGE_SIZE, BASE, AT(42)), AT(37));
	EXPECT_EQ(mm_munmap(mm, AT(12), PAGE_SIZE), 0);    /* a hole of seven */
	EXPECT_EQ(vma_find_gap(mm, 4 * PAGE_SIZE, BASE, AT(37)), AT(12));
	EXPECT_EQ(vma_find_gap(mm, 7 * PAGE_SIZE, BASE, AT(37)), AT(9));
	EXPECT_EQ(vma_find_gap(mm, 8 * PAGE_SIZE, BASE, AT(37)), 0);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* Room below a stack belongs to its guard gap. */
TEST(vma, stack_guard_is_no_gap)
{
	const u32 flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
			  MAP_GROWSDOWN;
	const size_t guard = STACK_GUARD_GAP >> PAGE_SHIFT;
	struct mm *mm = space_enter();
	int err;

	EXPECT(mm);
	EXPECT(space_map_at(mm, AT(0), 1, SPACE_RW));
	EXPECT(space_mmap(mm, AT(guard + 10), 4, SPACE_RW, flags, NULL, &err));
	EXPECT_EQ(vma_find_gap(mm, 9 * PAGE_SIZE, BASE, AT(guard + 10)), AT(1));
	EXPECT_EQ(vma_find_gap(mm, 10 * PAGE_SIZE, BASE, AT(guard + 10)), 0);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* Lines as smaps has them, into a buffer of every size: not a byte behind it. */
TEST(vma, shown_within_the_buffer)
{
	enum { VMAS = 12, SIZE = 1500, BEHIND = 400 };
	static char text[SIZE + BEHIND];
	struct mm *mm = space_enter();
	struct strbuf sb;

	EXPECT(mm);
	for (vaddr_t i = 0; i < VMAS; i++)
		EXPECT(space_map_at(mm, AT(2 * i), 1, SPACE_RW));
	for (size_t size = 1; size <= SIZE; size++) {
		size_t behind = size;
		u64 pos = 0;
		int lines = 0;

		memset(text, 0x5a, sizeof(text));
		strbuf_init(&sb, text, size);
		while (lines < 2 * VMAS && pos < USER_END) {
			mm_show_map(mm, &sb, &pos, NULL, NULL);
			strbuf_printf(&sb, "Rss: %d kB\n", lines++);
		}
		while (behind < sizeof(text) && text[behind] == 0x5a)
			behind++;
		EXPECT_EQ(behind, sizeof(text));
	}
	space_leave(mm);
}

TEST(vma, checks_find_damage)
{
	struct mm *mm = space_enter();
	struct vma *vma;

	EXPECT(mm);
	EXPECT(space_map_at(mm, AT(0), 2, SPACE_RW));
	EXPECT(space_map_at(mm, AT(2), 2, PROT_READ));
	EXPECT_SOUND(vma_tree_check(mm));
	vma = vma_find(mm, AT(2));
	vma->gap_before += PAGE_SIZE;
	EXPECT(vma_tree_check(mm));
	vma->gap_before -= PAGE_SIZE;
	vma->start -= PAGE_SIZE;
	EXPECT(vma_tree_check(mm));
	vma->start += PAGE_SIZE;
	mm->total_vm++;
	EXPECT(vma_tree_check(mm));
	mm->total_vm--;
	vma_set_flags(vma, vma_find(mm, AT(0))->flags);
	EXPECT(vma_tree_check(mm));                         /* [V3] */
	vma_set_flags(vma, (vma->flags & ~(u32)VM_ACCESS) | VM_READ);
	EXPECT_SOUND(vma_tree_check(mm));
	space_leave(mm);
}
