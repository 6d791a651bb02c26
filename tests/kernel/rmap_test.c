/* SPDX-License-Identifier: MIT */
/* The way back from pages to those who map them: mm/backing/rmap, rmap_walk. */
#include "lib/errno.h"
#include "mm/spaces/fault.h"
#include "mm/spaces/rmap_walk.h"
#include "tests/kernel/space.h"
#include "tests/kernel/suite.h"

/* ---- the interval tree, against an array ------------------------------------ */

#define LINKS 64

static u64 rmap_draw(u64 *state, u64 n)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (*state >> 33) % n;
}

/* Do find and next name just the links that overlap, once each, in order? */
static bool rmap_query_is_right(struct rmap *r, struct rmap_link *links,
				u64 in, u64 first, u64 end)
{
	struct rmap_link *link;
	u64 last = 0;

	for (link = rmap_find(r, first, end); link;
	     link = rmap_next(link, first, end)) {
		u64 bit = (u64)1 << (link - links);

		if (!(in & bit) || link->first >= end || link->end <= first ||
		    link->first < last)
			return false;
		in &= ~bit;
		last = link->first;
	}
	for (u64 rest = in; rest; rest &= rest - 1) {
		link = &links[__builtin_ctzll(rest)];
		if (link->first < end && link->end > first)
			return false;           /* it was missed */
	}
	return true;
}

TEST(rmap, ranges_against_an_array)
{
	static struct rmap_link links[LINKS];
	u64 in = 0, state = 7;
	struct rmap r;
	bool sound = true;

	rmap_init(&r);
	rmap_lock(&r);
	for (int i = 0; i < 4000 && sound; i++) {
		u64 n = rmap_draw(&state, LINKS), from = rmap_draw(&state, 100);

		if (in >> n & 1) {
			rmap_remove(&r, &links[n]);
		} else {
			links[n].first = rmap_draw(&state, 100);
			links[n].end = links[n].first + 1 +
				       rmap_draw(&state, 20);
			rmap_insert(&r, &links[n]);
		}
		in ^= (u64)1 << n;
		sound = !rmap_check(&r) &&
			rmap_query_is_right(&r, links, in, from,
					    from + 1 + rmap_draw(&state, 9));
	}
	rmap_unlock(&r);
	EXPECT(sound);
}

/* ---- from a page to its leaves ----------------------------------------------- */

static bool rmap_note_va(struct vma *vma, struct pt_cursor *c, void *arg)
{
	*(vaddr_t *)arg += c->va;
	return true;
}

#define RELATIVES 8

/* One frame in many spaces, and twice in one: all leaves are found. */
TEST(rmap, walk_finds_every_leaf)
{
	struct mm *mm = space_enter(), *child[RELATIVES];
	struct mapping *m;
	struct page *page;
	vaddr_t one, two, sum = 0;
	int err;

	EXPECT(mm && !shmem_create(4 * PAGE_SIZE, &m));
	one = space_mmap(mm, 0, 4, SPACE_RW, MAP_SHARED, m, &err);
	two = space_mmap(mm, 0, 4, PROT_READ, MAP_PRIVATE, m, &err);
	EXPECT(user_poke(one + 2 * PAGE_SIZE, 'x'));
	EXPECT_EQ(user_peek(two + 2 * PAGE_SIZE), 'x');
	page = space_page(mm, one + 2 * PAGE_SIZE);
	for (int i = 0; i < RELATIVES; i++) {
		EXPECT_EQ(mm_fork(mm, &child[i]), 0);
		mm_use(current_thread(), child[i]);
		EXPECT_EQ(user_peek(one + 2 * PAGE_SIZE), 'x');
	}
	mm_use(current_thread(), mm);
	EXPECT_EQ(rmap_walk(page, rmap_note_va, &sum), RELATIVES + 2);
	EXPECT_EQ(sum, (RELATIVES + 1) * (one + 2 * PAGE_SIZE) + two +
			       2 * PAGE_SIZE);
	EXPECT_EQ(page->mapcount, RELATIVES + 2);
	mapping_truncate(m, PAGE_SIZE);
	for (int i = 0; i < RELATIVES; i++) {
		EXPECT(!space_page(child[i], one + 2 * PAGE_SIZE));
		mm_put(child[i]);
	}
	m->ops->put(m);
	space_leave(mm);
}

/* ---- from an anonymous page ------------------------------------------------------ */

/* How often the page is found, and at the sum of which addresses. */
static int rmap_find_page(struct page *page, vaddr_t *sum)
{
	*sum = 0;
	return rmap_walk(page, rmap_note_va, sum);
}

/* Parents, children and grandchildren, as long as they share it. */
TEST(rmap, anonymous_page_is_found_in_the_family)
{
	struct mm *mm = space_enter(), *child, *grandchild;
	struct page *page;
	vaddr_t at, sum;
	int err;

	EXPECT(mm);
	at = space_mmap(mm, 0, 4, SPACE_RW, MAP_PRIVATE, NULL, &err) +
	     PAGE_SIZE;
	EXPECT(user_poke(at, 'x'));
	page = space_page(mm, at);
	EXPECT_EQ(rmap_find_page(page, &sum), 1);
	EXPECT_EQ(sum, at);
	EXPECT(!mm_fork(mm, &child) && !mm_fork(child, &grandchild));
	EXPECT_EQ(rmap_find_page(page, &sum), 3);
	EXPECT_EQ(sum, 3 * at);
	mm_use(current_thread(), child);
	EXPECT(user_poke(at, 'y'));             /* a copy of its own */
	EXPECT_EQ(rmap_find_page(page, &sum), 2);
	EXPECT_EQ(rmap_find_page(space_page(child, at), &sum), 1);
	mm_use(current_thread(), grandchild);
	mm_put(child);
	page_get(page);
	space_leave(mm);                        /* the eldest goes first */
	EXPECT_EQ(rmap_find_page(page, &sum), 1);
	EXPECT_SOUND(mm_check(grandchild));
	mm_use(current_thread(), NULL);
	mm_put(grandchild);
	EXPECT_EQ(rmap_find_page(page, &sum), 0);       /* no family any more */
	page_put(page);
}

/* Moved by one relative, and moved again; the others have it at home. */
TEST(rmap, moved_pages_keep_their_home)
{
	struct mm *mm = space_enter(), *child;
	vaddr_t at, to, far, sum;
	struct page *page;
	int err;

	EXPECT(mm);
	at = space_mmap(mm, 0, 8, SPACE_RW, MAP_PRIVATE, NULL, &err);
	EXPECT(user_poke(at + 2 * PAGE_SIZE, 'x'));
	page = space_page(mm, at + 2 * PAGE_SIZE);
	EXPECT(!mm_fork(mm, &child));
	EXPECT(!mm_mremap(mm, at + PAGE_SIZE, 3 * PAGE_SIZE, 9 * PAGE_SIZE,
			  MREMAP_MAYMOVE, 0, &to));
	EXPECT(to != at + PAGE_SIZE);
	EXPECT_EQ(rmap_find_page(page, &sum), 2);
	EXPECT_EQ(sum, at + 2 * PAGE_SIZE + to + PAGE_SIZE);
	EXPECT(user_poke(to + 8 * PAGE_SIZE, 'z'));     /* came after the move */
	EXPECT_EQ(rmap_find_page(space_page(mm, to + 8 * PAGE_SIZE), &sum), 1);
	EXPECT(!mm_mremap(mm, to, 9 * PAGE_SIZE, 9 * PAGE_SIZE,
			  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &far));
	EXPECT(user_poke(to + PAGE_SIZE, 'n'));         /* another page, same home */
	EXPECT_EQ(rmap_find_page(page, &sum), 2);
	EXPECT_EQ(sum, at + 2 * PAGE_SIZE + far + PAGE_SIZE);
	EXPECT_EQ(user_peek(far + PAGE_SIZE), 'x');
	EXPECT_SOUND(mm_check(mm));
	EXPECT_SOUND(mm_check(child));
	mm_put(child);
	space_leave(mm);
}

/* A private copy of a file's page belongs to the family, not to the file. */
TEST(rmap, private_copy_is_found_in_the_family)
{
	struct mm *mm = space_enter(), *child;
	struct mapping *m;
	struct page *copy;
	vaddr_t at, sum;
	int err;

	EXPECT(mm && !shmem_create(4 * PAGE_SIZE, &m));
	at = space_mmap(mm, 0, 4, SPACE_RW, MAP_PRIVATE, m, &err);
	EXPECT(user_poke(at + PAGE_SIZE, 'x'));
	copy = space_page(mm, at + PAGE_SIZE);
	EXPECT_EQ(copy->type, PAGE_ANON);
	EXPECT(!mm_fork(mm, &child));
	EXPECT_EQ(rmap_find_page(copy, &sum), 2);
	EXPECT_EQ(sum, 2 * (at + PAGE_SIZE));
	mm_put(child);
	m->ops->put(m);
	space_leave(mm);
}

/* Who changes a space is not waited for. */
TEST(rmap, busy_space_is_passed_over)
{
	struct mm *mm = space_enter(), *child;
	struct page *page;
	vaddr_t at, sum;
	int err;

	EXPECT(mm);
	at = space_mmap(mm, 0, 1, SPACE_RW, MAP_PRIVATE, NULL, &err);
	EXPECT(user_poke(at, 'x'));
	page = space_page(mm, at);
	EXPECT(!mm_fork(mm, &child));
	write_lock(&child->lock);
	EXPECT_EQ(rmap_find_page(page, &sum), -EBUSY);
	EXPECT_EQ(sum, at);
	write_unlock(&child->lock);
	EXPECT_EQ(rmap_find_page(page, &sum), 2);
	mm_put(child);
	space_leave(mm);
}

/* ---- truncation and holes -------------------------------------------------------- */

/* Private copies behind the end go too; those before it stay. */
TEST(rmap, truncate_takes_private_copies)
{
	struct mm *mm = space_enter();
	struct mapping *m;
	vaddr_t at;
	int err;

	EXPECT(mm && !shmem_create(4 * PAGE_SIZE, &m));
	at = space_mmap(mm, 0, 4, SPACE_RW, MAP_PRIVATE, m, &err);
	for (vaddr_t i = 0; i < 4; i++)
		EXPECT(user_poke(at + i * PAGE_SIZE, (u8)(i + 1)));
	mapping_truncate(m, PAGE_SIZE + 1);
	EXPECT_EQ(user_peek(at), 1);
	EXPECT_EQ(user_peek(at + PAGE_SIZE), 2);
	EXPECT_EQ(user_peek(at + 2 * PAGE_SIZE), -1);
	EXPECT(!user_poke(at + 3 * PAGE_SIZE, 9));
	mapping_truncate(m, 4 * PAGE_SIZE);
	EXPECT_EQ(user_peek(at + 3 * PAGE_SIZE), 0);
	EXPECT_EQ(mm->rss[RSS_ANON], 2);
	EXPECT_SOUND(mm_check(mm));
	m->ops->put(m);
	space_leave(mm);
}

/* A hole empties the file for all; a private copy is no page of it. */
TEST(rmap, holes_spare_private_copies)
{
	struct mm *mm = space_enter();
	struct mapping *m;
	vaddr_t own, all;
	int err;

	EXPECT(mm && !shmem_create(4 * PAGE_SIZE, &m));
	all = space_mmap(mm, 0, 4, SPACE_RW, MAP_SHARED, m, &err);
	own = space_mmap(mm, 0, 4, SPACE_RW, MAP_PRIVATE, m, &err);
	for (vaddr_t i = 0; i < 4 * PAGE_SIZE; i += PAGE_SIZE / 2)
		EXPECT(user_poke(all + i, 'a'));
	EXPECT(user_poke(own + PAGE_SIZE, 'b'));
	EXPECT_EQ(user_peek(own + 2 * PAGE_SIZE), 'a');
	mapping_punch(m, PAGE_SIZE / 2, 3 * PAGE_SIZE + 1);
	EXPECT_EQ(m->nr_pages, 2);
	EXPECT_EQ(m->size, 4 * PAGE_SIZE);
	EXPECT_EQ(user_peek(all), 'a');
	EXPECT_EQ(user_peek(all + PAGE_SIZE / 2), 0);
	EXPECT_EQ(user_peek(all + PAGE_SIZE), 0);
	EXPECT_EQ(user_peek(own + PAGE_SIZE), 'b');
	EXPECT_EQ(user_peek(own + 2 * PAGE_SIZE), 0);
	EXPECT_EQ(user_peek(all + 3 * PAGE_SIZE), 0);
	EXPECT_EQ(user_peek(all + 3 * PAGE_SIZE + PAGE_SIZE / 2), 'a');
	EXPECT_SOUND(mm_check(mm));
	m->ops->put(m);
	space_leave(mm);
}

/* Splits, merges, moves and shrinking keep the file's view right [V5]. */
TEST(rmap, links_follow_their_vmas)
{
	struct mm *mm = space_enter();
	struct mapping *m;
	vaddr_t at, to;
	int err;

	EXPECT(mm && !shmem_create(16 * PAGE_SIZE, &m));
	at = space_mmap(mm, 0, 16, SPACE_RW, MAP_SHARED, m, &err);
	EXPECT_EQ(mm_populate(mm, at, 16 * PAGE_SIZE, true), 0);
	EXPECT_EQ(mm_mprotect(mm, at + 4 * PAGE_SIZE, 4 * PAGE_SIZE, PROT_READ),
		  0);
	EXPECT_SOUND(mm_check(mm));
	EXPECT_EQ(mm_mprotect(mm, at + 4 * PAGE_SIZE, 4 * PAGE_SIZE, SPACE_RW),
		  0);
	EXPECT_EQ(mm->nr_vmas, 1);
	EXPECT_EQ(mm_munmap(mm, at + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQ(mm_mremap(mm, at + 8 * PAGE_SIZE, 8 * PAGE_SIZE,
			    12 * PAGE_SIZE, MREMAP_MAYMOVE, 0, &to),
		  0);
	EXPECT_SOUND(mm_check(mm));
	mapping_truncate(m, 9 * PAGE_SIZE);
	EXPECT(user_peek(to) == 0 && user_peek(to + PAGE_SIZE) == -1);
	EXPECT_EQ(mm->rss[RSS_SHMEM], 8);
	mapping_truncate(m, 0);
	EXPECT_EQ(mm_rss(mm), 0);
	EXPECT_SOUND(mm_check(mm));
	m->ops->put(m);
	space_leave(mm);
}
