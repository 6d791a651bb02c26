/* SPDX-License-Identifier: MIT */
/*
 * memblock: ranges of memory and of reservations, before there is a buddy.
 *
 * Every change of an array is one of two strokes:
 *
 *   fill    ──██──██──     the gaps of the new range become regions of their
 *           ──██▒▒██▒▒     own, then touching neighbours melt together
 *
 *   isolate ──██████──     regions are cut at both ends of the range, so that
 *           ──█|██|█──     it is exactly a run of whole regions, which are
 *                          then deleted (remove, free) or relabelled
 *
 * Room for the worst case is made before the first change, so an error leaves
 * everything as it was. An array that is full moves into free memory that
 * it finds, and reserves, through itself.
 *
 * Not done here: no NUMA policy beyond the node number, no hot-plug.
 */
#include "mm/frames/memblock.h"

#include "arch/mmu.h"
#include "kernel/base/panic.h"
#include "lib/errno.h"
#include "lib/string.h"

struct memblock memblock;

/* Regions that recording and forgetting an array's own place may take. */
#define MEMBLOCK_SLACK 3

static void memblock_array_reset(struct memblock_array *a, const char *name,
				 struct memblock_region *first)
{
	*a = (struct memblock_array){
		.name = name,
		.region = first,
		.max = MEMBLOCK_STATIC_REGIONS,
	};
}

/**
 * memblock_reset() - forget all ranges; arrays that grew are simply left
 *
 * Context: boot or test.
 */
void memblock_reset(struct memblock *mb)
{
	memblock_array_reset(&mb->memory, "memory", mb->first[0]);
	memblock_array_reset(&mb->reserved, "reserved", mb->first[1]);
	mb->bottom_up = false;
	mb->closed = false;
	mb->floor = 0;
	mb->limit = ~(u64)0;
	mb->firmware = 0;
	mb->unusable = 0;
}

/**
 * memblock_search() - index of the first region that ends above addr
 *
 * Binary search [Knuth3 6.2.1]: ends are sorted because bases are [B1].
 * Return: the index, array->nr if every region ends at or below addr.
 */
u32 memblock_search(const struct memblock_array *array, u64 addr)
{
	u32 low = 0, high = array->nr;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (memblock_region_end(&array->region[mid]) > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* ---- changing one array --------------------------------------------------- */

static void memblock_insert_at(struct memblock_array *a, u32 i, u64 base,
			       u64 size, int node, u32 flags)
{
	memmove(&a->region[i + 1], &a->region[i],
		(a->nr - i) * sizeof(a->region[0]));
	a->region[i] = (struct memblock_region){ base, size, node, flags };
	a->nr++;
	a->total += size;
}

/* Deletes regions [from, to). */
static void memblock_delete_run(struct memblock_array *a, u32 from, u32 to)
{
	u32 i;

	for (i = from; i < to; i++)
		a->total -= a->region[i].size;
	memmove(&a->region[from], &a->region[to],
		(a->nr - to) * sizeof(a->region[0]));
	a->nr -= to - from;
}

/* Restores [B2] after a change. */
static void memblock_melt(struct memblock_array *a)
{
	struct memblock_region *last = a->region, *r;
	u32 i;

	for (i = 1; i < a->nr; i++) {
		r = &a->region[i];
		if (memblock_region_end(last) == r->base &&
		    last->node == r->node && last->flags == r->flags)
			last->size += r->size;
		else
			*++last = *r;
	}
	if (a->nr)
		a->nr = (u32)(last - a->region) + 1;
}

/* Regions that filling [base, end) would add: its gaps. */
static u32 memblock_count_gaps(const struct memblock_array *a, u64 base,
			       u64 end)
{
	u32 i = memblock_search(a, base), gaps = 0;

	for (; i < a->nr && a->region[i].base < end; i++) {
		if (a->region[i].base > base)
			gaps++;
		base = memblock_region_end(&a->region[i]);
	}
	return gaps + (base < end);
}

/* The fill stroke. The array has room for the gaps. */
static void memblock_fill(struct memblock_array *a, u64 base, u64 end, int node)
{
	u32 i = memblock_search(a, base);

	while (base < end) {
		u64 stop = i < a->nr ? MIN(a->region[i].base, end) : end;

		if (base < stop)
			memblock_insert_at(a, i++, base, stop - base, node, 0);
		base = i < a->nr ? memblock_region_end(&a->region[i]) : end;
		i++;
	}
	memblock_melt(a);
}

/* Cuts the region that contains addr in two, if there is one. */
static void memblock_cut(struct memblock_array *a, u64 addr)
{
	u32 i = memblock_search(a, addr);
	struct memblock_region *r = &a->region[i];
	u64 end;

	if (i == a->nr || r->base >= addr)
		return;
	end = memblock_region_end(r);
	a->total -= end - addr;         /* memblock_insert_at adds it again */
	r->size = addr - r->base;
	memblock_insert_at(a, i + 1, addr, end - addr, r->node, r->flags);
}

/* The isolate stroke: [base, end) is then exactly the regions [*from, *to). */
static void memblock_isolate(struct memblock_array *a, u64 base, u64 end,
			     u32 *from, u32 *to)
{
	memblock_cut(a, base);
	memblock_cut(a, end);
	*from = memblock_search(a, base);
	*to = *from;
	while (*to < a->nr && a->region[*to].base < end)
		++*to;
}

/* ---- growing -------------------------------------------------------------- */

/* A place for size bytes that does not touch [base, end), which is being changed. */
static u64 memblock_find_outside(const struct memblock *mb, u64 size, u64 base,
				 u64 end)
{
	u64 addr = memblock_find(mb, size, PAGE_SIZE, end, ~(u64)0);

	return addr ? addr : memblock_find(mb, size, PAGE_SIZE, 0, base);
}

/*
 * Moves a full array to a place of its own, twice as large or more. The move
 * is recorded in the reserved array, which has MEMBLOCK_SLACK regions for it:
 * either it is the one that just grew, or the caller saw to it.
 */
static int memblock_move_array(struct memblock *mb, struct memblock_array *a,
			       u32 need, u64 base, u64 end)
{
	struct memblock_region *old = a->region;
	bool was_static = old == mb->first[0] || old == mb->first[1];
	u64 old_size = a->max * sizeof(*old), size, addr;
	u32 max = a->max;

	while (max < a->nr + need)
		max *= 2;
	size = max * sizeof(*old);
	addr = mb->closed ? 0 : memblock_find_outside(mb, size, base, end);
	if (!addr)
		return -ENOMEM;

	a->region = phys_to_virt(pa_make(addr));
	memcpy(a->region, old, a->nr * sizeof(*old));
	a->max = max;
	memblock_fill(&mb->reserved, addr, addr + size, -1);
	if (!was_static) {
		u64 place = virt_to_phys(old).v;
		u32 from, to;

		memblock_isolate(&mb->reserved, place, place + old_size, &from,
				 &to);
		memblock_delete_run(&mb->reserved, from, to);
	}
	return 0;
}

/* Makes room for `need` more regions in a, and for what recording that takes. */
static int memblock_make_room(struct memblock *mb, struct memblock_array *a,
			      u32 need, u64 base, u64 end)
{
	struct memblock_array *res = &mb->reserved;
	int err;

	if (a->max - a->nr >= need)
		return 0;
	if (a != res && res->max - res->nr < MEMBLOCK_SLACK) {
		err = memblock_move_array(mb, res, 2 * MEMBLOCK_SLACK, base,
					  end);
		if (err)
			return err;
	}
	return memblock_move_array(mb, a, need + 2 * MEMBLOCK_SLACK, base, end);
}

/* ---- the operations ------------------------------------------------------- */

static bool memblock_bad_range(u64 base, u64 size)
{
	return size == 0 || base + size < base;         /* [B1] [B3] */
}

static int memblock_add_to(struct memblock *mb, struct memblock_array *a,
			   u64 base, u64 size, int node)
{
	u64 end = base + size;
	int err;

	if (memblock_bad_range(base, size))
		return -EINVAL;
	err = memblock_make_room(mb, a, memblock_count_gaps(a, base, end), base,
				 end);
	if (!err)
		memblock_fill(a, base, end, node);
	return err;
}

static int memblock_remove_from(struct memblock *mb, struct memblock_array *a,
				u64 base, u64 size)
{
	u64 end = base + size;
	u32 from, to;
	int err;

	if (memblock_bad_range(base, size))
		return -EINVAL;
	err = memblock_make_room(mb, a, 1, base, end);
	if (err)
		return err;
	/* A cut at each end, but never two more regions for good. */
	memblock_cut(a, base);
	from = memblock_search(a, base);
	to = from;
	while (to < a->nr && memblock_region_end(&a->region[to]) <= end)
		to++;
	memblock_delete_run(a, from, to);
	if (from < a->nr && a->region[from].base < end) {
		struct memblock_region *r = &a->region[from];

		a->total -= end - r->base;
		r->size = memblock_region_end(r) - end;
		r->base = end;
	}
	return 0;
}

/** memblock_add() - [base, base + size) is RAM of a node. Context: boot. */
int memblock_add(struct memblock *mb, u64 base, u64 size, int node)
{
	return memblock_add_to(mb, &mb->memory, base, size, node);
}

/** memblock_remove() - the range is not RAM after all. Context: boot. */
int memblock_remove(struct memblock *mb, u64 base, u64 size)
{
	return memblock_remove_from(mb, &mb->memory, base, size);
}

/** memblock_reserve() - the range is taken, RAM or not. Context: boot. */
int memblock_reserve(struct memblock *mb, u64 base, u64 size)
{
	return memblock_add_to(mb, &mb->reserved, base, size, -1);
}

/** memblock_free() - the range is not taken any more. Context: boot, or the
 * section lock. */
int memblock_free(struct memblock *mb, u64 base, u64 size)
{
	return memblock_remove_from(mb, &mb->reserved, base, size);
}

/* Isolates the range's memory regions; room is made first. */
static int memblock_isolate_memory(struct memblock *mb, u64 base, u64 size,
				   u32 *from, u32 *to)
{
	int err;

	if (memblock_bad_range(base, size))
		return -EINVAL;
	err = memblock_make_room(mb, &mb->memory, 2, base, base + size);
	if (!err)
		memblock_isolate(&mb->memory, base, base + size, from, to);
	return err;
}

/** memblock_set_node() - the RAM of the range belongs to a node. Context: boot. */
int memblock_set_node(struct memblock *mb, u64 base, u64 size, int node)
{
	u32 from, to;
	int err = memblock_isolate_memory(mb, base, size, &from, &to);

	if (err)
		return err;
	for (; from < to; from++)
		mb->memory.region[from].node = node;
	memblock_melt(&mb->memory);
	return 0;
}

/**
 * memblock_mark_nomap() - the RAM of the range must stay out of the direct map
 *
 * It counts as memory, but is never free. Context: boot.
 */
int memblock_mark_nomap(struct memblock *mb, u64 base, u64 size)
{
	u32 from, to;
	int err = memblock_isolate_memory(mb, base, size, &from, &to);

	if (err)
		return err;
	for (; from < to; from++)
		mb->memory.region[from].flags |= MEMBLOCK_NOMAP;
	memblock_melt(&mb->memory);
	return 0;
}

/* ---- free = memory minus reserved ----------------------------------------- */

/* From at, inside a memory region that ends at end: the next free piece. */
static bool memblock_free_piece(const struct memblock_array *res, u64 at,
				u64 end, u64 *start, u64 *stop)
{
	u32 i = memblock_search(res, at);

	for (; i < res->nr && res->region[i].base <= at; i++)
		at = memblock_region_end(&res->region[i]);
	*start = at;
	*stop = i < res->nr ? MIN(res->region[i].base, end) : end;
	return at < end;
}

static bool memblock_next_free_node(const struct memblock *mb, u64 *pos,
				    u64 *start, u64 *end, u64 min, u64 max,
				    int node)
{
	u64 at = MAX(*pos, min);
	u32 i = memblock_search(&mb->memory, at);

	for (; i < mb->memory.nr; i++) {
		const struct memblock_region *r = &mb->memory.region[i];
		u64 stop = MIN(memblock_region_end(r), max);

		if (r->base >= max)
			break;
		if (r->flags & MEMBLOCK_NOMAP)
			continue;
		if (node >= 0 && r->node != node)
			continue;
		if (memblock_free_piece(&mb->reserved, MAX(at, r->base), stop,
					start, end)) {
			*pos = *end;
			return true;
		}
	}
	*pos = MAX(*pos, max);
	return false;
}

/** memblock_next_free() - see memblock.h. Context: boot, or the section lock. */
bool memblock_next_free(const struct memblock *mb, u64 *pos, u64 *start,
			u64 *end, u64 min, u64 max)
{
	return memblock_next_free_node(mb, pos, start, end, min, max, -1);
}

static u64 memblock_find_node(const struct memblock *mb, u64 size, u64 align,
			      u64 min, u64 max, int node)
{
	u64 pos = 0, start, end, found = 0;

	max = MIN(max, mb->limit);
	min = MAX(min, MAX(mb->floor,
			   (u64)1)); /* 0 means "none": never handed out */
	while (memblock_next_free_node(mb, &pos, &start, &end, min, max,
				       node)) {
		u64 base = ALIGN_UP(start, align);

		if (base < start || base >= end || end - base < size)
			continue;
		if (mb->bottom_up)
			return base;
		found = ALIGN_DOWN(end - size, align);  /* the last one wins */
	}
	return found;
}

/** memblock_find() - see memblock.h. Context: boot. */
u64 memblock_find(const struct memblock *mb, u64 size, u64 align, u64 min,
		  u64 max)
{
	return memblock_find_node(mb, size, align, min, max, -1);
}

/**
 * memblock_alloc_range() - find free memory and reserve it
 *
 * size and align are bytes. Context: boot, before memblock_hand_over().
 * Return: the physical address, 0 when there is none (or no room to note it).
 */
u64 memblock_alloc_range(struct memblock *mb, u64 size, u64 align, u64 min,
			 u64 max, int node)
{
	u64 addr;

	assertf(!mb->closed, "the buddy owns free memory now");
	/* Room first: making it may take the very range we would find. */
	if (!size || memblock_make_room(mb, &mb->reserved, 1, 0, 0))
		return 0;
	addr = memblock_find_node(mb, size, align, min, max, node);
	if (addr)
		memblock_fill(&mb->reserved, addr, addr + size, -1);
	return addr;
}

/** memblock_alloc() - see memblock.h. what: for the panic's text. */
void *memblock_alloc(size_t size, size_t align, const char *what)
{
	u64 addr = memblock_alloc_range(&memblock, size, align, 0, ~(u64)0, -1);
	void *va;

	if (!addr)
		panic("memblock: no %zu bytes (alignment %zu) for %s", size,
		      align, what);
	va = phys_to_virt(pa_make(addr));
	memset(va, 0, size);
	return va;
}

/** memblock_hand_over() - no allocation from here on. Context: boot. */
void memblock_hand_over(struct memblock *mb)
{
	assert(!mb->closed);
	mb->closed = true;
}

/* ---- questions ------------------------------------------------------------ */

static bool memblock_array_has(const struct memblock_array *a, u64 addr)
{
	u32 i = memblock_search(a, addr);

	return i < a->nr && a->region[i].base <= addr;
}

/** memblock_is_memory() - is there RAM at this physical address? Any context. */
bool memblock_is_memory(const struct memblock *mb, u64 addr)
{
	return memblock_array_has(&mb->memory, addr);
}

/** memblock_is_reserved() - is this physical address taken? Any context. */
bool memblock_is_reserved(const struct memblock *mb, u64 addr)
{
	return memblock_array_has(&mb->reserved, addr);
}

/** memblock_end_of_ram() - one past the last byte of RAM; 0: no RAM. */
u64 memblock_end_of_ram(const struct memblock *mb)
{
	u32 nr = mb->memory.nr;

	return nr ? memblock_region_end(&mb->memory.region[nr - 1]) : 0;
}

static const char *memblock_check_array(const struct memblock_array *a)
{
	const struct memblock_region *r, *prev = NULL;
	u64 total = 0;
	u32 i;

	if (a->nr > a->max)
		return "memblock: more regions than the array holds";
	for (i = 0; i < a->nr; i++, prev = r) {
		r = &a->region[i];
		total += r->size;
		if (!r->size)
			return "[B1] memblock: empty region";
		if (memblock_region_end(r) < r->base)
			return "[B3] memblock: region wraps";
		if (!prev)
			continue;
		if (memblock_region_end(prev) > r->base)
			return "[B1] memblock: regions overlap or are unsorted";
		if (memblock_region_end(prev) == r->base &&
		    prev->node == r->node && prev->flags == r->flags)
			return "[B2] memblock: neighbours not merged";
	}
	return total == a->total ? NULL : "[B4] memblock: total is wrong";
}

/** memblock_check() - NULL, or the broken invariant of either array. */
const char *memblock_check(const struct memblock *mb)
{
	const char *why = memblock_check_array(&mb->memory);

	return why ? why : memblock_check_array(&mb->reserved);
}
