/* SPDX-License-Identifier: MIT */
/*
 * Waiting signals: a bit for each number, and an entry with the sender's story
 * behind it where there was memory for one.
 *
 * Signals 1 … 31 wait at most once; from 32 on each waits with its own
 * siginfo. Invariant [G1] of signal.c: an entry with signo has its bit set in
 * pending.
 *
 * The clock and the terminal send from interrupts, where nothing may be
 * allocated or freed. So the kernel's signals, whose story is one word
 * (SI_KERNEL), have no entry, and what is dropped goes to the list of the dead
 * until the next push with a story, pop or free, which no interrupt does.
 */
#include "kernel/task/sigqueue.h"

#include "lib/string.h"
#include "mm/frames/slab.h"

static struct kmem_cache *signal_cache;

/** sigqueue_cache_init() - the cache of waiting signals. Context: boot. */
void sigqueue_cache_init(void)
{
	signal_cache = kmem_cache_create("signal", sizeof(struct signal_queued),
					 0, CACHE_PANIC, NULL);
}

/** signal_queue_init() - nothing waits. */
void signal_queue_init(struct signal_queue *q)
{
	*q = (struct signal_queue){ 0 };
	list_init(&q->entries);
	list_init(&q->dead);
}

/**
 * signal_queue_drop() - drop every waiting signal of set
 *
 * Context: any; signals.lock, or nobody knows q.
 */
void signal_queue_drop(struct signal_queue *q, u64 set)
{
	struct signal_queued *e, *tmp;

	if (!(q->pending & set))
		return;
	q->pending &= ~set;
	q->from_kernel &= ~set;
	list_for_each_safe(e, tmp, &q->entries, node) {
		if (!(signal_bit(e->info.signo) & set))
			continue;
		list_remove(&e->node);
		list_push_back(&q->dead, &e->node);
		q->nr--;
	}
}

static void signal_queue_bury(struct signal_queue *q)
{
	struct signal_queued *e, *tmp;

	list_for_each_safe(e, tmp, &q->dead, node) {
		list_remove(&e->node);
		kmem_cache_free(signal_cache, e);
	}
}

/** signal_queue_free() - drop everything. Context: the owner ends. */
void signal_queue_free(struct signal_queue *q)
{
	signal_queue_drop(q, ~(u64)0);
	signal_queue_bury(q);
}

/* The sender's story, queued. Without memory there is none. */
static void signal_queue_story(struct signal_queue *q, int signo,
			       const struct siginfo *info)
{
	struct signal_queued *e;

	signal_queue_bury(q);
	e = kmem_cache_alloc(signal_cache, GFP_ATOMIC | GFP_NOWARN);
	if (!e)
		return;
	e->info = *info;
	e->info.signo = signo;
	list_push_back(&q->entries, &e->node);
	q->nr++;
}

/* Is "from the kernel" all that there is to tell? */
static bool signal_story_is_short(const struct siginfo *info)
{
	return info->code == SI_KERNEL && !info->fault.addr;
}

/**
 * signal_queue_push() - one more signal waits
 *
 * info: NULL, or its story; from an interrupt only the kernel's short one.
 * Context: signals.lock.
 */
void signal_queue_push(struct signal_queue *q, int signo,
		       const struct siginfo *info)
{
	if (signo < SIGNAL_RT_FIRST && q->pending & signal_bit(signo))
		return;
	if (info && signal_story_is_short(info))
		q->from_kernel |= signal_bit(signo);
	else if (info)
		signal_queue_story(q, signo, info);
	q->pending |= signal_bit(signo);
}

/* The first entry of signo, or NULL; *more: there is another. */
static struct signal_queued *signal_queue_find(struct signal_queue *q,
					       int signo, bool *more)
{
	struct signal_queued *e, *found = NULL;

	*more = false;
	list_for_each(e, &q->entries, node) {
		if (e->info.signo != signo)
			continue;
		if (found) {
			*more = true;
			break;
		}
		found = e;
	}
	return found;
}

/**
 * signal_queue_pop() - take the first signo out of q into info.
 *
 * Context: thread; signals.lock.
 */
void signal_queue_pop(struct signal_queue *q, int signo, struct siginfo *info)
{
	bool more;
	struct signal_queued *e = signal_queue_find(q, signo, &more);

	if (e) {
		*info = e->info;
		list_remove(&e->node);
		list_push_back(&q->dead, &e->node);
		q->nr--;
	} else {
		memset(info, 0, sizeof(*info));
		info->signo = signo;
		if (q->from_kernel & signal_bit(signo))
			info->code = SI_KERNEL;
	}
	if (!more) {
		q->pending &= ~signal_bit(signo);
		q->from_kernel &= ~signal_bit(signo);
	}
	signal_queue_bury(q);
}
