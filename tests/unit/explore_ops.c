/* SPDX-License-Identifier: MIT */
/*
 * The operations: a letter and a page each, on the kernel and on a reference.
 *
 *	"P w0 r0; P u0; C w0"	three actors: two in space P, one in its child C;
 *				the first writes page 0 and reads it, …
 *
 *	 …  page 0    1  │  2    3    4    5    6    7    8 … 11
 *	         anonymous          file shared private   nothing
 *	 one VMA      table border
 *	 on 2 MiB: fork shares the table of pages 0 and 1 in every second run
 *
 * '?' is any page, '*' any operation. The reference is an array of pages and
 * does one operation at a time; what several at once may come to is the
 * business of explore_judge.c.
 */
#include <string.h>

#include "lib/errno.h"
#include "mm/frames/kmalloc.h"
#include "mm/spaces/rmap_walk.h"
#include "mm/spaces/share.h"
#include "mm/tables/tlb.h"
#include "tests/unit/explore.h"

struct mm *spaces[SPACES];
struct mapping *file;

static struct ref_page *page_of(struct ref_state *s, const struct op *op)
{
	return &s->page[op->space][op->page];
}

/* While a truncation is under way, pages behind the end are there or not. */
static bool ref_is_loose(const struct ref_page *p, const struct ref_state *s)
{
	return s->truncating && p->mapped && p->kind != KIND_ANON &&
	       p->index > 0;
}

int ref_read(const struct ref_state *s, unsigned int space, unsigned int page)
{
	const struct ref_page *p = &s->page[space][page];

	if (!p->mapped || p->prot == PROT_NONE)
		return -1;
	if (p->kind == KIND_ANON || p->own)
		return p->byte;
	return p->index < s->file_pages ? s->file[p->index] : -1;
}

/* ---- accesses ------------------------------------------------------------- */

static int run_read(const struct op *op)
{
	u8 byte;

	return host_user_read(AT(op->page) + BYTE, &byte, 1) ? byte : -1;
}

static int do_ref_read(const struct op *op, struct ref_state *s)
{
	return ref_read(s, op->space, op->page);
}

static int run_write(const struct op *op)
{
	return host_user_write(AT(op->page) + BYTE, &op->value, 1);
}

static int run_kernel_write(const struct op *op)
{
	return mm_write(spaces[op->space], AT(op->page) + BYTE, &op->value,
			1) == 1;
}

static int ref_write(const struct op *op, struct ref_state *s)
{
	struct ref_page *p = page_of(s, op);

	if (!p->mapped || !(p->prot & PROT_WRITE))
		return 0;
	if (p->kind != KIND_ANON && !p->own && p->index >= s->file_pages)
		return 0;
	if (p->kind == KIND_SHARED) {
		s->file[p->index] = op->value;
		return 1;
	}
	p->own = p->kind == KIND_PRIVATE;
	p->byte = op->value;
	if (p->twin) {
		s->page[op->space][p->twin - 1].own = p->own;
		s->page[op->space][p->twin - 1].byte = p->byte;
	}
	return 1;
}

/* A private page of the file: first it is copied, then the copy is written, and
 * what the file becomes in between the copy does not follow. */
static void ref_write_begins(const struct op *op, struct ref_state *s)
{
	struct ref_page *p = page_of(s, op);

	if (!p->mapped || !(p->prot & PROT_WRITE) || p->kind != KIND_PRIVATE ||
	    p->own || p->index >= s->file_pages)
		return;
	p->own = true;
	p->byte = s->file[p->index];
}

/* ---- mappings ---------------------------------------------------------------- */

static int run_munmap(const struct op *op)
{
	return mm_munmap(spaces[op->space], AT(op->page), PAGE_SIZE);
}

static int ref_munmap(const struct op *op, struct ref_state *s)
{
	*page_of(s, op) = (struct ref_page){ .mapped = false };
	return 0;
}

static int run_munmap_all(const struct op *op)
{
	return mm_munmap(spaces[op->space], LOWEST, AT(PAGES) - LOWEST);
}

static int ref_munmap_all(const struct op *op, struct ref_state *s)
{
	memset(s->page[op->space], 0, sizeof(s->page[op->space]));
	return 0;
}

static int run_mmap(const struct op *op)
{
	return space_map_at(spaces[op->space], AT(op->page), 1, SPACE_RW);
}

static int ref_mmap(const struct op *op, struct ref_state *s)
{
	*page_of(s, op) = (struct ref_page){ .mapped = true, .prot = SPACE_RW };
	return 1;
}

static int ref_protect(const struct op *op, struct ref_state *s, u8 prot)
{
	struct ref_page *p = page_of(s, op);

	if (!p->mapped)
		return -ENOMEM;
	p->prot = prot;
	return 0;
}

static int run_protect_ro(const struct op *op)
{
	return mm_mprotect(spaces[op->space], AT(op->page), PAGE_SIZE,
			   PROT_READ);
}

static int ref_protect_ro(const struct op *op, struct ref_state *s)
{
	return ref_protect(op, s, PROT_READ);
}

static int run_protect_none(const struct op *op)
{
	return mm_mprotect(spaces[op->space], AT(op->page), PAGE_SIZE,
			   PROT_NONE);
}

static int ref_protect_none(const struct op *op, struct ref_state *s)
{
	return ref_protect(op, s, PROT_NONE);
}

static int run_protect_rw(const struct op *op)
{
	return mm_mprotect(spaces[op->space], AT(op->page), PAGE_SIZE,
			   SPACE_RW);
}

static int ref_protect_rw(const struct op *op, struct ref_state *s)
{
	return ref_protect(op, s, SPACE_RW);
}

/* To the attic, pages 8 … 11; from there back. */
static unsigned int other_place(unsigned int page)
{
	return page < 8 ? 8 + page % 4 : page - 8;
}

static int run_mremap(const struct op *op)
{
	vaddr_t at;

	return mm_mremap(spaces[op->space], AT(op->page), PAGE_SIZE, PAGE_SIZE,
			 MREMAP_MAYMOVE | MREMAP_FIXED,
			 AT(other_place(op->page)), &at);
}

/* The new place comes before the old one goes: in between a CPU may have the
 * page at both. Who knows the new place before the call returned? */
static int ref_mremap(const struct op *op, struct ref_state *s)
{
	struct ref_page *p = page_of(s, op);
	unsigned int to = other_place(op->page);

	if (!p->mapped)
		return -EFAULT;
	s->page[op->space][to] = *p;
	s->page[op->space][to].twin = op->page + 1;
	p->twin = (u8)(to + 1);
	return 0;
}

static int ref_mremap_ends(const struct op *op, struct ref_state *s)
{
	struct ref_page *p = page_of(s, op);

	if (!p->twin)
		return -EFAULT;
	s->page[op->space][p->twin - 1].twin = 0;
	*p = (struct ref_page){ .mapped = false };
	return 0;
}

static int run_dontneed(const struct op *op)
{
	return mm_madvise(spaces[op->space], AT(op->page), PAGE_SIZE,
			  MADV_DONTNEED);
}

static int ref_dontneed(const struct op *op, struct ref_state *s)
{
	struct ref_page *p = page_of(s, op);

	if (!p->mapped)
		return -ENOMEM;
	p->own = false;
	if (p->kind == KIND_ANON)
		p->byte = 0;
	return 0;
}

static bool look_at_leaf(struct vma *vma, struct pt_cursor *c, void *page)
{
	assertf(leaf_page(c->entry) == page, "va=%#lx", c->va);
	assertf(vma->start <= c->va && c->va < vma->end, "va=%#lx", c->va);
	return true;
}

/* From the page behind an address to all its leaves. */
static int run_look(const struct op *op)
{
	struct mm *mm = spaces[op->space];
	struct page *page = NULL;
	struct pt_cursor c;

	read_lock(&mm->lock);
	if (pt_slot_find(&c, &mm->space, AT(op->page))) {
		if (pte_kind(c.entry, 0) == PTE_LEAF &&
		    leaf_page(c.entry) != zero_page)
			page = leaf_page(c.entry);
		if (page)
			page_get(page);
		pt_cursor_end(&c);
	}
	read_unlock(&mm->lock);
	if (page) {
		rmap_walk(page, look_at_leaf, page);
		page_put(page);
	}
	return 0;
}

/* What reclaim will do to one leaf: cleared, flushed and freed under the lock
 * of its table. An anonymous page is lost: there is no swap here. */
static int run_reclaim(const struct op *op)
{
	struct mm *mm = spaces[op->space];
	struct rss_delta rss = { 0 };
	struct tlb_batch batch;
	struct pt_cursor c;
	struct page *page;

	if (share_own_page(mm, AT(op->page)))
		explore_fail("no memory for a table");
	read_lock(&mm->lock);
	if (share_denies_write(mm, AT(op->page))) {     /* by another fork */
		read_unlock(&mm->lock);
		return run_reclaim(op);
	}
	if (pt_slot_find(&c, &mm->space, AT(op->page))) {
		tlb_batch_begin(&batch, &mm->space, TLB_AGE);
		if (pte_kind(c.entry, 0) == PTE_LEAF) {
			page = leaf_page(pt_clear(c.slot));
			tlb_batch_note(&batch, AT(op->page), PAGE_SIZE);
			if (page != zero_page) {
				rss.nr[page_rss_kind(page)]--;
				page_leaf_removed(page);
				tlb_batch_put_page(&batch, page);
			}
		}
		tlb_batch_end(&batch);
		pt_cursor_end(&c);
		mm_add_rss(mm, &rss);
	}
	read_unlock(&mm->lock);
	return 0;
}

static int ref_reclaim(const struct op *op, struct ref_state *s)
{
	ref_dontneed(op, s);
	return 0;
}

/* ---- spaces -------------------------------------------------------------------- */

/* Where the child of this fork is kept. */
static unsigned int fork_place(const struct op *op)
{
	return 2u + op->actor * ACTOR_OPS + op->number;
}

static int run_fork(const struct op *op)
{
	return mm_fork(spaces[op->space], &spaces[fork_place(op)]);
}

static int ref_fork(const struct op *op, struct ref_state *s)
{
	memcpy(s->page[fork_place(op)], s->page[op->space], sizeof(s->page[0]));
	s->alive |= (u64)1 << fork_place(op);
	return 0;
}

static int run_fork_exit(const struct op *op)
{
	struct mm *child;
	int err = mm_fork(spaces[op->space], &child);

	if (!err)
		mm_put(child);
	return err;
}

static int ref_nothing(const struct op *op, struct ref_state *s)
{
	return 0;
}

static int run_exit(const struct op *op)
{
	struct mm *mm = current_thread()->mm;

	if (mm) {
		mm_use(current_thread(), NULL);
		mm_put(mm);
	}
	return 0;
}

static int ref_exit(const struct op *op, struct ref_state *s)
{
	s->alive &= ~((u64)1 << op->space);
	return 0;
}

/* ---- the file -------------------------------------------------------------------- */

static int run_truncate(const struct op *op)
{
	mapping_truncate(file, PAGE_SIZE);
	return 0;
}

static int ref_truncate_begins(const struct op *op, struct ref_state *s)
{
	s->truncating++;
	return op->result;
}

/* Behind the end there is nothing now: private copies went, too. */
static int ref_truncate(const struct op *op, struct ref_state *s)
{
	s->truncating--;
	s->file_pages = 1;
	for (unsigned int n = 0; n < SPACES; n++)
		for (unsigned int i = 0; i < PAGES; i++)
			if (s->page[n][i].kind == KIND_PRIVATE &&
			    s->page[n][i].index > 0)
				s->page[n][i].own = false;
	return 0;
}

static int run_file_write(const struct op *op)
{
	return (int)mapping_write(file, BYTE, &op->value, 1);
}

static int ref_file_write(const struct op *op, struct ref_state *s)
{
	s->file[0] = op->value;
	return 1;
}

/* ---- frames and objects: no contents, only what census and machine say ------------- */

static int run_pages(const struct op *op)
{
	struct page *page[3];

	for (unsigned int i = 0; i < 3; i++)
		page[i] = page_alloc(GFP_KERNEL, i);
	for (unsigned int i = 0; i < 3; i++)
		if (page[i])
			page_free(page[i], i);
	page_alloc_drain((int)this_cpu_read(cpu_number));
	return 0;
}

/* Objects from one CPU to the next: each gives the last one's back. */
static int run_objects(const struct op *op)
{
	static void *left[24];
	void *mine;

	for (size_t i = 0; i < array_size(left); i++) {
		mine = kmalloc(1024, GFP_KERNEL);
		kfree(__atomic_exchange_n(&left[i], mine, __ATOMIC_SEQ_CST));
	}
	for (size_t i = 0; i < array_size(left); i++)
		kfree(__atomic_exchange_n(&left[i], NULL, __ATOMIC_SEQ_CST));
	return 0;
}

/* ---- the table ------------------------------------------------------------------- */

static const struct op_kind {
	char letter;
	const char *name;
	int (*run)(const struct op *op);
	int (*ref)(const struct op *op, struct ref_state *s);
	u8 weight; /* of '*' */
} kinds[] = {
	{ 'r', "read", run_read, do_ref_read, 8 },
	{ 'w', "write", run_write, ref_write, 8 },
	{ 'k', "kernel write", run_kernel_write, ref_write, 2 },
	{ 'u', "munmap", run_munmap, ref_munmap, 2 },
	{ 'U', "munmap all", run_munmap_all, ref_munmap_all, 1 },
	{ 'a', "mmap", run_mmap, ref_mmap, 2 },
	{ 'p', "mprotect r", run_protect_ro, ref_protect_ro, 2 },
	{ 'n', "mprotect none", run_protect_none, ref_protect_none, 1 },
	{ 'q', "mprotect rw", run_protect_rw, ref_protect_rw, 2 },
	{ 'm', "mremap", run_mremap, ref_mremap, 2 },
	{ 'd', "dontneed", run_dontneed, ref_dontneed, 3 },
	{ 'c', "reclaim", run_reclaim, ref_reclaim, 3 },
	{ 'l', "look up", run_look, ref_nothing, 1 },
	{ 'f', "fork", run_fork, ref_fork, 2 },
	{ 'F', "fork, exit", run_fork_exit, ref_nothing, 1 },
	{ 'x', "exit", run_exit, ref_exit, 0 },
	{ 't', "truncate", run_truncate, ref_truncate, 0 },
	{ 'o', "file write", run_file_write, ref_file_write, 1 },
	{ 'g', "pages", run_pages, ref_nothing, 0 },
	{ 's', "objects", run_objects, ref_nothing, 0 },
};

static const struct op_kind *kind_of(char letter)
{
	for (size_t i = 0; i < array_size(kinds); i++)
		if (kinds[i].letter == letter)
			return &kinds[i];
	return NULL;
}

static char draw_kind(void)
{
	u64 total = 0, at;
	size_t i;

	for (i = 0; i < array_size(kinds); i++)
		total += kinds[i].weight;
	at = dice(total);
	for (i = 0; at >= kinds[i].weight; i++)
		at -= kinds[i].weight;
	return kinds[i].letter;
}

const char *op_text(const struct op *op)
{
	return kind_of(op->kind)->name;
}

int op_run(struct op *op)
{
	return kind_of(op->kind)->run(op);
}

unsigned int op_phases(const struct op *op)
{
	bool writes = op->kind == 'w' || op->kind == 'k';

	/* Pages 6 and 7, or where mremap may have put them. */
	return strchr("mt", op->kind) || (writes && op->page % 4 >= 2) ? 2 : 1;
}

int op_ref(const struct op *op, unsigned int phase, struct ref_state *s)
{
	bool any = ref_is_loose(page_of(s, op), s) && strchr("rwk", op->kind);
	int result = op->result;

	if (op->kind == 'm' && phase)
		result = ref_mremap_ends(op, s);
	else if (op->kind == 't' && !phase)
		result = ref_truncate_begins(op, s);
	else if (op->kind != 'm' && !phase && op_phases(op) == 2)
		ref_write_begins(op, s);
	else
		result = kind_of(op->kind)->ref(op, s);
	return any ? op->result : result;
}

/* ---- scripts ------------------------------------------------------------------------ */

static bool parse_op(struct script *s, unsigned int actor, u8 space,
		     const char *word, size_t len)
{
	static const char digits[] = "0123456789ab";
	unsigned int n = s->nr_ops[actor];
	const char *digit = len > 1 ? strchr(digits, word[1]) : digits;
	struct op *op = &s->op[actor][n];

	if (n == ACTOR_OPS)
		return false;
	*op = (struct op){ .kind = *word == '*' ? draw_kind() : *word,
			   .space = space,
			   .actor = (u8)actor,
			   .number = (u8)n };
	if (!kind_of(op->kind) || (!digit && word[1] != '?'))
		return false;
	op->page = (u8)(digit ? (u64)(digit - digits) : dice(9));
	op->value = (u8)(0x40 + actor * ACTOR_OPS + n);
	s->allocates |= op->kind == 'g' || op->kind == 's';
	s->child_exits |= space == 1 && op->kind == 'x';
	s->nr_ops[actor]++;
	return true;
}

bool script_parse(const char *text, struct script *s)
{
	const char *at = text;

	memset(s, 0, sizeof(*s));
	while (*at) {
		unsigned int actor = s->nr_actors;
		u8 space;

		at += strspn(at, " ;");
		if (!*at)
			break;
		if (actor == ACTORS || !strchr("PC", *at))
			return false;
		space = *at++ == 'C';
		s->has_child |= space;
		for (at += strspn(at, " "); *at && *at != ';';
		     at += strspn(at, " ")) {
			size_t len = strcspn(at, " ;");

			if (!parse_op(s, actor, space, at, len))
				return false;
			at += len;
		}
		s->nr_actors++;
	}
	return s->nr_actors > 0;
}

void script_text(const struct script *s, char *buf, size_t size)
{
	size_t len = 0;

	for (unsigned int a = 0; a < s->nr_actors; a++) {
		len += (size_t)snprintf(buf + len, size - len, "%s%c",
					a ? "; " : "",
					s->op[a][0].space ? 'C' : 'P');
		for (unsigned int n = 0; n < s->nr_ops[a]; n++)
			len += (size_t)snprintf(buf + len, size - len, " %c%x",
						s->op[a][n].kind,
						s->op[a][n].page);
	}
}
