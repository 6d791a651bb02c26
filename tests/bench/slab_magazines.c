/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU slabs (Lameter07) against magazines (Bonwick01), counted.
 *
 * Both run over the same slabs: 32 objects of 128 bytes, a list of partial
 * slabs under one lock. What differs is the layer in front of it:
 *
 *   slab      each CPU owns one slab; its free objects are linked through
 *             themselves; frees of other slabs' objects go to their slab
 *             under the lock
 *   others    the same, and a list of at most 32 objects of other slabs that
 *             this CPU freed and hands out next; when it is full all of it
 *             goes back to the slabs under one lock
 *   magazine  each CPU owns two arrays of M object pointers (loaded,
 *             previous), which are exchanged as a whole with a depot under a lock of its
 *             own; only the depot's misses go to the slabs
 *
 * Counted, not timed: every run gives the same figures.
 *
 *   locks     acquisitions of the slab lock and of the depot lock
 *   touches   64-byte lines read or written by the allocator itself: of its
 *             per-CPU state, of arrays, of objects (the link), of slab heads
 *   held      bytes that lie free in the front layer at the worst moment
 *
 * Build and run: cc -O2 tests/bench/slab_magazines.c -o mag && ./mag
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS    4
#define OBJECT  128
#define PER     32                      /* objects of a slab */
#define SLABS   4096
#define LIVE    8192

struct slab;

struct object {
	struct object *next;            /* while it is free */
	struct slab *slab;              /* stands for the address arithmetic */
	uint8_t rest[OBJECT - 16];
};

struct slab {
	struct object *free;
	int inuse;
	int owner;                      /* CPU that allocates from it; -1: none */
	bool listed;
	struct slab *next, *prev;
	struct object object[PER];
};

static struct {
	uint64_t locks, touches, held_most, pairs;
} count;

static void touch(unsigned int lines)
{
	count.touches += lines;
}

/* ---- the slabs ------------------------------------------------------------------ */

static struct slab *slabs;
static unsigned int nr_slabs;
static struct slab *partial;            /* doubly linked, NULL-ended */

static void partial_push(struct slab *s)
{
	s->next = partial;
	s->prev = NULL;
	if (partial)
		partial->prev = s;
	partial = s;
	s->listed = true;
	touch(2);
}

static void partial_remove(struct slab *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		partial = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->listed = false;
	touch(2);
}

static struct slab *slab_make(void)
{
	struct slab *s = &slabs[nr_slabs++];
	int i;

	if (nr_slabs > SLABS)
		abort();
	s->owner = -1;
	for (i = PER - 1; i >= 0; i--) {
		s->object[i].next = s->free;
		s->object[i].slab = s;
		s->free = &s->object[i];
	}
	return s;
}

/* Lock held: the object on its slab's list. */
static void slab_put(struct object *o)
{
	struct slab *s = o->slab;

	o->next = s->free;
	s->free = o;
	s->inuse--;
	touch(2);                       /* object, slab head */
	if (s->owner < 0 && !s->listed)
		partial_push(s);
}

/* Lock held: one object of any slab. */
static struct object *slab_get(void)
{
	struct slab *s = partial;
	struct object *o;

	if (!s) {
		s = slab_make();
		partial_push(s);
	}
	o = s->free;
	s->free = o->next;
	touch(2);
	if (++s->inuse == PER)
		partial_remove(s);
	return o;
}

/* ---- front layer 1: a slab for each CPU ------------------------------------------ */

static struct {
	struct object *free;
	struct slab *slab;
} cpu_slab[CPUS];

static struct object *slab_alloc(int cpu)
{
	struct object *o;

	touch(1);
	if (!cpu_slab[cpu].free) {
		struct slab *s = cpu_slab[cpu].slab;

		count.locks++;
		if (!s || !s->free) {
			if (s)
				s->owner = -1;
			s = partial;
			if (s)
				partial_remove(s);
			else
				s = slab_make();
			s->owner = cpu;
			cpu_slab[cpu].slab = s;
		}
		cpu_slab[cpu].free = s->free;
		s->free = NULL;
		s->inuse = PER;
		touch(2);
	}
	o = cpu_slab[cpu].free;
	cpu_slab[cpu].free = o->next;
	touch(1);
	return o;
}

static void slab_free(int cpu, struct object *o)
{
	touch(1);
	if (o->slab == cpu_slab[cpu].slab) {
		o->next = cpu_slab[cpu].free;
		cpu_slab[cpu].free = o;
		touch(1);
		return;
	}
	touch(1);                       /* page (whose slab?) */
	count.locks++;
	slab_put(o);
}

/* ---- front layer 1b: and a list of others' objects -------------------------------- */

#define OTHERS 32

static struct {
	struct object *list;
	int nr;
} cpu_others[CPUS];

static struct object *others_alloc(int cpu)
{
	if (!cpu_slab[cpu].free && cpu_others[cpu].list) {
		cpu_slab[cpu].free = cpu_others[cpu].list;
		cpu_others[cpu].list = NULL;
		cpu_others[cpu].nr = 0;
	}
	return slab_alloc(cpu);
}

static void others_free(int cpu, struct object *o)
{
	struct object *next;

	if (o->slab == cpu_slab[cpu].slab) {
		slab_free(cpu, o);
		return;
	}
	o->next = cpu_others[cpu].list;
	cpu_others[cpu].list = o;
	touch(3);                       /* own state, object, page (whose slab?) */
	if (++cpu_others[cpu].nr <= OTHERS)
		return;
	count.locks++;
	for (o = cpu_others[cpu].list; o; o = next) {
		next = o->next;
		slab_put(o);
	}
	cpu_others[cpu].list = NULL;
	cpu_others[cpu].nr = 0;
}

static uint64_t slab_held(void)
{
	uint64_t n = 0;
	int cpu;

	for (cpu = 0; cpu < CPUS; cpu++) {
		struct object *o;

		for (o = cpu_slab[cpu].free; o; o = o->next)
			n++;
		n += (uint64_t)cpu_others[cpu].nr;
	}
	return n * OBJECT;
}

/* ---- front layer 2: magazines ------------------------------------------------------ */

#define ROUNDS_MAX 64
#define DEPOT      512

struct magazine {
	int rounds;
	struct object *round[ROUNDS_MAX];
};

static int magazine_size;               /* M */
static struct {
	struct magazine *loaded, *previous;
} cpu_mag[CPUS];
static struct magazine *full[DEPOT], *empty[DEPOT];
static int nr_full, nr_empty, depot_most;

static struct magazine *magazine_make(void)
{
	return calloc(1, sizeof(struct magazine));
}

static void magazine_swap(int cpu)
{
	struct magazine *m = cpu_mag[cpu].loaded;

	cpu_mag[cpu].loaded = cpu_mag[cpu].previous;
	cpu_mag[cpu].previous = m;
	touch(1);
}

static struct object *magazine_alloc(int cpu)
{
	touch(1);
	if (!cpu_mag[cpu].loaded->rounds && cpu_mag[cpu].previous->rounds)
		magazine_swap(cpu);
	if (!cpu_mag[cpu].loaded->rounds) {
		struct object *o;

		count.locks++;          /* the depot's */
		touch(1);
		if (nr_full) {
			empty[nr_empty++] = cpu_mag[cpu].previous;
			cpu_mag[cpu].previous = cpu_mag[cpu].loaded;
			cpu_mag[cpu].loaded = full[--nr_full];
			touch(1);
		} else {
			count.locks++;  /* the slabs' */
			o = slab_get();
			return o;
		}
	}
	touch(1);                       /* the round; the object stays untouched */
	return cpu_mag[cpu].loaded->round[--cpu_mag[cpu].loaded->rounds];
}

static void magazine_free(int cpu, struct object *o)
{
	touch(1);
	if (cpu_mag[cpu].loaded->rounds == magazine_size &&
	    cpu_mag[cpu].previous->rounds == 0)
		magazine_swap(cpu);
	if (cpu_mag[cpu].loaded->rounds == magazine_size) {
		count.locks++;
		touch(1);
		if (nr_full == DEPOT)
			abort();
		full[nr_full++] = cpu_mag[cpu].previous;
		if (nr_full > depot_most)
			depot_most = nr_full;
		cpu_mag[cpu].previous = cpu_mag[cpu].loaded;
		cpu_mag[cpu].loaded = nr_empty ? empty[--nr_empty]
					       : magazine_make();
		touch(1);
	}
	touch(1);
	cpu_mag[cpu].loaded->round[cpu_mag[cpu].loaded->rounds++] = o;
}

static uint64_t magazine_held(void)
{
	uint64_t n = (uint64_t)nr_full * (uint64_t)magazine_size;
	int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		n += (uint64_t)(cpu_mag[cpu].loaded->rounds +
				cpu_mag[cpu].previous->rounds);
	return n * OBJECT;
}

/* ---- patterns ----------------------------------------------------------------------- */

struct layer {
	const char *name;
	struct object *(*alloc)(int cpu);
	void (*free)(int cpu, struct object *o);
	uint64_t (*held)(void);
	int size;
};

static uint64_t draw_state;

static unsigned int draw(unsigned int below)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return (unsigned int)(draw_state >> 16) % below;
}

static struct object *live[LIVE];

static void note_held(const struct layer *l)
{
	uint64_t held = l->held();

	if (held > count.held_most)
		count.held_most = held;
}

/* One object, again and again: a system call's scratch. */
static void pattern_pair(const struct layer *l)
{
	int i;

	for (i = 0; i < 20000; i++) {
		l->free(0, l->alloc(0));
		count.pairs++;
	}
	note_held(l);
}

/* n up, n down, on one CPU: fork, exit; filling and emptying a table. */
static void pattern_burst(const struct layer *l, int n)
{
	int round, i;

	for (round = 0; round < 20000 / n; round++) {
		for (i = 0; i < n; i++)
			live[i] = l->alloc(0);
		for (i = n - 1; i >= 0; i--)
			l->free(0, live[i]);
		count.pairs += (uint64_t)n;
		note_held(l);
	}
}

static void pattern_burst_24(const struct layer *l)
{
	pattern_burst(l, 24);
}
static void pattern_burst_100(const struct layer *l)
{
	pattern_burst(l, 100);
}
static void pattern_burst_2000(const struct layer *l)
{
	pattern_burst(l, 2000);
}

/* A random working set of 500: VMAs of many processes. */
static void pattern_random(const struct layer *l)
{
	int i;

	for (i = 0; i < 500; i++)
		live[i] = l->alloc((int)draw(CPUS));
	for (i = 0; i < 20000; i++) {
		unsigned int at = draw(500), cpu = (unsigned int)i / 50 % CPUS;

		l->free((int)cpu, live[at]);
		live[at] = l->alloc((int)cpu);
		count.pairs++;
		if (i % 100 == 0)
			note_held(l);
	}
	for (i = 0; i < 500; i++)
		l->free(0, live[i]);
}

/* CPU 0 allocates, CPU 1 frees, 16 in flight: a pipe. */
static void pattern_pipe(const struct layer *l)
{
	int i;

	for (i = 0; i < 20000 + 16; i++) {
		if (i >= 16)
			l->free(1, live[i % 16]);
		if (i < 20000)
			live[i % 16] = l->alloc(0);
		if (i % 100 == 0)
			note_held(l);
	}
	count.pairs += 20000;
}

static const struct {
	const char *name;
	void (*run)(const struct layer *l);
} patterns[] = {
	{ "pair", pattern_pair },
	{ "burst of 24", pattern_burst_24 },
	{ "burst of 100", pattern_burst_100 },
	{ "burst of 2000", pattern_burst_2000 },
	{ "random, 500 live", pattern_random },
	{ "pipe, CPU 0 to 1", pattern_pipe },
};

static void fresh_start(const struct layer *l)
{
	int cpu;

	memset(slabs, 0, SLABS * sizeof(struct slab));
	memset(&count, 0, sizeof(count));
	memset(cpu_slab, 0, sizeof(cpu_slab));
	memset(cpu_others, 0, sizeof(cpu_others));
	nr_slabs = 0;
	partial = NULL;
	nr_full = nr_empty = depot_most = 0;
	magazine_size = l->size;
	draw_state = 88172645463325252ull;
	for (cpu = 0; cpu < CPUS; cpu++) {
		cpu_mag[cpu].loaded = magazine_make();
		cpu_mag[cpu].previous = magazine_make();
	}
}

int main(void)
{
	static const struct layer layers[] = {
		{ "slab", slab_alloc, slab_free, slab_held, 0 },
		{ "slab + others", others_alloc, others_free, slab_held, 0 },
		{ "mag 15", magazine_alloc, magazine_free, magazine_held, 15 },
		{ "mag 63", magazine_alloc, magazine_free, magazine_held, 63 },
	};
	size_t p, l;

	slabs = malloc(SLABS * sizeof(struct slab));
	if (!slabs)
		return 1;
	printf("| pattern | front layer | locks per 100 pairs | lines per pair "
	       "| held at most |\n|---|---|---|---|---|\n");
	for (p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++)
		for (l = 0; l < sizeof(layers) / sizeof(layers[0]); l++) {
			fresh_start(&layers[l]);
			patterns[p].run(&layers[l]);
			printf("| %s | %s | %.1f | %.2f | %llu B |\n",
			       patterns[p].name, layers[l].name,
			       100.0 * (double)count.locks /
				       (double)count.pairs,
			       (double)count.touches / (double)count.pairs,
			       (unsigned long long)count.held_most);
		}
	return 0;
}
