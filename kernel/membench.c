/* SPDX-License-Identifier: MIT */
/*
 * Boot option membench: what the per-CPU layers of the allocators are worth.
 *
 *	membench                           with them
 *	membench pcp=off slab_debug=L      one list and one lock for all CPUs
 *
 * For 1, 2, 4, 8 CPUs, one pinned thread on each does the same work, all at
 * once; per operation are printed the nanoseconds (under QEMU's icount: guest
 * instructions of all CPUs together), the acquisitions of shared locks, and
 * where the request was served:
 *
 *	pages       page_alloc, page_free: what the lists hold
 *	many_pages  the same, more at once than the lists hold: batches
 *	objects     kmem_cache_alloc, kmem_cache_free
 *	handed_on   objects allocated on one CPU, freed on the next one
 *
 *	M pages 4 cpus 40960 ops 52 ns 0.063 locks 0.969 hits 0.031 refills
 *
 * `make bench` runs both and puts the lines side by side.
 */
#include "arch/cpu.h"
#include "arch/timer.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/sched.h"
#include "kernel/base/wait.h"
#include "kernel/main.h"
#include "mm/frames/page_alloc.h"
#include "mm/frames/slab.h"
#include "mm/frames/slab_cache.h"
#include "mm/frames/zone.h"

#define OPERATIONS 10240                /* of each thread, about */
#define BURST      48                   /* held at once: the lists' own size */
#define BURST_MANY 512                  /* more than the lists hold */
#define OBJECT     128                  /* bytes */

/* The work of one thread; me: its number, nr: of all. */
typedef void work_fn(unsigned int me, unsigned int nr);

static struct kmem_cache *bench_cache;
static work_fn *bench_work;
static unsigned int bench_threads;
static u32 bench_ready, bench_done;     /* threads [atomic] */
static u32 bench_go;
static struct wait_queue bench_queue = WAIT_QUEUE_INIT(bench_queue);
static struct wait_queue bench_start = WAIT_QUEUE_INIT(bench_start);

/* ---- the work ------------------------------------------------------------------ */

static void take_and_give(unsigned int burst)
{
	struct page *page[BURST_MANY];
	unsigned int n, i;

	for (n = 0; n < OPERATIONS / burst; n++) {
		for (i = 0; i < burst; i++) {
			page[i] = page_alloc(GFP_KERNEL, 0);
			assert(page[i]);
		}
		for (i = 0; i < burst; i++)
			page_free(page[i], 0);
	}
}

static void work_pages(unsigned int me, unsigned int nr)
{
	take_and_give(BURST);
}

static void work_many_pages(unsigned int me, unsigned int nr)
{
	take_and_give(BURST_MANY);
}

static void work_objects(unsigned int me, unsigned int nr)
{
	void *object[BURST];
	unsigned int n, i;

	for (n = 0; n < OPERATIONS / BURST; n++) {
		for (i = 0; i < BURST; i++) {
			object[i] = kmem_cache_alloc(bench_cache, GFP_KERNEL);
			assert(object[i]);
		}
		for (i = 0; i < BURST; i++)
			kmem_cache_free(bench_cache, object[i]);
	}
}

/* A burst on its way from one CPU to the next; full: it has arrived. */
static struct mailbox {
	void *object[BURST];
	u32 full;
	struct wait_queue queue;
} __aligned(64) mailbox[MAX_CPUS];

static void mailbox_wait(struct mailbox *box, u32 full)
{
	wait_event_unkillable(&box->queue,
			      __atomic_load_n(&box->full, __ATOMIC_ACQUIRE) ==
				      full);
}

static void mailbox_set(struct mailbox *box, u32 full)
{
	__atomic_store_n(&box->full, full, __ATOMIC_RELEASE);
	wait_wake_all(&box->queue);
}

static void work_handed_on(unsigned int me, unsigned int nr)
{
	struct mailbox *to = &mailbox[(me + 1) % nr], *from = &mailbox[me];
	unsigned int n, i;

	for (n = 0; n < OPERATIONS / BURST; n++) {
		mailbox_wait(to, 0);
		for (i = 0; i < BURST; i++)
			to->object[i] = kmem_cache_alloc(bench_cache,
							 GFP_KERNEL);
		mailbox_set(to, 1);
		mailbox_wait(from, 1);
		for (i = 0; i < BURST; i++)
			kmem_cache_free(bench_cache, from->object[i]);
		mailbox_set(from, 0);
	}
}

/* ---- what it cost ----------------------------------------------------------------- */

struct bench_counts {
	u64 ns, locks, hits, refills;
};

static struct bench_counts bench_read(void)
{
	struct bench_counts c = { .ns = timer_now() };
	unsigned int cpu, z;

	c.locks = READ_ONCE(bench_cache->nr_locked);
	for (z = 0; z < ZONE_NR; z++)
		c.locks += READ_ONCE(zones[z].nr_locked);
	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		for (z = 0; z < ZONE_NR; z++) {
			const struct page_stack *pcp =
				&cpu_ptr(page_alloc_cpu, cpu)->zone[z];

			c.hits += READ_ONCE(pcp->hits);
			c.refills += READ_ONCE(pcp->refills);
		}
	}
	return c;
}

static void bench_print(const char *name, unsigned int cpus,
			const struct bench_counts *a,
			const struct bench_counts *b)
{
	u64 ops = (u64)cpus * OPERATIONS;
	u64 locks = (b->locks - a->locks) * 1000 / ops;
	u64 hits = (b->hits - a->hits) * 1000 / ops;
	u64 refills = (b->refills - a->refills) * 1000 / ops;
#define V(x) ((unsigned long long)(x))

	pr_info("M %s %u cpus %llu ops %llu ns %llu.%03llu locks "
		"%llu.%03llu hits %llu.%03llu refills\n",
		name, cpus, V(ops), V((b->ns - a->ns) / ops), V(locks / 1000),
		V(locks % 1000), V(hits / 1000), V(hits % 1000),
		V(refills / 1000), V(refills % 1000));
#undef V
}

/* ---- threads -------------------------------------------------------------------------- */

static void bench_thread(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;

	thread_set_affinity(current_thread(), (u64)1 << me);
	bench_work(me, bench_threads);  /* warm */
	__atomic_fetch_add(&bench_ready, 1, __ATOMIC_SEQ_CST);
	wait_wake_all(&bench_queue);
	wait_event_unkillable(&bench_start,
			      __atomic_load_n(&bench_go, __ATOMIC_ACQUIRE));
	bench_work(me, bench_threads);
	__atomic_fetch_add(&bench_done, 1, __ATOMIC_SEQ_CST);
	wait_wake_all(&bench_queue);
}

static void bench_run(const char *name, work_fn *work, unsigned int cpus)
{
	struct bench_counts before, after;
	struct thread *t;
	unsigned int i;

	bench_work = work;
	bench_threads = cpus;
	bench_ready = bench_done = bench_go = 0;
	for (i = 0; i < cpus; i++) {
		if (thread_create(&t, "membench", bench_thread,
				  (void *)(uintptr_t)i))
			panic("membench: no memory for its threads");
		thread_start(t);
	}
	wait_event_unkillable(&bench_queue, READ_ONCE(bench_ready) == cpus);
	before = bench_read();
	__atomic_store_n(&bench_go, 1, __ATOMIC_RELEASE);
	wait_wake_all(&bench_start);
	wait_event_unkillable(&bench_queue, READ_ONCE(bench_done) == cpus);
	after = bench_read();
	bench_print(name, cpus, &before, &after);
	thread_reap_wait();
}

/** membench_if_wanted() - boot option membench: run it and stop. Context: boot. */
void membench_if_wanted(void)
{
	unsigned int online = bit_count(cpus_online), cpus;

	if (!cmdline_has("membench"))
		return;
	bench_cache = kmem_cache_create("membench", OBJECT, 8,
					CACHE_PANIC | CACHE_NO_MERGE, NULL);
	for (cpus = 0; cpus < online; cpus++)
		wait_queue_init(&mailbox[cpus].queue);
	for (cpus = 1; cpus <= online; cpus *= 2) {
		bench_run("pages", work_pages, cpus);
		bench_run("many_pages", work_many_pages, cpus);
		bench_run("objects", work_objects, cpus);
		if (cpus > 1)
			bench_run("handed_on", work_handed_on, cpus);
	}
	irq_disable();
	machine_exit(0);
}
