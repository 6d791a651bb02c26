/* SPDX-License-Identifier: MIT */
/*
 * Allocation failures: the n-th allocation of an operation fails, for n = 1, 2,
 * 3 … until it needs no more. After each failure the space must look as it did
 * before, the census must add up, and in the end the operation must work.
 *
 *	  0     1     2     3     4     5     6     7    page of the window
 *	[ a  │  a  │  a  │  z  │  u  │  - ][ f  │  f ]  touched, zero page,
 *	                                                untouched, hole, file
 */
#include "kernel/base/inject.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/frames/slab.h"
#include "mm/pressure/census.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/share.h"
#include "tests/kernel/space.h"
#include "tests/unit/model.h"

#define WINDOW ((vaddr_t)0x40000000)
#define PAGES  8
#define AT(n)  (WINDOW + (n) * PAGE_SIZE)

/* What must be the same before and after an operation that failed. */
struct snapshot {
	char maps[2048];
	int contents[PAGES];
	u64 total_vm, data_vm, nr_vmas;
	vaddr_t brk;
	u64 spaces;
	u64 file_pages;
	u64 objects;                    /* handed out by all slab caches */
};

static struct mm *mm;
static struct mapping *file;

/* Sum of the second column of /proc/slabinfo. */
static u64 slab_objects(void)
{
	static char text[32768];
	struct strbuf sb;
	u64 nr, sum = 0;

	strbuf_init(&sb, text, sizeof(text));
	slab_show_slabinfo(&sb);
	EXPECT(!strbuf_overflowed(&sb));
	for (char *line = strchr(text, '\n'); line && line[1];
	     line = strchr(line + 1, '\n'))
		if (sscanf(line + 1, "%*s %lu", &nr) == 1)
			sum += nr;
	return sum;
}

static void take_snapshot(struct snapshot *s)
{
	struct census_mark mark;
	struct strbuf sb;
	u64 pos = 0;

	memset(s, 0, sizeof(*s));
	strbuf_init(&sb, s->maps, sizeof(s->maps));
	mm_show_maps(mm, &sb, &pos);
	for (int i = 0; i < PAGES; i++) {
		u8 byte;

		s->contents[i] = mm_read(mm, AT(i), &byte, 1) ? byte : -1;
	}
	s->total_vm = mm->total_vm;
	s->data_vm = mm->data_vm;
	s->nr_vmas = mm->nr_vmas;
	s->brk = mm->brk;
	census_mark(&mark);
	s->spaces = mark.spaces;
	s->file_pages = file->nr_pages;
	s->objects = slab_objects();
}

static void expect_quiet(void)
{
	struct census c;

	EXPECT_SOUND(census(&c));
	EXPECT_SOUND(mm_check(mm));
	EXPECT_SOUND(mapping_check(file));
}

static void set_up(void)
{
	struct mmap_request rq = { .addr = AT(6), .len = 2 * PAGE_SIZE,
				   .prot = SPACE_RW, .may_read = true,
				   .flags = MAP_PRIVATE | MAP_FIXED };
	vaddr_t at;

	mm = space_enter();
	EXPECT(mm != NULL);
	EXPECT(!shmem_create(0, &file));
	EXPECT(mapping_write(file, 0, "F", 1) == 1);
	EXPECT(mapping_write(file, PAGE_SIZE, "G", 1) == 1);
	rq.mapping = file;
	EXPECT(space_map_at(mm, AT(0), 5, SPACE_RW));
	EXPECT(!mm_mmap(mm, &rq, &at));
	for (int i = 0; i < 3; i++)
		EXPECT(user_poke(AT(i), (u8)(i + 1)));
	EXPECT(user_peek(AT(3)) == 0);
	EXPECT(!mm_set_brk(mm, AT(64), AT(64)));
}

static void tear_down(void)
{
	file->ops->put(file);
	space_leave(mm);
}

/*
 * Runs op with the n-th allocation failing, until none is left to fail. op
 * returns 0 or -ENOMEM, the latter without a trace.
 */
static void sweep(const char *name, int (*op)(void))
{
	struct snapshot before, after;
	struct census_mark at_first, at_last;
	u64 n, objects = slab_objects();
	int err;

	census_mark(&at_first);
	set_up();
	for (n = 1;; n++) {
		EXPECT(n < 1000);
		take_snapshot(&before);
		inject_arm(n);
		err = op();
		inject_disarm();
		if (!inject_fired)
			break;
		expect_quiet();
		take_snapshot(&after);
		if (err) {
			EXPECT_SAME(err, -ENOMEM);
			EXPECT(!strcmp(before.maps, after.maps));
			EXPECT(!memcmp(&before, &after, sizeof(before)));
		}
	}
	EXPECT_SAME(err, 0);
	expect_quiet();
	tear_down();
	census_mark(&at_last);
	EXPECT_SAME(at_first.used, at_last.used);
	EXPECT_SAME(objects, slab_objects());
	printf("ok - %s: %llu allocations\n", name, (unsigned long long)n - 1);
}

/* ---- the operations ------------------------------------------------------------ */

static int mmap_then(u32 flags, vaddr_t at, size_t pages)
{
	int err;

	if (space_mmap(mm, at, pages, PROT_READ, flags, NULL, &err))
		return 0;
	return err;
}

static int op_mmap(void)
{
	return mmap_then(MAP_PRIVATE | MAP_ANONYMOUS, 0, 3);
}

static int op_mmap_shared(void)
{
	return mmap_then(MAP_SHARED | MAP_ANONYMOUS, 0, 3);
}

/* Over the middle of a VMA: one for the new range, one for the upper rest. */
static int op_mmap_fixed(void)
{
	return mmap_then(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, AT(1), 1);
}

static int op_mmap_file(void)
{
	int err;

	space_mmap(mm, AT(1), 1, SPACE_RW, MAP_SHARED | MAP_FIXED, file, &err);
	return err;
}

static int op_populate(void)
{
	return mm_populate(mm, AT(0), 5 * PAGE_SIZE, true);
}

static int op_munmap_split(void)
{
	return mm_munmap(mm, AT(1), PAGE_SIZE);
}

static int op_mprotect_split(void)
{
	return mm_mprotect(mm, AT(1), PAGE_SIZE, PROT_READ);
}

static int op_madvise_split(void)
{
	return mm_madvise(mm, AT(1), 2 * PAGE_SIZE, MADV_DONTFORK);
}

static int op_brk(void)
{
	vaddr_t want = mm->brk + 3 * PAGE_SIZE;

	return mm_brk(mm, want) == want ? 0 : -ENOMEM;
}

static int op_fork(void)
{
	struct mm *child;
	int err = mm_fork(mm, &child);

	if (!err)
		mm_put(child);
	return err;
}

static int op_mremap_move(void)
{
	vaddr_t at;

	return mm_mremap(mm, AT(1), PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE, 0,
			 &at);
}

/* Across a table border, so that the move fails half-way. */
static int op_mremap_fixed(void)
{
	vaddr_t at;

	return mm_mremap(mm, AT(0), 3 * PAGE_SIZE, 3 * PAGE_SIZE,
			 MREMAP_MAYMOVE | MREMAP_FIXED,
			 WINDOW + GIB(1) - PAGE_SIZE, &at);
}

static int poke_result(vaddr_t va)
{
	return user_poke(va, 9) ? 0 : -ENOMEM;
}

static int op_fault_write(void)
{
	return poke_result(AT(4));
}

static int op_fault_upgrade(void)
{
	return poke_result(AT(3));
}

static int op_fault_file_copy(void)
{
	return poke_result(AT(7));
}

static int op_fault_far(void)
{
	const vaddr_t far = WINDOW + GIB(600);
	int err;

	if (!space_map_at(mm, far, 1, SPACE_RW))
		return -ENOMEM;
	err = poke_result(far);
	EXPECT(!mm_munmap(mm, far, PAGE_SIZE));
	return err;
}

/* A child copies what it shares with us, page by page. */
static int op_cow(void)
{
	struct mm *child;
	int err = mm_fork(mm, &child);
	u8 byte = 1;

	if (err)
		return err;
	for (int i = 0; !err && i < 3; i++)
		if (!mm_write(child, AT(i), &byte, 1))
			err = -ENOMEM;
	mm_put(child);
	return err;
}

/* ---- tables that fork shares: two of them, changed while there are two spaces ---- */

#define SHARED (WINDOW + GIB(2))

static int with_shared_tables(int (*change)(struct mm *child))
{
	struct mm *child;
	int err = -ENOMEM;

	if (!space_map_at(mm, SHARED, MIB(4) / PAGE_SIZE, SPACE_RW))
		return -ENOMEM;
	if (user_poke(SHARED, 1) && user_poke(SHARED + MIB(2), 1))
		err = mm_fork(mm, &child);
	if (!err) {
		EXPECT(child->nr_shared == 2);
		err = change(child);
		EXPECT_SOUND(mm_check(child));
		mm_put(child);
	}
	EXPECT(user_peek(SHARED) <= 1 && user_peek(SHARED + MIB(2)) <= 1);
	EXPECT(!mm_munmap(mm, SHARED, MIB(4)));
	return err;
}

static int change_write(struct mm *child)
{
	u8 byte = 2;

	return mm_write(child, SHARED, &byte, 1) ? 0 : -ENOMEM;
}

static int change_munmap(struct mm *child)
{
	return mm_munmap(mm, SHARED + MIB(1), MIB(2));
}

static int change_mprotect(struct mm *child)
{
	return mm_mprotect(child, SHARED, MIB(4), PROT_READ);
}

static int change_mremap(struct mm *child)
{
	vaddr_t at;

	return mm_mremap(child, SHARED, MIB(2), MIB(3), MREMAP_MAYMOVE, 0, &at);
}

static int change_dontneed(struct mm *child)
{
	int err = mm_madvise(child, SHARED, MIB(3), MADV_DONTNEED);

	return err == -EAGAIN ? -ENOMEM : err;
}

static int op_shared_write(void)
{
	return with_shared_tables(change_write);
}

static int op_shared_munmap(void)
{
	return with_shared_tables(change_munmap);
}

static int op_shared_mprotect(void)
{
	return with_shared_tables(change_mprotect);
}

static int op_shared_mremap(void)
{
	return with_shared_tables(change_mremap);
}

static int op_shared_dontneed(void)
{
	return with_shared_tables(change_dontneed);
}

static int op_file_write(void)
{
	return mapping_write(file, 100 * PAGE_SIZE, "x", 1) == 1 ? 0 : -ENOMEM;
}

static int op_mm_create(void)
{
	struct mm *other;
	int err = mm_create(&other);

	if (!err)
		mm_put(other);
	return err;
}

int main(void)
{
	machine_boot(128, "loglevel=2 slab_nomerge");
	sweep("mmap", op_mmap);
	sweep("mmap shared anonymous", op_mmap_shared);
	sweep("mmap fixed, split", op_mmap_fixed);
	sweep("mmap of a file, split", op_mmap_file);
	sweep("populate", op_populate);
	sweep("munmap, split", op_munmap_split);
	sweep("mprotect, two splits", op_mprotect_split);
	sweep("madvise, two splits", op_madvise_split);
	sweep("brk", op_brk);
	sweep("fork", op_fork);
	sweep("mremap, grow and move", op_mremap_move);
	sweep("mremap, fixed, two tables", op_mremap_fixed);
	sweep("fault: write", op_fault_write);
	sweep("fault: write after read", op_fault_upgrade);
	sweep("fault: private copy of a file page", op_fault_file_copy);
	sweep("fault: all levels of tables", op_fault_far);
	sweep("copy-on-write", op_cow);
	sweep("write to a file", op_file_write);
	sweep("mm_create", op_mm_create);
	share_min_bytes = MIB(2);
	sweep("shared tables: write", op_shared_write);
	sweep("shared tables: munmap of a part", op_shared_munmap);
	sweep("shared tables: mprotect", op_shared_mprotect);
	sweep("shared tables: mremap", op_shared_mremap);
	sweep("shared tables: MADV_DONTNEED", op_shared_dontneed);
	printf("1..24\n");
	return 0;
}
