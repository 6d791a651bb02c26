/* SPDX-License-Identifier: MIT */
/* The mmap family: places, errors, limits, and what it leaves of the tables. */
#include "lib/errno.h"
#include "lib/format.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define FAR  ((vaddr_t)0x100000000000)

static int map_error(struct mm *mm, vaddr_t addr, size_t len, u32 flags,
		     u64 offset)
{
	struct mmap_request rq = { .addr = addr, .len = len, .prot = SPACE_RW,
				   .flags = flags, .offset = offset };
	vaddr_t at;

	return mm_mmap(mm, &rq, &at);
}

TEST(mmap, bad_requests)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	EXPECT_EQ(map_error(mm, 0, 0, ANON, 0), -EINVAL);
	EXPECT_EQ(map_error(mm, 0, ~(size_t)0, ANON, 0), -ENOMEM);
	EXPECT_EQ(map_error(mm, 0, USER_END, ANON, 0), -ENOMEM);
	EXPECT_EQ(map_error(mm, 0, PAGE_SIZE, MAP_ANONYMOUS, 0), -EINVAL);
	EXPECT_EQ(map_error(mm, 0, PAGE_SIZE, ANON, 1), -EINVAL);
	EXPECT_EQ(map_error(mm, FAR + 1, PAGE_SIZE, ANON | MAP_FIXED, 0),
		  -EINVAL);
	EXPECT_EQ(map_error(mm, USER_END - PAGE_SIZE, 2 * PAGE_SIZE,
			    ANON | MAP_FIXED, 0),
		  -ENOMEM);
	EXPECT_EQ(map_error(mm, 0, PAGE_SIZE, ANON | MAP_FIXED, 0), -EPERM);
	EXPECT_EQ(map_error(mm, 0, PAGE_SIZE,
			    MAP_SHARED_VALIDATE | MAP_ANONYMOUS, 0),
		  -EINVAL);
	EXPECT_EQ(map_error(mm, 0, PAGE_SIZE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, 0),
		  -EINVAL);
	EXPECT_EQ(mm->nr_vmas, 0);
	space_leave(mm);
}

TEST(mmap, rights_of_the_descriptor)
{
	struct mm *mm = space_enter();
	struct mmap_request rq = { .len = PAGE_SIZE, .prot = SPACE_RW,
				   .flags = MAP_SHARED, .may_read = true };
	vaddr_t at;

	EXPECT(mm);
	EXPECT_EQ(shmem_create(PAGE_SIZE, &rq.mapping), 0);
	EXPECT_EQ(mm_mmap(mm, &rq, &at), -EACCES);
	rq.prot = PROT_READ;
	EXPECT_EQ(mm_mmap(mm, &rq, &at), 0);
	EXPECT_EQ(mm_mprotect(mm, at, PAGE_SIZE, SPACE_RW), -EACCES);
	rq.flags = MAP_SHARED_VALIDATE | 0x200000;
	EXPECT_EQ(mm_mmap(mm, &rq, &at), -EOPNOTSUPP);
	rq.offset = 1ull << 63;
	EXPECT_EQ(mm_mmap(mm, &rq, &at), -EOVERFLOW);
	rq.offset = 0;
	rq.flags = MAP_PRIVATE;
	rq.prot = SPACE_RW;
	EXPECT_EQ(mm_mmap(mm, &rq, &at), 0);
	rq.may_read = false;
	EXPECT_EQ(mm_mmap(mm, &rq, &at), -EACCES);
	rq.mapping->ops->put(rq.mapping);
	EXPECT_EQ(mm->nr_vmas, 2);
	space_leave(mm);
}

TEST(mmap, places)
{
	struct mm *mm = space_enter();
	vaddr_t first, next;
	int err;

	EXPECT(mm);
	first = space_map(mm, 3, SPACE_RW);
	EXPECT_EQ(first, mm->mmap_base - 3 * PAGE_SIZE);
	next = space_map(mm, 2, PROT_READ);
	EXPECT_EQ(next, first - 2 * PAGE_SIZE);
	/* a free hint is taken, rounded to its page */
	EXPECT_EQ(space_mmap(mm, FAR + 5, 1, SPACE_RW, ANON, NULL, &err), FAR);
	/* a taken one is not */
	EXPECT_EQ(space_mmap(mm, FAR, 1, SPACE_RW, ANON, NULL, &err),
		  next - PAGE_SIZE);
	EXPECT_EQ(space_mmap(mm, PAGE_SIZE, 1, PROT_READ, ANON, NULL, &err),
		  MM_MIN_ADDR);
	EXPECT_EQ(space_mmap(mm, FAR, 1, SPACE_RW, ANON | MAP_FIXED_NOREPLACE,
			     NULL, &err),
		  0);
	EXPECT_EQ(err, -EEXIST);
	EXPECT_EQ(space_mmap(mm, FAR + PAGE_SIZE, 1, SPACE_RW,
			     ANON | MAP_FIXED_NOREPLACE, NULL, &err),
		  FAR + PAGE_SIZE);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, fixed_replaces)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 5, SPACE_RW);
	EXPECT(user_poke(at + PAGE_SIZE, 1) &&
	       user_poke(at + 2 * PAGE_SIZE, 2) &&
	       user_poke(at + 3 * PAGE_SIZE, 3));
	EXPECT(space_map_at(mm, at + 2 * PAGE_SIZE, 1, SPACE_RW));
	EXPECT_EQ(mm->nr_vmas, 1);              /* merged again */
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 1);
	EXPECT_EQ(user_peek(at + 2 * PAGE_SIZE), 0);
	EXPECT_EQ(user_peek(at + 3 * PAGE_SIZE), 3);
	EXPECT_EQ(mm->rss[RSS_ANON], 2);
	EXPECT_EQ(mm->total_vm, 5);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* munmap gives back pages and tables; only the top table stays. */
TEST(mmap, munmap_frees_everything)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 3000, SPACE_RW));
	for (at = FAR; at < FAR + 3000 * PAGE_SIZE; at += 700 * PAGE_SIZE)
		EXPECT(user_poke(at, 1));
	EXPECT(mm->nr_tables > 5);
	EXPECT_EQ(mm_munmap(mm, FAR + 1, PAGE_SIZE), -EINVAL);
	EXPECT_EQ(mm_munmap(mm, FAR, 0), -EINVAL);
	EXPECT_EQ(mm_munmap(mm, FAR, USER_END), -EINVAL);
	EXPECT_EQ(mm_munmap(mm, FAR - MIB(64), MIB(256)), 0);
	EXPECT_EQ(mm->nr_tables, 1);
	EXPECT_EQ(mm_rss(mm), 0);
	EXPECT_EQ(mm_hiwater_rss(mm), 5);
	EXPECT_EQ(mm->nr_vmas, 0);
	EXPECT_EQ(mm_munmap(mm, FAR, PAGE_SIZE), 0);        /* a hole is fine */
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* More pages than a flush batch holds: none is freed before its flush. */
TEST(mmap, large_unmap_flushes_every_page)
{
	struct mm *mm = space_enter();
	const size_t pages = 700;
	size_t i;

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, pages, SPACE_RW));
	for (i = 0; i < pages; i++)
		EXPECT(user_poke(FAR + i * PAGE_SIZE, 1));
	EXPECT_EQ(mm_madvise(mm, FAR, 300 * PAGE_SIZE, MADV_DONTNEED), 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 400);
	EXPECT_EQ(user_peek(FAR + 299 * PAGE_SIZE), 0);
	EXPECT_EQ(mm_munmap(mm, FAR, pages * PAGE_SIZE), 0);
	EXPECT_EQ(mm_rss(mm), 0);
	for (i = 0; i < pages; i++)
		EXPECT_EQ(user_peek(FAR + i * PAGE_SIZE), -1);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* Source and target tables are cut at different places. */
TEST(mmap, mremap_across_shifted_tables)
{
	const u32 fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
	const vaddr_t from = FAR + 500 * PAGE_SIZE,
		      to = FAR + MIB(64) + 300 * PAGE_SIZE;
	struct mm *mm = space_enter();
	vaddr_t at;
	size_t i;

	EXPECT(mm);
	EXPECT(space_map_at(mm, from, 1200, SPACE_RW));
	for (i = 0; i < 1200; i += 3)
		EXPECT(user_poke(from + i * PAGE_SIZE, (u8)i));
	EXPECT_EQ(mm_mremap(mm, from, 1200 * PAGE_SIZE, 1200 * PAGE_SIZE, fixed,
			    to, &at),
		  0);
	for (i = 0; i < 1200; i++)
		EXPECT_EQ(user_peek(to + i * PAGE_SIZE), i % 3 ? 0 : (u8)i);
	EXPECT_EQ(mm->rss[RSS_ANON], 400);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, limits)
{
	struct mm *mm = space_enter();
	vaddr_t at;
	int err;

	EXPECT(mm);
	mm->limit_as = 10 * PAGE_SIZE;
	mm->limit_data = 6 * PAGE_SIZE;
	EXPECT(space_map_at(mm, FAR, 6, SPACE_RW));
	EXPECT(!space_map(mm, 1, SPACE_RW));                /* DATA */
	EXPECT(space_map(mm, 4, PROT_READ));
	EXPECT(!space_map(mm, 1, PROT_READ));               /* AS */
	EXPECT(space_map_at(mm, FAR, 6, SPACE_RW));         /* replaces: fits */
	at = vma_find(mm, FAR + 6 * PAGE_SIZE)->start;
	mm->limit_as = 11 * PAGE_SIZE;          /* DATA alone is in the way */
	EXPECT_EQ(mm_mprotect(mm, at, PAGE_SIZE, SPACE_RW), -ENOMEM);
	EXPECT_EQ(space_mmap(mm, 0, 2, SPACE_RW, MAP_SHARED | MAP_ANONYMOUS,
			     NULL, &err),
		  0);
	EXPECT_EQ(err, -ENOMEM);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, heap)
{
	struct mm *mm = space_enter();
	const vaddr_t start = FAR + 0x123;

	EXPECT(mm);
	EXPECT_EQ(mm_set_brk(mm, start, start), 0);
	EXPECT_EQ(mm_brk(mm, 0), start);
	EXPECT_EQ(mm_brk(mm, start - 1), start);
	EXPECT_EQ(mm_brk(mm, start + 3 * PAGE_SIZE), start + 3 * PAGE_SIZE);
	EXPECT(user_poke(start + 3 * PAGE_SIZE - 1, 8));
	EXPECT_EQ(mm_brk(mm, start + 3 * PAGE_SIZE + 5),
		  start + 3 * PAGE_SIZE + 5);
	EXPECT_EQ(mm->nr_vmas, 1);
	EXPECT_EQ(mm_brk(mm, start + PAGE_SIZE), start + PAGE_SIZE);
	EXPECT_EQ(user_peek(start + 3 * PAGE_SIZE - 1), -1);
	EXPECT_EQ(mm_rss(mm), 0);
	/* what is in the way stops it */
	EXPECT(space_map_at(mm, FAR + 10 * PAGE_SIZE, 1, PROT_READ));
	EXPECT_EQ(mm_brk(mm, FAR + 10 * PAGE_SIZE), start + PAGE_SIZE);
	EXPECT_EQ(mm_brk(mm, FAR + 9 * PAGE_SIZE), FAR + 9 * PAGE_SIZE);
	mm->limit_data = 8 * PAGE_SIZE;
	EXPECT_EQ(mm_brk(mm, FAR + 8 * PAGE_SIZE), FAR + 8 * PAGE_SIZE);
	EXPECT_EQ(mm_brk(mm, FAR + 9 * PAGE_SIZE), FAR + 8 * PAGE_SIZE);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, mprotect_toggles_rights)
{
	struct mm *mm = space_enter();
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	at = space_map(mm, 4, SPACE_RW);
	EXPECT(user_poke(at, 1));
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 0);            /* zero page */
	page = space_page(mm, at);
	EXPECT_EQ(mm_mprotect(mm, at, 4 * PAGE_SIZE, PROT_READ), 0);
	EXPECT(!user_poke(at, 2) && !user_poke(at + PAGE_SIZE, 2));
	EXPECT_EQ(mm_mprotect(mm, at, 4 * PAGE_SIZE, SPACE_RW), 0);
	/* one owner: writable without a fault; the zero page never */
	EXPECT(space_prot(mm, at) & PT_WRITE);
	EXPECT(!(space_prot(mm, at + PAGE_SIZE) & PT_WRITE));
	EXPECT(user_poke(at, 3) && user_poke(at + PAGE_SIZE, 4));
	EXPECT(space_page(mm, at) == page);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* What lies before an obstacle is changed, as on Linux. */
TEST(mmap, mprotect_stops_at_holes)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 2, SPACE_RW));
	EXPECT(space_map_at(mm, FAR + 3 * PAGE_SIZE, 2, SPACE_RW));
	EXPECT_EQ(mm_mprotect(mm, FAR, 5 * PAGE_SIZE, PROT_READ), -ENOMEM);
	EXPECT_EQ(vma_find(mm, FAR)->flags & VM_ACCESS, VM_READ);
	EXPECT_EQ(vma_find(mm, FAR + 3 * PAGE_SIZE)->flags & VM_ACCESS,
		  VM_READ | VM_WRITE);
	EXPECT_EQ(mm_mprotect(mm, FAR + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ),
		  -ENOMEM);
	EXPECT_EQ(mm_mprotect(mm, FAR + 1, PAGE_SIZE, PROT_READ), -EINVAL);
	EXPECT_EQ(mm_mprotect(mm, FAR, PAGE_SIZE, 0x100), -EINVAL);
	EXPECT_EQ(mm_mprotect(mm, FAR, PAGE_SIZE, PROT_READ | PROT_GROWSDOWN),
		  -EINVAL);
	EXPECT_EQ(mm_mprotect(mm, FAR, 0, PROT_READ), 0);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, mremap_in_place_and_away)
{
	struct mm *mm = space_enter();
	struct page *page;
	vaddr_t at;

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 4, SPACE_RW));
	EXPECT(user_poke(FAR + PAGE_SIZE, 11));
	EXPECT_EQ(mm_mremap(mm, FAR, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0, &at),
		  0);
	EXPECT_EQ(at, FAR);
	EXPECT_EQ(mm_mremap(mm, FAR, 8 * PAGE_SIZE, 4 * PAGE_SIZE, 0, 0, &at),
		  0);
	EXPECT_EQ(mm->total_vm, 4);
	EXPECT(space_map_at(mm, FAR + 4 * PAGE_SIZE, 1, PROT_READ));
	EXPECT_EQ(mm_mremap(mm, FAR, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0, &at),
		  -ENOMEM);
	page = space_page(mm, FAR + PAGE_SIZE);
	EXPECT_EQ(mm_mremap(mm, FAR, 4 * PAGE_SIZE, 8 * PAGE_SIZE,
			    MREMAP_MAYMOVE, 0, &at),
		  0);
	EXPECT(at != FAR);
	EXPECT(space_page(mm, at + PAGE_SIZE) == page);
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 11);
	EXPECT_EQ(user_peek(FAR + PAGE_SIZE), -1);
	EXPECT_EQ(mm->total_vm, 9);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, mremap_fixed_and_dontunmap)
{
	const u32 fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
	const vaddr_t to = FAR + GIB(3) + 5 * PAGE_SIZE;
	struct mm *mm = space_enter();
	vaddr_t at;
	int i;

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 1000, SPACE_RW));
	EXPECT(space_map_at(mm, to, 600, PROT_READ));
	for (i = 0; i < 1000; i += 100)
		EXPECT(user_poke(FAR + i * PAGE_SIZE, (u8)(i / 100 + 1)));
	EXPECT_EQ(mm_mremap(mm, FAR, MIB(1), MIB(1), fixed, FAR + PAGE_SIZE,
			    &at),
		  -EINVAL);
	EXPECT_EQ(mm_mremap(mm, FAR, 1000 * PAGE_SIZE, 1000 * PAGE_SIZE, fixed,
			    to, &at),
		  0);
	EXPECT_EQ(at, to);
	for (i = 0; i < 1000; i += 100)
		EXPECT_EQ(user_peek(to + i * PAGE_SIZE), i / 100 + 1);
	EXPECT_EQ(mm->rss[RSS_ANON], 10);
	EXPECT_EQ(mm->nr_vmas, 1);
	EXPECT_EQ(mm_mremap(mm, to, PAGE_SIZE, PAGE_SIZE,
			    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &at),
		  0);
	EXPECT_EQ(user_peek(at), 1);
	EXPECT_EQ(user_peek(to), 0);                        /* empty, but there */
	EXPECT_EQ(mm_mremap(mm, FAR, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE, 0,
			    &at),
		  -EFAULT);
	EXPECT_EQ(mm_mremap(mm, to, 0, PAGE_SIZE, MREMAP_MAYMOVE, 0, &at),
		  -EINVAL);
	EXPECT_EQ(mm_mremap(mm, to, PAGE_SIZE, 0, 0, 0, &at), -EINVAL);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

/* The middle of a VMA moves; the old tables that served nothing else go. */
TEST(mmap, mremap_out_of_the_middle)
{
	struct mm *mm = space_enter();
	vaddr_t at;

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 3, SPACE_RW));
	EXPECT(user_poke(FAR, 1) && user_poke(FAR + PAGE_SIZE, 2) &&
	       user_poke(FAR + 2 * PAGE_SIZE, 3));
	EXPECT_EQ(mm_mremap(mm, FAR + PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE,
			    MREMAP_MAYMOVE, 0, &at),
		  0);
	EXPECT_EQ(mm->nr_vmas, 3);
	EXPECT_EQ(user_peek(at), 2);
	EXPECT_EQ(user_peek(FAR), 1);
	EXPECT_EQ(user_peek(FAR + PAGE_SIZE), -1);
	EXPECT_EQ(user_peek(FAR + 2 * PAGE_SIZE), 3);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, madvise_dontneed_and_holes)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 2, SPACE_RW));
	EXPECT(space_map_at(mm, FAR + 3 * PAGE_SIZE, 1, SPACE_RW));
	EXPECT(user_poke(FAR, 1) && user_poke(FAR + 3 * PAGE_SIZE, 1));
	EXPECT_EQ(mm_madvise(mm, FAR, 4 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	EXPECT_EQ(mm_rss(mm), 0);                           /* the rest is done */
	EXPECT_EQ(user_peek(FAR), 0);
	EXPECT_EQ(mm_madvise(mm, FAR, PAGE_SIZE, 999), -EINVAL);
	EXPECT_EQ(mm_madvise(mm, FAR + 1, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	EXPECT_EQ(mm_madvise(mm, FAR, 0, MADV_DONTNEED), 0);
	EXPECT_EQ(mm_madvise(mm, FAR, 2 * PAGE_SIZE, MADV_POPULATE_WRITE), 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 2);
	EXPECT_EQ(mm_madvise(mm, FAR, 3 * PAGE_SIZE, MADV_POPULATE_READ),
		  -ENOMEM);
	EXPECT_EQ(mm_madvise(mm, FAR, PAGE_SIZE, MADV_FREE), 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 1);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, madvise_flags_split_and_merge)
{
	struct mm *mm = space_enter();

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 4, SPACE_RW));
	EXPECT_EQ(mm_madvise(mm, FAR + PAGE_SIZE, PAGE_SIZE, MADV_DONTFORK), 0);
	EXPECT_EQ(mm->nr_vmas, 3);
	EXPECT(vma_find(mm, FAR + PAGE_SIZE)->flags & VM_DONTFORK);
	EXPECT_EQ(mm_madvise(mm, FAR, 4 * PAGE_SIZE, MADV_DOFORK), 0);
	EXPECT_EQ(mm->nr_vmas, 1);
	EXPECT_SOUND(mm_check(mm));
	space_leave(mm);
}

TEST(mmap, mincore_tells)
{
	struct mm *mm = space_enter();
	u8 vec[4];

	EXPECT(mm);
	EXPECT(space_map_at(mm, FAR, 4, SPACE_RW));
	EXPECT(user_poke(FAR + PAGE_SIZE, 1));
	EXPECT_EQ(mm_mincore(mm, FAR, 4, vec), 0);
	EXPECT(vec[0] == 0 && vec[1] == 1 && vec[2] == 0 && vec[3] == 0);
	EXPECT_EQ(mm_mincore(mm, FAR, 5, vec), -ENOMEM);
	EXPECT_EQ(mm_mincore(mm, FAR + 1, 1, vec), -EINVAL);
	EXPECT_EQ(mm_mincore(mm, FAR, USER_END >> PAGE_SHIFT, vec), -ENOMEM);
	space_leave(mm);
}

/* What the cache has is in memory, also if this space never touched it. */
TEST(mmap, mincore_of_a_file)
{
	struct mm *mm = space_enter();
	struct mapping *m;
	vaddr_t at;
	u8 vec[3];
	int err;

	EXPECT(mm);
	EXPECT_EQ(shmem_create(0, &m), 0);
	EXPECT_EQ(mapping_write(m, PAGE_SIZE, "x", 1), 1);
	mapping_truncate(m, 3 * PAGE_SIZE);
	at = space_mmap(mm, 0, 3, SPACE_RW, MAP_PRIVATE, m, &err);
	EXPECT_EQ(mm_mincore(mm, at, 3, vec), 0);
	EXPECT(vec[0] == 0 && vec[1] == 1 && vec[2] == 0);
	EXPECT(user_poke(at + 2 * PAGE_SIZE, 1));
	EXPECT_EQ(mm_mincore(mm, at, 3, vec), 0);
	EXPECT(vec[0] == 0 && vec[1] == 1 && vec[2] == 1);
	m->ops->put(m);
	space_leave(mm);
}

TEST(mmap, maps_in_linux_format)
{
	static const char expected[] =
		"100000000000-100000001000 rw-p 00000000 00:00 0"
		"                          [heap]\n"
		"100000002000-100000003000 r--p 00000000 00:00 0 \n";
	struct mm *mm = space_enter();
	struct strbuf sb;
	char buf[256];
	u64 pos = 0;

	EXPECT(mm);
	EXPECT_EQ(mm_set_brk(mm, FAR, FAR), 0);
	EXPECT_EQ(mm_brk(mm, FAR + PAGE_SIZE), FAR + PAGE_SIZE);
	EXPECT(space_map_at(mm, FAR + 2 * PAGE_SIZE, 1, PROT_READ));
	strbuf_init(&sb, buf, sizeof(buf));
	mm_show_maps(mm, &sb, &pos);
	EXPECT(!strcmp(buf, expected));
	EXPECT_EQ(pos, USER_END);
	/* a buffer for one line: the second call goes on */
	pos = 0;
	strbuf_init(&sb, buf, 100);
	mm_show_maps(mm, &sb, &pos);
	EXPECT_EQ(pos, FAR + PAGE_SIZE);
	EXPECT(!strncmp(buf, expected, sb.len));
	strbuf_init(&sb, buf, 100);
	mm_show_maps(mm, &sb, &pos);
	EXPECT_EQ(pos, USER_END);
	EXPECT(!strcmp(buf, strchr(expected, '\n') + 1));
	space_leave(mm);
}
